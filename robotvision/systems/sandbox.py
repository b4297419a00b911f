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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.systems.descriptors import in_memory
from robotvision.systems.leftovers import owned_folder
from robotvision.systems.masks import Bind, Mask
from robotvision.systems.options import ProgramOptions
from robotvision.systems.readable_paths import Needs, find
from robotvision.version import PACKAGE

BOX = "/box"
"""The empty folder the program works in."""
SCRATCH = "/tmp"  # nosec B108 - the sandbox's own, made for it
"""Its folder for temporary files."""
KEEPER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("namespaces.py")))
"""What stands before a program where bubblewrap does not; a plan's descriptor follows."""
_TREES = ("/usr", "/nix/store")
OWN = ("--die-with-parent", "--new-session", "--hostname", "robot")
"""Options that `namespaces` does by itself."""

INSTALL = "apt-get install bubblewrap"
NOBODY = 65534
"""The user a program is in its sandbox: nobody, whoever the harness is."""
_NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts")
_ETC = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "passwd", "group",
    "nsswitch.conf", "localtime", "fonts",
)  # fmt: skip
_PROC_READ_ONLY = (
    "acpi", "asound", "bus", "dynamic_debug", "fs", "irq", "latency_stats", "mtrr", "pressure",
    "scsi", "sys", "sysrq-trigger", "timer_stats",
)  # fmt: skip
"""What root may write under /proc without any capability, besides the files of processes."""
_SETPRIV = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all",
)  # fmt: skip
PROBE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("confined.py")))
"""A program that prints what it finds where it is."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What was found from inside a sandbox, by `confined`."""

    uid: int
    capabilities: str
    interfaces: tuple[str, ...]
    writable: int
    examples: tuple[str, ...]

    @classmethod
    def of(cls, printed: str) -> Confinement:
        """Return what `confined` printed. Raises ValueError."""
        seen: dict[str, Any] = json.loads(printed)
        return cls(
            seen["uid"],
            seen["capabilities"],
            tuple(seen["interfaces"]),
            seen["writable"],
            tuple(seen["examples"]),
        )

    @property
    def problems(self) -> list[str]:
        """What is not as it should be, in words."""
        problems = []
        if self.uid == 0:
            problems.append("it runs as root")
        if int(self.capabilities, 16):
            problems.append(f"it has capabilities ({self.capabilities})")
        if self.writable:
            problems.append(f"it may write {self.writable} files such as {self.examples[0]}")
        if set(self.interfaces) - {"lo"}:
            problems.append(f"it sees the network ({', '.join(self.interfaces)})")
        return problems

    def __str__(self) -> str:
        words = [f"user {self.uid}"]
        if not int(self.capabilities, 16):
            words.append("no capabilities")
        if not self.writable:
            words.append("/proc/sys and the system read-only")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """A bubblewrap that works on this machine.

    Parameters
    ----------
    path, version : str
    flags : tuple of str
        What makes its namespaces and the user.
    inside : tuple of str
        What stands before the program inside, to become another user there.
    confinement : Confinement
        What a probe found inside.
    """

    path: str
    version: str
    flags: tuple[str, ...]
    inside: tuple[str, ...]
    confinement: Confinement


def _ways() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return (flags, what stands before the program), the best first.

    With a user namespace files stay as readable as they are to the harness. Without one root
    becomes nobody by ``setpriv``, to whom files must be readable; the last way leaves it root
    without capabilities.
    """
    drop = ("--cap-drop", "ALL")
    user = ("--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY))
    become = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
    return [
        ((*user, "--disable-userns", *_NAMESPACES, *drop), ()),
        ((*user, *_NAMESPACES, *drop), ()),
        ((*_NAMESPACES, *drop, *become), _SETPRIV),
        ((*_NAMESPACES, *drop), ()),
    ]


@functools.cache
def bubblewrap() -> Bubblewrap | str:
    """Return the bubblewrap that works, or why none does."""
    path = shutil.which("bwrap")
    if path is None:
        return f"bubblewrap is not installed ({INSTALL})"
    needs = find(PROBE, Path("/"))
    tree = options(needs, ProgramOptions())
    reason = ""
    for flags, inside in _ways():
        confinement = _probe([path, *flags, *tree, "--", *inside, *needs.argv])
        if isinstance(confinement, Confinement):
            return Bubblewrap(path, _version(path), flags, inside, confinement)
        reason = reason or confinement
    return f"bubblewrap may not work here ({reason})"


def _probe(command: list[str], fds: Sequence[int] = ()) -> Confinement | str:
    """Run a command that ends in `confined`; return what it found, or why it cannot be run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=False, pass_fds=fds
        )
    except (OSError, subprocess.SubprocessError) as e:
        return f"it does not start: {e}"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return Confinement.of(done.stdout)


def _version(path: str) -> str:
    out = subprocess.run(
        [path, "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    return out.strip().rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Namespaces that work on this machine, with a user's permissions or only with root's."""

    user: bool
    confinement: Confinement


@functools.cache
def namespaces() -> Namespaces | str:
    """Return how namespaces work without bubblewrap, or why they do not."""
    reason = ""
    needs = find(PROBE, Path("/"))
    for user in (True, False):
        with owned_folder() as root:
            fd = in_memory(plan(root, options(needs, ProgramOptions()), user))
            try:
                confinement = _probe([*KEEPER, str(fd), "--", *needs.argv], [fd])
            finally:
                os.close(fd)
        if isinstance(confinement, Confinement):
            return Namespaces(user, confinement)
        reason = reason or confinement
    return f"namespaces may not be made here ({reason})"


def plan(root: str, args: list[str] | None, user: bool) -> bytes:
    """Return what `namespaces` is to do: the tree of ``args`` at ``root``, or none (None)."""
    about = {"root": root, "options": args, "user": user, "nobody": NOBODY, "harness": os.getpid()}
    return json.dumps(about).encode()


def options(needs: Needs, program: ProgramOptions, masks: Iterable[Mask] = ()) -> list[str]:
    """Return bubblewrap's options: the file tree, with what is masked empty or not to be opened."""
    size = str(program.limits.file_bytes)
    args = _system()
    args += [*_proc(), "--dev", "/dev"]
    args += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    for device in program.devices:
        args += ["--dev-bind", str(device), str(device)]
    for scratch in (SCRATCH, BOX):
        args += ["--perms", "1777", "--size", size, "--tmpfs", scratch]
    args += _visible(visible(needs), masks)
    return [*args, "--remount-ro", "/", "--chdir", BOX]


def _proc() -> list[str]:
    """Return the options for /proc of its own, of which only the processes' files are writable."""
    args = ["--proc", "/proc"]
    for name in _PROC_READ_ONLY:
        args += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    return args


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


def visible(needs: Needs) -> list[Bind]:
    """Return what a program sees: what it needs, and the system, which is not looked through.

    A name that leads through a link in a tree that is seen anyway is left to that link.
    """
    names = list(dict.fromkeys(needs.read))
    binds = []
    for name in names:
        source = Path(os.path.realpath(name))
        if name == source or not any(o != name and name.is_relative_to(o) for o in names):
            binds.append(Bind(source, name, is_searched=source != PACKAGE.resolve()))
    return [*binds, *(Bind(p, p, is_searched=False) for p in map(Path, _TREES) if p.is_dir())]


def _visible(binds: Iterable[Bind], masks: Iterable[Mask]) -> list[str]:
    """Return binds and masks, the outer before the inner; a mask comes after its own bind.

    Folders on the way are made first: bubblewrap's own would be closed to all but the harness.
    """
    trees = [b for b in binds if str(b.name) not in _TREES]
    steps = [(len(b.name.parts), 1, ["--ro-bind", str(b.source), str(b.name)]) for b in trees]
    on_the_way = {p for b in trees for p in b.name.parents if p != Path("/")}
    for folder in on_the_way - {b.name for b in trees}:
        steps.append((len(folder.parts), 0, ["--perms", "0755", "--dir", str(folder)]))
    for mask in masks:
        words = ["--tmpfs"] if mask.is_folder else ["--ro-bind", "/dev/null"]
        steps.append((len(mask.name.parts), 2, [*words, str(mask.name)]))
    return [word for _, _, words in sorted(steps) for word in words]
