"""What systems earn in the visits of a test that is not recorded yet: a small model to draw from.

**Model.** A visit's length is one of those given. It falls into stretches, which each system
answers wholly rightly or wholly wrongly: about one more for every `LASTING` frames, since errors
last; their lengths are as if cut at random. A system's log-odds of being right are normal about its
skill: in part alike for all systems (the visit is hard), in part its own. One number, the
``roughness``, scales how much visits deviate: 0 where each visit earns the mean, endless where each
is answered all rightly or all wrongly. Skills are set so that the shares right are exactly those
asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from robotvision.arrays import Floats
from robotvision.scoring.shares import logistic

DEVIATION = math.sqrt(1.8)
"""Of a visit's log-odds, where the roughness is 1."""
ALIKE = 0.8
"""Part of that variance which two systems share, where only one of them is known."""
LASTING = 4.8
"""Frames beyond the first that make one stretch more, where the roughness is 1."""
MOST_STRETCHES = 64
SMOOTHEST, ROUGHEST = 1 / 32, 4.0
MOST_ALIKE = 0.98
GRID = 96
"""Points of a normal law that stand for it."""


@dataclass(frozen=True, slots=True, eq=False)
class VisitModel:
    """What visits are like, and what systems earn in them.

    Parameters
    ----------
    lengths : (v,) floats
        Frames of visits; those of a test are drawn from them.
    right : float
        Share of what can be won that the worse systems win, in (0, 1).
    roughness : float
        How much visits deviate, above 0; 1: as assumed without a run.
    alike : float
        Part of the variance of log-odds that systems share, from 0 to 1.
    """

    lengths: Floats
    right: float
    roughness: float = 1.0
    alike: float = ALIKE

    @property
    def evenness(self) -> float:
        """Effective visits over visits (Kish), in (0, 1]."""
        sizes = self.lengths
        return float(sizes.sum() ** 2 / ((sizes**2).sum() * len(sizes)))

    def stretches(self, lengths: Floats) -> Floats:
        """Return how many stretches visits have, on average, at least 1."""
        many: Floats = 1 + (lengths - 1) / (LASTING * self.roughness**2)
        return np.minimum(many, MOST_STRETCHES)

    def chance(self, skill: float, shared: Floats, own: Floats) -> Floats:
        """Return the chance of being right; ``shared`` and ``own`` from the normal law."""
        both = math.sqrt(self.alike) * shared + math.sqrt(1 - self.alike) * own
        return logistic(skill + DEVIATION * self.roughness * both)

    def skill(self, share: float) -> float:
        """Return the skill of a system that wins this share, in (0, 1)."""
        far = 60.0 * (1 + self.roughness)
        deviation = DEVIATION * self.roughness * _normal()
        return _solved(lambda skill: float(logistic(skill + deviation).mean()) - share, -far, far)

    def spread(self, first: float, second: float | None = None) -> float:
        """Return the standard deviation of what a visit deviates by, in mean visits.

        Parameters
        ----------
        first, second : float
            Shares that two systems win; without a second, of one system alone.
        """
        mine = self._chances(first)
        between, within = _variances(mine)
        mean = mine.mean(1)
        if second is not None:
            theirs = mine if second == first else self._chances(second)
            between, within = (
                a + b for a, b in zip((between, within), _variances(theirs), strict=True)
            )
            mean = mean - theirs.mean(1)
        sizes = self.lengths
        # so many stretches cut at random vary like half as many of one length
        squares = sizes**2 * (between + mean.var() + within * 2 / (self.stretches(sizes) + 1))
        return math.sqrt(float(squares.mean())) / float(sizes.mean())

    def _chances(self, share: float) -> Floats:
        """Return (GRID, GRID) chances of being right: a row a visit, a column a system's luck."""
        at = _normal()
        return self.chance(self.skill(share), at[:, None], at[None, :])


def fitted_model(
    lengths: Floats,
    shares: tuple[float, ...],
    spreads: tuple[float, ...],
    apart: float | None = None,
) -> VisitModel:
    """Return the model in which systems deviate from visit to visit as they were seen to.

    Parameters
    ----------
    lengths : (v,) floats
        Frames of each visit.
    shares, spreads : tuple of float
        Of one system or two: what each won, in (0, 1), and the standard deviation of what a visit
        deviated by, in mean visits.
    apart : float, optional
        The same standard deviation of the difference of two systems.
    """
    model = VisitModel(lengths, min(shares))
    one = math.sqrt(sum(s**2 for s in spreads) / len(spreads))

    def rough(log: float) -> VisitModel:
        return replace(model, roughness=math.exp(log))

    def alone(m: VisitModel) -> float:
        return math.sqrt(sum(m.spread(s) ** 2 for s in shares) / len(shares))

    ends = math.log(SMOOTHEST), math.log(ROUGHEST)
    model = rough(_solved(lambda log: alone(rough(log)) - one, *ends))
    if apart is not None:
        alike = _solved(lambda a: apart - replace(model, alike=a).spread(*shares), 0.0, MOST_ALIKE)
        model = replace(model, alike=alike)
        # where no part that is shared gives the difference, its spread comes before that of each
        model = rough(_solved(lambda log: rough(log).spread(*shares) - apart, *ends))
    return model


def _variances(chances: Floats) -> tuple[float, float]:
    """Return the variance of a system's own luck between visits, and of one stretch."""
    return float(chances.var(1).mean()), float((chances * (1 - chances)).mean())


@cache
def _normal() -> Floats:
    from scipy.special import ndtri

    at = ndtri((np.arange(GRID) + 0.5) / GRID)
    normal: Floats = at / at.std()
    return normal


def _solved(f: Callable[[float], float], low: float, high: float) -> float:
    """Return where a growing function comes to 0, or the end that is nearer to it."""
    from scipy.optimize import brentq

    if f(low) >= 0:
        return low
    if f(high) <= 0:
        return high
    return float(brentq(f, low, high, xtol=1e-4))
