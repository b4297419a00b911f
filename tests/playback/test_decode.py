"""Decoding ahead: in order, never more than the buffer holds, by whichever thread is cheapest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence
from robotvision.errors import FrameError
from robotvision.playback import decode
from robotvision.playback.decode import DecodeAhead
from tests.fixtures.patience import PATIENCE_S


class Timed:
    """An image that takes its time to decode, and counts how many are decoded at once."""

    where = "timed"
    reading = most = 0
    lock = threading.Lock()

    def __init__(self, value: int, seconds: float, threads: list[str]) -> None:
        self.value, self.seconds, self.threads = value, seconds, threads

    def read(self) -> Any:
        with Timed.lock:
            Timed.reading += 1
            Timed.most = max(Timed.most, Timed.reading)
        self.threads.append(threading.current_thread().name)
        if self.seconds:
            time.sleep(self.seconds)
        with Timed.lock:
            Timed.reading -= 1
        if self.value < 0:
            raise FrameError("broken")
        return np.full((1, 1, 3), self.value % 256, np.uint8)

    def digest(self) -> bytes:
        return bytes(16)


def timed_sequence(n: int, seconds: Callable[[int], float]) -> tuple[ImageSequence, list[str]]:
    Timed.reading = Timed.most = 0
    threads: list[str] = []
    entries = tuple(
        FrameEntry(i, i * 1000, {"rgb": Timed(i, seconds(i), threads)}) for i in range(n)
    )
    kinds = {"rgb": ChannelKind.COLOR}
    return ImageSequence("timed", Path("timed"), "test", kinds, entries), threads


def indices(sequence: ImageSequence, depth: int) -> list[int]:
    n = len(sequence)
    with DecodeAhead(sequence, range(n), depth=depth) as decoder:
        frames = [decoder.get(k).frame for k in range(n)]
    return [f.index for f in frames if f is not None]


def test_a_second_thread_helps_while_the_system_waits() -> None:
    """Frames come in order all the same, and never more than the buffer holds are read ahead."""
    sequence, _ = timed_sequence(40, lambda i: 0.004)
    assert indices(sequence, 4) == list(range(40))
    assert Timed.most == 2


def test_no_second_thread_works_beside_a_busy_system() -> None:
    """A system slower than the decoding finds each frame ready; one thread decoded them."""
    sequence, threads = timed_sequence(12, lambda i: 0.002)
    with DecodeAhead(sequence, range(12), depth=4) as decoder:
        decoder.wait_for_first()
        for k in range(12):
            until = time.monotonic() + PATIENCE_S  # the next frame is ready, on a busy machine too
            while (len(threads) < min(12, k + 2) or Timed.reading) and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(0.02)
            if k == 0:
                Timed.most = 0
            decoder.get(k)
    assert Timed.most <= 1
    assert set(threads) == {"decode-ahead"}


def test_a_reader_that_fails_is_reported_at_its_frame() -> None:
    """The frames before it come first, whoever decoded them."""
    sequence, _ = timed_sequence(10, lambda i: 0.002)
    broken: Any = sequence.frames[6].sources["rgb"]
    broken.seconds = "no number"
    with DecodeAhead(sequence, range(10), depth=4) as decoder:
        frames = [decoder.get(k).frame for k in range(6)]
        assert [f.index for f in frames if f is not None] == list(range(6))
        with pytest.raises(TypeError):
            decoder.get(6)


def test_quick_images_are_decoded_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the buffer is used up no thread is woken for an image that costs less than that."""
    monkeypatch.setattr(decode, "QUICK_NS", 10**9)
    sequence, threads = timed_sequence(100, lambda i: 0)
    assert indices(sequence, 4) == list(range(100))
    assert threads[-50:] == [threading.current_thread().name] * 50
    assert "decode-ahead" in threads[:4]


@pytest.mark.parametrize("depth", [1, 2, 8])
def test_a_sequence_that_turns_slow_and_quick_again_loses_no_frame(
    depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads take over at the first slow image, the caller again once images are quick."""
    monkeypatch.setattr(decode, "QUICK_NS", 1_000_000)
    sequence, threads = timed_sequence(120, lambda i: 0.002 * (i // 20 % 2))
    assert indices(sequence, depth) == list(range(120))
    here = threading.current_thread().name
    assert here in threads
    assert threads.count("decode-ahead") >= 3 * 20 - 3  # the first slow one of each stretch aside


def test_frames_are_dropped_without_being_lost_count_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a later frame passes over those before it, quick or not."""
    monkeypatch.setattr(decode, "QUICK_NS", 10**9)
    sequence, _ = timed_sequence(60, lambda i: 0)
    with DecodeAhead(sequence, range(10, 60), depth=4) as decoder:
        found = [decoder.get(k).frame for k in (0, 1, 7, 30, 49)]
    assert [f and f.index for f in found] == [10, 11, 17, 40, 59]


def test_an_image_that_the_caller_cannot_decode_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A FrameError is the frame's problem; any other exception is a bug and is raised."""
    monkeypatch.setattr(decode, "QUICK_NS", 10**9)
    sequence, _ = timed_sequence(40, lambda i: 0)
    broken = sequence.frames[30].sources["rgb"]
    broken.value = -1  # type: ignore[attr-defined]
    buggy = sequence.frames[35].sources["rgb"]
    buggy.value = None  # type: ignore[attr-defined]
    with DecodeAhead(sequence, range(40), depth=4) as decoder:
        problems = [decoder.get(k).problem for k in range(35)]
        assert problems == [None] * 30 + ["broken"] + [None] * 4
        with pytest.raises(TypeError):
            decoder.get(35)
