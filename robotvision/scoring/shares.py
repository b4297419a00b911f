"""Shares of what could be won, and how far they would move with other visits or sequences.

One run. Student's t on the log-odds of the share. The standard error leaves out one block at a
time: deviations over one minus leverage (CR3: Bell and McCaffrey 2002; MacKinnon, Nielsen and Webb
2023), and the degrees of freedom are Kish's effective number of blocks less one, since a few long
visits weigh like a few visits. Each end counts a block more that no sequence has shown yet: at the
lower end one in which nothing is won, at the upper end one in which all is, a quarter as long as
the median block (what Wilson's and Agresti and Coull's intervals do for independent trials), and
longer where lengths have a long tail, for then the block that is missing may be a long one. Where
the score changes with the length of a block, the end towards longer blocks moves out by what one
longer than any would shift.

Two runs on the same frames. Their difference is what the first gains over the second less what it
loses to it, each a share as above, joined with their correlation over blocks (MOVER: Zou and Donner
2008): symmetric where gains and losses are alike, one-sided where only one run errs.

``scripts/coverage_intervals.py`` measures how often the intervals hold the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats
from robotvision.scoring.student import quantile, two_sided

LEVEL = 0.95
MISSING_SHORT = 1 / 4
"""Length of the block not seen yet, in median blocks, where lengths have no long tail."""
MISSING_LONG = 2 / 5
"""The same in longest blocks, at most."""
TAIL = 30.0
"""Medians in a longest block that would make the block not seen yet as long as itself."""
LONGER = 2.5
"""Length of the block by which a score that changes with length may shift, in longest blocks."""
PAIRED = 1 / 4
"""Part of both for a pair: that one run fails a whole block and the other does not is rarer."""
FEW_EFFECTIVE = 5.0
"""With fewer effective blocks an interval is quoted with a caution."""
LEANING = 1.5
"""With a longer block shifting the score by as many standard errors, too."""
FURTHEST = 60.0
"""Standard errors beyond which no p-value is told from 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares of what could be won, of several runs or samples, and how far each may be off.

    Parameters
    ----------
    share : (s,) floats
        In [0, 1].
    centre, error : (2, s) floats
        Log-odds of the share and their standard error, at the lower and at the upper end.
    freedom : (s,) floats
        Degrees, at least 1.
    effective : (s,) floats
        Kish's effective number of blocks.
    leaning : (s,) floats
        Shift by a longer block than any seen, in standard errors; below 0 where it costs points.
    residuals : (s, b) floats
        What each block won beyond its share.
    """

    share: Floats
    centre: Floats
    error: Floats
    freedom: Floats
    effective: Floats
    leaning: Floats
    residuals: Floats

    def ends(self, multiple: Floats) -> tuple[Floats, Floats]:
        """Return (s,) lower and upper ends, ``multiple`` standard errors away."""
        low = logistic(self.centre[0] - multiple * self.error[0])
        high = logistic(self.centre[1] + multiple * self.error[1])
        return np.minimum(low, self.share), np.maximum(high, self.share)

    @property
    def is_doubtful(self) -> NDArray[np.bool_]:
        """(s,) whether the interval is quoted with a caution."""
        is_doubtful: NDArray[np.bool_] = (self.effective < FEW_EFFECTIVE) | self.is_leaning
        return is_doubtful

    @property
    def is_leaning(self) -> NDArray[np.bool_]:
        """(s,) whether the score changes so much with length that a longer block would tell."""
        is_leaning: NDArray[np.bool_] = np.abs(self.leaning) > LEANING
        return is_leaning


def shares(wins: Floats, sizes: Floats, part: float = 1.0) -> Shares:
    """Return shares with what their intervals are made of.

    Parameters
    ----------
    wins, sizes : (s, b) floats
        What each block won, and could have won, above the least. At least two blocks.
    part : float
        Of the length of the block not seen yet, beyond a short one, and of the shift by length.
    """
    total = sizes.sum(1)
    share = wins.sum(1) / total
    median = np.median(sizes, axis=1)
    longest = sizes.max(1)
    short = MISSING_SHORT * median
    with np.errstate(divide="ignore"):
        tail = np.minimum(MISSING_LONG * longest, longest**2 / (TAIL * median))
    missing = np.maximum(short, part * tail)
    shift = _shift_by_length(wins, sizes, share)
    centre, error = np.empty((2, len(share))), np.empty((2, len(share)))
    for end, (lost, won) in enumerate(((missing, short), (short, missing))):
        whole = total + lost + won
        middle = (wins.sum(1) + won) / whole
        middle = np.clip(middle, 1e-12, 1 - 1e-12)
        squares = _left_out(wins - middle[:, None] * sizes, sizes, whole).sum(1)
        squares += _left_out(-middle * lost, lost, whole) + _left_out(
            (1 - middle) * won, won, whole
        )
        outwards = part * (np.minimum(shift, 0) if end == 0 else np.maximum(shift, 0))
        odds = middle * (1 - middle)
        centre[end] = np.log(middle / (1 - middle))
        error[end] = np.sqrt(squares + outwards**2) / odds
    residuals = wins - share[:, None] * sizes
    plain = np.sqrt(_left_out(residuals, sizes, total).sum(1))
    effective = total**2 / (sizes**2).sum(1)
    leaning = np.divide(shift, plain, out=np.zeros_like(shift), where=plain > 0)
    freedom = np.maximum(1.0, effective - 1)
    end = (share > 0.5).astype(np.int64)
    error[end, np.arange(len(share))] *= _few_errors(residuals, freedom)
    return Shares(share, centre, error, freedom, effective, leaning, residuals)


def _few_errors(residuals: Floats, freedom: Floats) -> Floats:
    """Return (s,) how much further the end towards the nearer bound is, for it rests on few blocks.

    Where few blocks differ from the others, these make the error, and its degrees of freedom are
    theirs: three times the squared sum of squares over the sum of fourth powers, which is about the
    number of blocks where deviations are normal.
    """
    squares = residuals**2
    theirs = 3 * _ratio(squares.sum(1) ** 2, (squares**2).sum(1), 1.0) - 1
    fewer = np.minimum(freedom, np.maximum(1.0, theirs))
    further: Floats = quantile(fewer, LEVEL) / quantile(freedom, LEVEL)
    return further


def _left_out(deviation: Floats, size: Floats, whole: Floats) -> Floats:
    """Return how far the share moves where a block is left out, squared."""
    if deviation.ndim > 1:
        whole = whole[:, None]
    squared: Floats = (deviation / (whole - size)) ** 2
    return squared


def _shift_by_length(wins: Floats, sizes: Floats, share: Floats) -> Floats:
    """Return (s,) how a block `LONGER` than the longest would move the share.

    From the slope of the blocks' shares over the logarithm of their length, shrunk towards 0 by its
    own uncertainty, so that what chance leaves of a slope moves nothing.
    """
    has_size = sizes > 0
    lengths = np.log(np.where(has_size, sizes, 1.0))
    each = np.where(has_size, wins, 0.0) / np.where(has_size, sizes, 1.0)
    weight = np.sqrt(sizes)
    weights = weight.sum(1, keepdims=True)
    x = lengths - (weight * lengths).sum(1, keepdims=True) / weights
    y = each - (weight * each).sum(1, keepdims=True) / weights
    spread = (weight * x**2).sum(1, keepdims=True)
    slope = _ratio((weight * x * y).sum(1, keepdims=True), spread)
    leverage = np.minimum(weight / weights + _ratio(weight * x**2, spread), 1 - 1e-9)
    rest = (y - slope * x) / (1 - leverage)
    error = _ratio(np.sqrt(((weight * x * rest) ** 2).sum(1, keepdims=True)), spread)
    certain = 1 - np.minimum(1.0, _ratio(error, np.abs(slope), 1.0)) ** 2
    total = sizes.sum(1)
    longer = LONGER * sizes.max(1)
    typical = (sizes * lengths).sum(1) / total
    moved = share + (slope * certain)[:, 0] * (np.log(longer) - typical)
    shift: Floats = longer * (np.clip(moved, 0, 1) - share) / (total + longer)
    return shift


def _ratio(a: Floats, b: Floats, otherwise: float = 0.0) -> Floats:
    ratio: Floats = np.full(np.broadcast(a, b).shape, otherwise)
    np.divide(a, b, out=ratio, where=b > 0)
    return ratio


def logistic(odds: Floats) -> Floats:
    """Return shares in (0, 1) from logarithms of odds."""
    share: Floats = 1 / (1 + np.exp(-np.clip(odds, -700, 700)))
    return share


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Shares gained less shares lost, of several pairs of runs.

    Parameters
    ----------
    gains, losses : Shares
    correlation : (s,) floats
        Of what the blocks gain and lose.
    """

    gains: Shares
    losses: Shares
    correlation: Floats

    @property
    def freedom(self) -> Floats:
        """(s,) degrees of freedom."""
        return self.gains.freedom

    @property
    def is_doubtful(self) -> NDArray[np.bool_]:
        """(s,) whether the interval is quoted with a caution."""
        return self.gains.is_doubtful | self.losses.is_doubtful

    def ends(self, multiple: Floats) -> tuple[Floats, Floats]:
        """Return (s,) lower and upper ends, ``multiple`` standard errors away."""
        gain, loss = self.gains.share, self.losses.share
        gain_low, gain_high = self.gains.ends(multiple)
        loss_low, loss_high = self.losses.ends(multiple)
        down = self._joined(gain - gain_low, loss_high - loss)
        up = self._joined(gain_high - gain, loss - loss_low)
        return np.maximum(-1.0, gain - loss - down), np.minimum(1.0, gain - loss + up)

    def _joined(self, a: Floats, b: Floats) -> Floats:
        joined: Floats = np.sqrt(np.maximum(0.0, a**2 + b**2 - 2 * self.correlation * a * b))
        return joined

    def p(self) -> Floats:
        """Return (s,) the levels at which an end comes to 0, from 1: p-values."""
        low, high = np.zeros_like(self.freedom), np.full_like(self.freedom, FURTHEST)
        is_ahead = self.gains.share >= self.losses.share
        for _ in range(50):
            middle = (low + high) / 2
            lower, upper = self.ends(middle)
            is_inside = np.where(is_ahead, lower > 0, upper < 0)
            low, high = np.where(is_inside, middle, low), np.where(is_inside, high, middle)
        return two_sided(low, self.freedom)


def differences(gains: Floats, losses: Floats, sizes: Floats) -> Differences:
    """Return differences of pairs of runs.

    Parameters
    ----------
    gains, losses : (s, b) floats
        Points of each block that the first earned beyond the second, and the second beyond the
        first, frame by frame.
    sizes : (s, b) floats
        The most either could be.
    """
    first, second = shares(gains, sizes, PAIRED), shares(losses, sizes, PAIRED)
    a, b = first.residuals, second.residuals
    scale = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return Differences(first, second, _ratio((a * b).sum(1), scale))
