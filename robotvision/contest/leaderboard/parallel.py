"""Pages of many runs, made by as many processes as there are cores.

Each process is a Python of its own that receives its share through a pipe: nothing is forked, so
threads of the caller do no harm, and the caller's script is not run again.
"""

from __future__ import annotations

import os
import pickle  # nosec B403
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from robotvision.errors import RobotVisionError

FEWEST = 12
"""Pages for which a further process pays: starting one takes as long as about ten pages."""
Render = Callable[[Sequence[Any]], list[tuple[str, str]]]


def write_pages(render: Render, jobs: Sequence[Any], folder: Path) -> None:
    """Write the pages that ``render`` makes of the jobs into a folder.

    Parameters
    ----------
    render : callable
        A function at the top of a module: some jobs -> file name and text of their pages.
    jobs : sequence
        What can be pickled.
    folder : Path
        It exists.

    Raises
    ------
    RobotVisionError
        A process failed.
    OSError
        A page cannot be written.
    """
    n = max(1, min(_n_cores(), len(jobs) // FEWEST))
    shares = [jobs[i::n] for i in range(n)]
    processes = [_start(render, share, folder) for share in shares[1:]]
    try:
        _write(render, shares[0], folder)
        failed = [p for p in processes if p.wait()]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    if failed:
        raise RobotVisionError(
            f"{folder}: {len(failed)} of the processes that write its pages failed; see above"
        )


def _n_cores() -> int:
    """Return how many cores this process may use."""
    can_tell = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if can_tell else os.cpu_count() or 1


def _write(render: Render, jobs: Sequence[Any], folder: Path) -> None:
    for job in jobs:
        for name, text in render([job]):
            (folder / name).write_text(text, "utf-8", "backslashreplace")


def _start(render: Render, jobs: Sequence[Any], folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import work; work()"], stdin=subprocess.PIPE
    )
    if process.stdin is None:
        raise AssertionError("stdin is a pipe")
    try:
        with process.stdin:
            pickle.dump((sys.path, render, jobs, folder), process.stdin)
    except BrokenPipeError:
        pass  # it failed already, and its exit code says so
    return process


def work() -> None:
    """Write the share of pages that stands on stdin."""
    # our own parent writes this pipe # nosec B301
    path, render, jobs, folder = pickle.load(sys.stdin.buffer)  # nosec B301
    sys.path[:] = path
    _write(render, jobs, folder)
