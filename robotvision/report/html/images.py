"""What the cameras saw, small enough to lie inside the page.

Images are read again from where the run read them (they are not in the log). A budget in bytes
decides what is embedded: every frame where that fits, else the mistakes first and then every k-th
frame. What was left out, and why, is said on the page.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

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

BUDGET = 9_000_000
"""Bytes of base64 text that images may take in a page."""
WIDTHS = (320, 240, 160)
"""Widths in pixels, the widest that fits the budget is taken."""
QUALITY = 68
MAX_PICTURES = 3000
"""Reading more would take longer than a reader waits."""
_PART = re.compile(r"\[(\d+):(\d+)\]$")

Image = NDArray[np.uint8]


@dataclass(slots=True)
class ImageSet:
    """Images of a page: for each frame that has them, a data URI by channel.

    ``notes`` says what is missing and why; ``poses`` holds x and y in metres by frame position,
    where the sequence knows them.
    """

    images: dict[int, dict[str, str]] = field(default_factory=dict)
    channels: list[str] = field(default_factory=list)
    poses: dict[int, tuple[float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    depth_range_m: float | None = None

    @property
    def n_bytes(self) -> int:
        """Bytes of all images as they lie in the page."""
        return sum(len(text) for entry in self.images.values() for text in entry.values())


@dataclass(frozen=True, slots=True)
class _LocatedFrame:
    """A frame of the page and where its images lie."""

    position: int
    entry: FrameEntry
    kinds: tuple[tuple[str, ChannelKind], ...]


def collect(run: RunColumns, budget: int = BUDGET) -> ImageSet:
    """Read the images of a run again, as many as the budget allows.

    Parameters
    ----------
    run : RunColumns
        Positions count its frames, in the order of its log.
    budget : int
        Bytes of text; 0: no images.
    """
    album = ImageSet()
    located: list[_LocatedFrame] = []
    position = 0
    for record in run.record.sequences:
        located += _locate(record, position, album)
        position += len(record.frames)
    for f in located:
        if f.entry.pose is not None:
            album.poses[f.position] = f.entry.pose[:2]
    album.channels = list(dict.fromkeys(c for f in located for c, _ in f.kinds))
    if budget <= 0:
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
        here = tuple((c, kind) for c, kind in kinds if c in entry.sources)
        located.append(_LocatedFrame(first + k, entry, here))
    if n_lost:
        album.notes.append(f"{n_lost} frames of {name} are not in the sequence any more.")
    return located


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
        names = [c for c, k in sequence.channels.items() if k is kind]
        shown += [(c, kind) for c in names[:1]]
    return shown


def _fill(album: ImageSet, located: list[_LocatedFrame], mistakes: set[int], budget: int) -> None:
    sample = _spread(located, 12)
    album.depth_range_m = _depth_range(sample)
    width, each = _widest(sample, album, len(located), budget)
    capacity = MAX_PICTURES if not each else min(MAX_PICTURES, int(budget / each))
    chosen = _choose(located, mistakes, capacity)
    faults = _embed(album, chosen, width, budget)
    n_wrong = sum(f.position in mistakes for f in located)
    n_shown = sum(p in mistakes for p in album.images)
    if len(album.images) < len(located) - faults:
        album.notes.append(
            f"{len(album.images):,} of {len(located):,} frames have their image on this page "
            f"({n_shown:,} of {n_wrong:,} mistakes), to keep it small; elsewhere the nearest "
            "image before is shown and says so."
        )
    if faults:
        album.notes.append(f"{faults:,} images could not be read any more.")


def _spread(items: Sequence[_LocatedFrame], n: int) -> list[_LocatedFrame]:
    """Return at most ``n`` items, evenly spread."""
    if len(items) <= n:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, n).round().astype(int)]


def _choose(located: list[_LocatedFrame], mistakes: set[int], capacity: int) -> list[_LocatedFrame]:
    """Return the frames to embed: mistakes first, then the others, evenly spread."""
    if len(located) <= capacity:
        return located
    wrong = _spread([f for f in located if f.position in mistakes], int(capacity * 0.8))
    taken = {f.position for f in wrong}
    rest = _spread([f for f in located if f.position not in taken], capacity - len(wrong))
    return wrong + rest


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
    sample: list[_LocatedFrame], album: ImageSet, n_frames: int, budget: int
) -> tuple[int, float]:
    """Return the width in pixels to show images at, and the bytes a frame takes there."""
    each = 0.0
    for width in WIDTHS:
        sizes = [sum(map(len, _encode(f, width, album.depth_range_m).values())) for f in sample]
        sizes = [s for s in sizes if s]
        each = max(1.0, float(np.mean(sizes))) if sizes else 0.0
        if each * n_frames <= budget * 0.9:
            return width, each
    return WIDTHS[-1], each


def _embed(album: ImageSet, chosen: list[_LocatedFrame], width: int, budget: int) -> int:
    """Embed images until the budget is used up; return how many could not be read."""
    used = faults = 0
    limit = album.depth_range_m
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        encoded = pool.map(lambda f: _encode(f, width, limit), chosen)
        for f, texts in zip(chosen, encoded, strict=True):
            size = sum(map(len, texts.values()))
            faults += len(texts) < len(f.kinds)
            if texts and used + size <= budget:
                album.images[f.position] = texts
                used += size
    return faults


def _encode(f: _LocatedFrame, width: int, depth_range_m: float | None) -> dict[str, str]:
    """Return data URIs by channel; an image that cannot be read is left out."""
    texts = {}
    for channel, kind in f.kinds:
        try:
            raw = jpeg(f.entry.sources[channel], kind, width, depth_range_m)
        except FrameError:
            continue
        texts[channel] = "data:image/jpeg;base64," + base64.b64encode(raw).decode("ascii")
    return texts


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
