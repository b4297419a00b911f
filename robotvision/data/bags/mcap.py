"""MCAP recordings, by the index at their end.

Of each chunk only its table of message places is read until a message of it is wanted. A file
without that index (its recorder was stopped hard) is walked through once, record by record, as far
as it goes; so is one that holds messages its index does not list (they may stand outside chunks).
"""

from __future__ import annotations

import os
import struct
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from robotvision.data.bags import foxglove
from robotvision.data.bags.storage import (
    MAX_CHUNK_BYTES,
    PIECE,
    Chunks,
    Ref,
    TimeSpan,
    Topic,
    beginning,
    broken,
)
from robotvision.regular_file import open_regular

if TYPE_CHECKING:
    from mcap.records import Channel, Schema
    from mcap.summary import Summary

MAGIC = b"\x89MCAP0\r\n"
UNCHUNKED = -1
"""The chunk of a message that is in none."""

_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<BQHIQQ")
_CHUNK = struct.Struct("<BQQQQII")
_LENGTH = struct.Struct("<Q")


class Opcode(IntEnum):
    """Kinds of records, after the MCAP specification (section "Opcodes")."""

    FOOTER = 0x02
    SCHEMA = 0x03
    CHANNEL = 0x04
    MESSAGE = 0x05
    CHUNK = 0x06
    MESSAGE_INDEX = 0x07
    DATA_END = 0x0F


@dataclass(frozen=True, slots=True)
class ChunkPlace:
    """A chunk's place: where its bytes begin, how many, how compressed, how many when unpacked."""

    compression: str
    at: int
    n_bytes: int
    n_unpacked: int


@dataclass(slots=True)
class Index:
    """The index of one file."""

    channels: dict[int, Channel] = field(default_factory=dict)
    schemas: dict[int, Schema] = field(default_factory=dict)
    chunks: dict[int, ChunkPlace] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    """By channel: log time, chunk, offset in it."""
    start_ns: int | None = None

    @property
    def n_messages(self) -> int:
        """Messages whose places are known."""
        return sum(map(len, self.places.values()))


class McapFiles:
    """The open files of one recording.

    ``unpack`` turns a stored message into its bytes, where messages are compressed one by one.
    """

    def __init__(self, files: list[Path], unpack: Callable[[bytes], bytes] | None = None) -> None:
        from mcap.exceptions import McapError

        self.unpack = unpack
        self.warnings: list[str] = []
        self._files: list[BinaryIO] = []
        for f in files:
            self._files.append(_open(f))
            weakref.finalize(self, self._files[-1].close)
        self._chunks = Chunks(self._unpack)
        self._indexes: list[Index] = []
        for n, file in enumerate(files):
            self._indexes.append(Index())
            try:
                self._index(n, file)
            except (McapError, struct.error, UnicodeDecodeError, KeyError, ValueError) as e:
                reason = str(e) or type(e).__name__
                raise broken(
                    file, f"the recording cannot be read ({reason})", "mend it with: mcap recover"
                ) from e
        self._ids: dict[str, list[tuple[int, int]]] = {}
        self.topics = self._list_topics()
        self.start_ns = min(
            (i.start_ns for i in self._indexes if i.start_ns is not None), default=None
        )

    def refs(self, names: Iterable[str]) -> dict[str, list[Ref]]:
        """Return the places of the messages of topics, in order of log time."""
        return {
            name: sorted(
                (
                    Ref(n, chunk, offset, log_ns)
                    for n, i in self._ids[name]
                    for log_ns, chunk, offset in self._indexes[n].places.get(i, ())
                ),
                key=lambda r: r.log_ns,
            )
            for name in names
        }

    def read(self, ref: Ref, size: int | None = None) -> bytes:
        """Return a message's bytes, or the first ``size`` of them."""
        if ref.chunk != UNCHUNKED and self._indexes[ref.file].chunks[ref.chunk].compression:
            what, at, read = "chunk", ref.offset, partial(self._chunks.read, ref.file, ref.chunk)
        else:
            base = 0 if ref.chunk == UNCHUNKED else self._indexes[ref.file].chunks[ref.chunk].at
            what, at, read = "message", base + ref.offset, partial(self._from_file, ref.file)
        n_bytes = _message_bytes(read(at, _RECORD.size))
        if size is not None and self.unpack is None:
            n_bytes = min(n_bytes, size)
        data = read(at + _MESSAGE.size, n_bytes)
        if len(data) != n_bytes:
            raise ValueError(f"the {what} is cut short ({len(data)} of {n_bytes} bytes)")
        if self.unpack is not None:
            data = self.unpack(data)
        return data if size is None else data[:size]

    def _from_file(self, file: int, at: int, n_bytes: int) -> bytes:
        return os.pread(self._files[file].fileno(), n_bytes, at)

    def _unpack(self, file: int, start: int, n_bytes: int | None) -> bytes:
        chunk = self._indexes[file].chunks[start]
        if max(chunk.n_unpacked, chunk.n_bytes) > MAX_CHUNK_BYTES:
            raise ValueError(f"a chunk of {chunk.n_unpacked} bytes")
        packed = TimeSpan(self._files[file], chunk.at, chunk.n_bytes)
        return _decompress(packed, chunk, n_bytes)

    def _list_topics(self) -> dict[str, Topic]:
        topics: dict[str, Topic] = {}
        for n, index in enumerate(self._indexes):
            for i, channel in index.channels.items():
                name, schema = channel.topic, index.schemas.get(channel.schema_id)
                own = schema.name if schema else ""
                is_foxglove = foxglove.is_read(own, channel.message_encoding)
                before = topics[name].n_messages if name in topics else 0
                topics[name] = Topic(
                    name,
                    foxglove.ROS_TYPES[own] if is_foxglove else _ros2_name(own),
                    channel.message_encoding,
                    before + len(index.places.get(i, ())),
                    own if is_foxglove else "",
                )
                self._ids.setdefault(name, []).append((n, i))
        return topics

    def _index(self, n: int, path: Path) -> None:
        index, file = self._indexes[n], self._files[n]
        summary = _summary(file)
        if summary is None:
            self._walk(n, path)
            return
        index.channels, index.schemas = summary.channels, summary.schemas
        for c in summary.chunk_indexes:
            at = c.chunk_start_offset + _CHUNK.size + len(c.compression.encode()) + _LENGTH.size
            index.chunks[c.chunk_start_offset] = ChunkPlace(
                c.compression, at, c.compressed_size, c.uncompressed_size
            )
            for channel, place in c.message_index_offsets.items():
                self._places(n, c.chunk_start_offset, channel, place)
        times = [c.message_start_time for c in summary.chunk_indexes if c.message_index_offsets]
        index.start_ns = min(times, default=None)
        self._complete(n, path, summary)

    def _complete(self, n: int, path: Path, summary: Summary) -> None:
        """Add the messages that a file holds and its index does not list, or warn of them.

        Messages may stand outside chunks, and a chunk may lack its table of messages.
        """
        expected = summary.statistics.message_count if summary.statistics else None
        if self._indexes[n].n_messages == expected:
            return
        self._walk(n, path, inside_chunks=False)
        is_listed = all(c.message_index_offsets for c in summary.chunk_indexes)
        if self._indexes[n].n_messages == expected or (expected is None and is_listed):
            return
        self._indexes[n] = Index()
        self._walk(n, path)
        n_messages = self._indexes[n].n_messages
        if expected is not None and n_messages != expected:
            self.warnings.append(
                f"{path.name}: its index counts {expected} messages, {n_messages} are in it"
            )

    def _places(self, n: int, chunk: int, channel: int, at: int) -> None:
        number = self._files[n].fileno()
        kind, length = _RECORD.unpack(os.pread(number, _RECORD.size, at))
        if kind != Opcode.MESSAGE_INDEX or length > MAX_CHUNK_BYTES:
            raise ValueError(f"expected a message index at byte {at}")
        table = os.pread(number, length, at + _RECORD.size)[6:]
        self._indexes[n].places.setdefault(channel, []).extend(
            (log_ns, chunk, offset) for log_ns, offset in struct.iter_unpack("<QQ", table)
        )

    def _walk(self, n: int, path: Path, *, inside_chunks: bool = True) -> None:
        """Index a file record by record: all of it, or only what stands outside chunks."""
        file, index = self._files[n], self._indexes[n]
        end, at = os.fstat(file.fileno()).st_size, len(MAGIC)
        while at + _RECORD.size <= end:
            kind, length = _RECORD.unpack(os.pread(file.fileno(), _RECORD.size, at))
            if at + _RECORD.size + length > end or kind == 0:
                break
            if kind == Opcode.CHUNK:
                if inside_chunks:
                    self._walk_chunk(n, at)
            elif kind in (Opcode.MESSAGE, Opcode.SCHEMA, Opcode.CHANNEL):
                n_bytes = _MESSAGE.size if kind == Opcode.MESSAGE else _RECORD.size + length
                _note(index, kind, os.pread(file.fileno(), n_bytes, at), UNCHUNKED, at)
            at += _RECORD.size + length
            if kind in (Opcode.DATA_END, Opcode.FOOTER):
                return
        self.warnings.append(f"{path.name} is cut short at byte {at}: what comes before is read")

    def _walk_chunk(self, n: int, at: int) -> None:
        number, index = self._files[n].fileno(), self._indexes[n]
        *_, n_unpacked, _, n_name = _CHUNK.unpack(os.pread(number, _CHUNK.size, at))
        tail = os.pread(number, n_name + _LENGTH.size, at + _CHUNK.size)
        compression, (n_bytes,) = tail[:n_name].decode(), _LENGTH.unpack(tail[n_name:])
        index.chunks[at] = ChunkPlace(
            compression, at + _CHUNK.size + len(tail), n_bytes, n_unpacked
        )
        place = index.chunks[at]
        if not place.compression:
            chunk = os.pread(number, min(place.n_bytes, MAX_CHUNK_BYTES), place.at)
        else:
            chunk = self._unpack(n, at, None)
        for kind, start, record in _records(chunk):
            _note(index, kind, record, at, start)


def _records(chunk: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield kind, offset and bytes of each record of a chunk; of messages the head alone."""
    at = 0
    while at + _RECORD.size <= len(chunk):
        kind, length = _RECORD.unpack_from(chunk, at)
        end = at + (_MESSAGE.size if kind == Opcode.MESSAGE else _RECORD.size + length)
        yield kind, at, chunk[at:end]
        at += _RECORD.size + length


def _message_bytes(head: bytes) -> int:
    """Return the number of bytes of a message, from the head of its record."""
    kind, length = _RECORD.unpack(head)
    n_bytes: int = length + _RECORD.size - _MESSAGE.size
    if kind != Opcode.MESSAGE or not 0 <= n_bytes <= MAX_CHUNK_BYTES:
        raise ValueError(f"expected a message, got a record of kind {kind} and {length} bytes")
    return n_bytes


def _note(index: Index, kind: int, record: bytes, chunk: int, at: int) -> None:
    if kind == Opcode.MESSAGE:
        _, _, channel, _, log_ns, _ = _MESSAGE.unpack(record)
        index.places.setdefault(channel, []).append((log_ns, chunk, at))
        index.start_ns = log_ns if index.start_ns is None else min(index.start_ns, log_ns)
        return
    from mcap.data_stream import ReadDataStream
    from mcap.records import Channel, Schema

    stream = ReadDataStream(BytesIO(record[_RECORD.size :]))
    if kind == Opcode.SCHEMA:
        schema = Schema.read(stream)
        index.schemas[schema.id] = schema
    elif kind == Opcode.CHANNEL:
        channel_ = Channel.read(stream)
        index.channels[channel_.id] = channel_


def _open(path: Path) -> BinaryIO:
    file = open_regular(path)
    if file.read(len(MAGIC)) != MAGIC:
        file.close()
        raise broken(path, "not an MCAP recording (it does not begin with MCAP's mark)")
    return file


def _summary(file: BinaryIO) -> Summary | None:
    """Return the index at the end of a file, or None where there is none that finds messages."""
    from mcap.reader import SeekingReader

    file.seek(-len(MAGIC), os.SEEK_END)
    if file.read() != MAGIC:
        return None
    file.seek(0)
    summary = SeekingReader(file, record_size_limit=MAX_CHUNK_BYTES).get_summary()
    if summary is None or not summary.chunk_indexes or not summary.channels:
        return None
    n_messages = summary.statistics.message_count if summary.statistics else 1
    is_indexed = any(c.message_index_offsets for c in summary.chunk_indexes)
    return summary if is_indexed or not n_messages else None


def _decompress(packed: TimeSpan, chunk: ChunkPlace, n_bytes: int | None) -> bytes:
    """Return a chunk's bytes, or the first ``n_bytes`` of them."""
    size = chunk.n_unpacked if n_bytes is None else min(n_bytes, chunk.n_unpacked)
    if chunk.compression == "zstd":
        data = _zstd(packed, size, is_whole=n_bytes is None)
    elif chunk.compression == "lz4":
        import lz4.frame

        unpacking = lz4.frame.LZ4FrameDecompressor()
        try:
            if n_bytes is None:
                data = unpacking.decompress(packed.read(), max_length=size)
            else:
                data = beginning(unpacking, packed, size)
        except RuntimeError as e:  # lz4's own for what is no frame
            raise ValueError(f"a chunk that cannot be unpacked ({e})") from e
    else:
        raise ValueError(f"the compression {chunk.compression!r} is not known")
    if len(data) != size:
        raise ValueError(f"a chunk of {chunk.n_unpacked} bytes unpacks to {len(data)}")
    return bytes(data)


def _zstd(packed: TimeSpan, size: int, *, is_whole: bool) -> bytes:
    import zstandard

    unpacking = zstandard.ZstdDecompressor()
    try:
        if not is_whole:
            stream = unpacking.stream_reader(packed, read_size=PIECE)  # type: ignore[arg-type]
            return stream.read(size)
        raw = packed.read()
        if zstandard.frame_content_size(raw) > MAX_CHUNK_BYTES:
            raise ValueError("a chunk that is too large")
        return unpacking.decompress(raw, max_output_size=size)
    except zstandard.ZstdError as e:
        raise ValueError(f"a chunk that cannot be unpacked ({e})") from e


def _ros2_name(name: str) -> str:
    """Return a message's type in ROS 2 form: ``sensor_msgs/Image`` has ``msg`` put in."""
    package, _, rest = name.partition("/")
    return name if not rest or "/" in rest else f"{package}/msg/{rest}"
