"""What the cameras saw, small enough to lie inside the page, or in a folder beside it.

Images are read again from where the run read them (they are not in the log). A budget in bytes
decides what is embedded: every frame where that fits, wide enough to be sharp on a fine screen; of
a longer run the mistakes, and thumbnails of the other frames, evenly spread. A folder beside the
page holds all of them. What was left out, and why, is said on the page.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.data import reopen
from robotvision.data.digest import table_digest
from robotvision.data.images import decode_image
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile, Source
from robotvision.data.sequence import ImageSequence as Recording
from robotvision.errors import FrameError, RobotVisionError
from robotvision.report.columns import RunColumns
from robotvision.runs.log import SequenceRecord
from robotvision.writing import make_folder, write_bytes

BUDGET = 9_000_000
"""Bytes of base64 text that images may take in a page."""
WIDTHS = (640, 480, 320, 240)
"""Widths in pixels, the widest that fits the budget is taken; two pixels for one of the page."""
THUMBNAIL = 120
"""Width of frames that are no mistakes where not every frame fits."""
MISTAKES_SHARE = 0.7
"""Part of the budget that mistakes may take where not every frame fits."""
QUALITY = 68
DATA = "data:image/jpeg;base64,"
MAX_PICTURES = 3000
"""Reading more would take longer than a reader waits."""
_PART = re.compile(r"\[(\d+):(\d+)\]$")

Image = NDArray[np.uint8]


@dataclass(slots=True)
class ImageSet:
    """Images of a page: for each frame that has them, an address by channel.

    An address is a data URI, or a file beside the page (``has_files``). ``notes`` says what is
    missing and why; ``poses`` holds x and y in metres by frame position, where the sequence knows
    them. ``scope`` says of a page that holds every image where they are.
    """

    images: dict[int, dict[str, str]] = field(default_factory=dict)
    channels: list[str] = field(default_factory=list)
    poses: dict[int, tuple[float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    depth_range_m: float | None = None
    has_files: bool = False
    scope: str = ""

    @property
    def n_bytes(self) -> int:
        """Bytes of all images as they lie in the page."""
        return sum(len(text) for entry in self.images.values() for text in entry.values())

    def note_unread(self, n: int) -> None:
        """Note how many images could not be read, if any."""
        if n:
            self.notes.append(f"{n:,} images could not be read any more.")

    def columns(self, n: int) -> dict[str, Any]:
        """Return what the page's script knows of the images of its ``n`` frames."""
        data = {"channels": self.channels, "depth_range_m": self.depth_range_m}
        if not self.poses:
            return data
        places = [self.poses.get(k) for k in range(n)]
        return data | {
            key: [None if pose is None else round(pose[axis], 2) for pose in places]
            for axis, key in enumerate(("x_m", "y_m"))
        }


@dataclass(frozen=True, slots=True)
class _LocatedFrame:
    """A frame of the page and where its images lie."""

    position: int
    entry: FrameEntry
    kinds: tuple[tuple[str, ChannelKind], ...]

    @classmethod
    def of(
        cls, position: int, entry: FrameEntry, kinds: Iterable[tuple[str, ChannelKind]]
    ) -> _LocatedFrame:
        """Return a frame with those of the shown channels that it has."""
        return cls(position, entry, tuple((c, k) for c, k in kinds if c in entry.sources))


def collect(
    run: RunColumns,
    budget: int = BUDGET,
    beside: ImageFolder | Callable[[int, str], str] | None = None,
) -> ImageSet:
    """Read the images of a run again, as many as the budget allows.

    Parameters
    ----------
    run : RunColumns
        Positions count its frames, in the order of its log.
    budget : int
        Bytes of text; 0: no images.
    beside : ImageFolder or callable, optional
        Write all of them there in place of the page; or where each is served, by position and
        channel.

    Raises
    ------
    RobotVisionError
        The folder cannot be written.
    """
    album = ImageSet()
    located: list[_LocatedFrame] = []
    position = 0
    for record in run.record.sequences:
        located += _locate(record, position, album)
        position += len(record.frames)
    _note_frames(album, located)
    if isinstance(beside, ImageFolder):
        _write_files(album, [f for f in located if f.kinds], beside)
    elif beside is not None:
        for f in located:
            album.images[f.position] = {c: beside(f.position, c) for c, _ in f.kinds}
        album.scope = "The images of this page come from robotvision view, all of them."
    elif budget <= 0:
        album.notes.append("Pictures were left out, as asked for.")
    elif any(f.kinds for f in located):
        mistakes = set(np.flatnonzero(run.outcome != 0).tolist())
        _fill(album, [f for f in located if f.kinds], mistakes, budget)
    return album


def _locate(record: SequenceRecord, first: int, album: ImageSet) -> Iterable[_LocatedFrame]:
    """Return where the images of a sequence's frames lie now; note what is gone or changed."""
    about = record.about
    name = str(about["name"])
    try:
        sequence = reopen(about)
    except RobotVisionError as e:
        reason = e.lines()[0]
        album.notes.append(f"The images of {name} cannot be read any more: {reason}")
        return []
    if not _is_unchanged(sequence, record):
        album.notes.append(
            f"The tables of {name} were changed since the run: its images may not be the ones "
            "the system saw."
        )
    by_index = {e.index: e for e in sequence.frames}
    kinds = shown_channels(sequence)
    located, n_lost = [], 0
    for k, frame in enumerate(record.frames):
        entry = by_index.get(frame.index)
        if entry is None or entry.timestamp_ns != frame.timestamp_ns:
            n_lost += 1
            continue
        located.append(_LocatedFrame.of(first + k, entry, kinds))
    if n_lost:
        album.notes.append(f"{n_lost} frames of {name} are not in the sequence any more.")
    return located


def collect_frames(
    parts: Sequence[tuple[Recording, Sequence[int]]], beside: ImageFolder
) -> ImageSet:
    """Write the images of frames that were not run here, all of them, into a folder.

    Parameters
    ----------
    parts : sequence of (sequence, indices)
        Positions count the frames of each part, by index.
    beside : ImageFolder
        As in `collect`, which has the same errors.
    """
    album = ImageSet()
    located: list[_LocatedFrame] = []
    n_frames = 0
    for sequence, indices in parts:
        by_index, kinds = {e.index: e for e in sequence.frames}, shown_channels(sequence)
        for position, index in enumerate(indices, start=n_frames):
            if (entry := by_index.get(index)) is not None:
                located.append(_LocatedFrame.of(position, entry, kinds))
        n_frames += len(indices)
    if len(located) < n_frames:
        album.notes.append(f"{n_frames - len(located):,} frames are not in the sequences.")
    _note_frames(album, located)
    _write_files(album, [f for f in located if f.kinds], beside)
    return album


def _note_frames(album: ImageSet, located: Sequence[_LocatedFrame]) -> None:
    """Note where the frames were taken, and which channels they have."""
    album.poses |= {f.position: f.entry.pose[:2] for f in located if f.entry.pose is not None}
    album.channels = list(dict.fromkeys(c for f in located for c, _ in f.kinds))


def _is_unchanged(sequence: Recording, record: SequenceRecord) -> bool:
    part = _PART.search(str(record.about["name"]))
    if part is not None and int(part[2]) <= len(sequence):
        sequence = sequence.part(int(part[1]), int(part[2]))
    digest = record.about.get("digest")
    return digest is None or bool(table_digest(sequence) == digest)


def shown_channels(sequence: Recording) -> list[tuple[str, ChannelKind]]:
    """Return one channel of colour and one of depth."""
    shown = []
    for kind in (ChannelKind.COLOR, ChannelKind.DEPTH_MM):
        shown += [(c, kind) for c in sequence.channels_of(kind)[:1]]
    return shown


def _fill(album: ImageSet, located: list[_LocatedFrame], mistakes: set[int], budget: int) -> None:
    sample = _spread(located, 12)
    album.depth_range_m = _depth_range(sample)
    width, each = _widest(sample, album, len(located), budget)
    if each * len(located) <= budget * 0.9 and len(located) <= MAX_PICTURES:
        faults = _embed(album, located, width, budget)
        if not faults:
            album.scope = (
                f"All images are in this page, {width:,} pixels wide at most; as they are: "
                "robotvision report RUN --images, or robotvision view RUN."
            )
    else:
        wrong, others = _choose(located, mistakes, MAX_PICTURES)
        width, _ = _widest(_spread(wrong, 12), album, len(wrong), round(budget * MISTAKES_SHARE))
        faults = _embed(album, wrong, width, round(budget * MISTAKES_SHARE))
        _, each = _widest(sample, album, len(others), budget, (THUMBNAIL,))
        capacity = int(0.9 * (budget - album.n_bytes) / max(1.0, each))
        faults += _embed(album, _spread(others, max(0, capacity)), THUMBNAIL, budget)
    n_wrong = sum(f.position in mistakes for f in located)
    n_shown = sum(p in mistakes for p in album.images)
    if len(album.images) < len(located) - faults:
        album.notes.append(
            f"{len(album.images):,} of {len(located):,} frames have their image on this page, to "
            f"keep it small: {n_shown:,} of {n_wrong:,} mistakes, thumbnails of the others; "
            "elsewhere the nearest before is shown and says so. All images, to play: robotvision "
            "report RUN --images, or robotvision view RUN."
        )
    album.note_unread(faults)


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder of images beside a page, and how the page names it."""

    path: Path
    address: str

    @property
    def scope(self) -> str:
        """What a page says that has all its images there."""
        return f"All images lie beside this page, in {unquote(self.address)}/."


def _write_files(album: ImageSet, located: list[_LocatedFrame], folder: ImageFolder) -> None:
    """Write every image as a file and name it in the album."""
    make_folder(folder.path)
    album.has_files = True
    album.depth_range_m = _depth_range(_spread(located, 12))
    faults = 0
    for f, raws in _encoded(located, WIDTHS[0], album.depth_range_m):
        faults += len(raws) < len(f.kinds)
        for channel, raw in raws.items():
            name = f"{f.position:06d}_{quote(channel, safe='')}.jpg"
            write_bytes(folder.path / name, raw)
            address = f"{folder.address}/{quote(name)}"
            album.images.setdefault(f.position, {})[channel] = address
    if located:
        album.scope = folder.scope
    album.note_unread(faults)


def _spread(items: Sequence[_LocatedFrame], n: int) -> list[_LocatedFrame]:
    """Return at most ``n`` items, evenly spread."""
    if len(items) <= n:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, n).round().astype(int)]


def _choose(
    located: list[_LocatedFrame], mistakes: set[int], capacity: int
) -> tuple[list[_LocatedFrame], list[_LocatedFrame]]:
    """Return at most ``capacity`` frames to embed: mistakes, and others; each evenly spread."""
    wrong = _spread([f for f in located if f.position in mistakes], int(capacity * 0.6))
    taken = {f.position for f in wrong}
    others = [f for f in located if f.position not in taken]
    return wrong, _spread(others, capacity - len(wrong))


def _depth_range(sample: list[_LocatedFrame]) -> float | None:
    """Return the depth in metres that the colours end at, or None without depth."""
    far = []
    for f in sample:
        for channel, kind in f.kinds:
            if kind is ChannelKind.DEPTH_MM:
                try:
                    depth = f.entry.sources[channel].read()
                except FrameError:
                    continue
                known = depth[depth > 0]
                if known.size:
                    far.append(float(np.quantile(known, 0.98)) / 1000)
    return max(1.0, round(max(far) * 2) / 2) if far else None


def _widest(
    sample: list[_LocatedFrame],
    album: ImageSet,
    n_frames: int,
    budget: int,
    widths: Sequence[int] = WIDTHS,
) -> tuple[int, float]:
    """Return the width in pixels to show images at, and the bytes a frame takes there."""
    each = 0.0
    for width in widths:
        encoded = (_encode(f, width, album.depth_range_m).values() for f in sample)
        sizes = [sum(len(raw) * 4 // 3 for raw in raws) for raws in encoded]
        sizes = [s for s in sizes if s]
        each = max(1.0, float(np.mean(sizes))) if sizes else 0.0
        if each * n_frames <= budget * 0.9:
            return width, each
    return widths[-1], each


def _embed(album: ImageSet, chosen: list[_LocatedFrame], width: int, budget: int) -> int:
    """Embed images until the album holds ``budget`` bytes; return how many could not be read."""
    used, faults = album.n_bytes, 0
    for f, raws in _encoded(chosen, width, album.depth_range_m):
        texts = {channel: DATA + base64.b64encode(raw).decode() for channel, raw in raws.items()}
        size = sum(map(len, texts.values()))
        faults += len(raws) < len(f.kinds)
        if texts and used + size <= budget:
            album.images[f.position] = texts
            used += size
    return faults


def _encoded(
    frames: list[_LocatedFrame], width: int, depth_range_m: float | None
) -> Iterator[tuple[_LocatedFrame, dict[str, bytes]]]:
    """Yield each frame with its images as JPEG, made on all cores."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        encoded = pool.map(lambda f: _encode(f, width, depth_range_m), frames)
        yield from zip(frames, encoded, strict=True)


def _encode(f: _LocatedFrame, width: int, depth_range_m: float | None) -> dict[str, bytes]:
    """Return JPEGs by channel; an image that cannot be read is left out."""
    raws = {}
    for channel, kind in f.kinds:
        try:
            raws[channel] = jpeg(f.entry.sources[channel], kind, width, depth_range_m)
        except FrameError:
            continue
    return raws


def jpeg(source: Source, kind: ChannelKind, width: int, depth_range_m: float | None) -> bytes:
    """Return an image as a JPEG of ``width`` pixels, depth as colours.

    Raises
    ------
    FrameError
        The image cannot be read or written.
    """
    image = _small(source, kind, width, depth_range_m)
    flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, raw = cv2.imencode(".jpg", image, flags)
    if not done:
        raise FrameError(f"{source.where}: the image cannot be written as JPEG")
    return bytes(raw.tobytes())


def _small(source: Source, kind: ChannelKind, width: int, depth_range_m: float | None) -> Image:
    """Return an image in OpenCV's order of colours, scaled to ``width``."""
    if kind is ChannelKind.COLOR:
        image = _color(source, width)
        scale = width / image.shape[1]
        if scale >= 1:
            return image
        size = (width, max(1, round(image.shape[0] * scale)))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    depth = source.read()
    scale = width / depth.shape[1]
    if scale < 1:
        size = (width, max(1, round(depth.shape[0] * scale)))
        depth = cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST)
    return colored_depth(depth, depth_range_m or 8.0)


def _color(source: Source, width: int) -> Image:
    """Return a colour image as BGR, decoded at a fraction of its size where that is enough."""
    if not isinstance(source, ImageFile):
        return np.ascontiguousarray(source.read()[:, :, ::-1])
    raw = source.raw()
    flag = cv2.IMREAD_REDUCED_COLOR_2 if width <= 160 else cv2.IMREAD_COLOR
    image = decode_image(raw, source.where, flag)
    if image.shape[1] < width and flag != cv2.IMREAD_COLOR:
        image = decode_image(raw, source.where, cv2.IMREAD_COLOR)
    return image


def colored_depth(depth_mm: NDArray[np.uint16], range_m: float) -> Image:
    """Return depth as colours (BGR): near yellow, ``range_m`` and beyond violet, no reading grey.

    Viridis, which rises evenly in brightness for every kind of colour vision.
    """
    near = 1 - np.clip(depth_mm / (range_m * 1000), 0, 1)
    colored = np.asarray(
        cv2.applyColorMap((near * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS), np.uint8
    )
    colored[depth_mm == 0] = 128
    return colored
