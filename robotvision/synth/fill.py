"""More along the walls: rooms laid out around a way are as large as the way needs, not as usual."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from robotvision.synth import fittings as fit
from robotvision.synth import furniture as fur
from robotvision.synth import plants, seats
from robotvision.synth.furnish import WALLS, Furnisher

STEP_M = 1.9
"""About one thing each so much wall."""
Standing = tuple[Callable[[], None], float, float, float]


def fill(kind: str, f: Furnisher) -> None:
    """Stand furniture of the kind and hang images where walls are still bare."""
    stands = _standing(kind, f)
    for wall in WALLS:
        length = f.w if wall in ("back", "front") else f.d
        n = int(length / STEP_M)
        for k in range(n):
            at = (k + 0.5) / n
            if stands and f.rng.random() < 0.5:
                piece, w, d, h = stands[int(f.rng.integers(len(stands)))]
                if f.stand(piece, w, d, h, (wall,), 0.1, at):
                    continue
            if f.rng.random() < 0.8:
                _image(f, wall, at)


def _standing(kind: str, f: Furnisher) -> list[Standing]:
    shelf: Standing = (lambda: fur.bookshelf(f.b, f.style, f.rng), 1.0, 0.34, 2.05)
    cupboard: Standing = (lambda: fur.cupboard(f.b, f.style, f.rng), 0.92, 0.44, 1.95)
    files: Standing = (lambda: fur.filing_cabinet(f.b, f.style, f.rng), 0.48, 0.58, 1.35)
    chair: Standing = (lambda: seats.plain_chair(f.b, f.style, f.rng), 0.5, 0.5, 0.95)
    plant: Standing = (lambda: plants.plant(f.b, f.rng, 1.4), 0.55, 0.55, 0.7)
    paper: Standing = (lambda: fit.paper_shelf(f.b, f.style, f.rng), 1.12, 0.4, 1.95)
    boxes: Standing = (lambda: fit.recycling(f.b, "paper"), 0.64, 0.64, 1.1)
    stores: Standing = (lambda: fur.store_shelf(f.b, f.style, f.rng), 1.24, 0.52, 2.05)
    lockers: Standing = (lambda: fit.lockers(f.b, f.style, 3), 1.22, 0.47, 1.85)
    low: Standing = (lambda: fur.cupboard(f.b, f.style, f.rng, 1.2, 0.42, 0.85), 1.2, 0.44, 0.9)
    return {
        "office_one": [shelf, files, low, chair],
        "office_two": [cupboard, files, shelf, plant],
        "office_many": [lockers, cupboard, files],
        "professor": [shelf, low, plant],
        "secretary": [files, cupboard, low],
        "kitchen": [low, cupboard, chair],
        "printer": [paper, boxes, cupboard],
        "corridor": [plant, chair],
        "toilet": [],
        "meeting": [low, plant, chair],
        "visio": [low, chair],
        "lounge": [plant, low],
        "elevator": [plant],
        "technical": [stores, files],
        "hall": [plant, chair],
        "warehouse": [stores],
        "recycle": [boxes],
        "classroom": [cupboard, shelf],
        "library": [shelf, chair],
    }.get(kind, [])


def _image(f: Furnisher, wall: str, at: float) -> None:
    choice = f.rng.random()
    name, w, h, z = f"poster{f.rng.integers(24)}", 0.6, 0.85, 1.15
    if choice < 0.2:
        name, w, h = f"cork{f.rng.integers(5)}", 1.1, 0.75
    elif choice < 0.4:
        w, h = 1.0, 0.7
    elif choice < 0.55:
        w, h, z = 0.45, 0.6, 1.3
    f.hang(partial(fit.flat, f.b, name, w, h, z), w, z, z + h, (wall,), at)
