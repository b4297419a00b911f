"""Work that a system does after its answer, outside the timed interval, by its processor time.

A latency says what a system costs only if the work for a frame is done when its answer is in. A
system that answers at once and computes afterwards, in a thread or a child process, is found in two
ways. Over a whole run, its processor time is set beside the timed intervals: so many processors can
do only so much in them. And in a rest: after an answer the harness waits until the system is idle,
and whatever processor time it takes meanwhile was spent after the answer (`after_answers`).

Idle threads of OpenMP, BLAS and the like spin for some milliseconds in the hope of more work. They
are told apart, where they lived before the frame: in this process threads that Python did not
start, in a program those that had a part in the interval and whose process has loaded such a
library.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

from robotvision.data.sequence import ImageSequence
from robotvision.playback.decode import decode_threads, decoding_ns
from robotvision.playback.player import Replay, play
from robotvision.records import FrameRecord
from robotvision.scoring.policy import named_policy
from robotvision.systems.base import System
from robotvision.systems.processes import (
    Threads,
    descendants,
    is_running,
    may_wait_actively,
    spent_ns,
    thread_times,
)

STEP_S = 0.006
"""Between two readings of a rest: more than a tick, at which the kernel's counts move."""
IDLE_STEPS = 3
IDLE_SHARE = 0.05
"""Of a processor: a system that takes less over `IDLE_STEPS` rests."""
LONG_EVERY, LONG_S = 5, 0.12
"""Every fifth rest lasts so long at least: work may begin late."""
MOST_S, MOST_AT_END_S = 0.6, 2.0
SLACK_NS = 60_000_000
"""Counts of processes move in steps of a hundredth of a second each."""
FLOOR_NS = 500_000
"""So much a frame is not worth a word: a program that writes its log after the answer."""
PART_NS = 20_000
"""A thread that ran for less in the interval had no part in the answer."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What a system did between an answer and the next frame, given time.

    Parameters
    ----------
    work_ns : int
        Processor time of its threads and children.
    waiting_ns : int
        Of threads that may only have been waiting actively.
    is_idle : bool
        Whether it came to rest while it was watched.
    """

    work_ns: int = 0
    waiting_ns: int = 0
    is_idle: bool = True


@dataclass(frozen=True, slots=True)
class Rests:
    """What a system did after some of its answers, on average.

    Parameters
    ----------
    work_ns, waiting_ns : int
        As of a `Rest`, mean.
    is_restless : bool
        Whether it kept a processor busy through most of them.
    latencies_ns : tuple of int
        Of these frames, but for those that failed.
    """

    work_ns: int = 0
    waiting_ns: int = 0
    is_restless: bool = False
    latencies_ns: tuple[int, ...] = ()

    @classmethod
    def of(cls, rests: Sequence[Rest], latencies_ns: Sequence[int]) -> Self:
        """Return the mean of what was seen."""
        n = max(1, len(rests))
        return cls(
            sum(r.work_ns for r in rests) // n,
            sum(r.waiting_ns for r in rests) // n,
            sum(not r.is_idle for r in rests) > n / 2,
            tuple(latencies_ns),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "frames": len(self.latencies_ns),
            "interval_ns": self.interval_ns,
            "work_ns": self.work_ns,
            "waiting_ns": self.waiting_ns,
            "is_restless": self.is_restless,
        }

    @property
    def interval_ns(self) -> int:
        """Median latency of these frames."""
        return int(median(self.latencies_ns or [0]))

    @property
    def least_ns(self) -> int:
        """From what on work after an answer counts: a tenth of the interval, and `FLOOR_NS`.

        Of the shortest one: a busy machine lengthens intervals, but no processor time.
        """
        return max(FLOOR_NS, min(self.latencies_ns, default=0) // 10)


@dataclass(slots=True)
class Work:
    """The processor time of a system beside its timed intervals.

    Parameters
    ----------
    frames : int
        That were asked; the first of a sequence is left out, with the reset before it.
    interval_ns : int
        Sum of their timed intervals.
    answering_ns : int
        Processor time of the thread that asked: in process the system's own, at most the intervals.
    others_ns : int
        Of the system's other threads and processes, until they rested after the last answer.
    """

    frames: int = 0
    interval_ns: int = 0
    answering_ns: int = 0
    others_ns: int = 0

    def __iadd__(self, other: Work) -> Self:
        self.frames += other.frames
        self.interval_ns += other.interval_ns
        self.answering_ns += other.answering_ns
        self.others_ns += other.others_ns
        return self

    @property
    def system_ns(self) -> int:
        """Processor time of the system."""
        return self.answering_ns + self.others_ns

    def exceeds(self, n_processors: int) -> bool:
        """Return whether so many processors cannot have done it within the intervals."""
        return self.others_ns > n_processors * self.interval_ns + SLACK_NS + FLOOR_NS * self.frames

    def describe(self, n_processors: int) -> str:
        """Return in words that it `exceeds` them."""
        return (
            f"the system took {self.others_ns / self.frames / 1e6:.2f} ms of processor time a "
            f"frame, more than {n_processors} processors can do in the "
            f"{self.interval_ns / self.frames / 1e6:.2f} ms that were timed: it works after its "
            "answers, and the latencies do not hold all of it"
        )

    def to_json(self) -> dict[str, int]:
        """Return plain data."""
        return {
            "frames": self.frames,
            "interval_ns": self.interval_ns,
            "system_ns": self.system_ns,
        }


class Meter:
    """Reads the processor time of a system; of one in this process, without the harness's.

    It must be used in the thread that replays.

    Parameters
    ----------
    system : System
        Started.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._frames = self._interval_ns = self._wait_ns = 0
        self._begun_ns = 0
        self._before = (0, 0)

    def add(self, record: FrameRecord) -> None:
        """Take a frame that was just answered; the first one begins the count."""
        if not self._begun_ns:
            self._begun_ns, self._before = time.perf_counter_ns(), self._read()
            return
        self._frames += 1
        self._wait_ns += record.wait_ns or 0
        if record.finished_ns is not None and record.started_ns is not None:
            self._interval_ns += record.finished_ns - record.started_ns

    def work(self) -> Work:
        """Return what was spent since the first frame, once the system rests."""
        if not self._frames:
            return Work()
        main, others = self._read()
        # this thread works for the system and for the harness in turn: by their shares of the time
        busy_ns = max(1, time.perf_counter_ns() - self._begun_ns - self._wait_ns)
        answering = (main - self._before[0]) * self._interval_ns // busy_ns
        answering = max(0, min(answering, self._interval_ns))
        if _is_any_running(self.threads()):
            self.rest({}, most_s=MOST_AT_END_S)
            others = self._read()[1]
        others = max(0, others - self._before[1])
        return Work(self._frames, self._interval_ns, answering, others)

    @property
    def _is_here(self) -> bool:
        return self.system.process_id == os.getpid()

    def _read(self) -> tuple[int, int]:
        """Return the time of this thread and of all else that is the system's."""
        pid = self.system.process_id
        if not pid:
            return 0, 0
        others = sum(map(spent_ns, descendants(pid)))
        if not self._is_here:
            return 0, others + spent_ns(pid)
        waited = resource.getrusage(resource.RUSAGE_CHILDREN)
        others += int((waited.ru_utime + waited.ru_stime) * 1e9)
        harness = _harness_threads()
        own = sum(ns for (_, tid), ns in thread_times([pid]).items() if tid in harness)
        main = time.thread_time_ns()
        return main, others + time.process_time_ns() - main - own - decoding_ns()

    def threads(self) -> Threads:
        """Return the time of each of its threads, without this one and the harness's."""
        pid = self.system.process_id
        if not pid:
            return {}
        times = thread_times([pid, *descendants(pid)])
        if self._is_here:
            for tid in (threading.get_native_id(), *_harness_threads(), *decode_threads()):
                times.pop((pid, tid), None)
        return times

    def rest(self, handed_over: Threads, least_s: float = 0.0, most_s: float = MOST_S) -> Rest:
        """Wait until the system is idle and return what it did meanwhile.

        Parameters
        ----------
        handed_over : Threads
            What each thread had spent when the frame was handed over.
        least_s, most_s : float
            How long to wait at least and at most.
        """
        answered = last = self.threads()
        begun = time.monotonic()
        seen, n_idle = dict(answered), 0
        while n_idle < IDLE_STEPS or time.monotonic() - begun < least_s:
            step = time.monotonic()
            if step - begun > most_s:
                break
            time.sleep(STEP_S)
            now = self.threads()
            grown = sum(ns - last.get(key, 0) for key, ns in now.items())
            is_idle = grown < IDLE_SHARE * (time.monotonic() - step) * 1e9
            n_idle = n_idle + 1 if is_idle and not _is_any_running(now) else 0
            seen.update(now)
            last = now
        spent = {key: ns - answered.get(key, 0) for key, ns in seen.items()}
        parts = {k: ns - handed_over[k] for k, ns in answered.items() if k in handed_over}
        waiting = sum(ns for key, ns in spent.items() if ns and self._may_wait(key, parts))
        return Rest(sum(spent.values()) - waiting, waiting, n_idle >= IDLE_STEPS)

    def _may_wait(self, key: tuple[int, int], parts: Threads) -> bool:
        """Return whether a thread may only have waited actively for more work."""
        pid, tid = key
        if key not in parts:  # it did not live when the frame was handed over
            return False
        if pid == os.getpid():
            return tid not in {t.native_id for t in threading.enumerate()}
        return tid != pid and parts[key] > PART_NS and may_wait_actively(pid)


def _is_any_running(threads: Threads) -> bool:
    return any(is_running(pid, tid) for pid, tid in threads)


def _harness_threads() -> set[int]:
    """Return the numbers of the harness's own threads, but for those that decode and replay."""
    return {
        t.native_id
        for t in threading.enumerate()
        if t.native_id is not None
        and (t.name.startswith("robotvision-") or type(t).__module__.startswith("rich."))
    }


def after_answers(
    system: System,
    sequence: ImageSequence,
    channels: tuple[str, ...] | None = None,
    n_frames: int = 20,
) -> Rests:
    """Ask a started system for some frames and watch it after each answer but the first.

    At the first its threads are new; later what is new is work. It must not have work left over
    from other frames. Pools of OpenMP and BLAS in this process are set to one thread meanwhile:
    they have no idle threads then that could be taken for work.
    """
    meter, rests, latencies = Meter(system), [], []
    replay = Replay(named_policy("offline"), limit=n_frames)
    with _one_thread():
        before = meter.threads()
        for k, record in enumerate(play(sequence, system, replay, 0, channels)):
            rest = meter.rest(before, LONG_S if k % LONG_EVERY == 1 else 0.0)
            before = meter.threads()
            if k and record.fault is None:
                rests.append(rest)
                latencies.append(record.timed.latency_ns or 0)
    return Rests.of(rests, latencies)


@contextmanager
def _one_thread() -> Iterator[None]:
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    n_threads = 0 if torch is None else torch.get_num_threads()
    with threadpool_limits(1):
        try:
            if torch is not None:
                torch.set_num_threads(1)
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(n_threads)
