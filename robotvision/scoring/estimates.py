"""Points of scored frames with their interval: what score, reports, pages and rankings quote.

Every frame has bounds of its own: the least and the most that its truth allows under the task.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from robotvision.arrays import Floats
from robotvision.scoring.intervals import Interval, interval
from robotvision.scoring.points import NOT_IN_VIEW, PointsTable
from robotvision.scoring.table import FrameTable
from robotvision.tasks.model import Task

Unit = Literal["visit", "sequence"]
UNITS = {"visit": "room visits", "sequence": "sequences"}


def frame_bounds(table: FrameTable, task: Task, *, is_blind: bool = False) -> tuple[Floats, Floats]:
    """Return (n,) the least and (n,) the most points that each frame can earn.

    ``is_blind``: whatever objects are in view, so that nothing of the truth is in the bounds.
    """
    worth = PointsTable(task)
    rooms = worth.correct, worth.wrong, worth.unanswered
    least, most = np.full(len(table), min(rooms)), np.full(len(table), max(rooms[0], rooms[2]))
    if table.in_view is not None:
        n_seen = table.in_view.sum(1)
        n_other = len(worth.objects) - n_seen
        seen, other = worth.statements[:NOT_IN_VIEW], worth.statements[NOT_IN_VIEW:]
        if is_blind:
            seen = other = worth.statements
        least += n_seen * seen.min() + n_other * other.min()
        most += n_seen * seen.max() + n_other * other.max()
    return least, most


def points_interval(
    table: FrameTable, task: Task, by: Unit = "visit", *, is_blind: bool = False
) -> Interval:
    """Return the points of a scored table with their interval, over the frames with a truth.

    ``is_blind`` as `frame_bounds` takes it.
    """
    known = table if table.is_known.all() else table.select(table.is_known)
    blocks = known.visit if by == "visit" else known.sequence
    bounds = frame_bounds(known, task, is_blind=is_blind)
    return interval(known.points, blocks, bounds=bounds, unit=UNITS[by])
