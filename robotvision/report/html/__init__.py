"""A run, or several, as one page that stands alone: no server, no network, no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robotvision.report.html.page import build_page, write_html, write_page

__all__ = ["build_page", "write_html", "write_page"]


def __getattr__(name: str) -> Any:
    """Import the page of a run when it is asked for: it needs OpenCV, other pages do not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from robotvision.report.html import page

    return getattr(page, name)
