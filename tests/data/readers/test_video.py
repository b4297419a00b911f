"""A video is read in order without seeking, and at random with the same images."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import avvideo, open_sequence, read_sequence, video
from robotvision.data.verify import verify
from robotvision.data.video import Video, VideoFrame
from robotvision.errors import FrameError, InputFaults
from tests.fixtures.videos import write_video

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


VARIABLE_MS = np.cumsum(np.random.default_rng(0).integers(1, 9, 80) * 10)


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_turned_at_a_variable_rate(tmp_path: Path, extension: str, turn: int) -> None:
    """Times are the file's own, whatever their rate; pixels are OpenCV's, turned alike."""
    path = write_video(tmp_path / f"v.{extension}", VARIABLE_MS, turn=turn)
    sequence = open_sequence(path)
    times = [f.timestamp_ns for f in sequence.frames]
    assert times == ((VARIABLE_MS - VARIABLE_MS[0]) * 1_000_000).tolist()
    assert sequence.rate_hz is None
    peer = Video(path)
    assert peer.count() == len(sequence)
    in_order = [sequence.load(i)["rgb"] for i in range(80)]
    assert in_order[0].shape == ((48, 64, 3) if turn % 180 == 0 else (64, 48, 3))
    assert all((peer.read(i) == in_order[i]).all() for i in range(80))
    for i in (79, 0, 50, 51, 49, 3, 3, 78):  # frames that refer to later ones
        assert (sequence.load(i)["rgb"] == in_order[i]).all()


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV reads the same images; times are numbers over the rate, and a line says so."""
    path = write_video(tmp_path / "v.mp4", VARIABLE_MS)
    with_pyav = open_sequence(path)
    monkeypatch.setattr(video, "is_installed", lambda: False)
    reading = read_sequence(path)
    assert reading.sequence is not None
    assert "PyAV is not installed" in reading.warnings[0]
    assert (reading.sequence.load(70)["rgb"] == with_pyav.load(70)["rgb"]).all()
    assert reading.sequence.frames[70].timestamp_ns != with_pyav.frames[70].timestamp_ns


def test_an_own_rate_stands_for_the_times(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", VARIABLE_MS)
    assert open_sequence(path, rate_hz=2.0).frames[3].timestamp_ns == 1_500_000_000


def test_of_many_files_few_are_open(tmp_path: Path) -> None:
    """Decoders beyond the last few are closed, and a frame of theirs is read all the same."""
    n = avvideo.MAX_OPEN + 3
    sequences = [open_sequence(write_video(tmp_path / f"{k}.mp4", [0, 100, 300])) for k in range(n)]
    first = [s.load(1)["rgb"] for s in sequences]
    sources = [s.frames[1].sources["rgb"] for s in sequences]
    assert sum(v._container is not None for s in sources if (v := s.video)) <= avvideo.MAX_OPEN
    assert all((s.load(1)["rgb"] == image).all() for s, image in zip(sequences, first, strict=True))
