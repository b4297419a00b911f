"""Curves of a run: points against deadline, risk against coverage, points against threshold.

* **Points against deadline**: the logged latencies replayed in virtual time under the policy
  ``deadline`` (newest waiting frame; an answer after its deadline is worth silence), for a range of
  deadlines.
* **Risk and coverage** (El-Yaniv and Wiener 2010): if only answers with confidence of at least t
  were given, coverage is the share of frames answered and risk the share of these that is wrong.
* **Reliability**: how many answers of a confidence are right, by tenths.
* **Points against threshold**: what the rooms would have earned by answering only from t up, in
  hindsight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.records import Outcome
from robotvision.report.columns import OUTCOMES, RunColumns
from robotvision.runs.rescore import Recorded
from robotvision.scoring.policy import named_policy

Floats = NDArray[np.float64]
CORRECT, WRONG = OUTCOMES.index(Outcome.CORRECT), OUTCOMES.index(Outcome.WRONG)


@dataclass(frozen=True, slots=True)
class DeadlineCurve:
    """Points under the policy ``deadline`` for rising deadlines in milliseconds."""

    deadline_ms: list[float]
    points: list[float]
    late: list[int]
    skipped: list[int]
    frame_ms: float | None
    max_points: float


def deadlines_for(run: RunColumns, n: int = 32) -> list[float]:
    """Return deadlines in milliseconds around the run's latencies, evenly spaced in logarithm."""
    known = run.latency_ns[~np.isnan(run.latency_ns)] / 1e6
    known = known[known > 0]
    if not known.size:
        return []
    low, high = float(known.min()) / 2, float(known.max()) * 4
    return [float(f"{v:.3g}") for v in np.geomspace(low, high, n)]


def points_by_deadline(
    run: RunColumns, deadlines_ms: Sequence[float] | None = None
) -> DeadlineCurve:
    """Return points against deadline.

    Raises
    ------
    RobotVisionError
        The log lacks what the question needs: latencies of all frames, time stamps that rise.
    """
    wanted = list(deadlines_for(run) if deadlines_ms is None else deadlines_ms)
    if not wanted:
        raise RobotVisionError(f"{run.folder}: no frame of the run has a latency")
    recorded = Recorded(run.record)
    points, late, skipped = [], [], []
    for ms in wanted:
        rescored = recorded.rescore(named_policy("deadline", round(ms * 1e6)))
        points.append(sum(t.points for t in rescored.tallies.values()))
        late.append(sum(t.outcomes[Outcome.LATE] for t in rescored.tallies.values()))
        skipped.append(sum(t.outcomes[Outcome.SKIPPED] for t in rescored.tallies.values()))
    return DeadlineCurve(wanted, points, late, skipped, run.period_ms, run.data["max_points"])


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


def _is_judged(run: RunColumns) -> NDArray[np.bool_]:
    """Return whether each frame has a scored answer with a confidence."""
    answered = run.is_scored & np.isin(run.outcome, (CORRECT, WRONG))
    return np.asarray(answered & ~np.isnan(run.confidence), np.bool_)


def reliability(run: RunColumns, bins: int = 10) -> Reliability | None:
    """Return how far confidences can be trusted, or None where no scored answer has one."""
    chosen = _is_judged(run)
    if not chosen.any():
        return None
    confidence, right = run.confidence[chosen], run.outcome[chosen] == CORRECT
    place = np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = np.bincount(place, confidence, bins) / counts
        shares = np.bincount(place, right, bins) / counts
    gap = float(np.nansum(np.abs(means - shares) * counts) / counts.sum())
    return Reliability(np.linspace(0, 1, bins + 1), counts, means, shares, gap)


def risk_coverage(run: RunColumns) -> RiskCoverage | None:
    """Return risk and coverage, or None where no scored answer has a confidence."""
    chosen = _is_judged(run)
    if not chosen.any():
        return None
    order = np.argsort(-run.confidence[chosen], kind="stable")
    threshold = run.confidence[chosen][order]
    right = (run.outcome[chosen] == CORRECT)[order]
    last = np.flatnonzero(np.append(threshold[1:] != threshold[:-1], True))
    n = np.arange(1, len(right) + 1)
    n_right = np.cumsum(right)
    room = run.task.points.room
    points = n_right * room.correct + (n - n_right) * room.wrong
    points = points + (int(run.is_scored.sum()) - n) * room.unanswered
    risk = 1 - n_right / n
    return RiskCoverage(
        threshold[last],
        (n / int(run.is_scored.sum()))[last],
        risk[last],
        points[last],
        float(risk.mean()),
        room.break_even,
    )
