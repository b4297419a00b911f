"""What a step knows of the worker it runs on, and how it takes processor cores of its own."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from robotvision.cluster.cores import own_cores


def _worker() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None  # a worker has imported it; without the extra there is none
    try:
        return distributed.get_worker()
    except ValueError:
        return None  # called outside a cluster


def worker_name() -> str:
    """Return the name of this worker, empty outside a cluster."""
    worker = _worker()
    return "" if worker is None else str(worker.name)


def worker_address() -> str:
    """Return the address of this worker, empty outside a cluster."""
    worker = _worker()
    return "" if worker is None else str(worker.address)


def n_worker_threads() -> int:
    """Return how many steps this worker does at a time."""
    worker = _worker()
    return 1 if worker is None else int(worker.state.nthreads)


@cache
def take_own_cores(n: int) -> None:
    """Move this process, its threads included, to cores of its own, by a local worker's name."""
    name = str(worker_name())
    cores = own_cores(int(name) if name.isdigit() else 0, os.sched_getaffinity(0), n)
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), cores)
