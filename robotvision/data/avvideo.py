"""A video file by PyAV: each frame by its own time, turned as the file says.

An index of the frames' times is read from the file's packets without decoding them. A frame is
found by its time: reading in order goes on decoding where it stands, a jump seeks to the key frame
before it. Of many open files the decoders of those used last are held.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.images import MAX_PIXELS
from robotvision.errors import FrameError
from robotvision.records import frozen
from robotvision.regular_file import open_regular

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

MAX_FRAMES = 10_000_000
MAX_OPEN = 8
"""Decoders that are held: a data set of many files is read a few at a time."""
SKIP_S = 2
"""A jump ahead of at most so much is decoded through, which is quicker than a seek."""
_QUARTER_TURNS = {90: 1, 180: 2, -180: 2, -90: 3, 270: 3}
_held: OrderedDict[int, AvVideo] = OrderedDict()
_held_lock = threading.Lock()


def is_installed() -> bool:
    """Return whether PyAV is."""
    return find_spec("av") is not None


@dataclass(slots=True, eq=False)
class VideoFile:
    """A video's file with the digest of its bytes, and the lock of what decodes it."""

    path: Path
    _digest: bytes | None = field(default=None, init=False, repr=False)
    _lock: Any = field(default_factory=threading.RLock, init=False, repr=False)

    def digest(self) -> bytes:
        """Return a digest of the file's bytes, computed once. Raises FrameError."""
        with self._lock:
            if self._digest is None:
                self._digest = file_digest(self.path)
            return self._digest


@dataclass(slots=True, eq=False)
class AvVideo(VideoFile):
    """A video file; may be used by several threads and pickled (it is opened anew).

    ``times`` are those of its frames in units of ``time_base``, rising; empty until `read_index`.
    """

    times: list[int] = field(default_factory=list, repr=False)
    n_seeks: int = field(default=0, repr=False)
    _container: Any = field(default=None, repr=False)
    _frames: Iterator[av.VideoFrame] | None = field(default=None, repr=False)
    _last: av.VideoFrame | None = field(default=None, repr=False)

    def __reduce__(self) -> tuple[type[AvVideo], tuple[Path, list[int]]]:
        return AvVideo, (self.path, self.times)

    def read_index(self) -> bool:
        """Read the time of each frame from the file's packets.

        Returns False where packets have no times. Raises FrameError.
        """
        with self._lock:
            stream = self._open()
            times = []
            for packet in self._packets(stream):
                if packet.is_discard or not packet.size:
                    continue
                if packet.pts is None and packet.dts is None:
                    return False
                times.append(packet.dts if packet.pts is None else packet.pts)
                if len(times) > MAX_FRAMES:
                    raise FrameError(f"{self.path}: expected at most {MAX_FRAMES} frames")
            self.times = sorted(set(times))
            self.close()
            return True

    def drop_what_is_cut(self) -> None:
        """Drop the frames at the end of the index that cannot be decoded."""
        try:
            if self.times:
                self.read(len(self.times) - 1)
                self.close()
            return
        except FrameError:
            decodable: set[int] = set()
        with self._lock:
            self.close()
            stream = self._open()
            while (frame := self._next(stream)) is not None:
                if frame.pts is not None:
                    decodable.add(frame.pts)
            self.times = [t for t in self.times if t in decodable]
            self.close()

    def times_ns(self) -> list[int]:
        """Return the time of each frame since the first, in nanoseconds."""
        base, first = self.time_base, self.times[0]
        return [round((t - first) * base * 10**9) for t in self.times]

    @property
    def time_base(self) -> Fraction:
        """Seconds a unit of the frames' times. Raises FrameError."""
        with self._lock:
            return Fraction(self._open().time_base or Fraction(1, 1000))

    @property
    def rate_hz(self) -> float | None:
        """Frames a second where all are equally far apart, to a unit of time; else None."""
        times = np.array(self.times, np.int64)
        if len(times) < 2:
            return None
        step = (times[-1] - times[0]) / (len(times) - 1)
        off = np.abs(times - times[0] - step * np.arange(len(times))).max()
        return float(1 / (step * self.time_base)) if off <= 1 else None

    def read(self, position: int) -> NDArray[np.uint8]:
        """Return the frame at ``position`` as (H, W, 3) uint8 RGB. Raises FrameError."""
        if not 0 <= position < len(self.times):
            raise FrameError(f"{self.path}[{position}]: the frame cannot be decoded")
        return self._read(self.times[position], 0, f"{self.path}[{position}]")

    def read_at(self, time_s: Fraction, tolerance_s: Fraction) -> NDArray[np.uint8]:
        """Return the frame shown at ``time_s`` of the file, to ``tolerance_s``. Raises FrameError.

        Needs no index.
        """
        base = self.time_base
        slack = int(tolerance_s / base)
        return self._read(round(time_s / base), slack, f"{self.path}[{float(time_s):.3f} s]")

    def _read(self, time: int, slack: int, where: str) -> NDArray[np.uint8]:
        import av

        with self._lock:
            try:
                stream = self._open()
                frame = self._find(stream, time, slack)
                if frame is None:
                    raise FrameError(f"{where}: the frame cannot be decoded")
                image: NDArray[Any] = frame.to_ndarray(format="rgb24")
                turn = frame.rotation
            except (av.FFmpegError, EOFError) as e:
                self.close()
                raise FrameError(f"{where}: the frame cannot be decoded ({e})") from e
            except FrameError:
                self.close()
                raise
        if turn % 360:
            if turn not in _QUARTER_TURNS:
                raise FrameError(f"{where}: expected a turn by quarters, the file says {turn}°")
            image = np.ascontiguousarray(np.rot90(image, _QUARTER_TURNS[turn]))
        return frozen(image)

    def _find(self, stream: VideoStream, time: int, slack: int) -> av.VideoFrame | None:
        """Return the frame at ``time`` (to ``slack``), or None where there is none."""
        last = self._last
        ahead = SKIP_S / (stream.time_base or Fraction(1, 1000))
        if last is not None and last.pts is not None and abs(last.pts - time) <= slack:
            return last
        is_fresh = last is None and self._frames is None
        at = (stream.start_time or 0) - 1 if is_fresh else None if last is None else last.pts
        if at is None or not at < time <= at + ahead:
            self._seek(stream, time)
        frame = self._decode_to(stream, time - slack)
        if frame is not None and (frame.pts or 0) > time + slack:  # the seek went too far
            self._seek(stream, None)
            frame = self._decode_to(stream, time - slack)
        return frame if frame is not None and (frame.pts or 0) <= time + slack else None

    def _decode_to(self, stream: VideoStream, time: int) -> av.VideoFrame | None:
        """Decode up to the first frame at ``time`` or later."""
        while (frame := self._next(stream)) is not None:
            if frame.pts is not None and frame.pts >= time:
                return frame
        return None

    def _seek(self, stream: VideoStream, time: int | None) -> None:
        """Go to the key frame before ``time``, to the beginning where None."""
        self._frames = self._last = None
        if time is None:
            self.close()
            self._open()
            return
        self.n_seeks += 1
        self._container.seek(max(time, stream.start_time or 0), stream=stream)

    def _next(self, stream: VideoStream) -> av.VideoFrame | None:
        """Decode the next frame; None at the end. Frames that are broken are passed over."""
        import av

        if self._frames is None:
            self._frames = self._container.decode(self._container.streams.video[0])
        n_broken = 0
        while n_broken < MAX_FRAMES:
            try:
                self._last = next(self._frames, None)
                return self._last
            except av.InvalidDataError:  # the decoder goes on with the next packet
                n_broken += 1
                self._frames = self._container.decode(self._container.streams.video[0])
        return None

    def _packets(self, stream: VideoStream) -> Iterator[Any]:
        """Yield the packets, as far as the file goes."""
        import av

        try:
            yield from self._container.demux(stream)
        except av.FFmpegError:  # cut short: what was read stands
            return

    def _open(self) -> VideoStream:
        """Return the first video stream, opened on first use. Raises FrameError."""
        import av

        if self._container is None:
            try:
                container = av.open(str(self.path))
            except (av.FFmpegError, OSError, ValueError) as e:
                raise FrameError(f"{self.path}: not a video that can be decoded") from e
            if not container.streams.video:
                raise FrameError(f"{self.path}: not a video that can be decoded")
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise FrameError(
                    f"{self.path}: expected frames of at most {MAX_PIXELS} pixels, the video "
                    f"claims {stream.width}x{stream.height}"
                )
            self._container = container
        _hold(self)
        video: VideoStream = self._container.streams.video[0]
        return video

    def claimed_count(self) -> int:
        """Return the file's own count of frames, 0 where it does not say. Raises FrameError."""
        with self._lock:
            return int(self._open().frames)

    def close(self) -> None:
        """Let go of the decoder; the next read opens the file again."""
        with self._lock:
            container, self._container = self._container, None
            self._frames = self._last = None
            if container is not None:
                container.close()

    def close_unless_busy(self) -> None:
        """Let go of the decoder where no other thread is reading."""
        if self._lock.acquire(blocking=False):
            try:
                self.close()
            finally:
                self._lock.release()


def file_digest(path: Path) -> bytes:
    """Return 16 bytes that stand for a file's content. Raises FrameError."""
    try:
        with open_regular(path) as f:
            return hashlib.file_digest(f, "blake2b").digest()[:16]
    except OSError as e:
        raise FrameError(f"{path}: cannot be read ({e.strerror})") from e


def _hold(video: AvVideo) -> None:
    """Count a video as used last; the one used longest ago lets go of its decoder."""
    with _held_lock:
        _held[id(video)] = video
        _held.move_to_end(id(video))
        oldest = _held.popitem(last=False)[1] if len(_held) > MAX_OPEN else None
    if oldest is not None and oldest is not video:
        oldest.close_unless_busy()
