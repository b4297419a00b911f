"""How large a difference a test can tell, and how many room visits it takes.

One system is better than all others, which are alike, by ``difference`` points a frame. How often
it is told apart from another is counted in contests that a small model of visits draws
(`robotvision.scoring.visit_model`), judged as ``compare`` and ``rank`` do
(`robotvision.scoring.planned_contest`). Where an earlier test says what visits are like, contests
are drawn of all that it leaves open (`robotvision.scoring.plausible_visits`), so that promises are
kept on average; where that is too much, nothing is promised (`VisitDesign.doubts`). Of more visits
than are drawn, the difference over its standard error that is told four times in five goes on to
its limit of endless visits, in which all sums are normal.

``scripts/check_plan.py`` measures what becomes of a power that is promised here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from statistics import NormalDist, fmean

import numpy as np

from robotvision.arrays import Floats, Ints
from robotvision.errors import RobotVisionError
from robotvision.scoring.blocks import block_sums
from robotvision.scoring.intervals import Bounds
from robotvision.scoring.planned_contest import Contests
from robotvision.scoring.plausible_visits import chance_of_endless, plausible_models
from robotvision.scoring.ranks import POWER
from robotvision.scoring.shares import FEW_EFFECTIVE
from robotvision.scoring.standard_errors import (
    NARROW,
    TOLD,
    LargeTest,
    errors_guessed,
    errors_in_the_limit,
    reached,
)
from robotvision.scoring.visit_model import VisitModel, fitted_model

DRAWN_PAIRED, DRAWN_RANKED = 120, 80
"""Visits of two systems, and of more, up to which contests are drawn."""
DOUBLINGS = 3
"""Of these, where even a system that wins all is not told in as many."""
MOST_VISITS = 1_000_000
FEW = 150
"""Visits of an earlier test up to which they do not show how much visits deviate."""
ENDLESS = 0.05
"""Chance that lengths of visits have no variance, from which on nothing is promised."""
NEAR_ALL = 0.9
"""Part of what is left to win from which on a difference is not promised."""
LENGTHS = 4096
"""Geometric ones, where none are known."""


@dataclass(frozen=True, eq=False)
class VisitDesign:
    """What a test is like.

    Parameters
    ----------
    model : VisitModel
        What systems earn in visits.
    gap : float
        Points a frame between the least and the most that there are, above 0.
    freedom : float
        Degrees of freedom with which an earlier test knows how much visits deviate; infinite: it is
        assumed.
    plausible : tuple of VisitModel
        What visits may be like, each as likely as another; powers are means over them. Empty: like
        ``model`` and no other.
    endless : float
        How likely lengths of visits have no variance, from 0 to 1.
    seen : float
        Visits of the earlier test that shows how much they deviate; infinite: it is assumed.
    """

    model: VisitModel
    gap: float = 1.0
    freedom: float = math.inf
    plausible: tuple[VisitModel, ...] = ()
    endless: float = 0.0
    seen: float = math.inf

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

    @property
    def kept(self) -> tuple[float, float] | None:
        """From where to where nine tenths of the powers of `POWER` lie that such tests promise.

        None: nothing was measured. What visits deviate by is known to one in ``sqrt(2 freedom)``.
        """
        if math.isinf(self.freedom):
            return None
        normal = NormalDist()
        off = normal.inv_cdf(0.95) * TOLD / math.sqrt(2 * self.freedom)
        middle = normal.inv_cdf(POWER)
        return normal.cdf(middle - off), normal.cdf(middle + off)

    def to_dict(self) -> dict[str, float | None]:
        """Return plain data."""
        model = self.model
        return {
            "spread": self.spread,
            "evenness": self.evenness,
            "most": self.most,
            "right": model.right,
            "roughness": model.roughness,
            "alike": model.alike,
            "freedom": None if math.isinf(self.freedom) else self.freedom,
            "endless": self.endless,
        }

    def doubts(self, visits: int, difference: float | None = None) -> list[str]:
        """Return why nothing is promised of so many visits, in a line each; none: it is.

        Of a difference: why it is not.
        """
        lines = []
        effective = self.evenness * visits
        if effective < FEW_EFFECTIVE:
            lines.append(
                f"{visits} visits weigh like {effective:.1f} of one length: too few to promise "
                "anything"
            )
        if self.endless > ENDLESS:
            lines.append(
                "by their lengths, a few visits may outweigh all others (with a chance of "
                f"{self.endless:.0%} their variance is infinite): how much is told hangs on these"
            )
        if self.seen < FEW:
            low, high = self.kept or (0.0, 1.0)
            lines.append(
                f"the earlier test has {self.seen:g} visits, too few to show how much they "
                f"deviate: of a power of {POWER:.0%}, {low:.0%} to {high:.0%} may come; give a "
                f"test of {FEW} or more"
            )
        if difference is not None and difference > NEAR_ALL * self.most:
            lines.append(
                f"to be {difference:.3g} points a frame better, of {self.most:.3g} left to win, a "
                "system hardly errs: how often that is told hangs on the few frames that it loses"
            )
        return lines

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
        large = _large_test(self, systems) if visits > _drawn(systems) else None
        if large is None:
            return self._power_drawn(difference, min(visits, _most_drawn(systems)), systems)
        errors = self.errors_of(difference) * math.sqrt(visits)
        errors += large.errors_told(large.visits) - large.errors_told(visits)
        same = self._difference_of(errors / math.sqrt(large.visits))
        return self._power_drawn(self.most if same is None else same, large.visits, systems)

    def smallest_difference(self, visits: int, systems: int = 2) -> float | None:
        """Return the difference that so many visits tell four times in five (`ranks.POWER`).

        None: not even `most`.
        """
        large = _large_test(self, systems) if visits > _drawn(systems) else None
        if large is None:
            return self.smallest_drawn(min(visits, _most_drawn(systems)), systems)
        return self._difference_of(large.errors_told(visits) / math.sqrt(visits))

    def visits_needed(self, difference: float, systems: int = 2) -> int | None:
        """Return the fewest visits that tell a difference; None: there is no such number.

        Neither is one above `MOST_VISITS`.
        """
        errors, drawn = self.errors_of(difference), _drawn(systems)

        def told(root: float) -> float:
            return self._power_drawn(difference, max(2, round(root**2)), systems)

        guess = errors_guessed(systems)
        within = errors * math.sqrt(drawn) > guess
        root = reached(told, math.sqrt(drawn), errors, guess) if within else None
        if root is None:
            large = _large_test(self, systems)
            if large is None:
                return None
            if errors * math.sqrt(large.visits) >= large.errors:
                root = reached(told, math.sqrt(large.visits), errors, guess)
            root = root or large.root_of_visits(errors)
        return max(2, round(root**2)) if root**2 <= MOST_VISITS else None

    def smallest_drawn(self, visits: int, systems: int) -> float | None:
        """Return `smallest_difference`, from contests of so many visits."""
        slope = math.sqrt(visits) / self.spread
        return reached(
            lambda d: self._power_drawn(d, visits, systems),
            self.most,
            slope,
            errors_guessed(systems),
        )

    @cached_property
    def widening(self) -> float:
        """How much larger, in endless visits, a difference is told for what is open; at least 1."""
        if not self.plausible:
            return 1.0
        known = errors_in_the_limit(2)
        spreads = [model.spread(model.right, model.right) * self.gap for model in self.plausible]
        normal = NormalDist(known - NormalDist().inv_cdf(POWER))

        def told(errors: float) -> float:
            return fmean(normal.cdf(errors * self.spread / spread) for spread in spreads)

        return max(1.0, (reached(told, 4 * known, 1.0, known) or 4 * known) / known)

    def errors_of(self, difference: float) -> float:
        """Return a difference over the standard error that one visit would give."""
        right, share = self.model.right, difference / self.gap
        return share / self.model.spread(right, min(1.0, right + share))

    def _power_drawn(self, difference: float, visits: int, systems: int) -> float:
        contests = _contests(self.plausible or (self.model,), visits, systems)
        return contests.share_told(difference / self.gap)

    def _difference_of(self, errors: float) -> float | None:
        """Return the difference that is so many standard errors of one visit, if there is one."""
        low, high = 0.0, self.most
        if self.errors_of(high) <= errors:
            return None
        while high - low > NARROW / 10 * high:
            middle = (low + high) / 2
            low, high = (low, middle) if self.errors_of(middle) >= errors else (middle, high)
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
    sizes = lengths.astype(np.float64)
    models = plausible_models(sizes, lambda drawn: VisitModel(sizes[drawn], right))
    return _design(models[0], gap, math.inf, sizes, models)


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
    model = _fitted(sums, sizes)
    if model is None:
        raise RobotVisionError(
            "plan: nothing to plan from: the visits do not differ in what they earn"
        )
    won = sums - sums.sum(0) / n * sizes[:, None]
    apart = won[:, 0] - won[:, -1] if sums.shape[1] > 1 else won[:, 0]
    models = plausible_models(sizes, lambda drawn: _fitted(sums[drawn], sizes[drawn]))
    design = _design(model, gap, _freedom(apart, sizes), sizes, models)
    return replace(design, seen=len(sizes))


def _design(
    likeliest: VisitModel,
    gap: float,
    freedom: float,
    sizes: Floats,
    plausible: tuple[VisitModel, ...],
) -> VisitDesign:
    lengths = np.concatenate([model.lengths for model in plausible])
    model = replace(likeliest, lengths=lengths)
    return VisitDesign(model, gap, freedom, plausible, chance_of_endless(sizes))


def _fitted(sums: Floats, sizes: Floats) -> VisitModel | None:
    """Return the model of visits that won (v, s) frames' worth of what can be won.

    None: they are alike.
    """
    shares = sums.sum(0) / sizes.sum()
    # a long visit draws the share towards itself: what it deviates by the others' is larger
    own = (sizes / sizes.sum())[:, None]
    won = (sums - shares * sizes[:, None]) / (1 - own)
    apart = won[:, 0] - won[:, -1] if len(shares) > 1 else won[:, 0]
    if not (apart**2).sum() > 0 or not 0 < shares.min() < 1:
        return None
    shares = np.minimum(shares, 1 - 0.5 / sizes.sum())
    spreads, between = (np.sqrt((x**2).mean(0)) / sizes.mean() for x in (won, apart))
    return fitted_model(
        sizes,
        tuple(shares.tolist()),
        tuple(spreads.tolist()),
        float(between) if len(shares) > 1 else None,
    )


def _freedom(rest: Floats, sizes: Floats) -> float:
    """Return the degrees of freedom of the deviations of visits, at least 1."""
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    # of a normal law the fourth power is three times the square of the square
    theirs = 3 * (rest**2).sum() ** 2 / (rest**4).sum()
    return float(max(1.0, min(effective, theirs) - 1))


def _drawn(systems: int) -> int:
    return DRAWN_PAIRED if systems == 2 else DRAWN_RANKED


def _most_drawn(systems: int) -> int:
    return _drawn(systems) << DOUBLINGS


@lru_cache(maxsize=8)
def _contests(models: tuple[VisitModel, ...], visits: int, systems: int) -> Contests:
    return Contests(models, visits, systems)


@lru_cache(maxsize=8)
def _large_test(design: VisitDesign, systems: int) -> LargeTest | None:
    """Return what is told in many visits; None: nothing, not even in the most that are drawn."""
    visits = _drawn(systems)
    while visits <= _most_drawn(systems):
        difference = design.smallest_drawn(visits, systems)
        if difference is not None:
            errors = design.errors_of(difference) * math.sqrt(visits)
            return LargeTest(visits, errors, errors_in_the_limit(systems) * design.widening)
        visits *= 2
    return None
