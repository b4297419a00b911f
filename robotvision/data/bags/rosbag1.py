"""ROS 1 recordings (``.bag``, version 2.0), by the index that rosbags reads.

Messages in chunks that are not compressed are read where they lie; of the others the chunk is
unpacked.
"""

from __future__ import annotations

import threading
import weakref
from bz2 import BZ2Decompressor
from collections.abc import Iterable
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from robotvision.data.bags.storage import (
    MAX_CHUNK_BYTES,
    Chunks,
    Ref,
    TimeSpan,
    Topic,
    beginning,
    broken,
)
from robotvision.regular_file import open_regular

if TYPE_CHECKING:
    from rosbags.rosbag1 import Reader


class _ChunkFile(RawIOBase):
    """A compressed chunk with a position, as the library reads it."""

    def __init__(self, chunks: Chunks, chunk: int) -> None:
        self._chunks, self._chunk, self._at = chunks, chunk, 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._chunks.read(0, self._chunk, self._at, size)
        self._at += len(data)
        return data

    def seek(self, to: int, whence: int = 0, /) -> int:
        self._at = to + (self._at if whence else 0)
        return self._at


class Rosbag1:
    """An open ``.bag``."""

    def __init__(self, path: Path) -> None:
        self.warnings: list[str] = []
        self._lock = threading.Lock()
        self._reader = _open_reader(path)
        assert self._reader.bio is not None
        self._file: BinaryIO = self._reader.bio
        weakref.finalize(self, self._file.close)
        self._chunks = Chunks(self._unpack)
        topics = self._reader.topics
        self.topics = {
            n: Topic(n, t.connections[0].msgtype, "ros1", t.msgcount) for n, t in topics.items()
        }
        self._ids = {n: [c.id for c in t.connections] for n, t in topics.items()}
        self.start_ns = self._reader.start_time if self._reader.chunk_infos else None

    def refs(self, names: Iterable[str]) -> dict[str, list[Ref]]:
        """Return the places of the messages of topics, in order of log time."""
        indexes = self._reader.indexes
        return {
            name: sorted(
                (
                    Ref(0, e.chunk_pos, e.offset, e.time)
                    for i in self._ids[name]
                    for e in indexes[i]
                ),
                key=lambda r: r.log_ns,
            )
            for name in names
        }

    def read(self, ref: Ref, size: int | None = None) -> bytes:
        """Return a message's bytes, or the first ``size`` of them."""
        from rosbags.rosbag1.reader import decompressors

        chunk = self._reader.chunks[ref.chunk]
        if chunk.decompressor is decompressors["none"]:
            with self._lock:
                return _message(self._file, chunk.datapos + ref.offset, size)
        file = cast("BinaryIO", _ChunkFile(self._chunks, ref.chunk))
        return _message(file, ref.offset, size)

    def _unpack(self, _: int, pos: int, n_bytes: int | None) -> bytes:
        import lz4.frame
        from rosbags.rosbag1.reader import decompressors

        chunk = self._reader.chunks[pos]
        if chunk.datasize > MAX_CHUNK_BYTES:
            raise ValueError(f"a chunk of {chunk.datasize} bytes")
        packed = TimeSpan(self._file, chunk.datapos, chunk.datasize)
        if n_bytes is None:
            return chunk.decompressor(packed.read())
        is_bz2 = chunk.decompressor is decompressors["bz2"]
        unpacking = BZ2Decompressor() if is_bz2 else lz4.frame.LZ4FrameDecompressor()
        return beginning(unpacking, packed, n_bytes)


def _message(file: BinaryIO, at: int, size: int | None) -> bytes:
    """Return the data of the message record at ``at``; descriptions of connections are passed."""
    from rosbags.rosbag1.reader import Header, RecordType, read_uint32

    file.seek(at)
    while True:
        header = Header.read(file)
        length = read_uint32(file)
        kind = header.get_uint8("op")
        if kind != RecordType.CONNECTION:
            break
        file.seek(length, 1)
    if kind != RecordType.MSGDATA:
        raise ValueError(f"expected a message, got a record of kind {kind}")
    if length > MAX_CHUNK_BYTES:
        raise ValueError(f"a message of {length} bytes")
    n_bytes = length if size is None else min(size, length)
    data = file.read(n_bytes)
    if len(data) != n_bytes:
        raise ValueError(f"the message is cut short ({len(data)} of {n_bytes} bytes)")
    return data


def _open_reader(path: Path) -> Reader:
    from rosbags.rosbag1 import Reader

    reader = Reader(path)
    try:
        reader.open()
    except OSError:
        raise
    except Exception as e:  # the parser trips over a broken file in many ways
        with open_regular(path) as f:
            is_bag = f.read(9) == b"#ROSBAG V"
        if not is_bag:
            raise broken(path, "not a ROS 1 recording (it does not begin with #ROSBAG V2.0)") from e
        raise broken(
            path,
            f"the index of the recording cannot be read ({str(e) or type(e).__name__})",
            "rebuild it with: rosbag reindex",
        ) from e
    return reader
