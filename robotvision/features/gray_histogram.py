"""Histogram of an image's grey levels, over the cells of a spatial pyramid.

The feature of the kit of ImageCLEF 2014: 256 bins over the whole image. Grey is the luminance of
ITU-R BT.601; bins are of equal width in [0, 256).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.features.base import Vector, gray_of
from robotvision.features.cells import CellExtractor, n_cells, pyramid_counts, unit_sum
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class GrayHistogram(CellExtractor):
    """Histogram of grey levels.

    Parameters
    ----------
    bins : int, default 256
        Number of bins, 1 to 256.
    grids : sequence of int, default (1,)
        Sides of the pyramid's grids: ``(1,)`` the whole image, ``(1, 2)`` also its quarters.

    Notes
    -----
    The vector sums to 1; each grid has the same share of it.
    """

    bins: int = 256
    grids: Sequence[int] = (1,)
    channel: str = "rgb"

    def _check(self) -> None:
        params.whole("bins", self.bins, high=256)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: bins times cells."""
        return self.bins * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        level = np.asarray(gray_of(frame, self.channel, self), np.int32) * self.bins // 256
        return unit_sum(pyramid_counts(level, self.bins, self.grids))
