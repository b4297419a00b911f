"""Between harness and program where there is no bubblewrap: namespaces, mounts, the last word.

Run as a script of its own, before the program, with nothing of the package imported: ``python -I
-S namespaces.py PLAN_FD -- COMMAND...``. The plan says what to do in bubblewrap's own options, of
which those that `sandbox.options` uses are understood. With namespaces (man 7 namespaces) the
program gets a file tree made of those options alone, no network, no foreign processes and no
privileges, and the kernel ends whatever it started when its first process ends. Without them this
process stays as the one that orphans come back to (``PR_SET_CHILD_SUBREAPER``) and ends them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

CLONE_NEWUSER = 0x10000000
_SPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""Mounts, host name, IPC, processes, network."""
_BIND, _REC, _PRIVATE = 0x1000, 0x4000, 1 << 18
_NOSUID, _NODEV, _NOEXEC = 2, 4, 8
_RDONLY_ATTR, _NOSUID_ATTR, _NODEV_ATTR = 1, 2, 4
_MOUNT_SETATTR, _PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41, "riscv64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91}
_PDEATHSIG, _BOUNDING_DROP, _SUBREAPER, _NO_NEW_PRIVILEGES, _AMBIENT = 1, 24, 36, 38, 47
_DEVICES = ("null", "zero", "full", "random", "urandom")
_libc = ctypes.CDLL(None, use_errno=True)


def _do(what: str, done: int) -> None:
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def _number(calls: dict[str, int]) -> int:
    machine = os.uname().machine
    if machine not in calls:
        raise OSError(38, f"not known how on {machine}", "system call")
    return calls[machine]


def _mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    words = [None if w is None else os.fsencode(w) for w in (source, target, kind)]
    _do(target, _libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None))


def _read_only(path: str, *, deep: bool) -> None:
    attributes = struct.pack("QQQQ", _RDONLY_ATTR | _NOSUID_ATTR | _NODEV_ATTR, 0, 0, 0)
    flags = 0x8000 if deep else 0
    raw = os.fsencode(path)
    _do(path, _libc.syscall(_MOUNT_SETATTR, -100, raw, flags, attributes, len(attributes)))


class Tree:
    """A file tree under ``root`` made of bubblewrap's options, to become the only one."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.size, self.mode = "", "755"
        self.cwd = "/"
        _mount("none", "/", None, _REC | _PRIVATE)
        _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "mode=755,size=16m")

    def build(self, options: list[str]) -> None:
        """Carry out ``options`` in their order."""
        words = iter(options)
        for option in words:
            n = {"--ro-bind": 2, "--ro-bind-try": 2, "--dev-bind": 2, "--symlink": 2}.get(option, 1)
            values = [next(words) for _ in range(n)]
            self._one(option, *values)

    def _one(self, option: str, value: str, target: str = "") -> None:
        if option == "--size":
            self.size = f",size={value}"
        elif option == "--perms":
            self.mode = value
        elif option == "--tmpfs":
            self._tmpfs(value)
        elif option == "--dir":
            self._folder(value)
            self.mode = "755"
        elif option == "--proc":
            _mount("proc", self._folder(value), "proc", _NOSUID | _NODEV | _NOEXEC)
        elif option == "--dev":
            self._devices(value)
        elif option == "--symlink":
            os.makedirs(os.path.dirname(self.root + target), exist_ok=True)
            os.symlink(value, self.root + target)
        elif option in ("--ro-bind", "--ro-bind-try", "--dev-bind"):
            if os.path.exists(value) or option == "--ro-bind":
                self._bind(value, target, is_device=option == "--dev-bind")
        elif option == "--remount-ro":
            _read_only(self.root + value.rstrip("/"), deep=False)
        elif option == "--chdir":
            self.cwd = value
        else:
            raise ValueError(f"an option that is not known: {option}")

    def _folder(self, path: str) -> str:
        os.makedirs(self.root + path, exist_ok=True)
        return self.root + path

    def _tmpfs(self, path: str) -> None:
        data = f"mode={self.mode}{self.size}"
        _mount("tmpfs", self._folder(path), "tmpfs", _NOSUID | _NODEV, data)
        self.size, self.mode = "", "755"

    def _bind(self, source: str, target: str, *, is_device: bool = False) -> None:
        place = self.root + target
        if os.path.isdir(source):
            os.makedirs(place, exist_ok=True)
        elif not os.path.exists(place):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        _mount(source, place, None, _BIND | _REC)
        if not is_device:
            _read_only(place, deep=True)

    def _devices(self, path: str) -> None:
        self._tmpfs(path)
        for name in _DEVICES:
            self._bind(f"/dev/{name}", f"{path}/{name}", is_device=True)
        for name, fd in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
            os.symlink(f"/proc/self/fd{fd}", f"{self.root}{path}/{name}")
        self._tmpfs(f"{path}/shm")

    def enter(self) -> None:
        """Make the tree the only one."""
        os.chdir(self.root)
        _do("pivot_root", _libc.syscall(_number(_PIVOT_ROOT), b".", b"."))
        _do("umount", _libc.umount2(b".", 2))
        os.chdir(self.cwd)


def _prctl(what: int, *values: int) -> int:
    padded = [ctypes.c_ulong(v) for v in (*values, 0, 0, 0, 0)[:4]]
    return int(_libc.prctl(what, *padded))


def _unshare(*, user: bool, nobody: int) -> None:
    """Leave the harness's namespaces; with ``user`` as ``nobody``, which needs no privilege."""
    uid, gid = os.geteuid(), os.getegid()
    _do("unshare", _libc.unshare(_SPACES | (CLONE_NEWUSER if user else 0)))
    if user:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{nobody} {uid} 1"),
            ("gid_map", f"{nobody} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as f:
                f.write(text)
        with contextlib.suppress(OSError), open("/proc/sys/user/max_user_namespaces", "w") as f:
            f.write("0")  # of this namespace; where /proc/sys is read-only: as without us


def _loopback() -> None:
    socket.sethostname("robot")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 1 | 64))  # SIOCSIFFLAGS: up


def _drop_privileges(nobody: int) -> None:
    _do("no new privileges", _prctl(_NO_NEW_PRIVILEGES, 1))
    for capability in range(64):
        if _prctl(_BOUNDING_DROP, capability) < 0:
            break
    _prctl(_AMBIENT, 4)
    if os.getuid() == 0:
        with contextlib.suppress(OSError):  # no such user in this container: what is left is said
            os.setgroups([])
            os.setresgid(nobody, nobody, nobody)
            os.setresuid(nobody, nobody, nobody)
    header, none = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _do("capset", _libc.syscall(_number(_CAPSET), header, none))


def _null_and_files() -> tuple[int, list[int]]:
    """Return an open ``/dev/null`` and all that is open beside it and the three standard files.

    To be asked for before a fork: once the child has entered its tree, that is this process's tree,
    too, and its ``/proc`` does not know this process.
    """
    files = [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2]
    return os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC), files


def _let_go(null: int, files: list[int]) -> None:
    """Close the program's pipes on our side: it alone holds them, so that a closed one shows."""
    os.dup2(null, 0)
    os.dup2(null, 1)
    for fd in {*files, null}:
        with contextlib.suppress(OSError):  # the listing's own
            os.close(fd)


def _run(command: list[str]) -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as e:
        print(f"{command[0]}: cannot be run ({e.strerror})", file=sys.stderr, flush=True)
    os._exit(127)


def _wait_for(pid: int) -> int:
    """Reap everything until ``pid`` has ended; return its status as a shell would."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


def _first(plan: dict[str, Any], command: list[str]) -> NoReturn:
    """Be the first process of the namespaces: make the tree, run the program, reap."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        tree = Tree(plan["root"])
        tree.build(plan["options"])
        _loopback()
        tree.enter()
        _drop_privileges(plan["nobody"])
    except OSError as e:
        print(f"cannot be kept apart: {e.filename}: {e.strerror}", file=sys.stderr, flush=True)
        os._exit(126)
    null, files = _null_and_files()
    pid = os.fork()
    if pid == 0:
        _run(command)
    _let_go(null, files)
    os._exit(_wait_for(pid))


def _end_descendants() -> None:
    """Kill what is left of the program; orphans come back here, so none is missed."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as f:
                left = [int(word) for word in f.read().split()]
        except OSError:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def main(plan_fd: int, command: list[str]) -> NoReturn:
    """Start ``command`` confined, wait for it, leave nothing of it, end as it ended."""
    with open(plan_fd) as f:
        plan = json.load(f)

    def stop(*_: object) -> NoReturn:
        _end_descendants()
        os._exit(143)

    signal.signal(signal.SIGTERM, stop)
    _prctl(_PDEATHSIG, signal.SIGTERM)  # a harness that was killed takes us along
    if os.getppid() != plan["harness"]:
        os._exit(143)
    _prctl(_SUBREAPER, 1)
    if plan["options"] is not None:
        try:
            _unshare(user=plan["user"], nobody=plan["nobody"])
        except OSError as e:
            print(f"cannot be kept apart: {e.filename or 'map'}: {e.strerror}", file=sys.stderr)
            os._exit(126)
    null, files = _null_and_files()
    pid = os.fork()
    if pid == 0:
        if plan["options"] is not None:
            _first(plan, command)
        _run(command)
    _let_go(null, files)
    status = _wait_for(pid)
    _end_descendants()
    os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[3:])
