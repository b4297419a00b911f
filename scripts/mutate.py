"""Change the core line by line and see whether a test notices: mutation testing by mutmut.

    pip install -e '.[mutation,test]'
    python scripts/mutate.py                              # every module below, about half an hour
    python scripts/mutate.py 'robotvision.scoring.*'      # some of them
    python scripts/mutate.py --shown                      # judge the last run again

Which modules are changed and which tests look on stands in pyproject.toml, ``[tool.mutmut]``.
A change that no test notices is a survivor. Those that mean the same as the code they replace are
listed in ``tests/equivalent_mutants.yaml``, each with the reason. It exits with 1 where another one
survives, or where fewer than 95 % of a module's changes are noticed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
MUTMUT = [str(Path(sys.executable).parent / "mutmut")]
LISTED = ROOT / "tests" / "equivalent_mutants.yaml"
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
        done = subprocess.run(
            [*MUTMUT, "show", self.name], cwd=ROOT, capture_output=True, text=True, check=True
        )
        lines = [x for x in done.stdout.splitlines() if not x.startswith(("---", "+++", "#"))]
        sides = (" ".join(x[1:].strip() for x in lines if x.startswith(sign)) for sign in "-+")
        taken, put = sides
        return taken, put


def mutants() -> Iterator[Mutant]:
    """Yield every mutant of the last run."""
    for path in sorted((ROOT / "mutants").rglob("*.py.meta")):
        for name, code in json.loads(path.read_text())["exit_code_by_key"].items():
            module, _, rest = name.rpartition(".")
            function = re.sub(r"__mutmut_\d+$", "", rest)
            function = function.removeprefix("xǁ").removeprefix("x_").replace("ǁ", ".")
            yield Mutant(name, module, function, _outcome(code))


def _outcome(code: int | None) -> str:
    if code is None:
        return UNTRIED
    return KILLED if code < 0 else EXIT_CODES.get(code, UNTRIED)


def listed() -> dict[tuple[str, str, str], str]:
    """Return the equivalent mutants: (function, taken out, put in) -> why."""
    if not LISTED.exists():
        return {}
    rows = yaml.safe_load(LISTED.read_text(encoding="utf-8")) or []
    return {(row["in"], row["from"], row["to"]): row["why"] for row in rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="mutants by name, * allowed (else all)")
    parser.add_argument("--shown", action="store_true", help="do not run; show the last run")
    parser.add_argument("--children", default="2", help="mutants that are tried at once")
    options = parser.parse_args()
    if not options.shown:
        command = [*MUTMUT, "run", "--max-children", options.children, *options.names]
        subprocess.run(command, cwd=ROOT, check=False)  # mutants that survive are no failure of it
    return show([m for m in mutants() if m.outcome != UNTRIED])


def show(tried: list[Mutant]) -> int:
    """Print the table by module and every survivor that is not listed; return the exit code."""
    equivalents = listed()
    survivors: dict[str, list[tuple[Mutant, tuple[str, str]]]] = {}
    n_equivalent: Counter[str] = Counter()
    for mutant in tried:
        if mutant.outcome != SURVIVED:
            continue
        change = mutant.change()
        if (f"{mutant.module}.{mutant.function}", *change) in equivalents:
            n_equivalent[mutant.module] += 1
        else:
            survivors.setdefault(mutant.module, []).append((mutant, change))
    is_short = False
    print(f"{'module':42} mutants  killed  equivalent  survived  share")
    for module in sorted({m.module for m in tried}):
        n = sum(m.module == module for m in tried)
        n_survived = len(survivors.get(module, []))
        n_killed = n - n_survived - n_equivalent[module]
        share = n_killed / max(n_killed + n_survived, 1)
        is_short |= share < MIN_SHARE
        print(
            f"{module.removeprefix('robotvision.'):42} {n:7} {n_killed:7} "
            f"{n_equivalent[module]:11} {n_survived:9} {share:6.1%}"
        )
    for module in sorted(survivors):
        for mutant, (taken, put) in survivors[module]:
            print(f"\n{mutant.name}\n  in:   {module}.{mutant.function}")
            print(f"  from: {taken}\n  to:   {put}")
    return 1 if survivors or is_short else 0


if __name__ == "__main__":
    sys.exit(main())
