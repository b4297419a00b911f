"""Printed and drawn things: posters, screens, book spines, signs."""

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
    polygon,
    text,
)

CLOTHS = (
    "#7a2f2a", "#2f4a6b", "#3f5f44", "#c9b48a", "#4a3a30", "#8a6a3a", "#d9d4c6", "#23262b",
    "#5b4a6b", "#b0563a", "#6f8a94", "#e6e0cf",
)  # fmt: skip
"""Colours of the spines of books."""


def _books(rng: Rng) -> F32:
    """Draw a row of spines with bands and titles, some leaning, some lying on their side."""
    image = canvas("#1f1914")
    x = 2
    while x < SIZE - 8:
        width, top = int(rng.integers(7, 22)), int(rng.integers(10, 96))
        cloth = str(rng.choice(CLOTHS))
        if rng.random() < 0.08:
            y = SIZE
            while y > 120 and x < SIZE - 60:
                y -= int(rng.integers(14, 30))
                bar(image, x, y, x + 56, y + 12, str(rng.choice(CLOTHS)))
                bar(image, x + 14, y + 4, x + 40, y + 7, "#e8dcc0")
            x += 62
            continue
        ink = "#e8dcc0" if hex_color(cloth).mean() < 0.5 else "#2a2420"
        lean = int(rng.integers(8, 20)) if rng.random() < 0.06 else 0
        foot, head = (x + width, x), (x + lean, x + width + lean)
        corners = [(foot[1], SIZE), (head[0], top), (head[1], top), (foot[0], SIZE)]
        polygon(image, corners, cloth)
        if not lean:
            bar(image, x, top, x, SIZE, "#0f0c0a")
            for y in (top + 8, SIZE - 26):
                bar(image, x + 1, y, x + width - 1, y + 3, ink)
            middle = x + width // 2
            bar(image, middle - 1, top + 22, middle + 1, top + int(rng.integers(50, 110)), ink)
        x += width + lean + (int(rng.integers(6, 26)) if rng.random() < 0.08 else 1)
    return image


def _binders(rng: Rng) -> F32:
    image = canvas("#3a3a3c")
    palette = ["#2c4f8a", "#2c4f8a", "#a32f2f", "#333333", "#3f7a4a", "#d0b33a"]
    for x in range(2, SIZE - 20, 26):
        if rng.random() < 0.1:
            continue
        bar(image, x, 30, x + 23, SIZE, str(rng.choice(palette)))
        bar(image, x + 5, 70, x + 18, 150, "#eeeeea")
        lines(image, rng, (x + 7, 78, x + 17, 146), "#3a3a3a", 12)
        bar(image, x, 30, x, SIZE, "#141416")
        disc(image, x + 11, 215, 6, "#151515")
    return image


def _desktop(rng: Rng) -> F32:
    image = canvas(str(rng.choice(["#2b5f8f", "#1f6f6a", "#3d3f6b"])))
    bar(image, 6, 8, 150, 225, "#f4f5f7")
    bar(image, 6, 8, 150, 24, "#4a5568")
    lines(image, rng, (14, 34, 140, 215), "#7a8794", 10)
    bar(image, 100, 60, 248, 200, "#1d232b")
    lines(image, rng, (108, 78, 240, 190), str(rng.choice(["#6fd08c", "#7cb7ff"])), 9)
    bar(image, 0, 238, SIZE, SIZE, "#20262e")
    return image


def _slides(rng: Rng) -> F32:
    image = canvas("#fbfbf8")
    bar(image, 0, 0, SIZE, 48, "#224b87")
    bar(image, 20, 16, 190, 32, "#ffffff")
    lines(image, rng, (24, 70, 130, 220), "#444444", 22)
    for k in range(4):
        height = int(rng.integers(30, 130))
        color = ["#d9534f", "#f0ad4e", "#5cb85c", "#5bc0de"][k]
        bar(image, 150 + k * 24, 220 - height, 168 + k * 24, 220, color)
    return image


def _board(rng: Rng) -> F32:
    image = canvas("#f3f5f5")
    for _ in range(7):
        x, y = (int(v) for v in rng.integers(15, 170, 2))
        color = str(rng.choice(["#2444a0", "#b02a2a", "#1f7a3a", "#222222"]))
        kind = int(rng.integers(3))
        if kind == 0:
            lines(image, rng, (x, y, x + 70, y + 50), color, 12)
        elif kind == 1:
            c = tuple(float(v) for v in hex_color(color))
            cv2.rectangle(image, (x, y), (x + 50, y + 34), c, 2)
            cv2.arrowedLine(image, (x + 50, y + 17), (x + 82, y + 30), c, 2)
        else:
            text(image, "f(x)", x, y + 30, 0.9, color)
    cv2.rectangle(image, (1, 1), (SIZE - 2, SIZE - 2), (0.6, 0.62, 0.64), 6)
    return image


def _chalkboard(rng: Rng) -> F32:
    image = canvas("#264a3b") * (1 + 0.12 * gray(noise(rng, 4, 4, 3)))
    text(image, "E = mc", 24, 80, 1.1, "#e8efe9")
    lines(image, rng, (30, 120, 220, 200), "#c9d6cc", 18)
    return image


def _cork(rng: Rng) -> F32:
    image = canvas("#c29a6b") * (1 + 0.1 * gray(noise(rng, 50, 50, 2)))
    for _ in range(11):
        x, y = (int(v) for v in rng.integers(10, 190, 2))
        paper = str(rng.choice(["#ffffff", "#fff3a8", "#cfe6ff", "#ffd2d2"]))
        bar(image, x, y, x + 44, y + 52, paper)
        lines(image, rng, (x + 5, y + 10, x + 38, y + 46), "#777777", 9)
        disc(image, x + 22, y + 4, 4, "#c03030")
    cv2.rectangle(image, (1, 1), (SIZE - 2, SIZE - 2), (0.45, 0.3, 0.18), 8)
    return image


def _papers(rng: Rng) -> F32:
    image = canvas("#f6f5f0")
    lines(image, rng, (30, 30, 226, 230), "#6b6b6b", 14)
    return image


def _sign(words: str, ground: str, ink: str = "#ffffff", scale: float = 2.0, x: int = 20) -> Draw:
    def paint(rng: Rng) -> F32:
        image = canvas(ground)
        text(image, words, x, 160, scale, ink, 6)
        return image

    return paint


def _plate(rng: Rng) -> F32:
    image = canvas("#e9ebec")
    text(image, f"{rng.integers(100, 499)}", 44, 110, 2.2, "#2b3a55", 6)
    lines(image, rng, (44, 150, 210, 220), "#666f7a", 24)
    return image


def _person(woman: bool) -> Draw:
    def paint(rng: Rng) -> F32:
        image = canvas("#25468a")
        disc(image, 128, 56, 26, "#ffffff")
        if woman:
            cv2.fillConvexPoly(image, np.array([[128, 84], [72, 178], [184, 178]]), (1, 1, 1))
        else:
            bar(image, 98, 90, 158, 170, "#ffffff")
        bar(image, 104, 170, 122, 240, "#ffffff")
        bar(image, 134, 170, 152, 240, "#ffffff")
        return image

    return paint


def _clock(rng: Rng) -> F32:
    image = canvas("#f7f7f4")
    cv2.circle(image, (128, 128), 120, (0.12, 0.12, 0.12), 10, cv2.LINE_AA)
    for k in range(12):
        a = k * np.pi / 6
        disc(image, 128 + 96 * np.cos(a), 128 + 96 * np.sin(a), 6, "#222222")
    a = rng.uniform(0, 6.28)
    for length, width, angle in ((58, 9, a), (86, 6, 2.3 * a)):
        tip = (int(128 + length * np.cos(angle)), int(128 + length * np.sin(angle)))
        cv2.line(image, (128, 128), tip, (0.1, 0.1, 0.1), width, cv2.LINE_AA)
    return image


def _plan(rng: Rng) -> F32:
    image = canvas("#fbfbfb")
    bar(image, 0, 0, SIZE, 40, "#2a7a45")
    for k in range(5):
        x = 20 + k * 44
        cv2.rectangle(image, (x, 70), (x + 40, 130), (0.2, 0.2, 0.2), 3)
        cv2.rectangle(image, (x, 160), (x + 40, 220), (0.2, 0.2, 0.2), 3)
    cv2.arrowedLine(image, (40, 145), (210, 145), (0.1, 0.6, 0.25), 6)
    disc(image, 40, 145, 8, "#d02020")
    return image


_DRAWN: tuple[Draw, ...] = (
    _books, _binders, _desktop, _slides, _board, _chalkboard, _cork, _papers, _plate, _clock,
    _plan,
)  # fmt: skip
PRINTS: dict[str, Draw] = {
    **by_name(_DRAWN),
    "man": _person(False),
    "woman": _person(True),
    "exit": _sign("EXIT", "#1d8a4a"),
    "info": _sign("INFO", "#2a5aa8"),
    "paper": _sign("PAPER", "#2f6fb5", scale=1.9, x=8),
    "glass": _sign("GLASS", "#3a8a4d", scale=1.9, x=8),
    "metal": _sign("METAL", "#d8b021", "#202020", 1.9, 8),
}
