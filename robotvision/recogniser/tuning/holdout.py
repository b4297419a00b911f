"""Which training frames are held out together when something is chosen.

Neighbouring frames are near-copies of each other, so a random split would ask about frames whose
neighbours were trained on, and the choice would fall on what remembers best. What is held out is
what lies apart: whole sequences where there are several; else groups of consecutive segments where
there are at least four; else, on one unbroken sequence, a third of each room's frames at a time,
the frames beside it left out of training. A room that one group alone shows could not be asked
about by that: its segments are held out one by one where it has several, else its frames in
contiguous blocks, as in calibration (`robotvision.classifiers.folds`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.classifiers.folds import GAP, N_BLOCKS, Fold, Unit, blocks
from robotvision.recogniser.training import held_out_groups

THIRDS = 3
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The labelled training frames, a row each.

    Parameters
    ----------
    sequence, position, segment : (n,) int
        Where each lies: number of its sequence, place and segment in it.
    rooms : (n,) str
    """

    sequence: Rows
    position: Rows
    segment: Rows
    rooms: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.rooms)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutSplits:
    """All splits; ``unit`` says what was held out: sequences, segments, blocks or thirds."""

    splits: tuple[Fold, ...]
    unit: str

    @property
    def asked(self) -> Rows:
        """The rows that any split asks about, ascending."""
        return np.unique(np.concatenate([s.test for s in self.splits]))


def labelled(sequences: Sequence[data.ImageSequence]) -> Frames:
    """Return the frames whose room is known, in order."""
    rows = [
        (k, i, s.frames[i].segment, str(s.room(i)))
        for k, s in enumerate(sequences)
        for i in range(len(s))
        if s.room(i) is not None
    ]
    numbers = np.array([r[:3] for r in rows], np.int64).reshape(-1, 3)
    return Frames(numbers[:, 0], numbers[:, 1], numbers[:, 2], np.array([r[3] for r in rows], str))


def splits(frames: Frames, n_folds: int) -> HeldOutSplits:
    """Return the splits of the training frames.

    Frames of rooms that a split's training part does not show are not asked about: nobody could
    answer. A split that asks nothing is left out.

    Parameters
    ----------
    n_folds : int
        At most so many; consecutive sequences or segments share one where there are more.
    """
    groups = held_out_groups(list(zip(frames.sequence, frames.segment, strict=True)))
    n_groups = int(groups.max()) + 1 if len(groups) else 0
    if n_groups < 2:
        return HeldOutSplits(tuple(_thirds(frames)), "thirds of each room")
    parts = np.array_split(np.arange(n_groups), min(n_folds, n_groups))
    part_of = np.repeat(np.arange(len(parts)), [len(p) for p in parts])[groups]
    alone = {
        room: _units_of_one_part(np.flatnonzero(frames.rooms == room), groups)
        for room in np.unique(frames.rooms).tolist()
        if len(np.unique(part_of[frames.rooms == room])) == 1
    }
    is_alone = np.isin(frames.rooms, list(alone))
    held_out = []
    for number in range(len(parts)):
        is_test = (part_of == number) & ~is_alone
        is_gap = np.zeros(len(frames), bool)
        for units in alone.values():
            for unit in units[number :: len(parts)]:
                is_test[unit.rows], is_gap[unit.gap] = True, True
        train = np.flatnonzero(~is_test & ~is_gap)
        test = np.flatnonzero(is_test & np.isin(frames.rooms, frames.rooms[train]))
        if len(test) and len(np.unique(frames.rooms[train])) > 1:
            held_out.append(Fold(train, test))
    is_several = len(np.unique(frames.sequence)) > 1
    name = "whole sequences" if is_several else "groups of segments"
    if any(alone.values()):
        name += ", and blocks of rooms that one alone shows"
    return HeldOutSplits(tuple(held_out), name)


def _units_of_one_part(rows: Rows, groups: Rows) -> list[Unit]:
    """Return what is held out together of a room that one part of the groups alone shows."""
    nothing = np.empty(0, np.int64)
    shown_in = np.unique(groups[rows])
    if len(shown_in) > 1:
        return [Unit(rows[groups[rows] == g], nothing) for g in shown_in]
    return blocks(rows, N_BLOCKS, GAP)


def _thirds(frames: Frames) -> list[Fold]:
    """Hold out one third of every room's frames at a time, with a gap beside it."""
    thirds = []
    for third in range(THIRDS):
        is_test, is_gap = np.zeros(len(frames), bool), np.zeros(len(frames), bool)
        for room in np.unique(frames.rooms):
            rows = np.flatnonzero(frames.rooms == room)
            if len(rows) < 2 * THIRDS:
                continue  # too few to hold any out: always trained on
            edges = np.linspace(0, len(rows), THIRDS + 1).astype(int)
            start, stop = edges[third], edges[third + 1]
            width = max(1, round(len(rows) * GAP))
            is_test[rows[start:stop]] = True
            is_gap[rows[max(0, start - width) : start]] = True
            is_gap[rows[stop : stop + width]] = True
        if is_test.any():
            thirds.append(Fold(np.flatnonzero(~is_test & ~is_gap), np.flatnonzero(is_test)))
    return thirds
