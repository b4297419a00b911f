"""What came of steps that a cluster finished: results, or the exceptions they ended with.

A worker may die between the end of a step and the collection of its result. Dask then calls the
future lost for a while, and does the step again: that is waited for. A future that is cancelled,
or that cannot be asked for any more, has lost its scheduler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any

from robotvision.errors import RobotVisionError

LOST = (
    "the scheduler was lost, with it the runs that were under way; call the same command again to "
    "go on"
)


def outcomes(client: Any, futures: Sequence[Any]) -> list[Any]:
    """Return the result of each future, or its exception; wait for what is done again.

    Parameters
    ----------
    client : distributed.Client
    futures : sequence of distributed.Future
        Of steps that return something other than None.

    Raises
    ------
    RobotVisionError
        The scheduler was lost.
    """
    if any(f.status == "cancelled" for f in futures):
        raise RobotVisionError(LOST)
    try:
        # Of a step that ended with an exception, gather skips the result and hands out None.
        results = client.gather({f.key: f for f in futures}, errors="skip")
        return [f.exception() if results[f.key] is None else results[f.key] for f in futures]
    except (OSError, TimeoutError, asyncio.CancelledError, CancelledError) as e:
        raise RobotVisionError(LOST) from e
