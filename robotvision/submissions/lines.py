"""Read a text file of lines in blocks, whatever they hold, in bounded memory.

A run file or a truth table is a file of short lines. Whatever else is handed in (a photo, a disk
image, one line of 200 MB) is recognised without being read whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import Fault, not_readable
from robotvision.regular_file import open_regular

BLOCK_BYTES = 2**22
MAX_LINE_BYTES = 2**16
MAX_LINES = 20_000_000
MAX_FAULTS = 1000
"""Faults listed for one file; reading stops there and says so."""
MAX_DIGITS = 18

MAX_TAIL_BYTES = 64
MAX_TAILS = 64
"""More distinct tails than this are not distinguished all at once."""

SNIFFED_BYTES = 2**14
MAX_CONTROL = 0.01
"""Share of control characters from which a file is none of text; tabs and line ends aside."""

_CONTROL = bytes({*range(32), 127} - {*b"\t\n\r"})
_KINDS = {
    b"PK\x03\x04": "a zip file",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file",
}
_BOMS = (b"\xff\xfe", b"\xfe\xff")
_BLANK = b" \t\r"


class TooManyFaults(Exception):
    """Reading stops: the list of faults is full."""


class FaultList:
    """The faults of one file, as many as can be of use.

    Parameters
    ----------
    path : Path
        The file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self.faults)

    def add(self, message: str, line: int | None = None, remedy: str = "", kind: str = "") -> None:
        """Note a fault. Raises TooManyFaults where the list is full."""
        if len(self.faults) >= MAX_FAULTS:
            self.faults.append(
                Fault(
                    self.path,
                    f"more than {MAX_FAULTS} faults: the rest was not read",
                    remedy="is it the right kind of file?",
                    kind="too-many",
                )
            )
            raise TooManyFaults
        self.faults.append(Fault(self.path, message, line, remedy=remedy, kind=kind))


def line_blocks(
    path: Path, faults: FaultList, raw: bytes | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines) of a file, a few MB at a time.

    The last line of a block comes without its LF; a byte-order mark and empty lines at the end of
    the file are left out. ``raw`` are the file's bytes, where they are at hand.

    Raises
    ------
    InputFaults
        The file cannot be opened or read.
    """
    try:
        with open_regular(path) if raw is None else io.BytesIO(raw) as f:
            yield from _unpadded(_blocks(f, faults))
    except OSError as e:
        raise not_readable(path, e, "give a file of lines") from e


def _blocks(f: BinaryIO, faults: FaultList) -> Iterator[tuple[int, bytes]]:
    first, rest = 1, b""
    while chunk := f.read(BLOCK_BYTES):
        if first == 1 and not rest:
            if chunk.startswith(_BOMS):
                faults.add(
                    "expected UTF-8 text, got UTF-16", 1, "save the file as UTF-8", "encoding"
                )
                return
            if is_binary(chunk[:SNIFFED_BYTES]):
                faults.add(_binary(chunk), remedy="give the file of lines itself", kind="binary")
                return
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        whole, newline, tail = chunk.rpartition(b"\n")
        if newline:
            yield first, rest + whole
            first += whole.count(b"\n") + 1
            rest = tail
        else:
            rest += chunk
        if len(rest) > MAX_LINE_BYTES:
            faults.add(
                f"a line of more than {MAX_LINE_BYTES} bytes: not a file of lines",
                first,
                "is it the right file?",
                "binary",
            )
            return
        if first > MAX_LINES:
            faults.add(f"more than {MAX_LINES} lines", first, "is it the right file?", "binary")
            return
    if rest:
        yield first, rest


def is_binary(raw: bytes) -> bool:
    """Return whether the beginning of a file is not that of a text."""
    n_control = len(raw) - len(raw.translate(None, _CONTROL))
    return raw.startswith(tuple(_KINDS)) or n_control > MAX_CONTROL * len(raw) + 1


def _binary(raw: bytes) -> str:
    kind = next((name for magic, name in _KINDS.items() if raw.startswith(magic)), "a binary file")
    return f"expected lines of text, got {kind}"


def _unpadded(blocks: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Hold empty lines back until a line follows them."""
    n_held = 0
    for first, block in blocks:
        n_filled = len(block.rstrip(_BLANK + b"\n"))
        if not n_filled:
            n_held += block.count(b"\n") + 1
            continue
        end = block.find(b"\n", n_filled)
        yield first - n_held, b"\n" * n_held + (block if end < 0 else block[:end])
        n_held = 0 if end < 0 else block.count(b"\n", end)


def lines_of(block: bytes) -> list[str]:
    """Return the lines of a block without their ends, be they LF or CRLF.

    Bytes that are not UTF-8 come as lone surrogates, so that the line that holds them can be named.
    """
    try:
        text = block.decode()
    except UnicodeDecodeError:
        text = block.decode(errors="surrogateescape")
    if "\r" in text:
        text = text.replace("\r\n", "\n").removesuffix("\r")
    return text.split("\n")


@dataclass(frozen=True, slots=True, eq=False)
class LineColumns:
    """Lines of a number, a separator and a tail, by column.

    Parameters
    ----------
    numbers : (n,) int64
        What stands before the separator.
    places : (n,) int32
        Place of each line's tail in ``tails``.
    tails : tuple[str, ...]
        The distinct texts after the first separator.
    """

    numbers: NDArray[np.int64]
    places: NDArray[np.int32]
    tails: tuple[str, ...]


def columns_of(block: bytes, separator: bytes) -> LineColumns | None:
    """Split a block of lines at their first separator, all lines at once.

    Returns None where it cannot: a line without a whole number and a separator at its start, or
    more than a few distinct tails. Then the lines are to be read one at a time.
    """
    raw = np.frombuffer(block, np.uint8)
    ends = np.append(np.flatnonzero(raw == 10), len(raw))
    starts = np.concatenate([[0], ends[:-1] + 1])
    separators = np.flatnonzero(raw == separator[0])
    first_after = np.searchsorted(separators, starts)
    if not len(separators) or first_after[-1] == len(separators):
        return None
    cuts = separators[first_after]
    widths, lengths = cuts - starts, ends - cuts - 1
    if (lengths < 0).any() or widths.min() < 1 or widths.max() > MAX_DIGITS:
        return None
    numbers = _digits(raw, cuts, widths)
    tails = _tails(raw, cuts + 1, lengths)
    if numbers is None or tails is None:
        return None
    return LineColumns(numbers, *tails)


def _digits(
    raw: NDArray[np.uint8], cuts: NDArray[np.int64], widths: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Return the numbers whose last digits stand before ``cuts``, or None where one is none."""
    numbers = np.zeros(len(cuts), np.int64)
    narrowest = int(widths.min())
    for k in range(int(widths.max())):
        digits = raw[np.maximum(cuts - 1 - k, 0)] - np.uint8(48)
        if k >= narrowest:
            digits[widths <= k] = 0
        if digits.max() > 9:
            return None
        numbers += digits * np.int64(10**k)
    return numbers


def _tails(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int32], tuple[str, ...]] | None:
    """Return the place of each tail among the distinct ones, and those; None where too many."""
    places = np.zeros(len(starts), np.int32)
    tails: list[str] = []
    for length in np.flatnonzero(np.bincount(np.minimum(lengths, MAX_TAIL_BYTES + 1))).tolist():
        if length > MAX_TAIL_BYTES:
            return None
        lines = np.flatnonzero(lengths == length)
        signs = raw[starts[lines][:, None] + np.arange(length)]
        while len(lines):
            if len(tails) == MAX_TAILS:
                return None
            same = (signs == signs[0]).all(axis=1)
            places[lines[same]] = len(tails)
            text = signs[0].tobytes().decode(errors="surrogateescape")
            tails.append(text.removesuffix("\r"))
            lines, signs = lines[~same], signs[~same]
    return places, tuple(tails)


def is_whole(text: str) -> bool:
    """Return whether ``text`` is a whole number of at most 18 digits and nothing else."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS


def whole_numbers(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return (n,) int64: each text as a whole number, -1 where it is none."""
    joined = "".join(texts)
    if joined.isascii() and joined.isdigit() and all(texts) and max(map(len, texts)) <= MAX_DIGITS:
        return np.fromiter(map(int, texts), np.int64, len(texts))
    return np.fromiter((int(t) if is_whole(t) else -1 for t in texts), np.int64, len(texts))


def is_text(text: str) -> bool:
    """Return whether no byte of ``text`` had to be taken as it was (see `line_blocks`)."""
    return not any("\udc80" <= c <= "\udcff" for c in text)


def repeated(keys: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (position, first position) of each key that was there before, in order."""
    if len(keys) < 2 or bool((keys[1:] > keys[:-1]).all()):
        return []
    _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
    first = firsts[inverse]
    again = np.flatnonzero(first != np.arange(len(keys)))
    return [(int(i), int(first[i])) for i in again]
