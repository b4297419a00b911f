"""The demo runs from a wheel alone, in an empty folder."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from robotvision.config.checks import load_config
from robotvision.errors import RobotVisionError
from robotvision.experiment.demo import demo_experiment, write_demo

REPO = Path(__file__).parents[2]


def test_a_wheel_brings_what_the_demo_needs(tmp_path: Path) -> None:
    """Installed into a folder of its own, away from any checkout, it prints live points."""
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*build, str(REPO)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as inside:
        shipped = [i for i in inside.infolist() if i.filename.startswith("robotvision/shipped/")]
    assert 0 < sum(i.compress_size for i in shipped) < 3_000_000
    assert wheel.stat().st_size < 5_000_000
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    (tmp_path / "empty").mkdir()
    code = "from robotvision.cli import main; main(['demo', '--out', 'first'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "empty",
        env={"PYTHONPATH": str(tmp_path / "installed"), "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "demo_night 125/125  points" in done.stderr
    assert "points of 125" in done.stdout
    assert (tmp_path / "empty" / "first" / "report.html").exists()


def test_its_files_are_the_same_configuration(tmp_path: Path) -> None:
    path = write_demo(tmp_path / "new")
    ours, shipped = load_config(path), demo_experiment()
    assert ours.config == shipped.config
    with pytest.raises(RobotVisionError, match="exists already"):
        write_demo(tmp_path / "new")
