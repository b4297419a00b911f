"""Start or join the cluster a sweep runs on: local processes, a scheduler, or a described one.

A cluster file names a class of Dask's and what to build it with::

    class: dask_jobqueue.SLURMCluster
    params: {queue: short, cores: 1, memory: 4GB, walltime: "02:00:00"}
    workers: 20                     # or adapt: {minimum: 0, maximum: 40}
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from robotvision.cluster.cores import placement
from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.yamlfile import Strict, load, validate

CONNECT_S = 5.0
ALLOWED_FAILURES = 1
"""Workers that may die over a step before it is put aside, to be repeated on its own."""
PRELOADED = ("distributed.nanny", "robotvision.sweep.worker", "sklearn.svm")
"""Modules that the fork server loads once; each local worker starts as a copy of it."""


class ClusterFile(Strict):
    """The contents of a cluster file."""

    class_: str = Field(alias="class", min_length=1, description="dotted name")
    params: dict[str, Any] = {}
    workers: int | None = Field(default=None, ge=1)
    adapt: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Which cluster a sweep runs on.

    Parameters
    ----------
    scheduler : str or None
        Address of a running one.
    file : Path or None
        A cluster file.
    workers : int or None
        Of the local cluster; None: one a core, or one a core but the first where ``exclusive``.
    is_inside : bool
        One worker in this process, for results that no other process sees.
    """

    scheduler: str | None = None
    file: Path | None = None
    workers: int | None = None
    exclusive: bool = False
    is_inside: bool = False
    connect_s: float = CONNECT_S

    @property
    def is_local(self) -> bool:
        """Whether the workers are started here."""
        return self.scheduler is None and self.file is None


@contextmanager
def open_client(options: ClusterOptions) -> Iterator[Any]:
    """Open a client of the cluster, closed afterwards with whatever was started for it.

    Raises
    ------
    RobotVisionError
        The scheduler cannot be reached, or the cluster cannot be built.
    """
    try:
        import dask
        import distributed  # noqa: F401 (checked before anything is started)
    except ImportError as e:
        raise MissingExtraError(
            "sweep: Dask is not installed; pip install 'robotvision[cluster]'"
        ) from e
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        "distributed.worker.daemon": True,
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.worker.memory.target": False,  # results are short: nothing to spill, and
        "distributed.worker.memory.spill": False,  # a worker paused for its memory stays paused
        "distributed.worker.memory.pause": False,
        "distributed.worker.profile.enabled": False,  # it would sample the stacks of timed code
    }
    for name in ("distributed", "distributed.client"):  # failures are recorded in the rows
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(settings):
        if options.scheduler is not None:
            with _connect(options) as client:
                yield client
            return
        if not options.is_inside:
            _preload()
        cluster = _start_local(options) if options.file is None else _start_described(options.file)
        try:
            with make_client(cluster, set_as_default=False) as client:
                yield client
        finally:
            cluster.close()


@contextmanager
def _connect(options: ClusterOptions) -> Iterator[Any]:
    try:
        client = make_client(options.scheduler, timeout=options.connect_s, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as e:
        raise RobotVisionError(
            f"--scheduler {options.scheduler}: cannot be reached within {options.connect_s:g} s; "
            "is 'dask scheduler' running there, and does the address begin with tcp://?"
        ) from e
    with client:
        yield client


def _start_local(options: ClusterOptions) -> Any:
    import distributed

    cores = len(os.sched_getaffinity(0))
    n = options.workers or (max(1, cores - 1) if options.exclusive else cores)
    if options.exclusive and n > max(1, cores - 1):
        raise RobotVisionError(
            f"--workers {n}: with --exclusive each worker has a core of its own and one is left to "
            f"the scheduler; this machine has {cores}"
        )
    local: Any = distributed.LocalCluster  # Dask has no types
    return local(
        n_workers=1 if options.is_inside else n,
        threads_per_worker=1,
        processes=not options.is_inside,
        dashboard_address=":0",
        silence_logs=logging.CRITICAL,
        **({} if options.is_inside else {"preload": "robotvision.sweep.quiet"}),
    )


def _preload() -> None:
    """Preload what workers need in the process that they are forked from.

    A worker, and one that takes a dead one's place, then starts in a tenth of a second.
    """
    from distributed.utils import get_mp_context

    context: Any = get_mp_context  # Dask has no types
    context().set_forkserver_preload(list(PRELOADED))


def make_client(*args: Any, **options: Any) -> Any:
    """Return a client of Dask, which has no types."""
    import distributed

    client: Any = distributed.Client
    return client(*args, **options)


def has_dashboard() -> bool:
    """Return whether Dask's dashboard can be shown from here."""
    return importlib.util.find_spec("bokeh") is not None


def _start_described(path: Path) -> Any:
    about = validate(load(path), ClusterFile)
    module, _, name = about.class_.rpartition(".")
    try:
        cluster_class = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as e:
        raise RobotVisionError(
            f"{path}: class {about.class_!r}: cannot be imported ({e}); install its package here"
        ) from e
    try:
        cluster = cluster_class(**about.params)
    except (TypeError, ValueError, OSError, RuntimeError) as e:
        raise RobotVisionError(f"{path}: {about.class_}: {str(e).splitlines()[0]}") from e
    if about.adapt is not None:
        cluster.adapt(**about.adapt)
    elif about.workers is not None:
        cluster.scale(about.workers)
    return cluster


def require_same_release(client: Any, version: str) -> None:
    """Raise RobotVisionError where a worker has another release of robotvision, or none."""
    releases = client.run(importlib.metadata.version, "robotvision", on_error="return")
    wrong = [
        f"worker {address}: "
        + (
            "robotvision is not installed there"
            if isinstance(v, Exception)
            else f"robotvision {v}, here it is {version}"
        )
        for address, v in sorted(releases.items())
        if v != version
    ]
    if wrong:
        raise RobotVisionError("; ".join(wrong[:3]) + "; install the same release on every worker")


def find_sharing(client: Any) -> Mapping[str, str]:
    """Return, for each worker that shares cores with another, that one's address."""
    places: dict[str, tuple[str, tuple[int, ...]]] = client.run(placement)
    shared: dict[str, str] = {}
    for address, (host, cores) in places.items():
        for other, (its_host, its_cores) in places.items():
            if other != address and its_host == host and set(cores) & set(its_cores):
                shared[address] = other
    return shared
