"""Is the robot in a zone that training never showed? Evidence gathered over frames in their order.

A frame of a room that training shows lies much nearer to that room's frames than to the others';
one of an unknown room about as near to all. So a frame's score is its distance to the nearest room
over the mean of its distances to the others, and what is usual of an unknown room is known without
any: every training frame is such a one where its own room is left out. In another light all
distances grow, their quotient hardly. One frame tells little; an unknown zone lasts. Scores become
likelihood ratios, and a chain of two states, known and unknown, adds them up as a hidden Markov
model does (Rabiner, "A tutorial on hidden Markov models", Proceedings of the IEEE 1989).

A frame that is farther from the rooms it does not show than training's frames are from each
other's rooms is strange in another way: its image is, by light, camera or clutter, and known rooms
then look as new as new ones. Such a frame says nothing for an unknown zone.

The numbers below were chosen on development tours, see ``docs/baselines.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision.classifiers.kernels import Bank
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import RobotVisionError

SLOPE, EVEN = 6.5, 0.95
"""Logarithm of the likelihood ratio per unit of the score, and the score that speaks for neither.
Less than half of what single frames say, since neighbouring frames say the same; even later than
where they say neither, since known rooms seen from new sides look new."""
USUAL_FAR, TOO_FAR = 1.1, 1.2
"""Mean distance to the rooms that are not nearest, in units of training's: up to the first a frame
counts in full for an unknown zone, from the second not at all."""
MOST = 4.0
"""No frame's logarithm counts for more."""
PRIOR, STAY = 0.001, 0.95
"""Share of unknown frames to reckon with, and of frames after which an unknown zone goes on."""
PACE_S = 0.5
"""Frames that follow closer count for less: they say the same again."""
MAX_VECTORS, MIN_OF_ROOM = 256, 8
"""Training vectors compared with, evenly spread over each room's frames."""


class UnknownZone(BaseEstimator):  # type: ignore[misc]
    """The probability that the robot is in a zone unknown to training, frame by frame.

    Attributes
    ----------
    reference_ : float
        The usual score of a frame of an unknown room: of training frames whose room is left out.
    far_ : float
        The usual mean distance of a training frame to the rooms that it does not show.
    """

    def fit(self, training: TrainingSet, places: Sequence[slice]) -> Self:
        """Learn what is near and what is far.

        Parameters
        ----------
        training : TrainingSet
        places : sequence of slice
            The features to go by.

        Raises
        ------
        RobotVisionError
            There are fewer than three rooms: with one left out, no other is left to compare with.
        """
        rooms, numbers = np.unique(training.y[:: training.n_views], return_inverse=True)
        if len(rooms) < 3:
            raise RobotVisionError(
                f"unknown zones: expected at least three training rooms, got {len(rooms)}"
            )
        rows = [_spread(np.flatnonzero(numbers == r), len(numbers)) for r in range(len(rooms))]
        self.places_ = [(p.start, p.stop) for p in places]
        vectors = self._part(training.x[np.concatenate(rows) * training.n_views])
        self.starts_ = np.cumsum([0, *(len(r) for r in rows[:-1])])
        self.bank_ = Bank(vectors, "squared")
        self._learn_usual(vectors)
        self.reset()
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not hasattr(self, "far_"):  # of a model file written before it was learnt
            bank: Any = self.bank_
            self._learn_usual(bank.data + bank.center)

    def _learn_usual(self, vectors: NDArray[np.float32]) -> None:
        """Learn what is usual of the vectors compared with, room by room."""
        near = np.stack([self._distances(v) for v in vectors])
        room = np.searchsorted(self.starts_, np.arange(len(vectors)), side="right") - 1
        apart = [np.delete(near[room == r], r, axis=1) for r in range(len(self.starts_))]
        self.reference_ = float(np.median([np.median(relative(a)) for a in apart]))
        self.far_ = max(1e-12, float(np.median(np.concatenate([a.mean(axis=1) for a in apart]))))

    def reset(self) -> None:
        """Begin a sequence."""
        self.unknown_ = PRIOR

    def update(self, x: NDArray[np.float32], dt_s: float | None) -> float:
        """Return the probability of an unknown zone after one more frame.

        Parameters
        ----------
        x : (d,) float32
            The frame's vector.
        dt_s : float or None
            Seconds since the frame before; None: there is none.
        """
        pace = 1.0 if dt_s is None else min(1.0, max(0.0, dt_s) / PACE_S)
        if dt_s is not None:
            stay = STAY**pace
            enter = (1 - stay) * PRIOR / (1 - PRIOR)
            self.unknown_ = stay * self.unknown_ + enter * (1 - self.unknown_)
        score, far = self._score_and_far(x)
        said = max(-MOST, min(MOST, SLOPE * (score - EVEN)))
        if said > 0:
            said *= max(0.0, min(1.0, (TOO_FAR - far) / (TOO_FAR - USUAL_FAR)))
        ratio = math.exp(pace * said)
        odds = ratio * self.unknown_ / (1 - self.unknown_)
        self.unknown_ = min(odds / (1 + odds), 1 - 1e-9)
        return self.unknown_

    def score(self, x: NDArray[np.float32]) -> float:
        """Return how strange a frame of vector ``x`` (d,) is: about 1 in an unknown room."""
        return self._score_and_far(x)[0]

    def _score_and_far(self, x: NDArray[np.float32]) -> tuple[float, float]:
        """Return a frame's score, and how far the other rooms are: about 1 as in training."""
        near = self._distances(self._part(x[None])[0])[None]
        return float(relative(near)[0]) / self.reference_, float(others(near)[0]) / self.far_

    def _part(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the numbers to go by of vectors (n, d)."""
        return np.concatenate([x[:, start:stop] for start, stop in self.places_], axis=1)

    def _distances(self, x: NDArray[np.float32]) -> NDArray[Any]:
        """Return the distance to the nearest vector of each room, (rooms,)."""
        return np.sqrt(np.minimum.reduceat(self.bank_.row(x), self.starts_))


def relative(near: NDArray[Any]) -> NDArray[Any]:
    """Return the least of distances (n, rooms) over the mean of the others, (n,)."""
    return np.asarray(near.min(axis=1) / np.maximum(others(near), 1e-12))


def others(near: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of distances (n, rooms) but the least, (n,)."""
    return np.asarray((near.sum(axis=1) - near.min(axis=1)) / (near.shape[1] - 1))


def _spread(rows: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return rows of one room of ``n`` frames in all, evenly: its share of `MAX_VECTORS`."""
    count = min(len(rows), max(MIN_OF_ROOM, round(MAX_VECTORS * len(rows) / n)))
    places = np.linspace(0, len(rows) - 1, count).round().astype(np.int64)
    chosen: NDArray[np.int64] = rows[places]
    return chosen
