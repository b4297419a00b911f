"""A run, or several, as one page that stands alone: no server, no network, no other file."""

from robotvision.report.html.page import build_page, write_html, write_page

__all__ = ["build_page", "write_html", "write_page"]
