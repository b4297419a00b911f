"""What training held out beside the test, in report.json and in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.report.calibration import unknown_text
from robotvision.report.columns import load_run
from robotvision.report.html.page import write_html
from robotvision.scoring.confidence import confidence_summary
from robotvision.tasks.model import RoomPoints

MakeRun = Callable[..., Path]


def held_out(share_right: float) -> dict[str, Any]:
    """Return what training notes of 100 frames held out, so many of them right."""
    right = np.arange(100) < 100 * share_right
    return confidence_summary(np.full(100, 0.8), right, RoomPoints(), np.zeros(100, bool))


def compared(run: Path) -> dict[str, Any]:
    """Return the one test set's comparison in a run's report."""
    (one,) = load_run(run).data["calibration"].values()
    return dict(one)


@pytest.mark.parametrize(
    ("share_right", "said", "verdict", "words"),
    [
        (0.0, None, "harder", "harder than"),
        (0.9, None, "even", "about as hard as"),
        (1.0, ["Unknown"] * 18, "easier", "easier than"),
    ],
)
def test_the_words_follow_the_points(
    make_run: MakeRun, share_right: float, said: list[str] | None, verdict: str, words: str
) -> None:
    """Beside a test of 0.82 points a frame with a wide interval, and beside one all wrong."""
    about = {"training": {"test": {"held_out": held_out(share_right)}}}
    found = compared(make_run(said=said, about=about))
    assert found["verdict"] == verdict
    assert found["words"].startswith(f"held-out visits were {words} this test: never silent, ")


def test_the_test_by_hand(make_run: MakeRun) -> None:
    """15 right, 2 wrong; the silent frame's likeliest room comes from its posterior, else not."""
    about = {"training": {"test": {"held_out": held_out(0.9)}}}
    without = compared(make_run("without", about=about))
    silent = 0.99 - 9 / 100
    assert without["assumed"] == 1
    assert without["test"]["right"] == pytest.approx((15 + silent) / 18, abs=1e-4)
    truth = {"Office": 0.9, "Kitchen": 0.1}  # frame 9 lies in the office
    known = compared(make_run("with", about=about, posterior=truth))
    assert known["assumed"] == 0
    assert known["test"]["right"] == pytest.approx(16 / 18, abs=1e-4)
    assert known["test"]["points"]["never"] == pytest.approx((16 - 1) / 18, abs=1e-4)
    assert known["test"]["points"]["decision"] == pytest.approx((15 - 1) / 18, abs=1e-4)


def test_unknown_of_little_confidence_is_an_answer(make_run: MakeRun) -> None:
    """A detector says Unknown where the likeliest room is sure, too: what it earned is counted."""
    about = {"training": {"test": {"held_out": held_out(0.9)}}}
    run = make_run(said=["Unknown"] * 18, about=about)
    log = run / "run.jsonl"
    log.write_text(re.sub(r'"confidence":[0-9.]+', '"confidence":0.2', log.read_text()))
    assert load_run(run).data["points"] == -9
    assert compared(run)["test"]["points"]["decision"] == -0.5


def test_nothing_held_out_nothing_compared(make_run: MakeRun) -> None:
    """A program, a loaded model or a log from before this was noted has no such section."""
    for name, training in (("program", {}), ("old", {"test": {"frames": 3}})):
        assert "calibration" not in load_run(make_run(name, about={"training": training})).data


def test_the_page_shows_both_sides(make_run: MakeRun) -> None:
    """Words, table with hindsight marked, and what detecting unknown rooms is expected to cost."""
    unknown = {
        "method": "max_probability",
        "threshold": 0.62,
        "share": 0.03,
        "expected": {"known": -0.012, "unknown": 0.4, "expected": 0.0004},
    }
    training = {"test": {"held_out": held_out(0.9), "unknown": unknown, "rooms": {}, "dims": {}}}
    training["test"]["frames"] = 100
    run = make_run(about={"training": training})
    write_html(run)
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Held-out visits were about as hard as this test" in page
    assert "oracle threshold (hindsight)" in page
    assert "known room changes by -0.012 points, one of an unknown room by +0.400" in page
    assert "with 3% unknown frames" in page


def test_no_line_of_unknown_rooms_without_figures() -> None:
    """A log from before the stake was noted, or a run that detects none."""
    assert unknown_text({}) == ""
    assert unknown_text({"method": "entropy", "threshold": 1.0}) == ""
