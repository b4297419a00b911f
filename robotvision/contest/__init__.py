"""What an organiser runs: ranking sites, Codabench bundles."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "Disclosure": "robotvision.contest.leaderboard.disclosure",
    "RankedRuns": "robotvision.contest.leaderboard.ranked",
    "Reveal": "robotvision.contest.leaderboard.disclosure",
    "effort": "robotvision.contest.leaderboard.effort",
    "open_contest": "robotvision.contest.leaderboard.contest",
    "public_part": "robotvision.contest.leaderboard.disclosure",
    "rank": "robotvision.contest.rank_runs",
    "unpack_runs": "robotvision.contest.rank_runs",
    "write_bundle": "robotvision.contest.codabench.bundle",
    "write_ranked": "robotvision.contest.rank_runs",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
