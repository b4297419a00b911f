"""What a program may send, in numbers: every bound of the wire protocol in one place.

A frame of which a bound is passed is FAILED with a message that names the bound; words (names,
faults, quoted values) are cut instead and end in ``...``. ``docs/protocol.md`` has the same table.
"""

from __future__ import annotations

MAX_LINE = 1 << 20
"""Bytes of a control line."""
MAX_FRAME_LINES = 1000
"""Control lines from one frame's being sent to the next one's; with more the program is ended."""
MAX_FRAME_BYTES = 4 << 20
"""Bytes of these lines together."""
MAX_FRAME_LOG = 256 << 10
"""Bytes of what it prints that are logged from one frame to the next."""
MAX_DIGITS = 20
"""Digits of a whole number in a control line, its sign included."""
MAX_NS = 2**63 - 1
"""Nanoseconds of a stage."""
MAX_STAGES = 64
"""Names of stages in one answer."""
MAX_RUN_STAGES = 256
"""Names of stages over a run."""
MAX_STAGE_NAME = 64
"""Characters of a stage's name."""
MAX_LABEL = 256
"""Characters of a room or an object in an answer."""
MAX_NAME = 100
"""Characters of the program's name that are kept."""
MAX_FAULT = 2000
"""Characters of a fault that are kept."""
MAX_QUOTE = 200
"""Characters of a program's value that a message quotes."""
MAX_STRAY = 5
"""Stray lines of one frame that are told in words; the others are counted."""


def plain(text: str, most: int = MAX_FAULT) -> str:
    r"""Return ``text`` as what every file, page and terminal can show, ``most`` characters of it.

    Whatever is not printable (a terminal's escape, a line end, half of a surrogate pair, a mark
    that turns the direction of writing) is written as its escape: ``\x1b``.
    """
    shown = text[: most + 1]
    if not shown.isprintable():
        shown = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown
        )
    return shown if len(shown) <= most else shown[: most - 3] + "..."


def quoted(value: object) -> str:
    """Return a program's value for a message: its repr, not longer than `MAX_QUOTE`."""
    if isinstance(value, str):
        value = value[:MAX_QUOTE]
    return plain(repr(value), MAX_QUOTE)
