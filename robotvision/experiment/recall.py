"""Recall@K of extractors over a database and queries, beside what a query costs.

Images of the database are extracted by all cores and kept in the cache of features. Queries come
one by one, as a camera gives them: timed is what leads from a query's pixels to its ranking,
extraction and search; reading and decoding are not.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data import ImageSequence
from robotvision.errors import Fault, FrameError, InputFaults, RobotVisionError
from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import checked, extract, failure, needs_training, ready
from robotvision.features.wrapped import build
from robotvision.plugins.progress import Progress, quiet
from robotvision.recogniser.training import fit_extractor
from robotvision.records import Frame, Truth
from robotvision.scoring.recall import DescriptorIndex, positives_within, recall_counts
from robotvision.timing.load import peak_bytes
from robotvision.timing.quantiles import summary

STAGES = ("extract", "search", "total")


@dataclass(frozen=True, eq=False)
class RecallResult:
    """Recall@K of one descriptor.

    Parameters
    ----------
    features : list of str
        The extractors, each with its parameters.
    dim : int
        Numbers of a descriptor.
    n_database, n_queries : int
        Images.
    n_without_positives : int
        Queries without a database image within the distance; they count as missed.
    within_m : float
        The largest distance of a positive.
    correct : dict of int
        By K, queries with a positive among their first K.
    times_ns : dict of (queries,) int64
        By stage (`STAGES`).
    database_bytes, peak_bytes : int
        What the index holds; the most memory that this process took.
    rankings : list of int64 arrays
        Of each query, positions in the database from the nearest on.
    """

    features: list[str]
    dim: int
    n_database: int
    n_queries: int
    n_without_positives: int
    within_m: float
    correct: dict[int, int]
    times_ns: dict[str, NDArray[np.int64]]
    database_bytes: int
    peak_bytes: int
    rankings: list[NDArray[np.int64]]

    def recall(self, k: int) -> float:
        """Return the share of all queries with a positive among their first ``k``."""
        return self.correct[k] / self.n_queries

    def as_dict(self) -> dict[str, Any]:
        """Return what ``recall --json`` prints."""
        return {
            "schema": 1,
            "features": self.features,
            "dim": self.dim,
            "database": self.n_database,
            "queries": self.n_queries,
            "queries_without_positives": self.n_without_positives,
            "within_m": self.within_m,
            "correct": {str(k): n for k, n in self.correct.items()},
            "recall": {str(k): self.recall(k) for k in self.correct},
            "latency_ns": {stage: summary(ns) for stage, ns in self.times_ns.items()},
            "memory_bytes": {"database": self.database_bytes, "peak": self.peak_bytes},
        }


def compute_recall(
    database: ImageSequence,
    queries: ImageSequence,
    features: Sequence[Any],
    *,
    at: Sequence[int] = (1, 5, 10, 20),
    within_m: float = 25.0,
    cache: Path | None = None,
    progress: Progress = quiet,
) -> RecallResult:
    """Return recall@K of ``queries`` in ``database``, by the rule of `robotvision.scoring.recall`.

    Parameters
    ----------
    database, queries : ImageSequence
        Each frame with a pose, in metres of one map (of the reader ``vpr``: UTM).
    features : sequence
        Extractors, by name, as ``{"name": ..., parameter: ...}`` or as objects. Vectors of several
        are each made of length 1 and joined; one that learns does so from the database's images.
    at : sequence of int, optional
        The K.
    within_m : float, optional
        The largest distance of a positive, in metres.
    cache : Path, optional
        Folder of the cache of features, for the database; None: neither read nor written.

    Raises
    ------
    InputFaults
        A frame has no pose, or an image cannot be read.
    RobotVisionError
        An extractor fails; no features or no K are given.
    """
    ks = sorted(set(at))
    if not ks or ks[0] < 1 or not features or not within_m >= 0:
        got = f"{len(features)} features, {list(at)} and {within_m:g} m"
        raise RobotVisionError(
            f"expected features, whole numbers K from 1 and a distance from 0 on, got {got}"
        )
    positives = positives_within(_places(database), _places(queries), within_m)
    extractors = [build(f) for f in features]
    _train(extractors, database)
    extraction = extract(extractors, database, cache, progress)
    if not extraction.readable.all():
        raise InputFaults([Fault(database.root, p) for p in extraction.problems])
    index = DescriptorIndex(_joined(extraction.blocks))
    rankings, times_ns = _rank(index, queries, extractors, ks[-1], progress)
    return RecallResult(
        features=[repr(e) for e in extractors],
        dim=index.descriptors.shape[1],
        n_database=len(database),
        n_queries=len(queries),
        n_without_positives=sum(not len(p) for p in positives),
        within_m=within_m,
        correct=recall_counts(rankings, positives, ks),
        times_ns=times_ns,
        database_bytes=index.n_bytes,
        peak_bytes=peak_bytes(),
        rankings=rankings,
    )


def _rank(
    index: DescriptorIndex,
    queries: ImageSequence,
    extractors: Sequence[FeatureExtractor],
    k: int,
    progress: Progress,
) -> tuple[list[NDArray[np.int64]], dict[str, NDArray[np.int64]]]:
    """Return each query's ``k`` nearest images, and how long its stages took."""
    mine = [ready(e, queries.calibration) for e in extractors]
    dims = [e.dim for e in mine]
    rankings, rows = [], []
    for frame in _frames(queries, mine):
        start = time.perf_counter_ns()
        vectors = [_vector(e, dim, frame, queries) for e, dim in zip(mine, dims, strict=True)]
        descriptor = _joined([vector[None] for vector in vectors])[0]
        extracted = time.perf_counter_ns()
        rankings.append(index.search(descriptor, k))
        end = time.perf_counter_ns()
        rows.append((extracted - start, end - extracted, end - start))
        progress(queries.name, len(rankings), len(queries))
    return rankings, dict(zip(STAGES, np.array(rows, np.int64).T, strict=True))


def _places(sequence: ImageSequence) -> NDArray[np.float64]:
    """Return x and y of each frame. Raises InputFaults where one has none."""
    faults = [
        Fault(sequence.root, f"frame {f.index} ({f.name}): no pose, so no place")
        for f in sequence.frames
        if f.pose is None
    ]
    if faults or not sequence.frames:
        raise InputFaults(faults[:20] or [Fault(sequence.root, "no frames in it")])
    return np.array([f.pose[:2] for f in sequence.frames if f.pose is not None], np.float64)


def _train(extractors: list[FeatureExtractor], database: ImageSequence) -> None:
    """Let extractors that learn do so from the database, whose images are of one room to them."""
    truth = database.truth or {f.index: Truth("database") for f in database.frames}
    for extractor in extractors:
        if needs_training(extractor):
            fit_extractor(extractor, [replace(database, truth=truth)], lambda done: None)


def _frames(queries: ImageSequence, extractors: list[FeatureExtractor]) -> Any:
    """Yield the queries' frames, their images decoded. Raises InputFaults."""
    channels = tuple(sorted({c for e in extractors for c in e.channels}))
    for position in range(len(queries)):
        try:
            yield queries.load(position, channels)
        except FrameError as e:
            raise InputFaults(Fault(queries.root, str(e))) from e


def _vector(extractor: FeatureExtractor, dim: int, frame: Frame, queries: ImageSequence) -> Any:
    try:
        return checked(extractor, frame, dim)
    except RobotVisionError:
        raise
    except Exception as e:  # a plug-in may raise anything
        raise failure(extractor, f"{queries.name}: frame {frame.index}", e) from e


def _joined(blocks: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return one block as it is, several side by side with rows of length 1 each."""
    if len(blocks) == 1:
        return blocks[0]
    tiny = np.finfo(np.float32).tiny
    lengths = [np.linalg.norm(b, axis=1, keepdims=True) for b in blocks]
    scaled = [b / np.maximum(n, tiny) for b, n in zip(blocks, lengths, strict=True)]
    return np.concatenate(scaled, axis=1, dtype=np.float32)
