"""Files that come with the package: the demo's sequences and the baselines' configurations.

In a checkout they lie in ``sequences/`` and ``configs/baselines/``; a wheel carries copies below
``robotvision/shipped`` (`[tool.hatch.build.targets.wheel.force-include]` in pyproject.toml).
"""

from __future__ import annotations

from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.version import PACKAGE

DEMO_TRAIN, DEMO_TEST = "sequences/demo_day", "sequences/demo_night"
BASELINES = "configs/baselines"


def shipped(name: str) -> Path:
    """Return the folder of the given name, as it is called in a checkout.

    Raises
    ------
    RobotVisionError
        This installation lacks it.
    """
    for path in (PACKAGE / "shipped" / name, PACKAGE.parent / name):
        if path.is_dir():
            return path
    raise RobotVisionError(f"{name}: not in this installation; install robotvision from its wheel")
