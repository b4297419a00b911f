"""Write files and folders whole or not at all: beside their place, then moved there.

Whoever is killed while writing leaves what was there before, or nothing, and never a half; a
hidden ``.<name>.<host>-<process>.part`` stays beside it, which the next writer of that name
removes.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import errno
import io
import itertools
import json
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from robotvision.errors import RobotVisionError, not_writable

MARKER = ".robotvision.json"
"""In a folder that is replaced as a whole: what it is, and every file in it."""
_written = itertools.count()
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def new_file(path: Path, *, is_durable: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing; it stands at ``path`` once the block has ended, and not before.

    Parameters
    ----------
    path : Path
        Its folder exists. A file there is replaced (behind a link: the one
        that it leads to); a device or a fifo is written to.
    is_durable : bool
        Wait until the disk has it, so that a power cut leaves no empty file either.

    Raises
    ------
    RobotVisionError
        It cannot be written.
    """
    try:
        with new_path(path, is_durable=is_durable) as part, open(part, "wb") as f:
            yield f
    except OSError as e:
        raise not_writable(path, e) from e


@contextlib.contextmanager
def new_path(path: Path, *, is_durable: bool = True) -> Iterator[Path]:
    """Yield where to write a file that stands at ``path`` once the block has ended.

    For libraries that open files by name; as `new_file`. The name ends like ``path``.

    Raises
    ------
    RobotVisionError
        It cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
            yield target  # a device or a fifo: nothing could take its place
            return
        part = _beside(target)
        try:
            yield part
            if target.exists():
                shutil.copymode(target, part)
            if is_durable:
                _sync(part)
            os.replace(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as e:
        raise not_writable(path, e) from e


def write_bytes(path: Path, content: bytes, *, is_durable: bool = True) -> Path:
    """Write a file whole and return its path. Raises RobotVisionError."""
    with new_file(path, is_durable=is_durable) as f:
        f.write(content)
    return path


def write_text(path: Path, text: str, *, errors: str = "strict", is_durable: bool = True) -> Path:
    """Write a text file in UTF-8, whole, and return its path. Raises RobotVisionError."""
    return write_bytes(path, text.encode("utf-8", errors), is_durable=is_durable)


def csv_of(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as the text of a CSV file whose lines end in a line feed alone."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def make_folder(path: Path) -> Path:
    """Make a folder where it is missing and return its path. Raises RobotVisionError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise not_writable(path, e) from e
    return path


@contextlib.contextmanager
def new_folder(
    path: Path, kind: str | None = None, is_ours: Callable[[Path], bool] = lambda folder: False
) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``path`` once the block has ended.

    Only an empty folder is replaced, and with a ``kind`` one that was written so before and holds
    no file of anybody else: by its `MARKER`. What was there is gone then, files that are not
    written again too.

    Parameters
    ----------
    path : Path
    kind : str, optional
        What the folder is, for its marker and for messages: ``site``.
    is_ours : callable, optional
        Whether a folder without a marker, of an earlier version, may be replaced.

    Raises
    ------
    RobotVisionError
        There is another folder or a file, or it cannot be written.
    """
    target = Path(os.path.realpath(path))
    require_replaceable(path, kind, is_ours)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = _beside(target)
        part.mkdir()
        try:
            yield part
            if kind is not None:
                names = sorted(p.relative_to(part).as_posix() for p in _files(part))
                marker = {"schema": 1, "kind": kind, "files": names}
                (part / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
            for file in _files(part):
                _sync(file)
            _put_in_place(part, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as e:
        raise not_writable(path, e) from e


def require_replaceable(
    path: Path, kind: str | None, is_ours: Callable[[Path], bool] = lambda folder: False
) -> None:
    """Raise RobotVisionError where there is anything at ``path`` that `new_folder` may not lose."""
    try:
        if not os.path.lexists(path) or (path.is_dir() and not any(path.iterdir())):
            return
        if not path.is_dir():
            raise RobotVisionError(f"{path}: expected a folder, or none yet; give another one")
        if kind is None:
            raise RobotVisionError(f"{path}: expected a new or empty folder; give another one")
        names = _marked(path, kind)
        if names is None:
            if is_ours(path):
                return
            raise RobotVisionError(
                f"{path}: expected a new or empty folder, or a {kind} written before, got one "
                f"without {MARKER}; give another folder, or empty it"
            )
        others = [n for p in _files(path) if (n := p.relative_to(path).as_posix()) not in names]
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be read ({e.strerror})") from e
    if others:
        raise RobotVisionError(
            f"{path / others[0]}: not written with this {kind}, which is replaced as a whole; move "
            "it elsewhere, or give another folder"
        )


def _marked(folder: Path, kind: str) -> set[str] | None:
    """Return the files that a folder's marker names, None without a marker of this kind."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return {MARKER, *map(str, marker["files"])} if marker["kind"] == kind else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _files(folder: Path) -> list[Path]:
    """Return everything in a folder that is no folder itself; links are not followed."""
    return [
        Path(top, name)
        for top, folders, names in os.walk(folder)
        for name in (*names, *(f for f in folders if Path(top, f).is_symlink()))
    ]


def _beside(target: Path) -> Path:
    """Return a name beside ``target`` for this process; what dead ones left there is removed."""
    host = platform.node() or "host"
    stem = target.name[:100]
    for stale in target.parent.glob(f".{_plain(stem)}.{_plain(host)}-*.part*"):
        owner = stale.name[len(f".{stem}.{host}-") :].partition("-")[0]
        if owner.isdigit() and int(owner) != os.getpid() and not _is_alive(int(owner)):
            if stale.is_dir() and not stale.is_symlink():
                shutil.rmtree(stale, ignore_errors=True)
            else:
                stale.unlink(missing_ok=True)
    return target.with_name(
        f".{stem}.{host}-{os.getpid()}-{next(_written)}.part{target.suffix[:20]}"
    )


def _plain(name: str) -> str:
    """Return a name as a pattern that matches itself alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it belongs to somebody else
    return True


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            os.fsync(fd)
    finally:
        os.close(fd)


def _put_in_place(part: Path, target: Path) -> None:
    """Move a folder to ``target`` in one step; what was there stands at ``part`` after it."""
    if not target.exists():
        os.rename(part, target)
    elif not _exchange(part, target):
        # no exchange on this system: for a moment there is no folder, but never half of one
        old = part.with_name(f"{part.name}.old")
        os.rename(target, old)
        os.rename(part, target)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step (renameat2 of Linux); return whether that can be done."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    return bool(call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0)
