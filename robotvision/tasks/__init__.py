"""Tasks by name or by path.

A task file may say ``extends: imageclef2012`` and give only what differs; a full copy that keeps
the ``id`` of a shipped task is compared with it. Either way the task knows what was changed, and
the report says so.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from robotvision.errors import InputFaults, UnknownNameError
from robotvision.tasks.model import Task
from robotvision.yamlfile import Document, load, validate

__all__ = ["Task", "load_task", "task_names"]

_COMPARED = ("rooms", "unknown", "objects", "points", "modes", "test_sets", "overall", "run_file")


def _shipped_folder() -> Path:
    return Path(str(files(__name__)))


def task_names() -> list[str]:
    """Return the names of the shipped tasks, sorted."""
    return sorted(p.stem for p in _shipped_folder().glob("*.yaml"))


def load_task(name: str, folder: Path | None = None) -> Task:
    """Return a shipped task by name, or the task in a YAML file by path.

    Parameters
    ----------
    name : str
        ``imageclef2012``, or a path ending in ``.yaml`` or ``.yml``.
    folder : Path, optional
        Where a relative path starts; the working directory where None.

    Raises
    ------
    UnknownNameError
        No shipped task is called so.
    InputFaults
        The file is not a task; every fault with line and column.
    """
    if name in task_names():
        return _load_shipped(name)
    if not name.endswith((".yaml", ".yml")):
        raise UnknownNameError("task", name, task_names())
    return _load_own((folder or Path()) / name)


@cache
def _load_shipped(name: str) -> Task:
    return _validate(load(_shipped_folder() / f"{name}.yaml"))


def _validate(document: Document) -> Task:
    """Return the document as a task, what does not fit together shown at its place."""
    faults: list[tuple[tuple[str, ...], str]] = []
    task = validate(document, Task, context=faults)
    if faults:
        raise InputFaults(document.fault(where, what) for where, what in faults)
    return task


def _load_own(path: Path) -> Task:
    document = load(path)
    base_name = None
    if isinstance(document.data, dict):
        if "changed" in document.data:
            raise InputFaults(
                document.fault(("changed",), "cannot be given", "leave it out", key=True)
            )
        base_name = document.data.pop("extends", None)
    if base_name is not None:
        if base_name not in task_names():
            error = UnknownNameError("task", str(base_name), task_names())
            raise InputFaults(document.fault(("extends",), str(error)))
        base = load(_shipped_folder() / f"{base_name}.yaml").data
        document.data.setdefault("id", f"{base_name}-own")
        merged = _merge(base, document.data)
        document = Document(document.path, merged, document.keys, document.values)
    task = _validate(document)
    original = base_name or (task.id if task.id in task_names() else None)
    if original is None:
        return task
    changed = tuple(_differences(_load_shipped(original), task))
    return task.model_copy(update={"changed": changed})


def _merge(base: Any, own: Any) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        return {k: _merge(base.get(k), own[k]) if k in own else base[k] for k in {**base, **own}}
    return own


def _differences(shipped: Task, own: Task) -> list[str]:
    """Say what of the rules differs, one line each: ``points.room.wrong: -1 -> -0.5``."""

    def walk(key: str, a: Any, b: Any) -> list[str]:
        if isinstance(a, dict) and isinstance(b, dict):
            return [x for k in a for x in walk(f"{key}.{k}", a[k], b.get(k))]
        return [] if a == b else [f"{key}: {a} -> {b} (in {shipped.id} -> here)"]

    a, b = shipped.model_dump(mode="json"), own.model_dump(mode="json")
    return [line for key in _COMPARED for line in walk(key, a[key], b[key])]
