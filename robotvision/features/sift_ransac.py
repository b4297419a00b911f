"""Matching against training images: how much of a frame is the same scene, by geometry.

After Feng, Halvey and Jose, "University of Glasgow at ImageCLEF 2009 Robot Vision Task", working
notes of CLEF 2009: local features of a frame are matched with those of training frames, and the
matches that one geometry explains, found by RANSAC (Fischler and Bolles, CACM 24(6), 1981), are
counted. Here a room's value is log(1 + the most inliers with any of its key frames).

What differs: theirs were points of an edge and corner detector, the best frame's room was the
answer, and rules on the robot's path amended it. Here they are SIFT or RootSIFT at the strongest
key points, and a classifier stands on top. Matches pass Lowe's ratio test (IJCV 60(2), 2004) and
are each other's best; only the likeliest key frames are verified. Those are found as local naive
Bayes nearest neighbours does it (McCann and Lowe, CVPR 2012), on some of the descriptors, reduced
to their principal axes: each votes for the key frames that hold something nearer to it than the
background, its eleventh nearest frame, by how much nearer.

A training frame must not match itself: then training vectors would look perfect, and a classifier
would learn to ask for counts no new frame reaches. So every training image is known by a digest,
and a frame with such an image is not compared with the key frames of its own room within ``gap``
key frames of it in the same stretch, itself among them. A stretch is an unbroken run of training
frames: time goes on in steps of at most three times the usual.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Generic, Self, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.features.base import Extractor, Vector, gray_of
from robotvision.features.local import LENGTH, LocalFeatures, keypoint_sift, root_sift
from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.plugins.threads import one_thread
from robotvision.records import Frame

T = TypeVar("T")

_SOME = 64
"""Descriptors of a frame that the short list looks at."""
_AXES = 32
"""Principal axes it compares them along."""
_BACKGROUND = 10
"""Nearest key frames that get a descriptor's vote; the next one sets the vote's zero."""
_BREAK = 3.0
"""Times the usual step in time that ends a stretch."""
_REACH = 3.0
"""Pixels an inlier may lie off."""
_ROUNDS = 300
"""Most rounds of RANSAC for a key frame."""
_SURE = 0.99
"""Of having drawn inliers alone at least once: ends the rounds early."""
_FEWEST = {"homography": 4, "fundamental": 8}
_NOWHERE = np.float32(1e9)


@parameter_fields
class SiftRansac(Extractor):
    """Most RANSAC inliers with a key frame of each room, as log(1 + n).

    Takes about 25 ms for an image of 320 × 240 on one core at the defaults with 140 key frames.

    Parameters
    ----------
    frames_per_room : int, default 40
        Key frames kept of each room, at most, evenly spaced over its training frames; 1 to
        10000.
    max_keypoints : int, default 200
        At most so many key points of a frame, those of strongest contrast; 1 to 5000.
    verify : int, default 10
        Key frames whose geometry is checked, 1 to 1000.
    model : {'homography', 'fundamental'}, default 'homography'
        What has to explain the matches: a plane or a turn on the spot, or any rigid scene.
    ratio : float, default 0.85
        A match's distance is below this share, in (0, 1], of that to the second nearest.
    gap : int, default 2
        Key frames on either side of a training frame that it is not compared with, at least 0.
    root : bool, default True
        RootSIFT in place of SIFT.

    Attributes
    ----------
    rooms_ : (n,) str
        The rooms of the vector's numbers, sorted.

    Notes
    -----
    The vector has one number a room; before training `dim` is 0. An image without key points
    gives zeros. A key frame takes about 60 KB at the defaults.
    """

    frames_per_room: int = 40
    max_keypoints: int = 200
    verify: int = 10
    model: str = "homography"
    ratio: float = 0.85
    gap: int = 2
    root: bool = True
    channel: str = "rgb"

    def _check(self) -> None:
        params.whole("frames_per_room", self.frames_per_room, high=10_000)
        params.whole("max_keypoints", self.max_keypoints, high=5000)
        params.whole("verify", self.verify, high=1000)
        params.choice("model", self.model, _FEWEST)
        params.number("ratio", self.ratio, high=1.0)
        params.whole("gap", self.gap, low=0)
        params.flag("root", self.root)
        params.word("channel", self.channel)

    @property
    def dim(self) -> int:
        """Length of the vector: the number of training rooms; 0 before training."""
        return len(getattr(self, "rooms_", ()))

    def fit(self, frames: Iterable[Frame], rooms: Iterable[str]) -> Self:
        """Keep key frames of training frames in sequence order; one pass, bounded memory.

        Raises
        ------
        RobotVisionError
            There are no training frames.
        """
        thinned: dict[str, Thinned[LocalFeatures]] = {}
        times: list[int] = []
        labels: list[str] = []
        digests: list[int] = []
        for position, (frame, room) in enumerate(zip(frames, rooms, strict=True)):
            gray = gray_of(frame, self.channel, self)
            times.append(frame.timestamp_ns)
            labels.append(room)
            digests.append(_digest(gray))
            keeper = thinned.setdefault(room, Thinned(self.frames_per_room))
            if keeper.wants():
                keeper.keep(position, self._local(gray))
            keeper.seen += 1
        if not labels:
            raise RobotVisionError("SiftRansac: expected training frames, got none")
        chosen = sorted(
            (pair for keeper in thinned.values() for pair in keeper.chosen()), key=lambda p: p[0]
        )
        self._store([local for _, local in chosen])
        self._place(labels, _stretches(times), digests, [position for position, _ in chosen])
        return self

    def extract(self, frame: Frame) -> Vector:
        """Return log(1 + most inliers) for each room, (rooms,) float32, at least 0.

        Raises
        ------
        RobotVisionError
            It has not been trained.
        """
        if not hasattr(self, "rooms_"):
            raise RobotVisionError(
                "SiftRansac has no key frames yet: call fit(frames, rooms) first"
            )
        gray = gray_of(frame, self.channel, self)
        local = self._local(gray)
        most = np.zeros(self.dim, np.float32)
        if len(local.x) >= _FEWEST[self.model]:
            for k in self._short_list(local, self._too_near(gray)):
                room = self.room_[k]
                most[room] = max(most[room], self._inliers(local, int(k)))
        return np.log1p(most)

    def _local(self, gray: NDArray[np.uint8]) -> LocalFeatures:
        """Return the frame's key points and descriptors."""
        local = keypoint_sift(gray, self.max_keypoints)
        if self.root:
            return LocalFeatures(local.y, local.x, root_sift(local.descriptors))
        return local

    def _store(self, local: Sequence[LocalFeatures]) -> None:
        """Keep the key frames' local features, one after another, and the short list's table."""
        self.start_ = np.cumsum([0, *(len(one.x) for one in local)])
        self.place_ = np.concatenate([_places(one) for one in local])
        # half precision: 0.0002 off at most, less than SIFT's own 8 bits
        self.descriptors_ = np.concatenate([one.descriptors for one in local]).astype(np.float16)
        some = [_some(one.descriptors) for one in local]
        with one_thread():
            self.mean_, self.axes_ = _principal(np.concatenate(some))
        self.table_ = np.zeros((len(local), _SOME, _AXES), np.float32)
        self.offset_ = np.full((len(local), _SOME), _NOWHERE, np.float32)
        for k, descriptors in enumerate(some):
            reduced = (descriptors - self.mean_) @ self.axes_
            self.table_[k, : len(reduced)] = reduced
            self.offset_[k, : len(reduced)] = np.square(reduced).sum(axis=1) / 2

    def _place(
        self,
        labels: Sequence[str],
        stretches: NDArray[np.int64],
        digests: Sequence[int],
        chosen: Sequence[int],
    ) -> None:
        """Say where each training frame stands among the key frames of its room and stretch.

        A key frame's rank is its number there, 0, 1, ...; a frame between two has a rank between.
        """
        self.rooms_, rooms = np.unique(np.array(labels), return_inverse=True)
        keys = np.array(chosen)
        rank = np.zeros(len(labels))
        for room, stretch in sorted(set(zip(rooms.tolist(), stretches.tolist(), strict=True))):
            here = np.flatnonzero((rooms == room) & (stretches == stretch))
            mine = np.intersect1d(here, keys)
            after = np.searchsorted(mine, here, side="right")
            rank[here] = np.where(np.isin(here, mine), after - 1.0, after - 0.5)
        self.room_, self.stretch_, self.rank_ = rooms[keys], stretches[keys], rank[keys]
        order = np.argsort(np.array(digests, np.uint64), kind="stable")
        self.image_digest_ = np.array(digests, np.uint64)[order]
        self.known_ = np.stack([rooms, stretches, rank], axis=1)[order]

    def _too_near(self, gray: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return which key frames the image is not compared with, (key frames,)."""
        near = np.zeros(len(self.room_), bool)
        digest = np.uint64(_digest(gray))
        first, last = (
            int(np.searchsorted(self.image_digest_, digest, s)) for s in ("left", "right")
        )
        for room, stretch, rank in self.known_[first:last]:
            beside = np.abs(self.rank_ - rank) <= self.gap
            near |= (self.room_ == room) & (self.stretch_ == stretch) & beside
        return near

    def _short_list(self, local: LocalFeatures, near: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the numbers of the key frames with most votes, at most ``verify``."""
        open_to = np.flatnonzero(~near)
        reduced = (_some(local.descriptors) - self.mean_) @ self.axes_
        table = self.table_.reshape(-1, self.table_.shape[2])
        closeness = reduced @ table.T - self.offset_.ravel()
        best = closeness.reshape(len(reduced), *self.offset_.shape).max(axis=2)[:, open_to]
        if len(open_to) <= self.verify:
            return open_to
        nth = max(len(open_to) - _BACKGROUND - 1, 0)
        zero = np.partition(best, nth, axis=1)[:, nth, None]
        votes = np.maximum(best - np.maximum(zero, -_NOWHERE / 2), 0).sum(axis=0)
        return np.asarray(open_to[np.argsort(-votes, kind="stable")[: self.verify]])

    def _inliers(self, local: LocalFeatures, k: int) -> int:
        """Return how many matches with key frame ``k`` one geometry explains."""
        rows = slice(int(self.start_[k]), int(self.start_[k + 1]))
        there = self.descriptors_[rows].astype(np.float32)
        mine, its = matches(local.descriptors, there, self.ratio)
        if len(mine) < _FEWEST[self.model]:
            return 0
        here, key = _places(local)[mine], self.place_[rows][its]
        return inliers(key, here, self.model)


def inliers(a: NDArray[np.float32], b: NDArray[np.float32], model: str) -> int:
    """Return how many pairs of pixels, (n, 2) each, one homography or fundamental matrix explains.

    There are at least as many pairs as the model takes: 4 or 8.
    """
    # OpenCV's universal framework draws from a generator seeded alike in each call; it is five
    # times as fast as its older RANSAC
    try:
        if model == "homography":
            _, mask = cv2.findHomography(a, b, cv2.USAC_DEFAULT, _REACH, None, _ROUNDS, _SURE)
        else:
            _, mask = cv2.findFundamentalMat(a, b, cv2.USAC_DEFAULT, _REACH, _SURE, _ROUNDS)
    except cv2.error:
        return 0  # what it raises, rarely, where no draw gave a model
    return 0 if mask is None else int(np.count_nonzero(mask))


class Thinned(Generic[T]):
    """Evenly spaced items of a stream of any length, in memory for twice as many as wanted.

    Ask `wants` for each item, `keep` it if so, and count it in ``seen``.
    """

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.step = 1
        self.seen = 0
        self._kept: list[tuple[int, T]] = []

    def wants(self) -> bool:
        """Return whether the next item is one to keep."""
        return self.seen % self.step == 0

    def keep(self, position: int, item: T) -> None:
        """Keep an item; where there are too many, drop every second one."""
        self._kept.append((position, item))
        if len(self._kept) >= 2 * self.wanted:
            self._kept = self._kept[::2]
            self.step *= 2

    def chosen(self) -> list[tuple[int, T]]:
        """Return positions and items, at most ``wanted``."""
        n = min(len(self._kept), self.wanted)
        return [self._kept[i] for i in np.linspace(0, len(self._kept) - 1, n).round().astype(int)]


def matches(
    a: NDArray[np.float32], b: NDArray[np.float32], ratio: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of rows of ``a`` and ``b`` that are each other's nearest and pass the ratio.

    Parameters
    ----------
    a, b : (n, d), (m, d)
        Of unit length.
    ratio : float
        The distance from the row of ``a`` is below this share of the second smallest.
    """
    nothing = np.zeros(0, np.int64)
    if not len(a) or len(b) < 2:
        return nothing, nothing
    likeness = a @ b.T
    rows = np.arange(len(a))
    best = likeness.argmax(axis=1)
    back = likeness.argmax(axis=0)
    first = likeness[rows, best]
    likeness[rows, best] = -np.inf
    # squared distances of unit vectors are 2 - 2 a.b
    nearer = 1 - first < ratio**2 * (1 - likeness.max(axis=1))
    mine = np.flatnonzero(nearer & (back[best] == rows))
    return mine, best[mine]


def _principal(descriptors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean (128,) and the longest principal axes (128, axes)."""
    if not len(descriptors):
        return np.zeros(LENGTH, np.float32), np.eye(LENGTH, _AXES, dtype=np.float32)
    mean = descriptors.mean(axis=0, dtype=np.float64)
    centred = descriptors - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :_AXES]
    return mean.astype(np.float32), np.ascontiguousarray(axes, np.float32)


def _some(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the descriptors that the short list looks at, spread over all that there are."""
    n = min(len(descriptors), _SOME)
    chosen: NDArray[np.float32] = descriptors[
        np.linspace(0, len(descriptors) - 1, n).round().astype(int)
    ]
    return chosen


def _places(local: LocalFeatures) -> NDArray[np.float32]:
    return np.stack([local.x, local.y], axis=1)


def _stretches(times: Sequence[int]) -> NDArray[np.int64]:
    """Return the number of each frame's stretch, (n,), from the frames' times."""
    steps = np.diff(np.array(times, np.int64))
    forward = steps[steps > 0]
    usual = float(np.median(forward)) if len(forward) else 0.0
    is_break = (steps <= 0) | (steps.astype(np.float64) > _BREAK * usual)
    return np.concatenate([[0], np.cumsum(is_break)]).astype(np.int64)


def _digest(gray: NDArray[Any]) -> int:
    content = np.ascontiguousarray(gray)
    h = hashlib.blake2b(str(content.shape).encode(), digest_size=8)
    h.update(content.data)
    return int.from_bytes(h.digest(), "little")
