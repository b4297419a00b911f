"""The wire protocol, version 1: what the harness and a program send each other.

A control line is ``@rv1 `` and one JSON object with a ``type``: ``hello``, ``reset``, ``frame`` and
``bye`` from the harness; ``ready`` and ``answer`` from the program. ``docs/protocol.md`` is the
whole text. Here are the harness's own lines and the check of the program's, without any process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robotvision.data.sequence import ChannelKind
from robotvision.errors import SystemFault, near
from robotvision.records import NO_OBJECTS, NO_STAGES, Answer
from robotvision.systems.base import Session, View
from robotvision.systems.bounds import (
    MAX_DIGITS,
    MAX_LABEL,
    MAX_LINE,
    MAX_NAME,
    MAX_NS,
    MAX_QUOTE,
    MAX_STAGE_NAME,
    MAX_STAGES,
    plain,
    quoted,
)
from robotvision.tasks.labels import LabelMatcher
from robotvision.tasks.model import Task

VERSION = 1
PREFIX = b"@rv1 "
MARK = b"@rv"
"""What begins a control line of any version."""

DTYPES = {ChannelKind.COLOR: "uint8", ChannelKind.DEPTH_MM: "uint16", ChannelKind.POINTS: "float32"}
_SHAPES = {
    ChannelKind.COLOR: [None, None, 3],
    ChannelKind.DEPTH_MM: [None, None],
    ChannelKind.POINTS: [None, 3],
}

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits, at most {MAX_DIGITS}")
    return int(digits)


_loads = json.JSONDecoder(parse_int=_whole).decode


def line(message: Mapping[str, Any]) -> bytes:
    """Return ``message`` as a control line."""
    return PREFIX + dumps(message).encode() + b"\n"


def hello(
    session: Session, view: View, transports: Sequence[str], ring: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the first message: the rules, the cameras and the transports of pixels.

    Parameters
    ----------
    transports : sequence of str
        ``shm``, ``pipe``: what the program may choose from, the best first.
    ring : mapping or None
        ``fd, path, bytes`` of the shared memory.
    """
    task = session.task
    room = task.points.room
    message = {
        "type": "hello",
        "version": VERSION,
        "task": {
            "id": task.id,
            "rooms": list(task.room_names),
            "unknown": task.unknown,
            "objects": list(task.objects),
            "points": {
                "correct": room.correct,
                "wrong": room.wrong,
                "unanswered": room.unanswered,
            },
        },
        "mode": session.mode,
        "deadline_ns": session.deadline_ns,
        "seed": session.seed,
        **cameras(view),
        "transports": list(transports),
    }
    if ring is not None:
        message["shm"] = dict(ring)
    return message


def cameras(view: View) -> dict[str, Any]:
    """Return the part of `hello` and `reset` that describes the cameras of a sequence."""
    channels = {
        name: {
            "kind": str(channel.kind),
            "dtype": DTYPES[channel.kind],
            "shape": list(channel.shape) if channel.shape else _SHAPES[channel.kind],
        }
        for name, channel in view.channels.items()
    }
    calibration = {name: dict(values) for name, values in view.calibration.items()}
    return {"channels": channels, "calibration": calibration, "rate_hz": view.rate_hz}


def parse(raw: bytes) -> dict[str, Any]:
    """Return the message of a control line (without its line end).

    Raises
    ------
    SystemFault
        Another version, not JSON, or not an object with a ``type``.
    """
    if len(raw) > MAX_LINE:
        raise SystemFault(
            f"malformed line {_shown(raw)}: more than {MAX_LINE >> 20} MiB in one control line"
        )
    if not raw.startswith(PREFIX):
        raise SystemFault(
            f"the program speaks {_shown(raw[:8])}, expected lines that start with '@rv1 '; use a "
            f"client kit of protocol version {VERSION}"
        )
    try:
        message = _loads(raw[len(PREFIX) :].decode())
    except (ValueError, RecursionError) as e:
        raise SystemFault(
            f"malformed line {_shown(raw)}: not JSON ({plain(str(e), MAX_QUOTE)}); write one JSON "
            "object after '@rv1 ', all on one line"
        ) from e
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise SystemFault(
            f"malformed line {_shown(raw)}: expected a JSON object with a 'type' after '@rv1 '"
        )
    return message


@dataclass(frozen=True, slots=True)
class Ready:
    """What a program asks for: its name, the channels it wants, how it takes pixels."""

    name: str | None
    channels: tuple[str, ...]
    transport: str


def ready(message: Mapping[str, Any], view: View, transports: Sequence[str]) -> Ready:
    """Check a ``ready`` message.

    Raises
    ------
    SystemFault
        Another type or version, a channel that is not there, a transport not offered.
    """
    if message["type"] != "ready":
        raise SystemFault(
            f"expected 'ready' as the program's first message, got "
            f"{quoted(message['type'])}; answer "
            'hello with {"type": "ready"}'
        )
    version = message.get("version", VERSION)
    if not is_integer(version, VERSION):
        raise SystemFault(
            f"ready: the program speaks version {quoted(version)}, expected {VERSION}"
        )
    name = message.get("name")
    if name is not None and not isinstance(name, str):
        raise SystemFault(f"ready: name: expected text, got {quoted(name)}")
    transport = message.get("transport", transports[0])
    if not isinstance(transport, str) or transport not in transports:
        raise SystemFault(
            f"ready: transport: expected one of {', '.join(transports)}, got {quoted(transport)}"
        )
    name = plain(name, MAX_NAME) if name else None
    return Ready(name, _channels(message.get("channels"), view), transport)


def _channels(names: object, view: View) -> tuple[str, ...]:
    if names is None:
        return tuple(view.channels)
    if not isinstance(names, list) or not all(isinstance(c, str) for c in names):
        raise SystemFault(f"ready: channels: expected a list of names, got {quoted(names)}")
    for name in names:
        if name not in view.channels:
            have = ", ".join(view.channels) or "none"
            raise SystemFault(
                f"ready: channels: {quoted(name)} is not there{_near(name, view.channels)}; the "
                f"sequence has: {have}; ask only for channels named in hello"
            )
    return tuple(dict.fromkeys(names))


def is_integer(value: object, wanted: int) -> bool:
    """Return whether ``value`` is the integer ``wanted``; neither ``true`` nor ``1.0`` is 1."""
    return type(value) is int and value == wanted


def answer(message: Mapping[str, Any], task: Task) -> tuple[Answer, Mapping[str, int]]:
    """Return the answer and the stage times of an ``answer`` message.

    Raises
    ------
    SystemFault
        The program reports that it failed (``fault``), or a value is not what the task allows or
        is over a bound.
    """
    fault = message.get("fault")
    if fault is not None:
        raise SystemFault(
            f"the program says: {plain(fault) if isinstance(fault, str) else quoted(fault)}"
        )
    if "room" not in message:
        raise SystemFault("answer: 'room' is missing; give a room, or null for no answer")
    room, labels = message["room"], task.labels
    if room is not None and not isinstance(room, str):
        raise SystemFault(f"answer: room: expected a label or null, got {quoted(room)}")
    if room is not None and labels and room not in labels:
        raise SystemFault(
            f"answer: room {quoted(room)} is not a label of the task"
            f"{_hint(room, task.room_matcher)}; expected one of {', '.join(labels)}, "
            "or null for no answer"
        )
    if room is not None and (len(room) > MAX_LABEL or not room.isprintable()):
        raise SystemFault(
            f"answer: room {quoted(room)}: expected printable text of at most {MAX_LABEL} "
            "characters"
        )
    objects = _objects(message.get("objects"), task)
    return Answer(room, _confidence(message.get("confidence")), objects), _stages(message)


def _confidence(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SystemFault(f"answer: confidence: expected a number from 0 to 1, got {quoted(value)}")
    if not 0 <= value <= 1:  # nor is nan
        raise SystemFault(
            f"answer: confidence: expected a number from 0 to 1, got {value}; leave it out where "
            "there is none"
        )
    return float(value)


def _objects(value: object, task: Task) -> Mapping[str, bool]:
    if not value:
        return NO_OBJECTS
    if not isinstance(value, dict) or not all(isinstance(v, bool) for v in value.values()):
        raise SystemFault(f"answer: objects: expected {{name: true or false}}, got {quoted(value)}")
    for name in value:
        if name not in task.objects:
            known = ", ".join(task.objects) or "none"
            raise SystemFault(
                f"answer: object {quoted(name)} is not one of the task"
                f"{_hint(name, task.object_matcher)}; known: {known}"
            )
    return value


def _stages(message: Mapping[str, Any]) -> Mapping[str, int]:
    value = message.get("stages_ns")
    if not value:
        return NO_STAGES
    if not isinstance(value, dict) or not all(
        type(v) is int and 0 <= v <= MAX_NS for v in value.values()
    ):
        raise SystemFault(
            f"answer: stages_ns: expected {{stage: whole nanoseconds}}, got {quoted(value)}"
        )
    if len(value) > MAX_STAGES:
        raise SystemFault(
            f"answer: stages_ns: {len(value)} stages, at most {MAX_STAGES} in one answer"
        )
    stages: dict[str, int] = {}
    for name, ns in value.items():
        if len(name) > MAX_STAGE_NAME:
            raise SystemFault(
                f"answer: stages_ns: the name {quoted(name)} has {len(name)} characters, at most "
                f"{MAX_STAGE_NAME}"
            )
        shown = plain(name)
        stages[shown] = stages.get(shown, 0) + ns
    return stages


def _near(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name; for a text no name would be as long as, nothing is sought."""
    return near(name, known) if len(name) <= MAX_LABEL else ""


def _hint(text: str, match: LabelMatcher) -> str:
    """Return the label that is meant or near, within the bounds of `_near`."""
    return match.hint(text) if len(text) <= MAX_LABEL else ""


def _shown(raw: bytes) -> str:
    text = raw[:400].decode(errors="replace")
    return repr(text if len(text) <= 80 else text[:77] + "...")
