"""Open files that the user names: regular ones, of a size that fits in memory.

A fifo or a device would be waited for without end, or read without end; here it is an OSError like
a missing file, so whoever reports the one reports the other.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

MAX_BYTES = 2**28
"""Of a file that is read whole: 256 MB."""
_KINDS = {
    stat.S_IFIFO: "a fifo",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path | str) -> BufferedReader:
    """Open a file for reading, without waiting for a writer.

    Raises
    ------
    OSError
        It cannot be opened, or is a folder, fifo, device or socket.
    """
    # Without a writer, opening a fifo waits for one unless O_NONBLOCK is given.
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        kind = stat.S_IFMT(os.fstat(fd).st_mode)
        if kind != stat.S_IFREG:
            if kind == stat.S_IFDIR:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            what = _KINDS.get(kind, "no regular file")
            raise OSError(errno.EINVAL, f"expected a file, it is {what}", str(path))
        return open(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def read_regular(path: Path | str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file of at most ``max_bytes``.

    Raises
    ------
    OSError
        As `open_regular`, or the file is larger.
    """
    with open_regular(path) as f:
        raw = f.read(max_bytes + 1)
    if len(raw) > max_bytes:
        shown = f"{max_bytes >> 20} MB" if max_bytes >= 2**20 else f"{max_bytes >> 10} kB"
        raise OSError(errno.EFBIG, f"expected at most {shown}", str(path))
    return raw
