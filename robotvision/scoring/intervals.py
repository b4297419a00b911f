"""How far points would move on other sequences: intervals by room visit or by sequence.

What is measured is the **share** of what could be won, from the least a run could earn on its
frames (0) to the most (1); points follow from it, so no interval leaves what is possible.

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

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.scoring.blocks import Floats, Ints, block_sums, count_blocks
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

WITHOUT_EFFECT = ("resamples", "seed")
"""Options that older calls may hold."""

Bounds = tuple[float | Floats, float | Floats]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval around it.

    Parameters
    ----------
    estimate : float
        Points, or a difference of points.
    low, high : float or None
        None where fewer than two blocks leave nothing to compare.
    blocks : int
        Visits or sequences it rests on.
    level : float
        In (0, 1).
    caution : str
        Why the interval may not hold, for people; empty where nothing speaks against it.
    p : float or None
        Of a difference: how likely one as large is where there is none. Below ``1 - level`` exactly
        where the interval leaves 0 out.
    """

    estimate: float
    low: float | None
    high: float | None
    blocks: int
    level: float = LEVEL
    caution: str = ""
    p: float | None = None

    @property
    def is_reliable(self) -> bool:
        """Whether nothing speaks against the interval; else ``caution`` says what does."""
        return not self.caution

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    def text(self, digits: int = 1) -> str:
        """Return ``812.5 to 1034``, or a dash where there are no ends."""
        if self.low is None or self.high is None:
            return "-"
        low, high = (f"{end:.{digits}f}" for end in (self.low, self.high))
        return f"{_plain(low)} to {_plain(high)}"

    def as_dict(self) -> dict[str, Any]:
        """Return ``interval`` (low, high), ``visits`` and ``caution`` as plain data."""
        return {
            "interval": [self.low, self.high],
            "visits": self.blocks,
            "caution": self.caution,
        }

    def reversed(self) -> Interval:
        """Return the same of a difference taken the other way round."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return replace(self, estimate=-self.estimate, low=low, high=high)


def p_text(p: float) -> str:
    """Return a p-value with two digits, none below 0.001."""
    return "below 0.001" if p < 0.001 else f"{p:.2g}"


def p_values_text(p: float, after_all: float | None = None) -> str:
    """Return ``p = 0.03``, or ``p = 0.03 before, 0.21 after all comparisons``."""
    alone = f"p = {p_text(p)}"
    return (
        alone if after_all is None else f"{alone} before, {p_text(after_all)} after all comparisons"
    )


def verdict(difference: Interval, after_all: float | None = None) -> str:
    """Return whether two runs are told apart, in words that agree with the interval beside them.

    Parameters
    ----------
    difference : Interval
        With its p-value.
    after_all : float, optional
        The p-value after all comparisons, where there are more than this one. Where the pair alone
        would be told apart and after them is not, the two p-values are all there is to say.
    """
    if difference.p is None:
        return "nothing to compare"
    if after_all is None:
        words = "told apart" if difference.excludes_zero else "cannot be told apart"
        return f"{words}, {p_values_text(difference.p)}"
    ps = p_values_text(difference.p, after_all)
    if after_all <= 1 - difference.level:
        return f"told apart, {ps}"
    if difference.excludes_zero:
        return ps
    return f"cannot be told apart, {ps}"


def difference_text(difference: Interval, after_all: float | None = None) -> str:
    """Return a difference in words: ``+45 (3.3 to 89.6), told apart, p = 0.03``; see `verdict`."""
    return f"{gap_text(difference)}, {verdict(difference, after_all)}"


def gap_text(difference: Interval) -> str:
    """Return ``+45 (3.3 to 89.6)``."""
    ends = "" if difference.low is None else f" ({difference.text()})"
    return f"{difference.estimate:+g}{ends}"


def _plain(number: str) -> str:
    """Return a number without decimals that are 0, and 0 without a sign."""
    shorter = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if shorter == "-0" else shorter


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
        low = _logistic(self.centre[0] - multiple * self.error[0])
        high = _logistic(self.centre[1] + multiple * self.error[1])
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


def _logistic(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(odds, -700, 700)))


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


def intervals(
    values: Floats,
    blocks: Ints,
    *,
    level: float = LEVEL,
    bounds: Bounds | None = None,
    unit: str = "room visits",
    resamples: int | None = None,
    seed: int | None = None,
) -> list[Interval]:
    """Return the sum of each column of ``values`` over the frames, with its interval.

    Parameters
    ----------
    values : (n, k) floats
        What each frame earned, a column a system or a measure.
    blocks : (n,) integers
        Which block each frame belongs to: a visit (`robotvision.scoring.blocks.visits`) or a
        sequence.
    level : float
        Of the interval, in (0, 1).
    bounds : (float, float) or ((n,) floats, (n,) floats), optional
        The least and the most a frame can earn, one for all or each its own. None: the least and
        the most there are among the values.
    unit : str
        What a block is, for the words of a caution.
    resamples, seed : int, optional
        Without effect since intervals have a formula; taken so that older calls run.
    """
    n_columns = values.shape[1]
    whole = list(map(float, values.sum(0)))
    n_blocks = count_blocks(blocks)
    if n_blocks < 2:
        reason = f"{n_blocks or 'no'} of the {unit} only: nothing to compare"
        return [Interval(v, None, None, n_blocks, level, reason) for v in whole]
    least, size = _bounds(values, bounds)
    if not size.any():
        return [Interval(v, v, v, n_blocks, level, NO_RANGE) for v in whole]
    sums, _ = block_sums(np.column_stack([values - least[:, None], size]), blocks)
    sizes = np.broadcast_to(sums[:, -1], (n_columns, n_blocks))
    estimate = shares(np.clip(sums[:, :-1].T, 0, sizes), sizes)
    low, high = estimate.ends(quantile(estimate.freedom, level))
    floor, scale = float(least.sum()), float(size.sum())
    return [
        Interval(
            v,
            min(v, floor + scale * float(low[i])),
            max(v, floor + scale * float(high[i])),
            n_blocks,
            level,
            _caution(estimate, i, n_blocks, unit),
        )
        for i, v in enumerate(whole)
    ]


NO_RANGE = "all frames earned the same, and nothing says what else they could have earned"


def _bounds(values: Floats, bounds: Bounds | None) -> tuple[Floats, Floats]:
    """Return (n,) the least a frame can earn and what lies between that and the most."""
    least, most = (values.min(), values.max()) if bounds is None else bounds
    n = len(values)
    return np.broadcast_to(least, n), np.broadcast_to(np.subtract(most, least), n)


def _caution(estimate: Shares, i: int, n_blocks: int, unit: str) -> str:
    reasons = []
    if estimate.effective[i] < FEW_EFFECTIVE:
        reasons.append(
            f"the {n_blocks} {unit} weigh like {estimate.effective[i]:.1f} of one length: "
            "too few to rely on"
        )
    if estimate.is_leaning[i]:
        how = "more" if estimate.leaning[i] > 0 else "less"
        reasons.append(f"long {unit} are worth {how} than short ones: a longer one would tell")
    return "; ".join(reasons)


def interval(values: Floats, blocks: Ints, **options: Any) -> Interval:
    """Return the sum of ``values`` (n,) with its interval; options as in `intervals`."""
    return intervals(values[:, None], blocks, **options)[0]


def difference(first: Floats, second: Floats, blocks: Ints, **options: Any) -> Interval:
    """Return how much more ``first`` earned than ``second`` on the same frames, paired.

    Parameters
    ----------
    first, second : (n,) floats
        What each frame earned.
    blocks, **options
        As in `intervals`.
    """
    both = np.stack([first, second], 1)
    used = {name: v for name, v in options.items() if name not in WITHOUT_EFFECT}
    return pairwise(both, blocks, [(0, 1)], **used)[0]


def pairwise(
    values: Floats,
    blocks: Ints,
    pairs: list[tuple[int, int]],
    *,
    level: float = LEVEL,
    bounds: Bounds | None = None,
    unit: str = "room visits",
) -> list[Interval]:
    """Return the paired difference of each pair of columns, as `difference`.

    Parameters
    ----------
    values : (n, k) floats
        What each frame earned, a column a system.
    pairs : list of (int, int)
        Columns: the first less the second.
    """
    n_blocks = count_blocks(blocks)
    columns = np.ascontiguousarray(values.T)
    total = columns.sum(1)
    whole = [float(total[i] - total[j]) for i, j in pairs]
    if n_blocks < 2:
        reason = f"{n_blocks or 'no'} of the {unit} only: nothing to compare"
        return [Interval(v, None, None, n_blocks, level, reason) for v in whole]
    _, size = _bounds(values, bounds)
    if not size.any():
        return [Interval(v, v, v, n_blocks, level, NO_RANGE, 1.0) for v in whole]
    sums, _ = block_sums(_over_and_under(columns, pairs, size), blocks)
    sizes = np.broadcast_to(sums[:, -1], (len(pairs), n_blocks))
    gains, losses = sums[:, : len(pairs)].T, sums[:, len(pairs) : -1].T
    estimate = differences(np.minimum(gains, sizes), np.minimum(losses, sizes), sizes)
    low, high = estimate.ends(quantile(estimate.freedom, level))
    scale, p = float(size.sum()), estimate.p()
    return [
        Interval(
            v,
            min(v, scale * float(low[i])),
            max(v, scale * float(high[i])),
            n_blocks,
            level,
            _caution(estimate.gains, i, n_blocks, unit)
            or _caution(estimate.losses, i, n_blocks, unit),
            float(p[i]),
        )
        for i, v in enumerate(whole)
    ]


def _over_and_under(columns: Floats, pairs: list[tuple[int, int]], size: Floats) -> Floats:
    """Return (n, 2 p + 1) what each frame gains in each pair, what it loses, and its size."""
    rows = np.empty((2 * len(pairs) + 1, columns.shape[1]))
    over, under = rows[: len(pairs)], rows[len(pairs) : -1]
    for k, (i, j) in enumerate(pairs):  # a pair at a time stays within the cache
        np.subtract(columns[i], columns[j], out=over[k])
        np.maximum(columns[j] - columns[i], 0, out=under[k])
        np.maximum(over[k], 0, out=over[k])
    rows[-1] = size
    return rows.T
