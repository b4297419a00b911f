"""CRFH: composed receptive field histograms.

After Linde and Lindeberg, "Object recognition using composed receptive field histograms of higher
dimensionality", ICPR 2004, and Pronobis, Caputo, Jensfelt and Christensen, "A discriminative
approach to robust visual place recognition", IROS 2006. Scale-normalised Gaussian derivatives of
the luminance at several scales; each pixel votes in a joint histogram of its responses.

What differs: the papers keep one joint histogram over all scales, which has bins^(derivatives ×
scales) cells and must be stored sparsely. Here the derivatives of one scale are joint and the
scales' histograms stand one after another, so the length is fixed at bins^derivatives × scales,
784 by default. Scales of two pixels and more are computed on an image halved as often as leaves
the smoothing at one to two of its pixels. A response is quantised over ``±limit`` times the largest
response that 8-bit images can give; what lies beyond counts in the outer bins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Extractor, Vector, gray_of
from robotvision.features.cells import bin_counts
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

Plane = NDArray[np.float32]

_GAUSS = math.sqrt(2 * math.pi)
_LARGEST = {
    "Lx": 255 / _GAUSS,
    "Ly": 255 / _GAUSS,
    "Lxx": 255 * 2 * math.exp(-0.5) / _GAUSS,
    "Lyy": 255 * 2 * math.exp(-0.5) / _GAUSS,
    "Lxy": 255 * 2 / _GAUSS**2,
}
"""Largest scale-normalised response to an image in [0, 255]: 255/2 times the kernel's L1 norm."""

_SLOPE = np.array([-0.5, 0.0, 0.5], np.float32)
_CURVE = np.array([1.0, -2.0, 1.0], np.float32)
_ONE = np.array([1.0], np.float32)
_KERNELS = {
    "Lx": (_SLOPE, _ONE),
    "Ly": (_ONE, _SLOPE),
    "Lxx": (_CURVE, _ONE),
    "Lyy": (_ONE, _CURVE),
    "Lxy": (_SLOPE, _SLOPE),
}


@parameter_fields
class CRFH(Extractor):
    """Composed receptive field histogram.

    Parameters
    ----------
    derivatives : sequence of str, default ('Lx', 'Ly')
        Out of ``Lx``, ``Ly``, ``Lxx``, ``Lxy``, ``Lyy``; joint within a scale.
    scales : sequence of float, default (1, 2, 4, 8)
        Standard deviations of the Gaussians in pixels, 0.5 to 64.
    bins : int, default 14
        Bins of one derivative, 2 to 256.
    limit : float, default 0.3
        Where the outer bins end, as a share of the largest possible response, in (0, 1].

    Notes
    -----
    Each scale's histogram sums to ``1 / len(scales)``, the vector to 1.
    """

    derivatives: Sequence[str] = ("Lx", "Ly")
    scales: Sequence[float] = (1, 2, 4, 8)
    bins: int = 14
    limit: float = 0.3
    channel: str = "rgb"

    def _check(self) -> None:
        if isinstance(self.derivatives, str) or not self.derivatives:
            raise params.refuse("derivatives", "a list such as [Lx, Ly]", self.derivatives)
        for i, name in enumerate(self.derivatives):
            params.choice(f"derivatives[{i}]", name, _KERNELS)
        params.numbers("scales", self.scales, above=0, high=64)
        if min(self.scales) < 0.5:
            raise params.refuse("scales", "scales of at least 0.5 pixels", self.scales)
        params.whole("bins", self.bins, low=2, high=256)
        params.number("limit", self.limit, high=1)
        params.word("channel", self.channel)
        params.dimension(self.dim, "take fewer bins or derivatives")

    @property
    def dim(self) -> int:
        """Length of the vector: ``bins ** len(derivatives) * len(scales)``."""
        return int(self.bins ** len(self.derivatives) * len(self.scales))

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (dim,) float32."""
        gray = gray_of(frame, self.channel, self).astype(np.float32)
        order = np.argsort(np.asarray(self.scales, np.float64), kind="stable")
        parts: list[Plane] = [np.empty(0, np.float32)] * len(order)
        smoothed = scale_space(gray, [float(self.scales[i]) for i in order])
        for i, (plane, sigma) in zip(order, smoothed, strict=True):
            parts[i] = self._histogram(plane, sigma)
        return np.concatenate(parts) / np.float32(len(order))

    def _histogram(self, plane: Plane, sigma: float) -> Plane:
        """Return the joint histogram of one smoothed image, summing to 1."""
        index = np.zeros(plane.shape, np.float32)
        for name in self.derivatives:
            kernel_x, kernel_y = _KERNELS[name]
            response = cv2.sepFilter2D(
                plane, cv2.CV_32F, kernel_x, kernel_y, borderType=cv2.BORDER_REPLICATE
            )
            order = len(name) - 1
            scale = self.bins * sigma**order / (2 * self.limit * _LARGEST[name])
            np.multiply(response, scale, out=response)
            np.add(response, self.bins / 2, out=response)
            np.clip(response, 0, self.bins - 1, out=response)
            np.trunc(response, out=response)
            index = index * np.float32(self.bins) + response
        counts = bin_counts(index, int(self.bins ** len(self.derivatives)))
        histogram: Plane = (counts / plane.size).astype(np.float32)
        return histogram


def scale_space(gray: Plane, scales: Sequence[float]) -> Iterator[tuple[Plane, float]]:
    """Yield the image smoothed to each of the ascending ``scales``, halved where that is enough.

    Yields
    ------
    plane : (h, w) float32
        The smoothed image, each side divided by ``2**floor(log2(scale))``.
    sigma : float
        Its scale in its own pixels.
    """
    plane, factor, reached = gray, 1, 0.0
    for scale in scales:
        while scale >= 2 * factor:
            plane = _blur(plane, reached / factor, 2.0)[::2, ::2]
            factor, reached = 2 * factor, 2.0 * factor
        plane, reached = _blur(plane, reached / factor, scale / factor), scale
        yield plane, scale / factor


def _blur(plane: Plane, have: float, want: float) -> Plane:
    """Smooth from ``have`` to ``want`` (standard deviations in pixels)."""
    more = math.sqrt(max(want**2 - have**2, 0.0))
    if more < 0.05:
        return plane
    radius = math.ceil(3 * more)
    size = 2 * radius + 1
    blurred = cv2.GaussianBlur(plane, (size, size), more, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)
