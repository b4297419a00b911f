"""Images out and texts in over DDS, with the topics and types that ROS 2 uses, without ROS.

ROS 2 prefixes a topic with ``rt`` and writes a type ``sensor_msgs/msg/Image`` as
``sensor_msgs::msg::dds_::Image_``. An image goes out as ready CDR (little-endian, XCDR 1): the
library's own serialiser takes some twenty times as long. Quality of service is ROS 2's default:
reliable, volatile, the last ten samples.
"""

from __future__ import annotations

import os
import re
import struct
import types
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import MissingExtraError, RobotVisionError, SystemFault

IMAGE, STRING = "sensor_msgs/msg/Image", "std_msgs/msg/String"
DEPTH = 10
"""Samples that a writer keeps for readers that are behind: ROS 2's default."""
MAX_DOMAIN = 232
_POLL_S = 0.01
_HEAD = b"\x00\x01\x00\x00"
"""Encapsulation of XCDR 1 in little-endian order."""
_TOPIC = re.compile(r"/?[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_][A-Za-z0-9_]*)*")


def topic_name(name: str) -> str:
    """Return a topic's name with a leading ``/``. Raises ValueError where ROS 2 knows none such."""
    if not isinstance(name, str) or not _TOPIC.fullmatch(name):
        raise ValueError(f"expected a topic's name as /camera/image_raw, got {name!r}")
    return name if name.startswith("/") else f"/{name}"


def domain_of(domain: int | None) -> int:
    """Return the domain: as given, else ``ROS_DOMAIN_ID``, else 0. Raises RobotVisionError."""
    own = os.environ.get("ROS_DOMAIN_ID") or "0"
    if domain is None and not own.isdecimal():
        raise RobotVisionError(f"ROS_DOMAIN_ID: expected a whole number, got {own!r}")
    number = int(own) if domain is None else domain
    if not 0 <= number <= MAX_DOMAIN:
        raise RobotVisionError(f"expected a DDS domain from 0 to {MAX_DOMAIN}, got {number}")
    return number


def image_cdr(image: NDArray[np.uint8], stamp_ns: int, frame_id: str = "camera") -> bytes:
    """Return (H, W, 3) uint8 RGB as a sensor_msgs/msg/Image in CDR.

    Raises
    ------
    SystemFault
        The time is before 1970 or after 2038, which ROS 2's cannot be.
    """
    sec, nanosec = divmod(stamp_ns, 10**9)
    if not 0 <= sec < 2**31:
        raise SystemFault(f"a time of {stamp_ns} ns does not fit ROS 2's whole seconds")
    height, width, _ = image.shape
    head = _padded(struct.pack("<iI", sec, nanosec) + _text(frame_id))
    head = _padded(head + struct.pack("<II", height, width) + _text("rgb8") + b"\0")
    head += struct.pack("<II", width * 3, image.nbytes)
    tail = b"\0" * (-(len(head) + image.nbytes) % 4)
    return b"".join((_HEAD, head, np.ascontiguousarray(image).data, tail))


def _text(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return struct.pack("<I", len(raw)) + raw


def _padded(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % 4)


def require_dds(what: str) -> None:
    """Raise MissingExtraError where the library is not installed."""
    try:
        import cyclonedds  # noqa: F401
    except ImportError as e:
        raise MissingExtraError(
            f"{what} needs cyclonedds; install it with: pip install 'robotvision[ros2]'"
        ) from e


@cache
def message_types() -> dict[str, Any]:
    """Return the classes of ROS 2's messages by name, made once."""
    idl: Any = import_module("cyclonedds.idl.types")
    uint32 = idl.uint32
    time = _struct("builtin_interfaces/msg/Time", {"sec": idl.int32, "nanosec": uint32})
    header = _struct("std_msgs/msg/Header", {"stamp": time, "frame_id": str})
    image = {
        "header": header,
        "height": uint32,
        "width": uint32,
        "encoding": str,
        "is_bigendian": idl.uint8,
        "step": uint32,
        "data": idl.sequence[idl.uint8],
    }
    return {IMAGE: _struct(IMAGE, image), STRING: _struct(STRING, {"data": str})}


def _struct(name: str, fields: dict[str, Any]) -> Any:
    from cyclonedds.idl import IdlStruct
    from cyclonedds.idl.annotations import final

    package, _, own = name.split("/")
    body = {"__annotations__": fields, "__module__": __name__}
    typename = {"typename": f"{package}.msg.dds_.{own}_"}
    cls = types.new_class(f"{own}_", (IdlStruct,), typename, lambda ns: ns.update(body))
    return final(dataclass(cls))


def ros_type(typename: str) -> str:
    """Return DDS' ``std_msgs::msg::dds_::String_`` as ROS 2's ``std_msgs/msg/String``."""
    return typename.replace("::dds_::", "::").removesuffix("_").replace("::", "/")


class RosNode:
    """A participant that writes images to one topic and, where named, reads texts from another.

    Parameters
    ----------
    image, answer : str
        Topics; None for ``answer``: nothing is read.
    domain : int
    """

    def __init__(self, image: str, answer: str | None, domain: int) -> None:
        from cyclonedds.builtin import (
            BuiltinDataReader,
            BuiltinTopicDcpsPublication,
            BuiltinTopicDcpsSubscription,
        )
        from cyclonedds.core import Policy, Qos
        from cyclonedds.domain import DomainParticipant
        from cyclonedds.pub import DataWriter
        from cyclonedds.sub import DataReader
        from cyclonedds.topic import Topic
        from cyclonedds.util import duration

        self.image, self.answer, self.domain = image, answer, domain
        known = message_types()
        reliable = Policy.Reliability.Reliable(duration(milliseconds=1000))
        qos = Qos(reliable, Policy.History.KeepLast(DEPTH), Policy.Durability.Volatile)
        self._participant = DomainParticipant(domain)
        topic = Topic(self._participant, f"rt{image}", known[IMAGE])
        self._writer: Any = DataWriter(self._participant, topic, qos=qos)
        self._reader: Any = None
        if answer is not None:
            topic = Topic(self._participant, f"rt{answer}", known[STRING])
            self._reader = DataReader(self._participant, topic, qos=qos)
            self._waiting = self._wait_set()
        self._endpoints = {
            image: BuiltinDataReader(self._participant, BuiltinTopicDcpsSubscription),
            answer: BuiltinDataReader(self._participant, BuiltinTopicDcpsPublication),
        }

    def _wait_set(self) -> Any:
        from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState, WaitSet

        mask = SampleState.Any | ViewState.Any | InstanceState.Any
        waiting = WaitSet(self._participant)
        waiting.attach(ReadCondition(self._reader, mask))
        return waiting

    def publish(self, image: NDArray[np.uint8], stamp_ns: int) -> None:
        """Write an image. Raises SystemFault."""
        from cyclonedds._clayer import ddspy_write

        code = ddspy_write(self._writer._ref, image_cdr(image, stamp_ns))
        if code < 0:
            raise SystemFault(f"{self.image}: the image cannot be written (DDS error {-code})")

    def texts(self) -> list[str]:
        """Return the texts that have come since the last call."""
        samples = self._reader.take(N=100)
        return [s.data for s in samples if hasattr(s, "data")]

    def wait(self, seconds: float) -> None:
        """Return when a text has come, at the latest after so many seconds."""
        from cyclonedds.util import duration

        self._waiting.wait(duration(seconds=max(0.0, seconds)))

    def missing(self) -> str | None:
        """Say which side nobody is at, in one line; None where both are joined."""
        if not self._writer.get_matched_subscriptions():
            return self._nobody(self.image, IMAGE, "takes")
        if self._reader is not None and not self._reader.get_matched_publications():
            return self._nobody(str(self.answer), STRING, "gives")
        return None

    def _nobody(self, topic: str, kind: str, verb: str) -> str:
        """Say why nobody is at a topic: nobody there, another type, or another quality."""
        found = {
            ros_type(e.type_name)
            for e in self._endpoints[topic].read(N=1000)
            if e.topic_name == f"rt{topic}" and e.participant_key != self._participant.guid
        }
        if others := sorted(found - {kind}):
            return f"{topic}: a node {verb} {', '.join(others)}, expected {kind}"
        if found:
            return (
                f"{topic}: a node {verb} {kind} with a quality of service that does not fit; "
                "expected reliable, volatile"
            )
        return f"{topic}: no node {verb} {kind} on the domain {self.domain}"

    def join(self, seconds: float) -> str | None:
        """Wait until nodes are at both topics; say what is missing where they do not come."""
        end = monotonic() + seconds
        while (missing := self.missing()) is not None and monotonic() < end:
            sleep(_POLL_S)
        return missing

    def flush(self, seconds: float) -> None:
        """Wait until readers have acknowledged all images, at the latest so many seconds."""
        from cyclonedds.core import DDSException
        from cyclonedds.util import duration

        try:
            self._writer.wait_for_acks(duration(seconds=seconds))
        except DDSException:
            return  # a reader that lags or left: what it has missed is its own loss
