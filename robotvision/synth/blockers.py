"""People who stand about, and things left about: what blocks the view on one tour only.

They stand where the robot can still pass: a place is taken only if every part of the floor that
could be reached before can be reached after. People are built of tubes, as furniture is, and are no
object of any task; a chair left about is a Chair.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import Rng
from robotvision.synth.building import Floor
from robotvision.synth.fittings import pallet
from robotvision.synth.furniture import carton
from robotvision.synth.merge import with_more
from robotvision.synth.path import ROBOT_RADIUS_M, Ground
from robotvision.synth.plants import plant
from robotvision.synth.seats import plain_chair
from robotvision.synth.solids import Builder, Material
from robotvision.synth.style import BLACK, GRAY, Style

Mask = NDArray[np.bool_]
PERSON_RADIUS_M = 0.3
CUT_OFF_CELLS = 30
"""So many cells (0.3 square metres) may be out of reach behind a blocker."""
CLOTHES = (
    "#22304f", "#7c2f35", "#e4e2dc", "#3f6b53", "#30343a", "#c79a3a", "#8fa3b5", "#b5651d",
    "#5a4a7c", "#1c1d1f",
)  # fmt: skip
SKIN = ("#f1c9a5", "#d8a27a", "#a9714b", "#6b4630")
HAIR = ("#1c1512", "#4a3122", "#8a6a3f", "#9a9a98")


def with_blockers(floor: Floor, people: int, clutter: int, seed: tuple[int, ...]) -> Floor:
    """Return the floor with people and clutter standing about.

    Parameters
    ----------
    people, clutter : int
        How many; fewer where the floor has no room for more.
    seed : tuple of int
        Decides who stands where.
    """
    rng = np.random.default_rng([*seed, 62])
    things: list[tuple[float, Callable[[Builder], None]]] = []
    things += [(PERSON_RADIUS_M, lambda b: person(b, rng)) for _ in range(people)]
    things += [_thing(rng) for _ in range(clutter)]
    if not things:
        return floor
    places = _Places(floor, rng)
    b = Builder()
    n_placed = 0
    for radius, build in things:
        place = places.take(radius)
        if place is None:
            continue
        b.room = floor.plan.room_at(*place)
        with b.at(*place, 0, float(rng.uniform(0, 2 * math.pi))):
            build(b)
        n_placed += 1
    return with_more(floor, b.finish()) if n_placed else floor


class _Places:
    """Where things may stand, and what the robot can still reach."""

    def __init__(self, floor: Floor, rng: Rng) -> None:
        self.ground, self.rng = Ground(floor), rng
        self.clearance = self.ground.clearance.astype(np.float64)
        cells = np.arange(self.clearance.size)
        self.xy = self.ground.place(cells).reshape(*self.clearance.shape, 2)
        self.reached = _largest(self.clearance > ROBOT_RADIUS_M)

    def take(self, radius: float) -> tuple[float, float] | None:
        """Return a place for a thing of this radius and take it; None: no room for it."""
        fit = np.argwhere(self.reached & (self.clearance > radius + 0.05))
        for row, column in self.rng.permutation(fit)[:60]:
            x, y = self.xy[row, column]
            left = np.hypot(self.xy[..., 0] - x, self.xy[..., 1] - y) - radius
            clearance = np.minimum(self.clearance, left)
            stand = self.reached & (clearance > ROBOT_RADIUS_M)
            reached = _largest(stand)
            if int(stand.sum()) - int(reached.sum()) <= CUT_OFF_CELLS:
                self.clearance, self.reached = clearance, reached
                return float(x), float(y)
        return None


def _largest(stand: Mask) -> Mask:
    """Return the largest part of the ground that hangs together."""
    n, label = cv2.connectedComponents(stand.astype(np.uint8), connectivity=4)
    if n < 2:
        return stand
    sizes = np.bincount(label.ravel())
    sizes[0] = 0
    largest: Mask = label == int(sizes.argmax())
    return largest


def person(b: Builder, rng: Rng) -> None:
    """Build a person of 1.55 to 1.9 m, standing at (0, 0), facing -y."""
    h = float(rng.uniform(1.55, 1.9))
    coat = Material("fabric", str(rng.choice(CLOTHES)), tile_m=0.25)
    trousers = Material("fabric", str(rng.choice(CLOTHES)), tile_m=0.2)
    skin, hair = (Material("plain", str(rng.choice(c))) for c in (SKIN, HAIR))
    hip, neck, wide = 0.5 * h, 0.84 * h, float(rng.uniform(0.17, 0.22))
    with b.piece():
        for x in (-0.09, 0.09):
            b.box((x - 0.05, -0.17, 0), (x + 0.05, 0.09, 0.08), BLACK)
            b.tube((x, 0, 0.06), (x, 0, hip), 0.07, trousers, 8, 0.09)
        b.tube((0, 0, hip - 0.05), (0, 0, neck - 0.1), 0.16, coat, 10, wide)
        b.tube((0, 0, neck - 0.1), (0, 0, neck), wide, coat, 10, 0.06)
        for side in (-1.0, 1.0):
            shoulder, hand = side * (wide + 0.03), side * (wide + 0.08)
            forward = -float(rng.uniform(0.0, 0.3))
            b.tube((shoulder, 0, neck - 0.1), (hand, forward, hip + 0.02), 0.05, coat, 6, 0.04)
            b.tube((hand, forward, hip + 0.02), (hand, forward - 0.02, hip - 0.08), 0.04, skin, 6)
        b.tube((0, 0, neck), (0, 0, neck + 0.05), 0.05, skin, 8)
        b.tube((0, 0, neck + 0.05), (0, 0, 0.95 * h), 0.075, skin, 10, 0.095, cap=hair)
        b.tube((0, 0.015, 0.93 * h), (0, 0.015, h), 0.1, hair, 10, 0.05)


def _thing(rng: Rng) -> tuple[float, Callable[[Builder], None]]:
    """Return a thing left about: its radius and how it is built around (0, 0)."""
    style = Style.of(rng)
    things: list[tuple[float, float, Callable[[Builder], None]]] = [
        (0.4, 0.25, lambda b: _cartons(b, rng)),
        (0.4, 0.25, lambda b: plain_chair(b, style, rng)),
        (0.36, 0.25, lambda b: plant(b, rng, float(rng.uniform(0.9, 1.5)))),
        (0.3, 0.15, lambda b: _bags(b, rng)),
        (0.75, 0.5, lambda b: pallet(b, rng)),
        (0.45, 0.25, lambda b: _sign(b)),
    ]
    radius, back, build = things[int(rng.integers(len(things)))]

    def centred(b: Builder) -> None:
        with b.at(0, back):
            build(b)

    return radius, centred


def _cartons(b: Builder, rng: Rng) -> None:
    """Build a stack of cardboard boxes."""
    with b.piece():
        z = 0.0
        for _ in range(int(rng.integers(2, 5))):
            w, d, h = (float(rng.uniform(*r)) for r in ((0.35, 0.55), (0.3, 0.42), (0.22, 0.4)))
            with b.at(-w / 2, -0.04, z, float(rng.uniform(-0.15, 0.15))):
                carton(b, rng, w, d, h)
            z += h


def _bags(b: Builder, rng: Rng) -> None:
    """Build a few bags of rubbish."""
    with b.piece():
        for x in (-0.12, 0.12):
            m = Material("plain", str(rng.choice(["#2c2f33", "#3a5fa8", "#e4e2dc"])), shine=0.05)
            b.tube((x, -0.15, 0), (x, -0.15, float(rng.uniform(0.4, 0.65))), 0.16, m, 9, 0.03)


def _sign(b: Builder) -> None:
    """Build the yellow sign that says the floor is wet."""
    yellow = Material("plain", "#f0c419", shine=0.05)
    with b.piece():
        b.face((-0.16, -0.45, 0), (0.32, 0, 0), (0, 0.2, 0.85), yellow)
        b.face((0.16, -0.05, 0), (-0.32, 0, 0), (0, -0.2, 0.85), yellow)
        b.box((-0.05, -0.28, 0.84), (0.05, -0.22, 0.9), GRAY)
