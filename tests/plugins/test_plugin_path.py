"""Plug-ins of one's own, by dotted name, from the current folder and from the configuration's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.plugins import plugin_path
from tests.fixtures.commands import CommandLine

PLUGIN = """
import numpy as np
from robotvision.features.base import Extractor


class Mean(Extractor):
    @property
    def dim(self):
        return 3

    def extract(self, frame):
        return frame["rgb"].mean((0, 1)).astype(np.float32)
"""


def elsewhere(folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder`` as the console script does, which does not search it."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-P", "-c", "from robotvision.cli import main; main()", *map(str, args)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("system", ["inprocess", "worker"])
def test_a_plug_in_is_found_in_the_current_folder(
    system: str, config: Callable[..., Path], tmp_path: Path
) -> None:
    """In this process and in a worker's, which reads the trained pipeline from a file."""
    here = tmp_path / "work"
    here.mkdir()
    (here / "lying_here.py").write_text(PLUGIN)
    path = config(features="[lying_here.Mean]", system=system)
    done = elsewhere(here, "run", path, "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcomes"]["correct"] == 18


def test_a_plug_in_is_found_beside_the_configuration(
    config: Callable[..., Path], data_root: Path, tmp_path: Path
) -> None:
    """By the processes of a sweep too."""
    away = tmp_path / "away"
    away.mkdir()
    (data_root / "beside.py").write_text(PLUGIN)
    config(features="[beside.Mean]", name="base.yaml")
    grid = data_root / "sweep.yaml"
    grid.write_text("base: base.yaml\ngrid: {classifier: [knn, svm]}\n")
    done = elsewhere(away, "run", data_root / "base.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr
    done = elsewhere(away, "sweep", grid, "--out", "swept", "--workers", "1")
    assert done.returncode == 0, done.stderr + done.stdout


def test_pythons_own_modules_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of the same name in the current folder hides none of them."""
    (tmp_path / "colorsys.py").write_text("raise SystemExit('the wrong one')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    monkeypatch.setattr(plugin_path, "_folders", {Path(): False})
    with pytest.raises(RobotVisionError, match="has no attribute 'Mean'"):
        FEATURES.get("colorsys.Mean")
    assert sys.path[-1] == str(tmp_path)


def test_what_cannot_be_found_says_where_it_was_looked_for(
    config: Callable[..., Path],
    data_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    robotvision: CommandLine,
) -> None:
    away = tmp_path / "away"
    away.mkdir()
    path = config(features="[not_there.Mean]")
    monkeypatch.chdir(away)
    done = robotvision("run", path)
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"{path}:4:12: features[0]: feature 'not_there.Mean': cannot import it (No module named "
        f"'not_there'); searched: {data_root}, {away}, what is installed, PYTHONPATH; known by "
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [("def broken(:\n", ":1: SyntaxError"), ("\nx = 1 / 0\n", ":2: ZeroDivisionError")],
)
def test_a_plug_in_that_fails_on_import_is_told_with_its_place(
    text: str, words: str, config: Callable[..., Path], data_root: Path, robotvision: CommandLine
) -> None:
    """One line with file and line, exit 2."""
    (data_root / "falls_over.py").write_text(text)
    done = robotvision("run", config(features="[falls_over.Mean]"), "--out", data_root / "out")
    assert done.returncode == 2
    assert f"falls_over.py{words}" in done.stderr
    assert "fails on import" in done.stderr
    assert "Traceback" not in done.stderr
