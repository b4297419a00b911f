"""A small generated sequence to try a program on: colours and shapes for rooms, no data set needed.

Each room has a colour and a pattern of its own, seen by a colour camera, a stereo pair, a depth
camera and as points, all of one size and with a calibration. The frames are the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robotvision.data.sequence import Calibration, ChannelKind
from robotvision.records import Frame, Image
from robotvision.systems.base import Channel, View

PERIOD_NS = 100_000_000
_KINDS = {
    "rgb": ChannelKind.COLOR,
    "left": ChannelKind.COLOR,
    "right": ChannelKind.COLOR,
    "depth": ChannelKind.DEPTH_MM,
    "points": ChannelKind.POINTS,
}


def view(width: int, height: int) -> View:
    """Return the cameras of a sequence with images of ``width`` x ``height`` pixels."""
    shapes = {
        ChannelKind.COLOR: (height, width, 3),
        ChannelKind.DEPTH_MM: (height, width),
        ChannelKind.POINTS: None,
    }
    channels = {name: Channel(kind, shapes[kind]) for name, kind in _KINDS.items()}
    camera = {
        "width": float(width),
        "height": float(height),
        "fx": 0.9 * width,
        "fy": 0.9 * width,
        "cx": (width - 1) / 2,
        "cy": (height - 1) / 2,
    }
    calibration: Calibration = {
        "rgb": camera,
        "depth": camera,
        "left": camera,
        "right": {**camera, "baseline_m": 0.12},
    }
    return View(channels, calibration, 1e9 / PERIOD_NS)


def frames(
    n: int, width: int = 64, height: int = 48, *, n_rooms: int = 3, first_index: int = 0
) -> list[Frame]:
    """Return ``n`` frames of a walk through ``n_rooms`` rooms of equal length."""
    return [_frame(i, i * n_rooms // n, width, height, first_index) for i in range(n)]


def permuted(walk: Sequence[Frame]) -> list[Frame]:
    """Return the images of ``walk`` in another order, under indices and times in order."""
    order = np.random.default_rng(7).permutation(len(walk))
    return [
        Frame(at.index, at.timestamp_ns, walk[k].images)
        for at, k in zip(walk, order.tolist(), strict=True)
    ]


def _frame(number: int, room: int, width: int, height: int, first_index: int) -> Frame:
    rng = np.random.default_rng((room, number))
    y, x = np.mgrid[:height, :width]
    color = np.random.default_rng(room).integers(40, 200, 3)
    stripes = 25 * np.sin((x * (1 + room) + y + 3 * number) / 5.0)
    noisy = color + stripes[..., None] + rng.normal(0, 4, (height, width, 3))
    rgb = np.clip(noisy, 0, 255).astype(np.uint8)
    depth = (1000 + 800 * room + 10 * x + rng.integers(0, 9, x.shape)).astype(np.uint16)
    depth[: height // 8] = 0
    points: Image = np.stack([x, y, depth], axis=-1).reshape(-1, 3)[:: 1 + number % 3]
    images = {
        "rgb": rgb,
        "left": rgb.copy(),
        "right": np.roll(rgb, -2, axis=1),
        "depth": depth,
        "points": (points * 0.001).astype(np.float32),
    }
    return Frame(first_index + number, number * PERIOD_NS, images)
