"""A contest as a static site: ranking with intervals, one page a run, the task, the refusals."""

from robotvision.report.leaderboard.contest import Contest, Entry, open_contest, read_entries
from robotvision.report.leaderboard.site import write_site
from robotvision.report.leaderboard.standings import Standings, standings, with_intervals

__all__ = [
    "Contest",
    "Entry",
    "Standings",
    "open_contest",
    "read_entries",
    "standings",
    "with_intervals",
    "write_site",
]
