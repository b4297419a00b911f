"""What every storage of a recording offers: its topics, the place and bytes of each message.

A message is found by its `Ref` in one step: a place in the file, a place in a compressed chunk of
it, or the number of a row. Only the chunks in use are held, so a recording is never in memory as a
whole; reading in order decompresses each chunk once.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from robotvision.errors import Fault, InputFaults

MAX_CHUNK_BYTES = 2**30
"""A chunk that claims more when unpacked is refused."""

HELD_CHUNKS = 4
"""Unpacked chunks that are held: those in use by a few frames read at a time."""

BEGINNING = 2**15
"""Bytes at the beginning of a chunk that are unpacked by themselves."""

PIECE = 2**16
"""Packed bytes that are read at a time for it."""


class Ref(NamedTuple):
    """Where a message is stored. Sorted refs are in the order that is fastest to read."""

    file: int
    chunk: int
    offset: int
    log_ns: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a recording.

    ``type`` is the message's in ROS 2 form (``sensor_msgs/msg/Image``), of Foxglove's schemas the
    one that they are read as; ``encoding`` is ``ros1`` or ``cdr``, of Foxglove's ``json`` or
    ``protobuf``, or what else a file says, which is not read. ``schema`` is the type's own name
    where it is another.
    """

    name: str
    type: str
    encoding: str
    n_messages: int
    schema: str = ""


class Storage(Protocol):
    """An open recording. Reading may be done by several threads."""

    topics: dict[str, Topic]
    start_ns: int | None
    warnings: list[str]

    def refs(self, names: Iterable[str]) -> dict[str, list[Ref]]:
        """Return the places of the messages of topics, in order of log time."""

    def read(self, ref: Ref, size: int | None = None) -> bytes:
        """Return a message's bytes, or the first ``size`` of them."""


class TimeSpan:
    """A stretch of an open file, read piece by piece without moving the file's own position."""

    def __init__(self, file: BinaryIO, at: int, n_bytes: int) -> None:
        self._number, self._at, self._end = file.fileno(), at, at + n_bytes

    def read(self, size: int = -1, /) -> bytes:
        """Return the next ``size`` bytes (all where negative), fewer at the end."""
        left = self._end - self._at
        data = os.pread(self._number, left if size < 0 else min(size, left), self._at)
        self._at += len(data)
        return data


def beginning(decompressor: Any, packed: TimeSpan, n_bytes: int) -> bytes:
    """Return the first ``n_bytes`` that a decompressor like ``bz2.BZ2Decompressor`` unpacks."""
    data = bytearray()
    while len(data) < n_bytes and not decompressor.eof:
        piece = packed.read(PIECE) if decompressor.needs_input else b""
        if decompressor.needs_input and not piece:
            break
        data += decompressor.decompress(piece, max_length=n_bytes - len(data))
    return bytes(data)


class Chunks:
    """The last few chunks that were unpacked, by their place.

    ``unpack(file, chunk, n_bytes)`` returns a chunk whole, or at least its first ``n_bytes``. Of a
    chunk of which little is wanted (the head of an image) only the beginning is unpacked.
    """

    def __init__(self, unpack: Callable[[int, int, int | None], bytes]) -> None:
        self._unpack = unpack
        self._held: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self.n_unpacked = 0

    def read(self, file: int, chunk: int, at: int, size: int) -> bytes:
        """Return ``size`` bytes at ``at`` of a chunk, fewer at its end."""
        key, end = (file, chunk), at + size
        with self._lock:
            data = self._held.get(key)
            if data is None or len(data) == BEGINNING < end:
                self._held.pop(key, None)
                while len(self._held) >= HELD_CHUNKS:
                    self._held.popitem(last=False)
                data = self._unpack(file, chunk, BEGINNING if end <= BEGINNING else None)
                self._held[key] = data
                self.n_unpacked += len(data) != BEGINNING
            self._held.move_to_end(key)
        return data[at:end]


def broken(path: Path, reason: str, remedy: str = "") -> InputFaults:
    """Return the error of a recording that cannot be read."""
    return InputFaults(Fault(path, reason, remedy=remedy))


def is_bag(path: Path) -> bool:
    """Return whether names alone look like a recording."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file()
    return path.suffix.lower() in (".bag", ".mcap", ".db3") and path.is_file()
