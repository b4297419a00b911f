"""Which topics of a recording become which channel, by type and name.

Colour: an image topic whose name says neither depth nor left, right or what no room is recognised
by; names with ``color`` or ``rgb`` first, rectified before raw, uncompressed before compressed,
then the one with more messages. Depth: a name with ``depth``, registered to the colour image
first. Left and right: a name with that word. Any of them can be named instead, or left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from robotvision.data.bags.messages import (
    COMPRESSED,
    IMAGE,
    INFO,
    POSES,
    STRING,
    TRANSFORMS,
    VIDEO,
)
from robotvision.data.bags.storage import Topic
from robotvision.data.names import ROOM_WORDS
from robotvision.errors import near

CHANNELS = ("rgb", "depth", "left", "right")
"""In the order in which one of them is the reference that the others are joined to."""

NONE = "none"
"""Named in place of a topic: leave the channel out."""

ROLES = (*CHANNELS, "pose", "label")

_TYPES = {
    **dict.fromkeys(CHANNELS, (IMAGE, COMPRESSED, VIDEO)),
    "depth": (IMAGE, COMPRESSED),
    "pose": (*POSES, *TRANSFORMS),
    "label": (STRING,),
}
_ODD = re.compile(
    r"(theora|disparity|confidence|mask|debug|infra|\bir\b|thermal|segment|label|"
    r"semantic|detection|annotated|fisheye|mono8?_debug)"
)
_READ = ("ros1", "cdr")


@dataclass(slots=True)
class TopicChoice:
    """The chosen topics.

    ``cameras`` and ``infos`` are by channel. ``notes`` say what else could have been taken,
    ``errors`` what was named and is not there.
    """

    cameras: dict[str, Topic] = field(default_factory=dict)
    infos: dict[str, Topic] = field(default_factory=dict)
    pose: Topic | None = None
    static: Topic | None = None
    label: Topic | None = None
    notes: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the names of all topics that are read."""
        one = [t for t in (self.pose, self.static, self.label) if t is not None]
        return sorted({t.name for t in (*self.cameras.values(), *self.infos.values(), *one)})


def choose(topics: Mapping[str, Topic], named: Mapping[str, str | None]) -> TopicChoice:
    """Return the topics of each role; ``named`` gives a topic's name, ``none`` or None by role."""
    choice = TopicChoice()
    usable = {n: t for n, t in topics.items() if _is_read(t) and t.n_messages}
    for role in ROLES:
        name = named.get(role)
        if name == NONE:
            continue
        topic = (
            _require_topic(role, name, topics, choice)
            if name
            else _best_topic(role, usable, choice)
        )
        if topic is None:
            continue
        if role in CHANNELS:
            choice.cameras[role] = topic
            if (info := _info(topic, usable)) is not None:
                choice.infos[role] = info
        else:
            setattr(choice, role, topic)
    if choice.pose is not None and choice.pose.type in TRANSFORMS:
        choice.static = usable.get("/tf_static")
    return choice


def _require_topic(
    role: str, name: str, topics: Mapping[str, Topic], choice: TopicChoice
) -> Topic | None:
    """Return the topic that the user named, or note what is wrong with it."""
    topic = topics.get(name) or topics.get(f"/{name}")
    known = sorted(t.name for t in topics.values() if t.type in _TYPES[role])
    if topic is None:
        choice.errors.append(
            f"no topic {name!r} for {role}{near(name, known)}; it has: "
            f"{_join_names(known) or 'none of its kind'}"
        )
    elif topic.type not in _TYPES[role]:
        choice.errors.append(
            f"the topic {topic.name} for {role} holds {topic.type}, expected "
            f"{' or '.join(_TYPES[role])}; it has: "
            f"{_join_names(known) or 'none of its kind'}"
        )
    elif not _is_read(topic):
        choice.errors.append(
            f"the topic {topic.name} is encoded as {topic.encoding!r}, expected ros1 or cdr (json "
            "and protobuf are read of Foxglove's schemas)"
        )
    elif not topic.n_messages:
        choice.errors.append(f"the topic {topic.name} for {role} has no messages")
    else:
        return topic
    return None


def _is_read(topic: Topic) -> bool:
    return topic.encoding in _READ or bool(topic.schema)


def _best_topic(role: str, topics: Mapping[str, Topic], choice: TopicChoice) -> Topic | None:
    ranked = sorted(
        ((rank, t.name) for t in topics.values() if (rank := _rank(role, t)) is not None),
    )
    if not ranked:
        return None
    best = topics[ranked[0][1]]
    if role in CHANNELS:
        own = _camera(best.name)
        others = sorted({n for _, n in ranked[1:] if _camera(n) != own})
        if others:
            choice.notes.append(
                f"{role} is read from {best.name}; also there: {_join_names(others)} "
                f"(name one with {role})"
            )
    return best


def _rank(role: str, topic: Topic) -> tuple[int, ...] | None:
    """Return what a topic is worth for a role, the least first; None where it is nothing for it."""
    name = topic.name.lower()
    if topic.type not in _TYPES[role]:
        return None
    if role == "pose":
        return _TYPES["pose"].index(topic.type), -topic.n_messages
    if role == "label":
        return (-topic.n_messages,) if ROOM_WORDS.search(name) else None
    if _ODD.search(name.replace("depth_registered", "")) or _kind(name) != role:
        return None
    is_packed = (IMAGE, COMPRESSED, VIDEO).index(topic.type)
    if role == "depth":
        return (
            int(not re.search(r"aligned|registered|to_color", name)),
            is_packed,
            -topic.n_messages,
        )
    words = int(not re.search(r"color|colour|rgb", name))
    return words, int("mono" in name), int("rect" not in name), is_packed, -topic.n_messages


def _kind(name: str) -> str:
    """Return the channel that a topic's name speaks of."""
    if "depth" in name:
        # The colour images of OpenNI's registered depth are under .../rgb/.
        return "rgb" if re.search(r"depth_registered/.*rgb", name) else "depth"
    words = set(re.split(r"[^a-z0-9]+", name))
    for side in ("left", "right"):
        if side in words:
            return side
    return "rgb"


def _camera(name: str) -> str:
    """Return the camera of an image topic: its name without form and transport."""
    for tail in ("/compressedDepth", "/compressed", "/raw"):
        name = name.removesuffix(tail)
    return name.rpartition("/")[0] or name


def is_rectified(topic: Topic) -> bool:
    """Return whether a topic's name says that its images are rectified."""
    return "rect" in topic.name.lower()


def _info(topic: Topic, topics: Mapping[str, Topic]) -> Topic | None:
    """Return the calibration's topic of a camera: camera_info beside the images, or above."""
    place = topic.name
    for _ in range(3):
        place = place.rpartition("/")[0]
        for name in ("camera_info", "calibration"):  # ROS's usual name, and Foxglove's
            info = topics.get(f"{place}/{name}")
            if info is not None and info.type == INFO:
                return info
    return None


def _join_names(names: Iterable[str], most: int = 6) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def contents(topics: Mapping[str, Topic]) -> str:
    """Return a recording's topics with their types in one line, for messages."""
    return _join_names(
        f"{t.name} ({t.schema or t.type}{'' if _is_read(t) else f', {t.encoding}'})"
        for t in sorted(topics.values(), key=lambda t: t.name)
    )
