"""A digest of a file's content, read again only once the file has changed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.regular_file import open_regular


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits.

    Raises
    ------
    RobotVisionError
        It cannot be read.
    """
    try:
        status = path.stat()
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return _digest(path, stamp)
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be read ({e.strerror})") from e


@lru_cache(maxsize=4096)
def _digest(path: Path, stamp: tuple[int, ...]) -> str:
    with open_regular(path) as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
