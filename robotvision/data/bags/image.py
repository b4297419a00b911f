"""One image of a recording: a message that is read when it is wanted."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.bags import pixels
from robotvision.data.bags.messages import COMPRESSED, read_message
from robotvision.data.bags.open import open_storage
from robotvision.data.bags.storage import Ref, Storage, Topic
from robotvision.data.images import encode_png
from robotvision.data.sequence import ChannelKind
from robotvision.errors import FrameError, RobotVisionError


@dataclass(slots=True, eq=False)
class Recording:
    """A recording's file; may be used by several threads and pickled (it is opened anew)."""

    path: Path
    _storage: Storage | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def __reduce__(self) -> tuple[type[Recording], tuple[Path]]:
        return Recording, (self.path,)

    @property
    def storage(self) -> Storage:
        """The open storage. Raises RobotVisionError."""
        with self._lock:
            if self._storage is None:
                self._storage = open_storage(self.path)
            return self._storage

    def read(self, ref: Ref, where: str) -> bytes:
        """Return a message's bytes. Raises FrameError."""
        try:
            return self.storage.read(ref)
        except RobotVisionError as e:
            raise FrameError(f"{where}: {e}") from e
        except Exception as e:  # the libraries raise whatever they trip over in a broken file
            raise FrameError(
                f"{where}: the message cannot be read ({str(e) or type(e).__name__})"
            ) from e


@dataclass(frozen=True, slots=True)
class BagImage:
    """The ``number``-th image of a topic, counted from 0 in order of time."""

    recording: Recording
    topic: Topic
    kind: ChannelKind
    number: int
    ref: Ref

    @property
    def where(self) -> str:
        """The file's path, the topic and the image's number in it."""
        return f"{self.recording.path}[{self.topic.name} {self.number}]"

    def read(self) -> NDArray[Any]:
        """Decode it. Raises FrameError."""
        message, where = self._message(), self.where
        is_depth = self.kind is ChannelKind.DEPTH_MM
        if self.topic.type == COMPRESSED:
            return (pixels.compressed_depth_mm if is_depth else pixels.compressed_color)(
                message, where
            )
        return pixels.depth_mm(message, where) if is_depth else pixels.color(message, where)

    def encoded(self) -> bytes | None:
        """Return a colour image as the JPEG or PNG that was recorded, or as PNG; None for depth.

        Raises FrameError.
        """
        if self.kind is ChannelKind.DEPTH_MM:
            return None
        message = self._message()
        if self.topic.type == COMPRESSED:
            raw: bytes = message.data.tobytes()
            if raw.startswith((b"\xff\xd8\xff", b"\x89PNG")):
                return raw
        return encode_png(self.read())

    def digest(self) -> bytes:
        """Return a digest of the pixels or of the compressed image; times do not enter.

        Raises FrameError.
        """
        message = self._message()
        if self.topic.type == COMPRESSED:
            about = [message.format]
        else:
            about = [message.encoding, message.width, message.height, message.step]
        h = hashlib.blake2b(repr(about).encode(), digest_size=16)
        h.update(np.ascontiguousarray(message.data).data)
        return h.digest()

    def _message(self) -> Any:
        data = self.recording.read(self.ref, self.where)
        try:
            return read_message(data, self.topic)
        except ValueError as e:
            raise FrameError(f"{self.where}: {e}") from e
