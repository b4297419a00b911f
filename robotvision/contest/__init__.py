"""What an organiser runs: contests of teams, ranking sites, Codabench bundles."""

from __future__ import annotations

from robotvision.plugins.lazy import lazy_names

CALLS = {
    "Delivery": "robotvision.contest.store",
    "Disclosure": "robotvision.contest.leaderboard.disclosure",
    "EntryRules": "robotvision.contest.verdict",
    "HandedOut": "robotvision.contest.start",
    "RankedRuns": "robotvision.contest.leaderboard.ranked",
    "Reveal": "robotvision.contest.leaderboard.disclosure",
    "EntryVerdict": "robotvision.contest.verdict",
    "add": "robotvision.contest.store",
    "boards": "robotvision.contest.board",
    "check_bundle": "robotvision.contest.codabench.form",
    "contest_data": "robotvision.contest.published",
    "effort": "robotvision.contest.leaderboard.effort",
    "init": "robotvision.contest.start",
    "judge": "robotvision.contest.judging",
    "judged_answers": "robotvision.contest.judging",
    "open_contest": "robotvision.contest.leaderboard.contest",
    "open_contest_file": "robotvision.contest.file",
    "public_part": "robotvision.contest.leaderboard.disclosure",
    "publish": "robotvision.contest.published",
    "rank": "robotvision.contest.rank_runs",
    "rank_folder": "robotvision.contest.rank_runs",
    "receive": "robotvision.contest.board",
    "rehearse": "robotvision.contest.release",
    "unpack_runs": "robotvision.contest.rank_runs",
    "verdict_on": "robotvision.contest.verdict",
    "withdraw": "robotvision.contest.store",
    "write_bundle": "robotvision.contest.codabench.bundle",
    "write_ranked": "robotvision.contest.rank_runs",
}
"""What it offers beside its modules -> where it is defined; imported on first use."""

__getattr__, __dir__ = lazy_names(__name__, CALLS)
