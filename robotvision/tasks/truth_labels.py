"""Whether the labels of a truth are those of its task, whatever file or recording it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from robotvision.errors import Fault
from robotvision.records import Notice, Truth
from robotvision.tasks.model import Task

_OTHER_SEPARATORS = re.compile(r"[,|/+]")


@dataclass(frozen=True, slots=True)
class TruthLabels:
    """The labels of one truth as it spells them.

    Parameters
    ----------
    name : str
        What messages call the sequence or the test set.
    path : Path
        The file that the truth came from.
    rooms, objects : Mapping[str, int or None]
        Each spelling that occurs, with the line of its first occurrence where it has one.
    """

    name: str
    path: Path
    rooms: Mapping[str, int | None]
    objects: Mapping[str, int | None]

    def faults(self, task: Task) -> list[Fault]:
        """Return a fault for each label that the task cannot count, at its first line."""
        given = [room_fault(task, r, self.path, line) for r, line in self.rooms.items()]
        given += [object_fault(task, o, self.path, line) for o, line in self.objects.items()]
        return [fault for fault in given if fault is not None]

    def aliases(self, task: Task) -> dict[str, str]:
        """Return the aliases that occur, each with its label."""
        rooms, objects = task.room_matcher.aliases, task.object_matcher.aliases
        return {r: rooms[r] for r in self.rooms if r in rooms} | {
            o: objects[o] for o in self.objects if o in objects
        }

    def strange_rooms(self, task: Task) -> list[str]:
        """Return the rooms that are none of the task's labels and none of its aliases."""
        return [room for room in self.rooms if task.room_matcher.label(room) is None]

    def strange_objects(self, task: Task) -> list[str]:
        """Return the objects that are none of the task's and none of its aliases."""
        return [name for name in self.objects if task.object_matcher.label(name) is None]


def room_fault(task: Task, room: str, path: Path | str, line: int | None = None) -> Fault | None:
    """Return a fault where a true room is misspelt, or none of a task's without unknown label."""
    if task.label_of(room) is not None:
        return None
    message = f"the room {room!r} is not one of the task {task.id}{task.room_matcher.hint(room)}"
    return Fault(path, message, line, remedy=f"rooms: {', '.join(task.labels)}")


def object_fault(task: Task, name: str, path: Path | str, line: int | None = None) -> Fault | None:
    """Return a fault where an object in view is misspelt, or several stand in the place of one.

    An object that the task does not ask for is no fault.
    """
    match = task.object_matcher
    if match.label(name) is not None:
        return None
    meant = match.meant(name)
    if meant is not None:
        message = f"the object {name!r} is not spelt as in the task {task.id}"
        message += f"; did you mean {meant!r}?"
        return Fault(path, message, line, remedy=f"objects: {', '.join(task.objects)}")
    parts = [part.strip() for part in _OTHER_SEPARATORS.split(name)]
    if len(parts) > 1 and any(match.label(p) or match.meant(p) for p in parts):
        message = f"the object {name!r} is not one of the task {task.id}"
        return Fault(path, message, line, remedy=f"part objects with ';': {'; '.join(parts)}")
    return None


def own_labels(task: Task, truth: Truth) -> Truth:
    """Return a truth with the task's own labels in place of their aliases."""
    rooms, objects = task.room_matcher.aliases, task.object_matcher.aliases
    return Truth(
        rooms.get(truth.room, truth.room), frozenset(objects.get(o, o) for o in truth.objects)
    )


def alias_notices(task: Task, truths: Iterable[TruthLabels]) -> list[Notice]:
    """Return one notice on the other spellings that were read, none where there are none."""
    read: dict[str, str] = {}
    names: list[str] = []
    for truth in truths:
        used = truth.aliases(task)
        read |= used
        names += [truth.name] if used else []
    if not read:
        return []
    text = f"{', '.join(dict.fromkeys(names))}: {alias_text(task, read)}"
    return [Notice("label-aliases", text, {"aliases": read})]


def alias_text(task: Task, read: Mapping[str, str]) -> str:
    """Return in words which aliases were read, each as which label."""
    pairs = ", ".join(f"{alias!r} as {label!r}" for alias, label in read.items())
    return f"other spellings that the task {task.id} accepts were read: {pairs}"
