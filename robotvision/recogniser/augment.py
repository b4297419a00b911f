"""Further views of training frames: mirrored, and in another light.

A place looks the same in a mirror and by another lamp, so a frame seen so is one more example of
its room. What is changed: left and right, as in a mirror (all channels; of a stereo pair the two
cameras change places); and the light of colour images, by a power (gamma), a gain and a gain a
colour, drawn anew for each frame (Howard, "Some improvements on deep convolutional neural network
based image classification", 2013). Only training sees these views; a test frame is looked at as it
is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import FeatureExtractor, Vector
from robotvision.playback.sensor_faults import mirror_image, mirror_points
from robotvision.records import Frame, Image

GAMMA = 0.7
"""Powers lie between exp(-GAMMA) and exp(GAMMA), evenly on a logarithmic scale."""
GAIN = (-0.5, 0.3)
CAST = 0.2
"""Gain and gain a colour: logarithms, GAIN from the one to the other, CAST both ways."""


@dataclass(frozen=True, slots=True)
class AugmentedView:
    """How a training frame is looked at.

    Parameters
    ----------
    mirror : bool
        Left and right changed.
    light : int
        0: as it is; any other number: a light of its own for each frame.
    """

    mirror: bool = False
    light: int = 0

    def of(self, frame: Frame) -> Frame:
        """Return the frame in this view."""
        images: dict[str, Image] = dict(frame.images)
        if self.light:
            lut = _light(self.light, frame.index)
            images = {c: _lit(image, lut) for c, image in images.items()}
        if self.mirror:
            images = {c: _mirrored(image) for c, image in images.items()}
            if "left" in images and "right" in images:
                images["left"], images["right"] = images["right"], images["left"]
        return Frame(frame.index, frame.timestamp_ns, images)


def views(mirror: bool, light: int) -> list[AugmentedView]:
    """Return the views of a training frame, the plain one first: 1 or 2, times 1 + ``light``."""
    return [
        AugmentedView(m, n)
        for n in range(light + 1)
        for m in ((False, True) if mirror else (False,))
    ]


class AugmentedExtractor:
    """An extractor that looks at each frame in a given view.

    Parameters
    ----------
    extractor : FeatureExtractor
        Trained, where it needs to be.
    view : AugmentedView
    """

    def __init__(self, extractor: FeatureExtractor, view: AugmentedView) -> None:
        self.extractor, self.view = extractor, view
        self.version = getattr(extractor, "version", 1)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels it reads."""
        return self.extractor.channels

    @property
    def dim(self) -> int:
        """Length of its vector."""
        return self.extractor.dim

    def extract(self, frame: Frame) -> Vector:
        """Return the vector of the frame in the view, (dim,) float32."""
        return self.extractor.extract(self.view.of(frame))

    def inner_extractors(self) -> tuple[FeatureExtractor, ...]:
        """Return the extractor: its code and state enter the key of cached vectors."""
        return (self.extractor,)

    def __repr__(self) -> str:
        return f"AugmentedExtractor({self.extractor!r}, {self.view!r})"


class AugmentedCalibrated(AugmentedExtractor):
    """The same for an extractor that must know its camera."""

    def calibrate(self, calibration: Mapping[str, Mapping[str, float]]) -> Self:
        """Take the calibration of each channel, mirrored where the view is; return self."""
        if self.view.mirror:
            calibration = {c: _mirrored_camera(k) for c, k in calibration.items()}
        self.extractor = self.extractor.calibrate(calibration)  # type: ignore[attr-defined]
        return self


class AugmentedFitted(AugmentedExtractor):
    """The same for an extractor that has learnt; it does not learn again."""

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Return self: what the extractor learnt, it learnt from the plain view."""
        return self


class AugmentedFittedCalibrated(AugmentedCalibrated, AugmentedFitted):
    """The same for an extractor that has learnt and must know its camera."""


def altered(extractor: FeatureExtractor, view: AugmentedView) -> FeatureExtractor:
    """Return ``extractor`` looking at frames in ``view``; itself for the plain view."""
    if view == AugmentedView():
        return extractor
    kinds = {
        (False, False): AugmentedExtractor,
        (True, False): AugmentedCalibrated,
        (False, True): AugmentedFitted,
        (True, True): AugmentedFittedCalibrated,
    }
    kind = kinds[hasattr(extractor, "calibrate"), hasattr(extractor, "fit")]
    return kind(extractor, view)


def _light(number: int, index: int) -> NDArray[np.uint8]:
    """Return the brightness that each of 256 becomes, (256, 3) uint8, for one frame."""
    rng = np.random.default_rng((number, index))
    gamma = np.exp(rng.uniform(-GAMMA, GAMMA))
    gain = np.exp(rng.uniform(*GAIN)) * np.exp(rng.uniform(-CAST, CAST, 3))
    curve = (np.arange(256) / 255) ** gamma
    lut: NDArray[np.uint8] = np.round(255 * np.clip(curve[:, None] * gain, 0, 1)).astype(np.uint8)
    return lut


def _lit(image: Image, lut: NDArray[np.uint8]) -> Image:
    if image.ndim != 3 or image.dtype != np.uint8:
        return image
    import cv2

    lit: Any = cv2.LUT(np.ascontiguousarray(image), lut.reshape(1, 256, 3))
    return np.asarray(lit, np.uint8)


def _mirrored(image: Image) -> Image:
    if image.dtype == np.float32 and image.ndim == 2 and image.shape[1] == 3:
        return mirror_points(image)
    return mirror_image(image)


def _mirrored_camera(camera: Mapping[str, float]) -> dict[str, float]:
    mirrored = dict(camera)
    if "cx" in camera and "width" in camera:
        mirrored["cx"] = camera["width"] - 1 - camera["cx"]
    return mirrored
