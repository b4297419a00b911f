"""Rooms of a recording: from a CSV file of time spans, or from a topic.

::

    start_s,end_s,room
    0,12.5,Kitchen
    12.5,40,Corridor

Seconds count from the recording's first message (of any topic, by log time); numbers above 1e8 are
seconds since 1970, on the images' own clock. A frame at ``end_s`` belongs to the next span. A
topic's label holds from its message to the next one.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from robotvision.data.names import seconds_to_ns
from robotvision.data.native import read_table
from robotvision.errors import Fault

COLUMNS = ("start_s", "end_s", "room")
SINCE_1970_S = 1e8


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """One room from ``start_ns`` to ``end_ns`` (excluded); ``line`` in the file."""

    start_ns: int
    end_ns: int
    room: str
    line: int


@dataclass(frozen=True, slots=True)
class LabelTime:
    """The times of one frame: on the images' clock, and since the recording began."""

    stamp_ns: int
    since_start_ns: int


def read_spans(path: Path, faults: list[Fault]) -> list[LabelSpan]:
    """Return the spans of a file, in order of time, noting every fault."""
    spans: list[LabelSpan] = []
    for line, row in read_table(path, COLUMNS, faults):
        times = [row["start_s"], row["end_s"]]
        start_ns, end_ns = map(seconds_to_ns, times)
        if start_ns is None or end_ns is None:
            bad = times[0] if start_ns is None else times[1]
            faults.append(Fault(path, f"expected seconds of at least 0, got {bad!r}", line))
            continue
        if end_ns <= start_ns:
            faults.append(
                Fault(
                    path,
                    f"the span ends at {times[1]} s, not after its start at {times[0]} s",
                    line,
                )
            )
        elif not row["room"]:
            faults.append(Fault(path, "the room is empty", line))
        else:
            spans.append(LabelSpan(start_ns, end_ns, row["room"], line))
    if not spans and not faults:
        faults.append(Fault(path, "no spans in it", remedy=f"expected {','.join(COLUMNS)}"))
    spans.sort(key=lambda s: s.start_ns)
    for a, b in pairwise(spans):
        if b.start_ns < a.end_ns:
            faults.append(
                Fault(
                    path,
                    f"the span overlaps the one in line {a.line} ({a.room} to "
                    f"{a.end_ns / 1e9:g} s)",
                    b.line,
                    remedy="end one where the other begins",
                )
            )
    return spans


def rooms_by_span(moments: list[LabelTime], spans: list[LabelSpan]) -> list[LabelSpan | None]:
    """Return each frame's span, None where none covers it."""
    is_absolute = bool(spans) and spans[0].start_ns > SINCE_1970_S * 1e9
    starts = [s.start_ns for s in spans]
    result: list[LabelSpan | None] = []
    for m in moments:
        time_ns = m.stamp_ns if is_absolute else m.since_start_ns
        k = bisect.bisect_right(starts, time_ns) - 1
        result.append(spans[k] if k >= 0 and time_ns < spans[k].end_ns else None)
    return result


def uncovered(
    path: Path, moments: list[LabelTime], covering: list[LabelSpan | None]
) -> Fault | None:
    """Return one line on the frames that no span covers, None where all are covered."""
    missing = [i for i, span in enumerate(covering) if span is None]
    if not missing:
        return None
    first = moments[missing[0]].since_start_ns / 1e9
    ends = moments[-1].since_start_ns / 1e9
    covered = len(covering) - len(missing)
    return Fault(
        path,
        f"covers {covered} of {len(covering)} frames: the first without a room is frame "
        f"{missing[0]}, {first:.3f} s after the start of {ends:.3f} s",
        remedy="add spans, or set unlabelled to 'keep' (frames without a room) or 'drop'",
    )


def rooms_by_topic(log_ns: list[int], labels: list[tuple[int, str]]) -> list[str | None]:
    """Return the label that holds at each log time; None before the first and where it is empty."""
    starts = [t for t, _ in labels]
    rooms: list[str | None] = []
    for time_ns in log_ns:
        k = bisect.bisect_right(starts, time_ns) - 1
        rooms.append(labels[k][1].strip() or None if k >= 0 else None)
    return rooms
