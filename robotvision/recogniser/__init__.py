"""A trained place recogniser: pipeline, training, decision, model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotvision.plugins.lazy import lazy_names

if TYPE_CHECKING:
    from robotvision.recogniser.worker import Worker as Worker

__getattr__, __dir__ = lazy_names(__name__, {"Worker": "robotvision.recogniser.worker"})
