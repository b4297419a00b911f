"""A video file as a sequence: PyAV decodes it, or OpenCV where PyAV is not installed.

With PyAV each frame has its own time, whatever the rate does (`robotvision.data.avvideo`). With
OpenCV times are the frame's number over the file's frame rate; its own count of frames is checked
against its last frame and, where that cannot be read, the frames are counted one by one. Either
turns the images as the file says; reading in order goes on decoding where it stands, and only a
jump seeks.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from robotvision.data.avvideo import AvVideo, VideoFile, is_installed
from robotvision.data.images import MAX_PIXELS
from robotvision.data.names import NOMINAL_RATE_HZ, checked_rate, nominal_ns
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Reading
from robotvision.errors import Fault, FrameError
from robotvision.records import frozen

if TYPE_CHECKING:
    import cv2

# FFmpeg's own remarks on a broken file would stand among ours; read when it is first used.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")

VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm"})
MAX_FRAMES = 10_000_000
SKIP = 32
"""A jump ahead of at most so many frames is decoded through, which is quicker than a seek."""


@dataclass(slots=True, eq=False)
class Video(VideoFile):
    """A video file by OpenCV; may be used by several threads and pickled (it is opened anew)."""

    _capture: cv2.VideoCapture | None = field(default=None, repr=False)
    _next: int = field(default=0, repr=False)
    n_seeks: int = field(default=0, repr=False)

    def __reduce__(self) -> tuple[type[Video], tuple[Path]]:
        return Video, (self.path,)

    def open(self) -> cv2.VideoCapture:
        """Return the capture, opened on first use. Raises FrameError."""
        import cv2

        if self._capture is None:
            capture = cv2.VideoCapture(str(self.path))
            if not capture.isOpened():
                raise FrameError(f"{self.path}: not a video that can be decoded")
            width, height = (
                capture.get(p) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
            )
            if width * height > MAX_PIXELS:
                raise FrameError(
                    f"{self.path}: expected frames of at most {MAX_PIXELS} pixels, the video "
                    f"claims {width:g}x{height:g}"
                )
            self._capture, self._next = capture, 0
        return self._capture

    def read(self, position: int) -> NDArray[np.uint8]:
        """Return the frame at ``position`` as (H, W, 3) uint8 RGB. Raises FrameError."""
        import cv2

        with self._lock:
            capture = self.open()
            self._go_to(capture, position)
            ok, image = capture.read()
            self._next = position + 1 if ok else -1
        if not ok or image is None:
            raise FrameError(f"{self.path}[{position}]: the frame cannot be decoded")
        return frozen(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))

    def _go_to(self, capture: cv2.VideoCapture, position: int) -> None:
        import cv2

        if self._next < 0 or not self._next <= position <= self._next + SKIP:
            self.n_seeks += 1
            capture.set(cv2.CAP_PROP_POS_FRAMES, position)
            self._next = position
        while self._next < position and capture.grab():
            self._next += 1
        if self._next < position:
            self._next = -1
            raise FrameError(f"{self.path}[{position}]: the frame cannot be decoded")

    def rate_hz(self) -> float | None:
        """Return the file's frames a second, None where it does not say."""
        import cv2

        rate = float(self.open().get(cv2.CAP_PROP_FPS))
        return rate if math.isfinite(rate) and 1e-3 <= rate <= 1e4 else None

    def claimed_count(self) -> int:
        """Return the file's own count of frames, 0 where it makes no sense."""
        import cv2

        n = self.open().get(cv2.CAP_PROP_FRAME_COUNT)
        return int(n) if math.isfinite(n) and 0 < n <= MAX_FRAMES else 0

    def count(self) -> int:
        """Return the number of frames that can be decoded."""
        n = self.claimed_count()
        try:
            if n:
                self.read(n - 1)
        except FrameError:
            n = 0
        if not n:
            n = self._count_one_by_one()
        with self._lock:
            self._capture = None
        return n

    def _count_one_by_one(self) -> int:
        with self._lock:
            self._capture = None
            capture, n = self.open(), 0
            while n < MAX_FRAMES and capture.grab():
                n += 1
        return n


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One frame of a video."""

    video: Video | AvVideo
    position: int
    in_order: ClassVar[bool] = True

    @property
    def where(self) -> str:
        """The file's path and the frame's position."""
        return f"{self.video.path}[{self.position}]"

    def read(self) -> NDArray[np.uint8]:
        """Decode it. Raises FrameError."""
        return self.video.read(self.position)

    def digest(self) -> bytes:
        """Return a digest of the file and the position. Raises FrameError."""
        whole = self.video.digest() + self.position.to_bytes(8, "little")
        return hashlib.blake2b(whole, digest_size=16).digest()


class VideoReader:
    """Reads a video file.

    Parameters
    ----------
    rate_hz : float, optional
        Frames a second; what the file says where None.
    """

    title = "video: one video file"

    def __init__(self, rate_hz: float | None = None) -> None:
        self.rate_hz = None if rate_hz is None else checked_rate(rate_hz)

    def detects(self, path: Path) -> bool:
        """Return whether it is a file with the extension of a video."""
        return path.suffix.lower() in VIDEOS and path.is_file()

    def read(self, path: Path) -> Reading:
        """Open the file and find its frames."""
        if not path.is_file():
            return Reading(None, [Fault(path, "expected a video file")])
        warnings: list[str] = []
        try:
            video, times_ns, rate = self._find_frames(path, warnings)
        except FrameError as e:
            return Reading(None, [Fault(path, str(e).removeprefix(f"{path}: "))])
        if not times_ns:
            return Reading(None, [Fault(path, "no frame in it that can be decoded")])
        frames = tuple(
            FrameEntry(i, t, {"rgb": VideoFrame(video, i)}, name=f"{path.stem}_{i:06d}")
            for i, t in enumerate(times_ns)
        )
        sequence = ImageSequence(
            name=path.stem,
            root=path,
            reader="video",
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            rate_hz=rate,
        )
        return Reading(sequence, [], warnings)

    def _find_frames(
        self, path: Path, warnings: list[str]
    ) -> tuple[Video | AvVideo, list[int], float | None]:
        """Return the video, the time of each frame that can be decoded, and the rate."""
        video = _open_with_times(path, warnings) if is_installed() else Video(path)
        if isinstance(video, AvVideo):
            claimed, own_rate = video.claimed_count(), video.rate_hz
            if claimed != len(video.times):  # as claimed, it was read to its end: it is whole
                video.drop_what_is_cut()
            n = len(video.times)
            if self.rate_hz is None and n:
                _warn_of_cut(claimed, n, warnings)
                return video, video.times_ns(), own_rate
        else:
            own_rate, claimed, n = video.rate_hz(), video.claimed_count(), video.count()
            if not is_installed() and self.rate_hz is None:
                warnings.append(
                    "each frame's time is its number over the rate, PyAV is not installed; for "
                    "the file's own times: pip install 'robotvision[video]'"
                )
        rate = self.rate_hz or own_rate or NOMINAL_RATE_HZ
        if not (self.rate_hz or own_rate):
            warnings.append(f"no frame rate in it: {rate:g} Hz is taken")
        _warn_of_cut(claimed, n, warnings)
        return video, [nominal_ns(i, rate) for i in range(n)], rate


def _warn_of_cut(claimed: int, n: int, warnings: list[str]) -> None:
    if claimed > n:
        warnings.append(f"the file says {claimed} frames, {n} can be decoded: cut short?")


def _open_with_times(path: Path, warnings: list[str]) -> Video | AvVideo:
    """Return the video by PyAV, by OpenCV where its frames have no times of their own.

    Raises FrameError.
    """
    video = AvVideo(path)
    if video.read_index():
        return video
    warnings.append("its frames have no times: the frame's number over the rate is taken")
    return Video(path)
