"""The demo: one recogniser, trained by day and tried by night in the generated building."""

from __future__ import annotations

import shutil
from pathlib import Path

from robotvision.config.checks import check_config, load_config
from robotvision.config.experiment import Experiment
from robotvision.data.shipped import DEMO_TEST, DEMO_TRAIN, shipped
from robotvision.errors import RobotVisionError, not_writable
from robotvision.yamlfile import loads

CONFIG = """\
# Train in a generated building by day, drive through it by night.
task: rooms                      # +1 for the right room, -0.5 for a wrong one, 0 for none
train: [demo_day]
test: [demo_night]
features: [phog, crfh]           # robotvision list features
classifier: {name: svm, kernel: chi2, C: 10}
replay: {clock: wall, speed: 12} # as the robot drove, twelve times as fast; asap: at once
"""


def demo_experiment() -> Experiment:
    """Return the demo's configuration over the sequences of the package."""
    document = loads(CONFIG, Path("demo.yaml"))
    return check_config(document, shipped(DEMO_TRAIN).parent)


def write_demo(folder: Path) -> Path:
    """Write the demo's sequences and configuration to a new folder; return the configuration.

    Raises
    ------
    RobotVisionError
        The folder exists, or cannot be written.
    """
    try:
        folder.mkdir(parents=True)
        for name in (DEMO_TRAIN, DEMO_TEST):
            source = shipped(name)
            shutil.copytree(source, folder / source.name)
        path = folder / "demo.yaml"
        path.write_text(CONFIG, encoding="utf-8")
    except FileExistsError as e:
        raise RobotVisionError(f"{folder}: exists already; give a folder that does not") from e
    except OSError as e:
        raise not_writable(folder, e) from e
    load_config(path)
    return path
