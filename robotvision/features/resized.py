"""Images resized for networks: once a frame, however many networks look at it.

Networks that look at one camera often want one size, and resizing by area costs a tenth of a small
network's time. Within `one_frame` what was resized is handed out again; outside it nothing is
remembered, so that no frame is served by what another frame paid for.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class _Memory(threading.local):
    """What this thread's frame was resized to, by image and size; None where no frame is open."""

    of_frame: dict[tuple[int, int, int], tuple[Pixels, Pixels]] | None = None


_memory = _Memory()


@contextmanager
def one_frame() -> Iterator[None]:
    """Open a frame in this thread: until it is closed, images are not resized to a size twice.

    Its images must not be written to meanwhile.
    """
    before, _memory.of_frame = _memory.of_frame, {}
    try:
        yield
    finally:
        _memory.of_frame = before


def resized(image: Pixels, height: int, width: int) -> Pixels:
    """Return an image of ``height`` x ``width`` pixels: by area where it shrinks, else bilinear.

    An image of that size is returned itself. What is returned must not be written to.
    """
    if image.shape[:2] == (height, width):
        return image
    if _memory.of_frame is None:
        return _resized(image, height, width)
    key = (id(image), height, width)
    if key not in _memory.of_frame:  # the image is held, so that its id is not given to another
        _memory.of_frame[key] = (image, _resized(image, height, width))
    return _memory.of_frame[key][1]


def _resized(image: Pixels, height: int, width: int) -> Pixels:
    shrinks = image.shape[0] > height and image.shape[1] > width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
