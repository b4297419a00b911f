"""Joint histogram of hue, saturation and value, over the cells of a spatial pyramid.

After Swain and Ballard, "Color indexing", IJCV 7(1), 1991, in HSV instead of opponent axes, as the
ImageCLEF participants used it. Hue runs once around in [0, 180) (OpenCV's half degrees),
saturation and value in [0, 256); bins are of equal width.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector, color_of
from robotvision.features.cells import CellExtractor, n_cells, pyramid_counts, unit_sum
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class HSVHistogram(CellExtractor):
    """Joint HSV histogram: the share of pixels in each colour cell.

    Parameters
    ----------
    bins : (hue, saturation, value), default (16, 8, 4)
        Number of bins along each axis, 1 to 64.
    grids : sequence of int, default (1,)
        Sides of the pyramid's grids: ``(1,)`` the whole image, ``(1, 2)`` also its quarters.

    Notes
    -----
    The vector sums to 1; each grid has the same share of it.
    """

    bins: Sequence[int] = (16, 8, 4)
    grids: Sequence[int] = (1,)
    channel: str = "rgb"

    def _check(self) -> None:
        params.wholes("bins", self.bins, length=3, high=64)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: bins times cells."""
        return int(np.prod(self.bins)) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        hsv = cv2.cvtColor(color_of(frame, self.channel, self), cv2.COLOR_RGB2HSV)
        steps = np.asarray(cv2.LUT(hsv, _table(*self.bins)), np.int32)
        index = steps[..., 0] + steps[..., 1] + steps[..., 2]
        return unit_sum(pyramid_counts(index, int(np.prod(self.bins)), self.grids))


@lru_cache(maxsize=16)
def _table(hue: int, saturation: int, value: int) -> NDArray[np.int32]:
    """Return what each level of H, S and V adds to a pixel's bin number, (256, 1, 3) int32."""
    level = np.arange(256)
    table = np.empty((256, 1, 3), np.int32)
    table[:, 0, 0] = np.minimum(level * hue // 180, hue - 1) * (saturation * value)
    table[:, 0, 1] = level * saturation // 256 * value
    table[:, 0, 2] = level * value // 256
    table.flags.writeable = False
    return table
