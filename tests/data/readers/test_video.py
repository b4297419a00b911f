"""A video is read in order without seeking, and at random with the same images."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence, read_sequence
from robotvision.data.verify import verify
from robotvision.data.video import VideoFrame
from robotvision.errors import FrameError, InputFaults

Make = Callable[..., Path]


def test_in_order_without_a_seek(layouts: Make) -> None:
    """Sixty frames, each its own grey, and not one seek after the count."""
    sequence = open_sequence(layouts("video"))
    source = sequence.frames[0].sources["rgb"]
    assert isinstance(source, VideoFrame)
    before = source.video.n_seeks
    greys = [sequence.load(i)["rgb"].mean() for i in range(len(sequence))]
    assert np.abs(np.array(greys) - 4 * np.arange(60)).max() < 3
    assert source.video.n_seeks == before


def test_random_access_gives_the_same(layouts: Make) -> None:
    sequence = open_sequence(layouts("video"))
    in_order = [sequence.load(i)["rgb"] for i in range(60)]
    for i in (59, 0, 40, 41, 39, 3, 3, 58):
        assert (sequence.load(i)["rgb"] == in_order[i]).all()


def test_times_and_size(layouts: Make) -> None:
    sequence = open_sequence(layouts("video"))
    assert len(sequence) == 60
    assert sequence.rate_hz == 10
    assert sequence.frames[7].timestamp_ns == 700_000_000
    assert sequence.load(0)["rgb"].shape == (48, 64, 3)


def test_pickled_source_reads_the_same(layouts: Make) -> None:
    """A source that was sent to another process opens the file anew."""
    source = open_sequence(layouts("video")).frames[20].sources["rgb"]
    again = pickle.loads(pickle.dumps(source))
    assert (again.read() == source.read()).all()
    assert again.digest() == source.digest()


def test_digest_tells_frames_apart(layouts: Make) -> None:
    sequence = open_sequence(layouts("video"))
    assert sequence.digest(0) != sequence.digest(1)
    assert sequence.digest(0) == open_sequence(sequence.root).digest(0)


def test_cut_short(layouts: Make) -> None:
    """A video that was cut is read as far as it goes, with a warning."""
    path = layouts("video")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    reading = read_sequence(path)
    assert reading.sequence is not None
    assert 10 < len(reading.sequence) < 40
    assert verify(reading) == []
    assert "the file says 60 frames" in reading.warnings[0]


@pytest.mark.parametrize("raw", [b"", b"junk" * 50])
def test_no_video(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "v.mp4").write_bytes(raw)
    with pytest.raises(InputFaults) as caught:
        open_sequence(tmp_path / "v.mp4")
    assert caught.value.lines() == [f"{tmp_path}/v.mp4: not a video that can be decoded"]


def test_beyond_the_end(layouts: Make) -> None:
    """A frame that is not there is a fault of that frame; the next one is read all the same."""
    sequence = open_sequence(layouts("video"))
    source = sequence.frames[0].sources["rgb"]
    assert isinstance(source, VideoFrame)
    with pytest.raises(FrameError, match=r"\[60\]: the frame cannot be decoded"):
        source.video.read(60)
    assert abs(sequence.load(30)["rgb"].mean() - 120) < 3
