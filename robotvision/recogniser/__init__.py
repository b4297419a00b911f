"""A trained place recogniser: pipeline, training, decision, model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotvision.plugins.lazy import lazy_names

if TYPE_CHECKING:
    from robotvision.recogniser import augment as augment
    from robotvision.recogniser import channels as channels
    from robotvision.recogniser import function as function
    from robotvision.recogniser import inprocess as inprocess
    from robotvision.recogniser import model_file as model_file
    from robotvision.recogniser import optional_parts as optional_parts
    from robotvision.recogniser import persistence as persistence
    from robotvision.recogniser import training as training
    from robotvision.recogniser.worker import Worker as Worker

__getattr__, __dir__ = lazy_names(
    __name__,
    {"Worker": "robotvision.recogniser.worker"},
    packages=(
        "augment",
        "channels",
        "function",
        "inprocess",
        "model_file",
        "optional_parts",
        "persistence",
        "training",
    ),
)
"""Imported on first use: a run of a program needs none of it, one that trains only some."""
