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
from msgspec import UNSET, Struct, UnsetType
from msgspec import field as line_field
from msgspec.structs import replace as replace_fields
from numpy.typing import NDArray

Image = NDArray[Any]

NO_OBJECTS: Mapping[str, bool] = MappingProxyType({})
NO_STAGES: Mapping[str, int] = MappingProxyType({})
NO_DETAILS: Mapping[str, Any] = MappingProxyType({})


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


class TimedAnswer(Struct, frozen=True, gc=False):
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
    stages_ns: Mapping[str, int] = NO_STAGES
    fault: str | None = None

    @property
    def latency_ns(self) -> int | None:
        """Time the system had the frame: ``finished_ns - started_ns``."""
        if self.started_ns is None or self.finished_ns is None:
            return None
        return self.finished_ns - self.started_ns


class Truth(Struct, frozen=True, gc=False):
    """The ground truth of a frame: its room and, where the task has objects, those in view."""

    room: str
    objects: frozenset[str] = frozenset()


class FrameRecord(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="type", tag="frame"):
    """One frame of a run, flat, as its line in the run log: facts, the answer and the truth.

    Every attribute is a key of the line; `timed`, `answer` and `truth` build the records that the
    rest of the package passes on. Build one with `of`.

    Parameters
    ----------
    index : int
        Number of the frame in its sequence.
    timestamp_ns : int
        When the cameras took it, on the recording's clock.
    segment : int
        Rises where the robot was carried elsewhere.
    due_ns, started_ns, finished_ns : int
        As in `TimedAnswer`.
    room, confidence, objects
        As in `Answer`; ``room`` and ``confidence`` are ``msgspec.UNSET`` where there is no answer
        (skipped or failed), which is not the answer None.
    stages_ns : Mapping[str, int]
        As in `TimedAnswer`.
    decode_ns, decoded_ns : int or None
        How long decoding took, and when it was done (on the run's clock; None where that clock is
        virtual).
    wait_ns : int or None
        Time the harness waited for the frame's pixels and due time; None for a skipped frame.
    handover : int, None or UNSET
        See `handover_ns`.
    fault : str or None
        As in `TimedAnswer`.
    truth_room : str or None
        The true room; None where the truth is withheld.
    truth_objects : tuple of str
        The objects in view, sorted.
    posterior : Mapping[str, float] or None
        The probabilities behind the answer by room, to four decimals; None where they are not
        known (a program, a pipeline in a process of its own).
    """

    index: int
    timestamp_ns: int
    segment: int
    due_ns: int
    started_ns: int | None
    finished_ns: int | None
    room: str | UnsetType | None = UNSET
    confidence: float | UnsetType | None = UNSET
    objects: Mapping[str, bool] = NO_OBJECTS
    stages_ns: Mapping[str, int] = NO_STAGES
    decode_ns: int | None = None
    decoded_ns: int | None = None
    wait_ns: int | None = None
    handover: int | UnsetType | None = line_field(default=UNSET, name="handover_ns")
    fault: str | None = None
    truth_room: str | None = line_field(default=None, name="truth")
    truth_objects: tuple[str, ...] = ()
    posterior: Mapping[str, float] | None = None

    @classmethod
    def of(
        cls,
        timestamp_ns: int,
        segment: int,
        timed: TimedAnswer,
        truth: Truth | None,
        decode_ns: int | None = None,
    ) -> FrameRecord:
        """Build the record of a timed answer and the truth beside it."""
        answer = timed.answer
        return cls(
            timed.index,
            timestamp_ns,
            segment,
            timed.due_ns,
            timed.started_ns,
            timed.finished_ns,
            UNSET if answer is None else answer.room,
            UNSET if answer is None else answer.confidence,
            answer.objects or NO_OBJECTS if answer is not None else NO_OBJECTS,
            timed.stages_ns or NO_STAGES,
            decode_ns,
            fault=timed.fault,
            truth_room=None if truth is None else truth.room,
            truth_objects=tuple(sorted(truth.objects)) if truth is not None else (),
        )

    def with_posterior(self, probabilities: Mapping[str, float]) -> FrameRecord:
        """Return the record with the probabilities behind its answer; those of nearly 0 go."""
        rounded = {room: round(float(p), 4) for room, p in probabilities.items()}
        return replace_fields(self, posterior={room: p for room, p in rounded.items() if p > 0})

    @property
    def answer(self) -> Answer | None:
        """What the system answered; None where it was never asked or failed."""
        if self.room is UNSET:
            return None
        confidence = None if self.confidence is UNSET else self.confidence
        return Answer(self.room, confidence, self.objects)

    @property
    def timed(self) -> TimedAnswer:
        """The answer with its times; built anew at each call."""
        return TimedAnswer(
            self.index,
            self.answer,
            self.due_ns,
            self.started_ns,
            self.finished_ns,
            self.stages_ns,
            self.fault,
        )

    @property
    def truth(self) -> Truth | None:
        """The ground truth; None where it is withheld. Built anew at each call."""
        if self.truth_room is None:
            return None
        return Truth(self.truth_room, frozenset(self.truth_objects))

    @property
    def handover_ns(self) -> int | None:
        """From the frame's due time to the system's call; None where it was never called."""
        return None if self.handover is UNSET else self.handover


class Notice(Struct, frozen=True):
    """What a reader of a result must know beside its numbers; an entry of ``warnings`` in reports.

    Parameters
    ----------
    code : str
        What kind of thing it is, for programs: ``train-test-overlap``; lower case and hyphens.
    message : str
        One line in words.
    details : Mapping[str, Any]
        Further keys of the entry, plain data.
    """

    code: str
    message: str
    details: Mapping[str, Any] = NO_DETAILS

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Notice:
        """Return the notice of an entry of ``warnings``; the inverse of `as_dict`."""
        details = {k: v for k, v in entry.items() if k not in ("code", "message")}
        return cls(str(entry["code"]), str(entry["message"]), details)

    def as_dict(self) -> dict[str, Any]:
        """Return ``{"code": ..., "message": ..., ...details}``, as it stands in JSON."""
        return {"code": self.code, "message": self.message, **self.details}


class ScoredAnswer(Struct, frozen=True, gc=False):
    """A timed answer beside the truth, with what it is worth.

    ``truth`` None: not known; ``outcome`` None: answered, but not scored for want of the truth;
    ``object_points``: what of ``points`` the objects earned.
    """

    index: int
    truth: Truth | None
    timed: TimedAnswer
    outcome: Outcome | None
    points: float
    object_points: float = 0.0

    @property
    def room_points(self) -> float:
        """What of ``points`` the room earned."""
        return self.points - self.object_points


def frozen(image: NDArray[Any]) -> NDArray[Any]:
    """Return ``image`` made read-only and contiguous (no copy where it is contiguous already)."""
    image = np.ascontiguousarray(image)
    image.flags.writeable = False
    return image
