"""Planned tests: what is promised, simulation keeps."""

from __future__ import annotations

import math
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.api.plan import plan
from robotvision.errors import RobotVisionError
from robotvision.report.planning import print_plan
from robotvision.scoring.blocks import visits
from robotvision.scoring.planned_contest import Contests, told_after_all
from robotvision.scoring.power import VisitDesign, assumed_design, measured_design
from robotvision.scoring.ranks import ranks
from robotvision.scoring.visit_model import VisitModel, fitted_model

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def script() -> Any:
    """Return what ``scripts/check_plan.py`` defines."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return runpy.run_path(str(SCRIPTS / "check_plan.py"))
    finally:
        sys.path.remove(str(SCRIPTS))


@pytest.mark.parametrize(
    ("law", "share", "visits_of"),
    [("geometric", 0.72, 40), ("geometric", 0.9, 40), ("Pareto 1.5", 0.6, 40)],
)
def test_a_promised_power_of_80_percent_is_kept(
    script: Any, law: str, share: float, visits_of: int
) -> None:
    """The short form of ``scripts/check_plan.py``, frame by frame.

    For systems right in 90 % a noncentral t, which does not know that the better one hardly loses
    in any visit, names 0.105: more than is left to win.
    """
    promise = script["row"](script["BY_NAME"][law], share, visits_of, 2, 2000)
    assert 0.76 <= promise.told <= 0.84


def test_a_difference_is_promised_among_several_as_rank_tells_it(script: Any) -> None:
    promise = script["row"](script["BY_NAME"]["geometric"], 0.72, 30, 4, 80)
    assert 0.76 - 2 * promise.error <= promise.told <= 0.84 + 2 * promise.error


@pytest.mark.parametrize(("systems", "n"), [(2, 30), (2, 1000), (4, 30)])
def test_difference_visits_and_power_agree(systems: int, n: int) -> None:
    design = assumed_design(0.7, 1.5)
    smallest = design.smallest_difference(n, systems)
    assert smallest is not None
    assert design.power(smallest, n, systems) == pytest.approx(0.8, abs=0.02)
    assert design.visits_needed(smallest, systems) == pytest.approx(n, rel=0.05)


def test_larger_differences_are_told_more() -> None:
    design = assumed_design(0.7, 1.5)
    powers = [design.power(d, 20) for d in (0.01, 0.1, 0.2, 0.4)]
    assert powers == sorted(powers)


def test_many_visits_are_told_as_the_normal_law_has_it() -> None:
    """Student's limit: 1.96 and 0.84 standard errors."""
    design = assumed_design(0.7, 1.0)
    smallest = design.smallest_difference(100_000)
    assert smallest is not None
    assert smallest * math.sqrt(100_000) / design.spread == pytest.approx(2.80, rel=0.02)


def test_beyond_the_visits_that_are_drawn_plans_go_on_as_contests_would() -> None:
    design = assumed_design(0.9, 1.0)
    smallest = design.smallest_difference(240)
    assert smallest is not None
    assert 0.76 <= Contests(design.model, 240, 2).share_told(smallest) <= 0.84


def test_more_systems_are_told_apart_less() -> None:
    design = assumed_design(0.7, 1.0)
    powers = [design.power(0.2, 20, k) for k in (2, 3, 8)]
    assert powers == sorted(powers, reverse=True)


def test_the_same_plan_gives_the_same_numbers() -> None:
    first, second = (plan(visits=20, systems=3, difference=0.3).to_dict() for _ in range(2))
    assert first == second


def test_what_cannot_be_told_is_none() -> None:
    """Of few visits not even a system without a fault stands out; nothing is told in a billion."""
    design = assumed_design(0.95, 1.5)
    assert design.smallest_difference(12) is None
    assert design.power(design.most, 12) < 0.8
    assert design.visits_needed(1e-6) is None
    with pytest.raises(RobotVisionError, match=r"can be bettered by at most 0.075 points"):
        plan(visits=20, right=0.95, difference=0.1)


def test_a_plan_says_why_it_promises_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    from robotvision.report.console import out

    print_plan(out(), plan(visits=4, right=0.9).to_dict())
    printed = capsys.readouterr().out
    assert "not promised: 4 visits weigh like" in printed
    assert "too few to promise anything" in printed
    assert "a system that wins all is 0.15 points a frame better, and not even that" in printed
    long_tail = assumed_design(0.7, 1.0, np.array([10] * 30 + [400]))
    assert any("longest visit" in line for line in long_tail.cautions(100))
    design = assumed_design(0.7, 1.0)
    assert not design.cautions(20, 0.2)
    assert "a system hardly errs" in " ".join(design.cautions(20, 0.27))


def test_drawn_visits_deviate_as_the_model_says() -> None:
    """Of visits of 30 frames, by the frames that two equals earn."""
    model = VisitModel(np.full(50, 30.0), 0.7)
    design = VisitDesign(model)
    assert design.evenness == pytest.approx(1)
    told_of_nothing = design.power(1e-9, 30)
    assert told_of_nothing == pytest.approx(0.025, abs=0.012)
    assert model.spread(0.7, 0.9) < model.spread(0.7, 0.7)


def test_a_design_is_measured_from_what_visits_earn() -> None:
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(400), 20)
    one = (rng.random(400) < 0.7).astype(float)[blocks]
    two = np.where(rng.random(400)[blocks] < 0.5, one, rng.random(8000) < 0.7)
    pair = measured_design(np.stack([one, two], 1), blocks, (0.0, 1.0))
    by_visit = (one - two).reshape(400, 20).mean(1)
    right = (one.mean(), two.mean())
    assert pair.model.spread(*right) == pytest.approx(by_visit.std(), rel=0.03)
    assert pair.model.right == pytest.approx(min(right))
    alone = measured_design(one[:, None] * 1.5 - 0.5, blocks, (-0.5, 1.0))
    assert alone.gap == 1.5
    assert alone.model.spread(right[0]) == pytest.approx(one.std(), rel=0.03)
    assert pair.evenness == pytest.approx(1)


def test_a_model_is_fitted_to_what_it_gives() -> None:
    lengths = np.random.default_rng(1).geometric(1 / 30, 300).astype(float)
    for rough, alike in ((0.5, 0.6), (1.0, 0.8), (2.0, 0.3)):
        model = VisitModel(lengths, 0.7, rough, alike)
        shares = (0.7, 0.8)
        found = fitted_model(
            lengths, shares, tuple(map(model.spread, shares)), model.spread(*shares)
        )
        assert found.roughness == pytest.approx(rough, rel=0.02)
        assert found.alike == pytest.approx(alike, abs=0.03)


def test_a_plan_from_few_visits_says_how_far_it_may_be_off() -> None:
    rng = np.random.default_rng(0)
    few, many = (
        measured_design(
            rng.random((n * 10, 1)) * 0.2 + 0.8 * np.repeat(rng.random((n, 1)), 10, 0),
            np.repeat(np.arange(n), 10),
            (0.0, 1.0),
        )
        for n in (15, 400)
    )
    assert few.kept is not None
    assert few.kept[0] < 0.6
    assert "measured in few visits" in " ".join(few.cautions(60))
    assert not many.cautions(60)


def test_visits_that_do_not_differ_plan_nothing() -> None:
    with pytest.raises(RobotVisionError, match="expected at least 2 room visits"):
        measured_design(np.ones((3, 1)), visits(*np.zeros((3, 3), np.int64)), (0.0, 1.0))
    for earned in (
        np.ones((6, 1)),
        np.full((6, 1), 0.5),
        np.tile([[1.0, 1.0], [0.0, 0.0]], (3, 1)),
    ):
        with pytest.raises(RobotVisionError, match="nothing to plan from"):
            measured_design(earned, np.repeat([0, 1], 3), (0.0, 1.0))


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
    assert plan(like=first).design.gap == pytest.approx(1.5)
    both = plan(like=[first, second], difference=0.3, systems=4).to_dict()
    assert both["visits"] == 3
    assert both["among_all"]["power"] <= both["two"]["power"]
    with pytest.raises(RobotVisionError, match="expected one run or two"):
        plan(like=[first, second, first])


def test_contests_are_judged_as_ranks_judges_each() -> None:
    """Over all comparisons, whose limits here come from all contests together."""
    rng = np.random.default_rng(0)
    shared, own = rng.normal(0, 1, (50, 25, 1)), rng.normal(0, 0.6, (50, 25, 5))
    own[:, :, 0] += 0.7
    values = 1 / (1 + np.exp(-shared - own))
    told = told_after_all(values, np.random.default_rng(1))
    by_rank = np.array(
        [
            ranks(each, np.arange(25), resamples=1000, bounds=(0.0, 1.0)).is_above[0, 1:]
            for each in values
        ]
    )
    assert 0.5 < by_rank.mean() < 0.95
    assert told.mean() == pytest.approx(by_rank.mean(), abs=0.03)
    assert (told == by_rank).mean() > 0.93
