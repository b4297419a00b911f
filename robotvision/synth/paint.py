"""The brushes that textures are drawn with: noise, bars, discs, lines, letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng

SIZE = 256
"""Side of every texture in pixels."""

Draw = Callable[[Rng], F32]
"""Draws one texture, 256 x 256 sRGB in [0, 1], from a generator."""


def by_name(functions: Iterable[Draw]) -> dict[str, Draw]:
    """Return functions under their own names, ``_books`` as ``books``: textures are called so."""
    return {draw.__name__.removeprefix("_"): draw for draw in functions}


def to_linear(srgb: F32) -> F32:
    """Return linear light for sRGB values in [0, 1]."""
    low = srgb / 12.92
    high = ((srgb + 0.055) / 1.055) ** 2.4
    return np.where(srgb <= 0.04045, low, high).astype(np.float32)


def hex_color(text: str) -> F32:
    """Return ``#rrggbb`` as (3,) sRGB in [0, 1]."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)


def noise(rng: Rng, cells_x: int, cells_y: int, octaves: int = 3) -> F32:
    """Return (256, 256) smooth noise in about [-1, 1] that repeats without a seam."""
    total = np.zeros((SIZE, SIZE), np.float32)
    weight = 1.0
    for _ in range(octaves):
        grid = rng.uniform(-1, 1, (cells_y, cells_x)).astype(np.float32)
        padded = np.pad(grid, 2, mode="wrap")
        cell_x, cell_y = SIZE / cells_x, SIZE / cells_y
        x = (np.arange(SIZE, dtype=np.float32) + 0.5) / cell_x + 1.5
        y = (np.arange(SIZE, dtype=np.float32) + 0.5) / cell_y + 1.5
        map_x, map_y = np.meshgrid(x, y)
        total += weight * cv2.remap(padded, map_x, map_y, cv2.INTER_CUBIC)
        weight *= 0.5
        cells_x, cells_y = min(cells_x * 2, SIZE), min(cells_y * 2, SIZE)
    return total


def gray(values: F32) -> F32:
    """Return (256, 256) values as an image without colour."""
    return np.repeat(values[..., None], 3, axis=2).astype(np.float32)


def canvas(color: str) -> F32:
    """Return an image of one colour, ``#rrggbb``."""
    return np.ones((SIZE, SIZE, 3), np.float32) * hex_color(color)


def bar(image: F32, x0: float, y0: float, x1: float, y1: float, color: str) -> None:
    """Fill a rectangle."""
    c = tuple(float(v) for v in hex_color(color))
    cv2.rectangle(image, (int(x0), int(y0)), (int(x1), int(y1)), c, -1)


def disc(image: F32, x: float, y: float, r: float, color: str) -> None:
    """Fill a circle."""
    c = tuple(float(v) for v in hex_color(color))
    cv2.circle(image, (int(x), int(y)), int(r), c, -1, cv2.LINE_AA)


def outline(image: F32, x0: float, y0: float, x1: float, y1: float, color: str, w: int = 2) -> None:
    """Draw a rectangle's four sides, ``w`` pixels wide."""
    c = tuple(float(v) for v in hex_color(color))
    cv2.rectangle(image, (int(x0), int(y0)), (int(x1), int(y1)), c, w)


def polygon(image: F32, points: Sequence[tuple[float, float]], color: str) -> None:
    """Fill a polygon."""
    corners = np.round(np.array(points, np.float64)).astype(np.int32)
    cv2.fillPoly(image, [corners], tuple(float(v) for v in hex_color(color)), cv2.LINE_AA)


def text(image: F32, words: str, x: int, y: int, scale: float, color: str, w: int = 2) -> None:
    """Write letters with their lower left corner at (x, y)."""
    ink = np.zeros((SIZE, SIZE, 3), np.uint8)
    cv2.putText(
        ink, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), w, cv2.LINE_AA
    )
    share = ink.astype(np.float32) / 255
    image *= 1 - share
    image += share * hex_color(color)


def lines(image: F32, rng: Rng, box: tuple[int, int, int, int], color: str, step: int = 8) -> None:
    """Fill a box (x0, y0, x1, y1) with lines of unequal length, as of a text."""
    x0, y0, x1, y1 = box
    for y in range(y0, y1, step):
        bar(image, x0, y, x0 + (x1 - x0) * rng.uniform(0.55, 1.0), y + step * 0.4, color)


def brushed(rng: Rng) -> F32:
    """Return brushed metal."""
    return gray(0.9 + 0.05 * noise(rng, 200, 2, 2) + 0.03 * noise(rng, 2, 3, 2))
