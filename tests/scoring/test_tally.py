"""Tallies: live, vectorised and merged counts agree with each other and with scikit-learn."""

from __future__ import annotations

import random
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, Outcome, TimedAnswer, Truth
from robotvision.scoring import PointsTable, Tally
from robotvision.scoring.points import SILENT
from robotvision.scoring.tally import ObjectLine, total
from robotvision.tasks import load_task
from robotvision.tasks.model import Cell, ObjectPoints, Points, RoomPoints, Task

TASKS = [load_task(n) for n in ("imageclef2009", "imageclef2012", "imageclef2013", "imageclef2014")]
OUTCOMES = [None, Outcome.LATE, Outcome.SKIPPED, Outcome.FAILED]
Frame = tuple[Truth, Answer, Outcome | None]


@st.composite
def frames(draw: st.DrawFn) -> tuple[Task, list[Frame]]:
    """Draw a task and up to 40 answered frames, made from one seed."""
    task = draw(st.sampled_from(TASKS))
    rng = random.Random(draw(st.integers(0, 2**32)))
    extra = ["Cellar"] if task.unknown else []

    def frame() -> Frame:
        seen = frozenset(o for o in task.objects if rng.random() < 0.4)
        stated = {o: rng.random() < 0.5 for o in task.objects if rng.random() < 0.7}
        truth = Truth(rng.choice([*task.labels, *extra]), seen)
        room = rng.choice([*task.labels, None])
        outcome = rng.choice(OUTCOMES) if rng.random() < 0.3 else None
        return truth, Answer(room, objects=stated), outcome

    return task, [frame() for _ in range(draw(st.integers(0, 40)))]


def tally(task: Task, drawn: list[Frame]) -> Tally:
    made = Tally(task)
    for i, (truth, answer, outcome) in enumerate(drawn):
        made.add(truth, TimedAnswer(i, answer, 0), outcome)
    return made


def state(t: Tally) -> tuple[object, ...]:
    return t.counts, t.object_counts, t.points, t.max_points, t.outcomes


@given(frames())
@settings(deadline=None, max_examples=80)
def test_every_frame_has_one_outcome(drawn: tuple[Task, list[Frame]]) -> None:
    """The six counts sum to the frames, whatever came."""
    made = tally(*drawn)
    assert sum(made.outcomes.values()) == made.frames == len(drawn[1])
    assert set(made.outcomes) == {str(o) for o in Outcome}


@given(frames(), st.randoms())
@settings(deadline=None, max_examples=80)
def test_order_does_not_change_a_digit(drawn: tuple[Task, list[Frame]], rng: random.Random) -> None:
    task, answered = drawn
    mixed = list(answered)
    rng.shuffle(mixed)
    assert state(tally(task, answered)) == state(tally(task, mixed))


@given(frames(), st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_two_halves_make_the_whole(drawn: tuple[Task, list[Frame]], cut: int) -> None:
    task, answered = drawn
    halves = tally(task, answered[:cut])
    halves += tally(task, answered[cut:])
    assert state(halves) == state(tally(task, answered))


@given(frames())
@settings(deadline=None, max_examples=80)
def test_the_points_are_the_sum_of_the_frames_points(drawn: tuple[Task, list[Frame]]) -> None:
    """Counts times worth equal the protocol applied frame by frame (every worth is dyadic)."""
    task, answered = drawn
    worth = PointsTable(task)
    expected = fsum(
        worth.of(truth, answer)[1] if outcome is None else worth.empty(truth)
        for truth, answer, outcome in answered
    )
    assert tally(task, answered).points == expected


@given(frames())
@settings(deadline=None, max_examples=60)
def test_the_points_shown_live_are_those_of_the_protocol(drawn: tuple[Task, list[Frame]]) -> None:
    task, answered = drawn
    made, worth = Tally(task), PointsTable(task)
    for i, (truth, answer, outcome) in enumerate(answered):
        scored = made.add(truth, TimedAnswer(i, answer, 0), outcome)
        found, points = worth.of(truth, answer)
        expected = (found, points) if outcome is None else (outcome, worth.empty(truth))
        assert (scored.outcome, scored.points) == expected


@given(frames())
@settings(deadline=None, max_examples=60)
def test_the_truth_earns_the_maximum(drawn: tuple[Task, list[Frame]]) -> None:
    """A system that says what is there earns every point, and nobody earns more."""
    task, answered = drawn
    perfect = Tally(task)
    for i, (truth, _, _) in enumerate(answered):
        objects = {o: o in truth.objects for o in task.objects}
        room = task.label_of(truth.room)
        perfect.add(truth, TimedAnswer(i, Answer(room, objects=objects), 0))
    assert perfect.points == perfect.max_points
    made = tally(task, answered)
    assert made.points <= made.max_points == perfect.max_points


@given(frames())
@settings(deadline=None, max_examples=80)
def test_counting_by_column_equals_counting_live(drawn: tuple[Task, list[Frame]]) -> None:
    task, answered = drawn
    worth, labels = PointsTable(task), list(task.labels)
    n_labels = len(labels)
    said, stated, seen = [], [], []
    for truth, answer, outcome in answered:
        quiet = outcome if outcome is not None else Outcome.UNANSWERED
        is_silent = outcome is not None or answer.room is None
        said.append(
            n_labels + SILENT.index(quiet) if is_silent else labels.index(answer.room or "")
        )
        given_ = {} if outcome is not None else answer.objects
        stated.append([{None: 2, True: 0, False: 1}[given_.get(o)] for o in task.objects])
        seen.append([o in truth.objects for o in task.objects])
    by_column = Tally(task)
    shape = (len(answered), len(task.objects))
    by_column.add_codes(
        np.array([labels.index(worth.label_of(t)) for t, _, _ in answered], np.int64),
        np.array(said, np.int64),
        np.array(stated, np.int64).reshape(shape),
        np.array(seen, bool).reshape(shape),
    )
    assert state(by_column) == state(tally(task, answered))


def test_the_breakdown_agrees_with_scikit_learn() -> None:
    """Confusion, precision and recall of 2,000 answers against an independent implementation."""
    task = load_task("imageclef2012")
    labels = list(task.labels)
    rng = random.Random(3)
    truth = [rng.choice(labels) for _ in range(2000)]
    said = [t if rng.random() < 0.6 else rng.choice([*labels, ""]) for t in truth]
    made = tally(
        task, [(Truth(t), Answer(s or None), None) for t, s in zip(truth, said, strict=True)]
    )
    assert (made.confusion == confusion_matrix(truth, said, labels=labels)).all()
    precision, recall, _, support = precision_recall_fscore_support(truth, said, labels=labels)
    for line, p, r, n in zip(made.rooms(), precision, recall, support, strict=True):
        assert line.precision == pytest.approx(p)
        assert line.recall == pytest.approx(r)
        assert line.frames == n


def test_the_breakdown_sums_to_the_points() -> None:
    made = tally(
        TASKS[3],
        [
            (Truth("HallEntrance", frozenset({"Chair"})), Answer("HallEntrance"), None),
            (Truth("HallEntrance"), Answer("Toilet", objects={"Chair": True}), None),
        ],
    )
    assert sum(line.points for line in made.rooms()) == made.room_points == 0.5
    assert sum(line.points for line in made.objects()) == made.object_points == -0.5


def test_every_statement_about_an_object_has_its_own_count() -> None:
    """By hand: 2^k statements of each kind; in view +1, -0.25, -0.25; else -0.25, 0, 0."""
    chair = {"Chair": True}, {"Chair": False}, {}
    made = Tally(TASKS[3])
    for k, (stated, seen) in enumerate((s, v) for v in (["Chair"], []) for s in chair):
        for i in range(2**k):
            answer = Answer("Toilet", objects=stated)
            made.add(Truth("Toilet", frozenset(seen)), TimedAnswer(i, answer, 0))
    line = next(x for x in made.objects() if x.name == "Chair")
    assert line == ObjectLine(
        "Chair",
        present=7,
        stated_present_right=1,
        stated_present_wrong=8,
        stated_absent_right=16,
        stated_absent_wrong=2,
        not_stated_present=4,
        not_stated_absent=32,
        points=1 - 0.5 - 1 - 2,
    )


def test_a_room_never_seen_and_never_said_has_no_precision_or_recall() -> None:
    line = next(x for x in Tally(load_task("imageclef2012")).rooms() if x.room == "Toilet")
    assert (line.precision, line.recall, line.frames) == (None, None, 0)


def test_a_fault_is_a_failed_frame() -> None:
    made = Tally(load_task("imageclef2012"))
    scored = made.add(Truth("Toilet"), TimedAnswer(0, None, 0, fault="it fell over"))
    assert (scored.outcome, scored.points) == (Outcome.FAILED, 0.0)
    assert (scored.truth, scored.index) == (Truth("Toilet"), 0)


def test_a_frame_without_truth_is_counted_apart() -> None:
    made = Tally(load_task("imageclef2012"))
    assert made.add(None, TimedAnswer(0, Answer("Toilet"), 0)).outcome is None
    made.add(None, TimedAnswer(1, Answer(None), 0))
    assert (made.frames, made.unscored, made.outcomes["unanswered"], made.points) == (2, 1, 1, 0)


def test_frames_without_truth_add_up_over_columns() -> None:
    """Two parts: a label and three silences each, of which the late one counts as late."""
    made = Tally(load_task("imageclef2012"))
    n = len(made.labels)
    for _ in range(2):
        made.add_codes(np.full(4, -1), np.array([0, n, n + 1, n + 1]))
    assert (made.frames, made.scored_frames, made.unscored) == (8, 0, 2)
    twice = total(made.task, {"a": made, "b": made})
    assert (twice.frames, twice.unscored, twice.outcomes["late"]) == (16, 4, 8)
    assert {o: k for o, k in made.outcomes.items() if k} == {"unanswered": 2, "late": 4}


def test_an_answer_outside_the_task_is_refused() -> None:
    with pytest.raises(RobotVisionError, match="frame 7: the answer 'Kitchn' is outside the task"):
        Tally(load_task("imageclef2012")).add(Truth("Toilet"), TimedAnswer(7, Answer("Kitchn"), 0))


def test_points_are_counts_times_what_the_task_gives() -> None:
    """Three right at 2, two wrong at -1.5, one silent at 0.25; by column without objects, too."""
    room = RoomPoints(correct=2.0, wrong=-1.5, unanswered=0.25)
    cells = ObjectPoints(stated_present=Cell(present=1.0))
    points = Points(room=room, objects=cells)
    task = Task(id="own", rooms=("A", "B"), objects=("x",), points=points)
    made = Tally(task)
    made.add_codes(np.array([0, 0, 1, 1, 0, 0, -1]), np.array([0, 0, 1, 0, 1, 2, 0]))
    assert (made.room_points, made.max_points, made.unscored) == (3.25, 12.0, 1)
    for stated, in_view in ((np.zeros((2, 1), int), None), (None, np.ones((2, 1), bool))):
        made.add_codes(np.array([0, -1]), np.array([0, 0]), stated, in_view)
    assert made.object_counts == [[0] * 6]
    assert (made.points, made.unscored) == (7.25, 3)
