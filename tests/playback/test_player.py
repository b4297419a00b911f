"""One player, three clocks: every frame comes out once, in order, whatever happens."""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError, SystemFault
from robotvision.playback.decode import DecodeAhead
from robotvision.playback.player import Replay, play, wait_until
from robotvision.playback.schedule import due_times, schedule
from robotvision.records import Frame, FrameRecord
from robotvision.runs.log import RunLog, read_log
from robotvision.scoring.policy import named_policy
from robotvision.systems.base import Reply
from robotvision.timing.in_memory_sequence import InMemory, stand_in
from robotvision.timing.null import Null
from tests.fixtures.examples import examples

MS = 1_000_000


def tour(n: int, rate_hz: float = 30.0, size: tuple[int, int] = (8, 8)) -> ImageSequence:
    return stand_in(n, rate_hz=rate_hz, size=size, seconds_each=1.0)


def rooms_of(sequence: ImageSequence) -> list[str | None]:
    return [sequence.room(i) for i in range(len(sequence))]


def replayed(
    sequence: ImageSequence, system: Any, policy: str = "offline", **how: Any
) -> list[FrameRecord]:
    return list(play(sequence, system, Replay(named_policy(policy), **how)))


def test_as_fast_as_possible_every_frame_is_due_when_it_is_taken(knowing: Any) -> None:
    """No frame waits and none is late; the next comes when the last answer is in."""
    sequence = tour(20)
    system = knowing(rooms_of(sequence))
    records = replayed(sequence, system)
    assert system.asked == [r.index for r in records] == list(range(20))
    done = 0
    for record in records:
        timed = record.timed
        assert timed.due_ns == timed.started_ns
        assert timed.started_ns is not None
        assert timed.finished_ns is not None
        assert done <= timed.started_ns <= timed.finished_ns
        done = timed.finished_ns


@examples(40)
@given(
    st.lists(st.integers(0, 150 * MS), min_size=1, max_size=25),
    st.sampled_from(["offline", "deadline", "streaming", "queue"]),
    st.sampled_from([0.5, 1.0, 3.0]),
    st.sampled_from([None, 10.0]),
)
def test_the_simulated_clock_is_the_virtual_schedule(
    latency: list[int], policy: str, speed: float, rate_hz: float | None
) -> None:
    """With given latencies the player's times are, to the nanosecond, those of the arithmetic."""
    sequence = tour(len(latency))
    how = {"clock": "simulated", "speed": speed, "rate_hz": rate_hz}
    records = replayed(sequence, Null(), policy, latency=latency.__getitem__, **how)
    due = due_times([f.timestamp_ns for f in sequence.frames], rate_hz, speed)
    started, finished = schedule(due, latency, named_policy(policy).backlog)
    assert [r.timed.due_ns for r in records] == due
    assert [r.timed.started_ns for r in records] == started
    assert [r.timed.finished_ns for r in records] == finished
    assert [r.index for r in records] == list(range(len(latency)))


def test_the_simulated_clock_spends_no_time_waiting() -> None:
    """A sequence of a hundred seconds, one frame each, is over at once."""
    begun = time.monotonic()
    records = replayed(tour(100, rate_hz=1.0), Null(), "streaming", clock="simulated")
    assert records[-1].timed.due_ns == 99 * 10**9
    assert time.monotonic() - begun < 20


def wall_run(knowing: Any) -> tuple[list[FrameRecord], int]:
    """Replay 45 frames at 30 Hz into a system that sleeps 40 ms; the worst lateness by its own."""
    sequence = tour(45)
    system = knowing(rooms_of(sequence), 40 * MS)
    records = replayed(sequence, system, "streaming", clock="wall")
    taken = [r.timed for r in records if r.timed.started_ns is not None]
    free, worst = 0, 0
    for timed in taken:
        begun, done = timed.started_ns, timed.finished_ns
        assert begun is not None
        assert done is not None
        worst = max(worst, begun - max(timed.due_ns, free), (done - begun) - 40 * MS)
        free = done
    return records, worst


def test_the_wall_clock_takes_the_frames_that_virtual_time_says(knowing: Any) -> None:
    """A sleeping system takes the same number of frames, give or take one, as by arithmetic.

    Where the machine was so busy that a sleep or a delivery came 5 ms late, the run says nothing
    about the player and is made again, five times at most.
    """
    for _ in range(5):
        records, worst = wall_run(knowing)
        if worst < 5 * MS:
            break
    else:
        pytest.skip("the machine is too busy: in each of five runs a sleep came 5 ms late")
    due = due_times([f.timestamp_ns for f in tour(45).frames])
    measured = [r.timed.latency_ns or 40 * MS for r in records]
    started, _ = schedule(due, measured, "newest")
    taken = sum(r.timed.started_ns is not None for r in records)
    assert abs(taken - sum(s is not None for s in started)) <= 1
    assert [r.index for r in records] == list(range(45))
    for record in records:
        assert record.timed.started_ns is None or record.timed.started_ns >= record.timed.due_ns


def test_a_frame_is_never_delivered_early_nor_by_a_sleep_alone() -> None:
    """The wait ends after the moment, not before it, also for moments long past."""
    for ahead in (-1 * MS, 0, 50_000, 3 * MS):
        moment = time.perf_counter_ns() + ahead
        wait_until(moment)
        assert time.perf_counter_ns() >= moment


def test_a_picture_that_cannot_be_read_is_a_failed_frame_and_the_run_goes_on(knowing: Any) -> None:
    """The system is not asked; the fault says why; time does not move."""
    sequence = tour(6)
    broken = replace(sequence.frames[2], sources={"rgb": InMemory("2.jpg: not a picture")})
    frames = (*sequence.frames[:2], broken, *sequence.frames[3:])
    sequence = replace(sequence, frames=frames)
    for clock in ("asap", "simulated"):
        system = knowing(rooms_of(sequence))
        records = replayed(sequence, system, clock=clock)
        assert [r.index for r in records] == list(range(6))
        assert [r.timed.fault for r in records if r.timed.fault] == ["2.jpg: not a picture"]
        assert records[2].timed.started_ns is None
        assert system.asked == [0, 1, 3, 4, 5]


class Failing(Null):
    """Fails on every other frame."""

    def answer(self, frame: Frame) -> Reply:
        """Answer or fail."""
        if frame.index % 2:
            raise SystemFault("no idea")
        return self._reply


def test_a_system_that_fails_keeps_the_time_it_took() -> None:
    """Its fault is recorded beside its times."""
    records = replayed(tour(6), Failing(), clock="simulated", latency=lambda k: 7)
    assert [r.timed.fault for r in records] == [None, "no idea"] * 3
    assert all(r.timed.latency_ns == 7 for r in records)


def test_part_of_a_sequence_is_replayed_by_time_and_number() -> None:
    """``start_s`` leaves out what came before; ``limit`` counts from there."""
    sequence = tour(60)
    records = replayed(sequence, Null(), start_s=1.0, limit=10)
    assert [r.index for r in records] == list(range(30, 40))
    rest = list(play(sequence, Null(), Replay(named_policy("offline")), skip=58))
    assert [r.index for r in rest] == [58, 59]


def test_time_stamps_that_repeat_stop_a_clocked_run_and_no_other(knowing: Any) -> None:
    """A camera cannot deliver two frames at one time; as fast as possible it does not matter."""
    sequence = tour(4)
    frames = tuple(replace(f, timestamp_ns=f.index // 2 * MS) for f in sequence.frames)
    sequence = replace(sequence, frames=frames)
    assert len(replayed(sequence, Null())) == 4
    with pytest.raises(RobotVisionError, match="frame 1: its time stamp 0 ns repeats"):
        replayed(sequence, Null(), clock="simulated")
    assert len(replayed(sequence, Null(), clock="simulated", rate_hz=10.0)) == 4


def test_decoding_ahead_holds_no_more_frames_than_asked() -> None:
    """The thread stops at ``depth`` waiting frames and one in hand, however slow the system is."""
    read: list[int] = []

    class Counted(InMemory):
        def read(self) -> Any:
            read.append(1)
            return np.zeros((4, 4, 3), np.uint8)

    sequence = tour(50)
    frames = tuple(replace(f, sources={"rgb": Counted("")}) for f in sequence.frames)
    sequence = replace(sequence, frames=frames)
    with DecodeAhead(sequence, range(50), depth=3) as decoder:
        decoder.get(0)
        time.sleep(0.3)
        assert len(read) <= 1 + 3 + 1
        assert decoder.get(30).frame is not None
    assert len(read) <= 31 + 3 + 1
    assert not any(t.name == "decode-ahead" for t in threading.enumerate())


def test_a_bug_in_a_reader_is_not_a_failed_frame() -> None:
    """What is not a FrameError comes out with its traceback."""

    class Buggy(InMemory):
        def read(self) -> Any:
            raise ZeroDivisionError

    sequence = tour(3)
    frames = (sequence.frames[0], replace(sequence.frames[1], sources={"rgb": Buggy("")}))
    with pytest.raises(ZeroDivisionError):
        replayed(replace(sequence, frames=frames), Null())


def test_the_memory_of_a_replay_does_not_grow_with_its_length() -> None:
    """Twelve thousand frames leave no more behind than two thousand did."""
    sequence = tour(12_000)
    tracemalloc.start()
    try:
        seen = []
        for k, _ in enumerate(play(sequence, Null(), Replay(named_policy("offline")))):
            if k in (2_000, 11_999):
                seen.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert seen[1] - seen[0] < 200_000


def test_a_log_read_back_holds_what_the_player_recorded(
    knowing: Any, tmp_path: Path, log: Callable[..., Any]
) -> None:
    """Times of decoding, waiting and hand-over included."""
    sequence = tour(5)
    records = replayed(sequence, knowing(rooms_of(sequence)))
    file = RunLog(tmp_path / "run.jsonl")
    file.write("run", {"schema": 1})
    file.write("sequence", {"frames": 5})
    for record in records:
        file.frame(record)
    file.close()
    assert list(read_log(tmp_path).frames()) == records
    assert all(r.wait_ns is not None and r.handover_ns is not None for r in records)
    assert all(r.decoded_ns is not None and r.decode_ns is not None for r in records)


def test_an_answer_is_in_when_the_gpu_has_done_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torch has a GPU the clock waits for it; where it has none, nothing is added."""

    class Cuda:
        waits = 0
        there = True

        def is_available(self) -> bool:
            return self.there

        def synchronize(self) -> None:
            self.waits += 1
            time.sleep(0.002)

    cuda = Cuda()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    records = replayed(tour(5), Null())
    assert cuda.waits == 5
    assert all((r.timed.latency_ns or 0) >= 2 * MS for r in records)
    cuda.there = False
    replayed(tour(5), Null())
    assert cuda.waits == 5
