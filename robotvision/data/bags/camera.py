"""The calibration of one camera, made to fit the images that were recorded."""

from __future__ import annotations

from typing import Any

from robotvision.data.bags.messages import calibration
from robotvision.data.bags.storage import Topic
from robotvision.data.bags.topics import is_rectified
from robotvision.data.sequence import Source
from robotvision.errors import FrameError

_PIXELS = {"fx": 0, "cx": 0, "fy": 1, "cy": 1}


def camera_calibration(
    info: Any, topic: Topic, first: Source | None, warnings: list[str]
) -> dict[str, float]:
    """Return the calibration of a topic's images, empty where none fits.

    Images may have been made smaller after the camera: then the calibration is scaled, and
    ``warnings`` says so.
    """
    camera = calibration(info, is_rectified(topic))
    if not camera:
        warnings.append(f"{topic.name} is not calibrated (camera_info without focal lengths)")
        return {}
    recorded = _size(first)
    calibrated = (camera.get("width", 0.0), camera.get("height", 0.0))
    if recorded is None or recorded == calibrated or not all(calibrated):
        return camera
    scale = (recorded[0] / calibrated[0], recorded[1] / calibrated[1])
    if abs(scale[0] - scale[1]) > 0.01 * scale[0]:
        warnings.append(
            f"the calibration of {topic.name} is for {calibrated[0]:g}x{calibrated[1]:g} pixels, "
            f"its images have {recorded[0]:g}x{recorded[1]:g}: left out"
        )
        return {}
    warnings.append(
        f"the calibration of {topic.name} is for {calibrated[0]:g}x{calibrated[1]:g} pixels: "
        f"scaled to the images' {recorded[0]:g}x{recorded[1]:g}"
    )
    scaled = {k: v * scale[_PIXELS[k]] if k in _PIXELS else v for k, v in camera.items()}
    return scaled | {"width": recorded[0], "height": recorded[1]}


def _size(source: Source | None) -> tuple[float, float] | None:
    if source is None:
        return None
    try:
        height, width = source.read().shape[:2]
    except FrameError:
        return None
    return float(width), float(height)
