from __future__ import annotations

import numpy as np
import pytest

from robotvision.synth.caster import Caster
from robotvision.synth.seats import rounded
from robotvision.synth.solids import Builder, Material

WOOD, PLAIN = Material("wood"), Material("plain")


def _down(b: Builder, x: float, y: float) -> float:
    """Return the height of what lies under a point, 0 where nothing does."""
    hits = Caster(b.finish()).cast(
        np.array([[x, y, 9.0]], np.float32), np.array([[0, 0, -1.0]], np.float32)
    )
    return max(0.0, 9.0 - float(hits.distance[0]))


@pytest.mark.parametrize("edges", [((2, 0, 0), (0, 0, 0.1)), ((0.1, 0, 0), (0, 0, 2))])
def test_the_grain_runs_along_the_longer_side(edges: tuple) -> None:
    """Edge 1, along which wood is grained, is the longer; normal and place stay what they were."""
    frames = {}
    for m in (WOOD, PLAIN):
        b = Builder()
        b.face((1, 2, 3), *edges, m)
        frames[m] = b.finish()
    grained, plain = frames[WOOD], frames[PLAIN]
    assert np.linalg.norm(grained.edge1) == pytest.approx(2)
    assert np.linalg.norm(grained.edge2) == pytest.approx(0.1)
    assert np.array_equal(grained.triangles, plain.triangles)
    normals = [np.cross(s.edge1[0], s.edge2[0]) for s in (grained, plain)]
    assert normals[0] == pytest.approx(normals[1])
    middles = [s.origin[0] + (s.edge1[0] + s.edge2[0]) / 2 for s in (grained, plain)]
    assert middles[0] == pytest.approx(middles[1])


def test_a_slab_has_its_outline_and_its_heights() -> None:
    """A rounded seat is met inside its outline and missed beyond its cut corners."""
    b = Builder()
    b.slab(rounded(0, 0, 1, 1, 0.3), 0.4, 0.5, PLAIN)
    assert _down(b, 0.5, 0.5) == pytest.approx(0.5, abs=1e-4)
    assert _down(b, 0.02, 0.5) == pytest.approx(0.5, abs=1e-4)
    assert _down(b, 0.02, 0.02) == 0


def test_a_sheet_goes_through_its_points() -> None:
    """Two cells bent over an edge have the heights of the grid's points between them."""
    b = Builder()
    b.sheet([[(0, 0, 0), (1, 0, 1), (2, 0, 0)], [(0, 1, 0), (1, 1, 1), (2, 1, 0)]], PLAIN)
    assert _down(b, 0.5, 0.5) == pytest.approx(0.5, abs=1e-3)
    assert _down(b, 1.75, 0.25) == pytest.approx(0.25, abs=1e-3)
