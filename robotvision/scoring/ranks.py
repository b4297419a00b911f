"""Which ranks of several runs on the same frames can be told apart.

**Comparisons.** Two equally good runs could change places in any visit, so the sign of a visit's
difference is a coin's: flipping signs by visit, for all pairs alike, shows what differences chance
makes. Each pair's sum is studentised by its own visits (the root of its summed squares).

**Told apart** are two runs whose difference stands out in three ways, each at the level of 5 %:

* alone (`robotvision.scoring.intervals.pairwise`);
* among the comparisons of one of the two with all other runs, by the step-down of Romano and Wolf
  (2005): a rank is a matter of one run's comparisons (Mogstad, Romano, Shaikh and Wilhelm 2024);
* in every range of neighbouring ranks that holds both: its differences are more than chance makes
  in it, at a level in proportion to its runs (Ryan 1960), so that statements about several groups
  of equals do not add up. What is set against chance is the sum of their sixth powers (between the
  largest alone and the sum of squares: Pan et al. 2014), which sees one large difference and many
  middling ones.

A rank is quoted as the range that these verdicts leave open.
``scripts/coverage_ranks.py`` measures how often equals are told apart, and how often others are.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Bools, Floats, Ints
from robotvision.scoring.blocks import block_sums
from robotvision.scoring.intervals import LEVEL, Bounds, Interval, intervals, pairwise

RESAMPLES = 10_000
POWER = 0.8
"""How likely `Ranks.visits_needed` makes it that two runs are told apart."""
PAIRS_AT_ONCE = 256
CELLS_AT_ONCE = 2_000_000
"""How much of all pairs and of all resamples is worked on at one time, to bound the memory."""
CAREFUL = 1.25
"""By how much a range is tested more strictly than at the level, for there may be others between
equals, and few visits have a lopsided law: so ranges are tested at 4 %."""
ROUNDING = 1e-9
"""Numbers that differ by a smaller part are alike: sums in another order differ by less."""


def draw(n_blocks: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float32]:
    """Return (resamples, n_blocks) how often each block is drawn; rows sum to ``n_blocks``."""
    rng = np.random.default_rng(seed)
    kind = np.uint16 if n_blocks < 2**16 else np.uint32
    drawn = np.empty((resamples, n_blocks), np.float32)
    rows = max(1, 400_000 // max(1, n_blocks))  # so that counting stays within the cache
    for start in range(0, resamples, rows):
        n = min(rows, resamples - start)
        picks = rng.integers(0, n_blocks, size=(n, n_blocks), dtype=kind)
        flat = picks + (np.arange(n, dtype=np.int64) * n_blocks)[:, None]
        counted = np.bincount(flat.ravel(), minlength=n * n_blocks)
        drawn[start : start + n] = counted.reshape(n, n_blocks)
    return drawn


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks of several systems on the same frames.

    Parameters
    ----------
    points : list[Interval]
        Of each system.
    ranks : list[tuple[int, int]]
        Best and worst rank that the verdicts leave open, from 1.
    is_above : (k, k) bool
        Row above column, beyond chance.
    share_first : (k,) floats
        In how many of the resamples each system earned the most (ties shared).
    p : (k, k) floats
        P-value of each pair after all comparisons, never below that of the pair alone; 1 on the
        diagonal.
    visits_needed : (k, k) floats
        How many visits like these would tell a pair apart four times in five, if the difference is
        as large as it looks; infinite where there is none.
    """

    points: list[Interval]
    ranks: list[tuple[int, int]]
    is_above: Bools
    share_first: Floats
    p: Floats
    visits_needed: Floats
    differences: dict[tuple[int, int], Interval]
    level: float

    def separated(self, i: int, j: int) -> bool:
        """Return whether the ranks of two systems can be told apart."""
        return bool(self.is_above[i, j] or self.is_above[j, i])

    def difference(self, i: int, j: int) -> Interval:
        """Return how much more one system earned than another, with the pair's own interval."""
        return self.differences[i, j]


def ranks(
    values: Floats,
    blocks: Ints,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
    bounds: Bounds | None = None,
) -> Ranks:
    """Return which ranks can be told apart.

    Parameters
    ----------
    values : (n, k) floats
        What each frame earned, a column a system.
    blocks, level, bounds
        As in `robotvision.scoring.intervals.intervals`.
    resamples : int
        How many times signs are flipped, and visits drawn anew for ``share_first``.
    seed : int
        The same seed and number of visits flip and draw the same.
    """
    k = values.shape[1]
    points = intervals(values, blocks, level=level, bounds=bounds)
    sums, _ = block_sums(values, blocks) if len(values) else (values, None)
    is_many = len(sums) >= 2 and k > 2
    with ThreadPoolExecutor(1) as pool:  # NumPy's loops let the other core work meanwhile
        comparing = pool.submit(_after_all, sums, resamples, seed) if is_many else None
        differences = _differences(values, blocks, level, bounds)
    alone = np.ones((k, k))
    for (i, j), difference in differences.items():
        alone[i, j] = 1.0 if difference.p is None else difference.p
    p, share = alone, np.full(k, 1 / k) if k else np.zeros(0)
    if len(sums) >= 2 and k >= 2:
        share = _share_first(sums, resamples, seed)
        if comparing is not None:
            p = np.maximum(alone, comparing.result())
    total = values.sum(0)
    is_above = (p <= 1 - level) & (total[:, None] > total[None, :])
    places = [(1 + int(is_above[:, i].sum()), k - int(is_above[i].sum())) for i in range(k)]
    is_open = ~(is_above | is_above.T)
    needed = _visits_needed(sums, level)
    needed[is_open] = np.maximum(needed[is_open], len(sums) + 1)
    return Ranks(points, places, is_above, share, p, needed, differences, level)


def _differences(
    values: Floats, blocks: Ints, level: float, bounds: Bounds | None
) -> dict[tuple[int, int], Interval]:
    """Return the paired difference of each pair of columns, either way round."""
    k = values.shape[1]
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    differences: dict[tuple[int, int], Interval] = {}
    values = np.asfortranarray(values)  # by column, once for all batches
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        batch = pairs[start : start + PAIRS_AT_ONCE]
        for (i, j), d in zip(
            batch, pairwise(values, blocks, batch, level=level, bounds=bounds), strict=True
        ):
            differences[i, j], differences[j, i] = d, d.reversed()
    return differences


def _share_first(sums: Floats, resamples: int, seed: int) -> Floats:
    """Return (k,) in how many resamples of the blocks each column has the largest sum."""
    totals = draw(len(sums), resamples, seed).astype(np.float64) @ sums
    nearly = ROUNDING * max(1.0, float(np.abs(sums).sum(0).max()))
    is_first = totals >= totals.max(1, keepdims=True) - nearly
    share: Floats = (is_first / is_first.sum(1, keepdims=True)).mean(0)
    return share


def _after_all(sums: Floats, resamples: int, seed: int) -> Floats:
    """Return (k, k) p-values after all comparisons; ``sums`` (b, k) by block.

    Whatever the order of the runs: those of equal sums stand by what they earned in the blocks, and
    by ranges each has what the least clear of them has.
    """
    total = sums.sum(0)
    tied = _tied(total)
    order = np.lexsort((*sums, tied))
    ordered = sums[:, order]
    scale = _scale(ordered)  # what a difference of sums is multiplied by to be studentised
    flipped = np.vstack([ordered.sum(0), _flipped(ordered, resamples, seed)])
    by_range = _largest_of_ties(_by_range(flipped, scale), tied[order])
    p = np.maximum(_step_down(flipped, scale), by_range)
    back = np.argsort(order)
    after: Floats = p[np.ix_(back, back)]
    return after


def _tied(total: Floats) -> Ints:
    """Return (k,) the number, from the largest on, of the group of equal sums that each is in."""
    down = np.argsort(-total, kind="stable")
    nearly = ROUNDING * max(1.0, float(np.abs(total).max()))
    group = np.empty(len(total), np.int64)
    group[down] = np.concatenate([[0], np.cumsum(-np.diff(total[down]) > nearly)])
    return group


def _largest_of_ties(p: Floats, tied: Ints) -> Floats:
    """Return (k, k) p-values, each the largest of runs tied with one and runs tied with the other.

    ``tied`` (k,) rises from 0. The diagonal stays.
    """
    first = np.flatnonzero(np.diff(tied, prepend=-1))
    apart = p - 2 * np.eye(len(p))
    of_groups = np.maximum.reduceat(np.maximum.reduceat(apart, first, axis=0), first, axis=1)
    largest: Floats = of_groups[np.ix_(tied, tied)]
    np.fill_diagonal(largest, np.diag(p))
    return largest


def _scale(sums: Floats) -> Floats:
    """Return (k, k) one over the roots of the summed squares of differences; 0 without any."""
    roots = np.empty((sums.shape[1],) * 2)
    for i, column in enumerate(sums.T):
        roots[i] = np.sqrt(((column[:, None] - sums) ** 2).sum(0))
    roots[roots <= ROUNDING * max(1.0, float(np.abs(sums).max()))] = np.inf
    return 1 / roots


def _flipped(sums: Floats, resamples: int, seed: int) -> Floats:
    """Return (resamples, k) sums over blocks whose signs are drawn."""
    rng = np.random.default_rng([seed, 1])
    flipped = np.empty((resamples, sums.shape[1]))
    rows = max(1, CELLS_AT_ONCE // max(1, len(sums)))
    for start in range(0, resamples, rows):
        n = min(rows, resamples - start)
        signs = 2.0 * rng.integers(0, 2, size=(n, len(sums)), dtype=np.int8) - 1
        flipped[start : start + n] = signs @ sums
    return flipped


def _share_beyond(drawn: Floats) -> float:
    """Return a p-value: the share not below the first, which counts as one of them."""
    return np.count_nonzero(drawn >= drawn[0] * (1 - ROUNDING)) / len(drawn)


def _step_down(flipped: Floats, scale: Floats) -> Floats:
    """Return (k, k) p-values of each run's own comparisons, the smaller of a pair's two.

    ``flipped`` (1 + r, k): sums as they are, then with drawn signs.
    """
    k, columns = flipped.shape[1], np.ascontiguousarray(flipped.T)
    p = np.ones((k, k))
    t, largest_left = np.empty(len(flipped)), np.empty(len(flipped))
    for i, mine in enumerate(columns):
        others = np.delete(np.arange(k), i)
        first = np.abs(mine[0] - columns[others, 0]) * scale[i, others]
        order = others[np.argsort(-first, kind="stable")]
        # the hypotheses still standing at a step are those with no larger difference
        largest_left.fill(0)
        for j in order[::-1]:
            _studentised(mine, columns[j], scale[i, j], t)
            np.abs(t, out=t)
            np.maximum(largest_left, t, out=largest_left)
            p[i, j] = _share_beyond(largest_left)
        p[i, order] = np.maximum.accumulate(p[i, order])
    smaller: Floats = np.minimum(p, p.T)
    return smaller


def _studentised(a: Floats, b: Floats, scale: float, out: Floats) -> None:
    """Write the studentised differences of two columns to ``out``."""
    np.subtract(a, b, out=out)
    np.multiply(out, scale, out=out)


def _by_range(flipped: Floats, scale: Floats) -> Floats:
    """Return (k, k) p-values by the ranges of neighbouring ranks that hold both runs."""
    k, columns = flipped.shape[1], np.ascontiguousarray(flipped.T)
    p = np.zeros((k, k))
    # sums over pairs: all of the range that begins at a run, those of the last run of a range
    whole, own = np.zeros_like(columns), np.zeros_like(columns)
    t, sixth = np.empty(len(flipped)), np.empty(len(flipped))
    for span in range(2, k + 1):
        for first in range(k - span + 1):
            last = first + span - 1
            _studentised(columns[first], columns[last], scale[first, last], t)
            np.multiply(t, t, out=t)
            np.multiply(t, t, out=sixth)
            np.multiply(sixth, t, out=sixth)
            own[last] += sixth
            whole[first] += own[last]
            p[first, last] = _share_beyond(whole[first]) * k / span * CAREFUL
    for span in range(k - 1, 1, -1):
        for first in range(k - span + 1):
            last = first + span - 1
            wider = [p[first - 1, last]] if first else []
            wider += [p[first, last + 1]] if last + 1 < k else []
            p[first, last] = max(p[first, last], *wider)
    upper: Floats = np.minimum(1.0, np.triu(p, 1))
    return upper + upper.T + np.eye(k)


def _visits_needed(sums: Floats, level: float) -> Floats:
    """Return how many blocks would tell each pair apart with probability `POWER`."""
    n, k = sums.shape
    if n < 2 or k < 2:
        return np.full((k, k), np.inf)
    z = NormalDist().inv_cdf
    multiple = z(1 - (1 - level) / (2 * (k - 1))) + z(POWER)
    means = sums.mean(0)
    # signs of fewer blocks have too few patterns for a p-value as small as the level asks
    fewest = math.ceil(1 + math.log2((k - 1) / (1 - level)))
    needed = np.full((k, k), np.inf)
    for i in range(k):
        difference = sums[:, [i]] - sums
        gap, spread = means[i] - means, difference.std(0, ddof=1)
        ratio = np.divide(spread, np.abs(gap), out=np.full(k, np.inf), where=gap != 0)
        needed[i] = np.ceil(np.maximum(fewest, (multiple * ratio) ** 2))
    return needed


def visits_text(needed: float) -> str:
    """Return how many visits in words, ``about 120`` or ``more than 10,000``."""
    if not math.isfinite(needed):
        return "no number"
    return "more than 10,000" if needed > 10_000 else f"about {needed:,.0f}"
