"""Histogram of a depth image with the share of missing readings, over a spatial pyramid.

How far things are, whatever they look like: a corridor, a small room and a hall differ even in the
dark. Bins are of equal width from 0 to ``max_m``; what lies beyond counts in the last bin. The
share of pixels without a reading (0) is a value of its own: glass, sunlight and distance say where
one is, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.features.base import Extractor, Vector, depth_of
from robotvision.features.cells import cell_shares, n_cells
from robotvision.plugins import params
from robotvision.records import Frame


class DepthHistogram(Extractor):
    """Histogram of distances.

    Parameters
    ----------
    bins : int, default 32
        Number of bins, 1 to 4096.
    max_m : float, default 8.0
        Upper edge of the last bin, in metres, at most 65.535.
    grids : sequence of int, default (1, 2, 4)
        Sides of the pyramid's grids, 1 to 64, each once.
    channel : str, default 'depth'
        Depth channel to read.

    Notes
    -----
    Each cell gives ``bins`` shares and then the share of missing readings; they sum to 1. A cell
    without pixels (an image smaller than its grid) gives zeros.
    """

    def __init__(
        self,
        bins: int = 32,
        max_m: float = 8.0,
        grids: Sequence[int] = (1, 2, 4),
        channel: str = "depth",
    ) -> None:
        self.bins = bins
        self.max_m = max_m
        self.grids = grids
        self.channel = channel
        self._check()

    def _check(self) -> None:
        params.whole("bins", self.bins, high=4096)
        params.number("max_m", self.max_m, high=65.535)
        params.grids(self.grids)
        params.word("channel", self.channel)
        params.dimension(self.dim, "take fewer bins or cells")

    @property
    def dim(self) -> int:
        """Length of the vector: ``(bins + 1)`` times cells."""
        return (self.bins + 1) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        depth = depth_of(frame, self.channel, self)
        index = (depth * np.float32(self.bins / (1000 * self.max_m))).astype(np.int64)
        np.minimum(index, self.bins - 1, out=index)
        index[depth == 0] = self.bins
        return cell_shares(index, self.bins + 1, self.grids)
