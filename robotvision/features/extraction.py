"""Feature extraction over whole sequences: a thread pool, and a cache on disk.

OpenCV and numpy release the interpreter lock, so threads use every core. What was extracted is kept
in ``$ROBOTVISION_CACHE`` (else ``~/.cache/robotvision``), under a digest of everything it depends
on (`robotvision.features.cache`): nothing stale is ever read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.data.fingerprint import remember
from robotvision.errors import FrameError, RobotVisionError
from robotvision.features import cache as feature_cache
from robotvision.features.base import FeatureExtractor, needs_training, ready
from robotvision.features.resized import one_frame
from robotvision.plugins.failure import failure
from robotvision.plugins.progress import Progress, quiet
from robotvision.plugins.threads import one_thread
from robotvision.records import Frame

__all__ = ["Extraction", "extract", "failure", "needs_training", "ready"]


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
    not_cached : list of str
        One line for each extractor whose features cannot be cached.
    """

    blocks: list[NDArray[np.float32]]
    readable: NDArray[np.bool_]
    n_cached: int = 0
    problems: list[str] = field(default_factory=list)
    not_cached: list[str] = field(default_factory=list)


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
    progress: Progress = quiet,
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
    instances = [ready(e, sequence.calibration) for e in extractors]
    keys = (
        feature_cache.keys_of(instances, sequence)
        if cache
        else [feature_cache.Key()] * len(instances)
    )
    blocks = [feature_cache.load(cache, key, len(sequence)) for key in keys]
    missing = [i for i, block in enumerate(blocks) if block is None]
    result = Extraction([], np.ones(len(sequence), bool), n_cached=len(instances) - len(missing))
    result.not_cached += [key.why for key in keys if key.why]
    if missing:
        fresh = _run([instances[i] for i in missing], sequence, progress, n_threads, result)
        for i, block in zip(missing, fresh, strict=True):
            blocks[i] = block
            if cache and result.readable.all():
                feature_cache.save(cache, keys[i], block, result.problems)
    result.blocks = [block for block in blocks if block is not None]
    return result


def cache_key(extractor: FeatureExtractor, sequence: data.ImageSequence) -> feature_cache.Key:
    """Return the key of an extractor's vectors of ``sequence`` in the cache."""
    return feature_cache.keys_of([ready(extractor, sequence.calibration)], sequence)[0]


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
        with one_frame():
            for block, extractor in zip(blocks, extractors, strict=True):
                block[position] = _vector(extractor, frame, sequence, block.shape[1])
        return None

    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # one thread a frame; more would fight over the cores
    try:
        workers = ThreadPoolExecutor(n_threads or os.cpu_count() or 1)
        with one_thread(), workers as pool:
            for position, problem in enumerate(_bounded_map(pool, one, n)):
                if problem is not None:
                    result.readable[position] = False
                    result.problems.append(problem)
                progress(sequence.name, position + 1, n)
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
    extractor: FeatureExtractor, frame: Frame, sequence: data.ImageSequence, dim: int
) -> NDArray[np.float32]:
    """Return the frame's vector; whatever the extractor raises is reported in one line."""
    try:
        vector = np.asarray(extractor.extract(frame), dtype=np.float32)
    except Exception as e:  # a plug-in may raise anything
        raise failure(extractor, f"{sequence.name}: frame {frame.index}", e) from e
    try:
        return _verified(extractor, frame, vector, dim)
    except RobotVisionError as e:
        raise RobotVisionError(f"{sequence.name}: {e}") from e


def checked(extractor: FeatureExtractor, frame: Frame, dim: int) -> NDArray[np.float32]:
    """Return the frame's vector, its shape and values validated.

    Parameters
    ----------
    dim : int
        The extractor's: some run their network to tell it, which no frame should wait for.

    Raises
    ------
    RobotVisionError
        The vector is not (dim,) or not finite.
    """
    vector = np.asarray(extractor.extract(frame), dtype=np.float32)
    return _verified(extractor, frame, vector, dim)


def _verified(
    extractor: FeatureExtractor, frame: Frame, vector: NDArray[np.float32], dim: int
) -> NDArray[np.float32]:
    if vector.shape != (dim,):
        raise RobotVisionError(
            f"frame {frame.index}: {extractor!r} gave a vector of shape {vector.shape}, expected "
            f"({dim},)"
        )
    if not np.isfinite(vector).all():
        raise RobotVisionError(
            f"frame {frame.index}: {extractor!r} gave NaN or infinite values; look at the "
            "extractor's treatment of empty or dark images"
        )
    return vector
