"""What the tests of sweeps share: three little tours, a grid over them, plug-ins that misbehave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]
ROOMS = ("Kitchen", "Office", "Hall")

PLUGINS = '''
import os, signal, time
import numpy as np
from robotvision.features.base import Extractor

MARK = os.environ.get("SWEEP_TEST_MARK", "")


class Slow(Extractor):
    """Mean colour, slowly."""

    dim = 3

    def __init__(self, ms=10):
        self.ms = ms

    def extract(self, frame):
        time.sleep(self.ms / 1000)
        return frame.images["rgb"].mean(axis=(0, 1)).astype(np.float32)


class DiesOnce(Slow):
    """Takes its process along, the first time."""

    def extract(self, frame):
        if not os.path.exists(MARK):
            open(MARK, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().extract(frame)


class Dies(Slow):
    """Takes its process along, every time."""

    def extract(self, frame):
        os.kill(os.getpid(), signal.SIGKILL)


class Raises(Slow):
    """A plug-in with a bug."""

    def extract(self, frame):
        return {}["no such key"]
'''


@pytest.fixture
def tours(tour: Callable[..., Path], tmp_path: Path) -> Path:
    """Return a folder with the tours a, b and c and the module ``sweep_plugins``."""
    root = tmp_path / "tours"
    root.mkdir()
    for i, name in enumerate("abc"):
        tour(root / name, ROOMS[i:] + ROOMS[:i], n_each=6, seed=i, light=1 - 0.15 * i)
    (root / "sweep_plugins.py").write_text(PLUGINS, encoding="utf-8")
    return root


BASE = """
base:
  task: rooms
  train: [a]
  test: [b]
  features: [hsv_histogram]
  classifier: {name: svm, kernel: rbf}
"""


@pytest.fixture
def grid(tours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that writes a grid file over the tours."""
    monkeypatch.setenv("ROBOTVISION_DATA", str(tours))

    def write(text: str, base: str = BASE) -> Path:
        path = tmp_path / "grid.yaml"
        path.write_text(base + textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture
def environment(tours: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a child process that knows the tours and the plug-ins."""
    warnings = "error,default:Creating scratch directories"  # Dask's, on a busy disk
    paths = [str(tours), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "ROBOTVISION_DATA": str(tours), "PYTHONWARNINGS": warnings,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "SWEEP_TEST_MARK": str(tmp_path / "died")}  # fmt: skip


Sweep = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def robotvision(environment: dict[str, str], tmp_path: Path) -> Sweep:
    """Return a function that calls ``robotvision sweep`` in a process of its own."""

    def call(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLI, "sweep", *map(str, args)], env=environment, cwd=tmp_path, timeout=120,
            capture_output=True, text=True, check=False, **options,
        )  # fmt: skip

    return call


Rows = dict[str, dict[str, Any]]


@pytest.fixture
def rows_of() -> Callable[[Path], Rows]:
    """Return a function that reads the rows of a results folder, by hash."""

    def read(folder: Path) -> Rows:
        paths = (folder / "rows").glob("*.json")
        return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in paths}

    return read


@pytest.fixture
def results_of(rows_of: Callable[[Path], Rows]) -> Callable[[Path], dict[str, tuple[Any, ...]]]:
    """Return a function that reads what must be the same bit for bit, by hash."""

    def read(folder: Path) -> dict[str, tuple[Any, ...]]:
        return {k: (r["status"], r["points"], r["answers_digest"])
                for k, r in rows_of(folder).items()}  # fmt: skip

    return read
