"""A sequence that lies in memory: what a timing needs where no images are given.

Coloured noise from a seed, a room every so many frames, no file and no decoding. The null system is
timed on it, and so is a program for which no sequence was named.
"""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence
from robotvision.errors import FrameError
from robotvision.records import Image, Truth

ROOMS = ("Kitchen", "Office", "Corridor")


@dataclass(frozen=True, slots=True, eq=False)
class InMemory:
    """An image in memory; a name in its place makes it unreadable."""

    image: Image | str
    where: str = "(in memory)"

    def read(self) -> Image:
        """Return the image. Raises FrameError where there is none."""
        if isinstance(self.image, str):
            raise FrameError(self.image)
        return self.image

    def digest(self) -> bytes:
        """Return 16 bytes that stand for its place; images made from a seed do not change."""
        return self.where.encode().ljust(16, b"\0")[:16]


def stand_in(
    n_frames: int,
    *,
    rate_hz: float = 30.0,
    size: tuple[int, int] = (480, 640),
    rooms: Several[str] = ROOMS,
    seconds_each: float = 10.0,
    n_pictures: int = 8,
    seed: int = 0,
) -> ImageSequence:
    """Return a sequence in memory.

    Parameters
    ----------
    n_frames : int
    rate_hz : float
        Frames a second.
    size : (int, int)
        Height and width of its one channel, ``rgb``.
    rooms : sequence of str
        Entered one after the other, again and again.
    seconds_each : float
        How long it stays in a room.
    n_pictures : int
        So many different images, shown in turn.
    seed : int
        Of the noise.
    """
    draw = np.random.default_rng(seed)
    pictures = [
        InMemory(draw.integers(0, 256, (*size, 3), np.uint8), f"picture {i}")
        for i in range(n_pictures)
    ]
    times = [int(i * 10**9 / rate_hz) for i in range(n_frames)]
    entries = tuple(
        FrameEntry(i, t, {"rgb": pictures[i % n_pictures]}) for i, t in enumerate(times)
    )
    stay = round(seconds_each * 1e9)
    truth = {i: Truth(rooms[t // stay % len(rooms)]) for i, t in enumerate(times)}
    return ImageSequence(
        "stand-in",
        Path("(in memory)"),
        "memory",
        {"rgb": ChannelKind.COLOR},
        entries,
        rate_hz,
        truth=truth,
    )
