"""A program kept apart with bubblewrap: no network, no other processes, no files but its own.

Inside there are the read-only system, what the command needs (`needs.find`), an empty folder to
work in and an empty /tmp. Data folders, homes and /proc of others are not there. Where bubblewrap
is missing or may not work, the isolation is partial and says why.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robotvision.systems.limits import Limits
from robotvision.systems.needs import Needs

BOX = "/box"
"""The empty folder the program works in."""

INSTALL = "apt-get install bubblewrap"
_NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
_ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "passwd", "group",
    "nsswitch.conf", "localtime", "fonts",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """A bubblewrap that works on this machine."""

    path: str
    version: str
    flags: tuple[str, ...]


@functools.cache
def bubblewrap() -> Bubblewrap | str:
    """Return what was found to work, or why nothing does."""
    path = shutil.which("bwrap")
    if path is None:
        return f"bubblewrap is not installed ({INSTALL})"
    reason = ""
    for user in (("--unshare-user",), ()):
        flags = (*user, *_NAMESPACES, "--cap-drop", "ALL")
        probe = [path, *flags, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
                 "--tmpfs", "/tmp", "--", "/bin/sh", "-c", "exit 0"]  # fmt: skip
        try:
            done = subprocess.run(probe, capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.SubprocessError) as e:
            return f"bubblewrap does not start ({e})"
        if done.returncode == 0:
            return Bubblewrap(path, _version(path), flags)
        reason = reason or done.stderr.strip().splitlines()[-1:][0] if done.stderr.strip() else "?"
    return f"bubblewrap may not work here ({reason})"


def _version(path: str) -> str:
    out = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10,
                         check=False).stdout  # fmt: skip
    return out.strip().rpartition(" ")[2]


def options(
    found: Bubblewrap,
    needs: Needs,
    limits: Limits,
    hide: Iterable[Path] = (),
    devices: Iterable[Path] = (),
) -> list[str]:
    """Return bubblewrap's options.

    Parameters
    ----------
    hide : iterable of Path
        Folders that stay empty even where they lie in a folder the program may read.
    devices : iterable of Path
        Devices it may use: a GPU's.
    """
    size = str(limits.file_bytes)
    args = [*found.flags, "--die-with-parent", "--new-session", "--hostname", "robot"]
    args += _system()
    args += ["--proc", "/proc", "--dev", "/dev"]
    args += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for device in devices:
        args += ["--dev-bind", str(device), str(device)]
    args += ["--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", BOX]
    args += _visible(needs.read, hide)
    return [*args, "--remount-ro", "/", "--chdir", BOX]


def _system() -> list[str]:
    args = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        place = Path("/", name)
        if place.is_symlink():
            args += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            args += ["--ro-bind", str(place), str(place)]
    for name in _ETC:
        args += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return [*args, "--ro-bind-try", "/nix/store", "/nix/store"]


def _visible(read: Iterable[Path], hide: Iterable[Path]) -> list[str]:
    """Return binds and covers, the outer before the inner; a cover wins over its own bind."""
    hidden = {Path(os.path.abspath(h)) for h in hide} | {h.resolve() for h in hide}
    roots = [*read, *map(Path, ("/usr",))]
    steps: list[tuple[int, int, list[str]]] = []
    for path in dict.fromkeys(read):
        steps.append((len(path.parts), 0, ["--ro-bind", str(path.resolve()), str(path)]))
    for path in hidden:
        if path.is_dir() and any(path.is_relative_to(r) for r in roots):
            steps.append((len(path.parts), 1, ["--tmpfs", str(path)]))
    return [word for _, _, words in sorted(steps) for word in words]
