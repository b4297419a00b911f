"""What the machine was doing besides: processor time of us, of our children, of everybody.

Read from Linux's ``/proc``; where it is not there the answer is None, never a guess.
"""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from robotvision.systems.processes import descendants, spent_ns

_PROC = Path("/proc")
_IDLE, _IOWAIT, _STEAL = 3, 4, 7


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds since the system's start.

    Parameters
    ----------
    all_s : float or None
        Of every process, stolen time included.
    stolen_s : float or None
        What the host of a virtual machine took.
    own_s : float
        Of this process and its children, living or waited for.
    """

    all_s: float | None
    stolen_s: float | None
    own_s: float


def usage() -> Usage:
    """Return the processor time spent so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    waited = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = os.times()
    own_s = own.user + own.system + waited.ru_utime + waited.ru_stime
    own_s += sum(map(spent_ns, descendants(os.getpid()))) / 1e9
    try:
        line = (_PROC / "stat").read_text(encoding="ascii").splitlines()[0].split()
    except OSError:
        return Usage(None, None, own_s)
    values = [int(v) for v in line[1:9]]
    busy = sum(v for i, v in enumerate(values) if i not in (_IDLE, _IOWAIT))
    return Usage(busy / ticks, values[_STEAL] / ticks, own_s)


@dataclass(frozen=True, slots=True)
class Load:
    """What others took of the machine meanwhile, in shares of all its processors.

    Parameters
    ----------
    others : float
        Every process but this one and its children, stolen time included.
    stolen : float
        The host of a virtual machine.
    """

    others: float
    stolen: float

    @classmethod
    def between(cls, before: Usage, after: Usage, seconds: float, cores: int) -> Self | None:
        """Return the load between two readings; None where the system does not tell."""
        if before.all_s is None or after.all_s is None or seconds <= 0:
            return None
        whole = seconds * cores
        spent = (after.all_s - before.all_s) - (after.own_s - before.own_s)
        stolen = (after.stolen_s or 0) - (before.stolen_s or 0)
        return cls(max(0.0, spent) / whole, stolen / whole)


def forget_peak() -> bool:
    """Begin a new peak of this process's memory; return whether the system can."""
    try:
        (_PROC / "self" / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak_bytes() -> int:
    """Return the most memory this process has held since its start, or since `forget_peak`."""
    try:
        for line in (_PROC / "self" / "status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def children_peak_bytes() -> int:
    """Return the most memory that any one child held, of those that have ended; 0: none."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
