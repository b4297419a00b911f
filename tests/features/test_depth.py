"""Depth extractors on surfaces whose geometry is known, and what they say of calibration."""

import copy

import numpy as np
import pytest

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.camera import cloud
from robotvision.features.depth_height import DepthHeight
from robotvision.features.depth_hog import DepthHOG
from robotvision.features.depth_normals import DepthNormals, normals
from robotvision.features.esf import ESF
from robotvision.features.stereo_depth import StereoDepth
from robotvision.records import Frame
from robotvision.testing.features import make_frames

CAMERA = {"fx": 100.0, "fy": 110.0, "cx": 31.5, "cy": 23.5, "height_m": 1.2}
CALIBRATION = {"depth": CAMERA}


def plane(normal, distance, height=48, width=64):
    """Return the depth in metres of the plane ``normal · p = distance``, NaN where not in view."""
    x = (np.arange(width) - CAMERA["cx"]) / CAMERA["fx"]
    y = (np.arange(height) - CAMERA["cy"]) / CAMERA["fy"]
    ray = np.stack(np.broadcast_arrays(x[None], y[:, None], 1.0), axis=-1)
    towards = ray @ np.asarray(normal, float)
    z = np.divide(distance, towards, out=np.full_like(towards, np.nan), where=towards > 1e-6)
    return np.where(z < 60, z, np.nan)


def depth_frame(z):
    return Frame(0, 0, {"depth": np.nan_to_num(z * 1000).round().astype(np.uint16)})


def test_cloud_projects_back():
    """Each point projects onto its pixel; where nothing was read it is the origin."""
    depth = np.random.default_rng(0).integers(500, 5000, (48, 64)).astype(np.uint16)
    depth[3, 5] = 0
    points = cloud(depth, CAMERA)
    assert not points[3, 5].any()
    seen = points[depth > 0]
    rows, cols = np.nonzero(depth)
    np.testing.assert_allclose(seen[:, 0] / seen[:, 2] * 100 + 31.5, cols, atol=1e-3)
    np.testing.assert_allclose(seen[:, 1] / seen[:, 2] * 110 + 23.5, rows, atol=1e-3)
    np.testing.assert_allclose(seen[:, 2], depth[depth > 0] / 1000, rtol=1e-6)


@pytest.mark.parametrize(
    ("normal", "distance"), [((0, 0.9, 0.436), 1.5), ((0.6, 0, 0.8), 2.0), ((0, 0, 1), 3.0)]
)
def test_normals_of_planes(normal, distance):
    """A plane's normals are its own, turned to the camera."""
    points = cloud(depth_frame(plane(normal, distance))["depth"], CAMERA)
    found, is_there = normals(points, 3)
    assert is_there.mean() > 0.5
    expected = -np.asarray(normal) / np.linalg.norm(normal)
    assert np.median(found[is_there] @ expected) > 0.999


def test_floor_wall_and_ceiling_fall_in_their_bins():
    """Elevation goes from down to up: a ceiling in the first bin, a floor in the last."""
    extractor = DepthNormals(bins=(3, 4), grids=(1,)).calibrate(CALIBRATION)
    for normal, distance, row in (((0, 1, 0), 1.2, 2), ((0, -1, 0), 1.2, 0), ((0, 0, 1), 3.0, 1)):
        frame = depth_frame(plane(normal, distance))
        vector = extractor.extract(frame)
        shares = vector[:-1].reshape(3, 4).sum(axis=1)
        assert shares.argmax() == row
        assert shares[row] > 0.95 * shares.sum()
        assert vector.sum() == pytest.approx(1)


def test_heights_of_floor_and_table():
    """A floor lies in the first bin, a level table top 0.75 m up in its own."""
    extractor = DepthHeight(bins=10, max_m=2.0, grids=(1,)).calibrate(CALIBRATION)
    floor, table = plane((0, 1, 0), 1.2), plane((0, 1, 0), 1.2 - 0.75)
    vector = extractor.extract(depth_frame(floor))
    assert vector[0] == pytest.approx(1 - vector[-1], abs=0.02)
    vector = extractor.extract(depth_frame(table))
    assert vector[3] == pytest.approx(1 - vector[-1])
    given = DepthHeight(bins=10, max_m=2.0, grids=(1,), height_m=0.9)
    own = given.calibrate({"depth": {k: CAMERA[k] for k in ("fx", "fy", "cx", "cy")}})
    assert own.extract(depth_frame(table))[2] == pytest.approx(1 - vector[-1])


def test_depth_hog_sees_the_way_a_surface_recedes():
    """Depth growing to the right is orientation 0, downwards a quarter turn."""
    x = np.linspace(1, 4, 64)[None].repeat(48, axis=0)
    for z, orientation in ((x, 0), (x[:, ::-1], 2), (x.T[:48, :48], 1)):
        vector = DepthHOG(bins=4, grids=(1,)).extract(depth_frame(z))
        assert vector[orientation] > 0.9


def test_depth_hog_ignores_holes():
    """A hole in a wall is no edge; an image without readings gives zeros."""
    wall = np.full((40, 40), 2.0)
    wall[10:20, 10:20] = 0
    assert not DepthHOG().extract(depth_frame(wall)).any()
    assert not DepthHOG().extract(depth_frame(0 * wall)).any()


def sphere(radius=1.0, n=20_000):
    points = np.random.default_rng(1).normal(size=(n, 3))
    points *= radius / np.linalg.norm(points, axis=1, keepdims=True)
    return Frame(0, 0, {"points": (points + np.array([0, 0, 5])).astype(np.float32)})


def test_distances_on_a_sphere():
    """Chords of a sphere shorter than d are d²/4r² of all: the oracle of the D2 histogram."""
    vector = ESF(n_triples=20_000, scale_m=2.0, channel="points").extract(sphere())
    pairs = vector.reshape(10, 64)[6:9].sum(axis=0)
    edges = np.arange(1, 65) / 64 * 2
    np.testing.assert_allclose(np.cumsum(pairs), edges**2 / 4, atol=0.02)
    for part in (vector[:192], vector[192:384], vector[384:576], vector[576:]):
        assert part.sum() == pytest.approx(1, abs=1e-5)


def test_a_spheres_lines_run_off_the_surface():
    """Within a hollow sphere lines hardly ever run on the surface; on a plane nearly all do."""
    hollow = ESF(channel="points").extract(sphere()).reshape(10, 64)[6:9].sum(axis=1)
    assert hollow[0] < 0.1
    flat = np.random.default_rng(0).uniform(-1, 1, (40_000, 3)) * [1, 1, 0] + [0, 0, 3]
    frame = Frame(0, 0, {"points": flat.astype(np.float32)})
    assert ESF(channel="points").extract(frame).reshape(10, 64)[6:9].sum(axis=1)[0] > 0.9


def test_scale():
    """Without a scale a room twice the size is the same; with one it is not."""
    small, large = sphere(1), sphere(2)
    free, fixed = ESF(channel="points"), ESF(channel="points", scale_m=8)
    assert np.abs(free.extract(small) - free.extract(large)).sum() < 0.05
    assert np.abs(fixed.extract(small) - fixed.extract(large)).sum() > 0.5


@pytest.mark.parametrize("name", ["depth_normals", "depth_height", "esf"])
def test_missing_calibration_is_named(name):
    """Not calibrated, and calibrated without a key: one line each that names the key."""
    (frame,) = make_frames(1)
    extractor = FEATURES.create(name, {})
    who = type(extractor).__name__
    with pytest.raises(RobotVisionError, match=rf"^{who} needs the camera's calibration: call"):
        extractor.extract(frame)
    with pytest.raises(
        RobotVisionError,
        match=rf"^{who} needs 'fy' in the calibration of the channel 'depth', which this sequence "
        r"does not give \(it gives: fx\); add it to sequence\.yaml$",
    ):
        extractor.calibrate({"depth": {"fx": 100.0}}).extract(frame)
    with pytest.raises(RobotVisionError, match=rf"^{who}: 'fx' .* expected a number above 0, got"):
        extractor.calibrate({"depth": {**CAMERA, "fx": 0.0}}).extract(frame)


def test_height_of_the_camera_is_asked_for():
    """Without a height, in the calibration or as a parameter, there is none above the floor."""
    camera = {k: CAMERA[k] for k in ("fx", "fy", "cx", "cy")}
    with pytest.raises(RobotVisionError, match="DepthHeight needs 'height_m' in the calibration"):
        DepthHeight().calibrate({"depth": camera})


STEREO = {"left": {**CAMERA, "baseline_m": 0.12}}


def test_stereo_depth_is_that_of_the_disparity():
    """A wall shifted by 8 pixels lies at fx × baseline / 8."""
    image = make_frames(1, 120, 240)[0]["rgb"]
    left, right = image[:, :200], image[:, 8:208]
    frame = Frame(0, 0, {"left": left.copy(), "right": right.copy()})
    depth = StereoDepth(n_disparities=32).calibrate(STEREO).depth(frame)
    assert (depth[:, 40:] > 0).mean() > 0.9
    assert np.median(depth[depth > 0]) == pytest.approx(1000 * 100 * 0.12 / 8, rel=0.02)


def test_stereo_wraps_an_extractor_of_depth():
    """The inner extractor gets the depth and the left camera's calibration; copies stay apart."""
    (frame,) = make_frames(1, 90, 120)
    inner = DepthNormals(bins=(2, 2))
    extractor = StereoDepth(inner)
    mine = copy.copy(extractor).calibrate(STEREO)
    depth = Frame(0, 0, {"depth": mine.depth(frame)})
    expected = DepthNormals(bins=(2, 2)).calibrate({"depth": STEREO["left"]}).extract(depth)
    np.testing.assert_array_equal(mine.extract(frame), expected)
    assert not hasattr(inner, "camera_")
    with pytest.raises(RobotVisionError, match="StereoDepth needs the camera's calibration"):
        extractor.extract(frame)


def test_stereo_faults():
    """An inner extractor of colour, an even block, images of two sizes."""
    with pytest.raises(RobotVisionError, match="expected one that reads 'depth' alone"):
        FEATURES.create("stereo_depth", {"extractor": "phog"})
    with pytest.raises(RobotVisionError, match="block_size: expected an odd number, got 4"):
        FEATURES.create("stereo_depth", {"block_size": 4})
    with pytest.raises(RobotVisionError, match="n_disparities: expected a multiple of 16, got 40"):
        FEATURES.create("stereo_depth", {"n_disparities": 40})
    frame = Frame(
        0, 0, {"left": np.zeros((9, 90, 3), np.uint8), "right": np.zeros((9, 91, 3), np.uint8)}
    )
    with pytest.raises(RobotVisionError, match="frame 0: StereoDepth expects images of one size"):
        StereoDepth().calibrate(STEREO).extract(frame)
