"""What a classifier is trained on: vectors, rooms, and which rows belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Labels, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Training rows in time order, the views of one frame side by side.

    Parameters
    ----------
    x : (n, d) float32
        Feature vectors.
    y : (n,) str
        Rooms, at least two different ones.
    groups : (n,) int
        Rows of one number (a visit, a segment, a sequence) are held out together.
    blocks : tuple of slice
        Where each feature lies in the vector; empty: a single one.
    n_views : int
        Rows of each frame, its plain view first; see `robotvision.classifiers.folds.held_out`.
    objects : (n, objects) bool or None
        Which objects each frame shows, where the task has objects.
    features : tuple of str
        What each block is (`robotvision.features.described.described`); empty: not known.
    """

    x: Vectors
    y: Labels
    groups: NDArray[np.int64]
    blocks: tuple[slice, ...] = ()
    n_views: int = 1
    objects: NDArray[np.bool_] | None = None
    features: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, chosen: NDArray[Any]) -> TrainingSet:
        """Return some of the rows: all views of a frame, or with ``n_views`` of the caller's."""
        objects = None if self.objects is None else self.objects[chosen]
        x, y, groups = self.x[chosen], self.y[chosen], self.groups[chosen]
        return replace(self, x=x, y=y, groups=groups, objects=objects)

    def feature(self, block: slice) -> TrainingSet:
        """Return the rows of one feature alone."""
        x = np.ascontiguousarray(self.x[:, block])
        named = tuple(f for f, b in zip(self.features, self.blocks, strict=False) if b == block)
        return replace(self, x=x, blocks=(), features=named)
