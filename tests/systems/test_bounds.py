"""No line of a program does more than fail its frame: any bytes, any values, any length."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robotvision.errors import SystemFault
from robotvision.systems import bounds, wire
from robotvision.systems.base import View
from robotvision.systems.bounds import plain, quoted
from robotvision.tasks.model import ObjectPoints, Points, Task

TASK = Task(
    id="t", rooms=("Kitchen", "Hall"), objects=("Chair",), points=Points(objects=ObjectPoints())
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
LONG = st.sampled_from(["x" * 900_000, "\ud800", "\x1b[2J\x1b]0;pwned\x07", "\u202e", "a\nb", ""])
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([10**400, -(10**400), 10**4299, 2**63, -1, 0, 1]),
    st.floats(),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, ANY_TEXT, LONG)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
DEEP = ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900]


@st.composite
def hostile_lines(draw: st.DrawFn) -> bytes:
    """Draw a control line: an answer of which any field may be anything, or broken bytes."""
    message: dict[str, Any] = {"type": "answer", "index": 3, "room": "Kitchen"}
    fields = st.sampled_from(
        ["type", "index", "room", "confidence", "objects", "stages_ns", "fault", "sequence"]
    )
    for name in draw(st.lists(fields, max_size=3, unique=True)):
        message[name] = draw(VALUES)
    if draw(st.booleans()):
        n = draw(st.sampled_from([1, 64, 65, 3000]))
        message["stages_ns"] = {f"{draw(ANY_TEXT)}{k}": draw(NUMBERS) for k in range(min(n, 70))}
        message["stages_ns"] |= {f"s{k}": 1 for k in range(n - 70)}
    raw = wire.PREFIX + json.dumps(message).encode()
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=8)) + raw[at + draw(st.integers(0, 8)) :]
    if draw(st.integers(0, 9)) == 0:
        deep = draw(st.sampled_from(DEEP))
        raw = b'@rv1 {"type":"answer","index":3,"room":%s}' % deep.encode()
    return raw


@given(hostile_lines())
@example(b'@rv1 {"type":"answer","room":null,"confidence":1' + b"0" * 400 + b"}")
@example(b'@rv1 {"type":"answer","room":null,"stages_ns":{"a":' + b"9" * 4300 + b"}}")
@example(b'@rv1 {"type":"answer","room":null,"stages_ns":{"\\ud800":1}}')
@example(b'@rv1 {"type":"answer","room":null,"fault":"x\\ud800"}')
@example(b'@rv1 {"type":"answer","room":"' + b"x" * 1_000_000 + b'"}')
@example(b'@rv1 {"type":"answer"}' + b" " * bounds.MAX_LINE)
def test_a_line_is_an_answer_within_bounds_or_a_fault(raw: bytes) -> None:
    """Nothing else is raised; what is taken can be logged; what is told can be shown."""
    try:
        answer, stages = wire.answer(wire.parse(raw), TASK)
    except SystemFault as e:
        told = plain(str(e))
        assert told.isprintable()
        assert len(told) <= bounds.MAX_FAULT
        return
    assert answer.room in (None, "Kitchen", "Hall")
    assert answer.confidence is None or 0 <= answer.confidence <= 1
    assert set(answer.objects) <= {"Chair"}
    assert len(stages) <= bounds.MAX_STAGES
    for name, ns in stages.items():
        assert name.isprintable()
        assert type(ns) is int
        assert ns >= 0
    str(sum(stages.values()))
    msgspec.json.encode([answer.room, answer.confidence, dict(answer.objects), dict(stages)])


@given(ANY_TEXT | LONG, st.integers(4, 100))
def test_plain_text_can_be_shown_anywhere(text: str, most: int) -> None:
    """Printable, encodable, not longer than asked; unchanged where it is so already."""
    shown = plain(text, most)
    assert shown.isprintable()
    assert len(shown) <= most
    shown.encode()
    if text.isprintable() and len(text) <= most:
        assert shown == text


def test_escapes_are_shown_as_text() -> None:
    """A terminal receives no command, and half a surrogate pair is told by its number."""
    assert plain("\x1b[2Jgone\n\ud800") == "\\x1b[2Jgone\\n\\ud800"
    assert plain("x" * 50, 10) == "x" * 7 + "..."
    assert len(quoted(["x" * 10_000])) == bounds.MAX_QUOTE


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ({str(k): 1 for k in range(65)}, "65 stages, at most 64 in one answer"),
        ({"x" * 65: 1}, "has 65 characters, at most 64"),
        ({"a": True}, "expected {stage: whole nanoseconds}"),
        ({"a": 2**63}, "expected {stage: whole nanoseconds}"),
    ],
)
def test_a_bound_that_is_passed_is_named(stages: dict[str, int], words: str) -> None:
    """The message says the bound."""
    message = {"type": "answer", "index": 0, "room": None, "stages_ns": stages}
    with pytest.raises(SystemFault, match=words):
        wire.answer(message, TASK)


@pytest.mark.parametrize("version", [True, 1.0, "1", 2])
def test_a_version_is_an_integer(version: object, view: View) -> None:
    """Neither true nor 1.0 is version 1."""
    with pytest.raises(SystemFault, match="expected 1"):
        wire.ready({"type": "ready", "version": version}, view, ["shm"])


def test_a_program_is_named_in_plain_text(view: View) -> None:
    """Its name is cut and shows no command of a terminal."""
    ready = wire.ready({"type": "ready", "name": "\ud800\x1b" + "n" * 500}, view, ["shm"])
    assert ready.name is not None
    assert ready.name.startswith("\\ud800\\x1bnnn")
    assert len(ready.name) == bounds.MAX_NAME
