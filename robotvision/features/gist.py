"""GIST: the spatial envelope, Gabor energy in a coarse grid.

After Oliva and Torralba, "Modeling the shape of the scene: a holistic representation of the
spatial envelope", IJCV 42(3), 2001, with the constants of the authors' Matlab code: the image is
squeezed to a square, its contrast normalised locally (below), filtered in the Fourier domain by
Gabor filters of several scales and orientations, and the amplitude of each is averaged over a grid.

The filters have real, one-sided transfer functions, Gaussian in radius and in angle. What differs:
the image is not padded first; and a filter whose passband ends early is inverted on a grid as
coarse as its band allows, which changes the averages by about a hundredth of their size and takes
less than half the time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from robotvision.features.base import Extractor, Vector, gray_of
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

Plane = NDArray[np.float32]

_PREFILTER_CYCLES = 4
_CUT = 0.01
"""Transfer below this share of its peak counts as outside the passband."""


@parameter_fields
class Gist(Extractor):
    """Gabor energy of the whole image.

    Parameters
    ----------
    orientations : sequence of int, default (8, 8, 8, 8)
        Orientations at each scale, the finest first: up to 6 numbers from 1 to 32.
    grid : int, default 4
        Side of the grid over which energy is averaged, 1 to 16.
    size : int, default 128
        Side of the square the image is resized to, 32 to 512, a multiple of ``grid``.
    """

    orientations: Sequence[int] = (8, 8, 8, 8)
    grid: int = 4
    size: int = 128
    channel: str = "rgb"

    def _check(self) -> None:
        params.wholes("orientations", self.orientations, high=32)
        if len(self.orientations) > 6:
            raise params.refuse("orientations", "at most 6 scales", self.orientations)
        params.whole("grid", self.grid, high=16)
        params.whole("size", self.size, low=32, high=512)
        if self.size % self.grid:
            raise params.refuse("size", f"a multiple of grid ({self.grid})", self.size)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector: filters times the grid's cells."""
        return int(sum(self.orientations)) * self.grid**2

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (dim,) float32, filter after filter."""
        gray = gray_of(frame, self.channel, self)
        square = cv2.resize(gray, (self.size, self.size), interpolation=cv2.INTER_AREA)
        flat = locally_normalised(np.asarray(square, np.float32))
        spectrum = scipy.fft.fft2(flat)
        parts = []
        for transfer in gabor_bank(tuple(self.orientations), self.size, self.grid):
            side = transfer.shape[-1]
            band = _centre(spectrum, side) * transfer
            energy = np.abs(scipy.fft.ifft2(band, axes=(1, 2))) * np.float32(
                (side / self.size) ** 2
            )
            step = side // self.grid
            cells = energy.reshape(-1, self.grid, step, self.grid, step).mean(axis=(2, 4))
            parts.append(cells.reshape(-1))
        return np.concatenate(parts).astype(np.float32)


def locally_normalised(gray: Plane) -> Plane:
    """Return the logarithm of an image less its local mean, over its local deviation.

    Both are Gaussian averages, which keep what has fewer than four cycles in the image.
    """
    side = gray.shape[0]
    sigma = side * math.sqrt(2 * math.log(2)) / (2 * math.pi * _PREFILTER_CYCLES)
    detail: Plane = np.log1p(gray)
    detail = detail - _smooth(detail, sigma)
    deviation = np.sqrt(np.maximum(_smooth(np.square(detail), sigma), 0))
    return np.asarray(detail / (0.2 + deviation), np.float32)


def _smooth(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


def _centre(spectrum: NDArray[Any], side: int) -> NDArray[Any]:
    """Return the lowest ``side`` frequencies along both axes, in the FFT's order."""
    size = spectrum.shape[0]
    if side == size:
        return spectrum
    keep = np.r_[0 : side // 2, size - side // 2 : size]
    return np.asarray(spectrum[np.ix_(keep, keep)])


@lru_cache(maxsize=4)
def gabor_bank(orientations: tuple[int, ...], size: int, grid: int) -> tuple[Plane, ...]:
    """Return each scale's transfer functions, (orientations, side, side), cut to their band."""
    frequency = np.fft.fftfreq(size) * size
    fy, fx = frequency[:, None], frequency[None]
    radius, angle = np.hypot(fx, fy), np.arctan2(fy, fx)
    bank = []
    for scale, count in enumerate(orientations):
        peak = 0.3 / 1.85**scale * size
        radial = np.exp(-10 * 0.35 * (radius / peak - 1) ** 2)
        filters = []
        for k in range(count):
            turned = (angle + np.pi * k / count + np.pi) % (2 * np.pi) - np.pi
            filters.append(radial * np.exp(-2 * np.pi * (16 * count**2 / 32**2) * turned**2))
        full = np.array(filters)
        bank.append(_cut(full, radius, grid))
    return tuple(bank)


def _cut(full: NDArray[np.float64], radius: NDArray[np.float64], grid: int) -> Plane:
    """Return filters on the smallest grid of frequencies that holds their passband."""
    size = full.shape[-1]
    reach = radius[(full > _CUT).any(axis=0)].max(initial=1)
    side = size
    while side % (2 * grid) == 0 and side // 4 > reach and side > 2 * grid:
        side //= 2
    keep = np.r_[0 : side // 2, size - side // 2 : size] if side < size else np.arange(size)
    return np.ascontiguousarray(full[:, keep][:, :, keep], np.float32)
