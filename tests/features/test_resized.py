"""An image is resized once a frame, and never for another frame."""

import cv2
import numpy as np
import pytest

from robotvision.features import resized as module
from robotvision.features.deep import network_input
from robotvision.features.resized import one_frame, resized
from robotvision.testing.features import make_frames


@pytest.fixture
def calls(monkeypatch):
    """Count what is really resized."""
    found = []
    inner = cv2.resize

    def resize(image, size, **options):
        found.append(size)
        return inner(image, size, **options)

    monkeypatch.setattr(module.cv2, "resize", resize)
    return found


def image(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)


def test_once_for_each_image_and_size_of_a_frame(calls):
    a, b = image(1), image(1)
    with one_frame():
        first = resized(a, 12, 16)
        assert resized(a, 12, 16) is first
        resized(a, 6, 8)
        assert resized(b, 12, 16) is not first
    assert calls == [(16, 12), (8, 6), (16, 12)]


def test_the_next_frame_pays_again(calls):
    """The same array given twice, as a recording in memory does, costs as much both times."""
    a = image()
    for _ in range(2):
        with one_frame():
            resized(a, 12, 16)
    resized(a, 12, 16)
    resized(a, 12, 16)
    assert len(calls) == 4


def test_images_that_come_and_go_are_told_apart():
    """Memory of an image that a feature drops is not taken for the image of another."""
    with one_frame():
        for seed in range(50):
            got = resized(image(seed), 12, 16)
            np.testing.assert_array_equal(
                got, cv2.resize(image(seed), (16, 12), interpolation=cv2.INTER_AREA)
            )


def test_an_error_closes_the_frame(calls):
    a = image()

    def fail():
        with one_frame():
            resized(a, 12, 16)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    resized(a, 12, 16)
    assert len(calls) == 2


def test_another_mean_makes_another_input():
    (frame,) = make_frames(1, 40, 30)
    ways = [((127.0,) * 3, (128.0,) * 3), ((10.0, 20.0, 30.0), (2.0, 4.0, 8.0))]
    alone = [network_input(frame["rgb"], (12, 16), *way) for way in ways]
    with one_frame():
        together = [network_input(frame["rgb"], (12, 16), *way) for way in ways]
    np.testing.assert_array_equal(together, alone)
    assert not np.array_equal(*alone)
