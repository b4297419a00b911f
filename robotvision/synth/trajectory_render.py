"""Render sequences along given poses: a frame at each pose, in IDOL2's layout or the native one.

Each frame depends on its own pose and the six before it alone (the camera's exposure lags), never
on which frames are rendered or in what order: so work is spread over processes, and what was
stopped goes on where it stopped, with the same bytes. The camera stands upright at the robot's
height and looks where the file says, with no jitter but the file's.
"""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import shutil
import signal
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.native import SequenceWriter
from robotvision.errors import RobotVisionError, not_writable
from robotvision.plugins.progress import Progress, quiet
from robotvision.records import Image
from robotvision.synth.building import Floor
from robotvision.synth.camera import Appearance, Eye, Lens, Stage
from robotvision.synth.caster import Caster
from robotvision.synth.drive_spec import CHANNEL_KINDS, DriveSpec, calibration
from robotvision.synth.light import Transport, lighting, transport
from robotvision.synth.sensor import MOST_GAIN, AutoExposure, develop, earlier_gain, measure_depth
from robotvision.synth.trajectory import Track, check_names, rate_hz
from robotvision.synth.trajectory_drawing import clearance, draw_plan
from robotvision.synth.trajectory_plan import PlanLayout, doubts, furnished

LAYOUTS = ("idol2", "native")
CHUNK = 12
"""Frames a process renders at a time."""
WARM_UP = 6
"""Earlier poses that a frame's exposure follows from."""
METER = Lens.wide(48, 36)
PITCH = -0.055
MANIFEST = "trajectory.json"
_NOT_NOTED = {"most_gain": earlier_gain("night")}
"""What a manifest means that lacks a key."""
_NOTE = """These pictures are rendered by `robotvision synth --trajectory`: a generated building
along the given poses. They are no photographs, and points on them say nothing about points on the
data set whose names they bear.
"""


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """How to render: ``layout`` ``idol2`` or ``native``; ``every``: each so many poses one frame.

    ``limit``: at most so many frames a sequence; ``only``: names of sequences to render, () all;
    ``workers``: processes, None: one a core, 1: none but this one; ``most_gain``: as of a
    `DriveSpec`, of sequences by night.
    """

    layout: str = "idol2"
    seed: int = 1
    furniture_seed: int = 0
    width: int = 320
    height: int = 240
    every: int = 1
    limit: int | None = None
    only: tuple[str, ...] = ()
    workers: int | None = None
    camera_height_m: float = 1.12
    most_gain: float = MOST_GAIN["night"]

    def gain(self, light: str) -> float:
        """Return the limit of the gain in a light."""
        return self.most_gain if light == "night" else MOST_GAIN[light]

    @property
    def camera(self) -> DriveSpec:
        """The camera's part of a sequence's specification."""
        return DriveSpec(
            width=self.width,
            height=self.height,
            seed=self.seed,
            camera_height_m=self.camera_height_m,
            most_gain=self.most_gain,
        )


@dataclass(frozen=True, slots=True)
class Rendered:
    """One sequence's folder, the number of its frames there and of those requested."""

    name: str
    path: Path
    light: str
    n_frames: int
    n_wanted: int


@dataclass(frozen=True, slots=True, eq=False)
class RenderOutcome:
    """The frames that exist now, the building, and whether Ctrl-C stopped the rendering."""

    sequences: tuple[Rendered, ...]
    layout: PlanLayout
    floor: Floor
    stopped: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """Frames of one sequence and where their images go."""

    track: int
    frames: tuple[int, ...]


@dataclass(slots=True)
class Scene:
    """The building, ready to be rendered along its sequences; lit when a light is first used."""

    layout: PlanLayout
    floor: Floor
    transport: Transport
    spec: RenderSpec
    out: Path
    _stages: dict[str, Stage] = field(default_factory=dict)
    _caster: Caster | None = None
    _looks: Appearance | None = None

    def stage(self, light: str) -> Stage:
        """Return the building under a light."""
        if light not in self._stages:
            self._caster = self._caster or Caster(self.floor.solids)
            self._looks = self._looks or Appearance(self.floor)
            self._stages[light] = Stage(
                self.floor, self._caster, self.transport, lighting(light, self.floor), self._looks
            )
        return self._stages[light]


def make_scene(layout: PlanLayout, spec: RenderSpec, out: Path) -> Scene:
    """Build and furnish the building and find what its surfaces see of each other.

    Raises
    ------
    MissingExtraError
        The extra ``synth`` is not installed.
    """
    floor = furnished(layout, spec.seed, spec.furniture_seed)
    return Scene(layout, floor, transport(floor, Caster(floor.solids)), spec, out)


def photograph(scene: Scene, track: int, frames: Sequence[int]) -> Iterator[dict[str, Image]]:
    """Yield the images of frames of a sequence: ``rgb``, and ``depth`` in the native layout."""
    sequence, spec = scene.layout.tracks[track], scene.spec
    stage = scene.stage(sequence.light)
    lens = Lens.wide(spec.width, spec.height)
    metered: dict[int, Any] = {}
    for k in frames:
        exposure, gain = AutoExposure(sequence.light, spec.gain(sequence.light)), 1.0
        for j in range(max(0, k - WARM_UP), k + 1):
            if sequence.segments[j] == sequence.segments[k]:
                if j not in metered:
                    metered[j] = stage.view(_eye(sequence, j, spec), METER).radiance
                gain = exposure.meter(metered[j])
        noise = np.random.default_rng([spec.seed, zlib.crc32(sequence.name.encode()), k, 53])
        view = stage.view(_eye(sequence, k, spec), lens)
        images: dict[str, Image] = {"rgb": develop(view.radiance, gain, sequence.light, noise)}
        if spec.layout == "native":
            images["depth"] = measure_depth(view, stage.looks.ir, lens, noise)
        yield images


def _eye(sequence: Track, k: int, spec: RenderSpec) -> Eye:
    x, y = (float(v) for v in sequence.xy[k])
    return Eye(x, y, spec.camera_height_m, float(sequence.heading[k]), PITCH)


def _files(scene_out: Path, sequence: Track, k: int, layout: str) -> dict[str, Path]:
    if layout == "idol2":
        return {"rgb": scene_out / sequence.name / "png" / sequence.names[k]}
    folder = scene_out / sequence.name
    return {"rgb": folder / "rgb" / f"{k:06d}.jpg", "depth": folder / "depth" / f"{k:06d}.png"}


def _render(scene: Scene, task: _Task) -> int:
    sequence = scene.layout.tracks[task.track]
    for k, images in zip(task.frames, photograph(scene, task.track, task.frames), strict=True):
        for channel, path in _files(scene.out, sequence, k, scene.spec.layout).items():
            is_jpeg = path.suffix.lower() in (".jpg", ".jpeg")
            raw = (encode_jpeg if is_jpeg else encode_png)(images[channel])
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(raw)
            os.replace(part, path)  # a stopped run leaves whole images alone
    return len(task.frames)


_scene: Scene | None = None


def _start(scene: Scene) -> None:
    import cv2

    global _scene
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    cv2.setNumThreads(1)
    _scene = scene


def _work(task: _Task) -> tuple[int, int]:
    if _scene is None:  # `_start` runs first in every worker
        raise RuntimeError("the worker has no building")
    return task.track, _render(_scene, task)


def render_tracks(
    layout: PlanLayout, out: Path, spec: RenderSpec, progress: Progress = quiet
) -> RenderOutcome:
    """Render sequences of a layout into ``out``, one folder a sequence; existing images stay.

    Parameters
    ----------
    layout : PlanLayout
        The building and all its sequences.
    out : Path
        Its folder: new, empty, or one that the same sequences and options were rendered to before.
    spec : RenderSpec
        Size, layout, choice of frames.
    progress : callable, optional
        Called with (sequence, frames done, frames wanted).

    Returns
    -------
    RenderOutcome
        The frames that exist now.

    Raises
    ------
    RobotVisionError
        The folder holds something else or cannot be written; a sequence of ``only`` is not there.
    """
    _check(layout, spec)
    _claim(out, layout, spec, dry=True)
    scene = make_scene(layout, spec, out)
    _claim(out, layout, spec)
    wanted = {
        t: list(range(0, len(track), spec.every))[: spec.limit]
        for t, track in enumerate(layout.tracks)
        if not spec.only or track.name in spec.only
    }
    try:
        plan = draw_plan(layout.plan, scene.floor, layout.tracks)
        (out / "plan.png").write_bytes(encode_png(plan))
        (out / "README.md").write_text(_NOTE, encoding="utf-8")
        stopped = _run(scene, wanted, progress)
    except OSError as e:
        raise not_writable(e.filename or out, e) from e
    sequences = tuple(_finish(scene, t, frames) for t, frames in wanted.items())
    return RenderOutcome(sequences, layout, scene.floor, stopped)


def summary(outcome: RenderOutcome, out: Path) -> dict[str, Any]:
    """Return in plain values what was rendered and how the building suits the sequences."""
    layout = outcome.layout
    near = clearance(layout.plan, outcome.floor, layout.tracks)
    return {
        "sequences": [
            {
                "name": t.name,
                "path": str(t.path),
                "light": t.light,
                "frames": t.n_frames,
                "wanted": t.n_wanted,
            }
            for t in outcome.sequences
        ],
        "plan": str(out / "plan.png"),
        "poses": sum(map(len, layout.tracks)),
        "in_own_room": int(sum(layout.is_own(t).sum() for t in layout.tracks)),
        "clearance_m": round(float(min(c.min() for c in near)), 3),
        "turned_deg": round(math.degrees(layout.tracks[0].turn), 2),
        "doubts": doubts(layout, outcome.floor),
        "stopped": outcome.stopped,
    }


def _check(layout: PlanLayout, spec: RenderSpec) -> None:
    if spec.layout not in LAYOUTS:
        raise RobotVisionError(f"layout: expected one of {', '.join(LAYOUTS)}, got {spec.layout!r}")
    names = {t.name for t in layout.tracks}
    if strange := [n for n in spec.only if n not in names]:
        raise RobotVisionError(
            f"only: expected sequences of {', '.join(sorted(names))}, got {strange[0]!r}"
        )
    if spec.layout == "idol2":
        check_names(layout.tracks)


def _claim(out: Path, layout: PlanLayout, spec: RenderSpec, dry: bool = False) -> None:
    """Take a folder for these sequences and options, or find that it is theirs."""
    mine = {
        "schema": 1,
        "layout": spec.layout,
        "seed": spec.seed,
        "furniture": spec.furniture_seed,
        "size": f"{spec.width}x{spec.height}",
        "camera_height_m": spec.camera_height_m,
        "tours": {t.name: _digest(t) for t in layout.tracks},
    }
    if any(t.light == "night" for t in layout.tracks):
        mine["most_gain"] = spec.most_gain
    path = out / MANIFEST
    try:
        if path.is_file():
            manifest = json.loads(path.read_text(encoding="utf-8"))
            manifest = manifest if isinstance(manifest, dict) else {}
            for key, value in mine.items():
                before = manifest.get(key, _NOT_NOTED.get(key))
                if before != value:
                    remedy = f"--most-gain {before} or " if key == "most_gain" else ""
                    raise RobotVisionError(
                        f"{path}: expected the {key} it was begun with, for the same building; "
                        f"give {remedy}another --out"
                    )
            return
        if out.exists() and any(out.iterdir()):
            raise RobotVisionError(
                f"{out}: expected an empty or a new folder, or one begun by "
                "synth --trajectory; give another --out"
            )
        if not dry:
            out.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
    except json.JSONDecodeError as e:
        raise RobotVisionError(f"{path}: not JSON ({e.msg}); give another --out") from e
    except OSError as e:
        raise not_writable(e.filename or out, e) from e


def _digest(t: Track) -> str:
    """Return a short hash of all that a sequence's pixels and names follow from."""
    h = hashlib.sha256(t.times_ns.tobytes() + t.poses.tobytes())
    h.update("\n".join((t.light, *t.rooms, *t.names)).encode())
    return h.hexdigest()[:16]


def _run(scene: Scene, wanted: dict[int, list[int]], progress: Progress) -> bool:
    """Render what is not there yet; returns whether it was stopped."""
    tracks, layout = scene.layout.tracks, scene.spec.layout
    done = dict.fromkeys(wanted, 0)
    tasks: list[_Task] = []
    for t, frames in wanted.items():
        for path in _files(scene.out, tracks[t], 0, layout).values():
            path.parent.mkdir(parents=True, exist_ok=True)
            for part in path.parent.glob(".*.part"):
                part.unlink()
        left = [k for k in frames if not _is_there(scene, t, k)]
        done[t] = len(frames) - len(left)
        progress(tracks[t].name, done[t], len(frames))
        tasks += [_Task(t, tuple(left[i : i + CHUNK])) for i in range(0, len(left), CHUNK)]
    try:
        for t, n in _results(scene, tasks):
            done[t] += n
            progress(tracks[t].name, done[t], len(wanted[t]))
    except KeyboardInterrupt:
        return True
    return False


def _is_there(scene: Scene, t: int, k: int) -> bool:
    files = _files(scene.out, scene.layout.tracks[t], k, scene.spec.layout)
    return all(path.is_file() for path in files.values())


def _results(scene: Scene, tasks: list[_Task]) -> Iterator[tuple[int, int]]:
    workers = min(scene.spec.workers or os.cpu_count() or 1, len(tasks))
    if workers <= 1:
        for task in tasks:
            yield task.track, _render(scene, task)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (scene,))
    try:
        with _defer_interrupt():
            waiting: set[Future[tuple[int, int]]] = {pool.submit(_work, t) for t in tasks}
        while waiting:
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _defer_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back; processes started meanwhile never see it, the parent does afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _finish(scene: Scene, t: int, frames: list[int]) -> Rendered:
    """Write the tables of a native sequence, which hold every frame that exists."""
    sequence = scene.layout.tracks[t]
    folder = scene.out / sequence.name
    there = [k for k in frames if _is_there(scene, t, k)]
    if scene.spec.layout == "native":
        every = [k for k in range(len(sequence)) if _is_there(scene, t, k)]
        _write_tables(scene, sequence, folder, every)
    return Rendered(sequence.name, folder, sequence.light, len(there), len(frames))


def _write_tables(scene: Scene, sequence: Track, folder: Path, frames: list[int]) -> None:
    spec = scene.spec
    if not frames:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for name in ("sequence.yaml", "frames.csv", "truth.csv"):
        (folder / name).unlink(missing_ok=True)
    note = f"generated: robotvision synth --trajectory, {sequence.light}, building {spec.seed}"
    if (most_gain := spec.gain(sequence.light)) != earlier_gain(sequence.light):
        note += f", most_gain {most_gain:g}"
    channels = {c: CHANNEL_KINDS[c] for c in ("rgb", "depth")}
    with SequenceWriter(
        folder, sequence.name, channels, rate_hz(sequence), calibration(spec.camera), note
    ) as writer:
        for k in frames:
            files = _files(scene.out, sequence, k, spec.layout)
            x, y, heading = (float(v) for v in sequence.poses[k])
            writer.add(
                int(sequence.times_ns[k]),
                {c: p.read_bytes() for c, p in files.items()},
                int(sequence.segments[k]),
                (x, y, heading),
                sequence.rooms[k],
                index=k,
            )
