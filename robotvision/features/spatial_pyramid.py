"""A spatial pyramid of any extractor: its vector of each cell of each grid, one after another.

After Lazebnik, Schmid and Ponce, "Beyond bags of features", CVPR 2006. The extractors shipped here
that are histograms have a parameter ``grids`` of their own, which is faster; this is for all
others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if

from robotvision.features.base import FeatureExtractor, Vector, channel_of
from robotvision.features.cells import cell_slices, n_cells
from robotvision.features.wrapped import Wrapping, build
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.records import Frame


def _learns(self: SpatialPyramid) -> bool:
    return hasattr(build(self.extractor), "fit")


@parameter_fields
class SpatialPyramid(Wrapping):
    """Another extractor's vectors of each cell.

    Parameters
    ----------
    extractor : str, mapping or extractor, default 'gist'
        ``gist``, ``{name: gist, size: 64}`` or an object; one that learns is trained on whole
        images.
    grids : sequence of int, default (1, 2)
        Sides of the pyramid's grids, 1 to 64, each once.

    Attributes
    ----------
    extractor_
        The trained extractor, where it learns.

    Notes
    -----
    A cell of an image smaller than its grid takes the nearest pixel.
    """

    extractor: str | Mapping[str, Any] | FeatureExtractor = "gist"
    grids: Sequence[int] = (1, 2)

    def _check(self) -> None:
        params.grids(self.grids)
        inner = build(self.extractor)
        if hasattr(inner, "calibrate"):
            raise ValueError(
                f"extractor: {type(inner).__name__} needs the camera's calibration, which a part "
                "of the image does not have; use the parameter 'grids' of its own"
            )

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels the inner extractor reads."""
        return self._inner().channels

    @property
    def dim(self) -> int:
        """Length of the vector: the inner one's times cells."""
        return self._inner().dim * n_cells(self.grids)

    @available_if(_learns)  # type: ignore[untyped-decorator]
    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Train the inner extractor on whole images."""
        inner: Any = clone(build(self.extractor))
        self.extractor_ = inner.fit(frames, rooms)
        return self

    def extract(self, frame: Frame) -> Vector:
        """Return the inner vectors of one frame's cells, (dim,) float32."""
        inner = self._inner()
        images = {c: channel_of(frame, c, inner) for c in inner.channels}
        cells = {
            channel: list(cell_slices((image.shape[0], image.shape[1]), self.grids))
            for channel, image in images.items()
        }
        vectors = []
        for cell in range(n_cells(self.grids)):
            parts = {c: np.ascontiguousarray(i[cells[c][cell]]) for c, i in images.items()}
            vectors.append(inner.extract(Frame(frame.index, frame.timestamp_ns, parts)))
        return np.concatenate(vectors)
