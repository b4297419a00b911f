"""Chairs, sofas and benches, their backs at y = 0 and their fronts towards -y."""

from __future__ import annotations

import math
from itertools import pairwise

from robotvision.synth.aliases import Point, Rng, Vec
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import BLACK, CHROME, DARK, Style


def rounded(x0: float, y0: float, x1: float, y1: float, r: float) -> list[Point]:
    """Return a rectangle with its corners rounded, anticlockwise, two edges a corner."""
    points: list[Point] = []
    for cx, cy, start in (
        (x1 - r, y0 + r, -90),
        (x1 - r, y1 - r, 0),
        (x0 + r, y1 - r, 90),
        (x0 + r, y0 + r, 180),
    ):
        for step in (0, 45, 90):
            a = math.radians(start + step)
            points.append((cx + r * math.cos(a), cy + r * math.sin(a)))
    return points


def bent_back(
    b: Builder, w: float, low: float, high: float, m: Material, depth: float = 0.05, lean: float = 0
) -> None:
    """Build a back rest that is bent round who sits there: at y = 0, hollow towards -y."""
    n = 6
    rows: list[list[Vec]] = []
    for t in (0.0, 0.25, 0.75, 1.0):
        z, narrow = low + t * (high - low), 0.86 if t in (0.0, 1.0) else 1.0
        row = []
        for k in range(n + 1):
            s = 2 * k / n - 1
            row.append((0.5 * w * narrow * s, lean * t - depth * s * s, z))
        rows.append(row)
    b.sheet(rows, m)
    behind = [[(x, y + 0.022, z) for x, y, z in reversed(row)] for row in rows]
    b.sheet(behind, m)
    b.sheet([rows[-1], list(reversed(behind[-1]))], m)
    for front, back in ((0, n), (n, 0)):
        b.sheet([[r[front] for r in rows], [r[back] for r in behind]], m)


def chair(b: Builder, st: Style, rng: Rng) -> None:
    """Office chair on a star foot with castors: 0.56 x 0.56 m, its back at y = 0."""
    with b.piece("Chair"), b.at(0, -0.28, 0, float(rng.uniform(-0.5, 0.5))):
        for k in range(5):
            a = k * 2 * math.pi / 5
            x, y = 0.27 * math.cos(a), 0.27 * math.sin(a)
            b.tube((0, 0, 0.1), (x, y, 0.06), 0.022, BLACK, 5)
            b.tube((x - 0.02, y, 0.03), (x + 0.02, y, 0.03), 0.03, DARK, 8)
        b.tube((0, 0, 0.08), (0, 0, 0.3), 0.035, DARK, 8)
        b.tube((0, 0, 0.3), (0, 0, 0.44), 0.022, CHROME, 8)
        b.slab(rounded(-0.25, -0.25, 0.25, 0.22, 0.09), 0.43, 0.5, st.chair)
        with b.at(0, 0.25):
            bent_back(b, 0.46, 0.6, 1.06, st.chair, 0.07, 0.05)
            b.sheet(
                [
                    [(-0.03, -0.02, 0.45), (0.03, -0.02, 0.45)],
                    [(-0.03, 0.03, 0.7), (0.03, 0.03, 0.7)],
                ],
                DARK,
            )
        for x in (-0.29, 0.25):
            b.slab(rounded(x, -0.14, x + 0.05, 0.14, 0.02), 0.66, 0.69, BLACK)
            b.box((x + 0.01, -0.01, 0.48), (x + 0.04, 0.04, 0.66), BLACK, skip=("top", "bottom"))


def plain_chair(b: Builder, st: Style, rng: Rng, wooden: bool = False) -> None:
    """Chair of 0.46 x 0.48 m: of wood with rungs in its back, or a shell on four steel legs."""
    with b.piece("Chair"), b.at(0, -0.02, 0, float(rng.uniform(-0.2, 0.2))):
        if wooden:
            _wooden(b, st.wood)
        else:
            _shell(b, st.chair)


def _wooden(b: Builder, m: Material) -> None:
    for x in (-0.2, 0.2):
        b.tube((x, -0.4, 0), (x * 0.93, -0.38, 0.44), 0.016, m, 6, 0.02)
        b.tube((x, 0.02, 0), (x * 0.95, -0.02, 0.46), 0.016, m, 6, 0.02)
        b.tube((x * 0.95, -0.02, 0.46), (x * 0.88, 0.05, 0.94), 0.02, m, 6, 0.015)
        b.tube((x * 0.97, -0.39, 0.2), (x * 0.97, 0.0, 0.2), 0.01, m, 5)
    b.slab(rounded(-0.23, -0.43, 0.23, 0.0, 0.07), 0.43, 0.46, m)
    for k in range(4):
        x = -0.12 + 0.08 * k
        b.tube((x, -0.01, 0.46), (x * 0.95, 0.045, 0.86), 0.009, m, 5)
    with b.at(0, 0.055):
        bent_back(b, 0.42, 0.84, 0.95, m, 0.02)


def _shell(b: Builder, m: Material) -> None:
    for x in (-0.2, 0.2):
        for y, out in ((-0.38, -0.03), (-0.04, 0.05)):
            b.tube((x * 1.05, y + out, 0), (x * 0.8, y, 0.43), 0.011, CHROME, 6)
    profile = (
        (-0.44, 0.43),
        (-0.4, 0.455),
        (-0.2, 0.44),
        (-0.06, 0.45),
        (0.0, 0.52),
        (0.025, 0.66),
        (0.05, 0.84),
    )
    rows: list[list[Vec]] = []
    for k, (y, z) in enumerate(profile):
        half = 0.21 if k in (0, len(profile) - 1) else 0.235
        rise = 0.012 if k < 4 else 0.0
        forward = 0.0 if k < 4 else 0.03
        rows.append(
            [
                (-half, y - forward, z + rise),
                (-half * 0.6, y, z),
                (half * 0.6, y, z),
                (half, y - forward, z + rise),
            ]
        )
    b.sheet(rows, m)


def sofa(b: Builder, st: Style, rng: Rng, w: float = 1.9) -> None:
    """Sofa with arms, seat and back cushions, and a few of another cloth: 0.85 m deep."""
    with b.piece(""):
        b.box((-w / 2 + 0.04, -0.8, 0.1), (w / 2 - 0.04, -0.02, 0.26), st.sofa)
        for x in (-w / 2 + 0.1, w / 2 - 0.14):
            for y in (-0.78, -0.08):
                b.tube((x, y, 0), (x, y, 0.1), 0.016, DARK, 6, 0.024)
        n = max(1, round((w - 0.3) / 0.75))
        step = (w - 0.36) / n
        for k in range(n):
            x = -w / 2 + 0.18 + k * step
            b.slab(rounded(x + 0.01, -0.87, x + step - 0.01, -0.2, 0.06), 0.27, 0.44, st.sofa)
            with b.at(x + step / 2, -0.16, 0):
                bent_back(b, step - 0.04, 0.45, 0.86, st.sofa, 0.05, 0.08)
            if rng.random() < 0.7:
                cushion(b, rng, x + step * float(rng.uniform(0.3, 0.7)))
        b.box((-w / 2, -0.1, 0.12), (w / 2, 0, 0.8), st.sofa)
        for x in (-w / 2, w / 2 - 0.17):
            b.slab(rounded(x, -0.85, x + 0.17, 0, 0.05), 0.12, 0.6, st.sofa)


def cushion(b: Builder, rng: Rng, x: float) -> None:
    """Cushion that leans on the back of a sofa."""
    cloth = Material(f"rug{rng.integers(4)}", "#ffffff", None)
    with b.at(x, -0.3, 0.44, float(rng.uniform(-0.4, 0.4))):
        r, out = 0.2, 0.07
        rows: list[list[Vec]] = [
            [(-r, 0.0, 0.01), (0, -out * 0.4, 0.0), (r, 0.0, 0.01)],
            [(-r * 0.94, 0.03, 0.19), (0, -out, 0.2), (r * 0.94, 0.03, 0.19)],
            [(-r, 0.1, 0.38), (0, 0.06, 0.37), (r, 0.1, 0.38)],
        ]
        for a, c in pairwise(rows):
            b.sheet([a, c], cloth)
