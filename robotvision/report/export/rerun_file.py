"""A run as a Rerun recording: images, rooms, points and latencies on the recording's time."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from robotvision.data.sequence import ChannelKind, FrameEntry
from robotvision.errors import FrameError
from robotvision.report.columns import RunColumns
from robotvision.report.export.rows import encoded, entries, rows

rr: Any = import_module("rerun")  # no types where it is not installed


def write(run: RunColumns, out: Path) -> list[str]:
    """Write the run; return what is missing in it."""
    missing: list[str] = []
    sources = entries(run, missing)
    stream = rr.RecordingStream("robotvision")
    stream.save(str(out))
    total, n_lost = 0.0, 0
    for i, row in enumerate(rows(run)):
        total += row["points"]
        stream.set_time("frame", sequence=i)
        stream.set_time("time", duration=row["timestamp_ns"] / 1e9)
        _frame(stream, row, total)
        entry, kinds = sources[i]
        if entry is not None:
            n_lost += _pictures(stream, entry, kinds)
    stream.flush()
    if n_lost:
        missing.append(f"{n_lost} images that cannot be read any more")
    return missing


def _frame(stream: Any, row: dict[str, Any], total: float) -> None:
    stream.log("truth", rr.TextLog(row["truth"] or "not known"))
    level = {"correct": "INFO", "wrong": "ERROR"}.get(row["outcome"] or "", "WARN")
    text = f"{row['answer'] or 'no answer'} ({row['outcome'] or 'unscored'})"
    stream.log("answer", rr.TextLog(text, level=level))
    stream.log("points", rr.Scalars(total))
    if row["confidence"] is not None:
        stream.log("confidence", rr.Scalars(row["confidence"]))
    if row["latency_ns"] is not None:
        stream.log("latency_ms/total", rr.Scalars(row["latency_ns"] / 1e6))
    for name, value in row["stages_ns"].items():
        stream.log(f"latency_ms/{name}", rr.Scalars(value / 1e6))


def _pictures(stream: Any, entry: FrameEntry, kinds: dict[str, ChannelKind]) -> int:
    """Log a frame's images and pose; return how many could not be read."""
    n_lost = 0
    for channel, kind in kinds.items():
        if channel not in entry.sources:
            continue
        try:
            if kind is ChannelKind.DEPTH_MM:
                depth = rr.DepthImage(entry.sources[channel].read(), meter=1000)
                stream.log(f"camera/{channel}", depth)
            else:
                raw, form = encoded(entry, channel, kind)
                image = rr.EncodedImage(contents=raw, media_type=f"image/{form}")
                stream.log(f"camera/{channel}", image)
        except FrameError:
            n_lost += 1
    if entry.pose is not None:
        stream.log("map/robot", rr.Points2D([entry.pose[:2]], radii=0.1))
    return n_lost
