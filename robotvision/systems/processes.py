"""Processor time of processes and their threads, as Linux's ``/proc`` gives it.

Where there is no ``/proc`` every answer is empty or 0: nothing is known, nothing is guessed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

Threads = dict[tuple[int, int], int]
"""(process, thread) -> nanoseconds on a processor since its start."""

_WAITING = ("libgomp", "libiomp", "libomp", "openblas", "libmkl", "libtbb", "onnxruntime")
"""Libraries whose idle threads spin for some milliseconds in the hope of more work."""
_USER, _CHILDREN_SYSTEM = 11, 14
"""Fields of ``/proc/<pid>/stat`` behind the name: own and waited-for time, user and system."""


def descendants(pid: int) -> list[int]:
    """Return the numbers of all that ``pid`` has started, and they, the nearest first."""
    pids = [pid]
    for known in pids:
        with contextlib.suppress(OSError):  # gone already
            for task in os.listdir(f"/proc/{known}/task"):
                text = Path(f"/proc/{known}/task/{task}/children").read_text()
                pids += [int(word) for word in text.split()]
    return pids[1:]


def thread_times(pids: Iterable[int]) -> Threads:
    """Return the processor time of every living thread of ``pids``."""
    times: Threads = {}
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended since
            for tid in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(OSError, IndexError):
                    text = Path(f"/proc/{pid}/task/{tid}/schedstat").read_bytes()
                    times[pid, int(tid)] = int(text.split()[0])
    return times


def is_running(pid: int, tid: int) -> bool:
    """Return whether a thread is on a processor, or waits for one."""
    try:
        return stat_of(f"{pid}/task/{tid}")[0] == "R"
    except OSError:
        return False


def stat_of(task: str | int) -> list[str]:
    """Return what the kernel tells of a process or thread, from its state on. Raises OSError.

    See proc_pid_stat(5); the name before it may hold spaces and brackets.
    """
    text = Path(f"/proc/{task}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def spent_ns(pid: int) -> int:
    """Return the processor time of a process and of the children that it has waited for.

    In steps of a clock tick (10 ms); 0 where it has ended.
    """
    try:
        fields = stat_of(pid)[_USER : _CHILDREN_SYSTEM + 1]
    except OSError:
        return 0
    return sum(map(int, fields)) * 10**9 // os.sysconf("SC_CLK_TCK")


def may_wait_actively(pid: int) -> bool:
    """Return whether a process has loaded a library whose idle threads keep processors busy."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(name in maps for name in _WAITING)
