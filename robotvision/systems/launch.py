"""Start a program kept apart, and leave nothing of it behind.

Every program is started by one thread that lives as long as the harness: the kernel ends what a
*thread* has started when the thread ends, and so a harness that is killed takes its programs along.
"""

from __future__ import annotations

import contextlib
import itertools
import os
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
from robotvision.systems.descriptors import in_memory
from robotvision.systems.limits import Group, Limits, make_group
from robotvision.systems.readable_paths import Needs, find

IsolationWish = Literal["auto", "none", "required"]

MARKER = "ROBOTVISION_PROGRAM"
_ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 126; shift; done; shift; '
_ASIDE = "exec 3<&0 4>&1 </dev/null >/dev/null; "
_BACK = 'exec "$@" <&3 >&4 3<&- 4>&-'
"""bubblewrap holds its standard streams open as long as it runs, and lets go of all others: the
program's pipes pass it as 3 and 4, so that the harness sees at once when the program closes one."""
HELD = "no network, no foreign processes or files"
_numbers = itertools.count()
_spawners: dict[int, ThreadPoolExecutor] = {}


@dataclass(slots=True)
class Launched:
    """A running program with everything made for it."""

    process: subprocess.Popen[bytes]
    marker: str
    group: Group
    sandboxed: bool
    kept: bool
    folder: tempfile.TemporaryDirectory[str] | None

    def end(self) -> None:
        """Kill the program and all its children, wait for them, take away what was made."""
        pid = self.process.pid
        if self.kept:
            # the first process of a sandbox: the kernel ends all others with it; without one, all
            # that descends from the keeper, to which orphans come back
            for child in _descendants(pid):
                _kill(child)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)  # what stands before the program ends when all is empty
            for child in _descendants(pid):
                _kill(child)
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
    _spaces: sandbox.Namespaces | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.needs = find(self.command, self.base, self.read)
        if self.wish == "none":
            self.isolation = "none: an ordinary process of the user, as asked"
            return
        found = sandbox.bubblewrap()
        if not isinstance(found, str):
            self._box = found
            self.isolation = f"full: bubblewrap {found.version}; {HELD}; {self._enforced()}"
            return
        if self.wish == "required":
            raise RobotVisionError(
                f"isolation: required, but {found}; install it or set 'isolation: auto'"
            )
        spaces = sandbox.namespaces()
        if not isinstance(spaces, str):
            self._spaces = spaces
            self.isolation = (
                f"partial: {found}; held by the kernel's namespaces instead: {HELD}; "
                f"{self._enforced()}; not held: a set-up as well tried as bubblewrap's"
            )
        else:
            self.isolation = (
                f"partial: {found}; {spaces}; held: an empty folder, a bare environment, no "
                f"descriptors of others, an end to all its children; {self._enforced()}; not held: "
                "network (it may use it), files (it can read what the user can, the data too), "
                "processes of others (it can see them)"
            )

    def _enforced(self) -> str:
        limits, group = self.limits, make_group(self.limits)
        together = dict(group.folders)
        group.remove()
        memory = f"memory {limits.memory_bytes >> 20} MB" + (
            "" if "memory" in together else " each process"
        )
        processes = f"{limits.max_processes} processes"
        if "pids" not in together and (os.geteuid() == 0 or not self._is_sandboxed):
            processes = "processes not limited (no control group)"
        return f"{memory}, {processes}, files {limits.file_bytes >> 20} MB"

    @property
    def _is_sandboxed(self) -> bool:
        return self._box is not None or self._spaces is not None

    def start(self, read_fd: int | None) -> Launched:
        """Start the program; ``read_fd`` is handed down to it. Raises OSError."""
        marker = f"{os.getpid()}-{next(_numbers)}"
        if self.wish == "none":
            return self._spawn(self.needs.argv, {**os.environ, **self.env}, marker, read_fd)
        group = make_group(self.limits)
        program = [*self.limits.prlimit(processes=self._is_sandboxed), *self.needs.argv]
        plan_fd = None
        folder = None
        try:
            if self._box is None:
                folder = tempfile.TemporaryDirectory(prefix="robotvision-")
            plan_fd = self._plan(folder)
            if self._box is not None:
                argv = [
                    self._box.path,
                    "--args",
                    str(plan_fd),
                    "--",
                    "/bin/sh",
                    "-c",
                    _BACK,
                    "sh",
                    *program,
                ]
            else:
                argv = [*sandbox.KEEPER, str(plan_fd), "--", *program]
            enter = (_ENTER if group.entries else "shift; ") + (_ASIDE if self._box else "")
            argv = ["/bin/sh", "-c", f'{enter}exec "$@"', "sh", *group.entries, "--", *argv]
            home = sandbox.BOX if self._is_sandboxed or folder is None else folder.name
            return self._spawn(argv, self._bare(home), marker, read_fd, plan_fd, group, folder)
        except BaseException:
            group.remove()
            if folder is not None:
                folder.cleanup()
            raise
        finally:
            if plan_fd is not None:
                os.close(plan_fd)

    def _plan(self, folder: tempfile.TemporaryDirectory[str] | None) -> int:
        """Return a file with what is to be done: on a command line the program could read it."""
        args = None
        if self._is_sandboxed:
            args = sandbox.options(self.needs, self.limits, self.hide, self.devices)
        if self._box is not None and args is not None:
            words = [*self._box.flags, *sandbox.OWN, *args]
            return in_memory(b"".join(os.fsencode(w) + b"\0" for w in words))
        return in_memory(sandbox.plan(folder.name if folder else "", args, self._spaces))

    def _bare(self, home: str) -> dict[str, str]:
        path = [*self.needs.path, "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(dict.fromkeys(path)),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": home,
            "TMPDIR": sandbox.SCRATCH if self._is_sandboxed else home,
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
        }

    def _spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        marker: str,
        read_fd: int | None,
        plan_fd: int | None = None,
        group: Group | None = None,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> Launched:
        fds = [fd for fd in (read_fd, plan_fd) if fd is not None]
        process = (
            _spawner()
            .submit(_popen, argv, fds, {**env, MARKER: marker}, folder.name if folder else None)
            .result()
        )
        return Launched(
            process, marker, group or Group(), self._is_sandboxed, self.wish != "none", folder
        )


def _popen(
    argv: Sequence[str], fds: Sequence[int], env: Mapping[str, str], cwd: str | None
) -> subprocess.Popen[bytes]:
    pipe: Any = subprocess.PIPE
    return subprocess.Popen(
        argv,
        bufsize=0,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        pass_fds=fds,
        env=env,
        cwd=cwd,
        start_new_session=True,
    )


def _spawner() -> ThreadPoolExecutor:
    """Return the starting thread of this process: a thread does not survive a fork."""
    pid = os.getpid()
    if pid not in _spawners:
        _spawners[pid] = ThreadPoolExecutor(1, thread_name_prefix="robotvision-spawn")
    return _spawners[pid]


def _descendants(pid: int) -> list[int]:
    """Return the numbers of all that ``pid`` has started, and they, the nearest first."""
    found = [pid]
    for known in found:
        with contextlib.suppress(OSError):  # gone already
            for task in os.listdir(f"/proc/{known}/task"):
                text = Path(f"/proc/{known}/task/{task}/children").read_text()
                found += [int(word) for word in text.split()]
    return found[1:]


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
