"""From depth images to points: the pinhole camera and what a sequence says of it.

Points are in metres in the camera's frame: x right, y down, z forward. Extractors that use y as the
vertical take the camera for upright, as on a wheeled robot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.base import Extractor

PINHOLE = ("fx", "fy", "cx", "cy")

Calibration = Mapping[str, Mapping[str, float]]


def camera_of(
    calibration: Calibration | None, channel: str, keys: Iterable[str], extractor: object
) -> dict[str, float]:
    """Return the wanted numbers of a channel's calibration.

    Parameters
    ----------
    calibration : mapping or None
        By channel; None: `calibrate` has not been called.

    Raises
    ------
    RobotVisionError
        Something is missing, or is no number above 0 where it has to be one; says what.
    """
    who = type(extractor).__name__
    if calibration is None:
        raise RobotVisionError(
            f"{who} needs the camera's calibration: call calibrate(calibration) first"
        )
    have = calibration.get(channel, {})
    values: dict[str, float] = {}
    for key in keys:
        if key not in have:
            known = ", ".join(have) or "nothing"
            raise RobotVisionError(
                f"{who} needs {key!r} in the calibration of the channel {channel!r}, which this "
                f"sequence does not give (it gives: {known}); add it to sequence.yaml"
            )
        value = float(have[key])
        if not np.isfinite(value) or (key not in ("cx", "cy") and value <= 0):
            raise RobotVisionError(
                f"{who}: {key!r} in the calibration of the channel {channel!r}: expected a number"
                f"{'' if key in ('cx', 'cy') else ' above 0'}, got {have[key]!r}"
            )
        values[key] = value
    return values


class PinholeExtractor(Extractor):
    """Base of the extractors that turn one depth channel into points: they must know its camera.

    Parameters
    ----------
    channel : str
        Depth channel to read; its calibration must give fx, fy, cx, cy.
    """

    camera_: dict[str, float]

    def calibrate(self, calibration: Calibration) -> Self:
        """Take the depth camera's calibration; return self. Raises RobotVisionError."""
        self.camera_ = camera_of(calibration, self.channel, self._camera_keys(), self)
        return self

    def _camera_keys(self) -> tuple[str, ...]:
        """Return what its channel's calibration must give."""
        return PINHOLE

    def _camera(self) -> dict[str, float]:
        """Return the camera. Raises RobotVisionError where `calibrate` has not been called."""
        return getattr(self, "camera_", None) or camera_of(None, self.channel, (), self)


def cloud(depth: NDArray[np.uint16], camera: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the point of each pixel, (H, W, 3) float32 metres; zeros where nothing was read."""
    z = depth.astype(np.float32) / np.float32(1000)
    points = np.empty((*depth.shape, 3), np.float32)
    column = (np.arange(depth.shape[1]) - camera["cx"]) / camera["fx"]
    row = (np.arange(depth.shape[0]) - camera["cy"]) / camera["fy"]
    np.multiply(z, column.astype(np.float32)[None], out=points[..., 0])
    np.multiply(z, row.astype(np.float32)[:, None], out=points[..., 1])
    points[..., 2] = z
    return points
