"""How several cues (features) become one answer.

* ``concatenation``: one classifier on the joined vectors;
* ``average``: a classifier a cue, the mean of their calibrated probabilities;
* ``weights``: a classifier a cue, the product of their probabilities to powers of at least 0
  learnt on held-out groups (the logarithmic opinion pool; Heskes, NIPS 1997);
* ``accumulation``: a classifier a cue, and a support vector machine on all their scores
  (discriminative accumulation: Nilsback and Caputo, CVPR 2004; with an SVM on top: Pronobis,
  Martínez Mozos, Caputo and Jensfelt, IJRR 2010, section 4).

Whatever is learnt on top of the cues is learnt from scores of held-out groups, as each cue's
scores of its own training frames would look far too good.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import FittedClassifier, Labels, Scores, Vectors, softmax
from robotvision.classifiers.calibration import (
    Calibrated,
    Trained,
    fit_scored,
    fit_temperature,
    scores_of,
)
from robotvision.classifiers.svm import SVM
from robotvision.errors import UnknownNameError

INTEGRATIONS = ("concatenation", "average", "weights", "accumulation")

__all__ = ["INTEGRATIONS", "FittedClassifier", "fit_cues"]


def fit_cues(
    classifier: Any,
    integration: str,
    x: Vectors,
    y: Labels,
    groups: NDArray[np.int64],
    seed: int,
    blocks: tuple[slice, ...],
    n_views: int = 1,
) -> FittedClassifier:
    """Train copies of ``classifier`` on cues and return one calibrated classifier.

    Parameters
    ----------
    integration : str
        One of `INTEGRATIONS`. With a single block all are ``concatenation``.
    x, y, groups, seed, n_views
        As for `fit_calibrated`.
    blocks : tuple of slice
        Where each cue lies in the vectors.

    Raises
    ------
    UnknownNameError
        There is no such integration.
    """
    return fit_cues_held_out(classifier, integration, x, y, groups, seed, blocks, n_views)[0]


def fit_cues_held_out(
    classifier: Any,
    integration: str,
    x: Vectors,
    y: Labels,
    groups: NDArray[np.int64],
    seed: int,
    blocks: tuple[slice, ...],
    n_views: int = 1,
) -> tuple[FittedClassifier, Scores]:
    """Train as `fit_cues` does; return each row's probabilities without its group beside it.

    Rows that were never held out have NaN, (n, k). What was learnt on top of the cues was learnt
    from the held-out rows themselves; it has few parameters.
    """
    if integration not in INTEGRATIONS:
        raise UnknownNameError("integration", integration, INTEGRATIONS)
    if integration == "concatenation" or len(blocks) < 2:
        trained = fit_scored(classifier, x, y, groups, seed, blocks, n_views)
        return _calibrated_held_out(trained)
    x = np.asarray(x, np.float32)
    cues = [
        fit_scored(classifier, np.ascontiguousarray(x[:, b]), y, groups, seed, (), n_views)
        for b in blocks
    ]
    if integration == "accumulation":
        return _accumulation(cues, blocks, np.asarray(groups), seed, n_views)
    return _average(cues, blocks) if integration == "average" else _weights(cues, blocks)


class Pool:
    """Cues whose probabilities are averaged, or multiplied to powers.

    Parameters
    ----------
    cues : list of Calibrated
    blocks : tuple of slice
        Where each cue lies in the vector.
    weights : (cues,) float or None
        Powers; None: the mean.
    temperature : float
        Of the result.
    """

    def __init__(
        self,
        cues: list[Calibrated],
        blocks: tuple[slice, ...],
        weights: Scores | None,
        temperature: float,
    ) -> None:
        self.cues = cues
        self.starts = [int(b.start) for b in blocks]
        self.stops = [int(b.stop) for b in blocks]
        self.weights = weights
        self.temperature = temperature
        self.classes_ = cues[0].classes_

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""
        parts = zip(self.cues, self.starts, self.stops, strict=True)
        p = np.stack([cue.predict_proba(x[:, a:b]) for cue, a, b in parts])
        return softmax(_pooled(p, self.weights) / self.temperature)


class Accumulation:
    """Cues whose scores are the vector of one more classifier.

    Parameters
    ----------
    cues : list of PlaceClassifier
        Trained.
    blocks : tuple of slice
        Where each cue lies in the vector.
    top : Calibrated
        Trained on the cues' scores, one after the other.
    """

    def __init__(self, cues: list[Any], blocks: tuple[slice, ...], top: Calibrated) -> None:
        self.cues = cues
        self.starts = [int(b.start) for b in blocks]
        self.stops = [int(b.stop) for b in blocks]
        self.top = top
        self.classes_ = top.classes_

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""
        parts = zip(self.cues, self.starts, self.stops, strict=True)
        scores = np.concatenate([scores_of(cue, x[:, a:b]) for cue, a, b in parts], axis=1)
        return self.top.predict_proba(scores.astype(np.float32))


def _calibrated_held_out(trained: Trained) -> tuple[Calibrated, Scores]:
    temperature = trained.temperature()
    return Calibrated(trained.classifier, temperature), softmax(trained.scores / temperature)


def _average(cues: list[Trained], blocks: tuple[slice, ...]) -> tuple[Pool, Scores]:
    temperatures = [c.temperature() for c in cues]
    held_out = _pooled(_probabilities(cues, temperatures), None)
    temperature = fit_temperature(held_out, cues[0].rooms, cues[0].n_units)
    pool = Pool(_calibrated(cues, temperatures), blocks, None, temperature)
    return pool, softmax(held_out / temperature)


def _weights(cues: list[Trained], blocks: tuple[slice, ...]) -> tuple[Pool, Scores]:
    from scipy.optimize import minimize

    temperatures = [c.temperature() for c in cues]
    rooms = cues[0].rooms
    p = _probabilities(cues, temperatures)
    known = np.isfinite(p).all(axis=(0, 2))
    truth = (np.arange(int(known.sum())), rooms[known])
    p = np.maximum(p[:, known], 1e-12)

    def loss(weights: Scores) -> float:
        likely = np.maximum(softmax(_pooled(p, weights))[truth], 1e-12)
        return float(-np.log(likely).mean())

    start = np.full(len(cues), 1 / len(cues))
    weights = start
    if known.any():
        found = minimize(loss, start, method="L-BFGS-B", bounds=[(0, 10)] * len(cues))
        weights = found.x if found.x.sum() > 0 else start
    whole = np.full((len(rooms), p.shape[2]), np.nan)
    whole[known] = _pooled(p, weights)
    temperature = fit_temperature(whole, rooms, cues[0].n_units)
    pool = Pool(_calibrated(cues, temperatures), blocks, weights, temperature)
    return pool, softmax(whole / temperature)


def _accumulation(
    cues: list[Trained],
    blocks: tuple[slice, ...],
    groups: NDArray[np.int64],
    seed: int,
    n_views: int,
) -> tuple[Accumulation, Scores]:
    stacked = np.concatenate([_bounded(c.scores) for c in cues], axis=1)
    known = np.isfinite(stacked).all(axis=1)
    classes = np.asarray(cues[0].classifier.classes_, np.str_)
    # A room that was never held out is learnt from the scores of its training frames.
    plain = np.arange(len(known)) % n_views == 0
    rows = known if len(set(cues[0].rooms[known])) == len(classes) else plain
    stacked[~known] = 0.0
    y = classes[cues[0].rooms]
    machine = SVM(kernel="rbf", C=1.0, standardize=True)
    scored = fit_scored(machine, stacked[rows].astype(np.float32), y[rows], groups[rows], seed)
    top, held_out = _calibrated_held_out(scored)
    whole = np.full((len(known), held_out.shape[1]), np.nan)
    whole[rows] = held_out
    return Accumulation([c.classifier for c in cues], blocks, top), whole


def _bounded(scores: Scores) -> Scores:
    """Return scores with minus infinity, a room not trained on, as the row's lowest."""
    finite = np.where(np.isneginf(scores), np.inf, scores)
    lowest = finite.min(axis=1, keepdims=True)
    return np.where(np.isneginf(scores), lowest, scores)


def _calibrated(cues: list[Trained], temperatures: list[float]) -> list[Calibrated]:
    return [Calibrated(c.classifier, t) for c, t in zip(cues, temperatures, strict=True)]


def _probabilities(cues: list[Trained], temperatures: list[float]) -> Scores:
    """Return each cue's held-out probabilities, (cues, n, k); NaN where never held out."""
    return np.stack([softmax(c.scores / t) for c, t in zip(cues, temperatures, strict=True)])


def _pooled(p: Scores, weights: Scores | None) -> Scores:
    """Return the scores, (n, k), of cues' probabilities (cues, n, k)."""
    if weights is None:
        pooled: Scores = np.log(np.maximum(p.mean(axis=0), 1e-12))
    else:
        pooled = (weights[:, None, None] * np.log(np.maximum(p, 1e-12))).sum(axis=0)
    return pooled
