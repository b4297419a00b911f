"""Matching against key frames: OpenCV's matcher, known views, and no match with oneself."""

import cv2
import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features.local import keypoint_sift
from robotvision.features.sift_ransac import SiftRansac, Thinned, _stretches, inliers, matches
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.records import Frame
from robotvision.testing.features import checks, make_frames

SECOND = 1_000_000_000


def scene(seed, height=160, width=320):
    """Return a smooth random image with many key points."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)


def frame(image, index=0):
    return Frame(index, index * SECOND, {"rgb": np.ascontiguousarray(image)})


def walk(n=6, start=0):
    """Return ``n`` views of each of two rooms, moving on by 8 pixels a frame, and the rooms."""
    views = [(scene(room)[:, 8 * i : 8 * i + 160], str(room)) for room in (1, 2) for i in range(n)]
    return [frame(v, start + i) for i, (v, _) in enumerate(views)], [r for _, r in views]


@pytest.mark.parametrize(
    ("extractor", "check"),
    checks([SiftRansac(), SiftRansac(frames_per_room=1, model="fundamental", root=False, gap=0)]),
)
def test_conforms(extractor, check):
    """It passes each check of an extractor."""
    check(extractor, None)


@pytest.mark.parametrize("ratio", [0.7, 0.9, 1.0])
def test_matches_are_opencvs(ratio):
    """The matches are those of OpenCV's brute force: ratio test and each other's best."""
    a = keypoint_sift(scene(1)[:, :200, 0].copy(), 150).descriptors
    b = keypoint_sift(scene(1)[:, 40:, 0].copy(), 180).descriptors
    mutual = {
        (m.queryIdx, m.trainIdx) for m in cv2.BFMatcher(cv2.NORM_L2, crossCheck=True).match(a, b)
    }
    two = cv2.BFMatcher(cv2.NORM_L2).knnMatch(a, b, k=2)
    passed = {(m.queryIdx, m.trainIdx) for m, n in two if m.distance < ratio * n.distance}
    mine, its = matches(a, b, ratio)
    assert set(zip(mine.tolist(), its.tolist(), strict=True)) == mutual & passed
    assert len(mine) > 20
    assert not len(matches(a, b[:1], ratio)[0])
    assert not len(matches(a[:0], b, ratio)[0])


@pytest.mark.parametrize("model", ["homography", "fundamental"])
def test_a_new_view_has_most_inliers_with_its_room(model):
    """A view between two key frames of a room matches that room, and the other by chance only."""
    extractor = SiftRansac(model=model).fit(*walk())
    assert extractor.rooms_.tolist() == ["1", "2"]
    vector = extractor.extract(frame(scene(2)[:, 12:172]))
    assert np.expm1(vector[1]) > 40
    assert np.expm1(vector[0]) < 20


def test_inliers_are_those_of_the_known_geometry():
    """Of 30 points of a plane and 15 pairs at random, the plane's are counted, every time alike."""
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 300, (45, 2)).astype(np.float32)
    b = rng.uniform(0, 300, (45, 2)).astype(np.float32)
    plane = np.array([[0.9, 0.1, 20], [-0.1, 1.1, 5], [2e-4, 1e-4, 1]])
    b[:30] = cv2.perspectiveTransform(a[None, :30], plane)[0]
    counts = [inliers(a, b, "homography") for _ in range(3)]
    assert counts[0] in (30, 31, 32)
    assert counts == counts[:1] * 3
    assert 30 <= inliers(a, b, "fundamental") <= 36


@pytest.mark.parametrize("seed", [2606, 2783, 4469, 6029])
def test_degenerate_matches_have_no_geometry(seed):
    """Points on lines, which OpenCV refuses now and then, are a count like any other."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 16))
    a, b = rng.uniform(0, 300, (n, 2)), rng.uniform(0, 300, (n, 2))
    b[: n // 2] = a[: n // 2] + 5
    a[: n // 2, 1], b[: n // 2, 1] = a[: n // 2, 0], b[: n // 2, 0]
    for model in ("homography", "fundamental"):
        assert 0 <= inliers(a.astype(np.float32), b.astype(np.float32), model) <= n
    assert inliers(np.zeros((9, 2), np.float32), np.zeros((9, 2), np.float32), "fundamental") <= 9


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_training_frames_do_not_match_themselves(gap):
    """A training frame gets what it would get had it and its neighbours been left out."""
    frames, rooms = walk()
    extractor = SiftRansac(verify=1000, gap=gap).fit(frames, rooms)
    others = [i for i in range(12) if i >= 6 or abs(i - 3) > gap]
    without = SiftRansac(verify=1000).fit([frames[i] for i in others], [rooms[i] for i in others])
    vector = extractor.extract(frames[3])
    np.testing.assert_array_equal(vector, without.extract(frames[3]))
    noisy = frame(np.clip(frames[3]["rgb"].astype(int) + 1, 0, 255).astype(np.uint8))
    assert extractor.extract(noisy)[0] > vector[0]


def test_frames_between_key_frames_do_not_match_either():
    """A training frame that is no key frame skips those on both sides of it."""
    frames, rooms = walk()
    extractor = SiftRansac(frames_per_room=2, verify=1000, gap=1).fit(frames, rooms)
    assert len(extractor.room_) == 4
    np.testing.assert_array_equal(extractor.rank_, [0, 1, 0, 1])
    assert extractor.extract(frames[2])[0] < np.log1p(20)
    assert extractor.extract(frame(scene(1)[:, 17:177]))[0] > np.log1p(40)


def test_another_walk_is_matched():
    """A neighbour in place but of another stretch is a second visit, so it is compared."""
    frames, rooms = walk()
    again, _ = walk(start=100)
    shifted = [frame(np.roll(f["rgb"], 1, axis=1), f.index) for f in again]
    extractor = SiftRansac(verify=1000, gap=9).fit(frames + shifted, rooms + rooms)
    assert extractor.extract(frames[3])[0] > np.log1p(40)
    assert extractor.stretch_.tolist() == [0] * 12 + [1] * 12


def test_stretches_end_where_time_jumps():
    """A step of more than three times the usual, or back, starts a new stretch."""
    times = np.array([0, 1, 2, 5, 6, 10, 11, 3, 4]) * SECOND
    assert _stretches(times.tolist()).tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2]
    assert _stretches([7]).tolist() == [0]


@pytest.mark.parametrize(("seen", "wanted"), [(1, 3), (3, 3), (7, 3), (100, 7), (1000, 40)])
def test_key_frames_are_evenly_spaced(seen, wanted):
    """However many frames a room has, memory is bounded and the kept ones are spread evenly."""
    thinned = Thinned(wanted)
    for i in range(seen):
        if thinned.wants():
            thinned.keep(i, None)
        thinned.seen += 1
        assert len(thinned._kept) < max(2 * wanted, 2)
    kept = [i for i, _ in thinned.chosen()]
    assert len(kept) == min(seen, wanted)
    steps = np.diff([*kept, seen])
    assert steps.max() <= 3 * max(steps[:-1].min(), 1) if len(kept) > 1 else True


def test_nothing_to_match():
    """Images without key points give zeros, in training and later."""
    extractor = SiftRansac().fit(*walk())
    black = frame(np.zeros((90, 120, 3), np.uint8))
    assert not extractor.extract(black).any()
    blind = SiftRansac().fit([black, black], ["a", "b"])
    assert blind.extract(walk()[0][0]).tolist() == [0, 0]


def test_untrained():
    """Without training there is nothing to compare with: one line says so."""
    assert SiftRansac().dim == 0
    with pytest.raises(RobotVisionError, match=r"^SiftRansac has no key frames yet: call fit"):
        SiftRansac().extract(make_frames(1)[0])
    with pytest.raises(RobotVisionError, match=r"^SiftRansac: expected training frames, got none$"):
        SiftRansac().fit([], [])


def test_model_file(tmp_path):
    """Kept in a model file and loaded, it gives the same vectors, bit for bit."""
    extractor = SiftRansac().fit(*walk())
    save_model(tmp_path / "own.rvmodel", {"cue": extractor}, {})
    again = load_model(tmp_path / "own.rvmodel")[0]["cue"]
    for view in (walk()[0][2], frame(scene(1)[:, 20:180])):
        np.testing.assert_array_equal(again.extract(view), extractor.extract(view))
