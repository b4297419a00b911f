"""Rank a folder of runs: check, score, order, with intervals; write tables and a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard import (
    Contest,
    ContestEntry,
    Standings,
    open_contest,
    read_entries,
    standings,
    with_intervals,
    write_site,
)
from robotvision.report.ranking import write
from robotvision.submissions.batch import Scores, score_folder
from robotvision.submissions.ranking import Ranking, as_dict
from robotvision.submissions.ranking import rank as order


@dataclass(frozen=True)
class RankedRuns:
    """The runs of a folder in order.

    Parameters
    ----------
    scores : Scores
        Every run, scored or refused.
    rankings : list of Ranking
        One, or one a test set where the edition keeps them apart.
    contest : Contest
        The task and the truth of its test sets.
    folder : Path
        Where the runs are.
    """

    scores: Scores
    rankings: list[Ranking]
    contest: Contest
    folder: Path

    @cached_property
    def entries(self) -> list[ContestEntry]:
        """Every scored run by column."""
        return read_entries(self.contest, self.scores, self.folder)

    @cached_property
    def standings(self) -> list[Standings]:
        """The order with its intervals; computed when it is first asked for."""
        return standings(self.contest, self.entries, self.rankings)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What ``robotvision rank --json`` prints, intervals included."""
        return with_intervals(as_dict(self.scores, self.rankings), self.standings)


def rank(
    task: str,
    truths: Sequence[Path],
    folder: Path,
    *,
    train: Sequence[Path] = (),
    mode: str = "obligatory",
    out: Path | None = None,
    site: Path | None = None,
) -> RankedRuns:
    """Check, score and rank every run of a folder.

    Parameters
    ----------
    task : str
        A task's name or YAML file.
    truths : sequence of Path
        A sequence or ``truth.csv`` for each test set, in the task's order.
    folder : Path
        With one truth each ``.txt``, ``.csv`` or ``.run`` file is a run; with several each folder.
    train : sequence of Path
        Training sequences, for a task that takes its rooms from them.
    mode : str
        The mode the runs were made in.
    out : Path, optional
        Write ``ranking.md``, ``ranking.csv`` and ``scores.json`` there.
    site : Path, optional
        Write a static site there.

    Raises
    ------
    RobotVisionError
        The task, a truth or the folder is wrong, or something cannot be written.
    """
    scores = score_folder(task, truths, folder, train=train, mode=mode)
    rankings = order(scores)
    ranked = RankedRuns(scores, rankings, open_contest(task, truths, train), folder)
    if out is not None:
        write(out, scores, rankings, ranked.data, ranked.standings)
    if site is not None:
        write_site(site, ranked.contest, scores, rankings, ranked.entries, ranked.standings, folder)
    return ranked
