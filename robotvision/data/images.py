"""Decode and encode images, saying plainly what is wrong with a broken one.

OpenCV hands back a half-grey image for a JPEG that was cut short; here it is an error.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import FrameError, RobotVisionError
from robotvision.records import frozen

MAX_PIXELS = 2**26
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


def decode_color(raw: bytes, where: str) -> NDArray[np.uint8]:
    """Return an image as (H, W, 3) uint8 RGB.

    Raises
    ------
    FrameError
        The bytes are not a whole image.
    """
    import cv2

    straight = getattr(cv2, "IMREAD_COLOR_RGB", None)  # there from OpenCV 4.11 on
    if straight is not None:
        return frozen(_decode(raw, where, straight))
    image = _decode(raw, where, cv2.IMREAD_COLOR)
    return frozen(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def decode_depth_mm(raw: bytes, where: str) -> NDArray[np.uint16]:
    """Return a depth image as (H, W) uint16 millimetres, 0 = no reading.

    Raises
    ------
    FrameError
        The bytes are not a whole image with one 16-bit channel.
    """
    import cv2

    image = _decode(raw, where, cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint16 or image.ndim != 2:
        raise FrameError(
            f"{where}: expected a depth image of one 16-bit channel, got shape {image.shape} "
            f"of {image.dtype}"
        )
    return frozen(image)


def encode_jpeg(image: NDArray[np.uint8], quality: int = 90) -> bytes:
    """Return an RGB image as JPEG."""
    import cv2

    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return _encode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(image: NDArray[np.uint16] | NDArray[np.uint8]) -> bytes:
    """Return a depth (H, W) or an RGB image as PNG."""
    import cv2

    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    return _encode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _encode(extension: str, image: NDArray[Any], flags: list[int]) -> bytes:
    import cv2

    ok, raw = cv2.imencode(extension, image, flags)
    if not ok:
        raise RobotVisionError(f"cannot encode an image of shape {image.shape} as {extension}")
    return raw.tobytes()


def _decode(raw: bytes, where: str, flags: int) -> NDArray[Any]:
    import cv2

    if not raw:
        raise FrameError(f"{where}: the image is empty (0 bytes)")
    if is_cut_short(raw):
        raise FrameError(f"{where}: the image is cut short ({len(raw)} bytes)")
    width, height = claimed_size(raw) or (0, 0)
    if width * height > MAX_PIXELS:
        raise FrameError(
            f"{where}: expected at most {MAX_PIXELS} pixels, the image claims {width}x{height}"
        )
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), flags)
    except cv2.error as e:
        raise FrameError(f"{where}: the image cannot be decoded ({e.err})") from e
    if image is None:
        raise FrameError(f"{where}: not an image that can be decoded ({len(raw)} bytes)")
    return np.asarray(image)


def claimed_size(raw: bytes) -> tuple[int, int] | None:
    """Return (width, height) that a PNG or JPEG claims, None where its header does not say."""
    if raw.startswith(_PNG) and len(raw) >= 24:
        width, height = struct.unpack_from(">II", raw, 16)
        return width, height
    at = 2 if raw.startswith(_JPEG) else len(raw)
    while at + 9 <= len(raw) and raw[at] == 0xFF:
        marker, length = raw[at + 1], int.from_bytes(raw[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", raw, at + 5)
            return width, height
        at += 1 if marker == 0xFF else 2 + length
    return None


def is_cut_short(raw: bytes) -> bool:
    """Return whether a JPEG or PNG lacks its end mark."""
    if raw.startswith(_JPEG):
        return raw.rfind(b"\xff\xd9", max(0, len(raw) - 4096)) < 0
    if raw.startswith(_PNG):
        return raw.rfind(b"IEND", max(0, len(raw) - 4096)) < 0
    return False
