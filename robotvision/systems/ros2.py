"""A ROS 2 node as the system: it takes images from one topic and gives rooms on another.

Each due frame is published as sensor_msgs/Image (rgb8) whose stamp is the frame's time; the answer
is the first std_msgs/String that comes then: a room's name, nothing for no answer, or a JSON object
as the wire protocol's ``answer`` (``room``, ``confidence``, ``objects``). Where that holds a
``timestamp_ns``, only the image of this stamp is answered by it. Texts that come while no frame is
asked are dropped and counted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import monotonic, perf_counter_ns
from typing import Any

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.records import Answer, Frame
from robotvision.systems import wire
from robotvision.systems.base import Reply, Session, System, View
from robotvision.systems.dds import RosNode, domain_of, require_dds, topic_name

_LOOK_S = 0.1
"""How often a wait for an answer is broken to see whether the node is still there."""


class Ros2(System):
    """A ROS 2 node, started by somebody else.

    Parameters
    ----------
    image, answer : str
        Topics of sensor_msgs/msg/Image and std_msgs/msg/String.
    channel : str, optional
        The colour channel that is published.
    domain : int, optional
        DDS domain; ``ROS_DOMAIN_ID``, else 0, where None.
    timeout_s : float, optional
        A frame that is not answered within it fails.
    start_timeout_s : float, optional
        How long to wait for the node before the first frame.

    Attributes
    ----------
    n_dropped : int
        Texts that came while no frame was asked, or for another frame.

    Raises
    ------
    RobotVisionError
        A name or a number makes no sense, or the library is not installed.
    """

    isolation = "none: a ROS 2 node, started outside the harness"

    def __init__(
        self,
        image: str,
        answer: str,
        channel: str = "rgb",
        domain: int | None = None,
        timeout_s: float = 10.0,
        start_timeout_s: float = 30.0,
    ) -> None:
        try:
            self.image, self.answer_topic = topic_name(image), topic_name(answer)
        except ValueError as e:
            raise RobotVisionError(str(e)) from e
        require_dds("a ROS 2 node as the system")
        self.domain = domain_of(domain)
        self.name = f"ros2 {self.answer_topic}"
        self.channels = (channel,)
        self.timeout_s, self.start_timeout_s = timeout_s, start_timeout_s
        self.n_dropped = 0
        self._node: RosNode | None = None
        self._session: Session | None = None

    @property
    def process_id(self) -> int:
        """The node's process is not known: 0."""
        return 0

    def start(self, session: Session) -> None:
        """Wait until the node is at both topics. Raises SystemFault."""
        self._session = session
        self._node = RosNode(self.image, self.answer_topic, self.domain)
        if (missing := self._node.join(self.start_timeout_s)) is not None:
            self.close()
            raise SystemFault(f"{missing}, waited {self.start_timeout_s:g} s")

    def reset(self, view: View) -> None:
        """Drop what came in between; the node is not told. Raises SystemFault."""
        channel = (self.channels or ("rgb",))[0]
        if channel not in view.channels:
            have = ", ".join(view.channels) or "none"
            raise SystemFault(f"{self.image}: the sequence has no {channel!r} (it has: {have})")
        self._drop()

    def _drop(self) -> None:
        if self._node is not None:
            self.n_dropped += len(self._node.texts())

    def answer(self, frame: Frame) -> Reply:
        """Publish the frame and wait for its answer. Raises SystemFault."""
        if self._node is None or self._session is None:
            raise SystemFault("the node is closed")
        channel = (self.channels or ("rgb",))[0]
        image = frame.images.get(channel)
        if image is None:
            raise SystemFault(f"at frame {frame.index}: it has no {channel!r}")
        self._drop()
        began_ns = perf_counter_ns()
        self._node.publish(image, frame.timestamp_ns)
        sent_ns = perf_counter_ns()
        try:
            message = self._take(self._node, frame)
            answer, own = wire.answer(message, self._session.task)
        except SystemFault as e:
            raise SystemFault(f"at frame {frame.index}: {e}") from e
        took_ns = perf_counter_ns() - sent_ns
        stages = {"send": sent_ns - began_ns, **{f"node.{k}": v for k, v in own.items()}}
        if sum(own.values()) <= took_ns:
            stages["node.other"] = took_ns - sum(own.values())
        else:
            stages = {"send": sent_ns - began_ns, "node.other": took_ns}
        return Reply(answer, stages)

    def _take(self, node: RosNode, frame: Frame) -> Mapping[str, Any]:
        """Return the answer to a frame as a message of the wire protocol. Raises SystemFault."""
        end = monotonic() + self.timeout_s
        while (left := end - monotonic()) > 0:
            node.wait(min(left, _LOOK_S))
            texts = node.texts()
            for k, text in enumerate(texts):
                message = parse_text(text)
                if message.pop("timestamp_ns", frame.timestamp_ns) == frame.timestamp_ns:
                    self.n_dropped += len(texts) - k - 1
                    return message
                self.n_dropped += 1
            if not texts and (missing := node.missing()) is not None:
                raise SystemFault(f"the node has left: {missing}")
        raise SystemFault(f"no answer on {self.answer_topic} within {self.timeout_s:g} s")

    def close(self) -> None:
        """Leave the domain."""
        self._node = None


class Ros2Camera(System):
    """A camera's stand-in: each frame is published and nothing is waited for.

    Parameters
    ----------
    image : str
        Topic of sensor_msgs/msg/Image.
    channel, domain : optional
        As of `Ros2`.
    start_timeout_s : float, optional
        How long to wait for somebody who takes images; they are published all the same.
    """

    name = "ros2 camera"

    def __init__(
        self,
        image: str,
        channel: str = "rgb",
        domain: int | None = None,
        start_timeout_s: float = 5.0,
    ) -> None:
        try:
            self.image = topic_name(image)
        except ValueError as e:
            raise RobotVisionError(str(e)) from e
        require_dds("publishing to ROS 2")
        self.domain, self.channels = domain_of(domain), (channel,)
        self.start_timeout_s = start_timeout_s
        self.missing: str | None = None
        self._node: RosNode | None = None

    def start(self, session: Session) -> None:
        """Wait for somebody who takes images; ``missing`` says where nobody does."""
        self._node = RosNode(self.image, None, self.domain)
        self.missing = self._node.join(self.start_timeout_s)

    def answer(self, frame: Frame) -> Reply:
        """Publish the frame. Raises SystemFault."""
        image = frame.images.get((self.channels or ("rgb",))[0])
        if self._node is None or image is None:
            raise SystemFault(f"at frame {frame.index}: no image to publish")
        self._node.publish(image, frame.timestamp_ns)
        return Reply(Answer(None))

    def close(self) -> None:
        """Wait for readers that are behind, and leave the domain."""
        if self._node is not None:
            self._node.flush(2.0)
        self._node = None


def parse_text(text: str) -> dict[str, Any]:
    """Return a node's text as the message ``answer`` of the wire protocol.

    Raises
    ------
    SystemFault
        It begins like JSON and is none.
    """
    if not text.lstrip().startswith("{"):
        return {"room": text.strip() or None}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise SystemFault(f"answer: not JSON ({str(e)[:200]}), got {text[:80]!r}") from e
    return dict(message)
