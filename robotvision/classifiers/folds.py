"""Which training frames are held out together, so that calibration sees frames that are new.

Neighbouring frames are near-copies: a classifier that saw one knows the next. So frames are held
out by units that belong together:

* a room seen in several groups (a visit, a segment, a sequence): one unit a group;
* a room seen in one group only: its frames there are cut into contiguous blocks, one unit each,
  and the frames of a gap beside a block that is held out are not trained on either, so that a room
  is never held out whole;
* a single group, one unbroken sequence, has no second visit to show how far a visit lies from the
  next: pairs of neighbouring frames are held out, without a gap. That supposes that the robot will
  come back as near as its own frames lie to each other; it errs towards answering, which with three
  wrong answers in ten still beats silence;
* a room of fewer frames than two blocks take: never held out, always trained on.

Units are dealt to folds so that each room is spread over them as evenly as it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from robotvision.arrays import Numbers

N_FOLDS = 5
N_BLOCKS = 3
GAP = 0.05
"""Frames left out on each side of a block, as a share of the room's frames in its one group."""
MIN_BLOCK = 2


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """Rows to train on and rows held out, both ascending."""

    train: Numbers
    test: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """The folds, and how many units are held out in all: the sample size of what is learnt."""

    folds: tuple[Fold, ...]
    n_units: int


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """Rows held out together, and those beside them that are not trained on either."""

    rows: Numbers
    gap: Numbers


def held_out(
    rooms: Numbers, groups: Numbers, seed: int, n_folds: int = N_FOLDS, n_views: int = 1
) -> HeldOut:
    """Return the folds for training rows in time order.

    Parameters
    ----------
    rooms, groups : (n,) int
        Number of each row's room and group.
    seed : int
        Breaks ties between units of one size.
    n_views : int
        Rows that each frame has, side by side, its plain view first: all are trained on or none,
        and the plain view alone is held out.
    """
    if n_views > 1:
        plain = held_out(rooms[::n_views], groups[::n_views], seed, n_folds)
        beside = np.arange(n_views)
        expanded = [
            Fold((f.train[:, None] * n_views + beside).ravel(), f.test * n_views)
            for f in plain.folds
        ]
        return HeldOut(tuple(expanded), plain.n_units)
    units = _units(rooms, groups)
    fold_of = _deal(units, rooms, min(n_folds, len(units)), seed)
    folds = []
    for number in range(min(n_folds, len(units))):
        chosen = [u for u, f in zip(units, fold_of, strict=True) if f == number]
        test = np.sort(np.concatenate([u.rows for u in chosen]))
        left_out = np.zeros(len(rooms), bool)
        left_out[np.concatenate([test, *(u.gap for u in chosen)])] = True
        train = np.flatnonzero(~left_out)
        if len(np.unique(rooms[train])) > 1:
            folds.append(Fold(train, test))
    return HeldOut(tuple(folds), len(units))


def _units(rooms: Numbers, groups: Numbers) -> list[Unit]:
    seen_in = {int(r): np.unique(groups[rooms == r]) for r in np.unique(rooms)}
    several = np.array([len(seen_in[int(r)]) > 1 for r in rooms])
    nothing = np.empty(0, np.int64)
    units = [
        Unit(np.flatnonzero(several & (groups == g)), nothing) for g in np.unique(groups[several])
    ]
    for room, where in seen_in.items():
        if len(where) == 1:
            rows = np.flatnonzero(rooms == room)
            is_single = len(np.unique(groups)) == 1
            units += blocks(rows, len(rows), 0.0) if is_single else blocks(rows, N_BLOCKS, GAP)
    return units


def blocks(rows: Numbers, n_blocks: int, gap: float) -> list[Unit]:
    """Cut the rows of one room into contiguous blocks, each with the rows of its gap.

    Parameters
    ----------
    rows : (n,) int
        Ascending.
    n_blocks : int
        At most; none of fewer than `MIN_BLOCK` rows, and none at all where fewer than two are left.
    gap : float
        Rows left out on each side of a block, as a share of ``rows``.
    """
    n_blocks = min(n_blocks, len(rows) // MIN_BLOCK)
    if n_blocks < 2:
        return []
    width = int(len(rows) * gap)
    edges = np.linspace(0, len(rows), n_blocks + 1).astype(int)
    units = []
    for start, stop in pairwise(edges):
        before, after = rows[max(0, start - width) : start], rows[stop : stop + width]
        units.append(Unit(rows[start:stop], np.concatenate([before, after])))
    return units


def _deal(units: list[Unit], rooms: Numbers, n_folds: int, seed: int) -> list[int]:
    """Give each unit, largest first, to the fold that has least of its rooms so far."""
    n_rooms = int(rooms.max()) + 1
    counts = np.array([np.bincount(rooms[u.rows], minlength=n_rooms) for u in units], float)
    if not len(counts):
        return []
    total = np.maximum(counts.sum(axis=0), 1)
    tie = np.random.default_rng(seed).permutation(len(units))
    filled = np.zeros((n_folds, n_rooms))
    fold_of = [0] * len(units)
    for u in np.lexsort((tie, -counts.sum(axis=1))):
        load = filled @ (counts[u] / total)
        fold = min(range(n_folds), key=lambda f: (load[f], filled[f].sum(), f))
        filled[fold] += counts[u]
        fold_of[u] = fold
    return fold_of
