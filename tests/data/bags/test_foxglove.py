"""Foxglove's schemas in MCAP, in Protobuf by Foxglove's own writer and in JSON."""

from __future__ import annotations

import base64
import json
import math
import pickle
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from foxglove_schemas_protobuf.CameraCalibration_pb2 import CameraCalibration
from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
from foxglove_schemas_protobuf.CompressedVideo_pb2 import CompressedVideo
from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.PosesInFrame_pb2 import PosesInFrame
from foxglove_schemas_protobuf.RawImage_pb2 import RawImage
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from mcap.writer import CompressionType
from mcap.writer import Writer as JsonWriter
from mcap_protobuf.writer import Writer
from numpy.typing import NDArray

from robotvision.data import open_sequence, read_sequence
from robotvision.data.bags import build, foxglove
from robotvision.data.bags import video as bag_video
from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.verify import verify
from robotvision.errors import MissingExtraError
from tests.fixtures.videos import marked_image

START_NS, STEP_NS = 1_700_000_000_000_000_007, 200_000_000

Rows = list[tuple[str, int, Any]]


def stamp(time_ns: int) -> Timestamp:
    return Timestamp(seconds=time_ns // 10**9, nanos=time_ns % 10**9)


def image(i: int) -> NDArray[np.uint8]:
    pixels = np.full((8, 12, 3), (10 * i + 5, 100, 200), np.uint8)
    pixels[0, 0] = (1, 2, 3)
    return pixels


def raw_image(time_ns: int, pixels: NDArray[Any], encoding: str) -> RawImage:
    height, width = pixels.shape[:2]
    step = pixels[0].nbytes
    return RawImage(
        timestamp=stamp(time_ns), width=width, height=height, encoding=encoding, step=step,
        data=pixels.tobytes(), frame_id="camera",
    )  # fmt: skip


def poses(time_ns: int, x: float, theta: float) -> PosesInFrame:
    message = PosesInFrame(timestamp=stamp(time_ns), frame_id="map")
    for k in range(2):  # the second is another robot's
        pose = message.poses.add()
        pose.position.x, pose.position.y = x + 100 * k, -x
        pose.orientation.z, pose.orientation.w = math.sin(theta / 2), math.cos(theta / 2)
    return message


def usual(n: int = 6) -> Rows:
    """Raw colour, depth as PNG, poses and calibration."""
    k = [10.0, 0, 6, 0, 11, 4, 0, 0, 1]
    info = CameraCalibration(timestamp=stamp(START_NS), width=12, height=8, K=k)
    rows: Rows = [("/camera/color/calibration", START_NS, info)]
    for i in range(n):
        t = START_NS + i * STEP_NS
        depth = encode_png(np.full((8, 12), 1000 * (i + 1), np.uint16))
        rows += [
            ("/camera/color/image", t, raw_image(t, image(i), "rgb8")),
            (
                "/camera/depth/image",
                t,
                CompressedImage(timestamp=stamp(t), data=depth, format="png"),
            ),
            ("/pose", t, poses(t, i / 2, 0.1 * i)),
        ]
    return rows


def as_json(message: Any) -> bytes:
    """Return a message as Foxglove's JSON schemas have it: times as sec and nsec, base64 data."""
    fields = MessageToDict(message, preserving_proto_field_name=True)
    for field in message.DESCRIPTOR.fields:
        if field.type == field.TYPE_BYTES:
            fields[field.name] = base64.b64encode(getattr(message, field.name)).decode()
    time = message.timestamp
    own = {"timestamp": {"sec": time.seconds, "nsec": time.nanos}}
    return json.dumps(own | {k: v for k, v in fields.items() if k != "timestamp"}).encode()


def write(path: Path, rows: Rows, encoding: str = "protobuf") -> Path:
    """Write a recording whose messages are logged 3 ms after their own time."""
    with open(path, "wb") as f:
        if encoding == "protobuf":
            with Writer(f, chunk_size=4096) as writer:
                for topic, t, message in rows:
                    writer.write_message(topic, message, t + 3_000_000, t)
            return path
        plain = JsonWriter(f, chunk_size=4096, compression=CompressionType.ZSTD)
        plain.start()
        channels: dict[str, int] = {}
        for topic, t, message in rows:
            if topic not in channels:
                name = message.DESCRIPTOR.full_name
                schema = plain.register_schema(name, "jsonschema", b'{"type": "object"}')
                channels[topic] = plain.register_channel(topic, "json", schema)
            plain.add_message(channels[topic], t + 3_000_000, as_json(message), t)
        plain.finish()
    return path


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_images_poses_calibration(tmp_path: Path, encoding: str) -> None:
    """Times are the messages' own to the nanosecond, poses the first of each message."""
    path = write(tmp_path / "tour.mcap", usual(), encoding)
    sequence = open_sequence(path)
    assert list(sequence.channels) == ["rgb", "depth"]
    for i, entry in enumerate(sequence.frames):
        assert entry.timestamp_ns == START_NS + i * STEP_NS
        assert entry.pose == pytest.approx((i / 2, -i / 2, 0.1 * i))
        frame = sequence.load(i)
        assert (frame["rgb"] == image(i)).all()
        assert (frame["depth"] == 1000 * (i + 1)).all()
    assert sequence.calibration["rgb"] == {
        "fx": 10, "fy": 11, "cx": 6, "cy": 4, "width": 12, "height": 8,
    }  # fmt: skip
    assert verify(read_sequence(path)) == []


def test_one_digest(tmp_path: Path) -> None:
    """Protobuf and JSON of the same messages have the same images."""
    both = [open_sequence(write(tmp_path / f"{e}.mcap", usual(), e)) for e in ("protobuf", "json")]
    assert both[0].digest(3) == both[1].digest(3) != both[0].digest(2)


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("bgr8", image(1)[..., ::-1]),
        ("rgba8", np.dstack([image(1), np.full((8, 12), 9, np.uint8)])),
        ("8UC3", image(1)[..., ::-1]),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, pixels: NDArray[np.uint8]) -> None:
    message = raw_image(START_NS, np.ascontiguousarray(pixels), encoding)
    path = write(tmp_path / "one.mcap", [("/image", START_NS, message)])
    assert (open_sequence(path).load(0)["rgb"] == image(1)).all()


def test_jpeg_is_kept_and_transforms_lead_to_poses(tmp_path: Path) -> None:
    raw = encode_jpeg(image(2))
    rows: Rows = []
    for i in range(3):
        t = START_NS + i * STEP_NS
        move = FrameTransforms()
        step = move.transforms.add(timestamp=stamp(t), parent_frame_id="odom")
        step.child_frame_id, step.translation.x, step.rotation.w = "base_link", i, 1
        jpeg = CompressedImage(timestamp=stamp(t), data=raw, format="jpeg")
        rows += [("/tf", t, move), ("/camera/compressed", t, jpeg)]
    sequence = open_sequence(write(tmp_path / "tf.mcap", rows))
    assert [f.pose for f in sequence.frames] == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]
    assert sequence.frames[0].sources["rgb"].encoded() == raw


def coded(n: int, codec: str = "libx264", key_every: int = 10) -> list[bytes]:
    """Return ``n`` frames as H.264 or H.265 without frames that refer to later ones."""
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 5), Fraction(5)
    encoder.options = {
        "bf": "0",
        "g": str(key_every),
        "sc_threshold": "0",
        "x265-params": "log-level=none:scenecut=0",
    }
    packets = []
    for i in range(n):
        frame = av.VideoFrame.from_ndarray(marked_image(i), format="rgb24")
        frame.pts = i
        packets += encoder.encode(frame)
    return [bytes(p) for p in (*packets, *encoder.encode())]


def video_rows(packets: list[bytes], form: str = "h264") -> Rows:
    return [
        (
            "/camera/video",
            START_NS + i * STEP_NS,
            CompressedVideo(timestamp=stamp(START_NS + i * STEP_NS), data=p, format=form),
        )
        for i, p in enumerate(packets)
    ]


@pytest.mark.parametrize(("codec", "form"), [("libx264", "h264"), ("libx265", "h265")])
def test_video(tmp_path: Path, codec: str, form: str) -> None:
    """Frames are those that were coded, in order, at random and after pickling."""
    path = write(tmp_path / "video.mcap", video_rows(coded(35, codec), form))
    sequence = open_sequence(path)
    in_order = [sequence.load(i)["rgb"] for i in range(35)]
    for i, got in enumerate(in_order):
        assert np.abs(got.astype(int) - marked_image(i)).mean() < 3
    for i in (34, 0, 9, 10, 11, 9, 9, 33, 20):
        assert (sequence.load(i)["rgb"] == in_order[i]).all()
    again = pickle.loads(pickle.dumps(sequence.frames[17].sources["rgb"]))
    assert (again.read() == in_order[17]).all()
    assert sequence.digest(3) != sequence.digest(4)
    assert verify(read_sequence(path)) == []


def test_video_faults(tmp_path: Path) -> None:
    """A video that starts between key frames, one of another format."""
    packets = coded(12)
    reading = read_sequence(write(tmp_path / "late.mcap", video_rows(packets[3:])))
    found = [str(f).removeprefix(f"{tmp_path}/") for f in verify(reading)]
    assert len(found) == 7  # those up to the next key frame
    assert found[0] == "late.mcap[/camera/video 0]: no key frame before it"
    path = write(tmp_path / "odd.mcap", video_rows(packets, "mpeg2"))
    found = [str(f).removeprefix(f"{tmp_path}/") for f in verify(read_sequence(path))]
    assert found[0] == "odd.mcap[/camera/video 0]: expected a video in h264, h265, got 'mpeg2'"


def test_what_is_no_such_message(tmp_path: Path) -> None:
    """Broken bytes are a fault of their frame, a schema of somebody's own is no image."""
    path = write(tmp_path / "tour.mcap", usual(), "json")
    with open(path, "wb") as f:
        writer = JsonWriter(f)
        writer.start()
        schema = writer.register_schema("foxglove.RawImage", "jsonschema", b"{}")
        own = writer.register_schema("my.Image", "jsonschema", b"{}")
        channel = writer.register_channel("/image", "json", schema)
        other = writer.register_channel("/other", "json", own)
        writer.add_message(channel, 5, b'{"timestamp": {"sec": 1, "nsec": 2}, "data": "?"}', 5)
        writer.add_message(channel, 6, as_json(raw_image(3 * 10**9, image(0), "rgb8")), 6)
        writer.add_message(other, 7, b"{}", 7)
        writer.finish()
    (fault,) = verify(read_sequence(path))
    assert re.search(r"\[/image 0\]: not a foxglove.RawImage in json", str(fault))
    (fault,) = read_sequence(path, rgb="/other").faults
    assert "the topic /other for rgb holds my.Image, expected sensor_msgs/msg/Image" in str(fault)


def test_missing_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is named where its messages are to be read, and not before."""
    path = write(tmp_path / "video.mcap", video_rows(coded(3)))
    monkeypatch.setattr(bag_video, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[video\]'"):
        read_sequence(path)
    monkeypatch.setitem(__import__("sys").modules, "foxglove_schemas_protobuf", None)
    with pytest.raises(MissingExtraError, match="need foxglove-schemas-protobuf"):
        read_sequence(path)
    assert len(open_sequence(write(tmp_path / "json.mcap", usual(), "json"))) == 6


def test_of_images_the_beginning_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a recording is opened no image is parsed: its time stands at its beginning."""
    whole = foxglove.stamp_ns
    for encoding in ("protobuf", "json"):
        path = write(tmp_path / f"{encoding}.mcap", usual(), encoding)
        asked: list[int | None] = []

        def stamp_ns(read: Any, *args: Any, asked: list[int | None] = asked) -> int:
            return whole(lambda n: (asked.append(n), read(n))[1], *args)

        with monkeypatch.context() as patch:
            patch.setattr(build.foxglove, "stamp_ns", stamp_ns)
            open_sequence(path)
        assert len(asked) == 12
        assert None not in asked
