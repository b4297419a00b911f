"""Run the programs that were handed in, on the hidden test sets, each alone and in the sandbox.

::

    judged/<team>/<run>-<digest>/       judged/baseline/<name>/
        result.json      how it went, how fast it was, on which machine
        answers/<set>.txt    the answers that count under the contest's late-frame rule
        run/             the run folder: log, configuration, what the program printed

A judged run appears whole or not at all, so whatever stops the judging, the next call goes on from
there: a run that was under way is repeated, and none is lost. Workers of a cluster must see the
contest's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from robotvision.cluster.outcome import outcomes
from robotvision.cluster.start import (
    ClusterOptions,
    find_sharing,
    open_client,
    require_same_release,
)
from robotvision.contest.board import EntryStatus, JudgedAnswers, receive
from robotvision.contest.file import ContestSetup
from robotvision.contest.judge_run import (
    ANSWERS,
    BASELINE,
    RESULT,
    JudgedRun,
    JudgeJob,
    failed,
    judge_step,
    result_folder,
    sequences_of,
)
from robotvision.errors import InputFaults
from robotvision.version import __version__
from robotvision.yamlfile import load, validate

Report = Callable[[JudgedRun], None]


def judge(
    setup: ContestSetup, cluster: ClusterOptions | None = None, report: Report | None = None
) -> list[JudgedRun]:
    """Run every program and baseline that was not run yet; return what came of each.

    Parameters
    ----------
    setup : ContestSetup
    cluster : ClusterOptions, optional
        Where; None: one after the other in this process.
    report : callable, optional
        Receives the result of each, as soon as it is there.

    Raises
    ------
    RobotVisionError
        A test set has no frames to run programs on, or the cluster cannot be used.
    """
    jobs = list(_jobs(setup))
    if not jobs:
        return []
    for phase, task in {(job.phase, job.task) for job in jobs}:
        sequences_of(setup, phase, task)
    report = report or (lambda result: None)
    results = []
    for result in map(judge_step, jobs) if cluster is None else _on_cluster(jobs, cluster):
        report(result)
        results.append(result)
    return results


def _jobs(setup: ContestSetup) -> Iterator[JudgeJob]:
    """Yield the runs that count and have not been judged."""
    path = str(setup.path.resolve())
    for r in receive(setup):
        record = r.submission.record
        is_due = r.status is EntryStatus.COUNTED and r.verdict.program is not None
        if is_due and _result(setup, r.submission.key) is None:
            source = str(r.submission.path.resolve())
            yield JudgeJob(r.submission.key, path, record.phase, record.mode, record.task, source)
    for about in setup.about.baselines:
        key = f"{BASELINE}/{about.name}"
        if about.config is not None and _result(setup, key) is None:
            source = str(setup.place(about.config).resolve())
            yield JudgeJob(key, path, about.phase, about.mode, about.task, source)


def _on_cluster(jobs: Sequence[JudgeJob], options: ClusterOptions) -> Iterator[JudgedRun]:
    """Yield results in any order; what a worker died over is repeated once, then given up."""
    import distributed

    as_completed: Any = distributed.as_completed  # Dask has no types
    with open_client(options) as client:
        client.wait_for_workers(1)
        require_same_release(client, __version__)
        sharing = {} if options.is_local else dict(find_sharing(client))
        is_exclusive = options.exclusive or not options.is_local
        left = [
            replace(j, is_exclusive=is_exclusive, owns_cores=options.exclusive, sharing=sharing)
            for j in jobs
        ]
        for is_last in (False, True):
            token = uuid4().hex[:8]
            jobs_by_key = {f"judge-{token}-{job.key}": job for job in left}
            futures = [
                client.submit(judge_step, job, key=key, pure=False)
                for key, job in jobs_by_key.items()
            ]
            left = []
            for future in as_completed(futures, loop=client.loop):
                job = jobs_by_key[future.key]
                (result,) = outcomes(client, [future])
                if isinstance(result, distributed.KilledWorker) and not is_last:
                    left.append(job)
                elif isinstance(result, BaseException):
                    why = (
                        f"its worker died, twice, or could not be reached ({type(result).__name__})"
                    )
                    yield failed(job, why)
                else:
                    yield result


def _result(setup: ContestSetup, key: str) -> JudgedRun | None:
    """Return what came of a judged run; None where it was not judged."""
    path = result_folder(setup, key) / RESULT
    if not path.exists():
        return None
    try:
        return validate(load(path), JudgedRun)
    except InputFaults as e:
        remedy = "remove its folder to judge it anew"
        raise InputFaults(replace(fault, remedy=remedy) for fault in e.faults) from None


def judged_answers(setup: ContestSetup) -> dict[str, JudgedAnswers]:
    """Return the answers of the runs that were judged, by key.

    Raises
    ------
    InputFaults
        A judged run cannot be read.
    """
    keys = [r.submission.key for r in receive(setup) if r.verdict.program is not None]
    keys += [f"{BASELINE}/{b.name}" for b in setup.about.baselines if b.config is not None]
    answers = {}
    for key in keys:
        result = _result(setup, key)
        if result is not None:
            files = sorted((result_folder(setup, key) / ANSWERS).glob("*.txt"))
            contents = {path.stem: path.read_bytes() for path in files}
            p50 = result.latency_ms.get("p50") if contents else None
            answers[key] = JudgedAnswers(contents, result.note, p50)
    return answers
