from __future__ import annotations

import numpy as np
import pytest

from robotvision.synth.caster import Caster
from robotvision.synth.lightmap import DARKEST, NodeGrid, openness, tangents
from robotvision.synth.solids import Builder, Material, Solids

PLAIN = Material("plain")


def _floor(with_box: bool) -> Solids:
    b = Builder()
    b.face((0, 0, 0), (4, 0, 0), (0, 2, 0), PLAIN)
    if with_box:
        b.box((1, 0.5, 0), (2, 1.5, 1), PLAIN, skip=("bottom",))
    return b.finish()


def _open_share(solids: Solids) -> tuple[np.ndarray, np.ndarray]:
    normals = np.cross(solids.edge1, solids.edge2)
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
    grid = NodeGrid.over(solids, np.full(len(normals), 0.1, np.float32), 100)
    share = openness(Caster(solids), solids, grid, normals)[:, 0]
    on_floor = grid.surface == 0
    return share[on_floor].reshape(20, 40), grid.points(solids, normals, 0)[on_floor]


def test_what_is_linear_is_interpolated_exactly() -> None:
    """Between the outer nodes bilinear interpolation gives a plane's values back."""
    grid = NodeGrid.over(_floor(False), np.array([0.1], np.float32), 100)
    values = np.stack([3 * grid.s - 2 * grid.t, grid.t], 1).astype(np.float32)
    rng = np.random.default_rng(0)
    s, t = rng.uniform(0.1, 0.9, (2, 50)).astype(np.float32)
    found = grid.interpolate(values, np.zeros(50, np.int32), s, t)
    assert found == pytest.approx(np.stack([3 * s - 2 * t, t], 1), abs=1e-5)


def test_a_nodes_own_place_is_nearest_to_it() -> None:
    """Looking a node's place up finds the node, and its neighbours are a step away."""
    grid = NodeGrid.over(_floor(True), np.full(6, 0.3, np.float32), 7)
    assert np.array_equal(grid.nearest(grid.surface, grid.s, grid.t), np.arange(len(grid)))
    assert (grid.surface[grid.around] == grid.surface).all()
    assert max(grid.nu.max(), grid.nv.max()) == 7


def test_an_open_floor_keeps_all_its_light() -> None:
    """Where nothing stands nothing is darkened."""
    share, _ = _open_share(_floor(False))
    assert share == pytest.approx(1)


def test_the_floor_darkens_towards_a_box() -> None:
    """Beside the box less light is left than a hand away, and further off all of it."""
    share, _ = _open_share(_floor(True))
    beside, near, far = share[10, 20], share[10, 23], share[10, 30]
    assert DARKEST < beside < near - 0.05
    assert near < far
    assert far == pytest.approx(1)


def test_tangents_span_the_plane() -> None:
    """Both are of length 1, at right angles to the normal and to each other."""
    normals = np.array([[1, 0, 0], [0, 0, 1], [0.6, 0, -0.8]], np.float32)
    u, v = tangents(normals)
    for a, b in ((u, v), (u, normals), (v, normals)):
        assert (a * b).sum(1) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(u, axis=1) == pytest.approx(1)
    assert np.linalg.norm(v, axis=1) == pytest.approx(1)
