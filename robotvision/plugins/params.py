"""Check an extractor's parameters: each error says which, what was expected, what was given.

They raise ValueError, which `robotvision.plugins.registry.Registry.create` turns into one line that
also names the extractor: ``feature 'phog': bins: expected a whole number of at least 1, got 0``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from robotvision.errors import near


def refuse(name: str, expected: str, got: object) -> ValueError:
    """Return the error for a parameter that is not what was expected."""
    return ValueError(f"{name}: expected {expected}, got {got!r}")


def whole(name: str, value: Any, low: int = 1, high: int | None = None) -> None:
    """Check for a whole number in [low, high]."""
    if _is_whole(value) and value >= low and (high is None or value <= high):
        return
    raise refuse(name, f"a whole number {_limits(low, high)}", value)


def wholes(
    name: str, value: Any, length: int | None = None, low: int = 1, high: int | None = None
) -> None:
    """Check for a list of ``length`` (None: one or more) whole numbers in [low, high]."""
    good = _is_list(value) and all(
        _is_whole(v) and v >= low and (high is None or v <= high) for v in value
    )
    _need_list(name, value, length, f"whole numbers {_limits(low, high)}", good)


def number(name: str, value: Any, above: float = 0.0, high: float = math.inf) -> None:
    """Check for a finite number in (above, high]."""
    if _is_number(value) and above < value <= high:
        return
    tail = "" if math.isinf(high) else f" and at most {high:g}"
    raise refuse(name, f"a number above {above:g}{tail}", value)


def share(name: str, value: Any) -> None:
    """Check for a number in [0, 1]."""
    if not (_is_number(value) and 0 <= value <= 1):
        raise refuse(name, "a number from 0 to 1", value)


def numbers(
    name: str,
    value: Any,
    length: int | None = None,
    above: float = -math.inf,
    high: float = math.inf,
) -> None:
    """Check for a list of ``length`` (None: one or more) finite numbers in (above, high]."""
    good = _is_list(value) and all(_is_number(v) and above < v <= high for v in value)
    tail = "" if math.isinf(above) else f" above {above:g}"
    tail += "" if math.isinf(high) else f" and at most {high:g}"
    _need_list(name, value, length, f"numbers{tail}", good)


def choice(name: str, value: Any, options: Iterable[str]) -> None:
    """Check for one of the words in ``options``."""
    known = list(options)
    if isinstance(value, str) and value in known:
        return
    hint = near(value, known) if isinstance(value, str) else ""
    raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}{hint}")


def flag(name: str, value: Any) -> None:
    """Check for True or False."""
    if not isinstance(value, bool):
        raise refuse(name, "true or false", value)


def word(name: str, value: Any) -> None:
    """Check for text that is not empty."""
    if not (isinstance(value, str) and value):
        raise refuse(name, "a word", value)


def dimension(dim: int, remedy: str, high: int = 2**20) -> None:
    """Check that a vector's length stays manageable (at most ``high`` numbers)."""
    if dim > high:
        raise ValueError(f"a vector of {dim} numbers is too long (at most {high}); {remedy}")


def grids(value: Any) -> None:
    """Check the sides of a spatial pyramid's grids: ``(1, 2, 4)``, each from 1 to 64."""
    wholes("grids", value, low=1, high=64)
    if len(set(value)) != len(value):
        raise refuse("grids", "each grid once", value)


def _need_list(name: str, value: Any, length: int | None, of: str, good: bool) -> None:
    """Refuse a list that is not good, or not of ``length`` (None: of one or more)."""
    if good and (len(value) == length or (length is None and len(value) > 0)):
        return
    many = "one or more" if length is None else str(length)
    raise refuse(name, f"a list of {many} {of}", value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _limits(low: int, high: int | None) -> str:
    return f"of at least {low}" if high is None else f"from {low} to {high}"
