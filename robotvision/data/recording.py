"""Find test frames that lie between the training frames of the same recording.

Two sequences are taken for one recording where their times can be of one clock and what they show
agrees with it:

* a clock that counts from 1970, or one folder, settles it;
* a recording has one image and one pose at a time: a test and a training frame of the same time
  with other images (`OTHER_IMAGE`) or other poses (`OTHER_POSE_M`) are of two recordings. Sequences
  whose clocks start at 0 differ in this way at their first frame;
* else the poses of the test must lie where those of training lead (`MAX_POSE_ERROR`), or, without
  poses, the training frames just before and after must resemble the test frame in their colours
  more than others do (`MIN_RANK`).

Not found: a recording cut into alternate frames whose times were made anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Numbers
from robotvision.data.fingerprint import Fingerprints, compared_channel
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Source
from robotvision.data.verify import map_frames
from robotvision.errors import FrameError

EPOCH_NS = 10**17
"""Later times (1973 and after) are taken for those of a clock that counts from 1970."""
SAME_TIME = 0.01
"""Times are the same within this share of the time between frames."""
SAME_POSE_M, SAME_POSE_RAD = 1e-3, 1e-3
"""Poses are the same within so much: what rounding in a table can do."""
OTHER_IMAGE = 0.1
"""Images whose hashes are further apart are not of one moment."""
ALTERED_IMAGE = 0.5
"""Images whose hashes are further apart show other things; recoloured and cropped ones are not."""
OTHER_POSE_M = 1e-2
"""Poses further apart are not of one moment."""
MIN_PATH_M = 0.5
"""A robot that moves less has the same pose everywhere."""
MAX_GAP = 3.0
"""A test frame lies between training frames no further apart than so many usual steps of theirs."""
MAX_POSE_ERROR = 0.25
"""Of the training's usual step: how far the median test pose may lie off the line between its
neighbours in training."""
MIN_RANK, MIN_RANKED = 0.8, 8
"""The share of training frames that resemble a test frame less than its neighbours in time do: 2/3
by chance (the better of two), 0.82 and more between alternate frames of one recording."""


@dataclass(frozen=True, eq=False)
class _Times:
    """Frames of training and test on one clock.

    ``order`` sorts training by time; ``after`` is for each test frame the place in that order of
    the first training frame not before it; ``step_ns`` the usual time between training frames.
    """

    train: Numbers
    test: Numbers
    order: Numbers
    after: Numbers
    step_ns: float

    def coinciding(self) -> tuple[Numbers, Numbers]:
        """Return test frames and the training frames of the same time."""
        ordered = self.train[self.order]
        last = len(ordered) - 1
        places = np.stack([np.minimum(self.after, last), np.clip(self.after - 1, 0, last)])
        gaps = np.abs(ordered[places] - self.test)
        best = gaps.argmin(axis=0)
        frames = np.flatnonzero(gaps.min(axis=0) <= SAME_TIME * self.step_ns)
        return frames, self.order[places[best[frames], frames]]


def _times(training: ImageSequence, test: ImageSequence) -> _Times | None:
    """Return the times, None where they cannot be of one clock: they do not overlap."""
    train_ns, test_ns = (
        np.array([f.timestamp_ns for f in s.frames], np.int64) for s in (training, test)
    )
    if len(train_ns) < 2 or not len(test_ns):
        return None
    if train_ns.max() < test_ns.min() or test_ns.max() < train_ns.min():
        return None
    order = np.argsort(train_ns, kind="stable")
    steps = np.diff(train_ns[order])
    if not (steps > 0).any():
        return None
    after = np.searchsorted(train_ns[order], test_ns)
    return _Times(train_ns, test_ns, order, after, float(np.median(steps[steps > 0])))


def same_pose_frames(
    training: ImageSequence,
    prints: Fingerprints,
    test: ImageSequence,
    prints_of_test: Fingerprints,
) -> tuple[Numbers, Numbers]:
    """Return test frames, and the training frames at the same time in exactly the same pose.

    Where that holds for all frames of the same time, the robot moves and the images resemble each
    other: a table was copied, and the images with it, altered too much to be near-identical.

    Parameters
    ----------
    training, test : ImageSequence
    prints, prints_of_test : Fingerprints
        Of the two.
    """
    times, poses, poses_of_test = _times(training, test), _poses(training), _poses(test)
    if times is None or poses is None or poses_of_test is None:
        return _none()
    frames, positions = times.coinciding()
    there, here = poses[positions], poses_of_test[frames]
    is_moving = len(frames) > 1 and _path_m(here) >= MIN_PATH_M
    if not is_moving or not _is_same_pose(there, here).all():
        return _none()
    distances = prints.distances(positions, prints_of_test, frames)
    comparable = distances[np.isfinite(distances)]
    is_altered = not len(comparable) or float(np.median(comparable)) <= ALTERED_IMAGE
    return (frames, positions) if is_altered else _none()


def interleaved_frames(
    training: ImageSequence,
    prints: Fingerprints,
    test: ImageSequence,
    prints_of_test: Fingerprints,
) -> tuple[Numbers, Numbers]:
    """Return test frames between two training frames of the same recording, and the nearer one.

    Parameters
    ----------
    training, test : ImageSequence
    prints, prints_of_test : Fingerprints
        Of the two.
    """
    times = _times(training, test)
    if times is None:
        return _none()
    frames, before, after = _between_neighbours(training, times)
    is_one_clock = _is_one_clock(training, test, times)
    if not len(frames) or _are_two_recordings(training, prints, test, prints_of_test, times):
        return _none()
    if not is_one_clock and not _agrees(training, test, times, frames, before, after):
        return _none()
    is_later = times.train[after] - times.test[frames] < times.test[frames] - times.train[before]
    return frames, np.where(is_later, after, before)


def _none() -> tuple[Numbers, Numbers]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64)


def _is_one_clock(training: ImageSequence, test: ImageSequence, times: _Times) -> bool:
    if training.root.resolve() == test.root.resolve():
        return True
    return bool(min(times.train.min(), times.test.min()) >= EPOCH_NS)


def _between_neighbours(training: ImageSequence, times: _Times) -> tuple[Numbers, Numbers, Numbers]:
    """Return test frames strictly between training frames of one segment, and those frames."""
    is_inside = (times.after > 0) & (times.after < len(times.order))
    frames = np.flatnonzero(is_inside)
    before, after = times.order[times.after[frames] - 1], times.order[times.after[frames]]
    segments = np.array([f.segment for f in training.frames])
    tolerance = SAME_TIME * times.step_ns
    is_between = (
        (segments[before] == segments[after])
        & (times.train[after] - times.train[before] <= MAX_GAP * times.step_ns)
        & (times.test[frames] - times.train[before] > tolerance)
        & (times.train[after] - times.test[frames] > tolerance)
    )
    return frames[is_between], before[is_between], after[is_between]


def _are_two_recordings(
    training: ImageSequence,
    prints: Fingerprints,
    test: ImageSequence,
    prints_of_test: Fingerprints,
    times: _Times,
) -> bool:
    """Return whether a test and a training frame of the same time differ in image or pose."""
    frames, positions = times.coinciding()
    distances = prints.distances(positions, prints_of_test, frames)
    if bool((distances[np.isfinite(distances)] > OTHER_IMAGE).any()):
        return True
    poses, poses_of_test = _poses(training), _poses(test)
    if poses is None or poses_of_test is None:
        return False
    off_m = np.linalg.norm(poses[positions, :2] - poses_of_test[frames, :2], axis=1)
    return bool((off_m > OTHER_POSE_M).any())


def _agrees(
    training: ImageSequence,
    test: ImageSequence,
    times: _Times,
    frames: Numbers,
    before: Numbers,
    after: Numbers,
) -> bool:
    """Return whether test frames show what lies between their neighbours in training."""
    poses, poses_of_test = _poses(training), _poses(test)
    if poses is not None and poses_of_test is not None:
        here = poses_of_test[frames, :2]
        if _path_m(here) >= MIN_PATH_M:
            share = (times.test[frames] - times.train[before]) / (
                times.train[after] - times.train[before]
            )
            led = poses[before, :2] + share[:, None] * (poses[after, :2] - poses[before, :2])
            step_m = np.median(np.linalg.norm(poses[after, :2] - poses[before, :2], axis=1))
            error_m = np.median(np.linalg.norm(here - led, axis=1))
            return bool(error_m <= MAX_POSE_ERROR * step_m)
    return _color_rank(training, test, frames, before, after) >= MIN_RANK


def _color_rank(
    training: ImageSequence, test: ImageSequence, frames: Numbers, before: Numbers, after: Numbers
) -> float:
    """Return which share of training resembles a test frame less than its neighbours, on average.

    0 where too few frames can be compared.
    """
    known, asked = _color_histograms(training), _color_histograms(test)
    if known is None or asked is None:
        return 0.0
    likeness = asked[frames] @ known.T
    rows = np.arange(len(frames))
    of_neighbours = np.maximum(likeness[rows, before], likeness[rows, after])
    readable = asked[frames].any(axis=1)
    if readable.sum() < MIN_RANKED:
        return 0.0
    ranks = (likeness < of_neighbours[:, None]).mean(axis=1)
    return float(ranks[readable].mean())


def _color_histograms(sequence: ImageSequence) -> NDArray[np.float32] | None:
    """Return (frames, 128) square roots of shares of colours; None without images in colour."""
    channel = compared_channel(sequence)
    if sequence.channels.get(channel) is not ChannelKind.COLOR:
        return None

    def of_entry(entry: FrameEntry) -> NDArray[np.float32]:
        return _color_histogram(entry.sources.get(channel))

    return np.stack(list(map_frames(sequence, of_entry)))


def _color_histogram(source: Source | None) -> NDArray[np.float32]:
    import cv2

    empty = np.zeros(128, np.float32)
    if source is None:
        return empty
    try:
        image = source.read()
    except FrameError:
        return empty  # whoever needs its pixels reports it
    step = max(1, min(image.shape[:2]) // 60)
    hsv = cv2.cvtColor(np.ascontiguousarray(image[::step, ::step]), cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256]).ravel()
    return np.asarray(np.sqrt(counts / counts.sum()), np.float32)


def _poses(sequence: ImageSequence) -> NDArray[np.float64] | None:
    """Return (frames, 3) poses, None where a frame has none."""
    poses = [f.pose for f in sequence.frames if f.pose is not None]
    return np.array(poses) if poses and len(poses) == len(sequence) else None


def _is_same_pose(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    turn = (a[:, 2] - b[:, 2] + np.pi) % (2 * np.pi) - np.pi
    is_near = np.linalg.norm(a[:, :2] - b[:, :2], axis=1) <= SAME_POSE_M
    is_same: NDArray[np.bool_] = is_near & (np.abs(turn) <= SAME_POSE_RAD)
    return is_same


def _path_m(poses: NDArray[np.float64]) -> float:
    """Return how far apart the corners of the smallest box around the poses are, in metres."""
    return float(np.linalg.norm(np.ptp(poses[:, :2], axis=0))) if len(poses) else 0.0
