"""Ranks that can be told apart: definitions written out, false separations, power, ties, memory."""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tracemalloc
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from robotvision.scoring import ranks as module
from robotvision.scoring.blocks import block_sums
from robotvision.scoring.intervals import difference, intervals
from robotvision.scoring.ranks import RESAMPLES, draw, ranks, visits_text


def systems(k: int, n_blocks: int, seed: int, gap: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    """Return what k systems, each a little worse than the last, earned, two of them alike."""
    rng = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(n_blocks), 10)
    chance = 0.95 - gap * np.arange(k) / k - 0.4 * rng.random((n_blocks, 1))[blocks]
    values = np.where(rng.random((len(blocks), k)) < chance, 1.0, -0.5)
    values[:, 1] = values[:, 0]
    return values, blocks


def test_every_resample_draws_as_many_blocks_as_there_are() -> None:
    drawn = draw(37, 500, seed=3)
    assert drawn.shape == (500, 37)
    assert (drawn.sum(1) == 37).all()
    assert abs(float(drawn.var()) - 1) < 0.05  # multinomial counts: variance 1 - 1/37


def by_loops(sums: np.ndarray, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return p-values by step-down and by range, by plain loops over pairs, families, ranges."""
    b, k = sums.shape
    signs = 2.0 * np.random.default_rng([0, 1]).integers(0, 2, (resamples, b), dtype=np.int8) - 1
    rows = np.vstack([np.ones(b), signs])

    def t(i: int, j: int) -> np.ndarray:
        d = sums[:, i] - sums[:, j]
        spread = np.sqrt((d**2).sum())
        return np.abs(rows @ d) / spread if spread else np.zeros(len(rows))

    def share(largest: np.ndarray, seen: float) -> float:
        return float(np.mean([True, *(largest[1:] >= seen * (1 - 1e-9))]))

    family = np.ones((k, k))
    for i in range(k):
        left = sorted((j for j in range(k) if j != i), key=lambda j: -t(i, j)[0])
        p = 0.0
        while left:
            p = max(p, share(np.max([t(i, j) for j in left], axis=0), t(i, left[0])[0]))
            family[i, left.pop(0)] = p
    total = [round(float(x), 9) for x in sums.sum(0)]
    order = sorted(range(k), key=lambda i: (-total[i], *sums[::-1, i]))
    ranges = np.zeros((k, k))
    for first in range(k):
        for last in range(first + 1, k):
            held = order[first : last + 1]
            sixth = np.sum([t(i, j) ** 6 for i in held for j in held if i < j], axis=0)
            level = len(held) / k / 1.25  # in proportion to the runs, and 4 % for 5 %
            for i in held:
                for j in held:
                    ranges[i, j] = max(ranges[i, j], share(sixth, sixth[0]) / level)
    np.fill_diagonal(ranges, 0)
    like = [[j for j in range(k) if total[j] == total[i]] for i in range(k)]
    ranges = np.array(
        [[ranges[np.ix_(like[i], like[j])].max() for j in range(k)] for i in range(k)]
    )
    np.fill_diagonal(ranges, 1)
    return np.minimum(family, family.T), np.minimum(1, ranges)


@pytest.mark.parametrize("seed", range(8))
def test_step_down_and_ranges_are_those_of_plain_loops(seed: int) -> None:
    """In the order of their sums; half of the contests of equals, in which chance decides."""
    rng = np.random.default_rng(seed)
    k = 5 + seed % 3
    sums = rng.normal(0, rng.uniform(1, 4, k), (14, k)) + 5 + (seed % 2) * np.arange(k)
    sums = sums[:, np.argsort(-sums.sum(0))]
    flipped = np.vstack([sums.sum(0), module._flipped(sums, 200, 0)])
    scale = module._scale(sums)
    family, ranges = by_loops(sums, 200)
    assert module._step_down(flipped, scale) == pytest.approx(family)
    assert module._by_range(flipped, scale) == pytest.approx(ranges)


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_those_of_plain_loops(seed: int) -> None:
    values, blocks = systems(6, 25, seed)
    found = ranks(values, blocks, resamples=300)
    alone = np.array(
        [[1.0 if i == j else found.difference(i, j).p for j in range(6)] for i in range(6)]
    )
    sums, _ = block_sums(values, blocks)
    expected = np.maximum(np.maximum(*by_loops(sums, 300)), alone)
    off = ~np.eye(6, dtype=bool)
    assert found.p[off] == pytest.approx(expected[off])
    assert (found.is_above == ((found.p <= 0.05) & (values.sum(0)[:, None] > values.sum(0)))).all()


def test_two_visits_are_compared_too() -> None:
    """Signs of two have four patterns: all differences of three runs come as large in half."""
    values = np.array([[1.0, 0, 0.5], [1.0, 0.25, 0]])
    found = ranks(values, np.array([0, 1]), resamples=2000, bounds=(0.0, 1.0))
    alone = [found.difference(0, j).p for j in (1, 2)]
    assert max(map(float, alone)) < 0.49  # type: ignore[arg-type]
    assert found.p[0, 1:].min() > 0.49


def test_ranks_are_ranges_where_systems_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(5)
    blocks = np.repeat(np.arange(80), 10)
    good, twin, bad = (rng.choice([1.0, -0.5], 800, p=[p, 1 - p]) for p in (0.9, 0.9, 0.2))
    found = ranks(np.stack([good, twin, bad], 1), blocks, resamples=2000)
    assert found.ranks == [(1, 2), (1, 2), (3, 3)]
    assert not found.separated(0, 1)
    assert found.separated(0, 2)
    assert found.share_first.sum() == pytest.approx(1)
    assert found.share_first[2] == 0
    assert found.visits_needed[0, 2] < 80 < found.visits_needed[0, 1]


def test_ties_are_ties() -> None:
    values, blocks = systems(2, 30, 0)
    found = ranks(values, blocks, resamples=200)
    assert found.ranks == [(1, 2), (1, 2)]
    assert found.share_first.tolist() == [0.5, 0.5]
    assert found.p[0, 1] == 1
    assert visits_text(found.visits_needed[0, 1]) == "no number"


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_runs_decides_nothing(seed: int) -> None:
    """Few visits of few points, so that sums are often equal: every listing gives the same."""
    rng = np.random.default_rng(seed)
    values = rng.choice([1.0, 0.5, 0.0], (12, 7), p=[0.6, 0.2, 0.2]) - 0.5 * (np.arange(7) == 6)
    assert len({*values.sum(0)}) < 7
    values[:, 1] = values[:, 4]  # the same run twice
    blocks = np.arange(12)
    found = ranks(values, blocks, resamples=400)
    off = ~np.eye(7, dtype=bool)
    for k in range(7):
        if k not in (1, 4):
            assert found.p[1, k] == found.p[4, k]
    for _ in range(4):
        order = rng.permutation(7)
        again = ranks(values[:, order], blocks, resamples=400)
        assert again.p[off] == pytest.approx(found.p[np.ix_(order, order)][off])
        assert again.ranks == [found.ranks[k] for k in order]
        assert (again.is_above == found.is_above[np.ix_(order, order)]).all()


def test_two_runs_are_told_apart_exactly_where_their_interval_leaves_zero_out() -> None:
    """One comparison: nothing to correct for, so words and interval cannot disagree."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        blocks = np.repeat(np.arange(20), 10)
        chance = np.array([0.8, 0.7]) - 0.3 * rng.random((20, 1))[blocks]
        values = np.where(rng.random((200, 2)) < chance, 1.0, -0.5)
        found = ranks(values, blocks, resamples=100)
        assert found.separated(0, 1) == found.difference(0, 1).excludes_zero


def test_one_visit_and_one_run_are_no_comparison() -> None:
    values, blocks = systems(3, 20, 0)
    alone = ranks(values[:10], np.zeros(10, int), resamples=100)
    assert alone.ranks == [(1, 3)] * 3
    one = ranks(values[:, :1], blocks, resamples=100)
    assert one.ranks == [(1, 1)]
    assert one.share_first.tolist() == [1.0]


def simulated(k: int, step: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return k runs on 40 visits of shared difficulty, the first a step better."""
    rng = np.random.default_rng(seed)
    skill = np.full(k, 1.0)
    skill[0] += step
    odds = skill + rng.normal(0, 1.2, (40, 1)) + rng.normal(0, 0.6, (40, k))
    blocks = np.repeat(np.arange(40), 6)  # about as many fresh answers as in 30 frames that last
    right = rng.random((240, k)) < 1 / (1 + np.exp(-odds[blocks]))
    return np.where(right, 1.0, -0.5), blocks


def test_equals_are_rarely_told_apart_and_a_better_run_often() -> None:
    """The short form of ``scripts/coverage_ranks.py``: 30 contests instead of 1,000."""
    false, power = 0, {2: 0.0, 10: 0.0}
    for seed in range(30):
        equal = ranks(*simulated(10, 0.0, seed), resamples=300)
        false += bool(equal.is_above.any())
        for k in power:
            found = ranks(*simulated(k, 1.0, seed), resamples=300)
            power[k] += float(found.is_above[0, 1:].mean()) / 30
    assert false <= 5  # one or two expected at 5 %
    assert power[10] >= 0.5 * power[2]
    assert power[2] > 0.5


def test_many_systems_fit_into_little_memory() -> None:
    """One array of the resamples of 1770 pairs is 28 MB; what is held stays below that."""
    values, blocks = systems(60, 50, 0)
    tracemalloc.start()
    try:
        found = ranks(values, blocks, resamples=2000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20e6
    assert found.ranks[0][0] == 1
    assert found.ranks[-1][1] == 60


THREADS = """
import numpy as np
from robotvision.scoring.ranks import ranks
rng = np.random.default_rng(0)
values = rng.choice([1.0, -0.5, 0.1], (2000, 9))
found = ranks(values, np.repeat(np.arange(100), 20), resamples=3000)
print(found.p.tobytes().hex(), found.share_first.tobytes().hex(), found.points)
"""


def test_the_same_numbers_on_any_number_of_threads() -> None:
    def run(n: int) -> Any:
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        env = {**os.environ, **dict.fromkeys(names, str(n))}
        command = [sys.executable, "-c", THREADS]
        return subprocess.run(command, env=env, capture_output=True, check=True).stdout

    assert run(1) == run(2) != b""


def test_the_seed_decides_what_is_drawn() -> None:
    values, blocks = systems(4, 20, 1, gap=0.1)
    first, again, other = (ranks(values, blocks, resamples=300, seed=s) for s in (7, 7, 8))
    assert (first.p == again.p).all()
    assert (first.share_first != other.share_first).any()


def test_pairs_are_those_of_single_comparisons(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few at a time, either way round, with the level and the bounds that were asked for."""
    monkeypatch.setattr(module, "PAIRS_AT_ONCE", 4)
    values, blocks = systems(6, 20, 2)
    found = ranks(values, blocks, resamples=100, level=0.8, bounds=(-1.0, 2.0))
    assert found.level == 0.8
    assert len(found.differences) == 30
    for i, j in ((0, 1), (0, 5), (2, 3), (4, 5), (1, 4)):
        one = difference(values[:, i], values[:, j], blocks, level=0.8, bounds=(-1.0, 2.0))
        pair = found.difference(i, j)
        assert (pair.low, pair.high) == pytest.approx((one.low, one.high))
        assert (pair.p, pair.level) == (pytest.approx(one.p), 0.8)
        assert found.difference(j, i) == pair.reversed()
    points = intervals(values, blocks, level=0.8, bounds=(-1.0, 2.0))
    assert found.points == points
    assert (
        found.is_above == ((found.p <= 0.2 + 1e-9) & (values.sum(0)[:, None] > values.sum(0)))
    ).all()


def test_ranks_count_who_is_above_and_below() -> None:
    values, blocks = systems(6, 40, 3, gap=1.2)
    found = ranks(values, blocks, resamples=500)
    for i, (best, worst) in enumerate(found.ranks):
        assert best == 1 + found.is_above[:, i].sum()
        assert worst == 6 - found.is_above[i].sum()
        for j in range(6):
            assert found.separated(i, j) == (found.is_above[i, j] or found.is_above[j, i])
    assert found.is_above.any()
    assert not (found.is_above & found.is_above.T).any()


def test_the_share_of_first_places_is_counted_over_resamples() -> None:
    values, blocks = systems(4, 15, 6, gap=0.1)
    sums, _ = block_sums(values, blocks)
    expected = np.zeros(4)
    for row in draw(15, 200, seed=9).astype(float):
        totals = [sum(row * column) for column in sums.T]
        first = [i for i in range(4) if totals[i] >= max(totals) - 1e-6]
        for i in first:  # the twins share every first place
            expected[i] += 1 / len(first) / 200
    found = ranks(values, blocks, resamples=200, seed=9).share_first
    assert found == pytest.approx(expected)
    assert found[0] == found[1] > 0
    pair = ranks(values[:, 1:3], blocks, resamples=200, seed=9).share_first
    assert 0 < pair[1] < pair[0] < 1
    needed = ranks(values[:, 1:3], blocks, resamples=20).visits_needed
    assert 15 < needed[0, 1] == needed[1, 0] < math.inf


def test_visits_needed_grow_with_the_square_of_noise_over_difference() -> None:
    """A normal approximation for the step of the most comparisons; four times in five."""
    values, blocks = systems(5, 25, 4)
    found = ranks(values, blocks, resamples=300)
    sums, _ = block_sums(values, blocks)
    multiple = NormalDist().inv_cdf(1 - 0.05 / 8) + NormalDist().inv_cdf(0.8)
    fewest = math.ceil(1 + math.log2(4 / 0.05))
    for i in range(5):
        for j in range(5):
            over = sums[:, i] - sums[:, j]
            if not over.sum():
                assert math.isinf(found.visits_needed[i, j])
                continue
            ratio = statistics.stdev(over.tolist()) / abs(over.mean())
            needed = math.ceil(max(fewest, (multiple * ratio) ** 2))
            is_open = not found.separated(i, j)  # then more than there were
            assert found.visits_needed[i, j] == max(needed, 26 if is_open else 0)


def test_visits_needed_of_a_sure_thing_are_what_signs_can_show() -> None:
    """One run is better in every visit alike: no noise, but few visits have few patterns."""
    blocks = np.repeat(np.arange(12), 5)
    values = np.tile([1.0, 0.5, 0.0], (60, 1))
    found = ranks(values, blocks, resamples=2000, bounds=(-1.0, 1.0))
    assert found.visits_needed[0, 2] == math.ceil(1 + math.log2(2 / 0.05))
    assert found.ranks == [(1, 1), (2, 2), (3, 3)]


def test_a_small_lead_in_every_visit_counts_among_noisy_others() -> None:
    """Studentised by the pair's own visits: what others differ by does not hide it."""
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(40), 20)
    values = np.where(rng.random((800, 8)) < rng.random((40, 8))[blocks], 1.0, -0.5)
    values[:, 1] = values[:, 0]
    values[np.arange(0, 800, 3), 1] -= 0.5
    found = ranks(values, blocks, resamples=1000, bounds=(-1.0, 1.0))
    assert found.is_above[0, 1]
    assert found.p[0, 1] <= 0.05


def test_visits_in_words() -> None:
    numbers = (7.0, 1234.4, 10_000.0, 10_001.0, math.inf)
    assert [visits_text(n) for n in numbers] == [
        "about 7", "about 1,234", "about 10,000", "more than 10,000", "no number",
    ]  # fmt: skip


def test_no_frames_and_no_runs_have_no_ranks_to_tell() -> None:
    none = ranks(np.zeros((0, 3)), np.zeros(0, int), resamples=10)
    assert none.ranks == [(1, 3)] * 3
    assert none.share_first == pytest.approx([1 / 3] * 3)
    assert np.isinf(none.visits_needed).all()
    assert (none.p == 1).all()
    assert ranks(np.zeros((9, 0)), np.arange(9), resamples=10, bounds=(0.0, 1.0)).ranks == []
    two = ranks(np.array([[1.0, 0, 0], [1, 0, 0]]), np.array([0, 1]), resamples=50)
    assert two.share_first.tolist() == [1, 0, 0]
    assert two.p.max() == 1


def test_draws_of_many_blocks_reach_all_of_them() -> None:
    """More than two bytes can number, and in several parts."""
    drawn = draw(70_000, 13, seed=1)
    assert (drawn.sum(1) == 70_000).all()
    assert drawn[:, 66_000:].mean() == pytest.approx(1, abs=0.05)
    assert len({row.tobytes() for row in drawn}) == 13
    assert drawn.dtype == np.float32
    assert (draw(5, 100) == draw(5, 100, seed=0)).all()
    assert draw(5).shape == (RESAMPLES, 5)


def test_signs_are_fair_and_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one block worth 1 each half of the sums is 1, the other -1, in every part."""
    monkeypatch.setattr(module, "CELLS_AT_ONCE", 300)
    sums = np.diag([1.0, 2.0, 4.0])
    flipped = module._flipped(sums, 1050, 5)
    assert (np.abs(flipped) == [1, 2, 4]).all()
    assert np.abs(flipped.mean(0) / [1, 2, 4]).max() < 0.1
    assert np.abs(flipped[:100].mean(0) / [1, 2, 4]).max() < 0.4
    assert abs(np.corrcoef(flipped.T)[0, 1]) < 0.1
    assert (flipped == module._flipped(sums, 1050, 5)).all()
    assert (flipped != module._flipped(sums, 1050, 6)).any()
