"""Check that the obligatory mode is kept. Each frame must be answered on its own.

A system that uses neighbouring frames, the order of frames or their numbers answers differently
when those change. So the same images are shown in order, and then

* **permuted**: in a seeded random order;
* **repeated**: each frame twice in a row;
* **renumbered**: in order, with other indices and time stamps;
* **single**: a sample of frames, each to a system started anew.

Any room or object that changes is shown, and the system is out of the obligatory mode. What this
cannot show: a system that knows the test images themselves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.config.experiment import Experiment
from robotvision.data.sequence import ImageSequence
from robotvision.errors import FrameError, SystemFault
from robotvision.experiment.prepare import prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Trainer
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import Answer, Frame
from robotvision.systems.base import Session, System, View

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

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "schema": 1,
            "is_obligatory": self.is_obligatory,
            "asked": self.asked,
            "changes": [asdict(c) for c in self.changes],
        }


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How much is shown.

    Parameters
    ----------
    limit : int
        At most so many frames of a sequence: neighbours from its middle.
    n_single : int
        Frames shown to a system started anew, spread over them.
    seed : int
        Of the permutation.
    """

    limit: int = 100
    n_single: int = 10
    seed: int = 0


def audit_experiment(
    experiment: Experiment,
    cache: Path | None = None,
    observer: Observer | None = None,
    options: AuditOptions | None = None,
) -> Audit:
    """Audit the system of every test set of an experiment.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    cache : Path, optional
        Folder of extracted features.
    observer : Observer, optional
        Receives progress.
    options : AuditOptions, optional
        How much is shown.

    Raises
    ------
    RobotVisionError
        The input is wrong, or a system cannot be started.
    """
    observer = observer or Observer()
    result = Audit()
    with tempfile.TemporaryDirectory() as scratch:
        prepared = prepare(experiment, observer)
        trainer = Trainer(Path(scratch), cache, observer)
        session = Session(prepared.task, experiment.config.mode, None, experiment.config.seed)
        for part in experiment.parts:
            system = trainer(prepared, part).system
            tested = prepared.test_sequences(part)
            audit_system(system, session, tested, options, observer.step, result)
    return result


def audit_system(
    system: System,
    session: Session,
    sequences: Iterable[ImageSequence],
    options: AuditOptions | None = None,
    step: Progress = quiet,
    result: Audit | None = None,
) -> Audit:
    """Show frames in other orders, numbers and surroundings, and compare the answers.

    Parameters
    ----------
    system : System
        Started and closed here, several times.
    session : Session
        As for a run.
    sequences : iterable of ImageSequence
    options : AuditOptions, optional
    step : callable
        Receives progress.
    result : Audit, optional
        Of earlier sequences, to go on with.

    Raises
    ------
    SystemFault
        The system cannot be started.
    """
    result = result or Audit()
    for sequence in sequences:
        _Sequence(system, session, sequence, options or AuditOptions(), step, result).run()
    return result


class _Sequence:
    def __init__(
        self,
        system: System,
        session: Session,
        sequence: ImageSequence,
        options: AuditOptions,
        step: Progress,
        result: Audit,
    ) -> None:
        self.system, self.session, self.sequence = system, session, sequence
        self.view, self.step, self.result = View.of(sequence), step, result
        self.rng = np.random.default_rng(options.seed)
        first = max(0, (len(sequence) - options.limit) // 2)
        self.frames = list(self._readable(range(first, min(len(sequence), first + options.limit))))
        self.n_single = min(options.n_single, len(self.frames))

    def _readable(self, positions: range) -> Iterable[Frame]:
        for position in positions:
            try:
                yield self.sequence.load(position)
            except FrameError:
                continue  # a broken image fails in every order

    def run(self) -> None:
        frames = self.frames
        straight = self._ask("straight", frames)
        order = [frames[i] for i in self.rng.permutation(len(frames))]
        self._compare("permuted", straight, self._ask("permuted", order))
        twice = [f for f in frames for _ in range(2)]
        self._compare("repeated", straight, self._ask("repeated", twice))
        other = [
            Frame(f.index * 3 + RENUMBER, f.timestamp_ns * 2 + SHIFT_NS, f.images) for f in frames
        ]
        renumbered = self._ask("renumbered", other)
        self._compare(
            "renumbered", straight, {(i - RENUMBER) // 3: a for i, a in renumbered.items()}
        )
        single: dict[int, Answer | str] = {}
        for i in np.linspace(0, len(frames) - 1, self.n_single).astype(int) if frames else ():
            single |= self._ask("single", [frames[i]])
        self._compare("single", straight, single)

    def _ask(self, way: str, frames: list[Frame]) -> dict[int, Answer | str]:
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
        self.result.asked[way] = self.result.asked.get(way, 0) + len(frames)
        return answers

    def _compare(
        self, way: str, before: Mapping[int, Answer | str], after: Mapping[int, Answer | str]
    ) -> None:
        for index, answer in after.items():
            if answer_text(before[index]) != answer_text(answer):
                self.result.changes.append(
                    Change(
                        self.sequence.name,
                        index,
                        way,
                        answer_text(before[index]),
                        answer_text(answer),
                    )
                )


def answer_text(answer: Answer | str) -> str:
    """Return an answer in words, its confidence left out; a fault as ``failed``."""
    if isinstance(answer, str):
        return "failed"
    objects = [f"{'' if there else '!'}{name}" for name, there in sorted(answer.objects.items())]
    return " ".join([answer.room or "(no answer)", *objects])
