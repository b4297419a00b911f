"""What answers are worth: points, tallies, breakdowns, live and by column."""

from robotvision.scoring.judging import count, judge, score
from robotvision.scoring.points import PointsTable
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import Tally

__all__ = ["FrameTable", "PointsTable", "Tally", "count", "judge", "score"]
