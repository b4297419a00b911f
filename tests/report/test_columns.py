"""A run by column agrees with its tally, and curves with hand-worked cases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Outcome
from robotvision.report.columns import OUTCOMES, load_run, load_runs
from robotvision.report.measures import points_by_deadline, reliability, risk_coverage

MakeRun = Callable[..., Path]


def test_columns_sum_to_the_tally(make_run: MakeRun) -> None:
    run = load_run(make_run(faults={4: "the camera fell off"}))
    tally = run.tallies["test"]
    assert run.points.sum() == tally.points == run.data["points"]
    counts = np.bincount(run.outcome, minlength=len(OUTCOMES))
    assert dict(zip(OUTCOMES, counts.tolist(), strict=True)) == tally.outcomes
    assert tally.outcomes[Outcome.FAILED] == 1
    assert run.answer[4] == -1
    assert run.visit.tolist() == [0] * 6 + [1] * 6 + [2] * 6


def test_a_held_answer_is_the_one_in_the_columns(make_run: MakeRun) -> None:
    """Under 'hold' a frame shows the answer that counted for it, not its own."""
    policy = {"name": "streaming", "backlog": "newest", "late": "hold", "deadline_ms": 0}
    run = load_run(make_run(about={"policy": policy, "clock": "wall"}))
    own = [f.timed.answer.room for f in run.frames]
    held = [run.labels[a] if a >= 0 else None for a in run.answer]
    assert held[1:] == own[:-1]
    assert run.age_ns[1] == 20_000_000


def test_runs_of_one_name_are_told_apart(make_run: MakeRun, tmp_path: Path) -> None:
    a, b = make_run("first"), make_run("other/first")
    assert [r.name for r in load_runs([a, b])] == ["first", "first (2)"]
    with pytest.raises(InputFaults, match="cannot be read"):
        load_run(tmp_path / "nowhere")


def test_risk_and_coverage_by_hand(make_run: MakeRun) -> None:
    """18 frames, confidences falling; wrong at 1 and 16, silent at 9."""
    found = risk_coverage(load_run(make_run()))
    assert found is not None
    assert found.coverage[-1] == pytest.approx(17 / 18)
    assert found.risk[:3].tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert found.risk[-1] == pytest.approx(2 / 17)
    assert found.points[-1] == 14
    assert found.points[found.best] == 14
    assert found.break_even == pytest.approx(1 / 3)
    assert found.threshold[found.best] == pytest.approx(0.82)  # the last frame makes up for 16
    assert found.points[1] == 0.5


def test_reliability_by_hand(make_run: MakeRun) -> None:
    """Confidences 0.99 to 0.90 (wrong at 1, silent at 9), then 0.89 to 0.82 (wrong at 16)."""
    found = reliability(load_run(make_run()))
    assert found is not None
    assert found.counts.tolist() == [0] * 8 + [8, 9]
    assert found.right[8:].tolist() == pytest.approx([7 / 8, 8 / 9])
    assert found.confidence[8:].tolist() == pytest.approx([0.855, 0.95])
    gap = (8 * abs(7 / 8 - 0.855) + 9 * abs(8 / 9 - 0.95)) / 17
    assert found.gap == pytest.approx(gap)


def test_the_posterior_has_a_column_a_label(make_run: MakeRun) -> None:
    assert load_run(make_run("without")).posterior is None
    run = load_run(make_run(posterior={"Hall": 0.75, "Kitchen": 0.25, "Office": 0.00001}))
    assert run.posterior is not None
    assert run.posterior.shape == (18, len(run.labels))
    assert dict(zip(run.labels, run.posterior[0].tolist(), strict=True)) == {
        **dict.fromkeys(run.labels, 0.0),
        "Hall": 0.75,
        "Kitchen": 0.25,
    }


def test_points_by_deadline_come_in_at_the_latency(make_run: MakeRun) -> None:
    run = load_run(make_run())
    curve = points_by_deadline(run, [11.9, 12, 200])
    assert curve.points == [0, 14, 14]
    assert curve.late == [18, 0, 0]
    assert curve.frame_ms == 100


def test_a_run_without_latencies_has_no_curve(make_run: MakeRun) -> None:
    with pytest.raises(RobotVisionError, match="no frame of the run has a latency"):
        points_by_deadline(load_run(make_run(frames=0)))
