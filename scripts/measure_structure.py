"""Print figures of the package's structure: lines, functions, parameters, helpers, own imports.

Usage: ``python scripts/measure_structure.py [--list]``. ``--list`` names the places behind the
figures. Nothing is judged here; ``tests/test_house.py`` holds what must stay at zero.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "robotvision"
APART = ("synth", "sweep", "contest", "cluster")
"""Rooms left out of the core's figure."""
MAX_LINES = 60
MAX_PARAMETERS = 7
SHORT = 5
"""A private helper shorter than this and used once often reads better in place."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Figures:
    """Figures of a tree of modules, with the places behind them."""

    lines: dict[str, int] = field(default_factory=dict)
    functions: list[tuple[int, str]] = field(default_factory=list)
    parameters: list[tuple[int, str]] = field(default_factory=list)
    own_imports: list[str] = field(default_factory=list)
    classes: dict[str, list[str]] = field(default_factory=dict)
    used_once: list[tuple[int, str]] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)

    def repeated_classes(self) -> dict[str, list[str]]:
        """Return the places of every class name that is used more than once."""
        return {k: v for k, v in self.classes.items() if len(v) > 1}

    def imports_inside(self) -> list[str]:
        """Return imports of own modules inside functions, where they are not allowed."""
        return [x for x in self.own_imports if "/cli/" not in x and "/plugins/" not in x]

    def long_functions(self) -> list[tuple[int, str]]:
        """Return functions of more than ``MAX_LINES`` lines, the longest first."""
        return sorted((x for x in self.functions if x[0] > MAX_LINES), reverse=True)

    def many_parameters(self) -> list[tuple[int, str]]:
        """Return functions of more than ``MAX_PARAMETERS`` parameters, the worst first."""
        return sorted((x for x in self.parameters if x[0] > MAX_PARAMETERS), reverse=True)


def figures(package: Path = PACKAGE) -> Figures:
    """Return the figures of every module below ``package``."""
    result = Figures()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package.parent).as_posix()
        text = path.read_text(encoding="utf-8")
        result.lines[name] = text.count("\n")
        tree = ast.parse(text)
        lines = enumerate(text.splitlines(), 1)
        unformatted = [n for n, line in lines if re.search(r"# fmt: (skip|off)", line)]
        result.skips += [f"{name}:{n}" for n in unformatted if not _is_in_table(tree, n)]
        names = Counter(_names(tree))
        for owner, function in _functions(tree):
            where = f"{name}:{function.lineno} {owner}{function.name}"
            size = (function.end_lineno or function.lineno) - function.lineno + 1
            result.functions.append((size, where))
            if not _is_excepted(name, owner, function):
                result.parameters.append((_n_parameters(function), where))
            result.own_imports += [f"{where}: {line}" for line in _own_imports(function)]
            is_private = function.name.startswith("_") and not function.name.startswith("__")
            if is_private and names[function.name] == 1:
                result.used_once.append((size, where))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                result.classes.setdefault(node.name, []).append(f"{name}:{node.lineno}")
    return result


def _functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield every function with the name of its class and a dot, or nothing."""
    for node in ast.walk(tree):
        owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield owner, child


def _is_excepted(name: str, owner: str, function: Function) -> bool:
    """Say whether many parameters are a plug-in's own or a command's options."""
    rooms = ("/features/", "/classifiers/", "/temporal/", "/api/recogniser.py")
    is_plugin = any(room in name for room in rooms)
    return (function.name == "__init__" and is_plugin) or "/cli/" in name


def _is_in_table(tree: ast.Module, line: int) -> bool:
    """Say whether a line belongs to an assignment of a dict, list, tuple or set as written."""
    for node in ast.walk(tree):
        is_assignment = isinstance(node, ast.Assign | ast.AnnAssign)
        if is_assignment and node.lineno <= line <= (node.end_lineno or 0):
            return isinstance(node.value, ast.Dict | ast.List | ast.Tuple | ast.Set)
    return False


def _n_parameters(function: Function) -> int:
    a = function.args
    names = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len([n for n in names if n not in ("self", "cls")])


def _own_imports(function: Function) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("robotvision"):
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("robotvision"))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def loaded_by(statement: str) -> list[str]:
    """Return the package's modules that a statement loads in a fresh interpreter."""
    program = (
        f"{statement}\nimport sys\nprint(*sorted(m for m in sys.modules if m.startswith('robot')))"
    )
    run = [sys.executable, "-c", program]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()


def main(arguments: list[str]) -> None:
    """Print the figures."""
    f = figures()
    core = sum(n for name, n in f.lines.items() if name.split("/")[1] not in APART)
    sizes = sorted(f.functions, reverse=True)
    many, long = f.many_parameters(), f.long_functions()
    repeated = f.repeated_classes()
    inside = f.imports_inside()
    short = [where for size, where in f.used_once if size < SHORT]
    rows: list[tuple[str, object, list[str]]] = [
        ("lines of the package", sum(f.lines.values()), []),
        (f"lines of the core (without {', '.join(APART)})", core, []),
        ("modules", len(f.lines), []),
        ("lines of the median module", statistics.median(f.lines.values()), []),
        (f"functions of more than {MAX_LINES} lines", len(long), [f"{n} {w}" for n, w in long]),
        (
            f"functions with more than {MAX_PARAMETERS} parameters",
            len(many),
            [f"{n} {w}" for n, w in many],
        ),
        ("private helpers used once", len(f.used_once), []),
        (f"  of them of fewer than {SHORT} lines", len(short), short),
        ("own imports inside functions", len(f.own_imports), []),
        ("  of them outside cli/ and plugins/", len(inside), inside),
        (
            "class names used more than once",
            len(repeated),
            [f"{k}: {', '.join(v)}" for k, v in repeated.items()],
        ),
        ("lines kept from the formatter, tables apart", len(f.skips), f.skips),
        (
            "own modules loaded by robotvision.experiment.run",
            len(loaded_by("import robotvision.experiment.run")),
            [],
        ),
    ]
    for what, value, places in rows:
        print(f"{value:>7}  {what}")
        if "--list" in arguments and places:
            print(*(f"           {place}" for place in places), sep="\n")
    print("the ten longest functions:", *(f"{n:>7}  {where}" for n, where in sizes[:10]), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
