"""How large a difference a test can tell, and how many room visits it takes.

One system is better than all others, which are alike, by ``difference`` points a frame. How often
it is told apart from another is counted in contests that a small model of visits draws
(`robotvision.scoring.visit_model`), judged as ``compare`` and ``rank`` do
(`robotvision.scoring.planned_contest`). Of many visits (`MOST_PAIRED`, `MOST_RANKED`) a formula is
enough: the same difference over its standard error is told as often.

``scripts/check_plan.py`` measures what becomes of a power that is promised here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.scoring.blocks import Floats, Ints, block_sums
from robotvision.scoring.intervals import FEW_EFFECTIVE, Bounds
from robotvision.scoring.planned_contest import Contests
from robotvision.scoring.ranks import POWER
from robotvision.scoring.visit_model import VisitModel, fitted_model

MOST_PAIRED, MOST_RANKED = 120, 60
"""Visits of two systems, and of more, beyond which contests are not drawn."""
MOST_VISITS = 1_000_000
NARROW, NEAR = 0.005, 0.015
"""Not looked into any more: a part of a difference, or of the root of the visits; a step of the
power's quantile in the normal law (0.4 % at 80 %)."""
LENGTHS = 4096
"""Geometric ones, where none are known."""


@dataclass(frozen=True, slots=True, eq=False)
class VisitDesign:
    """What a test is like.

    Parameters
    ----------
    model : VisitModel
        What systems earn in visits.
    gap : float
        Points a frame between the least and the most that there are, above 0.
    """

    model: VisitModel
    gap: float = 1.0

    @property
    def spread(self) -> float:
        """Standard deviation of what the difference of two equals in a visit is, in mean visits."""
        return self.gap * self.model.spread(self.model.right, self.model.right)

    @property
    def evenness(self) -> float:
        """Effective visits over visits, in (0, 1]."""
        return self.model.evenness

    @property
    def most(self) -> float:
        """The largest difference that there can be: to a system that wins all."""
        return self.gap * (1 - self.model.right)

    def to_dict(self) -> dict[str, float]:
        """Return plain data."""
        model = self.model
        return {
            "spread": self.spread,
            "evenness": self.evenness,
            "most": self.most,
            "right": model.right,
            "roughness": model.roughness,
            "alike": model.alike,
        }

    def caution(self, visits: int) -> str:
        """Return why nothing can be promised of so many visits; empty where nothing speaks so."""
        effective = self.evenness * visits
        if effective >= FEW_EFFECTIVE:
            return ""
        return (
            f"{visits} visits weigh like {effective:.1f} of one length: too few to promise anything"
        )

    def power(self, difference: float, visits: int, systems: int = 2) -> float:
        """Return how likely a difference is told, from 0 to 1.

        Parameters
        ----------
        difference : float
            Points a frame, from 0 to `most`.
        visits : int
            At least 2.
        systems : int
            2: a pair alone; more: the share of the others that the better one is told apart from.
        """
        share, drawn = difference / self.gap, min(visits, _most_drawn(systems))
        if drawn < visits:
            share = self._share_at(self._errors(share) * math.sqrt(visits / drawn))
        return _contests(self.model, drawn, systems).share_told(share)

    def smallest_difference(
        self, visits: int, systems: int = 2, power: float = POWER
    ) -> float | None:
        """Return the difference that so many visits tell with a probability of ``power``.

        None: not even `most`.
        """
        slope = math.sqrt(visits) / self.spread
        return _reached(lambda d: self.power(d, visits, systems), power, self.most, slope)

    def visits_needed(
        self, difference: float, systems: int = 2, power: float = POWER
    ) -> int | None:
        """Return the fewest visits that tell a difference; None: more than `MOST_VISITS`."""
        drawn, errors = _most_drawn(systems), self._errors(difference / self.gap)
        told = self.smallest_difference(drawn, systems, power)
        if told is None or told > difference:
            if told is None:
                return None
            visits = drawn * (self._errors(told / self.gap) / errors) ** 2
            return math.ceil(visits) if visits <= MOST_VISITS else None
        root = _reached(
            lambda root: self.power(difference, max(2, round(root**2)), systems),
            power,
            math.sqrt(drawn),
            errors,
        )
        return drawn if root is None else max(2, round(root**2))

    def _errors(self, share: float) -> float:
        """Return a difference over the standard error that one visit would give."""
        right = self.model.right
        return share / self.model.spread(right, min(1.0, right + share))

    def _share_at(self, errors: float) -> float:
        """Return the difference that is so many of these standard errors, or the largest."""
        low, high = 0.0, 1 - self.model.right
        if self._errors(high) <= errors:
            return high
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (low, middle) if self._errors(middle) >= errors else (middle, high)
        return high


def assumed_design(right: float, gap: float, lengths: Ints | None = None) -> VisitDesign:
    """Return the design of systems that were not tried yet.

    Parameters
    ----------
    right : float
        Share of the frames that all but the better one answer rightly, in (0, 1).
    gap : float
        Points between a right answer and a wrong one.
    lengths : (n,) integers, optional
        Frames of each visit; None: geometric.
    """
    if lengths is None:
        lengths = 5 + np.random.default_rng(0).geometric(1 / 25, LENGTHS)
    return VisitDesign(VisitModel(lengths.astype(np.float64), right), gap)


def measured_design(earned: Floats, visits: Ints, bounds: Bounds) -> VisitDesign:
    """Return the design of an earlier run, or of two on the same frames.

    Parameters
    ----------
    earned : (n, s) floats
        What each frame earned, in one run or two. Of one, the others of the test are taken to vary
        from visit to visit as it does, and to find the same visits hard in part.
    visits : (n,) integers
        Of each frame.
    bounds : (float, float) or ((n,) floats, (n,) floats)
        The least and the most a frame can earn.

    Raises
    ------
    RobotVisionError
        There are fewer than two visits, or they earn alike.
    """
    n = len(earned)
    least, most = (np.broadcast_to(bound, n) for bound in bounds)
    gap = float((most - least).mean())
    sums, sizes = block_sums((earned - least[:, None]) / gap, visits)
    if len(sizes) < 2:
        raise RobotVisionError(f"plan: expected at least 2 room visits, got {len(sizes)}")
    shares = sums.sum(0) / n
    apart = None if len(shares) < 2 else _spread(sums[:, 0] - sums[:, 1], sizes)
    spreads = [_spread(won, sizes) for won in sums.T]
    if not max(spreads) > 0 or apart == 0 or not 0 < shares.min() < 1:
        raise RobotVisionError(
            "plan: nothing to plan from: the visits do not differ in what they earn"
        )
    return VisitDesign(fitted_model(sizes, tuple(shares.tolist()), tuple(spreads), apart), gap)


def _spread(won: Floats, sizes: Floats) -> float:
    """Return the standard deviation of what visits deviate by, in mean visits."""
    rest = won - won.sum() / sizes.sum() * sizes
    return math.sqrt(float((rest**2).sum()) / (len(sizes) - 1)) / float(sizes.mean())


def _most_drawn(systems: int) -> int:
    return MOST_PAIRED if systems == 2 else MOST_RANKED


@lru_cache(maxsize=8)
def _contests(model: VisitModel, visits: int, systems: int) -> Contests:
    return Contests(model, visits, systems)


def _reached(
    power: Callable[[float], float], promised: float, highest: float, slope: float
) -> float | None:
    """Return where a growing power comes to what is promised; None: not up to the highest.

    ``slope`` is about by how much the power's quantile in the normal law grows, from about -2.
    """
    quantile = NormalDist().inv_cdf
    low, high, is_enough = 0.0, highest, False
    below, above = -2.0 - quantile(promised), math.inf
    guess = -below / slope
    while high - low > NARROW * high:
        margin = (high - low) / 16
        at = min(max(guess, low + margin), high - margin if is_enough else high)
        over = quantile(min(max(power(at), 1e-3), 1 - 1e-3)) - quantile(promised)
        if abs(over) <= NEAR:
            return at
        if over > 0:
            high, above, is_enough = at, over, True
        elif at == high:
            return None
        else:
            low, below = at, over
        if is_enough:
            guess = low - below * (high - low) / (above - below)
        else:
            guess = at - over / slope
    return high if is_enough else None
