"""Change the core line by line and see whether a test notices: mutation testing by mutmut.

    pip install -e '.[mutation,test]'
    python scripts/mutate.py                                 # every module named in pyproject.toml
    python scripts/mutate.py 'robotvision.scoring.tally*'    # some of them
    python scripts/mutate.py --survivors 'robotvision.scoring.tally*'    # what was not noticed yet
    python scripts/mutate.py --shown 'robotvision.scoring.*'     # judge the last run again

Which modules are changed and which tests look on stands in pyproject.toml, ``[tool.mutmut]``; a
change is tried on the tests that run its function, about a second for each of the two at once.
mutmut changes functions and methods, but none with a decorator (a property, a cached one).
A change that no test notices is a survivor. Those that mean the same as the code they replace are
listed in ``tests/equivalent_mutants.yaml``, each with the reason; others are printed. It exits with
1 where fewer than 95 % of a module's other changes are noticed, or where one was not tried.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
MUTMUT = [str(Path(sys.executable).parent / "mutmut")]
LISTED = ROOT / "tests" / "equivalent_mutants.yaml"
NUMBER = re.compile(r"__mutmut_\d+$")
MIN_SHARE = 0.95
KILLED, SURVIVED, UNTRIED, OUT_OF_TIME = "killed", "survived", "untried", "out of time"
EXIT_CODES = {
    **dict.fromkeys((1, 3), KILLED),
    **dict.fromkeys((0, 5, 33), SURVIVED),
    **dict.fromkeys((24, 36, 152, 255), OUT_OF_TIME),
}
"""By the code that mutmut notes; 5 and 33: no test runs the line. Out of time is noticed, too."""


@dataclass(frozen=True)
class Mutant:
    """One change: the function, the lines taken out and put in, and what its tests said."""

    name: str
    module: str
    function: str
    outcome: str

    def change(self) -> tuple[str, str]:
        """Return the lines taken out and those put in, blanks joined."""
        codes = _functions(ROOT / "mutants" / f"{self.module.replace('.', '/')}.py")
        before, after = (codes[name] for name in (f"{self.stem}__mutmut_orig", self.own_name))
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        taken, put = (" ".join(x[1:].strip() for x in lines if x[0] == sign) for sign in "-+")
        return taken, put

    @property
    def own_name(self) -> str:
        """What mutmut calls the changed function inside its module."""
        return self.name.rpartition(".")[2]

    @property
    def stem(self) -> str:
        """``own_name`` without the number of the change."""
        return NUMBER.sub("", self.own_name)


@cache
def _functions(path: Path) -> dict[str, list[str]]:
    """Return the lines of every function of a changed module, after its name."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    return {
        node.name: [
            line.replace(node.name, "") for line in lines[node.lineno - 1 : node.end_lineno]
        ]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }


def mutants() -> Iterator[Mutant]:
    """Yield every mutant of the last run."""
    for path in sorted((ROOT / "mutants").rglob("*.py.meta")):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            module, _, rest = name.rpartition(".")
            function = NUMBER.sub("", rest)
            function = function.removeprefix("xǁ").removeprefix("x_").replace("ǁ", ".")
            yield Mutant(name, module, function, _outcome(code))


def _outcome(code: int | None) -> str:
    if code is None:
        return UNTRIED
    return KILLED if code < 0 else EXIT_CODES.get(code, UNTRIED)


@dataclass(frozen=True)
class Equivalents:
    """Changes that mean the same as what they replace: ``tests/equivalent_mutants.yaml``.

    ``exact`` holds (function, taken out, put in); with whatever matches one of ``everywhere`` left
    out, both sides of a change are the same text.
    """

    exact: frozenset[tuple[str, str, str]]
    everywhere: tuple[re.Pattern[str], ...]

    def holds(self, mutant: Mutant) -> bool:
        """Whether a change is listed."""
        taken, put = mutant.change()
        return (f"{mutant.module}.{mutant.function}", taken, put) in self.exact or any(
            pattern.sub("", taken) == pattern.sub("", put) for pattern in self.everywhere
        )


def listed() -> Equivalents:
    """Return the equivalent mutants of the list."""
    rows = yaml.safe_load(LISTED.read_text(encoding="utf-8"))
    return Equivalents(
        frozenset((row["in"], row["from"], row["to"]) for row in rows if "in" in row),
        tuple(re.compile(row["everywhere"]) for row in rows if "everywhere" in row),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutants by name, * allowed (else all)")
    parser.add_argument("--shown", action="store_true", help="do not run; show the last run")
    parser.add_argument(
        "--survivors",
        action="store_true",
        help="try only what is not noticed yet: survivors, and changes of new code",
    )
    parser.add_argument("--children", default="2", help="mutants that are tried at once")
    options = parser.parse_args()
    names = options.names
    if options.survivors:
        names = [m.name for m in _chosen(names) if m.outcome in (SURVIVED, UNTRIED)]
        options.shown |= not names
    if not options.shown:
        command = [*MUTMUT, "run", "--max-children", options.children, *names]
        # mutmut would not look again which functions a test runs that has been changed
        (ROOT / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
        environment = os.environ | {"ROBOTVISION_SHRINK": "0"}
        code = subprocess.run(command, cwd=ROOT, check=False, env=environment).returncode
        if code:  # not for survivors: the tests fail as they are, say
            return code
    return show(_chosen(options.names))


def _chosen(names: list[str]) -> list[Mutant]:
    """Return the mutants that bear one of the names, of modules where some were tried."""
    chosen = [m for m in mutants() if not names or any(fnmatch(m.name, x) for x in names)]
    tried = {m.module for m in chosen if m.outcome != UNTRIED}
    return [m for m in chosen if m.module in tried]


def show(chosen: list[Mutant]) -> int:
    """Print the table by module and every survivor that is not listed; return 1 if it is short."""
    equivalents = listed()
    survivors: dict[str, list[Mutant]] = {}
    n_equivalent: Counter[str] = Counter()
    for mutant in chosen:
        if mutant.outcome != SURVIVED:
            continue
        if equivalents.holds(mutant):
            n_equivalent[mutant.module] += 1
        else:
            survivors.setdefault(mutant.module, []).append(mutant)
    is_short = False
    print(f"{'module':32} mutants  killed  equivalent  survived  untried   share")
    for module in sorted({m.module for m in chosen}):
        n = sum(m.module == module for m in chosen)
        n_survived = len(survivors.get(module, []))
        n_untried = sum(m.module == module and m.outcome == UNTRIED for m in chosen)
        n_killed = n - n_survived - n_untried - n_equivalent[module]
        share = n_killed / max(n_killed + n_survived, 1)
        is_short |= share < MIN_SHARE or n_untried > 0
        print(
            f"{module.removeprefix('robotvision.'):32} {n:7} {n_killed:7} "
            f"{n_equivalent[module]:11} {n_survived:9} {n_untried:8} {share:7.1%}"
        )
    for module in sorted(survivors):
        for mutant in survivors[module]:
            taken, put = mutant.change()
            print(f"\n{mutant.name}\n  in:   {module}.{mutant.function}")
            print(f"  from: {taken}\n  to:   {put}")
    return 1 if is_short else 0


if __name__ == "__main__":
    sys.exit(main())
