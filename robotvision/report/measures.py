"""Curves of a run: points against deadline, risk against coverage, points against threshold.

* **Points against deadline**: the logged latencies replayed in virtual time under the policy
  ``deadline`` (newest waiting frame; an answer after its deadline is worth silence), for a range of
  deadlines.
* **Risk and coverage**, **reliability**: see `robotvision.scoring.confidence`.
* **Points against threshold**: what the rooms would have earned by answering only from t up, in
  hindsight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.records import Outcome
from robotvision.report.columns import OUTCOMES, RunColumns, no_latency
from robotvision.runs.rescore import Recorded
from robotvision.scoring.confidence import (
    Reliability,
    RiskCoverage,
    reliability_of,
    risk_coverage_of,
)
from robotvision.scoring.policy import named_policy

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
    known = run.taken_ms
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
        raise no_latency(run)
    recorded = Recorded(run.record)
    points, late, skipped = [], [], []
    for ms in wanted:
        rescored = recorded.rescore(named_policy("deadline", round(ms * 1e6)))
        points.append(sum(t.points for t in rescored.tallies.values()))
        late.append(sum(t.outcomes[Outcome.LATE] for t in rescored.tallies.values()))
        skipped.append(sum(t.outcomes[Outcome.SKIPPED] for t in rescored.tallies.values()))
    return DeadlineCurve(wanted, points, late, skipped, run.period_ms, run.data["max_points"])


def _is_judged(run: RunColumns) -> NDArray[np.bool_]:
    """Return whether each frame has a scored answer with a confidence."""
    answered = run.is_scored & np.isin(run.outcome, (CORRECT, WRONG))
    return np.asarray(answered & ~np.isnan(run.confidence), np.bool_)


def reliability(run: RunColumns, bins: int = 10) -> Reliability | None:
    """Return how far confidences can be trusted, or None where no scored answer has one."""
    chosen = _is_judged(run)
    if not chosen.any():
        return None
    return reliability_of(run.confidence[chosen], run.outcome[chosen] == CORRECT, bins)


def risk_coverage(run: RunColumns) -> RiskCoverage | None:
    """Return risk and coverage, or None where no scored answer has a confidence."""
    chosen = _is_judged(run)
    if not chosen.any():
        return None
    right = run.outcome[chosen] == CORRECT
    n_scored = int(run.is_scored.sum())
    return risk_coverage_of(run.confidence[chosen], right, n_scored, run.task.points.room)
