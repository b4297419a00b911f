"""Ranks that can be told apart: definitions written out, false separations, power, ties, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

from robotvision.scoring.blocks import block_sums
from robotvision.scoring.ranks import draw, ranks, visits_text


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


def after_all(values: np.ndarray, blocks: np.ndarray, resamples: int) -> np.ndarray:
    """Return p-values after all comparisons by plain loops over pairs, families and ranges."""
    sums, _ = block_sums(values, blocks)
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
    order = np.argsort(-sums.sum(0), kind="stable").tolist()
    ranges = np.zeros((k, k))
    for first in range(k):
        for last in range(first + 1, k):
            held = order[first : last + 1]
            sixth = np.sum([t(i, j) ** 6 for i in held for j in held if i < j], axis=0)
            level = len(held) / k / 1.25  # in proportion to the runs, and 4 % for 5 %
            for i in held:
                for j in held:
                    ranges[i, j] = max(ranges[i, j], share(sixth, sixth[0]) / level)
    result: np.ndarray = np.maximum(np.minimum(family, family.T), np.minimum(1, ranges))
    return result


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_those_of_plain_loops(seed: int) -> None:
    values, blocks = systems(6, 25, seed)
    found = ranks(values, blocks, resamples=300)
    alone = np.array(
        [[1.0 if i == j else found.difference(i, j).p for j in range(6)] for i in range(6)]
    )
    expected = np.maximum(after_all(values, blocks, 300), alone)
    off = ~np.eye(6, dtype=bool)
    assert found.p[off] == pytest.approx(expected[off])
    assert (found.is_above == ((found.p <= 0.05) & (values.sum(0)[:, None] > values.sum(0)))).all()


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
