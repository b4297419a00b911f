"""Contests that a visit model draws, and how many of them tell the better system apart.

The first system is better than all others, which are alike. Two are told apart by the interval of
`robotvision.scoring.shares.differences`; more by that and by the rules of
`robotvision.scoring.ranks` (step-down over the better one's own comparisons, and every range of
ranks that holds both). What flipped signs reach by chance is drawn for all contests together
rather than for each, so that thousands are judged at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Bools, Floats, Ints
from robotvision.scoring.ranks import CAREFUL
from robotvision.scoring.shares import LEVEL, differences
from robotvision.scoring.student import quantile
from robotvision.scoring.visit_model import VisitModel

CONTESTS, SYSTEMS = 3000, 20_000
"""At most: contests, and systems in all of them."""
JUDGED = 4000
"""About how many of the comparisons with another are judged, for these are alike."""
FLIPPED_PAIRS = 2_000_000
"""Pairs of systems in all contests with flipped signs."""
FEWEST_FLIPPED, MOST_FLIPPED = 2_000, 20_000

Luck = tuple[Floats, NDArray[np.float32]]
"""A system's own in each visit, and what decides each stretch, from 0 to 1."""


class Contests:
    """Contests of some systems in so many visits, drawn once for every difference.

    Parameters
    ----------
    models : sequence of VisitModel
        What visits may be like, each as likely as another; as many contests are drawn of each.
    visits, systems : int
        At least 2 each.
    seed : int
        The same seed draws the same.
    """

    def __init__(
        self, models: Sequence[VisitModel], visits: int, systems: int, seed: int = 0
    ) -> None:
        self._models, self._systems, self._seed = models, systems, [seed, visits, systems]
        n = -(-min(CONTESTS, SYSTEMS // systems) // len(models))
        self._judged = min(systems - 1, -(-JUDGED // (n * len(models))))
        rng = np.random.default_rng(self._seed)
        drawn = [rng.choice(model.lengths, (n, visits)) for model in models]
        self._sizes = np.concatenate(drawn)
        stretches = np.concatenate(
            [model.stretches(lengths) for model, lengths in zip(models, drawn, strict=True)]
        )
        self._many = np.floor(stretches + rng.random(stretches.shape)).astype(np.int64).ravel()
        self._ends = np.cumsum(self._many) - 1
        self._frames = rng.exponential(size=int(self._many.sum()))
        self._frames *= np.repeat(self._sizes.ravel() / self._by_visit(self._frames), self._many)
        self._shared = rng.normal(size=stretches.size)
        self._better = self._luck(rng)
        self._others = [self._is_right(self._luck(rng), 0.0) for _ in range(systems - 1)]
        self._others_won = np.stack([self._won(other) for other in self._others])

    def share_told(self, difference: float) -> float:
        """Return the share of the others that the better one is told apart from.

        Parameters
        ----------
        difference : float
            By how much more the better one wins, a share of what can be won; where less is left,
            it wins all.
        """
        better = self._is_right(self._better, difference)
        won, judged = self._won(better), range(self._judged)
        both = np.stack([self._won(better & self._others[j]) for j in judged])
        is_told = self._is_told_alone(won - both, self._others_won[: self._judged] - both)
        if self._systems > 2:
            sums = np.stack([won, *self._others_won], 2)
            after_all = told_after_all(sums, np.random.default_rng([*self._seed, 1]))
            is_told &= after_all[:, : self._judged].T
        return float(is_told.mean())

    def _luck(self, rng: np.random.Generator) -> Luck:
        """Return one system's own luck in each visit, and what decides each stretch."""
        own = rng.normal(size=len(self._many))
        return own, rng.random(int(self._many.sum()), np.float32)

    def _is_right(self, luck: Luck, better: float) -> Bools:
        """Return whether a system that wins so much more is right in each stretch."""
        own, drawn = luck
        n = len(self._models)
        chance = np.concatenate(
            [
                model.chance(model.skill(min(1.0, model.right + better)), shared, mine)
                for model, shared, mine in zip(
                    self._models, np.split(self._shared, n), np.split(own, n), strict=True
                )
            ]
        )
        is_right: Bools = drawn < np.repeat(chance.astype(np.float32), self._many)
        return is_right

    def _won(self, stretches: Bools) -> Floats:
        """Return (c, v) how many frames of each visit lie in these stretches."""
        return self._by_visit(stretches * self._frames).reshape(self._sizes.shape)

    def _by_visit(self, stretches: Floats) -> Floats:
        """Return the sums over the stretches of each visit."""
        sums: Floats = np.diff(np.cumsum(stretches)[self._ends], prepend=0).round(6)
        return sums

    def _is_told_alone(self, gains: Floats, losses: Floats) -> Bools:
        """Return (k - 1, c) whether the interval of each difference lies above 0."""
        shape = gains.shape[:2]
        sizes = np.broadcast_to(self._sizes, gains.shape)
        flat = (x.reshape(-1, x.shape[2]) for x in (gains, losses, sizes))
        apart = differences(*flat)
        is_told: Bools = apart.ends(quantile(apart.freedom, LEVEL))[0] > 0
        return is_told.reshape(shape)


def told_after_all(sums: Floats, rng: np.random.Generator) -> Bools:
    """Return (c, k - 1) whether the first system of each contest is told apart from each other.

    Parameters
    ----------
    sums : (c, v, k) floats
        What systems earned, by contest and visit; the first is the better one.
    """
    draws = -(-_draws(sums.shape[2]) // len(sums))
    signs = 2.0 * rng.integers(0, 2, (len(sums), draws, sums.shape[1]), np.int8) - 1
    return _is_told(sums.sum(1), signs @ sums, *_scales(sums))


def share_told_in_the_limit(errors: float, systems: int, seed: int = 0) -> float:
    """Return the share of the others told apart in endless visits, in which all sums are normal.

    Parameters
    ----------
    errors : float
        The difference, over the standard error of a difference of two.
    systems : int
        At least 3.
    """
    rng = np.random.default_rng([seed, systems])
    n = 3 * min(CONTESTS, SYSTEMS // systems)
    total = rng.normal(size=(n, systems)) / math.sqrt(2)
    total[:, 0] += errors
    flipped = rng.normal(size=(n, -(-_draws(systems) // n), systems)) / math.sqrt(2)
    even = np.ones((n, systems, systems))
    return float(_is_told(total, flipped, even, 0 * even).mean())


def _draws(systems: int) -> int:
    return min(MOST_FLIPPED, max(FEWEST_FLIPPED, FLIPPED_PAIRS // systems**2))


def _is_told(total: Floats, flipped: Floats, scale: Floats, lighter: Floats) -> Bools:
    """Return `told_after_all`, from (c, k) sums and (c, f, k) sums with flipped signs."""
    by_chance, ranged = _limits(flipped, scale, lighter)
    t = _normalised(np.abs(total[:, :, None] - total[:, None, :]) / scale, lighter)
    is_told = _step_down(t[:, 0, 1:], by_chance) & (total[:, :1] > total[:, 1:])
    place = np.argsort(np.argsort(-total, axis=1, kind="stable"), axis=1)
    is_told &= _by_range(t, place, ranged)
    return is_told


def _scales(sums: Floats) -> tuple[Floats, Floats]:
    """Return (c, k, k) roots of the summed squares of differences, and how light flips' tails are.

    That is minus the excess kurtosis of their sum with drawn signs over 24.
    """
    x = sums.transpose(0, 2, 1)
    own, products = (x**2).sum(2), x @ sums
    squares = np.maximum(own[:, :, None] + own[:, None, :] - 2 * products, 0)
    is_none = squares <= 1e-9 * (1 + own.max(1))[:, None, None]
    squares[is_none] = np.inf
    fourth, uneven = (x**4).sum(2), x**3 @ sums
    fourths = fourth[:, :, None] + fourth[:, None, :] + 6 * (x**2 @ sums**2)
    fourths -= 4 * (uneven + uneven.transpose(0, 2, 1))
    return np.sqrt(squares), np.maximum(fourths, 0) / squares**2 / 12


def _normalised(t: Floats, lighter: Floats) -> Floats:
    """Return studentised differences as far out as in the normal law (Cornish and Fisher)."""
    normal: Floats = t + lighter * (t**3 - 3 * t)
    return normal


def _limits(flipped: Floats, scale: Floats, lighter: Floats) -> tuple[Floats, Floats]:
    """Return (k - 1,) and (k + 1,) what flipped signs reach, normalised.

    By the number of the first system's comparisons, less 1, and by the span of ranks.
    """
    k = flipped.shape[2]

    def t(i: int, j: int) -> Floats:
        apart = np.abs(flipped[:, :, i] - flipped[:, :, j]) / scale[:, None, i, j]
        return _normalised(apart, lighter[:, None, i, j])

    largest = [t(0, j) for j in range(1, k)]
    by_chance = np.quantile(np.maximum.accumulate(largest), LEVEL, axis=(1, 2))
    ranged, within = np.zeros(k + 1), np.zeros_like(largest[0])
    for span in range(2, k + 1):
        for j in range(span - 1):
            within += t(span - 1, j) ** 6
        ranged[span] = np.quantile(within, 1 - (1 - LEVEL) * span / k / CAREFUL)
    return by_chance, ranged


def _step_down(t: Floats, limits: Floats) -> Bools:
    """Return whether each comparison of a system stands out; ``t`` (c, k - 1)."""
    steps = np.argsort(-t, axis=1)
    passes = np.minimum.accumulate(np.take_along_axis(t, steps, 1) >= limits[::-1], axis=1)
    stands_out = np.zeros(t.shape, np.bool_)
    np.put_along_axis(stands_out, steps, passes, 1)
    return stands_out


def _by_range(t: Floats, place: Ints, limits: Floats) -> Bools:
    """Return (c, k - 1) whether every range of ranks that holds the first and another stands out.

    ``t`` (c, k, k), ``place`` (c, k) of each system from 0.
    """
    c, k = place.shape
    order = np.argsort(place, axis=1)
    ordered = np.take_along_axis(np.take_along_axis(t, order[:, :, None], 1), order[:, None], 2)
    pairs = ordered.transpose(1, 2, 0) ** 6 * np.triu(np.ones((k, k)), 1)[:, :, None]
    within = pairs[::-1].cumsum(0)[::-1].cumsum(1)  # over all pairs of the range from row to column
    is_out = np.zeros((k, k, c), np.bool_)
    for span in range(k, 1, -1):
        for first in range(k - span + 1):
            last = first + span - 1
            is_out[first, last] = within[first, last] >= limits[span]
            if first:
                is_out[first, last] &= is_out[first - 1, last]
            if last + 1 < k:
                is_out[first, last] &= is_out[first, last + 1]
    own, others, rows = place[:, :1], place[:, 1:], np.arange(c)[:, None]
    stands_out: Bools = is_out[np.minimum(own, others), np.maximum(own, others), rows]
    return stands_out
