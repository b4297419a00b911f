"""The obligatory mode is checked, not trusted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from robotvision.data import open_sequence
from robotvision.experiment.audit import audit_system
from robotvision.records import Answer, Frame
from robotvision.systems.base import Reply, Session, System
from robotvision.tasks import load_task
from tests.fixtures.commands import CommandLine

ROOMS = ("Hall", "Kitchen", "Office")


class Cheat(System):
    """Answers by a rule that sees the frame and what came before."""

    name = "cheat"

    def __init__(self, rule: Callable[[Frame, Mapping[str, int]], int]) -> None:
        self.rule = rule
        self.state: dict[str, int] = {}

    def start(self, session: Session) -> None:
        self.state = {"asked": 0}

    def answer(self, frame: Frame) -> Reply:
        room = ROOMS[self.rule(frame, self.state) % len(ROOMS)]
        self.state["asked"] += 1
        return Reply(Answer(room), {})


def brightness(frame: Frame, state: Mapping[str, int]) -> int:
    return int(frame.images["rgb"].mean())


@pytest.mark.parametrize(
    ("rule", "ways"),
    [
        (brightness, set()),
        (lambda frame, state: state["asked"] // 6, {"permuted", "repeated", "single"}),
        (lambda frame, state: frame.index // 6, {"renumbered"}),
        (lambda frame, state: frame.timestamp_ns // 600_000_000, {"renumbered"}),
    ],
    ids=["pixels", "counter", "index", "time stamp"],
)
def test_whoever_uses_more_than_the_frame_is_caught(
    data_root: Path, rule: Callable[[Frame, Mapping[str, int]], int], ways: set[str]
) -> None:
    """Pixels alone pass; a counter, the frame's number or its time do not."""
    task = load_task("rooms").with_rooms(ROOMS)
    sequence = open_sequence(data_root / "test")
    found = audit_system(Cheat(rule), Session(task), [sequence])
    assert {c.way for c in found.changes} == ways
    assert found.is_obligatory == (not ways)
    assert found.asked == {
        "straight": 18,
        "permuted": 18,
        "repeated": 36,
        "renumbered": 18,
        "single": 10,
    }


@pytest.mark.parametrize(("temporal", "code"), [("", 0), ("{name: majority, frames: 7}", 1)])
def test_a_temporal_filter_is_caught_and_a_plain_pipeline_passes(
    config: Callable[..., Path], temporal: str, code: int, robotvision: CommandLine
) -> None:
    """The same pipeline with and without a filter over its answers."""
    keys = {"mode": "optional", "temporal": temporal} if temporal else {}
    done = robotvision("audit", config(**keys), "--json")
    assert done.returncode == code, done.stderr
    assert json.loads(done.stdout)["is_obligatory"] == (code == 0)
