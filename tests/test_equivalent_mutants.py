"""The list of changes that mean the same, beside the code that it speaks of."""

from __future__ import annotations

import importlib
import inspect
import re
import runpy
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def test_every_equivalent_change_is_of_code_that_is_there() -> None:
    """The list of scripts/mutate names functions of the package, and lines that stand in them."""
    rows = yaml.safe_load((ROOT / "tests" / "equivalent_mutants.yaml").read_text(encoding="utf-8"))
    for row in rows:
        assert row["why"]
        if "everywhere" in row:
            re.compile(row["everywhere"])
            continue
        module = next(
            name
            for name in map(str, accumulate(row["in"].split("."), "{}.{}".format))
            if (ROOT / f"{name.replace('.', '/')}.py").is_file()
        )
        code: Any = importlib.import_module(module)
        for name in row["in"].removeprefix(f"{module}.").split("."):
            code = getattr(code, name)
        lines = " ".join(line.strip() for line in inspect.getsource(code).splitlines())
        assert row["from"] in lines, row


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["killed"] * 19 + ["survived"], 0),
        (["out of time"] * 19 + ["survived"], 0),
        (["killed"] * 18 + ["survived"], 1),
        (["killed"] * 100 + ["untried"], 1),
    ],
)
def test_a_module_passes_where_95_percent_of_its_changes_are_noticed(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[str], code: int
) -> None:
    """Survivors are printed; which of them mean the same is looked up in the list."""
    script = runpy.run_path(str(ROOT / "scripts" / "mutate.py"))
    mutant, show = script["Mutant"], script["show"]
    monkeypatch.setattr(mutant, "change", lambda _: ("a < b", "a <= b"))
    chosen = [
        mutant(f"robotvision.m.x_f__mutmut_{i}", "robotvision.m", "f", outcome)
        for i, outcome in enumerate(outcomes)
    ]
    assert show(chosen) == code
    other = [mutant("robotvision.n.x_f__mutmut_1", "robotvision.n", "f", "killed")]
    assert show([*chosen, *other]) == code
