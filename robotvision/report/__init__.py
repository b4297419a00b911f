"""What is shown of runs: terminal, pages, tables, figures, exports."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "compute_curves": "robotvision.report.curve",
    "draw_figure": "robotvision.report.figures:draw",
    "export_run": "robotvision.report.export:export",
    "load_run": "robotvision.report.columns",
    "load_runs": "robotvision.report.columns",
    "view_runs": "robotvision.report.view",
    "write_page": "robotvision.report.html.page",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
