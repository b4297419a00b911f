"""Rooms of any recording, from a table beside it: spans of seconds, of clock times or of frames.

The names in the header say which::

    start_s,end_s,room                  seconds since the recording began
    start_time,end_time,room            0:12.5, 1:02:03 as a player shows them, or dates with times
    start_frame,end_frame,room          numbers of frames
    index,room                          one frame a line, as in a truth.csv

A span is half-open: what lies at its end belongs to the next one. A column ``objects`` (parted by
``;``) may stand beside the room. Seconds above 1e8 count from 1970 on the images' own clock, and so
do dates, which are UTC where they do not say otherwise.
"""

from __future__ import annotations

import bisect
import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from robotvision.data.names import objects_of, read_table, seconds_to_ns, text_lines, whole
from robotvision.data.sequence import FrameEntry, ImageSequence, Reading
from robotvision.errors import Fault
from robotvision.records import Truth
from robotvision.tasks.labels import LabelMatcher, usual_spellings

Unlabelled = Literal["refuse", "keep", "drop"]
"""What becomes of frames without a room: refused, kept without one, or left out."""

SINCE_1970_S = 1e8
_PLAYER = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-5]?[0-9](?:\.[0-9]{1,9})?)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(NamedTuple):
    """A place in a recording; ``axis`` says on which of its scales ``at`` counts."""

    axis: Literal["elapsed", "stamp", "index"]
    at: int


@dataclass(frozen=True, slots=True)
class LabelSpan:
    """One room, with its objects, from ``start`` to ``end`` (excluded); ``line`` in the file."""

    start: Moment
    end: Moment
    truth: Truth
    line: int


@dataclass(frozen=True, slots=True)
class LabelForm:
    """One form of the table: its columns, how a cell is read, what it is called."""

    columns: tuple[str, ...]
    parse: Callable[[str], Moment | None]
    expected: str


def _seconds(cell: str) -> Moment | None:
    time_ns = seconds_to_ns(cell)
    if time_ns is None:
        return None
    return Moment("stamp" if time_ns > SINCE_1970_S * 1e9 else "elapsed", time_ns)


def _clock(cell: str) -> Moment | None:
    if match := _PLAYER.fullmatch(cell):
        seconds = seconds_to_ns(match[3])
        assert seconds is not None  # the pattern is a number of seconds
        return Moment("elapsed", (int(match[1] or 0) * 3600 + int(match[2]) * 60) * 10**9 + seconds)
    try:
        when = datetime.fromisoformat(cell)
    except ValueError:
        return None
    if "-" not in cell[:8]:
        return None  # a time without a date
    moment = (when if when.tzinfo else when.replace(tzinfo=UTC)) - _EPOCH
    return Moment("stamp", moment // timedelta(microseconds=1) * 1000)


def _frame(cell: str) -> Moment | None:
    number = whole(cell)
    return None if number is None else Moment("index", number)


FORMS = (
    LabelForm(("start_s", "end_s", "room"), _seconds, "seconds of at least 0"),
    LabelForm(
        ("start_time", "end_time", "room"),
        _clock,
        "a time as 0:12.5 or 1:02:03, or one with its date as 2026-05-04T10:02:03Z",
    ),
    LabelForm(("start_frame", "end_frame", "room"), _frame, "a frame's number of at least 0"),
    LabelForm(("index", "room"), _frame, "a frame's number of at least 0"),
)


def read_spans(path: Path, faults: list[Fault]) -> list[LabelSpan]:
    """Return the spans of a table in order of time, noting every fault."""
    n_before = len(faults)
    form = _form_of(path, faults)
    if form is None:
        return []
    spans = []
    for line, row in read_table(path, form.columns, faults):
        span = _parse_span(path, form, line, row, faults)
        spans += [] if span is None else [span]
    if not spans and len(faults) == n_before:
        faults.append(Fault(path, "no spans in it", remedy=f"expected {','.join(form.columns)}"))
    faults += _mixed_axes(path, spans)
    spans.sort(key=lambda s: s.start)
    faults += _overlaps(path, spans)
    faults += _misspelt(path, spans)
    return spans


def _form_of(path: Path, faults: list[Fault]) -> LabelForm | None:
    line, text = next(text_lines(path, faults), (0, ""))
    if not text:
        return None
    header = [name.strip() for name in next(csv.reader([text]))]
    for form in FORMS:
        if set(form.columns) <= set(header):
            return form
    forms = "; ".join(",".join(form.columns) for form in FORMS)
    message = f"expected a header with the columns of one form ({forms}), got {text!r}"
    faults.append(Fault(path, message, line))
    return None


def _parse_span(
    path: Path, form: LabelForm, line: int, row: Mapping[str, str], faults: list[Fault]
) -> LabelSpan | None:
    cells = [row[name] for name in form.columns[:-1]]
    moments = [m for cell in cells if (m := form.parse(cell)) is not None]
    if len(moments) < len(cells):
        bad = next(cell for cell in cells if form.parse(cell) is None)
        faults.append(Fault(path, f"expected {form.expected}, got {bad!r}", line))
        return None
    start, end = moments[0], moments[-1]
    if len(cells) == 1:
        end = Moment("index", start.at + 1)
    if end.axis == start.axis and end <= start:
        message = f"the span ends at {cells[-1]}, not after its start at {cells[0]}"
        faults.append(Fault(path, message, line, remedy="swap them, or mend one"))
        return None
    if not row["room"]:
        faults.append(Fault(path, "the room is empty", line))
        return None
    return LabelSpan(start, end, Truth(row["room"], objects_of(row.get("objects", ""))), line)


def _mixed_axes(path: Path, spans: list[LabelSpan]) -> Iterable[Fault]:
    """Yield the first span that counts on another clock than the first one does."""
    for span in spans:
        if {span.start.axis, span.end.axis} != {spans[0].start.axis}:
            yield Fault(
                path,
                "times since the recording began and times since 1970 in one table",
                span.line,
                remedy="use one of them throughout",
            )
            return


def _overlaps(path: Path, spans: list[LabelSpan]) -> Iterable[Fault]:
    for a, b in pairwise(spans):
        if b.start < a.end:
            yield Fault(
                path,
                f"the span overlaps the one in line {a.line} ({a.truth.room})",
                b.line,
                remedy="end one where the other begins",
            )


def _misspelt(path: Path, spans: list[LabelSpan]) -> Iterable[Fault]:
    """Yield, at its first line, each room that differs from a more usual one by its spelling."""
    counts = Counter(s.truth.room for s in spans)
    match = LabelMatcher(usual_spellings(counts), {})
    for room in counts:
        if (meant := match.meant(room)) is not None:
            line = min(s.line for s in spans if s.truth.room == room)
            yield Fault(path, f"the room {room!r} is spelt {meant!r} elsewhere", line)


def label(reading: Reading, path: Path) -> Reading:
    """Return a reading whose truth is that of the table at ``path``, with the table's faults.

    The sequence's own truth is not used then, and a line says so.
    """
    faults = list(reading.faults)
    spans = read_spans(path, faults)
    sequence = reading.sequence
    if sequence is None:
        return Reading(None, faults, reading.warnings)
    covering = spans_of(sequence.frames, spans, reading.elapsed_ns)
    warnings = list(reading.warnings)
    if sequence.truth:
        warnings.append("the rooms are those of the table; its own truth is not used")
    if spans and not covering and len(faults) == len(reading.faults):
        faults.append(_beside(path, sequence, spans, reading.elapsed_ns))
    labelled = replace(
        sequence,
        truth={i: span.truth for i, span in covering.items()},
        truth_table=path,
        truth_lines={i: span.line for i, span in covering.items()},
    )
    return replace(reading, sequence=labelled, faults=faults, warnings=warnings)


def spans_of(
    frames: tuple[FrameEntry, ...],
    spans: list[LabelSpan],
    elapsed_ns: Mapping[int, int] | None = None,
) -> dict[int, LabelSpan]:
    """Return the span of each frame by its number; frames that none covers are absent.

    Parameters
    ----------
    frames : tuple of FrameEntry
    spans : list of LabelSpan
        In order, none over another.
    elapsed_ns : Mapping[int, int], optional
        When each frame came, since the recording began; since the first frame where None.
    """
    starts = [s.start.at for s in spans]
    axis = spans[0].start.axis if spans else "index"
    covering = {}
    for entry in frames:
        at = _place(entry, axis, frames[0].timestamp_ns, elapsed_ns)
        k = bisect.bisect_right(starts, at) - 1
        if k >= 0 and at < spans[k].end.at:
            covering[entry.index] = spans[k]
    return covering


def _place(entry: FrameEntry, axis: str, first_ns: int, elapsed: Mapping[int, int] | None) -> int:
    if axis == "index":
        return entry.index
    if axis == "stamp":
        return entry.timestamp_ns
    return entry.timestamp_ns - first_ns if elapsed is None else elapsed[entry.index]


def _beside(
    path: Path,
    sequence: ImageSequence,
    spans: list[LabelSpan],
    elapsed: Mapping[int, int] | None,
) -> Fault:
    """Return the fault of a table that covers no frame: the two may not belong together."""
    axis, frames = spans[0].start.axis, sequence.frames
    ends = [_place(e, axis, frames[0].timestamp_ns, elapsed) for e in (frames[0], frames[-1])]
    first, last = ends if axis == "index" else [f"{e / 1e9:.3f} s" for e in ends]
    scale = {"elapsed": " since it began", "stamp": " since 1970", "index": ""}[axis]
    return Fault(
        path,
        f"covers none of {len(frames)} frames, which go from {first} to {last}{scale}",
        spans[0].line,
        remedy="is it the table of this recording, and on its clock?",
    )


def settle_unlabelled(reading: Reading, unlabelled: Unlabelled) -> Reading:
    """Return a reading whose frames without a room are refused, kept and told, or left out.

    The numbers of frames stay; a new segment begins after frames that were left out.
    """
    sequence = reading.sequence
    if sequence is None or reading.faults:
        return reading
    fault = gap(sequence, reading.elapsed_ns)
    if fault is None:
        return reading
    if unlabelled == "keep":
        return replace(reading, warnings=[*reading.warnings, f"{fault.path}: {fault.message}"])
    if unlabelled == "refuse" or not sequence.truth:
        return replace(reading, faults=[fault])
    frames = _without_gaps(sequence)
    n_left_out = len(sequence) - len(frames)
    note = f"{n_left_out} of {len(sequence)} frames have no room and are left out"
    return replace(
        reading,
        sequence=replace(sequence, frames=frames),
        warnings=[*reading.warnings, note],
    )


def gap(sequence: ImageSequence, elapsed_ns: Mapping[int, int] | None = None) -> Fault | None:
    """Return one line on the frames without a room, None where all have one."""
    truth = sequence.truth or {}
    missing = [e for e in sequence.frames if e.index not in truth]
    if not missing:
        return None
    first_ns = sequence.frames[0].timestamp_ns
    at, end = (
        _place(e, "elapsed", first_ns, elapsed_ns) / 1e9 for e in (missing[0], sequence.frames[-1])
    )
    before = [n for i, n in sequence.truth_lines.items() if i < missing[0].index]
    return Fault(
        sequence.truth_table or sequence.root,
        f"covers {len(sequence) - len(missing)} of {len(sequence)} frames: the first without a "
        f"room is frame {missing[0].index}, {at:.3f} s after the start of {end:.3f} s",
        before[-1] if before else None,
        remedy="add spans, or set unlabelled to 'keep' (frames without a room) or 'drop'",
    )


def _without_gaps(sequence: ImageSequence) -> tuple[FrameEntry, ...]:
    truth = sequence.truth or {}
    frames: list[FrameEntry] = []
    segment, previous = 0, None
    for position, entry in enumerate(sequence.frames):
        if entry.index not in truth:
            continue
        if previous is not None:
            is_next = position == previous + 1
            segment += not is_next or entry.segment != sequence.frames[previous].segment
        frames.append(replace(entry, segment=segment))
        previous = position
    return tuple(frames)
