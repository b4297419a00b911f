"""Plants in tubs: a bush of small leaves, a palm with fronds, blades that stand upright."""

from __future__ import annotations

import math
from itertools import pairwise

from robotvision.synth.aliases import Rng, Vec
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import SOIL

LEAVES = ("#ffffff", "#d5e6b5", "#b5cfae", "#e3efc9")
TUBS = ("#a4553a", "#3b3e42", "#d8d4c8", "#5f6f66")


def plant(b: Builder, rng: Rng, h: float = 1.3) -> None:
    """Potted plant of one of three kinds, ``h`` metres high, 0.5 m across."""
    kind = int(rng.integers(3))
    with b.piece(""), b.at(0, -0.27):
        tub = Material("plain", str(rng.choice(TUBS)))
        b.tube((0, 0, 0), (0, 0, 0.3), 0.14, tub, 12, 0.18)
        b.tube((0, 0, 0.3), (0, 0, 0.34), 0.195, tub, 12, 0.195, SOIL)
        leaf = Material("leaf", str(rng.choice(LEAVES)), None)
        (_bush, _palm, _blades)[kind](b, rng, h, leaf)


def _blade(b: Builder, spine: list[Vec], widths: list[float], side: Vec, leaf: Material) -> None:
    """Build a leaf along its spine, ``widths`` wide at each of its points."""
    n = len(spine) - 1
    for k in range(n):
        (p, q), (v, w) = (spine[k], spine[k + 1]), (widths[k], widths[k + 1])
        a, d = _off(p, side, -v), _off(q, side, -w)
        e, c = _off(p, side, v), _off(q, side, w)
        along = (q[0] - p[0], q[1] - p[1], q[2] - p[2])
        wide = 2 * max(v, w)
        triangles = ((a, e, c), (a, c, d)) if w > 1e-6 else ((a, e, q),)
        across = (side[0] * wide, side[1] * wide, side[2] * wide)
        b.face(_off(p, side, -wide / 2), across, along, leaf, triangles)


def _off(p: Vec, side: Vec, by: float) -> Vec:
    return (p[0] + side[0] * by, p[1] + side[1] * by, p[2] + side[2] * by)


def _arch(a: float, start: Vec, out: float, rise: float, fall: float, n: int) -> list[Vec]:
    """Return points that rise from ``start`` towards azimuth ``a`` and droop at the end."""
    points: list[Vec] = []
    for k in range(n + 1):
        t = k / n
        r = out * t
        z = start[2] + rise * math.sin(t * 2.0) - fall * t * t
        points.append((start[0] + r * math.cos(a), start[1] + r * math.sin(a), z))
    return points


def _bush(b: Builder, rng: Rng, h: float, leaf: Material) -> None:
    """Leaves all over an egg-shaped crown on a few stems."""
    bark = Material("wood", "#6b4a2c")
    for k in range(3):
        a = 2.1 * k + float(rng.uniform(0, 1))
        tip = (0.1 * math.cos(a), 0.1 * math.sin(a), h * 0.75)
        b.tube((0.02 * k, 0, 0.3), tip, 0.013, bark, 5, 0.007)
    n = int(62 * h)
    for k in range(n):
        t = (k + 0.5) / n
        a = 2.4 * k
        r = 0.25 * math.sqrt(max(0.05, math.sin(math.pi * (0.12 + 0.8 * t))))
        r *= float(rng.uniform(0.35, 1.0))
        z = 0.42 + (h - 0.5) * t
        start = (0.6 * r * math.cos(a), 0.6 * r * math.sin(a), z)
        size = float(rng.uniform(0.1, 0.16))
        spine = _arch(a + float(rng.uniform(-0.7, 0.7)), start, size, 0.05, 0.07, 2)
        b_side = (-math.sin(a), math.cos(a), float(rng.uniform(-0.4, 0.4)))
        _blade(b, spine, [0.006, 0.035, 0.0], b_side, leaf)


def _palm(b: Builder, rng: Rng, h: float, leaf: Material) -> None:
    """Fronds that arch from one stem, each with leaflets to both sides."""
    b.tube((0, 0, 0.3), (0, 0, h * 0.55), 0.03, Material("wood", "#7a5a3a"), 7, 0.02)
    for k in range(9):
        a = 2.4 * k
        high = float(rng.uniform(0.3, 0.5)) * h
        spine = _arch(a, (0, 0, h * 0.5), float(rng.uniform(0.28, 0.42)), high, high * 0.75, 6)
        side = (-math.sin(a), math.cos(a), 0.0)
        _blade(b, spine, [0.006] * 7, side, leaf)
        for p, q in pairwise(spine[1:]):
            for s in (-1.0, 1.0):
                tip = (q[0] + s * side[0] * 0.11, q[1] + s * side[1] * 0.11, q[2] - 0.05)
                along = (q[0] - p[0], q[1] - p[1], q[2] - p[2])
                out = (tip[0] - p[0], tip[1] - p[1], tip[2] - p[2])
                b.face(p, along, out, leaf, ((p, q, tip),))


def _blades(b: Builder, rng: Rng, h: float, leaf: Material) -> None:
    """Stiff leaves that stand upright from the earth."""
    for k in range(16):
        a = 2.4 * k
        out, high = float(rng.uniform(0.03, 0.2)), float(rng.uniform(0.45, 0.9)) * (h - 0.34)
        r = 0.03 + 0.005 * k
        start = (r * math.cos(a), r * math.sin(a), 0.34)
        spine = [
            (
                start[0] + out * t * t * math.cos(a),
                start[1] + out * t * t * math.sin(a),
                0.34 + high * t,
            )
            for t in (0.0, 0.35, 0.75, 1.0)
        ]
        _blade(b, spine, [0.02, 0.036, 0.03, 0.0], (-math.sin(a), math.cos(a), 0.0), leaf)
