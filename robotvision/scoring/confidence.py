"""How far confidences can be trusted, and what silence below one of them would have earned.

* **Reliability**: how many answers of a confidence are right, by tenths.
* **Risk and coverage** (El-Yaniv and Wiener 2010): if only answers with confidence of at least t
  were given, coverage is the share of frames answered and risk the share of these that is wrong.
* **Summary**: both in a few numbers, the same for frames that training held out and for a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats
from robotvision.tasks.model import RoomPoints


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Frames answered from a confidence up, from the most confident on.

    ``coverage`` and ``risk`` are shares in [0, 1]; ``threshold`` falls; ``points`` are what the
    rooms would have earned. ``area`` under risk over coverage: lower is better.
    """

    threshold: Floats
    coverage: Floats
    risk: Floats
    points: Floats
    area: float
    break_even: float

    @property
    def best(self) -> int:
        """Place of the threshold that would have earned most, in hindsight."""
        return int(np.argmax(self.points))


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Confidence beside the share of answers that are right, by tenths of confidence.

    ``edges`` (11,), ``counts`` (10,), ``confidence`` and ``right`` (10,): means, NaN where no
    answer lies. ``gap`` is the expected calibration error (Naeini, Cooper and Hauskrecht 2015): the
    mean distance of the two, weighted by answers.
    """

    edges: Floats
    counts: NDArray[np.int64]
    confidence: Floats
    right: Floats
    gap: float


def reliability_of(confidence: Floats, right: Floats, bins: int = 10) -> Reliability:
    """Return how many of the answers of a confidence are right.

    Parameters
    ----------
    confidence : (n,)
        In [0, 1]; at least one.
    right : (n,) float or bool
        Whether each answer is right.
    """
    place = np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, confidence, bins) / counts
        shares = np.bincount(place, right, bins) / counts
    gap = float(np.nansum(np.abs(means - shares) * counts) / counts.sum())
    return Reliability(np.linspace(0, 1, bins + 1), counts, means, shares, gap)


def risk_coverage_of(
    confidence: Floats, right: Floats, n_frames: int, points: RoomPoints
) -> RiskCoverage:
    """Return risk and coverage of answers among ``n_frames``, the others unanswered.

    Parameters
    ----------
    confidence, right : (n,)
        As `reliability_of` takes them.
    """
    order = np.argsort(-confidence, kind="stable")
    threshold = confidence[order]
    last = np.flatnonzero(np.append(threshold[1:] != threshold[:-1], True))
    n = np.arange(1, len(order) + 1)
    n_right = np.cumsum(np.asarray(right, np.float64)[order])
    earned = n_right * points.correct + (n - n_right) * points.wrong
    earned = earned + (n_frames - n) * points.unanswered
    risk = 1 - n_right / n
    return RiskCoverage(
        threshold[last],
        (n / n_frames)[last],
        risk[last],
        earned[last],
        float(risk.mean()),
        points.break_even,
    )


def silent_up_to(confidence: Floats, answer_from: float) -> NDArray[np.bool_]:
    """Return which frames a decision leaves unanswered; ``answer_from`` 0: none."""
    return (answer_from > 0) & ~(confidence > answer_from)


def confidence_summary(
    confidence: Floats, right: Floats, points: RoomPoints, is_silent: NDArray[np.bool_]
) -> dict[str, Any]:
    """Return what frames' likeliest rooms are worth with and without silence, as plain data.

    Parameters
    ----------
    confidence : (n,)
        In the likeliest room of each frame, in [0, 1]; at least one frame.
    right : (n,) float or bool
        Whether that is the true room; where that is not known, the confidence in it.
    points : RoomPoints
    is_silent : (n,) bool
        Which frames the decision leaves unanswered.

    Returns
    -------
    dict
        ``frames``; ``right`` and ``confidence``, means; ``gap`` and, by tenth of confidence,
        ``counts``, ``confidences`` and ``shares_right`` (None where none lies) as `Reliability` has
        them; ``points`` a frame: by the ``decision``, ``never`` silent, and by the ``oracle``
        threshold, the best in hindsight, with ``oracle_from``, the confidence it answers from up
        (None: nowhere); ``expected``: the first two if confidences were what they say.
    """
    right = np.asarray(right, np.float64)
    trust = reliability_of(confidence, right)
    curve = risk_coverage_of(confidence, right, len(right), points)

    def a_frame(likely: Floats, silent: NDArray[np.bool_] | bool) -> float:
        given = likely * points.correct + (1 - likely) * points.wrong
        return round(float(np.where(silent, points.unanswered, given).mean()), 4)

    best = float(curve.points[curve.best]) / len(right)
    is_silence_best = best < points.unanswered
    oracle_from = None if is_silence_best else round(float(curve.threshold[curve.best]), 4)
    return {
        "frames": len(right),
        "right": round(float(right.mean()), 4),
        "confidence": round(float(confidence.mean()), 4),
        "gap": round(trust.gap, 4),
        "counts": trust.counts.tolist(),
        "confidences": _rounded(trust.confidence),
        "shares_right": _rounded(trust.right),
        "points": {
            "decision": a_frame(right, is_silent),
            "never": a_frame(right, False),
            "oracle": round(max(best, points.unanswered), 4),
            "oracle_from": oracle_from,
        },
        "expected": {
            "decision": a_frame(confidence, is_silent),
            "never": a_frame(confidence, False),
        },
    }


def reliability_from(summary: Mapping[str, Any]) -> Reliability:
    """Return the reliability that a summary holds."""
    counts = np.array(summary["counts"], np.int64)
    means, shares = (
        np.array([np.nan if v is None else v for v in summary[key]])
        for key in ("confidences", "shares_right")
    )
    return Reliability(np.linspace(0, 1, len(counts) + 1), counts, means, shares, summary["gap"])


def _rounded(values: Floats) -> list[float | None]:
    return [None if np.isnan(v) else round(float(v), 4) for v in values]
