"""The truth in the configuration files of the ImageCLEF 2014 kit (``Configuration*.mat``).

The struct ``Configuration`` lists the frames for training and those for testing: the images' names,
the rooms' numbers from 1 and, for each object, whether it is in view. The labels are the file's own
(``labelClasses``, ``labelObjects``).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

from robotvision.data.matlab_labels import labels_apart
from robotvision.errors import Fault
from robotvision.records import Truth

TRAINING, TEST = "trainingInfo", "testInfo"

_NUMBER = re.compile(r".*_([0-9]{1,9})\.[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class KitPart:
    """The frames of one part of a configuration file.

    Parameters
    ----------
    path : Path
        The file.
    part : str
        ``trainingInfo`` or ``testInfo``.
    truth : Mapping[str, Truth]
        By image file name, in the file's order.
    objects : tuple of str
        The objects that the file knows.
    """

    path: Path
    part: str
    truth: dict[str, Truth]
    objects: tuple[str, ...]


def read_kit(mat: Path, faults: list[Fault]) -> list[KitPart]:
    """Return the parts of a configuration file, noting every fault."""
    entries = labels_apart("imageclef2014", mat)
    if isinstance(entries, str):
        faults.append(Fault(mat, entries))
        return []
    parts = [_part(mat, entry, faults) for entry in entries]
    return [part for part in parts if part is not None]


def frame_index(name: str) -> int | None:
    """Return the frame's index in an image's name, ``visual_17.png`` is 16; None without one."""
    match = _NUMBER.fullmatch(name)
    number = int(match[1]) if match else 0
    return number - 1 if number else None


def _part(mat: Path, entry: dict[str, Any], faults: list[Fault]) -> KitPart | None:
    where, n = entry["part"], len(entry["names"])
    names = [PureWindowsPath(name).name for name in entry["names"]]
    rooms, objects = entry["rooms"], entry["objects"]
    if rooms is None or len(rooms) != n:
        got = "none" if rooms is None else str(len(rooms))
        faults.append(Fault(mat, f"{where}: expected {n} whole room numbers, got {got}"))
        return None
    labels, things = entry["room_labels"], tuple(entry["object_labels"])
    if objects is None or [len(row) for row in objects] != [n] * len(things):
        faults.append(
            Fault(mat, f"{where}: expected 0 or 1 for {len(things)} objects in {n} images")
        )
        return None
    n_before, times = len(faults), Counter(names)
    for i, (name, room) in enumerate(zip(names, rooms, strict=True)):
        if not 1 <= room <= len(labels):
            message = f"expected a room number from 1 to {len(labels)}, got {room}"
            faults.append(Fault(mat, f"{where}, image {i + 1} ({name}): {message}"))
        if times[name] > 1 or frame_index(name) is None:
            message = "expected a name with a number of its own, like visual_17.png"
            faults.append(Fault(mat, f"{where}, image {i + 1} ({name!r}): {message}"))
    if len(faults) > n_before:
        return None
    in_view = [
        frozenset(thing for thing, row in zip(things, objects, strict=True) if row[i])
        for i in range(n)
    ]
    truth = {
        name: Truth(labels[room - 1], seen)
        for name, room, seen in zip(names, rooms, in_view, strict=True)
    }
    return KitPart(mat, where, truth, things)
