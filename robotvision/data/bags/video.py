"""A video whose messages hold a coded frame each: ``foxglove.CompressedVideo``, H.264 or H.265.

Reading in order goes on decoding where it stands; a jump decodes from the key frame before it.
"""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from robotvision.data.avvideo import is_installed
from robotvision.data.bags.messages import read_message
from robotvision.data.bags.storage import Ref, Topic
from robotvision.data.images import MAX_PIXELS
from robotvision.errors import FrameError, MissingExtraError
from robotvision.records import frozen

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

    from robotvision.data.bags.image import Recording

CODECS = {"h264": "h264", "h265": "hevc"}
"""Format of a message -> the decoder's name."""
SKIP = 60
"""A jump ahead of at most so many frames is decoded through."""
_UNIT = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)


@dataclass(slots=True, eq=False)
class BagVideo:
    """The video of a topic; may be used by several threads and pickled (decoding starts anew)."""

    recording: Recording
    topic: Topic
    refs: list[Ref]
    _decoder: VideoCodecContext | None = field(default=None, repr=False)
    _next: int = field(default=0, repr=False)
    _ready: dict[int, Any] = field(default_factory=dict, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def __reduce__(self) -> tuple[type[BagVideo], tuple[Recording, Topic, list[Ref]]]:
        return BagVideo, (self.recording, self.topic, self.refs)

    def where(self, number: int) -> str:
        """Return the file's path, the topic and the frame's number in it."""
        return f"{self.recording.path}[{self.topic.name} {number}]"

    def read(self, number: int) -> NDArray[np.uint8]:
        """Return a frame as (H, W, 3) uint8 RGB. Raises FrameError."""
        import av

        with self._lock:
            try:
                frame = self._find(number)
                if frame is None:
                    raise FrameError(f"{self.where(number)}: the frame cannot be decoded")
                if frame.width * frame.height > MAX_PIXELS:
                    raise FrameError(f"{self.where(number)}: more than {MAX_PIXELS} pixels")
                image: NDArray[Any] = frame.to_ndarray(format="rgb24")
            except av.FFmpegError as e:
                self._decoder = None
                raise FrameError(f"{self.where(number)}: the frame cannot be decoded ({e})") from e
        return frozen(image)

    def _find(self, number: int) -> Any:
        """Decode up to a frame; None where it does not come out."""
        if number not in self._ready:
            if self._decoder is None or not self._next <= number <= self._next + SKIP:
                self._begin(self._key_before(number))
            while number not in self._ready and self._next < len(self.refs):
                self._feed()
            if number not in self._ready and self._decoder is not None:
                self._collect(self._decoder.decode(None))  # what it held back
                self._decoder = None
        for old in [n for n in self._ready if n < number]:
            del self._ready[old]
        return self._ready.get(number)

    def _begin(self, number: int) -> None:
        import av

        decoder = av.CodecContext.create(CODECS[self._form(number)], "r")
        self._decoder, self._next = decoder, number  # type: ignore[assignment]
        self._ready.clear()

    def _feed(self) -> None:
        """Give the decoder the next message."""
        import av

        packet = av.Packet(self._message(self._next).data.tobytes())
        packet.pts = packet.dts = self._next
        self._next += 1
        if self._decoder is not None:
            self._collect(self._decoder.decode(packet))

    def _collect(self, frames: list[Any]) -> None:
        self._ready.update({f.pts: f for f in frames})

    def _key_before(self, number: int) -> int:
        """Return the last message up to ``number`` that decoding can begin with."""
        for k in range(number, -1, -1):
            if is_key(self._message(k).data.tobytes(), self._form(k)):
                return k
        raise FrameError(f"{self.where(number)}: no key frame before it")

    def _form(self, number: int) -> str:
        form = str(self._message(number).format).lower()
        if form not in CODECS:
            known = ", ".join(CODECS)
            raise FrameError(f"{self.where(number)}: expected a video in {known}, got {form!r}")
        return form

    def _message(self, number: int) -> Any:
        where = self.where(number)
        try:
            return read_message(self.recording.read(self.refs[number], where), self.topic)
        except ValueError as e:
            raise FrameError(f"{where}: {e}") from e

    def digest(self, number: int) -> bytes:
        """Return a digest of a frame's message and number. Raises FrameError."""
        raw = self._message(number).data.tobytes() + number.to_bytes(8, "little")
        return hashlib.blake2b(raw, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class BagVideoFrame:
    """The ``number``-th frame of a video topic."""

    video: BagVideo
    number: int
    in_order: ClassVar[bool] = True

    @property
    def where(self) -> str:
        """The file's path, the topic and the frame's number in it."""
        return self.video.where(self.number)

    def read(self) -> NDArray[np.uint8]:
        """Decode it. Raises FrameError."""
        return self.video.read(self.number)

    def digest(self) -> bytes:
        """Return a digest of its message and number. Raises FrameError."""
        return self.video.digest(self.number)


def is_key(raw: bytes, form: str) -> bool:
    """Return whether coded bytes (Annex B) hold a picture that needs no other one."""
    for match in _UNIT.finditer(raw):
        head = match[1][0]
        if form == "h265" and 16 <= (head >> 1 & 0x3F) <= 23:
            return True
        if form == "h264" and head & 0x1F == 5:
            return True
    return False


def require_av(where: str) -> None:
    """Raise MissingExtraError where PyAV is not installed."""
    if not is_installed():
        raise MissingExtraError(
            f"{where}: its video is read by PyAV; install it with: pip install 'robotvision[video]'"
        )
