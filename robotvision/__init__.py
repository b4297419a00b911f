"""Replay what a robot's cameras saw, frame by frame, and score where it believed it was.

The front page of the library; each name is imported on first use. The other parts live in their
rooms (``robotvision.features``, ``robotvision.submissions``, ...) and are documented there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotvision.plugins.lazy import lazy_names
from robotvision.version import __version__ as __version__

if TYPE_CHECKING:
    from robotvision.api.evaluate import evaluate
    from robotvision.api.job import run
    from robotvision.api.recogniser import Recogniser
    from robotvision.api.replay import replay
    from robotvision.api.run import Run, read_run, rescore
    from robotvision.api.score import Score
    from robotvision.classifiers.base import Classifier
    from robotvision.data import open_sequence
    from robotvision.data.sequence import ImageSequence
    from robotvision.errors import RobotVisionError
    from robotvision.features.base import Extractor
    from robotvision.records import Answer, Frame, Outcome
    from robotvision.scoring.policy import Policy
    from robotvision.systems.program import Program
    from robotvision.tasks import load_task
    from robotvision.tasks.model import Task

__all__ = [
    "Answer",
    "Classifier",
    "Extractor",
    "Frame",
    "ImageSequence",
    "Outcome",
    "Policy",
    "Program",
    "Recogniser",
    "RobotVisionError",
    "Run",
    "Score",
    "Task",
    "evaluate",
    "load_task",
    "open_sequence",
    "read_run",
    "replay",
    "rescore",
    "run",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Answer": "robotvision.records",
        "Classifier": "robotvision.classifiers.base",
        "Extractor": "robotvision.features.base",
        "Frame": "robotvision.records",
        "ImageSequence": "robotvision.data.sequence",
        "Outcome": "robotvision.records",
        "Policy": "robotvision.scoring.policy",
        "Program": "robotvision.systems.program",
        "Recogniser": "robotvision.api.recogniser",
        "RobotVisionError": "robotvision.errors",
        "Run": "robotvision.api.run",
        "Score": "robotvision.api.score",
        "Task": "robotvision.tasks.model",
        "evaluate": "robotvision.api.evaluate",
        "load_task": "robotvision.tasks",
        "open_sequence": "robotvision.data",
        "read_run": "robotvision.api.run",
        "replay": "robotvision.api.replay",
        "rescore": "robotvision.api.run",
        "run": "robotvision.api.job",
    },
    packages=(
        "classifiers",
        "contest",
        "data",
        "experiment",
        "features",
        "recogniser",
        "runs",
        "scoring",
        "submissions",
        "systems",
        "tasks",
        "temporal",
        "testing",
    ),
)
