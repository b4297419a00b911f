"""Figures for papers, by matplotlib: as wide as a column or a page, in the colours of the pages."""

from __future__ import annotations

from robotvision.report.figures.draw import KINDS, draw
from robotvision.report.figures.sheet import FORMATS, WIDTHS

__all__ = ["FORMATS", "KINDS", "WIDTHS", "draw"]
