"""HOG of a depth image: orientations of depth edges over a spatial pyramid.

After Spinello and Arras, "People detection in RGB-D data", IROS 2011 (histograms of oriented
depths), with the cells of PHOG (Bosch et al., CIVR 2007). The gradient is that of the logarithm of
depth, so a step counts in proportion to its distance, as the sensor's error grows; a pixel next to
a missing reading has none. Magnitudes are cut at ``clip``, so that outlines do not drown what lies
within.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from robotvision.features.base import Vector, depth_of
from robotvision.features.gradients import GradientHistogram
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


@parameter_fields
class DepthHOG(GradientHistogram):
    """Histograms of oriented depth gradients.

    Parameters
    ----------
    bins : int, default 12
        Orientation bins, 1 to 360.
    signed : bool, default True
        True: orientations in [0°, 360°), nearer to farther; False: [0°, 180°).
    clip : float, default 0.1
        Largest relative change of depth from one pixel to the next that counts in full, above 0,
        at most 10.
    channel : str, default 'depth'
        Depth channel to read.

    Notes
    -----
    The vector sums to 1; an image without any depth edge gives zeros.
    """

    bins: int = 12
    grids: Sequence[int] = (1, 2, 4)
    signed: bool = True
    clip: float = 0.1
    channel: str = "depth"

    def _check(self) -> None:
        super()._check()
        params.number("clip", self.clip, high=10)

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (dim,) float32."""
        depth = depth_of(frame, self.channel, self)
        is_near_missing = cv2.dilate((depth == 0).view(np.uint8), np.ones((3, 3), np.uint8))
        log = np.log(np.maximum(depth, 1).astype(np.float32))
        dx = np.asarray(cv2.Sobel(log, cv2.CV_32F, 1, 0, scale=1 / 8))
        dy = np.asarray(cv2.Sobel(log, cv2.CV_32F, 0, 1, scale=1 / 8))
        chosen = np.flatnonzero(np.asarray(is_near_missing) == 0)
        dx, dy = dx.ravel()[chosen], dy.ravel()[chosen]
        length = np.hypot(dx, dy)
        shrink = np.minimum(1, self.clip / np.maximum(length, 1e-9)).astype(np.float32)
        return self._histogram(dx * shrink, dy * shrink, chosen, depth.shape)
