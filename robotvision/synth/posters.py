"""What hangs framed on the walls: landscapes, skylines, graphics, maps, charts, portraits, bills.

`poster` draws any of them.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng
from robotvision.synth.paint import (
    SIZE,
    Draw,
    bar,
    canvas,
    disc,
    hex_color,
    lines,
    noise,
    outline,
    polygon,
    text,
)

PALETTES = (
    ("#1e3c5c", "#e5b844", "#f2efe6"), ("#f1e9da", "#b5432e", "#2f4a52"),
    ("#e8edf2", "#2f6db0", "#23303c"), ("#24432f", "#d9d27a", "#f5f2e4"),
    ("#f4f4f4", "#c2476d", "#3b3450"), ("#16181f", "#e0673a", "#c7d2da"),
    ("#efe3c8", "#3a6b64", "#8a2f2a"), ("#d9dfe2", "#7a5b3a", "#1f2a30"),
)  # fmt: skip
WORDS = ("SUMMER", "ROBOTS", "JAZZ", "OPEN DAY", "CIRCUS", "ALPS", "OPERA", "CINEMA", "MUSEUM")


def _palette(rng: Rng) -> tuple[str, str, str]:
    return PALETTES[int(rng.integers(len(PALETTES)))]


def _landscape(rng: Rng) -> F32:
    """Sky, ridges that fade with distance, water or meadow before them."""
    top, low = hex_color("#5f8fc0"), hex_color(str(rng.choice(["#f3d9b0", "#e6eef2", "#f0b58c"])))
    down = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    image = (top * (1 - down) + low * down) * np.ones((SIZE, SIZE, 3), np.float32)
    disc(image, int(rng.integers(40, 216)), int(rng.integers(40, 90)), 16, "#fff3d0")
    tones = ("#8fa3b5", "#5f7a86", "#3d5a4e", "#233a2c")
    for k, tone in enumerate(tones):
        ridge = 96 + 34 * k + (34 - 5 * k) * noise(rng, 3 + 2 * k, 2, 5)[40]
        polygon(image, [(0, SIZE), *((x, ridge[x]) for x in range(0, SIZE, 3)), (SIZE, SIZE)], tone)
    if rng.random() < 0.6:
        bar(image, 0, 214, SIZE, SIZE, "#4f7f96")
        for _ in range(40):
            x, y = int(rng.integers(0, 230)), int(rng.integers(216, SIZE))
            bar(image, x, y, x + int(rng.integers(8, 30)), y, "#a9c6d2")
    return image


def _skyline(rng: Rng) -> F32:
    """Towers with windows against the evening."""
    image = canvas("#d98f5c")
    image[:120] = hex_color("#33486b") * np.linspace(0.8, 1.4, 120)[:, None, None]
    for tone in ("#4a4f63", "#1f2430"):
        x = 0
        while x < SIZE:
            width, high = int(rng.integers(14, 38)), int(rng.integers(50, 190))
            bar(image, x, SIZE - high, x + width, SIZE, tone)
            for y in range(SIZE - high + 6, SIZE - 4, 8):
                for u in range(x + 3, x + width - 4, 6):
                    if rng.random() < 0.5:
                        bar(image, u, y, u + 2, y + 3, "#f6d98a")
            x += width + int(rng.integers(0, 4))
    return image


def _circles(rng: Rng) -> F32:
    ground, accent, ink = _palette(rng)
    image = canvas(ground)
    for _ in range(9):
        x, y = rng.integers(30, 226, 2)
        r = int(rng.integers(14, 60))
        disc(image, x, y, r, str(rng.choice([accent, ink])))
        disc(image, x, y, r * 0.7, ground)
    return image


def _blocks(rng: Rng) -> F32:
    """Rectangles between black bars."""
    image = canvas("#f3f0e6")
    xs = [0, *sorted(int(v) for v in rng.choice(np.arange(30, 230, 20), 4, replace=False)), SIZE]
    ys = [0, *sorted(int(v) for v in rng.choice(np.arange(30, 230, 20), 4, replace=False)), SIZE]
    for x0, x1 in pairwise(xs):
        for y0, y1 in pairwise(ys):
            if rng.random() < 0.45:
                bar(image, x0, y0, x1, y1, str(rng.choice(["#c8342b", "#2b4f9c", "#e8c53a"])))
    for v in xs[1:-1]:
        bar(image, v - 3, 0, v + 3, SIZE, "#15161a")
    for v in ys[1:-1]:
        bar(image, 0, v - 3, SIZE, v + 3, "#15161a")
    return image


def _chart(rng: Rng) -> F32:
    ground, accent, ink = _palette(rng)
    image = canvas(ground)
    text(image, str(rng.choice(WORDS)), 26, 44, 1.1, accent, 3)
    for y in range(80, 224, 24):
        bar(image, 26, y, 230, y, ink)
    for k in range(6):
        height = int(rng.integers(30, 140))
        bar(image, 32 + k * 34, 222 - height, 56 + k * 34, 222, accent if k % 2 else ink)
    lines(image, rng, (26, 232, 226, 250), ink, 8)
    return image


def _science(rng: Rng) -> F32:
    """Draw a conference's poster: title, three columns of text and figures."""
    image = canvas("#f6f6f2")
    bar(image, 0, 0, SIZE, 42, str(rng.choice(["#234a7d", "#7a2430", "#27563f"])))
    lines(image, rng, (14, 10, 242, 34), "#ffffff", 12)
    for k in range(3):
        x, y = 10 + k * 82, 54
        while y < 236:
            if rng.random() < 0.45:
                h = int(rng.integers(36, 58))
                bar(image, x, y, x + 72, min(y + h, 246), str(rng.choice(["#cfdbe8", "#e8dcc8"])))
                for j in range(5):
                    u = x + 8 + j * 12
                    high = int(rng.integers(6, 28))
                    bar(image, u, y + h - 6 - high, u + 7, y + h - 6, "#2f5f9f")
            else:
                h = int(rng.integers(30, 60))
                lines(image, rng, (x, y, x + 72, min(y + h, 246)), "#4a4a4a", 7)
            y += h + 8
    return image


def _map(rng: Rng) -> F32:
    """Land and water with contours, roads and names."""
    field = noise(rng, 3, 3, 4)
    image = np.where((field > -0.15)[..., None], hex_color("#dfe3c6"), hex_color("#9cc3d8"))
    image = np.ascontiguousarray(image, np.float32)
    bands = np.floor(field * 6)
    edge = (bands != np.roll(bands, 1, 0)) | (bands != np.roll(bands, 1, 1))
    image[edge] = hex_color("#8a7a5c")
    for _ in range(7):
        start, end = rng.integers(0, SIZE, 2), rng.integers(0, SIZE, 2)
        color = hex_color(str(rng.choice(["#c0392b", "#d9a53a", "#5b5b5b"])))
        middle = (start + end) // 2 + rng.integers(-40, 40, 2)
        cv2.polylines(image, [np.array([start, middle, end])], False, color.tolist(), 3)
    for _ in range(8):
        x, y = (int(v) for v in rng.integers(10, 220, 2))
        lines(image, rng, (x, y, x + 30, y + 5), "#222222", 6)
    return image


def _portrait(rng: Rng) -> F32:
    """Head and shoulders before a ground of one colour."""
    ground, accent, ink = _palette(rng)
    image = canvas(accent)
    for k in range(12):
        bar(image, k * 22, 0, k * 22 + 10, SIZE, ground if k % 3 == 0 else accent)
    cv2.ellipse(image, (128, 262), (96, 92), 0, 0, 360, hex_color(ink).tolist(), -1, cv2.LINE_AA)
    skin = str(rng.choice(["#e0b494", "#b98562", "#8a5a40", "#f0cdb4"]))
    bar(image, 110, 140, 146, 186, skin)
    tone = hex_color(skin).tolist()
    cv2.ellipse(image, (128, 112), (44, 56), 0, 0, 360, tone, -1, cv2.LINE_AA)
    hair = hex_color(str(rng.choice(["#2a1d15", "#6b4a2c", "#b0863c", "#55565a"]))).tolist()
    cv2.ellipse(image, (128, 88), (48, 42), 0, 180, 360, hair, -1, cv2.LINE_AA)
    for x in (112, 144):
        disc(image, x, 112, 5, "#1c1c1c")
    bar(image, 116, 140, 140, 144, "#8a3a3a")
    return image


def _bill(rng: Rng) -> F32:
    """Draw a bill: one large word, a figure, small print."""
    ground, accent, ink = _palette(rng)
    image = canvas(ground)
    word = str(rng.choice(WORDS))
    text(image, word, 14, 62, min(2.1, 11.5 / len(word)), accent, 6)
    kind = int(rng.integers(3))
    if kind == 0:
        for k in range(14):
            a = k * np.pi / 7
            tip = [(128 + 70 * np.cos(a + d), 150 + 70 * np.sin(a + d)) for d in (-0.12, 0.12)]
            polygon(image, [(128, 150), *tip], ink if k % 2 else accent)
    elif kind == 1:
        polygon(image, [(40, 210), (128, 84), (216, 210)], ink)
        polygon(image, [(90, 210), (150, 120), (226, 210)], accent)
    else:
        for k in range(6):
            outline(image, 60 + 12 * k, 84 + 10 * k, 196 - 12 * k, 214 - 10 * k, ink, 4)
    lines(image, rng, (20, 222, 236, 250), ink, 9)
    return image


def _elements(rng: Rng) -> F32:
    """Draw the periodic table, roughly."""
    image = canvas("#fbfaf6")
    tones = ["#f2b5a0", "#f5d98f", "#b9dcb0", "#a9cbe8", "#d6bde0", "#e2e2dc"]
    for row in range(7):
        for column in range(16):
            if (row == 0 and 0 < column < 15) or (row == 1 and 1 < column < 10):
                continue
            x, y = 8 + column * 15, 48 + row * 26
            bar(image, x, y, x + 12, y + 21, tones[(column // 3 + row // 3) % 6])
            bar(image, x + 3, y + 6, x + 8, y + 13, "#333333")
    text(image, "ELEMENTS", 50, 34, 1.0, "#222222", 2)
    return image


def _calendar(rng: Rng) -> F32:
    """Draw a landscape over the days of a month."""
    image = canvas("#fdfdfb")
    image[:120] = cv2.resize(_landscape(rng), (SIZE, 120), interpolation=cv2.INTER_AREA)
    for row in range(5):
        for column in range(7):
            x, y = 12 + column * 34, 134 + row * 24
            bar(image, x, y, x + 16, y + 12, "#c0392b" if column == 6 else "#3a3a3a")
    return image


def _botany(rng: Rng) -> F32:
    """Draw a plate of leaves on a stem."""
    image = canvas("#f2ead6")
    stem = [(128 + 10 * np.sin(y / 40), y) for y in range(30, 236, 6)]
    for k, (x, y) in enumerate(stem[::3]):
        for side in (-1, 1):
            a = (int(x), int(y))
            tone = hex_color(str(rng.choice(["#3f6b3a", "#5d8a48", "#2f5232"]))).tolist()
            middle = (a[0] + side * 34, a[1] - 12)
            size = (34 - 2 * k, 11)
            cv2.ellipse(image, middle, size, side * -20, 0, 360, tone, -1, cv2.LINE_AA)
    points = np.array(stem, np.int32)
    cv2.polylines(image, [points], False, hex_color("#4a3a20").tolist(), 3)
    lines(image, rng, (70, 238, 190, 250), "#5a4a3a", 8)
    return image


def _weave(rng: Rng) -> F32:
    """Stripes and lozenges, as on a hanging of cloth."""
    colors = PALETTES[int(rng.integers(len(PALETTES)))]
    image = canvas(colors[0])
    for k in range(8):
        bar(image, 0, k * 32, SIZE, k * 32 + int(rng.integers(4, 18)), colors[1 + k % 2])
        for j in range(8):
            x, y = j * 32 + 16 * (k % 2), k * 32 + 22
            polygon(image, [(x, y - 9), (x + 9, y), (x, y + 9), (x - 9, y)], colors[2 - k % 2])
    return image


KINDS: tuple[Draw, ...] = (
    _landscape, _skyline, _circles, _blocks, _chart, _science, _map, _portrait, _bill, _elements,
    _calendar, _botany, _weave, _science, _landscape,
)  # fmt: skip


def poster(rng: Rng) -> F32:
    """Return one image of any kind, within a passe-partout and a frame or cut to its edge."""
    image = KINDS[int(rng.integers(len(KINDS)))](rng)
    frame = str(rng.choice(["#1b1c1e", "#6b4a2c", "#c9c4b8", "#f2f2ee"]))
    if rng.random() < 0.5:
        inner = cv2.resize(image, (SIZE - 64, SIZE - 64), interpolation=cv2.INTER_AREA)
        image = canvas("#f4f1e8")
        image[32:-32, 32:-32] = inner
    outline(image, 4, 4, SIZE - 5, SIZE - 5, frame, 9)
    return image


POSTERS: dict[str, Draw] = {"poster": poster, "calendar": _calendar, "map": _map}
