"""A run as MCAP: images, answers, truth and points on topics of their own, each with a schema.

Messages are JSON. Images follow Foxglove's schema ``foxglove.CompressedImage``, poses
``foxglove.PoseInFrame``, so that Foxglove shows them without a converter; the others have schemas
of this project. Times are the recording's, one sequence after the other.
"""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import IO, Any

from mcap.writer import Writer

from robotvision.data.sequence import ChannelKind, FrameEntry
from robotvision.errors import FrameError
from robotvision.report.columns import RunColumns
from robotvision.report.export.rows import encoded, entries, rows
from robotvision.version import __version__

GAP_NS = 1_000_000_000
"""Between two sequences on the one time axis of the file."""
_TIME = {"type": "object", "title": "time",
         "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}}  # fmt: skip
_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_LIST = {"type": "array", "items": {"type": "string"}}
_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_POSE = {
    "type": "object",
    "properties": {
        "position": {"type": "object", "properties": {k: {"type": "number"} for k in "xyz"}},
        "orientation": {"type": "object", "properties": {k: {"type": "number"} for k in "xyzw"}},
    },
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "foxglove.CompressedImage": {"timestamp": _TIME, "frame_id": {"type": "string"},
                                 "data": {"type": "string", "contentEncoding": "base64"},
                                 "format": {"type": "string"}},
    "foxglove.PoseInFrame": {"timestamp": _TIME, "frame_id": {"type": "string"}, "pose": _POSE},
    "robotvision.Truth": {"sequence": _TEXT, "index": {"type": "integer"},
                          "segment": {"type": "integer"}, "room": _TEXT, "objects": _LIST},
    "robotvision.Answer": {"sequence": _TEXT, "index": {"type": "integer"}, "room": _TEXT,
                           "confidence": _NUMBER, "objects": _LIST, "fault": _TEXT},
    "robotvision.Points": {"sequence": _TEXT, "index": {"type": "integer"}, "outcome": _TEXT,
                           "points": {"type": "number"}, "room_points": {"type": "number"},
                           "object_points": {"type": "number"}, "total": {"type": "number"}},
    "robotvision.Latency": {"total_ms": _NUMBER, "age_ms": _NUMBER, "stages_ms":
                            {"type": "object", "additionalProperties": {"type": "number"}}},
}  # fmt: skip
_TOPICS = {"/truth": "robotvision.Truth", "/answer": "robotvision.Answer",
           "/points": "robotvision.Points", "/latency": "robotvision.Latency",
           "/pose": "foxglove.PoseInFrame"}  # fmt: skip


def write(run: RunColumns, out: Path) -> list[str]:
    """Write the run; return what is missing in it."""
    missing: list[str] = []
    with open(out, "wb") as f:
        recording = _File(f, missing)
        recording.run(run)
        recording.finish()
    return missing


class _File:
    def __init__(self, f: IO[bytes], missing: list[str]) -> None:
        self.writer = Writer(f)
        self.writer.start(profile="", library=f"robotvision {__version__}")
        self.missing = missing
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self.n_lost = 0

    def finish(self) -> None:
        finish: Any = self.writer.finish  # not annotated there
        finish()

    def run(self, run: RunColumns) -> None:
        about = {k: run.record.about.get(k) for k in ("task", "mode", "policy", "system", "config")}
        self.writer.add_metadata("robotvision", {"run": json.dumps(about)})
        sources = entries(run, self.missing)
        start, first, last, number, total = 0, 0, 0, -1, 0.0
        for i, row in enumerate(rows(run)):
            if run.sequence[i] != number:
                number = int(run.sequence[i])
                start, first = (last + GAP_NS if i else 0), row["timestamp_ns"]
            last = start + row["timestamp_ns"] - first
            total += row["points"]
            self._frame(row, last, total)
            entry, kinds = sources[i]
            if entry is not None:
                self._pictures(entry, kinds, last)
        if self.n_lost:
            self.missing.append(f"{self.n_lost} images that cannot be read any more")

    def _frame(self, row: dict[str, Any], at: int, total: float) -> None:
        where = {"sequence": row["sequence"], "index": row["index"]}
        if row["truth"] is not None:
            self._put(
                "/truth",
                at,
                {
                    **where,
                    "segment": row["segment"],
                    "room": row["truth"],
                    "objects": row["truth_objects"],
                },
            )
        self._put(
            "/answer",
            at,
            {
                **where,
                "room": row["answer"],
                "confidence": row["confidence"],
                "objects": row["stated_objects"],
                "fault": row["fault"],
            },
        )
        self._put(
            "/points",
            at,
            {
                **where,
                "outcome": row["outcome"],
                **{k: row[k] for k in ("points", "room_points", "object_points")},
                "total": total,
            },
        )
        stages = {k: v / 1e6 for k, v in row["stages_ns"].items()}
        self._put(
            "/latency",
            at,
            {"total_ms": _ms(row["latency_ns"]), "age_ms": _ms(row["age_ns"]), "stages_ms": stages},
        )

    def _pictures(self, entry: FrameEntry, kinds: dict[str, ChannelKind], at: int) -> None:
        for channel, kind in kinds.items():
            if channel not in entry.sources:
                continue
            try:
                raw, form = encoded(entry, channel, kind)
            except FrameError:
                self.n_lost += 1
                continue
            message = {
                "timestamp": _time(at),
                "frame_id": channel,
                "format": form,
                "data": base64.b64encode(raw).decode("ascii"),
            }
            self._put(f"/camera/{channel}", at, message, "foxglove.CompressedImage")
        if entry.pose is not None:
            x, y, theta = entry.pose
            turn = {"x": 0.0, "y": 0.0, "z": math.sin(theta / 2), "w": math.cos(theta / 2)}
            pose = {"position": {"x": x, "y": y, "z": 0.0}, "orientation": turn}
            self._put("/pose", at, {"timestamp": _time(at), "frame_id": "map", "pose": pose})

    def _put(self, topic: str, at: int, message: dict[str, Any], schema: str = "") -> None:
        if topic not in self._channels:
            name = schema or _TOPICS[topic]
            if name not in self._schemas:
                text = {"title": name, "type": "object", "properties": _SCHEMAS[name]}
                self._schemas[name] = self.writer.register_schema(
                    name, "jsonschema", json.dumps(text).encode()
                )
            self._channels[topic] = self.writer.register_channel(topic, "json", self._schemas[name])
        raw = json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
        self.writer.add_message(self._channels[topic], log_time=at, publish_time=at, data=raw)


def _ms(value: int | None) -> float | None:
    return None if value is None else value / 1e6


def _time(at: int) -> dict[str, int]:
    return {"sec": at // 10**9, "nsec": at % 10**9}
