"""Integrate several features into one answer.

* ``concatenation``: one classifier on the joined vectors;
* ``average``: a classifier a feature, the mean of their calibrated probabilities;
* ``weights``: a classifier a feature, the product of their probabilities to powers of at least 0
  learnt on held-out groups (the logarithmic opinion pool; Heskes, NIPS 1997);
* ``accumulation``: a classifier a feature, and a support vector machine on all their scores
  (discriminative accumulation: Nilsback and Caputo, CVPR 2004; with an SVM on top: Pronobis,
  Martínez Mozos, Caputo and Jensfelt, IJRR 2010, section 4).

Whatever is learnt on top of these is learnt from scores of held-out groups, as a
classifier's scores of its own training frames would look far too good.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from robotvision.classifiers import CLASSIFIERS, INTEGRATIONS
from robotvision.classifiers.base import FittedClassifier, Scores, Vectors, softmax
from robotvision.classifiers.calibration import (
    Calibrated,
    Scored,
    fit_scored,
    fit_temperature,
    scores_of,
)
from robotvision.classifiers.training_set import TrainingSet
from robotvision.errors import UnknownNameError

__all__ = ["INTEGRATIONS", "FittedClassifier", "fit_integrated"]


def fit_integrated(
    classifier: Any, integration: str, training: TrainingSet, seed: int
) -> FittedClassifier:
    """Train copies of ``classifier`` on several features and return one calibrated classifier.

    Parameters
    ----------
    classifier : PlaceClassifier
        Not changed.
    integration : str
        One of `INTEGRATIONS`. With a single feature all are ``concatenation``.
    training : TrainingSet
        Its ``blocks`` say where each feature lies.
    seed : int
        As for `fit_calibrated`.

    Raises
    ------
    UnknownNameError
        There is no such integration.
    """
    return fit_integrated_held_out(classifier, integration, training, seed)[0]


def fit_integrated_held_out(
    classifier: Any, integration: str, training: TrainingSet, seed: int
) -> tuple[FittedClassifier, Scores]:
    """Train as `fit_integrated` does; return each row's probabilities without its group beside it.

    Rows that were never held out have NaN, (n, k). What was learnt on top of the features'
    classifiers was learnt from the held-out rows themselves; it has few parameters.
    """
    if integration not in INTEGRATIONS:
        raise UnknownNameError("integration", integration, INTEGRATIONS)
    blocks = training.blocks
    if integration == "concatenation" or len(blocks) < 2:
        return _calibrated_held_out(fit_scored(classifier, training, seed))
    training = replace(training, x=np.asarray(training.x, np.float32))
    parts = [fit_scored(classifier, training.feature(b), seed) for b in blocks]
    if integration == "accumulation":
        return _accumulation(parts, training, seed)
    return _average(parts, blocks) if integration == "average" else _weights(parts, blocks)


class Pool:
    """Classifiers of one feature each whose probabilities are averaged, or multiplied to powers.

    Parameters
    ----------
    parts : list of Calibrated
    blocks : tuple of slice
        Where each part lies in the vector.
    weights : (parts,) float or None
        Powers; None: the mean.
    temperature : float
        Of the result.
    """

    def __init__(
        self,
        parts: list[Calibrated],
        blocks: tuple[slice, ...],
        weights: Scores | None,
        temperature: float,
    ) -> None:
        self.parts = parts
        self.starts = [int(b.start) for b in blocks]
        self.stops = [int(b.stop) for b in blocks]
        self.weights = weights
        self.temperature = temperature
        self.classes_ = parts[0].classes_

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""
        placed = zip(self.parts, self.starts, self.stops, strict=True)
        p = np.stack([part.predict_proba(x[:, a:b]) for part, a, b in placed])
        return softmax(_pooled(p, self.weights) / self.temperature)


class Accumulation:
    """Classifiers of one feature each whose scores are the vector of one more classifier.

    Parameters
    ----------
    parts : list of PlaceClassifier
        Trained.
    blocks : tuple of slice
        Where each part lies in the vector.
    top : Calibrated
        Trained on the parts' scores, one after the other.
    """

    def __init__(self, parts: list[Any], blocks: tuple[slice, ...], top: Calibrated) -> None:
        self.parts = parts
        self.starts = [int(b.start) for b in blocks]
        self.stops = [int(b.stop) for b in blocks]
        self.top = top
        self.classes_ = top.classes_

    def predict_proba(self, x: Vectors) -> Scores:
        """Return probabilities, (m, k), rows sum to 1, in the order of ``classes_``."""
        placed = zip(self.parts, self.starts, self.stops, strict=True)
        scores = np.concatenate([scores_of(part, x[:, a:b]) for part, a, b in placed], axis=1)
        return self.top.predict_proba(scores.astype(np.float32))


def _calibrated_held_out(scored: Scored) -> tuple[Calibrated, Scores]:
    temperature = scored.temperature()
    return Calibrated(scored.classifier, temperature), softmax(scored.scores / temperature)


def _average(parts: list[Scored], blocks: tuple[slice, ...]) -> tuple[Pool, Scores]:
    temperatures = [c.temperature() for c in parts]
    held_out = _pooled(_probabilities(parts, temperatures), None)
    temperature = fit_temperature(held_out, parts[0].rooms, parts[0].n_units)
    pool = Pool(_calibrated(parts, temperatures), blocks, None, temperature)
    return pool, softmax(held_out / temperature)


def _weights(parts: list[Scored], blocks: tuple[slice, ...]) -> tuple[Pool, Scores]:
    from scipy.optimize import minimize

    temperatures = [c.temperature() for c in parts]
    rooms = parts[0].rooms
    p = _probabilities(parts, temperatures)
    known = np.isfinite(p).all(axis=(0, 2))
    truth = (np.arange(int(known.sum())), rooms[known])
    p = np.maximum(p[:, known], 1e-12)

    def loss(weights: Scores) -> float:
        likely = np.maximum(softmax(_pooled(p, weights))[truth], 1e-12)
        return float(-np.log(likely).mean())

    start = np.full(len(parts), 1 / len(parts))
    weights = start
    if known.any():
        best = minimize(loss, start, method="L-BFGS-B", bounds=[(0, 10)] * len(parts))
        weights = best.x if best.x.sum() > 0 else start
    whole = np.full((len(rooms), p.shape[2]), np.nan)
    whole[known] = _pooled(p, weights)
    temperature = fit_temperature(whole, rooms, parts[0].n_units)
    pool = Pool(_calibrated(parts, temperatures), blocks, weights, temperature)
    return pool, softmax(whole / temperature)


def _accumulation(
    parts: list[Scored], training: TrainingSet, seed: int
) -> tuple[Accumulation, Scores]:
    stacked = np.concatenate([_bounded(p.scores) for p in parts], axis=1)
    known = np.isfinite(stacked).all(axis=1)
    classes = np.asarray(parts[0].classifier.classes_, np.str_)
    # A room that was never held out is learnt from the scores of its training frames.
    plain = np.arange(len(known)) % training.n_views == 0
    rows = known if len(set(parts[0].rooms[known])) == len(classes) else plain
    stacked[~known] = 0.0
    y, groups = classes[parts[0].rooms], np.asarray(training.groups)
    svm = CLASSIFIERS.create("svm", {"kernel": "rbf", "C": 1.0, "standardize": True})
    on_scores = TrainingSet(stacked[rows].astype(np.float32), y[rows], groups[rows])
    top, held_out = _calibrated_held_out(fit_scored(svm, on_scores, seed))
    whole = np.full((len(known), held_out.shape[1]), np.nan)
    whole[rows] = held_out
    return Accumulation([p.classifier for p in parts], training.blocks, top), whole


def _bounded(scores: Scores) -> Scores:
    """Return scores with minus infinity, a room not trained on, as the row's lowest."""
    finite = np.where(np.isneginf(scores), np.inf, scores)
    lowest = finite.min(axis=1, keepdims=True)
    return np.where(np.isneginf(scores), lowest, scores)


def _calibrated(parts: list[Scored], temperatures: list[float]) -> list[Calibrated]:
    return [Calibrated(c.classifier, t) for c, t in zip(parts, temperatures, strict=True)]


def _probabilities(parts: list[Scored], temperatures: list[float]) -> Scores:
    """Return each part's held-out probabilities, (parts, n, k); NaN where never held out."""
    return np.stack([softmax(c.scores / t) for c, t in zip(parts, temperatures, strict=True)])


def _pooled(p: Scores, weights: Scores | None) -> Scores:
    """Return the scores, (n, k), of parts' probabilities (parts, n, k)."""
    if weights is None:
        pooled: Scores = np.log(np.maximum(p.mean(axis=0), 1e-12))
    else:
        pooled = (weights[:, None, None] * np.log(np.maximum(p, 1e-12))).sum(axis=0)
    return pooled
