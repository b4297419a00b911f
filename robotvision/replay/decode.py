"""Decode ahead: a camera delivers pixels, not files.

One thread reads pictures in order into a bounded buffer while the system works on earlier ones.
Decode time is recorded with each frame and charged to nobody.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence as Positions
from time import perf_counter_ns
from typing import NamedTuple

from robotvision.data.sequence import Sequence
from robotvision.errors import FrameError
from robotvision.records import Frame


class Decoded(NamedTuple):
    """A frame in pixels, or why it could not be read; how long decoding took and when it ended.

    ``ready_ns`` is of `time.perf_counter_ns`.
    """

    frame: Frame | None
    problem: str | None
    decode_ns: int
    ready_ns: int


class DecodeAhead:
    """Reads the frames of a sequence in order, ahead of their use. A context manager.

    Parameters
    ----------
    sequence : Sequence
    positions : sequence of int
        Which frames, in order.
    depth : int
        At most so many decoded frames wait in memory.
    channels : tuple of str, optional
        Only these; all where None.
    """

    def __init__(
        self,
        sequence: Sequence,
        positions: Positions[int],
        depth: int = 8,
        channels: tuple[str, ...] | None = None,
    ) -> None:
        self._sequence, self._positions, self._channels = sequence, positions, channels
        self._buffer: queue.Queue[Decoded | BaseException] = queue.Queue(depth)
        self._stop = threading.Event()
        self._next = 0
        self._thread = threading.Thread(target=self._work, name="decode-ahead", daemon=True)

    def __enter__(self) -> DecodeAhead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        while not self._buffer.empty():
            self._buffer.get_nowait()
        self._thread.join()

    def get(self, k: int) -> Decoded:
        """Return the ``k``-th frame, dropping those before it; ``k`` must rise.

        Raises
        ------
        Exception
            What the reader raised other than a FrameError: a bug, not a broken picture.
        """
        while True:
            item = self._buffer.get()
            if isinstance(item, BaseException):
                raise item
            self._next += 1
            if self._next > k:
                return item

    def wait_for_first(self) -> None:
        """Block until the first frame lies in the buffer, so that the clock can start."""
        while self._buffer.empty() and self._thread.is_alive():
            self._stop.wait(0.0005)

    def _work(self) -> None:
        for position in self._positions:
            try:
                item: Decoded | BaseException = self._decode(position)
            except BaseException as e:
                item = e
            while not self._stop.is_set():
                try:
                    self._buffer.put(item, timeout=0.05)
                    break
                except queue.Full:
                    continue
            if self._stop.is_set() or isinstance(item, BaseException):
                return

    def _decode(self, position: int) -> Decoded:
        started = perf_counter_ns()
        try:
            frame = self._sequence.load(position, self._channels)
        except FrameError as e:
            ready = perf_counter_ns()
            return Decoded(None, str(e), ready - started, ready)
        ready = perf_counter_ns()
        return Decoded(frame, None, ready - started, ready)
