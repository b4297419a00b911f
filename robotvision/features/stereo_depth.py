"""Any depth extractor for a stereo pair: depth by semi-global matching first.

Hirschmüller, "Stereo processing by semiglobal matching and mutual information", TPAMI 30(2), 2008,
in OpenCV's variant (blocks, five directions). The two images must be rectified: rows match rows.
Depth is ``fx × baseline / disparity``, in whole millimetres, 0 where no match was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.base import FeatureExtractor, Vector, gray_of
from robotvision.features.camera import Calibration, camera_of
from robotvision.features.wrapped import Wrapping, build
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_KEYS = ("fx", "baseline_m")


@parameter_fields
class StereoDepth(Wrapping):
    """Another extractor's vector of the depth that a stereo pair gives.

    Parameters
    ----------
    extractor : str, mapping or extractor, default 'depth_histogram'
        One that reads the channel ``depth`` alone and does not learn: ``depth_histogram``,
        ``{name: esf, scale_m: 8}`` or an object.
    n_disparities : int, default 64
        Disparities searched, in pixels: a multiple of 16 up to 512.
    block_size : int, default 5
        Side of the matched blocks in pixels, odd, 1 to 21.

    Notes
    -----
    Reads the channels ``left`` and ``right``; the calibration of ``left`` must give ``fx`` and
    ``baseline_m``, and what the inner extractor wants of ``depth``. An image no wider than
    ``n_disparities`` gives no reading at all.
    """

    channels = ("left", "right")

    extractor: str | Mapping[str, Any] | FeatureExtractor = "depth_histogram"
    n_disparities: int = 64
    block_size: int = 5

    def _check(self) -> None:
        params.whole("n_disparities", self.n_disparities, low=16, high=512)
        if self.n_disparities % 16:
            raise params.refuse("n_disparities", "a multiple of 16", self.n_disparities)
        params.whole("block_size", self.block_size, high=21)
        if self.block_size % 2 == 0:
            raise params.refuse("block_size", "an odd number", self.block_size)
        inner = build(self.extractor)
        if tuple(inner.channels) != ("depth",) or hasattr(inner, "fit"):
            raise params.refuse(
                "extractor", "one that reads 'depth' alone and does not learn", inner
            )

    @property
    def dim(self) -> int:
        """Length of the vector: the inner one's."""
        return self._inner().dim

    def calibrate(self, calibration: Calibration) -> Self:
        """Take the calibration of ``left``; the inner extractor gets it as that of ``depth``."""
        self.camera_ = camera_of(calibration, "left", _KEYS, self)
        inner: Any = build(self.extractor)
        if hasattr(inner, "calibrate"):
            from sklearn.base import clone

            inner = clone(inner).calibrate({"depth": calibration["left"]})
        self.extractor_ = inner
        return self

    def extract(self, frame: Frame) -> Vector:
        """Return the inner vector of one frame, (dim,) float32."""
        images = {"depth": self.depth(frame)}
        return self._inner().extract(Frame(frame.index, frame.timestamp_ns, images))

    def depth(self, frame: Frame) -> NDArray[np.uint16]:
        """Return the depth of each pixel of ``left``, (H, W) uint16 millimetres.

        Raises
        ------
        RobotVisionError
            Not calibrated, or the two images differ in size.
        """
        camera = getattr(self, "camera_", None) or camera_of(None, "left", _KEYS, self)
        left, right = gray_of(frame, "left", self), gray_of(frame, "right", self)
        if left.shape != right.shape:
            raise RobotVisionError(
                f"frame {frame.index}: StereoDepth expects images of one size, got "
                f"{left.shape} on the left and {right.shape} on the right"
            )
        if left.shape[1] <= self.n_disparities:
            return np.zeros(left.shape, np.uint16)
        disparity = self._disparity(left, right)
        reach_mm = 1000 * camera["fx"] * camera["baseline_m"]
        depth_mm = np.where(disparity > 0, reach_mm / np.maximum(disparity, 1e-3), 0)
        return np.where(depth_mm < 2**16, np.round(depth_mm), 0).astype(np.uint16)

    def _disparity(self, left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the disparity of each pixel of ``left``, in pixels; not above 0: none found."""
        area = self.block_size**2
        matcher = cv2.StereoSGBM.create(
            minDisparity=0,
            numDisparities=self.n_disparities,
            blockSize=self.block_size,
            P1=8 * area,
            P2=32 * area,
            disp12MaxDiff=1,
            uniquenessRatio=10,
            speckleWindowSize=100,
            speckleRange=2,
        )
        return np.asarray(matcher.compute(left, right), np.float32) / np.float32(16)
