#!/usr/bin/env python3
"""How much there is to see in sequences, and what a frame of the generated building costs.

Edge density is the share of pixels on Canny's edges at 320 x 240 (`robotvision.synth.realism`);
a frame under 0.02 is blank.

    python scripts/measure_building.py sequences/building_* DATA/office_rgbd
    taskset -c 0 python scripts/measure_building.py --render 40 --sheet sheet.png DATA/house_cloudy

``--render N``: N frames of three buildings in each light, with the processor's time of a frame
(median; one core), and how many times that is what Embree takes to cast the same rays and no more,
right after each frame. Timed: colour and depth as arrays, and the truth. Not timed: building and
lighting the floor, planning the way, encoding as JPEG and PNG.
``--seeds``, ``--lights``: of the buildings; ``--sheet``: what was measured as one image, a
sequence a row.
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
from robotvision.synth.caster import Caster, Hits
from robotvision.synth.light import LIGHTS
from robotvision.synth.realism import BLANK, SIZE, edge_density
from robotvision.synth.sequence import DriveSpec, shots, stage_of

ACROSS = 8
"""Frames of a sequence on the sheet."""


def recorded(path: Path) -> Iterator[np.ndarray]:
    sequence = open_sequence(path)
    channel = "rgb" if "rgb" in sequence.channels else next(iter(sequence.channels))
    for k in range(len(sequence)):
        yield sequence.load(k, (channel,))[channel]


class Recorder:
    """A caster that also remembers every ray, for its scene to be asked once more."""

    def __init__(self, caster: Caster) -> None:
        self.caster = caster
        self.rays: list[tuple[np.ndarray, np.ndarray, dict[str, object]]] = []

    def cast(self, origins: np.ndarray, directions: np.ndarray) -> Hits:
        """Cast rays."""
        self.rays.append((origins, directions, {"output": 1}))
        return self.caster.cast(origins, directions)

    def blocked(self, origins: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Cast shadow rays."""
        self.rays.append((origins, directions, {"query": "OCCLUDED"}))
        return self.caster.blocked(origins, directions)


def rendered(spec: DriveSpec) -> tuple[list[np.ndarray], float, float]:
    """Return the images of a sequence, the milliseconds of a frame, and times Embree's own."""
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    stage = stage_of(spec)
    scene = EmbreeScene()
    mesh = TriangleMesh(scene, np.ascontiguousarray(stage.floor.solids.triangles))
    images, frames, casts = [], [], []
    recorder = Recorder(stage.caster)
    vars(stage)["caster"] = recorder
    series = shots(spec)
    images.append(next(series).images["rgb"])  # which plans the way first
    while True:
        recorder.rays.clear()
        start = time.process_time()
        shot = next(series, None)
        if shot is None:
            break
        frames.append(time.process_time() - start)
        images.append(shot.images["rgb"])
        start = time.process_time()
        for origins, directions, query in recorder.rays:
            scene.run(origins, directions, **query)
        casts.append(time.process_time() - start)
    stage.caster = recorder.caster
    del mesh
    shown = [decode_color(encode_jpeg(image), spec.name) for image in images]
    ms = 1000 * float(np.median(frames))
    return shown, ms, ms / (1000 * float(np.median(casts)))


def report(name: str, images: list[np.ndarray], cost: str = "") -> None:
    density = np.array([edge_density(image) for image in images])
    blank = 100 * float((density < BLANK).mean())
    print(f"{name:28} {len(images):6} {density.mean():8.3f} {blank:7.1f} %{cost}", flush=True)


def strip(images: list[np.ndarray]) -> np.ndarray:
    chosen = np.linspace(0, len(images) - 1, ACROSS).round().astype(int)
    return np.hstack([cv2.resize(images[k], SIZE, interpolation=cv2.INTER_AREA) for k in chosen])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequences", type=Path, nargs="*")
    parser.add_argument("--render", type=int, metavar="N", default=0)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--lights", nargs="*", default=LIGHTS, choices=LIGHTS)
    parser.add_argument("--most-gain", type=float, help="by night, in place of 8")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    strips = []
    print(f"{'':28} frames    edges     blank   a frame   cast alone")
    for seed in options.seeds if options.render else ():
        for light in options.lights:
            name = f"building {seed}, {light}"
            gain = options.most_gain if light == "night" else None
            spec = DriveSpec(name, seed, light=light, n_frames=options.render, most_gain=gain)
            images, ms, ratio = rendered(spec)
            report(spec.name, images, f"{ms:8.0f} ms{ratio:8.1f} x")
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
