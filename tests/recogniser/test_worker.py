"""A system of the package in its own process answers as it would here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import SystemFault
from robotvision.recogniser.worker import Worker
from robotvision.records import Answer, Frame
from robotvision.systems.base import Session, View

MODULE = """
import os, signal
from robotvision.errors import SystemFault
from robotvision.records import Answer
from robotvision.systems.base import Reply, System

class Small(System):
    def __init__(self, argument): self.argument = argument
    name = "small"
    def start(self, session): self.session = session
    def reset(self, view): self.view = view
    def answer(self, frame):
        if frame.index == 1: raise SystemFault("no features")
        if frame.index == 2: raise ZeroDivisionError("division by zero")
        if frame.index == 3: os.kill(os.getpid(), signal.SIGSEGV)
        room = self.session.task.rooms[self.argument["room"]]
        right = self.view.calibration["rgb"]["fx"] == 30.0 and frame["rgb"].shape == (24, 32, 3)
        return Reply(Answer(room, float(right)), {"features": 1000, "classifier": 2000})
    def close(self): print("closed")

def build(argument): return Small(argument)
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    (tmp_path / "small_system.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return Worker("small_system:build", {"room": 1}, name="small", log_path=tmp_path / "log")


def test_worker_answers_and_fails_as_in_process(
    worker: Worker,
    session: Session,
    view: View,
    make_frame: Callable[[int], Frame],
    nothing_left: None,
    tmp_path: Path,
) -> None:
    """Answers, stages and messages are the same; a crash costs one frame."""
    with worker as system:
        system.start(session)
        system.reset(view)
        reply = system.answer(make_frame(0))
        assert reply.answer == Answer("Corridor", 1.0)
        assert list(reply.stages_ns) == ["send", "features", "classifier", "transfer"]
        assert reply.stages_ns["classifier"] == 2000
        with pytest.raises(SystemFault, match="no features"):
            system.answer(make_frame(1))
        with pytest.raises(SystemFault, match="ZeroDivisionError: division by zero"):
            system.answer(make_frame(2))
        with pytest.raises(SystemFault, match="was ended by SIGSEGV"):
            system.answer(make_frame(3))
        assert system.answer(make_frame(4)).answer.room == "Corridor"
        assert system.name == "small"
        assert system.isolation.startswith("none")
    assert "ended with exit status 0" in (tmp_path / "log").read_text()


def test_worker_says_why_it_cannot_be_built(
    session: Session, view: View, make_frame: Callable[[int], Frame]
) -> None:
    """The child's own words reach the message."""
    with Worker("no_such_module:build") as system:
        system.start(session)
        system.reset(view)
        with pytest.raises(SystemFault, match="No module named 'no_such_module'"):
            system.answer(make_frame(0))
