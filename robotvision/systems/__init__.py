"""Whatever answers: a program over the wire protocol, its sandbox, its client kits."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "try_system": "robotvision.systems.check_program",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
