"""How far points would move on other sequences: a block bootstrap by room visit or by sequence.

Consecutive frames are nearly copies of each other: a system that is wrong on one is likely wrong on
the next. Resampling frames as if they were independent gives intervals far too narrow. What
sequences hold many of is **visits** (maximal stays in one true room inside a segment), so visits
are resampled, or whole **sequences** where there are enough (Künsch 1989 on blocks; Field and Welsh
2007 on clustered data).

Points are quoted for the frames of the run: points a frame (points and frames of the drawn blocks,
a ratio) times their number. Intervals are studentised (bootstrap-t: Efron and Tibshirani 1993,
chapter 12) with the linearised standard error of the ratio in every resample, since percentile
intervals are too short for a few dozen visits (``scripts/coverage_intervals.py`` measures them).
Neither end is nearer than that of Student's interval for as many blocks: where most visits are
alike, resamples say too little about the tails.

Two systems on the same frames are compared by their difference in every block (paired). Ranks of
several follow Mogstad, Romano, Shaikh and Wilhelm (2024): all pairwise differences are tested at
once with the largest ``|t|`` of each resample, so that the statements "a is above b" hold together
at the given level, and a rank is quoted as the range these leave open.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
LEVEL = 0.95
PAIRS_AT_ONCE, RESAMPLES_AT_ONCE = 64, 2000
"""How much of all pairs of systems is worked on at one time, so that it stays in the cache."""
COLUMNS_ALIKE = 32
"""A multiple of how many columns a matrix product works on together."""
FEW_BLOCKS = 10
"""With fewer blocks an interval is quoted with a warning."""

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval around it.

    ``low`` and ``high`` are None where fewer than two blocks leave nothing to resample. ``blocks``
    is how many were resampled; with fewer than `FEW_BLOCKS`, or where all blocks are alike
    (``low == high``), the interval says little.
    """

    estimate: float
    low: float | None
    high: float | None
    blocks: int
    level: float = LEVEL

    @property
    def is_thin(self) -> bool:
        """Whether too little was resampled for the interval to be relied on."""
        return self.low is None or self.blocks < FEW_BLOCKS or self.low == self.high

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def visits(sequence: Ints, segment: Ints, room: Ints) -> NDArray[np.int64]:
    """Return the number of the room visit of each frame, from 0.

    Parameters
    ----------
    sequence, segment, room : (n,) integers
        Of each frame, in order; a visit ends where any of them changes.
    """
    if len(room) == 0:
        return np.zeros(0, np.int64)
    changes = (np.diff(sequence) != 0) | (np.diff(segment) != 0) | (np.diff(room) != 0)
    return np.concatenate([[0], np.cumsum(changes)]).astype(np.int64)


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
class _Resampled:
    """Ratios of several columns to the frames, in the sample and in every resample."""

    ratio: Floats  # (k,)
    error: Floats  # (k,) standard errors
    ratios: Floats  # (r, k)
    errors: Floats  # (r, k)


def _resample(sums: Floats, sizes: Floats, drawn: NDArray[np.float32]) -> _Resampled:
    """Return ratios and their linearised standard errors.

    ``sums`` (b, k), ``sizes`` (b,), ``drawn`` (r, b) as `draw` returns it.
    """
    k = sums.shape[1]
    f = sizes[:, None]
    ratio = sums.sum(0) / sizes.sum()
    rest = sums - ratio * f  # residuals, so that single precision does not cancel
    # whole groups of columns, so that each is rounded alike however many stand beside it
    filling = np.zeros((len(f), -(2 + 3 * k) % COLUMNS_ALIKE))
    columns = np.concatenate([f, f * f, rest, rest * rest, rest * f, filling], axis=1)
    totals = np.concatenate(
        [columns.sum(0, keepdims=True), (drawn @ columns.astype(np.float32)).astype(np.float64)]
    )
    frames, squares = totals[:, :1], totals[:, 1:2]
    e, ee, ef = (totals[:, 2 + i * k : 2 + (i + 1) * k] for i in range(3))
    moved = e / frames
    spread = ee - 2 * moved * ef + moved**2 * squares
    # below this the spread is rounding: single precision keeps 7 digits of each sum
    spread[spread < 1e-5 * (ee + moved**2 * squares)] = 0.0
    errors = np.sqrt(spread * (len(sizes) / max(1, len(sizes) - 1))) / frames
    ratios = ratio + moved[1:]
    # a level pair of systems is level in every way of adding up: what is less than single precision
    # can tell is 0, and half a point in a million frames is far more
    ratios[np.abs(ratios) < 1e-6 * np.abs(rest).sum(0) / sizes.sum()] = 0.0
    return _Resampled(ratio, errors[0], ratios, errors[1:])


def block_sums(values: Floats, blocks: Ints) -> tuple[Floats, Floats]:
    """Return (b, k) sums of ``values`` (n, k) by block and (b,) frames of each block."""
    _, numbers = np.unique(blocks, return_inverse=True)
    n = int(numbers.max()) + 1 if len(numbers) else 0
    sums = np.zeros((n, values.shape[1]))
    for j, column in enumerate(values.T):
        sums[:, j] = np.bincount(numbers, column, minlength=n)
    return sums, np.bincount(numbers, minlength=n).astype(np.float64)


def intervals(
    values: Floats,
    blocks: Ints,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
    bounds: tuple[float, float] | None = None,
) -> list[Interval]:
    """Return the sum of each column of ``values`` over the frames, with its interval.

    Parameters
    ----------
    values : (n, k) floats
        What each frame earned, a column a system or a measure.
    blocks : (n,) integers
        Which block each frame belongs to: a visit (see `visits`) or a sequence.
    resamples : int
        How many times the blocks are drawn anew.
    level : float
        Of the interval, in (0, 1).
    seed : int
        The same seed and number of blocks draw the same blocks.
    bounds : (float, float), optional
        The least and the most a frame can earn: no interval reaches beyond.
    """
    n_frames, n_columns = values.shape
    if n_frames == 0:
        return [Interval(0.0, None, None, 0, level) for _ in range(n_columns)]
    sums, sizes = block_sums(values, blocks)
    whole = values.sum(0)
    if len(sizes) < 2:
        return [Interval(float(v), None, None, len(sizes), level) for v in whole]
    found = _resample(sums, sizes, draw(len(sizes), resamples, seed))
    result = []
    for j, estimate in enumerate(map(float, whole)):
        low, high = (v * n_frames for v in _studentised(found, j, level, len(sizes)))
        if bounds is not None:
            low, high = max(low, bounds[0] * n_frames), min(high, bounds[1] * n_frames)
        if found.errors[:, j].any() and found.error[j] > 0:
            low, high = min(low, estimate), max(high, estimate)
        else:
            low = high = estimate
        result.append(Interval(estimate, low, high, len(sizes), level))
    return result


def _studentised(found: _Resampled, j: int, level: float, n_blocks: int) -> tuple[float, float]:
    """Return the ends of an interval, neither nearer than Student's of ``n_blocks`` blocks."""
    ratio, error = found.ratio[j], found.error[j]
    errors = found.errors[:, j]
    is_usable = errors > 0
    if error == 0 or not is_usable.any():
        return float(ratio), float(ratio)
    t = (found.ratios[is_usable, j] - ratio) / errors[is_usable]
    low, high = _quantiles(t, ((1 - level) / 2, (1 + level) / 2))
    least = student(n_blocks - 1, (1 + level) / 2)
    low, high = min(low, -least), max(high, least)
    return float(ratio - high * error), float(ratio - low * error)


def student(freedom: int, p: float) -> float:
    """Return the quantile of Student's t, to two thousandths at the usual 0.975.

    With one and two degrees of freedom exactly, else by the expansion of Abramowitz and Stegun
    (1964, 26.7.5): a run file is scored without SciPy.

    Parameters
    ----------
    freedom : int
        Degrees, at least 1.
    p : float
        In [0.5, 0.999].
    """
    if freedom == 1:
        return math.tan(math.pi * (p - 0.5))
    if freedom == 2:
        return (2 * p - 1) * math.sqrt(1 / (2 * p * (1 - p)))
    z = NormalDist().inv_cdf(p)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**k for k, term in enumerate(terms)))


def _quantiles(values: Floats, wanted: Sequence[float]) -> list[float]:
    """Return order statistics without sorting all of them."""
    places = [min(len(values) - 1, max(0, round(q * len(values) - 0.5))) for q in wanted]
    ordered = np.partition(values, places)
    return [float(ordered[i]) for i in places]


def interval(values: Floats, blocks: Ints, **options: Any) -> Interval:
    """Return the sum of ``values`` (n,) with its interval; options as in `intervals`."""
    return intervals(values[:, None], blocks, **options)[0]


def difference(first: Floats, second: Floats, blocks: Ints, **options: Any) -> Interval:
    """Return how much more ``first`` earned than ``second`` on the same frames, paired."""
    return interval(first - second, blocks, **options)


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks of several systems on the same frames.

    Parameters
    ----------
    points : list[Interval]
        Of each system.
    ranks : list[tuple[int, int]]
        Best and worst rank the data leave open, from 1, holding together at ``level``.
    is_above : (k, k) bool
        Row above column, beyond chance.
    share_first : (k,) floats
        In how many of the resamples each system earned the most (ties shared).
    """

    points: list[Interval]
    ranks: list[tuple[int, int]]
    is_above: NDArray[np.bool_]
    share_first: Floats
    level: float

    def separated(self, i: int, j: int) -> bool:
        """Return whether the ranks of two systems can be told apart."""
        return bool(self.is_above[i, j] or self.is_above[j, i])


def ranks(
    values: Floats,
    blocks: Ints,
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Ranks:
    """Return which ranks can be told apart; arguments as in `intervals`, a column a system."""
    n_frames, k = values.shape
    points = intervals(values, blocks, resamples=resamples, level=level, seed=seed)
    is_above = np.zeros((k, k), np.bool_)
    share = np.full(k, 1 / k) if k else np.zeros(0)
    sums, sizes = block_sums(values, blocks) if n_frames else (values, np.zeros(0))
    if len(sizes) >= 2 and k >= 2:
        is_above, share = _compare_pairs(sums, sizes, draw(len(sizes), resamples, seed), level)
    places = [(1 + int(is_above[:, i].sum()), k - int(is_above[i].sum())) for i in range(k)]
    return Ranks(points, places, is_above, share, level)


def _compare_pairs(
    sums: Floats, sizes: Floats, drawn: NDArray[np.float32], level: float
) -> tuple[NDArray[np.bool_], Floats]:
    """Return ``is_above`` and ``share_first`` of `Ranks`, some pairs at a time.

    All pairs of many systems do not fit into memory at once; of each batch only what its pairs
    leave is kept: the largest ``|t|`` and who was not first, in every resample.
    """
    k = sums.shape[1]
    a, b = np.triu_indices(k, 1)
    ratio, error = np.zeros(len(a)), np.zeros(len(a))
    largest = np.zeros(len(drawn))
    is_first = np.ones((k, len(drawn)), np.bool_)
    for batch in np.array_split(np.arange(len(a)), -(-len(a) // PAIRS_AT_ONCE)):
        differences = sums[:, a[batch]] - sums[:, b[batch]]
        for start in range(0, len(drawn), RESAMPLES_AT_ONCE):
            rows = slice(start, start + RESAMPLES_AT_ONCE)
            found = _resample(differences, sizes, drawn[rows])
            ratio[batch], error[batch] = found.ratio, found.error
            np.maximum(largest[rows], _largest_t(found), out=largest[rows])
            ahead, behind = found.ratios.T >= 0, found.ratios.T <= 0
            for pair, (i, j) in enumerate(zip(a[batch], b[batch], strict=True)):
                is_first[i, rows] &= ahead[pair]
                is_first[j, rows] &= behind[pair]
    limit = _quantiles(largest, (level,))[0]
    is_above = np.zeros((k, k), np.bool_)
    above, below = ratio > limit * error, ratio < -limit * error
    is_above[a[above], b[above]] = True
    is_above[b[below], a[below]] = True
    by_resample = np.ascontiguousarray(is_first.T)
    share: Floats = (by_resample / np.maximum(1, by_resample.sum(1, keepdims=True))).mean(0)
    return is_above, share


def _largest_t(found: _Resampled) -> Floats:
    """Return the largest ``|t|`` over the pairs in each resample, (r,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(found.ratios - found.ratio) / found.errors
    t[~np.isfinite(t)] = 0.0
    largest: Floats = t.max(1)
    return largest
