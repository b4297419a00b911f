"""What a command needs to be readable: its program, the interpreter behind it, its file arguments.

Nothing is guessed about data: an argument that names a file makes that file readable, not its
folder. Everything else a program reads (modules beside a script, a model folder) is named by the
user.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.version import PACKAGE

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
_PYTHON = re.compile(r"python[0-9.]*")


@dataclass(slots=True)
class Needs:
    """A command with absolute paths, what it reads, and the folders of its interpreters."""

    argv: list[str]
    read: list[Path] = field(default_factory=list)
    path: list[str] = field(default_factory=list)

    def add(self, path: Path) -> None:
        """Note a path to be readable, under the name used and under its real one."""
        for p in (path, path.resolve()):
            if not _within(p, SYSTEM) and p not in self.read:
                self.read.append(p)


def find(command: Sequence[str], base: Path, read: Iterable[Path] = ()) -> Needs:
    """Return what ``command`` needs.

    Parameters
    ----------
    command : sequence of str
        A program, by path or by a name on PATH, and its arguments.
    base : Path
        Where relative paths start.
    read : iterable of Path
        Further files and folders to be readable.

    Raises
    ------
    RobotVisionError
        The program does not exist or cannot be run, or a path of ``read`` does not exist.
    """
    if not command:
        raise RobotVisionError("command: expected a program, got an empty list")
    program = _program(command[0], base)
    needs = Needs([str(program)])
    _executable(program, needs)
    for argument in command[1:]:
        needs.argv.append(_argument(argument, base, needs))
    for path in read:
        place = base / path
        if not place.exists():
            raise RobotVisionError(f"read: {place} does not exist; correct or leave out the path")
        needs.add(Path(os.path.abspath(place)))
    needs.add(PACKAGE)  # the client kits of an editable install
    return needs


def absolute_command(command: Sequence[str], base: Path) -> list[str]:
    """Return a command whose program and files are named by absolute paths.

    A program that is named without a folder is still looked for on PATH; arguments that name no
    file stay as they are. Whether the program exists is not checked here.
    """
    name, *arguments = command
    program = os.path.abspath(base / name) if "/" in name else name
    return [program, *(_argument(a, base, Needs([])) for a in arguments)]


def _program(name: str, base: Path) -> Path:
    if "/" in name:
        path = Path(os.path.abspath(base / name))
        if not path.is_file():
            raise RobotVisionError(f"command: {path} does not exist; give the program's path")
        if not os.access(path, os.X_OK):
            raise RobotVisionError(
                f"command: {path} is not executable; run 'chmod +x' on it, or name the "
                "interpreter first, as in ['python3', 'program.py']"
            )
        return path
    place = shutil.which(name)
    if place is None:
        raise RobotVisionError(f"command: no program {name!r} on PATH; install it or give its path")
    path = Path(os.path.abspath(place))
    if _PYTHON.fullmatch(path.name) and path.read_bytes()[:2] == b"#!":
        return _behind_shim(path)
    return path


def _behind_shim(path: Path) -> Path:
    """Return the interpreter that a version manager's script starts."""
    asked = [str(path), "-c", "import sys; print(sys.executable)"]
    try:
        out = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as e:
        raise RobotVisionError(f"command: {path} does not start ({e}); give python's path") from e
    return Path(out.strip())


def _executable(path: Path, needs: Needs) -> None:
    """Note the program, its interpreter where it is a script, and the tree it was installed in."""
    for hop in _hops(path):
        prefix = _prefix(hop)
        if prefix is not None:
            needs.add(prefix)
            needs.path.append(str(hop.parent))
            for home in _homes(prefix):
                needs.add(home.parent)
        elif not _within(hop, SYSTEM):
            folder = hop.parent
            needs.add(hop if _is_broad(folder) else folder)
    _script(path, needs)


def _script(path: Path, needs: Needs) -> None:
    with open(path, "rb") as f:
        first = f.readline(256)
    if not first.startswith(b"#!"):
        return
    words = first[2:].decode(errors="replace").split()
    if words and words[0].endswith("/env"):
        words = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    if not words:
        return
    place = shutil.which(words[0])
    if place is None:
        raise RobotVisionError(
            f"{path}: its first line names the interpreter {words[0]!r}, which is not installed"
        )
    interpreter = Path(os.path.abspath(place))
    if interpreter != path:
        _executable(_program(interpreter.name if "/" not in words[0] else place, Path("/")), needs)


def _hops(path: Path) -> list[Path]:
    """Return ``path`` and every link on the way to the real file."""
    hops = [path]
    while hops[-1].is_symlink() and len(hops) < 40:
        target = hops[-1].parent / os.readlink(hops[-1])
        hops.append(Path(os.path.abspath(target)))
    return hops


def _prefix(program: Path) -> Path | None:
    """Return the tree an interpreter is installed in (a venv, pyenv, conda, nvm), if it is one."""
    prefix = program.parent.parent
    if program.parent.name != "bin" or _within(prefix, SYSTEM) or _is_broad(prefix):
        return None
    signs = ("pyvenv.cfg", "conda-meta", "lib/node_modules")
    is_tree = any((prefix / s).exists() for s in signs) or any(prefix.glob("lib/python3*"))
    return prefix if is_tree else None


def _homes(prefix: Path) -> list[Path]:
    """Return the folder of the base interpreter that a venv names, where it is not the system's."""
    config = prefix / "pyvenv.cfg"
    if not config.is_file():
        return []
    lines = (text.partition("=") for text in config.read_text().splitlines())
    homes = [Path(value.strip()) for key, _, value in lines if key.strip() == "home"]
    return [h for h in homes if not _within(h, SYSTEM) and not _is_broad(h.parent)]


def _argument(argument: str, base: Path, needs: Needs) -> str:
    """Note the file an argument names (``x``, ``--key=x``); return it with an absolute path."""
    key, sep, value = argument.partition("=") if argument.startswith("-") else ("", "", argument)
    if not value or "\0" in value:
        return argument
    path = Path(os.path.abspath(base / value))
    try:
        named = path.is_file() or (path.is_dir() and ("/" in value))
    except OSError:  # a text far too long for a path
        return argument
    if not named:
        return argument
    needs.add(path)
    return f"{key}{sep}{path}"


def _within(path: Path, roots: Iterable[str]) -> bool:
    return any(path.is_relative_to(r) for r in roots)


def _is_broad(folder: Path) -> bool:
    """Return whether ``folder`` is too wide to be shown for the sake of one program in it."""
    wide = (Path.home(), Path.cwd(), Path("/tmp"))  # looked at, not written # nosec B108
    around = any(p.is_relative_to(folder) for p in wide)
    return around or len(folder.parts) <= 2
