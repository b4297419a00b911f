"""The typed task: what it says of rooms that are not its own."""

from __future__ import annotations

from robotvision.tasks.model import Task


def test_a_task_whose_rooms_come_from_training_knows_none_before_it() -> None:
    task = Task(id="own", rooms="from-training")
    assert task.label_of("Hall") is None
    assert task.with_rooms(["Hall"]).label_of("Hall") == "Hall"
