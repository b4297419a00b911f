"""What is collected from a real cluster whose worker is killed between a step and its result."""

from __future__ import annotations

import operator
import os
import signal
import time
from pathlib import Path

import distributed
import pytest

from robotvision.cluster.outcome import outcomes
from robotvision.cluster.start import ClusterOptions, open_client
from robotvision.errors import RobotVisionError
from tests.fixtures.clusters import dask
from tests.fixtures.patience import PATIENCE_S


def _await_status(future: distributed.Future, *wanted: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while future.status not in wanted:
        assert time.monotonic() < until, future.status
        time.sleep(0.01)


def test_a_result_that_died_with_its_worker_is_computed_again() -> None:
    """The sweep goes on; results and exceptions of the same batch keep their places."""
    with open_client(ClusterOptions(workers=1)) as client:
        first = client.submit(operator.add, 1, 2, pure=False)
        fault = client.submit(operator.truediv, 1, 0, pure=False)
        other = client.submit(operator.add, 3, 4, pure=False)
        for future in (first, fault, other):
            _await_status(future, "finished", "error")
        (process,) = client.run(os.getpid).values()
        os.kill(process, signal.SIGKILL)
        _await_status(first, "lost", "pending")
        found = outcomes(client, [first, fault, other])
    assert (found[0], found[2]) == (3, 7)
    assert isinstance(found[1], ZeroDivisionError)


def test_a_scheduler_that_is_gone_is_one_error(tmp_path: Path) -> None:
    """Its results cannot be had any more, finished or not."""
    with (
        dask(dict(os.environ), tmp_path / "log", 1) as (address, (scheduler, *_)),
        open_client(ClusterOptions(scheduler=address, connect_s=PATIENCE_S)) as client,
    ):
        future = client.submit(operator.add, 1, 2, pure=False)
        _await_status(future, "finished")
        scheduler.kill()
        _await_status(future, "cancelled", "lost")
        with pytest.raises(RobotVisionError, match="the scheduler was lost"):
            outcomes(client, [future])
