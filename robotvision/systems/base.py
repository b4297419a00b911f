"""The contract of a system: start, reset, answer, close.

A system is told the rules once, the cameras at the start of each sequence, and then one frame at a
time as it falls due. It never sees a truth, a path or a later frame: nothing here carries one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from robotvision.data.sequence import EMPTY, Calibration, ChannelKind, ImageSequence
from robotvision.records import Answer, Frame
from robotvision.tasks.model import Task

Mode = Literal["obligatory", "optional"]


@dataclass(frozen=True, slots=True)
class Session:
    """What a system may know before the first frame.

    Parameters
    ----------
    task : Task
        The rules, with the rooms settled.
    mode : str
        ``obligatory``: each frame on its own; ``optional``: earlier frames may be used.
    deadline_ns : int or None
        From a frame's due time; None: there is none.
    seed : int
        For whatever the system draws at random.
    """

    task: Task
    mode: Mode = "obligatory"
    deadline_ns: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """A camera channel: what its arrays hold, and their shape where all frames share it."""

    kind: ChannelKind
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The cameras of one sequence, as a driver would describe them."""

    channels: Mapping[str, Channel]
    calibration: Calibration = field(default_factory=lambda: EMPTY)
    rate_hz: float | None = None

    @classmethod
    def of(cls, sequence: ImageSequence) -> View:
        """Return what a system may know of ``sequence``."""
        channels = {}
        for name, kind in sequence.channels.items():
            size = sequence.size(name)
            shape = None
            if size is not None and kind is not ChannelKind.POINTS:
                shape = (size[1], size[0], 3) if kind is ChannelKind.COLOR else (size[1], size[0])
            channels[name] = Channel(kind, shape)
        return cls(channels, sequence.calibration, sequence.measured_rate_hz)


class Reply(NamedTuple):
    """An answer and where the time went: stage name -> nanoseconds."""

    answer: Answer
    stages_ns: Mapping[str, int]


class System(Protocol):
    """Whatever answers."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def start(self, session: Session) -> None:
        """Get ready. Raises SystemFault where it cannot be started at all."""

    def reset(self, view: View) -> None:
        """Forget the last sequence; a new one begins. Raises SystemFault: all its frames FAILED."""

    def answer(self, frame: Frame) -> Reply:
        """Say where the robot is. Raises SystemFault: the frame FAILED, the run goes on."""

    def close(self) -> None:
        """Let go of everything; may be called at any time, more than once."""
