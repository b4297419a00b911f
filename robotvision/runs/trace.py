"""A run on a time line: Chrome's trace event format, for ui.perfetto.dev or chrome://tracing.

Each sequence is a process; its tracks are the camera (a mark at each due time), decode, the system
(the whole of its call), one a stage, and the late and the skipped frames. Times are microseconds
from the start of the sequence's replay. Where a log does not say when a frame's pixels were ready
they are drawn ready at its due time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from robotvision.records import FrameRecord
from robotvision.runs.log import RunRecord
from robotvision.runs.table import logged_policy
from robotvision.scoring.policy import Policy
from robotvision.writing import new_file

Event = dict[str, Any]
_TRACKS = ("camera", "decode", "system", "late", "skipped", "failed")
_FIRST_STAGE = len(_TRACKS) + 1


def write_trace(
    path: Path, sequences: Iterable[tuple[str, Sequence[FrameRecord]]], policy: Policy | None
) -> None:
    """Write a trace file.

    Parameters
    ----------
    path : Path
        A ``.json`` file, made anew.
    sequences : iterable of (str, sequence of FrameRecord)
        Name and frames, in order.
    policy : Policy or None
        Says which answers were late; None: no clock ran, none was.

    Raises
    ------
    RobotVisionError
        The file cannot be written.
    """
    with new_file(path) as f:
        f.write(b'{"displayTimeUnit":"ms","traceEvents":[\n')
        comma = ""
        for pid, (name, frames) in enumerate(sequences, 1):
            for event in _events(pid, name, frames, policy):
                text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
                f.write((comma + text).encode("utf-8", "backslashreplace"))
                comma = ",\n"
        f.write(b"\n]}\n")


def trace_run(path: Path, record: RunRecord) -> None:
    """Write the trace of a run as it was recorded. Raises RobotVisionError."""
    policy = None if record.about["clock"] == "asap" else logged_policy(record)
    write_trace(path, [(str(s.about["name"]), s.frames) for s in record.sequences], policy)


def _events(
    pid: int, name: str, frames: Sequence[FrameRecord], policy: Policy | None
) -> Iterator[Event]:
    yield _meta(pid, 0, "process_name", name)
    stages = list(dict.fromkeys(s for f in frames for s in f.timed.stages_ns))
    for tid, track in enumerate((*_TRACKS, *stages), 1):
        yield _meta(pid, tid, "thread_name", track)
        yield {**_meta(pid, tid, "thread_sort_index", ""), "args": {"sort_index": tid}}
    tids = {stage: _FIRST_STAGE + i for i, stage in enumerate(stages)}
    due = [f.timed.due_ns for f in frames]
    deadlines = policy.deadlines(due) if policy is not None and policy.late != "own" else None
    for k, frame in enumerate(frames):
        for event in _frame(frame, None if deadlines is None else deadlines[k], tids):
            yield {"pid": pid, **event}


def _meta(pid: int, tid: int, name: str, value: str) -> Event:
    return {"ph": "M", "pid": pid, "tid": tid, "name": name, "args": {"name": value}}


def _frame(frame: FrameRecord, deadline_ns: int | None, tids: dict[str, int]) -> Iterator[Event]:
    timed = frame.timed
    name = f"frame {frame.index}"
    yield _mark("camera", name, timed.due_ns)
    if frame.decode_ns is not None:
        ready = timed.due_ns if frame.decoded_ns is None else frame.decoded_ns
        yield _span("decode", name, ready - frame.decode_ns, ready)
    if timed.fault is not None:
        yield {**_mark("failed", name, timed.due_ns), "args": {"fault": timed.fault}}
    started, finished = timed.started_ns, timed.finished_ns
    if started is None or finished is None:
        if timed.fault is None:
            yield _mark("skipped", name, timed.due_ns)
        return
    room = timed.answer.room if timed.answer else None
    about = {
        "answer": room,
        "truth": frame.truth.room if frame.truth else None,
        "due_ms": timed.due_ns / 1e6,
    }
    yield {**_span("system", name, started, finished), "args": about}
    at = started
    for stage, took in timed.stages_ns.items():
        span = _span("system", stage, at, at + took)
        yield {**span, "tid": tids[stage], "args": {"frame": frame.index}}
        at += took
    if deadline_ns is not None and finished > deadline_ns:
        yield _span("late", name, deadline_ns, finished)


def _span(track: str, name: str, begin: int, end: int) -> Event:
    took = max(0, end - begin)
    return {
        "ph": "X",
        "tid": _TRACKS.index(track) + 1,
        "name": name,
        "ts": begin / 1e3,
        "dur": took / 1e3,
    }


def _mark(track: str, name: str, at: int) -> Event:
    return {"ph": "i", "s": "t", "tid": _TRACKS.index(track) + 1, "name": name, "ts": at / 1e3}
