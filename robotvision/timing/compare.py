"""Whether the figures of two runs may stand side by side, and what to say where they may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.runs.log import RunRecord
from robotvision.runs.table import logged_task

_SAME = ("processor", "machine", "cores", "cores_usable", "governor", "system", "python")
_PACKAGES = ("numpy", "opencv-python", "torch", "onnxruntime")


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Return in words what differs between two environments that bears on latency.

    Parameters
    ----------
    a, b : Mapping
        As `robotvision.runs.environment.describe` gives them.
    """
    different = [f"{k}: {a.get(k)} and {b.get(k)}" for k in _SAME if a.get(k) != b.get(k)]
    for group, keys in (("packages", _PACKAGES), ("threads", None)):
        mine, theirs = a.get(group, {}), b.get(group, {})
        for key in keys or sorted({*mine, *theirs}):
            if mine.get(key) != theirs.get(key):
                name = key if group == "packages" else f"threads of {key}"
                different.append(f"{name}: {mine.get(key)} and {theirs.get(key)}")
    return different


def comparability(records: Mapping[str, RunRecord]) -> list[str]:
    """Return a line for each run whose latencies were not taken as the first one's were.

    Parameters
    ----------
    records : Mapping[str, RunRecord]
        By the name to call each.

    Raises
    ------
    RobotVisionError
        The runs are of different tasks or different frames: their points do not compare at all.
    """
    lines = []
    (first, base), *others = records.items()
    for name, record in others:
        _require_same_frames(first, base, name, record)
        mine = base.about.get("environment", {}), record.about.get("environment", {})
        if not all(mine):
            lines.append(f"{first}, {name}: not known whether they ran on the same machine")
        elif changed := differences(*mine):
            lines.append(
                f"{first}, {name}: latencies of different conditions ({'; '.join(changed)})"
            )
    return lines


def require_same_points(first: str, base: RunRecord, name: str, record: RunRecord) -> None:
    """Raise a RobotVisionError where two runs, named as given, earn points by other rules."""
    ours, theirs = map(logged_task, (base, record))
    if ours.id != theirs.id:
        raise RobotVisionError(
            f"{first}, {name}: runs of different tasks ({ours.id}, {theirs.id}) do not compare"
        )
    if ours.points != theirs.points:
        raise RobotVisionError(f"{first}, {name}: their tasks give points by different rules")


def _require_same_frames(first: str, base: RunRecord, name: str, record: RunRecord) -> None:
    require_same_points(first, base, name, record)
    if _frames(base) != _frames(record):
        raise RobotVisionError(
            f"{first}, {name}: runs over different frames do not compare; run both over the same "
            "test sequences"
        )


def _frames(record: RunRecord) -> Sequence[tuple[Any, ...]]:
    return [(s.set, s.about.get("digest"), len(s.frames)) for s in record.sequences]
