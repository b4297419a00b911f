"""The list of changes that mean the same, beside the code that it speaks of."""

from __future__ import annotations

import importlib
import inspect
import re
from itertools import accumulate
from pathlib import Path
from typing import Any

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
