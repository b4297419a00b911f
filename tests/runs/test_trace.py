"""Traces are what chrome://tracing and Perfetto read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.runs.trace import write_trace
from robotvision.scoring.policy import named_policy

MS = 1_000_000


def frame(i: int, begun: int | None, took: int = 60 * MS, fault: str | None = None) -> FrameRecord:
    due = i * 33 * MS
    answer = None if fault or begun is None else Answer("A")
    done = None if begun is None else begun + took
    stages = {} if begun is None else {"phog": 40 * MS, "classifier": 15 * MS}
    timed = TimedAnswer(i, answer, due, begun, done, stages, fault)
    return FrameRecord.of(due, 0, timed, Truth("A"), decode_ns=2 * MS)


def events(path: Path, track: str, pid: int = 1) -> list[dict[str, Any]]:
    data = json.loads(path.read_text())["traceEvents"]
    tids = [e["tid"] for e in data if e["name"] == "thread_name" and e["args"]["name"] == track]
    return [e for e in data if e["ph"] != "M" and e["tid"] == tids[0] and e["pid"] == pid]


def test_every_kind_of_event_has_its_own_track(tmp_path: Path) -> None:
    """Camera, decode, system, each stage, late, skipped and failed frames."""
    frames = [frame(0, 0), frame(1, None), frame(2, 66 * MS, 20 * MS), frame(3, None, fault="dark")]
    path = tmp_path / "out.json"
    write_trace(path, [("tour", frames), ("again", frames[:1])], named_policy("deadline"))
    assert [e["ts"] for e in events(path, "camera")] == [0, 33_000, 66_000, 99_000]
    assert next((e["ts"], e["dur"]) for e in events(path, "decode")) == (-2_000, 2_000)
    assert [(e["ts"], e["dur"]) for e in events(path, "system")] == [(0, 60_000), (66_000, 20_000)]
    assert next((e["ts"], e["dur"]) for e in events(path, "classifier")) == (40_000, 15_000)
    assert [(e["ts"], e["dur"]) for e in events(path, "late")] == [(33_000, 27_000)]
    assert [e["name"] for e in events(path, "skipped")] == ["frame 1"]
    assert events(path, "failed")[0]["args"] == {"fault": "dark"}
    assert len(events(path, "camera", pid=2)) == 1


def test_a_trace_of_no_frames_is_still_a_trace(tmp_path: Path) -> None:
    """An empty list of events is JSON too."""
    write_trace(tmp_path / "out.json", [], None)
    assert json.loads((tmp_path / "out.json").read_text())["traceEvents"] == []


def test_rescoring_writes_the_virtual_schedule(log: Callable[..., Any], tmp_path: Path) -> None:
    """Two thirds of the frames are skipped by a system of 90 ms at 30 Hz, and so it is drawn."""
    from robotvision.report.rescored import virtual_frames
    from robotvision.runs.rescore import Conditions, Recorded

    recorded = Recorded(log([90 * MS] * 30, ["A"] * 30))
    policy = named_policy("streaming", 33 * MS)
    found = recorded.rescore(policy)
    path = tmp_path / "out.json"
    write_trace(path, virtual_frames(recorded, found, Conditions()), policy)
    taken = found.taken
    assert len(events(path, "system")) == taken
    assert len(events(path, "skipped")) == 30 - taken
    assert len(events(path, "late")) == taken
