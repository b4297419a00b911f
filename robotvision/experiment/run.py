"""The main job: train, replay, score as the answers come, and leave the run folder.

A run folder holds ``config.yaml`` (as resolved), ``run.jsonl`` (the run log: the truth about the
run), ``run.txt`` (the task's run file), ``report.json`` and, where the report extra is installed,
``report.html``. Everything but the log can be made again from the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from robotvision import __version__
from robotvision.config.checks import Experiment, TestSetSpec, dump_yaml, load_config
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import Preparation, policy_of, table_digest
from robotvision.experiment.progress import Observer, Silent
from robotvision.playback.player import Replay, play
from robotvision.playback.sensor_faults import is_about_time, with_faults
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import Training
from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.runs.environment import describe
from robotvision.runs.log import RunLog, RunRecord, SequenceRecord, read_log
from robotvision.scoring.policy import Judge, Policy, Verdict
from robotvision.scoring.tally import Tally
from robotvision.systems.base import Session, System
from robotvision.tasks.model import Task
from robotvision.timing.null import null_figures

NULL_FRAMES = 300
"""The null system is timed so long before every run: some hundredths of a second."""


@dataclass(slots=True)
class RunResult:
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


def new_folder(setup: Experiment, out: Path | None) -> Path:
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
    setup: Experiment,
    folder: Path,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    observer: Observer | None = None,
    resume: bool = False,
    prepared: Preparation | None = None,
    notes: tuple[str, ...] = (),
    null_frames: int = NULL_FRAMES,
) -> RunResult:
    """Do the run that ``setup`` describes.

    Parameters
    ----------
    setup : Experiment
        A checked configuration.
    folder : Path
        The run folder, from `new_folder`, or an earlier run's where ``resume``.
    limit : int, optional
        At most so many frames of each test sequence.
    cache : Path, optional
        Folder of extracted features; None: none is kept.
    resume : bool
        Go on after the last whole line of the run log there.
    prepared : Preparation, optional
        Of an equal configuration but for its faults: nothing is opened or trained again.
    notes : tuple of str
        What whoever reads the report should know of how the run was made; kept in the log.
    null_frames : int
        For how many frames the null system is timed before the run.

    Raises
    ------
    RobotVisionError
        The input is wrong, the folder cannot be written, or a system cannot be started.
    """
    observer = observer or Silent()
    if prepared is None:
        prepared = Preparation(setup, cache, observer, folder / "system.log")
    return _Execution(setup, folder, limit, prepared, observer, resume, notes, null_frames).run()


class _Execution:
    def __init__(
        self,
        setup: Experiment,
        folder: Path,
        limit: int | None,
        prepared: Preparation,
        observer: Observer,
        resume: bool,
        notes: tuple[str, ...] = (),
        null_frames: int = NULL_FRAMES,
    ) -> None:
        self.setup, self.folder, self.limit, self.observer = setup, folder, limit, observer
        self.notes, self.null_frames = notes, null_frames
        self.policy = policy_of(setup)
        self.earlier = read_log(folder) if resume else None
        self.prepared = prepared

    def run(self) -> RunResult:
        prepared, parts = self.prepared, self.setup.parts
        systems = {part.name: prepared.system(part) for part in parts}
        tallies = {part.name: Tally(prepared.task) for part in parts}
        log = self._open_log(systems)
        stopped = False
        try:
            for part in parts:
                self._replay_part(part, systems[part.name], tallies[part.name], log)
            if self.earlier is None or not self.earlier.finished:
                log.write("end", {"frames": sum(t.frames for t in tallies.values())})
            log.sync()
        except KeyboardInterrupt:
            stopped = True
        finally:
            for system in systems.values():
                system.close()
                problem = getattr(system, "log_problem", None)
                if problem is not None:
                    self.observer.note(f"{problem}; the rest of the program's output is lost")
            log.close()
        record = read_log(self.folder)
        return RunResult(self.folder, prepared.task, tallies, record, prepared.training, stopped)

    def _open_log(self, systems: Mapping[str, System]) -> RunLog:
        if self.earlier is not None:
            return RunLog(self.earlier.path, keep_bytes=self.earlier.valid_bytes)
        resolved = self.setup.resolved()
        text = dump_yaml(resolved)
        write_text(self.folder / "config.yaml", text)
        log = RunLog(self.folder / "run.jsonl")
        system = next(iter(systems.values()))
        log.write(
            "run",
            {
                "schema": 1,
                "robotvision": __version__,
                "task": self.prepared.task.model_dump(mode="json"),
                "mode": self.setup.config.mode,
                "policy": self.policy.describe(),
                "clock": self.setup.config.replay.clock,
                "system": {"name": system.name, "isolation": getattr(system, "isolation", "none")},
                "limit": self.limit,
                "seed": self.setup.config.seed,
                "config_digest": hashlib.sha256(text.encode()).hexdigest(),
                "config": resolved,
                "training": {k: training_summary(t) for k, t in self.prepared.training.items()},
                "environment": describe(),
                "null_ns": null_figures(self.null_frames) if self.null_frames else {},
                **({"notes": list(self.notes)} if self.notes else {}),
            },
        )
        return log

    def _replay_part(self, part: TestSetSpec, system: System, tally: Tally, log: RunLog) -> None:
        config = self.setup.config
        replay = self._replay()
        deadline = self.policy.deadline_ns
        is_started = False
        for number, spec in enumerate(s for s in part.test for _ in range(config.replay.loop)):
            sequence = self._faulty(self.prepared.opened[spec])
            done = self._earlier(part, number)
            skip = self._counted(done, replay, sequence, system, tally, log)
            n = len(replay.positions(sequence))
            if done is not None and skip >= n:
                continue
            if not is_started:
                known = deadline if isinstance(deadline, int) else None
                system.start(Session(self.prepared.task, config.mode, known, config.seed))
                is_started = True
            if skip == 0:
                log.write("sequence", _about(sequence, part, n, replay))
            self.observer.sequence(sequence.name, n)
            self._replay_sequence(sequence, system, replay, skip, tally, log)

    def _replay_sequence(
        self,
        sequence: ImageSequence,
        system: System,
        replay: Replay,
        skip: int,
        tally: Tally,
        log: RunLog,
    ) -> None:
        judge = _Scorer(self.policy, replay, sequence, tally)
        pipeline = getattr(system, "pipeline", None)
        channels = pipeline.channels if isinstance(pipeline, Pipeline) else None
        for k, record in enumerate(play(sequence, system, replay, skip, channels), skip):
            log.frame(record)
            for shown, scored in judge.push(k, record):
                self.observer.frame(shown, scored, tally)
        for shown, scored in judge.flush():
            self.observer.frame(shown, scored, tally)

    def _faulty(self, sequence: ImageSequence) -> ImageSequence:
        """Return the sequence with the sensor faults that the configuration declares."""
        plan = self.setup.config.faults
        if plan is None:
            return sequence

        if is_about_time(plan) and self.setup.config.replay.clock == "asap":
            self.observer.note(
                "with the clock 'asap' no frame is late, whatever the faults do to "
                "the times; set 'clock: simulated' or rescore the run"
            )
        return with_faults(sequence, plan)

    def _replay(self) -> Replay:
        r = self.setup.config.replay
        return Replay(
            self.policy, r.clock, r.rate_hz, r.speed, r.start_s, self.limit, r.decode_ahead
        )

    def _earlier(self, part: TestSetSpec, number: int) -> SequenceRecord | None:
        """Return the log's record of the ``number``-th sequence of a part, if it got there."""
        if self.earlier is None:
            return None
        mine = [s for s in self.earlier.sequences if s.set == part.name]
        return mine[number] if number < len(mine) else None

    def _counted(
        self,
        done: SequenceRecord | None,
        replay: Replay,
        sequence: ImageSequence,
        system: System,
        tally: Tally,
        log: RunLog,
    ) -> int:
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

    def __init__(
        self, policy: Policy, replay: Replay, sequence: ImageSequence, tally: Tally
    ) -> None:
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


def _about(sequence: ImageSequence, part: TestSetSpec, n: int, replay: Replay) -> dict[str, Any]:
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


def training_summary(training: Training) -> dict[str, Any]:
    """Return what a pipeline was trained on, as plain data."""
    return {
        "frames": training.n_frames,
        "rooms": training.rooms,
        "dims": training.dims,
        "seconds": {k: round(v, 3) for k, v in training.seconds.items()},
        "cached": training.cached,
        "extracted": training.extracted,
        "unknown": training.unknown,
    }


def resumed(folder: Path) -> tuple[Experiment, int | None]:
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
