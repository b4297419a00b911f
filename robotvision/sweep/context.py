"""What every step of a sweep receives and returns, and the worker process it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from robotvision.cluster.cores import pin_threads
from robotvision.cluster.worker import take_own_cores, worker_name
from robotvision.errors import RobotVisionError
from robotvision.plugins.plugin_path import import_own, search_also
from robotvision.plugins.provenance import code_of_module, forget_changed
from robotvision.sweep.loading import load_sequence
from robotvision.version import __version__


@dataclass(frozen=True, slots=True)
class Context:
    """What every step receives.

    Parameters
    ----------
    results, cache : str
        Paths or URLs of the results and of the extracted vectors.
    version : str
        The release of robotvision that planned the sweep.
    limit : int or None
        Frames of each test sequence.
    exclusive : bool
        One run a worker with cores of its own, so that latencies can be quoted.
    threads : int
        Of each numeric library.
    is_local : bool
        Workers are numbered from 0 and take cores of this machine.
    token : str
        Names this call's steps, so that a cluster that outlives it mistakes none for later ones.
    sharing : Mapping[str, str]
        Worker's address -> another worker on its cores.
    folders : tuple of str
        Where plug-ins by dotted name are searched, in this order.
    codes : Mapping[str, str]
        Module of a plug-in of one's own -> digest of its code where the sweep was planned.
    """

    results: str
    cache: str
    version: str = __version__
    limit: int | None = None
    exclusive: bool = False
    threads: int = 1
    is_local: bool = True
    token: str = ""
    sharing: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The file a step wrote, by name; empty where nothing could be stored, with the reason."""

    name: str = ""
    note: str = ""
    error: str = ""


def begin(context: Context) -> None:
    """Make this process ready for a step: its release checked, its cores and threads set."""
    if context.version != __version__:
        raise RobotVisionError(
            f"worker {worker_name()}: robotvision {__version__}, the sweep was planned by "
            f"{context.version}; install the same release on every worker"
        )
    if context.exclusive and context.is_local:
        take_own_cores(context.threads)
    pin_threads(context.threads)
    for folder in context.folders:
        search_also(Path(folder))
    _check_code(context.token, tuple(context.codes.items()))


@lru_cache(maxsize=1)
def _check_code(call: str, codes: tuple[tuple[str, str], ...]) -> None:
    """Read again, once a call, what a worker that outlives calls has in memory; compare the code.

    Raises
    ------
    RobotVisionError
        A plug-in's code here is not that of where the sweep was planned.
    """
    forget_changed()
    load_sequence.cache_clear()
    for module, digest in codes:
        import_own(module)
        code = code_of_module(module)
        if code.digest != digest:
            why = f" ({code.why})" if code.why else ""
            raise RobotVisionError(
                f"worker {worker_name()}: {code.origin} is not the code that the sweep was "
                f"planned with{why}; bring the same files and packages to every worker"
            )
