"""Intervals and ranks by room visit, under one name.

`robotvision.scoring.blocks` says what a visit is, `robotvision.scoring.intervals` how far points
and differences would move on other sequences, `robotvision.scoring.ranks` which ranks can be told
apart.
"""

from robotvision.scoring.blocks import block_sums, visits
from robotvision.scoring.intervals import LEVEL, Interval, difference, interval, intervals
from robotvision.scoring.ranks import RESAMPLES, Ranks, draw, ranks

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "Interval",
    "Ranks",
    "block_sums",
    "difference",
    "draw",
    "interval",
    "intervals",
    "ranks",
    "visits",
]
