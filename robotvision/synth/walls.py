"""What walls and ceilings carry in every room: switches, sockets, grilles, notices, coats, shelves.

`equip` runs after the furniture of a kind of room and takes what space is left. Bands that run
round a room (skirting, dado, rails, trunking) are the shell's: `building`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from robotvision.synth import clutter, style
from robotvision.synth import fittings as fit
from robotvision.synth.aliases import Rng
from robotvision.synth.furnish import WALLS, Furnisher
from robotvision.synth.plan import HEIGHT_M, Hole
from robotvision.synth.solids import Builder, Material

OFFICES = frozenset({"office_one", "office_two", "office_many", "professor", "secretary"})
PLAIN = frozenset({"toilet", "technical", "warehouse", "recycle", "elevator"})
Hung = tuple[Callable[[], None], float, float, float]
"""A piece, its width, and from where to where above the floor it hangs."""
BARE_M = 0.9
"""About one thing each so much wall is sought a place for."""


def equip(kind: str, f: Furnisher) -> None:
    """Hang on the walls and the ceiling what every such room has."""
    _at_doors(kind, f)
    for h in f.room.windows:
        _at_window(kind, f, h)
    _ceiling(f)
    for wall in WALLS:
        length = f.w if wall in ("back", "front") else f.d
        for k in range(int(length / BARE_M)):
            at = (k + 0.5 + float(f.rng.uniform(-0.3, 0.3))) / max(1, int(length / BARE_M))
            _one(kind, f, wall, at)
        for k in range(int(length / 1.6)):
            at = (k + float(f.rng.random())) / int(length / 1.6)
            _plate(f, "socket", 0.09, 0.09, 0.24, wall, at)
            if k % 2:
                _riser(f, wall, at)


def _plate(
    f: Furnisher, texture: str, w: float, h: float, z: float, wall: str, at: float | None = None
) -> bool:
    return f.hang(partial(fit.flat, f.b, texture, w, h, z), w, z, z + h, (wall,), at)


def _at_doors(kind: str, f: Furnisher) -> None:
    for door in f.room.doors:
        length = f.w if door.wall in ("back", "front") else f.d
        if door.high > 2.2:
            continue
        for offset, texture, w, h, z in (
            (0.2, "switch", 0.09, 0.09, 1.05),
            (0.2, "thermostat", 0.12, 0.12, 1.42),
            (0.55, f"notice{f.rng.integers(8)}", 0.21, 0.3, 1.38),
        ):
            _plate(f, texture, w, h, z, door.wall, (door.b + offset) / length)
        if kind != "corridor":
            _plate(f, "exit", 0.36, 0.15, 2.2, door.wall, (door.a + door.b) / 2 / length)


def _at_window(kind: str, f: Furnisher, h: Hole) -> None:
    """Draw a blind part of the way down or curtains to the sides, and set things on the sill."""
    if h.wall != "back":
        return
    middle, half = (h.a + h.b) / 2, (h.b - h.a) / 2
    tone = str(f.rng.choice(["#f0eee6", "#c9d3d6", "#d8c9a8", "#b9c4b0"]))
    with f.b.at(middle, f.d), f.b.piece():
        if kind in ("lounge", "professor", "kitchen", "meeting"):
            cloth = Material("curtain", f.style.sofa.color if kind == "lounge" else tone, 0.6)
            f.b.box(
                (-half - 0.3, -0.05, h.high + 0.06), (half + 0.3, -0.02, h.high + 0.1), style.DARK
            )
            for x in (-half - 0.26, half - 0.08):
                _drape(f.b, x, 0.34, h.low - 0.3, h.high + 0.06, cloth)
        else:
            drop = float(f.rng.uniform(0.15, 0.75)) * (h.high - h.low)
            slats = Material("blind", tone, 0.5)
            f.b.box((-half, 0.03, h.high - 0.06), (half, 0.08, h.high), style.LIGHT)
            f.b.face((-half, 0.05, h.high - drop), (2 * half, 0, 0), (0, 0, drop - 0.06), slats)
            f.b.box((-half, 0.03, h.high - drop - 0.03), (half, 0.07, h.high - drop), style.GRAY)
    area = (-half + 0.05, -0.13, half - 0.05, 0.1, h.low)
    with f.b.at(middle, f.d):
        clutter.strew(f.b, f.rng, clutter.SILL, area, 0.0 if kind == "corridor" else 0.5)


def _drape(b: Builder, x: float, w: float, low: float, high: float, cloth: Material) -> None:
    """Hang cloth in folds."""
    n = 8
    ys = [-0.05 - 0.025 * (1 if k % 2 else -1) for k in range(n + 1)]
    rows = [[(x + w * k / n, ys[k], z) for k in range(n + 1)] for z in (low, high)]
    b.sheet(rows, cloth)


def _ceiling(f: Furnisher) -> None:
    """Outlets of air, loudspeakers and smoke detectors between the lamps."""
    n = max(1, round(f.w / 2.7)), max(1, round(f.d / 2.7))
    z = HEIGHT_M - 0.012
    for i in range(n[0] + 1):
        for j in range(n[1] + 1):
            x, y = i * f.w / n[0], j * f.d / n[1]
            x, y = min(max(x, 0.6), f.w - 0.6), min(max(y, 0.6), f.d - 0.6)
            name = str(f.rng.choice(["diffuser", "speaker", "diffuser", ""]))
            if name:
                r = 0.29 if name == "diffuser" else 0.13
                m = Material(name, "#ffffff", None)
                f.b.face((x - r, y + r, z), (2 * r, 0, 0), (0, -2 * r, 0), m)
            else:
                f.b.tube((x, y, HEIGHT_M), (x, y, HEIGHT_M - 0.05), 0.06, style.WHITE, 10)


def _riser(f: Furnisher, wall: str, at: float) -> None:
    """Run a conduit from a socket up to the ceiling where the wall is free."""

    def build() -> None:
        with f.b.piece():
            f.b.box((-0.012, -0.016, 0.34), (0.012, 0, HEIGHT_M), style.GRAY, skip=("back",))

    f.hang(build, 0.03, 0.33, HEIGHT_M, (wall,), at)


def _one(kind: str, f: Furnisher, wall: str, at: float) -> None:
    """Hang one thing that suits the room, if there is room for it there."""
    choices = _choices(kind, f)
    for _ in range(3):
        piece, w, low, high = choices[int(f.rng.integers(len(choices)))]
        if f.hang_near(piece, w, low, high, wall, at):
            return


def _choices(kind: str, f: Furnisher) -> list[Hung]:
    """Return what may hang in a kind of room: piece, width, from and to above the floor."""

    def plate(name: str, n: int, w: float, h: float, z: float) -> Hung:
        texture = f"{name}{f.rng.integers(n)}" if n else name
        return partial(fit.flat, f.b, texture, w, h, z), w, z, z + h

    def sheets(n: int, w: float) -> Hung:
        return partial(notices, f.b, f.rng, n), w, 1.1, 1.95

    callpoint = plate("callpoint", 0, 0.11, 0.11, 1.35)
    signs = [
        plate("warning", 6, 0.28, 0.28, 1.5),
        plate("grille", 0, 0.5, 0.22, 2.3),
        sheets(3, 0.75),
    ]
    if kind in PLAIN:
        return [*signs, callpoint, plate("warning", 6, 0.4, 0.4, 1.4)]
    pictures: list[Hung] = [
        plate("poster", 24, 0.55, 0.75, 1.25),
        plate("poster", 24, 0.9, 0.65, 1.25),
        (partial(gallery, f.b, f.rng), 1.0, 1.0, 2.05),
    ]
    if kind == "corridor":
        return [*signs, *pictures, callpoint, sheets(5, 1.2)]
    shelf: Hung = (partial(wall_shelf, f.b, f.rng, f.style, kind), 0.95, 1.3, 1.85)
    coats: Hung = (partial(coat_hooks, f.b, f.rng, f.style), 0.9, 0.75, 1.75)
    rest = [plate("calendar", 0, 0.32, 0.45, 1.35), shelf, shelf, sheets(3, 0.75)]
    if kind in OFFICES:
        rest += [coats, plate("map", 0, 1.1, 0.8, 1.15), sheets(3, 0.75)]
    return [*pictures, *rest]


def notices(b: Builder, rng: Rng, n: int) -> None:
    """Sheets stuck on the wall, not quite straight."""
    with b.piece():
        for k in range(n):
            x = (k - (n - 1) / 2) * 0.24 + float(rng.uniform(-0.02, 0.02))
            z = 1.32 + float(rng.uniform(-0.1, 0.12))
            w, h = (0.21, 0.297) if rng.random() < 0.8 else (0.2, 0.15)
            name = "notice" if rng.random() < 0.8 else "poster"
            paper = Material(f"{name}{rng.integers(8)}", "#ffffff", None)
            lean = float(rng.uniform(-0.008, 0.008))
            b.face((x - w / 2, -0.006, z), (w, 0, lean), (-lean, 0, h), paper)


def gallery(b: Builder, rng: Rng) -> None:
    """Small framed images in two rows."""
    with b.piece():
        x = -0.46
        while x < 0.3:
            w = float(rng.uniform(0.2, 0.3))
            for z, h in ((1.08, 0.34), (1.52, float(rng.uniform(0.26, 0.44)))):
                front = Material(f"poster{rng.integers(24)}", "#ffffff", None)
                low, high = (x, -0.025, z), (x + w, 0, z + h)
                b.box(low, high, style.DARK, {"front": front}, skip=("back",))
            x += w + 0.07


def wall_shelf(b: Builder, rng: Rng, st: style.Style, kind: str) -> None:
    """Hang a board on brackets with things on it."""
    items = clutter.COUNTER if kind == "kitchen" else clutter.DESK[:2] + clutter.SILL
    with b.piece():
        b.box((-0.45, -0.22, 1.42), (0.45, 0, 1.445), st.wood)
        for x in (-0.33, 0.3):
            b.box((x, -0.16, 1.34), (x + 0.03, 0, 1.42), style.DARK)
        clutter.strew(b, rng, items, (-0.44, -0.16, 0.44, -0.06, 1.445), 0.9)


def coat_hooks(b: Builder, rng: Rng, st: style.Style) -> None:
    """Hang a board of hooks with coats and a scarf."""
    with b.piece():
        b.box((-0.42, -0.025, 1.62), (0.42, 0, 1.72), st.wood, skip=("back",))
        for k in range(5):
            x = -0.34 + 0.17 * k
            b.box((x - 0.01, -0.07, 1.65), (x + 0.01, -0.02, 1.67), style.CHROME)
            if rng.random() < 0.7:
                coat(b, rng, x)


def coat(b: Builder, rng: Rng, x: float) -> None:
    """Hang a coat from its hook down: narrow at the collar, bent outwards."""
    tone = str(rng.choice(["#26303f", "#6b2a2f", "#7a6a4a", "#39423a", "#1f1f22", "#b5a58a"]))
    cloth = Material("coat", tone, None)
    foot = float(rng.uniform(0.8, 1.05))
    rows = []
    for z, w, out in (
        (foot, 0.13, 0.12),
        (1.25, 0.12, 0.14),
        (1.52, 0.1, 0.12),
        (1.66, 0.03, 0.06),
    ):
        rows.append(
            [(x - w, -0.01, z), (x - 0.5 * w, -out, z), (x + 0.5 * w, -out, z), (x + w, -0.01, z)]
        )
    b.sheet(rows, cloth)
