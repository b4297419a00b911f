"""What answers are worth: points, tallies, breakdowns."""

from robotvision.scoring.points import Worth
from robotvision.scoring.tally import Tally

__all__ = ["Tally", "Worth"]
