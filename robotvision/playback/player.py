"""The player: one sequence, one system, one clock; every frame comes out once, in order.

Three clocks. ``asap``: the next frame comes when the last answer is in, and is due at that moment.
``wall``: frames fall due in real time. ``simulated``: frames fall due in virtual time, which the
system's measured latencies (or given ones) move on; idle time costs nothing.

The timed interval is the system's call and nothing else. Waiting, decoding, logging and scoring lie
outside it; what was done before the clock started (due times, deadlines) is not done again.
"""

from __future__ import annotations

import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import Literal, NoReturn

from msgspec import UNSET
from msgspec.structs import replace

from robotvision.data.sequence import ImageSequence
from robotvision.errors import SystemFault
from robotvision.playback.decode import DecodeAhead, Decoded
from robotvision.playback.schedule import due_times
from robotvision.records import NO_OBJECTS, NO_STAGES, Frame, FrameRecord
from robotvision.scoring.policy import Policy
from robotvision.systems.base import Reply, System, View

ClockName = Literal["asap", "wall", "simulated"]
SPIN_NS = 1_000_000
"""The last stretch before a due time is spun, not slept: a sleep overshoots by 0.1 ms and more."""
LEAD_NS = 5_000_000
"""Time from the first decoded frame to its due time on the wall clock."""

Latency = Callable[[int], int]
"""Position -> nanoseconds, in place of what is measured (simulated clock only)."""
Ask = Callable[[Frame], Reply]


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
    posteriors: dict[int, Mapping[str, float]] | None = None,
) -> Iterator[FrameRecord]:
    """Yield what became of each frame, in order, the skipped ones included.

    A system that cannot begin the sequence fails each of its frames.

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
    posteriors : dict, optional
        Receives the probabilities behind each answer, by the frame's index, where they are known.

    Raises
    ------
    RobotVisionError
        Time stamps go back.
    """
    positions = replay.positions(sequence)[skip:]
    due = replay.due(sequence)[skip:]
    run = _Run(sequence, system, replay, positions, due)
    run.posteriors = posteriors
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
        self.clock = replay.clock
        self.latency = replay.latency if replay.clock == "simulated" else None
        self.t0 = 0
        self.ask: Callable[[Frame], Reply] = synchronised(system.answer)
        self.posteriors: dict[int, Mapping[str, float]] | None = None
        self.free = 0  # when the system is idle again, on the run's clock

    def frames(self, decoder: DecodeAhead) -> Iterator[FrameRecord]:
        decoder.wait_for_first()
        is_wall = self.replay.clock == "wall"
        self.t0 = perf_counter_ns() + (LEAD_NS if is_wall else 0)
        may_skip = self.replay.clock != "asap" and self.replay.policy.backlog == "newest"
        k, n = 0, len(self.positions)
        while k < n:
            if may_skip:
                now = perf_counter_ns() - self.t0 if is_wall else self.free
                newest = bisect_right(self.due, now, k) - 1
                for missed in range(k, newest):
                    yield self._unanswered(missed, self.due[missed])
                k = max(k, newest)
            yield self._query(k, decoder)
            k += 1

    def _query(self, k: int, decoder: DecodeAhead) -> FrameRecord:
        idle = perf_counter_ns()
        decoded = decoder.get(k)
        if self.clock == "wall":
            wait_until(self.t0 + self.due[k])
        ready = perf_counter_ns()
        frame, fault, decode_ns, decoded_at = decoded
        if frame is None:
            due = self.due[k] if self.clock != "asap" else ready - self.t0
            return self._unanswered(k, due, decoded, ready - idle)
        answer, stages, posterior = None, None, None
        ask = self.ask
        started = perf_counter_ns()
        try:
            answer, stages, posterior = ask(frame)
        except SystemFault as e:
            fault = str(e)
        finished = perf_counter_ns()
        begin, due = self._place(k, started)
        latency = finished - started
        if self.latency is not None:
            latency = self.latency(k)
        self.free = begin + latency
        entry = self.sequence.frames[self.positions[k]]
        if posterior is not None and self.posteriors is not None:
            self.posteriors[entry.index] = posterior
        return FrameRecord(
            entry.index,
            entry.timestamp_ns,
            entry.segment,
            due,
            begin,
            self.free,
            UNSET if answer is None else answer.room,
            UNSET if answer is None else answer.confidence,
            (answer.objects if answer is not None else None) or NO_OBJECTS,
            {name: int(ns) for name, ns in stages.items()} if stages else NO_STAGES,
            decode_ns,
            None if self.clock == "simulated" else decoded_at - self.t0,
            ready - idle,
            started - ready,
            fault,
            *self._truth(entry.index),
        )

    def _place(self, k: int, started: int) -> tuple[int, int]:
        """Return when the frame was taken and due, on the run's clock."""
        if self.clock == "simulated":
            return max(self.due[k], self.free), self.due[k]
        begin = started - self.t0
        return begin, begin if self.clock == "asap" else self.due[k]

    def _unanswered(
        self, k: int, due: int, decoded: Decoded | None = None, wait_ns: int | None = None
    ) -> FrameRecord:
        """Return the record of a frame that was skipped, or whose image could not be read."""
        entry = self.sequence.frames[self.positions[k]]
        room, objects = self._truth(entry.index)
        record = FrameRecord(entry.index, entry.timestamp_ns, entry.segment, due, None, None)
        if decoded is None:
            return replace(record, truth_room=room, truth_objects=objects)
        return replace(
            record,
            decode_ns=decoded.decode_ns,
            decoded_ns=None if self.clock == "simulated" else decoded.ready_ns - self.t0,
            wait_ns=wait_ns,
            handover=None,
            fault=decoded.problem,
            truth_room=room,
            truth_objects=objects,
        )

    def _truth(self, index: int) -> tuple[str | None, tuple[str, ...]]:
        truth = self.sequence.truth.get(index) if self.sequence.truth else None
        if truth is None:
            return None, ()
        return truth.room, tuple(sorted(truth.objects)) if truth.objects else ()


def _refuse(words: str, frame: Frame) -> NoReturn:
    raise SystemFault(words)


def wait_until(moment_ns: int) -> None:
    """Return at ``moment_ns`` of `perf_counter_ns`: asleep for the most part, then spinning."""
    left = moment_ns - perf_counter_ns()
    if left > SPIN_NS:
        time.sleep((left - SPIN_NS) / 1e9)
    while perf_counter_ns() < moment_ns:
        pass


def synchronised(ask: Ask) -> Ask:
    """Return ``ask``, waiting for torch's GPU after it where this process has one in use.

    Whether it has is checked once, before the clock starts: without a GPU nothing is added.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ask
    wait: Callable[[], None] = torch.cuda.synchronize

    def asked(frame: Frame) -> Reply:
        reply = ask(frame)
        wait()
        return reply

    return asked
