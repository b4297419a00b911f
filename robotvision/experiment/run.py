"""The main job: train, replay, score as the answers come, and keep the run log.

A run folder holds ``config.yaml`` (as resolved), ``run.jsonl`` (the run log: the truth about the
run), ``run.txt`` (the task's run file), ``report.json`` and ``report.html``. Everything but the log
can be made again from the log. Without a folder the log is kept in memory.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from robotvision.config.checks import load_config
from robotvision.config.experiment import Experiment, TestSetSpec
from robotvision.data.digest import table_digest
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.experiment.observers import RunObservers
from robotvision.experiment.origins import (
    inputs_of,
    plugin_origins,
    require_same_inputs,
    require_same_plugins,
    search_where_it_began,
)
from robotvision.experiment.overlap import find_overlaps, overlap_notices
from robotvision.experiment.prepare import Prepared, prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Answerer, Recognisers, Trainer
from robotvision.features import cache_root
from robotvision.playback.player import Replay, play
from robotvision.playback.sensor_faults import is_about_time, with_faults
from robotvision.records import FrameRecord, Notice
from robotvision.runs.environment import describe
from robotvision.runs.folder import RunResult, new_folder, write_text
from robotvision.runs.log import RunLog, SequenceRecord, has_header, read_log
from robotvision.runs.memory import IN_MEMORY, MemoryLog
from robotvision.runs.table import scored_table
from robotvision.scoring.judging import count
from robotvision.scoring.policy import Judge, Verdict
from robotvision.scoring.tally import Tally
from robotvision.systems.base import Session, System
from robotvision.timing.load import Load, usage
from robotvision.timing.null import null_figures
from robotvision.timing.work import Meter, Work
from robotvision.version import __version__
from robotvision.yamlfile import dump_yaml

if TYPE_CHECKING:
    from robotvision.recogniser.training import Training

NULL_FRAMES = 300
"""The null system is timed so long before every run: some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an experiment is carried out.

    Parameters
    ----------
    limit : int or None
        At most so many frames of each test sequence.
    resume : bool
        Go on after the last whole line of the run log in the folder.
    notices : tuple of Notice
        What readers of the report must know of how the run was made; kept in the log.
    null_frames : int
        For how many frames the null system is timed before the run.
    """

    limit: int | None = None
    resume: bool = False
    notices: tuple[Notice, ...] = ()
    null_frames: int = NULL_FRAMES


def experiment_folder(experiment: Experiment, out: Path | None = None) -> Path:
    """Make the folder of an experiment's run: ``out``, else the configuration's own."""
    if out is None and experiment.config.out is not None:
        out = experiment.path.parent / experiment.config.out
    return new_folder(experiment.path.stem, out)


def run(
    experiment: Experiment,
    folder: Path | None,
    *,
    cache: Path | None = None,
    observer: Observer | None = None,
    prepared: Prepared | None = None,
    recognisers: Recognisers | None = None,
    options: RunOptions | None = None,
) -> RunResult:
    """Carry out an experiment: train, replay every test sequence, score the answers.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    folder : Path or None
        The run folder, from `experiment_folder`, or an earlier run's to resume; None: the log is
        kept in memory.
    cache : Path, optional
        Folder of extracted features and hashes of images; None: none is kept.
    observer : Observer, optional
        Receives progress and every frame.
    prepared : Prepared, optional
        Of an equal experiment but for its sensor faults: nothing is opened again.
    recognisers : callable, optional
        Gives the system of each test set (else a `Trainer` does).
    options : RunOptions, optional
        Limit, resuming, notices.

    Raises
    ------
    RobotVisionError
        The input is wrong, the folder cannot be written, or a system cannot be started.
    """
    observer = RunObservers(observer or Observer(), experiment)
    if prepared is None:
        prepared = prepare(experiment, observer)
    if recognisers is None:
        recognisers = Trainer(folder or Path(), cache, observer)
    options = options or RunOptions()
    return _Execution(experiment, folder, prepared, recognisers, observer, options, cache).run()


class _Execution:
    def __init__(
        self,
        experiment: Experiment,
        folder: Path | None,
        prepared: Prepared,
        recognisers: Recognisers,
        observer: RunObservers,
        options: RunOptions,
        cache: Path | None,
    ) -> None:
        self.cache = cache
        self.experiment, self.folder, self.prepared = experiment, folder, prepared
        self.recognisers, self.observer, self.options = recognisers, observer, options
        config = experiment.config.replay
        self.policy = experiment.policy
        self.replay = Replay(
            self.policy,
            config.clock,
            config.rate_hz,
            config.speed,
            config.start_s,
            options.limit,
            config.decode_ahead,
        )
        self.previous = read_log(folder) if options.resume and folder is not None else None
        self.about = {} if self.previous is None else self.previous.about
        self.n_begun = 0
        self.work = Work()

    def run(self) -> RunResult:
        if self.previous is not None:
            require_same_inputs(self.about, self.prepared)
        parts = self.experiment.parts
        answerers = {part.name: self.recognisers(self.prepared, part) for part in parts}
        tallies = {part.name: Tally(self.prepared.task) for part in parts}
        for answerer in answerers.values():
            answerer.system.hide(self._hidden(), self.folder)
        training = {k: a.training for k, a in answerers.items() if a.training is not None}
        log = self._open_log(answerers, training)
        stopped, begun, before = False, perf_counter_ns(), usage()
        try:
            self.observer.begin(self.folder or IN_MEMORY, self.about)
            for part in parts:
                self._replay_part(part, answerers[part.name].system, tallies[part.name], log)
            if self.previous is None or not self.previous.finished:
                seconds, cores = (perf_counter_ns() - begun) / 1e9, os.cpu_count() or 1
                load = Load.between(before, usage(), seconds, cores)
                log.write("end", self._end(tallies, load))
            log.sync()
        except KeyboardInterrupt:
            stopped = True
        finally:
            for answerer in answerers.values():
                answerer.system.close()
                problem = answerer.system.log_problem
                if problem is not None:
                    self.observer.note(f"{problem}; the rest of the program's output is lost")
            log.close()
        record = log.record if isinstance(log, MemoryLog) else read_log(log.path)
        if stopped:  # frames may be logged and not judged yet: what the log holds counts
            table = scored_table(record, self.policy)
            tallies = {**tallies, **count(table, self.prepared.task)}
        folder = self.folder or IN_MEMORY
        task, close = self.prepared.task, self.observer.close
        return RunResult(folder, task, tallies, record, training, stopped, close)

    def _end(self, tallies: Mapping[str, Tally], load: Load | None) -> dict[str, Any]:
        """Return the log's last line: what the system's work and others' came to."""
        end: dict[str, Any] = {"frames": sum(t.frames for t in tallies.values())}
        if load is not None:
            end["load"] = {name: round(share, 4) for name, share in asdict(load).items()}
        if self.work.frames:
            end["processor"] = self.work.to_json()
        n_processors = len(os.sched_getaffinity(0))
        if self.work.exceeds(n_processors):
            notice = Notice("work-after-answer", self.work.describe(n_processors))
            end["warnings"] = [notice.as_dict()]
        if failed := self.observer.notices:
            end["warnings"] = [*end.get("warnings", ()), *(n.as_dict() for n in failed)]
        return end

    def _hidden(self) -> set[Path]:
        """Return the data that no system may look up."""
        sequences = (self.prepared.sequences[spec] for spec in self.experiment.test_specs)
        return {cache_root(), *(sequence.root for sequence in sequences)}

    def _open_log(
        self, answerers: Mapping[str, Answerer], training: Mapping[str, Training]
    ) -> RunLog | MemoryLog:
        if self.previous is not None:
            return RunLog(self.previous.path, keep_bytes=self.previous.valid_bytes)
        resolved = self.experiment.resolved()
        text = dump_yaml(resolved)
        header = self._header(answerers, training, resolved, text)
        log: RunLog | MemoryLog
        if self.folder is None:
            log = MemoryLog()
        else:
            log = RunLog(self.folder / "run.jsonl")  # locked before anything else is written there
            try:
                write_text(self.folder / "config.yaml", text)
            except RobotVisionError:
                log.close()
                raise
        log.write("run", header)
        self.about = header
        return log

    def _header(
        self,
        answerers: Mapping[str, Answerer],
        training: Mapping[str, Training],
        resolved: Mapping[str, Any],
        text: str,
    ) -> dict[str, Any]:
        """Return the log's first line; it is measured before the log is opened."""
        system = next(iter(answerers.values())).system
        config, options = self.experiment.config, self.options
        overlap = overlap_notices(find_overlaps(self.prepared, self.cache, self.observer))
        for notice in overlap:
            self.observer.note(notice.message)
        header = {
            "schema": 1,
            "robotvision": __version__,
            "task": self.prepared.task.model_dump(mode="json"),
            "mode": config.mode,
            "policy": self.policy.describe(),
            "clock": config.replay.clock,
            "system": {"name": system.name, "isolation": system.isolation},
            "limit": options.limit,
            "seed": config.seed,
            "config_digest": hashlib.sha256(text.encode()).hexdigest(),
            "config": resolved,
            "training": {k: training_summary(t) for k, t in training.items()},
            "config_folder": str(self.experiment.path.parent.resolve()),
            "plugins": plugin_origins(self.experiment, self.prepared.model),
            "inputs": inputs_of(self.prepared),
            "environment": describe(),
            "null_ns": null_figures(options.null_frames) if options.null_frames else {},
        }
        notices = [*options.notices, *self.prepared.notices, *overlap]
        notices += [n for a in answerers.values() for n in a.all_notices() if n not in notices]
        if notices:
            header["warnings"] = [notice.as_dict() for notice in notices]
        return header

    def _replay_part(
        self, part: TestSetSpec, system: System, tally: Tally, log: RunLog | MemoryLog
    ) -> None:
        config = self.experiment.config
        is_started = False
        for number, spec in enumerate(s for s in part.test for _ in range(config.replay.loop)):
            sequence = self._apply_faults(self.prepared.sequences[spec])
            positions = self.replay.positions(sequence)
            n = len(positions)
            about = describe_sequence(sequence, part.name, positions)
            about["pass"] = number % config.replay.loop
            logged = self._logged_frames(self._previous_sequence(about), system, log)
            is_over = bool(logged) and len(logged) >= n
            if not (is_over or is_started):
                deadline = self.policy.deadline_ns
                known = deadline if isinstance(deadline, int) else None
                system.start(Session(self.prepared.task, config.mode, known, config.seed))
                is_started = True
            if not logged:
                log.write("sequence", about)
            self.observer.sequence(sequence.name, n)
            self._recount(logged, sequence, tally)
            if not is_over:
                self._replay_sequence(sequence, system, len(logged), tally, log)

    def _replay_sequence(
        self,
        sequence: ImageSequence,
        system: System,
        skip: int,
        tally: Tally,
        log: RunLog | MemoryLog,
    ) -> None:
        scorer = _Scorer(self, sequence, tally)
        posteriors: dict[int, Mapping[str, float]] = {}
        meter = Meter(system)
        records = play(sequence, system, self.replay, skip, system.channels, posteriors)
        for k, plain in enumerate(records, skip):
            posterior = posteriors.pop(plain.index, None)
            record = plain if posterior is None else plain.with_posterior(posterior)
            log.frame(record)
            meter.add(record)
            if posterior is not None:
                self.observer.posterior(record.index, posterior)
            scorer.push(k, record)
        self.work += meter.work()
        scorer.flush()

    def _apply_faults(self, sequence: ImageSequence) -> ImageSequence:
        """Return the sequence with the sensor faults that the configuration declares."""
        plan = self.experiment.config.faults
        if plan is None:
            return sequence
        if is_about_time(plan) and self.replay.clock == "asap":
            self.observer.note(
                "with the clock 'asap' no frame is late, whatever the faults do to "
                "the times; set 'clock: simulated' or rescore the run"
            )
        return with_faults(sequence, plan)

    def _previous_sequence(self, about: Mapping[str, Any]) -> SequenceRecord | None:
        """Return the log's record of the next sequence, if the interrupted run began it.

        Raises
        ------
        RobotVisionError
            The log holds another sequence in that place, or one that was left and others after it.
        """
        if self.previous is None or self.n_begun >= len(self.previous.sequences):
            return None
        record = self.previous.sequences[self.n_begun]
        self.n_begun += 1
        keys = ("set", "name", "digest", "pass")
        logged = {key: record.about.get(key, about[key]) for key in keys}
        is_last = self.n_begun == len(self.previous.sequences)
        if any(logged[key] != about[key] for key in keys) or not (record.is_whole or is_last):
            raise RobotVisionError(
                f"{self.previous.path}: its sequence {self.n_begun} is {logged['name']!r} of the "
                f"set {logged['set']!r} with {len(record.frames)} frames, expected all of "
                f"{about['name']!r} of {about['set']!r} as it is now: begin a new run"
            )
        return record

    def _logged_frames(
        self, previous: SequenceRecord | None, system: System, log: RunLog | MemoryLog
    ) -> list[FrameRecord]:
        """Return the frames of an interrupted sequence that stand; cut the others off the log."""
        if previous is None:
            return []
        must_restart = system.has_memory is not False or self.replay.clock != "asap"
        if previous.is_whole or (previous.frames and not must_restart):
            return previous.frames
        assert isinstance(log, RunLog)  # only a run with a folder is resumed
        log.cut(previous.offset)
        if previous.frames:
            self.observer.note(
                f"{previous.about['name']}: begun again, since a system with memory or a running "
                "clock cannot go on in the middle"
            )
        return []

    def _recount(self, logged: list[FrameRecord], sequence: ImageSequence, tally: Tally) -> None:
        """Count and show the frames that an interrupted run has in its log."""
        if not logged:
            return
        n = len(self.replay.positions(sequence))
        self.observer.note(f"{sequence.name}: {len(logged)} of {n} frames are in the log already")
        scorer = _Scorer(self, sequence, tally)
        for k, record in enumerate(logged):
            scorer.push(k, record)
        scorer.flush()


class _Scorer:
    """Judges, counts and shows the frames of one sequence as they come."""

    def __init__(self, of: _Execution, sequence: ImageSequence, tally: Tally) -> None:
        policy, replay = of.policy, of.replay
        self.judge, self.tally, self.observer = Judge(policy), tally, of.observer
        self.is_asap = replay.clock == "asap"
        self.deadlines = policy.deadlines(replay.due(sequence))
        self.records: dict[int, FrameRecord] = {}

    def push(self, k: int, record: FrameRecord) -> None:
        self.records[record.index] = record
        deadline = record.timed.due_ns if self.is_asap else self.deadlines[k]
        self._count(self.judge.push(record.timed, deadline))

    def flush(self) -> None:
        self._count(self.judge.flush())

    def _count(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            record = self.records.pop(verdict.timed.index)
            scored = self.tally.add(record.truth, verdict.timed, verdict.outcome)
            self.observer.frame(record, scored, self.tally)


def describe_sequence(sequence: ImageSequence, set_name: str, positions: range) -> dict[str, Any]:
    """Return the line that opens a sequence in a log, of the frames at ``positions``."""
    return {
        "set": set_name,
        "name": sequence.name,
        "path": str(sequence.root.resolve()),
        "reader": sequence.reader,
        "params": dict(sequence.params),
        "frames": len(positions),
        "first": positions.start,
        "rate_hz": sequence.measured_rate_hz,
        "channels": sequence.kinds,
        "has_truth": sequence.truth is not None,
        "digest": table_digest(sequence),
    }


def training_summary(training: Training) -> dict[str, Any]:
    """Return what a pipeline was trained on, as plain data."""
    return {
        "frames": training.n_frames,
        "rooms": training.rooms,
        "without_room": training.without_room,
        "dims": training.dims,
        "seconds": {k: round(v, 3) for k, v in training.seconds.items()},
        "cached": training.cached,
        "extracted": training.extracted,
        "unknown": training.unknown,
        "held_out": training.held_out,
    }


def resumed(folder: Path) -> tuple[Experiment, int | None]:
    """Load the experiment and the limit of an interrupted run from its folder.

    Raises
    ------
    RobotVisionError
        There is no run, nothing of it was recorded, or its ``config.yaml`` was changed since.
    """
    path = folder / "config.yaml"
    if folder.is_dir() and not has_header(folder / "run.jsonl"):
        raise RobotVisionError(
            f"{folder}: no run to go on with: none began there, or it was stopped before its first "
            f"frame; run it anew with robotvision run CONFIG --out {folder}"
        )
    record = read_log(folder)
    search_where_it_began(record.about)
    experiment = load_config(path)
    require_same_plugins(record.about, experiment)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != record.about.get("config_digest"):
        raise RobotVisionError(
            f"{path}: changed since the run began, so its answers would not fit together; begin a "
            "new run"
        )
    return experiment, record.about.get("limit")
