"""The contract of a system: what answers, when each of its methods is called, what each returns.

A run calls ``start`` once, then for each sequence ``reset`` and, frame after frame in the order of
the recording, ``answer``; at the end, whatever happened, ``close``. Only one call is under way at
any time. A system receives the rules at the start, the cameras with each sequence and each frame
when it falls due, never the truth, a path or a later frame: nothing here carries one.

The smallest system names itself and answers:

>>> class Constant(System):
...     name = "constant"
...
...     def answer(self, frame: Frame) -> Reply:
...         return Reply(Answer("Kitchen", 0.5))
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from numpy.typing import NDArray

from robotvision.data.sequence import EMPTY, Calibration, ChannelKind, ImageSequence
from robotvision.records import NO_STAGES, Answer, Frame
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


class Posterior(Mapping[str, float]):
    """Probabilities by label: a view of an array that exists anyway, made without copying it.

    Parameters
    ----------
    labels : sequence of str
        What the entries of ``probabilities`` stand for.
    probabilities : (labels,) float
        Non-negative, they sum to 1.
    """

    __slots__ = ("labels", "probabilities")

    def __init__(self, labels: Sequence[str], probabilities: NDArray[Any]) -> None:
        self.labels, self.probabilities = labels, probabilities

    def __getitem__(self, label: str) -> float:
        try:
            return float(self.probabilities[self.labels.index(label)])
        except ValueError as e:
            raise KeyError(label) from e

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)


class Reply(NamedTuple):
    """What `System.answer` returns.

    Parameters
    ----------
    answer : Answer
        A room, unknown or no answer; its confidence; the objects seen.
    stages_ns : Mapping[str, int]
        Where the time went: stage name -> nanoseconds. What they leave of the time that the
        harness measures is nobody's.
    posterior : Mapping[str, float] or None
        The probabilities that the answer was decided from, by label; None: not known. It is shown
        to those who watch a run, and neither logged nor scored.
    """

    answer: Answer
    stages_ns: Mapping[str, int] = NO_STAGES
    posterior: Mapping[str, float] | None = None


class System(ABC):
    """Whatever answers; also a context manager that closes it.

    Only `answer` must be defined. All attributes have defaults; a system may set them as class
    attributes, or as its own at any time before `start`.

    Attributes
    ----------
    name : str
        What reports call it. It may still change at the first `reset`.
    isolation : str
        How far it is kept from the harness, in words for reports.
    has_memory : bool or None
        Whether an answer may depend on earlier frames of its sequence; None: not known. Only
        where it is False is an interrupted sequence continued in the middle, not begun again.
    channels : tuple of str or None
        The channels that it reads, so that no others are decoded; None: all are.
    log_problem : str or None
        After `close`: why the end of its output is not in its log; None: it is, or it has no log.
    """

    name: str = "system"
    isolation: str = "none"
    has_memory: bool | None = None
    channels: tuple[str, ...] | None = None
    log_problem: str | None = None

    @property
    def process_id(self) -> int:
        """The process that it answers from (else the harness's own); 0: none runs."""
        return os.getpid()

    def hide(self, data: Collection[Path], folder: Path | None) -> None:  # noqa: B027 - optional
        """Keep from it what it must not look up. Called before `start`.

        Parameters
        ----------
        data : collection of Path
            Test sequences and the like: nothing of them may be seen.
        folder : Path or None
            The run's own, of which only what the system itself lies in may be seen.

        Raises
        ------
        RobotVisionError
            They cannot be kept from it.
        """

    def start(self, session: Session) -> None:  # noqa: B027
        """Get ready. Called once, before anything else; untimed.

        Raises
        ------
        SystemFault
            It cannot be started at all: the run ends.
        """

    def reset(self, view: View) -> None:  # noqa: B027
        """Forget the last sequence: another begins, seen by the cameras of ``view``; untimed.

        Called before the first frame of each sequence, also where a sequence is replayed again.

        Raises
        ------
        SystemFault
            It cannot begin the sequence: all of its frames are FAILED, the run goes on.
        """

    @abstractmethod
    def answer(self, frame: Frame) -> Reply:
        """Return the answer for one frame. This call is what is timed.

        Called after a `reset`, with frames in order; under some policies not with all of them.
        The frame's images are read-only.

        Raises
        ------
        SystemFault
            It failed on the frame: the frame is FAILED, the run goes on. Any other exception ends
            the run.
        """

    def close(self) -> None:  # noqa: B027
        """Release everything. May be called at any time and more than once; raises nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
