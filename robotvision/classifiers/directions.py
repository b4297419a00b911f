"""Directions in which places change, learnt from places seen several times.

Light, the side one looks from, the camera's height and what stands about move a room's vectors, and
they move every room's in much the same directions. Those of most variance inside places are learnt
from other places and weighed down before a classifier is trained, the more, the more they vary:
within-class covariance normalisation (Hatch, Kajarekar and Stolcke, of speakers, ICSLP 2006).
Taken out altogether, that is nuisance attribute projection (Solomonoff, Quillen and Campbell,
"Channel compensation for SVM speaker recognition", Odyssey 2004).

A file of directions is NumPy's ``.npz`` without pickles: ``format`` and ``features`` (text);
``axes_0``, ``axes_1``, ... (directions, numbers of a vector) in float16, one array a feature;
``variances_0``, ... (directions,) in float32, each as a share of the largest; and the ``digest`` of
all of these. The package comes with one (`PACKAGED`).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers.base import Labels, Vectors
from robotvision.errors import RobotVisionError, not_readable
from robotvision.regular_file import read_regular
from robotvision.writing import new_file

Numbers = NDArray[np.float32]

PACKAGED = "packaged"
"""In place of a path: the directions that come with the package."""
FORMAT = "robotvision directions 1"
_FILE = "directions.npz"
_SMALLEST = 1e-9
"""Directions of less variance, as a share of the largest, are rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """Directions in which the vectors of one feature change inside places, largest first.

    Parameters
    ----------
    axes : (n, d) float32
        Orthonormal.
    variances : (n,) float32
        Of each as a share of the largest, in (0, 1].
    """

    axes: Numbers
    variances: Numbers

    def __len__(self) -> int:
        return len(self.axes)

    def taken(self, left: float) -> Numbers:
        """Return how much of a vector along each direction is taken out, (n,), in (0, 1].

        Of a direction's variance ``left / (left + share)`` stays: at 0 nothing.
        """
        return np.asarray(1 - np.sqrt(left / (left + self.variances)), np.float32)


def directions_of(x: Vectors, places: Labels, n: int) -> Directions:
    """Return the ``n`` directions of most variance inside places.

    Fewer where the vectors vary in fewer. The sign of each is such that its largest number is
    positive.

    Parameters
    ----------
    x : (m, d) float32
        Vectors of frames.
    places : (m,) str
        Where each was taken: the same place seen in other lights, from other sides.
    n : int
        At least 1.

    Raises
    ------
    RobotVisionError
        No place has two vectors that differ.
    """
    from scipy.linalg import eigh

    apart = np.empty(x.shape, np.float32)
    for place in np.unique(places):
        mine = places == place
        apart[mine] = x[mine] - x[mine].mean(axis=0, dtype=np.float64)
    is_long = x.shape[1] > len(x)
    products = (apart @ apart.T if is_long else apart.T @ apart).astype(np.float64)
    size = len(products)
    variance, vectors = eigh(products, subset_by_index=(max(0, size - n), size - 1))
    kept = np.flatnonzero(variance > max(variance[-1], 0) * _SMALLEST)[::-1]
    if not len(kept):
        raise RobotVisionError(
            "directions: expected places that are seen in several ways, got none with two vectors "
            "that differ; give more sequences of the same places"
        )
    axes = vectors[:, kept].T
    if is_long:
        axes = (axes @ apart) / np.sqrt(variance[kept])[:, None]
    largest = np.abs(axes).argmax(axis=1)[:, None]
    axes *= np.sign(np.take_along_axis(axes, largest, axis=1))
    shares = variance[kept] / variance[kept[0]]
    return Directions(np.asarray(axes, np.float32), np.asarray(shares, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Outside:
    """The directions of one block of a vector."""

    block: slice
    directions: Directions


def outside(source: str, features: Sequence[str], blocks: Sequence[slice]) -> list[Outside]:
    """Return the directions that a file has for the blocks of a vector.

    Parameters
    ----------
    source : str
        As for `read_directions`.
    features : sequence of str
        What each block is; those that the file does not know stay as they are.
    blocks : sequence of slice
        None: a single feature.

    Raises
    ------
    RobotVisionError
        As `read_directions`, or the file is for none of the features, or for other vectors.
    """
    known = read_directions(source)
    found = [
        Outside(block, known[feature])
        for feature, block in zip(features, blocks or (slice(None),), strict=True)
        if feature in known
    ]
    if not found:
        raise RobotVisionError(
            f"{source}: expected directions of one of the features {', '.join(features)}, got "
            f"those of {', '.join(known)}; learn them of the features that are trained on"
        )
    return found


def lessened(x: NDArray[Any], outside: Sequence[Outside], left: float) -> NDArray[Any]:
    """Return vectors (n, d) with their directions weighed down as `Directions.taken` says.

    Raises
    ------
    RobotVisionError
        A block has another length than its directions.
    """
    less = x.copy()
    for each in outside:
        part, axes = x[:, each.block], each.directions.axes
        if part.shape[1] != axes.shape[1]:
            raise RobotVisionError(
                f"ridge: without: expected directions of {part.shape[1]} numbers, got "
                f"{axes.shape[1]}; learn them of images of the same kind"
            )
        along = (part @ axes.T) * each.directions.taken(left)
        less[:, each.block] -= (along @ axes).astype(x.dtype)
    return less


def write_directions(path: Path, directions: Mapping[str, Directions]) -> None:
    """Write a file of directions.

    Parameters
    ----------
    path : Path
        Ends in ``.npz``.
    directions : mapping
        By feature, as `robotvision.features.described.described` tells it.
    """
    features = list(directions)
    arrays: dict[str, Any] = {}
    for i, each in enumerate(directions.values()):
        arrays[f"axes_{i}"] = np.asarray(each.axes, np.float16)
        arrays[f"variances_{i}"] = np.asarray(each.variances, np.float32)
    raw = io.BytesIO()
    np.savez_compressed(
        raw,
        format=np.array(FORMAT),
        features=np.array(features),
        digest=np.array(_digest(features, arrays)),
        **arrays,
    )
    with new_file(path) as f:
        f.write(raw.getvalue())


def read_directions(source: str) -> dict[str, Directions]:
    """Return the directions of each feature that a file holds.

    Parameters
    ----------
    source : str
        A path, or `PACKAGED`.

    Raises
    ------
    RobotVisionError
        The file cannot be read, or is not as `write_directions` leaves it.
    """
    try:
        held = _arrays(source)
    except OSError as e:
        raise not_readable(Path(source), e) from e
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as e:
        raise _not_directions(source, str(e).partition("\n")[0]) from e
    given = str(held.pop("format", None)), str(held.pop("digest", None))
    features = [str(f) for f in np.atleast_1d(held.pop("features", np.array([])))]
    if given[0] != FORMAT:
        raise _not_directions(source, f"the format {given[0]!r}")
    expected = {f"{kind}_{i}" for i in range(len(features)) for kind in ("axes", "variances")}
    if not features or set(held) != expected:
        raise _not_directions(source, f"arrays {', '.join(sorted(held)) or '-'}")
    found = {}
    for i, feature in enumerate(features):
        axes, variances = held[f"axes_{i}"], held[f"variances_{i}"]
        is_right = axes.dtype == np.float16 and axes.ndim == 2 and 0 < len(axes) <= axes.shape[1]
        if not is_right or variances.dtype != np.float32 or variances.shape != axes.shape[:1]:
            raise _not_directions(
                source, f"{axes.shape} {axes.dtype}, {variances.shape} {variances.dtype}"
            )
        found[feature] = axes, variances
    if given[1] != _digest(features, held):
        raise _not_directions(source, "contents that are not those of its digest")
    return {f: Directions(_orthonormal(a), v) for f, (a, v) in found.items()}


def _arrays(source: str) -> dict[str, NDArray[Any]]:
    """Return what a file holds. Raises what NumPy and zipfile raise."""
    if source == PACKAGED:
        raw = (files("robotvision.classifiers") / _FILE).read_bytes()
    else:
        raw = read_regular(source)
    held = np.load(io.BytesIO(raw), allow_pickle=False)
    if not isinstance(held, np.lib.npyio.NpzFile):
        raise ValueError("a single array")
    with held:
        return {name: held[name] for name in held.files}


def _not_directions(source: str, got: str) -> RobotVisionError:
    return RobotVisionError(
        f"{source}: expected a file of directions ({FORMAT}), got {got}; make it anew with "
        "scripts/learn_directions.py"
    )


def _digest(features: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> str:
    h = hashlib.blake2b("\0".join(features).encode(), digest_size=16)
    for name in sorted(arrays):
        array = arrays[name]
        h.update(f"{name}\0{array.shape}\0{array.dtype.str}\0".encode())
        h.update(np.ascontiguousarray(array).tobytes())
    return h.hexdigest()


def _orthonormal(rounded: NDArray[Any]) -> Numbers:
    """Return directions at right angles and of unit length again: half precision bends them."""
    q, r = np.linalg.qr(rounded.T.astype(np.float64))
    return np.asarray((q * np.sign(np.diag(r))).T, np.float32)
