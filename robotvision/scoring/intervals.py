"""How far points would move on other sequences: intervals by room visit or by sequence.

What is measured is the **share** of what could be won, from the least a run could earn on its
frames (0) to the most (1), by block (`robotvision.scoring.shares`); points follow from it, so no
interval leaves what is possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from robotvision.arrays import Floats, Ints
from robotvision.scoring.blocks import block_sums, count_blocks
from robotvision.scoring.shares import FEW_EFFECTIVE, Shares, differences, shares
from robotvision.scoring.shares import LEVEL as LEVEL
from robotvision.scoring.student import quantile

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
        return _of_one_block(whole, n_blocks, level, unit)
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


def _of_one_block(whole: list[float], n_blocks: int, level: float, unit: str) -> list[Interval]:
    reason = f"{n_blocks or 'no'} of the {unit} only: nothing to compare"
    return [Interval(v, None, None, n_blocks, level, reason) for v in whole]


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
        return _of_one_block(whole, n_blocks, level, unit)
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
