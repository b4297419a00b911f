"""Unpack an archive of unknown origin: nothing leaves the folder, no links, bounded size.

Only plain files are written, by this module itself, into a new folder that takes its name when all
of them are there. Owners, rights and times in the archive do not count.
"""

from __future__ import annotations

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from robotvision.data.names import is_inside
from robotvision.errors import RobotVisionError
from robotvision.regular_file import open_regular

MAX_FILES = 2_000_000
GROWTH, SPARE = 20, 2**27
"""An archive may unpack to so many times its size, and so many bytes more."""

BLOCK = 2**20

Member = tuple[str, Callable[[], IO[bytes] | None]]


class ArchiveError(RobotVisionError):
    """An archive cannot be unpacked, or must not be."""


def unpack(archive: Path, target: Path, detects: Callable[[Path], bool]) -> int:
    """Unpack ``archive`` into the new folder ``target``; return the number of files.

    An archive whose only entry is a folder is unpacked without it, unless it has another name than
    the target and ``detects`` recognises what surrounds it (the ``png/`` of KTH-IDOL2).

    Raises
    ------
    ArchiveError
        It is none, it is cut short, or something in it is not allowed; nothing stays behind.
    """
    work = target.with_name(f".{target.name}.unpacking")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        n = _write_all(archive, work)
        _settle(work, target, detects)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return n


def _write_all(archive: Path, work: Path) -> int:
    left, n = GROWTH * archive.stat().st_size + SPARE, 0
    try:
        for name, opened in _members(archive):
            n += 1
            if n > MAX_FILES:
                raise ArchiveError(f"{archive}: more than {MAX_FILES} files in it")
            left = _write(archive, work, name, opened, left)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
    ) as e:
        reason = (str(e) or type(e).__name__).splitlines()[0].rstrip(":")
        raise ArchiveError(
            f"{archive}: cannot be unpacked ({reason}){_kind(archive)}; delete it "
            "and fetch it again"
        ) from e
    except OSError as e:
        raise ArchiveError(
            f"{archive}: cannot be unpacked into {work.parent} "
            f"({e.strerror or e}); make room there and run it again"
        ) from e
    if not n:
        raise ArchiveError(f"{archive}: no files in it")
    return n


def _write(
    archive: Path, work: Path, name: str, opened: Callable[[], IO[bytes] | None], left: int
) -> int:
    """Write one file and return how many bytes may still come."""
    parts = PurePosixPath(name).parts
    if not parts or not is_inside(name) or "\\" in name or ":" in parts[0]:
        raise ArchiveError(
            f"{archive}: the entry {name!r} leads out of its folder; nothing was unpacked"
        )
    path = work.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    source = opened()
    if source is None:
        raise ArchiveError(f"{archive}: the entry {name!r} is no plain file")
    with source, open(path, "wb") as f:
        while block := source.read(BLOCK):
            left -= len(block)
            if left < 0:
                raise ArchiveError(
                    f"{archive}: unpacks to more than {GROWTH} times its size; nothing was unpacked"
                )
            f.write(block)
    return left


def _members(archive: Path) -> Iterator[Member]:
    """Yield name and opener of each file; links and devices are an error."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as z:
            for info in z.infolist():
                if info.external_attr >> 28 == 0xA:
                    raise ArchiveError(f"{archive}: the entry {info.filename!r} is a link")
                if not info.is_dir():
                    yield info.filename, lambda info=info: z.open(info)  # type: ignore[misc]
        return
    with tarfile.open(archive) as t:
        for member in t:
            if member.isfile():
                yield member.name, lambda member=member: t.extractfile(member)  # type: ignore[misc]
            elif not member.isdir():
                raise ArchiveError(
                    f"{archive}: the entry {member.name!r} is a link or a device; "
                    "nothing was unpacked"
                )
        # A tar that ends amid a header is taken for a whole one: look for the mark of its end.
        if t.fileobj is not None and t.fileobj.tell() < t.offset + tarfile.BLOCKSIZE:
            raise tarfile.ReadError("cut short: the mark of its end is missing")


def _settle(work: Path, target: Path, detects: Callable[[Path], bool]) -> None:
    entries = list(work.iterdir())
    top = work
    if len(entries) == 1 and entries[0].is_dir():
        is_needless = entries[0].name == target.name or not detects(work)
        top = entries[0] if is_needless else work
    try:
        top.rename(target)
    except OSError as e:
        raise ArchiveError(
            f"{target}: cannot be put in place ({e.strerror}); move away what has its name"
        ) from e


def _kind(archive: Path) -> str:
    """Say where the bytes look like a web page."""
    with open_regular(archive) as f:
        head = f.read(256).lstrip().lower()
    return ": it is a web page" if head.startswith((b"<!doctype", b"<html")) else ""
