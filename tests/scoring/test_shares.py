"""Shares and their errors: the definitions written out in plain loops, on visits of all lengths."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from robotvision.scoring.shares import Shares, differences, shares

Pairs = list[tuple[float, float]]


def squares(blocks: Pairs, middle: float) -> float:
    """Return CR3: how far the share moves where each block in turn is left out, squared."""
    whole = sum(size for _, size in blocks)
    return sum(((won - middle * size) / (whole - size)) ** 2 for won, size in blocks)


def shift(blocks: Pairs, share: float) -> float:
    """Return how a block of 2.5 times the longest would move the share, by its slope over length.

    The slope is of weighted least squares, its error of HC3, and it counts for as much as it is
    certain.
    """
    points = [(math.log(n), won / n, math.sqrt(n)) for won, n in blocks if n]
    weights = sum(w for *_, w in points)
    x_mean, y_mean = (sum(p[2] * p[k] for p in points) / weights for k in (0, 1))
    spread = sum(w * (x - x_mean) ** 2 for x, _, w in points)
    if not spread:
        return 0.0
    slope = sum(w * (x - x_mean) * (y - y_mean) for x, y, w in points) / spread
    error = 0.0
    for x, y, w in points:
        leverage = w / weights + w * (x - x_mean) ** 2 / spread
        left = (y - y_mean - slope * (x - x_mean)) / (1 - leverage)
        error += (w * (x - x_mean) * left / spread) ** 2
    certain = 1 - min(1.0, error / slope**2)
    total, longer = sum(n for _, n in blocks), 2.5 * max(n for _, n in blocks)
    typical = sum(n * math.log(n) for _, n in blocks if n) / total
    moved = min(1.0, max(0.0, share + slope * certain * (math.log(longer) - typical)))
    return longer * (moved - share) / (total + longer)


def written_out(wins: np.ndarray, sizes: np.ndarray, part: float) -> dict[str, float]:
    """Return what `shares` returns of one run."""
    blocks: Pairs = list(zip(wins.tolist(), sizes.tolist(), strict=True))
    total, longest, middle = sum(sizes), max(sizes), median(sizes)
    share = sum(wins) / total
    short = middle / 4
    missing = max(short, part * min(0.4 * longest, longest**2 / (30 * middle)))
    moved = shift(blocks, share)
    found = {"share": share, "effective": total**2 / sum(sizes**2)}
    found["freedom"] = max(1.0, found["effective"] - 1)
    found["leaning"] = moved / math.sqrt(squares(blocks, share))
    rest = [(won - share * size) ** 2 for won, size in blocks]
    theirs = 3 * sum(rest) ** 2 / sum(r**2 for r in rest) - 1
    fewer = min(found["freedom"], max(1.0, theirs))
    further = stdtrit(fewer, 0.975) / stdtrit(found["freedom"], 0.975)
    for end, lost, won in (("low", missing, short), ("high", short, missing)):
        with_both = [*blocks, (0.0, lost), (won, won)]
        centre = sum(w for w, _ in with_both) / sum(n for _, n in with_both)
        outwards = part * (min(0.0, moved) if end == "low" else max(0.0, moved))
        error = math.sqrt(squares(with_both, centre) + outwards**2) / (centre * (1 - centre))
        is_nearer_bound = (share > 0.5) == (end == "high")
        found[f"centre {end}"] = math.log(centre / (1 - centre))
        found[f"error {end}"] = error * (further if is_nearer_bound else 1)
    return found


def fields(found: Shares, i: int) -> dict[str, float]:
    """Return the same of one row of `shares`."""
    numbers = {name: getattr(found, name)[i] for name in ("share", "effective", "freedom")}
    numbers["leaning"] = found.leaning[i]
    for k, end in enumerate(("low", "high")):
        numbers[f"centre {end}"] = found.centre[k, i]
        numbers[f"error {end}"] = found.error[k, i]
    return numbers


def blocks_of(seed: int, n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Return what four runs won in visits of uneven lengths, some good, some poor, and the sizes.

    With an even seed one visit is much longer than the others; visits are worth the more the longer
    they are, but for the last run.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 40, (4, n)).astype(float)
    if seed % 2 == 0:
        sizes[:, 4] = 400
    slope = np.array([[0.12], [0.05], [0.1], [-0.1]])
    chance = rng.beta(4, 2, (4, n)) * [[1.0], [0.8], [0.3], [0.9]] + slope * np.log(sizes / 20)
    return sizes * np.clip(chance, 0, 1), sizes


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("part", [1.0, 0.25])
def test_shares_are_what_the_definition_says(seed: int, part: float) -> None:
    wins, sizes = blocks_of(seed)
    found = shares(wins, sizes, part)
    for i in range(4):
        assert fields(found, i) == pytest.approx(written_out(wins[i], sizes[i], part), rel=1e-8)
    assert found.centre.shape == found.error.shape == (2, 4)
    assert found.residuals == pytest.approx(wins - found.share[:, None] * sizes)


def test_blocks_in_which_nothing_could_be_won_count_for_nothing_by_length() -> None:
    """Frames may have bounds of their own, and all of a visit's be worth the same."""
    wins, sizes = blocks_of(1)
    sizes[:, 2] = wins[:, 2] = 0
    found = shares(wins, sizes)
    assert fields(found, 0) == pytest.approx(written_out(wins[0], sizes[0], 1.0), rel=1e-8)


def test_most_blocks_may_be_worth_nothing() -> None:
    """Then the block not seen yet is short of length, and all or nothing won has no odds."""
    sizes = np.array([[0.0, 0, 0, 10, 20]])
    for won in (0, 1):
        found = shares(won * sizes, sizes)
        assert np.isfinite(found.centre).all()
        low, high = found.ends(np.array([2.0]))
        assert 0 <= low[0] <= won <= high[0] <= 1


def test_what_is_all_won_or_of_one_length_has_no_slope() -> None:
    sizes = np.array([[10.0, 20, 30, 40], [20, 20, 20, 20]])
    found = shares(sizes * [[1.0], [0.5]], sizes)
    assert found.leaning.tolist() == [0, 0]
    assert found.share.tolist() == [1, 0.5]
    low, high = found.ends(np.array([2.0, 2.0]))
    assert high[0] == 1
    assert 0 < low[0] < 1
    none = shares(0 * sizes, sizes)
    assert none.ends(np.array([2.0, 2.0]))[0].tolist() == [0, 0]


def test_ends_are_errors_away_on_the_log_odds() -> None:
    wins, sizes = blocks_of(3)
    found = shares(wins, sizes)
    low, high = found.ends(np.full(4, 2.0))
    for i in range(4):
        for end, sign, k in ((low, -1, 0), (high, 1, 1)):
            odds = found.centre[k, i] + sign * 2 * found.error[k, i]
            assert end[i] == pytest.approx(1 / (1 + math.exp(-odds)))
    assert (found.ends(np.zeros(4))[0] <= found.share).all()
    assert (found.ends(np.zeros(4))[1] >= found.share).all()


def test_doubt_is_few_effective_blocks_or_a_score_that_goes_with_length() -> None:
    even = np.full((1, 5), 20.0)
    assert not shares(even * [[0.1, 0.5, 0.3, 0.9, 0.6]], even).is_doubtful[0]  # just 5
    assert shares(even[:, :4] * [[0.1, 0.5, 0.3, 0.9]], even[:, :4]).is_doubtful[0]
    sizes = np.array([[4.0, 6, 8, 10, 20, 40, 80, 160] * 3])
    won = np.minimum(sizes, 12 + sizes / 6)
    for sign, found in ((-1, shares(won, sizes)), (1, shares(sizes - won, sizes))):
        assert found.is_leaning[0]
        assert found.is_doubtful[0]
        assert math.copysign(1, found.leaning[0]) == sign


@pytest.mark.parametrize("seed", range(4))
def test_a_difference_joins_gains_and_losses_by_their_correlation(seed: int) -> None:
    gains, sizes = blocks_of(seed, 12)
    losses = 0.3 * blocks_of(seed + 20, 12)[0].clip(0, sizes)
    found = differences(gains, losses, sizes)
    first, second = shares(gains, sizes, 0.25), shares(losses, sizes, 0.25)
    multiple = np.full(4, 2.2)
    low, high = found.ends(multiple)
    for i in range(4):
        a, b = first.residuals[i], second.residuals[i]
        r = sum(a * b) / math.sqrt(sum(a**2) * sum(b**2))
        assert found.correlation[i] == pytest.approx(r)
        (l1, u1), (l2, u2) = ([e[i] for e in x.ends(multiple)] for x in (first, second))
        g, s = first.share[i], second.share[i]
        down = math.sqrt((g - l1) ** 2 + (u2 - s) ** 2 - 2 * r * (g - l1) * (u2 - s))
        up = math.sqrt((u1 - g) ** 2 + (s - l2) ** 2 - 2 * r * (u1 - g) * (s - l2))
        assert low[i] == pytest.approx(max(-1, g - s - down))
        assert high[i] == pytest.approx(min(1, g - s + up))
    assert (found.freedom == first.freedom).all()


@pytest.mark.parametrize("seed", [1, 3, 5])
@pytest.mark.parametrize("less", [(0.3, 1.0), (1.0, 0.3)])
def test_the_p_value_is_of_the_level_at_which_an_end_comes_to_0(
    seed: int, less: tuple[float, float]
) -> None:
    gains, sizes = blocks_of(seed, 12)
    losses = blocks_of(seed + 20, 12)[0].clip(0, sizes)
    found = differences(less[0] * gains, less[1] * losses, sizes)
    p = found.p()
    multiple = stdtrit(found.freedom, 1 - p / 2)
    low, high = found.ends(multiple)
    is_alike = p == 1  # an end is beyond 0 from the first
    assert is_alike.sum() <= 2
    assert np.where(is_alike, 0, np.minimum(np.abs(low), np.abs(high))).max() < 1e-6
    assert p == pytest.approx(2 * stdtr(found.freedom, -multiple))


def test_what_differs_nowhere_or_everywhere_has_the_least_and_the_most_certain_p() -> None:
    sizes = np.full((1, 30), 20.0)
    assert differences(0 * sizes, 0 * sizes, sizes).p()[0] == 1
    every = differences(sizes, 0 * sizes, sizes)
    assert 0 <= every.p()[0] < 1e-5
    low, high = every.ends(np.array([2.0]))
    assert high[0] == 1
    assert 0.8 < low[0] < 1
    assert not every.is_doubtful[0]
    few = differences(sizes[:, :4], 0 * sizes[:, :4], sizes[:, :4])
    assert few.is_doubtful[0]
