"""A laid-out building seen from above: how far the way keeps from things, and a drawing of it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import F64
from robotvision.synth.building import Floor
from robotvision.synth.path import BODY_M
from robotvision.synth.plan import FloorPlan
from robotvision.synth.trajectory import Track

U8 = NDArray[np.uint8]
CELL_M = 0.02
MAX_CELLS = 6000
COLORS = (
    (214, 90, 40), (40, 120, 200), (60, 150, 60), (160, 80, 180), (200, 160, 20), (20, 160, 160),
    (220, 110, 160), (110, 90, 60), (90, 110, 230), (140, 170, 60),
)  # fmt: skip


class _Map:
    """The building's ground as pixels, north up."""

    def __init__(self, plan: FloorPlan, per_metre: float) -> None:
        rects = np.array([r.rect for r in plan.rooms])
        self.low, self.high = rects[:, :2].min(0) - 0.5, rects[:, 2:].max(0) + 0.5
        self.scale = min(per_metre, MAX_CELLS / float((self.high - self.low).max()))
        size = np.ceil((self.high - self.low) * self.scale).astype(int)
        self.shape = int(size[1]), int(size[0])

    def pixels(self, xy: F64) -> NDArray[np.int32]:
        """Return pixels (x right, y down), (..., 2) int32."""
        x, y = xy[..., 0] - self.low[0], self.high[1] - xy[..., 1]
        return np.floor(np.stack([x, y], axis=-1) * self.scale).astype(np.int32)

    def fill(self, image: U8, triangles: F64, color: tuple[int, ...]) -> None:
        """Draw triangles seen from above, those on edge as lines."""
        for corners in self.pixels(triangles[:, :, :2].astype(float)):
            cv2.fillConvexPoly(image, corners, color)
            cv2.polylines(image, [corners], True, color)


def _in_the_way(floor: Floor) -> NDArray[np.bool_]:
    """Return which triangles the robot's body could hit."""
    z = floor.solids.triangles[:, :, 2]
    hit: NDArray[np.bool_] = (z.max(1) > BODY_M[0]) & (z.min(1) < BODY_M[1])
    return hit


def clearance(plan: FloorPlan, floor: Floor, tracks: Sequence[Track]) -> list[F64]:
    """Return for each pose of each sequence the metres to the nearest wall, sill or piece.

    Measured from above between the robot's wheels and its head, on a grid of 2 cm.
    """
    ground = _Map(plan, 1 / CELL_M)
    free = np.full(ground.shape, 255, np.uint8)
    ground.fill(free, floor.solids.triangles[_in_the_way(floor)].astype(float), (0,))
    distance = cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    distances = []
    for track in tracks:
        at = ground.pixels(track.xy)
        distances.append(np.asarray(distance[at[:, 1], at[:, 0]] / ground.scale, np.float64))
    return distances


def draw_plan(plan: FloorPlan, floor: Floor, tracks: Sequence[Track], per_metre: float = 50) -> U8:
    """Return a drawing (H, W, 3) RGB: walls, furniture, windows, the poses coloured by room."""
    ground = _Map(plan, per_metre)
    image = np.full((*ground.shape, 3), 255, np.uint8)
    labels = sorted({r.label for r in plan.rooms})
    color = {label: COLORS[i % len(COLORS)] for i, label in enumerate(labels)}
    for room in plan.rooms:
        x0, y0, x1, y1 = room.rect
        a, b = ground.pixels(np.array([[x0, y1], [x1, y0]]))
        pale = tuple(int(255 - (255 - c) * 0.13) for c in color[room.label])
        cv2.rectangle(image, tuple(map(int, a)), tuple(map(int, b)), pale, -1)
    solids = floor.solids
    hit = _in_the_way(floor)
    furniture = solids.group[solids.triangle_surface] >= 0
    ground.fill(image, solids.triangles[hit & furniture].astype(float), (190, 186, 178))
    ground.fill(image, solids.triangles[hit & ~furniture].astype(float), (40, 40, 44))
    for pane in floor.panes:
        ends = np.array([pane.origin[:2], np.add(pane.origin[:2], pane.edge1[:2])])
        a, b = ground.pixels(ends)
        cv2.line(image, tuple(map(int, a)), tuple(map(int, b)), (90, 170, 230), 5)
    for track in tracks:
        for (x, y), label in zip(ground.pixels(track.xy), track.rooms, strict=True):
            cv2.circle(image, (int(x), int(y)), 2, color[label], -1, cv2.LINE_AA)
    for room in plan.rooms:
        x0, _, _, y1 = room.rect
        x, y = map(int, ground.pixels(np.array([x0 + 0.15, y1 - 0.4])))
        text = f"{room.label}: {room.kind.replace('_', ' ')}"
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(image, text, (x, y), font, 0.5, (20, 20, 20), 1, cv2.LINE_AA)
    return image
