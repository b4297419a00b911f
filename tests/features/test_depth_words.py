"""FPFH against the definition, in plain loops; its invariance; the bag of 3-D words."""

import math

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features.depth_words import BINS, DepthWords, around, fpfh, neighbours
from robotvision.recogniser.model_file import load_model, save_model
from robotvision.records import Frame
from robotvision.testing.features import CALIBRATION, checks


def bumpy(n=120, seed=0):
    """Return points of a bumpy surface and unit normals, not quite its own."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.5, 0.5, (n, 3))
    points[:, 2] = 2 + 0.1 * np.sin(9 * points[:, 0]) + 0.05 * rng.normal(size=n)
    normal = rng.normal((0, 0, -2), 0.7, (n, 3))
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return points.astype(np.float32), normal.astype(np.float32)


def bin_of(share):
    return min(max(math.floor(share * BINS), 0), BINS - 1)


def pair_angles(p, q, n_p, n_q):
    """Return α, φ, θ of two points: the source is the one whose normal is nearer the line."""
    line = (q - p) / np.linalg.norm(q - p)
    if abs(n_q @ line) > abs(n_p @ line):
        n_p, n_q, line = n_q, n_p, -line
    u = n_p
    v = np.cross(line, u)
    v = v / np.linalg.norm(v)
    w = np.cross(u, v)
    return v @ n_q, u @ line, math.atan2(w @ n_q, u @ n_q)


def slow_fpfh(points, normal, radius):
    """Return FPFH as Rusu, Blodow and Beetz define it, each angle's histogram of sum 1."""
    points, normal = points.astype(float), normal.astype(float)
    n = len(points)
    near = [
        [j for j in range(n) if j != i and np.linalg.norm(points[i] - points[j]) <= radius]
        for i in range(n)
    ]
    simple = np.zeros((n, 3, BINS))
    for i in range(n):
        for j in near[i]:
            alpha, phi, theta = pair_angles(points[i], points[j], normal[i], normal[j])
            for part, share in enumerate(((alpha + 1) / 2, (phi + 1) / 2, theta / math.tau + 0.5)):
                simple[i, part, bin_of(share)] += 1 / len(near[i])
    full = simple.copy()
    for i in range(n):
        for j in near[i]:
            distance = np.linalg.norm(points[i] - points[j]) / radius
            full[i] += simple[j] / distance / len(near[i])
    sums = full.sum(axis=2, keepdims=True)
    return (full / np.where(sums > 0, sums, 1)).reshape(n, -1)


def fast(points, normal, radius=0.3):
    return fpfh(points, normal, neighbours(points, radius), radius)


def room(seed=0, height=120, width=160):
    """Return a depth image of a tilted plane before a box, with holes and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    depth = 3000 - 8.0 * y + 3.0 * x
    depth[30:80, 40:90] = 1500 + 4.0 * x[30:80, 40:90]
    depth += rng.normal(0, 3, depth.shape)
    depth[rng.random(depth.shape) < 0.02] = 0
    images = {
        "depth": depth.astype(np.uint16),
        "rgb": rng.integers(0, 256, (height, width, 3), np.uint8),
    }
    return Frame(seed, seed, images)


def trained(**given):
    extractor = DepthWords(words=6, step=4, **given).calibrate(CALIBRATION)
    return extractor.fit([room(i) for i in range(3)], ["a"] * 3)


@pytest.mark.parametrize(
    ("extractor", "check"),
    checks(
        [
            DepthWords(words=4, step=3, spacing_m=0.02),
            DepthWords(words=4, step=3, spacing_m=0.02, colors=6, grids=(1, 2), root=False),
        ]
    ),
)
def test_conforms(extractor, check):
    """It passes each check of an extractor."""
    check(extractor, None)


@pytest.mark.parametrize("seed", [0, 1])
def test_fpfh_is_the_definition(seed):
    """Each descriptor is what the paper's sums give, one neighbour at a time."""
    points, normal = bumpy(seed=seed)
    points[-1] += 50  # without neighbours
    expected = slow_fpfh(points, normal, 0.3)
    np.testing.assert_allclose(fast(points, normal), expected, atol=1e-6)
    assert not expected[-1].any()
    assert (expected.reshape(-1, 3, BINS) > 0).sum(axis=2).mean() > 4


def test_neighbours_are_all_pairs_within_reach():
    """Every pair at most the radius apart is found once."""
    points, _ = bumpy()
    distance = np.linalg.norm(points[:, None].astype(float) - points[None], axis=2)
    i, j = np.nonzero(np.triu(distance <= 0.25, 1))
    np.testing.assert_array_equal(neighbours(points, 0.25), np.stack([i, j], axis=1))
    assert neighbours(points[:1], 1).shape == (0, 2)


@pytest.mark.parametrize("degrees", [30, 90, 200])
def test_fpfh_does_not_see_a_turn_about_the_optical_axis(degrees):
    """A camera that rolls or moves sees the same shapes; a mirrored one does not."""
    points, normal = (a.astype(np.float64) for a in bumpy())
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    here = fast(points, normal)
    np.testing.assert_allclose(fast(points @ turn + (1, 2, 3), normal @ turn), here, atol=1e-6)
    mirror = np.array([-1, 1, 1])
    assert np.abs(fast(points * mirror, normal * mirror) - here).max() > 0.1


def test_a_plane_has_one_bin_an_angle():
    """On a plane α and θ are 0 and φ is a right angle: the middle bin of each."""
    y, x = np.mgrid[:6, :6] / 10
    points = np.stack([x, y, np.full_like(x, 2)], axis=-1).reshape(-1, 3).astype(np.float32)
    found = fast(points, np.tile(np.array([0, 0, -1], np.float32), (36, 1))).reshape(-1, 3, BINS)
    assert (found[:, :, BINS // 2] == 1).all()


def test_normals_along_the_line_leave_the_pair_out():
    """Two points whose normals point at each other have no angles: zeros, no NaN."""
    points = np.array([[0, 0, 1], [0, 0, 1.1]], np.float32)
    normal = np.array([[0, 0, 1], [0, 0, -1]], np.float32)
    assert not fast(points, normal).any()
    assert not fast(points[[0, 0]], normal).any()


def test_hues_of_a_neighbourhood():
    """The histogram counts the point itself and its neighbours."""
    pairs = np.array([[0, 1], [1, 2]])
    found = around(np.array([0, 2, 2]), pairs, 3)
    np.testing.assert_allclose(found, [[0.5, 0, 0.5], [1 / 3, 0, 2 / 3], [0, 0, 1]], rtol=1e-6)


def test_near_surfaces_have_no_more_points():
    """Points are thinned to one a cube, so a near wall has as many a square metre."""
    counts = []
    for distance in (1000, 2000):
        wall = Frame(0, 0, {"depth": np.full((120, 160), distance, np.uint16)})
        extractor = DepthWords(step=2, spacing_m=0.1).calibrate(CALIBRATION)
        area = (120 * 160) * (distance / 1000 / 200) ** 2
        counts.append(len(extractor.local(wall).x) / area)
    assert counts[0] == pytest.approx(counts[1], rel=0.5)
    assert counts[0] < 160


def test_histogram_of_words():
    """It sums to 1 over all cells and tells a flat wall from a cluttered room."""
    extractor = trained(grids=(1, 2))
    vector = extractor.extract(room(9))
    assert vector.sum() == pytest.approx(1)
    assert vector.min() >= 0
    np.testing.assert_allclose(vector[:6], vector[6:].reshape(4, 6).sum(axis=0), atol=1e-6)
    wall = Frame(0, 0, {"depth": np.full((120, 160), 2000, np.uint16)})
    flat = extractor.extract(wall)
    assert (
        np.abs(flat - vector)[:6].sum() > 2 * np.abs(extractor.extract(room(8)) - vector)[:6].sum()
    )


def test_colors_tell_painted_surfaces_apart():
    """With hues, two walls of one shape and two colours have different words."""
    red, blue = (
        Frame(0, 0, {**room(0).images, "rgb": np.full((120, 160, 3), c, np.uint8)})
        for c in ((200, 20, 20), (20, 20, 200))
    )
    plain, colored = (
        DepthWords(words=6, step=4, colors=n).calibrate(CALIBRATION).fit([red, blue], "ab")
        for n in (0, 6)
    )
    np.testing.assert_array_equal(plain.extract(red), plain.extract(blue))
    assert not (colored.extract(red) * colored.extract(blue)).any()


@pytest.mark.parametrize("fill", [0, 65535])
def test_nothing_read(fill):
    """An image without readings gives zeros, also among the training frames."""
    empty = Frame(0, 0, {"depth": np.zeros((50, 60), np.uint16)})
    extractor = DepthWords(words=4, step=4).calibrate(CALIBRATION).fit([empty, room(1)], "ab")
    assert not extractor.extract(empty).any()
    far = Frame(0, 0, {"depth": np.full((50, 60), fill, np.uint16)})
    assert np.isfinite(extractor.extract(far)).all()


def test_faults():
    """What is missing is one line that says what to do."""
    with pytest.raises(RobotVisionError, match=r"^DepthWords has no vocabulary yet: call fit"):
        DepthWords().extract(room())
    with pytest.raises(RobotVisionError, match=r"^DepthWords needs the camera's calibration"):
        DepthWords().fit([room()], ["a"])
    with pytest.raises(RobotVisionError, match=r"expected at least 5000 different descriptors"):
        DepthWords(words=5000).calibrate(CALIBRATION).fit([room()], ["a"])
    with pytest.raises(ValueError, match=r"^radius_m: expected at least spacing_m, 0\.5, got 0\.3"):
        DepthWords(spacing_m=0.5)


def test_model_file(tmp_path):
    """Kept in a model file and loaded, it gives the same vectors, bit for bit."""
    extractor = trained(colors=4)
    save_model(tmp_path / "own.rvmodel", {"cue": extractor}, {})
    again = load_model(tmp_path / "own.rvmodel")[0]["cue"]
    np.testing.assert_array_equal(again.extract(room(7)), extractor.extract(room(7)))
