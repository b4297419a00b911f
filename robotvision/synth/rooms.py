"""What stands in each kind of room. One function a kind; the room's frame is that of `plan`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from robotvision.synth import fittings as fit
from robotvision.synth import furniture as fur
from robotvision.synth import plants, seats, style
from robotvision.synth.furnish import WALLS, Furnisher
from robotvision.synth.solids import Material
from robotvision.synth.walls import equip

SIDES = ("left", "right")
NARROW_M = 2.6
INNER = ("left", "right", "front")


def furnish(kind: str, f: Furnisher) -> None:
    """Furnish a room of the kind; a narrow one that is no corridor sparsely."""
    if kind != "corridor" and min(f.w, f.d) < NARROW_M:
        sparse(f)
    else:
        _FURNISH[kind](f)
    equip(kind, f)


def sparse(f: Furnisher) -> None:
    """Posters, a bin and a chair, where there is no space for more."""
    _radiators(f)
    _bin(f)
    f.stand(lambda: seats.plain_chair(f.b, f.style, f.rng), 0.5, 0.5, 0.95, WALLS, 0.2)
    _posters(f, 2)


def _posters(f: Furnisher, n: int, walls: tuple[str, ...] = WALLS) -> None:
    for _ in range(n):
        name = f"poster{f.rng.integers(24)}"
        w, h = (0.6, 0.85) if f.rng.random() < 0.7 else (1.0, 0.7)
        f.hang(partial(fit.flat, f.b, name, w, h, 1.2), w, 1.2, 1.2 + h, walls)


def _radiators(f: Furnisher) -> None:
    for h in f.room.windows:
        if h.wall == "back":
            f.stand(
                lambda: fit.radiator(f.b), 1.1, 0.12, 0.72, ("back",), 0.3, (h.a + h.b) / 2 / f.w
            )


def _rug(f: Furnisher, w: float, d: float, x: float, y: float) -> None:
    m = Material(f"rug{f.rng.integers(4)}", "#ffffff", None)
    x0, y0 = x * f.w - w / 2, y * f.d - d / 2
    f.b.face((x0, y0, 0.006), (w, 0, 0), (0, d, 0), m)


def _bin(f: Furnisher, walls: tuple[str, ...] = WALLS) -> None:
    color = str(f.rng.choice(["#54585c", "#2f5a8f", "#3a3c40"]))
    f.stand(lambda: fur.trash(f.b, color), 0.34, 0.34, 0.4, walls, 0.1)


def _plant(f: Furnisher, h: float = 1.3) -> None:
    f.stand(
        lambda: plants.plant(f.b, f.rng, h),
        0.55,
        0.55,
        0.7,
        ("back", "left", "right"),
        0.1,
        0.0 if f.rng.random() < 0.5 else 1.0,
    )


def _shelf(f: Furnisher, n: int = 1, walls: tuple[str, ...] = SIDES) -> None:
    for _ in range(n):
        f.stand(lambda: fur.bookshelf(f.b, f.style, f.rng), 1.0, 0.34, 2.05, walls)


def _workplace(f: Furnisher, walls: tuple[str, ...], phone: bool = True) -> bool:
    return f.stand(lambda: fur.workplace(f.b, f.style, f.rng, phone), 1.5, 1.55, 0.9, walls, 0.1)


def corridor(f: Furnisher) -> None:
    """Extinguishers, notice boards, door plates, benches, a plan for escape."""
    walls = ("front", "back") if f.w > f.d else SIDES
    length = max(f.w, f.d)
    for h in f.room.doors:
        if h.high < 2.2 and h.b - h.a < 1.2:
            place = (h.b + 0.25) / length
            name = f"plate{f.rng.integers(9)}"
            f.hang(partial(fit.flat, f.b, name, 0.18, 0.18, 1.5), 0.18, 1.5, 1.68, (h.wall,), place)
    for k in range(max(1, round(length / 12))):
        spot = (k + 0.5) / max(1, round(length / 12))
        f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, walls, spot)
    f.hang(lambda: fit.flat(f.b, "cork0", 1.5, 0.95, 1.05), 1.5, 1.05, 2.0, walls, 0.35)
    f.hang(lambda: fit.flat(f.b, "plan", 0.5, 0.4, 1.45), 0.5, 1.45, 1.85, walls, 0.75)
    f.stand(lambda: fit.bench(f.b, f.style), 1.6, 0.45, 0.5, walls, 0.2)
    for k, x in enumerate((0.15, 0.85)):
        turn = math.pi / 2 if f.w > f.d else 0.0
        cx, cy = (x * f.w, f.d / 2) if f.w > f.d else (f.w / 2, x * f.d)
        with f.b.at(cx, cy, 2.35, turn + math.pi * k), f.b.piece():
            sign = fit.fitted("exit", glow=0.5)
            f.b.box((-0.2, -0.03, 0), (0.2, 0.03, 0.2), style.LIGHT, {"front": sign, "back": sign})
    _posters(f, max(2, int(length / 4)), walls)


def office_one(f: Furnisher) -> None:
    """One workplace, shelves, a bin."""
    _workplace(f, ("left", "right", "back"))
    _radiators(f)
    _shelf(f, 2)
    _bin(f)
    _plant(f, 1.1)
    f.stand(lambda: seats.plain_chair(f.b, f.style, f.rng), 0.5, 0.5, 0.95, WALLS, 0.2)
    f.hang(lambda: fit.flat(f.b, "clock", 0.32, 0.32, 2.0), 0.32, 2.0, 2.32, INNER)
    _posters(f, 2)


def office_two(f: Furnisher) -> None:
    """Two workplaces, a whiteboard, a cupboard."""
    _workplace(f, ("left",))
    _workplace(f, ("right",))
    _radiators(f)
    f.hang(lambda: fit.flat(f.b, "board0", 1.6, 1.0, 1.0, "Board"), 1.6, 1.0, 2.0, INNER)
    f.stand(lambda: fur.cupboard(f.b, f.style, f.rng), 0.92, 0.44, 1.95, INNER)
    _shelf(f, 1, INNER)
    _bin(f)
    f.hang(lambda: fit.flat(f.b, "cork1", 1.0, 0.7, 1.3), 1.0, 1.3, 2.0, WALLS)
    _posters(f, 1)


def office_many(f: Furnisher) -> None:
    """Workplaces in the middle and along the walls, lockers, a whiteboard."""
    for walls, at in (("left", 0.85), ("right", 0.85), ("left", 0.5), ("right", 0.5)):
        f.stand(lambda: fur.workplace(f.b, f.style, f.rng, False), 1.5, 1.5, 0.9, (walls,), 0.1, at)
    f.island(
        lambda: fur.table_with_chairs(f.b, f.style, f.rng, (2.4, 1.0), 2, computers=True),
        2.5,
        2.2,
        (math.pi / 2,),
        0.5,
        0.5,
        0.6,
    )
    _radiators(f)
    f.hang(lambda: fit.flat(f.b, "board1", 2.0, 1.1, 0.95, "Board"), 2.0, 0.95, 2.05, INNER)
    f.stand(lambda: fit.lockers(f.b, f.style, 3), 1.22, 0.47, 1.85, INNER)
    _bin(f)
    f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, INNER)
    _posters(f, 3)


def professor(f: Furnisher) -> None:
    """One large desk with visitors' chairs, walls of books, a rug, plants, a framed image."""
    _rug(f, 2.2, 1.6, 0.5, 0.45)
    _workplace(f, ("right", "left"))
    _shelf(f, 4, ("left", "right", "front"))
    f.island(lambda: _round_table(f), 1.9, 1.0, (0.0,), 0.5, 0.35, 0.75)
    _radiators(f)
    _plant(f, 1.5)
    _bin(f)
    _posters(f, 2)


def _round_table(f: Furnisher) -> None:
    with f.b.piece("Table"):
        f.b.tube((0, -0.5, 0), (0, -0.5, 0.7), 0.05, style.DARK, 8)
        f.b.tube((0, -0.5, 0.7), (0, -0.5, 0.74), 0.45, f.style.wood, 20)
    for x, turn in ((-0.55, -math.pi / 2), (0.55, math.pi / 2)):
        with f.b.at(x, -0.5, 0, -turn), f.b.at(0, 0.4):
            seats.plain_chair(f.b, f.style, f.rng, True)


def kitchen(f: Furnisher) -> None:
    """Counter with stove and sink, fridge, table and chairs, microwave oven."""
    w = min(2.6, f.d - 1.4)
    f.stand(lambda: fit.counter(f.b, f.style, f.rng, w), w, 0.62, 2.2, SIDES, 0.8, 0.6)
    f.stand(lambda: fit.fridge(f.b), 0.66, 0.66, 1.8, SIDES, 0.6)
    stands = _eating_table(f, (1.3, 0.8), 1.4, 2.0, 0.15, 0.55, 0.66)
    if not stands and f.has_way:
        f.stand(lambda: _wall_table(f), 2.2, 0.8, 0.92, INNER, 0.1)
    f.stand(lambda: fit.microwave_table(f.b, f.style), 0.62, 0.48, 1.15, INNER)
    _radiators(f)
    _bin(f)
    f.hang(lambda: fit.flat(f.b, "clock", 0.32, 0.32, 1.9), 0.32, 1.9, 2.22, WALLS)
    _posters(f, 1)


def _eating_table(
    f: Furnisher, top: tuple[float, float], w: float, d: float, margin: float, x: float, y: float
) -> bool:
    """Stand a wooden table free in the room, with two chairs along each long side."""
    return f.island(
        lambda: fur.table_with_chairs(f.b, f.style, f.rng, top, 2, wooden=True),
        w,
        d,
        (math.pi / 2, 0.0),
        margin,
        x,
        y,
    )


def _wall_table(f: Furnisher) -> None:
    """Build a kitchen table with its long side to the wall and a chair at each end."""
    with f.b.piece(""):
        fur.table(f.b, f.style, 1.2, 0.75)
        for x, turn in ((-1.02, math.pi / 2), (1.02, -math.pi / 2)):
            with f.b.at(x, -0.38, 0, turn):
                seats.plain_chair(f.b, f.style, f.rng, True)


def toilet(f: Furnisher) -> None:
    """Urinals, stalls, basins under mirrors, a hand drier, a paper bin."""
    side, other = ("left", "right") if f.rng.random() < 0.5 else ("right", "left")
    for k in range(3):
        f.stand(lambda: fit.urinal(f.b), 0.75, 0.38, 1.4, (side,), 0.6, 0.92 - 0.2 * k)
    for k in range(max(2, int(f.w // 1.4) - 1)):
        shut = bool(f.rng.random() < 0.4)
        f.stand(
            partial(fit.toilet_stall, f.b, f.rng, shut),
            1.02,
            1.52,
            2.05,
            ("back",),
            0.5,
            (0.95 - 0.24 * k) if side == "left" else (0.05 + 0.24 * k),
        )
    for k in range(2):
        f.stand(lambda: fit.washbasin(f.b), 0.72, 0.5, 1.95, (other, "front"), 0.6, 0.3 + 0.2 * k)
    f.hang(lambda: fit.hand_drier(f.b), 0.34, 1.0, 1.5, (other, "front", side))
    f.hang(lambda: fit.towels(f.b), 0.34, 1.05, 1.62, (other, side, "front"))
    for walls in ((other, "front"), (side, "front")):
        f.hang(lambda: fit.soap(f.b), 0.14, 1.04, 1.36, walls)
    f.stand(lambda: fur.trash(f.b, "#c9ccd0", 0.17, 0.6), 0.36, 0.36, 0.65, (other, "front"), 0.1)
    f.hang(lambda: fit.flat(f.b, "man", 0.3, 0.3, 1.7), 0.3, 1.7, 2.0, ("front",))


def printer(f: Furnisher) -> None:
    """Large printers, shelves of paper, a side table with a small printer."""
    f.stand(lambda: fit.copier(f.b), 1.15, 0.78, 1.2, ("back",), 0.7, 0.25)
    f.stand(lambda: fit.copier(f.b), 1.15, 0.78, 1.2, ("back", *SIDES), 0.7, 0.85)
    f.stand(lambda: fit.paper_shelf(f.b, f.style, f.rng), 1.12, 0.4, 1.95, SIDES)
    f.stand(lambda: fit.printer_desk(f.b, f.style, f.rng), 0.95, 0.62, 1.15, SIDES)
    f.stand(lambda: fit.paper_shelf(f.b, f.style, f.rng), 1.12, 0.4, 1.95, INNER)
    f.stand(lambda: fit.recycling(f.b, "paper"), 0.64, 0.64, 1.1, INNER, 0.3)
    f.hang(lambda: fit.flat(f.b, "cork2", 1.2, 0.8, 1.3), 1.2, 1.3, 2.1, WALLS)
    _bin(f)
    _posters(f, 1)


def meeting(f: Furnisher) -> None:
    """Long table with chairs, a whiteboard, a projector, a screen."""
    w = min(3.2, f.d - 2.6)
    f.island(
        lambda: fur.table_with_chairs(f.b, f.style, f.rng, (w, 1.2), 4),
        w + 0.1,
        2.4,
        (math.pi / 2,),
        0.7,
        0.5,
        0.55,
    )
    f.hang(lambda: fit.flat(f.b, "board2", 2.2, 1.2, 0.9, "Board"), 2.2, 0.9, 2.1, SIDES, 0.5)
    f.hang(lambda: fit.screen(f.b, f.rng, 1.5), 1.5, 0.95, 1.85, INNER, 0.5)
    fit.projector(f.b, f.w / 2, f.d / 2, 2.7)
    f.stand(lambda: fur.cupboard(f.b, f.style, f.rng, 1.2, 0.42, 0.85), 1.2, 0.44, 0.9, INNER)
    _radiators(f)
    _plant(f, 1.5)
    _posters(f, 2)


def visio(f: Furnisher) -> None:
    """Two large screens with a camera, a table with chairs in rows."""
    for at in (0.32, 0.68):
        f.hang(lambda: fit.screen(f.b, f.rng, 1.55, 0.95), 1.6, 0.95, 2.0, ("left", "right"), at)
    f.hang(lambda: fit.camera_bar(f.b), 0.6, 2.02, 2.3, ("left", "right"), 0.5)
    accent = style.accented(f.style, "#b8332e")
    f.island(
        lambda: fur.table_with_chairs(f.b, accent, f.rng, (2.2, 1.0), 3),
        2.3,
        2.2,
        (math.pi / 2,),
        0.6,
        0.55,
        0.5,
    )
    f.stand(lambda: fit.rack(f.b, f.rng), 0.7, 0.85, 2.0, INNER)
    _radiators(f)
    f.hang(lambda: fur.wall_phone(f.b), 0.34, 1.2, 1.65, ("front", *SIDES))
    f.stand(lambda: seats.plain_chair(f.b, accent, f.rng), 0.5, 0.5, 0.95, WALLS, 0.2)
    _posters(f, 1)


def lounge(f: Furnisher) -> None:
    """Sofas round a low table on a rug, plants, a vending machine, a screen."""
    _rug(f, 2.6, 2.0, 0.5, 0.55)
    f.stand(lambda: seats.sofa(f.b, f.style, f.rng), 1.95, 0.88, 0.85, ("left",), 0.5, 0.55)
    f.stand(lambda: seats.sofa(f.b, f.style, f.rng), 1.95, 0.88, 0.85, ("right", "back"), 0.5, 0.6)
    f.stand(
        lambda: seats.sofa(f.b, f.style, f.rng, 1.05), 1.1, 0.88, 0.85, ("back", *SIDES), 0.5, 0.5
    )
    f.island(
        lambda: fur.low_table(f.b, f.style, f.rng), 1.05, 0.65, (0.0, math.pi / 2), 0.9, 0.5, 0.6
    )
    f.stand(lambda: fit.vending(f.b), 0.95, 0.78, 1.9, INNER, 0.5)
    f.hang(lambda: fit.screen(f.b, f.rng, 1.2, 1.1, False), 1.25, 1.1, 1.85, INNER)
    _plant(f, 1.6)
    _plant(f, 1.4)
    _plant(f, 1.5)
    _radiators(f)
    _posters(f, 3)


def elevator(f: Furnisher) -> None:
    """Two elevators, their buttons, an extinguisher, an ashtray-like bin, a floor plan."""
    n = 2 if f.w > 4.4 else 1
    for k in range(n):
        f.hang(lambda: fit.elevator_door(f.b), 1.55, 0.0, 2.35, ("back",), (k + 0.5) / n)
    f.hang(lambda: fit.call_panel(f.b), 0.26, 0.9, 1.45, ("back",), 0.5)
    f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, SIDES, 0.6)
    f.hang(lambda: fit.flat(f.b, "plan", 0.7, 0.55, 1.4), 0.7, 1.4, 1.95, SIDES)
    f.stand(lambda: fur.trash(f.b, "#9aa1a8", 0.17, 0.7), 0.36, 0.36, 0.75, SIDES, 0.1, 0.9)
    _plant(f, 1.5)
    f.stand(lambda: fit.bench(f.b, f.style, 1.4), 1.4, 0.45, 0.5, SIDES, 0.3)
    _posters(f, 1, SIDES)


def technical(f: Furnisher) -> None:
    """Racks, pipes, a tank, a workbench with tools, switch cabinets."""
    w = f.w - 0.3
    f.hang(lambda: fit.pipes(f.b, f.rng, w, 2.7), w, 2.0, 2.6, ("back",), 0.5)
    for _ in range(2):
        f.stand(lambda: fit.rack(f.b, f.rng), 0.68, 0.83, 2.0, SIDES, 0.6)
    f.stand(lambda: fit.workbench(f.b, f.rng), 1.65, 0.9, 1.95, ("right", "left"), 0.5)
    f.stand(lambda: fit.boiler(f.b), 0.85, 0.85, 1.9, ("back",), 0.3)
    f.stand(lambda: fit.electric_cabinet(f.b), 0.85, 0.38, 1.95, ("back", *INNER))
    f.stand(lambda: fit.electric_cabinet(f.b), 0.85, 0.38, 1.95, INNER)
    f.stand(lambda: fit.ladder(f.b), 0.5, 0.6, 2.4, WALLS, 0.1)
    f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, WALLS)
    _bin(f)


def hall(f: Furnisher) -> None:
    """Reception, benches, large plants, a notice board, a turn of free floor."""
    f.stand(lambda: fit.reception(f.b, f.style, f.rng), 2.3, 1.0, 1.2, SIDES, 0.8, 0.5)
    f.island(lambda: _back_to_back(f), 1.9, 1.0, (0.0,), 1.2, 0.5, 0.5)
    for x in (0.25, 0.75):
        f.island(lambda: _pillar(f), 0.5, 0.5, (0.0,), 1.2, x, 0.5)
    for _ in range(5):
        _plant(f, 1.8)
    f.stand(lambda: fit.bench(f.b, f.style, 1.8), 1.8, 0.45, 0.5, ("back", *SIDES), 0.4)
    f.hang(lambda: fit.flat(f.b, "info", 1.2, 0.8, 1.3), 1.2, 1.3, 2.1, SIDES)
    f.hang(lambda: fit.flat(f.b, "cork3", 1.8, 1.0, 1.0), 1.8, 1.0, 2.0, INNER)
    f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, INNER)
    f.stand(lambda: fur.trash(f.b, "#8d9093", 0.2, 0.75), 0.42, 0.42, 0.8, INNER, 0.2)
    _radiators(f)
    _posters(f, 3)


def _pillar(f: Furnisher) -> None:
    with f.b.piece():
        f.b.box((-0.22, -0.47, 0), (0.22, -0.03, 2.7), style.LIGHT, skip=("bottom", "top"))
        f.b.box((-0.24, -0.49, 0), (0.24, -0.01, 0.12), f.style.accent, skip=("bottom",))
    with f.b.at(0, -0.47):
        fit.flat(f.b, "info", 0.36, 0.36, 1.5)


def _back_to_back(f: Furnisher) -> None:
    fit.bench(f.b, f.style, 1.8)
    with f.b.at(0, -1.0, 0, math.pi):
        fit.bench(f.b, f.style, 1.8)


def secretary(f: Furnisher) -> None:
    """Counter before a workplace, filing cabinets, binders, a printer, a telephone."""
    f.stand(lambda: fit.reception(f.b, f.style, f.rng, 1.8), 1.9, 1.0, 1.2, SIDES, 0.5)
    _workplace(f, ("right", "left", "back"))
    for _ in range(4):
        f.stand(lambda: fur.filing_cabinet(f.b, f.style, f.rng), 0.48, 0.58, 1.35, INNER)
    _shelf(f, 2, INNER)
    f.stand(lambda: fit.fridge(f.b), 0.66, 0.66, 1.8, INNER, 0.5)
    f.stand(lambda: fit.printer_desk(f.b, f.style, f.rng), 0.95, 0.62, 1.15, WALLS)
    for _ in range(2):
        f.stand(lambda: seats.plain_chair(f.b, f.style, f.rng), 0.5, 0.5, 0.95, WALLS, 0.2)
    _radiators(f)
    _plant(f, 1.1)
    _bin(f)
    f.hang(lambda: fit.flat(f.b, "cork4", 1.0, 0.7, 1.3), 1.0, 1.3, 2.0, WALLS)


def warehouse(f: Furnisher) -> None:
    """Rows of shelves with boxes, pallets, a ladder."""
    for _ in range(4):
        f.stand(
            lambda: fur.store_shelf(f.b, f.style, f.rng, 1.8, 2.3),
            1.85,
            0.55,
            2.4,
            ("back", *SIDES),
            0.7,
        )
    f.island(lambda: _double_shelf(f), 1.85, 1.1, (0.0,), 1.1, 0.35, 0.45)
    f.island(lambda: fit.pallet(f.b, f.rng), 1.25, 1.05, (0.0,), 0.6, 0.75, 0.5)
    f.stand(lambda: fit.pallet(f.b, f.rng), 1.25, 1.05, 1.3, INNER, 0.3)
    f.stand(lambda: fit.fridge(f.b), 0.66, 0.66, 1.8, INNER, 0.5)
    f.stand(lambda: fit.ladder(f.b), 0.5, 0.6, 2.4, WALLS, 0.1)
    f.hang(lambda: fit.extinguisher(f.b), 0.3, 0.5, 1.7, WALLS)


def _double_shelf(f: Furnisher) -> None:
    fur.store_shelf(f.b, f.style, f.rng, 1.8, 1.9)
    with f.b.at(0, -1.05, 0, math.pi):
        fur.store_shelf(f.b, f.style, f.rng, 1.8, 1.9)


def recycle(f: Furnisher) -> None:
    """Coloured bins, piles of cardboard, an old chair."""
    for k, kind in enumerate(("paper", "glass", "metal", "paper")):
        f.stand(partial(fit.recycling, f.b, kind), 0.66, 0.64, 1.1, ("back",), 0.5, 0.1 + 0.2 * k)
    f.stand(lambda: fit.pallet(f.b, f.rng), 1.25, 1.05, 1.3, SIDES, 0.3)
    for kind in ("glass", "metal"):
        f.stand(partial(fit.recycling, f.b, kind), 0.66, 0.64, 1.1, SIDES, 0.4)
    f.stand(lambda: seats.plain_chair(f.b, f.style, f.rng), 0.5, 0.5, 0.95, SIDES, 0.2)
    f.hang(lambda: fit.flat(f.b, "plan", 0.7, 0.55, 1.4), 0.7, 1.4, 1.95, WALLS)


def classroom(f: Furnisher) -> None:
    """Blackboard, rows of tables with chairs, a desk."""
    f.hang(
        lambda: fit.flat(f.b, "chalkboard", 3.2, 1.3, 0.85, "Board"), 3.2, 0.85, 2.15, SIDES, 0.5
    )
    accent = style.accented(f.style, "#b9823c")
    for y in (0.4, 0.7):
        for x in (0.35, 0.65):
            f.island(lambda: _row(f, accent), 1.6, 1.1, (math.pi / 2, 0.0), 0.5, x, y)
    fit.projector(f.b, f.w / 2, f.d / 2, 2.7)
    _radiators(f)
    f.hang(lambda: fit.flat(f.b, "clock", 0.32, 0.32, 2.0), 0.32, 2.0, 2.32, INNER)
    _bin(f)
    _posters(f, 3, INNER)


def _row(f: Furnisher, st: style.Style) -> None:
    fur.table(f.b, st, 1.5, 0.5)
    for x in (-0.38, 0.38):
        with f.b.at(x, -0.98, 0, math.pi), f.b.at(0, 0.45):
            seats.plain_chair(f.b, st, f.rng, True)


def library(f: Furnisher) -> None:
    """Bookshelves along the walls and in the middle, a reading table."""
    _shelf(f, 9, ("left", "right", "front"))
    f.island(lambda: _double_books(f), 2.0, 0.7, (0.0,), 1.0, 0.4, 0.4)
    _eating_table(f, (1.4, 0.9), 1.5, 2.1, 0.6, 0.6, 0.75)
    _radiators(f)
    _plant(f, 1.4)


def _double_books(f: Furnisher) -> None:
    for x in (-0.48, 0.48):
        with f.b.at(x, 0):
            fur.bookshelf(f.b, f.style, f.rng, 0.95, 1.6)
        with f.b.at(x, -0.68, 0, math.pi):
            fur.bookshelf(f.b, f.style, f.rng, 0.95, 1.6)


_FURNISH: dict[str, Callable[[Furnisher], None]] = {
    "corridor": corridor, "office_one": office_one, "office_two": office_two,
    "office_many": office_many, "professor": professor, "kitchen": kitchen, "toilet": toilet,
    "printer": printer, "meeting": meeting, "visio": visio, "lounge": lounge,
    "elevator": elevator, "technical": technical, "hall": hall, "secretary": secretary,
    "warehouse": warehouse, "recycle": recycle, "classroom": classroom, "library": library,
}  # fmt: skip
