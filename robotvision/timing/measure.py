"""Time a system on a sequence: warm-up, then pass after pass until the quantiles are supported.

The warm-up shows the sequence's images mirrored: whatever a system keeps of images that it has
seen, it has seen none of those that are timed.

Every frame goes through the player and the run log exactly as in a run (clock ``asap``), so what is
timed is what a run does. The whole cycle from one frame to the next is accounted for: waiting for
the pixels, hand-over, the system's call with its stages and the rest of it, the log line, and the
harness's own residual. Decode runs beside it, in a thread, and is told apart.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from robotvision.arrays import Ints
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.playback.player import Replay, play
from robotvision.playback.sensor_faults import mirrored
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import FrameRecord
from robotvision.runs.log import RunLog
from robotvision.scoring.policy import named_policy
from robotvision.systems.base import System
from robotvision.systems.leftovers import owned_folder
from robotvision.timing.load import Usage, forget_peak, peak_bytes, usage
from robotvision.timing.quantiles import QUANTILES, frames_needed, mean_and_share, summary
from robotvision.timing.work import Meter, Rests, Work, after_answers

OUTSIDE = ("wait", "hand-over", "log", "residual", "cycle", "decode")
"""Rows that lie outside the timed interval."""
MIN_PASSES = 3


@dataclass(slots=True)
class Timed:
    """What was measured of one system.

    Parameters
    ----------
    position : list of int
        Of each measured frame in its sequence.
    pass_number : list of int
        Which time over the sequence it was.
    columns : dict of str to list of int
        Nanoseconds by row: each stage, ``rest``, ``total``, then `OUTSIDE`. A frame may lack a
        stage, so columns differ in length.
    warm_up_ns : list of int
        Latencies of the frames that were left out.
    n_failed : int
    first_fault : str or None
    seconds : float
        From the first measured frame to the last.
    collections, collecting_ns : int
        Runs of the garbage collector meanwhile, and their time.
    before, after : Usage or None
        Processor time of the whole machine and of the harness with the system.
    work : Work
        The system's own.
    rests : Rests
        What it did after some answers before the warm-up.
    peak_bytes : int
        The most memory this process held meanwhile.
    is_peak_own : bool
        False: since the start of the process, training included.
    """

    position: list[int] = field(default_factory=list)
    pass_number: list[int] = field(default_factory=list)
    columns: dict[str, list[int]] = field(default_factory=dict)
    warm_up_ns: list[int] = field(default_factory=list)
    n_failed: int = 0
    first_fault: str | None = None
    seconds: float = 0.0
    collections: int = 0
    collecting_ns: int = 0
    before: Usage | None = None
    after: Usage | None = None
    work: Work = field(default_factory=Work)
    rests: Rests = field(default_factory=Rests)
    peak_bytes: int = 0
    is_peak_own: bool = False

    @property
    def total(self) -> Ints:
        """Latency of each measured frame, in nanoseconds."""
        return np.asarray(self.columns.get("total", ()), np.int64)

    @property
    def n_passes(self) -> int:
        """How often the sequence was gone over, the last time perhaps in part."""
        return self.pass_number[-1] + 1 if self.pass_number else 0

    def table(
        self, quantiles: Mapping[str, float] | None = None
    ) -> dict[str, dict[str, float | None]]:
        """Return the quantiles of each row; None where so few frames cannot support one.

        ``wait`` comes with its mean and its share of the loop besides.
        """
        rows: dict[str, dict[str, float | None]] = {
            k: {**summary(v, quantiles)} for k, v in self.columns.items() if v
        }
        if "wait" in rows:
            loop = sum(sum(self.columns[k]) for k in ("wait", "hand-over", "total"))
            rows["wait"] |= mean_and_share(self.columns["wait"], loop)
        return rows

    @property
    def throughput_hz(self) -> float | None:
        """Frames a second through the whole loop, waiting for decode included."""
        cycles = self.columns.get("cycle")
        return len(cycles) / sum(cycles) * 1e9 if cycles else None

    @property
    def jitter_ns(self) -> int | None:
        """Mean difference between the latencies of one frame and the next."""
        total = self.total
        return int(np.abs(np.diff(total)).mean()) if len(total) > 1 else None


@dataclass(frozen=True, slots=True)
class TimingOptions:
    """How long a system is timed, and for what.

    Parameters
    ----------
    quantiles : tuple of float
        That are reported; the highest of them is to be supported.
    warm_up : int
        Frames that are answered before, and left out.
    max_s : float
        Stop after so many seconds, whatever is supported by then.
    n_passes : int or None
        Exactly so many, in place of until supported.
    n_rests : int
        Frames before the warm-up after which the system is watched, see `robotvision.timing.work`.
    """

    quantiles: tuple[float, ...] = tuple(QUANTILES.values())
    warm_up: int = 20
    max_s: float = 60.0
    n_passes: int | None = None
    n_rests: int = 0


def measure(
    system: System,
    sequence: ImageSequence,
    options: TimingOptions = TimingOptions(),
    channels: tuple[str, ...] | None = None,
    progress: Progress = quiet,
) -> Timed:
    """Time a started system.

    Parameters
    ----------
    system : System
        Started.
    sequence : ImageSequence
    options : TimingOptions
    channels : tuple of str, optional
        Decode only these.
    progress : callable
        Receives (name of the sequence, frames done, frames wanted).

    Raises
    ------
    RobotVisionError
        The sequence is empty, or the system cannot begin it.
    """
    if not len(sequence):
        raise RobotVisionError(f"{sequence.name}: no frames to time a system on")
    with owned_folder() as folder:
        log = RunLog(Path(folder) / "run.jsonl")
        try:
            return _Measuring(system, sequence, channels, log, progress).run(options)
        finally:
            log.close()


class _Measuring:
    def __init__(
        self,
        system: System,
        sequence: ImageSequence,
        channels: tuple[str, ...] | None,
        log: RunLog,
        progress: Progress,
    ) -> None:
        self.system, self.sequence, self.channels = system, sequence, channels
        self.log, self.progress = log, progress
        self.measured = Timed()
        self._collecting = 0

    def run(self, options: TimingOptions) -> Timed:
        measured, n = self.measured, len(self.sequence)
        if options.n_rests:
            measured.rests = after_answers(
                self.system, mirrored(self.sequence), self.channels, options.n_rests
            )
            measured.warm_up_ns += measured.rests.latencies_ns
        self._warm_up(options.warm_up)
        least = max(frames_needed(max(options.quantiles)), MIN_PASSES * n)
        least += -(-least // max(1, n - 1))  # the first frame of a pass has no cycle of its own
        wanted = least if options.n_passes is None else options.n_passes * n
        measured.is_peak_own = forget_peak()
        gc.callbacks.append(self._collected)
        measured.before = usage()
        begun = perf_counter_ns()
        end = begun + round(options.max_s * 1e9)
        try:
            number = 0
            while len(measured.position) + measured.n_failed < wanted and perf_counter_ns() < end:
                self._pass(number, wanted, end)
                number += 1
        finally:
            gc.callbacks.remove(self._collected)
        measured.seconds = (perf_counter_ns() - begun) / 1e9
        measured.after = usage()
        measured.peak_bytes = peak_bytes()
        self._order()
        return measured

    def _warm_up(self, n: int) -> None:
        replay = Replay(named_policy("offline"))
        while n > 0:
            for record in play(mirrored(self.sequence), self.system, replay, 0, self.channels):
                if n <= 0:
                    return
                n -= 1
                self.log.frame(record)
                if record.timed.latency_ns is not None:
                    self.measured.warm_up_ns.append(record.timed.latency_ns)

    def _pass(self, number: int, wanted: int, end: int) -> None:
        measured = self.measured
        replay, meter = Replay(named_policy("offline")), Meter(self.system)
        last: int | None = None
        for position, record in enumerate(
            play(self.sequence, self.system, replay, 0, self.channels)
        ):
            there = perf_counter_ns()
            self.log.frame(record)
            now = perf_counter_ns()
            self._note(record, number, position, now - there, None if last is None else now - last)
            done = len(measured.position) + measured.n_failed
            self.progress(self.sequence.name, min(done, wanted), wanted)
            meter.add(record)
            if done >= wanted or now > end:
                break
            last = perf_counter_ns()
        measured.work += meter.work()

    def _note(
        self, record: FrameRecord, number: int, position: int, log_ns: int, cycle_ns: int | None
    ) -> None:
        measured, timed = self.measured, record.timed
        if timed.fault is not None:
            measured.n_failed += 1
            measured.first_fault = measured.first_fault or timed.fault
            return
        total = timed.latency_ns or 0
        measured.position.append(position)
        measured.pass_number.append(number)
        for stage, value in timed.stages_ns.items():
            self._add(stage, value)
        self._add("rest", total - sum(timed.stages_ns.values()))
        self._add("total", total)
        wait, handover = record.wait_ns or 0, record.handover_ns or 0
        self._add("wait", wait)
        self._add("hand-over", handover)
        self._add("log", log_ns)
        if cycle_ns is not None:
            self._add("residual", cycle_ns - wait - handover - total - log_ns)
            self._add("cycle", cycle_ns)
        self._add("decode", record.decode_ns or 0)

    def _add(self, name: str, value: int) -> None:
        self.measured.columns.setdefault(name, []).append(value)

    def _order(self) -> None:
        """Put the stages first and what lies outside the timed interval last."""
        columns = self.measured.columns
        last = ("rest", "total", *OUTSIDE)
        stages = [k for k in columns if k not in last]
        self.measured.columns = {k: columns[k] for k in (*stages, *last) if k in columns}

    def _collected(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._collecting = perf_counter_ns()
        else:
            self.measured.collections += 1
            self.measured.collecting_ns += perf_counter_ns() - self._collecting
