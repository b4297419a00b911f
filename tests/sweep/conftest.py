"""What the tests of sweeps share: little sequences, a grid over them, plug-ins that misbehave."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.clusters import dask
from tests.fixtures.commands import CommandLine

ROOMS = ("Kitchen", "Office", "Hall")

PLUGINS = '''
import os, signal, time
import numpy as np
from robotvision.features.base import Extractor


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

    def __init__(self, ms=10, mark=""):
        super().__init__(ms)
        self.mark = mark

    def extract(self, frame):
        if not os.path.exists(self.mark):
            open(self.mark, "w").close()
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


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sequences, with the module ``sweep_plugins``."""
    folder = tmp_path_factory.mktemp("tours")
    (folder / "sweep_plugins.py").write_text(PLUGINS, encoding="utf-8")
    return folder


@pytest.fixture
def tours(root: Path, tour: Callable[..., Path]) -> Path:
    """Return the folder, with the sequences a, b and c, which nobody alters, written once."""
    for i, name in enumerate("abc"):
        if not (root / name).exists():
            tour(root / name, ROOMS[i:] + ROOMS[:i], n_each=6, seed=i, light=1 - 0.15 * i)
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
    """Return a function that writes a grid file over the sequences."""
    monkeypatch.setenv("ROBOTVISION_DATA", str(tours))

    def write(text: str, base: str = BASE) -> Path:
        path = tmp_path / "grid.yaml"
        path.write_text(base + textwrap.dedent(text), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def environment(root: Path) -> dict[str, str]:
    """Return the environment of a child process that knows the sequences and the plug-ins."""
    warnings = "error,default:Creating scratch directories"  # Dask's, on a busy disk
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "ROBOTVISION_DATA": str(root),
        "PYTHONWARNINGS": warnings,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }


@pytest.fixture
def robotvision(
    tours: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    robotvision: CommandLine,
) -> CommandLine:
    """Return a function that calls ``robotvision sweep`` from here: its workers are processes."""
    monkeypatch.setenv("ROBOTVISION_DATA", str(tours))
    monkeypatch.syspath_prepend(str(tours))
    monkeypatch.chdir(tmp_path)

    return functools.partial(robotvision, "sweep")


@pytest.fixture(scope="session")
def scheduler(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Hand out the address of a scheduler with two workers that every test may use."""
    with dask(environment, tmp_path_factory.mktemp("dask") / "log", 2) as (address, _):
        yield address


@pytest.fixture
def own_cluster(
    environment: dict[str, str], tmp_path: Path
) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Hand out a scheduler's address and its processes, itself first, to do with as one likes."""
    with dask(environment, tmp_path / "dask.log", 1) as cluster:
        yield cluster


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
        return {
            k: (r["status"], r["points"], r["answers_digest"]) for k, r in rows_of(folder).items()
        }

    return read
