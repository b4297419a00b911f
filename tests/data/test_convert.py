"""A converted sequence is the same sequence in the native layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.data import open_sequence, read_sequence
from robotvision.data.convert import convert
from robotvision.data.sequence import ImageSequence
from robotvision.data.verify import verify
from robotvision.errors import RobotVisionError
from tests.fixtures.commands import CommandLine

Make = Callable[..., Path]


def same_frames(a: ImageSequence, b: ImageSequence) -> None:
    """Check numbers, times, segments, poses, channels and rooms of two sequences."""
    assert [(f.index, f.timestamp_ns, f.segment) for f in a.frames] == [
        (f.index, f.timestamp_ns, f.segment) for f in b.frames
    ]
    assert [set(f.sources) for f in a.frames] == [set(f.sources) for f in b.frames]
    for x, y in zip(a.frames, b.frames, strict=True):
        assert x.pose == y.pose or x.pose == pytest.approx(y.pose, abs=6e-5)
    assert dict(a.channels) == dict(b.channels)
    assert (a.truth or None) == (b.truth or None)
    assert a.room_counts() == b.room_counts()


def test_each_layout(layouts: Make, each_layout: str, tmp_path: Path) -> None:
    """Frames, times, rooms and pixels are those of the layout it came from."""
    before = open_sequence(layouts(each_layout))
    assert convert(before, tmp_path / "out") == []
    assert verify(tmp_path / "out") == []
    after = open_sequence(tmp_path / "out")
    assert after.reader == "native"
    same_frames(before, after)
    for position in range(len(before)):
        a, b = before.load(position), after.load(position)
        for channel in a.images:
            if each_layout == "video":
                assert np.abs(a[channel].astype(int) - b[channel]).max() <= 3
            else:
                assert (a[channel] == b[channel]).all()


def test_native_to_native_is_equal(layouts: Make, tmp_path: Path) -> None:
    """Every file of a converted native sequence is the same, byte for byte."""
    path = layouts("native")
    convert(open_sequence(path), tmp_path / "out")
    files = sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*") if p.is_file()
    )
    for file in files:
        assert (path / file).read_bytes() == (tmp_path / "out" / file).read_bytes()


@pytest.mark.parametrize("layout", ["idol2", "cold", "tum", "folder"])
def test_own_names_are_kept(layouts: Make, tmp_path: Path, layout: str) -> None:
    """Run files may name frames by file, so the names live on (but for .jpeg, now .jpg)."""
    before = open_sequence(layouts(layout))
    convert(before, tmp_path / "out")
    after = open_sequence(tmp_path / "out")
    assert [Path(f.name).stem for f in after.frames] == [Path(f.name).stem for f in before.frames]


def test_names_that_repeat_are_not_kept(layouts: Make, tmp_path: Path) -> None:
    """Two sequences of ViDRILO name their images alike: then the index is the name."""
    convert(open_sequence(layouts("vidrilo")), tmp_path / "out")
    names = [f.name for f in open_sequence(tmp_path / "out").frames]
    assert names == [f"{i:06d}.png" for i in range(5)]


def test_without_truth(layouts: Make, tmp_path: Path) -> None:
    convert(open_sequence(layouts("native")), tmp_path / "out", truth=False)
    assert not (tmp_path / "out" / "truth.csv").exists()
    assert open_sequence(tmp_path / "out").truth is None


def test_unreadable_image_is_left_out_and_named(layouts: Make, tmp_path: Path) -> None:
    """Its frame stays, so that numbers and truth stay what they are."""
    path = layouts("native")
    (path / "rgb" / "000001.jpg").write_bytes(b"")
    faults = convert(open_sequence(path), tmp_path / "out")
    assert [str(f) for f in faults] == [
        f"{path}/frames.csv:3: rgb: rgb/000001.jpg: the image is empty (0 bytes)"
    ]
    after = open_sequence(tmp_path / "out")
    assert len(after) == 5
    assert not after.frames[1].sources


def test_does_not_write_over_a_sequence(layouts: Make) -> None:
    path = layouts("native")
    with pytest.raises(RobotVisionError, match="holds a sequence already"):
        convert(open_sequence(path), path)


def test_command(layouts: Make, tmp_path: Path, robotvision: CommandLine) -> None:
    """The command converts, keeps truth away when told to, and says what it wrote."""
    source, target = layouts("imageclef2012"), tmp_path / "out"
    done = robotvision("data", "convert", source, target, "--no-truth")
    note = f"{source}: note: 7 numbers up to 11 have no image\n"
    assert (done.returncode, done.stderr) == (0, note)
    assert done.stdout == f"{target}: 4 frames from the layout imageclef2012\n"
    assert open_sequence(target).truth is None
    again = robotvision("data", "convert", source, target)
    assert again.returncode == 2
    assert len(again.stderr.splitlines()) == 1


def test_poses_are_kept_away_when_told_to(
    layouts: Make, tmp_path: Path, robotvision: CommandLine
) -> None:
    """Nothing of them is left in any file; all else stays."""
    source = layouts("native")
    assert all(f.pose is not None for f in open_sequence(source).frames)
    kept, without = tmp_path / "kept", tmp_path / "without"
    assert robotvision("data", "convert", source, kept).returncode == 0
    assert robotvision("data", "convert", source, without, "--no-poses").returncode == 0
    before, after = open_sequence(kept), open_sequence(without)
    assert all(f.pose is None for f in after.frames)
    assert after.truth == before.truth
    assert [f.timestamp_ns for f in after.frames] == [f.timestamp_ns for f in before.frames]
    assert [line.rsplit(",", 3)[0] for line in (kept / "frames.csv").read_text().split()] == [
        line.rsplit(",", 3)[0] for line in (without / "frames.csv").read_text().split()
    ]


def test_command_rate_and_broken_image(
    layouts: Make, tmp_path: Path, robotvision: CommandLine
) -> None:
    """A rate gives times to images without; an image that cannot be read is exit 1."""
    source, target = layouts("folder"), tmp_path / "out"
    (source / "img_2.png").write_bytes(b"")
    done = robotvision("data", "convert", source, target, "--rate", "2", "--reader", "folder")
    assert done.returncode == 1
    assert done.stderr == f"{source}/img_2.png: the image is empty (0 bytes)\n"
    reading = read_sequence(target)
    assert reading.sequence is not None
    assert [f.timestamp_ns for f in reading.sequence.frames] == [0, 500_000_000, 10**9]
    assert (
        robotvision("data", "convert", source, tmp_path / "x", "--reader", "fold").returncode == 2
    )
