"""How many standard errors a difference must be to be told apart four times in five.

That of many visits lies between that of some, of which contests are drawn, and the limit of endless
ones, in which all sums are normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

from robotvision.scoring.intervals import LEVEL
from robotvision.scoring.planned_contest import share_told_in_the_limit
from robotvision.scoring.ranks import POWER

NARROW, NEAR = 0.005, 0.015
"""Not looked into any more: a part of a difference, or of the root of the visits; a step of the
power's quantile in the normal law (0.4 % at 80 %)."""
TOLD, TOLD_MORE = 2.8, 0.42
"""About how many standard errors a pair is told by four times in five, and how many more where each
has e times as many others."""
STEPS = 30
"""That settle the visits needed."""


@dataclass(frozen=True, slots=True)
class LargeTest:
    """What is told in many visits, between what is in some and what would be in endlessly many.

    Parameters
    ----------
    visits : int
        That contests were drawn of.
    errors, limit : float
        Standard errors of a difference that are told four times in five there, and in endless
        visits. Of n visits the rest of the way to the limit is as long as 1 / n.
    """

    visits: int
    errors: float
    limit: float

    def errors_told(self, visits: float) -> float:
        """Return the standard errors that so many visits tell."""
        return self.limit + (self.errors - self.limit) * self.visits / visits

    def root_of_visits(self, errors: float) -> float:
        """Return the root of the visits that tell so many standard errors of one visit.

        There have to be at least `visits` of them.
        """
        root = self.limit / errors
        for _ in range(STEPS):
            root = self.errors_told(root**2) / errors
        return root


@cache
def errors_in_the_limit(systems: int) -> float:
    """Return the standard errors of a difference that endless visits tell four times in five."""
    if systems == 2:
        quantile = NormalDist().inv_cdf
        return quantile((1 + LEVEL) / 2) + quantile(POWER)
    told = reached(
        lambda errors: share_told_in_the_limit(errors, systems), 12.0, 1.0, errors_guessed(systems)
    )
    if told is None:
        raise AssertionError(f"a limit of {systems} systems beyond 12 standard errors")
    return told


def errors_guessed(systems: int) -> float:
    """Return about how many standard errors are told in some tens of visits."""
    return TOLD + TOLD_MORE * math.log(systems - 1)


def reached(
    power: Callable[[float], float], highest: float, slope: float, guess: float
) -> float | None:
    """Return where a growing power comes to `POWER`; None: not up to the highest.

    ``slope`` is about by how much the power's quantile in the normal law grows; ``guess``, divided
    by it, is where to begin.
    """
    quantile = NormalDist().inv_cdf
    low, high, is_enough = 0.0, highest, False
    below, above, at = -guess, math.inf, guess / slope
    while high - low > NARROW * high:
        margin = (high - low) / 16
        at = min(max(at, low + margin), high - margin if is_enough else high)
        over = quantile(min(max(power(at), 1e-3), 1 - 1e-3)) - quantile(POWER)
        if abs(over) <= NEAR:
            return at
        if over > 0:
            high, above, is_enough = at, over, True
        elif at == high:
            return None
        else:
            low, below = at, over
        at = low - below * (high - low) / (above - below) if is_enough else at - over / slope
    return high if is_enough else None
