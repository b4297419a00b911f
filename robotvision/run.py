"""The main job: train, replay, score as the answers come, and leave the run folder.

A run folder holds ``config.yaml`` (as resolved), ``run.jsonl`` (the run log: the truth about the
run), ``run.txt`` (the task's run file), ``report.json`` and, where the report extra is installed,
``report.html``. Everything but the log can be made again from the log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from robotvision import __version__
from robotvision.config import (
    Part,
    PolicyConfig,
    SequenceSpec,
    Setup,
    SystemConfig,
    dump_yaml,
    load_config,
)
from robotvision.data import open_sequence
from robotvision.data.sequence import Sequence
from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.pipeline import Pipeline, Training, fit_pipeline
from robotvision.records import Outcome, ScoredAnswer
from robotvision.replay.player import Replay, play
from robotvision.replay.policy import Judge, Policy, Verdict, named_policy
from robotvision.runs.log import FrameRecord, RunLog, RunRecord, SequenceRecord, read_log
from robotvision.scoring.tally import Tally
from robotvision.systems.base import Session, System
from robotvision.systems.inprocess import InProcess
from robotvision.tasks.model import Task
from robotvision.timing.environment import describe


class Observer(Protocol):
    """Who watches a run. All calls come from the run's own thread."""

    def step(self, what: str, done: int, total: int) -> None:
        """Hear of progress before the replay."""

    def trained(self, part: str, training: Training) -> None:
        """Hear what a pipeline was trained on."""

    def sequence(self, name: str, n_frames: int) -> None:
        """Hear that a sequence begins."""

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Hear what became of a frame, as soon as it is certain."""

    def note(self, line: str) -> None:
        """Hear of something the user should know."""


class Silent:
    """An observer that says nothing."""

    def step(self, what: str, done: int, total: int) -> None:
        """Say nothing."""

    def trained(self, part: str, training: Training) -> None:
        """Say nothing."""

    def sequence(self, name: str, n_frames: int) -> None:
        """Say nothing."""

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""


@dataclass(slots=True)
class Run:
    """A finished, partial or stopped run.

    Parameters
    ----------
    folder : Path
        The run folder.
    task : Task
        With its rooms settled.
    tallies : Mapping[str, Tally]
        By test set.
    record : RunRecord
        The run log, read back.
    training : Mapping[str, Training]
        By test set.
    stopped : bool
        Ctrl-C ended it early.
    """

    folder: Path
    task: Task
    tallies: Mapping[str, Tally]
    record: RunRecord
    training: Mapping[str, Training] = field(default_factory=dict)
    stopped: bool = False

    @property
    def has_failures(self) -> bool:
        """Whether a frame failed or the run did not come to its end."""
        failed = any(t.outcomes[Outcome.FAILED] for t in self.tallies.values())
        return failed or self.stopped or not self.record.finished


def policy_of(setup: Setup) -> Policy:
    """Return the late-frame policy of a configuration. Raises RobotVisionError."""
    replay = setup.config.replay
    deadline = replay.deadline_ms
    deadline_ns = round(deadline * 1e6) if isinstance(deadline, float) else deadline
    if isinstance(replay.policy, PolicyConfig):
        return Policy(replay.policy.backlog, replay.policy.late, deadline_ns)
    return named_policy(replay.policy, deadline_ns)


def new_folder(setup: Setup, out: Path | None) -> Path:
    """Return the folder a run is written to: as asked for, else ``runs/<config>-<time>``.

    Raises
    ------
    RobotVisionError
        A run lies there already, or the folder cannot be made.
    """
    if out is None and setup.config.out is not None:
        out = setup.path.parent / setup.config.out
    if out is None:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        out = Path("runs") / f"{setup.path.stem}-{stamp}"
    if (out / "run.jsonl").exists():
        raise RobotVisionError(
            f"{out}: a run lies there already; give another --out, or go on with it by "
            f"robotvision run --resume {out}"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RobotVisionError(f"{out}: cannot be made ({e.strerror})") from e
    return out


def execute(
    setup: Setup,
    folder: Path,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    observer: Observer | None = None,
    resume: bool = False,
) -> Run:
    """Do the run that ``setup`` describes.

    Parameters
    ----------
    setup : Setup
        A checked configuration.
    folder : Path
        The run folder, from `new_folder`, or an earlier run's where ``resume``.
    limit : int, optional
        At most so many frames of each test sequence.
    cache : Path, optional
        Folder of extracted features; None: none is kept.
    resume : bool
        Go on after the last whole line of the run log there.

    Raises
    ------
    RobotVisionError
        The input is wrong, the folder cannot be written, or a system cannot be started.
    """
    return _Execution(setup, folder, limit, cache, observer or Silent(), resume).run()


class _Execution:
    def __init__(
        self,
        setup: Setup,
        folder: Path,
        limit: int | None,
        cache: Path | None,
        observer: Observer,
        resume: bool,
    ) -> None:
        self.setup, self.folder, self.limit, self.cache = setup, folder, limit, cache
        self.observer = observer
        self.policy = policy_of(setup)
        self.earlier = read_log(folder) if resume else None
        self.training: dict[str, Training] = {}
        self._pipelines: dict[tuple[SequenceSpec, ...], Pipeline] = {}
        self._opened: dict[SequenceSpec, Sequence] = {}

    def run(self) -> Run:
        self._open_all()
        task = self._settle_task()
        systems = {part.name: self._system(part, task) for part in self.setup.parts}
        tallies = {part.name: Tally(task) for part in self.setup.parts}
        log = self._open_log(task, systems)
        stopped = False
        try:
            for part in self.setup.parts:
                self._replay_part(part, task, systems[part.name], tallies[part.name], log)
            if self.earlier is None or not self.earlier.finished:
                log.write("end", {"frames": sum(t.frames for t in tallies.values())})
            log.sync()
        except KeyboardInterrupt:
            stopped = True
        finally:
            for system in systems.values():
                system.close()
            log.close()
        record = read_log(self.folder)
        return Run(self.folder, task, tallies, record, self.training, stopped)

    def _open_all(self) -> None:
        specs = {s: None for p in self.setup.parts for s in (*p.train, *p.test)}
        faults: list[Fault] = []
        for k, spec in enumerate(specs):
            self.observer.step("reading sequences", k, len(specs))
            try:
                self._opened[spec] = open_part(spec)
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
            for room in self._opened[spec].room_counts()
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
            for fault in outside_rooms(self._opened[spec], task)
        ]
        if faults:
            raise InputFaults(faults)
        return task

    def _system(self, part: Part, task: Task) -> System:
        config = self.setup.config.system
        if isinstance(config, SystemConfig):
            from robotvision.systems.configured import program

            hide = {Path(s.path).resolve() for p in self.setup.parts for s in (*p.train, *p.test)}
            return program(config, self.setup.path.parent, self.folder / "system.log", hide)
        pipeline = self._pipelines.get(part.train)
        if pipeline is None:
            sequences = [self._opened[s] for s in part.train]
            pipeline, _, self.training[part.name] = fit_pipeline(
                self.setup.config, task, sequences, self.cache, self.observer.step,
                self.setup.path,
            )  # fmt: skip
            self._pipelines[part.train] = pipeline
            self.observer.trained(part.name, self.training[part.name])
        if config == "worker":
            from robotvision.systems.worker import worker_for

            return worker_for(pipeline, self.folder / "system.log")
        return InProcess(pipeline)

    def _open_log(self, task: Task, systems: Mapping[str, System]) -> RunLog:
        if self.earlier is not None:
            return RunLog(self.earlier.path, keep_bytes=self.earlier.valid_bytes)
        resolved = self.setup.resolved()
        text = dump_yaml(resolved)
        write_text(self.folder / "config.yaml", text)
        log = RunLog(self.folder / "run.jsonl")
        system = next(iter(systems.values()))
        log.write("run", {
            "schema": 1,
            "robotvision": __version__,
            "task": task.model_dump(mode="json"),
            "mode": self.setup.config.mode,
            "policy": self.policy.describe(),
            "clock": self.setup.config.replay.clock,
            "system": {"name": system.name, "isolation": getattr(system, "isolation", "none")},
            "limit": self.limit,
            "seed": self.setup.config.seed,
            "config_digest": hashlib.sha256(text.encode()).hexdigest(),
            "config": resolved,
            "training": {k: training_summary(t) for k, t in self.training.items()},
            "environment": describe(),
        })  # fmt: skip
        return log

    def _replay_part(
        self, part: Part, task: Task, system: System, tally: Tally, log: RunLog
    ) -> None:
        config = self.setup.config
        replay = self._replay()
        deadline = self.policy.deadline_ns
        is_started = False
        for number, spec in enumerate(s for s in part.test for _ in range(config.replay.loop)):
            sequence = self._opened[spec]
            done = self._earlier(part, number)
            skip = self._counted(done, replay, sequence, system, tally, log)
            n = len(replay.positions(sequence))
            if done is not None and skip >= n:
                continue
            if not is_started:
                known = deadline if isinstance(deadline, int) else None
                system.start(Session(task, config.mode, known, config.seed))
                is_started = True
            if skip == 0:
                log.write("sequence", _about(sequence, part, n, replay))
            self.observer.sequence(sequence.name, n)
            self._replay_sequence(sequence, system, replay, skip, tally, log)

    def _replay_sequence(
        self, sequence: Sequence, system: System, replay: Replay, skip: int,
        tally: Tally, log: RunLog,
    ) -> None:  # fmt: skip
        judge = _Scorer(self.policy, replay, sequence, tally)
        pipeline = getattr(system, "pipeline", None)
        channels = pipeline.channels if isinstance(pipeline, Pipeline) else None
        for k, record in enumerate(play(sequence, system, replay, skip, channels), skip):
            log.frame(record)
            for shown, scored in judge.push(k, record):
                self.observer.frame(shown, scored, tally)
        for shown, scored in judge.flush():
            self.observer.frame(shown, scored, tally)

    def _replay(self) -> Replay:
        r = self.setup.config.replay
        return Replay(self.policy, r.clock, r.rate_hz, r.speed, r.start_s, self.limit,
                      r.decode_ahead)  # fmt: skip

    def _earlier(self, part: Part, number: int) -> SequenceRecord | None:
        """Return the log's record of the ``number``-th sequence of a part, if it got there."""
        if self.earlier is None:
            return None
        mine = [s for s in self.earlier.sequences if s.set == part.name]
        return mine[number] if number < len(mine) else None

    def _counted(
        self, done: SequenceRecord | None, replay: Replay, sequence: Sequence, system: System,
        tally: Tally, log: RunLog,
    ) -> int:  # fmt: skip
        """Count the frames of an earlier run; return how many of them stand."""
        if done is None:
            return 0
        is_whole = len(done.frames) >= len(replay.positions(sequence))
        has_memory = getattr(system, "has_memory", True)
        if not is_whole and (has_memory or replay.clock != "asap"):
            log.cut(done.offset)
            self.observer.note(
                f"{sequence.name}: begun again, since a system with memory or a running clock "
                "cannot go on in the middle"
            )
            return 0
        judge = _Scorer(self.policy, replay, sequence, tally)
        for k, record in enumerate(done.frames):
            for _ in judge.push(k, record):
                pass
        for _ in judge.flush():
            pass
        return len(done.frames)


class _Scorer:
    """Judges and counts the frames of one sequence as they come."""

    def __init__(self, policy: Policy, replay: Replay, sequence: Sequence, tally: Tally) -> None:
        self.judge, self.tally = Judge(policy), tally
        self.is_asap = replay.clock == "asap"
        self.deadlines = policy.deadlines(replay.due(sequence))
        self.records: dict[int, FrameRecord] = {}

    def push(self, k: int, record: FrameRecord) -> Iterator[tuple[FrameRecord, ScoredAnswer]]:
        self.records[record.index] = record
        deadline = record.timed.due_ns if self.is_asap else self.deadlines[k]
        yield from map(self._count, self.judge.push(record.timed, deadline))

    def flush(self) -> Iterator[tuple[FrameRecord, ScoredAnswer]]:
        yield from map(self._count, self.judge.flush())

    def _count(self, verdict: Verdict) -> tuple[FrameRecord, ScoredAnswer]:
        record = self.records.pop(verdict.timed.index)
        return record, self.tally.add(record.truth, verdict.timed, verdict.outcome)


def _about(sequence: Sequence, part: Part, n: int, replay: Replay) -> dict[str, Any]:
    return {
        "set": part.name,
        "name": sequence.name,
        "path": str(sequence.root.resolve()),
        "reader": sequence.reader,
        "frames": n,
        "first": replay.positions(sequence).start,
        "rate_hz": sequence.measured_rate_hz,
        "channels": {c: str(k) for c, k in sequence.channels.items()},
        "has_truth": sequence.truth is not None,
        "digest": table_digest(sequence),
    }


def table_digest(sequence: Sequence) -> str:
    """Return a digest of a sequence's entries and truth (its pictures are not read for it)."""
    h = hashlib.sha256()
    for f in sequence.frames:
        sources = sorted((c, Path(s.where).name) for c, s in f.sources.items())
        h.update(json.dumps([f.index, f.timestamp_ns, f.segment, sources]).encode())
    for index, truth in sorted((sequence.truth or {}).items()):
        h.update(json.dumps([index, truth.room, sorted(truth.objects)]).encode())
    return h.hexdigest()


def open_part(spec: SequenceSpec) -> Sequence:
    """Open a sequence, or the part of it that a configuration names. Raises InputFaults."""
    sequence = open_sequence(Path(spec.path), spec.reader)
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


def training_summary(training: Training) -> dict[str, Any]:
    """Return what a pipeline was trained on, as plain data."""
    return {
        "frames": training.n_frames,
        "rooms": training.rooms,
        "dims": training.dims,
        "seconds": {k: round(v, 3) for k, v in training.seconds.items()},
        "cached": training.cached,
        "extracted": training.extracted,
    }


Count = Callable[[FrameRecord, ScoredAnswer], None]


def recount(
    record: RunRecord, policy: Policy | None = None, each: Count = lambda record, scored: None
) -> tuple[Task, dict[str, Tally]]:
    """Count a run log again, as it was replayed.

    Parameters
    ----------
    record : RunRecord
        As read.
    policy : Policy, optional
        In place of the run's own; the recorded times are kept (see `robotvision.replay.rescore`
        for other clocks).
    each : callable, optional
        Called with every frame and what it was worth, in order.

    Returns
    -------
    task, tallies
        The task of the run; a tally for each test set.
    """
    task = Task.model_validate_json(json.dumps(record.about["task"]))
    policy = policy or logged_policy(record)
    is_asap = record.about["clock"] == "asap"
    tallies: dict[str, Tally] = {}
    for sequence in record.sequences:
        tally = tallies.setdefault(sequence.set, Tally(task))
        judge = Judge(policy)
        due = [f.timed.due_ns for f in sequence.frames]
        deadlines = due if is_asap else policy.deadlines(due)
        frames = {f.index: f for f in sequence.frames}

        def count(verdict: Verdict, frames: Any = frames, tally: Tally = tally) -> None:
            frame = frames[verdict.timed.index]
            each(frame, tally.add(frame.truth, verdict.timed, verdict.outcome))

        for frame, deadline in zip(sequence.frames, deadlines, strict=True):
            for verdict in judge.push(frame.timed, deadline):
                count(verdict)
        for verdict in judge.flush():
            count(verdict)
    return task, tallies


def logged_policy(record: RunRecord) -> Policy:
    """Return the policy a run was made under."""
    about = record.about["policy"]
    deadline = about.get("deadline_ms")
    ns = round(deadline * 1e6) if isinstance(deadline, (int, float)) else deadline
    return Policy(about["backlog"], about["late"], ns, about["name"])


def resumed(folder: Path) -> tuple[Setup, int | None]:
    """Return the setup and the limit of an interrupted run, from its folder.

    Raises
    ------
    RobotVisionError
        No run lies there, or its ``config.yaml`` was changed since.
    """
    record = read_log(folder)
    path = folder / "config.yaml"
    setup = load_config(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != record.about.get("config_digest"):
        raise RobotVisionError(
            f"{path}: changed since the run began, so its answers would not fit together; begin a "
            "new run"
        )
    return setup, record.about.get("limit")


def write_text(path: Path, text: str) -> None:
    """Write a file of the run folder. Raises RobotVisionError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be written ({e.strerror})") from e
