"""Which files a module's code is in: its own, and those of the modules beside it that it imports.

A module counts as installed where its file lies with an installed distribution; its code is then
named by the distribution's version. An editable install, a file beside a configuration, a folder on
``PYTHONPATH`` do not: their code may change at any time, so it is named by what is in the files.

Imports are read from the source (`ast`), the transitive ones too, and resolved as Python did where
the module is loaded. A module that is imported under a name computed at run time is not seen.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import Any

from robotvision.plugins.files import file_digest


def file_of(name: str) -> Path | None:
    """Return the file that a module's code is in, loaded or not; None where there is none."""
    module = sys.modules.get(name)
    if module is not None:
        origin = getattr(module, "__file__", None)
        return Path(origin).resolve() if origin else None
    spec = _find(name)
    return Path(spec.origin).resolve() if spec is not None and spec.has_location else None


def _find(name: str) -> Any:
    """Find a module that is not loaded, without importing the packages it is in."""
    path: Any = None
    spec = None
    parts = name.split(".")
    for i in range(len(parts)):
        whole = ".".join(parts[: i + 1])
        loaded = sys.modules.get(whole)
        spec = getattr(loaded, "__spec__", None) or PathFinder.find_spec(whole, path)
        if spec is None:
            return None
        path = spec.submodule_search_locations
        if path is None and i + 1 < len(parts):
            return None  # an attribute of a module, not a module
    return spec


def is_standard(name: str) -> bool:
    """Return whether a module belongs to Python itself."""
    return name.partition(".")[0] in sys.stdlib_module_names


def distribution_of(name: str) -> str:
    """Return the distribution a module is installed from, ``"numpy 2.1.0"``; empty: none."""
    path = file_of(name.partition(".")[0]) or file_of(name)
    return "" if path is None else _distribution(name.partition(".")[0], path)


@cache
def _distribution(top: str, path: Path) -> str:
    folders = {Path(sysconfig.get_path(p)).resolve() for p in ("purelib", "platlib")}
    if not any(f in path.parents for f in folders) and "site-packages" not in path.parts:
        return ""
    try:
        candidates: list[Distribution] = [distribution(top)]
    except PackageNotFoundError:
        candidates = []
    for one in (*candidates, *distributions()):
        if _holds(one, top, path):
            return f"{one.metadata['Name']} {one.version}"
    return ""


def _holds(one: Distribution, top: str, path: Path) -> bool:
    """Return whether a distribution's list of files has a module, where the module lies."""
    if Path(str(one.locate_file(""))).resolve() not in path.parents:
        return False
    listed = one.read_text("RECORD") or ""
    return (
        listed.startswith((f"{top}/", f"{top}."))
        or f"\n{top}/" in listed
        or (f"\n{top}." in listed)
    )


def own_modules(name: str) -> tuple[dict[str, Path], set[str]]:
    """Return the modules whose files are a module's code, and the installed ones they import.

    Returns
    -------
    files : dict of str to Path
        Module -> its file: ``name``, the packages it is in, and what those import that is neither
        Python's own nor installed.
    installed : set of str
        Distributions, with their versions.
    """
    files: dict[str, Path] = {}
    installed: set[str] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module in seen or is_standard(module):
            continue
        path = file_of(module)
        if path is None:
            continue
        known = _distribution(module.partition(".")[0], path)
        seen.add(module)
        if known:
            installed.add(known)
        else:
            files[module] = path
        if not known or module.startswith("robotvision."):  # ours name what they compute with
            waiting += _packages(module)
            waiting += _imported(module, path) if path.suffix == ".py" else ()
    return files, installed


def script_files(script: Path) -> list[Path]:
    """Return a file and, where it is in Python, the modules beside it that it imports."""
    found: list[Path] = []
    waiting = [script]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.append(path)
        if path.suffix == ".py":
            names = [n.lstrip(".") for n in _import_names(path, file_digest(path))]
            places = [path.parent.joinpath(*n.split(".")) for n in names if n]
            waiting += [p.with_name(f"{p.name}.py") for p in places]
            waiting += [p / "__init__.py" for p in places]
    return found


def _packages(module: str) -> Iterator[str]:
    """Yield the packages a module is in: their ``__init__`` runs before it."""
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _imported(module: str, path: Path) -> list[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return [
        importlib.util.resolve_name(name, package) if name.startswith(".") else name
        for name in _import_names(path, file_digest(path))
        if package or not name.startswith(".")
    ]


@cache
def _import_names(path: Path, digest: str) -> tuple[str, ...]:
    """Return the names that a file of source imports, as they are written.

    ``from x import y`` gives ``x`` and ``x.y``, which may be a module.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError):
        return ()  # the import itself says so
    names: list[str] = []
    for node in _nodes_that_run(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names.append(base)
            joined = base if base.endswith(".") else f"{base}."
            names += [joined + alias.name for alias in node.names if alias.name != "*"]
        elif isinstance(node, ast.Call) and node.args and _calls_import(node.func):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                names.append(first.value)
    return tuple(dict.fromkeys(names))


def _nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a syntax tree but those that only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def _calls_import(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")
