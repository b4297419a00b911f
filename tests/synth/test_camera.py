from __future__ import annotations

import numpy as np
import pytest

from robotvision.synth.building import Floor
from robotvision.synth.camera import Appearance, CameraView, Eye, Lens, Stage
from robotvision.synth.caster import Caster
from robotvision.synth.light import lighting, transport
from robotvision.synth.plan import FloorPlan, Room
from robotvision.synth.sensor import FAR_M, NEAR_M, measure_depth
from robotvision.synth.sequence import BASELINE_M, DriveSpec, Shot, stage_of
from robotvision.synth.solids import Builder, Material, wall

LENS = Lens.wide(80, 60)
W, D, H = 5.0, 4.0, 2.7


@pytest.fixture(scope="module")
def bare() -> Stage:
    """An empty room of 5 x 4 x 2.7 m with one lamp."""
    b = Builder()
    b.room = 0
    paint = Material("paint")
    b.face((0, 0, 0), (W, 0, 0), (0, D, 0), paint)
    b.face((0, D, H), (W, 0, 0), (0, -D, 0), paint)
    for start, end in (((0, D), (W, D)), ((W, D), (W, 0)), ((W, 0), (0, 0)), ((0, 0), (0, D))):
        wall(b, start, end, H, [], paint)
    b.lamp = 0
    b.face((2, 2.5, H - 0.01), (1, 0, 0), (0, -1, 0), paint)
    room = Room("Room", "corridor", 0, 0, 0, W, D, ())
    floor = Floor(FloorPlan((room,)), b.finish(), (), np.zeros(1, np.int32), 0)
    caster = Caster(floor.solids)
    tr = transport(floor, caster)
    return Stage(floor, caster, tr, lighting("cloudy", floor), Appearance(floor))


def _expected_depth(eye: Eye) -> np.ndarray:
    """Depth of a box from inside, by the slab method, pixel by pixel."""
    right, down, forward = eye.axes.astype(float)
    depth = np.empty((LENS.height, LENS.width))
    for v in range(LENS.height):
        for u in range(LENS.width):
            ray = (
                (u + 0.5 - LENS.cx) / LENS.fx * right
                + (v + 0.5 - LENS.cy) / LENS.fy * down
                + forward
            )
            steps = []
            for k, size in enumerate((W, D, H)):
                start = (eye.x, eye.y, eye.z)[k]
                if ray[k] > 1e-12:
                    steps.append((size - start) / ray[k])
                elif ray[k] < -1e-12:
                    steps.append(-start / ray[k])
            depth[v, u] = min(steps)
    return depth


@pytest.mark.parametrize("eye", [Eye(1, 1, 1.1, 0.3), Eye(4, 3, 1.2, -2.4, -0.2, 0.05)])
def test_depth_is_that_of_the_geometry(bare: Stage, eye: Eye) -> None:
    """In an empty box the depth of every pixel is the slab method's, but for the lamp's 1 cm."""
    view = bare.view(eye, LENS)
    assert np.abs(view.depth_m - _expected_depth(eye)).max() < 0.02


def test_walls_near_the_lamp_are_brighter(bare: Stage) -> None:
    """The floor under the lamp gets more light than the floor in a corner."""
    tr, nodes = bare.transport, bare.nodes
    floor = np.flatnonzero(tr.grid.surface == 0)
    away = np.hypot(tr.position[floor, 0] - 2.5, tr.position[floor, 1] - 2.0)
    below, corner = nodes[floor[np.argmin(away)], 1], nodes[floor[np.argmax(away)], 1]
    assert below > 1.3 * corner > 0


def test_the_irradiance_under_a_lamp_is_the_form_factors(bare: Stage) -> None:
    """Direct light of a 1 m square lamp 2.69 m overhead: within 3 % of the exact integral."""
    tr = bare.transport
    nodes, factor = tr.lamps[0]
    under = np.hypot(tr.position[nodes, 0] - 2.5, tr.position[nodes, 1] - 2.0) < 0.12
    under &= tr.grid.surface[nodes] == 0
    grid = (np.arange(200) + 0.5) / 200 - 0.5
    x, y = np.meshgrid(grid, grid)
    h = H - 0.014
    exact = float((h * h / (np.pi * (x * x + y * y + h * h) ** 2)).mean())
    assert float(factor[under].mean()) == pytest.approx(exact, rel=0.03)


def test_the_depth_camera_is_right_where_it_reads(spec: DriveSpec, taken: list[Shot]) -> None:
    """Readings lie in range and within the step of the sensor; there are holes."""
    stage = stage_of(spec)
    holes = 0.0
    for k, shot in enumerate(taken):
        eye = Eye(shot.pose[0], shot.pose[1], 1.12, shot.pose[2])
        lens = Lens.wide(160, 120)
        view = stage.view(eye, lens)
        depth = measure_depth(view, stage.looks.ir, lens, np.random.default_rng(k))
        assert depth.dtype == np.uint16
        read = depth > 0
        holes += float((~read).mean()) / len(taken)
        z = view.depth_m[read]
        assert z.min() >= NEAR_M
        assert z.max() <= FAR_M
        step = z * z / (8 * 0.075 * 1.8 * lens.fx)
        assert (np.abs(depth[read] / 1000 - z) < 1.6 * step + 0.002).all()
    assert 0.005 < holes < 0.6


def test_stereo_disparity_is_that_of_the_depth(spec: DriveSpec, taken: list[Shot]) -> None:
    """A point at depth Z in the left image lies fx * B / Z further left in the right one."""
    stage = stage_of(spec)
    lens = Lens.wide(320, 60)
    agreeing = []
    for shot in taken[::3]:
        eye = Eye(shot.pose[0], shot.pose[1], 1.12, shot.pose[2])
        left: CameraView = stage.view(eye, lens)
        right: CameraView = stage.view(eye.shifted(BASELINE_M), lens)
        v, u = np.mgrid[: lens.height, : lens.width]
        moved = np.round(u - lens.fx * BASELINE_M / left.depth_m).astype(int)
        seen = (moved >= 0) & np.isfinite(left.depth_m)
        z = right.depth_m[v[seen], moved[seen]]
        agreeing.append(float((np.abs(z / left.depth_m[seen] - 1) < 0.03).mean()))
    assert np.mean(agreeing) > 0.9
