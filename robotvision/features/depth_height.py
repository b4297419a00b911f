"""Histogram of how high above the floor the seen surfaces lie.

Table tops, seats and beds have heights of their own, which do not change with the robot's place in
the room; compare the height channel of Gupta, Girshick, Arbeláez and Malik, "Learning rich features
from RGB-D images for object detection and segmentation", ECCV 2014. The camera is taken for
upright and its own height known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.features.base import Vector, depth_of
from robotvision.features.camera import PINHOLE, PinholeExtractor, cloud
from robotvision.features.cells import CellExtractor, cell_shares, n_cells
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class DepthHeight(PinholeExtractor, CellExtractor):
    """Histogram of heights above the floor.

    Parameters
    ----------
    bins : int, default 24
        Number of bins from 0 to ``max_m``, 1 to 4096; what lies below or above counts in the
        outer ones.
    max_m : float, default 2.4
        Upper edge of the last bin, in metres, at most 100.
    height_m : float or None, default None
        Height of the camera in metres, at most 100; None: the calibration must give ``height_m``.

    Notes
    -----
    Each cell gives its bins' shares and then the share of missing readings; they sum to 1.
    """

    bins: int = 24
    max_m: float = 2.4
    height_m: float | None = None
    grids: Sequence[int] = (1, 2)
    channel: str = "depth"

    def _check(self) -> None:
        params.whole("bins", self.bins, high=4096)
        params.number("max_m", self.max_m, high=100)
        if self.height_m is not None:
            params.number("height_m", self.height_m, high=100)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: ``(bins + 1)`` times cells."""
        return (self.bins + 1) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        camera = self._camera()
        depth = depth_of(frame, self.channel, self)
        own_m = camera["height_m"] if self.height_m is None else self.height_m
        height_m = own_m - cloud(depth, camera)[..., 1]
        index = np.clip(height_m * (self.bins / self.max_m), 0, self.bins - 1).astype(np.int64)
        index[depth == 0] = self.bins
        return cell_shares(index, self.bins + 1, self.grids)

    def _camera_keys(self) -> tuple[str, ...]:
        return PINHOLE if self.height_m is not None else (*PINHOLE, "height_m")
