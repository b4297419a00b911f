"""Judge one run: a program that was handed in, or a baseline, on the hidden test sets.

It is run as ``robotvision run`` runs any program: in the sandbox, one frame at a time, under the
contest's late-frame rule, with limits on time, memory and disk. Whatever it does is an outcome of
its frames.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from robotvision.api.run import Run, read_run
from robotvision.cluster.cores import LoadWatch, not_quotable, pin_threads
from robotvision.cluster.worker import (
    n_worker_threads,
    take_own_cores,
    worker_address,
    worker_name,
)
from robotvision.config.checks import load_config
from robotvision.contest.file import ContestSetup, now, open_contest_file
from robotvision.contest.release import settled_task
from robotvision.contest.schema import JudgingRules
from robotvision.contest.store import folder_name
from robotvision.contest.verdict import verdict_on
from robotvision.errors import Fault, InputFaults, RobotVisionError, raise_faults
from robotvision.experiment.progress import Observer
from robotvision.experiment.run import run as run_experiment
from robotvision.records import Answer, FrameRecord, ScoredAnswer
from robotvision.report.write import write_reports
from robotvision.runs.environment import describe
from robotvision.scoring.points import ABSENT, NOT_STATED
from robotvision.scoring.tally import Tally
from robotvision.submissions.pack import PROGRAM_FOLDER, PackedProgram, put_files
from robotvision.submissions.runfile import write_run_file
from robotvision.tasks.model import Task
from robotvision.version import PACKAGE
from robotvision.writing import new_folder
from robotvision.yamlfile import Strict, dump_yaml

FOLDER, RESULT, ANSWERS = "judged", "result.json", "answers"
KIND = "judged run"
BASELINE = "baseline"
_slot = threading.Lock()
"""One run at a time in a process, however many threads a worker has."""


class JudgedRun(Strict):
    """``result.json``: how a judged run went.

    Parameters
    ----------
    key : str
        ``team/run-digest``, or ``baseline/name``.
    status : str
        ``done``; ``failed``: the harness could not carry it out, ``error`` says why, and it is not
        kept.
    frames : dict[str, int]
        Answered under the late-frame rule (right or wrong), unanswered, late, skipped, failed.
    latency_ms : dict[str, float or None]
        Of a frame: p50, p90, p99, max; None where too few frames support it.
    latency_note : str
        Why that cannot be quoted; empty where it can.
    machine, worker : str
        Where it ran.
    """

    schema_: int = Field(default=1, alias="schema")
    key: str
    status: Literal["done", "failed"]
    error: str = ""
    judged: str = ""
    seconds: float = 0.0
    out_of_time: bool = False
    frames: dict[str, int] = {}
    latency_ms: dict[str, float | None] = {}
    latency_note: str = ""
    machine: str = ""
    worker: str = ""

    @property
    def note(self) -> str:
        """How fast it was and how far that can be quoted, in words."""
        p50, p99 = self.latency_ms.get("p50"), self.latency_ms.get("p99")
        over = "; its time was over" if self.out_of_time else ""
        has_answers = any(self.frames.get(k) for k in ("answered", "unanswered", "late"))
        if p50 is None or not has_answers:
            return f"no frame was answered{over}"
        tail = f", 99 % within {p99:.3g} ms" if p99 is not None else ""
        how = f"not quotable: {self.latency_note}" if self.latency_note else "alone"
        return f"{p50:.3g} ms a frame{tail}; timed on this machine ({self.machine}), {how}{over}"

    def __str__(self) -> str:
        if self.status == "failed":
            return f"{self.key}: failed: {self.error}"
        frames = ", ".join(f"{n} {name}" for name, n in self.frames.items() if n)
        why = f"; why: {FOLDER}/{self.key}/run/system.log" if self.frames.get("failed") else ""
        return f"{self.key}: {frames}; {self.note}{why}"


class OutOfTime(Exception):
    """The run took longer than the contest allows; what it answered until then counts."""


class _Clock(Observer):
    """Ends a run when its time is over."""

    def __init__(self, limit_s: float | None) -> None:
        self.end = None if limit_s is None else time.monotonic() + limit_s

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        if self.end is not None and time.monotonic() > self.end:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class JudgeJob:
    """One run to be judged; plain, so that it can be sent to a worker.

    Parameters
    ----------
    key : str
        ``team/run-digest``, or ``baseline/name``.
    contest : str
        The ``contest.yaml``.
    phase, mode, task : str
    source : str
        The pack, or the baseline's configuration.
    is_exclusive : bool
        Whether nothing else runs on the worker's cores.
    owns_cores : bool
        Whether the worker takes cores of its own: where it was started for this.
    sharing : Mapping[str, str]
        Worker's address -> another worker on its cores.
    """

    key: str
    contest: str
    phase: str
    mode: str
    task: str
    source: str
    is_exclusive: bool = True
    owns_cores: bool = False
    sharing: Mapping[str, str] | None = None


def sequences_of(setup: ContestSetup, phase: str, task: str = "") -> dict[str, Path]:
    """Return the frames that programs are run on, by test set.

    Raises
    ------
    InputFaults
        A test set names no sequence.
    """
    places = {s.name: setup.place(s.sequence or s.truth) for s in setup.sets_of(phase, task)}
    faults = [
        Fault(
            setup.path,
            f"the test set {name!r} has no frames to run programs on",
            remedy="name them with 'sequence:'",
        )
        for name, place in places.items()
        if not place.is_dir()
    ]
    raise_faults(faults)
    return {name: place.resolve() for name, place in places.items()}


def judge_step(job: JudgeJob) -> JudgedRun:
    """Judge one run, leave it in the contest's folder, and return how it went.

    What the harness cannot do comes back as a result with ``status: failed``, which is not kept:
    the next call tries again. Whatever the program does is an outcome of its frames.
    """
    with _slot:
        try:
            if job.owns_cores:
                take_own_cores(1)
            pin_threads(1)
            return _judge(job)
        except (RobotVisionError, OSError) as e:
            return failed(job, str(e).splitlines()[0])


def failed(job: JudgeJob, error: str) -> JudgedRun:
    """Return the result of a run that the harness could not carry out; it is not kept."""
    return JudgedRun(key=job.key, status="failed", error=error)


def _judge(job: JudgeJob) -> JudgedRun:
    setup = open_contest_file(Path(job.contest))
    begun, watch = time.monotonic(), LoadWatch()
    with tempfile.TemporaryDirectory(prefix="robotvision-judge-") as name:
        folder = Path(name)
        config = _prepare(setup, job, folder / "program")
        (folder / "run").mkdir()
        is_over = False
        with watch.watching():
            try:
                observer = _Clock(setup.about.judging.run_s)
                result = run_experiment(load_config(config), folder / "run", observer=observer)
                if result.stopped:
                    raise KeyboardInterrupt
                write_reports(result)
            except OutOfTime:
                is_over = True
        run = read_run(folder / "run")
        reason = not_quotable(
            exclusive=job.is_exclusive,
            shared_with=(job.sharing or {}).get(worker_address(), "") if job.sharing else "",
            threads_of_worker=n_worker_threads() if worker_name() else 1,
            others_share=watch.others_share,
        )
        judged = JudgedRun(
            key=job.key,
            status="done",
            judged=now().isoformat(),
            seconds=round(time.monotonic() - begun, 3),
            out_of_time=is_over,
            frames=_frames(run),
            latency_ms=_latency(run),
            latency_note=reason,
            machine=str(describe()["processor"]),
            worker=worker_name(),
        )
        target = result_folder(setup, job.key)
        with new_folder(target, KIND) as part:
            sets = list(sequences_of(setup, job.phase, job.task))
            _write_answers(part / ANSWERS, run, setup.tasks[job.task], sets)
            shutil.copytree(folder / "run", part / "run", symlinks=True)
            text = judged.model_dump_json(by_alias=True, indent=1)
            (part / RESULT).write_text(text + "\n", encoding="utf-8")
    return judged


def _prepare(setup: ContestSetup, job: JudgeJob, folder: Path) -> Path:
    """Write what is run, with its configuration, into a folder; return the configuration."""
    folder.mkdir()
    about = setup.about.judging
    text = dump_yaml(settled_task(setup.tasks[job.task]))
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    test = {n: [str(p)] for n, p in sequences_of(setup, job.phase, job.task).items()}
    replay = about.model_dump(mode="json", include={"policy", "deadline_ms", "rate_hz", "clock"})
    config: dict[str, Any] = {"task": "task.yaml", "test": test, "replay": replay}
    if job.mode:
        config["mode"] = job.mode
    if job.key.startswith(f"{BASELINE}/"):
        return _baseline_config(Path(job.source), folder, config)
    verdict = verdict_on(Path(job.source), setup.rules(job.phase, job.task))
    if verdict.entry is None or verdict.program is None:
        raise InputFaults(verdict.faults)
    inside = f"{PROGRAM_FOLDER}/"
    put_files(
        folder / "files",
        {n.removeprefix(inside): f for n, f in verdict.entry.files.items() if n.startswith(inside)},
    )
    config["system"] = _system(verdict.program, about, folder / "files")
    path = folder / "files" / "contest-run.yaml"
    config["task"] = str(folder / "task.yaml")
    path.write_text(dump_yaml(config), encoding="utf-8")
    return path


def _system(program: PackedProgram, about: JudgingRules, folder: Path) -> dict[str, Any]:
    """Return the part of a configuration that starts a program, confined."""
    command, read, env = list(program.command), [str(folder)], {}
    if program.model:
        command = [sys.executable, "-m", "robotvision.contest.model_program", program.model]
        read.append(str(PACKAGE))
        env["PYTHONPATH"] = str(PACKAGE.parent)
    return {
        "command": command,
        "read": read,
        "env": env,
        "isolation": about.isolation,
        "fresh": "sequence",
        "timeout_s": about.timeout_s,
        "start_timeout_s": about.start_timeout_s,
        "limits": {"memory_mb": about.memory_mb, "file_mb": about.disk_mb},
    }


def _baseline_config(source: Path, folder: Path, changes: Mapping[str, Any]) -> Path:
    """Write a baseline's configuration with the contest's task, test sets and late-frame rule."""
    resolved = load_config(source).resolved()
    path = folder / "baseline.yaml"
    changes = {**changes, "task": str(folder / "task.yaml"), "out": None}
    path.write_text(dump_yaml({**resolved, **changes}), encoding="utf-8")
    return path


def _write_answers(folder: Path, run: Run, task: Task, sets: Sequence[str]) -> None:
    """Write a run file a test set, with the answers that count under the late-frame rule."""
    folder.mkdir()
    table = run.columns.table
    first = task.run_file.first_number
    for name in sets:
        part = table.of_sets([name])
        lines = []
        for i, (index, code) in enumerate(zip(part.index, part.answer, strict=True)):
            stated = {}
            if part.stated is not None:
                stated = {
                    o: int(s) != ABSENT
                    for o, s in zip(part.objects, part.stated[i], strict=True)
                    if s != NOT_STATED
                }
            room = part.labels[int(code)] if code >= 0 else None
            lines.append((int(index) + first, Answer(room, objects=stated)))
        write_run_file(folder / f"{name}.txt", task, lines)


def _frames(run: Run) -> dict[str, int]:
    """Return how many frames were answered under the late-frame rule, right or wrong."""
    outcomes = run.score.outcomes
    missed = {name: int(outcomes[name]) for name in ("late", "skipped", "failed")}
    table = run.columns.table
    answered = int((table.answer >= 0).sum())
    silent = len(table) - answered - sum(missed.values())
    return {"answered": answered, "unanswered": silent, **missed}


def _latency(run: Run) -> dict[str, float | None]:
    latency = run.report["latency_ns"].get("total", {})
    return {k: None if v is None else round(v / 1e6, 3) for k, v in latency.items()}


def result_folder(setup: ContestSetup, key: str) -> Path:
    """Return where a judged run is kept."""
    team, _, run = key.partition("/")
    return setup.place(FOLDER) / team / (folder_name(run) if team == BASELINE else run)
