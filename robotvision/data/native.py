"""The native layout: what every other layout is converted to.

::

    sequence.yaml   name, channels {rgb: {kind: color}}, rate_hz, calibration, task, note
    frames.csv      index,timestamp_ns,segment,<channel>...[,x_m,y_m,theta_rad]
    truth.csv       index,room[,objects]       objects separated by ';'; absent where withheld

Image paths are relative to the sequence and stay inside it; an empty cell is a frame without
that channel.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from io import BufferedWriter, TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self, TextIO, cast

import yaml
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.names import TruthRows, is_inside, objects_of, order_faults, read_table, whole
from robotvision.data.pcd import encode_points
from robotvision.data.sequence import (
    EMPTY,
    Calibration,
    ChannelKind,
    FrameEntry,
    ImageFile,
    ImageSequence,
    Reading,
)
from robotvision.errors import Fault, InputFaults, RobotVisionError, not_writable, raise_faults
from robotvision.records import Truth
from robotvision.writing import new_file, write_text
from robotvision.yamlfile import Strict, load, validate

TRUTH_COLUMNS = ("index", "room", "objects")
POSE = ("x_m", "y_m", "theta_rad")
_TAKEN = ("index", "timestamp_ns", "segment", *POSE)


def _channel(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or name in _TAKEN:
        raise ValueError(
            f"a channel's name is letters, digits, _ and - and none of {', '.join(_TAKEN)}"
        )
    return name


ChannelName = Annotated[str, AfterValidator(_channel)]
"""A channel also names a column and a folder, so it must not lead elsewhere."""


class ChannelHeader(Strict):
    """What one channel holds."""

    kind: ChannelKind


class NativeHeader(Strict):
    """The contents of sequence.yaml."""

    name: str = Field(min_length=1)
    channels: dict[ChannelName, ChannelHeader]
    rate_hz: float | None = Field(None, gt=0)
    calibration: dict[str, dict[str, float]] = {}
    task: str | None = None
    note: str = ""


class NativeReader:
    """Reads the native layout."""

    title = "native: sequence.yaml, frames.csv and, where not withheld, truth.csv"

    def detects(self, path: Path) -> bool:
        """Return whether sequence.yaml or frames.csv exists."""
        return (path / "sequence.yaml").is_file() or (path / "frames.csv").is_file()

    def read(self, path: Path) -> Reading:
        """Read header, frames and truth, noting every fault."""
        faults: list[Fault] = []
        try:
            header = validate(load(path / "sequence.yaml"), NativeHeader)
        except InputFaults as e:
            return Reading(None, list(e.faults))
        frames = _read_frames(path, header, faults)
        if not frames and not faults:
            faults.append(Fault(path / "frames.csv", "no frames in it"))
        known = {f.index for f in frames} if frames else None
        truth = _read_truth(path / "truth.csv", known, faults)
        sequence = ImageSequence(
            name=header.name,
            root=path,
            reader="native",
            channels={k: v.kind for k, v in header.channels.items()},
            frames=tuple(frames),
            rate_hz=header.rate_hz,
            calibration=header.calibration or EMPTY,
            truth=truth.truth if truth else None,
            task=header.task,
            note=header.note,
            table=path / "frames.csv",
            truth_table=truth.path if truth else None,
            truth_lines=truth.lines if truth else {},
        )
        return Reading(sequence, faults)


def _read_frames(path: Path, header: NativeHeader, faults: list[Fault]) -> list[FrameEntry]:
    table = path / "frames.csv"
    columns = ("index", "timestamp_ns", "segment", *header.channels)
    frames: list[FrameEntry] = []
    lines: dict[int, int] = {}
    for line, row in read_table(table, columns, faults):

        def fault(message: str, remedy: str = "", line: int = line) -> None:
            faults.append(Fault(table, message, line, remedy=remedy))

        entry = _parse_entry(path, header, row, line, fault)
        if entry is None:
            continue
        if entry.index in lines:
            fault(
                f"the index {entry.index} is there twice (first in line {lines[entry.index]})",
                "number each frame once",
            )
            continue
        lines[entry.index] = line
        if frames:
            faults.extend(order_faults(frames[-1], entry, table))
        frames.append(entry)
    return frames


def _parse_entry(
    path: Path, header: NativeHeader, row: Mapping[str, str], line: int, fault: Callable[..., None]
) -> FrameEntry | None:
    numbers = {}
    for key in ("index", "timestamp_ns", "segment"):
        number = whole(row[key])
        if number is None:
            fault(f"{key}: expected a whole number of at least 0, got {row[key]!r}")
        else:
            numbers[key] = number
    sources = {}
    for channel, about in header.channels.items():
        cell = row[channel]
        if not cell:
            continue
        if is_inside(cell):
            sources[channel] = ImageFile(path / cell, about.kind)
        else:
            fault(f"{channel}: expected a path inside the sequence, got {cell!r}")
    if len(numbers) < 3:
        return None
    first = next(iter(sources.values()), None)
    return FrameEntry(
        index=numbers["index"],
        timestamp_ns=numbers["timestamp_ns"],
        sources=sources,
        segment=numbers["segment"],
        pose=_parse_pose(row, fault),
        name=first.path.name if first else "",
        line=line,
    )


def _parse_pose(
    row: Mapping[str, str], fault: Callable[..., None]
) -> tuple[float, float, float] | None:
    cells = [row.get(key, "") for key in POSE]
    if not all(cells):
        return None
    try:
        x, y, theta = map(float, cells)
    except ValueError:
        fault(f"expected a pose of three numbers, got {','.join(cells)!r}")
        return None
    if not all(map(math.isfinite, (x, y, theta))):
        fault(f"expected a pose of finite numbers, got {','.join(cells)!r}")
        return None
    return x, y, theta


def _read_truth(path: Path, known: set[int] | None, faults: list[Fault]) -> TruthRows | None:
    """Return the truth, None without a table; ``known`` holds the frames' indices, if they are."""
    if not path.exists():
        return None
    truth = TruthRows(path, faults)
    for line, row in read_table(path, ("index", "room"), faults):
        index = whole(row["index"])
        if index is None:
            message = f"index: expected a whole number of at least 0, got {row['index']!r}"
            faults.append(Fault(path, message, line))
        elif index not in truth.truth and not row["room"]:
            faults.append(Fault(path, f"frame {index}: the room is empty", line))
        else:
            if known is not None and index not in known and index not in truth.truth:
                message = f"truth for the frame {index}, which is not in frames.csv"
                faults.append(Fault(path, message, line))
            objects = objects_of(row.get("objects", ""))
            truth.add(index, Truth(row["room"], objects), line, f"the index {index}")
    return truth


def _to_whole(values: Mapping[str, float]) -> dict[str, float]:
    """Return numbers with whole ones as int, so that what is read and written again is the same."""
    return {k: int(v) if float(v).is_integer() else float(v) for k, v in values.items()}


def write_truth(path: Path, truth: Mapping[int, Truth]) -> Path:
    """Write a ``truth.csv``, whole, and return its path. Raises RobotVisionError."""
    text = io.StringIO(newline="")
    _write_rows(text, [TRUTH_COLUMNS, *(_truth_row(i, t) for i, t in sorted(truth.items()))])
    return write_text(path, text.getvalue())


def write_segments(path: Path, segments: Mapping[int, int]) -> Path:
    """Write the segments of a ``frames.csv`` anew, by the frames' numbers; all else stays.

    Raises
    ------
    InputFaults
        The table cannot be read.
    """
    faults: list[Fault] = []
    rows = [row for _, row in read_table(path, ("index", "segment"), faults)]
    raise_faults(faults)
    text = io.StringIO(newline="")
    for row in rows:
        row["segment"] = str(segments.get(int(row["index"]), row["segment"]))
    _write_rows(text, [list(rows[0]) if rows else [], *(list(row.values()) for row in rows)])
    return write_text(path, text.getvalue())


def _truth_row(index: int, truth: Truth) -> list[str | int]:
    return [index, truth.room, ";".join(sorted(truth.objects))]


def _write_rows(file: TextIO, rows: Iterable[Sequence[str | int]]) -> None:
    csv.writer(file, lineterminator="\n").writerows(rows)


class SequenceWriter:
    """Write a sequence in the native layout, a frame at a time. Use as a context manager.

    Parameters
    ----------
    path : Path
        Its folder; created, and must not hold a sequence yet.
    name : str
        What reports call it.
    channels : Mapping[str, str]
        Channel -> kind: ``{"rgb": "color", "depth": "depth_mm"}``.
    rate_hz : float, optional
        Nominal rate.
    calibration : Calibration, optional
        By channel.
    note, task : str, optional
        A remark, and the name of the task whose rooms the truth has.

    Raises
    ------
    RobotVisionError
        The folder holds a sequence already, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        channels: Mapping[str, str],
        rate_hz: float | None = None,
        calibration: Calibration = EMPTY,
        note: str = "",
        task: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.channels = {c: ChannelKind(k) for c, k in channels.items()}
        if (self.path / "frames.csv").exists():
            raise RobotVisionError(f"{path}: holds a sequence already; give another folder")
        header: dict[str, Any] = {
            "name": name,
            "channels": {c: {"kind": str(k)} for c, k in self.channels.items()},
            "rate_hz": rate_hz,
            "calibration": {c: _to_whole(v) for c, v in calibration.items()},
            "task": task,
            "note": note,
        }
        text = yaml.safe_dump({k: v for k, v in header.items() if v}, sort_keys=False)
        try:
            for channel in self.channels:
                (self.path / channel).mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise not_writable(path, e) from e
        write_text(self.path / "sequence.yaml", text)
        self._tables = ExitStack()
        self._frames = self._new_table("frames.csv")
        self._truth: TextIO | None = None
        self._n = 0
        self._parse_rows = csv.writer(self._frames, lineterminator="\n")
        self._parse_rows.writerow(["index", "timestamp_ns", "segment", *self.channels, *POSE])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._tables.__exit__(kind, e, t)

    def _new_table(self, name: str) -> TextIO:
        """Open a table that stands at its name when the writer is closed, and not before."""
        file = self._tables.enter_context(new_file(self.path / name))
        return self._tables.enter_context(
            TextIOWrapper(cast(BufferedWriter, file), encoding="utf-8", newline="")
        )

    def add(
        self,
        timestamp_ns: int,
        images: Mapping[str, NDArray[Any] | bytes],
        segment: int = 0,
        pose: tuple[float, float, float] | None = None,
        room: str | Truth | None = None,
        index: int | None = None,
        stem: str | None = None,
    ) -> None:
        """Write one frame.

        Parameters
        ----------
        timestamp_ns : int
            When it was taken, on the recording's clock.
        images : Mapping[str, array or bytes]
            By channel: pixels, or an encoded file, which is written as it is.
        segment : int, optional
            Another number where the robot was carried elsewhere.
        pose : tuple of float, optional
            x and y in metres, heading in radians.
        room : str or Truth, optional
            The true room, or the whole truth: the room and its objects.
        index : int, optional
            The frame's number; one more than the last where None.
        stem : str, optional
            Name of its files without extension; the index where None.
        """
        index = self._n if index is None else index
        stem = f"{index:06d}" if stem is None else stem
        cells = [self._store(c, images.get(c), stem) for c in self.channels]
        place = [f"{v:.6g}" if k == 2 else f"{v:.4f}" for k, v in enumerate(pose)] if pose else []
        self._parse_rows.writerow([index, timestamp_ns, segment, *cells, *(place or ["", "", ""])])
        if room is not None:
            self._add_truth(index, room if isinstance(room, Truth) else Truth(room))
        self._n = index + 1

    def _store(self, channel: str, image: NDArray[Any] | bytes | None, stem: str) -> str:
        if image is None:
            return ""
        if self.channels[channel] is ChannelKind.POINTS:
            raw, extension = image if isinstance(image, bytes) else encode_points(image), "pcd"
        elif isinstance(image, bytes):
            raw, extension = image, "png" if image.startswith(b"\x89PNG") else "jpg"
        elif self.channels[channel] is ChannelKind.COLOR:
            raw, extension = encode_jpeg(image), "jpg"
        else:
            raw, extension = encode_png(image), "png"
        cell = f"{channel}/{stem}.{extension}"
        (self.path / cell).write_bytes(raw)
        return cell

    def _add_truth(self, index: int, truth: Truth) -> None:
        if self._truth is None:
            self._truth = self._new_table("truth.csv")
            _write_rows(self._truth, [TRUTH_COLUMNS])
        _write_rows(self._truth, [_truth_row(index, truth)])

    def close(self) -> None:
        """Finish the tables: only now it is a sequence."""
        self._tables.close()
