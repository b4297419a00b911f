"""A pyramid of any extractor: its vector of each cell."""

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.base import needs_training
from robotvision.features.hsv_histogram import HSVHistogram
from robotvision.features.sift_bow import SiftBow
from robotvision.features.spatial_pyramid import SpatialPyramid
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def test_parts_are_the_inner_vectors_of_the_cells():
    """First the whole image, then its quarters row by row."""
    (frame,) = make_frames(1, 60, 81)
    inner = HSVHistogram(bins=(4, 2, 2))
    parts = SpatialPyramid(inner, grids=(1, 2)).extract(frame).reshape(5, 16)
    np.testing.assert_array_equal(parts[0], inner.extract(frame))
    quarter = Frame(0, 0, {"rgb": frame["rgb"][30:, :41].copy()})
    np.testing.assert_array_equal(parts[3], inner.extract(quarter))


def test_same_as_grids_of_the_extractors_own():
    """Wrapped or by its own parameter, a histogram's pyramid is the same but for its scale."""
    (frame,) = make_frames(1, 64, 96)
    wrapped = SpatialPyramid({"name": "hsv_histogram", "bins": [4, 2, 2]}, grids=(4,))
    own = HSVHistogram(bins=[4, 2, 2], grids=(4,))
    np.testing.assert_allclose(wrapped.extract(frame) / 16, own.extract(frame), rtol=1e-5)


def test_learns_where_the_inner_one_does():
    """It can be trained if, and only if, what it wraps can; the object given stays untrained."""
    inner = SiftBow(words=4, sampling="dense")
    extractor = SpatialPyramid(inner, grids=(2,))
    assert needs_training(extractor)
    assert not needs_training(SpatialPyramid("phog"))
    frames = make_frames(3)
    extractor.fit(frames, ["a", "b", "a"])
    assert extractor.extract(frames[0]).shape == (16,)
    assert not hasattr(inner, "vocabulary_")


def test_faults_name_the_inner_extractor():
    """A wrong name, a wrong inner parameter, a calibrated extractor: one line each."""
    for given, message in (
        ("gits", r"^feature 'gits' is not known; did you mean 'gist'\?"),
        ({"name": "gist", "grid": 0}, "^feature 'gist': grid: expected a whole number from 1 to"),
        ({"bins": 3}, r"extractor\.name: expected a word, got None"),
        (7, "extractor: expected a feature's name, with or without parameters, got 7"),
        ("depth_normals", "DepthNormals needs the camera's calibration, .* use the parameter"),
    ):
        with pytest.raises(RobotVisionError, match=message):
            FEATURES.create("spatial_pyramid", {"extractor": given})
