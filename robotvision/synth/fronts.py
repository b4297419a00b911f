"""Fronts of machines and furniture: fridge, elevator, copier, rack, drawers and so on."""

from __future__ import annotations

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng
from robotvision.synth.paint import (
    SIZE,
    Draw,
    bar,
    brushed,
    by_name,
    canvas,
    disc,
    gray,
    lines,
    noise,
    text,
)


def _keys(
    image: F32, first: tuple[int, int, int, int], step: tuple[int, int], n: tuple[int, int], c: str
) -> None:
    """Draw ``n`` (across, down) keys of a colour, ``step`` apart; ``first`` is (x0, y0, x1, y1)."""
    x0, y0, x1, y1 = first
    for y in range(0, n[1] * step[1], step[1]):
        for x in range(0, n[0] * step[0], step[0]):
            bar(image, x0 + x, y0 + y, x1 + x, y1 + y, c)


def _keyboard(rng: Rng) -> F32:
    image = canvas("#26282b")
    _keys(image, (8, 20, 21, 56), (17, 45), (14, 5), "#55595f")
    return image


def _elevator(rng: Rng) -> F32:
    image = brushed(rng) * 0.9
    bar(image, 126, 0, 130, SIZE, "#303236")
    image[:, 90:126] *= np.linspace(1.0, 0.85, 36)[None, :, None]
    return image


def _buttons(rng: Rng) -> F32:
    image = brushed(rng) * 0.8
    bar(image, 64, 18, 192, 80, "#101418")
    text(image, str(rng.integers(1, 9)), 106, 68, 1.7, "#ff5a30", 4)
    for y, lit in ((140, True), (206, False)):
        disc(image, 128, y, 28, "#3a3d42")
        disc(image, 128, y, 22, "#ffd98a" if lit else "#c9ccd0")
    cv2.fillConvexPoly(image, np.array([[128, 126], [114, 150], [142, 150]]), (0.1, 0.1, 0.1))
    cv2.fillConvexPoly(image, np.array([[128, 220], [114, 196], [142, 196]]), (0.1, 0.1, 0.1))
    return image


def _fridge(rng: Rng) -> F32:
    image = canvas("#f2f3f4")
    bar(image, 0, 84, SIZE, 89, "#8f9498")
    bar(image, 226, 40, 236, 78, "#8b9095")
    bar(image, 226, 100, 236, 160, "#8b9095")
    bar(image, 60, 120, 100, 170, "#fff1a8")
    bar(image, 110, 130, 150, 165, "#d4ebff")
    disc(image, 80, 120, 5, "#d03030")
    bar(image, 40, 20, 76, 34, "#3a5fa8")
    return image


def _oven(rng: Rng) -> F32:
    image = canvas("#d6d8da")
    bar(image, 26, 80, 230, 226, "#15171a")
    bar(image, 30, 62, 226, 70, "#8b9095")
    for k in range(5):
        disc(image, 40 + k * 44, 32, 13, "#22252a")
    return image


def _stove(rng: Rng) -> F32:
    image = canvas("#17181b")
    for x, y, r in ((70, 70, 38), (186, 70, 30), (70, 186, 30), (186, 186, 38)):
        disc(image, x, y, r, "#6a2f2a")
        disc(image, x, y, r - 5, "#222428")
    return image


def _cabinet(rng: Rng) -> F32:
    image = gray(0.95 + 0.02 * noise(rng, 4, 30))
    cv2.rectangle(image, (3, 3), (SIZE - 4, SIZE - 4), (0.55, 0.55, 0.55), 3)
    bar(image, 206, 104, 216, 152, "#55585c")
    return image


def _drawers(rng: Rng) -> F32:
    image = gray(0.95 + 0.02 * noise(rng, 4, 30))
    for k in range(4):
        cv2.rectangle(image, (4, 4 + k * 63), (SIZE - 5, 62 + k * 63), (0.5, 0.5, 0.5), 3)
        bar(image, 96, 22 + k * 63, 160, 30 + k * 63, "#44474b")
    return image


def _copier(rng: Rng) -> F32:
    image = canvas("#d9dbdc")
    for k in range(3):
        bar(image, 14, 90 + k * 54, 242, 138 + k * 54, "#c3c6c8")
        bar(image, 90, 106 + k * 54, 166, 116 + k * 54, "#6f7478")
    bar(image, 14, 14, 242, 78, "#2d3135")
    return image


def _panel(rng: Rng) -> F32:
    image = canvas("#2c2f33")
    bar(image, 20, 40, 120, 216, "#7fb8d8")
    _keys(image, (140, 44, 164, 74), (36, 44), (3, 4), "#c8ccd0")
    disc(image, 226, 236, 10, "#3fbf5a")
    return image


def _phone(rng: Rng) -> F32:
    image = canvas("#202326")
    bar(image, 110, 20, 236, 80, "#9fc3a4")
    _keys(image, (112, 100, 142, 124), (42, 36), (3, 4), "#d4d7da")
    bar(image, 16, 10, 80, 246, "#0d0f11")
    return image


def _rack(rng: Rng) -> F32:
    image = canvas("#1b1d20")
    for k in range(9):
        y = 6 + k * 28
        bar(image, 8, y, 248, y + 24, str(rng.choice(["#34383d", "#26292d", "#4a4f55"])))
        for j in range(int(rng.integers(3, 12))):
            color = str(rng.choice(["#46e06a", "#46e06a", "#ffb02e", "#4aa3ff"]))
            disc(image, 20 + j * 15, y + 12, 3, color)
        bar(image, 190, y + 6, 240, y + 18, "#111214")
    return image


def _tower(rng: Rng) -> F32:
    """Front of a computer's box: drives, a button, a grille."""
    image = canvas("#2a2c30")
    cv2.rectangle(image, (4, 4), (251, 251), (0.32, 0.33, 0.35), 5)
    for k in range(2):
        bar(image, 24, 20 + k * 30, 232, 42 + k * 30, "#44474c")
        bar(image, 190, 28 + k * 30, 222, 34 + k * 30, "#8b8f95")
    disc(image, 128, 104, 12, "#6f747a")
    disc(image, 128, 104, 5, "#58d0ff")
    for k in range(10):
        bar(image, 40, 132 + k * 11, 216, 137 + k * 11, "#0d0e10")
    return image


def _electric(rng: Rng) -> F32:
    image = canvas("#c9cccb")
    cv2.rectangle(image, (4, 4), (251, 251), (0.4, 0.4, 0.4), 4)
    triangle = np.array([[128, 50], [70, 150], [186, 150]])
    cv2.fillConvexPoly(image, triangle, (0.95, 0.8, 0.1))
    text(image, "!", 118, 138, 1.8, "#101010", 6)
    bar(image, 222, 110, 234, 150, "#333333")
    return image


def _tools(rng: Rng) -> F32:
    image = canvas("#9aa0a4")
    ys, xs = np.mgrid[8:SIZE:16, 8:SIZE:16]
    image[ys, xs] = 0.3
    for k in range(8):
        x = 16 + k * 30
        color = str(rng.choice(["#c0392b", "#2d5fa4", "#e0a030", "#333333"]))
        height = int(rng.integers(70, 170))
        bar(image, x, 30, x + 9, 30 + height, "#d4d8dc")
        bar(image, x - 3, 30, x + 12, 80, color)
    return image


def _extinguisher(rng: Rng) -> F32:
    image = canvas("#c8171e")
    bar(image, 40, 90, 216, 200, "#f2efe6")
    lines(image, rng, (52, 104, 204, 190), "#c8171e", 18)
    return image


def _vending(rng: Rng) -> F32:
    image = canvas("#a01f2a")
    bar(image, 16, 20, 180, 200, "#14181c")
    palette = ["#e8c33a", "#d65a2e", "#4a9be0", "#57b65f", "#e7e7e7", "#b24cc0"]
    for i in range(5):
        for j in range(7):
            x, y = 24 + j * 22, 26 + i * 35
            bar(image, x, y, x + 15, y + 24, str(rng.choice(palette)))
        bar(image, 16, 52 + i * 35, 180, 56 + i * 35, "#8a9096")
    bar(image, 196, 60, 240, 140, "#d6d9db")
    bar(image, 30, 214, 170, 242, "#0c0d0f")
    return image


def _locker(rng: Rng) -> F32:
    image = gray(0.92 + 0.02 * noise(rng, 4, 4))
    cv2.rectangle(image, (2, 2), (253, 253), (0.45, 0.45, 0.45), 4)
    for k in range(5):
        bar(image, 70, 30 + k * 10, 186, 34 + k * 10, "#555a60")
    bar(image, 214, 120, 226, 150, "#33363a")
    return image


_DRAWN: tuple[Draw, ...] = (
    _keyboard, _elevator, _buttons, _fridge, _oven, _stove, _cabinet, _drawers, _copier, _panel,
    _phone, _rack, _tower, _electric, _tools, _extinguisher, _vending, _locker,
)  # fmt: skip
FRONTS = by_name(_DRAWN)
