"""How long work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (what is worked on, units done, units in all): a sequence's name and its frames."""


def quiet(what: str, done: int, total: int) -> None:
    """Take no notice of how far the work is."""
