"""PHOG: histograms of edge orientations over a spatial pyramid.

After Bosch, Zisserman and Munoz, "Representing shape with a spatial pyramid kernel", CIVR 2007,
section 2: Canny's edges, their gradient orientation in K bins weighted by gradient magnitude, one
histogram for each cell of each grid, the whole divided by its sum. Canny's thresholds follow the
image as in the authors' Matlab code: the upper one leaves ``1 - edge_share`` of the pixels below
it, the lower one is 0.4 of that, so the descriptor does not change with the image's contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector, gray_of
from robotvision.features.cells import bin_counts
from robotvision.features.gradients import GradientHistogram
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_LOWER = 0.4
"""Canny's lower threshold as a share of the upper one (Matlab's ``edge``)."""


@parameter_fields
class PHOG(GradientHistogram):
    """Pyramid of histograms of oriented gradients.

    Parameters
    ----------
    bins : int, default 20
        Orientation bins, 1 to 360.
    grids : sequence of int, default (1, 2, 4, 8)
        Sides of the pyramid's grids; ``(1, 2, 4, 8)`` are the paper's levels 0 to 3.
    signed : bool, default False
        True: orientations in [0°, 360°); False: opposite directions count as one, [0°, 180°).
    edge_share : float, default 0.3
        Share of the pixels strong enough to start an edge, in (0, 1]; 1: every pixel counts, no
        edge detection (the HOG of an image).

    Notes
    -----
    The vector sums to 1; an image without any edge gives zeros.
    """

    bins: int = 20
    grids: Sequence[int] = (1, 2, 4, 8)
    signed: bool = False
    edge_share: float = 0.3
    channel: str = "rgb"

    def _check(self) -> None:
        super()._check()
        params.number("edge_share", self.edge_share, high=1)

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (dim,) float32."""
        gray = gray_of(frame, self.channel, self)
        dx = cv2.Sobel(gray, cv2.CV_16S, 1, 0)
        dy = cv2.Sobel(gray, cv2.CV_16S, 0, 1)
        chosen = _edges(dx, dy, self.edge_share)
        return self._histogram(dx.ravel()[chosen], dy.ravel()[chosen], chosen, gray.shape)


def _edges(dx: NDArray[Any], dy: NDArray[Any], share: float) -> NDArray[np.int64]:
    """Return the flat positions of the pixels that count."""
    if share >= 1:
        return np.arange(dx.size)
    magnitude = np.abs(dx) + np.abs(dy)
    below = np.cumsum(bin_counts(magnitude, int(magnitude.max()) + 1))
    upper = max(int(np.searchsorted(below, (1 - share) * dx.size)), 1)
    return np.flatnonzero(cv2.Canny(dx, dy, _LOWER * upper, upper))
