"""Messages of Foxglove's schemas, in JSON and Protobuf, as the messages of ROS that they stand for.

JSON is taken apart by Foxglove's published field names, Protobuf by its published classes
(``foxglove-schemas-protobuf``); schemas in the recording are not used. Of several poses in a
message the first counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from robotvision.errors import MissingExtraError

ENCODINGS = ("json", "protobuf")
VIDEO = "foxglove.CompressedVideo"
ROS_TYPES = {
    "foxglove.RawImage": "sensor_msgs/msg/Image",
    "foxglove.CompressedImage": "sensor_msgs/msg/CompressedImage",
    VIDEO: VIDEO,
    "foxglove.CameraCalibration": "sensor_msgs/msg/CameraInfo",
    "foxglove.PoseInFrame": "geometry_msgs/msg/PoseStamped",
    "foxglove.PosesInFrame": "geometry_msgs/msg/PoseStamped",
    "foxglove.FrameTransform": "tf2_msgs/msg/TFMessage",
    "foxglove.FrameTransforms": "tf2_msgs/msg/TFMessage",
}
"""What each schema is read as; ROS knows no video."""

_HEAD_BYTES = 256
_JSON_TIME = re.compile(
    rb'\s*\{\s*"timestamp"\s*:\s*\{\s*"sec"\s*:\s*([0-9]+)\s*,\s*"nsec"\s*:\s*([0-9]+)\s*\}'
)


class FoxgloveTime(msgspec.Struct, frozen=True):
    """A time as JSON has it."""

    sec: int = 0
    nsec: int = 0


class FoxgloveNumbers(msgspec.Struct):
    """A point or a quaternion."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 0.0


class FoxglovePose(msgspec.Struct):
    """A pose in space."""

    position: FoxgloveNumbers
    orientation: FoxgloveNumbers


class FoxgloveTransform(msgspec.Struct):
    """A transform from a frame to its child."""

    parent_frame_id: str
    child_frame_id: str
    translation: FoxgloveNumbers
    rotation: FoxgloveNumbers
    timestamp: FoxgloveTime = FoxgloveTime()


class FoxgloveImage(msgspec.Struct):
    """An image, raw or compressed, or a part of a video."""

    data: bytes
    timestamp: FoxgloveTime = FoxgloveTime()
    format: str = ""
    encoding: str = ""
    width: int = 0
    height: int = 0
    step: int = 0


class FoxgloveCalibration(msgspec.Struct):
    """A camera's calibration."""

    width: int = 0
    height: int = 0
    K: list[float] = []
    P: list[float] = []
    timestamp: FoxgloveTime = FoxgloveTime()


class FoxglovePlace(msgspec.Struct):
    """One pose or several."""

    timestamp: FoxgloveTime = FoxgloveTime()
    pose: FoxglovePose | None = None
    poses: list[FoxglovePose] = []


class FoxgloveTransforms(msgspec.Struct):
    """Several transforms."""

    transforms: list[FoxgloveTransform] = []


_JSON: dict[str, type[msgspec.Struct]] = {
    "foxglove.RawImage": FoxgloveImage,
    "foxglove.CompressedImage": FoxgloveImage,
    VIDEO: FoxgloveImage,
    "foxglove.CameraCalibration": FoxgloveCalibration,
    "foxglove.PoseInFrame": FoxglovePlace,
    "foxglove.PosesInFrame": FoxglovePlace,
    "foxglove.FrameTransform": FoxgloveTransform,
    "foxglove.FrameTransforms": FoxgloveTransforms,
}


def is_read(schema: str, encoding: str) -> bool:
    """Return whether messages of a schema are read."""
    return encoding in ENCODINGS and schema in ROS_TYPES


def require_protobuf(where: str) -> None:
    """Raise MissingExtraError where Foxglove's classes are not installed."""
    try:
        import_module("foxglove_schemas_protobuf")
    except ImportError as e:
        raise MissingExtraError(
            f"{where}: its messages are Foxglove's in Protobuf and need foxglove-schemas-protobuf; "
            "install it with: pip install 'robotvision[bags]'"
        ) from e


def decode(data: bytes, schema: str, encoding: str) -> Any:
    """Return a message with the fields of the ROS message that it stands for.

    Raises
    ------
    ValueError
        The bytes are no such message.
    """
    try:
        message = _parse(data, schema, encoding)
    except Exception as e:  # msgspec's, base64's and protobuf's own errors
        raise ValueError(f"not a {schema} in {encoding} ({e})") from e
    return _READ_AS[schema](message)


def _parse(data: bytes, schema: str, encoding: str) -> Any:
    if encoding == "json":
        return msgspec.json.decode(data, type=_JSON[schema])
    name = schema.removeprefix("foxglove.")
    message = getattr(import_module(f"foxglove_schemas_protobuf.{name}_pb2"), name)()
    message.ParseFromString(data)
    return message


def stamp_ns(read: Callable[[int | None], bytes], schema: str, encoding: str) -> int:
    """Return the time of an image's message, from its beginning where it stands there.

    ``read(n)`` returns the first n bytes of the message, all where None. Raises ValueError.
    """
    head = read(_HEAD_BYTES)
    if encoding == "json" and (match := _JSON_TIME.match(head)):
        return int(match[1]) * 10**9 + int(match[2])
    if encoding == "protobuf" and head[:1] == b"\x0a" and len(head) > 1 and head[1] < 32:
        head = head[: 2 + head[1]]  # the field 1 alone: its tag, its length, a time
        return _ns(_parse(head, schema, encoding).timestamp)
    return _ns(_parse(read(None), schema, encoding).timestamp)


def _ns(time: Any) -> int:
    stamp = _stamp(time)
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def _stamp(time: Any) -> SimpleNamespace:
    """Return a time of JSON (sec, nsec) or of Protobuf (seconds, nanos) as ROS 2's."""
    if isinstance(time, FoxgloveTime):
        return SimpleNamespace(sec=time.sec, nanosec=time.nsec)
    return SimpleNamespace(sec=time.seconds, nanosec=time.nanos)


def _header(message: Any, frame_id: str = "") -> SimpleNamespace:
    return SimpleNamespace(stamp=_stamp(message.timestamp), frame_id=frame_id)


def _image(message: Any) -> SimpleNamespace:
    return SimpleNamespace(
        header=_header(message),
        data=np.frombuffer(message.data, np.uint8),
        format=getattr(message, "format", ""),
        encoding=getattr(message, "encoding", ""),
        width=getattr(message, "width", 0),
        height=getattr(message, "height", 0),
        step=getattr(message, "step", 0),
        is_bigendian=0,
    )


def _calibration(message: Any) -> SimpleNamespace:
    k, p = (list(v) if len(v) == n else [0.0] * n for v, n in ((message.K, 9), (message.P, 12)))
    size = {"width": message.width, "height": message.height}
    return SimpleNamespace(header=_header(message), K=k, P=p, **size)


def _place(message: Any) -> SimpleNamespace:
    poses = list(getattr(message, "poses", ()))
    pose = poses[0] if poses else getattr(message, "pose", None)
    if pose is None:
        raise ValueError("no pose in it")
    return SimpleNamespace(header=_header(message), pose=pose)


def _transform(message: Any) -> SimpleNamespace:
    move = SimpleNamespace(translation=message.translation, rotation=message.rotation)
    header = _header(message, message.parent_frame_id)
    return SimpleNamespace(header=header, child_frame_id=message.child_frame_id, transform=move)


def _transforms(messages: Iterable[Any]) -> SimpleNamespace:
    return SimpleNamespace(transforms=[_transform(m) for m in messages])


_READ_AS: dict[str, Callable[[Any], SimpleNamespace]] = {
    "foxglove.RawImage": _image,
    "foxglove.CompressedImage": _image,
    VIDEO: _image,
    "foxglove.CameraCalibration": _calibration,
    "foxglove.PoseInFrame": _place,
    "foxglove.PosesInFrame": _place,
    "foxglove.FrameTransform": lambda m: _transforms([m]),
    "foxglove.FrameTransforms": lambda m: _transforms(m.transforms),
}
