"""PHOG: orientation, contrast, and scikit-image's HOG as an oracle."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.feature import hog

from robotvision.features.phog import PHOG
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def stripes(degrees, size=64):
    """Return a frame whose gradient points along ``degrees`` (x right, y down)."""
    y, x = np.mgrid[:size, :size]
    wave = np.cos(np.deg2rad(degrees)) * x + np.sin(np.deg2rad(degrees)) * y
    gray = (127.5 + 100 * np.sin(wave / 3)).astype(np.uint8)
    return Frame(0, 0, {"rgb": np.repeat(gray[..., None], 3, axis=2)})


@pytest.mark.parametrize("degrees", [10, 50, 110, 170])
def test_stripes_fall_in_their_bin(degrees):
    """Most weight lies in the bin of the stripes' orientation."""
    vector = PHOG(bins=9, grids=(1,)).extract(stripes(degrees))
    assert vector.argmax() == degrees * 9 // 180
    assert vector.max() > 0.6


@given(share=st.sampled_from([0.1, 0.3, 1.0]), divisor=st.integers(2, 3))
def test_contrast_does_not_matter(share, divisor):
    """Half or a third of the contrast gives nearly the same descriptor."""
    (frame,) = make_frames(1)
    faint = Frame(0, 0, {"rgb": frame["rgb"] // divisor})
    extractor = PHOG(bins=8, grids=(1, 2), edge_share=share)
    assert np.abs(extractor.extract(frame) - extractor.extract(faint)).sum() < 0.2


def test_agrees_with_scikit_image():
    """Without edges, on a smooth image, the cells' histograms are skimage.feature.hog's."""
    smooth = cv2.GaussianBlur(make_frames(1, 64, 64)[0]["rgb"][..., 0], (0, 0), 3)
    frame = Frame(0, 0, {"rgb": np.repeat(smooth[..., None], 3, axis=2)})
    ours = PHOG(bins=8, grids=(4,), edge_share=1.0).extract(frame)
    theirs = hog(
        smooth, orientations=8, pixels_per_cell=(16, 16), cells_per_block=(4, 4), block_norm="L1"
    )
    # the peer takes differences without Sobel's smoothing, and none at the border
    assert np.abs(ours - theirs / theirs.sum()).sum() < 0.2


def test_flat_image_gives_zeros():
    """No edge, no weight."""
    flat = Frame(0, 0, {"rgb": np.full((20, 30, 3), 99, np.uint8)})
    assert not PHOG().extract(flat).any()
