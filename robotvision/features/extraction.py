"""Feature extraction over whole sequences: a thread pool, and a cache on disk.

OpenCV and numpy release the interpreter lock, so threads use every core. What was extracted is kept
in ``$ROBOTVISION_CACHE`` (else ``~/.cache/robotvision``), one file for each extractor and sequence,
keyed by the content of the images and the extractor's full repr (with its calibration and what it
learnt, where it has such): change either and the key changes, so nothing stale is ever read.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from robotvision import data
from robotvision.data.fingerprint import remember
from robotvision.errors import FrameError, RobotVisionError
from robotvision.features.base import FeatureExtractor, FittedExtractor, cache_root
from robotvision.records import Frame
from robotvision.writing import make_folder, new_file

Progress = Callable[[int, int], None]
"""Called with (frames done, frames in all)."""


def cache_folder() -> Path:
    """Return where extracted features are kept."""
    return cache_root() / "features"


@dataclass(slots=True)
class Extraction:
    """The features of one sequence.

    Parameters
    ----------
    blocks : list of (frames, dim) float32
        One for each extractor. The rows of unreadable frames are zero.
    readable : (frames,) bool
        Which frames could be read.
    n_cached : int
        Extractors whose features came from the cache.
    problems : list of str
        One line for each unreadable frame, and for a cache that could not be written.
    """

    blocks: list[NDArray[np.float32]]
    readable: NDArray[np.bool_]
    n_cached: int = 0
    problems: list[str] = field(default_factory=list)


def ready(extractor: FeatureExtractor, calibration: data.sequence.Calibration) -> FeatureExtractor:
    """Return the extractor set to a sequence's cameras; itself where it needs no calibration."""
    if not hasattr(extractor, "calibrate"):
        return extractor
    mine: FeatureExtractor = copy.copy(extractor).calibrate(calibration)
    return mine


def needs_training(extractor: FeatureExtractor) -> bool:
    """Return whether the extractor learns from training frames."""
    return isinstance(extractor, FittedExtractor)


def training_frames(
    sequences: Sequence[data.ImageSequence], channels: tuple[str, ...]
) -> Iterator[tuple[Frame, str]]:
    """Yield every readable training frame that has a true room, with it, in order."""
    for sequence in sequences:
        for position in range(len(sequence)):
            room = sequence.room(position)
            if room is None:
                continue
            try:
                yield sequence.load(position, channels), room
            except FrameError:
                continue  # extraction counts and reports unreadable frames


def extract(
    extractors: Sequence[FeatureExtractor],
    sequence: data.ImageSequence,
    cache: Path | None,
    progress: Progress = lambda done, total: None,
    n_threads: int | None = None,
) -> Extraction:
    """Return the features of every frame of ``sequence``.

    Parameters
    ----------
    extractors : sequence of FeatureExtractor
        Calibrated and trained, where they need to be.
    cache : Path or None
        Folder of the cache; None: neither read nor written.
    n_threads : int, optional
        As many as there are cores where None.

    Raises
    ------
    RobotVisionError
        An extractor fails on a frame, or gives a vector of the wrong shape or with NaN in it.
    """
    made = [ready(e, sequence.calibration) for e in extractors]
    keys = _keys(made, sequence) if cache else [None] * len(made)
    found = [_load(cache, key, len(sequence)) for key in keys]
    missing = [i for i, block in enumerate(found) if block is None]
    result = Extraction([], np.ones(len(sequence), bool), n_cached=len(made) - len(missing))
    if missing:
        fresh = _run([made[i] for i in missing], sequence, progress, n_threads, result)
        for i, block in zip(missing, fresh, strict=True):
            found[i] = block
            if cache and result.readable.all():
                _save(cache, keys[i], block, result.problems)
    result.blocks = [block for block in found if block is not None]
    return result


def cache_key(extractor: FeatureExtractor, sequence: data.ImageSequence) -> str | None:
    """Return the name of an extractor's vectors of ``sequence`` in the cache, without ``.npy``.

    None where an image is missing: nothing is kept then.
    """
    return _keys([ready(extractor, sequence.calibration)], sequence)[0]


def _run(
    extractors: list[FeatureExtractor],
    sequence: data.ImageSequence,
    progress: Progress,
    n_threads: int | None,
    result: Extraction,
) -> list[NDArray[np.float32]]:
    n = len(sequence)
    blocks = [np.zeros((n, e.dim), np.float32) for e in extractors]
    channels = tuple(sorted({c for e in extractors for c in e.channels}))

    def one(position: int) -> str | None:
        try:
            frame = sequence.load(position, channels)
        except FrameError as e:
            return str(e)
        remember(sequence, frame)
        for block, extractor in zip(blocks, extractors, strict=True):
            block[position] = _vector(extractor, frame, sequence)
        return None

    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one thread a frame; more would fight over the cores
    try:
        workers = ThreadPoolExecutor(n_threads or os.cpu_count() or 1)
        with threadpool_limits(1), workers as pool:
            for position, problem in enumerate(_bounded_map(pool, one, n)):
                if problem is not None:
                    result.readable[position] = False
                    result.problems.append(problem)
                progress(position + 1, n)
    finally:
        cv2.setNumThreads(threads_before)
    return blocks


def _bounded_map(
    pool: ThreadPoolExecutor, work: Callable[[int], str | None], n: int
) -> Iterator[str | None]:
    """Map in order, with few tasks waiting, so that an error or Ctrl-C stops at once."""
    todo = iter(range(n))
    waiting = [pool.submit(work, i) for i in islice(todo, 64)]
    while waiting:
        done = waiting.pop(0)
        try:
            outcome = done.result()
        except BaseException:
            for other in waiting:
                other.cancel()
            raise
        waiting += [pool.submit(work, i) for i in islice(todo, 1)]
        yield outcome


def _vector(
    extractor: FeatureExtractor, frame: Frame, sequence: data.ImageSequence
) -> NDArray[np.float32]:
    """Return the frame's vector; whatever the extractor raises is reported in one line."""
    try:
        vector = np.asarray(extractor.extract(frame), dtype=np.float32)
    except Exception as e:  # a plug-in may raise anything
        raise failure(extractor, f"{sequence.name}: frame {frame.index}", e) from e
    try:
        return _verified(extractor, frame, vector)
    except RobotVisionError as e:
        raise RobotVisionError(f"{sequence.name}: {e}") from e


def failure(extractor: FeatureExtractor, where: str, error: Exception) -> RobotVisionError:
    """Return what an extractor raised as one line, with the place in its code."""
    what = " ".join(str(error).split())
    if isinstance(error, RobotVisionError):
        return RobotVisionError(f"{where}: {extractor!r}: {what}")
    steps = traceback.extract_tb(error.__traceback__)
    own = getattr(sys.modules.get(type(extractor).__module__), "__file__", None)
    at = next((s for s in reversed(steps) if s.filename == own), steps[-1])
    return RobotVisionError(
        f"{where}: {extractor!r} failed at {at.filename}:{at.lineno} with "
        f"{type(error).__name__}" + (f": {what}" if what else "")
    )


def checked(extractor: FeatureExtractor, frame: Frame) -> NDArray[np.float32]:
    """Return the frame's vector after a look at its shape and values.

    Raises
    ------
    RobotVisionError
        The vector is not (dim,) or not finite.
    """
    return _verified(extractor, frame, np.asarray(extractor.extract(frame), dtype=np.float32))


def _verified(
    extractor: FeatureExtractor, frame: Frame, vector: NDArray[np.float32]
) -> NDArray[np.float32]:
    if vector.shape != (extractor.dim,):
        raise RobotVisionError(
            f"frame {frame.index}: {extractor!r} gave a vector of shape {vector.shape}, expected "
            f"({extractor.dim},)"
        )
    if not np.isfinite(vector).all():
        raise RobotVisionError(
            f"frame {frame.index}: {extractor!r} gave NaN or infinite values; look at the "
            "extractor's treatment of empty or dark images"
        )
    return vector


def _keys(extractors: list[FeatureExtractor], sequence: data.ImageSequence) -> list[str | None]:
    digests: dict[tuple[str, ...], bytes | None] = {}
    keys: list[str | None] = []
    for extractor in extractors:
        channels = tuple(extractor.channels)
        if channels not in digests:
            digests[channels] = _images_digest(sequence, channels)
        images = digests[channels]
        keys.append(None if images is None else _key(extractor, images, sequence))
    return keys


def _images_digest(sequence: data.ImageSequence, channels: tuple[str, ...]) -> bytes | None:
    h = hashlib.blake2b(digest_size=20)
    try:
        for position in range(len(sequence)):
            h.update(sequence.digest(position, channels))
    except FrameError:
        return None  # a missing image: not cached, and reported by the extraction itself
    return h.digest()


def _key(extractor: FeatureExtractor, images: bytes, sequence: data.ImageSequence) -> str:
    about: list[Any] = [
        f"{type(extractor).__module__}:{extractor!r}",
        getattr(extractor, "version", 1),
        cv2.__version__,
        np.__version__,
    ]
    if hasattr(extractor, "calibrate"):
        about.append({k: dict(v) for k, v in sequence.calibration.items()})
    if needs_training(extractor):
        import joblib

        about.append(joblib.hash(vars(extractor)))
    h = hashlib.blake2b(images, digest_size=20)
    h.update(json.dumps(about, sort_keys=True, default=str).encode())
    return h.hexdigest()


def _load(cache: Path | None, key: str | None, n: int) -> NDArray[np.float32] | None:
    if cache is None or key is None:
        return None
    try:
        block = np.load(cache / f"{key}.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not there, or cut short by a crash: extracted anew and written again
    return block if block.dtype == np.float32 and block.ndim == 2 and len(block) == n else None


def _save(cache: Path, key: str | None, block: NDArray[np.float32], problems: list[str]) -> None:
    if key is None:
        return
    try:
        make_folder(cache)
        with new_file(cache / f"{key}.npy", is_durable=False) as f:
            np.save(f, block)
    except RobotVisionError as e:
        problems.append(
            f"{e}: the feature cache is not used; set ROBOTVISION_CACHE "
            "to a folder that can, or give --no-cache"
        )
