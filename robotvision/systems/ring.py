"""Pixels on their way to a program: the place of each array of a frame, and the shared memory.

The shared memory is an anonymous file (``memfd_create``): it has no name to be found or left
behind, cannot be resized by the program (sealed), and the program gets it for reading only. Two
slots take turns, so that a frame's pixels stay as they are until the second frame after it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import SystemFault
from robotvision.records import Image
from robotvision.systems.descriptors import raised
from robotvision.systems.wire import dumps

SLOTS = 2
ALIGN = 64
DEFAULT_BYTES = 256 << 20
"""Address space, not memory: pages exist once something was written to them."""

_Key = tuple[tuple[str, tuple[int, ...], np.dtype[Any]], ...]
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_SEAL_FUTURE_WRITE = 0x10  # Linux 5.1: no new writable mapping; the existing one stays


class RingLayout:
    """The offsets of the arrays of one frame from the start of its pixels, each on 64 bytes."""

    def __init__(self, key: _Key) -> None:
        self.offsets: list[int] = []
        end = 0
        for _, shape, dtype in key:
            start = -(-end // ALIGN) * ALIGN
            self.offsets.append(start)
            end = start + int(np.prod(shape)) * dtype.itemsize
        self.bytes = end
        self._key = key

    def describe(self, base: int = 0) -> str:
        """Return the ``bytes`` and ``images`` of a frame line as JSON, without braces."""
        images = {
            name: {"dtype": dtype.name, "shape": list(shape), "offset": base + offset}
            for (name, shape, dtype), offset in zip(self._key, self.offsets, strict=True)
        }
        return f'"bytes":{self.bytes},"images":{dumps(images)}'


def key_of(images: Mapping[str, Image]) -> _Key:
    """Return names, shapes and dtypes: frames alike in these share a layout."""
    return tuple((name, image.shape, image.dtype) for name, image in images.items())


class Pipe:
    """Pixels as raw bytes behind the frame's line."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[RingLayout, str]] = {}

    def put(self, images: Mapping[str, Image]) -> tuple[str, list[memoryview]]:
        """Return the description of the frame's pixels, and the bytes that follow its line."""
        key = key_of(images)
        if key not in self._known:
            layout = RingLayout(key)
            self._known[key] = layout, layout.describe()
        layout, described = self._known[key]
        parts, end = [], 0
        for image, offset in zip(images.values(), layout.offsets, strict=True):
            if offset > end:
                parts.append(memoryview(bytes(offset - end)))
            flat = np.ascontiguousarray(image).reshape(-1)
            parts.append(flat.data.cast("B") if flat.size else memoryview(b""))
            end = offset + image.nbytes
        return described, parts


class Ring:
    """Pixels in shared memory.

    Parameters
    ----------
    n_bytes : int
        Of both slots together; a frame may fill half.
    """

    def __init__(self, n_bytes: int = DEFAULT_BYTES) -> None:
        self.bytes = n_bytes
        self._slot_bytes = n_bytes // SLOTS // mmap.PAGESIZE * mmap.PAGESIZE
        flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        fd = os.memfd_create("robotvision-frames", flags)
        try:
            os.ftruncate(fd, n_bytes)
            self._map = mmap.mmap(fd, n_bytes)
            _seal(fd)
            self.read_fd = raised(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC))
        finally:
            os.close(fd)
        self._memory: NDArray[np.uint8] | None = np.frombuffer(self._map, np.uint8)
        self._used = [0] * SLOTS
        self._slot = 0
        self._places: dict[tuple[int, _Key], tuple[list[NDArray[Any]], str]] = {}

    def describe(self) -> dict[str, int | str]:
        """Return where the program finds the memory."""
        return {"fd": self.read_fd, "path": f"/proc/self/fd/{self.read_fd}", "bytes": self.bytes}

    def put(self, images: Mapping[str, Image]) -> tuple[str, list[memoryview]]:
        """Write the frame's pixels over those of the frame before the last; return their places.

        Raises
        ------
        SystemFault
            The frame is larger than a slot.
        """
        self._slot = (self._slot + 1) % SLOTS
        key = key_of(images)
        place = self._places.get((self._slot, key)) or self._place(key)
        arrays, described = place
        for array, image in zip(arrays, images.values(), strict=True):
            np.copyto(array, image)
        return described, []

    def _place(self, key: _Key) -> tuple[list[NDArray[Any]], str]:
        layout = RingLayout(key)
        if layout.bytes > self._slot_bytes:
            raise SystemFault(
                f"the frame has {layout.bytes} bytes of pixels and the shared memory takes "
                f"{self._slot_bytes}; ask for fewer channels or use the transport 'pipe'"
            )
        assert self._memory is not None  # put() after close() is our own bug
        base = self._slot * self._slot_bytes
        arrays: list[NDArray[Any]] = []
        for (_, shape, dtype), offset in zip(key, layout.offsets, strict=True):
            n = int(np.prod(shape)) * dtype.itemsize
            raw = self._memory[base + offset : base + offset + n]
            arrays.append(raw.view(dtype).reshape(shape))
        if len(self._places) >= 64:  # frames of ever new sizes must not pile up
            self._places.clear()
        self._used[self._slot] = max(self._used[self._slot], layout.bytes)
        place = arrays, layout.describe(base)
        self._places[self._slot, key] = place
        return place

    def clear(self) -> None:
        """Wipe the pixels of the last sequence: replayed in another order they would be future."""
        if self._memory is None:
            return
        for slot, used in enumerate(self._used):
            self._memory[slot * self._slot_bytes :][:used] = 0

    def close(self) -> None:
        """Release the memory; may be called twice."""
        if self._memory is None:
            return
        self._places.clear()
        self._memory = None
        self._map.close()
        os.close(self.read_fd)


def _seal(fd: int) -> None:
    """Keep the program from resizing the memory (a crash of ours) or writing to it."""
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEAL_FUTURE_WRITE)
    except OSError:  # an older kernel: a program that writes there disturbs only itself
        return
