"""What comes before a replay: sequences opened, the task settled, systems trained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from robotvision.config import Part, PolicyConfig, SequenceSpec, Setup, SystemConfig
from robotvision.data import open_sequence
from robotvision.data.sequence import Sequence
from robotvision.errors import Fault, InputFaults
from robotvision.observer import Observer
from robotvision.pipeline import Pipeline
from robotvision.replay.policy import Policy, named_policy
from robotvision.systems.base import System
from robotvision.systems.inprocess import InProcess
from robotvision.tasks.model import Task
from robotvision.training import Training, fit_pipeline


class Preparation:
    """The sequences, the task and the systems of a configuration.

    Parameters
    ----------
    setup : Setup
        A checked configuration.
    cache : Path or None
        Folder of extracted features; None: none is kept.
    observer : Observer
        Hears of progress.
    log_path : Path
        Where a program's output is kept.

    Attributes
    ----------
    task : Task
        With its rooms settled.
    opened : dict[SequenceSpec, Sequence]
        Every sequence of the configuration.
    training : dict[str, Training]
        By test set, once its system was made.

    Raises
    ------
    InputFaults
        Whatever is wrong with the sequences, all at once.
    """

    def __init__(
        self, setup: Setup, cache: Path | None, observer: Observer, log_path: Path
    ) -> None:
        self.setup, self.cache, self.observer, self.log_path = setup, cache, observer, log_path
        self.training: dict[str, Training] = {}
        self.pipelines: dict[tuple[SequenceSpec, ...], Pipeline] = {}
        self.opened: dict[SequenceSpec, Sequence] = {}
        self._open_all()
        self.task = self._settle_task()

    def _open_all(self) -> None:
        specs = {s: None for p in self.setup.parts for s in (*p.train, *p.test)}
        faults: list[Fault] = []
        for k, spec in enumerate(specs):
            self.observer.step("reading sequences", k, len(specs))
            try:
                self.opened[spec] = open_part(spec)
            except InputFaults as e:
                faults += e.faults
        self.observer.step("reading sequences", len(specs), len(specs))
        if faults:
            raise InputFaults(faults)

    def _settle_task(self) -> Task:
        rooms = {
            room
            for part in self.setup.parts
            for spec in part.train
            for room in self.opened[spec].room_counts()
        }
        task = self.setup.task
        if isinstance(task.rooms, str) and not rooms:
            raise InputFaults([
                Fault(self.setup.path, f"the rooms of the task {task.id} are those of the training "
                      "sequences, and there are none",
                      remedy="add 'train: [...]', or name a task with rooms of its own")
            ])  # fmt: skip
        task = task.with_rooms(rooms)
        faults = [
            fault
            for part in self.setup.parts
            for spec in part.test
            for fault in outside_rooms(self.opened[spec], task)
        ]
        if faults:
            raise InputFaults(faults)
        return task

    def system(self, part: Part) -> System:
        """Return the system that answers a test set; pipelines are trained once."""
        config = self.setup.config.system
        if isinstance(config, SystemConfig):
            from robotvision.systems.configured import program

            hide = {Path(s.path).resolve() for p in self.setup.parts for s in (*p.train, *p.test)}
            return program(config, self.setup.path.parent, self.log_path, hide)
        pipeline = self.pipelines.get(part.train)
        if pipeline is None:
            sequences = [self.opened[s] for s in part.train]
            pipeline, _, self.training[part.name] = fit_pipeline(
                self.setup.config, self.task, sequences, self.cache, self.observer.step,
                self.setup.path,
            )  # fmt: skip
            self.pipelines[part.train] = pipeline
            self.observer.trained(part.name, self.training[part.name])
        if config == "worker":
            from robotvision.systems.worker import worker_for

            return worker_for(pipeline, self.log_path)
        return InProcess(pipeline)


def policy_of(setup: Setup) -> Policy:
    """Return the late-frame policy of a configuration. Raises RobotVisionError."""
    replay = setup.config.replay
    deadline = replay.deadline_ms
    deadline_ns = round(deadline * 1e6) if isinstance(deadline, float) else deadline
    if isinstance(replay.policy, PolicyConfig):
        return Policy(replay.policy.backlog, replay.policy.late, deadline_ns)
    return named_policy(replay.policy, deadline_ns)


def open_part(spec: SequenceSpec) -> Sequence:
    """Open a sequence, or the part of it that a configuration names. Raises InputFaults."""
    sequence = open_sequence(Path(spec.path), spec.reader, **spec.params)
    if spec.frames is None:
        return sequence
    start, end = spec.frames
    end = len(sequence) if end is None else end
    if not 0 <= start < end <= len(sequence):
        raise InputFaults([
            Fault(spec.path, f"frames: expected [start, end] within 0 and {len(sequence)}, got "
                  f"[{start}, {end}]")
        ])  # fmt: skip
    return sequence.part(start, end, f"{sequence.name}[{start}:{end}]")


def outside_rooms(sequence: Sequence, task: Task) -> list[Fault]:
    """Return a fault for each true room that the task cannot count, at its first line."""
    if task.unknown is not None:
        return []
    first: dict[str, int] = {}
    for index, truth in (sequence.truth or {}).items():
        if truth.room not in task.room_names:
            first.setdefault(truth.room, index)
    return [
        Fault(sequence.truth_table or sequence.root, f"the room {room!r} is outside the task "
              f"{task.id}", sequence.truth_lines.get(index),
              remedy=f"rooms: {', '.join(task.room_names)}")
        for room, index in first.items()
    ]  # fmt: skip


def table_digest(sequence: Sequence) -> str:
    """Return a digest of a sequence's entries and truth (its pictures are not read for it)."""
    h = hashlib.sha256()
    for f in sequence.frames:
        sources = sorted((c, Path(s.where).name) for c, s in f.sources.items())
        h.update(json.dumps([f.index, f.timestamp_ns, f.segment, sources]).encode())
    for index, truth in sorted((sequence.truth or {}).items()):
        h.update(json.dumps([index, truth.room, sorted(truth.objects)]).encode())
    return h.hexdigest()
