"""The contents of messages: images, calibration, poses, labels.

rosbags takes the bytes apart by its own definitions of the standard messages of ROS 1 (Noetic) and
ROS 2 (Humble; the same in all later releases); definitions in the recording are not used.
"""

from __future__ import annotations

import math
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

from robotvision.data.bags import foxglove
from robotvision.data.bags.storage import Topic
from robotvision.data.sequence import Pose

if TYPE_CHECKING:
    from rosbags.typesys.store import Typestore

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
INFO = "sensor_msgs/msg/CameraInfo"
VIDEO = foxglove.VIDEO
STRING = "std_msgs/msg/String"
TRANSFORMS = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
ODOMETRY = "nav_msgs/msg/Odometry"
POSES = {
    ODOMETRY: lambda m: m.pose.pose,
    "geometry_msgs/msg/PoseWithCovarianceStamped": lambda m: m.pose.pose,
    "geometry_msgs/msg/PoseStamped": lambda m: m.pose,
}
"""Messages that hold a pose, and where in them."""

STAMP_BYTES = 16
"""A header's time is in the first bytes of a message."""


@cache
def _store(encoding: str) -> Typestore:
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.ROS1_NOETIC if encoding == "ros1" else Stores.ROS2_HUMBLE)
    if TRANSFORMS[0] not in store.fielddefs:  # the library's list of ROS 1 lacks tf2
        fields = "geometry_msgs/TransformStamped[] transforms"
        store.register(get_types_from_msg(fields, TRANSFORMS[0]))
    return store


def decode(data: bytes, kind: str, encoding: str) -> Any:
    """Return a message as an object with the fields of its definition.

    Raises
    ------
    ValueError
        The bytes are no such message.
    """
    kind = TRANSFORMS[0] if kind in TRANSFORMS else kind
    store = _store(encoding)
    try:
        if encoding == "ros1":
            return store.deserialize_ros1(data, kind)
        return store.deserialize_cdr(data, kind)
    except Exception as e:  # the library raises whatever it trips over in broken bytes
        raise ValueError(f"not a {kind} ({str(e) or type(e).__name__})") from e


def read_message(data: bytes, topic: Topic) -> Any:
    """Return a topic's message as an object with the fields of its ROS definition.

    Raises
    ------
    ValueError
        The bytes are no such message.
    """
    if topic.schema:
        return foxglove.decode(data, topic.schema, topic.encoding)
    return decode(data, topic.type, topic.encoding)


def stamp_ns(head: bytes, encoding: str) -> int:
    """Return the time in a message's header; 0 where the bytes are too few."""
    if len(head) < 12:
        return 0
    if encoding == "ros1":
        _, sec, nsec = struct.unpack_from("<III", head)
    else:
        sec, nsec = struct.unpack_from("<iI" if head[1] & 1 else ">iI", head, 4)
    return max(0, int(sec) * 10**9 + int(nsec))


def planar(pose: Any) -> Pose | None:
    """Return x, y and the heading of a pose in space; None where it is none."""
    p, q = pose.position, pose.orientation
    x, y, theta = p.x, p.y, heading(q.x, q.y, q.z, q.w)
    return (x, y, theta) if all(map(math.isfinite, (x, y, theta))) else None


def heading(x: float, y: float, z: float, w: float) -> float:
    """Return the turn about the vertical of a quaternion (of any length)."""
    return math.atan2(2 * (w * z + x * y), w * w + x * x - y * y - z * z)


def calibration(info: Any, rectified: bool) -> dict[str, float]:
    """Return a camera's calibration; empty where it was never calibrated.

    Of rectified images the projection P holds, of others the matrix K; the baseline of a stereo
    pair is -Tx / fx in either (sensor_msgs/CameraInfo).
    """
    k, p = (info.K, info.P) if hasattr(info, "K") else (info.k, info.p)
    fx, fy, cx, cy = (
        (p[0], p[5], p[2], p[6]) if rectified and p[0] > 0 else (k[0], k[4], k[2], k[5])
    )
    if not fx > 0 or not fy > 0:
        return {}
    result = {"fx": fx, "fy": fy, "cx": cx, "cy": cy}
    if info.width and info.height:
        result |= {"width": info.width, "height": info.height}
    if p[0] > 0 and p[3] != 0:
        result["baseline_m"] = abs(p[3] / p[0])
    return {key: float(value) for key, value in result.items()}
