"""Transitions: hand-worked tours, and counts that must add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.runs.log import RunRecord, SequenceRecord
from robotvision.runs.recount import answer_ages
from robotvision.scoring.policy import named_policy
from robotvision.scoring.transitions import Tour, transitions


def tour(truth: str, answer: str, segment: str | None = None, step_s: float = 1.0) -> Tour:
    """Make a tour from letters; ``.`` in ``answer`` is no answer."""
    n = len(truth)
    t = np.array([ord(c) for c in truth])
    a = np.array([-1 if c == "." else ord(c) for c in answer])
    s = np.zeros(n, int) if segment is None else np.array([int(c) for c in segment])
    points = np.where(a == t, 1.0, np.where(a < 0, 0.0, -0.5))
    return Tour(np.zeros(n, int), s, (np.arange(n) * step_s * 1e9).astype(np.int64), t, a, points)


def test_time_to_recognise_counts_from_the_door_to_the_first_right_answer() -> None:
    found = transitions(tour("AAAABBBBCCDD", "AAAAAABB..DD", step_s=0.5))
    assert (found.jumps.entered, found.jumps.at_once) == (1, 1)
    doors = found.doors
    assert (doors.entered, doors.never, doors.at_once) == (3, 1, 1)
    assert doors.median_frames == 1  # B after two frames, D at once
    assert doors.median_s == 0.5


def test_a_kidnapping_is_a_jump_and_not_a_door() -> None:
    found = transitions(tour("AAABBB", "AAAABB", "000111"))
    assert (found.doors.entered, found.jumps.entered) == (0, 2)
    assert found.boundary.frames == 0
    assert found.jumps.median_frames == 0.5


def test_flicker_counts_changes_of_mind_while_the_room_stays() -> None:
    found = transitions(tour("AAAAAABBBBBB", "AABA.ABBBBBB", step_s=10))
    assert found.flickers == 4
    assert found.minutes == pytest.approx(100 / 60)
    assert found.flicker_per_minute == pytest.approx(4 / (100 / 60))
    assert transitions(tour("AB", "AB")).flicker_per_minute is None


def test_boundary_frames_lie_within_k_of_a_door_and_inside_the_segment() -> None:
    found = transitions(tour("AAAAABBBBB", "AAAAAAABBB"), near=3)
    assert (found.boundary.frames, found.boundary.wrong) == (6, 2)
    assert (found.inside.frames, found.inside.points) == (4, 4)
    assert found.boundary.error_rate == pytest.approx(1 / 3)
    cut = transitions(tour("AAABBAAA", "AAABBAAA", "00000111"), near=5)
    assert cut.boundary.frames == 5


def test_an_empty_tour_has_nothing_to_say() -> None:
    found = transitions(tour("", ""))
    assert (found.doors.entered, found.boundary.frames, found.inside.frames) == (0, 0, 0)
    assert found.inside.error_rate is None


def test_columns_of_different_lengths_are_refused() -> None:
    good = tour("AB", "AB")
    with pytest.raises(RobotVisionError, match=r"columns of one length, got \[1, 2\]"):
        Tour(good.sequence, good.segment, good.time_ns, good.truth, good.answer, good.points[:1])


@settings(max_examples=60, deadline=None)
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
    t = tour(truth, answer)
    segment = np.cumsum([r[2] for r in rows])
    t = Tour(t.sequence, segment, t.time_ns, t.truth, t.answer, t.points)
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
            TimedAnswer(i, Answer("A") if start is not None else None, due, start, end),
            Truth("A"),
        )
        for i, (due, start, end) in enumerate(times)
    ]
    from pathlib import Path

    return RunRecord(Path("x"), {"clock": clock}, [SequenceRecord({"frames": 3}, frames)])


def test_the_age_of_an_answer_under_each_policy() -> None:
    """Held: from the frame it spoke of to the judging; own: from its frame to its end."""
    wall = record("wall")
    assert answer_ages(wall, named_policy("streaming", 100)) == [None, 200, 300]
    assert answer_ages(wall, named_policy("deadline", 100)) == [150, None, 150]
