"""Rank a folder of runs: check, score, order, with intervals; write tables and a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard import (
    open_contest,
    read_entries,
    standings,
    with_intervals,
    write_site,
)
from robotvision.submissions.batch import Scores, score_folder
from robotvision.submissions.ranking import Ranking, as_dict, write
from robotvision.submissions.ranking import rank as order


@dataclass(frozen=True, slots=True)
class RankedRuns:
    """The runs of a folder in order.

    Parameters
    ----------
    scores : Scores
        Every run, scored or refused.
    rankings : sequence of Ranking
        One, or one a test set where the edition keeps them apart.
    data : dict
        What ``robotvision rank --json`` prints; with intervals where they were asked for.
    """

    scores: Scores
    rankings: Sequence[Ranking]
    data: dict[str, Any] = field(repr=False)


def rank(
    task: str,
    truths: Sequence[Path],
    folder: Path,
    *,
    train: Sequence[Path] = (),
    mode: str = "obligatory",
    out: Path | None = None,
    site: Path | None = None,
    intervals: bool = True,
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
    intervals : bool
        Resample room visits; files and sites always carry intervals.

    Raises
    ------
    RobotVisionError
        The task, a truth or the folder is wrong, or something cannot be written.
    """
    scores = score_folder(task, truths, folder, train=train, mode=mode)
    rankings = order(scores)
    data = as_dict(scores, rankings)
    if not intervals and out is None and site is None:
        return RankedRuns(scores, rankings, data)
    contest = open_contest(task, truths, train)
    entries = read_entries(contest, scores, folder)
    found = standings(contest, entries, rankings)
    data = with_intervals(data, found)
    if out is not None:
        write(out, scores, rankings, data)
    if site is not None:
        write_site(site, contest, scores, rankings, entries, found, folder)
    return RankedRuns(scores, rankings, data)
