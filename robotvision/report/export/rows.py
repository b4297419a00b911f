"""A run as rows of plain values, and the images of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from robotvision.data import reopen
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile
from robotvision.errors import FrameError, RobotVisionError
from robotvision.report.columns import OUTCOMES, UNSCORED, RunColumns

MIME = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}


def rows(run: RunColumns) -> Iterator[dict[str, Any]]:
    r"""Yield each frame: where and when, the truth, the judged answer, outcome, points, times.

    Text that is not valid Unicode (a file name in another encoding) comes as ``\udcff``.
    """
    for row in _rows(run):
        yield {key: _valid(value) for key, value in row.items()}


def _valid(value: Any) -> Any:
    """Return text as valid Unicode, in lists and as keys, too."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [_valid(item) for item in value]
    if isinstance(value, dict):
        return {_valid(key): item for key, item in value.items()}
    return value


def _rows(run: RunColumns) -> Iterator[dict[str, Any]]:
    ages = run.age_ns
    for i, frame in enumerate(run.frames):
        answer, outcome = run.judged_answer(i), int(run.outcome[i])
        yield {
            "set": run.record.sequences[run.sequence[i]].set,
            "sequence": str(run.record.sequences[run.sequence[i]].about["name"]),
            "index": frame.index,
            "segment": frame.segment,
            "timestamp_ns": frame.timestamp_ns,
            "truth": None if frame.truth is None else frame.truth.room,
            "truth_objects": [] if frame.truth is None else sorted(frame.truth.objects),
            "answer": None if answer is None else answer.room,
            "confidence": None if answer is None else answer.confidence,
            "stated_objects": []
            if answer is None
            else sorted(k if v else f"!{k}" for k, v in answer.objects.items()),
            "outcome": None if outcome == UNSCORED else OUTCOMES[outcome],
            "points": float(run.points[i]),
            "room_points": float(run.points[i] - run.object_points[i]),
            "object_points": float(run.object_points[i]),
            "due_ns": frame.timed.due_ns,
            "started_ns": frame.timed.started_ns,
            "finished_ns": frame.timed.finished_ns,
            "latency_ns": frame.timed.latency_ns,
            "decode_ns": frame.decode_ns,
            "age_ns": ages[i],
            "stages_ns": dict(frame.timed.stages_ns),
            "fault": frame.timed.fault,
        }


def entries(
    run: RunColumns, missing: list[str]
) -> list[tuple[FrameEntry | None, dict[str, ChannelKind]]]:
    """Return where each frame's images lie now, with their kinds; say what is gone."""
    sources: list[tuple[FrameEntry | None, dict[str, ChannelKind]]] = []
    for record in run.record.sequences:
        try:
            sequence = reopen(record.about)
        except RobotVisionError as e:
            missing.append(f"images of {record.about['name']}: {e.lines()[0]}")
            sources += [(None, {})] * len(record.frames)
            continue
        by_index = {e.index: e for e in sequence.frames}
        kinds: dict[str, ChannelKind] = {
            c: k for c, k in sequence.channels.items() if k is not ChannelKind.POINTS
        }
        for frame in record.frames:
            entry = by_index.get(frame.index)
            is_same = entry is not None and entry.timestamp_ns == frame.timestamp_ns
            sources.append((entry if is_same else None, kinds))
    return sources


def encoded(entry: FrameEntry, channel: str, kind: ChannelKind) -> tuple[bytes, str]:
    """Return an image's bytes and format: the file as it is where that is JPEG or PNG.

    Raises
    ------
    FrameError
        It cannot be read.
    """
    source = entry.sources[channel]
    if isinstance(source, ImageFile) and source.path.suffix.lower() in MIME:
        return source.raw(), MIME[source.path.suffix.lower()]
    image = source.read()
    if kind is ChannelKind.COLOR:
        image = np.ascontiguousarray(image[:, :, ::-1])
    import cv2

    done, raw = cv2.imencode(".png", image)
    if not done:
        raise FrameError(f"{source.where}: cannot be encoded as PNG")
    return raw.tobytes(), "png"
