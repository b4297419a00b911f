"""One little sequence recorded in every form, by the libraries' own writers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from numpy.typing import NDArray
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from robotvision.data.images import encode_jpeg, encode_png

START_NS = 1_700_000_000_000_000_000
STEP_NS = 200_000_000
LOG_DELAY_NS = 3_000_000
"""Messages are recorded so much after the time in their header."""

WIDTH, HEIGHT = 12, 8


def image(i: int) -> NDArray[np.uint8]:
    """Return an image whose three colours are told apart, another one each time."""
    image = np.full((HEIGHT, WIDTH, 3), (10 * i + 5, 100, 200), np.uint8)
    image[0, 0] = (1, 2, 3)
    return image


def depth_of(i: int) -> NDArray[np.uint16]:
    image = np.full((HEIGHT, WIDTH), 1000 * (i + 1), np.uint16)
    image[0, 0] = 0
    return image


class Messages:
    """Makes messages of one ROS version."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        is_ros1 = encoding == "ros1"
        self.store = get_typestore(Stores.ROS1_NOETIC if is_ros1 else Stores.ROS2_HUMBLE)
        if is_ros1:
            text = "geometry_msgs/TransformStamped[] transforms"
            self.store.register(get_types_from_msg(text, "tf2_msgs/msg/TFMessage"))

    def make(self, kind: str, *args: Any, **fields: Any) -> Any:
        return self.store.types[kind](*args, **fields)

    def header(self, time_ns: int, frame: str = "camera") -> Any:
        stamp = self.make("builtin_interfaces/msg/Time", time_ns // 10**9, time_ns % 10**9)
        seq = {"seq": 0} if self.encoding == "ros1" else {}
        return self.make("std_msgs/msg/Header", stamp=stamp, frame_id=frame, **seq)

    def image(
        self, time_ns: int, pixels: NDArray[Any], encoding: str, padding: int = 0, big: bool = False
    ) -> Any:
        rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
        rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
        return self.make(
            "sensor_msgs/msg/Image",
            header=self.header(time_ns),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=int(big),
            step=rows.shape[1],
            data=rows.ravel(),
        )

    def compressed(self, time_ns: int, raw: bytes, form: str = "jpeg") -> Any:
        return self.make(
            "sensor_msgs/msg/CompressedImage",
            header=self.header(time_ns),
            format=form,
            data=np.frombuffer(raw, np.uint8),
        )

    def info(self, time_ns: int, fx: float = 10.0, tx: float = 0.0, width: int = WIDTH) -> Any:
        k = np.array([fx, 0, 6, 0, fx, 4, 0, 0, 1], float)
        p = np.array([fx + 1, 0, 5, tx, 0, fx + 1, 3, 0, 0, 0, 1, 0], float)
        roi = self.make("sensor_msgs/msg/RegionOfInterest", 0, 0, 0, 0, False)
        names = ("D", "K", "R", "P") if self.encoding == "ros1" else ("d", "k", "r", "p")
        values = (np.zeros(5), k, np.eye(3).ravel(), p)
        return self.make(
            "sensor_msgs/msg/CameraInfo",
            header=self.header(time_ns),
            height=HEIGHT * width // 12,
            width=width,
            distortion_model="plumb_bob",
            binning_x=0,
            binning_y=0,
            roi=roi,
            **dict(zip(names, values, strict=True)),
        )

    def pose(self, x: float, y: float, theta: float) -> Any:
        point = self.make("geometry_msgs/msg/Point", x, y, 0.0)
        return self.make("geometry_msgs/msg/Pose", position=point, orientation=self.turn(theta))

    def turn(self, theta: float) -> Any:
        half = theta / 2
        return self.make("geometry_msgs/msg/Quaternion", 0.0, 0.0, math.sin(half), math.cos(half))

    def odometry(self, time_ns: int, x: float, y: float, theta: float) -> Any:
        zero = self.make("geometry_msgs/msg/Vector3", 0.0, 0.0, 0.0)
        twist = self.make("geometry_msgs/msg/Twist", linear=zero, angular=zero)
        return self.make(
            "nav_msgs/msg/Odometry",
            header=self.header(time_ns, "odom"),
            child_frame_id="base_link",
            pose=self.make(
                "geometry_msgs/msg/PoseWithCovariance",
                pose=self.pose(x, y, theta),
                covariance=np.zeros(36),
            ),
            twist=self.make(
                "geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=np.zeros(36)
            ),
        )

    def transform(self, time_ns: int, parent: str, child: str, x: float, theta: float) -> Any:
        move = self.make("geometry_msgs/msg/Vector3", x, 0.0, 0.0)
        stamped = self.make(
            "geometry_msgs/msg/TransformStamped",
            header=self.header(time_ns, parent),
            child_frame_id=child,
            transform=self.make(
                "geometry_msgs/msg/Transform", translation=move, rotation=self.turn(theta)
            ),
        )
        return self.make("tf2_msgs/msg/TFMessage", transforms=[stamped])

    def text(self, said: str) -> Any:
        return self.make("std_msgs/msg/String", data=said)

    def bytes_of(self, message: Any) -> bytes:
        kind = message.__msgtype__
        if self.encoding == "ros1":
            return bytes(self.store.serialize_ros1(message, kind))
        return bytes(self.store.serialize_cdr(message, kind))


Rows = list[tuple[str, int, Any]]
"""Topic, log time, message."""

FORMS = {
    "bag": ".bag",
    "bag-lz4": ".bag",
    "bag-bz2": ".bag",
    "sqlite": "",
    "sqlite-zstd": "",
    "folder-mcap": "",
    "mcap": ".mcap",
    "mcap-lz4": ".mcap",
    "mcap-plain": ".mcap",
    "mcap-ros1": ".mcap",
    "mcap-unchunked": ".mcap",
    "mcap-unindexed": ".mcap",
    "mcap-loose": ".mcap",
    "mcap-loose-uncounted": ".mcap",
}


def write(path: Path, form: str, rows: Rows, messages: Messages, chunk: int = 4096) -> Path:
    """Write a recording; chunks are small, so that there are many."""
    path = path.with_name(path.name + FORMS[form])
    if FORMS[form] == ".bag":
        write_rosbag1(path, form, rows, messages, chunk)
    elif FORMS[form] == ".mcap":
        write_mcap(path, form, rows, messages, chunk)
    else:
        write_rosbag2(path, form, rows, messages)
    return path


def write_rosbag1(path: Path, form: str, rows: Rows, messages: Messages, chunk: int) -> None:
    writer = Writer1(path)
    writer.chunk_threshold = chunk
    if form != "bag":
        writer.set_compression(Writer1.CompressionFormat[form[4:].upper()])
    with writer:
        connections: dict[str, Any] = {}
        for topic, log_ns, message in rows:
            if topic not in connections:
                connections[topic] = writer.add_connection(
                    topic, message.__msgtype__, typestore=messages.store
                )
            writer.write(connections[topic], log_ns, messages.bytes_of(message))


def write_rosbag2(path: Path, form: str, rows: Rows, messages: Messages) -> None:
    plugin = StoragePlugin.MCAP if form == "folder-mcap" else StoragePlugin.SQLITE3
    writer = Writer2(path, version=9, storage_plugin=plugin)
    if form == "sqlite-zstd":
        writer.set_compression(CompressionMode.MESSAGE, CompressionFormat.ZSTD)
    with writer:
        connections: dict[str, Any] = {}
        for topic, log_ns, message in rows:
            if topic not in connections:
                connections[topic] = writer.add_connection(
                    topic, message.__msgtype__, typestore=messages.store
                )
            writer.write(connections[topic], log_ns, messages.bytes_of(message))


def write_mcap(path: Path, form: str, rows: Rows, messages: Messages, chunk: int) -> None:
    packing = {"mcap-lz4": CompressionType.LZ4, "mcap": CompressionType.ZSTD}
    is_indexed = form != "mcap-unindexed"
    is_ros1 = messages.encoding == "ros1"
    with open(path, "wb") as f:
        writer = McapWriter(
            f,
            chunk_size=chunk,
            compression=packing.get(form, CompressionType.NONE),
            use_chunking=form != "mcap-unchunked",
            use_summary_offsets=is_indexed,
            repeat_channels=is_indexed,
            repeat_schemas=is_indexed,
            use_statistics=is_indexed and form != "mcap-loose-uncounted",
            index_types=McapWriter.__init__.__defaults__[2] if is_indexed else _no_index(),
        )
        writer.start("ros1" if is_ros1 else "ros2", "test")
        channels: dict[str, int] = {}
        for n, (topic, log_ns, message) in enumerate(rows):
            if "loose" in form and n == len(rows) // 2:  # the rest goes into no chunk
                writer._Writer__finalize_chunk()  # type: ignore[attr-defined]
                writer._Writer__chunk_builder = None  # type: ignore[attr-defined]
            if topic not in channels:
                kind = message.__msgtype__
                text, _ = messages.store.generate_msgdef(kind, ros_version=1 if is_ros1 else 2)
                schema = writer.register_schema(
                    kind.replace("/msg/", "/") if is_ros1 else kind,
                    "ros1msg" if is_ros1 else "ros2msg",
                    text.encode(),
                )
                channels[topic] = writer.register_channel(
                    topic, "ros1" if is_ros1 else "cdr", schema
                )
            writer.add_message(channels[topic], log_ns, messages.bytes_of(message), log_ns, n)
        writer.finish()


def _no_index() -> Any:
    from mcap.writer import IndexType

    return IndexType.NONE


def encoding_of(form: str) -> str:
    return "ros1" if FORMS[form] == ".bag" or form == "mcap-ros1" else "cdr"


@dataclass
class Tour:
    """Writes a sequence of ten frames: colour, depth, calibration, odometry and labels."""

    root: Path
    n: int = 10
    form: str = "bag"
    rows: Rows = field(default_factory=list)

    @property
    def messages(self) -> Messages:
        return Messages(encoding_of(self.form))

    def at(self, i: float) -> int:
        return round(START_NS + i * STEP_NS)

    def add(self, topic: str, time_ns: int, message: Any) -> None:
        self.rows.append((topic, time_ns + LOG_DELAY_NS, message))

    def usual(self) -> Tour:
        """Add what a robot with an RGB-D camera records."""
        m = self.messages
        for i in range(self.n):
            t = self.at(i)
            self.add("/camera/color/camera_info", t, m.info(t))
            self.add("/camera/color/image_raw", t, m.image(t, image(i), "rgb8"))
            if i != 4:
                late = t + 5_000_000
                self.add(
                    "/camera/aligned_depth_to_color/image_raw",
                    late,
                    m.image(late, depth_of(i), "16UC1"),
                )
            self.add("/odom", t + 50_000_000, m.odometry(t + 50_000_000, i, -i, 0.1 * i))
        self.add("/room", self.at(0) - 1_000_000, m.text("Kitchen"))
        self.add("/room", self.at(6) - 1_000_000, m.text("Corridor"))
        return self

    def write(self, name: str = "tour") -> Path:
        self.rows.sort(key=lambda r: r[1])
        return write(self.root / name, self.form, self.rows, self.messages)


Tours = Callable[..., Tour]


@pytest.fixture
def tours(tmp_path: Path) -> Tours:
    """Return a function that begins a sequence in a form of recording."""

    def begin(form: str = "bag", n: int = 10) -> Tour:
        return Tour(tmp_path, n=n, form=form)

    return begin


@pytest.fixture
def jpeg() -> Callable[[int], bytes]:
    return lambda i: encode_jpeg(image(i), 95)


@pytest.fixture
def png() -> Callable[[int], bytes]:
    return lambda i: encode_png(depth_of(i))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``each_form`` once for each of them."""
    if "each_form" in metafunc.fixturenames:
        metafunc.parametrize("each_form", tuple(FORMS))
