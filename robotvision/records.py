"""The vocabulary of the package: what passes from camera to system to score.

Times are integer nanoseconds of one monotonic clock and end in ``_ns``. Images are read-only
arrays. A `Frame` carries pixels and a time, never a path, a room or a segment: what a system must
not know cannot be asked of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]

NO_OBJECTS: Mapping[str, bool] = MappingProxyType({})
NO_STAGES: Mapping[str, int] = MappingProxyType({})


class Outcome(StrEnum):
    """What became of a frame. Every frame has exactly one; the counts sum to the frames."""

    CORRECT = "correct"
    WRONG = "wrong"
    UNANSWERED = "unanswered"
    """The system was asked in time and gave no room."""
    LATE = "late"
    """The answer came after the policy's deadline: worth no answer."""
    SKIPPED = "skipped"
    """The system was still busy and the policy dropped the frame: worth no answer."""
    FAILED = "failed"
    """The frame could not be read, or the system failed on it: worth no answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What the cameras delivered at one instant.

    Parameters
    ----------
    index : int
        Number of the frame in its sequence: unique and rising, from whatever number the layout
        starts at, and with gaps where frames were left out.
    timestamp_ns : int
        When the cameras took it, on the recording's clock.
    images : Mapping[str, NDArray]
        By channel. Colour (``rgb``, ``left``, ``right``): (H, W, 3) uint8, RGB order. ``depth``:
        (H, W) uint16 millimetres, 0 = no reading. ``points``: (N, 3) float32 metres in the
        camera's frame (x right, y down, z forward). Made read-only.
    """

    index: int
    timestamp_ns: int
    images: Mapping[str, Image]

    def __post_init__(self) -> None:
        for image in self.images.values():
            image.flags.writeable = False

    def __getitem__(self, channel: str) -> Image:
        return self.images[channel]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system says of one frame.

    Parameters
    ----------
    room : str or None
        The room's label, the task's unknown label, or None: no answer.
    confidence : float or None
        The system's own probability of being right, in [0, 1]; None where it gives none.
    objects : Mapping[str, bool]
        True: stated present; False: stated absent; not in it: not stated.
    """

    room: str | None
    confidence: float | None = None
    objects: Mapping[str, bool] = field(default_factory=lambda: NO_OBJECTS)


SILENCE = Answer(room=None)
"""No answer at all: what a late, skipped or failed frame is worth."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """An answer with the times of its frame, as the player recorded them.

    Parameters
    ----------
    index : int
        Number of the frame in its sequence, as in `Frame`.
    answer : Answer or None
        None where the system was never asked (skipped) or failed.
    due_ns, started_ns, finished_ns : int
        On the run's clock, 0 = start of the sequence's replay: when the camera delivered the
        frame, when the system took it, when its answer was in. The last two are None for a frame
        the system never saw.
    stages_ns : Mapping[str, int]
        Time spent in each named part of the work between ``started_ns`` and ``finished_ns``.
    fault : str or None
        What failed, in words, where something did.
    """

    index: int
    answer: Answer | None
    due_ns: int
    started_ns: int | None = None
    finished_ns: int | None = None
    stages_ns: Mapping[str, int] = field(default_factory=lambda: NO_STAGES)
    fault: str | None = None

    @property
    def latency_ns(self) -> int | None:
        """Time the system had the frame: ``finished_ns - started_ns``."""
        if self.started_ns is None or self.finished_ns is None:
            return None
        return self.finished_ns - self.started_ns


@dataclass(frozen=True, slots=True)
class Truth:
    """What was really there: the room's label and, where the task has objects, those in view."""

    room: str
    objects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame of a run: its place in the sequence, what was answered when, and the truth.

    ``decode_ns`` is how long decoding took, ``decoded_ns`` when it was done (on the run's clock;
    None where that clock is virtual). ``wait_ns`` is the time the harness waited for the frame's
    pixels and due time, ``handover_ns`` from then to the system's call. ``posterior`` is what the
    answer was decided from, label -> probability, while the run lasts: it is not logged.
    """

    timestamp_ns: int
    segment: int
    timed: TimedAnswer
    truth: Truth | None
    decode_ns: int | None = None
    decoded_ns: int | None = None
    wait_ns: int | None = None
    handover_ns: int | None = None
    posterior: Mapping[str, float] | None = field(default=None, compare=False, kw_only=True)

    @property
    def index(self) -> int:
        """Number of the frame in its sequence."""
        return self.timed.index


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """A timed answer beside the truth, with what it is worth.

    ``truth`` None: not known; ``outcome`` None: answered, but not scored for want of the truth.
    """

    index: int
    truth: Truth | None
    timed: TimedAnswer
    outcome: Outcome | None
    points: float


def frozen(image: NDArray[Any]) -> NDArray[Any]:
    """Return ``image`` made read-only and contiguous (no copy where it is contiguous already)."""
    image = np.ascontiguousarray(image)
    image.flags.writeable = False
    return image
