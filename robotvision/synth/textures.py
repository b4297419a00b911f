"""Procedural textures by name: paint, tiles, carpet, cloth here; the rest in modules of their own.

Every texture is drawn from a generator of its own that is seeded by the building's seed and the
texture's name. Names with a number (``poster3``) are variants.
"""

from __future__ import annotations

import re
import zlib

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng
from robotvision.synth.fronts import FRONTS
from robotvision.synth.paint import (
    SIZE,
    Draw,
    bar,
    brushed,
    by_name,
    canvas,
    disc,
    gray,
    hex_color,
    lines,
    noise,
)
from robotvision.synth.posters import POSTERS
from robotvision.synth.prints import PRINTS
from robotvision.synth.services import SERVICES
from robotvision.synth.wood import WOODS


def draw(name: str, seed: int) -> F32:
    """Return the texture ``name``, (256, 256, 3) float32 sRGB in [0, 1]."""
    base = re.sub(r"\d+$", "", name)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.clip(DRAWN[base](rng), 0, 1).astype(np.float32)


def _plain(rng: Rng) -> F32:
    return gray(0.97 + 0.015 * noise(rng, 8, 8))


def _paint(rng: Rng) -> F32:
    roller = noise(rng, 64, 64, 2) * 0.012
    return gray(0.955 + 0.022 * noise(rng, 3, 3, 4) + roller)


def _carpet(rng: Rng) -> F32:
    fine = rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32)
    return gray(0.8 + 0.09 * fine + 0.05 * noise(rng, 6, 6, 3))


def _carpettile(rng: Rng) -> F32:
    """Squares laid in turn, with their joints."""
    image = _carpet(rng)
    half = SIZE // 2
    image[:half, :half] *= 0.8
    image[half:, half:] *= 0.8
    for k in (0, half):
        image[k : k + 2] *= 0.6
        image[:, k : k + 2] *= 0.6
    return image


def _linoleum(rng: Rng) -> F32:
    """Sheets welded along a line, marbled and specked."""
    image = gray(0.9 + 0.05 * noise(rng, 6, 6, 4) + 0.025 * noise(rng, 3, 24, 3))
    specks = rng.random((SIZE, SIZE))
    image[specks < 0.02] *= 0.72
    image[specks > 0.985] *= 1.1
    return image


def _vinyl(rng: Rng) -> F32:
    """Tiles of two tones, laid as a chequer with narrow joints."""
    image = _linoleum(rng)
    half = SIZE // 2
    for i in (0, 1):
        for j in (0, 1):
            tile = image[i * half : (i + 1) * half, j * half : (j + 1) * half]
            tile *= (0.98 if (i + j) % 2 else 0.76) + rng.uniform(-0.02, 0.02)
            tile[:2] *= 0.7
            tile[:, :2] *= 0.7
    return image


def _wallpaper(rng: Rng) -> F32:
    """Stripes and a small figure, or leaves in rows."""
    image = gray(0.96 + 0.012 * noise(rng, 32, 32, 2))
    if rng.random() < 0.5:
        for k in range(8):
            image[:, k * 32 : k * 32 + 14] *= 0.9
            image[:, k * 32 + 20 : k * 32 + 22] *= 0.85
        return image
    for i in range(6):
        for j in range(6):
            x, y = j * 43 + 21 * (i % 2), i * 43 + 12
            for a in (-0.7, 0.0, 0.7):
                tip = (int(x + 15 * np.sin(a)), int(y - 15 * np.cos(a)))
                cv2.line(image, (x, y), tip, (0.66, 0.72, 0.66), 5, cv2.LINE_AA)
    return image


def _cladding(rng: Rng) -> F32:
    """Stone plates with open joints: two high, two wide, one course set off."""
    image = gray(0.86 + 0.06 * noise(rng, 4, 4, 5) + 0.03 * noise(rng, 2, 12, 4))
    half = SIZE // 2
    for k, shift in ((0, 0), (1, 64)):
        rows = slice(k * half, (k + 1) * half)
        for j in range(2):
            xs = (np.arange(half) + j * half + shift) % SIZE
            image[rows, xs] *= rng.uniform(0.9, 1.06)
            image[rows, xs[:3]] *= 0.5
        image[k * half : k * half + 3] *= 0.5
    return image


def _terrazzo(rng: Rng) -> F32:
    image = gray(0.9 + 0.02 * noise(rng, 8, 8))
    for _ in range(420):
        x, y = rng.integers(0, SIZE, 2)
        color = rng.choice(["#6b6660", "#b9ab97", "#8c8c90", "#d8d2c6", "#9c7b62"])
        disc(image, x, y, int(rng.integers(1, 5)), color)
    image[:2] *= 0.75
    image[:, :2] *= 0.75
    return image


def _tiles(rng: Rng, n: int = 4, spread: float = 0.03, grout: float = 0.72) -> F32:
    image = np.ones((SIZE, SIZE, 3), np.float32)
    step = SIZE // n
    for i in range(n):
        for j in range(n):
            tone = 0.96 + rng.uniform(-spread, spread)
            image[i * step : (i + 1) * step, j * step : (j + 1) * step] = tone
    image += gray(0.01 * noise(rng, 16, 16))
    for k in range(0, SIZE, step):
        image[k : k + 3] = grout
        image[:, k : k + 3] = grout
    return image


def _floortiles(rng: Rng) -> F32:
    return _tiles(rng, 2, 0.08, 0.6) * (1 + 0.05 * gray(noise(rng, 12, 12, 4)))


def _checker(rng: Rng) -> F32:
    image = _tiles(rng, 2, 0.02, 0.5)
    half = SIZE // 2
    image[3:half, 3:half] *= 0.45
    image[half + 3 :, half + 3 :] *= 0.45
    return image


def _ceiling(rng: Rng) -> F32:
    """Mineral boards, three by three, in a grid of bars; one of them has had water."""
    image = gray(0.93 + 0.012 * noise(rng, 32, 32))
    holes = rng.integers(4, SIZE - 4, (900, 2))
    image[holes[:, 0], holes[:, 1]] *= 0.8
    x, y = 128 + 70 * noise(rng, 2, 2, 1)[3, 5], 128
    for r, tone in ((22, 0.88), (19, 0.95)):
        cv2.circle(image, (int(x), y), r, (tone, tone * 0.96, tone * 0.86), -1, cv2.LINE_AA)
    for k in (0, 85, 171):
        for lines_of in (image[k : k + 4], image[:, k : k + 4]):
            lines_of[:] = 0.86
        for lines_of in (image[k + 4 : k + 5], image[:, k + 4 : k + 5]):
            lines_of[:] *= 0.55
        for lines_of in (image[k - 1 : k or SIZE], image[:, k - 1 : k or SIZE]):
            lines_of[:] *= 0.55
    return image


def _concrete(rng: Rng) -> F32:
    """Board-marked concrete: joints of the form, tie holes, pores, a crack."""
    image = gray(0.84 + 0.08 * noise(rng, 4, 4, 5))
    for _ in range(60):
        x, y = rng.integers(0, SIZE, 2)
        disc(image, x, y, int(rng.integers(1, 3)), "#7a7a7a")
    image[:2] *= 0.62
    image[:, :2] *= 0.62
    for x in (48, 176):
        for y in (48, 176):
            disc(image, x, y, 4, "#5a5a58")
    crack = np.cumsum(rng.normal(0, 2.2, 60)) + 90
    points = np.stack([crack, np.arange(60) * 4.3], 1).astype(np.int32)
    cv2.polylines(image, [points], False, (0.5, 0.5, 0.49), 1, cv2.LINE_AA)
    return image


def _brick(rng: Rng) -> F32:
    image = canvas("#b9b2a8")
    for i in range(8):
        for j in range(-1, 4):
            x0 = j * 64 + (i % 2) * 32
            tone = rng.uniform(0.8, 1.1)
            color = hex_color("#a65a44") * tone
            xs = np.arange(x0 + 2, x0 + 62)
            xs = xs[(xs >= 0) & (xs < SIZE)]
            image[i * 32 + 2 : i * 32 + 30, xs] = color
    return image * (1 + 0.08 * gray(noise(rng, 24, 24, 3)))


def _fabric(rng: Rng) -> F32:
    weave = 0.05 * np.sin(np.arange(SIZE) * np.pi / 2)[None, :]
    weave = weave * np.sin(np.arange(SIZE) * np.pi / 2 + 1)[:, None]
    fine = rng.normal(0, 0.03, (SIZE, SIZE)).astype(np.float32)
    return gray((0.92 + weave + fine + 0.03 * noise(rng, 4, 4)).astype(np.float32))


def _rug(rng: Rng) -> F32:
    palette = rng.permutation(["#8c2f2f", "#d9b46c", "#2f4f66", "#e9ddc6", "#5b7a52"])
    image = canvas(palette[0])
    for k, inset in enumerate((12, 24, 44, 60)):
        bar(image, inset, inset, SIZE - inset, SIZE - inset, palette[(k + 1) % 5])
    for i in range(5):
        disc(image, 128, 48 + i * 40, 12, palette[0])
        disc(image, 48 + i * 40, 128, 10, palette[3])
    return image * (1 + 0.06 * gray(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32)))


def _cardboard(rng: Rng) -> F32:
    image = canvas("#b78f5e") * (1 + 0.04 * gray(noise(rng, 4, 60, 2)))
    bar(image, 118, 0, 138, SIZE, "#d8c08f")
    bar(image, 20, 170, 84, 220, "#e8e4da")
    lines(image, rng, (26, 178, 78, 214), "#777777")
    return image


def _leaf(rng: Rng) -> F32:
    image = canvas("#4c8a3a") * (1 + 0.2 * gray(noise(rng, 4, 4)))
    bar(image, 124, 0, 132, SIZE, "#8fbf6a")
    return image


_OWN: tuple[Draw, ...] = (
    _plain, _paint, _carpet, _carpettile, _linoleum, _vinyl, _wallpaper, _cladding, _terrazzo,
    _tiles, _floortiles, _checker, _ceiling, _concrete, _brick, _fabric, _rug, _cardboard, _leaf,
    brushed,
)  # fmt: skip
DRAWN: dict[str, Draw] = {
    **by_name(_OWN),
    **PRINTS,
    **POSTERS,
    **SERVICES,
    **WOODS,
    **FRONTS,
}
