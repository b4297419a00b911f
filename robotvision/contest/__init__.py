"""What an organiser runs: ranking sites, Codabench bundles."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "RankedRuns": "robotvision.contest.rank_runs",
    "open_contest": "robotvision.contest.leaderboard.contest",
    "rank": "robotvision.contest.rank_runs",
    "write_bundle": "robotvision.contest.codabench.bundle",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
