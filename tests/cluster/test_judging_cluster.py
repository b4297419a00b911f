"""Judging on a cluster of real processes: a worker that is killed loses no run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from robotvision.cluster.start import ClusterOptions
from robotvision.contest import add, boards, judge, judged_answers
from robotvision.contest.judge_run import JudgedRun
from tests.fixtures.clusters import dask
from tests.fixtures.contests import begin_judged, write_program_pack
from tests.fixtures.patience import PATIENCE_S

N_RUNS = 3


def test_a_worker_that_is_killed_loses_no_run(tmp_path: Path, tour: Callable[..., Path]) -> None:
    """Two workers; one dies in the middle of a run, which the other repeats."""
    rule = "isolation: auto, policy: offline, clock: asap"
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden", n_each=1), rule)
    for i in range(N_RUNS):
        add(setup, [write_program_pack(tmp_path / f"p{i}.zip", 0.1, group=f"T{i}")])
    results: list[JudgedRun] = []
    with dask(dict(os.environ), tmp_path / "log", 2) as (address, (_, first, second)):
        options = ClusterOptions(scheduler=address, connect_s=PATIENCE_S)
        judging = Thread(target=lambda: results.extend(judge(setup, options)))
        judging.start()
        until = time.monotonic() + PATIENCE_S
        while not (busy := [w for w in (first, second) if _is_judging(w.pid)]):
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.02)
        os.kill(busy[0].pid, signal.SIGKILL)
        judging.join(PATIENCE_S)
        assert not judging.is_alive(), (tmp_path / "log").read_text()
    assert [r.status for r in results] == ["done"] * N_RUNS, results
    assert len({r.key for r in results}) == N_RUNS
    assert all(r.frames["answered"] == 3 for r in results), results
    assert judge(setup) == []
    (board,) = boards(setup, judged=judged_answers(setup))
    assert len(board.rows) == N_RUNS
    assert not board.apart


def _is_judging(process: int) -> bool:
    """Return whether a worker has a program running below it."""
    try:
        return bool(Path(f"/proc/{process}/task/{process}/children").read_text().split()) or any(
            path.read_text().split() for path in Path(f"/proc/{process}/task").glob("*/children")
        )
    except OSError:
        return False
