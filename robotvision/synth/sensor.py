"""From radiance to images: exposure, vignetting, noise; and a depth camera with its holes.

The depth camera is modelled on the first Kinect: structured light, so disparity is measured in
steps of 1/8 pixel, surfaces right of an edge lie in the projector's shadow, and shiny, very dark,
grazing, sunlit or distant surfaces give no reading (Khoshelham and Elberink, 2012, for the noise).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import F32
from robotvision.synth.camera import CameraView, Lens
from robotvision.synth.columns import spread

NEAR_M, SURE_M, FAR_M = 0.5, 4.5, 8.0
_KINECT_BASELINE_M = 0.075
_GRAIN = {"sunny": 0.005, "cloudy": 0.007, "night": 0.014}
_CAST = {"sunny": (1.02, 1.0, 0.97), "cloudy": (0.98, 1.0, 1.03), "night": (1.06, 1.0, 0.86)}
JUMP_FRAMES = 8
MOST_SMEAR = 5
"""No more than this part of the width is smeared over."""
_LEAST_GAIN = {"sunny": 0.35, "cloudy": 0.4, "night": 0.7}
MOST_GAIN = {"sunny": 3.5, "cloudy": 3.5, "night": 8.0}
"""As far as automatic exposure raises the gain where a specification gives no limit."""
_EARLIER_GAIN = {**MOST_GAIN, "night": 3.2}


def earlier_gain(light: str) -> float:
    """Return `MOST_GAIN` of a light as it was before that of the night rose to 8.

    A sequence's note that names no gain means this one, and so it is for the default set, the
    editions' stand-ins and the development tours: figures on them are published.
    """
    return _EARLIER_GAIN[light]


class AutoExposure:
    """Automatic exposure that follows the scene with a lag, as a camera's does.

    ``most_gain``: as far as the gain is raised in the dark; None: `MOST_GAIN` of the light.
    """

    def __init__(self, light: str, most_gain: float | None = None) -> None:
        most = MOST_GAIN[light] if most_gain is None else most_gain
        self.limits = (_LEAST_GAIN[light], most)
        self.gain: float | None = None

    def meter(self, radiance: F32) -> float:
        """Return the gain for a frame, having seen it and those before."""
        luminance = radiance @ np.array([0.21, 0.72, 0.07], np.float32)
        level = float(np.exp(np.mean(np.log(np.clip(luminance, 0.01, 2.0)))))
        gain = float(np.clip(0.27 / level, *self.limits))
        self.gain = gain if self.gain is None else self.gain * (gain / self.gain) ** 0.6
        return self.gain


def exposure_jumps(n_frames: int, stops: float, rng: np.random.Generator) -> F32:
    """Return (n_frames,) by how much the gain of each frame is multiplied, at most 2 ** ``stops``.

    The factor holds for about `JUMP_FRAMES` frames, then jumps; the depth camera knows nothing of
    it.
    """
    is_jump = rng.random(n_frames) < 1 / JUMP_FRAMES
    levels = rng.uniform(-stops, stops, n_frames + 1)
    factors: F32 = (2.0 ** levels[np.cumsum(is_jump)]).astype(np.float32)
    return factors


def smear(radiance: F32, pixels: float) -> F32:
    """Return radiance (H, W, 3) as an open shutter gathers it while the camera turns.

    Every row is averaged over ``pixels``, what a turn about the vertical moves the middle of the
    image by. Nearness is not looked at: what a camera that drives forward blurs is left out.
    """
    width = round(min(pixels, radiance.shape[1] / MOST_SMEAR))
    if width < 2:
        return radiance
    kernel = np.full((1, width), 1 / width, np.float32)
    capped = np.minimum(radiance, np.float32(8.0))
    return np.asarray(cv2.filter2D(capped, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def develop(radiance: F32, gain: float, light: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an RGB image: tone curve, colour cast of the light, vignetting, sensor noise."""
    h, w = radiance.shape[:2]
    exposed = radiance * spread(np.float32(gain) * _vignette(h, w), 3).reshape(h, w, 3)
    exposed *= _cast(h, w, light)
    # the filmic curve of Narkowicz (2015)
    curve = exposed * (2.51 * exposed + 0.03)
    curve /= exposed * (2.43 * exposed + 0.59) + 0.14
    display = np.clip(curve, 0, 1, out=curve) ** np.float32(1 / 2.2)
    grain = np.float32(_GRAIN[light] * (0.6 + 0.4 * gain))
    noise = rng.standard_normal(display.shape, dtype=np.float32)
    noise *= grain
    noise *= 1.15 - display
    display += noise
    display *= 255
    display += 0.5
    image: NDArray[np.uint8] = np.clip(display, 0, 255, out=display).astype(np.uint8)
    return image


@lru_cache(maxsize=4)
def _cast(h: int, w: int, light: str) -> F32:
    """Return what a light multiplies each colour by, for every pixel."""
    return np.tile(np.array(_CAST[light], np.float32), (h, w, 1))


@lru_cache(maxsize=4)
def _vignette(h: int, w: int) -> F32:
    """Return the share of the light that reaches each pixel, row by row."""
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    shade: F32 = (1 - 0.16 * (x * x + y * y) ** 1.2 / 2.3).astype(np.float32).ravel()
    return shade


def measure_depth(
    view: CameraView, ir: F32, lens: Lens, rng: np.random.Generator
) -> NDArray[np.uint16]:
    """Return depth in millimetres, (H, W) uint16, 0 = no reading.

    ``ir``: (S,) share of infrared each surface sends back.
    """
    z = view.depth_m
    h, w = z.shape
    ok = np.isfinite(z) & (z >= NEAR_M) & (z <= FAR_M)
    safe = np.where(ok, z, 1.0)
    # about the first Kinect's 580 pixels at 640 across
    k = np.float32(_KINECT_BASELINE_M * 1.8 * lens.fx)
    coarse = rng.standard_normal((h // 8 + 2, w // 8 + 2)).astype(np.float32)
    wobble = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR)
    disparity = np.round((k / safe + 0.03 * wobble) * 8) / 8
    ok &= disparity > 0.2
    measured = k / np.maximum(disparity, 0.2)
    patches = cv2.resize(
        rng.random((h // 10 + 2, w // 10 + 2)).astype(np.float32),
        (w, h),
        interpolation=cv2.INTER_LINEAR,
    )
    returned = ir[view.surface] * np.clip(view.cosine * 4, 0, 1)
    returned = returned * np.clip(1.25 - (safe - SURE_M) / (FAR_M - SURE_M), 0, 1)
    returned = np.where(view.sunlit, returned * 0.35, returned)
    ok &= returned > patches * 0.62 + 0.05
    ok &= ~_shadow(np.where(np.isfinite(z), z, FAR_M * 2), lens)
    return np.where(ok, np.clip(np.round(measured * 1000), 0, 65535), 0).astype(np.uint16)


def _shadow(z: F32, lens: Lens) -> NDArray[np.bool_]:
    """Return the pixels in the projector's shadow: right of a nearer surface's edge, and edges."""
    k = _KINECT_BASELINE_M * lens.fx
    disparity = k / z
    dark = np.zeros(z.shape, bool)
    for step in range(1, 9):
        gap = disparity[:, :-step] - disparity[:, step:]
        dark[:, step:] |= gap > step + 0.5
    rim = cv2.dilate(z, np.ones((3, 3))) - cv2.erode(z, np.ones((3, 3)))
    dark |= (rim > 0.12 * z) & (rim > 0.15)
    return dark
