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
from robotvision.scoring import planned_contest
from robotvision.scoring import ranks as ranking
from robotvision.scoring.blocks import visits
from robotvision.scoring.planned_contest import Contests, told_after_all
from robotvision.scoring.plausible_visits import chance_of_endless, plausible_lengths
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
    assert 0.76 <= Contests([design.model], 240, 2).share_told(smallest) <= 0.84


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

    data = plan(visits=4, right=0.9, difference=0.145).to_dict()
    side = data["two"]
    assert [side[x] for x in ("power", "smallest_difference", "visits_needed")] == [None] * 3
    print_plan(out(), data)
    printed = capsys.readouterr().out
    assert "not promised: 4 visits weigh like" in printed
    assert "too few to promise anything" in printed
    assert "a system that wins all is 0.15 points a frame better, and not even that" in printed
    assert printed.count("a system hardly errs") == 1
    likeliest = plan(visits=4, right=0.9, difference=0.145, likeliest=True).to_dict()
    assert 0 < likeliest["two"]["power"] < 0.1
    assert likeliest["two"]["withheld"] == side["withheld"]
    print_plan(out(), likeliest)
    assert "likeliest, not promised: 4 visits weigh like" in capsys.readouterr().out


def test_a_promise_needs_something_left_to_lose_and_no_visit_that_outweighs_all() -> None:
    design = assumed_design(0.7, 1.0)
    assert not design.doubts(20, 0.25)
    assert "a system hardly errs" in " ".join(design.doubts(20, 0.28))
    uneven = assumed_design(0.7, 1.0, np.array([10] * 15 + [14] * 9 + [30] * 4 + [400] * 2))
    assert any("a few visits may outweigh all others" in line for line in uneven.doubts(100))


def test_promises_from_an_earlier_run_are_kept_or_withheld(script: Any) -> None:
    """Of lengths that may have no variance nothing can be promised; of geometric ones it can."""
    laws, told, at = script["BY_NAME"], [], np.linspace(0.05, 0.27, 6)
    curve = [script["told_alone"](laws["geometric"], 0.72, d, 40, 500).mean() for d in at]
    for seed in range(10):
        design = script["measured"](laws["geometric"], 0.72, 200, 1, 100 + seed)
        smallest = design.smallest_difference(40)
        if smallest is not None and not design.doubts(40, smallest):
            told.append(float(np.interp(smallest / design.gap, at, curve)))
    assert len(told) >= 8
    error = np.std(told) / math.sqrt(len(told))
    assert 0.76 - 2 * error <= np.mean(told) <= 0.84 + 2 * error
    heavy = [script["measured"](laws["Pareto 1.5"], 0.72, 200, 1, s) for s in range(8)]
    assert sum(not design.doubts(40) for design in heavy) <= 1


def test_plausible_lengths_go_beyond_those_seen_as_far_as_these_let_expect() -> None:
    rng = np.random.default_rng(3)
    even, uneven = 5 + rng.exponential(25, 100), 8 * (1 + rng.pareto(1.5, 100))
    assert chance_of_endless(even) < 0.05 < 0.2 < chance_of_endless(uneven)
    drawn = plausible_lengths(even, 24, rng)
    assert drawn.mean() == pytest.approx(even.mean(), rel=0.03)
    assert even.max() < drawn.max() <= 10 * even.max()
    assert (plausible_lengths(np.full(9, 20.0), 2, rng) == 20).all()


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


def test_nothing_is_promised_of_what_few_visits_show() -> None:
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
    assert "has 15 visits, too few to show how much they" in " ".join(few.doubts(40))
    assert not many.doubts(40)


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
    both = plan(like=[first, second], difference=0.3, systems=4, likeliest=True).to_dict()
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


def test_a_contest_is_judged_as_ranks_judges_it_with_the_same_signs() -> None:
    """By the same two rules, to a verdict: systems in the order of what they earned.

    `ranks` lets a pair's other system settle a step, too, so there it tells a few more apart.
    """
    rng = np.random.default_rng(0)
    steps, spans = [], []
    while len(spans) < 150:
        sums = rng.normal(0, 1, (25, 1)) + rng.normal(0, 0.8, (25, 6))
        sums[:, 0] += rng.uniform(0.3, 0.8)
        sums = sums[:, np.argsort(-sums.sum(0))]
        scale, flipped = ranking._scale(sums), ranking._flipped(sums, 4000, len(spans))
        roots = np.divide(1, scale, out=np.full((6, 6), np.inf), where=scale > 0)[None]
        total = sums.sum(0)
        t = np.abs(total[:, None] - total)[None] / roots
        if not (np.diff(t[0, 0, 1:]) > 0).all():  # steps are in this order
            continue
        even = np.zeros((1, 6, 6))
        by_chance, ranged = planned_contest._limits(flipped[None], roots, even)
        drawn = np.vstack([total, flipped])
        ours = planned_contest._step_down(t[:, 0, 1:], by_chance)[0]
        steps.append((ours, ranking._step_down(drawn, scale)[0, 1:] <= 0.05))
        ours = planned_contest._by_range(t, np.arange(6)[None], ranged)[0]
        spans.append((ours, ranking._by_range(drawn, scale)[0, 1:] <= 0.05))
    ours, theirs = np.array(spans).swapaxes(0, 1)
    assert 0.2 < theirs.mean() < 0.8
    assert (ours != theirs).mean() < 0.003
    ours, theirs = np.array(steps).swapaxes(0, 1)
    assert 0.2 < ours.mean() < 0.8
    assert (ours & ~theirs).mean() < 0.003
    assert (theirs & ~ours).mean() < 0.006


def test_visits_that_ranks_asks_for_are_those_of_a_plan_for_good_systems(script: Any) -> None:
    law = script["BY_NAME"]["geometric"]
    for share, difference in ((0.9, 0.05), (0.95, 0.03)):
        skills = [script["skill_of"](law, share + difference), script["skill_of"](law, share)]
        points, blocks = script["contest"](np.random.default_rng(3), np.array(skills), 2000, law)
        gap = points.mean(0) @ (1, -1)
        needed = ranks(points, blocks, resamples=100, bounds=(-0.5, 1.0)).visits_needed[0, 1]
        as_planned = needed * (gap / 1.5 / difference) ** 2  # of the difference that was meant
        planned = script["assumed"](law, share).visits_needed(difference)
        assert as_planned == pytest.approx(planned, rel=0.12)
