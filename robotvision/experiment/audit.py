"""Is the obligatory mode kept? Each frame must be answered on its own.

A system that uses neighbouring frames, the order of frames or their numbers answers differently
when those change. So the same pictures are shown in order, and then

* **permuted**: in a seeded random order;
* **repeated**: each frame twice in a row;
* **renumbered**: in order, with other indices and time stamps;
* **single**: a sample of frames, each to a system started anew.

Any room or object that changes is shown, and the system is out of the obligatory mode. What cannot
be seen so: a system that knows the test pictures themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from robotvision.data.sequence import ImageSequence
from robotvision.errors import FrameError, SystemFault
from robotvision.records import Answer, Frame
from robotvision.systems.base import Session, System, View

Step = Callable[[str, int, int], None]
RENUMBER = 1_000_003
SHIFT_NS = 7_777_000_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """A frame whose answer changed.

    Parameters
    ----------
    sequence : str
    index : int
    way : str
        How it was shown: permuted, repeated, renumbered, single.
    before, after : str
        The answers in words.
    """

    sequence: str
    index: int
    way: str
    before: str
    after: str


@dataclass(slots=True)
class Audit:
    """What an audit found: frames asked in each way, and every change."""

    asked: dict[str, int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    @property
    def is_obligatory(self) -> bool:
        """Whether no answer changed."""
        return not self.changes


def audit(
    system: System,
    session: Session,
    sequences: Iterable[ImageSequence],
    *,
    limit: int = 100,
    n_single: int = 10,
    seed: int = 0,
    step: Step = lambda what, done, total: None,
) -> Audit:
    """Show frames in other orders, numbers and surroundings, and compare the answers.

    Parameters
    ----------
    system : System
        Started and closed here, several times.
    session : Session
        As for a run.
    sequences : iterable of ImageSequence
    limit : int
        At most so many frames of a sequence: a stretch of neighbours from its middle.
    n_single : int
        Frames shown to a system started anew, spread over the stretch.
    seed : int
        Of the permutation.

    Raises
    ------
    SystemFault
        The system cannot be started.
    """
    found = Audit()
    for sequence in sequences:
        _Sequence(system, session, sequence, limit, n_single, seed, step, found).run()
    return found


class _Sequence:
    def __init__(
        self,
        system: System,
        session: Session,
        sequence: ImageSequence,
        limit: int,
        n_single: int,
        seed: int,
        step: Step,
        found: Audit,
    ) -> None:
        self.system, self.session, self.sequence = system, session, sequence
        self.view, self.step, self.found = View.of(sequence), step, found
        self.rng = np.random.default_rng(seed)
        first = max(0, (len(sequence) - limit) // 2)
        self.frames = list(self._readable(range(first, min(len(sequence), first + limit))))
        self.n_single = min(n_single, len(self.frames))

    def _readable(self, positions: range) -> Iterable[Frame]:
        for position in positions:
            try:
                yield self.sequence.load(position)
            except FrameError:
                continue  # a broken picture fails in every order

    def run(self) -> None:
        frames = self.frames
        straight = self._asked("straight", frames)
        order = [frames[i] for i in self.rng.permutation(len(frames))]
        self._compare("permuted", straight, self._asked("permuted", order))
        twice = [f for f in frames for _ in range(2)]
        self._compare("repeated", straight, self._asked("repeated", twice))
        other = [_renumbered(f) for f in frames]
        renumbered = self._asked("renumbered", other)
        self._compare(
            "renumbered", straight, {(i - RENUMBER) // 3: a for i, a in renumbered.items()}
        )
        single: dict[int, Answer | str] = {}
        for i in np.linspace(0, len(frames) - 1, self.n_single).astype(int) if frames else ():
            single |= self._asked("single", [frames[i]])
        self._compare("single", straight, single)

    def _asked(self, way: str, frames: list[Frame]) -> dict[int, Answer | str]:
        """Return the answers of a freshly started system; the last, where a frame is repeated."""
        answers: dict[int, Answer | str] = {}
        self.system.start(self.session)
        try:
            self.system.reset(self.view)
            for k, frame in enumerate(frames, 1):
                try:
                    answers[frame.index] = self.system.answer(frame).answer
                except SystemFault as e:
                    answers[frame.index] = str(e)
                self.step(f"{self.sequence.name}: {way}", k, len(frames))
        finally:
            self.system.close()
        self.found.asked[way] = self.found.asked.get(way, 0) + len(frames)
        return answers

    def _compare(
        self, way: str, before: Mapping[int, Answer | str], after: Mapping[int, Answer | str]
    ) -> None:
        for index, answer in after.items():
            if said(before[index]) != said(answer):
                self.found.changes.append(
                    Change(self.sequence.name, index, way, said(before[index]), said(answer))
                )


def said(answer: Answer | str) -> str:
    """Return an answer in words, its confidence left out; a fault as ``failed``."""
    if isinstance(answer, str):
        return "failed"
    objects = [f"{'' if there else '!'}{name}" for name, there in sorted(answer.objects.items())]
    return " ".join([answer.room or "(no answer)", *objects])


def _renumbered(frame: Frame) -> Frame:
    return Frame(frame.index * 3 + RENUMBER, frame.timestamp_ns * 2 + SHIFT_NS, frame.images)
