"""A drive through the building: its floor, light and way, rendered as a sequence with truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from math import radians
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robotvision.data.images import encode_jpeg
from robotvision.data.native import SequenceWriter
from robotvision.data.sequence import Pose
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import Image, Truth
from robotvision.synth.building import Floor
from robotvision.synth.camera import CameraView, Eye, Lens, Stage
from robotvision.synth.drive_spec import BASELINE_M, CHANNEL_KINDS, DriveSpec, calibration
from robotvision.synth.path import Way, drive, order_rooms, sample, visits_of
from robotvision.synth.scenery import Scenery, built, doors_of, stage
from robotvision.synth.sensor import AutoExposure, develop, exposure_jumps, measure_depth, smear
from robotvision.writing import new_folder

VISIBLE_SHARE = 0.0025
"""An object is in view where its class covers at least this share of the image."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One rendered frame with its truth."""

    timestamp_ns: int
    images: Mapping[str, Image]
    segment: int
    pose: Pose
    room: str
    objects: frozenset[str]


class Sink(Protocol):
    """Writes the frames of a sequence in one layout."""

    def add(self, shot: Shot, /) -> None:
        """Write one frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Itinerary:
    """Where each frame of a sequence is taken: steps of a way, and segments."""

    way: Way
    steps: NDArray[np.int64]
    segments: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    rooms: tuple[str, ...]


def itinerary(spec: DriveSpec) -> Itinerary:
    """Return where the frames of a sequence are taken, without rendering them."""
    floor, caster = built(scenery_of(spec))
    rng = np.random.default_rng([spec.seed, spec.floor, spec.drive_seed, 51])
    order = order_rooms(floor, spec.visit, spec.reverse)
    way = drive(floor, caster, order, rng, radians(spec.hard.look_round_deg))
    corridor = {i for i, r in enumerate(floor.plan.rooms) if r.kind == "corridor"}
    steps = sample(way, spec.n_frames, corridor)
    steps, segments = _kidnap(steps, spec.kidnappings, rng)
    rooms = tuple(floor.plan.rooms[int(way.room[k])].label for k in steps)
    return Itinerary(way, steps, segments, _times(spec, rng), rooms)


def shots(spec: DriveSpec) -> Iterator[Shot]:
    """Render a sequence, frame by frame. The same spec gives the same frames."""
    plan = itinerary(spec)
    stage = stage_of(spec)
    conditions = _conditions(spec, stage, plan)
    exposure = AutoExposure(spec.light, spec.most_gain)
    for k in range(spec.n_frames):
        if k and plan.segments[k - 1] != plan.segments[k]:
            exposure = AutoExposure(spec.light, spec.most_gain)
        noise = np.random.default_rng([spec.seed, spec.drive_seed, k, 52])
        yield _shot(spec, conditions[k], plan, k, exposure, noise)


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """How one frame is taken: what stands open, by how many pixels it smears, its exposure."""

    stage: Stage
    smear_pixels: float = 0.0
    exposure_factor: float = 1.0


def _conditions(spec: DriveSpec, stage: Stage, plan: Itinerary) -> list[Condition]:
    """Return how each frame of a sequence is taken."""
    hard = spec.hard
    rng = np.random.default_rng([spec.seed, spec.floor, spec.drive_seed, 61])
    stages = [stage] * spec.n_frames
    if hard.doors_shut > 0:
        doors = doors_of(scenery_of(spec))
        shut = frozenset(k for k in doors.rooms if rng.random() < hard.doors_shut)
        stages = [
            stage.seen_by(doors.caster(shut - near)) for near in visits_of(plan.way, plan.steps)
        ]
    factors = exposure_jumps(spec.n_frames, hard.exposure_jumps, rng)
    pixels = _turns(plan) * hard.shutter_ms / 1e3 * spec.rate_hz
    pixels *= Lens.wide(spec.width, spec.height).fx
    return [
        Condition(s, float(p), float(f)) for s, p, f in zip(stages, pixels, factors, strict=True)
    ]


def _turns(plan: Itinerary) -> NDArray[np.float64]:
    """Return (n,) by how many radians the camera turns in the time of a frame, around each."""
    if len(plan.steps) < 2:
        return np.zeros(len(plan.steps))
    heading = np.unwrap(plan.way.heading)
    steps = np.abs(np.gradient(plan.steps.astype(np.float64)))
    is_cut = np.append(False, np.diff(plan.segments) != 0)
    steps[is_cut | np.append(is_cut[1:], False)] = np.median(steps)
    turns: NDArray[np.float64] = np.abs(np.gradient(heading))[plan.steps] * steps
    return turns


def _shot(
    spec: DriveSpec,
    condition: Condition,
    plan: Itinerary,
    k: int,
    exposure: AutoExposure,
    rng: np.random.Generator,
) -> Shot:
    way, step = plan.way, int(plan.steps[k])
    x, y, heading = float(way.x[step]), float(way.y[step]), float(way.heading[step])
    heading = (heading + float(rng.normal(0, 0.012)) + np.pi) % (2 * np.pi) - np.pi
    eye = Eye(
        x,
        y,
        spec.camera_height_m + float(rng.normal(0, 0.004)),
        heading,
        spec.camera_pitch_rad + float(rng.normal(0, 0.008)),
        float(rng.normal(0, 0.006)),
    )
    images, view = photograph(condition, eye, spec, exposure, rng)
    seen = visible(condition.stage.floor, view, spec)
    time_ns, segment = int(plan.times_ns[k]), int(plan.segments[k])
    return Shot(time_ns, images, segment, (x, y, heading), plan.rooms[k], seen)


def photograph(
    condition: Condition,
    eye: Eye,
    spec: DriveSpec,
    exposure: AutoExposure,
    rng: np.random.Generator,
) -> tuple[dict[str, Image], CameraView]:
    """Return the channels' images at an eye, and the exact view of its main camera."""
    lens = Lens.wide(spec.width, spec.height)
    stage = condition.stage
    view = stage.view(eye, lens)
    gain = exposure.meter(view.radiance) * condition.exposure_factor
    images: dict[str, Image] = {}
    for channel in spec.channels:
        if channel == "depth":
            images[channel] = measure_depth(view, stage.looks.ir, lens, rng)
            continue
        seen = stage.view(eye.shifted(BASELINE_M), lens) if channel == "right" else view
        gathered = smear(seen.radiance, condition.smear_pixels)
        images[channel] = develop(gathered, gain, spec.light, rng)
    return images, view


def visible(floor: Floor, view: CameraView, spec: DriveSpec) -> frozenset[str]:
    """Return the object classes that cover at least `VISIBLE_SHARE` of the view."""
    names = floor.solids.object_names
    of_pixel = floor.solids.object[view.surface[view.surface >= 0]]
    counts = np.bincount(of_pixel, minlength=len(names))
    least = VISIBLE_SHARE * view.surface.size
    seen = {name for name, n in zip(names, counts, strict=True) if name and n >= least}
    return frozenset(seen if spec.objects is None else seen & set(spec.objects))


def _times(spec: DriveSpec, rng: np.random.Generator) -> NDArray[np.int64]:
    period = 1e9 / spec.rate_hz
    jitter = rng.normal(0, 0.02 * period, spec.n_frames).clip(-0.1 * period, 0.1 * period)
    jitter[0] = 0
    ideal = np.arange(spec.n_frames) * period + jitter
    times: NDArray[np.int64] = np.round(ideal).astype(np.int64) + spec.start_ns
    return times


def _kidnap(
    steps: NDArray[np.int64], n: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut the drive into n + 1 pieces and drive them in an order without natural neighbours."""
    pieces = np.array_split(steps, n + 1)
    order = list(range(n + 1))
    while n > 1 and any(b == a + 1 for a, b in pairwise(order)):
        order = [int(k) for k in rng.permutation(n + 1)]
    if n == 1:
        order = [1, 0]
    segments = np.repeat(np.arange(n + 1), [len(pieces[k]) for k in order])
    return np.concatenate([pieces[k] for k in order]), segments


def scenery_of(spec: DriveSpec) -> Scenery:
    """Return what decides the geometry of a sequence's floor."""
    hard = spec.hard
    return Scenery(
        spec.rooms,
        spec.seed,
        spec.floor,
        spec.furniture_seed,
        hard.people,
        hard.clutter,
        spec.drive_seed if hard.has_blockers else 0,
        hard.doors_shut > 0,
    )


def stage_of(spec: DriveSpec) -> Stage:
    """Return the floor of a sequence under its light, ready to be photographed."""
    return stage(scenery_of(spec), spec.light)


def render_sequence(spec: DriveSpec, to: Sink | Path, progress: Progress = quiet) -> int:
    """Render a sequence into a writer, or in the native layout into a folder.

    Parameters
    ----------
    spec : DriveSpec
        The sequence.
    to : Sink or Path
        A writer with ``add``, or a folder that holds no sequence yet.
    progress : callable, optional
        Called after each frame with (sequence, frames done, frames in all).

    Returns
    -------
    int
        Number of frames written.

    Raises
    ------
    MissingExtraError
        The extra ``synth`` is not installed.
    RobotVisionError
        The folder holds a sequence already or cannot be written.
    """
    stage_of(spec)  # a floor that cannot be built is an error before a folder is created
    if isinstance(to, Path):
        channels = {c: CHANNEL_KINDS[c] for c in spec.channels}
        with (
            new_folder(to) if not to.exists() else nullcontext(to) as folder,
            SequenceWriter(
                folder, spec.name, channels, spec.rate_hz, calibration(spec), spec.note
            ) as writer,
        ):
            return _write(spec, _JpegSink(writer, spec.jpeg_quality), progress)
    return _write(spec, to, progress)


@dataclass(frozen=True, slots=True)
class _JpegSink:
    """Hands colour images to a native writer as JPEG of a given quality."""

    writer: SequenceWriter
    quality: int

    def add(self, shot: Shot) -> None:
        """Write one frame."""
        encoded = {
            c: encode_jpeg(i, self.quality) if CHANNEL_KINDS[c] == "color" else i
            for c, i in shot.images.items()
        }
        truth = Truth(shot.room, shot.objects)
        self.writer.add(shot.timestamp_ns, encoded, shot.segment, shot.pose, truth)


def _write(spec: DriveSpec, sink: Sink, progress: Progress) -> int:
    n = 0
    for n, shot in enumerate(shots(spec), 1):
        sink.add(shot)
        progress(spec.name, n, spec.n_frames)
    return n
