"""What the extractors with a visual vocabulary share: drawing descriptors to learn it from.

`VocabularyExtractor.fit` passes over the training frames once and keeps a uniform random sample of
their descriptors, so memory does not grow with the sequence; the rooms are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.base import Vector, gray_of
from robotvision.features.cells import CellExtractor, n_cells, point_counts, unit_sum
from robotvision.features.local import (
    LENGTH,
    LocalFeatures,
    dense_sift,
    keypoint_sift,
    root_sift,
)
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.plugins.threads import one_thread
from robotvision.records import Frame

Descriptors = NDArray[np.float32]


class VocabularyExtractor(CellExtractor):
    """Base of the extractors that describe local features by a learnt vocabulary.

    A subclass has these parameters and the method `local`. The vocabulary is that of k-means, the
    vector the histogram of words in each cell of ``grids``, unless `_learn`, `_encode` and `dim`
    say otherwise.

    Parameters
    ----------
    words : int
        Size of the vocabulary, 1 to 65536.
    n_training : int
        Descriptors drawn to learn from, from ``words`` to 10**7.
    seed : int
        Of the draw and of k-means, 0 to 2**32 - 1.
    """

    words: int
    n_training: int
    seed: int
    grids: Sequence[int] = (1,)

    def _check(self) -> None:
        params.whole("words", self.words, high=2**16)
        params.whole("n_training", self.n_training, low=self.words, high=10**7)
        params.whole("seed", self.seed, low=0, high=2**32 - 1)
        self._check_cells("words or cells")

    @property
    def dim(self) -> int:
        """Length of the vector: words times cells."""
        return self.words * n_cells(self.grids)

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Learn the vocabulary from training frames; ``rooms`` is not used.

        Raises
        ------
        RobotVisionError
            The frames hold fewer descriptors than the vocabulary has words.
        """
        drawn = draw((self.local(f).descriptors for f in frames), self.n_training, self.seed)
        distinct = len(np.unique(drawn, axis=0))
        if distinct < self.words:
            raise RobotVisionError(
                f"{type(self).__name__}: expected at least {self.words} different descriptors in "
                f"the training frames, got {distinct}; take more frames or fewer words"
            )
        # one thread: the same sums in the same order on every machine
        with one_thread():
            self._learn(drawn)
        return self

    def extract(self, frame: Frame) -> Vector:
        """Return the vector of one frame, (dim,) float32.

        Raises
        ------
        RobotVisionError
            The vocabulary has not been learnt.
        """
        if not hasattr(self, "vocabulary_"):
            raise RobotVisionError(
                f"{type(self).__name__} has no vocabulary yet: call fit(frames, rooms) first"
            )
        local = self.local(frame)
        height, width = frame.images[self.channel].shape[:2]
        return self._encode(local, (height, width))

    def local(self, frame: Frame) -> LocalFeatures:
        """Return the frame's local features as the vocabulary sees them."""
        raise NotImplementedError

    def _learn(self, descriptors: Descriptors) -> None:
        self.vocabulary_ = k_means(descriptors, self.words, self.seed)

    def _encode(self, local: LocalFeatures, shape: tuple[int, int]) -> Vector:
        word = nearest(local.descriptors, self.vocabulary_)
        return unit_sum(point_counts(word, local.y, local.x, shape, self.words, self.grids))


@parameter_fields
class SiftVocabularyExtractor(VocabularyExtractor):
    """Base of those of SIFT descriptors.

    Parameters
    ----------
    sampling : str, default 'keypoints'
        ``keypoints``: where SIFT finds them; ``dense``: on a grid.
    n_keypoints : int, default 200
        At most so many key points, those of strongest contrast; 1 to 10000.
    step : int, default 8
        Spacing of the dense grid in pixels, 1 to 256.
    root : bool, default True
        RootSIFT in place of SIFT.
    """

    words: int = 64
    sampling: str = "keypoints"
    n_keypoints: int = 200
    step: int = 8
    root: bool = True
    n_training: int = 50_000
    seed: int = 0
    channel: str = "rgb"

    def _check(self) -> None:
        super()._check()
        params.choice("sampling", self.sampling, ("keypoints", "dense"))
        params.whole("n_keypoints", self.n_keypoints, high=10_000)
        params.whole("step", self.step, high=256)
        params.flag("root", self.root)

    def local(self, frame: Frame) -> LocalFeatures:
        """Return the frame's SIFT or RootSIFT descriptors."""
        gray = gray_of(frame, self.channel, self)
        if self.sampling == "dense":
            sift = dense_sift(gray, self.step)
        else:
            sift = keypoint_sift(gray, self.n_keypoints)
        if self.root:
            return LocalFeatures(sift.y, sift.x, root_sift(sift.descriptors))
        return sift


def draw(parts: Iterable[Descriptors], n: int, seed: int) -> Descriptors:
    """Return a uniform sample of ``n`` rows of all parts (all of them where there are fewer)."""
    rng = np.random.default_rng(seed)
    lots = np.zeros(0)
    waiting: list[Descriptors] = []  # what was kept so far comes first
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) - len(lots) >= n:
            kept, lots = _lowest(lots, waiting, n, rng)
            waiting = [kept]
    return _lowest(lots, waiting, n, rng)[0] if waiting else np.zeros((0, LENGTH), np.float32)


def _lowest(
    lots: NDArray[Any], parts: Sequence[Descriptors], n: int, rng: Any
) -> tuple[Descriptors, NDArray[Any]]:
    """Give each row without one a lot in [0, 1) and keep the ``n`` rows with the lowest ones."""
    rows = np.concatenate(parts)
    lots = np.concatenate([lots, rng.random(len(rows) - len(lots))])
    if len(rows) > n:
        lowest = np.sort(np.argpartition(lots, n)[:n])
        rows, lots = rows[lowest], lots[lowest]
    return rows, lots


def k_means(descriptors: Descriptors, words: int, seed: int) -> Descriptors:
    """Return ``words`` centres by mini-batch k-means, (words, 128)."""
    from sklearn.cluster import MiniBatchKMeans

    means = MiniBatchKMeans(
        words, random_state=seed, n_init=1, batch_size=4096, max_iter=50, init_size=3 * words
    )
    return np.asarray(means.fit(descriptors).cluster_centers_, np.float32)


def nearest(descriptors: Descriptors, vocabulary: Descriptors) -> NDArray[np.int64]:
    """Return the nearest word of each descriptor, (N,)."""
    half = np.einsum("ij,ij->i", vocabulary, vocabulary) / 2
    return np.asarray(np.argmax(descriptors @ vocabulary.T - half, axis=1), np.int64)


def power_unit(vector: NDArray[Any]) -> Vector:
    """Return the signed square roots, divided by their Euclidean length (Perronnin 2010)."""
    rooted = np.sign(vector) * np.sqrt(np.abs(vector))
    length = float(np.linalg.norm(rooted))
    return np.asarray(rooted / (length or 1.0), np.float32)
