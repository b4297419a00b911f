"""The package keeps its order: names, imports, sizes, and a front door that nothing hides.

The order of rooms itself is held by import-linter (``lint-imports`` in ``scripts/check``).
"""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
measure: Callable[..., Any] = runpy.run_path(str(ROOT / "scripts/measure_structure.py"))["figures"]

EVERY_MODULE = """
import importlib, json, pkgutil
import robotvision
for module in pkgutil.walk_packages(robotvision.__path__, "robotvision."):
    if not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as e:  # an optional library that is not among the extras
            if str(e.name).startswith("robotvision"):
                raise
names = robotvision.__all__
print(json.dumps({
    "names": names,
    "not callable": [n for n in names if not callable(getattr(robotvision, n))],
    "not listed": sorted(set(names) - set(dir(robotvision))),
}))
"""


@pytest.fixture(scope="module")
def figures() -> Any:
    """Return the figures of the package as it is."""
    return measure()


def test_class_names_are_used_once(figures: Any) -> None:
    """A class is found by its name alone."""
    assert figures.repeated_classes() == {}


def test_own_modules_are_imported_at_the_top(figures: Any) -> None:
    """Imports inside functions hide circles; commands and the registry of plug-ins excepted."""
    assert figures.imports_inside() == []


def test_the_formatter_decides_the_layout(figures: Any) -> None:
    """Tables that are written out excepted."""
    assert figures.skips == []


def test_functions_fit_on_a_screen(figures: Any) -> None:
    """None has more than 60 lines."""
    assert figures.long_functions() == []


def test_functions_take_few_parameters(figures: Any) -> None:
    """None takes more than 7; constructors of plug-ins and commands excepted."""
    assert figures.many_parameters() == []


MAIN_JOB = """
import json, sys
import robotvision.experiment.run
own = [m for m in sys.modules if m.partition(".")[0] == "robotvision"]
heavy = [m for m in ("cv2", "matplotlib", "scipy", "sklearn", "torch") if m in sys.modules]
print(json.dumps({"own": own, "heavy": heavy}))
"""


def test_the_main_job_loads_what_every_run_needs() -> None:
    """Training, models, functions and programs come with the first run that has one."""
    run = [sys.executable, "-c", MAIN_JOB]
    loaded = json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout)
    assert len(loaded["own"]) <= 85
    assert loaded["heavy"] == []
    assert "robotvision.playback.player" in loaded["own"]
    assert "robotvision.recogniser.training" not in loaded["own"]


def test_the_front_door_is_not_hidden_by_a_module() -> None:
    """Whatever is imported, a name of ``__all__`` stays the function or class it is.

    Importing a submodule sets an attribute of its package: one called ``replay`` would take the
    place of the function of that name.
    """
    run = [sys.executable, "-c", EVERY_MODULE]
    result = json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout)
    modules = {p.stem for p in (ROOT / "robotvision").iterdir() if not p.name.startswith("_")}
    assert set(result["names"]) & modules == set()
    assert len(result["names"]) >= 20
    assert result["not callable"] == []
    assert result["not listed"] == []


def test_tests_stand_in_the_room_they_test() -> None:
    """A folder of tests bears the name of a room."""
    rooms = {p.parent.name for p in (ROOT / "robotvision").glob("*/__init__.py")}
    folders = {
        p.relative_to(ROOT / "tests").parts[0] for p in (ROOT / "tests").rglob("*/test_*.py")
    }
    assert folders - rooms == set()


BAD = {
    "twice.py": "class One: pass\n",
    "features/a.py": "class One:\n    def __init__(self, a, b, c, d, e, f, g, h): pass\n",
    "wide.py": "def f(a, b, c, d, e, f, g, *, h): pass\n",
    "long.py": "def f():\n" + "    x = 1\n" * 61,
    "inside.py": "def f():\n    from robotvision.records import Frame\n",
    "cli/run.py": "def f():\n    from robotvision.records import Frame\n",
    "skips.py": "TABLE = [1,  2]  # fmt: skip\nx = f(1,  2)  # fmt: skip\n",
}


def test_each_fault_is_found(tmp_path: Path) -> None:
    """The measure sees what it is meant to see, and passes what is excepted."""
    for name, text in BAD.items():
        path = tmp_path / "robotvision" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    f = measure(tmp_path / "robotvision")
    assert f.repeated_classes() == {
        "One": ["robotvision/features/a.py:1", "robotvision/twice.py:1"]
    }
    assert f.many_parameters() == [(8, "robotvision/wide.py:1 f")]
    assert f.long_functions() == [(62, "robotvision/long.py:1 f")]
    assert [x.partition(":")[0] for x in f.imports_inside()] == ["robotvision/inside.py"]
    assert f.skips == ["robotvision/skips.py:2"]


def test_what_shows_a_run_loads_no_scikit_learn() -> None:
    """A program that answers needs none of it, neither to be run nor to be watched."""
    code = (
        "import sys, robotvision.report.live, robotvision.report.watch, robotvision.report.feed, "
        "robotvision.report.serve_process; "
        "sys.exit(sorted({'sklearn', 'scipy', 'pandas', 'torch'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
