"""Any log of answers: a table with a header, a line an answer, read by the names of its columns.

A line names its frame by number or by time. Its room may be empty (no answer); confidence,
latency, objects, sequence, test set and fault are read where there are such columns. Faults are
reported by kind: how many lines, and the first.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import numpy as np

from robotvision.data.sequence import ImageSequence
from robotvision.errors import Fault, InputFaults, RobotVisionError, near, not_readable
from robotvision.records import Answer
from robotvision.regular_file import read_regular
from robotvision.submissions.lines import is_whole
from robotvision.tasks.model import Task

Number = TypeVar("Number", int, float)
UNITS_NS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
NAMES = {
    "frame": ("frame", "index", "frame_index", "number"),
    "time": ("time", "timestamp", "stamp", "t"),
    "room": ("room", "answer", "label", "place", "prediction", "predicted"),
    "confidence": ("confidence", "probability"),
    "latency": ("latency",),
    "objects": ("objects", "stated_objects"),
    "sequence": ("sequence",),
    "set": ("set",),
    "fault": ("fault",),
}
"""What a column holds -> what it may be called; times may end in their unit, as ``time_ns``."""
DEFAULT_UNITS = {"time": "s", "latency": "ms"}


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One line of a log of answers.

    Parameters
    ----------
    line : int
        From 1.
    frame : int or None
        Number of the frame; None: it is named by its time.
    time_ns : int or None
        On the clock of the sequence's time stamps.
    answer : Answer
        In the task's own labels.
    latency_ns : int or None
    sequence, set : str
        Empty where the log does not say.
    fault : str
        What failed on the frame; empty: nothing did.
    """

    line: int
    frame: int | None
    time_ns: int | None
    answer: Answer
    latency_ns: int | None = None
    sequence: str = ""
    set: str = ""
    fault: str = ""


class _Kinds:
    """Faults by kind: how many lines, the first of them, and what stood there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: dict[tuple[str, str], list[tuple[int, str]]] = {}

    def add(self, line: int, what: str, shown: str, remedy: str = "") -> None:
        self.seen.setdefault((what, remedy), []).append((line, shown))

    def faults(self) -> list[Fault]:
        faults = []
        for (what, remedy), lines in self.seen.items():
            line, shown = lines[0]
            n = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
            first = "" if len(lines) == 1 else "the first here, "
            faults.append(Fault(self.path, f"{n}: {what} ({first}{shown})", line, remedy=remedy))
        return faults

    def refuse(self) -> None:
        if self.seen:
            raise InputFaults(self.faults())


def read_answer_log(
    path: Path,
    task: Task,
    *,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> list[AnswerLine]:
    """Read a log of answers: comma, semicolon or tab between its columns.

    Parameters
    ----------
    path : Path
    task : Task
        With its rooms settled.
    columns : Mapping[str, str], optional
        What a column holds (a key of `NAMES`) -> its name, where it is none of the usual ones.
    units : Mapping[str, str], optional
        Of ``time`` and ``latency``, a key of `UNITS_NS`, where their names do not end in it (else
        seconds and milliseconds).

    Raises
    ------
    InputFaults
        The file cannot be read, a column is missing, or lines are malformed.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except OSError as e:
        raise not_readable(path, e) from e
    except UnicodeDecodeError as e:
        fault = Fault(path, "expected UTF-8 text", remedy="save the file as UTF-8")
        raise InputFaults(fault) from e
    first = text.partition("\n")[0]
    delimiter = next((d for d in "\t,;" if d in first), ",")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        reader = _LineReader(path, task, header, columns or {}, units or {})
        for row in rows:
            if any(cell.strip() for cell in row):
                reader.take(rows.line_num, row)
    except csv.Error as e:
        raise InputFaults(Fault(path, f"not a table ({e})", rows.line_num)) from e
    reader.kinds.refuse()
    if not reader.lines:
        raise InputFaults(Fault(path, "no answers in it", remedy="give a line for each answer"))
    return reader.lines


class _LineReader:
    def __init__(
        self,
        path: Path,
        task: Task,
        header: Sequence[str],
        columns: Mapping[str, str],
        units: Mapping[str, str],
    ) -> None:
        self.path, self.task, self.header = path, task, header
        self.kinds = _Kinds(path)
        self.lines: list[AnswerLine] = []
        self.places: dict[str, int] = {}
        self.scales: dict[str, int] = {}
        for what in NAMES:
            self._find(what, columns.get(what), units.get(what))
        if "room" not in self.places or not {"frame", "time"} & set(self.places):
            message = "expected a first line with the columns frame or time, and room"
            raise InputFaults(
                Fault(
                    path,
                    f"{message}, got {', '.join(header)[:200] or 'nothing'}",
                    1,
                    remedy="name them, as --column room=NAME",
                )
            )

    def _find(self, what: str, given: str | None, unit: str | None) -> None:
        """Find the column that holds something, and the unit that its name ends in."""
        if given is not None and given not in self.header:
            message = f"no column {given!r}{near(given, self.header)}; it has: "
            raise InputFaults(Fault(self.path, message + ", ".join(self.header)[:200], 1))
        ends = {f"_{u}": u for u in UNITS_NS} if what in DEFAULT_UNITS else {}
        known = {n.lower(): n for n in NAMES[what]}
        for place, name in enumerate(self.header):
            end = next((e for e in sorted(ends, key=len)[::-1] if name.lower().endswith(e)), "")
            stem = name.lower().removesuffix(end)
            if (name == given) if given is not None else (stem in known):
                if what in self.places:
                    other = self.header[self.places[what]]
                    message = f"the columns {other!r} and {name!r} both name the {what}"
                    remedy = f"choose one, as --column {what}={name}"
                    raise InputFaults(Fault(self.path, message, 1, remedy=remedy))
                self.places[what] = place
                if what in DEFAULT_UNITS:
                    self.scales[what] = UNITS_NS[unit or ends.get(end) or DEFAULT_UNITS[what]]

    def take(self, number: int, row: Sequence[str]) -> None:
        """Read one line, noting its faults."""
        if len(row) != len(self.header):
            self.kinds.add(
                number, f"expected {len(self.header)} cells as in the first", f"got {len(row)}"
            )
            return
        cells = {what: row[place].strip() for what, place in self.places.items()}
        frame = self._number(number, cells, "frame", self._whole)
        time_ns = self._number(number, cells, "time", self._time("time"))
        latency_ns = self._number(number, cells, "latency", self._time("latency"))
        if latency_ns is not None and latency_ns < 0:
            self.kinds.add(number, "the latency is below 0", repr(cells["latency"]))
        if frame is None and time_ns is None:
            if not (cells.get("frame") or cells.get("time")):
                self.kinds.add(number, "neither a frame nor a time", "both empty")
            return
        confidence = self._number(number, cells, "confidence", _share)
        room, objects = self._room(number, cells["room"]), self._objects(number, cells)
        answer = Answer(room, confidence, objects)
        extra = (cells.get(name, "") for name in ("sequence", "set", "fault"))
        self.lines.append(AnswerLine(number, frame, time_ns, answer, latency_ns, *extra))

    def _number(
        self, number: int, cells: Mapping[str, str], what: str, parse: Callable[[str], Number]
    ) -> Number | None:
        text = cells.get(what, "")
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, InvalidOperation, OverflowError):
            expected = {
                "frame": "a whole number",
                "confidence": "a number from 0 to 1",
            }.get(what, "a number")
            self.kinds.add(number, f"{what}: expected {expected}", f"got {text[:60]!r}")
            return None

    @staticmethod
    def _whole(text: str) -> int:
        if not is_whole(text):
            raise ValueError(text)
        return int(text)

    def _time(self, what: str) -> Callable[[str], int]:
        return lambda text: round(Decimal(text) * self.scales[what])

    def _room(self, number: int, text: str) -> str | None:
        if not text:
            return None
        label = self.task.room_matcher.label(text)
        if label is None:
            what = f"a room outside the task {self.task.id}"
            hint = self.task.room_matcher.hint(text)
            remedy = f"labels: {', '.join(self.task.labels)}"
            self.kinds.add(number, what, f"{text[:60]!r}{hint}", remedy)
        return label

    def _objects(self, number: int, cells: Mapping[str, str]) -> dict[str, bool]:
        stated = {}
        for name in filter(None, (n.strip() for n in cells.get("objects", "").split(";"))):
            label = self.task.object_matcher.label(name.removeprefix("!"))
            if label is None and self.task.objects:
                what = f"an object outside the task {self.task.id}"
                remedy = f"objects: {', '.join(self.task.objects)}"
                self.kinds.add(number, what, repr(name[:60]), remedy)
            elif label is not None:
                stated[label] = not name.startswith("!")
        return stated


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


@dataclass(slots=True)
class Matched:
    """The lines of a log by the frame they answer.

    Parameters
    ----------
    lines : list of dict
        For each sequence: position of the frame -> its line.
    notes : list of str
        How times were matched, and what was left out.
    """

    lines: list[dict[int, AnswerLine]]
    notes: list[str] = field(default_factory=list)


def match_lines(
    path: Path,
    lines: Sequence[AnswerLine],
    sequences: Sequence[ImageSequence],
    *,
    drops_unmatched: bool = False,
) -> Matched:
    """Return which line answers which frame.

    A frame is found by its number, else by its time: the very time stamp, else the nearest one
    within half a period of the camera.

    Parameters
    ----------
    path : Path
        Of the log, for messages.
    lines : sequence of AnswerLine
    sequences : sequence of ImageSequence
        Of different names.
    drops_unmatched : bool
        Leave lines out that answer no frame, in place of refusing the log, where others do.

    Raises
    ------
    InputFaults
        Lines answer no frame, or two lines answer one.
    """
    kinds, unmatched = _Kinds(path), _Kinds(path)
    finders = {s.name: _Finder(s) for s in sequences}
    order = {s.name: k for k, s in enumerate(sequences)}
    matched = Matched([{} for _ in sequences])
    for line in lines:
        name = line.sequence or (sequences[0].name if len(sequences) == 1 else "")
        finder = finders.get(name)
        if finder is None:
            what = "no sequence of that name" if name else "which sequence is not said"
            remedy = f"sequences: {', '.join(finders)}"
            kinds.add(line.line, what, repr(line.sequence), remedy)
            continue
        position = finder.find(line)
        if position is None:
            unmatched.add(line.line, *finder.unmatched(line))
            continue
        other = matched.lines[order[name]].setdefault(position, line)
        if other is not line:
            index = finder.sequence.frames[position].index
            shown = f"frame {index}, as line {other.line}"
            kinds.add(line.line, "a frame that is answered twice", shown, "answer each frame once")
    if drops_unmatched and any(matched.lines):
        matched.notes += [f"left out: {f.message}" for f in unmatched.faults()]
    else:
        kinds.seen |= unmatched.seen
    kinds.refuse()
    matched.notes += filter(None, (finder.note() for finder in finders.values()))
    return matched


class _Finder:
    """Finds the frames of one sequence by number or time."""

    def __init__(self, sequence: ImageSequence) -> None:
        self.sequence = sequence
        self.by_index = sequence.positions()
        self.times = np.array([f.timestamp_ns for f in sequence.frames], np.int64)
        rate = sequence.measured_rate_hz
        self.half_ns = 0 if rate is None else int(5e8 / rate)
        self.exact = self.nearest = self.farthest_ns = 0

    def find(self, line: AnswerLine) -> int | None:
        """Return the position of a line's frame; None where there is none."""
        if line.frame is not None:
            return self.by_index.get(line.frame)
        assert line.time_ns is not None
        distance = np.abs(self.times - line.time_ns)
        position = int(np.argmin(distance)) if len(distance) else 0
        if not len(distance) or distance[position] > self.half_ns:
            return None
        self.exact += not distance[position]
        self.nearest += bool(distance[position])
        self.farthest_ns = max(self.farthest_ns, int(distance[position]))
        return position

    def unmatched(self, line: AnswerLine) -> tuple[str, str, str]:
        """Return what is wrong with a line that answers no frame, what stands there, the remedy."""
        remedy = "leave them out with --drop-unmatched"
        if line.frame is not None:
            return f"no such frame in {self.sequence.name}", f"frame {line.frame}", remedy
        first, last = (self.times[[0, -1]] / 1e9).tolist() if len(self.times) else (0.0, 0.0)
        what = (
            f"no frame of {self.sequence.name} within half a period, {self.half_ns / 1e6:g} ms; "
            f"its time stamps run from {first:.3f} to {last:.3f} s"
        )
        return what, f"{(line.time_ns or 0) / 1e9:.3f} s", remedy

    def note(self) -> str:
        """Return in words how times were matched; empty where frames had numbers."""
        if not self.exact + self.nearest:
            return ""
        words = f"{self.sequence.name}: {self.exact} times are a frame's own"
        if self.nearest:
            words += f", {self.nearest} were taken for the nearest frame, "
            words += f"{self.farthest_ns / 1e6:.3g} ms off at most"
        return words


def parse_columns(texts: Sequence[str]) -> dict[str, str]:
    """Return which columns ``room=NAME`` names. Raises RobotVisionError."""
    columns = {}
    for text in texts:
        what, sep, name = text.partition("=")
        if not sep or what not in NAMES or not name:
            raise RobotVisionError(
                f"column: expected WHAT=NAME, with one of {', '.join(NAMES)} before the sign, got "
                f"{text!r}"
            )
        columns[what] = name
    return columns
