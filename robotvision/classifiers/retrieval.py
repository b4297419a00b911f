"""Retrieval: the training places most like this frame vote for their rooms.

As in visual place recognition (Lowry et al., T-RO 2016): cosine similarity of descriptors. Frames
of a slow robot are near-copies, and a robot that stood still would outvote the rest, so the votes
are places': short stretches of training frames, each with its likest frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import FLOOR, Classifier, Scores, Vectors, unit_rows
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields


@parameter_fields
class Retrieval(Classifier):
    """Votes of the nearest places.

    Parameters
    ----------
    places : int
        Places asked; all where there are fewer.
    place_frames : int
        Consecutive training frames of one room that make a place.
    sharpness : float
        A place's vote is ``exp(sharpness * cosine similarity)``.
    """

    places: int = 10
    place_frames: int = 5
    sharpness: float = 20.0

    def _check(self) -> None:
        params.whole("places", self.places)
        params.whole("place_frames", self.place_frames)
        params.number("sharpness", self.sharpness)

    def _fit(self, x: Vectors, y: NDArray[np.int64]) -> None:
        self.vectors_ = unit_rows(x)
        change = np.flatnonzero(np.diff(y)) + 1
        starts = [
            np.arange(start, stop, self.place_frames)
            for start, stop in zip([0, *change], [*change, len(y)], strict=True)
        ]
        self.starts_ = np.concatenate(starts).astype(np.int64)
        self.rooms_ = y[self.starts_].astype(np.int64)

    def _row(self, x: NDArray[np.float32]) -> Scores:
        frames = self.vectors_ @ unit_rows(x[None])[0]
        similar = np.maximum.reduceat(frames, self.starts_).astype(np.float64)
        n = min(self.places, len(similar))
        best = np.argpartition(-similar, n - 1)[:n] if n < len(similar) else slice(None)
        votes = np.exp(self.sharpness * (similar[best] - similar.max()))
        shares = np.bincount(self.rooms_[best], votes, minlength=len(self.classes_)) / votes.sum()
        scores: Scores = np.log(np.maximum(shares, FLOOR))
        return scores
