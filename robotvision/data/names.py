"""What readers share: names in a folder, text, tables, times, frames of one image, rows of truth.

Whatever is wrong with a file becomes a `Fault` with its line; nothing here raises for it.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from robotvision.data.pcd import MAX_HEADER_BYTES, parse_header
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile, Pose
from robotvision.errors import Fault, FrameError
from robotvision.records import Truth
from robotvision.regular_file import open_regular, read_regular

NOMINAL_RATE_HZ = 5.0
"""Frames a second where a layout says nothing of time. This project's choice: KTH-IDOL2's rate."""


def nominal_note(rate_hz: float = NOMINAL_RATE_HZ) -> str:
    """Say that the times of a sequence are not its layout's."""
    return f"no times in the layout: frames are spaced at a nominal {rate_hz:g} Hz"


NOMINAL_NOTE = nominal_note()

IMAGES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})
"""Extensions of image files, lower case."""

ROOM_WORDS = re.compile(r"(room|place|label|location)")
"""What a topic or column that tells the room has in its name, lower case."""

MAX_TEXT_BYTES = 2**28
MAX_NUMBER = 10**9
MAX_TIME_NS = 2**62

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
"""A decimal number as C's ``%f`` and ``%g`` write it (a pattern, no group)."""

_SECONDS = re.compile(r"([0-9]{1,40})(?:\.([0-9]{0,60}))?(?:[eE]([-+]?[0-9]{1,2}))?")
_MAX_SECONDS = 2**32


def names_in(folder: Path) -> Iterator[str]:
    """Yield the names of the files in ``folder``, in no order; none where it is no folder."""
    try:
        with os.scandir(folder) as entries:
            yield from (e.name for e in entries if e.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return


def list_names(folder: Path, faults: list[Fault]) -> list[str]:
    """Return the names of the files in ``folder`` in natural order; a fault where it cannot be."""
    try:
        return sorted(names_in(folder), key=natural_key)
    except OSError as e:
        faults.append(Fault(folder, f"cannot be listed ({e.strerror})"))
        return []


def list_images(folder: Path, faults: list[Fault]) -> list[str]:
    """Return the names of the images in ``folder`` as `list_names` does."""
    return [n for n in list_names(folder, faults) if is_image(n)]


def misnamed(path: Path, expected: str) -> Fault:
    """Return the fault of an image whose name does not say what the layout's names say."""
    remedy = "mend the name or move the file away"
    return Fault(path, f"expected a name like {expected}", remedy=remedy)


def named_images(
    folder: Path, pattern: re.Pattern[str], expected: str, faults: list[Fault]
) -> Iterator[tuple[str, re.Match[str]]]:
    """Yield each image's name and what it says by ``pattern``; a fault where it says nothing."""
    for name in list_images(folder, faults):
        if match := pattern.fullmatch(name):
            yield name, match
        else:
            faults.append(misnamed(folder / name, expected))


def list_numbered(folder: Path, pattern: re.Pattern[str], faults: list[Fault]) -> dict[int, Path]:
    """Return files of ``folder`` whose name ``pattern`` matches, by the number in group 1."""
    files: dict[int, Path] = {}
    for name in list_names(folder, faults):
        if (match := pattern.fullmatch(name)) is None:
            continue
        number = int(match[1])
        if not 1 <= number <= MAX_NUMBER:
            faults.append(Fault(folder / name, f"expected a number from 1 to {MAX_NUMBER}"))
        elif number in files:
            faults.append(
                Fault(
                    folder / name,
                    f"the number {number} is there twice (first in {files[number].name})",
                    remedy="keep one",
                )
            )
        else:
            files[number] = folder / name
    return files


def has_name(folder: Path, pattern: re.Pattern[str]) -> bool:
    """Return whether a file in ``folder`` has a name that ``pattern`` matches in full."""
    try:
        return any(pattern.fullmatch(name) for name in names_in(folder))
    except OSError:
        return False


def is_image(name: str) -> bool:
    """Return whether a file name has the extension of an image."""
    return os.path.splitext(name)[1].lower() in IMAGES


def is_inside(cell: str) -> bool:
    """Return whether a relative path stays in its folder; control characters are refused too."""
    path = PurePosixPath(cell)
    return not path.is_absolute() and ".." not in path.parts and cell.isprintable()


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Return a sort key that puts ``img_2`` before ``img_10``."""
    parts = re.split(r"([0-9]+)", name.lower())
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], name


def text_lines(path: Path, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line stripped) of a UTF-8 text file, blank lines left out.

    A byte order mark and CRLF ends are accepted. A file that cannot be read, is not UTF-8 or holds
    NUL bytes is a fault, and so is one without a line in it.
    """
    try:
        raw = read_regular(path, MAX_TEXT_BYTES)
    except OSError as e:
        faults.append(Fault(path, f"cannot be read ({e.strerror})"))
        return
    if not raw.strip():
        faults.append(Fault(path, "the file is empty"))
        return
    if fault := text_fault(path, raw):
        faults.append(fault)
        return
    for number, line in enumerate(raw.decode("utf-8-sig").split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def text_fault(path: Path, raw: bytes) -> Fault | None:
    """Return a fault where ``raw`` is not UTF-8 text, with the line of the first bad byte."""
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        return Fault(
            path, f"not UTF-8 text (byte 0x{raw[e.start]:02x})", line, remedy="save it as UTF-8"
        )
    if (nul := raw.find(b"\0")) >= 0:
        return Fault(path, "not a text file (a NUL byte)", raw.count(b"\n", 0, nul) + 1)
    return None


def read_table(
    path: Path, columns: tuple[str, ...], faults: list[Fault]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a CSV file with a header that holds at least ``columns``."""
    try:
        raw = read_regular(path)
    except OSError as e:
        faults.append(Fault(path, f"cannot be read ({e.strerror})"))
        return
    if fault := text_fault(path, raw):
        faults.append(fault)
        return
    rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
    try:
        yield from _parse_rows(path, rows, columns, faults)
    except csv.Error as e:
        faults.append(Fault(path, f"not a CSV file ({e})", rows.line_num))


def _parse_rows(
    path: Path, rows: Any, columns: tuple[str, ...], faults: list[Fault]
) -> Iterator[tuple[int, dict[str, str]]]:
    header = [h.strip() for h in next(rows, [])]
    if not header:
        faults.append(Fault(path, "the file is empty", remedy=f"expected {','.join(columns)}"))
        return
    twice = [h for h in columns if header.count(h) > 1]
    if twice:
        faults.append(Fault(path, f"the column {twice[0]} is there twice", 1, remedy="keep one"))
        return
    missing = [c for c in columns if c not in header]
    if missing:
        faults.append(
            Fault(
                path,
                f"expected the columns {','.join(columns)}, missing {', '.join(missing)}",
                1,
                remedy=f"the first line is {','.join(header)!r}",
            )
        )
        return
    for cells in rows:
        if not cells:
            continue
        if len(cells) != len(header):
            faults.append(
                Fault(path, f"expected {len(header)} cells, got {len(cells)}", rows.line_num)
            )
            continue
        yield rows.line_num, dict(zip(header, (c.strip() for c in cells), strict=True))


def whole(text: str) -> int | None:
    """Return a whole number of at least 0 that fits in 62 bits, or None."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_TIME_NS:
        return int(text)
    return None


def seconds_to_ns(text: str) -> int | None:
    """Return decimal seconds as whole nanoseconds, exactly (digits beyond 1e-9 cut), or None.

    ``1305031102.175304`` and ``1.305031102175304e+09`` are the same time.
    """
    match = _SECONDS.fullmatch(text)
    if match is None:
        return None
    whole, fraction, exponent = match[1], match[2] or "", int(match[3] or 0)
    shift = 9 + exponent - len(fraction)
    digits = int(whole + fraction)
    time_ns = digits * 10**shift if shift >= 0 else digits // 10**-shift
    return time_ns if time_ns < (_MAX_SECONDS + 1) * 10**9 else None


def read_seconds(text: str, path: Path, line: int, faults: list[Fault]) -> int | None:
    """Return a time in seconds as nanoseconds; None, and a fault of the line, where it is none."""
    time_ns = seconds_to_ns(text)
    if time_ns is None:
        faults.append(Fault(path, f"expected a time in seconds, got {text[:40]!r}", line))
    return time_ns


def parse_pose(cells: Iterable[str]) -> Pose | None:
    """Return x, y in metres and the heading in radians, or None where one is not finite."""
    x, y, theta = map(float, cells)
    return (x, y, theta) if all(map(math.isfinite, (x, y, theta))) else None


def checked_rate(rate_hz: float) -> float:
    """Return a rate in frames a second. Raises ValueError outside [1e-6, 1e6]."""
    if not 1e-6 <= rate_hz <= 1e6:
        raise ValueError(f"rate_hz: expected a number from 1e-6 to 1e6, got {rate_hz!r}")
    return rate_hz


def nominal_ns(index: int, rate_hz: float = NOMINAL_RATE_HZ) -> int:
    """Return the time of frame ``index`` at a constant rate, 0 for the first."""
    return round(index * 1e9 / rate_hz)


def cloud_channels(path: Path, warnings: list[str]) -> dict[str, ChannelKind]:
    """Return the channels that clouds like ``path`` give: points and, where organised, depth."""
    channels = {"points": ChannelKind.POINTS}
    try:
        with open_regular(path) as f:
            header, _ = parse_header(f.read(MAX_HEADER_BYTES), str(path))
    except (OSError, FrameError) as e:
        warnings.append(f"no depth from the clouds: {e}")
        return channels
    if header.height > 1:
        channels["depth"] = ChannelKind.DEPTH_MM
    return channels


def cloud_sources(path: Path, channels: dict[str, ChannelKind]) -> dict[str, ImageFile]:
    """Return the sources of one cloud in ``channels``."""
    return {channel: ImageFile(path, kind) for channel, kind in channels.items()}


def color_file(path: Path) -> ImageFile:
    """Return the source of a colour image."""
    return ImageFile(path, ChannelKind.COLOR)


def color_frames(
    files: Iterable[tuple[Path, int, Pose | None]], segments: Sequence[int] | None = None
) -> tuple[FrameEntry, ...]:
    """Return a frame of one colour image for each (file, time in ns, pose), numbered from 0.

    All are of one segment where ``segments`` is None.
    """
    return tuple(
        FrameEntry(
            i,
            time_ns,
            {"rgb": color_file(path)},
            0 if segments is None else segments[i],
            pose,
            path.name,
        )
        for i, (path, time_ns, pose) in enumerate(files)
    )


def objects_of(cell: str) -> frozenset[str]:
    """Return the objects of a cell of a truth table: parted by ``;``, without blanks around."""
    return frozenset(name for part in cell.split(";") if (name := part.strip()))


def order_faults(previous: FrameEntry, entry: FrameEntry, table: Path) -> Iterator[Fault]:
    """Yield what is wrong with ``entry`` after ``previous``: numbers and times must not go back."""
    if entry.index < previous.index:
        yield Fault(
            table,
            f"the index {entry.index} follows {previous.index}",
            entry.line,
            remedy="order frames by index",
        )
    if fault := time_fault(previous.timestamp_ns, entry.timestamp_ns, table, entry.line):
        yield fault


def time_fault(previous_ns: int, time_ns: int, table: Path, line: int | None) -> Fault | None:
    """Return a fault where ``time_ns`` is before ``previous_ns``."""
    if time_ns >= previous_ns:
        return None
    message = f"time goes back: {time_ns} ns after {previous_ns} ns"
    return Fault(table, message, line, remedy="order frames by time")


@dataclass(slots=True)
class TruthRows:
    """The truth read from a table, by frame index, each with its line."""

    path: Path
    faults: list[Fault]
    truth: dict[int, Truth] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)

    def add(self, index: int, truth: Truth, line: int, name: str) -> None:
        """Add the truth of a frame that messages call ``name``; its second one is a fault."""
        if index in self.truth:
            first = f"{name} is there twice (first in line {self.lines[index]})"
            self.faults.append(Fault(self.path, first, line, remedy="keep one"))
        else:
            self.truth[index], self.lines[index] = truth, line
