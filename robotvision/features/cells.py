"""Histograms over the cells of a spatial pyramid.

A grid of side ``g`` cuts an image into ``g × g`` cells: pixel row ``y`` of ``H`` lies in cell row
``floor(y g / H)``, so cells of an image smaller than its grid may be empty. A pyramid is a list
of grids, ``(1, 2, 4)`` say: 1 + 4 + 16 cells, each grid's cells row by row (Lazebnik, Schmid and
Ponce, "Beyond bags of features", CVPR 2006, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import Extractor
from robotvision.plugins import params

Counts = NDArray[np.float64]


class CellExtractor(Extractor):
    """Base of the extractors of a vector for each cell of a pyramid.

    Parameters
    ----------
    grids : sequence of int
        Sides of the pyramid's grids, 1 to 64, each once.
    """

    grids: Sequence[int]

    @property
    def dim(self) -> int:
        """Length of all vectors, one after the other."""
        raise NotImplementedError

    def _check_cells(self, fewer: str = "bins or cells") -> None:
        """Check grids and channel, and that the vector stays manageable."""
        params.grids(self.grids)
        params.word("channel", self.channel)
        params.dimension(self.dim, f"take fewer {fewer}")


def n_cells(grids: Sequence[int]) -> int:
    """Return the number of cells of a pyramid."""
    return sum(g * g for g in grids)


def bin_counts(
    index: NDArray[Any], n_bins: int, weights: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """Return how often each bin number occurs, (n_bins,), or the weights there, added up.

    Parameters
    ----------
    index : whole numbers, of any type and shape
        In [0, n_bins).
    weights : as many numbers, or None
        What each counts; None: 1.

    Notes
    -----
    OpenCV counts 16-bit numbers in a third of the time that numpy takes to widen and count them,
    and lets other threads go on meanwhile. Where they are wide already, numpy is as fast.
    """
    is_wide = index.dtype == np.int64
    if weights is None and not is_wide and n_bins <= 2**16 and 0 < index.size < 2**24:
        flat = np.ascontiguousarray(index, np.uint16).reshape(1, -1)
        counts = cv2.calcHist([flat], [0], None, [n_bins], [0, n_bins])
        return np.asarray(counts, np.float64).ravel()
    numbers = np.asarray(index, np.int64).ravel()
    flat_weights = None if weights is None else weights.ravel()
    return np.bincount(numbers, flat_weights, n_bins).astype(np.float64)


def pyramid_counts(
    index: NDArray[Any],
    n_bins: int,
    grids: Sequence[int],
    weights: NDArray[Any] | None = None,
) -> Counts:
    """Return each cell's histogram of an image of bin numbers.

    Parameters
    ----------
    index : (H, W) integers
        Bin of each pixel, in [0, n_bins).
    weights : (H, W) or None
        What a pixel counts; None: 1.

    Returns
    -------
    (n_cells, n_bins) float64
    """
    height, width = index.shape
    if tuple(grids) == (1,):
        return bin_counts(index, n_bins, weights)[None]
    return _counts(index, lambda g: _pixel_cells(height, width, g), n_bins, grids, weights)


def pixel_counts(
    index: NDArray[Any],
    chosen: NDArray[np.int64],
    shape: tuple[int, int],
    n_bins: int,
    grids: Sequence[int],
    weights: NDArray[Any],
) -> Counts:
    """Return each cell's histogram of N pixels at the flat positions ``chosen`` of an image.

    ``index``, ``chosen`` and ``weights`` are (N,).
    """
    return _counts(index, lambda g: _pixel_cells(*shape, g).ravel()[chosen], n_bins, grids, weights)


def point_counts(
    index: NDArray[Any],
    y: NDArray[Any],
    x: NDArray[Any],
    shape: tuple[int, int],
    n_bins: int,
    grids: Sequence[int],
    weights: NDArray[Any] | None = None,
) -> Counts:
    """Return each cell's histogram of N points at ``(y, x)`` of an image of ``shape``.

    ``index``, ``y``, ``x`` and ``weights`` are (N,); the coordinates may be fractions of a pixel.
    """
    return _counts(index, lambda g: _cells_at(y, x, shape, g), n_bins, grids, weights)


def _counts(
    index: NDArray[Any],
    cell: Callable[[int], NDArray[np.int64]],
    n_bins: int,
    grids: Sequence[int],
    weights: NDArray[Any] | None,
) -> Counts:
    """Count the finest grid once; sum its cells for every grid that divides it.

    ``cell(grid)`` gives each place's cell, from 0, row by row.
    """
    finest = max(grids)

    def count(grid: int) -> Counts:
        counts = bin_counts(index + cell(grid) * n_bins, grid * grid * n_bins, weights)
        return counts.reshape(grid, grid, n_bins)

    fine = count(finest)
    parts = []
    for grid in grids:
        step = finest // grid
        if finest % grid:
            part = count(grid)
        else:
            part = fine.reshape(grid, step, grid, step, n_bins).sum(axis=(1, 3))
        parts.append(part.reshape(-1, n_bins))
    return np.concatenate(parts)


def _cell(position: NDArray[Any], length: int, grid: int) -> NDArray[np.int64]:
    cell: NDArray[np.int64] = np.floor(position * grid / length).astype(np.int64)
    return np.clip(cell, 0, grid - 1)


def _cells_at(
    y: NDArray[Any], x: NDArray[Any], shape: tuple[int, int], grid: int
) -> NDArray[np.int64]:
    """Return the cell of each place of an image of ``shape``, from 0, row by row."""
    return _cell(y, shape[0], grid) * grid + _cell(x, shape[1], grid)


@lru_cache(maxsize=32)
def _pixel_cells(height: int, width: int, grid: int) -> NDArray[np.int64]:
    """Return the cell of each pixel of an image, (height, width); the same array every time."""
    cells = _cells_at(np.arange(height)[:, None], np.arange(width)[None], (height, width), grid)
    cells.flags.writeable = False
    return cells


def pixels_per_cell(shape: Sequence[int], grids: Sequence[int]) -> NDArray[np.int64]:
    """Return the number of pixels in each cell, (n_cells,)."""
    parts = []
    for grid in grids:
        rows, cols = (
            np.bincount(_cell(np.arange(n), n, grid), minlength=grid).astype(np.int64)
            for n in shape
        )
        parts.append(np.outer(rows, cols).ravel())
    return np.concatenate(parts)


def cell_shares(index: NDArray[Any], n_bins: int, grids: Sequence[int]) -> NDArray[np.float32]:
    """Return the share of each cell's pixels in each bin, (n_cells * n_bins,), cell after cell.

    A cell without pixels (an image smaller than its grid) gives zeros; see `pyramid_counts`.
    """
    pixels = np.maximum(pixels_per_cell(index.shape, grids), 1)
    shares = pyramid_counts(index, n_bins, grids) / pixels[:, None]
    return shares.astype(np.float32).ravel()


def bin_of(share: NDArray[Any], n_bins: int) -> NDArray[np.int64]:
    """Return the bin of each share of a range; what lies outside [0, 1) is in the outer bins."""
    return np.clip((share * n_bins).astype(np.int64), 0, n_bins - 1)


def cell_slices(shape: tuple[int, int], grids: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of each cell; a cell that would be empty takes one pixel."""
    for grid in grids:
        rows, cols = ([slice(a, max(a + 1, b)) for a, b in _edges(n, grid)] for n in shape)
        for row in rows:
            for col in cols:
                yield row, col


def _edges(length: int, grid: int) -> Iterator[tuple[int, int]]:
    for cell in range(grid):
        start, stop = -(-cell * length // grid), -(-(cell + 1) * length // grid)
        yield min(start, length - 1), stop


def unit_sum(counts: NDArray[Any]) -> NDArray[np.float32]:
    """Return non-negative counts as one flat vector that sums to 1; all zero stays all zero."""
    total = float(counts.sum())
    flat: NDArray[np.float32] = (counts.ravel() / (total or 1.0)).astype(np.float32)
    return flat
