"""An image sequence: what a robot's cameras recorded on one drive, in whatever layout.

Every reader turns its layout into the same `ImageSequence`: frames in time order, each with the
sources of its images, and the truth apart from them. Images are read one frame at a time by `load`,
which returns pixels and a time and nothing else.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, Protocol

from robotvision.data.images import decode_color, decode_depth_mm, shown_size
from robotvision.data.pcd import decode_depth, decode_points
from robotvision.errors import Fault, FrameError, RobotVisionError
from robotvision.records import Frame, Image, Truth
from robotvision.regular_file import open_regular, read_regular

Pose = tuple[float, float, float]
"""x in metres, y in metres, heading in radians."""

Calibration = Mapping[str, Mapping[str, float]]
"""Channel -> fx, fy, cx, cy in pixels; width, height; optional baseline_m, height_m."""

HEADER_BYTES = 2**16
"""In most image files the size stands within so many."""

EMPTY: Mapping[str, Mapping[str, float]] = MappingProxyType({})


class ChannelKind(StrEnum):
    """What the arrays of a channel hold."""

    COLOR = "color"
    """(H, W, 3) uint8, RGB order."""
    DEPTH_MM = "depth_mm"
    """(H, W) uint16, millimetres, 0 = no reading."""
    POINTS = "points"
    """(N, 3) float32, metres: x right, y down, z forward."""


class Source(Protocol):
    """Where one image is read from."""

    @property
    def where(self) -> str:
        """Its path, for messages."""

    def read(self) -> Image:
        """Decode it. Raises FrameError where it is missing or broken."""

    def digest(self) -> bytes:
        """Return 16 bytes that stand for its content. Raises FrameError where it is missing."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file of one channel: an image, or a point cloud (``.pcd``) for points or depth."""

    path: Path
    kind: ChannelKind

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self.path)

    def read(self) -> Image:
        """Decode the file. Raises FrameError."""
        raw = self.raw()
        if self.kind is ChannelKind.POINTS:
            return decode_points(raw, self.where)
        if self.kind is ChannelKind.COLOR:
            return decode_color(raw, self.where)
        is_cloud = self.path.suffix.lower() == ".pcd"
        return (decode_depth if is_cloud else decode_depth_mm)(raw, self.where)

    def digest(self) -> bytes:
        """Return a digest of the file's bytes. Raises FrameError."""
        return self.digest_of(self.raw())

    @staticmethod
    def digest_of(raw: bytes) -> bytes:
        """Return the digest of a file's bytes."""
        return hashlib.blake2b(raw, digest_size=16).digest()

    def claimed_size(self) -> tuple[int, int] | None:
        """Return (width, height) by the file's header, None where it says none. Raises FrameError.

        An image is not decoded.
        """
        try:
            with open_regular(self.path) as f:
                size = shown_size(f.read(HEADER_BYTES))
        except OSError:
            size = None
        return size or shown_size(self.raw())

    def raw(self) -> bytes:
        """Return the file's bytes. Raises FrameError."""
        try:
            return read_regular(self.path)
        except OSError as e:
            raise FrameError(f"{self.path}: the image cannot be read ({e.strerror})") from e


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """One frame of a sequence before its images are read.

    Parameters
    ----------
    index : int
        Number of the frame: unique, rising; the key that joins answers and truth.
    timestamp_ns : int
        When it was taken, on the recording's clock.
    sources : Mapping[str, Source]
        By channel.
    segment : int
        Frames of one segment follow each other without a jump.
    pose : Pose or None
        Where the robot was.
    name : str
        The frame's own file name, for run files that name frames so.
    line : int or None
        Line of the table it came from.
    """

    index: int
    timestamp_ns: int
    sources: Mapping[str, Source]
    segment: int = 0
    pose: Pose | None = None
    name: str = ""
    line: int | None = None


@dataclass(frozen=True, eq=False)
class ImageSequence:
    """Frames in time order, with what is known about the cameras and, apart, the truth.

    Parameters
    ----------
    name : str
        What reports call it.
    root : Path
        Its folder or file.
    reader : str
        The layout it was read from.
    channels : Mapping[str, ChannelKind]
        What each frame may carry.
    frames : tuple[FrameEntry, ...]
        In order.
    rate_hz : float or None
        Nominal rate; None: take the median interval.
    calibration : Calibration
        By channel; empty where not known.
    truth : Mapping[int, Truth] or None
        By frame index; None where the truth is withheld.
    table, truth_table : Path or None
        The files that entries and truth came from, for messages.
    truth_lines : Mapping[int, int]
        Line of each truth in ``truth_table``.
    params : Mapping[str, Any]
        What it was opened with beside its path and reader.
    """

    name: str
    root: Path
    reader: str
    channels: Mapping[str, ChannelKind]
    frames: tuple[FrameEntry, ...]
    rate_hz: float | None = None
    calibration: Calibration = field(default_factory=lambda: EMPTY)
    truth: Mapping[int, Truth] | None = None
    task: str | None = None
    note: str = ""
    table: Path | None = None
    truth_table: Path | None = None
    truth_lines: Mapping[int, int] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def kinds(self) -> dict[str, str]:
        """Kind of each channel, as tables and reports name it."""
        return {c: str(kind) for c, kind in self.channels.items()}

    def channels_of(self, kind: ChannelKind) -> list[str]:
        """Return the channels of a kind, in order."""
        return [c for c, k in self.channels.items() if k is kind]

    def positions(self) -> dict[int, int]:
        """Return the position of each frame by its number."""
        return {f.index: k for k, f in enumerate(self.frames)}

    def load(self, position: int, channels: tuple[str, ...] | None = None) -> Frame:
        """Read the images of the frame at ``position``, of all channels where none are named.

        Raises
        ------
        FrameError
            An image is missing, broken or not of the calibrated size.
        """
        entry = self.frames[position]
        images = {}
        for channel, source in entry.sources.items():
            if channels is not None and channel not in channels:
                continue
            images[channel] = image = source.read()
            self._check_size(channel, image, source)
        return Frame(entry.index, entry.timestamp_ns, images)

    def _check_size(self, channel: str, image: Image, source: Source) -> None:
        expected = self.size(channel)
        if expected and image.ndim >= 2 and self.channels.get(channel) is not ChannelKind.POINTS:
            height, width = image.shape[:2]
            if (width, height) != expected:
                raise FrameError(
                    f"{source.where}: expected {expected[0]}x{expected[1]} pixels as the "
                    f"calibration says, got {width}x{height}"
                )

    def size(self, channel: str) -> tuple[int, int] | None:
        """Return (width, height) of a channel in pixels as the calibration gives it, or None."""
        known = self.calibration.get(channel, {})
        if "width" in known and "height" in known:
            return int(known["width"]), int(known["height"])
        return None

    def digest(self, position: int, channels: tuple[str, ...] | None = None) -> bytes:
        """Return a digest of a frame's images in ``channels`` (all where None)."""
        h = hashlib.blake2b(digest_size=16)
        sources = self.frames[position].sources
        for channel in sorted(sources if channels is None else channels):
            h.update(channel.encode() + b"\0")
            if channel in sources:
                h.update(sources[channel].digest())
        return h.digest()

    def room(self, position: int) -> str | None:
        """Return the true room of the frame at ``position``, or None where it is not known."""
        truth = (self.truth or {}).get(self.frames[position].index)
        return truth.room if truth else None

    def room_counts(self) -> dict[str, int]:
        """Return the number of frames of each true room, by name."""
        return dict(sorted(Counter(t.room for t in (self.truth or {}).values()).items()))

    def segments(self) -> Iterator[tuple[int, int]]:
        """Yield (first position, end position) of each segment, in order."""
        start = 0
        for i in range(1, len(self.frames) + 1):
            if i == len(self.frames) or self.frames[i].segment != self.frames[start].segment:
                yield start, i
                start = i

    @property
    def measured_rate_hz(self) -> float | None:
        """Frames a second: the nominal rate, else from the median interval, else None."""
        if self.rate_hz is not None:
            return self.rate_hz
        times = [f.timestamp_ns for f in self.frames]
        steps = [b - a for a, b in pairwise(times) if b > a]
        return 1e9 / median(steps) if steps else None

    def part(self, start: int, end: int, name: str | None = None) -> ImageSequence:
        """Return the frames ``start`` to ``end`` (positions, end excluded) as a sequence."""
        frames = self.frames[start:end]
        indices = {f.index for f in frames}
        truth = self.truth
        if truth is not None:
            truth = {i: t for i, t in truth.items() if i in indices}
        return replace(self, frames=frames, truth=truth, name=name or self.name)

    def fault(self, position: int, message: str, remedy: str = "") -> Fault:
        """Return a fault at the line of the frame at ``position``."""
        return Fault(self.table or self.root, message, self.frames[position].line, remedy=remedy)


@dataclass(slots=True)
class Reading:
    """The result of a reader: a sequence as far as it could be read, and all faults of its tables.

    ``sequence`` is None where nothing could be read. Images are not opened here. ``elapsed_ns``
    says by a frame's number how long after the recording began it came, for a recording that does
    not begin with its first frame.
    """

    sequence: ImageSequence | None
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    elapsed_ns: Mapping[int, int] | None = None


class Reader(Protocol):
    """Turns one layout into an `ImageSequence`."""

    title: str
    """The layout in one line."""

    def detects(self, path: Path) -> bool:
        """Return whether ``path`` looks like this layout, from names alone."""

    def read(self, path: Path) -> Reading:
        """Read the tables of the sequence at ``path``, noting every fault."""


def require_channels(sequence: ImageSequence, channels: tuple[str, ...], wanted_by: str) -> None:
    """Raise where ``sequence`` lacks a channel that ``wanted_by`` reads."""
    missing = [c for c in channels if c not in sequence.channels]
    if missing:
        have = ", ".join(sequence.channels) or "none"
        raise RobotVisionError(
            f"{sequence.root}: {wanted_by} reads the channel {missing[0]!r}, which the sequence "
            f"does not have (it has: {have})"
        )


_OLD_NAMES = {
    "Sequence": ImageSequence,
    "Entry": FrameEntry,
    "Kind": ChannelKind,
    "Picture": ImageFile,
}


def renamed(module: str, old: str, cls: type) -> type:
    """Return ``cls``, warning that the module's name ``old`` for it is deprecated."""
    text = f"{module}.{old} is now {cls.__name__}; the old name goes with the next release"
    warnings.warn(text, DeprecationWarning, stacklevel=3)
    return cls


def __getattr__(name: str) -> type:
    """Return a class under its name of 0.1.0, with a warning, for one release."""
    if name in _OLD_NAMES:
        return renamed(__name__, name, _OLD_NAMES[name])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
