"""Further views of training frames: what they change, and that calibration is not fooled."""

from __future__ import annotations

import numpy as np
import pytest

from robotvision.classifiers.calibration import fit_calibrated
from robotvision.classifiers.folds import held_out
from robotvision.classifiers.svm import SVM
from robotvision.classifiers.training_set import TrainingSet
from robotvision.features import FEATURES
from robotvision.features.extraction import ready
from robotvision.recogniser.augment import AugmentedView, altered, views
from robotvision.records import Frame

CAMERA = {"fx": 60.0, "fy": 60.0, "cx": 30.0, "cy": 23.5, "width": 64.0, "height": 48.0}


@pytest.fixture
def frame() -> Frame:
    rng = np.random.default_rng(3)
    color = rng.integers(0, 256, (48, 64, 3), np.uint8)
    depth = rng.integers(500, 4000, (48, 64), np.uint16)
    return Frame(5, 0, {"rgb": color, "depth": depth, "left": color, "right": color[::-1]})


def test_the_mirror_changes_sides_and_the_stereo_cameras(frame: Frame) -> None:
    """Twice in the mirror is the frame itself; left and right cameras change places."""
    once = AugmentedView(mirror=True).of(frame)
    np.testing.assert_array_equal(once.images["rgb"], frame.images["rgb"][:, ::-1])
    np.testing.assert_array_equal(once.images["left"], frame.images["right"][:, ::-1])
    twice = AugmentedView(mirror=True).of(once)
    for channel, image in frame.images.items():
        np.testing.assert_array_equal(twice.images[channel], image)


def test_light_is_drawn_by_frame_and_leaves_depth_alone(frame: Frame) -> None:
    """The same frame gets the same light every time, another frame another."""
    lit = AugmentedView(light=1).of(frame)
    assert not np.array_equal(lit.images["rgb"], frame.images["rgb"])
    np.testing.assert_array_equal(lit.images["rgb"], AugmentedView(light=1).of(frame).images["rgb"])
    np.testing.assert_array_equal(lit.images["depth"], frame.images["depth"])
    later = Frame(6, 0, frame.images)
    assert not np.array_equal(AugmentedView(light=1).of(later).images["rgb"], lit.images["rgb"])
    assert not np.array_equal(AugmentedView(light=2).of(frame).images["rgb"], lit.images["rgb"])


def test_a_mirrored_frame_has_mirrored_geometry(frame: Frame) -> None:
    """Heights over the floor do not change in a mirror, as the principal point moves along."""
    height = FEATURES.create("depth_height", {"grids": [1], "height_m": 1.0})
    camera = {"depth": CAMERA}
    plain = ready(height, camera).extract(frame)
    mirrored = ready(altered(height, AugmentedView(mirror=True)), camera).extract(frame)
    np.testing.assert_allclose(mirrored, plain, atol=1e-6)


def test_views_come_plain_first_and_multiply() -> None:
    """Mirror and two lights: six looks at a frame."""
    assert views(False, 0) == [AugmentedView()]
    assert len(views(True, 2)) == 6
    assert views(True, 2)[0] == AugmentedView()
    assert len(set(views(True, 2))) == 6


def test_all_views_of_a_frame_are_held_out_together() -> None:
    """A mirror image is a near-copy: it may not teach the fold that its frame is held out of."""
    rooms, groups = np.repeat([0, 1, 0, 1], 30), np.zeros(120, np.int64)
    for fold in held_out(rooms, groups, 0, n_views=3).folds:
        assert not set(fold.test // 3) & set(fold.train // 3)
        assert (fold.test % 3 == 0).all()


def test_copies_do_not_make_a_classifier_surer() -> None:
    """Rooms at random cannot be learnt; views counted as frames of their own hide that."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(120, 4)), 2, 0).astype(np.float32)
    y = np.repeat(rng.choice(["a", "b"], 120), 2)
    groups = np.arange(240) // 2 % 4
    machine = SVM("rbf", C=10.0, gamma=5.0)
    honest = fit_calibrated(machine, TrainingSet(x, y, groups, n_views=2), 0)
    fooled = fit_calibrated(machine, TrainingSet(x, y, np.arange(240) % 2), 0)  # a group a view
    assert honest.predict_proba(x).max() < 0.6
    assert fooled.predict_proba(x).max() > 0.8
