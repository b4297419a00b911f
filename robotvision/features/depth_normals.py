"""Histogram of the directions of surfaces seen by a depth camera.

After Tang et al., "Histogram of oriented normal vectors for object recognition with a depth
sensor", ACCV 2012: a joint histogram of a normal's two angles in each cell. What differs: the
angles are those of an upright camera, elevation (floor up, walls level, ceiling down) and azimuth
around the vertical (0: facing the camera), because rooms stand upright; elevation bins are of equal
width in its sine, so that every bin is the same share of all directions.

A normal is the cross product of the differences of points ``reach`` pixels to either side; where a
reading is missing or the surface breaks off there is none, and the share of such pixels is a value
of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Vector, depth_of
from robotvision.features.camera import PinholeExtractor, cloud
from robotvision.features.cells import CellExtractor, bin_of, cell_shares, n_cells
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_BREAK = 0.04
"""A surface breaks off where the bend of inverse depth, straight along any plane, is more than
this share of it."""


@parameter_fields
class DepthNormals(PinholeExtractor, CellExtractor):
    """Joint histogram of the elevation and azimuth of surface normals.

    Parameters
    ----------
    bins : (elevation, azimuth), default (5, 8)
        Number of bins along each angle, 1 to 64; elevation from down to up.
    reach : int, default 2
        Pixels to either side between which the surface is taken for flat, 1 to 32.

    Notes
    -----
    Each cell gives its bins' shares and then the share of pixels without a normal; they sum to 1.
    """

    bins: Sequence[int] = (5, 8)
    reach: int = 2
    grids: Sequence[int] = (1, 2)
    channel: str = "depth"

    def _check(self) -> None:
        params.wholes("bins", self.bins, length=2, high=64)
        params.whole("reach", self.reach, high=32)
        self._check_cells()

    @property
    def dim(self) -> int:
        """Length of the vector: bins and one, times cells."""
        return (int(np.prod(self.bins)) + 1) * n_cells(self.grids)

    def extract(self, frame: Frame) -> Vector:
        """Return the histogram of one frame, (dim,) float32."""
        depth = depth_of(frame, self.channel, self)
        total = int(np.prod(self.bins))
        index = np.full(depth.shape, total, np.int64)
        normal, is_there = normals(cloud(depth, self._camera()), self.reach)
        x, y, z = normal[is_there].T
        elevation = bin_of((1 - y) / 2, self.bins[0])
        azimuth = bin_of(np.arctan2(x, -z) / (2 * np.pi) + 0.5, self.bins[1])
        index[is_there] = elevation * self.bins[1] + azimuth
        return cell_shares(index, total + 1, self.grids)


def normals(
    points: NDArray[np.float32], reach: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return unit normals that face the camera, (H, W, 3), and where there are any, (H, W)."""
    height, width = points.shape[:2]
    normal = np.zeros_like(points)
    is_there = np.zeros((height, width), bool)
    if min(height, width) <= 2 * reach:
        return normal, is_there
    inner = slice(reach, -reach)
    left, right = points[inner, : -2 * reach], points[inner, 2 * reach :]
    above, below = points[: -2 * reach, inner], points[2 * reach :, inner]
    whole = _is_straight(left, points[inner, inner], right)
    whole &= _is_straight(above, points[inner, inner], below)
    crossed = np.cross((right - left)[whole], (below - above)[whole])
    length = np.linalg.norm(crossed, axis=1, keepdims=True)
    crossed /= np.where(length > 0, length, 1)
    away = np.einsum("ij,ij->i", crossed, points[inner, inner][whole]) > 0
    crossed[away] *= -1
    normal[inner, inner][whole] = crossed
    is_there[inner, inner] = whole
    return normal, is_there


def _is_straight(
    before: NDArray[np.float32], here: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return where three points are read and may lie on one plane."""
    a, b, c = before[..., 2], here[..., 2], after[..., 2]
    is_read = (a > 0) & (b > 0) & (c > 0)
    a, b, c = (np.where(is_read, z, 1) for z in (a, b, c))
    return np.asarray(is_read & (np.abs(b / a + b / c - 2) < _BREAK), np.bool_)
