"""What walls and ceilings carry, drawn: sockets, switches, grilles, notices, doors, blinds."""

from __future__ import annotations

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng
from robotvision.synth.paint import (
    SIZE,
    Draw,
    bar,
    by_name,
    canvas,
    disc,
    gray,
    hex_color,
    lines,
    noise,
    outline,
    polygon,
    text,
)
from robotvision.synth.wood import grain


def _socket(rng: Rng) -> F32:
    image = canvas("#e9e8e3")
    outline(image, 6, 6, 249, 249, "#8f8e88", 8)
    disc(image, 128, 128, 88, "#b5b4ad")
    disc(image, 128, 128, 78, "#d9d8d2")
    for x in (96, 160):
        disc(image, x, 128, 13, "#1e1e1e")
    bar(image, 120, 44, 136, 60, "#8a7a50")
    bar(image, 120, 196, 136, 212, "#8a7a50")
    return image


def _switch(rng: Rng) -> F32:
    image = canvas("#e4e3de")
    outline(image, 6, 6, 249, 249, "#7d7c76", 9)
    outline(image, 44, 44, 211, 211, "#6b6a65", 7)
    bar(image, 50, 128, 206, 206, "#c2c1ba")
    bar(image, 116, 200, 140, 208, "#e0503a")
    return image


def _trunk(rng: Rng) -> F32:
    """Trunking along a wall: a strip of 32 rows, eight times, with sockets and data outlets."""
    strip = np.ones((32, SIZE, 3), np.float32) * hex_color("#d9d8d2")
    strip[:2] = hex_color("#77766f")
    strip[-2:] = hex_color("#5d5c57")
    strip[9:10] = strip[22:23] = hex_color("#a5a49d")
    for x, color in ((24, "#f2f1ec"), (58, "#f2f1ec"), (104, "#3a3c40"), (196, "#f2f1ec")):
        bar(strip, x, 6, x + 24, 25, "#77766f")
        bar(strip, x + 2, 8, x + 22, 23, color)
        disc(strip, x + 12, 15, 5, "#55544f")
    return np.tile(strip, (8, 1, 1))


def _grille(rng: Rng) -> F32:
    image = canvas("#cfd0cd")
    outline(image, 5, 5, 250, 250, "#7f807d", 10)
    for k in range(9):
        bar(image, 22, 26 + k * 24, 234, 38 + k * 24, "#4a4b4a")
        bar(image, 22, 38 + k * 24, 234, 41 + k * 24, "#f0f0ec")
    return image


def _diffuser(rng: Rng) -> F32:
    """Air outlet in a ceiling: squares within squares."""
    image = canvas("#e6e6e2")
    for k in range(5):
        outline(image, 8 + k * 24, 8 + k * 24, 247 - k * 24, 247 - k * 24, "#6f706c", 9)
    return image


def _speaker(rng: Rng) -> F32:
    image = canvas("#efefeb")
    disc(image, 128, 128, 118, "#8d8e8a")
    disc(image, 128, 128, 108, "#dcdcd6")
    ys, xs = np.mgrid[40:220:14, 40:220:14]
    near = (ys - 128) ** 2 + (xs - 128) ** 2 < 90**2
    for y, x in zip(ys[near], xs[near], strict=True):
        disc(image, x, y, 4, "#5a5b58")
    return image


def _louvre(rng: Rng) -> F32:
    """Blades across a lamp."""
    image = canvas("#ffffff")
    for k in range(12):
        bar(image, k * 22, 0, k * 22 + 3, SIZE, "#9a9a96")
    outline(image, 3, 3, 252, 252, "#8a8a86", 6)
    return image


def _thermostat(rng: Rng) -> F32:
    image = canvas("#efeeea")
    outline(image, 5, 5, 250, 250, "#8d8c86", 9)
    bar(image, 44, 40, 212, 124, "#7f9484")
    text(image, f"{rng.integers(19, 24)}", 72, 112, 2.2, "#1e2a22", 5)
    for x in (84, 172):
        disc(image, x, 184, 26, "#a9a8a1")
    return image


def _callpoint(rng: Rng) -> F32:
    image = canvas("#b5161d")
    outline(image, 8, 8, 247, 247, "#6d0c11", 9)
    bar(image, 52, 76, 204, 200, "#f4f2ea")
    disc(image, 128, 138, 30, "#20201e")
    lines(image, rng, (60, 24, 196, 60), "#f4f2ea", 18)
    return image


def _notice(rng: Rng) -> F32:
    """One sheet: a head, text, perhaps a figure, a photograph or a table."""
    image = canvas(str(rng.choice(["#fbfaf5", "#fbfaf5", "#fbfaf5", "#f7e9a0", "#cfe3f2"])))
    outline(image, 2, 2, 253, 253, "#a5a49c", 4)
    accent = str(rng.choice(["#1f3f77", "#8f2329", "#222222", "#2a6b45"]))
    kind = int(rng.integers(4))
    if kind == 0:
        bar(image, 14, 14, 242, 62, accent)
        lines(image, rng, (26, 26, 230, 52), "#ffffff", 16)
        lines(image, rng, (20, 82, 236, 240), "#3f3f3f", 15)
    elif kind == 1:
        lines(image, rng, (20, 18, 236, 60), accent, 20)
        bar(image, 30, 78, 226, 170, "#8fa5b5")
        polygon(image, [(30, 170), (90, 104), (140, 150), (180, 120), (226, 170)], "#4d5f4a")
        lines(image, rng, (20, 186, 236, 244), "#4a4a4a", 13)
    elif kind == 2:
        lines(image, rng, (20, 18, 200, 40), accent, 20)
        for k in range(8):
            bar(image, 20, 60 + k * 24, 236, 62 + k * 24, "#555555")
            bar(image, 30, 70 + k * 24, 30 + int(rng.integers(20, 60)), 76 + k * 24, "#333333")
        for x in (20, 96, 164, 236):
            bar(image, x, 60, x + 1, 230, "#555555")
    else:
        text(image, str(rng.choice(["TODAY", "SALE", "NOTE", "ROOM"])), 18, 74, 1.9, accent, 6)
        lines(image, rng, (20, 100, 236, 170), "#3f3f3f", 18)
        for k in range(7):
            bar(image, 14 + 34 * k, 190, 16 + 34 * k, 253, "#777777")
            bar(image, 26 + 34 * k, 196, 30 + 34 * k, 248, "#666666")
    return image


def _warning(rng: Rng) -> F32:
    """Draw a sign in the colours of safety: prohibition, mandatory, warning, rescue, fire."""
    kind = int(rng.integers(5))
    ground = ["#f6f6f2", "#1f57a4", "#f3c318", "#1d8a4a", "#c3161d"][kind]
    image = canvas(ground)
    if kind == 0:
        disc(image, 128, 112, 84, "#c3161d")
        disc(image, 128, 112, 64, "#f6f6f2")
        bar(image, 84, 104, 172, 120, "#202020")
        polygon(image, [(70, 66), (82, 54), (188, 158), (176, 170)], "#c3161d")
    elif kind == 2:
        polygon(image, [(128, 16), (24, 190), (232, 190)], "#171717")
        polygon(image, [(128, 50), (56, 172), (200, 172)], "#f3c318")
        text(image, "!", 112, 164, 2.6, "#171717", 9)
    elif kind == 3:
        bar(image, 104, 40, 152, 176, "#ffffff")
        bar(image, 60, 84, 196, 132, "#ffffff")
    else:
        disc(image, 100, 60, 24, "#ffffff")
        polygon(
            image,
            [(80, 90), (132, 90), (190, 150), (176, 164), (120, 128), (124, 186), (92, 186)],
            "#ffffff",
        )
    lines(image, rng, (40, 206, 216, 244), "#171717" if kind in (0, 2) else "#ffffff", 18)
    outline(image, 3, 3, 252, 252, "#f6f6f2" if kind in (1, 3, 4) else "#171717", 5)
    return image


def _door(rng: Rng) -> F32:
    """Draw a leaf of veneer: with a pane, with a grille and a plate, or with two fields."""
    image = np.ascontiguousarray(np.transpose(grain(rng), (1, 0, 2)))
    kind = int(rng.integers(3))
    if kind == 0:
        bar(image, 150, 30, 196, 170, "#8d8f90")
        bar(image, 156, 36, 190, 164, "#5f7f8c")
        polygon(image, [(156, 120), (190, 70), (190, 96), (156, 146)], "#a9c3cc")
    elif kind == 1:
        bar(image, 40, 196, 216, 236, "#55524c")
        for k in range(6):
            bar(image, 46, 200 + k * 6, 210, 202 + k * 6, "#b5aea0")
        bar(image, 96, 60, 160, 84, "#e9ebec")
        lines(image, rng, (102, 66, 154, 82), "#2b3a55", 8)
    else:
        for y0, y1 in ((22, 116), (136, 236)):
            outline(image, 44, y0, 212, y1, "#4f3f2d", 3)
            outline(image, 52, y0 + 5, 204, y1 - 5, "#f4e6d0", 2)
    bar(image, 4, 244, 251, 252, "#8b8d8f")
    outline(image, 3, 2, SIZE - 4, SIZE - 3, "#6b5a45", 2)
    return image


def _blind(rng: Rng) -> F32:
    """Slats of a Venetian blind and their cords."""
    image = canvas("#d5d3cb")
    for k in range(16):
        bar(image, 0, k * 16, SIZE, k * 16 + 4, "#77756e")
        bar(image, 0, k * 16 + 4, SIZE, k * 16 + 6, "#f6f5ef")
    for x in (40, 214):
        bar(image, x, 0, x + 1, SIZE, "#55534d")
    return image


def _curtain(rng: Rng) -> F32:
    folds = np.sin(np.arange(SIZE) * 2 * np.pi / 32 + 1.5 * noise(rng, 4, 1, 1)[0])
    value = 0.74 + 0.2 * folds[None, :] + 0.02 * noise(rng, 40, 40, 1)
    return gray(value.astype(np.float32))


def _coat(rng: Rng) -> F32:
    """Cloth hanging in folds, with buttons."""
    folds = np.sin(np.linspace(0, 5 * np.pi, SIZE) + 0.9 * noise(rng, 3, 2, 2))
    image = gray((0.72 + 0.2 * folds).astype(np.float32))
    bar(image, 126, 20, 129, SIZE, "#303030")
    for k in range(5):
        disc(image, 140, 50 + k * 42, 6, "#1d1d1d")
    return image


def _scuff(rng: Rng) -> F32:
    """Draw the foot of a wall where trolleys and shoes have left their marks."""
    image = gray(0.95 + 0.03 * noise(rng, 6, 6, 4))
    for _ in range(22):
        x, y = int(rng.integers(SIZE)), int(SIZE * rng.uniform(0.2, 1.0) ** 0.5)
        end = (x + int(rng.integers(-22, 22)), y + int(rng.integers(-3, 3)))
        tone = float(rng.uniform(0.55, 0.85))
        cv2.line(image, (x, y), end, (tone, tone, tone), 1, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.float32)


_DRAWN: tuple[Draw, ...] = (
    _socket, _switch, _trunk, _grille, _diffuser, _speaker, _louvre, _thermostat, _callpoint,
    _notice, _warning, _door, _blind, _curtain, _coat, _scuff,
)  # fmt: skip
SERVICES = by_name(_DRAWN)
