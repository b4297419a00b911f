"""Point clouds in the PCD file format of the Point Cloud Library, version 0.7.

Read are ``ascii``, ``binary`` and ``binary_compressed`` data (the last LZF-compressed and stored a
field after the other). An organised cloud (HEIGHT above 1) is also a depth image: its z in
millimetres. A header is not trusted: no more is allocated than the file's own bytes can fill.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import FrameError
from robotvision.records import frozen

MAX_HEADER_BYTES = 2**16
MAX_POINTS = 2**24
MAX_BYTES = 2**30
MAX_MM = 65535

_TYPES = {("F", 4), ("F", 8), *((k, s) for k in "IU" for s in (1, 2, 4, 8))}
_KEYS = ("FIELDS", "SIZE", "TYPE", "WIDTH", "HEIGHT", "DATA")
_FORMS = ("ascii", "binary", "binary_compressed")


@dataclass(frozen=True, slots=True)
class PcdHeader:
    """The header of a PCD file: one column a field of a point, in file order."""

    columns: tuple[tuple[str, str, int], ...]
    """(field, numpy type, count) each."""
    width: int
    height: int
    form: str

    @property
    def n_points(self) -> int:
        """Number of points."""
        return self.width * self.height

    @property
    def stride(self) -> int:
        """Bytes of one point."""
        return sum(np.dtype(kind).itemsize * count for _, kind, count in self.columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """One point as a record; columns named by position, for padding fields share a name."""
        return np.dtype([(str(i), k, (n,)) for i, (_, k, n) in enumerate(self.columns)])


def decode_points(raw: bytes, where: str) -> NDArray[np.float32]:
    """Return a cloud as (N, 3) float32 metres; points that are not finite are left out.

    Raises
    ------
    FrameError
        The bytes are not a whole PCD file with fields x, y, z.
    """
    header, data = _parse(raw, where)
    xyz = np.stack([_find_column(header, data, a, where) for a in "xyz"], axis=1)
    return frozen(xyz[np.isfinite(xyz).all(axis=1)])


def decode_depth(raw: bytes, where: str) -> NDArray[np.uint16]:
    """Return an organised cloud's z as (height, width) uint16 millimetres, 0 = no reading.

    Raises
    ------
    FrameError
        The bytes are not a whole PCD file, or the cloud is not organised.
    """
    header, data = _parse(raw, where)
    if header.height <= 1:
        raise FrameError(f"{where}: expected an organised cloud (HEIGHT above 1) for the depth")
    z = _find_column(header, data, "z", where).astype(np.float64) * 1000
    good = np.isfinite(z) & (z > 0) & (z < MAX_MM + 0.5)
    mm = np.where(good, np.rint(np.where(good, z, 0)), 0).astype(np.uint16)
    return frozen(mm.reshape(header.height, header.width))


def encode_points(points: NDArray[np.float32]) -> bytes:
    """Return (N, 3) metres as a binary PCD file."""
    n = len(points)
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z\nSIZE 4 4 4\n"
        f"TYPE F F F\nCOUNT 1 1 1\nWIDTH {n}\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS {n}\n"
        "DATA binary\n"
    )
    return header.encode() + np.ascontiguousarray(points, "<f4").tobytes()


def parse_header(raw: bytes, where: str) -> tuple[PcdHeader, int]:
    """Return the header and the position of the first byte after it.

    Raises
    ------
    FrameError
        It is not a PCD header.
    """
    entries: dict[str, list[str]] = {}
    position = 0
    while "DATA" not in entries:
        end = raw.find(b"\n", position, MAX_HEADER_BYTES)
        if end < 0:
            raise FrameError(f"{where}: not a PCD file: no DATA line in its header")
        words = raw[position:end].decode("ascii", "replace").split()
        position = end + 1
        if words and not words[0].startswith("#"):
            entries[words[0].upper()] = words[1:]
    for key in _KEYS:
        if not entries.get(key):
            raise FrameError(f"{where}: not a PCD file: its header lacks {key}")
    return _build_header(entries, where), position


def _build_header(entries: dict[str, list[str]], where: str) -> PcdHeader:
    names = entries["FIELDS"]
    sizes = [_parse_whole(w, "SIZE", where) for w in entries["SIZE"]]
    counts = [_parse_whole(w, "COUNT", where) for w in entries.get("COUNT", ["1"] * len(names))]
    types = entries["TYPE"]
    if not len(names) == len(sizes) == len(types) == len(counts):
        raise FrameError(
            f"{where}: FIELDS, SIZE, TYPE and COUNT have {len(names)}, {len(sizes)}, "
            f"{len(types)} and {len(counts)} entries; expected as many of each"
        )
    columns = []
    for name, size, kind, count in zip(names, sizes, types, counts, strict=True):
        if (kind, size) not in _TYPES:
            raise FrameError(f"{where}: the field {name!r} has the unknown type {kind}{size}")
        columns.append((name, f"<{kind.lower()}{size}", count))
    width, height = (_parse_whole(entries[k][0], k, where) for k in ("WIDTH", "HEIGHT"))
    form = entries["DATA"][0].lower()
    if form not in _FORMS:
        raise FrameError(f"{where}: expected DATA {', '.join(_FORMS)}, got {form!r}")
    header = PcdHeader(tuple(columns), width, height, form)
    points = entries.get("POINTS")
    if points and _parse_whole(points[0], "POINTS", where) != header.n_points:
        raise FrameError(
            f"{where}: POINTS {points[0]} does not agree with WIDTH {width} x HEIGHT {height}"
        )
    stride = sum(int(kind[2:]) * count for _, kind, count in columns)
    if header.n_points > MAX_POINTS or max(header.n_points, 1) * stride > MAX_BYTES:
        raise FrameError(
            f"{where}: expected at most {MAX_POINTS} points and {MAX_BYTES >> 20} MB, the header "
            f"says {header.n_points} points of {stride} bytes"
        )
    return header


def _parse_whole(word: str, key: str, where: str) -> int:
    if word.isascii() and word.isdigit() and len(word) <= 18:
        return int(word)
    raise FrameError(f"{where}: {key}: expected a whole number, got {word[:40]!r}")


def _parse(raw: bytes, where: str) -> tuple[PcdHeader, list[NDArray[Any]]]:
    """Return the header and its columns, each (n_points, count)."""
    header, position = parse_header(raw, where)
    body = raw[position:]
    if header.n_points * header.stride == 0:
        return header, [np.zeros((0, count), kind) for _, kind, count in header.columns]
    if header.form == "ascii":
        return header, _decode_ascii(header, body, where)
    if header.form == "binary":
        return header, _decode_binary(header, body, where)
    return header, _decode_compressed(header, body, where)


def _decode_ascii(header: PcdHeader, body: bytes, where: str) -> list[NDArray[Any]]:
    width = sum(count for _, _, count in header.columns)
    words = body.split()
    if len(words) != header.n_points * width:
        raise FrameError(
            f"{where}: expected {header.n_points} points of {width} numbers, got {len(words)} "
            "numbers"
        )
    try:
        values = np.array(words, dtype=np.bytes_).astype(np.float64).reshape(-1, width)
    except ValueError as e:
        raise FrameError(f"{where}: a value is not a number ({e})") from e
    columns, at = [], 0
    for _, _, count in header.columns:
        columns.append(values[:, at : at + count])
        at += count
    return columns


def _decode_binary(header: PcdHeader, body: bytes, where: str) -> list[NDArray[Any]]:
    expected = header.n_points * header.stride
    if len(body) < expected:
        raise FrameError(
            f"{where}: cut short: expected {expected} bytes of points, got {len(body)}"
        )
    records = np.frombuffer(body, header.dtype, header.n_points)
    return [records[name] for name in header.dtype.names or ()]


def _decode_compressed(header: PcdHeader, body: bytes, where: str) -> list[NDArray[Any]]:
    if len(body) < 8:
        raise FrameError(f"{where}: cut short: the sizes of the compressed points are missing")
    packed, unpacked = struct.unpack_from("<II", body)
    if unpacked != header.n_points * header.stride:
        raise FrameError(
            f"{where}: expected {header.n_points * header.stride} bytes of points unpacked, the "
            f"file says {unpacked}"
        )
    if len(body) < 8 + packed:
        raise FrameError(
            f"{where}: cut short: expected {packed} bytes compressed, got {len(body) - 8}"
        )
    raw = lzf_decode(body[8 : 8 + packed], unpacked, where)
    columns, at = [], 0
    for _, kind, count in header.columns:
        n = header.n_points * count
        columns.append(np.frombuffer(raw, kind, n, at).reshape(-1, count))
        at += n * np.dtype(kind).itemsize
    return columns


def _find_column(
    header: PcdHeader, data: list[NDArray[Any]], name: str, where: str
) -> NDArray[np.float32]:
    for (field, _, count), column in zip(header.columns, data, strict=True):
        if field == name and count == 1:
            with np.errstate(over="ignore", invalid="ignore"):
                return column[:, 0].astype(np.float32)
    fields = " ".join(f for f, _, _ in header.columns)
    raise FrameError(f"{where}: expected the fields x y z, got {fields}")


def lzf_decode(packed: bytes, size: int, where: str) -> bytes:
    """Return LZF-compressed bytes unpacked to exactly ``size`` bytes.

    LZF is a run of blocks: a control byte below 32 and that many + 1 bytes as they are; or a
    length (3 bits, 7 = one more byte follows) and a distance (13 bits) back into what is unpacked
    already, which may overlap what it writes.

    Raises
    ------
    FrameError
        The bytes are not LZF or unpack to another size.
    """
    out = bytearray()
    at, end = 0, len(packed)
    try:
        while at < end and len(out) <= size:
            control = packed[at]
            at += 1
            if control < 32:
                out += packed[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += packed[at]
                at += 1
            start = len(out) - ((control & 31) << 8) - packed[at] - 1
            at += 1
            _copy_back(out, start, length + 2)
    except IndexError:
        raise FrameError(f"{where}: the compressed points are broken") from None
    if at != end or len(out) != size:
        raise FrameError(
            f"{where}: the compressed points unpack to {len(out)} bytes, expected {size}"
        )
    return bytes(out)


def _copy_back(out: bytearray, start: int, length: int) -> None:
    """Append ``length`` bytes from ``start``, repeating what is there where they overlap."""
    if start < 0:
        raise IndexError
    piece = out[start : start + length]
    if len(piece) < length:
        piece = (piece * (length // len(piece) + 1))[:length]
    out += piece
