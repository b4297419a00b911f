"""Where a plug-in's code comes from, and a digest that changes when the code does.

Whatever is kept of what a plug-in computed (extracted vectors, trained models, finished runs) is
kept under this digest, so a plug-in that was edited never meets what it computed before.

The digest is that of the files as they are now, so it must be of the code that runs. A class is
noted when it is defined (`note`), and a file that was written since is another one: the class then
has no digest. `forget_changed` unloads such modules, so that the next look-up by dotted name reads
them again; it is called where a configuration is checked, never within a run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.plugins.files import file_digest
from robotvision.plugins.modules import distribution_of, file_of, is_standard, own_modules

_noted: dict[str, tuple[Any, str]] = {}
"""Module -> its spec (another one once it is loaded again), the digest of its file as loaded."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a plug-in.

    Parameters
    ----------
    digest : str
        Of its source, or of its distribution's name and version; empty where neither can be had.
    origin : str
        The file, or the distribution with its version.
    why : str
        Why there is no digest; empty where there is one.
    """

    digest: str
    origin: str
    why: str = ""


def code_owner(plugin: Any) -> Any:
    """Return what names the code of a plug-in: itself, or the class of an object."""
    return plugin if hasattr(plugin, "__qualname__") else type(plugin)


def code_of(plugin: Any) -> Code:
    """Return the code of a class or a function (of an object: of its class)."""
    named = code_owner(plugin)
    name = str(named.__qualname__)
    if "<" in name:  # <lambda>, <locals>: what surrounds it is not in its name
        why = "it is defined within a function; put it at the top of a module"
        return Code("", str(file_of(named.__module__) or named.__module__), why)
    return code_of_module(str(named.__module__))


def code_of_module(module: str) -> Code:
    """Return the code of a module, with that of the modules beside it that it imports."""
    if is_standard(module) and module != "__main__":
        return Code(f"python {sys.version_info[:3]}", "python")
    known = distribution_of(module)
    if known and not module.startswith("robotvision."):
        return Code(known, known)
    path = file_of(module)
    origin = str(path) if path else module
    why = _why_not(module, path)
    if why:
        return Code("", origin, why)
    files, installed = own_modules(module)
    changed = [m for m, p in files.items() if _is_changed(m, p)]
    if changed:
        where = files[changed[0]]
        return Code("", origin, f"{where} was written after it was loaded, or may have been")
    try:
        content = {m: file_digest(p) for m, p in sorted(files.items())}
    except RobotVisionError as e:
        return Code("", origin, str(e))
    text = json.dumps([content, sorted(installed)])
    return Code(hashlib.sha256(text.encode()).hexdigest()[:32], known or origin)


def _why_not(module: str, path: Path | None) -> str:
    """Return why the source of a module does not tell what it computes; empty where it does."""
    if module == "__main__" or "ipykernel" in str(path):
        return "it is defined in the notebook or the program itself; put it into a module"
    if path is None or path.suffix != ".py":
        return f"there is no source of the module {module}"
    return ""


def is_own(module: str) -> bool:
    """Return whether a module is neither Python's own, nor ours, nor installed."""
    ours = module.partition(".")[0] == "robotvision"
    return not (ours or is_standard(module) or distribution_of(module))


def note(module: str) -> None:
    """Note that ``module`` is being loaded now, and what it imports that was not noted before."""
    if is_own(module):
        for name, path in own_modules(module)[0].items():
            if name == module or not (_is_noted(name) or _may_be_older(path)):
                _note(name, path)


def note_all(modules: Iterable[str]) -> None:
    """Note modules that were loaded just now."""
    for name in filter(is_own, modules):
        path = file_of(name)
        if path is not None:
            _note(name, path)


def forget_changed() -> None:
    """Unload the modules whose files were written since, and those that import them."""
    changed = {name for name in _noted if _is_noted(name) and _is_changed(name, file_of(name))}
    if changed:
        unload(lambda name: bool(changed & set(own_modules(name)[0])))


def unload(is_meant: Callable[[str], bool]) -> None:
    """Unload those of the modules of one's own that are meant: the next import reads them anew.

    Their bytecode goes as well: Python tells whether it is stale by the second and the size of the
    file alone, which an edit may leave as they are.
    """
    for name in [n for n in _noted if _is_noted(n) and is_meant(n)]:
        cached = getattr(_spec(name), "cached", None)
        if cached:
            with contextlib.suppress(OSError):  # what another user wrote is older than the edit
                Path(cached).unlink(missing_ok=True)
        del sys.modules[name], _noted[name]


def _note(name: str, path: Path) -> None:
    _noted[name] = (_spec(name), _digest(path))


def _is_noted(name: str) -> bool:
    return name in sys.modules and name in _noted and _noted[name][0] is _spec(name)


def _is_changed(name: str, path: Path | None) -> bool:
    """Return whether a module's file may hold other code than what was loaded from it."""
    if name not in sys.modules or path is None:
        return False  # it will be loaded from the file
    if _is_noted(name):
        return _noted[name][1] != _digest(path)
    if _may_be_older(path):
        return True
    _note(name, path)
    return False


def _spec(name: str) -> Any:
    module: ModuleType | None = sys.modules.get(name)
    return getattr(module, "__spec__", None)


def _digest(path: Path | None) -> str:
    try:
        return "" if path is None else file_digest(path)
    except RobotVisionError:
        return ""


def _may_be_older(path: Path) -> bool:
    """Return whether what this process loaded from a file may be older than the file."""
    try:
        return path.stat().st_mtime > _BEGAN_S
    except OSError:
        return True


def _began_s() -> float:
    """Return when this process began, in seconds since the epoch; else when this was loaded."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return time.time()
    return time.time() - age_s


_BEGAN_S = _began_s()
