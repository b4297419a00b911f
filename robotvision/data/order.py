"""Whether the frames of a sequence follow each other, as a filter over time needs them to."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from robotvision.data.sequence import ImageSequence

MIN_FRAMES = 20
"""Fewer frames say nothing of their order."""


def is_unordered(sequence: ImageSequence) -> bool:
    """Return whether frames stand in no order of time.

    So it is where every frame is a segment of its own, or, in at least `MIN_FRAMES` frames of known
    rooms, the room changes from frame to frame more than half as often as in a random order.
    """
    n = len(sequence)
    if n > 1 and len({f.segment for f in sequence.frames}) == n:
        return True
    rooms = [room for i in range(n) if (room := sequence.room(i)) is not None]
    if len(rooms) < MIN_FRAMES:
        return False
    changes = sum(a != b for a, b in pairwise(rooms)) / (len(rooms) - 1)
    at_random = 1 - sum((count / len(rooms)) ** 2 for count in Counter(rooms).values())
    return changes > at_random / 2 > 0
