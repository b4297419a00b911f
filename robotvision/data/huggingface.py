"""Image data sets as the library `datasets` knows them: Parquet files, or a folder with metadata.

::

    <folder>/data/train-00000-of-00002.parquet   an image in a cell of each row
    <folder>/metadata.csv (or .jsonl)            file_name and further columns; images beside it
    <folder>/train/metadata.csv                  the same, a folder for each split

A row is a frame, in the order of the table (of files: of their names). Parquet is read row group by
row group. A label is a text, or a number of a ``ClassLabel`` whose names the file holds.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from robotvision.data.names import (
    NOMINAL_RATE_HZ,
    checked_rate,
    color_file,
    is_inside,
    names_in,
    nominal_ns,
    objects_of,
    read_table,
    seconds_to_ns,
    text_lines,
    time_fault,
    whole,
)
from robotvision.data.native import POSE
from robotvision.data.parquet import ParquetImage, ParquetTable, is_image_column
from robotvision.data.sequence import (
    ChannelKind,
    FrameEntry,
    ImageSequence,
    Pose,
    Reading,
    Source,
)
from robotvision.errors import Fault, InputFaults, near
from robotvision.records import Truth

METADATA = ("metadata.csv", "metadata.jsonl")
_SHARD = re.compile(r"(.+?)(?:-[0-9]{5}-of-[0-9]{5}(?:-[0-9a-f]+)?)?\.parquet")
LABELS = ("room", "label", "labels", "place", "location")
TIMES = ("timestamp_ns", "timestamp")
OBJECTS = "objects"
NONE = "none"


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a data set: its image, its other cells, and where it stands, for messages."""

    source: Source
    name: str
    cells: Mapping[str, Any]
    file: Path
    line: int | None = None
    place: str = ""

    def fault(self, message: str) -> Fault:
        """Return what is wrong with the row."""
        return Fault(self.file, f"{self.place}{message}", self.line)


@dataclass(slots=True)
class TableColumns:
    """Which column holds what; None where none does. ``names`` are those of a ``ClassLabel``."""

    image: str
    label: str | None
    time: str | None
    poses: tuple[str, ...]
    names: list[str] = field(default_factory=list)


class HuggingFaceReader:
    """Reads an image data set in Parquet files, or a folder of images with metadata.

    Parameters
    ----------
    split : str, optional
        Which split to read; not needed where there is one.
    image : str, optional
        Column of the images; the first that holds images where None.
    label : str, optional
        Column that names the room, ``none`` for none of them; ``room``, ``label``, ``place`` or
        ``location`` where None.
    time : str, optional
        Column of the time: whole nanoseconds where its name ends in ``_ns``, else seconds or a
        date; ``timestamp_ns`` or ``timestamp`` where None.
    rate_hz : float, optional
        Frames a second, where there is no time.
    """

    title = "huggingface: Parquet with images, or a folder with metadata.csv or metadata.jsonl"

    def __init__(
        self,
        split: str | None = None,
        image: str | None = None,
        label: str | None = None,
        time: str | None = None,
        rate_hz: float = NOMINAL_RATE_HZ,
    ) -> None:
        self.split, self.image, self.label, self.time = split, image, label, time
        self.rate_hz = checked_rate(rate_hz)

    def detects(self, path: Path) -> bool:
        """Return whether it is a Parquet file, or a folder with one or with metadata."""
        return bool(_tables(path))

    def read(self, path: Path) -> Reading:
        """Read the tables, not the images, noting every fault."""
        splits = _tables(path)
        try:
            files = self._choose(path, splits)
            faults: list[Fault] = []
            is_parquet = files[0].suffix == ".parquet"
            columns, rows = (self._parquet if is_parquet else self._metadata)(files, faults)
        except InputFaults as e:
            return Reading(None, list(e.faults))
        return self._sequence(path, columns, rows, faults)

    def _choose(self, path: Path, splits: dict[str, list[Path]]) -> list[Path]:
        """Return the files of the split. Raises InputFaults."""
        if not splits:
            raise InputFaults(Fault(path, f"no Parquet file and no {' or '.join(METADATA)} in it"))
        known = ", ".join(splits)
        if self.split is not None and self.split not in splits:
            message = f"no split {self.split!r}{near(self.split, splits)}; it has: {known}"
            raise InputFaults(Fault(path, message))
        if self.split is None and len(splits) > 1:
            remedy = "name one with the parameter split"
            raise InputFaults(Fault(path, f"several splits: {known}", remedy=remedy))
        return splits[self.split] if self.split is not None else next(iter(splits.values()))

    def _parquet(
        self, files: list[Path], faults: list[Fault]
    ) -> tuple[TableColumns, Iterator[TableRow]]:
        tables = [ParquetTable(f) for f in files]
        schema = tables[0].open().schema_arrow
        images = [f.name for f in schema if is_image_column(f.type)]
        columns = self._columns(files[0], schema.names, images)
        columns.names = _class_names(schema, columns.label)
        wanted = [columns.label, columns.time, OBJECTS, *columns.poses]
        cells = [c for c in wanted if c is not None and c in schema.names]
        return columns, _parquet_rows(tables, columns.image, cells)

    def _metadata(
        self, files: list[Path], faults: list[Fault]
    ) -> tuple[TableColumns, Iterator[TableRow]]:
        table = files[0]
        is_csv = table.suffix == ".csv"
        rows = list(read_table(table, (), faults) if is_csv else _json_rows(table, faults))
        names = list(dict.fromkeys(name for _, cells in rows for name in cells))
        if not names:
            return TableColumns("", None, None, ()), iter(())
        columns = self._columns(table, names, [n for n in names if n.endswith("file_name")])
        return columns, _file_rows(table, rows, columns.image, faults)

    def _columns(self, table: Path, names: list[str], images: list[str]) -> TableColumns:
        """Choose the columns. Raises InputFaults."""
        has = f"it has: {', '.join(names)}"
        if not images:
            raise InputFaults(Fault(table, f"no column of images; {has}"))
        chosen: dict[str, str | None] = {}
        usual = {"image": images, "label": LABELS, "time": TIMES}
        for what, of in usual.items():
            name = getattr(self, what)
            if name not in (None, NONE, *names):
                message = f"no column {name!r} for {what}{near(name, names)}; {has}"
                raise InputFaults(Fault(table, message))
            if what == "image" and name not in (None, *images):
                message = f"the column {name!r} holds no images; these do: {', '.join(images)}"
                raise InputFaults(Fault(table, message))
            chosen[what] = name or next((n for n in of if n in names), None)
        label, time = (None if chosen[w] == NONE else chosen[w] for w in ("label", "time"))
        return TableColumns(
            chosen["image"] or "", label, time, POSE if set(POSE) <= set(names) else ()
        )

    def _sequence(
        self, path: Path, columns: TableColumns, rows: Iterator[TableRow], faults: list[Fault]
    ) -> Reading:
        frames: list[FrameEntry] = []
        truth: dict[int, Truth] = {}
        lines: dict[int, int] = {}
        table: Path | None = None
        for i, row in enumerate(rows):
            try:
                time_ns = _time_ns(row, columns) if columns.time else nominal_ns(i, self.rate_hz)
                pose, room = _pose(row, columns), _room(row, columns)
            except ValueError as e:
                faults.append(row.fault(str(e)))
                continue
            if frames and (
                fault := time_fault(frames[-1].timestamp_ns, time_ns, row.file, row.line)
            ):
                faults.append(fault)
            sources = {"rgb": row.source}
            frames.append(FrameEntry(i, time_ns, sources, 0, pose, row.name, row.line))
            if room is not None:
                truth[i] = Truth(room, objects_of(str(row.cells.get(OBJECTS) or "")))
            if row.line is not None:
                table, lines[i] = row.file, row.line
        if not frames and not faults:
            faults.append(Fault(path, "no rows in it"))
        no_times = f"no times in it: frames are spaced at a nominal {self.rate_hz:g} Hz"
        sequence = ImageSequence(
            name=path.resolve().stem if path.is_file() else path.resolve().name,
            root=path,
            reader="huggingface",
            channels={"rgb": ChannelKind.COLOR},
            frames=tuple(frames),
            rate_hz=None if columns.time else self.rate_hz,
            truth=truth if columns.label else None,
            note="" if columns.time else no_times,
            table=table,
            truth_table=table,
            truth_lines=lines,
        )
        return Reading(sequence, faults)


def _tables(path: Path) -> dict[str, list[Path]]:
    """Return the tables of each split, by names alone; empty where there are none."""
    if path.is_file():
        return {"": [path]} if path.suffix == ".parquet" else {}
    try:
        for folder in (path, path / "data"):
            shards = sorted(n for n in names_in(folder) if _SHARD.fullmatch(n))
            if shards:
                splits: dict[str, list[Path]] = {}
                for name in shards:
                    match = _SHARD.fullmatch(name)
                    splits.setdefault(match[1] if match else "", []).append(folder / name)
                return splits
        if own := _metadata_in(path):
            return {"": [own]}
        folders = sorted(f.name for f in os.scandir(path) if f.is_dir()) if path.is_dir() else []
    except OSError:
        return {}
    return {name: [table] for name in folders if (table := _metadata_in(path / name))}


def _metadata_in(folder: Path) -> Path | None:
    return next((folder / n for n in METADATA if (folder / n).is_file()), None)


def _class_names(schema: Any, label: str | None) -> list[str]:
    """Return the names of a ``ClassLabel``, as `datasets` keeps them in a file's schema."""
    try:
        about = msgspec.json.decode((schema.metadata or {}).get(b"huggingface", b"{}"))
        names = about["info"]["features"][label]["names"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return []  # another library's file, or a label that is a text
    return [str(n) for n in names] if isinstance(names, list) else []


def _parquet_rows(tables: list[ParquetTable], image: str, cells: list[str]) -> Iterator[TableRow]:
    """Yield the rows of all shards. Raises InputFaults."""
    for table in tables:
        table.require(image, *cells)
        at = 0
        for group, n_rows, values in table.groups(cells):
            for i in range(n_rows):
                source = ParquetImage(table, image, group, i)
                name = f"{table.path.stem}_{at:06d}"
                row = {c: values[c][i] for c in cells}
                yield TableRow(source, name, row, table.path, place=f"row {at}: ")
                at += 1


def _json_rows(table: Path, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, text in text_lines(table, faults):
        try:
            row = msgspec.json.decode(text)
        except msgspec.MsgspecError as e:
            faults.append(Fault(table, f"not JSON ({e})", line))
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            faults.append(Fault(table, f"expected an object, got {text[:60]!r}", line))


def _file_rows(
    table: Path, rows: list[tuple[int, dict[str, Any]]], image: str, faults: list[Fault]
) -> Iterator[TableRow]:
    """Yield a row for each image file that a line names."""
    for line, cells in rows:
        name = cells.get(image)
        if isinstance(name, str) and name and is_inside(name):
            source = color_file(table.parent / name)
            yield TableRow(source, Path(name).name, cells, table, line)
        else:
            message = f"{image}: expected a path beside the table, got {name!r}"
            faults.append(Fault(table, message, line))


def _time_ns(row: TableRow, columns: TableColumns) -> int:
    """Return a row's time. Raises ValueError."""
    name = columns.time or ""
    value = row.cells.get(name)
    if isinstance(value, datetime):
        since = value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    time_ns: int | None = None
    if name.endswith("_ns"):
        time_ns = whole(str(value))
    elif isinstance(value, int | float | str) and not isinstance(value, bool):
        time_ns = seconds_to_ns(str(value))
    if time_ns is None:
        unit = "whole nanoseconds" if name.endswith("_ns") else "seconds of at least 0 or a date"
        raise ValueError(f"{name}: expected {unit}, got {value!r}")
    return time_ns


def _room(row: TableRow, columns: TableColumns) -> str | None:
    """Return a row's room, None where the cell is empty. Raises ValueError."""
    if columns.label is None:
        return None
    value = row.cells.get(columns.label)
    if columns.names and isinstance(value, int):
        if value == -1:  # how `datasets` writes a label that is withheld
            return None
        if not 0 <= value < len(columns.names):
            n = len(columns.names)
            raise ValueError(f"{columns.label}: expected a number below {n}, got {value}")
        return columns.names[value]
    return str(value).strip() or None if value is not None else None


def _pose(row: TableRow, columns: TableColumns) -> Pose | None:
    """Return a row's pose, None where a cell is empty. Raises ValueError."""
    cells = [row.cells.get(c) for c in columns.poses]
    if not cells or any(c is None or c == "" for c in cells):
        return None
    try:
        x, y, theta = (float(c) for c in cells if c is not None)
    except (TypeError, ValueError):
        raise ValueError(f"expected a pose of three numbers, got {cells}") from None
    if not all(map(math.isfinite, (x, y, theta))):
        raise ValueError(f"expected a pose of finite numbers, got {cells}")
    return x, y, theta
