"""Pixels of image messages, after sensor_msgs/image_encodings.h and compressed_depth_transport."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.images import decode_color, decode_depth_mm
from robotvision.errors import FrameError
from robotvision.records import frozen

_COLOR: dict[str, tuple[int, str | None]] = {
    "rgb8": (3, None),
    "bgr8": (3, "COLOR_BGR2RGB"),
    "rgba8": (4, "COLOR_RGBA2RGB"),
    "bgra8": (4, "COLOR_BGRA2RGB"),
    "mono8": (1, "COLOR_GRAY2RGB"),
    "8uc1": (1, "COLOR_GRAY2RGB"),
    "8uc3": (3, "COLOR_BGR2RGB"),
    "8uc4": (4, "COLOR_BGRA2RGB"),
    "bayer_rggb8": (1, "COLOR_BayerRGGB2RGB"),
    "bayer_bggr8": (1, "COLOR_BayerBGGR2RGB"),
    "bayer_gbrg8": (1, "COLOR_BayerGBRG2RGB"),
    "bayer_grbg8": (1, "COLOR_BayerGRBG2RGB"),
    "yuv422": (2, "COLOR_YUV2RGB_UYVY"),
    "uyvy": (2, "COLOR_YUV2RGB_UYVY"),
    "yuv422_yuy2": (2, "COLOR_YUV2RGB_YUYV"),
    "yuyv": (2, "COLOR_YUV2RGB_YUYV"),
}
"""Encoding -> bytes a pixel, name of OpenCV's conversion to RGB. 8UC3 and 8UC4 hold BGR."""

_DEPTH = {"16uc1": np.uint16, "mono16": np.uint16, "32fc1": np.float32}
_PNG = b"\x89PNG"


def color(message: Any, where: str) -> NDArray[np.uint8]:
    """Return an Image message as (H, W, 3) uint8 RGB. Raises FrameError."""
    import cv2

    encoding = message.encoding.lower()
    if encoding in ("mono16", "16uc1"):
        grey = _reshape(message, 1, np.uint16, where)[..., 0]
        return frozen(cv2.cvtColor((grey >> 8).astype(np.uint8), cv2.COLOR_GRAY2RGB))
    if encoding not in _COLOR:
        raise FrameError(
            f"{where}: expected a colour encoding ({', '.join(_COLOR)}), got {message.encoding!r}"
        )
    n_channels, conversion = _COLOR[encoding]
    pixels = _reshape(message, n_channels, np.uint8, where)
    if conversion is None:
        return frozen(pixels)
    return frozen(np.asarray(cv2.cvtColor(pixels, getattr(cv2, conversion)), np.uint8))


def depth_mm(message: Any, where: str) -> NDArray[np.uint16]:
    """Return an Image message of depth as (H, W) uint16 millimetres. Raises FrameError.

    16UC1 holds millimetres, 32FC1 metres (REP 118).
    """
    kind = _DEPTH.get(message.encoding.lower())
    if kind is None:
        raise FrameError(f"{where}: expected depth as 16UC1 or 32FC1, got {message.encoding!r}")
    pixels = _reshape(message, 1, kind, where)[..., 0]
    return frozen(pixels) if kind is np.uint16 else metres_to_mm(pixels)


def compressed_color(message: Any, where: str) -> NDArray[np.uint8]:
    """Return a CompressedImage message as (H, W, 3) uint8 RGB. Raises FrameError."""
    return decode_color(message.data.tobytes(), where)


def compressed_depth_mm(message: Any, where: str) -> NDArray[np.uint16]:
    """Return a CompressedImage message of depth as (H, W) uint16 millimetres. Raises FrameError.

    What compressed_depth_transport writes has twelve bytes before the PNG: a kind and the two
    numbers a, b of its code for 32FC1, depth in metres = a / (code - b).
    """
    raw = message.data.tobytes()
    if raw.startswith(_PNG):
        return decode_depth_mm(raw, where)
    if raw[12:16] != _PNG:
        raise FrameError(f"{where}: expected depth as PNG, got the format {message.format!r}")
    code = decode_depth_mm(raw[12:], where)
    if not message.format.upper().startswith("32FC1"):
        return code
    _, a, b = struct.unpack_from("<iff", raw)
    with np.errstate(divide="ignore", invalid="ignore"):
        metres = np.float32(a) / (code.astype(np.float32) - np.float32(b))
    return metres_to_mm(np.where(code == 0, np.float32(0), metres))


def metres_to_mm(metres: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return metres as whole millimetres; 0 where there is no reading or it is out of range."""
    mm = np.rint(np.nan_to_num(metres, nan=0, posinf=0, neginf=0) * 1000)
    return frozen(np.where((mm > 0) & (mm <= 65535), mm, 0).astype(np.uint16))


def _reshape(message: Any, n_channels: int, kind: Any, where: str) -> NDArray[Any]:
    """Return the pixels of an Image message, (H, W, channels), rows' padding cut off."""
    item = np.dtype(kind)
    height, width, step = int(message.height), int(message.width), int(message.step)
    row = width * n_channels * item.itemsize
    if not height or not width or step < row or message.data.size < height * step:
        raise FrameError(
            f"{where}: expected {width}x{height} pixels of {message.encoding} in rows of {step} "
            f"bytes, got {message.data.size} bytes"
        )
    rows = message.data[: height * step].reshape(height, step)[:, :row]
    order = item.newbyteorder(">" if message.is_bigendian else "<")
    pixels = np.ascontiguousarray(rows).view(order).reshape(height, width, n_channels)
    return np.asarray(pixels, item)
