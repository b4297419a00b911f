"""Start a program kept apart, and leave nothing of it behind.

Every program is started by one thread that lives as long as the harness: the kernel ends what a
*thread* has started when the thread ends, and so a harness that is killed takes its programs along.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from robotvision.errors import RobotVisionError
from robotvision.systems import sandbox
from robotvision.systems.limits import Group, Limits, make_group
from robotvision.systems.needs import Needs, find

IsolationWish = Literal["auto", "none", "required"]

MARKER = "ROBOTVISION_PROGRAM"
_ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 126; shift; done; shift; exec "$@"'
_numbers = itertools.count()
_spawners: dict[int, ThreadPoolExecutor] = {}


@dataclass(slots=True)
class Launched:
    """A running program with everything made for it."""

    process: subprocess.Popen[bytes]
    marker: str
    group: Group
    sandboxed: bool
    folder: tempfile.TemporaryDirectory[str] | None

    def end(self) -> None:
        """Kill the program and all its children, wait for them, take away what was made."""
        pid = self.process.pid
        for child in _children(pid) if self.sandboxed else ():
            _kill(child)  # first process of the sandbox: the kernel ends all others with it
        if self.sandboxed:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)  # bubblewrap ends when the sandbox is empty
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        self.group.kill()
        if not self.sandboxed:
            _sweep(self.marker)
        self.process.wait()
        self.group.remove()
        if self.folder is not None:
            self.folder.cleanup()


@dataclass(slots=True)
class Launcher:
    """Starts one command, as often as needed, always the same way.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    base : Path
        Where relative paths of the command start.
    env : Mapping[str, str]
        Added to an environment of PATH, LANG, HOME and TMPDIR.
    wish : str
        ``auto``: in a sandbox where one works; ``required``: or not at all; ``none``: as an
        ordinary process of the user, in the caller's folder and environment.
    read, hide, devices : iterable of Path
        See `sandbox.options`.
    """

    command: Sequence[str]
    base: Path
    env: Mapping[str, str] = field(default_factory=dict)
    wish: IsolationWish = "auto"
    limits: Limits = field(default_factory=Limits)
    read: Iterable[Path] = ()
    hide: Iterable[Path] = ()
    devices: Iterable[Path] = ()
    needs: Needs = field(init=False)
    isolation: str = field(init=False)
    _box: sandbox.Bubblewrap | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.needs = find(self.command, self.base, self.read)
        if self.wish == "none":
            self.isolation = "none: an ordinary process of the user, as asked"
            return
        found = sandbox.bubblewrap()
        if isinstance(found, str):
            if self.wish == "required":
                raise RobotVisionError(
                    f"isolation: required, but {found}; install it or set 'isolation: auto'"
                )
            self.isolation = (
                f"partial: {found}; its own process group, an empty folder, a bare environment and "
                "limits for each process, but it can read what the user can and use the network"
            )
        else:
            self._box = found
            self.isolation = f"full: bubblewrap {found.version}" + self._enforced()

    def _enforced(self) -> str:
        limits, group = self.limits, make_group(self.limits)
        together = dict(group.folders)
        group.remove()
        memory = f"memory {limits.memory_bytes >> 20} MB" + (
            "" if "memory" in together else " each process"
        )
        processes = f"{limits.max_processes} processes"
        if "pids" not in together and os.geteuid() == 0:
            processes = "processes not limited (root without a control group)"
        return (
            "; no network, no foreign processes or files; "
            f"{memory}, {processes}, files {limits.file_bytes >> 20} MB"
        )

    def start(self, read_fd: int | None) -> Launched:
        """Start the program; ``read_fd`` is handed down to it. Raises OSError."""
        marker = f"{os.getpid()}-{next(_numbers)}"
        if self.wish == "none":
            return self._spawn(self.needs.argv, {**os.environ, **self.env}, marker, read_fd)
        group = make_group(self.limits)
        argv = [*self.limits.prlimit(processes=self._box is not None), *self.needs.argv]
        options_fd = None
        folder = None
        try:
            if self._box is not None:
                args = sandbox.options(self._box, self.needs, self.limits, self.hide, self.devices)
                options_fd = _options_file(args)
                argv = [self._box.path, "--args", str(options_fd), "--", *argv]
                home = sandbox.BOX
            else:
                folder = tempfile.TemporaryDirectory(prefix="robotvision-")
                home = folder.name
                if shutil.which("setpriv"):
                    argv = ["setpriv", "--pdeathsig", "KILL", "--", *argv]
            if group.entries:
                argv = ["/bin/sh", "-c", _ENTER, "sh", *group.entries, "--", *argv]
            return self._spawn(argv, self._bare(home), marker, read_fd, options_fd, group, folder)
        except BaseException:
            group.remove()
            if folder is not None:
                folder.cleanup()
            raise
        finally:
            if options_fd is not None:
                os.close(options_fd)

    def _bare(self, home: str) -> dict[str, str]:
        path = [*self.needs.path, "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(dict.fromkeys(path)),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": home,
            "TMPDIR": "/tmp" if self._box is not None else home,
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
        }

    def _spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        marker: str,
        read_fd: int | None,
        options_fd: int | None = None,
        group: Group | None = None,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> Launched:
        fds = [fd for fd in (read_fd, options_fd) if fd is not None]
        process = _spawner().submit(
            _popen, argv, fds, {**env, MARKER: marker}, folder.name if folder else None
        ).result()  # fmt: skip
        return Launched(process, marker, group or Group(), self._box is not None, folder)


def _popen(
    argv: Sequence[str], fds: Sequence[int], env: Mapping[str, str], cwd: str | None
) -> subprocess.Popen[bytes]:
    pipe: Any = subprocess.PIPE
    return subprocess.Popen(
        argv, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=fds, env=env, cwd=cwd,
        start_new_session=True,
    )  # fmt: skip


def _spawner() -> ThreadPoolExecutor:
    """Return the starting thread of this process: a thread does not survive a fork."""
    pid = os.getpid()
    if pid not in _spawners:
        _spawners[pid] = ThreadPoolExecutor(1, thread_name_prefix="robotvision-spawn")
    return _spawners[pid]


def _options_file(args: Sequence[str]) -> int:
    """Return a file with bubblewrap's options: on its command line the program could read them."""
    fd = os.memfd_create("options", os.MFD_CLOEXEC)
    os.write(fd, b"".join(os.fsencode(a) + b"\0" for a in args))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # gone already
        return []
    return [int(word) for word in text.split()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _sweep(marker: str) -> None:
    """Kill what left the program's process group, found by the mark in its environment."""
    mark = f"{MARKER}={marker}\0".encode()
    for _ in range(10):  # a process may fork while we look
        found = False
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):  # another user's, or gone
                if mark in Path(entry.path, "environ").read_bytes() + b"\0":
                    found = found or _is_alive(int(entry.name))
                    _kill(int(entry.name))
        if not found:
            return


def _is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state not in "ZX"
