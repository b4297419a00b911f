"""Where reports are printed."""

from __future__ import annotations

import sys

from rich.console import Console

PLAIN_WIDTH = 120
"""Columns of a table that goes to a file or a pipe."""


def out() -> Console:
    """Return a console on stdout, wide where it is no terminal."""
    return Console(emoji=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
