"""Find test frames that training has seen: copies of images, and frames of the same recording.

For each test frame the strongest of these reasons is kept (`Reason`): the same sequence, the same
file, the same bytes, a near-identical image, the same pose at the same time, a time between two
training frames of the same recording (`robotvision.data.recording`).

A copied file counts however few there are. The other reasons count where at least `MIN_FRAMES`
frames and `MIN_SHARE` of a test sequence have one, since a robot may honestly stand twice in the
same place in the same light. The limits stand apart from what honest sequences show and from what
saving anew, halving and brightening an image does to it: ``scripts/measure_overlap.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from robotvision.data.digest import table_digest
from robotvision.data.fingerprint import Fingerprints, compared_channel, fingerprints
from robotvision.data.recording import interleaved_frames, same_pose_frames
from robotvision.data.sequence import ImageFile, ImageSequence

MAX_DISTANCE = 0.03
"""Images whose hashes are no further apart count as near-identical."""
MIN_FRAMES = 3
MIN_SHARE = 0.02
NO_TABLES: Mapping[str, str] = MappingProxyType({})
BLOCK = 2048
"""Test frames that are compared at once with all training frames: bounds the memory."""


class Reason(StrEnum):
    """Why a test frame counts as seen in training, the strongest first."""

    SAME_TABLE = "same sequence"
    SAME_FILE = "same file"
    SAME_BYTES = "same bytes"
    NEAR_IDENTICAL = "near-identical image"
    SAME_POSE = "same pose at the same time"
    INTERLEAVED = "between two training frames"


REASONS = tuple(Reason)
CERTAIN = (Reason.SAME_TABLE, Reason.SAME_FILE, Reason.SAME_BYTES)
"""Reasons that count even for a single frame."""


@dataclass(frozen=True, slots=True)
class SharedFrame:
    """A test frame and the training frame that shows the same.

    Parameters
    ----------
    train, test : str
        Names of the sequences.
    train_frame, test_frame : int
        Numbers of the frames.
    train_image, test_image : str
        Where the images are read from.
    reason : Reason
    distance : float or None
        Between the hashes: 0 the same image; None where an image has no hash.
    """

    train: str
    train_frame: int
    train_image: str
    test: str
    test_frame: int
    test_image: str
    reason: Reason
    distance: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self) | {"reason": str(self.reason)}


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a test set shares with its training.

    Parameters
    ----------
    n_test : int
        Frames of the test set.
    counted : tuple of SharedFrame
        At most one for each test frame.
    others : tuple of SharedFrame
        Those that are too few in their test sequence to count.
    """

    n_test: int
    counted: tuple[SharedFrame, ...] = ()
    others: tuple[SharedFrame, ...] = ()

    @property
    def share(self) -> float:
        """The share of the test frames that training has seen, in [0, 1]."""
        return len(self.counted) / self.n_test if self.n_test else 0.0

    def counts(self) -> dict[str, int]:
        """Return the number of frames that count by reason, the strongest first."""
        count = Counter(pair.reason for pair in self.counted)
        return {str(reason): count[reason] for reason in REASONS if count[reason]}


@dataclass(slots=True, eq=False)
class _Best:
    """For each frame of a test sequence the best match so far: rank of the reason, distance."""

    rank: NDArray[np.int64]
    distance: NDArray[np.float64]
    source: NDArray[np.int64]
    position: NDArray[np.int64]

    @classmethod
    def none(cls, n: int) -> _Best:
        zeros = np.zeros(n, np.int64)
        return cls(np.full(n, len(REASONS)), np.full(n, np.inf), zeros, zeros.copy())

    def offer(
        self,
        reason: Reason,
        source: int,
        frames: NDArray[np.int64],
        positions: NDArray[np.int64],
        distances: NDArray[np.float64],
    ) -> None:
        """Take matches of test frames with frames of a training sequence where they are better."""
        rank = REASONS.index(reason)
        is_better = (rank < self.rank[frames]) | (
            (rank == self.rank[frames]) & (distances < self.distance[frames])
        )
        chosen = frames[is_better]
        self.rank[chosen], self.source[chosen] = rank, source
        self.position[chosen] = positions[is_better]
        self.distance[chosen] = distances[is_better]


def find_overlap(
    training: Sequence[ImageSequence],
    test: Sequence[ImageSequence],
    cache: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    tables: Mapping[str, str] = NO_TABLES,
) -> Overlap:
    """Compare the frames of a test set with those of its training.

    Parameters
    ----------
    training, test : sequence of ImageSequence
    cache : Path, optional
        Folder in which perceptual hashes are kept; None: none are.
    progress : callable
        Receives what is being done, how much of it is done, and how much there is.
    tables : Mapping[str, str]
        Names of further training sequences by `robotvision.data.digest.table_digest`, of which
        nothing else is known.
    """
    prints = [_with_progress(s, cache, progress) for s in training]
    counted: list[SharedFrame] = []
    others: list[SharedFrame] = []
    for sequence in test:
        if tables and (name := tables.get(table_digest(sequence))) is not None:
            counted += (_same_frame(name, sequence, k) for k in range(len(sequence)))
            continue
        if not training:
            continue
        prints_of_test = _with_progress(sequence, cache, progress)
        best = _Best.none(len(sequence))
        with threadpool_limits(1):  # more would wait for each other on a machine in use
            for source, known in enumerate(training):
                _match(best, source, (known, prints[source]), (sequence, prints_of_test))
        does_count = _does_count(best)
        for frame in np.flatnonzero(best.rank < len(REASONS)).tolist():
            pairs = counted if does_count[frame] else others
            pairs.append(_pair(best, training, sequence, frame))
    return Overlap(sum(map(len, test)), tuple(counted), tuple(others))


def _with_progress(
    sequence: ImageSequence, cache: Path | None, progress: Callable[[str, int, int], None]
) -> Fingerprints:
    what = f"{sequence.name}: fingerprints"
    return fingerprints(sequence, cache, lambda done, total: progress(what, done, total))


def _match(
    best: _Best,
    source: int,
    train: tuple[ImageSequence, Fingerprints],
    test: tuple[ImageSequence, Fingerprints],
) -> None:
    """Offer every match of a test sequence with one training sequence."""
    (known, prints), (sequence, prints_of_test) = train, test
    for reason, frames, positions in _same_content(known, prints, sequence, prints_of_test):
        best.offer(reason, source, frames, positions, np.zeros(len(frames)))
    distances, nearest = nearest_images(prints, prints_of_test)
    frames = np.flatnonzero(distances <= MAX_DISTANCE)
    best.offer(Reason.NEAR_IDENTICAL, source, frames, nearest[frames], distances[frames])
    for reason, find in (
        (Reason.SAME_POSE, same_pose_frames),
        (Reason.INTERLEAVED, interleaved_frames),
    ):
        frames, positions = find(known, prints, sequence, prints_of_test)
        distances = prints.distances(positions, prints_of_test, frames)
        best.offer(reason, source, frames, positions, distances)


def _same_content(
    known: ImageSequence,
    prints: Fingerprints,
    sequence: ImageSequence,
    prints_of_test: Fingerprints,
) -> Iterator[tuple[Reason, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield test frames and training positions of the same bytes, then those of the same file."""
    first = {digest: k for k, digest in reversed(list(enumerate(prints.digests)))}
    first.pop(ImageFile.digest_of(b""), None)  # empty files are no copies of each other
    frames = [k for k, d in enumerate(prints_of_test.digests) if d and d in first]
    positions = [first[prints_of_test.digests[k]] for k in frames]
    yield Reason.SAME_BYTES, np.array(frames, np.int64), np.array(positions, np.int64)
    files = {_file(known, prints.channel, k): k for k in set(positions)}
    pairs = [(k, files.get(_file(sequence, prints_of_test.channel, k))) for k in frames]
    same = np.array([(a, b) for a, b in pairs if b is not None], np.int64).reshape(-1, 2)
    yield Reason.SAME_FILE, same[:, 0], same[:, 1]


def _file(sequence: ImageSequence, channel: str, position: int) -> str:
    """Return the file of an image, links followed; for what is no file, its place in words."""
    source = sequence.frames[position].sources[channel]
    return os.path.realpath(source.path) if isinstance(source, ImageFile) else source.where


def nearest_images(
    known: Fingerprints, asked: Fingerprints
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return for each image asked about the distance to the nearest known one, and its position.

    The distance is infinite where an image has no hash, or nothing known has one.
    """
    distances = np.full(len(asked.digests), np.inf)
    nearest = np.zeros(len(asked.digests), np.int64)
    if not known.has_hash.any():
        return distances, nearest
    for start in range(0, len(distances), BLOCK):
        likeness = asked.hashes[start : start + BLOCK] @ known.hashes.T
        likeness[:, ~known.has_hash] = -np.inf
        rows = slice(start, start + len(likeness))
        nearest[rows] = likeness.argmax(axis=1)
        distances[rows] = 1 - likeness.max(axis=1)
    distances[~asked.has_hash] = np.inf
    return np.maximum(distances, 0), nearest


def _does_count(best: _Best) -> NDArray[np.bool_]:
    """Return (frames of a test sequence,) whether each counts as seen in training."""
    is_certain = best.rank < len(CERTAIN)
    is_other = ~is_certain & (best.rank < len(REASONS))
    n = len(is_other)
    is_enough = is_other.sum() >= max(min(MIN_FRAMES, n), MIN_SHARE * n)
    return np.asarray(is_certain | (is_other & is_enough))


def _pair(
    best: _Best, training: Sequence[ImageSequence], test: ImageSequence, frame: int
) -> SharedFrame:
    known, position = training[best.source[frame]], int(best.position[frame])
    distance = float(best.distance[frame])
    return SharedFrame(
        known.name,
        known.frames[position].index,
        _where(known, position),
        test.name,
        test.frames[frame].index,
        _where(test, frame),
        REASONS[best.rank[frame]],
        round(distance, 4) if np.isfinite(distance) else None,
    )


def _same_frame(train: str, test: ImageSequence, position: int) -> SharedFrame:
    """Return a frame of a test sequence as itself in training, of which only the table is known."""
    index = test.frames[position].index
    where = _where(test, position)
    return SharedFrame(train, index, "", test.name, index, where, Reason.SAME_TABLE, None)


def _where(sequence: ImageSequence, position: int) -> str:
    source = sequence.frames[position].sources.get(compared_channel(sequence))
    return "" if source is None else source.where
