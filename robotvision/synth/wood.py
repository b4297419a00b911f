"""Wood: veneer with its grain along x, planks laid side by side, panels."""

from __future__ import annotations

import cv2
import numpy as np

from robotvision.synth.aliases import F32, Rng
from robotvision.synth.paint import SIZE, Draw, bar, gray, noise

WARM = np.array([1.0, 0.97, 0.92], np.float32)


def grain(rng: Rng) -> F32:
    """Return veneer: rings cut at a flat angle, fine streaks, pores; all of it along x."""
    rows = np.arange(SIZE, dtype=np.float32)[:, None]
    wander = 26 * noise(rng, 1, 2, 2) + 5 * noise(rng, 2, 6, 2)
    rings = np.sin((rows + wander) * (2 * np.pi * 7 / SIZE))
    streaks = noise(rng, 2, 90, 2)
    value = 0.88 + 0.05 * np.sign(rings) * np.abs(rings) ** 1.6 + 0.055 * streaks
    for _ in range(260):
        x, y, n = rng.integers(SIZE), rng.integers(SIZE), int(rng.integers(6, 26))
        value[y, (x + np.arange(n)) % SIZE] *= 0.88
    return (gray(value.astype(np.float32)) * WARM).astype(np.float32)


def _parquet(rng: Rng) -> F32:
    """Eight rows of planks with dark joints, each plank cut from another place."""
    source = grain(rng)
    image = np.empty_like(source)
    for i in range(8):
        rows = slice(i * 32, i * 32 + 32)
        ends = np.sort(rng.choice(np.arange(0, SIZE, 16), 2, replace=False))
        for a, b in ((ends[0], ends[1]), (ends[1], ends[0] + SIZE)):
            xs = np.arange(a, b) % SIZE
            piece = source[(np.arange(32) * 2 + rng.integers(SIZE)) % SIZE][:, xs]
            image[rows, xs] = piece * rng.uniform(0.72, 1.08)
            image[rows, a % SIZE] *= 0.45
        image[i * 32 : i * 32 + 2] *= 0.42
    return image


def _panelling(rng: Rng) -> F32:
    """Upright boards with grooves between them."""
    image = np.ascontiguousarray(np.transpose(grain(rng), (1, 0, 2)))
    for k in range(4):
        image[:, k * 64 : k * 64 + 64] *= rng.uniform(0.85, 1.06)
        image[:, k * 64 : k * 64 + 4] *= 0.4
        image[:, k * 64 + 4 : k * 64 + 6] *= 1.12
    return image


def _slats(rng: Rng) -> F32:
    """Narrow upright battens with dark gaps."""
    image = np.ascontiguousarray(np.transpose(grain(rng), (1, 0, 2)))
    for k in range(16):
        image[:, k * 16 : k * 16 + 4] *= 0.42
        image[:, k * 16 + 4 : k * 16 + 16] *= rng.uniform(0.85, 1.08)
    return image


def _crate(rng: Rng) -> F32:
    """Draw the side of a crate: boards, a frame, nails."""
    image = grain(rng)
    for k in range(5):
        image[k * 51 : k * 51 + 4] *= 0.35
    for x in (0, 222):
        board = np.transpose(image[:34, :], (1, 0, 2))
        image[:, x : x + 34] = board * 0.9
        cv2.rectangle(image, (x, 0), (x + 33, 255), (0.3, 0.25, 0.18), 2)
        for y in range(24, 250, 51):
            bar(image, x + 15, y, x + 18, y + 3, "#2a2620")
    return image


WOODS: dict[str, Draw] = {
    "wood": grain,
    "parquet": _parquet,
    "panelling": _panelling,
    "slats": _slats,
    "crate": _crate,
}
