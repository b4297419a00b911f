"""Decode and encode images, saying plainly what is wrong with a broken one.

OpenCV hands back a half-grey image for a JPEG that was cut short; here it is an error.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import FrameError, RobotVisionError
from robotvision.records import frozen

MAX_PIXELS = 2**26
REDUCTIONS = (1, 2, 4, 8)
"""By how much `decode_grey` can reduce an image."""
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
        return frozen(decode_image(raw, where, straight))
    image = decode_image(raw, where, cv2.IMREAD_COLOR)
    return frozen(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def decode_grey(raw: bytes, where: str, reduced: int = 1) -> NDArray[np.uint8]:
    """Return an image in grey, (H, W) uint8.

    Parameters
    ----------
    reduced : int
        One of `REDUCTIONS`. A JPEG is decoded at this fraction of its size, in a fraction of the
        time; any other image in full.

    Raises
    ------
    FrameError
        The bytes are not a whole image.
    """
    import cv2

    flags = {
        2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
        4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
        8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    }
    is_jpeg = raw.startswith(_JPEG)
    return decode_image(raw, where, flags.get(reduced if is_jpeg else 1, cv2.IMREAD_GRAYSCALE))


def decode_depth_mm(raw: bytes, where: str) -> NDArray[np.uint16]:
    """Return a depth image as (H, W) uint16 millimetres, 0 = no reading.

    Raises
    ------
    FrameError
        The bytes are not a whole image with one 16-bit channel.
    """
    import cv2

    image = decode_image(raw, where, cv2.IMREAD_UNCHANGED)
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


def decode_image(raw: bytes, where: str, flags: int) -> NDArray[Any]:
    """Return an image as OpenCV decodes it under its ``flags``.

    Raises
    ------
    FrameError
        The bytes are not a whole image, or its header claims more than `MAX_PIXELS` pixels or no
        size at all: what would be allocated must be known before.
    """
    import cv2

    if not raw:
        raise FrameError(f"{where}: the image is empty (0 bytes)")
    if is_cut_short(raw):
        raise FrameError(f"{where}: the image is cut short ({len(raw)} bytes)")
    size = claimed_size(raw)
    if size is None:
        raise FrameError(f"{where}: not an image that can be decoded ({len(raw)} bytes)")
    width, height = size
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
    """Return (width, height) that an image's header claims, None where it does not say.

    Of PNG, JPEG, BMP, PGM/PPM, TIFF and WebP; the largest where it claims several.
    """
    for mark, of in _SIZES:
        if raw.startswith(mark):
            try:
                return of(raw)
            except (struct.error, ValueError, IndexError):
                return None  # cut short within its header
    return None


def shown_size(raw: bytes) -> tuple[int, int] | None:
    """Return (width, height) of an image as it is decoded: a JPEG turned as its Exif data says."""
    size = claimed_size(raw)
    return size[::-1] if size and raw.startswith(_JPEG) and _is_turned(raw) else size


def _is_turned(raw: bytes) -> bool:
    """Return whether a JPEG's Exif orientation exchanges width and height."""
    at = raw.find(b"Exif\0\0", 0, 4096)
    exif = raw[at + 6 : at + 6 + 2**16] if at >= 0 else b""
    try:
        for order, at in _tiff_entries(exif):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, at)
            if tag == _EXIF_ORIENTATION:
                return bool(5 <= value <= 8)
    except struct.error:
        pass  # no Exif data, or cut short: decoded as it lies
    return False


def _tiff_entries(raw: bytes) -> Iterator[tuple[str, int]]:
    """Yield the byte order and the place of each entry of TIFF's first directory."""
    order = "<" if raw.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", raw, 4)
    (n_entries,) = struct.unpack_from(f"{order}H", raw, start)
    for k in range(min(n_entries, 512)):
        yield order, start + 2 + 12 * k


def _size_of_png(raw: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", raw, 16)
    return width, height


def _size_of_jpeg(raw: bytes) -> tuple[int, int] | None:
    at, largest = 2, None
    while (at := raw.find(b"\xff", at)) >= 0 and at + 9 <= len(raw):
        marker = raw[at + 1]
        if marker == 0xDA:  # pixels follow
            break
        if marker in _JPEG_ALONE:
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", raw, at + 5)
            largest = max(largest or (0, 0), (width, height), key=lambda s: s[0] * s[1])
        at += 2 + int.from_bytes(raw[at + 2 : at + 4], "big")
    return largest


def _size_of_bmp(raw: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", raw, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", raw, 18)
    return abs(width), abs(height)


def _size_of_pnm(raw: bytes) -> tuple[int, int]:
    words = re.sub(rb"#[^\n]*", b"", raw[2:1024]).split(None, 2)
    width, height = int(words[0][:9]), int(words[1][:9])
    return width, height


def _size_of_webp(raw: bytes) -> tuple[int, int] | None:
    kind = raw[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", raw, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", raw, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        width, height = (int.from_bytes(raw[k : k + 3], "little") + 1 for k in (24, 27))
        return width, height
    return None


def _size_of_tiff(raw: bytes) -> tuple[int, int] | None:
    size = {}
    for order, at in _tiff_entries(raw):
        tag, kind = struct.unpack_from(f"{order}HH", raw, at)
        if tag in _TIFF_SIZE:
            form = f"{order}H" if kind == 3 else f"{order}I"
            (size[tag],) = struct.unpack_from(form, raw, at + 8)
    return (size[256], size[257]) if len(size) == 2 else None


_JPEG_ALONE = frozenset({0x00, 0x01, 0xFF, *range(0xD0, 0xDA)})
"""Markers of JPEG without a length: stuffing, TEM, fill, restarts, start and end of the image."""
_TIFF_SIZE = (256, 257)
_EXIF_ORIENTATION = 274
_SIZES: tuple[tuple[bytes, Callable[[bytes], tuple[int, int] | None]], ...] = (
    (_PNG, _size_of_png),
    (_JPEG, _size_of_jpeg),
    (b"BM", _size_of_bmp),
    *((b"P%d" % k, _size_of_pnm) for k in range(1, 7)),
    (b"RIFF", _size_of_webp),
    (b"II*\0", _size_of_tiff),
    (b"MM\0*", _size_of_tiff),
)


def is_cut_short(raw: bytes) -> bool:
    """Return whether a JPEG lacks its end mark, or a PNG a chunk that its header announces.

    What a chunk of PNG claims to hold is allocated by the decoder before it is read.
    """
    if raw.startswith(_JPEG):
        return raw.rfind(b"\xff\xd9", max(0, len(raw) - 4096)) < 0
    if raw.startswith(_PNG):
        at = len(_PNG)
        while at + 12 <= len(raw):
            is_last = raw[at + 4 : at + 8] == b"IEND"
            at += 12 + int.from_bytes(raw[at : at + 4], "big")
            if is_last:
                return at > len(raw)
        return True
    return False
