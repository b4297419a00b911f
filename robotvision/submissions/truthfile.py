"""The truth of a test set by column: from a sequence in any layout, or from its table alone.

The table is the native layout's ``truth.csv``: ``index,room[,objects]``, objects parted by ``;``.
Organisers keep it apart from the frames, so it can be scored against without them; then frames have
numbers and no file names. The configuration files of the ImageCLEF 2014 kit are read as well.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from robotvision.data import open_sequence
from robotvision.data.kit2014 import TEST, TRAINING, frame_index, read_kit
from robotvision.data.names import objects_of
from robotvision.errors import Fault, InputFaults, near
from robotvision.submissions.lines import (
    FaultList,
    TooManyFaults,
    columns_of,
    is_text,
    is_whole,
    line_blocks,
    lines_of,
    repeated,
)
from robotvision.tasks.truth_labels import TruthLabels

if TYPE_CHECKING:
    from robotvision.data.sequence import ImageSequence as FrameSequence


@dataclass(frozen=True, slots=True, eq=False)
class FrameSet:
    """The frames of a test set, as a run file may name them.

    Parameters
    ----------
    name : str
        What to call the set in messages.
    indices : (n,) int64
        Frame indices, each once; rising but for a shuffled release, which stands in the order of
        its source.
    names : tuple[str, ...]
        File names in the same order; empty where they are not known.
    """

    name: str
    indices: NDArray[np.int64]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True, slots=True, eq=False)
class TruthTable:
    """What was really there, frame by frame.

    Parameters
    ----------
    frames : FrameSet
        Every frame of the set.
    path : Path
        The file the truth came from, for messages.
    rooms : tuple[str, ...]
        The rooms that occur.
    codes : (n,) int32
        Place of each frame's room in ``rooms``; -1: not known.
    objects : tuple[str, ...]
        The objects that occur.
    seen : (n, objects) bool
        Whether the object is in view.
    has_objects : bool
        Whether the table says anything of objects.
    lines : (n,) int64
        Line of each frame's truth in ``path``; 0 where there is none.
    """

    frames: FrameSet
    path: Path
    rooms: tuple[str, ...]
    codes: NDArray[np.int32]
    objects: tuple[str, ...]
    seen: NDArray[np.bool_]
    has_objects: bool
    lines: NDArray[np.int64]

    @property
    def name(self) -> str:
        """What to call the test set."""
        return self.frames.name

    def __len__(self) -> int:
        return len(self.codes)

    def select(self, rows: NDArray[np.int64], frames: FrameSet) -> TruthTable:
        """Return the truth of some frames, in the order of ``rows``, under other numbers."""
        return replace(
            self,
            frames=frames,
            codes=self.codes[rows],
            seen=self.seen[rows],
            lines=self.lines[rows],
        )

    @property
    def labels(self) -> TruthLabels:
        """The labels that occur, each with its first line."""
        rooms = {r: self._first_line(self.codes == k) for k, r in enumerate(self.rooms)}
        objects = {o: self._first_line(self.seen[:, k]) for k, o in enumerate(self.objects)}
        return TruthLabels(self.name, self.path, rooms, objects)

    def _first_line(self, where: NDArray[np.bool_]) -> int | None:
        lines = self.lines[where & (self.lines > 0)]
        return int(lines.min()) if len(lines) else None

    def room_counts(self) -> dict[str, int]:
        """Return the number of frames of each room, as spelt."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.rooms))
        return dict(zip(self.rooms, map(int, counts), strict=True))


def read_truth(path: Path, reader: str | None = None) -> TruthTable:
    """Return the truth of a sequence, of a ``truth.csv`` alone, or of the 2014 kit's ``.mat``.

    Of a ``.mat`` it is that of the test frames.

    Raises
    ------
    InputFaults
        It does not exist, holds no truth, or it is malformed; every fault with its line.
    """
    if path.is_dir() or (path.exists() and reader is not None):
        return _of_sequence(open_sequence(path, reader))
    if not path.exists():
        raise InputFaults(
            Fault(path, "no such file or folder", remedy="give a sequence or its truth.csv")
        )
    return _of_kit(path) if path.suffix.lower() == ".mat" else _read_table(path)


def read_frames(path: Path, reader: str | None = None) -> FrameSet:
    """Return the frames of a sequence, whose truth may be withheld, or of a ``truth.csv``."""
    if path.is_dir():
        return _frames_of(open_sequence(path, reader))
    return read_truth(path, reader).frames


def _frames_of(sequence: FrameSequence) -> FrameSet:
    names = tuple(e.name for e in sequence.frames)
    indices = np.fromiter((e.index for e in sequence.frames), np.int64, len(sequence))
    return FrameSet(sequence.name, indices, names if all(names) else ())


def _of_sequence(sequence: FrameSequence) -> TruthTable:
    if sequence.truth is None:
        raise InputFaults(
            Fault(sequence.root, "the sequence holds no truth", remedy="give its truth.csv")
        )
    truths = [sequence.truth.get(e.index) for e in sequence.frames]
    rooms = {r: i for i, r in enumerate(dict.fromkeys(t.room for t in truths if t))}
    objects = sorted({o for t in truths if t for o in t.objects})
    lines = [sequence.truth_lines.get(e.index, 0) for e in sequence.frames]
    seen = np.array([[bool(t and o in t.objects) for o in objects] for t in truths], np.bool_)
    return TruthTable(
        frames=_frames_of(sequence),
        path=sequence.truth_table or sequence.root,
        rooms=tuple(rooms),
        codes=np.array([rooms[t.room] if t else -1 for t in truths], np.int32),
        objects=tuple(objects),
        seen=seen.reshape(len(truths), len(objects)),
        has_objects=bool(objects),
        lines=np.array(lines, np.int64),
    )


def _of_kit(path: Path) -> TruthTable:
    """Return the test frames of a configuration file of the 2014 kit, numbered by their names."""
    faults: list[Fault] = []
    parts = {part.part: part for part in read_kit(path, faults)}
    part = parts.get(TEST) or parts.get(TRAINING)
    if faults or part is None:
        raise InputFaults(faults or [Fault(path, "no frames in it")])
    truth = sorted((frame_index(name) or 0, name, t) for name, t in part.truth.items())
    rooms = {room: i for i, room in enumerate(dict.fromkeys(t.room for *_, t in truth))}
    seen = [[o in t.objects for o in part.objects] for *_, t in truth]
    indices = np.array([index for index, *_ in truth], np.int64)
    return TruthTable(
        frames=FrameSet(path.stem, indices, tuple(name for _, name, _ in truth)),
        path=path,
        rooms=tuple(rooms),
        codes=np.array([rooms[t.room] for *_, t in truth], np.int32),
        objects=part.objects,
        seen=np.array(seen, np.bool_).reshape(len(truth), len(part.objects)),
        has_objects=bool(part.objects),
        lines=np.zeros(len(truth), np.int64),
    )


class _Distinct(dict[str, int]):
    """Text -> its place in order of first sight."""

    def __missing__(self, text: str) -> int:
        self[text] = place = len(self)
        return place


class _Table:
    """Reads blocks of lines of a truth table into columns.

    Lines repeat all but their index, so a block is read all at once where the index comes first
    and nothing is quoted.
    """

    def __init__(self, header: list[str], faults: FaultList) -> None:
        self.width = len(header)
        self.index, self.room = header.index("index"), header.index("room")
        self.objects_at = header.index("objects") if "objects" in header else None
        self.faults = faults
        self.rooms, self.objects = _Distinct(), _Distinct()
        self.columns: list[tuple[NDArray[np.int64], ...]] = []

    def take(self, first: int, block: bytes) -> None:
        parsed = columns_of(block, b",") if self.index == 0 else None
        if parsed is None or not all(map(self._is_plain, parsed.tails)):
            self._take_slowly(first, lines_of(block))
            return
        pairs = np.array([self._cells(tail.split(",")) for tail in parsed.tails], np.int64)
        rooms, cells = pairs[parsed.places].T
        self.columns.append((parsed.numbers, rooms, cells, np.arange(len(rooms)) + first))

    def _is_plain(self, tail: str) -> bool:
        return tail.count(",") == self.width - 2 and '"' not in tail and "\r" not in tail

    def _cells(self, cells: list[str]) -> tuple[int, int]:
        """Return the places of room and objects of a line, its index left out."""
        objects = "" if self.objects_at is None else cells[self.objects_at - 1]
        return self.rooms[cells[self.room - 1]], self.objects[objects]

    def _take_slowly(self, first: int, lines: list[str]) -> None:
        rows = []
        for i, row in enumerate(_rows(lines)):
            is_broken = not row or "\r" in lines[i]
            if is_broken or len(row) != self.width:
                if lines[i].strip():
                    self.faults.add(
                        f"expected {self.width} cells with commas between, got "
                        f"{'a broken line' if is_broken else len(row)}",
                        first + i,
                    )
                continue
            index = row[self.index].strip(" ")
            if not is_whole(index):
                self.faults.add(
                    f"index: expected a whole number of at least 0, got {index[:60]!r}", first + i
                )
                continue
            cell = "" if self.objects_at is None else row[self.objects_at]
            rows.append((int(index), self.rooms[row[self.room]], self.objects[cell], first + i))
        if rows:
            self.columns.append(tuple(np.array(rows, np.int64).T))

    def table(self, path: Path) -> TruthTable:
        parts = self.columns or [(np.zeros(0, np.int64),) * 4]
        index, room, cell, lines = (np.concatenate(c) for c in zip(*parts, strict=True))
        for again, first in repeated(index):
            self.faults.add(
                f"the index {index[again]} is there twice (first in line {lines[first]})",
                int(lines[again]),
                "keep one",
            )
        self._check_words(self.rooms, room, lines)
        self._check_words(self.objects, cell, lines)
        rooms = list(dict.fromkeys(r.strip(" ") for r in self.rooms))
        to_room = np.array([rooms.index(r.strip(" ")) for r in self.rooms], np.int32)
        cells = [objects_of(c) for c in self.objects]
        objects = sorted({o for c in cells for o in c})
        in_view = np.array([[o in c for o in objects] for c in cells], np.bool_)
        order = np.argsort(index, kind="stable")
        return TruthTable(
            frames=FrameSet(_set_name(path), index[order]),
            path=path,
            rooms=tuple(rooms),
            codes=to_room[room[order]],
            objects=tuple(objects),
            seen=in_view.reshape(len(cells), len(objects))[cell[order]],
            has_objects=self.objects_at is not None,
            lines=lines[order],
        )

    def _check_words(
        self, words: Mapping[str, int], places: NDArray[np.int64], lines: NDArray[np.int64]
    ) -> None:
        """Note each line whose room or objects are empty or cannot be printed."""
        for text, place in words.items():
            if not text.strip(" "):
                what = "the room is empty" if words is self.rooms else ""
            elif text.isprintable():
                what = ""
            elif is_text(text):
                what = f"{text!r} holds signs that cannot be printed"
            else:
                what = f"{text!r} is not UTF-8 text"
            for i in np.flatnonzero(places == place).tolist() if what else ():
                self.faults.add(what, int(lines[i]))


def _read_table(path: Path) -> TruthTable:
    faults = FaultList(path)
    table: _Table | None = None
    try:
        for first, block in line_blocks(path, faults):
            if table is None:
                line, _, block = block.partition(b"\n")
                header = _header(lines_of(line)[0], faults)
                if faults:
                    break
                table = _Table(header, faults)
                first += 1
            if block:
                table.take(first, block)
        truth = table.table(path) if table and not faults else None
    except TooManyFaults:
        truth = None
    if not faults and (truth is None or not len(truth)):
        faults.faults.append(Fault(path, "no truth in it", remedy=_REMEDY))
    if faults or truth is None:
        raise InputFaults(faults.faults)
    return truth


_REMEDY = "expected lines of index,room[,objects] under a line that says so"


def _header(line: str, faults: FaultList) -> list[str]:
    header = [cell.strip() for cell in _row(line)]
    for column in ("index", "room"):
        if column not in header:
            faults.add(
                f"expected a first line with the column {column!r}"
                f"{near(column, header)}, got {line[:60]!r}",
                1,
                _REMEDY,
            )
    if not is_text(line):
        faults.add(f"{line[:60]!r} is not UTF-8 text", 1, "save the file as UTF-8")
    if len(set(header)) != len(header):
        faults.add("a column is there twice", 1, "keep one")
    return header


def _rows(lines: Sequence[str]) -> list[list[str]]:
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        rows = []
    return rows if len(rows) == len(lines) else [_row(line) for line in lines]


def _row(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return []


def _set_name(path: Path) -> str:
    """Return what a table's test set is called: the folder of a ``truth.csv``, else the file."""
    return path.parent.name or path.stem if path.stem == "truth" else path.stem
