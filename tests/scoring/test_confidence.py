"""Confidences beside what is right, worked by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from robotvision.scoring.confidence import confidence_summary, reliability_from, reliability_of
from robotvision.tasks.model import RoomPoints

CONFIDENCE = np.array([0.9, 0.8, 0.6, 0.3])
RIGHT = np.array([True, False, True, False])
SILENT_NEVER = np.zeros(4, bool)


def test_a_summary_by_hand() -> None:
    """Four frames, two right; silent below a third; best to answer from 0.6 up, or all but one."""
    summary = confidence_summary(CONFIDENCE, RIGHT, RoomPoints(), CONFIDENCE <= 1 / 3)
    assert summary["frames"] == 4
    assert summary["right"] == 0.5
    assert summary["confidence"] == pytest.approx(0.65)
    assert summary["points"] == {
        "decision": pytest.approx((1 - 0.5 + 1) / 4, abs=1e-4),
        "never": pytest.approx((1 - 0.5 + 1 - 0.5) / 4, abs=1e-4),
        "oracle": pytest.approx(1.5 / 4, abs=1e-4),
        "oracle_from": 0.6,
    }
    worth = CONFIDENCE - 0.5 * (1 - CONFIDENCE)
    assert summary["expected"]["never"] == pytest.approx(worth.mean(), abs=1e-4)
    assert summary["expected"]["decision"] == pytest.approx(worth[:3].sum() / 4, abs=1e-4)


def test_the_oracle_may_be_silent_throughout() -> None:
    """Where every answer is wrong, silence earns most and no threshold is given."""
    points = confidence_summary(CONFIDENCE, np.zeros(4), RoomPoints(), SILENT_NEVER)["points"]
    assert (points["oracle"], points["oracle_from"]) == (0.0, None)
    assert points["decision"] == points["never"] == -0.5


def test_frames_not_known_count_by_their_confidence() -> None:
    """With each confidence for its outcome, what is expected is what is earned."""
    summary = confidence_summary(CONFIDENCE, CONFIDENCE, RoomPoints(), CONFIDENCE <= 1 / 3)
    assert summary["gap"] == 0
    assert summary["expected"]["never"] == summary["points"]["never"]
    assert summary["expected"]["decision"] == summary["points"]["decision"]


def test_a_reliability_comes_back_from_a_report() -> None:
    """The curve that report.json holds is the one that was computed."""
    summary = confidence_summary(CONFIDENCE, RIGHT, RoomPoints(), CONFIDENCE <= 1 / 3)
    again, first = (
        reliability_from(json.loads(json.dumps(summary))),
        reliability_of(CONFIDENCE, RIGHT),
    )
    for name in ("edges", "counts", "confidence", "right"):
        np.testing.assert_allclose(getattr(again, name), getattr(first, name), atol=1e-4)
    assert again.gap == pytest.approx(first.gap, abs=1e-4)
