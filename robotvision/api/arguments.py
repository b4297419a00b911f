"""Checks of arguments of the front door: each error names the argument and what was expected."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from robotvision.data import open_sequence
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError, wrong_type
from robotvision.tasks import load_task
from robotvision.tasks.model import Task

PathLike = str | os.PathLike[str]


def path_of(name: str, given: Any, expected: str = "a path") -> Path:
    """Return an argument as a path. Raises RobotVisionError."""
    if not isinstance(given, str | os.PathLike):
        raise wrong_type(name, expected, given)
    return Path(given)


def first_fault(error: ValidationError) -> RobotVisionError:
    """Return the first of what a configuration refuses of arguments, by their dotted names."""
    first = error.errors(include_url=False)[0]
    name = ".".join(map(str, first["loc"])) or "parameters"
    return RobotVisionError(f"{name}: {first['msg']}, got {first['input']!r}")


def task_of(given: Any) -> Task:
    """Return a task by its name, its YAML file, or as it is. Raises RobotVisionError."""
    if isinstance(given, Task):
        return given
    if not isinstance(given, str | os.PathLike):
        raise wrong_type("task", "a task's name, its YAML file or a Task", given)
    return load_task(str(given))


def sequences_of(name: str, given: Any) -> list[ImageSequence]:
    """Return one or several sequences, opened where they are paths. Raises RobotVisionError."""
    if isinstance(given, ImageSequence | str | os.PathLike):
        given = [given]
    if not isinstance(given, Iterable):
        raise wrong_type(name, "an ImageSequence, a path or a list of them", given)
    opened = [_sequence(f"{name}[{i}]", item) for i, item in enumerate(given)]
    if not opened:
        raise RobotVisionError(f"{name}: expected at least one sequence, got none")
    return opened


def _sequence(name: str, given: Any) -> ImageSequence:
    if isinstance(given, ImageSequence):
        return given
    return open_sequence(path_of(name, given, "an ImageSequence or a path"))
