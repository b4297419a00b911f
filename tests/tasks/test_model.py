"""A task as a typed model: its labels, and the rooms it cannot count."""

from __future__ import annotations

import pytest

from robotvision.tasks.model import Task


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [(None, ["Attic", "Cellar"]), ("Unknown", [])],
)
def test_rooms_outside_the_task_are_named_once_in_their_order(
    unknown: str | None, expected: list[str]
) -> None:
    task = Task(id="own", rooms=("Hall", "Kitchen"), unknown=unknown)
    assert task.unknown_rooms(["Attic", "Hall", "Cellar", "Attic"]) == expected


def test_a_task_whose_rooms_come_from_training_knows_none_before_it() -> None:
    task = Task(id="own", rooms="from-training")
    assert task.unknown_rooms(["Hall"]) == ["Hall"]
    assert task.with_rooms(["Hall"]).unknown_rooms(["Hall"]) == []
