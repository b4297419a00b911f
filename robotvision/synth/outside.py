"""What is seen through the windows: sky and clouds, houses, trees, lamps along the streets."""

from __future__ import annotations

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng

H, W = 256, 1024
HORIZON = H // 2
SEEN = 0.17
"""Share of the outside's radiance that is seen: glass, and an eye that is used to the outside."""


def panorama(light: str, sky: F32, ground: F32, rng: Rng) -> F32:
    """Return the view around, (256, 1024, 3) radiance by height and azimuth.

    ``sky``, ``ground``: (3,) radiance of either; ``light``: ``night`` has lit windows, no clouds.
    """
    image = np.empty((H, W, 3), np.float32)
    up = np.linspace(1, 0, HORIZON, dtype=np.float32)[:, None, None]
    pale = 0.5 + 0.5 * sky / max(float(sky.max()), 1e-6)
    image[:HORIZON] = sky * pale * (1 - 0.35 * up)
    down = np.linspace(0.9, 0.5, HORIZON, dtype=np.float32)[:, None, None]
    image[HORIZON:] = ground * np.array([0.62, 0.7, 0.5], np.float32) * down
    if light != "night":
        coarse = rng.random((10, 28)).astype(np.float32)
        cloud = cv2.resize(coarse, (W, HORIZON), interpolation=cv2.INTER_CUBIC) - 0.45
        cover = np.clip(cloud * 2.4, 0, 1)[..., None]
        image[:HORIZON] += (np.float32(sky.mean() * 1.25) - image[:HORIZON]) * cover
    for scale, haze in ((0.55, 0.45), (1.0, 0.0)):
        _street(image, light, sky, ground, scale, haze, rng)
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0.7) * SEEN, np.float32)


def _street(
    image: F32, light: str, sky: F32, ground: F32, scale: float, haze: float, rng: Rng
) -> None:
    """Paint a row of houses and trees; a far one is smaller and paler."""
    x = 0
    while x < W:
        width = int(rng.integers(46, 120) * scale)
        if rng.random() < 0.55:
            tone = ground * _tint(rng) * float(rng.uniform(0.55, 1.25))
            tone = tone * (1 - haze) + 0.35 * sky * haze
            _house(image, light, x, width, int(rng.integers(26, 92) * scale), tone, rng)
        else:
            _trees(image, ground * (1 - 0.4 * haze), x, width, scale, rng)
        x += width + int(rng.integers(0, 12))


def _tint(rng: Rng) -> F32:
    tints = ((1.0, 0.9, 0.78), (0.95, 0.62, 0.48), (0.85, 0.88, 0.95), (1.05, 0.98, 0.7))
    return np.array(tints[int(rng.integers(len(tints)))], np.float32)


def _house(image: F32, light: str, x: int, width: int, high: int, tone: F32, rng: Rng) -> None:
    """Paint a front with rows of windows, a ledge, and a roof or a flat top."""
    foot, top = HORIZON + 16, HORIZON + 6 - high
    image[top:foot, x : x + width] = tone
    image[foot - 3 : foot, x : x + width] = tone * 0.45
    if rng.random() < 0.6:
        roof = np.array([[x - 3, top], [x + width // 2, top - width // 5], [x + width + 3, top]])
        cv2.fillPoly(image, [roof.astype(np.int32)], (tone * 0.45).tolist())
    else:
        image[top - 2 : top + 1, max(x - 1, 0) : x + width + 1] = tone * 1.3
    for y in range(top + 6, foot - 8, 13):
        for k in range(x + 5, min(x + width, W) - 7, 11):
            lit = light == "night" and rng.random() < 0.3
            glass = np.array([2.6, 1.9, 0.9], np.float32) if lit else tone * 0.28
            image[y : y + 8, k : k + 6] = glass
            image[y + 8 : y + 9, k - 1 : k + 7] = tone * 1.35


def _trees(image: F32, ground: F32, x: int, width: int, scale: float, rng: Rng) -> None:
    """Paint crowns of many leaves' light and shade on their stems."""
    green = ground * np.array([0.34, 0.55, 0.2], np.float32)
    for _ in range(max(1, int(width / (26 * scale)))):
        cx = x + int(rng.integers(width))
        size, crown = 18 * scale, HORIZON - int(rng.integers(4, 40) * scale)
        stem = (ground * np.float32(0.2)).tolist()
        cv2.line(image, (cx, crown), (cx, HORIZON + 12), stem, max(1, int(3 * scale)))
        for _ in range(46):
            dx, dy = rng.normal(0, 0.55 * size, 2)
            shade = green * float(np.clip(1.05 - 0.5 * dy / size + rng.uniform(-0.5, 0.4), 0.2, 2))
            centre = (int(cx + dx), int(crown + 0.8 * dy))
            cv2.circle(image, centre, int(rng.integers(2, 5)), shade.tolist(), -1)
