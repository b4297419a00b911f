"""Furniture for working, eating and storing, and what stands on it.

Each piece stands with its back at y = 0, its middle at x = 0 and its front towards -y; its class
of object, where it has one, is the name given to `Builder.piece`.
"""

from __future__ import annotations

import math

from robotvision.synth import clutter
from robotvision.synth.aliases import Rng
from robotvision.synth.seats import chair, plain_chair
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import BLACK, CHROME, DARK, WHITE, Style


def legs(b: Builder, w: float, d: float, h: float, m: Material, t: float = 0.05) -> None:
    """Four legs under a top of ``w`` x ``d`` at height ``h``."""
    for x in (-w / 2, w / 2 - t):
        for y in (-d, -t):
            b.box((x, y, 0), (x + t, y + t, h), m, skip=("top", "bottom"))


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
        b.tube((0.02, -0.14, z + 0.1), (0.06, -0.01, z + 0.02), 0.008, BLACK, 4)
        b.tube((0.06, -0.01, z + 0.02), (0.06, 0.0, z - 0.35), 0.008, BLACK, 4)
        if tower:
            b.box(
                (0.5, -0.5, z),
                (0.68, -0.06, z + 0.42),
                DARK,
                {"front": Material("tower", "#ffffff", None)},
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
    if rng.random() < 0.4:
        lamp(b, 0.62, -0.62)
    clutter.strew(b, rng, clutter.DESK, (-0.74, -0.24, -0.32, -0.04, 0.745))
    clutter.strew(b, rng, clutter.DESK, (-0.74, -0.7, -0.28, -0.5, 0.745), 0.7)
    clutter.strew(b, rng, clutter.DESK, (0.36, -0.7, 0.72, -0.55, 0.745), 0.5)
    if rng.random() < 0.4:
        with b.piece(), b.at(-0.5, -0.5, 0, float(rng.uniform(-1, 1))):
            clutter.bag(b, rng)
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
    clutter.strew(b, rng, clutter.HIGH, (-w / 2 + 0.05, -0.25, w / 2 - 0.05, -0.08, h), 0.6)


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


def cupboard(
    b: Builder, st: Style, rng: Rng, w: float = 0.9, d: float = 0.42, h: float = 1.9
) -> None:
    """Cupboard with two doors, and what has been put on it."""
    with b.piece(""):
        b.box((-w / 2, -d, 0), (w / 2, 0, h), st.cabinet, skip=("front", "bottom"))
        for x in (-w / 2, 0.0):
            b.face((x, -d, 0), (w / 2, 0, 0), (0, 0, h), st.front)
    items = clutter.DESK if h < 1.2 else clutter.HIGH
    clutter.strew(b, rng, items, (-w / 2 + 0.04, -d + 0.12, w / 2 - 0.04, -0.1, h), 0.7)


def filing_cabinet(b: Builder, st: Style, rng: Rng, w: float = 0.46, h: float = 1.3) -> None:
    """Steel filing cabinet: 0.55 m deep."""
    with b.piece(""):
        drawers = Material("drawers", st.metal.color, None, shine=0.05)
        b.box((-w / 2, -0.55, 0), (w / 2, 0, h), st.metal, {"front": drawers}, skip=("bottom",))
    clutter.strew(b, rng, clutter.HIGH, (-w / 2 + 0.02, -0.45, w / 2, -0.1, h), 0.8)


def trash(b: Builder, color: str = "#54585c", radius: float = 0.15, h: float = 0.38) -> None:
    """Open waste-paper bin."""
    with b.piece("Trash"):
        m = Material("plain", color)
        b.tube((0, -radius, 0), (0, -radius, h), radius * 0.8, m, 10, radius, BLACK)


def low_table(b: Builder, st: Style, rng: Rng) -> None:
    """Coffee table with magazines: 1.0 x 0.6 m."""
    with b.piece("Table"):
        legs(b, 0.96, 0.56, 0.38, DARK, 0.04)
        b.box((-0.5, -0.6, 0.38), (0.5, 0, 0.42), st.wood)
        b.box((-0.46, -0.56, 0.14), (0.46, -0.04, 0.16), st.wood)
    clutter.strew(b, rng, clutter.EATING, (-0.46, -0.5, 0.46, -0.1, 0.42), 0.9)
    clutter.strew(b, rng, (clutter.magazine, clutter.book_pile), (-0.4, -0.4, 0.4, -0.2, 0.16), 0.8)


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
        items = clutter.EATING if wooden else clutter.MEETING
        for y in (-d + 0.08, -d / 2 - 0.05, -0.3) if d > 0.9 else (-d + 0.1, -0.32):
            strewn = (-w / 2 + 0.08, y, w / 2 - 0.08, y + 0.2, 0.74)
            clutter.strew(b, rng, items, strewn, 0.4 if computers else 0.6)
