"""Decode ahead: a camera delivers pixels, not files.

A thread decodes images in order into a bounded buffer while the system works on earlier ones. Where
the buffer is empty, so that the system is idle, a second thread helps until it is filled again: it
never works beside the system. Images that cost less than waking a thread (arrays in memory) are
decoded by the caller. Decode time is recorded with each frame and charged to nobody.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence as Positions
from time import perf_counter_ns
from typing import NamedTuple
from weakref import WeakSet

from robotvision.data.sequence import ImageSequence
from robotvision.errors import FrameError
from robotvision.records import Frame

HELP_NS = 300_000
"""Images that take less are not worth waking a second thread for."""
QUICK_NS = 20_000
"""Images that take less are not worth waking any thread for: the caller decodes them."""
_ended_ns = [0]
_ending = threading.Lock()
_threads: WeakSet[threading.Thread] = WeakSet()


def decoding_ns() -> int:
    """Return the processor time of the decode-ahead threads of this process that have ended."""
    return _ended_ns[0]


def decode_threads() -> set[int]:
    """Return the numbers (of the operating system) of those that live."""
    return {t.native_id for t in list(_threads) if t.native_id is not None}


class Decoded(NamedTuple):
    """A frame in pixels, or why it could not be read; how long decoding took and when it ended.

    ``ready_ns`` is of `time.perf_counter_ns`.
    """

    frame: Frame | None
    problem: str | None
    decode_ns: int
    ready_ns: int


class DecodeAhead:
    """Decode the frames of a sequence in order, ahead of their use. A context manager.

    A full buffer is filled up again when half of it is used: the thread then wakes once for several
    frames, and a frame that is ready is taken without a lock.

    Parameters
    ----------
    sequence : ImageSequence
    positions : sequence of int
        Which frames, in order.
    depth : int
        At most so many decoded frames wait in memory.
    channels : tuple of str, optional
        Only these; all where None.
    """

    def __init__(
        self,
        sequence: ImageSequence,
        positions: Positions[int],
        depth: int = 8,
        channels: tuple[str, ...] | None = None,
    ) -> None:
        self._sequence, self._positions, self._channels = sequence, positions, channels
        self._depth, self._low = depth, depth // 2
        self._slots: dict[int, Decoded | BaseException] = {}
        self._filled, self._space, self._idle = (threading.Event() for _ in range(3))
        self._lock = threading.Lock()
        self._stopped = False
        self._claimed = self._taken = 0
        self._next = 0
        self._is_slow = self._is_quick = False  # as the last image was
        workers = 2 if self._can_share() else 1
        self._threads = [
            threading.Thread(target=self._work, args=(k > 0,), name="decode-ahead", daemon=True)
            for k in range(workers)
        ]

    def _can_share(self) -> bool:
        """Return whether two threads may read: not a video, which is only quick in order."""
        entries = self._sequence.frames
        first = entries[0].sources.values() if entries else ()
        in_order = any(getattr(s, "in_order", False) for s in first)
        return self._depth > 1 and (os.cpu_count() or 1) > 1 and not in_order

    def __enter__(self) -> DecodeAhead:
        for thread in self._threads:
            thread.start()
            _threads.add(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._space.set()
        self._idle.set()
        for thread in self._threads:
            thread.join()
        self._slots.clear()

    def get(self, k: int) -> Decoded:
        """Return the ``k``-th frame, dropping those before it; ``k`` must rise.

        Raises
        ------
        Exception
            What the reader raised other than a FrameError: a bug, not a broken image.
        """
        while True:
            item = self._take()
            if isinstance(item, BaseException):
                raise item
            self._next += 1
            if self._next > k:
                return item

    def wait_for_first(self) -> None:
        """Block until the first frame is in the buffer, so that the clock can start."""
        while self._positions and 0 not in self._slots:
            self._filled.clear()
            if 0 not in self._slots:  # else it came between the check and the clearing
                self._filled.wait()

    def _take(self) -> Decoded | BaseException:
        k = self._taken
        item = self._slots.pop(k, None)
        if item is None and self._is_quick:
            item = self._decode_here(k)
        if item is None:
            item = self._wait_for(k)
        self._taken = k + 1
        if not self._is_quick and self._claimed - self._taken <= self._low:
            self._wake()
        return item

    def _decode_here(self, k: int) -> Decoded | None:
        """Decode frame ``k`` in the caller's thread; None where another has begun it."""
        with self._lock:
            if self._claimed != k:
                return None
            self._claimed = k + 1
        return self._decode(self._positions[k])

    def _wait_for(self, k: int) -> Decoded | BaseException:
        self._wake()
        slots = self._slots
        while k not in slots:
            self._filled.clear()
            if k not in slots:  # else it came between the check and the clearing
                wants_help = self._is_slow
                if wants_help:
                    self._idle.set()
                self._filled.wait()
                if wants_help:
                    self._idle.clear()
        return slots.pop(k)

    def _wake(self) -> None:
        if not self._space.is_set():
            self._space.set()

    def _claim(self, helps: bool) -> int | None:
        """Return which frame to decode next, once there is room for it; None: no more."""
        while True:
            if helps:
                self._idle.wait()
            with self._lock:
                if self._stopped or self._claimed >= len(self._positions):
                    return None
                if self._claimed - self._taken < self._depth:
                    self._claimed += 1
                    return self._claimed - 1
                self._space.clear()
            if self._claimed - self._taken >= self._depth and not self._stopped:
                self._space.wait()

    def _work(self, helps: bool) -> None:
        while (k := self._claim(helps)) is not None:
            try:
                item: Decoded | BaseException = self._decode(self._positions[k])
            except BaseException as e:
                item = e
                self._stopped = True
            self._slots[k] = item
            if not self._filled.is_set():
                self._filled.set()
        with _ending:
            _ended_ns[0] += time.thread_time_ns()

    def _decode(self, position: int) -> Decoded:
        started = perf_counter_ns()
        try:
            frame = self._sequence.load(position, self._channels)
        except FrameError as e:
            ready = perf_counter_ns()
            return Decoded(None, str(e), ready - started, ready)
        ready = perf_counter_ns()
        took = ready - started
        self._is_slow, self._is_quick = took > HELP_NS, took < QUICK_NS
        return Decoded(frame, None, took, ready)
