#!/usr/bin/env python3
"""How much there is to see in sequences, and what a frame of the generated building costs.

Edge density is the share of pixels on Canny's edges at 320 x 240 (`robotvision.synth.realism`);
a frame under 0.02 is blank.

    python scripts/measure_building.py sequences/building_* DATA/office_rgbd
    taskset -c 0 python scripts/measure_building.py --render 40 --sheet sheet.png DATA/house_cloudy

``--render N``: N frames of three buildings in each light, with the processor's time of a frame
(colour and depth, one core); ``--sheet``: what was measured as one image, a sequence a row.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from robotvision.data import open_sequence
from robotvision.data.images import decode_color, encode_jpeg
from robotvision.synth.light import LIGHTS
from robotvision.synth.realism import BLANK, SIZE, edge_density
from robotvision.synth.sequence import DriveSpec, itinerary, shots, stage_of

ACROSS = 8
"""Frames of a sequence on the sheet."""


def recorded(path: Path) -> Iterator[np.ndarray]:
    sequence = open_sequence(path)
    channel = "rgb" if "rgb" in sequence.channels else next(iter(sequence.channels))
    for k in range(len(sequence)):
        yield sequence.load(k, (channel,))[channel]


def rendered(spec: DriveSpec) -> Iterator[np.ndarray]:
    for shot in shots(spec):
        yield decode_color(encode_jpeg(shot.images["rgb"]), spec.name)


def frame_ms(spec: DriveSpec) -> float:
    """Return the processor's time of a frame in milliseconds, the floor being built already."""
    stage_of(spec)
    start = time.process_time()
    itinerary(spec)
    way = time.process_time() - start
    start = time.process_time()
    n = sum(1 for _ in shots(spec))
    return 1000 * (time.process_time() - start - way) / n


def report(name: str, images: list[np.ndarray], ms: float | None = None) -> None:
    density = np.array([edge_density(image) for image in images])
    cost = "" if ms is None else f"{ms:8.0f} ms"
    blank = 100 * float((density < BLANK).mean())
    print(f"{name:28} {len(images):6} {density.mean():8.3f} {blank:7.1f} %{cost}", flush=True)


def strip(images: list[np.ndarray]) -> np.ndarray:
    chosen = np.linspace(0, len(images) - 1, ACROSS).round().astype(int)
    return np.hstack([cv2.resize(images[k], SIZE, interpolation=cv2.INTER_AREA) for k in chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequences", type=Path, nargs="*")
    parser.add_argument("--render", type=int, metavar="N", default=0)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    strips = []
    print(f"{'':28} frames    edges     blank   a frame")
    for seed in (1, 2, 3) if options.render else ():
        for light in LIGHTS:
            name = f"building {seed}, {light}"
            spec = DriveSpec(name, seed, light=light, n_frames=options.render)
            ms = frame_ms(spec)
            images = list(rendered(spec))
            report(spec.name, images, ms)
            strips.append(strip(images))
    for path in options.sequences:
        images = list(recorded(path))
        report(path.name, images)
        strips.append(strip(images))
    if options.sheet:
        sheet = cv2.cvtColor(np.vstack(strips), cv2.COLOR_RGB2BGR)
        options.sheet.write_bytes(cv2.imencode(options.sheet.suffix, sheet)[1].tobytes())


if __name__ == "__main__":
    main()
