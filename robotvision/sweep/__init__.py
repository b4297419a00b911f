"""Many runs from one file: a grid of configurations, computed once, on Dask.

`robotvision.sweep.plan` reads the file, `robotvision.sweep.steps` finds what runs share,
`robotvision.sweep.engine` has a cluster do it, `robotvision.sweep.table` is what comes out.
"""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "load_plan": "robotvision.sweep.plan",
    "read_table": "robotvision.sweep.table",
    "sweep": "robotvision.sweep.engine",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
