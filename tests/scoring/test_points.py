"""Points worked by hand, edition by edition and statement by statement."""

from __future__ import annotations

import pytest

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, Outcome, Truth
from robotvision.scoring import PointsTable
from robotvision.scoring.points import ABSENT, NOT_STATED, PRESENT, statement_code
from robotvision.tasks import load_task
from robotvision.tasks.model import Cell, ObjectPoints, Points, RoomPoints, Task

RIGHT, WRONG, NONE = Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED


@pytest.mark.parametrize("name", ["imageclef2009", "imageclef2010-icpr", "imageclef2010"])
@pytest.mark.parametrize(
    ("truth", "said", "outcome", "points"),
    [
        ("A", "A", RIGHT, 1.0),
        ("A", "B", WRONG, -0.5),
        ("A", None, NONE, 0.0),
        ("A", "Unknown", WRONG, -0.5),
        ("Elsewhere", "Unknown", RIGHT, 1.0),
        ("Elsewhere", "A", WRONG, -0.5),
        ("Elsewhere", None, NONE, 0.0),
        ("Unknown", "Unknown", RIGHT, 1.0),
    ],
)
def test_editions_with_an_unknown_room(
    name: str, truth: str, said: str | None, outcome: Outcome, points: float
) -> None:
    """A room that is none of the task's counts as unknown, a class of its own."""
    task = load_task(name)
    rooms = dict(zip("AB", task.room_names, strict=False))
    worth = PointsTable(task)
    answer = Answer(rooms.get(said, said) if said else None)
    assert worth.of(Truth(rooms.get(truth, truth)), answer) == (outcome, points)


@pytest.mark.parametrize(
    ("said", "outcome", "points"),
    [("Toilet", RIGHT, 1.0), ("Corridor", WRONG, -1.0), (None, NONE, 0.0)],
)
def test_2012(said: str | None, outcome: Outcome, points: float) -> None:
    assert PointsTable(load_task("imageclef2012")).of(Truth("Toilet"), Answer(said)) == (
        outcome,
        points,
    )


def test_2012_has_no_unknown_room() -> None:
    with pytest.raises(RobotVisionError, match="'Cellar' is outside the task imageclef2012"):
        PointsTable(load_task("imageclef2012")).of(Truth("Cellar"), Answer("Toilet"))


TABLES = {
    # edition: stated present, stated absent, not stated; each in view and not
    "imageclef2013": {True: (0.125, -0.125), False: (-0.125, 0.125), None: (0.0, 0.0)},
    "imageclef2014": {True: (1.0, -0.25), False: (-0.25, 0.0), None: (-0.25, 0.0)},
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("stated", [True, False, None])
@pytest.mark.parametrize("in_view", [True, False])
@pytest.mark.parametrize(("said", "room"), [("Secretary", 1.0), ("Corridor", -0.5), (None, 0.0)])
def test_objects_by_statement_and_truth(
    name: str, stated: bool | None, in_view: bool, said: str | None, room: float
) -> None:
    """One object is looked at, the other seven are out of view and not stated (worth 0)."""
    worth = PointsTable(load_task(name))
    truth = Truth("Secretary", frozenset({"Chair"} if in_view else ()))
    answer = Answer(said, objects={} if stated is None else {"Chair": stated})
    expected = room + TABLES[name][stated][not in_view]
    assert worth.of(truth, answer)[1] == expected


def test_a_frame_of_2013_earns_at_most_two() -> None:
    task = load_task("imageclef2013")
    truth = Truth("Secretary", frozenset({"Chair", "Trash"}))
    answer = Answer("Secretary", objects={o: o in truth.objects for o in task.objects})
    assert PointsTable(task).of(truth, answer)[1] == PointsTable(task).maximum(truth) == 2.0


def test_a_frame_of_2014_worked_by_hand() -> None:
    """Room +1; Chair seen +1; Phone said and absent -0.25; Trash missed -0.25; the rest 0."""
    worth = PointsTable(load_task("imageclef2014"))
    truth = Truth("Secretary", frozenset({"Chair", "Trash"}))
    answer = Answer("Secretary", objects={"Chair": True, "Phone": True, "Fridge": False})
    assert worth.of(truth, answer) == (RIGHT, 1.5)
    assert worth.maximum(truth) == 3.0
    assert worth.empty(truth) == -0.5


def test_objects_outside_the_task_earn_nothing() -> None:
    worth = PointsTable(load_task("imageclef2014"))
    truth = Truth("Secretary", frozenset({"Bench"}))
    assert worth.of(truth, Answer("Secretary", objects={"Bench": True})) == (RIGHT, 1.0)


def test_rooms_have_to_be_settled() -> None:
    with pytest.raises(RobotVisionError, match="rooms are not settled; train first"):
        PointsTable(load_task("rooms"))


def test_an_answer_outside_the_task_is_wrong_in_every_room() -> None:
    task = load_task("imageclef2009")
    worth = PointsTable(task)
    for label in task.labels:
        assert worth.of(Truth(label), Answer("Cellar")) == (WRONG, -0.5)


def test_an_answer_outside_the_task_is_named_with_its_frame_and_the_labels() -> None:
    worth = PointsTable(load_task("imageclef2012"))
    assert str(worth.outside(7, "Toilett")) == (
        "frame 7: the answer 'Toilett' is outside the task imageclef2012; did you mean 'Toilet'? "
        "(labels: Corridor, ElevatorArea, LoungeArea, TechnicalRoom, StudentOffice, "
        "ProfessorOffice, VisioConference, PrinterRoom, Toilet)"
    )


def test_a_room_outside_a_task_without_an_unknown_label_is_named_with_its_rooms() -> None:
    worth = PointsTable(load_task("imageclef2012"))
    with pytest.raises(RobotVisionError) as caught:
        worth.row_of("toilet")
    assert str(caught.value) == (
        "the true room 'toilet' is outside the task imageclef2012; did you mean 'Toilet'? "
        "(rooms: Corridor, ElevatorArea, LoungeArea, TechnicalRoom, StudentOffice, "
        "ProfessorOffice, VisioConference, PrinterRoom, Toilet)"
    )


def test_statements_are_coded_by_what_is_stated_and_what_is_in_view() -> None:
    assert (PRESENT, ABSENT, NOT_STATED) == (0, 1, 2)
    codes = [statement_code(stated, seen) for seen in (True, False) for stated in (True, False)]
    assert codes == [0, 1, 3, 4]
    assert [statement_code(None, True), statement_code(None, False)] == [2, 5]


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("imageclef2009", (-0.5, 1.0)),
        ("imageclef2012", (-1.0, 1.0)),
        ("imageclef2013", (-1.5, 2.0)),  # eight objects at 0.125 either way
        ("imageclef2014", (-2.5, 9.0)),  # eight objects from -0.25 to 1
    ],
)
def test_bounds_are_the_least_and_the_most_of_any_frame(
    name: str, bounds: tuple[float, float]
) -> None:
    assert PointsTable(load_task(name)).bounds == bounds


def test_what_is_out_of_view_may_be_worth_more_than_what_is_in_view() -> None:
    cells = ObjectPoints(
        stated_present=Cell(present=0.5, absent=3.0),
        stated_absent=Cell(present=-2.0, absent=-1.0),
        not_stated=Cell(present=0.25, absent=-4.0),
    )
    points = Points(room=RoomPoints(correct=2.0, wrong=-1.0, unanswered=0.5), objects=cells)
    worth = PointsTable(Task(id="own", rooms=("A", "B"), objects=("x", "y"), points=points))
    assert worth.statements.tolist() == [0.5, -2.0, 0.25, 3.0, -1.0, -4.0]
    assert worth.points.tolist() == [[2, -1, 0.5, 0.5, 0.5, 0.5], [-1, 2, 0.5, 0.5, 0.5, 0.5]]
    assert (worth.best_statement(True), worth.best_statement(False)) == (0.5, 3.0)
    assert worth.maximum(Truth("A", frozenset({"x"}))) == 2.0 + 0.5 + 3.0
    assert worth.empty(Truth("A", frozenset({"x"}))) == 0.5 + 0.25 - 4.0
    assert worth.bounds == (-1.0 - 8.0, 2.0 + 6.0)
    assert worth.label_of(Truth("B")) == "B"
