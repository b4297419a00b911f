"""Encodings, topics, stereo, calibration, poses and labels of robot recordings."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data import open_sequence, read_sequence
from robotvision.data.associate import one_to_one
from robotvision.data.bags import pixels
from robotvision.data.bags.messages import stamp_ns
from robotvision.data.images import encode_png
from robotvision.errors import FrameError, InputFaults, RobotVisionError

Make = Callable[..., Any]
RED = (200, 30, 40)


def one_line(path: Path, **params: Any) -> str:
    """Return the single line with which a recording is refused."""
    with pytest.raises(InputFaults) as e:
        open_sequence(path, **params)
    assert len(e.value.lines()) == 1, e.value
    return str(e.value)


def encoded(encoding: str) -> np.ndarray:
    """Return a plain red image of 12 x 8 pixels as a camera would send it."""
    rgb = np.full((8, 12, 3), RED, np.uint8)
    if encoding in ("rgb8", "rgba8"):
        return rgb if encoding == "rgb8" else np.dstack([rgb, np.full((8, 12), 255, np.uint8)])
    if encoding in ("bgr8", "8UC3"):
        return rgb[..., ::-1]
    if encoding == "bgra8":
        return np.dstack([rgb[..., ::-1], np.full((8, 12), 255, np.uint8)])
    if encoding.startswith("bayer"):
        pattern = encoding[6:10]
        image = np.zeros((8, 12), np.uint8)
        for k, letter in enumerate(pattern):
            image[k // 2 :: 2, k % 2 :: 2] = RED["rgb".index(letter)]
        return image
    to = cv2.COLOR_RGB2YUV_YUY2 if encoding == "yuv422_yuy2" else cv2.COLOR_RGB2YUV_UYVY
    return cv2.cvtColor(rgb, to)


@pytest.mark.parametrize(
    "encoding",
    [
        "rgb8",
        "bgr8",
        "rgba8",
        "bgra8",
        "8UC3",
        "bayer_rggb8",
        "bayer_bggr8",
        "bayer_gbrg8",
        "bayer_grbg8",
        "yuv422",
        "yuv422_yuy2",
    ],
)
def test_every_encoding_is_red(tours: Make, encoding: str) -> None:
    """A red image is red in every encoding, with and without padding at the ends of rows."""
    tour = tours("bag")
    for i in range(2):
        image = tour.messages.image(tour.at(i), encoded(encoding), encoding, padding=5 * i)
        tour.add("/image", tour.at(i), image)
    sequence = open_sequence(tour.write())
    for i in range(2):
        seen = sequence.load(i)["rgb"].astype(int)
        assert abs(seen - RED).max() <= (4 if encoding.startswith("yuv") else 0)
        assert np.argmax(seen[4, 4]) == 0


def test_grey_images(tours: Make) -> None:
    """mono8 becomes three equal colours; mono16 keeps its upper eight bits, in either order."""
    tour = tours("sqlite")
    grey = np.full((8, 12, 1), 77, np.uint8)
    tour.add("/image", tour.at(0), tour.messages.image(tour.at(0), grey, "mono8"))
    for i, order in enumerate("<>", 1):
        deep = np.full((8, 12, 1), 77 << 8 | 3, f"{order}u2")
        tour.add(
            "/image", tour.at(i), tour.messages.image(tour.at(i), deep, "mono16", big=order == ">")
        )
    sequence = open_sequence(tour.write())
    assert [sequence.load(i)["rgb"][3, 3].tolist() for i in range(3)] == [[77] * 3] * 3


def test_unknown_encoding_fails_the_frame(tours: Make) -> None:
    tour = tours("bag")
    image = np.zeros((8, 12, 3), np.uint8)
    tour.add("/image", tour.at(0), tour.messages.image(tour.at(0), image, "hsv8"))
    sequence = open_sequence(tour.write())
    with pytest.raises(
        FrameError, match=r"tour\.bag\[/image 0\]: expected a colour encoding.*hsv8"
    ):
        sequence.load(0)


def test_compressed_images(tours: Make, jpeg: Make, png: Make) -> None:
    """JPEG colour and both kinds of compressed depth."""
    tour = tours("mcap")
    m, t = tour.messages, tour.at(0)
    tour.add("/cam/rgb/image_raw/compressed", t, m.compressed(t, jpeg(3)))
    head = struct.pack("<iff", 0, 0.0, 0.0)
    tour.add(
        "/cam/depth/image_raw/compressedDepth",
        t,
        m.compressed(t, head + png(2), "16UC1; compressedDepth png"),
    )
    sequence = open_sequence(tour.write())
    frame = sequence.load(0)
    assert abs(frame["rgb"][4, 6].astype(int) - (35, 100, 200)).max() <= 4
    assert frame["depth"][4, 4] == 3000


def test_quantised_depth(tours: Make) -> None:
    """32FC1 in compressedDepth holds a / depth + b: 2 m and 5 m come back to the millimetre."""
    a, b = 10000.0, 1.0
    code = np.zeros((8, 12), np.uint16)
    code[:, :6], code[:, 6:] = round(a / 2 + b), round(a / 5 + b)
    code[0, 0] = 0
    tour = tours("bag")
    m, t = tour.messages, tour.at(0)
    raw = struct.pack("<iff", 0, a, b) + encode_png(code)
    tour.add("/cam/depth/compressedDepth", t, m.compressed(t, raw, "32FC1; compressedDepth"))
    depth = open_sequence(tour.write()).load(0)["depth"]
    assert (depth[0, 0], depth[1, 1], depth[1, 8]) == (0, 2000, 5000)


def test_depth_in_metres(tours: Make) -> None:
    """32FC1 is in metres; nothing, infinity, negative and beyond 65.5 m are no reading."""
    metres = np.full((8, 12, 1), 1.2344, np.float32)
    metres[0, :5, 0] = (np.nan, np.inf, -1, 65.536, 0.0004)
    tour = tours("sqlite")
    t = tour.at(0)
    tour.add("/cam/depth/image", t, tour.messages.image(t, metres, "32FC1"))
    sequence = open_sequence(tour.write())
    assert list(sequence.channels) == ["depth"]
    depth = sequence.load(0)["depth"]
    assert depth.dtype == np.uint16
    assert depth[0, :6].tolist() == [0, 0, 0, 0, 0, 1234]


@given(st.floats(0.001, 65.5))
def test_metres_to_millimetres(metres: float) -> None:
    mm = pixels.metres_to_mm(np.array([metres], np.float32))[0]
    assert abs(int(mm) - 1000 * metres) <= 0.51


def test_stereo_pair_with_baseline(tours: Make) -> None:
    """Left and right are joined by time; the baseline comes from the right camera's P."""
    tour = tours("bag")
    m = tour.messages
    for i in range(4):
        t, late = tour.at(i), tour.at(i) + (1_000_000 if i != 2 else 90_000_000)
        for side, at, tx in (("left", t, 0.0), ("right", late, -1.32)):
            image = np.full((8, 12, 1), 20 * i + (side == "right"), np.uint8)
            tour.add(f"/stereo/{side}/image_rect", at, m.image(at, image, "mono8"))
            tour.add(f"/stereo/{side}/camera_info", at, m.info(at, tx=tx))
    reading = read_sequence(tour.write())
    sequence = reading.sequence
    assert sequence is not None
    assert list(sequence.channels) == ["left", "right"]
    assert [sorted(e.sources) for e in sequence.frames] == [
        ["left", "right"],
        ["left", "right"],
        ["left"],
        ["left", "right"],
    ]
    assert sequence.load(3)["right"][0, 0, 0] == 61
    for side in ("left", "right"):
        assert sequence.calibration[side] == {
            "fx": 11,
            "fy": 11,
            "cx": 5,
            "cy": 3,
            "width": 12,
            "height": 8,
            "baseline_m": pytest.approx(0.12),
        }
    assert reading.warnings == ["1 of 4 frames have no right within 0.02 s (max_diff_s)"]


TIMES = st.lists(st.integers(0, 300), max_size=30, unique=True).map(sorted)


@given(TIMES, TIMES, st.integers(0, 30))
def test_pairs_are_those_of_evo(first: list[int], second: list[int], limit: int) -> None:
    """Where no two frames want the same image, pairs are those of evo.core.sync."""
    sync = pytest.importorskip("evo.core.sync")
    if not first or not second:
        return
    ours, theirs = sync.matching_time_indices(
        np.array(first, float), np.array(second, float), limit
    )
    joined = one_to_one(np.array(first, np.int64), np.array(second, np.int64), limit)
    got = {(i, int(k)) for i, k in enumerate(joined) if k >= 0}
    pairs = set(zip(ours, theirs, strict=True))
    assert got <= pairs
    assert {k for _, k in got} == {k for _, k in pairs}


def test_chosen_by_type_and_name(tours: Make) -> None:
    """Colour before infrared, rectified before raw, aligned depth before the other, odometry."""
    tour = tours("folder-mcap")
    m = tour.messages
    rgb, deep = np.zeros((8, 12, 3), np.uint8), np.ones((8, 12, 1), np.uint16)
    for i in range(2):
        t = tour.at(i)
        for topic in (
            "/cam/infra1/image_rect_raw",
            "/cam/color/image_raw",
            "/front/image_raw",
            "/cam/color/image_rect_color",
            "/cam/debug_image",
        ):
            tour.add(topic, t, m.image(t, rgb, "rgb8"))
        for topic in ("/cam/depth/image_rect_raw", "/cam/aligned_depth_to_color/image_raw"):
            tour.add(topic, t, m.image(t, deep, "16UC1"))
        tour.add("/cam/color/camera_info", t, m.info(t))
        tour.add("/odom", t, m.odometry(t, 1, 2, 0.5))
    reading = read_sequence(tour.write())
    sequence = reading.sequence
    assert sequence is not None
    assert sequence.note == (
        "rgb: /cam/color/image_rect_color, depth: /cam/aligned_depth_to_color/image_raw"
    )
    assert sequence.calibration["rgb"]["fx"] == 11  # of the projection, as images are rectified
    assert sequence.frames[1].pose == pytest.approx((1, 2, 0.5))
    assert any("/front/image_raw" in w and "name one with rgb" in w for w in reading.warnings)


def test_named_topics(tours: Make) -> None:
    """A topic can be named, left out, and a wrong name is told with the near one."""
    tour = tours("bag")
    m = tour.messages
    for topic, value in (("/front/image", 1), ("/rear/image", 2)):
        image = np.full((8, 12, 3), value, np.uint8)
        tour.add(topic, tour.at(0), m.image(tour.at(0), image, "rgb8"))
    tour.add("/odom", tour.at(0), m.odometry(tour.at(0), 1, 2, 0.5))
    path = tour.write()
    sequence = open_sequence(path, rgb="/rear/image", pose="none")
    assert sequence.load(0)["rgb"][0, 0, 0] == 2
    assert sequence.frames[0].pose is None
    assert list(
        open_sequence(path, left="front/image", right="/rear/image", rgb="none").channels
    ) == ["left", "right"]
    assert "no topic '/raer/image' for rgb; did you mean '/rear/image'?" in one_line(
        path, rgb="/raer/image"
    )
    assert "the topic /odom for rgb holds nav_msgs/msg/Odometry, expected" in one_line(
        path, rgb="/odom"
    )
    with pytest.raises(RobotVisionError, match="no parameter 'rgbb'; did you mean 'rgb'"):
        open_sequence(path, rgbb="/rear/image")
    with pytest.raises(RobotVisionError, match="clock: expected header or log, got 'wall'"):
        open_sequence(path, clock="wall")


def test_no_images_is_one_line(tours: Make) -> None:
    tour = tours("sqlite")
    tour.add("/odom", tour.at(0), tour.messages.odometry(tour.at(0), 1, 2, 0.5))
    line = one_line(tour.write())
    assert line.endswith(
        "tour: no images in it that can be read; its topics: /odom (nav_msgs/msg/Odometry)"
    )


def test_empty_recordings(tours: Make, each_form: str) -> None:
    """A recording without a single message is refused in one line."""
    assert "no images in it" in one_line(tours(each_form).write())


def test_scaled_calibration(tours: Make) -> None:
    """Where images were made smaller than the camera's, the calibration is made to fit."""
    tour = tours("bag")
    m, t = tour.messages, tour.at(0)
    tour.add("/cam/image", t, m.image(t, np.zeros((8, 12, 3), np.uint8), "rgb8"))
    tour.add("/cam/camera_info", t, m.info(t, width=24))
    reading = read_sequence(tour.write())
    assert reading.sequence is not None
    assert reading.sequence.calibration["rgb"] == {
        "fx": 5,
        "fy": 5,
        "cx": 3,
        "cy": 2,
        "width": 12,
        "height": 8,
    }
    assert reading.warnings == [
        "the calibration of /cam/image is for 24x16 pixels: scaled to the images' 12x8"
    ]


def test_pose_along_transforms(tours: Make) -> None:
    """From map over odom to base_link: a turn and a shift, interpolated between two messages."""
    tour = tours("bag")
    m = tour.messages
    static = m.transform(0, "map", "odom", 10.0, np.pi / 2)
    tour.add("/tf_static", tour.at(0), static)
    for i in range(3):
        t = tour.at(i)
        tour.add("/image", t, m.image(t, np.zeros((8, 12, 3), np.uint8), "rgb8"))
        before = t - 50_000_000
        tour.add("/tf", before, m.transform(before, "odom", "base_link", float(i), 0.2 * i))
        tour.add("/tf", t, m.transform(t, "base_link", "camera", 0.5, 0.0))
    path = tour.write()
    poses = [e.pose for e in open_sequence(path).frames]
    assert poses[0] == pytest.approx((10, 0.25, np.pi / 2 + 0.05))
    assert poses[1] == pytest.approx((10, 1.25, np.pi / 2 + 0.25))
    assert poses[2] is None  # the last transform is 50 ms old
    in_odom = open_sequence(path, fixed_frame="odom").frames[1].pose
    assert in_odom == pytest.approx((1.25, 0, 0.25))
    line = one_line(path, robot_frame="base_lnk")
    assert "no chain of transforms from the fixed frame to base_lnk; frames: base_link, " in line


def test_heading_goes_the_short_way(tours: Make) -> None:
    """Between 3 and -3 rad lies pi, not 0."""
    tour = tours("bag")
    m = tour.messages
    tour.add("/image", tour.at(0), m.image(tour.at(0), np.zeros((8, 12, 3), np.uint8), "rgb8"))
    for shift, theta in ((-50_000_000, 3.0), (50_000_000, -3.0)):
        tour.add("/odom", tour.at(0) + shift, m.odometry(tour.at(0) + shift, 0, 0, theta))
    pose = open_sequence(tour.write()).frames[0].pose
    assert pose is not None
    assert abs(abs(pose[2]) - np.pi) < 1e-6


def test_without_header_times(tours: Make) -> None:
    """Headers that were never set: the times are those of the recording."""
    tour = tours("bag")
    for i in range(3):
        image = tour.messages.image(0, np.zeros((8, 12, 3), np.uint8), "rgb8")
        tour.add("/image", tour.at(i), image)
    path = tour.write()
    times = [e.timestamp_ns for e in open_sequence(path).frames]
    assert times == [tour.at(i) + 3_000_000 for i in range(3)]
    assert [e.timestamp_ns for e in open_sequence(path, clock="log").frames] == times


def test_header_times_out_of_order(tours: Make) -> None:
    """Images that were recorded late are put in order of their own time."""
    tour = tours("sqlite")
    for i, k in enumerate((0, 2, 1)):
        image = np.full((8, 12, 3), k, np.uint8)
        tour.add("/image", tour.at(i), tour.messages.image(tour.at(k), image, "rgb8"))
    sequence = open_sequence(tour.write())
    assert [sequence.load(i)["rgb"][0, 0, 0] for i in range(3)] == [0, 1, 2]


@given(st.integers(0, 2**31 - 1), st.integers(0, 10**9 - 1))
def test_stamps(sec: int, nsec: int) -> None:
    """The time in a header, in both encodings and both byte orders."""
    expected = sec * 10**9 + nsec
    assert stamp_ns(struct.pack("<III", 7, sec, nsec), "ros1") == expected
    assert stamp_ns(b"\0\1\0\0" + struct.pack("<iI", sec, nsec), "cdr") == expected
    assert stamp_ns(b"\0\0\0\0" + struct.pack(">iI", sec, nsec), "cdr") == expected


def spans(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("start_s,end_s,room", *rows)) + "\n", encoding="utf-8")
    return path


def test_label_file(tours: Make, tmp_path: Path) -> None:
    """Spans since the recording's beginning; a relative path starts beside the recording."""
    path = tours("bag").usual().write()
    spans(tmp_path / "rooms.csv", "0,0.9,Hall", "0.9,60,Toilet")
    sequence = open_sequence(path, label_file="rooms.csv")
    assert sequence.room_counts() == {"Hall": 5, "Toilet": 5}
    assert sequence.truth_lines[9] == 3
    assert sequence.truth_table == tmp_path / "rooms.csv"


def test_label_file_since_1970(tours: Make, tmp_path: Path) -> None:
    path = tours("bag").usual().write()
    spans(tmp_path / "rooms.csv", "1700000000,1700000001,Hall", "1700000001,1700000002.5,Toilet")
    sequence = open_sequence(path, label_file="rooms.csv")
    assert sequence.room_counts() == {"Hall": 5, "Toilet": 5}


def test_half_covered_is_one_line(tours: Make, tmp_path: Path) -> None:
    """A label file that covers half the recording: one line, and two ways out."""
    path = tours("mcap").usual().write()
    table = spans(tmp_path / "rooms.csv", "0,0.9,Hall")
    assert one_line(path, label_file="rooms.csv") == (
        f"{table}:2: covers 5 of 10 frames: the first without a room is frame 5, 1.001 s after the "
        "start of 1.801 s; add spans, or set unlabelled to 'keep' (frames without a room) or "
        "'drop'"
    )
    kept = open_sequence(path, label_file="rooms.csv", unlabelled="keep")
    assert (len(kept), kept.room_counts()) == (10, {"Hall": 5})
    dropped = open_sequence(path, label_file="rooms.csv", unlabelled="drop")
    assert (len(dropped), dropped.room_counts()) == (5, {"Hall": 5})


def test_dropping_begins_a_segment(tours: Make, tmp_path: Path) -> None:
    """After frames that were left out a new segment begins; the numbers stay."""
    path = tours("bag").usual().write()
    spans(tmp_path / "rooms.csv", "0,0.5,Hall", "1.3,9,Hall")
    frames = open_sequence(path, label_file="rooms.csv", unlabelled="drop").frames
    assert [(f.index, f.segment) for f in frames] == [
        (0, 0),
        (1, 0),
        (2, 0),
        (7, 1),
        (8, 1),
        (9, 1),
    ]


def test_faulty_label_file(tours: Make, tmp_path: Path) -> None:
    """Every fault of a label file, each with its line."""
    path = tours("bag").usual().write()
    spans(tmp_path / "r.csv", "0,x,Hall", "2,1,Hall", "3,4,", "5,8,Hall", "7,9,Toilet")
    with pytest.raises(InputFaults) as e:
        open_sequence(path, label_file="r.csv")
    assert [line.partition("r.csv:")[2][:34] for line in e.value.lines()] == [
        "2: expected seconds of at least 0,",
        "3: the span ends at 1, not after i",
        "4: the room is empty",
        "6: the span overlaps the one in li",
    ]
    assert "nowhere.csv: cannot be read" in one_line(path, label_file="nowhere.csv")


def test_label_topic_begins_late(tours: Make) -> None:
    """Frames before the first label have no room; that is said, and can be refused."""
    tour = tours("bag")
    m = tour.messages
    for i in range(4):
        tour.add("/image", tour.at(i), m.image(tour.at(i), np.zeros((8, 12, 3), np.uint8), "rgb8"))
    tour.add("/place/name", tour.at(1.5), m.text("Kitchen"))
    path = tour.write()
    reading = read_sequence(path)
    assert reading.sequence is not None
    assert reading.sequence.room_counts() == {"Kitchen": 2}
    assert reading.warnings == ["2 of 4 frames have no label yet (/place/name)"]
    assert "covers 2 of 4 frames: the first without a room is frame 0" in one_line(
        path, unlabelled="refuse"
    )
    assert open_sequence(path, label="none").truth is None
