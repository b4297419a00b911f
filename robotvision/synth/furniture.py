"""Furniture for sitting, working, eating and storing, built from boxes and tubes.

Each piece stands with its back at y = 0, its middle at x = 0 and its front towards -y; its class
of object, where it has one, is the name given to `Builder.piece`. ``Style`` holds the colours one
building has in common.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from dataclasses import replace as _replace

import numpy as np

from robotvision.synth.solids import Builder, Material, Vec

Rng = np.random.Generator

BLACK = Material("plain", "#1c1d1f", ir=0.35)
DARK = Material("plain", "#3a3c40")
GRAY = Material("plain", "#8d9093")
LIGHT = Material("plain", "#dcdcda")
WHITE = Material("plain", "#f4f4f2")
STEEL = Material("brushed", "#c3c6c9", shine=0.25, ir=0.35)
CHROME = Material("plain", "#c9ccd0", shine=0.4, ir=0.2)
LEAF = Material("leaf", "#ffffff", tile_m=None)
SOIL = Material("carpet", "#4a3626")
RED = Material("plain", "#c8171e", shine=0.08)
CERAMIC = Material("plain", "#f8f8f6", shine=0.12)


@dataclass(frozen=True, slots=True)
class Style:
    """The colours that furniture of one building has in common."""

    wood: Material
    chair: Material
    sofa: Material
    cabinet: Material
    front: Material
    metal: Material
    accent: Material

    @classmethod
    def of(cls, rng: Rng) -> Style:
        """Return a style drawn from ``rng``."""
        wood = Material("wood", str(rng.choice(["#c79a63", "#8a5a34", "#d9c3a0", "#a8723f"])))
        cabinet = str(rng.choice(["#e6e2d8", "#b9bec4", "#cdb48c"]))
        return cls(
            wood=wood,
            chair=Material(
                "fabric", str(rng.choice(["#2f4d7c", "#30343a", "#7c2f35", "#3f6b53"])), tile_m=0.2
            ),
            sofa=Material(
                "fabric", str(rng.choice(["#b4512f", "#3d6f8e", "#7a8a3a", "#8c3a4a"])), tile_m=0.3
            ),
            cabinet=Material("plain", cabinet),
            front=Material("cabinet", cabinet, tile_m=None),
            metal=Material("plain", str(rng.choice(["#9aa1a8", "#6f7f8f", "#b8b4a6"]))),
            accent=Material("plain", str(rng.choice(["#d98c2b", "#2f8f8a", "#b03a48", "#5a7d2f"]))),
        )


def legs(b: Builder, w: float, d: float, h: float, m: Material, t: float = 0.05) -> None:
    """Four legs under a top of ``w`` x ``d`` at height ``h``."""
    for x in (-w / 2, w / 2 - t):
        for y in (-d, -t):
            b.box((x, y, 0), (x + t, y + t, h), m, skip=("top", "bottom"))


def chair(b: Builder, st: Style, rng: Rng) -> None:
    """Office chair on a star foot: 0.56 x 0.56 m, its back at y = 0."""
    with b.piece("Chair"), b.at(0, -0.28, 0, float(rng.uniform(-0.35, 0.35))):
        for k in range(5):
            a = k * 2 * math.pi / 5
            b.tube((0, 0, 0.07), (0.27 * math.cos(a), 0.27 * math.sin(a), 0.05), 0.022, BLACK, 5)
        b.tube((0, 0, 0.06), (0, 0, 0.44), 0.03, DARK, 6)
        b.box((-0.24, -0.24, 0.43), (0.24, 0.22, 0.52), st.chair)
        b.box((-0.22, 0.2, 0.58), (0.22, 0.26, 1.02), st.chair)
        b.box((-0.03, 0.22, 0.45), (0.03, 0.26, 0.6), DARK)
        for x in (-0.28, 0.24):
            b.box((x, -0.12, 0.66), (x + 0.04, 0.14, 0.69), BLACK)
            b.box((x, -0.01, 0.48), (x + 0.04, 0.04, 0.66), BLACK)


def plain_chair(b: Builder, st: Style, rng: Rng, wooden: bool = False) -> None:
    """Chair with four legs: 0.46 x 0.48 m."""
    seat = st.wood if wooden else st.chair
    with b.piece("Chair"), b.at(0, -0.02, 0, float(rng.uniform(-0.15, 0.15))):
        legs(b, 0.44, 0.44, 0.44, st.wood if wooden else CHROME, 0.03)
        b.box((-0.22, -0.44, 0.44), (0.22, 0, 0.48), seat)
        b.box((-0.22, -0.03, 0.62), (0.22, 0.01, 0.92), seat)
        for x in (-0.22, 0.19):
            b.box((x, -0.03, 0.48), (x + 0.03, 0, 0.64), st.wood if wooden else CHROME)


def desk(b: Builder, st: Style, w: float = 1.5, d: float = 0.75) -> None:
    """Desk with a drawer unit on the right and a screen against feet."""
    drawers = Material("drawers", st.cabinet.color, None)
    with b.piece("Table"):
        b.box((-w / 2, -d, 0.71), (w / 2, 0, 0.745), st.wood)
        b.box((-w / 2, -d, 0), (-w / 2 + 0.04, 0, 0.71), st.cabinet, skip=("top", "bottom"))
        b.box((-w / 2 + 0.04, -0.06, 0.25), (w / 2 - 0.42, -0.04, 0.7), st.cabinet)
        b.box(
            (w / 2 - 0.42, -d + 0.03, 0.03),
            (w / 2 - 0.02, -0.05, 0.71),
            st.cabinet,
            {"front": drawers},
            skip=("top", "bottom"),
        )


def computer(b: Builder, rng: Rng, z: float = 0.745, tower: bool = True) -> None:
    """Monitor, keyboard, mouse and, standing beside, the box. The back of the desk is y = 0."""
    lit = Material(f"desktop{rng.integers(4)}", "#ffffff", None, glow=0.55, shine=0.05, ir=0.15)
    with b.piece("Computer"):
        with b.at(0, -0.2, z, float(rng.uniform(-0.3, 0.3))):
            b.box((-0.13, -0.08, 0), (0.13, 0.1, 0.015), BLACK)
            b.box((-0.03, 0.0, 0), (0.03, 0.03, 0.2), BLACK)
            b.box((-0.29, -0.03, 0.12), (0.29, 0.02, 0.5), BLACK)
            b.face((-0.27, -0.031, 0.145), (0.54, 0, 0), (0, 0, 0.335), lit)
        keys = Material("keyboard", "#ffffff", None)
        b.box((-0.22, -0.56, z), (0.22, -0.42, z + 0.02), BLACK, {"top": keys})
        b.box((0.29, -0.54, z), (0.35, -0.44, z + 0.03), DARK)
        if tower:
            b.box(
                (0.5, -0.5, z),
                (0.68, -0.06, z + 0.42),
                DARK,
                {"front": Material("rack1", "#b8bcc0", None)},
            )


def papers(b: Builder, rng: Rng, x: float, y: float, z: float = 0.745) -> None:
    """Sheaf of papers."""
    paper = Material(f"papers{rng.integers(3)}", "#ffffff", None)
    with b.at(x, y, z, float(rng.uniform(-0.5, 0.5))):
        b.box(
            (-0.105, -0.15, 0),
            (0.105, 0.15, float(rng.uniform(0.005, 0.08))),
            WHITE,
            {"top": paper},
            skip=("bottom",),
        )


def phone(b: Builder, x: float, y: float, z: float = 0.745) -> None:
    """Desk telephone with its receiver."""
    with b.piece("Phone"), b.at(x, y, z):
        b.box(
            (-0.12, -0.11, 0),
            (0.12, 0.11, 0.05),
            BLACK,
            {"top": Material("phone", "#ffffff", None)},
        )
        b.box((-0.115, -0.12, 0.05), (-0.055, 0.12, 0.1), BLACK)


def wall_phone(b: Builder, z: float = 1.3) -> None:
    """Telephone on the wall, bright so that it can be seen."""
    with b.piece("Phone"):
        b.box(
            (-0.13, -0.08, z),
            (0.13, 0, z + 0.3),
            WHITE,
            {"front": Material("phone", "#ffffff", None)},
        )
        b.box((-0.11, -0.13, z + 0.03), (-0.05, -0.08, z + 0.28), BLACK)


def lamp(b: Builder, x: float, y: float, z: float = 0.745) -> None:
    """Desk lamp."""
    b.tube((x, y, z), (x, y, z + 0.02), 0.08, DARK, 8)
    b.tube((x, y, z + 0.02), (x + 0.05, y + 0.03, z + 0.4), 0.012, DARK, 5)
    b.tube(
        (x - 0.03, y - 0.1, z + 0.33),
        (x + 0.05, y + 0.03, z + 0.42),
        0.07,
        Material("plain", "#e0b030"),
        8,
        0.03,
    )


def workplace(b: Builder, st: Style, rng: Rng, with_phone: bool = True) -> None:
    """Desk with computer, papers, telephone and chair: 1.5 x 1.6 m."""
    desk(b, st)
    computer(b, rng)
    papers(b, rng, -0.5, -0.5)
    if with_phone:
        phone(b, -0.55, -0.2)
    if rng.random() < 0.5:
        lamp(b, 0.45, -0.6) if rng.random() < 0.3 else papers(b, rng, 0.42, -0.6)
    with b.at(float(rng.uniform(-0.15, 0.15)), -1.15, 0, math.pi), b.at(0, 0.28):
        chair(b, st, rng)


def shelf_boards(b: Builder, w: float, d: float, h: float, n: int, m: Material) -> list[float]:
    """Open shelf: sides, back, top and ``n`` boards; returns the heights of the boards."""
    b.box((-w / 2, -d, 0), (-w / 2 + 0.03, 0, h), m)
    b.box((w / 2 - 0.03, -d, 0), (w / 2, 0, h), m)
    b.box((-w / 2, -0.02, 0), (w / 2, 0, h), m)
    b.box((-w / 2, -d, h - 0.03), (w / 2, 0, h), m)
    levels = [0.06 + k * (h - 0.1) / n for k in range(n)]
    for z in levels:
        b.box((-w / 2 + 0.03, -d, z - 0.03), (w / 2 - 0.03, -0.02, z), m)
    return levels


def bookshelf(b: Builder, st: Style, rng: Rng, w: float = 0.95, h: float = 2.0) -> None:
    """Bookshelf full of books and binders: 0.32 m deep."""
    with b.piece("Bookshelf"):
        n = max(2, round(h / 0.38))
        step = (h - 0.1) / n
        for z in shelf_boards(b, w, 0.32, h, n, st.wood):
            kind = f"binders{rng.integers(3)}" if rng.random() < 0.3 else f"books{rng.integers(6)}"
            depth = float(rng.uniform(0.2, 0.27))
            full = float(rng.uniform(0.75, 1.0)) * (w - 0.08)
            b.box(
                (-w / 2 + 0.04, -depth, z),
                (-w / 2 + 0.04 + full, -0.03, z + step * 0.8),
                Material("plain", "#5a4636"),
                {"front": Material(kind, "#ffffff", None)},
                skip=("bottom", "back"),
            )


def store_shelf(b: Builder, st: Style, rng: Rng, w: float = 1.2, h: float = 2.0) -> None:
    """Metal shelf with boxes: 0.5 m deep."""
    with b.piece(""):
        for x in (-w / 2, w / 2 - 0.04):
            for y in (-0.5, -0.04):
                b.box((x, y, 0), (x + 0.04, y + 0.04, h), st.metal)
        n = max(3, round(h / 0.55))
        for k in range(n):
            z = 0.12 + k * (h - 0.2) / (n - 1)
            b.box((-w / 2, -0.5, z - 0.03), (w / 2, 0, z), st.metal)
            if k == n - 1 and h > 2.2:
                continue
            x = -w / 2 + 0.06
            while x < w / 2 - 0.25:
                size = float(rng.uniform(0.22, 0.42))
                if x + size > w / 2 - 0.04:
                    break
                if rng.random() < 0.85:
                    with b.at(x, 0, z):
                        carton(
                            b,
                            rng,
                            size,
                            float(rng.uniform(0.3, 0.44)),
                            float(rng.uniform(0.16, 0.34)),
                        )
                x += size + 0.05


def carton(b: Builder, rng: Rng, w: float, d: float, h: float) -> None:
    """Cardboard box with its front left corner at (0, -d - 0.03)."""
    tone = str(rng.choice(["#ffffff", "#e8d8c0", "#d8c4a8", "#9fb4c8"]))
    b.box((0, -d - 0.03, 0), (w, -0.03, h), Material("cardboard", tone, None), skip=("bottom",))


def cupboard(b: Builder, st: Style, w: float = 0.9, d: float = 0.42, h: float = 1.9) -> None:
    """Cupboard with two doors."""
    with b.piece(""):
        b.box((-w / 2, -d, 0), (w / 2, 0, h), st.cabinet, skip=("front", "bottom"))
        for x in (-w / 2, 0.0):
            b.face((x, -d, 0), (w / 2, 0, 0), (0, 0, h), st.front)


def filing_cabinet(b: Builder, st: Style, w: float = 0.46, h: float = 1.3) -> None:
    """Steel filing cabinet: 0.55 m deep."""
    with b.piece(""):
        drawers = Material("drawers", st.metal.color, None, shine=0.05)
        b.box((-w / 2, -0.55, 0), (w / 2, 0, h), st.metal, {"front": drawers}, skip=("bottom",))


def trash(b: Builder, color: str = "#54585c", radius: float = 0.15, h: float = 0.38) -> None:
    """Open waste-paper bin."""
    with b.piece("Trash"):
        m = Material("plain", color)
        b.tube((0, -radius, 0), (0, -radius, h), radius * 0.8, m, 10, radius, BLACK)


def plant(b: Builder, rng: Rng, h: float = 1.3) -> None:
    """Potted plant of many leaves."""
    with b.piece(""):
        b.tube((0, -0.25, 0), (0, -0.25, 0.32), 0.14, Material("plain", "#a4553a"), 10, 0.18, SOIL)
        for _ in range(int(26 * h)):
            a, r = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.2)
            z = rng.uniform(0.34, h - 0.25)
            root: Vec = (0.4 * r * math.cos(a), -0.25 + 0.4 * r * math.sin(a), z)
            out, up = rng.uniform(0.14, 0.32), rng.uniform(0.05, 0.28)
            along: Vec = (out * math.cos(a), out * math.sin(a), up)
            side: Vec = (-0.07 * math.sin(a), 0.07 * math.cos(a), rng.uniform(-0.02, 0.02))
            tip = tuple(r0 + l0 for r0, l0 in zip(root, along, strict=True))
            middle = [r0 + 0.5 * l0 for r0, l0 in zip(root, along, strict=True)]
            left = tuple(m0 - s0 for m0, s0 in zip(middle, side, strict=True))
            right = tuple(m0 + s0 for m0, s0 in zip(middle, side, strict=True))
            b.face(root, side, along, LEAF, ((root, right, tip), (root, tip, left)))  # type: ignore[arg-type]
        b.tube((0, -0.25, 0.3), (0, -0.25, h - 0.3), 0.015, Material("wood", "#6b4a2c"), 5)


def sofa(b: Builder, st: Style, w: float = 1.9) -> None:
    """Sofa with arms and cushions: 0.85 m deep."""
    with b.piece(""):
        b.box((-w / 2, -0.85, 0.08), (w / 2, 0, 0.26), st.sofa)
        n = max(1, round((w - 0.3) / 0.75))
        step = (w - 0.36) / n
        for k in range(n):
            x = -w / 2 + 0.18 + k * step
            b.box((x + 0.01, -0.86, 0.26), (x + step - 0.01, -0.22, 0.44), st.sofa)
            b.box((x + 0.01, -0.26, 0.44), (x + step - 0.01, -0.08, 0.82), st.sofa)
        b.box((-w / 2, -0.1, 0.2), (w / 2, 0, 0.8), st.sofa)
        for x in (-w / 2, w / 2 - 0.17):
            b.box((x, -0.85, 0.2), (x + 0.17, 0, 0.6), st.sofa)


def low_table(b: Builder, st: Style, rng: Rng) -> None:
    """Coffee table with magazines: 1.0 x 0.6 m."""
    with b.piece("Table"):
        legs(b, 0.96, 0.56, 0.38, DARK, 0.04)
        b.box((-0.5, -0.6, 0.38), (0.5, 0, 0.42), st.wood)
        for x in (-0.2, 0.2):
            with b.at(x, -0.3, 0.42, float(rng.uniform(-1, 1))):
                cover = Material(f"poster{rng.integers(8)}", "#ffffff", None)
                b.box((-0.11, -0.15, 0), (0.11, 0.15, 0.01), WHITE, {"top": cover})


def table(b: Builder, st: Style, w: float, d: float, h: float = 0.74) -> None:
    """Table on four legs."""
    with b.piece("Table"):
        legs(b, w - 0.06, d - 0.06, h - 0.04, CHROME)
        b.box((-w / 2, -d, h - 0.04), (w / 2, 0, h), st.wood)


def table_with_chairs(
    b: Builder,
    st: Style,
    rng: Rng,
    size: tuple[float, float],
    per_side: int,
    wooden: bool = False,
    computers: bool = False,
) -> None:
    """Build a table of ``size`` (width w, depth d) with chairs along both long sides.

    All of it is d + 1.2 m deep, the middle at y = -(d + 1.2) / 2.
    """
    w, d = size
    with b.piece(""), b.at(0, -0.6):
        table(b, st, w, d)
        for k in range(per_side):
            x = (k + 0.5) * w / per_side - w / 2
            with b.at(x, 0.35 + float(rng.uniform(-0.05, 0.12))):
                plain_chair(b, st, rng, wooden)
            with b.at(x, -d - 0.35 - float(rng.uniform(-0.05, 0.12)), 0, math.pi):
                plain_chair(b, st, rng, wooden)
            if computers:
                with b.at(x, -d / 2 + 0.2):
                    computer(b, rng, 0.74, tower=False)
            elif rng.random() < 0.5:
                papers(b, rng, x, -0.2, 0.74)


def accented(st: Style, color: str) -> Style:
    """Return the style with another colour of chairs."""
    return _replace(st, chair=_replace(st.chair, color=color))
