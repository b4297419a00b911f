"""The logo of a competition: a plan of rooms, drawn here so that it belongs to nobody else."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIZE = 240
GROUND, WALL = (245, 246, 244), (31, 95, 139)
ROOMS = (((20, 20, 110, 130), (59, 110, 165)), ((120, 20, 220, 80), (46, 133, 85)),
         ((120, 90, 220, 220), (168, 116, 13)), ((20, 140, 110, 220), (153, 68, 127)))  # fmt: skip


def logo() -> bytes:
    """Return a PNG of 240 x 240 pixels, the same bytes each time."""
    image = np.full((SIZE, SIZE, 3), GROUND, np.uint8)
    for (left, top, right, bottom), color in ROOMS:
        image[top:bottom, left:right] = color
        image[top + 4 : bottom - 4, left + 4 : right - 4] = [(v + 510) // 3 for v in color]
    y, x = np.mgrid[:SIZE, :SIZE]
    image[(x - 150) ** 2 + (y - 150) ** 2 < 26**2] = WALL
    image[(x - 158) ** 2 + (y - 143) ** 2 < 8**2] = (255, 255, 255)
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
