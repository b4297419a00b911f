"""How much there is to see in an image: the measure the generated building is held to.

Real places (an office, a university tower) have an edge density of about 0.1, and hardly a frame
that is blank.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (320, 240)
CANNY = (50, 150)
"""Canny's thresholds, without smoothing before, on grey values of 0 to 255."""
BLANK = 0.02
"""A frame of a lower edge density is blank."""


def edge_density(image: NDArray[np.uint8]) -> float:
    """Return the share of pixels on Canny's edges of an RGB image scaled to 320 x 240."""
    if image.shape[:2] != SIZE[::-1]:
        image = np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    edges = cv2.Canny(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), *CANNY)
    return float((edges > 0).mean())
