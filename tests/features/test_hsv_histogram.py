"""The joint HSV histogram against numpy and by hand."""

import colorsys

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features.hsv_histogram import HSVHistogram
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def test_pure_colours_fall_where_they_must():
    """Red, green and blue at full saturation and value: hue bins 0, 1/3 and 2/3 of the circle."""
    image = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [0, 0, 0]]], np.uint8)
    vector = HSVHistogram(bins=(6, 2, 2)).extract(Frame(0, 0, {"rgb": image}))
    expected = np.zeros((6, 2, 2))
    expected[[0, 2, 4], 1, 1] = 0.25
    expected[0, 0, 0] = 0.25
    np.testing.assert_array_equal(vector.reshape(6, 2, 2), expected)


def test_agrees_with_numpy_on_python_hsv():
    """Nearly all pixels fall in the bin that colorsys and numpy give them (rounding apart)."""
    (frame,) = make_frames(1, 40, 50)
    hsv = np.array([colorsys.rgb_to_hsv(*p) for p in frame["rgb"].reshape(-1, 3) / 255])
    counts, _ = np.histogramdd(hsv, bins=(16, 8, 4), range=[(0, 1)] * 3)
    vector = HSVHistogram().extract(frame)
    assert np.abs(vector - counts.ravel() / len(hsv)).sum() < 0.1


def test_pyramid_holds_the_whole_picture():
    """The first grid's part is the plain histogram; each grid has the same share."""
    (frame,) = make_frames(1)
    whole = HSVHistogram().extract(frame)
    both = HSVHistogram(grids=(1, 2)).extract(frame).reshape(5, -1)
    np.testing.assert_allclose(both[0], whole / 2, rtol=1e-6)
    np.testing.assert_allclose(both[1:].sum(axis=0), whole / 2, atol=1e-6)


def test_other_image_kinds_are_refused():
    """A missing channel or an image of another kind is one clear line."""
    gray = Frame(3, 0, {"rgb": np.zeros((4, 5), np.uint8)})
    with pytest.raises(
        RobotVisionError,
        match=r"^frame 3: HSVHistogram expects a colour image, "
        r"\(H, W, 3\) uint8 in the channel 'rgb', got \(4, 5\) uint8$",
    ):
        HSVHistogram().extract(gray)
    with pytest.raises(
        RobotVisionError,
        match=r"frame 3: HSVHistogram reads the channel 'left', "
        r"which this sequence does not have \(it has: rgb\)",
    ):
        HSVHistogram(channel="left").extract(gray)
