"""Descriptors that a program inherits, out of the way of the lowest numbers."""

from __future__ import annotations

import fcntl
import os

LEAST = 16
"""A shell on the way to the program uses 3 and 4 for its own purposes."""


def raised(fd: int) -> int:
    """Return another descriptor of the same file, from `LEAST` on; ``fd`` is closed."""
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, LEAST)
    finally:
        os.close(fd)


def in_memory(content: bytes) -> int:
    """Return a file that holds ``content`` and has no name."""
    fd = raised(os.memfd_create("robotvision-plan", os.MFD_CLOEXEC))
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
