"""Whose module a dotted name means: the configuration's folder first, then the current one.

Then comes what is installed or on ``PYTHONPATH``. A program that is started by its name does not
search the current folder, as ``python my.py`` does, so the command line names it, and a
configuration names its own. Python's own modules are never hidden by a file of the same name.

The folder of a plug-in stands first on ``sys.path`` while its module is loaded, as if the module
were a program; afterwards it stands at the end, where it hides nothing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from robotvision.errors import RobotVisionError
from robotvision.plugins.modules import file_of, is_standard
from robotvision.plugins.provenance import is_own, note_all, unload

_folders: dict[Path, bool] = {}
"""In the order of the search; True: the folder of a configuration."""


def search_also(folder: Path) -> None:
    """Search ``folder`` for dotted names, after those named before."""
    _folders.setdefault(folder, False)


def search_first(folder: Path) -> None:
    """Search the folder of the configuration in hand before any other, in place of the last one."""
    others = {f: False for f, is_configs in _folders.items() if not is_configs and f != folder}
    _folders.clear()
    _folders.update({folder: True, **others})


def folders() -> list[str]:
    """Return the folders in the order of the search, absolute."""
    return list(dict.fromkeys(str(folder.resolve()) for folder in _folders))


def reach() -> list[str]:
    """Put the folders at the end of ``sys.path``, where they are not on it; return them."""
    wanted = folders()
    sys.path += [folder for folder in wanted if folder not in sys.path]
    return wanted


def import_own(name: str) -> ModuleType:
    """Return the module that a dotted name means, loaded.

    Raises
    ------
    RobotVisionError
        A file of the name would hide an installed package that is in use already.
    Exception
        Whatever loading it raises.
    """
    wanted = reach()
    top = name.partition(".")[0]
    own = _own_file(top, wanted)
    if own is None:
        return _loaded(name)
    _make_room(top, own, wanted)
    folder = str(own.parent.parent if own.name == "__init__.py" else own.parent)
    sys.path.insert(0, folder)
    try:
        return _loaded(name)
    finally:
        sys.path.remove(folder)
        reach()


def _own_file(top: str, wanted: Iterable[str]) -> Path | None:
    """Return the file of a module in the first of the folders that has it."""
    if is_standard(top) or top == "robotvision":
        return None
    for folder in map(Path, wanted):
        for path in (folder / f"{top}.py", folder / top / "__init__.py"):
            if path.is_file():
                return path.resolve()
    return None


def _make_room(top: str, own: Path, wanted: list[str]) -> None:
    """Unload a module of the same name from elsewhere, and what else came from there."""
    if top not in sys.modules or file_of(top) == own:
        return
    if not is_own(top):
        raise RobotVisionError(
            f"{own}: the installed package {top!r} is in use ({file_of(top)}), so this file "
            "cannot take its place; give the file another name"
        )

    def is_elsewhere(module: str) -> bool:
        first = module.partition(".")[0]
        return first == top or _own_file(first, wanted) not in (None, file_of(first))

    unload(is_elsewhere)


def _loaded(name: str) -> ModuleType:
    before = set(sys.modules)
    importlib.invalidate_caches()
    module = importlib.import_module(name)
    note_all(set(sys.modules) - before)
    return module
