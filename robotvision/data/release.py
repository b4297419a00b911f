"""Write what may be handed out of test sequences: images and nothing that gives the truth away.

A released sequence is in the native layout. It has no truth, poses, notes, file names or cuts of
its source (a part whose truth is handed out, too, keeps its cuts). Frames are numbered anew from 0,
at a regular rate, so neither times nor gaps can be matched with a known recording. Images are
decoded and encoded anew, so no metadata is left in them. A `ReleaseKey` maps frames back.

The order is kept for systems that use it (the optional mode), or shuffled, as the organisers of
ImageCLEF 2014 did: then every frame is a segment of its own, and neighbours say nothing.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.native import SequenceWriter
from robotvision.data.release_key import KIND, SCHEMA, TEST, ReleasedSequence, ReleaseKey, write_key
from robotvision.data.sequence import ChannelKind, ImageSequence, Source
from robotvision.data.verify import image_fault
from robotvision.errors import (
    Fault,
    FrameError,
    InputFaults,
    RobotVisionError,
    not_writable,
    repeated,
)
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import Image

JPEG_QUALITY = 95
"""High enough that encoding anew moves a pixel by about one grey level."""
DEFAULT_RATE_HZ = 5.0

Blur = Callable[[Image], Image]
"""Return a colour image (H, W, 3) uint8 with its faces blurred."""


@dataclass(frozen=True, slots=True)
class ReleaseSplit:
    """A part to release apart: ``validation`` with about ``share`` of all frames."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class ReleaseOptions:
    """How sequences are released.

    Parameters
    ----------
    order : str
        ``keep`` or ``shuffle``.
    split : ReleaseSplit or None
        Whole segments drawn at random for a part of another name than ``test``.
    with_truth : tuple of str
        Parts whose truth is handed out, too: ``("validation",)``.
    blur : callable or None
        Applied to every colour image.
    seed : int or None
        Of the shuffle and the split; None, the default: from the operating system, which nobody
        can guess. A seed is for tests: whoever knows it knows the order.
    """

    order: Literal["keep", "shuffle"] = "keep"
    split: ReleaseSplit | None = None
    with_truth: tuple[str, ...] = ()
    blur: Blur | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """What was written: the key, and the images that could not be read."""

    key: ReleaseKey
    faults: tuple[Fault, ...]


def release(
    sequences: Sequence[ImageSequence],
    target: Path,
    key_path: Path,
    options: ReleaseOptions | None = None,
    progress: Progress = quiet,
) -> Release:
    """Write sequences to the new folder ``target`` as they may be handed out, and their key.

    Parameters
    ----------
    sequences : sequence of ImageSequence
        With distinct names.
    target : Path
        Receives a folder for each: ``test1``, ``test2``, ...; must not exist.
    key_path : Path
        Outside ``target``; must not exist.
    options : ReleaseOptions, optional
    progress : callable, optional
        Receives (what, frames written, frames in all).

    Returns
    -------
    Release
        Frames whose images could not be read are written without them.

    Raises
    ------
    RobotVisionError
        A path exists already, two sequences share a name, or a split finds too few segments.
    """
    options = options or ReleaseOptions()
    _require_apart(target, key_path)
    _require_names(sequences)
    # The order of frames is a secret: without a seed it comes from the operating system.
    draw = random.SystemRandom() if options.seed is None else random.Random(options.seed)
    pieces = _pieces(sequences, options, draw)
    writer = _Writer(options, progress, sum(len(p.positions) for p in pieces))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for piece in pieces:
            writer.write(piece, beside / piece.folder)
        key = ReleaseKey(options.order, tuple(p.as_key() for p in pieces), SCHEMA, KIND)
        write_key(key_path, key)  # first: a release without its key would be worth nothing
        beside.chmod(0o755)
        os.rename(beside, target)
    except OSError as e:
        raise not_writable(target, e) from e
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Release(key, tuple(writer.faults))


def _require_apart(target: Path, key_path: Path) -> None:
    if target.exists():
        raise RobotVisionError(f"{target}: exists already; give a folder that does not")
    if key_path.resolve().is_relative_to(target.resolve()):
        raise RobotVisionError(
            f"{key_path}: lies in the folder that is handed out; keep the key elsewhere"
        )
    if key_path.exists():
        raise RobotVisionError(f"{key_path}: exists already; name another file for the key")


def _require_names(sequences: Sequence[ImageSequence]) -> None:
    if twice := repeated(s.name for s in sequences):
        raise RobotVisionError(
            f"two sequences are called {twice[0]!r}; the key tells them apart by their names"
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """Frames of a source that become one released sequence, in the released order."""

    folder: str
    part: str
    source: ImageSequence
    positions: list[int]

    def as_key(self) -> ReleasedSequence:
        frames = self.source.frames
        indices = tuple(frames[p].index for p in self.positions)
        return ReleasedSequence(self.folder, self.part, self.source.name, indices)


def _pieces(
    sequences: Sequence[ImageSequence], options: ReleaseOptions, draw: random.Random
) -> list[_Piece]:
    parts = _parts(sequences, options.split, draw)
    strange = [name for name in options.with_truth if name not in parts]
    if strange:
        raise RobotVisionError(
            f"no part is called {strange[0]!r}; the parts are: {', '.join(parts)}"
        )
    pieces = []
    for part, positions_of in parts.items():
        number = 0
        for sequence, positions in zip(sequences, positions_of, strict=True):
            if not positions:
                continue
            number += 1
            if options.order == "shuffle":
                draw.shuffle(positions)
            pieces.append(_Piece(f"{part}{number}", part, sequence, positions))
    return pieces


def _parts(
    sequences: Sequence[ImageSequence], split: ReleaseSplit | None, draw: random.Random
) -> dict[str, list[list[int]]]:
    """Return by part the positions of each sequence's frames."""
    if split is None:
        return {TEST: [list(range(len(s))) for s in sequences]}
    segments = [(k, span) for k, s in enumerate(sequences) for span in s.segments()]
    if len(segments) < 2:
        raise InputFaults(
            Fault(
                sequences[0].root,
                "a split goes by whole segments, and there is one segment only",
                remedy="release more sequences, or give frames another segment in frames.csv",
            )
        )
    chosen = _choose([end - start for _, (start, end) in segments], split.share, draw)
    parts: dict[str, list[list[int]]] = {
        name: [[] for _ in sequences] for name in (split.name, TEST)
    }
    for n, (k, (start, end)) in enumerate(segments):
        parts[split.name if n in chosen else TEST][k] += range(start, end)
    return parts


def _choose(lengths: Sequence[int], share: float, draw: random.Random) -> set[int]:
    """Draw segments with about ``share`` of all frames, at least one and not all.

    Segments are taken in random order as long as each brings the sum nearer to the share.
    """
    wanted, taken = share * sum(lengths), 0
    order = list(range(len(lengths)))
    draw.shuffle(order)
    chosen: set[int] = set()
    for n in order:
        is_nearer = abs(taken + lengths[n] - wanted) < abs(taken - wanted)
        if (is_nearer or not chosen) and len(chosen) < len(lengths) - 1:
            chosen.add(n)
            taken += lengths[n]
    return chosen


class _Writer:
    def __init__(self, options: ReleaseOptions, progress: Progress, total: int) -> None:
        self.options, self.progress, self.total = options, progress, total
        self.done = 0
        self.faults: list[Fault] = []

    def write(self, piece: _Piece, folder: Path) -> None:
        source = piece.source
        rate_hz = round(source.measured_rate_hz or DEFAULT_RATE_HZ, 2)
        interval_ns = round(1e9 / rate_hz)
        is_shuffled = self.options.order == "shuffle"
        is_open = piece.part in self.options.with_truth
        truth = (source.truth or {}) if is_open else {}
        with SequenceWriter(
            folder,
            piece.folder,
            source.kinds,
            rate_hz=rate_hz,
            calibration=source.calibration,
            task=source.task,
        ) as writer:
            for number, position in enumerate(piece.positions):
                entry = source.frames[position]
                writer.add(
                    number * interval_ns,
                    self._images(source, position),
                    segment=number if is_shuffled else entry.segment if is_open else 0,
                    room=truth.get(entry.index),
                )
                self.done += 1
                self.progress("releasing", self.done, self.total)

    def _images(self, source: ImageSequence, position: int) -> Mapping[str, NDArray[Any] | bytes]:
        images: dict[str, NDArray[Any] | bytes] = {}
        for channel, origin in source.frames[position].sources.items():
            try:
                image = origin.read()
            except FrameError as e:
                self.faults.append(image_fault(source, position, channel, origin, e))
                continue
            if source.channels[channel] is ChannelKind.COLOR:
                images[channel] = self._encode(image, origin)
            else:
                images[channel] = image
        return images

    def _encode(self, image: Image, origin: Source) -> bytes:
        """Return a colour image as PNG where it was one, else as JPEG."""
        if self.options.blur is not None:
            image = self.options.blur(image)
        if Path(origin.where).suffix.lower() == ".png":
            return encode_png(image)
        return encode_jpeg(image, JPEG_QUALITY)
