"""The contract of a feature extractor: one frame in, one vector out.

Conventions: an extractor keeps its parameters as given (scikit-learn's rule, so ``clone``,
``set_params`` and grid search work), its repr rebuilds it, `extract` is a pure function of the
frame's pixels, and it may be called from several threads at once. It never resizes what the camera
gave unless a parameter says so, and it works on any image size of at least one pixel.

An extractor that must be trained (a visual vocabulary, say) also has ``fit(frames, rooms)``;
learnt attributes end in an underscore.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision.errors import RobotVisionError
from robotvision.records import Frame

Vector = NDArray[np.float32]


@runtime_checkable
class FeatureExtractor(Protocol):
    """What the pipeline needs of an extractor."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels it reads."""

    @property
    def dim(self) -> int:
        """Length of its vector."""

    def extract(self, frame: Frame) -> Vector:
        """Return the frame's feature vector, (dim,) float32, finite."""


@runtime_checkable
class FittedExtractor(FeatureExtractor, Protocol):
    """An extractor that learns from training frames before it can extract."""

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> FittedExtractor:
        """Learn from frames in sequence order and their rooms; return self."""


class Extractor(BaseEstimator):  # type: ignore[misc]
    """Base of the extractors shipped here: scikit-learn's parameters and a full repr.

    A subclass stores each keyword of ``__init__`` under its own name and nothing else.
    """

    channels: tuple[str, ...] = ("rgb",)

    def __repr__(self, N_CHAR_MAX: int = 0) -> str:
        params = self.get_params(deep=False)
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in params.items())})"


def channel_of(frame: Frame, channel: str, extractor: object) -> NDArray[Any]:
    """Return one channel of ``frame``, or say which extractor misses it.

    Raises
    ------
    RobotVisionError
        The frame has no such channel.
    """
    try:
        return frame.images[channel]
    except KeyError:
        have = ", ".join(frame.images) or "none"
        raise RobotVisionError(
            f"frame {frame.index}: {type(extractor).__name__} reads the channel {channel!r}, "
            f"which this sequence does not have (it has: {have})"
        ) from None
