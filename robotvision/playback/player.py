"""The player: one sequence, one system, one clock; every frame comes out once, in order.

Three clocks. ``asap``: the next frame comes when the last answer is in, and is due at that moment.
``wall``: frames fall due in real time. ``simulated``: frames fall due in virtual time, which the
system's measured latencies (or given ones) move on; idle time costs nothing.

The timed interval is the system's call and nothing else. Waiting, decoding, logging and scoring lie
outside it; what was done before the clock started (due times, deadlines) is not done again.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Literal, NoReturn

from robotvision.data.sequence import ImageSequence
from robotvision.errors import SystemFault
from robotvision.playback.decode import DecodeAhead, Decoded
from robotvision.playback.gpu import synchronised
from robotvision.playback.schedule import due_times
from robotvision.records import Frame, FrameRecord, TimedAnswer
from robotvision.scoring.policy import Policy
from robotvision.systems.base import Reply, System, View

ClockName = Literal["asap", "wall", "simulated"]
SPIN_NS = 1_000_000
"""The last stretch before a due time is spun, not slept: a sleep overshoots by 0.1 ms and more."""
LEAD_NS = 5_000_000
"""From the first decoded frame to its due time on the wall clock."""

Latency = Callable[[int], int]
"""Position -> nanoseconds, in place of what is measured (simulated clock only)."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How a sequence is replayed.

    Parameters
    ----------
    policy : Policy
    clock : str
        ``asap``, ``wall`` or ``simulated``.
    rate_hz : float or None
        Impose a fixed rate; None: the recorded times.
    speed : float
        Of the recording.
    start_s : float
        Leave out the frames before so many seconds of the recording.
    limit : int or None
        At most so many frames.
    depth : int
        Frames decoded ahead.
    latency : callable, optional
        A latency model for the simulated clock.
    """

    policy: Policy
    clock: ClockName = "asap"
    rate_hz: float | None = None
    speed: float = 1.0
    start_s: float = 0.0
    limit: int | None = None
    depth: int = 8
    latency: Latency | None = None

    def positions(self, sequence: ImageSequence) -> range:
        """Return the positions that are replayed."""
        first = 0
        if self.start_s > 0 and len(sequence):
            begin = sequence.frames[0].timestamp_ns + round(self.start_s * 1e9)
            while first < len(sequence) and sequence.frames[first].timestamp_ns < begin:
                first += 1
        end = len(sequence) if self.limit is None else min(len(sequence), first + self.limit)
        return range(first, end)

    def due(self, sequence: ImageSequence) -> list[int]:
        """Return when each replayed frame falls due. Raises RobotVisionError."""
        times = [sequence.frames[p].timestamp_ns for p in self.positions(sequence)]
        is_asap = self.clock == "asap"
        return due_times(times, self.rate_hz, self.speed, may_repeat=is_asap)


def play(
    sequence: ImageSequence,
    system: System,
    replay: Replay,
    skip: int = 0,
    channels: tuple[str, ...] | None = None,
) -> Iterator[FrameRecord]:
    """Yield what became of each frame, in order, the skipped ones included.

    Parameters
    ----------
    sequence : ImageSequence
    system : System
        Started; `System.reset` is called here.
    replay : Replay
    skip : int
        Frames that were replayed before (a resumed run).
    channels : tuple of str, optional
        Decode only these.

    A system that cannot begin the sequence fails each of its frames.

    Raises
    ------
    RobotVisionError
        Time stamps go back.
    """
    positions = replay.positions(sequence)[skip:]
    due = replay.due(sequence)[skip:]
    run = _Run(sequence, system, replay, positions, due)
    try:
        system.reset(View.of(sequence))
    except SystemFault as e:
        run.ask = partial(_refuse, str(e))
    with DecodeAhead(sequence, positions, replay.depth, channels) as decoder:
        yield from run.frames(decoder)


class _Run:
    def __init__(
        self,
        sequence: ImageSequence,
        system: System,
        replay: Replay,
        positions: range,
        due: list[int],
    ) -> None:
        self.sequence, self.system, self.replay = sequence, system, replay
        self.positions, self.due = positions, due
        self.t0 = 0
        self.ask: Callable[[Frame], Reply] = synchronised(system.answer)
        self.free = 0  # when the system is idle again, on the run's clock

    def frames(self, decoder: DecodeAhead) -> Iterator[FrameRecord]:
        decoder.wait_for_first()
        is_wall = self.replay.clock == "wall"
        self.t0 = perf_counter_ns() + (LEAD_NS if is_wall else 0)
        is_newest = self.replay.policy.backlog == "newest"
        k, n = 0, len(self.positions)
        while k < n:
            if self.replay.clock != "asap" and is_newest:
                now = perf_counter_ns() - self.t0 if is_wall else self.free
                newest = bisect_right(self.due, now, k) - 1
                for missed in range(k, newest):
                    yield self._skipped(missed)
                k = max(k, newest)
            yield self._asked(k, decoder)
            k += 1

    def _skipped(self, k: int) -> FrameRecord:
        return self._record(k, TimedAnswer(self._index(k), None, self.due[k]))

    def _index(self, k: int) -> int:
        return self.sequence.frames[self.positions[k]].index

    def _asked(self, k: int, decoder: DecodeAhead) -> FrameRecord:
        idle = perf_counter_ns()
        decoded = decoder.get(k)
        clock = self.replay.clock
        if clock == "wall":
            wait_until(self.t0 + self.due[k])
        there = perf_counter_ns()
        frame = decoded.frame
        if frame is None:
            due = self.due[k] if clock != "asap" else there - self.t0
            timed = TimedAnswer(self._index(k), None, due, fault=decoded.problem)
            return self._record(k, timed, decoded, there - idle)
        answer, stages, posterior, fault = None, None, None, None
        ask = self.ask
        started = perf_counter_ns()
        try:
            answer, stages, posterior = ask(frame)
        except SystemFault as e:
            fault = str(e)
        finished = perf_counter_ns()
        begin, due = self._place(k, started)
        latency = finished - started
        if clock == "simulated" and self.replay.latency is not None:
            latency = self.replay.latency(k)
        self.free = begin + latency
        timed = TimedAnswer(frame.index, answer, due, begin, self.free, stages or {}, fault)
        return self._record(k, timed, decoded, there - idle, started - there, posterior)

    def _place(self, k: int, started: int) -> tuple[int, int]:
        """Return when the frame was taken and due, on the run's clock."""
        if self.replay.clock == "simulated":
            return max(self.due[k], self.free), self.due[k]
        begin = started - self.t0
        return begin, begin if self.replay.clock == "asap" else self.due[k]

    def _record(
        self,
        k: int,
        timed: TimedAnswer,
        decoded: Decoded | None = None,
        wait_ns: int | None = None,
        handover_ns: int | None = None,
        posterior: Mapping[str, float] | None = None,
    ) -> FrameRecord:
        entry = self.sequence.frames[self.positions[k]]
        truth = self.sequence.truth.get(entry.index) if self.sequence.truth else None
        if decoded is None:
            return FrameRecord(entry.timestamp_ns, entry.segment, timed, truth)
        is_virtual = self.replay.clock == "simulated"
        ready = None if is_virtual else decoded.ready_ns - self.t0
        return FrameRecord(
            entry.timestamp_ns,
            entry.segment,
            timed,
            truth,
            decoded.decode_ns,
            ready,
            wait_ns,
            handover_ns,
            posterior=posterior,
        )


def _refuse(words: str, frame: Frame) -> NoReturn:
    raise SystemFault(words)


def wait_until(moment_ns: int) -> None:
    """Return at ``moment_ns`` of `perf_counter_ns`: asleep for the most part, then spinning."""
    left = moment_ns - perf_counter_ns()
    if left > SPIN_NS:
        time.sleep((left - SPIN_NS) / 1e9)
    while perf_counter_ns() < moment_ns:
        pass
