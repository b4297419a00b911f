"""What answers are worth: points, tallies, breakdowns."""

from robotvision.scoring.points import PointsTable
from robotvision.scoring.tally import Tally

__all__ = ["PointsTable", "Tally"]
