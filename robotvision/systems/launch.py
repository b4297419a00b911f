"""Start a program in confinement, and leave nothing of it behind.

Every program is started by one thread that lives as long as the harness: the kernel ends what a
*thread* has started when the thread ends, and so a harness that is killed takes its programs along.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.systems import sandbox
from robotvision.systems.descriptors import in_memory
from robotvision.systems.leftovers import clear_folders, owned_folder
from robotvision.systems.limits import Group, clear_left_groups, make_group
from robotvision.systems.masks import Mask, find_masks
from robotvision.systems.options import ProgramOptions
from robotvision.systems.processes import descendants, stat_of
from robotvision.systems.readable_paths import find

MARKER = "ROBOTVISION_PROGRAM"
_ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 126; shift; done; shift; '
_ASIDE = "exec 3<&0 4>&1 </dev/null >/dev/null; "
_BACK = 'exec "$@" <&3 >&4 3<&- 4>&-'
"""bubblewrap holds its standard streams open as long as it runs, and closes all others: the
program's pipes pass it as 3 and 4, so that the harness sees at once when the program closes one."""
HELD = "no network, no foreign processes or files"
_numbers = itertools.count()
_spawners: dict[int, ThreadPoolExecutor] = {}


@dataclass(slots=True)
class Launched:
    """A running program with its group and folder."""

    process: subprocess.Popen[bytes]
    marker: str
    group: Group = field(default_factory=Group)
    is_sandboxed: bool = False
    has_keeper: bool = False
    folder: TemporaryDirectory[str] | None = None

    def end(self) -> None:
        """Kill the program and all its children, wait for them, remove group and folder."""
        pid = self.process.pid
        if self.has_keeper:
            # the first process of a sandbox: the kernel ends all others with it; without one, all
            # that descends from the keeper, to which orphans come back
            for child in descendants(pid):
                _kill(child)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)  # what stands before the program ends when all is empty
            for child in descendants(pid):
                _kill(child)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        self.group.kill()
        if not self.is_sandboxed:
            _sweep(self.marker)
        self.process.wait()
        self.group.remove()
        if self.folder is not None:
            self.folder.cleanup()


class Launcher:
    """Starts one command, as often as needed, always the same way.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    options : ProgramOptions
        Its environment, confinement and limits.

    Attributes
    ----------
    isolation : str
        How far the program is confined, and why not further, in words for the report.

    Raises
    ------
    RobotVisionError
        The command cannot be run at all, isolation is required and not available, what it must
        not see cannot be hidden, or this is not Linux.
    """

    def __init__(self, command: Sequence[str], options: ProgramOptions) -> None:
        if sys.platform != "linux":
            raise RobotVisionError(
                f"programs and 'system: worker' need Linux, this is {sys.platform}: their frames, "
                "limits and sandbox are the kernel's; run robotvision in a Linux container or a "
                "virtual machine, or with 'system: inprocess'"
            )
        self.command, self.options = command, options
        read = [Path(p) for p in options.read]
        self.needs = find(command, options.base or Path.cwd(), read)
        self._box: sandbox.Bubblewrap | None = None
        self._spaces: sandbox.Namespaces | None = None
        self.isolation = self._confine()
        self._hidden = frozenset(map(_real, options.hide))
        self._run: Path | None = None
        self._masks: list[Mask] | None = None
        _clear_leftovers(os.getpid())

    def hide(self, data: Collection[Path], folder: Path | None = None) -> None:
        """Hide further data, and a run folder, in what the program may read; see `System.hide`.

        Raises
        ------
        RobotVisionError
            There is too much to be hidden.
        """
        hidden, run = self._hidden | {*map(_real, data)}, folder or self._run
        if (hidden, run) != (self._hidden, self._run):
            self._hidden, self._run, self._masks = hidden, run, None
        self._find_masks()

    def _find_masks(self) -> list[Mask]:
        if not self._is_sandboxed:
            return []
        if self._masks is None:
            binds, training = sandbox.visible(self.needs), self.options.training
            self._masks = find_masks(binds, self._hidden, training, self._run)
        return self._masks

    def _confine(self) -> str:
        """Find the strongest confinement that works here; return it in words."""
        if self.options.isolation == "none":
            return "none: an ordinary process of the user, as asked"
        box = sandbox.bubblewrap()
        if not isinstance(box, str):
            self._box = box
            problems = box.confinement.problems
            if problems and self.options.isolation == "required":
                raise RobotVisionError(
                    f"isolation: required, but in bubblewrap {', '.join(problems)}; allow user "
                    "namespaces, install setpriv, or set 'isolation: auto'"
                )
            return (
                f"{'partial' if problems else 'full'}: bubblewrap {box.version}; {HELD}; "
                f"{box.confinement}; {self._enforced()}" + _not_held(problems)
            )
        if self.options.isolation == "required":
            raise RobotVisionError(
                f"isolation: required, but {box}; install it or set 'isolation: auto'"
            )
        spaces = sandbox.namespaces()
        if not isinstance(spaces, str):
            self._spaces = spaces
            return (
                f"partial: {box}; held by the kernel's namespaces instead: {HELD}; "
                f"{spaces.confinement}; {self._enforced()}"
                + _not_held(
                    [*spaces.confinement.problems, "a set-up as well tried as bubblewrap's"]
                )
            )
        root = ", user (it runs as root)" if os.geteuid() == 0 else ""
        return (
            f"partial: {box}; {spaces}; held: an empty folder, a bare environment, no "
            f"descriptors of others, an end to all its children; {self._enforced()}; not held: "
            "network (it may use it), files (it can read what the user can, the data too), "
            f"processes of others (it can see them){root}"
        )

    def _enforced(self) -> str:
        limits = self.options.limits
        group = make_group(limits)
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
        fds = [] if read_fd is None else [read_fd]
        if self.options.isolation == "none":
            env = {**os.environ, **self.options.env, MARKER: marker}
            return Launched(_spawn(self.needs.argv, fds, env), marker)
        group = make_group(self.options.limits)
        plan_fd = None
        folder = None
        try:
            if self._box is None:
                folder = owned_folder()
            plan_fd = self._plan(folder)
            home = sandbox.BOX if self._is_sandboxed or folder is None else folder.name
            env = {**self._bare(home), MARKER: marker}
            cwd = None if folder is None else folder.name
            process = _spawn(self._argv(group, plan_fd), [*fds, plan_fd], env, cwd)
            return Launched(process, marker, group, self._is_sandboxed, True, folder)
        except BaseException:
            group.remove()
            if folder is not None:
                folder.cleanup()
            raise
        finally:
            if plan_fd is not None:
                os.close(plan_fd)

    def _argv(self, group: Group, plan_fd: int) -> list[str]:
        """Return the command line that enters the group and the sandbox, then runs the program."""
        prlimit = self.options.limits.prlimit(processes=self._is_sandboxed)
        program = [*prlimit, *self.needs.argv]
        if self._box is not None:
            shell = ["/bin/sh", "-c", _BACK, "sh"]
            argv = [
                self._box.path,
                "--args",
                str(plan_fd),
                "--",
                *shell,
                *self._box.inside,
                *program,
            ]
        else:
            argv = [*sandbox.KEEPER, str(plan_fd), "--", *program]
        enter = (_ENTER if group.entries else "shift; ") + (_ASIDE if self._box else "")
        return ["/bin/sh", "-c", f'{enter}exec "$@"', "sh", *group.entries, "--", *argv]

    def _plan(self, folder: TemporaryDirectory[str] | None) -> int:
        """Return a file with what is to be done: on a command line the program could read it."""
        args = None
        if self._is_sandboxed:
            args = sandbox.options(self.needs, self.options, self._find_masks())
        if self._box is not None and args is not None:
            words = [*self._box.flags, *sandbox.OWN, *args]
            return in_memory(b"".join(os.fsencode(w) + b"\0" for w in words))
        user = self._spaces is not None and self._spaces.user
        return in_memory(sandbox.plan(folder.name if folder else "", args, user))

    def _bare(self, home: str) -> dict[str, str]:
        path = [*self.needs.path, "/usr/local/bin", "/usr/bin", "/bin"]
        return {
            "PATH": os.pathsep.join(dict.fromkeys(path)),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "HOME": home,
            "TMPDIR": sandbox.SCRATCH if self._is_sandboxed else home,
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.options.env,
        }


def look_inside(options: ProgramOptions) -> sandbox.Confinement | str:
    """Run `robotvision.systems.confined` as a program would be, and return what it found there.

    Returns
    -------
    Confinement or str
        The last line of what was printed in place of an answer, where there was none.
    """
    launched = Launcher(sandbox.PROBE, options).start(None)
    try:
        printed, errors = launched.process.communicate(timeout=options.start_timeout_s)
    except subprocess.TimeoutExpired:
        return f"no answer within {options.start_timeout_s:g} s"
    finally:
        launched.end()
    if not printed:
        return (errors.decode(errors="replace").strip().splitlines() or ["nothing was printed"])[-1]
    return sandbox.Confinement.of(printed.decode())


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _not_held(problems: Sequence[str]) -> str:
    return f"; not held: {', '.join(problems)}" if problems else ""


@functools.cache
def _clear_leftovers(pid: int) -> None:
    """Remove what killed harnesses left, once in this process."""
    clear_left_groups()
    clear_folders()


def _spawn(
    argv: Sequence[str], fds: Sequence[int], env: Mapping[str, str], cwd: str | None = None
) -> subprocess.Popen[bytes]:
    return _spawner().submit(_popen, argv, fds, env, cwd).result()


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


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _sweep(marker: str) -> None:
    """Kill what left the program's process group, found by the mark in its environment."""
    mark = f"{MARKER}={marker}\0".encode()
    for _ in range(10):  # a process may fork meanwhile
        is_any_alive = False
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):  # another user's, or gone
                if mark in Path(entry.path, "environ").read_bytes() + b"\0":
                    is_any_alive = is_any_alive or stat_of(entry.name)[0] not in "ZX"
                    _kill(int(entry.name))
        if not is_any_alive:
            return
