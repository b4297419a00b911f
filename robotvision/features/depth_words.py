"""Bag of 3-D words: which of K learnt shapes a depth image shows, and how often.

After Martínez-Gómez et al., "Semantic localization in the PCL library", Robotics and Autonomous
Systems 75, 2016: key points by uniform sampling, a 3-D descriptor at each, a visual vocabulary. The
descriptor is FPFH: Rusu, Blodow and Beetz, "Fast point feature histograms (FPFH) for 3D
registration", ICRA 2009. Three histograms of 11 bins hold the angles between the normals of a point
and of its neighbours (the SPFH); to a point's own the neighbours' are added, weighed by 1/distance.

What differs: distances count in units of the radius, so that the descriptor does not depend on the
unit of length; each of the three histograms then sums to 1; and a point whose angles are not
defined with a neighbour (its normal runs along the line between them) leaves that pair out.

Points are taken every ``step`` pixels and thinned to one a cube of side ``spacing_m``, so that
near surfaces have no more of them than far ones. Holes in the depth image have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from robotvision.features.base import color_of, depth_of
from robotvision.features.camera import PinholeExtractor, cloud
from robotvision.features.depth_normals import normals
from robotvision.features.local import LocalFeatures
from robotvision.features.vocabulary import VocabularyExtractor
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

BINS = 11
"""Of each of the three angles."""
FPFH = 3 * BINS
_GRAY = 32
"""Saturation, of 255, below which a color has no hue."""

Points = NDArray[np.float32]


@parameter_fields
class DepthWords(PinholeExtractor, VocabularyExtractor):
    """Histogram of learnt 3-D shapes.

    Parameters
    ----------
    step : int, default 6
        Pixels between the points that are read, 1 to 256.
    spacing_m : float, default 0.1
        Side of the cubes of which each keeps one point, in metres, at most 100.
    radius_m : float, default 0.3
        Of a point's neighbourhood, in metres, from ``spacing_m`` to 100.
    reach : int, default 2
        Pixels to either side between which the surface is taken for flat, for its normal, 1
        to 32.
    colors : int, default 0
        Bins of a histogram of the neighbourhood's hues, with one more for gray, that is added to
        the shape, at most 64; 0: shape alone.
    root : bool, default True
        Compare the square roots of the histograms (Hellinger's distance).
    color_channel : str, default 'rgb'
        Color channel to read with ``colors``, registered to the depth.

    Attributes
    ----------
    vocabulary_ : (words, 33 or more) float32

    Notes
    -----
    The vector sums to 1; an image without readings, or without a surface, gives zeros.
    """

    words: int = 200
    grids: Sequence[int] = (1,)
    step: int = 6
    spacing_m: float = 0.1
    radius_m: float = 0.3
    reach: int = 2
    colors: int = 0
    root: bool = True
    n_training: int = 50_000
    seed: int = 0
    channel: str = "depth"
    color_channel: str = "rgb"

    def _check(self) -> None:
        super()._check()
        params.whole("step", self.step, high=256)
        params.number("spacing_m", self.spacing_m, high=100)
        params.number("radius_m", self.radius_m, high=100)
        if self.radius_m < self.spacing_m:
            raise params.refuse("radius_m", f"at least spacing_m, {self.spacing_m}", self.radius_m)
        params.whole("reach", self.reach, high=32)
        params.whole("colors", self.colors, low=0, high=64)
        params.flag("root", self.root)
        params.word("color_channel", self.color_channel)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels it reads."""
        return (self.channel, self.color_channel) if self.colors else (self.channel,)

    def local(self, frame: Frame) -> LocalFeatures:
        """Return the frame's points and their descriptors, (N, 33) or with hues (N, more)."""
        camera = self._camera()
        depth = depth_of(frame, self.channel, self)
        points = cloud(depth, camera)
        normal, is_there = normals(points, self.reach)
        rows, cols = (slice(min(self.step // 2, n - 1), None, self.step) for n in depth.shape)
        y, x = np.nonzero(is_there[rows, cols])
        y, x = y * self.step + rows.start, x * self.step + cols.start
        cube = np.floor(points[y, x] / self.spacing_m).astype(np.int64)
        one = np.sort(np.unique(cube, axis=0, return_index=True)[1]) if len(y) else y
        y, x = y[one], x[one]
        pairs = neighbours(points[y, x], self.radius_m)
        descriptors = fpfh(points[y, x], normal[y, x], pairs, self.radius_m)
        if self.colors:
            hues = self._hues(color_of(frame, self.color_channel, self), depth.shape, y, x)
            descriptors = np.concatenate(
                [descriptors, around(hues, pairs, self.colors + 1)], axis=1
            )
        if self.root:
            np.sqrt(descriptors, out=descriptors)
        return LocalFeatures(y.astype(np.float32), x.astype(np.float32), descriptors)

    def _hues(
        self, color: NDArray[np.uint8], shape: tuple[int, ...], y: NDArray[Any], x: NDArray[Any]
    ) -> NDArray[np.int64]:
        """Return each point's bin of hue; the last bin is gray."""
        import cv2

        rows, cols = y * color.shape[0] // shape[0], x * color.shape[1] // shape[1]
        if not len(y):
            return np.zeros(0, np.int64)
        picked = np.ascontiguousarray(color[rows, cols][None])
        hue, saturation, value = cv2.cvtColor(picked, cv2.COLOR_RGB2HSV_FULL)[0].T.astype(np.int64)
        is_gray = (saturation < _GRAY) | (value < _GRAY)
        return np.where(is_gray, self.colors, hue * self.colors // 256)


def neighbours(points: Points, radius: float) -> NDArray[np.int64]:
    """Return every pair of points at most ``radius`` apart, once, (pairs, 2), in a fixed order."""
    if len(points) < 2:
        return np.zeros((0, 2), np.int64)
    pairs = cKDTree(points).query_pairs(radius, output_type="ndarray").astype(np.int64)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def fpfh(
    points: Points, normal: Points, pairs: NDArray[np.int64], radius: float
) -> NDArray[np.float32]:
    """Return the FPFH of each point, (N, 33): three histograms that sum to 1 each, or to 0.

    Parameters
    ----------
    points, normal : (N, 3) float32
        Metres, and of unit length.
    pairs : (P, 2) int
        Neighbours, each pair once.
    radius : float
        Metres; the unit of distances.
    """
    n = len(points)
    i, j = pairs.T
    line = (points[j] - points[i]).astype(np.float64)
    distance = np.sqrt(np.einsum("ij,ij->i", line, line))
    bins, is_defined = _angles(line, distance, normal[i], normal[j])
    i, j, distance = i[is_defined], j[is_defined], distance[is_defined]
    simple = np.zeros((n, FPFH))
    for part in range(3):
        for end in (i, j):
            flat = np.bincount(end * FPFH + part * BINS + bins[:, part], minlength=n * FPFH)
            simple += flat.reshape(n, FPFH)
    count = np.bincount(i, minlength=n) + np.bincount(j, minlength=n)
    simple /= np.maximum(count, 1)[:, None]
    weight = radius / distance
    rows, cols = np.concatenate([i, j]), np.concatenate([j, i])
    total = simple + _gather(simple, rows, cols, np.tile(weight, 2)) / np.maximum(count, 1)[:, None]
    sums = total.reshape(n, 3, BINS).sum(axis=2, keepdims=True)
    unit = total.reshape(n, 3, BINS) / np.where(sums > 0, sums, 1)
    return np.asarray(unit.reshape(n, FPFH), np.float32)


def around(bins: NDArray[np.int64], pairs: NDArray[np.int64], n_bins: int) -> NDArray[np.float32]:
    """Return the histogram of each point's and its neighbours' ``bins``, (N, n_bins), sum 1."""
    n = len(bins)
    i, j = pairs.T
    rows = np.concatenate([np.arange(n), i, j])
    values = np.concatenate([bins, bins[j], bins[i]])
    counts = np.bincount(rows * n_bins + values, minlength=n * n_bins).reshape(n, n_bins)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), np.float32)


def _angles(
    line: NDArray[np.float64], distance: NDArray[np.float64], first: Points, second: Points
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the bins of the three angles of the defined pairs, and which pairs are defined.

    The source of a pair is the end whose normal makes the smaller angle with the line. With its
    normal u, v = line × u and w = u × v: α = v·n, φ = u·line, θ = atan2(w·n, u·n), n the target's
    normal.
    """
    unit = line / np.maximum(distance, 1e-12)[:, None]
    at_first, at_second = (np.einsum("ij,ij->i", unit, n) for n in (first, second))
    swap = np.abs(at_second) > np.abs(at_first)
    unit = np.where(swap[:, None], -unit, unit)
    phi = np.where(swap, -at_second, at_first)
    source = np.where(swap[:, None], second, first).astype(np.float64)
    target = np.where(swap[:, None], first, second).astype(np.float64)
    v = np.cross(unit, source)
    length = np.sqrt(np.einsum("ij,ij->i", v, v))
    is_defined = (length > 1e-6) & (distance > 1e-9)
    v /= np.maximum(length, 1e-12)[:, None]
    alpha = np.einsum("ij,ij->i", v, target)
    across = np.einsum("ij,ij->i", np.cross(source, v), target)
    theta = np.arctan2(across, np.einsum("ij,ij->i", source, target))
    share = np.stack([(alpha + 1) / 2, (phi + 1) / 2, theta / (2 * np.pi) + 0.5], axis=1)
    bins = np.clip(np.floor(share[is_defined] * BINS), 0, BINS - 1).astype(np.int64)
    return bins, is_defined


def _gather(
    values: NDArray[np.float64],
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return, for each row, the weighed sum of the values of its columns."""
    from scipy.sparse import csr_array

    matrix = csr_array((weight, (rows, cols)), shape=(len(values), len(values)))
    return np.asarray(matrix @ values)
