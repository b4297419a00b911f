"""The runs of a folder in order, with intervals: what sites, tables and JSON are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard.contest import Contest, ContestEntry, read_entries
from robotvision.contest.leaderboard.panels import BoardPanel, BoardRow, panels
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
    listed : sequence of BoardRow, optional
        What each scored run is, where not all of them are ranked.
    conditions : Mapping[str, Mapping[str, str]]
        Under which each test set was recorded.
    """

    scores: Scores
    rankings: list[Ranking]
    contest: Contest
    folder: Path
    listed: Sequence[BoardRow] | None = None
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def entries(self) -> list[ContestEntry]:
        """Every scored run by column."""
        return read_entries(self.contest, self.scores)

    @cached_property
    def rows(self) -> Sequence[BoardRow]:
        """Every scored run as a board shows it; without ``listed`` all are ranked."""
        if self.listed is not None:
            return self.listed
        return [BoardRow(entry, team=entry.team) for entry in self.entries]

    @cached_property
    def standings(self) -> list[Standings]:
        """The order with its intervals; computed when it is first asked for."""
        return standings(self.contest, self.entries, self.rankings)

    @cached_property
    def blind_standings(self) -> list[Standings]:
        """The same with intervals whose bounds do not tell what is in view in a frame."""
        return standings(self.contest, self.entries, self.rankings, is_blind=True)

    def standings_as(self, *, is_blind: bool) -> list[Standings]:
        """Return the order with its intervals, blind or not."""
        return self.blind_standings if is_blind else self.standings

    @cached_property
    def _panels(self) -> dict[bool, list[BoardPanel]]:
        return {}

    def panels(self, *, is_blind: bool = False) -> list[BoardPanel]:
        """Return the tabs of the board, computed once; ``is_blind`` as `panels` takes it."""
        if is_blind not in self._panels:
            whole = self.standings_as(is_blind=is_blind)
            self._panels[is_blind] = panels(
                self.contest, self.rows, whole, self.conditions, is_blind=is_blind
            )
        return self._panels[is_blind]

    @cached_property
    def data(self) -> dict[str, Any]:
        """What ``robotvision rank --json`` prints, intervals included."""
        return with_intervals(as_dict(self.scores, self.rankings), self.standings)
