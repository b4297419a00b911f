"""A contest as a static site: ranking with intervals, one page a run, the task, the refusals."""

from robotvision.contest.leaderboard.contest import (
    Contest,
    ContestEntry,
    open_contest,
    read_entries,
)
from robotvision.contest.leaderboard.site import write_site
from robotvision.contest.leaderboard.standings import Standings, standings, with_intervals

__all__ = [
    "Contest",
    "ContestEntry",
    "Standings",
    "open_contest",
    "read_entries",
    "standings",
    "with_intervals",
    "write_site",
]
