"""Late-frame rules on cases worked by hand."""

from __future__ import annotations

import pytest

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, Outcome, TimedAnswer
from robotvision.scoring.policy import (
    POLICIES,
    Judge,
    Policy,
    Verdict,
    named_policy,
    parse_deadline,
    parse_policy,
)


def frame(
    i: int,
    due: int,
    begun: int | None = None,
    done: int | None = None,
    room: str | None = "A",
    fault: str | None = None,
) -> TimedAnswer:
    answer = Answer(room) if done is not None and fault is None else None
    return TimedAnswer(i, answer, due, begun, done, {}, fault)


def judged(policy: Policy, frames: list[TimedAnswer]) -> list[Verdict]:
    judge = Judge(policy)
    deadlines = policy.deadlines([f.due_ns for f in frames])
    found = []
    for timed, deadline in zip(frames, deadlines, strict=True):
        found += list(judge.push(timed, deadline))
    return found + list(judge.flush())


def test_own_credits_an_answer_whenever_it_comes() -> None:
    """Offline, an answer an hour late counts for its frame."""
    verdict = judged(named_policy("offline"), [frame(0, 0, 0, 3600 * 10**9)])[0]
    assert verdict.outcome is None
    assert verdict.timed.answer == Answer("A")


def test_an_answer_at_the_deadline_is_in_time_and_one_ns_later_is_late() -> None:
    """A deadline of 33 counts from the due time and includes its last nanosecond."""
    policy = named_policy("deadline", 33)
    found = judged(policy, [frame(0, 0, 0, 33), frame(1, 100, 100, 134), frame(2, 200)])
    assert [v.outcome for v in found] == [None, Outcome.LATE, Outcome.SKIPPED]


def test_next_frame_is_the_due_time_of_the_frame_after_and_the_last_has_the_median() -> None:
    """Uneven steps of 10, 30 and 10 give deadlines at 10, 40, 50 and 60."""
    assert named_policy("deadline").deadlines([0, 10, 40, 50]) == [10, 40, 50, 60]
    assert named_policy("deadline").deadlines([7]) == [7]
    assert named_policy("deadline").deadlines([]) == []


def test_hold_judges_each_instant_by_the_newest_answer_there_is() -> None:
    """Answers of 25 for frames due at 0, 10, 20, 30: what is known, and how old it is."""
    frames = [
        frame(0, 0, 0, 25, "A"),
        frame(1, 10),
        frame(2, 20, 25, 50, "B"),
        frame(3, 30),
        frame(4, 40),
        frame(5, 50, 50, 75, "C"),
        frame(6, 60),
    ]
    found = judged(named_policy("streaming"), frames)
    rooms = [v.timed.answer.room if v.timed.answer else None for v in found]
    assert [v.outcome for v in found[:3]] == [Outcome.LATE, Outcome.SKIPPED, Outcome.LATE]
    assert rooms[3:] == ["A", "A", "B", "B"]
    assert [v.age_ns for v in found] == [None, None, None, 30, 40, 30, 40]
    assert [v.timed.index for v in found] == list(range(7))


def test_hold_with_a_deadline_may_use_the_answer_of_a_later_frame() -> None:
    """At its deadline a frame is judged by the newest answer, be it for a frame that came after."""
    frames = [frame(0, 0, 0, 5, "A"), frame(1, 10, 10, 15, "B"), frame(2, 20, 20, 90, "C")]
    found = judged(named_policy("streaming", 20), frames)
    assert [v.timed.answer.room for v in found if v.timed.answer] == ["B", "B", "B"]
    assert [v.age_ns for v in found] == [10, 20, 30]


def test_hold_keeps_the_last_answer_over_a_frame_on_which_the_system_failed() -> None:
    """A fault brings no answer; what was known before stands, and it ages."""
    frames = [frame(0, 0, 0, 5, "A"), frame(1, 10, 10, 15, fault="broke"), frame(2, 20, 20, 25)]
    found = judged(named_policy("streaming", 8), frames)
    assert [v.outcome for v in found] == [None, None, None]
    assert [v.age_ns for v in found] == [8, 18, 8]


def test_a_fault_is_failed_and_not_late() -> None:
    """A system that fails after the deadline has failed; a frame that could not be read too."""
    frames = [frame(0, 0, 0, 500, fault="broke"), frame(1, 10, fault="no picture")]
    for name in ("offline", "deadline", "streaming", "queue"):
        found = judged(named_policy(name), frames)
        assert [v.outcome for v in found] == [Outcome.FAILED] * 2


def test_every_frame_gets_one_verdict_in_order_under_every_policy() -> None:
    """Nothing is judged twice, nothing is forgotten."""
    frames = [frame(i, 10 * i, 10 * i, 10 * i + 9) for i in range(20)]
    for name in POLICIES:
        assert [v.timed.index for v in judged(named_policy(name), frames)] == list(range(20))


def test_policies_are_described_with_the_deadline_that_applies() -> None:
    """Reports name the rule and its deadline; where lateness costs nothing there is none."""
    assert named_policy("offline").describe() == {
        "name": "offline",
        "backlog": "queue",
        "late": "own",
    }
    assert named_policy("deadline").describe()["deadline_ms"] == "next-frame"
    assert named_policy("streaming").describe()["deadline_ms"] == 0
    assert parse_policy("newest+hold", 5_000_000).describe() == {
        "name": "newest+hold",
        "backlog": "newest",
        "late": "hold",
        "deadline_ms": 5.0,
    }


def test_wrong_names_and_deadlines_are_one_clear_line() -> None:
    """A typo is met with the near name, a negative or odd deadline with what was expected."""
    with pytest.raises(RobotVisionError, match="policy 'strming' is not known; did you mean 'str"):
        parse_policy("strming")
    with pytest.raises(RobotVisionError, match="policy 'oldest\\+own': expected newest or queue"):
        parse_policy("oldest+own")
    with pytest.raises(RobotVisionError, match="deadline: expected a time of at least 0, got -1"):
        named_policy("deadline", -1_000_000)
    for text in ("-1", "nan", "inf", "soon"):
        with pytest.raises(RobotVisionError, match="milliseconds of at least 0 or 'next-frame'"):
            parse_deadline(text)
    assert parse_deadline("33.3") == 33_300_000
    assert parse_deadline("next-frame") == "next-frame"


def test_a_held_answer_keeps_the_times_of_the_frame_it_is_used_for() -> None:
    """The verdict is of the frame: its own number, times and stages, with an earlier answer."""
    policy = named_policy("streaming", 0)
    stages = {"features": 3, "classifier": 2}
    later = TimedAnswer(1, Answer("B"), 20, 22, 29, stages)
    verdicts = judged(policy, [frame(0, 0, 0, 10), later])
    assert verdicts[1] == Verdict(TimedAnswer(1, Answer("A"), 20, 22, 29, stages), None, 20)


def test_an_answer_that_finishes_with_the_one_before_counts_at_that_instant() -> None:
    """Two answers finish at 50, which is the first frame's deadline: the newer one holds."""
    frames = [frame(0, 0, 0, 50, "A"), frame(1, 50, 50, 50, "B"), frame(2, 60, 60, 70, "C")]
    verdicts = judged(named_policy("queue", 50), frames)
    assert [v.timed.answer for v in verdicts] == [Answer("B"), Answer("C"), Answer("C")]


def test_a_fault_with_an_answer_beside_it_holds_nothing() -> None:
    """What a failing system said is not used for the frames after."""
    failed = TimedAnswer(1, Answer("B"), 10, 10, 15, {}, "it failed")
    verdicts = judged(named_policy("streaming", 0), [frame(0, 0, 0, 5), failed, frame(2, 20)])
    assert [v.timed.answer for v in verdicts[1:]] == [Answer("A"), Answer("A")]


def test_a_policy_of_two_halves_keeps_its_deadline() -> None:
    """Whether it is spelt by halves or by name."""
    assert parse_policy("queue+deadline", 5) == Policy("queue", "deadline", 5)
    assert parse_policy("deadline", 5) == named_policy("deadline", 5)
    assert parse_policy("deadline", 5).deadline_ns == 5
    assert parse_deadline("0") == 0
    assert parse_deadline("0.5") == 500_000


def test_a_wrong_policy_is_told_whole() -> None:
    with pytest.raises(RobotVisionError) as caught:
        parse_policy("queue+own+hold")
    assert str(caught.value) == (
        "policy 'queue+own+hold': expected newest or queue, then '+', then own, deadline, hold"
    )
    with pytest.raises(RobotVisionError) as caught:
        Policy("queue", "deadline", -2_500_000)
    assert str(caught.value) == "deadline: expected a time of at least 0, got -2.5 ms"
