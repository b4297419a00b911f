"""Every form of recording gives the same sequence, in order and at random."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.data import detect, open_sequence, read_sequence
from robotvision.data.bags.image import BagImage
from robotvision.data.sequence import ImageSequence
from robotvision.data.summary import summary
from robotvision.data.verify import verify
from robotvision.errors import FrameError, InputFaults

Make = Callable[..., Any]


def storage_of(sequence: ImageSequence) -> Any:
    source = sequence.frames[0].sources["rgb"]
    assert isinstance(source, BagImage)
    return source.recording.storage


def test_images_times_poses_rooms(tours: Make, each_form: str) -> None:
    """Colour, depth, poses, calibration and labels are those that were written."""
    path = tours(each_form).usual().write()
    assert detect(path) == "bag"
    sequence = open_sequence(path)
    assert len(sequence) == 10
    assert list(sequence.channels) == ["rgb", "depth"]
    for i, entry in enumerate(sequence.frames):
        frame = sequence.load(i)
        assert frame.timestamp_ns == 1_700_000_000_000_000_000 + i * 200_000_000
        assert frame["rgb"][1, 1].tolist() == [10 * i + 5, 100, 200]
        assert frame["rgb"][0, 0].tolist() == [1, 2, 3]
        assert ("depth" in frame.images) == (i != 4)
        if i != 4:
            assert (frame["depth"][0, 0], frame["depth"][3, 3]) == (0, 1000 * (i + 1))
        between = pytest.approx((i - 0.25, 0.25 - i, 0.1 * (i - 0.25)))
        assert entry.pose == (between if i else None)  # the first message comes 50 ms too late
    assert sequence.calibration["rgb"] == {
        "fx": 10,
        "fy": 10,
        "cx": 6,
        "cy": 4,
        "width": 12,
        "height": 8,
    }
    assert sequence.room_counts() == {"Corridor": 4, "Kitchen": 6}
    assert verify(read_sequence(path)) == []


def test_all_forms_have_one_digest(tours: Make) -> None:
    """The digest of a sequence does not know how it was recorded."""
    digests = {
        summary(open_sequence(tours(form).usual().write(form)))["digest"]
        for form in ("bag", "bag-bz2", "sqlite", "folder-mcap", "mcap", "mcap-ros1", "mcap-loose")
    }
    assert len(digests) == 1
    assert None not in digests


def test_random_access_gives_the_same(tours: Make, each_form: str) -> None:
    sequence = open_sequence(tours(each_form).usual().write())
    in_order = [sequence.load(i)["rgb"] for i in range(10)]
    for i in (9, 0, 5, 5, 4, 8, 1):
        assert (sequence.load(i)["rgb"] == in_order[i]).all()


@pytest.mark.parametrize("form", ["bag-lz4", "mcap"])
def test_in_order_each_chunk_is_unpacked_once(tours: Make, form: str) -> None:
    """Reading in order goes through the chunks once, and holds a few of them."""
    sequence = open_sequence(tours(form, n=60).usual().write())
    storage = storage_of(sequence)
    chunks = storage._chunks
    n_chunks = len({e.sources["rgb"].ref.chunk for e in sequence.frames})
    assert n_chunks > 5
    before = chunks.n_unpacked
    for i in range(len(sequence)):
        sequence.load(i)
        assert len(chunks._held) <= 4
    assert n_chunks - 4 <= chunks.n_unpacked - before <= n_chunks + 2


def test_pickled_source_reads_the_same(tours: Make, each_form: str) -> None:
    """A source that was sent to another process opens the recording anew."""
    source = open_sequence(tours(each_form).usual().write()).frames[7].sources["rgb"]
    again = pickle.loads(pickle.dumps(source))
    assert (again.read() == source.read()).all()
    assert again.digest() == source.digest()


def test_digest_is_of_pixels_not_times(tours: Make) -> None:
    """The same image at another time has the same digest, another image another one."""
    tour = tours("bag")
    for i, shown in enumerate((0, 1, 0)):
        t = tour.at(i)
        image = np.full((8, 12, 3), shown, np.uint8)
        tour.add("/image", t, tour.messages.image(t, image, "rgb8"))
    sequence = open_sequence(tour.write())
    assert sequence.digest(0) == sequence.digest(2) != sequence.digest(1)


def test_stopped_recorder(tours: Make) -> None:
    """An MCAP that was cut short gives what comes before, and says so."""
    path = tours("mcap-plain").usual().write()
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    reading = read_sequence(path)
    assert not reading.faults
    assert reading.sequence is not None
    assert 0 < len(reading.sequence) < 10
    assert any("cut short at byte" in w for w in reading.warnings)
    assert verify(reading) == []


def broken(raw: bytes) -> bytes:
    return raw[:40] + b"\xff" * (len(raw) - 40)


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("a.bag", b"", "not a ROS 1 recording"),
        ("a.bag", b"#ROSBAG V2.0\n\0\0", "rosbag reindex"),
        ("a.mcap", b"hello", "not an MCAP recording"),
        ("a.db3", b"hello" * 100, "not a ROS 2 recording in SQLite"),
        ("a/metadata.yaml", b"x: 1\n", "not a ROS 2 recording"),
        (
            "a/metadata.yaml",
            b"rosbag2_bagfile_information:\n  relative_file_paths: [b.db3]\n"
            b"  storage_identifier: sqlite3\n",
            "no such file",
        ),
    ],
)
def test_broken_file_is_one_line(tmp_path: Path, name: str, raw: bytes, said: str) -> None:
    """What is no recording is refused in one line that names the file."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(raw)
    with pytest.raises(InputFaults) as e:
        open_sequence(tmp_path / name.partition("/")[0])
    assert len(e.value.lines()) == 1
    assert said in str(e.value)
    assert str(tmp_path) in str(e.value)


@pytest.mark.parametrize("form", ["bag", "bag-lz4", "sqlite", "mcap", "mcap-plain"])
def test_damage_in_the_middle_fails_frames_alone(tours: Make, form: str) -> None:
    """Where bytes in the middle are wrong the frames there fail; nothing else does."""
    path = tours(form).usual().write()
    file = next(path.glob("*.db3")) if path.is_dir() else path
    raw = bytearray(file.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 200] = b"\xff" * 200
    file.write_bytes(raw)
    try:
        sequence = open_sequence(path)
    except InputFaults as e:
        assert len(e.lines()) == 1  # noqa: PT017
        return
    for i in range(len(sequence)):
        try:
            sequence.load(i)
        except FrameError as e:
            assert str(path) in str(e)  # noqa: PT017
