"""Patterns, census, opponent colours and GIST: oracles and cases worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.feature import local_binary_pattern

from robotvision.features import gist
from robotvision.features.centrist import Centrist, census
from robotvision.features.gist import Gist
from robotvision.features.lbp import LBP, binary_patterns, pattern_table
from robotvision.features.opponent_histogram import OpponentHistogram
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def gray_frame(gray):
    return Frame(0, 0, {"rgb": np.repeat(np.asarray(gray, np.uint8)[..., None], 3, axis=2)})


@pytest.mark.parametrize(("radius", "share"), [(1.0, 1.0), (2.0, 0.999), (1.5, 0.99)])
def test_patterns_are_scikit_images(radius, share):
    """All patterns agree at radius 1; elsewhere but those decided by rounded weights."""
    gray = make_frames(1)[0]["rgb"][..., 0]
    expected = local_binary_pattern(gray, 8, radius, "default")
    assert np.mean(binary_patterns(gray, radius) == expected) >= share


@pytest.mark.parametrize(("ours", "theirs"), [("uniform", "nri_uniform"), ("rotation", "uniform")])
def test_histogram_is_scikit_images(ours, theirs):
    """The histograms hold the same counts, whatever the order of the bins."""
    (frame,) = make_frames(1)
    gray = np.ascontiguousarray(frame["rgb"][..., 0])
    vector = LBP(patterns=ours, grids=(1,)).extract(gray_frame(gray))
    codes = local_binary_pattern(gray, 8, 1, theirs).astype(int)
    expected = np.bincount(codes.ravel(), minlength=len(vector)) / gray.size
    np.testing.assert_allclose(np.sort(vector), np.sort(expected), atol=1e-6)


@given(level=st.integers(1, 255), radius=st.floats(1, 5))
def test_flat_area_sets_every_bit(level, radius):
    """A flat area compares as equal at any radius: no rounding decides."""
    size = 2 * int(np.ceil(radius)) + 5
    codes = binary_patterns(np.full((size, size), level, np.uint8), radius)
    assert codes[size // 2, size // 2] == 255


def test_tables_have_the_papers_sizes():
    """59, 10 and 256 bins, all of them used."""
    for patterns, n in (("uniform", 59), ("rotation", 10), ("all", 256)):
        assert sorted(set(pattern_table(patterns))) == list(range(n))


def test_census_by_hand():
    """The paper's example of Wu and Rehg, section 3.1: 11010110 = 214."""
    gray = np.array([[32, 64, 96], [32, 64, 96], [32, 32, 96]], np.uint8)
    assert census(gray).tolist() == [[0b11010110]]


def test_centrist_blocks():
    """31 blocks for level 2; the first is the image of a quarter of the size."""
    (frame,) = make_frames(1, 96, 128)
    extractor = Centrist()
    assert extractor.dim == 31 * 254
    gray = np.ascontiguousarray(frame["rgb"][..., 0])
    finest = extractor.extract(gray_frame(gray)).reshape(31, 254)[6:]
    code = census(gray)
    quarter = code[: -(-94 // 4), : -(-126 // 4)]
    expected = np.bincount(quarter.ravel(), minlength=256)[1:255]
    assert np.abs(finest[0] - expected / quarter.size).sum() < 0.1


@given(factor=st.floats(0.3, 1.0), offset=st.integers(0, 50))
def test_census_ignores_light(factor, offset):
    """A darker or brighter image has the same census, but where grays fall together."""
    rng = np.random.default_rng(0)
    gray = rng.permutation(200).reshape(10, 20).astype(np.uint8)
    other = (gray * factor + offset).astype(np.uint8)
    changed = census(gray) != census(other)
    assert changed.mean() < 0.35 if factor < 1 else not changed.any()


def test_opponent_colours_by_hand():
    """White: no colour, all intensity; red and blue at opposite ends of O1 and O2."""
    image = np.array([[[255, 255, 255], [255, 0, 0], [0, 0, 255], [0, 255, 0]]], np.uint8)
    vector = OpponentHistogram(bins=(3, 3, 3)).extract(Frame(0, 0, {"rgb": image}))
    twelfths = (vector * 12).round().astype(int).reshape(3, 3).tolist()
    assert twelfths == [[1, 2, 1], [1, 1, 2], [3, 0, 1]]


def test_opponent_colour_ignores_offset():
    """O1 and O2 do not change when light of no colour is added."""
    (frame,) = make_frames(1)
    dark = frame["rgb"] // 2
    a, b = (
        OpponentHistogram().extract(Frame(0, 0, {"rgb": p})).reshape(3, 32)
        for p in (dark, dark + 100)
    )
    np.testing.assert_array_equal(a[:2], b[:2])
    assert np.abs(a[2] - b[2]).sum() > 0.1


def test_gist_cut_bands_change_little(monkeypatch):
    """Filters inverted on coarse grids give the averages of full ones to about a hundredth."""
    frames = make_frames(2, 120, 160)
    fast = np.array([Gist().extract(f) for f in frames])
    assert {b.shape[-1] for b in gist.gabor_bank((8, 8, 8, 8), 128, 4)} == {128, 64, 32}
    monkeypatch.setattr(gist, "_CUT", 0.0)
    gist.gabor_bank.cache_clear()
    full = np.array([Gist().extract(f) for f in frames])
    gist.gabor_bank.cache_clear()
    assert np.abs(fast - full).sum() < 0.02 * full.sum()


@pytest.mark.parametrize("k", [0, 1, 2, 3])
@pytest.mark.parametrize("scale", [0, 1, 2])
def test_gist_answers_to_its_grating(k, scale):
    """A grating of a filter's frequency and orientation excites that filter most."""
    size = 128
    y, x = np.mgrid[:size, :size]
    frequency, angle = 0.3 / 1.85**scale, -np.pi * k / 4
    wave = 2 * np.pi * frequency * (np.cos(angle) * x + np.sin(angle) * y)
    frame = gray_frame(127 + 60 * np.sin(wave))
    energy = Gist(orientations=(4, 4, 4)).extract(frame).reshape(3, 4, 16).mean(axis=2)
    assert np.unravel_index(energy.argmax(), energy.shape) == (scale, k)
