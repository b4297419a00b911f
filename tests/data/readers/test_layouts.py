"""Each layout gives the same kind of sequence, and each is told from the others by names alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data import READERS, detect, open_sequence, read_sequence
from robotvision.data.cold import category
from robotvision.data.names import seconds_to_ns
from robotvision.data.verify import verify
from robotvision.errors import InputFaults, RobotVisionError
from tests.fixtures.kit2014 import write_kit

Make = Callable[..., Path]
IDOL2_NAMES = Path(__file__).parents[4] / "shared" / "data" / "idol2_names"

KNOWN = {
    "cloudy1": (917, 106, 419, 136, 136, 120),
    "cloudy2": (928, 103, 432, 129, 142, 122),
    "cloudy3": (915, 112, 425, 122, 115, 141),
    "cloudy4": (1023, 134, 488, 136, 137, 128),
    "night1": (965, 105, 434, 130, 149, 147),
    "night2": (952, 112, 446, 125, 140, 129),
    "night3": (1034, 124, 483, 134, 135, 158),
    "night4": (954, 112, 437, 123, 127, 155),
    "sunny1": (894, 107, 415, 119, 127, 126),
    "sunny2": (909, 113, 421, 124, 129, 122),
    "sunny3": (950, 116, 434, 127, 134, 139),
    "sunny4": (999, 118, 479, 142, 125, 135),
}
"""Frames in all, then of BO, CR, EO, KT and PA, as published for the robot Dumbo."""


def faults_of(path: Path, root: Path) -> list[str]:
    return [str(f).removeprefix(f"{root}/") for f in read_sequence(path).faults]


def test_detected_as_what_it_is(layouts: Make, each_layout: str) -> None:
    """The detected reader is the layout's own; no other knows it but the two of plain folders."""
    path = layouts(each_layout)
    own = each_layout.removesuffix("_flat")
    assert detect(path) == own
    known = {n for n in READERS.names() if READERS.create(n, {}).detects(path)}
    plain = {"folder", "imagefolder"}
    assert known - plain == {own} - plain


def test_detection_opens_no_file(layouts: Make, each_layout: str) -> None:
    """Names alone tell the layout: with every file emptied it is still the same."""
    path = layouts(each_layout)
    for file in [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]:
        file.write_bytes(b"")
    assert detect(path) == each_layout.removesuffix("_flat")


def test_sequence_is_whole(layouts: Make, each_layout: str) -> None:
    """Frames are in order, load with the channels they name, and nothing is wrong with them."""
    path = layouts(each_layout)
    reading = read_sequence(path)
    assert verify(reading) == []
    sequence = open_sequence(path)
    assert sequence.reader == each_layout.removesuffix("_flat")
    assert sequence.root == path
    for a, b in pairwise(sequence.frames):
        assert a.index < b.index
        assert a.timestamp_ns < b.timestamp_ns
    for position, entry in enumerate(sequence.frames):
        frame = sequence.load(position)
        assert set(frame.images) == set(entry.sources) <= set(sequence.channels)
        assert frame["rgb"].dtype == np.uint8
        assert frame["rgb"].shape[2] == 3
        assert not frame["rgb"].flags.writeable


def test_empty_folder_is_no_sequence(tmp_path: Path) -> None:
    with pytest.raises(InputFaults, match="not a sequence in a known layout"):
        open_sequence(tmp_path)


@pytest.mark.parametrize("reader", READERS.names())
def test_wrong_reader_says_one_fault(tmp_path: Path, reader: str) -> None:
    """A reader that is named for a folder without its layout says so instead of reading nothing."""
    with pytest.raises(InputFaults) as caught:
        open_sequence(tmp_path, reader)
    assert len(caught.value.faults) == 1


def test_imageclef2012(layouts: Make) -> None:
    """A frame's index is its number less one; depth, cloud and room are those of its number."""
    path = layouts("imageclef2012")
    sequence = open_sequence(path)
    assert [f.index for f in sequence.frames] == [0, 1, 9, 10]
    assert [f.name for f in sequence.frames] == [
        "rgb_1.jpg",
        "rgb_2.jpeg",
        "rgb_10.jpg",
        "rgb_11.jpg",
    ]
    assert [f.timestamp_ns for f in sequence.frames] == [0, 200_000_000, 1_800_000_000, 2 * 10**9]
    assert [sequence.room(i) for i in range(4)] == ["Corridor", "Toilet", None, "Corridor"]
    assert [set(f.sources) for f in sequence.frames] == [
        {"rgb", "depth"},
        {"rgb", "points"},
        {"rgb", "depth"},
        {"rgb"},
    ]
    assert sequence.load(2)["depth"][1, 1] == 3000
    assert sequence.load(1)["points"].shape == (5, 3)
    assert read_sequence(path).warnings == ["7 numbers up to 11 have no image"]


def test_imageclef2012_clouds_alone_give_depth(layouts: Make, pcd_text: str) -> None:
    """Organised clouds without depth images are also the depth."""
    path = layouts("imageclef2012")
    for old in (path / "depth").glob("*.png"):
        old.unlink()
    sequence = open_sequence(path)
    assert set(sequence.frames[1].sources) == {"rgb", "depth", "points"}
    assert sequence.load(1)["depth"].tolist() == [[1000, 0, 3000], [4000, 5000, 6000]]


def test_imageclef2012_withheld_truth(layouts: Make) -> None:
    path = layouts("imageclef2012")
    (path / "locations" / "rgb.txt").unlink()
    assert open_sequence(path).truth is None


def test_imageclef2012_faults(layouts: Make) -> None:
    """Each line that cannot be used is named, and each image."""
    path = layouts("imageclef2012")
    (path / "std_cam" / "rgb_2.jpg").write_bytes(b"")
    (path / "std_cam" / "rgb_0.jpg").write_bytes(b"")
    (path / "locations" / "rgb.txt").write_text(
        "rgb_1.jpg: Corridor\nrgb_2.jpg Toilet\n\nrgb_7.jpg: Toilet\nrgb_1.jpg: Toilet\n"
        "rgb_10.jpg:\n" + f"rgb_{'9' * 5000}.jpg: Toilet\n"
    )
    found = faults_of(path, path)
    assert found[:5] == [
        "std_cam/rgb_0.jpg: expected a number from 1 to 1000000000",
        "std_cam/rgb_2.jpg: the number 2 is there twice (first in rgb_2.jpeg); keep one",
        "locations/rgb.txt:2: expected a line like 'rgb_17.jpg: Corridor', got 'rgb_2.jpg Toilet'",
        "locations/rgb.txt:4: truth for rgb_7.jpg, which is not in std_cam",
        "locations/rgb.txt:5: rgb_1.jpg is there twice (first in line 1); keep one",
    ]
    assert found[5] == "locations/rgb.txt:6: rgb_10.jpg: the room is empty"
    assert found[6].startswith("locations/rgb.txt:7: expected a line like")
    assert len(found) == 7


@pytest.mark.parametrize("form", ["idol2", "idol2_flat"])
def test_idol2(layouts: Make, form: str) -> None:
    """Time, room and pose are those of the name, to the last digit."""
    sequence = open_sequence(layouts(form))
    assert sequence.frames[0].timestamp_ns == 1138915584_666738_000
    assert sequence.frames[1].pose == (6.19176, -8.5e-05, -1.67624)
    assert sequence.frames[5].pose == (0.0, 10.0, 3.0)
    assert sequence.frames[0].name == "t1138915584.666738_rPA_x6.20243_y8.58076_a-1.67569.png"
    assert sequence.room_counts() == {"BO": 1, "CR": 1, "EO": 1, "KT": 1, "PA": 2}
    assert sequence.measured_rate_hz == pytest.approx(5, rel=0.01)
    assert not sequence.calibration


def test_idol2_rooms_that_training_did_not_show(layouts: Make) -> None:
    """Another code is a room of its own: the task turns it into unknown."""
    path = layouts("idol2")
    (path / "png" / "t1138915590.5_rLB_x1_y1_a1.png").write_bytes(b"")
    assert open_sequence(path).room_counts()["LB"] == 1


def test_idol2_faults(layouts: Make) -> None:
    path = layouts("idol2")
    for name in (
        "t1.5_r-X_x1_y1_a1.png",
        "t1.5_rCR_x1_y1.png",
        "t1.5_rCR_x1e999_y1_a1.png",
        "t99999999999999.5_rCR_x1_y1_a1.png",
    ):
        (path / "png" / name).write_bytes(b"")
    found = "\n".join(faults_of(path, path))
    assert "t1.5_r-X_x1_y1_a1.png: expected a name like t1138915584.666738_rBO" in found
    assert "t1.5_rCR_x1_y1.png: expected a name like t1138915584.666738_rBO" in found
    assert "t1.5_rCR_x1e999_y1_a1.png: its time or pose is out of range" in found
    assert len(found.splitlines()) == 4


@pytest.mark.skipif(not IDOL2_NAMES.is_dir(), reason="the real file names do not lie here")
@pytest.mark.parametrize("name", KNOWN)
def test_idol2_real_names(tmp_path: Path, name: str) -> None:
    """Every real file name is read, and the rooms have the published numbers of frames."""
    names = (IDOL2_NAMES / f"dum_{name}.txt").read_text().split()
    (tmp_path / "png").mkdir()
    for n in names:
        (tmp_path / "png" / n).touch()
    sequence = open_sequence(tmp_path)
    rooms = sequence.room_counts()
    assert (len(sequence), *(rooms[r] for r in ("BO", "CR", "EO", "KT", "PA"))) == KNOWN[name]
    assert [f.name for f in sequence.frames] == sorted(names)
    assert sequence.measured_rate_hz == pytest.approx(5.0, abs=0.01)


def test_cold(layouts: Make) -> None:
    """The three forms of numbers, a name without a pose and codes with suffixes are read."""
    sequence = open_sequence(layouts("cold"))
    assert [f.pose for f in sequence.frames] == [
        (1.234567, -2.0, 0.1),
        None,
        (1.5, 2e-05, -3.0),
        (1.2345678, 2.0, 0.1),
    ]
    assert [sequence.room(i) for i in range(4)] == ["2PO", "CR", "LAB", None]
    assert sequence.frames[1].timestamp_ns == 1152043200_834119_000
    assert sequence.measured_rate_hz == pytest.approx(5.0)
    assert sequence.truth_lines == {0: 1, 1: 2, 2: 3}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("2PO1-A", "2PO"),
        ("CR-B", "CR"),
        ("LAB", "LAB"),
        ("1PO", "1PO"),
        ("ST1", "ST"),
        ("2PO", "2PO"),
        ("LO", "LO"),
        ("CNR12-BC", "CNR"),
        ("CRX", None),
        ("", None),
        ("-A", None),
        ("CR-", None),
    ],
)
def test_cold_category(code: str, expected: str | None) -> None:
    assert category(code) == expected


def test_cold_faults(layouts: Make) -> None:
    path = layouts("cold")
    first = "t1152043200.834119.jpeg"
    (path / "std_cam" / "t1_x1.jpeg").write_bytes(b"")
    (path / "localization" / "places.lst").write_text(
        f"{first} CR\n{first}\n{first} QQ\nt5.5.jpeg CR\n{first} KT\n"
    )
    assert faults_of(path, path) == [
        "std_cam/t1_x1.jpeg: expected a name like t1152043200.834119_x1.9_y2.1_a0.09.jpeg or "
        "t1152043200.834119.jpeg; mend the name or move the file away",
        f"localization/places.lst:2: expected a file name, a blank and a room code, got {first!r}",
        "localization/places.lst:3: the room code 'QQ' is not known; known: 1PO, 2PO, CNR, CR, "
        "KT, LAB, LO, PA, RL, ST, TL, TR",
        "localization/places.lst:4: truth for 't5.5.jpeg', which is not in std_cam",
        f"localization/places.lst:5: {first} is there twice (first in line 1); keep one",
    ]


def test_imageclef2014(layouts: Make) -> None:
    """Colour, depth and cloud by number, the truth by name; every frame is a segment of its own."""
    sequence = open_sequence(layouts("imageclef2014"))
    assert sequence.name == "training"
    assert [f.name for f in sequence.frames] == [f"visual_{n}.png" for n in range(1, 5)]
    assert [sequence.room(i) for i in range(4)] == [
        "Toilet",
        "Corridor",
        "HallEntrance",
        "Corridor",
    ]
    assert sequence.truth is not None
    assert [sorted(sequence.truth[i].objects) for i in range(4)] == [
        ["Trash"], [], ["Chair", "Trash"], ["Chair"]
    ]  # fmt: skip
    assert list(sequence.segments()) == [(i, i + 1) for i in range(4)]
    assert [set(f.sources) for f in sequence.frames[:2]] == [{"rgb", "depth", "points"}, {"rgb"}]
    assert sequence.load(0)["depth"][0].tolist() == [1000, 0, 3000]
    assert "random order" in sequence.note


def test_imageclef2014_parts_of_one_folder(layouts: Make) -> None:
    """The folder around the parts is read where it holds one, or one is named."""
    root = layouts("imageclef2014")
    assert len(open_sequence(root)) == 4
    assert open_sequence(root / "trainingVisual").root == root
    for n in (1, 2):
        target = root / "validationVisual" / f"visualValidation_{n}.png"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((root / "trainingVisual" / f"visual_{n}.png").read_bytes())
    with pytest.raises(InputFaults, match="several parts: trainingVisual, validationVisual; name"):
        open_sequence(root)
    for sequence in (
        open_sequence(root, part="validation"),
        open_sequence(root / "validationVisual"),
    ):
        assert [sequence.room(i) for i in range(2)] == ["Corridor", "Toilet"]
    with pytest.raises(InputFaults, match="no images of the part 'test'"):
        open_sequence(root, part="test")


def test_imageclef2014_without_truth_and_with_some(layouts: Make) -> None:
    path = layouts("imageclef2014")
    visual = path / "trainingVisual"
    (visual / "visual_9.png").write_bytes((visual / "visual_1.png").read_bytes())
    reading = read_sequence(path)
    assert reading.warnings == [
        "1 of 5 images have no truth in the configuration files",
        "2 of 5 images have no cloud",
    ]
    next(path.glob("*.mat")).unlink()
    assert open_sequence(path).truth is None


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("visual_1.png", 4, (0, 0))], "expected a room number from 1 to 3, got 4"),
        ([("visual_1.png", 1, (0, 2))], "expected 0 or 1 for 2 objects in 1 images"),
        ([("visual_1.png", 1, (0, 0))] * 2, "expected a name with a number of its own"),
        ([("one.png", 1, (0, 0))], "expected a name with a number of its own"),
    ],
)
def test_imageclef2014_faults_of_the_truth(
    layouts: Make, rows: list[tuple[str, int, tuple[int, ...]]], expected: str
) -> None:
    path = layouts("imageclef2014")
    write_kit(path / "ConfigurationValidation.mat", trainingInfo=rows)
    assert any(expected in str(f) for f in read_sequence(path).faults)


def test_vidrilo(layouts: Make) -> None:
    """The folder around the sequences is read as segments, with rooms by number and clouds."""
    sequence = open_sequence(layouts("vidrilo"))
    assert list(sequence.segments()) == [(0, 2), (2, 5)]
    assert [sequence.room(i) for i in range(5)] == [
        "Corridor",
        "VideoConference",
        "ElevatorArea",
        "Hall",
        "Hall",
    ]
    assert [set(f.sources) for f in sequence.frames[1:3]] == [{"rgb", "depth", "points"}, {"rgb"}]
    assert "derived" in sequence.note


def test_vidrilo_one_sequence(layouts: Make) -> None:
    """One Sequence<n> finds its entry in the configuration that lies beside it."""
    sequence = open_sequence(layouts("vidrilo") / "Sequence2")
    assert [sequence.room(i) for i in range(3)] == ["ElevatorArea", "Hall", "Hall"]
    assert [f.name for f in sequence.frames] == ["vis_0001.png", "vis_0002.png", "vis_0003.png"]


def test_vidrilo_without_configuration(layouts: Make) -> None:
    path = layouts("vidrilo")
    next(path.glob("*.mat")).unlink()
    sequence = open_sequence(path)
    assert sequence.truth is None
    assert len(sequence) == 5


def test_vidrilo_character_matrix(layouts: Make) -> None:
    """Names held as a matrix of characters, padded with blanks and with folders, are read too."""
    from scipy.io import savemat

    path = layouts("vidrilo")
    entries = np.empty((1, 2), [("a", "O"), ("b", "O"), ("c", "O")])
    entries[0, 0] = (np.array(["x\\vis_0001.png ", "vis_0002.png"]), 0, np.array([3.0, 4.0]))
    entries[0, 1] = (np.array(["vis_0001.png"]), 0, np.array([11]))
    savemat(next(path.glob("*.mat")), {"Configuration": entries})
    assert [str(f).partition(".mat: ")[2] for f in read_sequence(path).faults] == [
        "Configuration(2), image 1: expected a room number from 1 to 10, got 11"
    ]
    sequence = open_sequence(path / "Sequence1")
    assert [sequence.room(i) for i in range(2)] == ["ProfessorOffice", "StudentOffice"]
    assert verify(read_sequence(path / "Sequence1")) == []


def test_vidrilo_more_rooms_than_names(layouts: Make) -> None:
    from scipy.io import savemat

    path = layouts("vidrilo")
    entries = np.empty((1, 1), [("a", "O"), ("b", "O"), ("c", "O")])
    entries[0, 0] = (np.array(["vis_0001.png"]), 0, np.array([3, 4]))
    savemat(next(path.glob("*.mat")), {"Configuration": entries})
    assert [str(f).partition(".mat: ")[2] for f in read_sequence(path).faults] == [
        "Configuration(1): expected as many room numbers in its third field as image names in "
        "its first, got 1 names and 2 rooms",
        "no entry for Sequence2: it has 1",
    ]


@pytest.mark.parametrize("raw", [b"", b"junk", b"MATLAB 5.0" + bytes(118), b"\0" * 200])
def test_vidrilo_broken_configuration(layouts: Make, raw: bytes) -> None:
    """A configuration that is none is one line."""
    path = layouts("vidrilo")
    next(path.glob("*.mat")).write_bytes(raw)
    assert len(faults_of(path, path)) == 1


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("1305031102.175304", 1305031102_175304000),
        ("1.305031102175304e+09", 1305031102_175304000),
        ("1.305031102175304413e9", 1305031102_175304413),
        ("1.3E9", 1300000000_000000000),
        ("13050311021753049999e-10", 1305031102_175304999),
        ("5e-10", 0),
        ("1e10", None),
        ("1.3e", None),
        ("1.3e999", None),
        ("-1", None),
        ("nan", None),
        (".5", None),
    ],
)
def test_seconds_are_read_exactly_or_not_at_all(text: str, time_ns: int | None) -> None:
    assert seconds_to_ns(text) == time_ns


@given(st.decimals(0, 2**32, allow_nan=False, places=12), st.integers(0, 18))
def test_exponents_change_nothing(seconds: Decimal, places: int) -> None:
    """An oracle: decimal arithmetic, cut at the nanosecond."""
    expected = int(seconds * 10**9)
    assert seconds_to_ns(f"{seconds:f}") == expected
    shifted = f"{seconds.scaleb(-places):f}e{places}"
    assert seconds_to_ns(shifted) == expected


def test_tum_times_with_exponents(layouts: Make) -> None:
    path = layouts("tum")
    table = path / "groundtruth.txt"
    plain = open_sequence(path).frames
    table.write_text(re.sub(r"(?m)^(\d)(\d{9})\.(\d+)", r"\1.\2\3e+09", table.read_text()))
    assert "1.305031102175304e+09 0 2" in table.read_text()
    assert [f.pose for f in open_sequence(path).frames] == [f.pose for f in plain]


def test_tum(layouts: Make) -> None:
    """Depth in millimetres and poses are joined by time; what is further off stays away."""
    path = layouts("tum")
    sequence = open_sequence(path)
    assert next(f.timestamp_ns for f in sequence.frames) == 1305031102_175304_000
    assert [set(f.sources) for f in sequence.frames] == [
        {"rgb", "depth"},
        {"rgb", "depth"},
        {"rgb"},
        {"rgb", "depth"},
    ]
    assert sequence.load(3)["depth"][1, 1] == 3000
    assert sequence.load(3)["depth"][0, 0] == 0
    assert [f.line for f in sequence.frames] == [3, 4, 5, 6]
    assert [f.pose for f in sequence.frames[2:]] == [pytest.approx((2, 2, 0)), None]


@pytest.mark.parametrize("heading", [-3.0, -1.0, 0.0, 0.5, 2.0])
def test_tum_heading(layouts: Make, heading: float) -> None:
    """The heading is that of the optical axis: a level camera turned about the vertical."""
    from scipy.spatial.transform import Rotation

    path = layouts("tum")
    # Columns: the camera's x (right), y (down) and z (forward) axes in a world with z up.
    level = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    turned = Rotation.from_euler("z", heading) * Rotation.from_matrix(level)
    cells = " ".join(f"{v:.9f}" for v in turned.as_quat())
    (path / "groundtruth.txt").write_text(f"1305031102.175304 1 2 3 {cells}\n")
    pose = open_sequence(path).frames[0].pose
    assert pose == pytest.approx((1, 2, heading), abs=1e-6)


def test_tum_faults(layouts: Make) -> None:
    path = layouts("tum")
    (path / "rgb.txt").write_text(
        "# c\n2.5 rgb/a.png\nx rgb/a.png\n2.4 rgb/a.png\n3\n3 ../a.png\n4 /etc/passwd\n"
    )
    (path / "groundtruth.txt").write_text("1 2 3\n1 0 0 0 0 0 0 0\n1 0 0 0 nan 0 0 1\n")
    assert faults_of(path, path) == [
        "rgb.txt:3: expected a time in seconds, got 'x'",
        "rgb.txt:4: time goes back: 2400000000 ns after 2500000000 ns; order frames by time",
        "rgb.txt:5: expected a time and a file name, got a time alone",
        "rgb.txt:6: expected a path inside the sequence, got '../a.png'",
        "rgb.txt:7: expected a path inside the sequence, got '/etc/passwd'",
        "groundtruth.txt:1: expected a time and tx ty tz qx qy qz qw, got '2 3'",
        "groundtruth.txt:2: expected finite numbers and a quaternion that is not zero",
        "groundtruth.txt:3: expected finite numbers and a quaternion that is not zero",
    ]


def test_folder(layouts: Make) -> None:
    """Images are taken in natural order, at the rate that is given or a nominal one."""
    path = layouts("folder")
    assert [f.name for f in open_sequence(path).frames] == ["img_1.png", "img_2.png", "img_10.png"]
    slow = open_sequence(path, rate_hz=2.0)
    assert [f.timestamp_ns for f in slow.frames] == [0, 500_000_000, 10**9]
    with pytest.raises(RobotVisionError, match="reader 'folder': rate_hz: expected a number"):
        open_sequence(path, rate_hz=0.0)
    with pytest.raises(RobotVisionError, match="reader 'tum': no parameter 'rate_hz'"):
        open_sequence(path, "tum", rate_hz=2.0)


def test_imagefolder(layouts: Make) -> None:
    """A folder is a room and a segment, in natural order; numbers and times run through."""
    sequence = open_sequence(layouts("imagefolder"))
    assert [f.name for f in sequence.frames] == [
        *("img_1.png", "img_2.png", "img_10.png"),
        *("img_1.png", "img_2.png"),
    ]
    assert [sequence.room(i) for i in range(5)] == ["Kitchen"] * 3 + ["Office 2"] * 2
    assert list(sequence.segments()) == [(0, 3), (3, 5)]
    assert [f.index for f in sequence.frames] == list(range(5))
    assert read_sequence(sequence.root).warnings == ["no images in Attic"]


@pytest.mark.parametrize("folders", [("train/Kitchen", "val/Kitchen"), ("rgb", "depth"), ("cam0",)])
def test_parts_and_cameras_are_no_rooms(tmp_path: Path, folders: tuple[str, ...]) -> None:
    """Folders of a data set in parts are opened one by one; a camera's folder is no room."""
    for name in folders:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.jpg").write_bytes(b"")
    with pytest.raises(InputFaults, match="not a sequence in a known layout"):
        detect(tmp_path)
    if "/" in folders[0]:
        assert detect(tmp_path / "train") == "imagefolder"
