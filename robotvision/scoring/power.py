"""How large a difference a test can tell, and how many room visits it takes.

**Model.** Of two systems on the same frames, the first is better by ``difference`` points a frame.
What a visit shows of it deviates by a standard deviation of ``spread`` mean visits, and visits of
unequal length weigh like ``evenness`` times as many equal ones (Kish). The difference over its
standard error then follows Student's noncentral t, with a degree of freedom less than effective
visits.

**Two systems** are told apart where the interval of `robotvision.scoring.intervals.difference`
leaves 0 out: about Student's quantile of standard errors away.

**Several systems**: one is better than all others, which are alike; given is the share of these
that are told apart from it by the rules of `robotvision.scoring.ranks` (step-down over its own
comparisons, and every range of ranks that holds both), drawn from their limit for many visits, in
which the sums of flipped signs are normal; of n visits they stay a little nearer to 0 (`LIGHTER`).

``scripts/check_plan.py`` measures what becomes of a power that is promised here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.scoring.blocks import Floats, Ints, block_sums
from robotvision.scoring.intervals import LEVEL
from robotvision.scoring.ranks import POWER
from robotvision.scoring.student import quantile

LIGHTER = 1.0
"""By how much flipped signs stay nearer to 0 than the normal law, times the visits."""
SPREAD = 0.76
"""Of the difference of two systems, over the standard deviation of one frame's being right."""
ALIKE = 0.3
"""Correlation of what two systems earn in a visit, where only one of them is known."""
EVENNESS = 0.62
"""Of visits whose lengths are geometric."""
DRAWS, NULL_DRAWS = 4000, 20_000
MOST_VISITS = 1_000_000


@dataclass(frozen=True, slots=True)
class VisitDesign:
    """What a test's visits are like.

    Parameters
    ----------
    spread : float
        Standard deviation of what a visit's difference deviates by, over the mean length of a
        visit: points a frame, above 0.
    evenness : float
        Effective visits over visits, in (0, 1].
    most : float
        The largest difference that there can be, in points a frame.
    """

    spread: float
    evenness: float = EVENNESS
    most: float = math.inf

    def __post_init__(self) -> None:
        if not (self.spread > 0 and math.isfinite(self.spread)):
            raise RobotVisionError(
                "plan: nothing to plan from: the visits do not differ in what they earn"
            )

    def freedom(self, visits: float) -> float:
        """Return the degrees of freedom of so many visits, at least 1."""
        return max(1.0, self.evenness * visits - 1)

    def power(self, difference: float, visits: int, systems: int = 2) -> float:
        """Return how likely a difference is told, from 0 to 1.

        Parameters
        ----------
        difference : float
            Points a frame, at least 0.
        visits : int
            At least 2.
        systems : int
            2: a pair alone; more: see the module.
        """
        shift = difference * math.sqrt(visits) / self.spread
        alone = _alone(shift, self.freedom(visits))
        if systems == 2:
            return alone
        return min(alone, _after_all(shift, visits, systems))

    def smallest_difference(
        self, visits: int, systems: int = 2, power: float = POWER
    ) -> float | None:
        """Return the difference that so many visits tell with a probability of ``power``.

        None: not even `most`.
        """
        high = self.spread / math.sqrt(visits)
        while self.power(high, visits, systems) < power:
            if high >= self.most:
                return None
            high = min(2 * high, self.most)
        return _halved(lambda d: self.power(d, visits, systems) >= power, 0.0, high)

    def visits_needed(
        self, difference: float, systems: int = 2, power: float = POWER
    ) -> int | None:
        """Return the fewest visits that tell a difference; None: more than `MOST_VISITS`."""
        low, high = 1, 2
        while self.power(difference, high, systems) < power:
            low, high = high, 2 * high
            if high > MOST_VISITS:
                return None
        while high - low > max(1, high // 200):
            middle = (low + high) // 2
            enough = self.power(difference, middle, systems) >= power
            low, high = (low, middle) if enough else (middle, high)
        return high


def assumed_design(right: float, gap: float, lengths: Ints | None = None) -> VisitDesign:
    """Return the design of systems that were not tried yet.

    Parameters
    ----------
    right : float
        Share of the frames they answer rightly, in (0, 1).
    gap : float
        Points between a right answer and a wrong one.
    lengths : (n,) integers, optional
        Frames of each visit; None: geometric.
    """
    spread = SPREAD * math.sqrt(right * (1 - right)) * gap
    return VisitDesign(spread, EVENNESS if lengths is None else evenness(lengths), gap)


def measured_design(
    first: Floats, visits: Ints, second: Floats | None = None, most: float = math.inf
) -> VisitDesign:
    """Return the design of an earlier run, or of two on the same frames.

    Parameters
    ----------
    first, second : (n,) floats
        What each frame earned. Without a second, two systems are taken to vary from visit to visit
        as the first does, with a correlation of `ALIKE`.
    visits : (n,) integers
        Of each frame.
    most : float
        The largest difference that there can be, in points a frame.

    Raises
    ------
    RobotVisionError
        There are fewer than two visits, or they earn alike.
    """
    values = first if second is None else first - second
    sums, sizes = block_sums(values[:, None], visits)
    if len(sizes) < 2:
        raise RobotVisionError(f"plan: expected at least 2 room visits, got {len(sizes)}")
    rest = sums[:, 0] - values.mean() * sizes
    spread = math.sqrt(float((rest**2).sum()) / (len(sizes) - 1)) / float(sizes.mean())
    scale = math.sqrt(2 * (1 - ALIKE)) if second is None else 1.0
    return VisitDesign(scale * spread, evenness(sizes), most)


def evenness(lengths: NDArray[np.generic]) -> float:
    """Return the effective number of visits of these lengths over their number."""
    sizes = lengths.astype(np.float64)
    return float(sizes.sum() ** 2 / ((sizes**2).sum() * len(sizes)))


def _alone(shift: float, freedom: float) -> float:
    """Return how often a pair's interval leaves 0 out on the right side."""
    from scipy.stats import nct

    limit = float(quantile(np.array(freedom), LEVEL))
    return float(nct.sf(limit, freedom, shift))


def _after_all(shift: float, visits: int, k: int) -> float:
    """Return the share of ``k - 1`` equals that one better system is told apart from."""
    nearer = 1 - LIGHTER / visits
    own, ranged = (nearer * limits for limits in _limits(k))
    level = np.random.default_rng(1).normal(size=(DRAWS, k)) / math.sqrt(2)
    level[:, 0] += shift
    t = np.abs(level[:, :1] - level[:, 1:])
    steps = np.argsort(-t, axis=1)
    passes = np.minimum.accumulate(np.take_along_axis(t, steps, 1) >= own[::-1], axis=1)
    apart = np.zeros(t.shape, np.bool_)
    np.put_along_axis(apart, steps, passes, 1)
    place = np.argsort(np.argsort(-level, axis=1), axis=1)
    apart &= _by_range(-np.sort(-level, axis=1), ranged, place) & (level[:, :1] > level[:, 1:])
    return float(apart.mean())


def _by_range(ordered: Floats, limits: Floats, place: Ints) -> NDArray[np.bool_]:
    """Return whether every range of ranks that holds the first system and another stands out."""
    n, k = ordered.shape
    is_out = np.zeros((k, k, n), np.bool_)
    for span in range(k, 1, -1):
        for first in range(k - span + 1):
            last = first + span - 1
            stands = ordered[:, first] - ordered[:, last] >= limits[span]
            if first:
                stands = stands & is_out[first - 1, last]
            if last + 1 < k:
                stands = stands & is_out[first, last + 1]
            is_out[first, last] = stands
    own, others = place[:, :1], place[:, 1:]
    rows = np.arange(n)[:, None]
    stands_out: NDArray[np.bool_] = is_out[np.minimum(own, others), np.maximum(own, others), rows]
    return stands_out


@cache
def _limits(k: int) -> tuple[Floats, Floats]:
    """Return what equals reach by chance: by (m - 1) own comparisons left, and by span of ranks."""
    level = np.random.default_rng(0).normal(size=(NULL_DRAWS, k)) / math.sqrt(2)
    own = np.maximum.accumulate(np.abs(level[:, :1] - level[:, 1:]), axis=1)
    highest, lowest = (f.accumulate(level, axis=1) for f in (np.maximum, np.minimum))
    shares = 1 - (1 - LEVEL) * np.arange(k + 1) / k
    ranged = [
        float(np.quantile(highest[:, m - 1] - lowest[:, m - 1], shares[m])) if m > 1 else 0.0
        for m in range(k + 1)
    ]
    return np.quantile(own, LEVEL, axis=0), np.array(ranged)


def _halved(is_enough: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least number that is enough, between one that is not and one that is."""
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
