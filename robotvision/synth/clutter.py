"""What lies about: on desks, tables, counters, sills, shelves and on the floor.

An item stands at the middle of its place, its front towards -y. `strew` fills a rectangle with
items of one kind of surface; nothing it strews is an object of the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from robotvision.synth.aliases import Rng
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import BLACK, CERAMIC, CHROME, DARK, LIGHT, STEEL, WHITE

Item = Callable[[Builder, Rng], None]

TONES = ("#c8442f", "#2f6fb5", "#e2b33a", "#3f8a5a", "#f2f1ec", "#2b2d31", "#8a4f7d", "#d98a5a")


def _tone(rng: Rng, shine: float = 0.0) -> Material:
    return Material("plain", str(rng.choice(TONES)), shine=shine)


def _print(rng: Rng, name: str, n: int) -> Material:
    return Material(f"{name}{rng.integers(n)}", "#ffffff", None)


def mug(b: Builder, rng: Rng) -> None:
    """Mug with its handle and what is in it."""
    tone = _tone(rng)
    b.tube((0, 0, 0), (0, 0, 0.1), 0.042, tone, 8, 0.045, Material("plain", "#3a2518"))
    b.box((0.04, -0.01, 0.02), (0.075, 0.01, 0.08), tone)


def bottle(b: Builder, rng: Rng) -> None:
    """Bottle with a label and a cap."""
    glass = Material("plain", str(rng.choice(["#2f5a3a", "#9fc3d3", "#5a3a22", "#c9dde4"])))
    b.tube((0, 0, 0), (0, 0, 0.06), 0.036, glass, 8)
    b.tube((0, 0, 0.06), (0, 0, 0.14), 0.037, _tone(rng), 8)
    b.tube((0, 0, 0.14), (0, 0, 0.25), 0.036, glass, 8, 0.013)
    b.tube((0, 0, 0.25), (0, 0, 0.28), 0.015, _tone(rng), 6)


def book_pile(b: Builder, rng: Rng) -> None:
    """Pile a few books, one on the other."""
    z = 0.0
    for _ in range(int(rng.integers(2, 6))):
        h, w, d = rng.uniform(0.02, 0.045), rng.uniform(0.09, 0.12), rng.uniform(0.07, 0.09)
        with b.at(0, 0, z, float(rng.uniform(-0.4, 0.4))):
            b.box((-w, -d, 0), (w, d, h), _tone(rng), {"right": WHITE}, ("bottom",))
            b.face((-w * 0.6, -d - 0.001, h * 0.3), (w, 0, 0), (0, 0, h * 0.35), LIGHT)
        z += h


def book_row(b: Builder, rng: Rng) -> None:
    """Books or binders standing in a short row."""
    name = "books" if rng.random() < 0.6 else "binders"
    h = 0.24 if name == "books" else 0.3
    w = float(rng.uniform(0.14, 0.24))
    side = _tone(rng)
    b.box((-w, -0.1, 0), (w, 0.1, h), side, {"front": _print(rng, name, 4)}, ("bottom",))


def pen_cup(b: Builder, rng: Rng) -> None:
    """Cup of pens."""
    b.tube((0, 0, 0), (0, 0, 0.1), 0.036, DARK, 7)
    for _ in range(4):
        x, y = rng.uniform(-0.05, 0.05, 2)
        b.tube((x / 3, y / 3, 0.08), (x, y, 0.17), 0.006, _tone(rng), 3)


def sheets(b: Builder, rng: Rng) -> None:
    """Loose sheets, turned against each other."""
    for k in range(int(rng.integers(2, 5))):
        x, y = (float(v) for v in rng.uniform(-0.06, 0.06, 2))
        with b.at(x, y, 0.002 * k, float(rng.uniform(-0.7, 0.7))):
            b.face((-0.1, -0.14, 0.003), (0.2, 0, 0), (0, 0.28, 0), _print(rng, "notice", 8))


def magazine(b: Builder, rng: Rng) -> None:
    """Magazines with their covers."""
    for k in range(2):
        with b.at(0.03 * k, 0, 0.012 * k, float(rng.uniform(-1, 1))):
            cover = _print(rng, "poster", 24)
            b.box((-0.11, -0.14, 0), (0.11, 0.14, 0.01), WHITE, {"top": cover}, ("bottom",))


def laptop(b: Builder, rng: Rng) -> None:
    """Open laptop with something on its screen."""
    lit = Material(f"desktop{rng.integers(4)}", "#ffffff", None, 0.0, 0.5, 0.15)
    with b.at(0, 0, 0, float(rng.uniform(-0.4, 0.4))):
        keys = Material("keyboard", "#ffffff", None)
        b.box((-0.17, -0.14, 0), (0.17, 0.1, 0.018), STEEL, {"top": keys}, ("bottom",))
        b.face((-0.17, 0.1, 0.018), (0.34, 0, 0), (0, 0.07, 0.22), lit)
        b.face((0.17, 0.107, 0.018), (-0.34, 0, 0), (0, 0.07, 0.22), STEEL)


def tray(b: Builder, rng: Rng) -> None:
    """Letter trays in three storeys, with paper in them."""
    tone = _tone(rng)
    for k in range(3):
        z = 0.075 * k
        b.box((-0.13, -0.17, z), (0.13, 0.17, z + 0.008), tone)
        b.box((-0.11, -0.16, z + 0.008), (0.11, 0.15, z + 0.02 + 0.01 * k), WHITE, skip=("bottom",))
    for x in (-0.13, 0.12):
        for y in (-0.16, 0.15):
            b.box((x, y, 0), (x + 0.01, y + 0.01, 0.17), tone)


def box_pile(b: Builder, rng: Rng) -> None:
    """Two or three small boxes with labels."""
    z = 0.0
    for k in range(int(rng.integers(1, 4))):
        w, d, h = 0.15 - 0.02 * k, 0.11 - 0.01 * k, float(rng.uniform(0.08, 0.16))
        with b.at(0, 0, z, float(rng.uniform(-0.3, 0.3))):
            m = Material("cardboard", str(rng.choice(["#ffffff", "#e8d8c0", "#9fb4c8"])), None)
            b.box((-w, -d, 0), (w, d, h), m, {"front": m}, ("bottom",))
        z += h


def easel(b: Builder, rng: Rng) -> None:
    """Photograph in a frame that leans back, or a desk calendar."""
    b.face((-0.09, -0.02, 0), (0.18, 0, 0), (0, 0.05, 0.15), _print(rng, "poster", 24))
    b.face((0.09, 0.08, 0), (-0.18, 0, 0), (0, -0.05, 0.15), DARK)


def pot(b: Builder, rng: Rng) -> None:
    """Small plant in a pot: leaves to all sides."""
    earth = Material("carpet", "#3a2a1c")
    b.tube((0, 0, 0), (0, 0, 0.1), 0.05, _tone(rng), 8, 0.065, earth)
    leaf = Material("leaf", str(rng.choice(["#ffffff", "#d8e8b0", "#b5d0b0"])), None)
    for k in range(11):
        a = k * 2.4
        r, up = float(rng.uniform(0.07, 0.15)), float(rng.uniform(0.08, 0.26))
        cs, sn = math.cos(a), math.sin(a)
        root, tip = (0.0, 0.0, 0.09), (r * cs, r * sn, 0.09 + up)
        wide = 0.028
        left = (0.6 * r * cs - wide * sn, 0.6 * r * sn + wide * cs, 0.09 + 0.7 * up)
        right = (0.6 * r * cs + wide * sn, 0.6 * r * sn - wide * cs, 0.09 + 0.7 * up)
        across = (right[0] - left[0], right[1] - left[1], 0.0)
        along = (tip[0] - root[0], tip[1] - root[1], tip[2] - root[2])
        b.face(root, across, along, leaf, ((root, right, tip), (root, tip, left)))


def plates(b: Builder, rng: Rng) -> None:
    """Pile of plates with a bowl on it."""
    for k in range(5):
        b.tube((0, 0, 0.014 * k), (0, 0, 0.014 * k + 0.011), 0.07, CERAMIC, 10, 0.11)
    b.tube((0, 0, 0.07), (0, 0, 0.14), 0.045, _tone(rng), 10, 0.085, CERAMIC)


def jars(b: Builder, rng: Rng) -> None:
    """Row of jars and tins with coloured lids."""
    for k in range(4):
        x = -0.18 + 0.12 * k
        h = float(rng.uniform(0.09, 0.2))
        b.tube((x, 0, 0), (x, 0, h), 0.045, _tone(rng), 8)
        b.tube((x, 0, h), (x, 0, h + 0.025), 0.048, _tone(rng), 8)


def fruit(b: Builder, rng: Rng) -> None:
    """Bowl of fruit."""
    b.tube((0, 0, 0), (0, 0, 0.08), 0.07, Material("wood", "#a8723f"), 10, 0.15, DARK)
    for k in range(7):
        a, r = k * 0.9, 0.075 if k < 6 else 0.0
        x, y, z = r * math.cos(a), r * math.sin(a), 0.09 + (0.04 if k == 6 else 0.0)
        m = Material("plain", str(rng.choice(["#d8a21f", "#b5302a", "#7fa03a", "#d9702a"])))
        b.tube((x, y, z - 0.03), (x, y, z + 0.01), 0.02, m, 7, 0.042)
        b.tube((x, y, z + 0.01), (x, y, z + 0.045), 0.042, m, 7, 0.015)


def rack_of_dishes(b: Builder, rng: Rng) -> None:
    """Plates drying on edge in a rack of wire."""
    for y in (-0.12, 0.12):
        b.box((-0.2, y - 0.006, 0.0), (0.2, y + 0.006, 0.02), CHROME)
        b.box((-0.2, y - 0.006, 0.1), (0.2, y + 0.006, 0.115), CHROME)
    for k in range(6):
        x = -0.16 + 0.06 * k
        b.tube((x, 0, 0.13), (x + 0.012, 0, 0.13), 0.11, CERAMIC, 10)


def tissues(b: Builder, rng: Rng) -> None:
    """Box of tissues, one half out."""
    b.box((-0.11, -0.06, 0), (0.11, 0.06, 0.08), _tone(rng), {"front": _print(rng, "poster", 24)})
    b.face((-0.04, 0, 0.08), (0.08, 0.02, 0), (0.01, -0.02, 0.08), WHITE)


def bag(b: Builder, rng: Rng) -> None:
    """Rucksack on the floor, with a pocket and straps."""
    cloth = Material("fabric", str(rng.choice(["#7a2730", "#2a3a55", "#3d4a35", "#2b2b2d"])), 0.2)
    for z0, z1, w, d in ((0, 0.3, 0.17, 0.11), (0.3, 0.4, 0.15, 0.1), (0.4, 0.46, 0.1, 0.07)):
        outline = [
            (w, -d * 0.5),
            (w, d * 0.5),
            (w * 0.7, d),
            (-w * 0.7, d),
            (-w, d * 0.5),
            (-w, -d * 0.5),
            (-w * 0.7, -d),
            (w * 0.7, -d),
        ]
        b.slab(outline, z0, z1, cloth)
    b.box((-0.11, -0.16, 0.03), (0.11, -0.1, 0.22), cloth)
    b.box((-0.1, -0.165, 0.18), (0.1, -0.16, 0.2), LIGHT)
    for x in (-0.1, 0.07):
        b.box((x, 0.1, 0.08), (x + 0.03, 0.13, 0.4), BLACK)


DESK: tuple[Item, ...] = (
    mug, book_pile, pen_cup, sheets, sheets, tray, easel, book_row, bottle, pot, tissues, magazine,
)  # fmt: skip
MEETING: tuple[Item, ...] = (laptop, mug, bottle, sheets, sheets, magazine, mug, book_pile)
EATING: tuple[Item, ...] = (plates, mug, bottle, fruit, magazine, jars, mug)
COUNTER: tuple[Item, ...] = (jars, plates, rack_of_dishes, bottle, mug, fruit, jars, tissues)
SILL: tuple[Item, ...] = (pot, pot, book_pile, easel, mug, pot)
HIGH: tuple[Item, ...] = (box_pile, book_row, box_pile, pot)

_HALF_WIDTH: dict[Item, float] = {
    mug: 0.06,
    bottle: 0.05,
    pen_cup: 0.06,
    easel: 0.1,
    pot: 0.1,
    book_row: 0.25,
    jars: 0.24,
    rack_of_dishes: 0.22,
    laptop: 0.2,
}


def strew(
    b: Builder,
    rng: Rng,
    items: tuple[Item, ...],
    area: tuple[float, float, float, float, float],
    full: float = 0.8,
) -> None:
    """Put items on a rectangle ``(x0, y0, x1, y1, z)``, side by side from left to right.

    ``full``: how likely each place is taken.
    """
    x0, y0, x1, y1, z = area
    x = x0
    deep = y1 - y0
    while True:
        item = items[int(rng.integers(len(items)))]
        half = _HALF_WIDTH.get(item, 0.15)
        if x + 2 * half > x1:
            return
        if rng.random() < full:
            y = y0 + deep * float(rng.uniform(0.3, 0.7))
            with b.piece(), b.at(x + half, y, z):
                item(b, rng)
        x += 2 * half + float(rng.uniform(0.01, 0.12))
