"""Blur faces in images that are handed out, as OpenCV's YuNet detector finds them.

W. Wu, H. Peng, S. Yu: YuNet: A Tiny Millisecond-level Face Detector. Machine Intelligence Research
20 (2023). OpenCV has the detector's code and not its model, an ONNX file of its model zoo
(``face_detection_yunet_2023mar.onnx``), which is named by its path. No detector sees every face:
look through what you release.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.records import Image

MIN_SCORE = 0.5
"""Lower than the detector's own 0.9: a blurred wall costs less than a face in the open."""
MARGIN = 0.15
"""Of a box's size, on each side."""


def face_blur(model: Path) -> Callable[[Image], Image]:
    """Return a function that blurs the faces of a colour image, (H, W, 3) uint8 RGB.

    Raises
    ------
    RobotVisionError
        The model cannot be read, or OpenCV has no such detector.
    """
    import cv2

    if not hasattr(cv2, "FaceDetectorYN"):
        raise RobotVisionError(
            f"OpenCV {cv2.__version__} has no face detector YuNet; install opencv-python 4.10 or "
            "newer, or blur faces beforehand"
        )
    try:
        detector = cv2.FaceDetectorYN.create(str(model), "", (320, 240), MIN_SCORE)
    except cv2.error as e:
        raise RobotVisionError(
            f"{model}: not a YuNet model that OpenCV {cv2.__version__} can read; give "
            "face_detection_yunet_2023mar.onnx of the OpenCV model zoo"
        ) from e

    def blur(image: Image) -> Image:
        height, width = image.shape[:2]
        detector.setInputSize((width, height))
        _, faces = detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        return blur_boxes(image, [] if faces is None else [f[:4] for f in faces])

    return blur


def blur_boxes(image: Image, boxes: list[Image]) -> Image:
    """Return an image with boxes (x, y, width, height) in pixels, and some margin, blurred.

    The blur is as wide as the box, so that nothing of a face is left to be sharpened.
    """
    import cv2

    blurred = np.array(image)
    for x, y, width, height in boxes:
        left, top = max(int(x - MARGIN * width), 0), max(int(y - MARGIN * height), 0)
        right, bottom = int(x + (1 + MARGIN) * width) + 1, int(y + (1 + MARGIN) * height) + 1
        region = blurred[top:bottom, left:right]
        if region.size:
            small = cv2.resize(region, (3, 3), interpolation=cv2.INTER_AREA)
            size = region.shape[1], region.shape[0]
            region[:] = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return blurred
