"""Read zip files that others made, whole or not at all, and trust nothing in them.

An entry that leaves its folder, a link, a name that is there twice, more entries or bytes than a
submission may have: the whole is refused before anything is unpacked. Nothing is written to disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from robotvision.errors import Fault, InputFaults, not_readable, raise_faults
from robotvision.regular_file import open_regular

MAX_BYTES = 2**30
MAX_ENTRIES = 1000
KIND = "archive"
"""The kind of every fault of an archive itself."""
_LINK, _TYPE_BITS = 0o120000, 0o170000
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def read_zip(path: Path) -> dict[str, bytes]:
    """Return the files of a zip file by name; entries of folders are left out.

    Raises
    ------
    InputFaults
        It cannot be read, is not a whole zip file, or has an entry that is refused; every fault.
    """
    try:
        with open_regular(path) as file:
            return _read(path, file)
    except OSError as e:
        raise not_readable(path, e, kind=KIND) from e


def read_zip_bytes(raw: bytes, name: str) -> dict[str, bytes]:
    """Return the files of a zip file that is in memory; ``name`` is for messages. As `read_zip`."""
    return _read(name, io.BytesIO(raw))


def _read(path: Path | str, file: BinaryIO) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            return _entries(path, archive)
    except _BROKEN as e:
        remedy = "is it what robotvision pack wrote?"
        fault = Fault(path, f"not a whole zip file ({e})", remedy=remedy, kind=KIND)
        raise InputFaults(fault) from e


def _entries(path: Path | str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputFaults(Fault(path, f"more than {MAX_ENTRIES} entries", kind=KIND))
    faults = [
        Fault(path, f"the entry {e.filename!r} {why}", kind=KIND)
        for e in entries
        if (why := _odd(e))
    ]
    counts = Counter(e.filename for e in entries)
    faults += [
        Fault(path, f"the entry {name!r} is there twice", kind=KIND)
        for name, n in sorted(counts.items())
        if n > 1
    ]
    if sum(e.file_size for e in entries) > MAX_BYTES:
        faults.append(Fault(path, f"more than {MAX_BYTES >> 20} MB unpacked", kind=KIND))
    raise_faults(faults)
    files = {}
    for entry in entries:
        if not entry.is_dir():
            with archive.open(entry) as f:
                files[entry.filename] = f.read(entry.file_size + 1)
    return files


def _odd(entry: zipfile.ZipInfo) -> str:
    """Say what is wrong with an entry's name or kind; empty where nothing is."""
    name = PurePosixPath(entry.filename)
    if name.is_absolute() or ".." in name.parts or any(c in entry.filename for c in "\\:\0"):
        return "leaves its folder"
    if (entry.external_attr >> 16) & _TYPE_BITS == _LINK:
        return "is not a file"
    return ""
