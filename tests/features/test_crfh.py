"""CRFH: the scale space against scipy, invariances, the layout of the vector."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from robotvision.features.crfh import CRFH, scale_space
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def test_scale_space_is_gaussian():
    """Each level is scipy's Gaussian at that scale, every 2^k-th pixel of it."""
    (frame,) = make_frames(1, 120, 160)
    gray = frame["rgb"][..., 0].astype(np.float32)
    scales = [1.0, 1.5, 2.0, 4.0, 5.0, 8.0]
    for scale, (plane, sigma) in zip(scales, scale_space(gray, scales), strict=True):
        step = round(scale / sigma)
        assert step == 2 ** int(np.log2(scale))
        expected = gaussian_filter(gray, scale, mode="nearest")[::step, ::step]
        assert plane.shape == expected.shape
        inner = np.abs(plane - expected)[2:-2, 2:-2]
        assert inner.mean() < 0.02 * expected.std()


@pytest.mark.parametrize(("name", "order"), [("Lx", (0, 1)), ("Ly", (1, 0)), ("Lyy", (2, 0))])
def test_histogram_follows_scipys_derivatives(name, order):
    """The histogram of one derivative is that of scipy's scale-normalised Gaussian derivative."""
    (frame,) = make_frames(1, 120, 160)
    sigma = 1.9
    vector = CRFH(derivatives=[name], scales=[sigma], bins=9, limit=0.2).extract(frame)
    gray = frame["rgb"] @ [0.299, 0.587, 0.114]
    response = gaussian_filter(gray, sigma, order=order, mode="nearest") * sigma ** sum(order)
    largest = 255 * {1: 0.3989, 2: 0.4839}[sum(order)]
    index = np.clip(np.floor((response / (0.2 * largest) + 1) * 4.5), 0, 8).astype(int)
    expected = np.bincount(index.ravel(), minlength=9) / index.size
    assert np.abs(vector - expected).sum() < 0.08


def test_order_of_scales_is_the_order_of_parts():
    """The parts stand in the order of ``scales``, whatever order that is."""
    (frame,) = make_frames(1)
    up = CRFH(scales=(1, 4), bins=5).extract(frame).reshape(2, -1)
    down = CRFH(scales=(4, 1), bins=5).extract(frame).reshape(2, -1)
    np.testing.assert_array_equal(up, down[::-1])


def test_brightness_does_not_matter():
    """An image brightened without clipping has the same derivatives, so the same histogram."""
    (frame,) = make_frames(1)
    dark = frame["rgb"] // 2
    a, b = (CRFH().extract(Frame(0, 0, {"rgb": p})) for p in (dark, dark + 60))
    assert np.abs(a - b).sum() < 0.05


def test_mirror_turns_lx_around():
    """Mirroring the image mirrors the axis of Lx."""
    (frame,) = make_frames(1, 91, 121)
    extractor = CRFH(derivatives=("Lx", "Ly"), scales=(1,), bins=7)
    plain = extractor.extract(frame).reshape(7, 7)
    mirrored = extractor.extract(Frame(0, 0, {"rgb": frame["rgb"][:, ::-1].copy()})).reshape(7, 7)
    assert np.abs(mirrored - plain[::-1]).sum() < 0.02
    assert plain.sum() == pytest.approx(1)
