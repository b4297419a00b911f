"""When a room is answered, when unknown, and when nothing."""

from __future__ import annotations

import numpy as np
import pytest

from robotvision.recogniser.decision import Decision
from robotvision.records import Answer
from robotvision.tasks.model import Task

ROOMS = ("Kitchen", "Office", "Hall")


def decide(best: float, is_unknown: bool = False, **options: object) -> Answer:
    """Return the answer to probabilities whose best, of the Office, is ``best``."""
    has_unknown = bool(options.pop("has_unknown", False))
    task = Task(id="t", rooms=ROOMS, unknown="Unknown" if has_unknown else None)
    rest = (1 - best) / 2
    decision = Decision(task, list(ROOMS), **options)  # type: ignore[arg-type]
    return decision.decide(np.array([rest, best, rest]), is_unknown)


def test_auto_answers_above_the_break_even_confidence_of_the_task():
    # +1 for right, -0.5 for wrong, 0 for silence: p - 0.5 (1 - p) = 0 at p = 1/3
    assert Decision(Task(id="t", rooms=ROOMS), list(ROOMS)).threshold == pytest.approx(1 / 3)
    assert decide(0.34) == Answer("Office", 0.34)
    flat = Decision(Task(id="t", rooms=(*ROOMS, "Lab")), [*ROOMS, "Lab"])
    assert flat.decide(np.full(4, 0.25)) == Answer(None, 0.25)


@pytest.mark.parametrize(
    ("best", "room"), [(0.625, None), (0.75, None), (0.7500001, "Office"), (1.0, "Office")]
)
def test_a_number_is_the_confidence_that_an_answer_must_exceed(best: float, room: str | None):
    assert decide(best, abstain=0.75) == Answer(room, best)


def test_never_answers_whatever_the_confidence():
    task = Task(id="t", rooms=ROOMS)
    decision = Decision(task, list(ROOMS), "never")
    assert decision.threshold == 0.0
    assert decision.decide(np.zeros(3)) == Answer("Kitchen", 0.0)


@pytest.mark.parametrize(
    ("best", "room"), [(0.5, "Office"), (0.4999999, "Unknown"), (0.75, "Office")]
)
def test_a_confidence_below_the_number_given_is_unknown(best: float, room: str):
    answer = decide(best, has_unknown=True, unknown=0.5, abstain="never")
    assert answer.room == room
    assert answer.confidence == (best if room == "Office" else 1 - best)


def test_a_detector_and_a_low_confidence_each_suffice_for_unknown():
    for unknown, best, is_unknown, room in (
        (None, 0.75, True, "Unknown"),
        (None, 0.4, False, "Office"),
        (0.5, 0.75, True, "Unknown"),
        (0.5, 0.75, False, "Office"),
        (0.5, 0.4, False, "Unknown"),
        (0.5, 0.4, True, "Unknown"),
    ):
        got = decide(best, is_unknown, has_unknown=True, unknown=unknown)
        assert got.room == room, (unknown, best, is_unknown)


def test_unknown_comes_before_silence():
    assert decide(0.4, has_unknown=True, unknown=0.5, abstain=0.9) == Answer("Unknown", 0.6)


def test_a_task_without_an_unknown_label_never_answers_it():
    assert decide(0.75, is_unknown=True, unknown=0.9) == Answer("Office", 0.75)


def test_of_equal_rooms_the_first_is_answered():
    decision = Decision(Task(id="t", rooms=ROOMS), list(ROOMS), "never")
    assert decision.decide(np.array([0.25, 0.375, 0.375])) == Answer("Office", 0.375)


def test_without_a_detector_no_frame_is_unknown():
    decision = Decision(Task(id="t", rooms=ROOMS, unknown="Unknown"), list(ROOMS))
    assert decision.decide(np.array([0.5, 0.25, 0.25])) == Answer("Kitchen", 0.5)


@pytest.mark.parametrize(
    ("beyond", "room"), [(0.0, "Office"), (0.1, "Office"), (0.3, None), (0.5, "Unknown")]
)
def test_a_zone_that_may_be_unknown_takes_its_share(beyond: float, room: str | None) -> None:
    """Room, silence or unknown by what each is worth, 0.5 being the best room's own."""
    task = Task(id="t", rooms=ROOMS, unknown="Unknown")
    p = np.array([0.25, 0.5, 0.25])
    assert Decision(task, list(ROOMS), abstain=0.4).decide(p, beyond=beyond).room == room
