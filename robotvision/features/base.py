"""The contract of a feature extractor: one frame in, one vector out.

Conventions: an extractor keeps its parameters as given (scikit-learn's rule, so ``clone``,
``set_params`` and grid search work), its repr rebuilds it, `extract` is a pure function of the
frame's pixels, and it may be called from several threads at once. It never resizes what the camera
gave unless a parameter says so, and it works on any image size of at least one pixel.

An extractor that must be trained (a visual vocabulary, say) also has ``fit(frames, rooms)``;
learnt attributes end in an underscore. One that must know the camera also has
``calibrate(calibration)``, called once a sequence, before ``fit`` and ``extract``, with what is
known of each channel: ``fx``, ``fy``, ``cx``, ``cy`` in pixels, lengths that end in ``_m`` in
metres.

Vectors are cached under what they depend on: parameters, what was learnt, the code, the files that
parameters name. What else enters is told by three things an extractor may have: a class attribute
``version: int``, ``files_read()``, the paths of further files it reads, and ``inner_extractors()``,
the extractors that it calls.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from robotvision.data.sequence import Calibration
from robotvision.errors import RobotVisionError
from robotvision.plugins.parameters import Parameterised
from robotvision.plugins.provenance import note
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


class FittedExtractor(FeatureExtractor, Protocol):
    """An extractor that learns from training frames before it can extract: see `needs_training`."""

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Learn from frames in sequence order and their rooms; return self."""


def needs_training(extractor: FeatureExtractor) -> bool:
    """Return whether the extractor learns from training frames.

    Not by ``isinstance``: of an extractor that learns only where the one it wraps does, Python 3.12
    and newer see ``fit`` in the class without asking the object.
    """
    return callable(getattr(extractor, "fit", None))


def ready(extractor: FeatureExtractor, calibration: Calibration) -> FeatureExtractor:
    """Return the extractor set to a sequence's cameras; itself where it needs no calibration."""
    if not hasattr(extractor, "calibrate"):
        return extractor
    mine: FeatureExtractor = copy.copy(extractor).calibrate(calibration)
    return mine


class Extractor(Parameterised):
    """Base of the extractors shipped here: scikit-learn's parameters, checked, and a full repr.

    A subclass names its parameters as fields (`robotvision.plugins.parameters.parameter_fields`),
    or has an ``__init__`` that stores each keyword under its own name, nothing else, and ends with
    ``self._check()``. ``version`` enters the key of cached vectors: raise it when a change makes
    them differ.

    Parameters
    ----------
    channel : str, default 'rgb'
        Colour channel to read.

    Notes
    -----
    What a subclass does not say of a parameter, `robotvision list` takes from its bases.
    """

    version: int = 1
    channel: str = "rgb"
    loads_on_first_use: ClassVar[bool] = False
    """Whether the first frame would wait for something to load: see `Pipeline.reset`."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        note(cls.__module__)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels it reads."""
        return (self.channel,)


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


def color_of(frame: Frame, channel: str, extractor: object) -> NDArray[np.uint8]:
    """Return a colour channel, (H, W, 3) uint8 in RGB order, H and W at least 1.

    Raises
    ------
    RobotVisionError
        The frame has no such channel, or it is no colour image.
    """
    image = channel_of(frame, channel, extractor)
    if image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8 and image.size:
        return image
    raise _not_expected(frame, channel, extractor, "a colour image, (H, W, 3) uint8", image)


def gray_of(frame: Frame, channel: str, extractor: object) -> NDArray[np.uint8]:
    """Return a colour channel as luminance (ITU-R BT.601), (H, W) uint8."""
    import cv2

    color = color_of(frame, channel, extractor)
    return np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), np.uint8)


def depth_of(frame: Frame, channel: str, extractor: object) -> NDArray[np.uint16]:
    """Return a depth channel, (H, W) uint16 millimetres, 0 = no reading, H and W at least 1.

    Raises
    ------
    RobotVisionError
        The frame has no such channel, or it is no depth image.
    """
    image = channel_of(frame, channel, extractor)
    if image.ndim == 2 and image.dtype == np.uint16 and image.size:
        return image
    raise _not_expected(
        frame, channel, extractor, "a depth image, (H, W) uint16 millimetres", image
    )


def _not_expected(
    frame: Frame, channel: str, extractor: object, expected: str, image: NDArray[Any]
) -> RobotVisionError:
    return RobotVisionError(
        f"frame {frame.index}: {type(extractor).__name__} expects {expected} in the channel "
        f"{channel!r}, got {image.shape} {image.dtype}"
    )
