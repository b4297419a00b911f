"""Local features and what is made of them: OpenCV, scikit-image and cases worked by hand."""

import pickle

import cv2
import numpy as np
import pytest
from skimage.feature import fisher_vector
from sklearn.mixture import GaussianMixture

from robotvision.errors import RobotVisionError
from robotvision.features.local import LocalFeatures, dense_sift, keypoint_sift, root_sift
from robotvision.features.sift_bow import SiftBow
from robotvision.features.sift_fisher import SiftFisher
from robotvision.features.sift_vlad import SiftVLAD
from robotvision.features.vocabulary import draw, nearest
from robotvision.records import Frame
from robotvision.testing.features import make_frames


def smooth_gray(height=96, width=128):
    return cv2.GaussianBlur(make_frames(1, height, width)[0]["rgb"][..., 0].copy(), (0, 0), 2)


def train(extractor, frames):
    return extractor.fit(frames, ["hall"] * len(frames))


def test_dense_sift_sees_the_same_patch_anywhere():
    """An image moved by the grid's step has the same descriptors, one place on."""
    gray = smooth_gray(96, 136)
    here, there = dense_sift(gray[:, :128].copy(), 8), dense_sift(gray[:, 8:].copy(), 8)
    side = len(set(here.x))
    a = here.descriptors.reshape(-1, side, 128)[2:-2, 3:-2]
    b = there.descriptors.reshape(-1, side, 128)[2:-2, 2:-3]
    assert (a * b).sum(axis=2).min() > 0.99


def test_dense_sift_patches_are_16_pixels():
    """What lies well outside a patch does not change its descriptor; what lies inside does."""
    gray = smooth_gray(96, 96)
    found = dense_sift(gray, 8)
    middle = np.flatnonzero((found.y == found.y[60]) & (found.x == found.x[60]))[0]
    y, x = int(found.y[middle]), int(found.x[middle])
    for reach, is_same in ((20, True), (4, False)):
        other = gray[::-1, ::-1].copy()
        other[y - reach : y + reach + 1, x - reach : x + reach + 1] = gray[
            y - reach : y + reach + 1, x - reach : x + reach + 1
        ]
        cosine = dense_sift(other, 8).descriptors[middle] @ found.descriptors[middle]
        assert (cosine > 0.99) == is_same


def test_dense_sift_covers_the_picture():
    """Patches lie inside, in the middle; an image smaller than a patch has one."""
    found = dense_sift(smooth_gray(100, 50), 10)
    assert sorted(set(found.x)) == [9, 19, 29, 39]
    assert len(set(found.y)) == 9
    assert len(dense_sift(np.zeros((3, 2), np.uint8), 10).x) == 1
    assert not dense_sift(np.zeros((40, 40), np.uint8), 10).descriptors.any()


def test_keypoint_sift_keeps_the_limit():
    """Never more points than asked for; all descriptors of unit length."""
    gray = make_frames(1, 200, 200)[0]["rgb"][..., 0].copy()
    assert len(keypoint_sift(gray, 10_000).x) > 20
    few = keypoint_sift(gray, 20)
    assert len(few.x) == len(few.y) == len(few.descriptors) == 20
    np.testing.assert_allclose(np.linalg.norm(few.descriptors, axis=1), 1, rtol=1e-5)


def test_root_sift_is_hellinger():
    """The dot product of two roots is the Hellinger kernel of the two distributions."""
    a, b = dense_sift(smooth_gray(), 16).descriptors[[3, 8]]
    rooted = root_sift(np.array([a, b]))
    expected = np.sqrt(a / a.sum() * b / b.sum()).sum()
    assert rooted[0] @ rooted[1] == pytest.approx(expected, rel=1e-5)


def test_draw_is_uniform_and_bounded():
    """Each row is drawn as often as any other, wherever it stands; the same for the same seed."""
    parts = [np.full((n, 128), i, np.float32) for i, n in enumerate((5, 50, 1, 144))]
    counts = np.zeros(4)
    for seed in range(300):
        drawn = draw(iter(parts), 20, seed)
        assert len(drawn) == 20
        counts += np.bincount(drawn[:, 0].astype(int), minlength=4)
    np.testing.assert_allclose(counts / counts.sum(), np.array([5, 50, 1, 144]) / 200, atol=0.02)
    np.testing.assert_array_equal(draw(iter(parts), 20, 7), draw(iter(parts), 20, 7))
    assert len(draw(iter(parts), 1000, 0)) == 200


def test_nearest_is_nearest():
    """The word of each descriptor is the one at the smallest distance."""
    rng = np.random.default_rng(0)
    points, words = rng.random((50, 128), np.float32), rng.random((9, 128), np.float32)
    distance = np.linalg.norm(points[:, None] - words[None], axis=2)
    np.testing.assert_array_equal(nearest(points, words), distance.argmin(axis=1))


def test_bag_counts_words_in_cells():
    """The whole image's histogram comes first, then each quarter's; the vector sums to 1."""
    frames = make_frames(3)
    extractor = train(SiftBow(words=6, sampling="dense", grids=(1, 2)), frames)
    local = extractor.local(frames[1])
    word = nearest(local.descriptors, extractor.vocabulary_)
    vector = extractor.extract(frames[1]).reshape(5, 6)
    np.testing.assert_allclose(vector[0], np.bincount(word, minlength=6) / len(word) / 2)
    left_top = (local.y < 45) & (local.x < 60)
    expected = np.bincount(word[left_top], minlength=6) / len(word) / 2
    np.testing.assert_allclose(vector[1], expected, rtol=1e-6)
    assert vector.sum() == pytest.approx(1)


def test_vlad_by_hand():
    """Residuals are summed for each word, each sum has unit length, then the whole."""
    extractor = SiftVLAD(words=2)
    extractor.vocabulary_ = np.zeros((2, 128), np.float32)
    extractor.vocabulary_[1, 0] = 10
    points = np.zeros((3, 128), np.float32)
    points[0, 1], points[1, 1], points[2, 0] = 3, 1, 8
    nothing = np.zeros(3, np.float32)
    vector = extractor._encode(LocalFeatures(nothing, nothing, points), (1, 1)).reshape(2, 128)
    expected = np.zeros((2, 128))
    expected[0, 1], expected[1, 0] = np.sqrt(0.5), -np.sqrt(0.5)
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_fisher_vector_is_scikit_images():
    """The improved Fisher vector of the same mixture, its gradients by the weights left out."""
    frames = make_frames(4)
    extractor = train(SiftFisher(words=3, components=10, sampling="dense", step=4), frames)
    reduced = extractor._reduced(extractor.local(frames[0]).descriptors)
    mixture = GaussianMixture(3, covariance_type="diag")
    mixture.weights_, mixture.means_ = extractor.shares_, extractor.vocabulary_
    mixture.covariances_ = extractor.variances_
    mixture.precisions_cholesky_ = 1 / np.sqrt(extractor.variances_)
    expected = fisher_vector(reduced, mixture, improved=False)[3:]
    expected[30:] *= -1  # scikit-image has the gradient by the deviations the other way round
    expected = np.sign(expected) * np.sqrt(np.abs(expected))
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(extractor.extract(frames[0]), expected, atol=1e-5)


def test_posterior_is_scikit_learns():
    """Each Gaussian's share of a point is what the mixture itself would say."""
    points = np.random.default_rng(0).normal(size=(200, 5))
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0).fit(points)
    extractor = SiftFisher(words=3, components=5)
    extractor.shares_, extractor.vocabulary_ = mixture.weights_, mixture.means_
    extractor.variances_ = mixture.covariances_
    np.testing.assert_allclose(extractor._posterior(points), mixture.predict_proba(points))


@pytest.mark.parametrize("cls", [SiftBow, SiftVLAD, SiftFisher])
def test_picture_without_key_points_gives_zeros(cls):
    """A wall is no error."""
    extractor = train(cls(words=2), make_frames(4, 120, 160))
    wall = Frame(0, 0, {"rgb": np.full((50, 60, 3), 200, np.uint8)})
    assert not extractor.extract(wall).any()


def test_untrained_and_too_little_to_learn_from():
    """Both are one line that says what to do."""
    frames = make_frames(2)
    with pytest.raises(RobotVisionError, match=r"^SiftBow has no vocabulary yet: call fit"):
        SiftBow().extract(frames[0])
    with pytest.raises(
        RobotVisionError,
        match=r"^SiftBow: expected at least 1000 different descriptors in the training frames, "
        r"got \d+; take more frames or fewer words$",
    ):
        train(SiftBow(), frames)


def test_trained_extractor_is_pickled():
    """A saved vocabulary gives the same vectors."""
    frames = make_frames(3)
    extractor = train(SiftFisher(words=2, components=6, sampling="dense"), frames)
    again = pickle.loads(pickle.dumps(extractor))
    np.testing.assert_array_equal(again.extract(frames[0]), extractor.extract(frames[0]))
