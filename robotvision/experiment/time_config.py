"""``robotvision time``: one timing as plain data, the null system beside it, checks and verdict."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robotvision.config.experiment import Experiment
from robotvision.data import open_sequence
from robotvision.data.sequence import ImageSequence
from robotvision.experiment.prepare import prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Trainer
from robotvision.playback.sensor_faults import mirrored
from robotvision.plugins.progress import Progress, quiet
from robotvision.runs.environment import describe
from robotvision.runs.overruns import overruns, period_of
from robotvision.scoring.policy import Policy
from robotvision.systems.base import Session, System
from robotvision.systems.program import Program
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from robotvision.timing.checks import TimingCheck, after_the_answer, check_all, verdict
from robotvision.timing.in_memory_sequence import ROOMS, stand_in
from robotvision.timing.load import children_peak_bytes
from robotvision.timing.measure import Timed, TimingOptions, measure
from robotvision.timing.null import null_run
from robotvision.timing.quantiles import QUANTILES, frames_needed, is_supported, named_quantiles
from robotvision.timing.ratio import measure_pair
from robotvision.timing.sustain import confirm, highest_rate
from robotvision.timing.work import Work, after_answers

SCHEMA = 1
STAND_IN_FRAMES, STAND_IN_HZ = 120, 30.0
N_RESTS = 20
"""Frames after which a system is watched: about half a second in all."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is timed: a system, ready to start, on a sequence.

    Parameters
    ----------
    name : str
        What to call it.
    system : System
    session : Session
        What it receives at its start.
    sequence : ImageSequence
    """

    name: str
    system: System
    session: Session
    sequence: ImageSequence

    @property
    def channels(self) -> tuple[str, ...] | None:
        """The channels to decode; None: all."""
        return self.system.channels


def from_experiment(
    experiment: Experiment,
    set_name: str | None,
    cache: Path | None,
    observer: Observer,
    folder: Path,
) -> Subject:
    """Return the system of a configuration on its test set's first sequence, trained.

    Raises
    ------
    RobotVisionError
        There is no such set, or the configuration's input is wrong.
    """
    part = experiment.test_set(set_name)
    prepared = prepare(experiment, observer)
    system = Trainer(folder, cache, observer)(prepared, part).system
    session = Session(prepared.task, experiment.config.mode, None, experiment.config.seed)
    sequence = prepared.test_sequences(part)[0]
    return Subject(experiment.path.stem, system, session, sequence)


def from_command(
    command: Several[str],
    on: Path | None,
    folder: Path,
    task_name: str | None = None,
    rooms: tuple[str, ...] = (),
) -> Subject:
    """Return a program on a sequence, or on images in memory where none is named.

    Parameters
    ----------
    task_name : str, optional
        Whose labels it receives (else those of the sequence).
    rooms : tuple of str
        The labels it receives, in place of the task's.

    Raises
    ------
    RobotVisionError
        The program or the sequence is not available.
    """
    task: Task = load_task(task_name or "rooms", Path.cwd())
    if rooms:
        task = task.model_copy(update={"rooms": rooms})
    if on is None:
        task = task.with_rooms(ROOMS)
        each_s = STAND_IN_FRAMES / STAND_IN_HZ / len(task.room_names)
        sequence = stand_in(
            STAND_IN_FRAMES, rate_hz=STAND_IN_HZ, rooms=task.room_names, seconds_each=each_s
        )
    else:
        sequence = open_sequence(on)
        task = task.with_rooms(sequence.room_counts() or ROOMS)
    hide = [] if on is None else [on.resolve()]
    system = Program(command, log_path=folder / "system.log", hide=hide)
    return Subject(Path(command[0]).name, system, Session(task), sequence)


def time_subject(
    subject: Subject,
    options: TimingOptions,
    sustain: Policy | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Time a system and return the whole report as plain data.

    Raises
    ------
    RobotVisionError
        It cannot be started or cannot begin the sequence.
    """
    null, quantiles = null_run(), named_quantiles(options.quantiles)
    system, sequence, channels = subject.system, subject.sequence, subject.channels
    try:
        system.start(subject.session)
        timed = measure(system, sequence, replace(options, n_rests=N_RESTS), channels, progress)
        sustained = None
        if sustain is not None and len(timed.total):
            sustained = highest_rate(timed.total.tolist(), sustain)
            sustained = confirm(sustained, system, sequence, sustain, channels)
    finally:
        system.close()
    environment = describe()
    checks = check_all(timed, null, environment, options.quantiles)
    is_default = options.quantiles == tuple(QUANTILES.values())
    period_ns = period_of(sequence.measured_rate_hz)
    quotable, words = verdict(checks)
    return {
        "schema": SCHEMA,
        "system": {"name": subject.name, "isolation": system.isolation},
        "sequence": {"name": sequence.name, "frames": len(sequence)},
        "frames": len(timed.total),
        "failed": timed.n_failed,
        "passes": timed.n_passes,
        "warm_up": len(timed.warm_up_ns),
        "seconds": timed.seconds,
        "latency_ns": timed.table(None if is_default else quantiles),
        "unsupported": unsupported(len(timed.total), quantiles),
        "jitter_ns": timed.jitter_ns,
        "throughput_hz": timed.throughput_hz,
        "overruns": None if period_ns is None else overruns(timed.total, period_ns),
        "processor": timed.work.to_json() | {"after_answer": timed.rests.to_json()},
        "null_ns": null.table({"p50": 0.5, **quantiles}),
        "memory": memory(timed),
        "sustained": None if sustained is None else sustained.to_json(),
        "checks": [c.as_dict() for c in checks],
        "quotable": quotable,
        "verdict": words,
        "environment": environment,
    }


def unsupported(n: int, quantiles: Mapping[str, float] = QUANTILES) -> dict[str, str]:
    """Return in words each of the ``quantiles`` that ``n`` frames do not support."""
    return {
        name: f"{name} not supported by {n} frames (needs {frames_needed(q)})"
        for name, q in quantiles.items()
        if q > 0.5 and not is_supported(n, q)
    }


def memory(timed: Timed) -> dict[str, int | str]:
    """Return peak memory: of this process meanwhile, and of the largest child that has ended."""
    since = "the replay" if timed.is_peak_own else "the start of the process"
    return {
        "own_peak_bytes": timed.peak_bytes,
        "own_peak_since": since,
        "child_peak_bytes": children_peak_bytes(),
    }


def time_pair(
    a: Subject,
    b: Subject,
    options: TimingOptions,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Compare two systems on the frames of the first one's sequence; return plain data.

    Raises
    ------
    RobotVisionError
        A system cannot be started, or hardly a frame was answered.
    """
    wanted = frames_needed(max(options.quantiles))
    if options.n_passes is not None:
        wanted = options.n_passes * len(a.sequence)
    names = (a.name, b.name) if a.name != b.name else (f"{a.name} (A)", f"{b.name} (B)")
    try:
        for subject in (a, b):
            subject.system.start(subject.session)
        checks = [
            _after_answers(s, a.sequence, name) for s, name in zip((a, b), names, strict=True)
        ]
        paired = measure_pair(
            a.system,
            b.system,
            a.sequence,
            wanted=wanted,
            warm_up=options.warm_up,
            max_s=options.max_s,
            progress=progress,
        )
    finally:
        for subject in (a, b):
            subject.system.close()
    result = paired.to_json()
    low, high = result["interval"]
    if low <= 1 <= high:
        words = "no difference that these frames can tell"
    else:
        slow, fast = names if result["ratio"] > 1 else names[::-1]
        words = f"{slow} takes longer than {fast}"
    is_fair = all(check.ok is not False for check in checks)
    return {
        "schema": SCHEMA,
        "a": names[0],
        "b": names[1],
        "sequence": {"name": a.sequence.name, "frames": len(a.sequence)},
        "paired": result,
        "checks": [c.as_dict() for c in checks],
        "quotable": not result["failed"] and is_fair,
        "verdict": words if is_fair else f"{words}, but not all of its work was timed",
        "environment": describe(),
    }


def _after_answers(subject: Subject, sequence: ImageSequence, name: str) -> TimingCheck:
    """Watch one of two systems after some answers, and check what it did."""
    rests = after_answers(subject.system, mirrored(sequence), subject.channels, N_RESTS)
    check = after_the_answer(Work(), rests, len(os.sched_getaffinity(0)))
    return replace(check, name=f"{check.name}, {name}")
