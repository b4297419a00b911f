"""What a program may use: memory, processes, file size, CPU time; and who enforces it.

A control group counts the program and all its children together, where the machine permits
one (usually: as root). Elsewhere each process is bounded by itself with ``prlimit``: its private
writable memory (``RLIMIT_DATA``; the address space would stop programs that reserve far more than
they use), and the number of processes of its user, which the kernel does not apply to root.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from robotvision.systems.leftovers import clear_groups, owner_prefix

MEMORY_MB = 4096
PROCESSES = 256
FILE_MB = 1024
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use; None: the default (4096 MB, 256 processes, 1024 MB; no CPU limit).

    Parameters
    ----------
    memory_mb : int or None
        Of the program and its children together where a control group can be made, else each.
    processes : int or None
        Processes and threads at once.
    file_mb : int or None
        Size of one file, and of the scratch folder it works in.
    cpu_s : int or None
        CPU time of each process; None: no limit.
    """

    memory_mb: int | None = None
    processes: int | None = None
    file_mb: int | None = None
    cpu_s: int | None = None

    @property
    def memory_bytes(self) -> int:
        """Bytes of memory."""
        return (MEMORY_MB if self.memory_mb is None else self.memory_mb) << 20

    @property
    def max_processes(self) -> int:
        """Processes and threads at once."""
        return PROCESSES if self.processes is None else self.processes

    @property
    def file_bytes(self) -> int:
        """Bytes of a file."""
        return (FILE_MB if self.file_mb is None else self.file_mb) << 20

    def prlimit(self, *, processes: bool) -> list[str]:
        """Return the command that sets the limits of each process and runs what follows it.

        Empty where ``prlimit`` (util-linux) is not installed. ``processes``: bound their number
        too; outside a sandbox that would count the user's other processes.
        """
        if shutil.which("prlimit") is None:
            return []
        command = [
            "prlimit",
            f"--data={self.memory_bytes}",
            f"--fsize={self.file_bytes}",
            "--core=0",
        ]
        if processes:
            command.append(f"--nproc={self.max_processes}")
        if self.cpu_s is not None:
            command.append(f"--cpu={self.cpu_s}")
        return [*command, "--"]


@dataclass(slots=True)
class Group:
    """A control group made for one program.

    ``folders`` by controller (``memory``, ``pids``); one folder for both in version 2.
    """

    folders: dict[str, Path] = field(default_factory=dict)

    @property
    def entries(self) -> list[str]:
        """The files that a process writes its number to, to get in."""
        return [str(f / "cgroup.procs") for f in dict.fromkeys(self.folders.values())]

    def ran_out_of_memory(self) -> bool:
        """Return whether the kernel killed something for want of memory."""
        folder = self.folders.get("memory")
        if folder is None:
            return False
        for name, key in (("memory.events", "oom_kill "), ("memory.oom_control", "oom_kill ")):
            with contextlib.suppress(OSError):  # the other version's file
                for text in (folder / name).read_text().splitlines():
                    if text.startswith(key):
                        return int(text.split()[1]) > 0
        return False

    def kill(self) -> None:
        """Kill whatever is still in it."""
        for entry in self.entries:
            with contextlib.suppress(OSError):  # gone already
                for pid in Path(entry).read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)

    def remove(self, patience_s: float = 2.0) -> None:
        """Kill what is in it and take it away; the kernel may need a moment to see it empty."""
        end = time.monotonic() + patience_s
        for folder in dict.fromkeys(self.folders.values()):
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:
                    self.kill()
                    if time.monotonic() > end:
                        break
                    time.sleep(0.002)
        self.folders.clear()


def make_group(limits: Limits) -> Group:
    """Return a control group with ``limits``; one without folders where none can be made."""
    group = Group()
    name = f"{owner_prefix()}{next(_numbers)}"
    values = {
        "memory": (("memory.max", "memory.limit_in_bytes"), limits.memory_bytes),
        "pids": (("pids.max",), limits.max_processes),
    }
    for controller, (files, value) in values.items():
        for parent in _parents(controller):
            folder = parent / name
            try:
                folder.mkdir(exist_ok=True)
                group.folders[controller] = folder
                known = [f for f in files if (folder / f).exists()]
                if known:
                    (folder / known[0]).write_text(str(value))
                    break
            except OSError:  # not permitted: the description of the isolation says so
                pass
            group.folders.pop(controller, None)
            if folder not in group.folders.values():
                with contextlib.suppress(OSError):
                    folder.rmdir()
    return group


def clear_left_groups() -> None:
    """Remove the control groups of harnesses that were killed."""
    clear_groups(p for controller in ("memory", "pids") for p in _parents(controller))


def _parents(controller: str) -> list[Path]:
    """Return the folders in which a group of ``controller`` may be made, the likeliest first."""
    parents = []
    try:
        for text in Path("/proc/self/cgroup").read_text().splitlines():
            _, names, path = text.split(":", 2)
            for mount in _mounts(names, controller):
                inside = mount / path.lstrip("/")
                parents += [inside, inside.parent] if inside != mount else [mount]
    except (OSError, ValueError):
        return []
    return [p for p in dict.fromkeys(parents) if os.access(p, os.W_OK)]


def _mounts(names: str, controller: str) -> list[Path]:
    """Return the mount points of the hierarchy ``names`` where it holds ``controller``."""
    if names and controller not in names.split(","):
        return []
    mounts = []
    for text in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, options = text.split()[:4]
        if names and kind == "cgroup" and controller in options.split(","):
            mounts.append(Path(place))
        if not names and kind == "cgroup2":
            mounts.append(Path(place))
    return mounts
