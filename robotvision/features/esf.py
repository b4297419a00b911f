"""ESF: ensemble of shape functions of a point cloud.

After Wohlkinger and Vincze, "Ensemble of shape functions for 3D object classification", ROBIO 2011,
built on Osada et al., "Shape distributions", TOG 21(4), 2002. Triples of points are drawn; ten
histograms of 64 bins hold the distances of pairs (D2), the roots of the triangles' areas (D3)
and their angles (A3), each split into what runs on the surface, off it, and both; the last one
holds, for lines that do both, the share of them on the surface.

What differs: a line's share on the surface is read at evenly spaced places of a coarse voxel grid,
not traced voxel by voxel; and each draw counts the same.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Extractor, Vector, channel_of, depth_of
from robotvision.features.camera import PINHOLE, Calibration, camera_of, cloud
from robotvision.features.cells import bin_of
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame

_BINS = 64
_SIDE = 32
"""Voxels along a side of the grid."""
_PLACES = 16
"""Places read on a line."""

Points = NDArray[np.float32]


@parameter_fields
class ESF(Extractor):
    """Ensemble of shape functions, 640 numbers.

    Parameters
    ----------
    n_triples : int, default 4000
        Triples of points drawn, 1 to 10**6.
    scale_m : float or None, default None
        Distance, in metres, that ends the histograms of distances; what is longer counts in the
        last bin. None: the cloud's own size, as in the paper, which forgets how large a room is.
    seed : int, default 0
        Of the draw, 0 to 2**32 - 1; the same for every frame.
    channel : str, default 'depth'
        A depth channel, whose calibration must give fx, fy, cx, cy, or a channel of points.

    Notes
    -----
    Ten parts of 64: A3, D3 and D2, each on the surface, off it and mixed; then the mixed lines'
    shares. A3, D3 and D2 sum to 1 each (their three parts together), as do the shares if there
    are mixed lines. A cloud without points gives zeros.
    """

    n_triples: int = 4000
    scale_m: float | None = None
    seed: int = 0
    channel: str = "depth"

    def _check(self) -> None:
        params.whole("n_triples", self.n_triples, high=10**6)
        if self.scale_m is not None:
            params.number("scale_m", self.scale_m, high=1000)
        params.whole("seed", self.seed, low=0, high=2**32 - 1)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector: ten histograms of 64 bins."""
        return 10 * _BINS

    def calibrate(self, calibration: Calibration) -> Self:
        """Take the depth camera's calibration; a channel of points needs none."""
        self.calibration_ = {channel: dict(values) for channel, values in calibration.items()}
        return self

    def extract(self, frame: Frame) -> Vector:
        """Return the descriptor of one frame, (640,) float32."""
        points = self._points(frame)
        if not len(points):
            return np.zeros(self.dim, np.float32)
        centred = points - points.mean(axis=0)
        reach = max(float(np.linalg.norm(centred, axis=1).max()), 1e-6)
        longest = 2 * reach if self.scale_m is None else self.scale_m
        rng = np.random.default_rng(self.seed)
        chosen = rng.integers(0, len(centred), (self.n_triples, 3))
        share = _shares(_in_voxels(centred, reach), chosen)
        return _histograms(centred[chosen], share, longest)

    def _points(self, frame: Frame) -> Points:
        image = channel_of(frame, self.channel, self)
        if image.ndim == 2 and image.shape[1] == 3 and image.dtype == np.float32:
            return np.asarray(image[np.isfinite(image).all(axis=1)])
        calibration = getattr(self, "calibration_", None)
        camera = camera_of(calibration, self.channel, PINHOLE, self)
        depth = depth_of(frame, self.channel, self)
        return np.asarray(cloud(depth, camera)[depth > 0])


def _in_voxels(centred: Points, reach: float) -> Points:
    """Return points in units of voxels, in [0, side), of a cube of side 2 ``reach``."""
    scaled = (centred / np.float32(reach) + 1) * np.float32(_SIDE / 2)
    return np.asarray(np.clip(scaled, 0, np.nextafter(np.float32(_SIDE), np.float32(0))))


def _voxel(places: Points) -> NDArray[np.int32]:
    """Return the number of the voxel that each place, in voxels, lies in."""
    cell = places.astype(np.int32)
    return np.asarray((cell[..., 0] * _SIDE + cell[..., 1]) * _SIDE + cell[..., 2], np.int32)


def _shares(places: Points, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how much of each line of each triple runs on the surface, (N, 3) in [0, 1].

    ``places`` is (points, 3) in voxels, ``chosen`` (N, 3) numbers of points; line i of a triple
    runs from its point i to the next.
    """
    filled = np.zeros(_SIDE**3, np.uint8)
    filled[_voxel(places)] = 1
    start = places[chosen]
    way = np.roll(start, -1, axis=1) - start
    on = np.zeros(chosen.shape, np.int64)
    for step in (np.arange(_PLACES, dtype=np.float32) + np.float32(0.5)) / _PLACES:
        on += filled[_voxel(start + way * step)]
    return on / _PLACES


def _histograms(triples: Points, share: NDArray[np.float64], longest: float) -> Vector:
    """Return the ten histograms of (N, 3, 3) triples of points."""
    side = np.linalg.norm(np.roll(triples, -1, axis=1) - triples, axis=2)
    half = side.sum(axis=1) / 2
    area = np.sqrt(np.maximum(half * np.prod(half[:, None] - side, axis=1), 0))
    a, b, c = side.T
    cosine = (a**2 + c**2 - b**2) / np.maximum(2 * a * c, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1)) / np.pi
    kind = _kind(share)
    # the angle at the first point is seen along the line between the other two
    parts = [
        _split(angle, kind[:, 1]),
        _split(np.sqrt(area) / longest, _kind(share.mean(axis=1))),
        _split(side.ravel() / longest, kind.ravel()),
    ]
    mixed = np.bincount(bin_of(share[kind == 2], _BINS), minlength=_BINS)
    parts.append(mixed / max(int(mixed.sum()), 1))
    return np.concatenate(parts).astype(np.float32)


def _kind(share: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 0 for lines on the surface, 1 for lines off it, 2 for both."""
    return np.where(share >= 1, 0, np.where(share <= 0, 1, 2))


def _split(value: NDArray[np.float64], kind: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(kind * _BINS + bin_of(value, _BINS), minlength=3 * _BINS)
    return np.asarray(counts / len(value), np.float64)
