"""Intervals that hold: an oracle, properties, bounds, cautions, coverage on simulated sequences."""

from __future__ import annotations

import math
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit, stdtrit

from robotvision.scoring.intervals import (
    NO_RANGE,
    Interval,
    difference,
    difference_text,
    gap_text,
    interval,
    intervals,
    p_text,
    p_values_text,
    pairwise,
    verdict,
)
from robotvision.scoring.shares import differences, shares

SCRIPTS = Path(__file__).parents[2] / "scripts"


def even_sequence(seed: int = 1, n: int = 30, length: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Return frames worth 1 or -0.5 in visits of one length, and the visit of each."""
    rng = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(n), length)
    chance = rng.beta(4, 2, n)[blocks]
    return np.where(rng.random(len(blocks)) < chance, 1.0, -0.5), blocks


def test_the_interval_is_what_the_definition_says() -> None:
    """Visits of one length, written out: CR3 with a lost and a won visit more, on the log-odds."""
    values, blocks = even_sequence()
    n, length = 30, 20
    wins = np.array([(values[blocks == b] + 0.5).sum() / 1.5 for b in range(n)])
    short, long = length / 4, length / 4  # the longest is one median: no tail

    def end(lost: float, won: float, sign: int) -> float:
        w = np.array([*wins, 0, won])
        s = np.array([*[length] * n, lost, won])
        p = w.sum() / s.sum()
        error = math.sqrt(
            sum(((a - p * b) / (s.sum() - b)) ** 2 for a, b in zip(w, s, strict=True))
        )
        p_all = wins.sum() / (n * length)
        rest = wins - p_all * length
        few = 3 * (rest**2).sum() ** 2 / (rest**4).sum() - 1
        freedom = n - 1 if sign < 0 else min(n - 1, few)
        return float(expit(logit(p) + sign * stdtrit(freedom, 0.975) * error / (p * (1 - p))))

    found = interval(values, blocks, bounds=(-0.5, 1.0))
    low, high = (
        1.5 * n * length * x - 0.5 * n * length for x in (end(long, short, -1), end(short, long, 1))
    )
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)
    assert found.is_reliable


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 30), st.floats(0, 1))
def test_ends_lie_around_the_estimate_and_within_what_is_possible(
    seed: int, n_blocks: int, chance: float
) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.sort(rng.integers(0, n_blocks, 200))
    values = np.where(rng.random(200) < chance, 1.0, -1.0)
    found = interval(values, blocks, bounds=(-1.0, 1.0))
    assert found.estimate == values.sum()
    if found.low is not None and found.high is not None:
        assert -200 <= found.low <= found.estimate <= found.high <= 200


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_swapping_right_and_wrong_mirrors_the_interval(seed: int) -> None:
    values, blocks = even_sequence(seed)
    found = interval(values, blocks, bounds=(-0.5, 1.0))
    mirrored = interval(0.5 - values, blocks, bounds=(-0.5, 1.0))
    n = 0.5 * len(values)
    assert found.low is not None
    assert mirrored.high == pytest.approx(n - found.low)
    assert mirrored.low == pytest.approx(n - found.high)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-3, 3))
def test_points_on_another_scale_have_the_same_interval(
    seed: int, scale: float, shift: float
) -> None:
    values, blocks = even_sequence(seed)
    found = interval(values, blocks, bounds=(-0.5, 1.0))
    bounds = (shift - 0.5 * scale, shift + scale)
    other = interval(shift + scale * values, blocks, bounds=bounds)
    assert found.low is not None
    assert other.low == pytest.approx(shift * len(values) + scale * found.low, abs=1e-6)


def test_every_frame_may_have_bounds_of_its_own() -> None:
    """Objects in view raise what a frame can earn: a perfect run ends at its own maximum."""
    rng = np.random.default_rng(2)
    most = rng.choice([1.0, 2.0, 3.5], 200)
    found = interval(most, np.repeat(np.arange(20), 10), bounds=(-most, most))
    assert found.high == pytest.approx(most.sum())
    assert found.low is not None
    assert found.low < most.sum()


def test_a_perfect_run_is_not_certain() -> None:
    """Twenty visits without an error leave room for one visit that is lost."""
    found = interval(np.ones(400), np.repeat(np.arange(20), 20), bounds=(-1.0, 1.0))
    assert found.high == 400
    assert found.low is not None
    assert 300 < found.low < 395


def test_nothing_to_compare_is_said_rather_than_made_up() -> None:
    one = interval(np.ones(5), np.zeros(5, int))
    assert (one.estimate, one.low, one.high, one.blocks) == (5, None, None, 1)
    assert one.caution == "1 of the room visits only: nothing to compare"
    none = interval(np.zeros(0), np.zeros(0, int))
    assert (none.estimate, none.low, none.blocks) == (0, None, 0)
    assert not none.is_reliable
    alike = interval(np.ones(40), np.repeat(np.arange(20), 2))
    assert (alike.low, alike.high) == (40, 40)
    assert "nothing says what else" in alike.caution


def test_few_effective_visits_are_told() -> None:
    """One visit of 400 frames beside nine of five weighs like one."""
    blocks = np.repeat(np.arange(10), [400, *[5] * 9])
    values = np.where(np.arange(len(blocks)) % 7 < 5, 1.0, -0.5)
    found = interval(values, blocks, bounds=(-0.5, 1.0))
    assert found.caution.startswith("the 10 room visits weigh like 1.2 of one length")


def test_a_score_that_goes_with_length_is_told() -> None:
    """Short visits are all won, long ones half: a longer one would cost much."""
    lengths = np.array([4, 6, 8, 10, 20, 40, 80, 160] * 3)
    blocks = np.repeat(np.arange(24), lengths)
    won = np.concatenate([np.arange(n) < min(n, 12 + n / 6) for n in lengths])
    found = interval(np.where(won, 1.0, -1.0), blocks, bounds=(-1.0, 1.0))
    assert "long room visits are worth less than short ones" in found.caution


def test_pairing_tells_apart_what_two_intervals_cannot() -> None:
    """Two systems that stumble over the same visits, one a little less."""
    rng = np.random.default_rng(4)
    blocks = np.repeat(np.arange(60), 20)
    hard = np.repeat(rng.random(60), 20)
    a = np.where(rng.random(1200) < 0.3 + 0.6 * hard, 1.0, -0.5)
    b = np.where((a > 0) & (rng.random(1200) < 0.1), -0.5, a)
    separate = intervals(np.stack([a, b], 1), blocks)
    assert separate[0].low is not None
    assert separate[1].high is not None
    assert separate[0].low < separate[1].high
    assert difference(a, b, blocks).excludes_zero
    assert not difference(a, a, blocks).excludes_zero


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0, 0.3))
def test_a_p_value_agrees_with_the_interval_and_turns_with_the_pair(seed: int, gap: float) -> None:
    values, blocks = even_sequence(seed, n=20)
    rng = np.random.default_rng(seed + 1)
    other = np.where(rng.random(len(values)) < gap, -0.5, values)
    found, turned = (difference(*pair, blocks) for pair in ((values, other), (other, values)))
    assert found.p is not None
    assert (found.p < 0.05) == found.excludes_zero
    assert turned.p == pytest.approx(found.p)
    assert turned.low == pytest.approx(found.reversed().low)
    at_p = difference(values, other, blocks, level=1 - found.p) if 1e-6 < found.p < 1 else None
    if at_p is not None and at_p.estimate > 0:
        assert at_p.low == pytest.approx(0, abs=0.05 * found.estimate)


def test_words_never_contradict_the_interval_beside_them() -> None:
    clear = Interval(45.0, 3.3, 89.6, 30, p=0.03)
    assert verdict(clear) == "told apart, p = 0.03"
    expected = "+45 (3.3 to 89.6), p = 0.03 before, 0.21 after all comparisons"
    assert difference_text(clear, 0.21) == expected
    assert verdict(clear, 0.04).startswith("told apart, p = 0.03 before, 0.04")
    assert verdict(Interval(5.0, -3.0, 9.0, 30, p=0.4), 1.0).startswith("cannot be told apart")
    assert verdict(Interval(5.0, None, None, 1)) == "nothing to compare"


@pytest.fixture(scope="module")
def simulation() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPTS / "coverage_intervals.py"))


def test_intervals_hold_in_every_law(simulation: dict[str, Any]) -> None:
    """The short form of the coverage table: 200 sequences a cell instead of 4,000."""
    for law in simulation["LAWS"]:
        true = simulation["truth"](law, 40_000)
        for n_visits in (12, 30):
            for cell in simulation["cells"](law, n_visits, 200, true):
                assert cell.covered_or_cautioned >= 0.89, (law.name, n_visits)
                assert n_visits < 20 or cell.cautioned <= 0.2, (law.name, n_visits)


def test_frame_by_frame_does_not_hold(simulation: dict[str, Any]) -> None:
    """Neighbouring frames are near-copies: taken one by one they promise too much."""
    law = simulation["LAWS"][0]
    true = simulation["truth"](law, 80_000)[0]
    held = 0
    for seed in range(40):
        x = simulation["simulate"](np.random.default_rng(seed), law, 40, 1)
        n, right = int(x.sizes.sum()), int(x.right.sum())
        values = np.repeat([1.0, 0.0], [right, n - right])
        found = interval(values, np.arange(n), bounds=(0.0, 1.0))
        held += found.low is not None and found.low <= true * n <= (found.high or 0)
    assert held < 27


def uneven(seed: int = 0) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return what three runs earned in frames with bounds of their own, visits mixed up."""
    rng = np.random.default_rng(seed)
    blocks = rng.permutation(np.repeat(np.arange(9) * 7, rng.integers(3, 30, 9)))
    least = -rng.choice([0.5, 1.0], len(blocks))
    most = rng.choice([1.0, 2.5], len(blocks))
    right = rng.random((len(blocks), 3)) < [0.9, 0.7, 0.3]
    return np.where(right, most[:, None], least[:, None]), blocks, (least, most)


def test_points_are_shares_of_what_each_frame_could_earn() -> None:
    """By visit, from the sum of the least to that of the most; a column a run."""
    values, blocks, (least, most) = uneven()
    found = intervals(values, blocks, bounds=(least, most), level=0.9)
    numbers = np.unique(blocks)
    sizes = np.array([[(most - least)[blocks == b].sum() for b in numbers]])
    for k, one in enumerate(found):
        wins = np.array([[(values[:, k] - least)[blocks == b].sum() for b in numbers]])
        share = shares(wins, sizes)
        low, high = share.ends(stdtrit(share.freedom, 0.95))
        assert one.estimate == pytest.approx(values[:, k].sum())
        assert one.low == pytest.approx(least.sum() + sizes.sum() * low[0])
        assert one.high == pytest.approx(least.sum() + sizes.sum() * high[0])
        assert (one.blocks, one.level, one.p) == (9, 0.9, None)
    alone = interval(values[:, 1], blocks, bounds=(least, most), level=0.9)
    assert (alone.low, alone.high) == pytest.approx((found[1].low, found[1].high))


def test_without_bounds_the_values_themselves_say_what_could_be_earned() -> None:
    values, blocks, _ = uneven()
    bounds = (values.min(), values.max())
    assert intervals(values, blocks) == intervals(values, blocks, bounds=bounds)
    assert intervals(values, blocks, resamples=7, seed=3) == intervals(values, blocks)


def test_what_lies_outside_the_bounds_is_not_counted_beyond_them() -> None:
    """A share is never below 0 or above 1; the points stay what they are."""
    blocks = np.repeat(np.arange(10), 5)
    found = interval(np.full(50, 2.0), blocks, bounds=(0.0, 1.0))
    assert (found.estimate, found.high) == (100, 100)
    assert found.low == interval(np.ones(50), blocks, bounds=(0.0, 1.0)).low
    below = interval(np.full(50, -2.0), blocks, bounds=(0.0, 1.0))
    assert (below.estimate, below.low) == (-100, -100)


def test_a_pair_is_its_gains_and_losses_frame_by_frame() -> None:
    values, blocks, bounds = uneven()
    size = bounds[1] - bounds[0]
    found = pairwise(values, blocks, [(0, 1), (2, 1), (0, 2)], bounds=bounds, level=0.9)
    numbers = np.unique(blocks)

    def by_block(frames: np.ndarray) -> np.ndarray:
        return np.array([[frames[blocks == b].sum() for b in numbers]])

    for (i, j), one in zip([(0, 1), (2, 1), (0, 2)], found, strict=True):
        over = values[:, i] - values[:, j]
        pair = differences(by_block(over.clip(0)), by_block((-over).clip(0)), by_block(size))
        low, high = pair.ends(stdtrit(pair.freedom, 0.95))
        assert one.estimate == pytest.approx(over.sum())
        assert one.low == pytest.approx(size.sum() * low[0])
        assert one.high == pytest.approx(size.sum() * high[0])
        assert one.p == pytest.approx(pair.p()[0])
        assert (one.blocks, one.level) == (9, 0.9)
    first = difference(values[:, 0], values[:, 1], blocks, bounds=bounds, level=0.9)
    ends = (found[0].low, found[0].high, found[0].p)
    assert (first.low, first.high, first.p) == pytest.approx(ends)
    options: dict[str, Any] = {"bounds": bounds, "level": 0.9, "resamples": 5, "seed": 2}
    assert difference(values[:, 0], values[:, 1], blocks, **options) == first


def test_a_pair_without_a_range_or_a_second_visit_is_told() -> None:
    values, blocks = np.ones((40, 2)), np.repeat(np.arange(8), 5)
    (alike,) = pairwise(values, blocks, [(0, 1)])
    assert (alike.estimate, alike.low, alike.high, alike.blocks, alike.p) == (0, 0, 0, 8, 1)
    assert alike.caution == NO_RANGE
    assert interval(values[:, 0], blocks) == Interval(40, 40, 40, 8, caution=NO_RANGE)
    assert alike.level == 0.95
    (one,) = pairwise(values * [2, 1], np.zeros(40, int), [(0, 1)], unit="sequences", level=0.8)
    assert (one.estimate, one.low, one.high, one.blocks, one.p) == (40, None, None, 1, None)
    assert (one.caution, one.level) == ("1 of the sequences only: nothing to compare", 0.8)
    (none,) = pairwise(np.zeros((0, 2)), np.zeros(0, int), [(0, 1)])
    assert none.caution == "no of the room visits only: nothing to compare"
    lone = interval(np.ones(3), np.zeros(3, int), unit="sequences", level=0.8)
    assert (lone.caution, lone.level) == (one.caution, 0.8)
    assert interval(np.ones(4), np.arange(4), level=0.8).level == 0.8
    two = interval(np.array([1.0, 0.0]), np.array([0, 1]))
    assert two.low is not None


def test_cautions_name_the_unit_the_reason_and_the_way_it_leans() -> None:
    lengths = np.array([4, 6, 8, 10, 20, 40, 80, 160] * 3)
    blocks = np.repeat(np.arange(24), lengths)
    won = np.concatenate([np.arange(n) < min(n, 12 + n / 6) for n in lengths])
    more = interval(np.where(won, -1.0, 1.0), blocks, bounds=(-1.0, 1.0), unit="sequences")
    assert more.caution == "long sequences are worth more than short ones: a longer one would tell"
    fewer = np.array([4, 5, 6, 8, 10, 12, 15, 20, 60, 100, 120])
    won_fewer = np.concatenate([np.arange(n) < min(n, 12 + n / 6) for n in fewer])
    few = np.repeat(np.arange(11), fewer)
    both = interval(np.where(won_fewer, 1.0, -1.0), few, bounds=(-1.0, 1.0))
    assert both.caution == (
        "the 11 room visits weigh like 4.5 of one length: too few to rely on; "
        "long room visits are worth less than short ones: a longer one would tell"
    )
    # of a pair, its losses tell where its gains do not
    values = np.stack([np.ones(len(blocks)), np.where(won, 1.0, -1.0)], 1)
    gains, losses = pairwise(values, blocks, [(0, 1), (1, 0)], bounds=(-1.0, 1.0))
    assert "worth more" in gains.caution
    assert gains.caution == losses.caution


def test_intervals_in_words_and_as_plain_data() -> None:
    found = Interval(900.0, 812.5, 1034.0, 30, caution="few", p=0.25)
    assert found.text() == "812.5 to 1034"
    assert Interval(1.0, -0.04, 2.255, 30).text() == "0 to 2.3"
    assert Interval(1.0, -0.04, 100.0, 30).text(2) == "-0.04 to 100"
    assert Interval(1.0, 100.0, 110.0, 30).text(0) == "100 to 110"
    assert Interval(1.0, None, None, 1).text() == "-"
    assert found.as_dict() == {"interval": [812.5, 1034.0], "visits": 30, "caution": "few"}
    turned = found.reversed()
    assert turned == Interval(-900.0, -1034.0, -812.5, 30, caution="few", p=0.25)
    assert Interval(3.0, None, None, 1).reversed() == Interval(-3.0, None, None, 1)
    assert not found.is_reliable


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 2.0, False), (-2.0, 0.0, False), (-1.0, 1.0, False), (0.1, 2.0, True), (-2, -0.1, True)],
)
def test_ends_at_0_leave_0_in(low: float, high: float, expected: bool) -> None:
    assert Interval(1.0, low, high, 9).excludes_zero is expected


def test_p_values_and_gaps_in_words() -> None:
    assert [p_text(p) for p in (0.0009, 0.001, 0.0349, 1.0)] == [
        "below 0.001",
        "0.001",
        "0.035",
        "1",
    ]
    assert p_values_text(0.03) == "p = 0.03"
    assert p_values_text(0.03, 0.0) == "p = 0.03 before, below 0.001 after all comparisons"
    assert gap_text(Interval(45.0, 3.3, 89.6, 30)) == "+45 (3.3 to 89.6)"
    assert gap_text(Interval(-4.5, None, None, 1)) == "-4.5"
    clear, open_ = Interval(45.0, 3.3, 89.6, 30, p=0.03), Interval(5.0, -3.0, 9.0, 30, p=0.4)
    assert verdict(open_) == "cannot be told apart, p = 0.4"
    assert verdict(open_, 0.6) == (
        "cannot be told apart, p = 0.4 before, 0.6 after all comparisons"
    )
    assert verdict(clear, 0.05) == "told apart, p = 0.03 before, 0.05 after all comparisons"
    assert verdict(clear, 1 - clear.level).startswith("told apart")
    assert verdict(clear, 0.06) == "p = 0.03 before, 0.06 after all comparisons"
    assert difference_text(clear) == "+45 (3.3 to 89.6), told apart, p = 0.03"
    assert difference_text(Interval(5.0, None, None, 1)) == "+5, nothing to compare"
