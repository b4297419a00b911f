"""What a killed harness leaves on the machine: named by its owner, cleared by the next harness.

Control groups and temporary folders bear the owner in their names: the namespace of its processes,
its number and when it was started. A name is cleared only where its owner was in this namespace of
processes and no process of that number and start lives: never another harness's that still runs.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from robotvision.systems.processes import stat_of

_NAME = re.compile(r"robotvision-(\d+)-(\d+)-(\d+)-.+")


def owner_prefix() -> str:
    """Return how the names of what this process makes begin."""
    return _prefix(os.getpid())


@functools.cache
def _prefix(pid: int) -> str:
    return f"robotvision-{pid}-{_started(pid)}-{_namespace()}-"


def owned_folder() -> tempfile.TemporaryDirectory[str]:
    """Make a temporary folder that a later harness removes where this one cannot."""
    return tempfile.TemporaryDirectory(prefix=owner_prefix())


def is_left(name: str) -> bool:
    """Return whether ``name`` belongs to a harness that is gone."""
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    pid, started, namespace = map(int, match.groups())
    return namespace == _namespace() and _started(pid) != started


def clear_folders() -> list[Path]:
    """Remove temporary folders of harnesses that are gone; return those removed."""
    removed = []
    for path in _left_in(Path(tempfile.gettempdir())):
        shutil.rmtree(path, ignore_errors=True)  # another user's stays: it is that user's to clear
        if not path.exists():
            removed.append(path)
    return removed


def clear_groups(parents: Iterable[Path]) -> list[Path]:
    """Remove control groups of harnesses that are gone, with what is still in them."""
    removed = []
    for parent in dict.fromkeys(parents):
        for path in _left_in(parent):
            for pid in _members(path):
                with contextlib.suppress(OSError):  # gone meanwhile
                    os.kill(pid, 9)
            with contextlib.suppress(OSError):  # another user's, or not yet empty: the next time
                path.rmdir()
                removed.append(path)
    return removed


def _left_in(parent: Path) -> list[Path]:
    try:
        names = os.listdir(parent)
    except OSError:  # nothing that could be cleared
        return []
    return [parent / n for n in names if is_left(n)]


def _members(group: Path) -> list[int]:
    try:
        return [int(word) for word in (group / "cgroup.procs").read_text().split()]
    except OSError:  # gone meanwhile
        return []


def _started(pid: int) -> int:
    """Return when a process was started, in ticks since the machine was; 0: there is none."""
    try:
        fields = stat_of(pid)
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


@functools.cache
def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # a kernel without it: then there is one for all
        return 0
