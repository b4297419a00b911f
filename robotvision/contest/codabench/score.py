"""The scoring program's first file: makes robotvision importable, then hands over to it.

It stands beside the wheel that the bundle carries and needs nothing but Python. The platform calls
``python score.py INPUT OUTPUT``. The wheel is unpacked rather than installed, so that a submission
is scored by the version the bundle was made with, whatever the image holds. What scoring needs
beside it and the image lacks is fetched with pip.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED = {
    "click": "click>=8.1.7",
    "jinja2": "jinja2>=3.1",
    "msgspec": "msgspec>=0.19",
    "numpy": "numpy>=1.26",
    "pydantic": "pydantic>=2.7",
    "yaml": "PyYAML>=6.0.1",
}
"""Module -> what pip calls it; the rest of robotvision's dependencies is not used by scoring."""


def main(source: str, output: str) -> int:
    """Score the submission under ``source`` and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="robotvision-") as home:
        return score(Path(home), source, output)


def score(home: Path, source: str, output: str) -> int:
    """Score with what is unpacked and fetched into ``home``."""
    for wheel in Path(__file__).resolve().parent.glob("robotvision-*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(home / "package")
    missing = [wanted for name, wanted in NEEDED.items() if importlib.util.find_spec(name) is None]
    if missing:
        print(f"fetching {', '.join(missing)}", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "--target", str(home / "needed"), *missing]).returncode:
            print(
                f"the scoring program cannot run: {', '.join(missing)} could not be installed; "
                "organisers: take an image that has them",
                file=sys.stderr,
            )
            return 1
    places = [str(home / "package"), str(home / "needed")]
    known = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*places, *known])}
    command = [sys.executable, "-m", "robotvision.contest.codabench.program", source, output]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
