"""The runs of a folder in order, with intervals: what sites, tables and JSON are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard.contest import Contest, ContestEntry, read_entries
from robotvision.contest.leaderboard.standings import Standings, standings, with_intervals
from robotvision.submissions.batch import Scores
from robotvision.submissions.ranking import Ranking, as_dict


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
        return read_entries(self.contest, self.scores)

    @cached_property
    def standings(self) -> list[Standings]:
        """The order with its intervals; computed when it is first asked for."""
        return standings(self.contest, self.entries, self.rankings)

    @cached_property
    def blind_standings(self) -> list[Standings]:
        """The same with intervals whose bounds do not tell what is in view in a frame."""
        return standings(self.contest, self.entries, self.rankings, is_blind=True)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What ``robotvision rank --json`` prints, intervals included."""
        return with_intervals(as_dict(self.scores, self.rankings), self.standings)
