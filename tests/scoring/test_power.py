"""Planned tests: what a formula promises, simulation keeps."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from robotvision.api.plan import plan
from robotvision.errors import RobotVisionError
from robotvision.scoring.blocks import visits
from robotvision.scoring.power import VisitDesign, assumed_design, evenness, measured_design

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_power_of_a_pair_is_that_of_student_s_t() -> None:
    """By SciPy's noncentral t, one-sided beyond the two-sided 5 % point."""
    design = VisitDesign(0.5, 1.0)
    t = stats.t(29).ppf(0.975)
    expected = stats.nct(29, 0.2 * np.sqrt(30) / 0.5).sf(t)
    assert design.power(0.2, 30) == pytest.approx(expected, rel=1e-6)
    assert design.power(0.0, 30) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize("systems", [2, 6])
def test_difference_visits_and_power_agree(systems: int) -> None:
    design = VisitDesign(0.4)
    smallest = design.smallest_difference(50, systems)
    assert smallest is not None
    assert design.power(smallest, 50, systems) == pytest.approx(0.8, abs=0.01)
    assert design.visits_needed(smallest, systems) == pytest.approx(50, abs=1)
    powers = [design.power(d, 50, systems) for d in (0.0, 0.1, 0.2, 0.4)]
    assert powers == sorted(powers)


def test_more_systems_are_told_apart_less() -> None:
    design = VisitDesign(0.4)
    powers = [design.power(0.2, 60, k) for k in (2, 3, 10, 30)]
    assert powers == sorted(powers, reverse=True)


def test_what_cannot_be_told_is_none() -> None:
    assert VisitDesign(0.5, most=1.5).smallest_difference(2) is None
    assert VisitDesign(0.5).visits_needed(1e-6) is None


def test_a_design_is_measured_from_differences_by_visit() -> None:
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(400), 10)
    by_visit = rng.normal(0.1, 0.3, 400)
    design = measured_design(by_visit[blocks], blocks, np.zeros(len(blocks)))
    assert design.spread == pytest.approx(0.3, rel=0.1)
    assert design.evenness == pytest.approx(1)
    assert evenness(np.array([1, 1, 2])) == pytest.approx(16 / 18)
    assert assumed_design(0.5, 2.0).spread == pytest.approx(0.76)
    with pytest.raises(RobotVisionError, match="expected at least 2 room visits"):
        measured_design(np.ones(3), visits(*np.zeros((3, 3), np.int64)))
    with pytest.raises(RobotVisionError, match="nothing to plan from"):
        measured_design(np.ones(6), np.repeat([0, 1], 3))


@pytest.fixture(scope="module")
def script() -> Any:
    """Return what ``scripts/check_plan.py`` defines."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return runpy.run_path(str(SCRIPTS / "check_plan.py"))
    finally:
        sys.path.remove(str(SCRIPTS))


def test_a_promised_power_of_80_percent_is_kept(script: Any) -> None:
    """The short form of ``scripts/check_plan.py``: one design, a fifth of the sequences."""
    _, alone = script["measure"](1.0, 40, 2, 800)
    assert 0.74 <= alone <= 0.86  # 76 to 84 %, and two standard errors of 800
    _, among = script["measure"](1.0, 40, 6, 800)
    assert 0.7 <= among <= 0.9


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give --visits"),
        ({"visits": 1}, "visits: expected at least 2"),
        ({"visits": 9, "systems": 1}, "systems: expected 2 to 100"),
        ({"visits": 9, "systems": 101}, "systems: expected 2 to 100"),
        ({"visits": 9, "difference": 0.0}, "difference: expected points above 0"),
        ({"visits": 9, "difference": float("nan")}, "difference: expected"),
        ({"visits": 9, "right": 1.0}, "right: expected a share"),
        ({"like": "nowhere"}, "no such folder"),
        ({"visits": 9, "task": "x"}, "is not known"),
    ],
)
def test_a_plan_refuses_what_is_out_of_range(options: dict[str, Any], words: str) -> None:
    with pytest.raises(RobotVisionError, match=words) as caught:
        plan(**options)
    assert len(caught.value.lines()) == 1


def test_a_plan_takes_visits_from_a_sequence_or_runs(
    tour: Any, make_run: Any, tmp_path: Path
) -> None:
    path = tour(tmp_path / "walk", n_each=5)
    assert plan(like=path).visits == 3
    first, second = make_run("a"), make_run("b", said=["Kitchen", *["Office"] * 14])
    assert plan(like=first).design.most == pytest.approx(1.5)
    both = plan(like=[first, second], difference=0.3, systems=4).to_dict()
    assert both["visits"] == 3
    assert both["among_all"]["power"] <= both["two"]["power"]
    with pytest.raises(RobotVisionError, match="expected one run or two"):
        plan(like=[first, second, first])
