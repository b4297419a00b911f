"""A fingerprint of each image of a sequence: a digest of its bytes and a perceptual hash.

The digest is equal for copies of a file. The hash stays nearly the same where an image is saved
anew, made smaller, brighter or a little softer: the image in grey, averaged down to
`SIDE` x `SIDE` cells whatever its size, less its own blur (what is left are edges, so that light
and the wall's colour matter little), as a vector of length 1. Two hashes are compared by
``1 - a @ b``: 0 the same image, about 1 images that have nothing to do with each other. Sign
hashes (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010)
separate copies from a robot's honest second visit far less well; see
``scripts/measure_overlap.py``.

JPEG files are decoded at an eighth of their size, where each block of 8 x 8 pixels is its mean.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from robotvision.data.images import REDUCTIONS, claimed_size, decode_grey
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile, ImageSequence
from robotvision.data.verify import map_frames
from robotvision.errors import FrameError
from robotvision.records import Frame, Image

SIDE = 24
"""Cells of the hash along each side."""
BLUR_CELLS = 2.0
"""Standard deviation of the blur that is taken away."""
PLAIN_LEVELS = 2.0
"""An image whose edges are weaker (root mean square, grey levels of 255) shows a plain wall or the
dark: such images look alike without being copies, and are compared by their digest alone."""
DIGEST_BYTES = 16
VERSION = 1
"""Of the hash, in the names of what is kept."""


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The fingerprints of a sequence's images, of one channel.

    Parameters
    ----------
    channel : str
        The first one in colour, else the first.
    digests : tuple of bytes
        One a frame; empty where the image cannot be read.
    hashes : (frames, SIDE * SIDE) float32
        Of length 1; all 0 where an image is plain, cannot be read or is not in colour.
    """

    channel: str
    digests: tuple[bytes, ...]
    hashes: NDArray[np.float32]

    @property
    def has_hash(self) -> NDArray[np.bool_]:
        """(frames,) whether the image can be compared by its hash."""
        return np.asarray(self.hashes.any(axis=1))

    def distances(
        self, positions: NDArray[np.int64], others: Fingerprints, frames: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the distance between images of two sequences, pair by pair.

        Parameters
        ----------
        positions : (pairs,) int64
            Of this sequence.
        others : Fingerprints
        frames : (pairs,) int64
            Of the other.

        Returns
        -------
        (pairs,) float64
            0 to 2; infinite where an image has no hash.
        """
        likeness = np.einsum("ij,ij->i", self.hashes[positions], others.hashes[frames])
        has_both = self.has_hash[positions] & others.has_hash[frames]
        return np.where(has_both, np.maximum(1.0 - likeness, 0), np.inf)


_known: WeakKeyDictionary[ImageSequence, Fingerprints] = WeakKeyDictionary()
"""Of sequences that are open, so that a sweep computes each once."""
_seen: WeakKeyDictionary[ImageSequence, dict[int, NDArray[np.uint8]]] = WeakKeyDictionary()
"""Cells of images that were decoded for something else, by the number of the frame."""


def remember(sequence: ImageSequence, frame: Frame) -> None:
    """Keep what the hash of a decoded image needs, so that it is not decoded for that again.

    Parameters
    ----------
    sequence : ImageSequence
    frame : Frame
        Of the sequence, with the compared channel or without it.
    """
    channel = compared_channel(sequence)
    if channel in frame.images and sequence.channels[channel] is ChannelKind.COLOR:
        _seen.setdefault(sequence, {})[frame.index] = cells_of(_grey(frame.images[channel]))


def compared_channel(sequence: ImageSequence) -> str:
    """Return the channel that is compared: the first in colour, else the first; "" without any."""
    return next(iter([*sequence.channels_of(ChannelKind.COLOR), *sequence.channels]), "")


def fingerprints(
    sequence: ImageSequence,
    cache: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Fingerprints:
    """Return the fingerprints of a sequence's images; an unreadable image has none.

    Parameters
    ----------
    sequence : ImageSequence
    cache : Path, optional
        Folder in which hashes are kept, by the digests of all images; None: none are kept.
    progress : callable
        Receives frames done and frames in all.
    """
    if sequence not in _known:
        _known[sequence] = _compute(sequence, cache, progress)
    return _known[sequence]


def _compute(
    sequence: ImageSequence, cache: Path | None, progress: Callable[[int, int], None]
) -> Fingerprints:
    channel = compared_channel(sequence)
    file = None
    if cache is not None:
        digests = tuple(_digest(channel, entry) for entry in sequence.frames)
        file = cache / f"{_name_of(digests)}.npy"
        hashes = _load(file, len(sequence))
        if hashes is not None:
            return Fingerprints(channel, digests, hashes)
    seen = _seen.pop(sequence, {})
    read = _Read(channel, sequence.channels.get(channel) is ChannelKind.COLOR, seen)
    is_decoded = len(seen) == len(sequence)  # then reading bytes is all, which no thread speeds up
    found = []
    for one in map(read, sequence.frames) if is_decoded else map_frames(sequence, read):
        found.append(one)
        progress(len(found), len(sequence))
    result = Fingerprints(
        channel,
        tuple(digest for digest, _ in found),
        hashes_of(np.array([cells for _, cells in found]).reshape(-1, SIDE, SIDE)),
    )
    if file is not None:
        _save(file, result.hashes)
    return result


def _digest(channel: str, entry: FrameEntry) -> bytes:
    source = entry.sources.get(channel)
    try:
        return b"" if source is None else source.digest()
    except FrameError:
        return b""  # a missing image: whoever needs its pixels reports it


@dataclass(frozen=True, slots=True)
class _Read:
    """Read the digest of a frame's image and its cells."""

    channel: str
    is_color: bool
    seen: Mapping[int, NDArray[np.uint8]]

    def __call__(self, entry: FrameEntry) -> tuple[bytes, NDArray[np.uint8]]:
        nothing = np.zeros((SIDE, SIDE), np.uint8)
        source = entry.sources.get(self.channel)
        if source is None or not self.is_color or entry.index in self.seen:
            return _digest(self.channel, entry), self.seen.get(entry.index, nothing)
        try:
            if isinstance(source, ImageFile):
                raw = source.raw()
                return source.digest_of(raw), cells_of(_small_grey(raw, source.where))
            return source.digest(), cells_of(_grey(source.read()))
        except FrameError:
            return _digest(self.channel, entry), nothing  # as above


def _small_grey(raw: bytes, where: str) -> NDArray[np.uint8]:
    """Decode a file in grey, as small as the hash allows."""
    factor = reduction(*(claimed_size(raw) or (0, 0)))
    return decode_grey(raw, where, min(factor, REDUCTIONS[-1]))


def _grey(image: Image) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def reduction(width: int, height: int) -> int:
    """Return by which power of 2 an image can be reduced and still have `SIDE` pixels a side."""
    return 1 << max(0, (min(width, height) // SIDE).bit_length() - 1)


def cells_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image of whatever size, (H, W), averaged down to (SIDE, SIDE)."""
    import cv2

    height, width = grey.shape
    factor = reduction(width, height)
    if factor > 1:  # first to a size that copies of half and double the size come to as well
        size = (width // factor, height // factor)
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def hashes_of(cells: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the hashes of images from their cells.

    Parameters
    ----------
    cells : (n, SIDE, SIDE) uint8

    Returns
    -------
    (n, SIDE * SIDE) float32
        Of length 1; all 0 where an image is plain.
    """
    values = cells.astype(np.float32)
    edges = (values - BLUR @ values @ BLUR.T).reshape(len(cells), SIDE * SIDE)
    edges -= edges.mean(axis=1, keepdims=True)
    length = np.linalg.norm(edges, axis=1, keepdims=True)
    is_plain = length < PLAIN_LEVELS * SIDE
    return np.where(is_plain, 0, edges / np.where(is_plain, 1, length)).astype(np.float32)


def _blur() -> NDArray[np.float32]:
    """Return the (SIDE, SIDE) matrix that blurs a column of cells; beyond the edge it repeats."""
    reach = 4 * round(BLUR_CELLS)
    weights = np.exp(-((np.arange(-reach, reach + 1) / BLUR_CELLS) ** 2) / 2)
    matrix = np.zeros((SIDE, SIDE), np.float32)
    for row in range(SIDE):
        for offset, weight in zip(range(-reach, reach + 1), weights / weights.sum(), strict=True):
            matrix[row, min(max(row + offset, 0), SIDE - 1)] += weight
    return matrix


BLUR = _blur()


def _name_of(digests: tuple[bytes, ...]) -> str:
    h = hashlib.blake2b(f"{VERSION}".encode(), digest_size=20)
    for digest in digests:
        h.update(digest.ljust(DIGEST_BYTES, b"\0"))
    return h.hexdigest()


def _load(file: Path, n: int) -> NDArray[np.float32] | None:
    try:
        hashes = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not there, or cut short by a crash: computed anew and written again
    if hashes.dtype != np.float16 or hashes.shape != (n, SIDE * SIDE):
        return None
    return np.asarray(hashes, np.float32)


def _save(file: Path, hashes: NDArray[np.float32]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as f:
            np.save(f, hashes.astype(np.float16))
        os.replace(f.name, file)
    except OSError:
        pass  # the feature cache in the same place reports that it cannot be written
