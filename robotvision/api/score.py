"""A score: points against their maximum, outcomes, breakdown by room and object, confusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.records import Notice
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import ObjectLine, RoomLine, Tally, total
from robotvision.submissions.score import summarise
from robotvision.tasks.model import Task


@dataclass(frozen=True, eq=False)
class Score:
    """What answers are worth under a task.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    tallies : Mapping[str, Tally]
        By test set; the figures below are of all of them together.
    mode : str
        ``obligatory`` or ``optional``.
    policy : str or Mapping
        The late-frame policy that judged the answers.
    notices : tuple of Notice
        What a reader of the score must know.
    table : FrameTable, optional
        The scored frames, from which the interval comes; None: there is none.
    """

    task: Task
    tallies: Mapping[str, Tally]
    mode: str = "obligatory"
    policy: Any = "offline"
    notices: tuple[Notice, ...] = ()
    table: FrameTable | None = None

    @cached_property
    def tally(self) -> Tally:
        """The counts behind the figures, of all test sets."""
        return total(self.task, self.tallies)

    @property
    def points(self) -> float:
        """Points earned."""
        return self.tally.points

    @property
    def max_points(self) -> float:
        """The most points that the frames with a known truth allow."""
        return self.tally.max_points

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.tally.frames

    @property
    def points_per_frame(self) -> float:
        """Points divided by frames; nan without frames."""
        return self.points / self.frames if self.frames else float("nan")

    @property
    def outcomes(self) -> dict[str, int]:
        """Frames by outcome."""
        return self.tally.outcomes

    @property
    def rooms(self) -> list[RoomLine]:
        """The breakdown by true room, in the task's order."""
        return self.tally.rooms()

    @property
    def objects(self) -> list[ObjectLine]:
        """The breakdown by object, where the task has objects."""
        return self.tally.objects()

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(labels, labels) counts: row true label, column answered; see ``task.labels``."""
        return self.tally.confusion

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with the keys of ``robotvision score --json``."""
        return summarise(self.task, self.tallies, self.mode, self.policy, self.notices, self.table)

    def __repr__(self) -> str:
        return f"Score({self.points:g} of {self.max_points:g} points, {self.frames} frames)"
