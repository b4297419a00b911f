"""The cache of extracted vectors: what a key is made of, and how much is kept.

One file for each extractor and sequence in ``$ROBOTVISION_CACHE/features``. Its name is a digest of
everything the vectors depend on: the frames' numbers, times and images; the extractor's parameters,
calibration and what it learnt; the files it reads; and its code
(`robotvision.plugins.provenance`), so an extractor that was edited finds nothing. Where the code
cannot be had, nothing is kept.

A file appears whole or not at all, its time is that of its last use, and what was used longest ago
goes first once there is more than the limit. Several processes may read, write and clear at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.data import ImageSequence
from robotvision.errors import FrameError, RobotVisionError
from robotvision.features import cache_folder, cache_root
from robotvision.features.base import FeatureExtractor, needs_training
from robotvision.plugins.identity import UnknownCode, identity, without_address

LIMIT = "10GB"
"""How much is kept where ``ROBOTVISION_CACHE_LIMIT`` does not say."""
KINDS = ("features", "networks")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?B|)\s*\Z", re.IGNORECASE)
_ENTRY = re.compile(r"[0-9a-f]{40}\.npy\Z|[\w.-]+-\d+x\d+-[0-9a-f]{16}\.onnx\Z")
_HALF = re.compile(r"(tmp)?[\w-]+\.(part|onnx\.part)\Z")
_HALF_LIVES_S = 3600.0


@dataclass(frozen=True, slots=True)
class Key:
    """The name of an extractor's vectors of a sequence, without ``.npy``.

    Empty where they are not kept; ``why`` then says so in a line, or is empty, too, where an image
    is missing: the extraction itself tells that.
    """

    name: str = ""
    why: str = ""


def keys_of(extractors: Sequence[FeatureExtractor], sequence: ImageSequence) -> list[Key]:
    """Return the key of each extractor's vectors of ``sequence``, calibrated and trained."""
    digests: dict[tuple[str, ...], bytes | None] = {}
    keys = []
    for extractor in extractors:
        channels = tuple(extractor.channels)
        if channels not in digests:
            digests[channels] = _images_digest(sequence, channels)
        images = digests[channels]
        keys.append(Key() if images is None else _key(extractor, images, sequence))
    return keys


def _images_digest(sequence: ImageSequence, channels: tuple[str, ...]) -> bytes | None:
    h = hashlib.blake2b(digest_size=20)
    h.update(repr([(c, str(sequence.channels.get(c))) for c in channels]).encode())
    try:
        for position, frame in enumerate(sequence.frames):
            h.update(f"{frame.index},{frame.timestamp_ns}\n".encode())
            h.update(sequence.digest(position, channels))
    except FrameError:
        return None  # a missing image: not cached, and reported by the extraction itself
    return h.digest()


def _key(extractor: FeatureExtractor, images: bytes, sequence: ImageSequence) -> Key:
    about: list[Any] = [cv2.__version__, np.__version__]
    if hasattr(extractor, "calibrate"):
        about.append({k: dict(v) for k, v in sequence.calibration.items()})
    try:
        about += identity(extractor, is_trained=needs_training(extractor))
    except UnknownCode as e:
        return Key(why=f"{without_address(extractor)}: not cached, {e}")
    h = hashlib.blake2b(images, digest_size=20)
    h.update(json.dumps(about, sort_keys=True, default=str).encode())
    return Key(h.hexdigest())


_UNREADABLE = (OSError, ValueError, EOFError, MemoryError, SyntaxError, RecursionError, TokenError)
"""What NumPy raises for a file that is missing, cut short, or whose header is damaged."""


def load(cache: Path | None, key: Key, n: int) -> NDArray[np.float32] | None:
    """Return the vectors of ``n`` frames under a key, None where there are none."""
    if cache is None or not key.name:
        return None
    path = cache / f"{key.name}.npy"
    try:
        block = np.load(path, allow_pickle=False)
        os.utime(path)
    except _UNREADABLE:
        return None  # not there, or cut short by a crash: extracted anew and written again
    return block if block.dtype == np.float32 and block.ndim == 2 and len(block) == n else None


def save(cache: Path, key: Key, block: NDArray[np.float32], problems: list[str]) -> None:
    """Keep vectors under a key; a cache that cannot be written becomes one of ``problems``."""
    if not key.name:
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cache, suffix=".part", delete=False) as f:
            try:
                np.save(f, block)
                f.close()
                os.replace(f.name, cache / f"{key.name}.npy")
            except BaseException:
                Path(f.name).unlink(missing_ok=True)
                raise
    except OSError as e:
        problems.append(
            f"{cache}: the feature cache cannot be written ({e.strerror}); set ROBOTVISION_CACHE "
            "to a folder that can, or give --no-cache"
        )
        return
    if cache == cache_folder():
        trim(limit_bytes())


def size_of(text: str, where: str) -> int | None:
    """Return a size in bytes: ``"500MB"``, ``"2.5 GB"``; ``"none"``: no limit.

    Raises
    ------
    RobotVisionError
        It is no size.
    """
    if text.strip().lower() == "none":
        return None
    match = _SIZE.match(text)
    if match is None:
        raise RobotVisionError(
            f"{where}: expected a size like 500MB or 10GB, or none, got {text!r}"
        )
    return round(float(match[1]) * _UNITS[match[2].upper()])


def shown_size(n_bytes: int) -> str:
    """Return a size in words: ``"1.2 MB"``."""
    unit = max((u for u in _UNITS if _UNITS[u] <= max(n_bytes, 1) and u), key=_UNITS.__getitem__)
    return f"{n_bytes} B" if unit == "B" else f"{n_bytes / _UNITS[unit]:.1f} {unit}"


def limit_bytes() -> int | None:
    """Return how much the cache may hold; None: no limit. Raises RobotVisionError."""
    name = "ROBOTVISION_CACHE_LIMIT"
    return size_of(os.environ.get(name) or LIMIT, name)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the cache: vectors of a sequence, or a network that was exported to ONNX."""

    path: Path
    n_bytes: int
    used_s: float

    @property
    def kind(self) -> str:
        """``features`` or ``networks``."""
        return "features" if self.path.suffix == ".npy" else "networks"


def entries() -> list[Entry]:
    """Return the files of the cache, what was used longest ago first."""
    found = []
    for path in _files(_ENTRY):
        try:
            status = path.stat()
        except OSError:
            continue  # another process cleared it
        found.append(Entry(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda e: (e.used_s, e.path.name))


def trim(limit: int | None) -> list[Entry]:
    """Remove what was used longest ago until ``limit`` bytes are left; return what was removed.

    Half files whose process is gone go, too.
    """
    for path in _files(_HALF):
        try:
            if time.time() - path.stat().st_mtime > _HALF_LIVES_S:
                path.unlink()
        except OSError:
            continue  # another process removed it
    if limit is None:
        return []
    known = entries()
    total, removed = sum(e.n_bytes for e in known), []
    for entry in known:
        if total <= limit:
            break
        try:
            entry.path.unlink(missing_ok=True)
        except OSError as e:
            raise RobotVisionError(f"{entry.path}: cannot be removed ({e.strerror})") from e
        total -= entry.n_bytes
        removed.append(entry)
    return removed


def _files(pattern: re.Pattern[str]) -> Iterator[Path]:
    """Yield the files of the cache whose names are like those it gives; no links, no others."""
    for folder in (cache_root(), cache_folder()):
        try:
            listed = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError:
            continue  # there is none yet
        for item in listed:
            if pattern.match(item.name) and item.is_file(follow_symlinks=False):
                yield Path(item.path)
