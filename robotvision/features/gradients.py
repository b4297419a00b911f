"""Histograms of gradient orientations over a spatial pyramid: what PHOG and the depth HOG share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector
from robotvision.features.cells import CellExtractor, n_cells, pixel_counts, unit_sum
from robotvision.plugins import params


class GradientHistogram(CellExtractor):
    """Base of the histograms of orientations, weighted by gradient magnitude.

    A subclass has the parameters ``bins, grids, signed, channel``.
    """

    bins: int
    grids: Sequence[int]
    signed: bool

    def _check(self) -> None:
        params.whole("bins", self.bins, high=360)
        params.flag("signed", self.signed)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: bins times cells."""
        return self.bins * n_cells(self.grids)

    def _histogram(
        self,
        dx: NDArray[Any],
        dy: NDArray[Any],
        chosen: NDArray[np.int64],
        shape: tuple[int, ...],
    ) -> Vector:
        """Return the histogram of N gradients, (dim,), summing to 1; zeros where there are none.

        ``dx`` and ``dy`` are (N,), the gradient at the flat positions ``chosen`` of an image of
        ``shape``; bin 0 starts at 0° (a gradient along x).
        """
        if not chosen.size:
            return np.zeros(self.dim, np.float32)
        magnitude, angle = cv2.cartToPolar(dx.astype(np.float32), dy.astype(np.float32))
        turn = 2 * np.pi if self.signed else np.pi
        index = (angle.ravel() * (self.bins / turn)).astype(np.int32) % self.bins
        size = (shape[0], shape[1])
        counts = pixel_counts(index, chosen, size, self.bins, self.grids, magnitude.ravel())
        return unit_sum(counts)
