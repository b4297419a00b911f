"""Nearest patches: every patch of the image looks for its nearest one in each room, and votes.

A vector of this classifier is an image's patches, one after another: what a network answers at
each place (``pooling: patches`` of the packaged networks, ``output: patches`` of
``timm_backbone``). No two images are compared as wholes, so a place seen from another side or in
another direction is known by those of its patches that are still in view.

* ``distance``: a room's score is minus the mean squared distance from the image's patches to the
  nearest of the room's: naive Bayes nearest neighbours (Boiman, Shechtman and Irani, "In defense of
  nearest-neighbor based image classification", CVPR 2008).
* ``local``: a patch votes for the room of its nearest patch alone, by how much nearer that is than
  the nearest of any other room; a patch that looks alike in two rooms says nothing. After McCann
  and Lowe, "Local naive Bayes nearest neighbor for image classification", CVPR 2012; their
  background is the next neighbour of all, here it is the second room's nearest.

Training patches are reduced to their principal axes and thinned: of each room, and within it of
what is held out together, as many as its share of the frames, chosen to leave none far from all
that are kept (the k-centre rule: Gonzalez, "Clustering to minimize the maximum intercluster
distance", Theoretical Computer Science 38, 1985). Then an image costs one product of matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Numbers
from robotvision.classifiers.base import HoldingOut, Scores, Vectors
from robotvision.classifiers.folds import Fold
from robotvision.errors import RobotVisionError
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields

Patches = NDArray[np.float32]

VOTES = ("local", "distance")
_SAMPLE = 20_000
"""Most patches that the principal axes are computed from."""
_CANDIDATES = 4
"""Patches that the k-centre rule chooses from, for each one it chooses."""


@parameter_fields
class NearestPatches(HoldingOut):
    """Votes of an image's patches for the rooms of the training patches nearest to them.

    About 3 ms an image of 49 patches at the defaults with five rooms, on one core. A trained one
    takes about 4 × ``patches`` × ``axes`` bytes: 3.1 MB at the defaults, however many frames were
    trained on; `n_bytes` tells exactly.

    Parameters
    ----------
    channels : int
        Numbers of each patch, 1 to 4096, as the feature gives them: the vector's length is a
        multiple of it.
    patches : int, default 6000
        Training patches kept of all rooms together, 1 to 1,000,000.
    axes : int, default 128
        Principal axes of the patches that distances are measured along, 1 to 4096; all where there
        are fewer.
    votes : {'local', 'distance'}, default 'local'
        ``local``: for the nearest patch's room alone, by its lead; ``distance``: minus each room's
        mean squared distance.

    Notes
    -----
    With ``augment: {mirror: true}`` the mirrored training frames' patches are kept, too: a query is
    then compared with image and mirror.
    """

    channels: int
    patches: int = 6000
    axes: int = 128
    votes: str = "local"

    def _check(self) -> None:
        params.whole("channels", self.channels, high=4096)
        params.whole("patches", self.patches, high=1_000_000)
        params.whole("axes", self.axes, high=4096)
        params.choice("votes", self.votes, VOTES)

    @property
    def n_bytes(self) -> int:
        """Memory of what was learnt, in bytes; 0 before training."""
        learnt = [value for name, value in vars(self).items() if name.endswith("_")]
        return sum(value.nbytes for value in learnt if isinstance(value, np.ndarray))

    def check_features(self, x: Vectors, blocks: Sequence[slice] = ()) -> None:
        """Raise where vectors are not whole patches. Raises RobotVisionError."""
        if x.shape[1] % self.channels:
            raise RobotVisionError(
                f"nearest_patches: expected vectors of whole patches of {self.channels} numbers, "
                f"got {x.shape[1]} numbers; give the feature 'pooling: patches' (or 'output: "
                "patches') and 'channels' as many numbers as a patch has"
            )

    def _learn(self, x: Vectors, y: Numbers, folds: Sequence[Fold]) -> Scores:
        self.check_features(x)
        self.mean_, self.axes_ = _principal(x.reshape(-1, self.channels), self.axes)
        reduced = np.stack([self._reduced(row) for row in x])
        chosen, rows = _thinned(reduced, _cells(y, folds), self.patches)
        held_out = np.full((len(x), len(self.classes_)), np.nan)
        for fold in folds:
            is_trained = np.isin(rows, fold.train)
            bank = _bank(chosen[is_trained], y[rows[is_trained]], len(self.classes_))
            for row in fold.test:
                held_out[row] = self._scores(reduced[row], bank)
        bank = _bank(chosen, y[rows], len(self.classes_))
        self.kept_, self.halves_, self.starts_ = bank.patches, bank.halves, bank.starts
        return held_out

    def _row(self, x: NDArray[np.float32]) -> Scores:
        return self._scores(self._reduced(x), _Bank(self.kept_, self.halves_, self.starts_))

    def _reduced(self, x: NDArray[np.float32]) -> Patches:
        """Return the patches of one vector along the principal axes, (n, axes)."""
        centred = x.reshape(-1, self.channels) - self.mean_
        return np.asarray(centred @ self.axes_, np.float32)

    def _scores(self, patches: Patches, bank: _Bank) -> Scores:
        """Return what an image's patches say of each room, (k,); minus infinity: not in it."""
        distances = bank.nearest(patches)
        is_known = np.isfinite(distances[0])
        scores = np.full(len(is_known), -np.inf)
        known = distances[:, is_known].astype(np.float64)
        if self.votes == "local" and known.shape[1] > 1:
            second = np.partition(known, 1, axis=1)[:, 1:2]
            scores[is_known] = np.maximum(second - known, 0).mean(axis=0)
        else:
            scores[is_known] = -known.mean(axis=0)
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    """Patches sorted by room, half their squared lengths, and where each room starts, (k + 1,)."""

    patches: Patches
    halves: Patches
    starts: Numbers

    def nearest(self, patches: Patches) -> Patches:
        """Return squared distances to each room's nearest patch, (n, k); infinite: it has none."""
        closeness = patches @ self.patches.T
        closeness -= self.halves
        best = np.full((len(patches), len(self.starts) - 1), -np.inf, np.float32)
        for room, (start, stop) in enumerate(zip(self.starts, self.starts[1:], strict=False)):
            if stop > start:
                closeness[:, start:stop].max(axis=1, out=best[:, room])
        squared: Patches = np.einsum("ij,ij->i", patches, patches)[:, None] - 2 * best
        return np.maximum(squared, 0, out=squared)


def _bank(patches: Patches, rooms: Numbers, n_rooms: int) -> _Bank:
    order = np.argsort(rooms, kind="stable")
    patches = np.ascontiguousarray(patches[order])
    starts = np.searchsorted(rooms[order], np.arange(n_rooms + 1))
    return _Bank(patches, np.einsum("ij,ij->i", patches, patches) / 2, starts)


def _principal(patches: Patches, axes: int) -> tuple[Patches, Patches]:
    """Return the mean (c,) of some of the patches and their longest principal axes (c, axes)."""
    some = patches[:: -(-len(patches) // _SAMPLE)].astype(np.float64)
    mean = some.mean(axis=0)
    some -= mean
    longest = np.linalg.eigh(some.T @ some)[1][:, ::-1][:, :axes]
    return mean.astype(np.float32), np.ascontiguousarray(longest, np.float32)


def _cells(y: Numbers, folds: Sequence[Fold]) -> Numbers:
    """Return the number of each row's cell: its room, and the first fold that it is kept from.

    What is thinned in cells is thinned alike whether a fold is trained on or not.
    """
    first = np.full(len(y), len(folds))
    for number in reversed(range(len(folds))):
        is_out = np.ones(len(y), bool)
        is_out[folds[number].train] = False
        first[is_out] = number
    return np.asarray(np.unique(y * (len(folds) + 1) + first, return_inverse=True)[1], np.int64)


def _thinned(patches: Patches, cells: Numbers, wanted: int) -> tuple[Patches, Numbers]:
    """Return about ``wanted`` patches, at least one a cell, and the row of each.

    Parameters
    ----------
    patches : (rows, places, axes)
    cells : (rows,)
    """
    n_places = patches.shape[1]
    share = min(1.0, wanted / (len(cells) * n_places))
    chosen: list[Patches] = []
    rows: list[Numbers] = []
    for cell in range(int(cells.max()) + 1):
        mine = np.flatnonzero(cells == cell)
        all_of_it = patches[mine].reshape(-1, patches.shape[2])
        n = max(1, round(share * len(all_of_it)))
        few = np.linspace(0, len(all_of_it) - 1, min(len(all_of_it), _CANDIDATES * n))
        few = few.round().astype(np.int64)
        kept = few[centres(all_of_it[few], n)]
        chosen.append(all_of_it[kept])
        rows.append(mine[kept // n_places])
    return np.concatenate(chosen), np.concatenate(rows)


def centres(points: Patches, n: int) -> Numbers:
    """Return the numbers of ``n`` points, in order, such that no other is far from all of them.

    From the first point on, the one farthest from those chosen comes next: the largest distance
    left is at most twice the smallest that any choice of ``n`` could leave.
    """
    if n >= len(points):
        return np.arange(len(points))
    lengths = np.einsum("ij,ij->i", points, points)
    chosen = np.zeros(n, np.int64)
    apart = np.full(len(points), np.inf, np.float32)
    for k in range(1, n):
        last = chosen[k - 1]
        np.minimum(apart, lengths - 2 * (points @ points[last]) + lengths[last], out=apart)
        chosen[k] = apart.argmax()
    return np.sort(chosen)
