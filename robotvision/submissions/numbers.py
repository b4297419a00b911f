"""Points as files hold them and as people read them."""

from __future__ import annotations


def decimals(value: float, digits: int) -> str:
    """Return a number with at most so many decimals, without zeros at the end: ``890.5``, ``0``."""
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if value else "0"


def exact(value: float) -> str:
    """Return points as a file holds them: six decimals, without zeros at the end."""
    return decimals(value, 6)
