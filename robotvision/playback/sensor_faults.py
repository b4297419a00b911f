"""Sensor faults put into a sequence: the same frames to score, seen by worse cameras.

Every fault leaves the number of frames and the truth as they are, so that the points with and
without it compare. What is drawn at random depends on the seed, the fault and the frame alone:
a fault does the same on its own as among others.

``drop``         the image is missing; the frame is FAILED, since it cannot be read
``repeat``       frames show the image of the one before; truth and time stamps stay
``jitter``       the time stamps move; they stay in order. The system receives these times
``late_burst``   the delayed frames all bear the time of the last of them
``exposure``     linear light times ``2 ** ev``, clipped at white (gamma 2.2)
``blur``         a box filter along the rows
``depth_holes``  ellipses of 0, until the share is reached
``swap_stereo``  images of ``left`` under ``right``, and the other way round
``kidnap``       the sequence jumps ahead and comes back; images, truth and pose go together,
                 numbers and time stamps stay in order, and each jump begins a new segment
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Source
from robotvision.errors import FrameError, RobotVisionError
from robotvision.playback import faults as kinds
from robotvision.records import Image

GAMMA = 2.2
_TIMING = ("jitter", "late_burst")
_CHANNELS = {
    "depth_holes": ChannelKind.DEPTH_MM,
    "exposure": ChannelKind.COLOR,
    "blur": ChannelKind.COLOR,
}

Alter = Callable[[Image], Image]
Draw = np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class AlteredSource:
    """An image that is altered when it is read: by a fault, or for a warm-up."""

    source: Source
    alter: Alter
    fault: str

    @property
    def where(self) -> str:
        """The image's own place, and the fault."""
        return f"{self.source.where} ({self.fault})"

    @property
    def in_order(self) -> bool:
        """Whether it is read quickly only in order, as a video's frames are."""
        return bool(getattr(self.source, "in_order", False))

    def read(self) -> Image:
        """Decode the image and alter it. Raises FrameError."""
        return self.alter(self.source.read())

    def digest(self) -> bytes:
        """Return a digest of the image and the fault. Raises FrameError."""
        own = self.source.digest() + self.fault.encode()
        return hashlib.blake2b(own, digest_size=16).digest()


_LOST = "lost by the camera (declared fault 'drop')"


@dataclass(frozen=True, slots=True)
class DroppedSource:
    """An image that the camera never delivered."""

    where: str

    def read(self) -> Image:
        """Raise FrameError."""
        raise FrameError(_LOST)

    def digest(self) -> bytes:
        """Raise FrameError."""
        raise FrameError(_LOST)


def with_faults(sequence: ImageSequence, plan: kinds.FaultPlan) -> ImageSequence:
    """Return a sequence as the faulty cameras of ``plan`` see it.

    Raises
    ------
    RobotVisionError
        A fault needs a channel that the sequence does not have.
    """
    for name, fault in plan.named().items():
        _require_channels(sequence, name, fault)
        sequence = _HANDLERS[fault.kind](sequence, fault, _Seeded(plan.seed, name))
    return replace(sequence, name=f"{sequence.name}+faults")


def mirrored(sequence: ImageSequence) -> ImageSequence:
    """Return the sequence as cameras behind a mirror see it: the like of its images, not they."""

    def alter(_: int, kind: ChannelKind) -> Alter:
        return mirror_points if kind is ChannelKind.POINTS else mirror_image

    frames = [_altered(sequence, k, "mirrored", alter) for k in range(len(sequence))]
    return replace(sequence, name=f"{sequence.name}, mirrored", frames=tuple(frames))


def mirror_image(image: Image) -> Image:
    """Return an image (H, W, ...) with left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def mirror_points(points: Image) -> Image:
    """Return points (N, 3), x to the right, with left and right exchanged."""
    return np.asarray(points * np.array([-1, 1, 1], points.dtype))


def is_about_time(plan: kinds.FaultPlan) -> bool:
    """Return whether a fault is about when frames come, which only a running clock can show."""
    return any(f.kind in _TIMING for f in plan.faults)


def _require_channels(sequence: ImageSequence, name: str, fault: kinds.SensorFault) -> None:
    have = ", ".join(sequence.channels) or "none"
    kind = _CHANNELS.get(fault.kind)
    if kind is not None and kind not in sequence.channels.values():
        raise RobotVisionError(
            f"{sequence.root}: the fault {name!r} needs a channel of kind {kind}, which the "
            f"sequence does not have (it has: {have})"
        )
    if fault.kind == "swap_stereo" and not {"left", "right"} <= set(sequence.channels):
        raise RobotVisionError(
            f"{sequence.root}: the fault {name!r} needs the channels left and right (it has: "
            f"{have})"
        )


@dataclass(frozen=True, slots=True)
class _Seeded:
    seed: int
    name: str

    def draw(self, frame: int | None = None) -> Draw:
        """Return the draws of this fault, as a whole or for one frame."""
        key = (self.seed, crc32(self.name.encode()))
        return np.random.default_rng(key if frame is None else (*key, frame))


def _span(n: int, fault: kinds.FaultSpan) -> range:
    return range(round(fault.start * n), round(fault.end * n))


def _drop(sequence: ImageSequence, fault: kinds.Drop, seeded: _Seeded) -> ImageSequence:
    chances = seeded.draw().random(len(sequence))
    frames = list(sequence.frames)
    for k in _span(len(frames), fault):
        if chances[k] < fault.share:
            sources = {c: DroppedSource(s.where) for c, s in frames[k].sources.items()}
            frames[k] = replace(frames[k], sources=sources)
    return replace(sequence, frames=tuple(frames))


def _repeat(sequence: ImageSequence, fault: kinds.Repeat, seeded: _Seeded) -> ImageSequence:
    chances = seeded.draw().random(len(sequence))
    frames = list(sequence.frames)
    shown, left = 0, 0
    for k in _span(len(frames), fault):
        if left:
            frames[k] = replace(frames[k], sources=frames[shown].sources)
            left -= 1
        elif chances[k] < fault.share:
            shown, left = k, fault.length
    return replace(sequence, frames=tuple(frames))


def _jitter(sequence: ImageSequence, fault: kinds.Jitter, seeded: _Seeded) -> ImageSequence:
    moves = np.round(seeded.draw().normal(0.0, fault.sigma_ms * 1e6, len(sequence))).astype(int)
    times = [f.timestamp_ns for f in sequence.frames]
    for k in _span(len(times), fault):
        times[k] += int(moves[k])
    return _at_times(sequence, times)


def _late_burst(sequence: ImageSequence, fault: kinds.LateBurst, seeded: _Seeded) -> ImageSequence:
    times = [f.timestamp_ns for f in sequence.frames]
    span = _span(len(times), fault)
    if not span:
        return sequence
    every = round(fault.every_s * 1e9)
    due = times[span.start] + round(seeded.draw().random() * every)
    k = span.start
    while k < span.stop:
        if times[k] < due:
            k += 1
            continue
        end = min(k + fault.frames, span.stop)
        for j in range(k, end):
            times[j] = times[end - 1] - (end - 1 - j)
        due += every
        k = end
    return _at_times(sequence, times)


def _at_times(sequence: ImageSequence, times: list[int]) -> ImageSequence:
    """Return the sequence at other times, each at least 1 ns after the one before."""
    frames: list[FrameEntry] = []
    last: int | None = None
    for frame, time in zip(sequence.frames, times, strict=True):
        last = time if last is None else max(time, last + 1)
        frames.append(replace(frame, timestamp_ns=last))
    return replace(sequence, frames=tuple(frames), rate_hz=sequence.measured_rate_hz)


def _through(
    sequence: ImageSequence,
    fault: kinds.FaultSpan,
    name: str,
    alter: Callable[[int, ChannelKind], Alter | None],
) -> ImageSequence:
    """Return the sequence with images altered; ``alter`` takes a frame's number and a kind."""
    frames = list(sequence.frames)
    for k in _span(len(frames), fault):
        frames[k] = _altered(sequence, k, name, alter)
    return replace(sequence, frames=tuple(frames))


def _altered(
    sequence: ImageSequence, k: int, name: str, alter: Callable[[int, ChannelKind], Alter | None]
) -> FrameEntry:
    """Return the frame at position ``k`` with its images altered."""
    frame = sequence.frames[k]
    sources: dict[str, Source] = {}
    for channel, source in frame.sources.items():
        change = alter(frame.index, sequence.channels[channel])
        sources[channel] = source if change is None else AlteredSource(source, change, name)
    return replace(frame, sources=sources)


def _exposure(sequence: ImageSequence, fault: kinds.Exposure, seeded: _Seeded) -> ImageSequence:
    factor = 2.0 ** (fault.ev / GAMMA)
    table = np.clip(np.round(np.arange(256) * factor), 0, 255).astype(np.uint8)

    def alter(image: Image) -> Image:
        import cv2

        return np.asarray(cv2.LUT(image, table))

    name = f"{seeded.name} {fault.ev:+g} EV"
    return _through(sequence, fault, name, lambda _, k: alter if k is ChannelKind.COLOR else None)


def _blur(sequence: ImageSequence, fault: kinds.Blur, seeded: _Seeded) -> ImageSequence:
    def alter(image: Image) -> Image:
        import cv2

        return np.asarray(cv2.blur(image, (fault.pixels, 1)))

    name = f"{seeded.name} {fault.pixels} px"
    return _through(sequence, fault, name, lambda _, k: alter if k is ChannelKind.COLOR else None)


def _depth_holes(
    sequence: ImageSequence, fault: kinds.DepthHoles, seeded: _Seeded
) -> ImageSequence:
    def of(index: int, kind: ChannelKind) -> Alter | None:
        if kind is not ChannelKind.DEPTH_MM:
            return None
        return lambda image: punched(image, fault.share, seeded.draw(index))

    return _through(sequence, fault, f"{seeded.name} {fault.share:g}", of)


def punched(depth: Image, share: float, draw: Draw) -> Image:
    """Return a depth image with ellipses of 0 over ``share`` of its area, or hardly more."""
    import cv2

    height, width = depth.shape
    holes: NDArray[np.uint8] = np.zeros((height, width), np.uint8)
    while np.count_nonzero(holes) < share * depth.size:
        center = int(draw.integers(0, width)), int(draw.integers(0, height))
        most = max(1, round(min(width, height) * min(0.15, share)))
        axes = int(draw.integers(1, most + 1)), int(draw.integers(1, most + 1))
        cv2.ellipse(holes, center, axes, float(draw.uniform(0, 180)), 0, 360, 1, -1)
    return np.where(holes > 0, 0, depth).astype(depth.dtype)


def _swap_stereo(
    sequence: ImageSequence, fault: kinds.SwapStereo, seeded: _Seeded
) -> ImageSequence:
    frames = list(sequence.frames)
    for k in _span(len(frames), fault):
        sources = dict(frames[k].sources)
        left, right = sources.pop("left", None), sources.pop("right", None)
        if right is not None:
            sources["left"] = right
        if left is not None:
            sources["right"] = left
        frames[k] = replace(frames[k], sources=sources)
    return replace(sequence, frames=tuple(frames))


def _kidnap(sequence: ImageSequence, fault: kinds.Kidnap, seeded: _Seeded) -> ImageSequence:
    n = len(sequence)
    here = round(fault.at * n)
    there = min(n, here + max(1, round(fault.skip * n)))
    order = [*range(here), *range(there, n), *range(here, there)]
    if order == list(range(n)):
        raise RobotVisionError(
            f"{sequence.root}: the fault {seeded.name!r} jumps over the end of the sequence; "
            "choose a smaller 'at' or 'skip'"
        )
    places, truth, lines = sequence.frames, {}, {}
    frames: list[FrameEntry] = []
    for place, segment, k in zip(places, _segments(sequence, order), order, strict=True):
        moved = sequence.frames[k]
        frames.append(
            replace(moved, index=place.index, timestamp_ns=place.timestamp_ns, segment=segment)
        )
        if sequence.truth is not None and moved.index in sequence.truth:
            truth[place.index] = sequence.truth[moved.index]
        if moved.index in sequence.truth_lines:
            lines[place.index] = sequence.truth_lines[moved.index]
    return replace(
        sequence,
        frames=tuple(frames),
        truth_lines=lines,
        truth=None if sequence.truth is None else truth,
    )


def _segments(sequence: ImageSequence, order: list[int]) -> Iterator[int]:
    segment = 0
    yield segment
    for a, b in pairwise(order):
        is_jump = b != a + 1
        if is_jump or sequence.frames[a].segment != sequence.frames[b].segment:
            segment += 1
        yield segment


_HANDLERS: dict[str, Callable[..., ImageSequence]] = {
    "drop": _drop, "repeat": _repeat, "jitter": _jitter, "late_burst": _late_burst,
    "exposure": _exposure, "blur": _blur, "depth_holes": _depth_holes,
    "swap_stereo": _swap_stereo, "kidnap": _kidnap,
}  # fmt: skip
