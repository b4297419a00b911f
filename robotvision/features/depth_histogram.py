"""Histogram of a depth image with the share of missing readings, over a spatial pyramid.

How far things are, whatever they look like: a corridor, a small room and a hall differ even in the
dark. Bins are of equal width from 0 to ``max_m``; what lies beyond counts in the last bin. The
share of pixels without a reading (0) is a value of its own, if wanted: glass, sunlight and distance
say where one is, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.features.base import Vector, depth_of
from robotvision.features.cells import CellExtractor, cell_shares, n_cells, pyramid_counts
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class DepthHistogram(CellExtractor):
    """Histogram of distances.

    Parameters
    ----------
    bins : int, default 32
        Number of bins, 1 to 4096.
    max_m : float, default 8.0
        Upper edge of the last bin, in metres, at most 65.535.
    channel : str, default 'depth'
        Depth channel to read.
    missing : bool, default True
        Whether the share of missing readings is a value; else they are left out, and a cell's
        shares are those of its readings (the kit of ImageCLEF 2014).

    Notes
    -----
    Each cell gives ``bins`` shares and then the share of missing readings; they sum to 1. A cell
    without pixels (an image smaller than its grid), or without readings that count, gives zeros.
    """

    bins: int = 32
    max_m: float = 8.0
    grids: Sequence[int] = (1, 2, 4)
    channel: str = "depth"
    missing: bool = True  # also of models that were written before there was the parameter

    def _check(self) -> None:
        params.whole("bins", self.bins, high=4096)
        params.number("max_m", self.max_m, high=65.535)
        params.flag("missing", self.missing)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: ``bins``, and one for missing readings, times cells."""
        return (self.bins + self.missing) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        depth = depth_of(frame, self.channel, self)
        index = (depth * np.float32(self.bins / (1000 * self.max_m))).astype(np.int64)
        np.minimum(index, self.bins - 1, out=index)
        index[depth == 0] = self.bins
        if self.missing:
            return cell_shares(index, self.bins + 1, self.grids)
        counts = pyramid_counts(index, self.bins + 1, self.grids)[:, : self.bins]
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        return np.asarray(shares.ravel(), np.float32)
