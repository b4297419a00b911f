"""Histograms of the opponent colours.

After van de Sande, Gevers and Snoek, "Evaluating color descriptors for object and scene
recognition", TPAMI 32(9), 2010, section 3.1: O1 = (R − G)/√2, O2 = (R + G − 2B)/√6 and
O3 = (R + G + B)/√3, a histogram of each. O1 and O2 hold the colour and do not change with the
intensity's offset; O3 is the intensity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.features.base import Vector, color_of
from robotvision.features.cells import CellExtractor, n_cells, pyramid_counts, unit_sum
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class OpponentHistogram(CellExtractor):
    """Three histograms, of O1, O2 and O3, or one joint histogram.

    Parameters
    ----------
    bins : (O1, O2, O3), default (32, 32, 32)
        Number of bins along each axis, 1 to 256.
    joint : bool, default False
        True: one histogram of all three axes at once.

    Notes
    -----
    The vector sums to 1. Bins are of equal width over what 8-bit colours can reach.
    """

    bins: Sequence[int] = (32, 32, 32)
    joint: bool = False
    grids: Sequence[int] = (1,)
    channel: str = "rgb"

    def _check(self) -> None:
        params.wholes("bins", self.bins, length=3, high=256)
        params.flag("joint", self.joint)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: bins times cells."""
        bins = np.prod(self.bins) if self.joint else np.sum(self.bins)
        return int(bins) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        color = color_of(frame, self.channel, self)
        r, g, b = (color[..., i].astype(np.int32) for i in range(3))
        # each axis without its root, from 0: the bins are the same
        axes = ((r - g + 255, 511), (r + g - 2 * b + 510, 1021), (r + g + b, 766))
        steps = [v * n // levels for (v, levels), n in zip(axes, self.bins, strict=True)]
        if self.joint:
            index = (steps[0] * self.bins[1] + steps[1]) * self.bins[2] + steps[2]
            return unit_sum(pyramid_counts(index, int(np.prod(self.bins)), self.grids))
        parts = [
            pyramid_counts(step, n, self.grids) for step, n in zip(steps, self.bins, strict=True)
        ]
        return unit_sum(np.concatenate(parts, axis=1))
