"""A program confined by bubblewrap: no network, no other processes, no files but its own.

Inside there are the read-only system, what the command needs (`readable_paths.find`), an empty
folder to work in and an empty /tmp. Data folders, homes and /proc of others do not exist there.
Where bubblewrap is missing or may not work, `namespaces` does the same where the kernel lets us,
and the isolation is called partial and says why.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from robotvision.systems.descriptors import in_memory
from robotvision.systems.options import ProgramOptions
from robotvision.systems.readable_paths import Needs

BOX = "/box"
"""The empty folder the program works in."""
SCRATCH = "/tmp"  # nosec B108 - the sandbox's own, made for it
"""Its folder for temporary files."""
KEEPER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("namespaces.py")))
"""What stands before a program where bubblewrap does not; a plan's descriptor follows."""
OWN = ("--die-with-parent", "--new-session", "--hostname", "robot")
"""Options that `namespaces` does by itself."""

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
    """Return the bubblewrap that works, or why none does."""
    path = shutil.which("bwrap")
    if path is None:
        return f"bubblewrap is not installed ({INSTALL})"
    reason = ""
    for user in (("--unshare-user",), ()):
        flags = (*user, *_NAMESPACES, "--cap-drop", "ALL")
        probe = [
            path,
            *flags,
            "--ro-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            SCRATCH,
            "--",
            "/bin/sh",
            "-c",
            "exit 0",
        ]  # nosec B108
        try:
            done = subprocess.run(probe, capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.SubprocessError) as e:
            return f"bubblewrap does not start ({e})"
        if done.returncode == 0:
            return Bubblewrap(path, _version(path), flags)
        reason = reason or done.stderr.strip().splitlines()[-1:][0] if done.stderr.strip() else "?"
    return f"bubblewrap may not work here ({reason})"


def _version(path: str) -> str:
    out = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    return out.strip().rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Namespaces that work on this machine, with a user's permissions or only with root's."""

    user: bool


@functools.cache
def namespaces() -> Namespaces | str:
    """Return how namespaces work without bubblewrap, or why they do not."""
    reason = ""
    needs = Needs(["/bin/sh"])
    for user in (True, False):
        with tempfile.TemporaryDirectory(prefix="robotvision-") as root:
            fd = in_memory(plan(root, options(needs, ProgramOptions()), Namespaces(user)))
            command = [*KEEPER, str(fd), "--", "/bin/sh", "-c", "exit 0"]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=10, check=False, pass_fds=[fd]
                )
            except (OSError, subprocess.SubprocessError) as e:
                return f"namespaces cannot be tried ({e})"
            finally:
                os.close(fd)
        if done.returncode == 0:
            return Namespaces(user)
        reason = reason or (done.stderr.strip().splitlines() or ["?"])[-1]
    return f"namespaces may not be made here ({reason})"


def plan(root: str, args: list[str] | None, spaces: Namespaces | None) -> bytes:
    """Return what `namespaces` is to do: the tree of ``args`` at ``root``, or none (None)."""
    user = spaces is not None and spaces.user
    about = {"root": root, "options": args, "user": user, "harness": os.getpid()}
    return json.dumps(about).encode()


def options(needs: Needs, program: ProgramOptions) -> list[str]:
    """Return bubblewrap's options: the file tree, with the folders to hide empty."""
    size = str(program.limits.file_bytes)
    args = _system()
    args += ["--proc", "/proc", "--dev", "/dev"]
    args += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for device in program.devices:
        args += ["--dev-bind", str(device), str(device)]
    args += ["--size", size, "--tmpfs", SCRATCH, "--size", size, "--tmpfs", BOX]
    args += _visible(needs.read, program.hide)
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
