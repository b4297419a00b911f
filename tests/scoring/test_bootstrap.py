"""Intervals that respect a sequence: hand-worked cases, properties, an oracle, coverage."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from robotvision.scoring import bootstrap
from robotvision.scoring.bootstrap import (
    block_sums,
    difference,
    draw,
    interval,
    intervals,
    ranks,
    student,
    visits,
)
from tests.fixtures.examples import examples


def test_a_visit_ends_where_room_segment_or_sequence_changes() -> None:
    sequence = np.array([0, 0, 0, 0, 0, 1])
    segment = np.array([0, 0, 0, 1, 1, 1])
    room = np.array([2, 2, 3, 3, 3, 3])
    assert visits(sequence, segment, room).tolist() == [0, 0, 1, 2, 2, 3]
    assert visits(sequence[:0], segment[:0], room[:0]).tolist() == []


def test_every_resample_draws_as_many_blocks_as_there_are() -> None:
    drawn = draw(37, 500, seed=3)
    assert drawn.shape == (500, 37)
    assert (drawn.sum(1) == 37).all()
    assert abs(float(drawn.mean()) - 1) < 1e-6
    assert abs(float(drawn.var()) - 1) < 0.05  # multinomial counts: variance 1 - 1/37


def test_sums_by_block_are_those_of_a_loop() -> None:
    values = np.array([[1.0, 0], [2, 1], [4, 1], [8, 0]])
    sums, sizes = block_sums(values, np.array([5, 5, 9, 5]))
    assert sums.tolist() == [[11, 1], [4, 1]]
    assert sizes.tolist() == [3, 1]


def test_the_interval_agrees_with_a_plain_studentised_bootstrap() -> None:
    """An independent loop over resamples, in double precision, gives the same ends."""
    rng = np.random.default_rng(1)
    sizes = rng.integers(3, 30, 40)
    blocks = np.repeat(np.arange(40), sizes)
    values = rng.choice([1.0, -0.5], len(blocks), p=[0.7, 0.3])
    found = interval(values, blocks, resamples=4000)
    sums = np.array([values[blocks == b].sum() for b in range(40)])

    def ratio_and_error(pick: np.ndarray) -> tuple[float, float]:
        p, f = sums[pick], sizes[pick]
        r = p.sum() / f.sum()
        return r, float(np.sqrt(((p - r * f) ** 2).sum() * 40 / 39) / f.sum())

    r, e = ratio_and_error(np.arange(40))
    draws = [ratio_and_error(rng.integers(0, 40, 40)) for _ in range(4000)]
    t = np.array([(x - r) / s for x, s in draws])
    low, high = (r - np.quantile(t, q) * e for q in (0.975, 0.025))
    n = len(values)
    assert found.low == pytest.approx(low * n, abs=0.04 * n * (high - low))
    assert found.high == pytest.approx(high * n, abs=0.04 * n * (high - low))


@examples(25)
@given(st.integers(0, 1000), st.integers(2, 30))
def test_the_estimate_is_the_sum_and_lies_inside(seed: int, n_blocks: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.sort(rng.integers(0, n_blocks, 200))
    values = rng.choice([1.0, -0.5, 0.0], 200)
    found = interval(values, blocks, resamples=200)
    assert found.estimate == values.sum()
    if found.low is not None:
        assert found.low <= found.estimate <= found.high


def test_a_constant_shift_moves_the_interval_and_not_its_width() -> None:
    rng = np.random.default_rng(2)
    blocks = np.repeat(np.arange(30), 10)
    values = rng.normal(size=300)
    a, b = intervals(np.stack([values, values + 2], 1), blocks, resamples=500)
    assert b.low == pytest.approx(a.low + 600, abs=1e-3)
    assert b.high == pytest.approx(a.high + 600, abs=1e-3)


def test_a_lone_error_in_a_long_run_still_leaves_an_interval() -> None:
    """Single precision must not round a small spread away."""
    values = np.ones(5000)
    values[2500] = -0.5
    found = interval(values, np.repeat(np.arange(170), 30)[:5000])
    assert found.low is not None
    assert found.low < found.estimate == 4998.5 <= found.high


def test_nothing_to_resample_is_said_rather_than_made_up() -> None:
    one = interval(np.ones(5), np.zeros(5, int))
    assert (one.estimate, one.low, one.high, one.blocks) == (5, None, None, 1)
    assert one.is_thin
    none = interval(np.zeros(0), np.zeros(0, int))
    assert (none.estimate, none.low, none.blocks) == (0, None, 0)
    alike = interval(np.ones(40), np.repeat(np.arange(20), 2))
    assert (alike.low, alike.high) == (40, 40)
    assert alike.is_thin


def test_no_interval_reaches_beyond_what_a_frame_can_earn() -> None:
    values, blocks = np.ones(100), np.repeat(np.arange(5), 20)
    values[:20] = -0.5
    assert interval(values, blocks).high > 100
    assert interval(values, blocks, bounds=(-0.5, 1.0)).high == 100


def test_pairing_tells_apart_what_two_intervals_cannot() -> None:
    """Two systems that stumble over the same visits, one a little less."""
    rng = np.random.default_rng(4)
    blocks = np.repeat(np.arange(60), 20)
    hard = np.repeat(rng.random(60), 20)
    a = np.where(rng.random(1200) < 0.3 + 0.6 * hard, 1.0, -0.5)
    b = np.where((a > 0) & (rng.random(1200) < 0.1), -0.5, a)
    separate = intervals(np.stack([a, b], 1), blocks)
    assert separate[0].low < separate[1].high
    assert difference(a, b, blocks).excludes_zero
    assert not difference(a, a, blocks).excludes_zero


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
    same = ranks(np.stack([good, good], 1), blocks, resamples=200)
    assert same.ranks == [(1, 2), (1, 2)]
    assert same.share_first.tolist() == [0.5, 0.5]


def at_once(values: np.ndarray, blocks: np.ndarray, resamples: int) -> Any:
    """Return `is_above` and `share_first` with all pairs in memory, as the definition says."""
    k = values.shape[1]
    a, b = np.triu_indices(k, 1)
    sums, sizes = block_sums(values, blocks)
    found = bootstrap._resample(sums[:, a] - sums[:, b], sizes, draw(len(sizes), resamples, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.nan_to_num(np.abs(found.ratios - found.ratio) / found.errors, posinf=0)
    limit = np.sort(t.max(1))[round(0.95 * resamples - 0.5)]
    above = np.zeros((k, k), bool)
    first = np.ones((resamples, k), bool)
    for pair, (i, j) in enumerate(zip(a, b, strict=True)):
        above[i, j] = found.ratio[pair] > limit * found.error[pair]
        above[j, i] = found.ratio[pair] < -limit * found.error[pair]
        first[:, i] &= found.ratios[:, pair] >= 0
        first[:, j] &= found.ratios[:, pair] <= 0
    return above, (first / np.maximum(1, first.sum(1, keepdims=True))).mean(0)


def systems(k: int, n_blocks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what k systems, each a little worse than the last, earned, two of them alike."""
    rng = np.random.default_rng(seed)
    blocks = np.repeat(np.arange(n_blocks), 10)
    chance = 0.95 - 0.4 * np.arange(k) / k - 0.4 * rng.random((n_blocks, 1))[blocks]
    values = np.where(rng.random((len(blocks), k)) < chance, 1.0, -0.5)
    values[:, 1] = values[:, 0]
    return values, blocks


@pytest.mark.parametrize("seed", range(3))
def test_pairs_worked_on_in_parts_give_what_all_at_once_give(seed: int) -> None:
    """To the last digit, for 12 systems: 66 pairs in parts, of resamples in parts."""
    values, blocks = systems(12, 50, seed)
    found = ranks(values, blocks, resamples=4800)
    above, share = at_once(values, blocks, 4800)
    assert (found.is_above == above).all()
    assert above.any()
    assert (found.share_first == share).all()


def test_the_pairs_of_many_systems_are_never_in_memory_at_once() -> None:
    """One array of the resamples of 4950 pairs is 158 MB; what is held stays far below that."""
    values, blocks = systems(100, 50, 0)
    tracemalloc.start()
    try:
        found = ranks(values, blocks, resamples=4000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80e6
    assert found.ranks[0][0] == 1
    assert found.ranks[-1][1] == 100


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(6)
    values, blocks = rng.normal(size=500), np.repeat(np.arange(25), 20)
    assert interval(values, blocks, seed=7) == interval(values, blocks, seed=7)
    assert interval(values, blocks, seed=7) != interval(values, blocks, seed=8)


def test_intervals_by_visit_cover_and_frame_by_frame_do_not() -> None:
    """300 sequences of 40 visits whose errors stick to the visit."""
    rng = np.random.default_rng(7)
    hits = np.zeros(2)
    for _ in range(300):
        sizes = rng.integers(10, 40, 40)
        p = rng.beta(3, 1, 40)
        blocks = np.repeat(np.arange(40), sizes)
        values = (rng.random(len(blocks)) < p[blocks]).astype(float)
        for k, b in enumerate((blocks, np.arange(len(blocks)))):
            found = interval(values, b, resamples=300 if k == 0 else 100)
            hits[k] += found.low <= 0.75 * len(values) <= found.high
    assert 0.91 <= hits[0] / 300 <= 0.985
    assert hits[1] / 300 < 0.75


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 11, 19, 40, 1000])
@pytest.mark.parametrize("p", [0.9, 0.975, 0.995])
def test_student_agrees_with_scipy(freedom: int, p: float) -> None:
    """To two thousandths at the usual level; to a hundredth far out with three or four degrees."""
    expected = stdtrit(freedom, p)
    assert student(freedom, p) == pytest.approx(expected, rel=2e-3 if p <= 0.975 else 0.03)


def test_no_interval_is_shorter_than_students() -> None:
    """Visits that are all but alike say little about the tails; Student's interval holds then."""
    values = np.repeat([1.0] * 11 + [0.0], 10)
    blocks = np.repeat(np.arange(12), 10)
    found = interval(values, blocks)
    means = values.reshape(12, 10).mean(1)
    half = stdtrit(11, 0.975) * means.std(ddof=1) / np.sqrt(12) * 120
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.estimate >= 0.99 * half
    assert found.estimate - found.low >= 0.99 * half
