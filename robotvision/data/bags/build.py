"""A robot recording as a sequence: images in time order, poses and rooms joined by time.

The place of each message of the chosen topics is indexed first, then one pass in the order of the
file reads poses and labels whole and of images the header alone. The frames are those of the
reference channel (the first of rgb, depth, left, right that is there); images of the others are
joined to them one to one (see `robotvision.data.associate`). The label of a topic holds from its
message to the next one.
"""

from __future__ import annotations

import bisect
import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from robotvision.data.associate import one_to_one
from robotvision.data.bags import foxglove
from robotvision.data.bags.camera import camera_calibration
from robotvision.data.bags.image import BagImage, Recording
from robotvision.data.bags.messages import POSES, STAMP_BYTES, VIDEO, planar, read_message, stamp_ns
from robotvision.data.bags.pose import Transforms, at_times, poses_of
from robotvision.data.bags.storage import Ref, Storage, Topic
from robotvision.data.bags.topics import CHANNELS, ROLES, TopicChoice, choose, contents
from robotvision.data.bags.video import BagVideo, BagVideoFrame, require_av
from robotvision.data.names import MAX_TIME_NS
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Pose, Reading, Source
from robotvision.errors import Fault, InputFaults
from robotvision.records import Truth

if TYPE_CHECKING:
    from robotvision.data.bags.reader import BagReader

CHANNEL_KINDS = {c: ChannelKind.DEPTH_MM if c == "depth" else ChannelKind.COLOR for c in CHANNELS}
_STATIC = "/tf_static"


@dataclass(slots=True)
class Contents:
    """The messages that one pass over the chosen topics read.

    ``images`` are (time, place) by topic, ``others`` (time, log time, message) of poses and
    labels, ``infos`` the first calibration of each topic, ``broken`` unreadable messages by topic.
    """

    images: dict[str, list[tuple[int, Ref]]] = field(default_factory=dict)
    others: dict[str, list[tuple[int, int, Any]]] = field(default_factory=dict)
    infos: dict[str, Any] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)


def build(path: Path, reader: BagReader) -> Reading:
    """Return the sequence of a recording, with every fault and what else is worth knowing."""
    recording = Recording(path)
    try:
        storage = recording.storage
    except InputFaults as e:
        return Reading(None, list(e.faults))
    choice = choose(storage.topics, {role: getattr(reader, role) for role in ROLES})
    faults = [Fault(path, message) for message in choice.errors]
    if not faults and not choice.cameras:
        faults.append(
            Fault(
                path,
                "no images in it that can be read",
                remedy="its topics: " + (contents(storage.topics) or "none"),
            )
        )
    if faults:
        return Reading(None, faults)
    _require_libraries(path, storage, choice)
    warnings = [*storage.warnings, *choice.notes]
    read = _read_topics(storage, choice, reader.clock)
    warnings += [f"{n} messages of {name} cannot be read" for name, n in read.broken.items()]
    frames = _Frames(recording, choice, read, reader, warnings)
    faults += frames.time_faults()
    if faults:
        return Reading(None, faults, warnings)
    return frames.reading(storage.start_ns or 0)


def _require_libraries(path: Path, storage: Storage, choice: TopicChoice) -> None:
    """Raise MissingExtraError where the chosen topics need a library that is not installed."""
    chosen = [storage.topics[name] for name in choice.names()]
    if any(t.schema and t.encoding == "protobuf" for t in chosen):
        foxglove.require_protobuf(str(path))
    if any(t.type == VIDEO for t in chosen):
        require_av(str(path))


def _read_topics(storage: Storage, choice: TopicChoice, clock: str) -> Contents:
    """Read what is needed of every chosen topic, in the order of the file."""
    cameras = {t.name for t in choice.cameras.values()}
    infos = {t.name for t in choice.infos.values()}
    refs = storage.refs(choice.names())
    todo = sorted(
        (ref, name) for name, rs in refs.items() for ref in (rs[:1] if name in infos else rs)
    )
    read = Contents()
    for ref, name in todo:
        topic = storage.topics[name]
        try:
            if name in cameras:
                stamp = 0 if clock == "log" else _head_ns(storage, ref, topic)
                read.images.setdefault(name, []).append((stamp or ref.log_ns, ref))
                continue
            message = read_message(storage.read(ref), topic)
        except Exception:  # a broken message is counted, and reported when its image is read
            read.broken[name] += 1
            if name in cameras:
                read.images.setdefault(name, []).append((ref.log_ns, ref))
            continue
        if name in infos:
            read.infos[name] = message
        else:
            time_ns = ref.log_ns if clock == "log" else _message_ns(message) or ref.log_ns
            read.others.setdefault(name, []).append((time_ns, ref.log_ns, message))
    for images in read.images.values():
        images.sort(key=lambda p: p[0])
    return read


def _head_ns(storage: Storage, ref: Ref, topic: Topic) -> int:
    if topic.schema:
        return foxglove.stamp_ns(lambda n: storage.read(ref, n), topic.schema, topic.encoding)
    try:
        return stamp_ns(storage.read(ref, STAMP_BYTES), topic.encoding)
    except struct.error:
        return 0


def _message_ns(message: Any) -> int:
    """Return the time in a message's header, 0 where it has none."""
    stamp = getattr(getattr(message, "header", None), "stamp", None)
    return 0 if stamp is None else stamp.sec * 10**9 + stamp.nanosec


class _Frames:
    """Joins the messages that were read to the images of the reference channel."""

    def __init__(
        self,
        recording: Recording,
        choice: TopicChoice,
        messages: Contents,
        reader: BagReader,
        warnings: list[str],
    ) -> None:
        self.recording, self.choice, self.messages, self.reader = (
            recording,
            choice,
            messages,
            reader,
        )
        self.path, self.warnings = recording.path, warnings
        self.faults: list[Fault] = []
        self.reference = next(c for c in CHANNELS if c in choice.cameras)
        self.rows = messages.images[choice.cameras[self.reference].name]
        self.times = np.array([t for t, _ in self.rows], np.int64)
        self.max_diff_ns = round(reader.max_diff_s * 1e9)

    def time_faults(self) -> list[Fault]:
        """Return a fault where times make no sense."""
        worst = max(t for t, _ in self.rows)
        if worst <= MAX_TIME_NS:
            return []
        return [
            Fault(
                self.path,
                f"an image's time is {worst} ns, which is out of range",
                remedy="read it with clock: log",
            )
        ]

    def reading(self, start_ns: int) -> Reading:
        sources = self._join_images()
        poses = self._join_poses()
        frames = tuple(
            FrameEntry(i, time_ns, sources[i], 0, poses[i], f"frame_{i:06d}")
            for i, time_ns in enumerate(self.times.tolist())
        )
        rooms = self._label_frames()
        sequence = ImageSequence(
            name=self.path.resolve().stem if self.path.is_file() else self.path.resolve().name,
            root=self.path,
            reader="bag",
            channels={c: CHANNEL_KINDS[c] for c in CHANNELS if c in self.choice.cameras},
            frames=frames,
            calibration=self._read_calibration(sources[0]),
            truth=None if rooms is None else {i: Truth(r) for i, r in enumerate(rooms) if r},
            note=", ".join(f"{c}: {t.name}" for c, t in self.choice.cameras.items()),
        )
        elapsed_ns = {i: ref.log_ns - start_ns for i, (_, ref) in enumerate(self.rows)}
        return Reading(sequence, self.faults, self.warnings, elapsed_ns)

    def _join_images(self) -> list[dict[str, Source]]:
        result: list[dict[str, Source]] = [{} for _ in self.rows]
        for channel in CHANNELS:
            topic = self.choice.cameras.get(channel)
            if topic is None:
                continue
            rows = self.messages.images[topic.name]
            joined = range(len(rows)) if channel == self.reference else self._join(channel, rows)
            is_video = topic.type == VIDEO
            video = BagVideo(self.recording, topic, [ref for _, ref in rows] if is_video else [])
            for sources, k in zip(result, joined, strict=True):
                if k >= 0 and is_video:
                    sources[channel] = BagVideoFrame(video, k)
                elif k >= 0:
                    sources[channel] = BagImage(
                        self.recording, topic, CHANNEL_KINDS[channel], k, rows[k][1]
                    )
        return result

    def _join(self, channel: str, rows: list[tuple[int, Ref]]) -> list[int]:
        joined = one_to_one(self.times, np.array([t for t, _ in rows], np.int64), self.max_diff_ns)
        if alone := int((joined < 0).sum()):
            self.warnings.append(
                f"{alone} of {len(joined)} frames have no {channel} within "
                f"{self.reader.max_diff_s:g} s (max_diff_s)"
            )
        return [int(k) for k in joined]

    def _read_calibration(self, first: dict[str, Source]) -> dict[str, dict[str, float]]:
        cameras = {}
        for channel, topic in self.choice.cameras.items():
            about = self.choice.infos.get(channel)
            info = self.messages.infos.get(about.name) if about else None
            if info is None:
                continue
            camera = camera_calibration(info, topic, first.get(channel), self.warnings)
            if channel not in ("left", "right"):
                camera.pop("baseline_m", None)
            if camera:
                cameras[channel] = camera
        baseline = cameras.get("right", {}).get("baseline_m")
        if baseline and "left" in cameras:
            cameras["left"].setdefault("baseline_m", baseline)
        return cameras

    def _join_poses(self) -> list[Pose | None]:
        topic = self.choice.pose
        nowhere: list[Pose | None] = [None] * len(self.rows)
        if topic is None:
            return nowhere
        messages = self.messages.others.get(topic.name, [])
        poses = nowhere
        if topic.type in POSES:
            rows = {t: p for t, _, m in messages if (p := planar(POSES[topic.type](m))) is not None}
            if rows:
                poses = at_times(self.times, *poses_of(rows), self.max_diff_ns)
        else:
            poses = self._follow_transforms(messages)
        if alone := sum(p is None for p in poses):
            self.warnings.append(f"{alone} of {len(poses)} frames have no pose ({topic.name})")
        return poses

    def _follow_transforms(self, messages: list[tuple[int, int, Any]]) -> list[Pose | None]:
        tree = Transforms()
        for _, log_ns, message in self.messages.others.get(_STATIC, []):
            tree.add(((log_ns, t) for t in message.transforms), is_static=True)
        for _, log_ns, message in messages:
            by_log = self.reader.clock == "log"
            tree.add(
                ((log_ns if by_log else _message_ns(t) or log_ns, t) for t in message.transforms),
                is_static=False,
            )
        edges = tree.chain(self.reader.fixed_frame, self.reader.robot_frame)
        if edges:
            return tree.at_times(edges, self.times, self.max_diff_ns)
        is_named = self.reader.fixed_frame or self.reader.robot_frame
        ends = self.reader.fixed_frame or "the fixed frame", self.reader.robot_frame or "base_link"
        known = ", ".join(tree.frames()) or "none"
        message = f"no chain of transforms from {ends[0]} to {ends[1]}; frames: {known}"
        if is_named:
            self.faults.append(Fault(self.path, message))
        else:
            self.warnings.append(f"{message} (name them with fixed_frame, robot_frame)")
        return [None] * len(self.times)

    def _label_frames(self) -> list[str | None] | None:
        """Return the frames' rooms by the topic of labels, None where there is none."""
        topic = self.choice.label
        if topic is None:
            return None
        named = sorted(
            (log_ns, m.data) for _, log_ns, m in self.messages.others.get(topic.name, [])
        )
        rooms = _rooms_by_topic([ref.log_ns for _, ref in self.rows], named)
        if missing := sum(r is None for r in rooms):
            self.warnings.append(
                f"{missing} of {len(rooms)} frames have no label yet ({topic.name})"
            )
        return rooms


def _rooms_by_topic(log_ns: list[int], labels: list[tuple[int, str]]) -> list[str | None]:
    """Return the label that holds at each log time; None before the first and where it is empty."""
    starts = [t for t, _ in labels]
    rooms: list[str | None] = []
    for time_ns in log_ns:
        k = bisect.bisect_right(starts, time_ns) - 1
        rooms.append(labels[k][1].strip() or None if k >= 0 else None)
    return rooms
