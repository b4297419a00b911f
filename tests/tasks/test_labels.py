"""Spellings against labels: exact, by alias, misspelt; and the truth of a file against its task."""

from __future__ import annotations

from pathlib import Path

import pytest

from robotvision.errors import InputFaults
from robotvision.tasks import load_task
from robotvision.tasks.labels import LabelMatcher, folded, usual_spellings
from robotvision.tasks.model import Task
from robotvision.tasks.truth_labels import TruthLabels, alias_notices


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("ElevatorArea", "elevator area", True),
        ("ElevatorArea", "Elevator_Area", True),
        ("ElevatorArea", " ELEVATOR--AREA ", True),
        ("Lab1", "lab 1", True),
        ("K\u00fcche", "Ku\u0308che", True),
        ("Kitchen", "Kitchen\u200b", True),
        ("Room 1-11", "room 1 11", True),
        ("Room 1-11", "Room 11-1", False),
        ("Room 1-1", "Room 11", False),
        ("Kitchen", "Kitchens", False),
    ],
)
def test_what_two_spellings_have_in_common(one: str, other: str, is_same: bool) -> None:
    assert (folded(one) == folded(other)) is is_same


def test_a_spelling_is_exact_an_alias_or_misspelt() -> None:
    match = LabelMatcher(("StudentsRoom", "Kitchen"), {"Student Office": "StudentsRoom"})
    assert match.label("StudentsRoom") == match.label("Student Office") == "StudentsRoom"
    assert match.label("studentoffice") is None
    assert match.meant("studentoffice") == "StudentsRoom"
    assert match.meant("kitchen") == "Kitchen"
    assert match.meant("Kitchen") is None
    assert match.meant("Attic") is None
    assert match.hint("KITCHEN") == "; did you mean 'Kitchen'?"


def test_the_most_frequent_spelling_is_the_room() -> None:
    assert usual_spellings({"kitchen": 3, "Kitchen": 9, "Hall": 1}) == ("Hall", "Kitchen")
    assert usual_spellings({"kitchen": 9, "Kitchen": 3}) == ("kitchen",)
    assert usual_spellings({"kitchen": 2, "Kitchen": 2}) == ("Kitchen",)


@pytest.mark.parametrize("unknown", [None, "Unknown"])
def test_a_misspelt_room_is_never_unknown(unknown: str | None) -> None:
    task = Task(id="own", rooms=("Hall", "Kitchen"), unknown=unknown)
    assert task.label_of("Kitchen") == "Kitchen"
    assert task.label_of("kitchen") is None
    assert task.label_of("Attic") == unknown
    assert task.label_of("unknown") is None


def test_rooms_of_training_are_settled_without_their_misspellings() -> None:
    task = Task(
        id="own",
        rooms="from-training",
        unknown="Unknown",
        aliases={"rooms": {"Cuisine": "Kitchen"}},  # type: ignore[arg-type]
    ).with_rooms({"Kitchen": 5, "kitchen": 2, "Cuisine": 1, "unknown": 4, "Hall": 1})
    assert task.room_names == ("Hall", "Kitchen")
    assert [task.label_of(r) for r in ("kitchen", "unknown", "Cuisine")] == [None, None, "Kitchen"]


def test_a_truth_lists_its_faults_at_their_lines() -> None:
    task = load_task("imageclef2014")
    labels = TruthLabels(
        "day",
        Path("truth.csv"),
        {"Corridor": 2, "corridor": 3, "Attic": 4, "Hall": 5},
        {"Chair": 2, "trash": 6, "Sink": 7, "Chair, Phone": 8},
    )
    assert [str(f).partition("; rooms")[0].partition("; objects")[0] for f in labels.faults(task)] \
        == [
        "truth.csv:3: the room 'corridor' is not one of the task imageclef2014; did you mean "
        "'Corridor'?",
        "truth.csv:4: the room 'Attic' is not one of the task imageclef2014",
        "truth.csv:6: the object 'trash' is not spelt as in the task imageclef2014; did you mean "
        "'Trash'?",
        "truth.csv:8: the object 'Chair, Phone' is not one of the task imageclef2014; part objects "
        "with ';': Chair; Phone",
    ]  # fmt: skip
    assert labels.strange_objects(task) == ["trash", "Sink", "Chair, Phone"]


def test_aliases_are_told_once() -> None:
    task = load_task("imageclef2014")
    truths = [
        TruthLabels(name, Path(name), {"Hall": None, "Toilet": None}, {}) for name in ("a", "b")
    ]
    (notice,) = alias_notices(task, truths)
    assert notice.code == "label-aliases"
    assert notice.message.startswith("a, b: ")
    assert notice.details == {"aliases": {"Hall": "HallEntrance"}}
    assert alias_notices(task, [TruthLabels("a", Path("a"), {"Toilet": None}, {})]) == []


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ("{rooms: {Hall: Kitchn}}", ":3:25: .*'Kitchn' is not one of the rooms; did you mean"),
        ("{rooms: {Kitchen: Corridor}}", ":3:28: .*'Kitchen' is a label itself"),
        ("{objects: {Stool: Chair}}", "'Chair' is not one of the objects"),
    ],
)
def test_aliases_lead_to_labels(tmp_path: Path, aliases: str, expected: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"id: own\nrooms: [Corridor, Kitchen]\naliases: {aliases}\n")
    with pytest.raises(InputFaults, match=expected):
        load_task(str(path))


def test_what_spellings_have_in_common() -> None:
    assert folded(" Room\t1-11_") == folded("_room 1 11-") == "room1-11"
    assert folded("--") == ""


@pytest.mark.parametrize(
    ("spelling", "hint"),
    [
        ("BO", "; did you mean 'Office'?"),
        ("b o", "; did you mean 'Office'?"),
        ("of-fice", "; did you mean 'Office'?"),
        ("Kitchn", "; did you mean 'Kitchen'?"),
        ("Cellar", ""),
    ],
)
def test_a_hint_names_the_label_that_is_meant_or_near(spelling: str, hint: str) -> None:
    """By alias, by a misspelt alias, by folding, by likeness, or not at all."""
    assert LabelMatcher(("Kitchen", "Office"), {"BO": "Office"}).hint(spelling) == hint
