"""Decode ahead: a camera delivers pixels, not files.

One thread reads pictures in order into a bounded buffer while the system works on earlier ones.
Decode time is recorded with each frame and charged to nobody.
"""

from __future__ import annotations

import threading
from collections import deque
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

    A full buffer is filled up again when half of it is used: the thread then wakes once for several
    frames, and a frame that lies ready is taken without a lock.

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
        self._depth, self._low = depth, depth // 2
        self._buffer: deque[Decoded | BaseException] = deque()
        self._filled, self._space = threading.Event(), threading.Event()
        self._stopped = False
        self._next = 0
        self._thread = threading.Thread(target=self._work, name="decode-ahead", daemon=True)

    def __enter__(self) -> DecodeAhead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._space.set()
        self._thread.join()
        self._buffer.clear()

    def get(self, k: int) -> Decoded:
        """Return the ``k``-th frame, dropping those before it; ``k`` must rise.

        Raises
        ------
        Exception
            What the reader raised other than a FrameError: a bug, not a broken picture.
        """
        while True:
            item = self._take()
            if isinstance(item, BaseException):
                raise item
            self._next += 1
            if self._next > k:
                return item

    def wait_for_first(self) -> None:
        """Block until the first frame lies in the buffer, so that the clock can start."""
        if self._positions:
            self._filled.wait()

    def _take(self) -> Decoded | BaseException:
        buffer = self._buffer
        while True:
            try:
                item = buffer.popleft()
            except IndexError:
                self._filled.clear()
                if not buffer:  # else it came between the look and the clearing
                    self._filled.wait()
                continue
            if len(buffer) <= self._low and not self._space.is_set():
                self._space.set()
            return item

    def _put(self, item: Decoded | BaseException) -> None:
        if len(self._buffer) >= self._depth:
            self._space.clear()
            if len(self._buffer) >= self._depth and not self._stopped:
                self._space.wait()
        self._buffer.append(item)
        if not self._filled.is_set():
            self._filled.set()

    def _work(self) -> None:
        for position in self._positions:
            if self._stopped:
                return
            try:
                item: Decoded | BaseException = self._decode(position)
            except BaseException as e:
                item = e
            self._put(item)
            if isinstance(item, BaseException):
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
