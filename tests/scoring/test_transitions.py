"""Transitions: hand-worked sequences, and counts that must add up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.runs.log import RunRecord, SequenceRecord
from robotvision.runs.table import table_of
from robotvision.scoring import FrameTable, judge
from robotvision.scoring.policy import named_policy
from robotvision.scoring.table import ANSWERED, NEVER
from robotvision.scoring.transitions import FrameGroup, Recognition, transitions
from robotvision.tasks import load_task
from tests.fixtures.examples import examples

TASK = load_task("imageclef2012")


def scored(truth: str, answer: str, segment: str | None = None, step_s: float = 1.0) -> FrameTable:
    """Make a scored table from letters; ``.`` in ``answer`` is no answer."""
    n = len(truth)
    t = np.array([ord(c) for c in truth])
    a = np.array([-1 if c == "." else ord(c) for c in answer])
    s = np.zeros(n, int) if segment is None else np.array([int(c) for c in segment])
    points = np.where(a == t, 1.0, np.where(a < 0, 0.0, -0.5))
    never, answered = np.full(n, NEVER), np.full(n, ANSWERED)
    return FrameTable(
        labels=tuple(map(chr, range(128))),
        objects=(),
        sequences=("tour",),
        sets=("test",),
        sequence=np.zeros(n, int),
        index=np.arange(n),
        timestamp_ns=(np.arange(n) * step_s * 1e9).astype(np.int64),
        segment=s,
        truth=t,
        answer=a,
        confidence=np.full(n, np.nan),
        stated=None,
        in_view=None,
        due_ns=np.zeros(n, int),
        started_ns=never,
        finished_ns=never,
        own=answered,
        points=points,
    )


def test_time_to_recognise_counts_from_the_door_to_the_first_right_answer() -> None:
    found = transitions(scored("AAAABBBBCCDD", "AAAAAABB..DD", step_s=0.5))
    assert (found.jumps.entered, found.jumps.at_once) == (1, 1)
    doors = found.doors
    assert (doors.entered, doors.never, doors.at_once) == (3, 1, 1)
    assert doors.median_frames == 1  # B after two frames, D at once
    assert doors.median_s == 0.5


def test_delays_are_summed_up_by_median_and_90th_percentile() -> None:
    """Doors after 0 to 4 frames of half a second: the median is 2, nine tenths of the way 3.6."""
    found = transitions(
        scored("ABBBBBCCCCCDDDDDEEEEEFFFFF", "ABBBBBBCCCCCCDDDDDDEEEEEEF", step_s=0.5)
    )
    assert found.doors == Recognition(5, 0, 1, 2.0, pytest.approx(3.6), 1.0, pytest.approx(1.8))
    assert found.jumps == Recognition(1, 0, 1, 0.0, 0.0, 0.0, 0.0)


def test_rooms_never_recognised_have_no_delay() -> None:
    found = transitions(scored("AABBCC", "BBCCAA"))
    assert found.doors == Recognition(2, 2, 0, None, None, None, None)
    assert found.jumps == Recognition(1, 1, 0, None, None, None, None)


def test_a_visit_of_one_frame_after_a_jump_is_followed_by_a_door() -> None:
    found = transitions(scored("AAB", "AAB", "011"))
    assert (found.jumps.entered, found.doors.entered) == (2, 1)


def test_a_kidnapping_is_a_jump_and_not_a_door() -> None:
    found = transitions(scored("AAABBB", "AAAABB", "000111"))
    assert (found.doors.entered, found.jumps.entered) == (0, 2)
    assert found.boundary.frames == 0
    assert found.jumps.median_frames == 0.5


def test_flicker_counts_changes_of_mind_while_the_room_stays() -> None:
    found = transitions(scored("AAAAAABBBBBB", "AABA.ABBBBBB", step_s=10))
    assert found.flickers == 4
    assert found.minutes == pytest.approx(100 / 60)
    assert found.flicker_per_minute == pytest.approx(4 / (100 / 60))
    assert transitions(scored("AB", "AB")).flicker_per_minute is None


def test_minutes_are_those_spent_inside_visits() -> None:
    """Exactly, down to a nanosecond; a clock that goes back adds nothing."""
    assert transitions(scored("AAAAAAA", "AAAAAAA", step_s=100)).minutes == 10.0
    assert transitions(scored("AA", "AA", step_s=1e-9)).minutes == 1 / 60e9
    back = scored("AAA", "AAA")
    stamps = np.array([0, 60, 30]) * 10**9
    assert transitions(replace(back, timestamp_ns=stamps)).minutes == 1.0


def test_boundary_frames_lie_within_k_of_a_door_and_inside_the_segment() -> None:
    found = transitions(scored("AAAAABBBBB", "AAAAAAABBB"), near=3)
    assert (found.boundary.frames, found.boundary.wrong) == (6, 2)
    assert (found.inside.frames, found.inside.points) == (4, 4)
    assert found.boundary.error_rate == pytest.approx(1 / 3)
    assert found.near == 3
    wide = transitions(scored("AABABBBBBB", "AABABBBBBB"), near=2)
    assert wide.boundary.frames == 6  # where boundaries overlap a frame counts once
    cut = transitions(scored("AAABBAAA", "AAABBAAA", "00000111"), near=5)
    assert cut.boundary.frames == 5


def test_frames_are_right_wrong_or_silent() -> None:
    """Two doors with a frame on either side: the codes 0 and 1 are rooms as any other."""
    truth = "\0\0\0\1\1\1CCC"
    found = transitions(scored(truth, "\0.\0\0.\1\1CC"), near=1)
    assert found.boundary == FrameGroup(4, 2, 2, 0, 1.0)
    assert found.inside == FrameGroup(5, 3, 0, 2, 3.0)


def test_an_empty_table_has_nothing_to_say() -> None:
    found = transitions(scored("", ""))
    assert (found.doors.entered, found.boundary.frames, found.inside.frames) == (0, 0, 0)
    assert found.inside.error_rate is None


def test_columns_of_different_lengths_are_refused() -> None:
    good = scored("AB", "AB")
    with pytest.raises(RobotVisionError, match=r"columns of one length, got \[1, 2\]"):
        replace(good, points=good.points[:1])


@examples(60)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from("AB."), st.booleans()),
        min_size=1,
        max_size=60,
    ),
    st.integers(0, 6),
)
def test_parts_add_up_to_the_whole(rows: list[tuple[str, str, bool]], near: int) -> None:
    truth, answer = "".join(r[0] for r in rows), "".join(r[1] for r in rows)
    t = replace(scored(truth, answer), segment=np.cumsum([r[2] for r in rows]))
    found = transitions(t, near)
    parts = (found.boundary, found.inside)
    assert sum(p.frames for p in parts) == len(rows)
    assert sum(p.points for p in parts) == pytest.approx(t.points.sum())
    assert sum(p.correct for p in parts) == (t.truth == t.answer).sum()
    n_visits = 1 + sum(truth[i] != truth[i - 1] or rows[i][2] for i in range(1, len(rows)))
    assert found.doors.entered + found.jumps.entered == n_visits


def record(clock: str) -> RunRecord:
    """Three frames 100 ns apart; each answer takes 150 ns, so the second is skipped."""
    times = [(0, 0, 150), (100, None, None), (200, 200, 350)]
    frames = [
        FrameRecord.of(
            due,
            0,
            TimedAnswer(i, Answer("Toilet") if start is not None else None, due, start, end),
            Truth("Toilet"),
        )
        for i, (due, start, end) in enumerate(times)
    ]
    about = {"clock": clock, "task": TASK.model_dump(mode="json")}
    return RunRecord(Path("x"), about, [SequenceRecord({"frames": 3}, frames)])


def test_the_age_of_an_answer_under_each_policy() -> None:
    """Held: from the frame it spoke of to the judging; own: from its frame to its end."""
    wall = table_of(record("wall"))
    held = judge(wall, named_policy("streaming", 100))
    assert held.age_ns.tolist() == [NEVER, 200, 300]
    assert held.source.tolist() == [0, 0, 0]
    own = judge(wall, named_policy("deadline", 100))
    assert own.age_ns.tolist() == [150, NEVER, 150]
    with pytest.raises(ValueError, match="judged already"):
        judge(own, named_policy("offline"))


def test_frames_without_truth_are_left_out() -> None:
    """They are of no room: no visit, no door, no boundary."""
    table = scored("AAAABBBBCCDD", "AAAAAABB..DD")
    known = np.array([c not in "BC" for c in "AAAABBBBCCDD"])
    hidden = replace(table, truth=np.where(known, table.truth, -1))
    assert transitions(hidden) == transitions(table.select(known))
