"""Write a recogniser that robotvision starts and queries, in a few lines of Python.

::

    from robotvision.client import Client

    for frame in Client(channels=["rgb"]):
        frame.answer("Kitchen" if frame["rgb"].mean() > 90 else None, confidence=0.9)

or, with a function of a frame that returns a room, a (room, confidence) pair or None::

    from robotvision.client import serve

    serve(lambda frame: "Kitchen", channels=["rgb"])

Try it with ``robotvision test-system -- python3 my_program.py``. The file needs numpy and nothing
else of robotvision, so it may be copied beside a program. Whatever is printed goes to the program's
log: the real standard output is reserved for the protocol (version 1, ``docs/protocol.md``).
"""

from __future__ import annotations

import io
import json
import mmap
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Client", "ClientFrame", "serve"]

_PREFIX = b"@rv1 "
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class ClientFrame:
    """A frame as it falls due.

    Attributes
    ----------
    index : int
        Number of the frame in its sequence.
    timestamp_ns : int
        When the cameras took it, on the recording's clock.
    deadline_ns : int or None
        From its falling due to the end of its time; None: there is none.
    is_first : bool
        Whether it begins a sequence: forget the last one.
    images : Mapping[str, NDArray]
        By channel. Colour (H, W, 3) uint8, RGB; depth (H, W) uint16 millimetres, 0 = no reading;
        points (N, 3) float32 metres. Read-only, and valid until the next frame but one: copy what
        must last longer.
    """

    def __init__(
        self,
        client: Client,
        message: Mapping[str, Any],
        images: Mapping[str, NDArray[Any]],
        is_first: bool,
    ) -> None:
        self._client = client
        self.index: int = message["index"]
        self.timestamp_ns: int = message["timestamp_ns"]
        self.deadline_ns: int | None = message.get("deadline_ns")
        self.is_first = is_first
        self.images = images
        self.is_answered = False
        self._sequence = message.get("sequence")
        self._stages: dict[str, int] = {}

    def __getitem__(self, channel: str) -> NDArray[Any]:
        return self.images[channel]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Measure a part of the work: ``with frame.timed("features"): ...``."""
        started_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            took_ns = time.perf_counter_ns() - started_ns
            self._stages[stage] = self._stages.get(stage, 0) + took_ns

    def answer(
        self,
        room: str | None,
        confidence: float | None = None,
        objects: Mapping[str, bool] | None = None,
        *,
        stages_ns: Mapping[str, int] | None = None,
        fault: str | None = None,
    ) -> None:
        """Answer the frame: where the robot is.

        Parameters
        ----------
        room : str or None
            A label of the task; None: no answer.
        confidence : float, optional
            Probability of being right, in [0, 1].
        objects : mapping, optional
            Object -> stated present (True) or absent (False).
        stages_ns : mapping, optional
            Nanoseconds by stage, besides those of `timed`.
        fault : str, optional
            What went wrong, in words: the frame counts as failed.
        """
        if self.is_answered:
            raise RuntimeError(f"frame {self.index} has been answered already; answer once")
        self.is_answered = True
        message: dict[str, Any] = {
            "type": "answer",
            "index": self.index,
            "sequence": self._sequence,
            "room": room,
        }
        if confidence is not None:
            message["confidence"] = float(confidence)
        if objects:
            message["objects"] = {name: bool(there) for name, there in objects.items()}
        stages = self._stages if stages_ns is None else {**self._stages, **stages_ns}
        if stages:
            message["stages_ns"] = stages
        if fault is not None:
            message["fault"] = fault
        self._client.send(message)


class Client:
    """The program's side of the conversation; iterate over it for the frames.

    Parameters
    ----------
    channels : sequence of str, optional
        The channels it reads, the others are not transferred; None: all. Names the sequence lacks
        are an error of the program's.
    name : str, optional
        What reports call the program.
    transport : str, optional
        ``shm`` or ``pipe``; None: what the harness offers first.

    Attributes
    ----------
    hello : Mapping
        The whole first message.
    rooms, objects : list of str
        Labels of the task.
    unknown : str or None
        Label of a room not seen in training, where the task has one.
    mode : str
        ``obligatory``: each frame on its own; ``optional``: earlier frames may be used.
    cameras : Mapping
        ``channels, calibration, rate_hz`` of the sequence under way.
    """

    def __init__(
        self,
        channels: Sequence[str] | None = None,
        name: str | None = None,
        transport: str | None = None,
    ) -> None:
        if sys.stdin is not None and sys.stdin.isatty():
            sys.exit(
                "this program is started by robotvision and asked over its standard input; try "
                f"it with: robotvision test-system -- python3 {sys.argv[0]}"
            )
        self._in = 0
        sys.stdout.flush()
        self._out = os.dup(1)
        os.dup2(2, 1)  # prints of any library are log from here on
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)
        self._buffer = b""
        self._memory: mmap.mmap | None = None
        self._places: dict[bytes, dict[str, Any]] = {}
        self._arrays: dict[bytes, Mapping[str, NDArray[Any]]] = {}
        self._wants: dict[str, Any] = {}
        self.want(channels, name)
        self._is_ready = False
        self.hello = self._expect("hello")
        offered = self.hello["transports"]
        self._transport = transport or offered[0]
        task = self.hello["task"]
        self.rooms: list[str] = task["rooms"]
        self.unknown: str | None = task["unknown"]
        self.objects: list[str] = task["objects"]
        self.mode: str = self.hello["mode"]
        self.cameras: Mapping[str, Any] = self.hello

    def __iter__(self) -> Iterator[ClientFrame]:
        """Yield each frame as it falls due; one left unanswered is answered with None."""
        self.ready()
        is_first = True
        while (message := self._receive()) is not None:
            kind = message["type"]
            if kind == "bye":
                return
            if kind == "reset":
                self.cameras, is_first = message, True
            elif kind == "frame":
                frame = ClientFrame(self, message, self._images(message), is_first)
                is_first = False
                yield frame
                if not frame.is_answered:
                    frame.answer(None)

    def want(self, channels: Sequence[str] | None = None, name: str | None = None) -> None:
        """Set the channels or the name, once `hello` is known."""
        if channels is not None:
            self._wants["channels"] = list(channels)
        if name is not None:
            self._wants["name"] = name

    def ready(self) -> None:
        """Send ``ready``: frames may come. Iterating does so by itself."""
        if self._is_ready:
            return
        self._is_ready = True
        self.send({"type": "ready", "version": 1, "transport": self._transport, **self._wants})

    def send(self, message: Mapping[str, Any]) -> None:
        """Write one control line."""
        data = b"\n" + _PREFIX + _encode(message).encode() + b"\n"  # after whatever was printed
        while data:
            data = data[os.write(self._out, data) :]

    def _expect(self, kind: str) -> dict[str, Any]:
        message = self._receive()
        if message is None or message["type"] != kind:
            got = "the end of standard input" if message is None else repr(message["type"])
            sys.exit(
                f"expected {kind!r} from robotvision, got {got}; try this program with: "
                f"robotvision test-system -- python3 {sys.argv[0]}"
            )
        return message

    def _receive(self) -> dict[str, Any] | None:
        """Return the next message; None where the harness is gone."""
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if newline:
                self._buffer = rest
                if line.startswith(_PREFIX):
                    return self._parsed(line[len(_PREFIX) :])
                continue
            data = os.read(self._in, 1 << 16)
            if not data:
                return None
            self._buffer += data

    def _parsed(self, text: bytes) -> dict[str, Any]:
        """Return the message; the places of images are cached, they repeat from frame to frame."""
        head, separator, places = text.partition(b',"bytes":')
        if not separator or not head.startswith(b'{"type":"frame",'):
            message: dict[str, Any] = json.loads(text)
            return message
        known = self._places.get(places)
        if known is None:
            if len(self._places) >= 64:
                self._places.clear()
                self._arrays.clear()
            known = self._places[places] = json.loads(b'{"bytes":' + places)
        return {**json.loads(head + b"}"), **known, "_places": places}

    def _images(self, message: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
        described = message["images"]
        if self._transport == "pipe":
            return _arrays(self._raw(message["bytes"]), described)
        places = message.get("_places")
        if places is None:
            return _arrays(self._shared(), described)
        arrays = self._arrays.get(places)
        if arrays is None:
            arrays = self._arrays[places] = _arrays(self._shared(), described)
        return arrays

    def _shared(self) -> mmap.mmap:
        if self._memory is None:
            shm = self.hello["shm"]
            fd = os.open(shm["path"], os.O_RDONLY)
            self._memory = mmap.mmap(fd, shm["bytes"], prot=mmap.PROT_READ)
            os.close(fd)
        return self._memory

    def _raw(self, n: int) -> bytearray:
        """Return the ``n`` bytes of pixels that follow a frame's line."""
        data = bytearray(n)
        have = min(n, len(self._buffer))
        data[:have] = self._buffer[:have]
        self._buffer = self._buffer[have:]
        view = memoryview(data)
        while have < n:
            got = os.readv(self._in, [view[have:]])
            if not got:
                raise EOFError("robotvision went away in the middle of a frame")
            have += got
        return data


def _arrays(memory: Any, described: Mapping[str, Any]) -> Mapping[str, NDArray[Any]]:
    images = {}
    for name, image in described.items():
        shape = tuple(image["shape"])
        n = int(np.prod(shape))
        if n:
            array = np.frombuffer(memory, image["dtype"], n, image["offset"]).reshape(shape)
        else:
            array = np.zeros(shape, image["dtype"])
        array.flags.writeable = False
        images[name] = array
    return images


def serve(
    function: Callable[[ClientFrame], Any],
    channels: Sequence[str] | None = None,
    name: str | None = None,
    reset: Callable[[Mapping[str, Any]], None] | None = None,
) -> None:
    """Answer every frame with ``function``; an exception in it fails that frame alone.

    Parameters
    ----------
    function : callable
        Takes a `ClientFrame`; returns a room, (room, confidence), (room, confidence, objects) or
        None. It may also call ``frame.answer`` itself.
    channels, name
        See `Client`.
    reset : callable, optional
        Called with the cameras (``channels, calibration, rate_hz``) when a sequence begins.
    """
    client = Client(channels, name)
    for frame in client:
        try:
            if frame.is_first and reset is not None:
                reset(client.cameras)
            result = function(frame)
            if not frame.is_answered:
                frame.answer(*(result if isinstance(result, tuple) else (result,)))
        except Exception as e:  # fails this frame with the message; the next is another
            traceback.print_exc()
            if not frame.is_answered:
                frame.answer(None, fault=f"{type(e).__name__}: {e}")
