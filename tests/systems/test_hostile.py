"""Hostile programs, run for real: each costs the frames it spoils, no more time or memory."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Session, View
from robotvision.systems.bounds import MAX_FAULT, MAX_FRAME_LOG
from robotvision.systems.child import Child
from robotvision.systems.program import Program
from robotvision.systems.programlog import ProgramLog
from tests.fixtures.patience import PATIENCE_S

FRAMES = 8
Play = Callable[..., tuple[dict[int, str], Program]]


@pytest.fixture
def play(
    session: Session, view: View, make_frame: Callable[[int], Frame], nothing_left: None
) -> Play:
    """Return a function that asks a hostile program for frames: index -> fault, and the system."""

    def ask(what: str, n: int = FRAMES, **options: object) -> tuple[dict[int, str], Program]:
        program = str(Path(__file__).with_name("hostile.py"))
        faults = {}
        command = [sys.executable, "-I", "-S", program, what]
        with Program(command, **options) as system:  # type: ignore[arg-type]
            system.start(session)
            system.reset(view)
            for i in range(n):
                try:
                    system.answer(make_frame(i))
                except SystemFault as e:
                    faults[i] = str(e)
        return faults, system

    return ask


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("fault", r"the program says: x\ud800\x1b[2Jyyy"),
        ("int", "a whole number of 401 digits, at most 20"),
        ("sum", "a whole number of 4300 digits, at most 20"),
        ("many", "40000 stages, at most 64 in one answer"),
        ("true", "the answer is for frame True"),
        ("float", "the answer is for frame 3.0"),
        ("text", "the answer is for frame '3'"),
        ("none", "the answer is for frame None"),
        ("one", "it answered frame True of an earlier sequence"),
    ],
)
def test_a_hostile_line_fails_its_frame(what: str, words: str, play: Play) -> None:
    """The frame fails with words that can be shown anywhere, and the bound in them."""
    options = {"timeout_s": 0.3} if what == "one" else {}
    faults, system = play(what, **options)
    assert list(faults) == [3]
    assert words in faults[3]
    assert faults[3].isprintable()
    assert len(faults[3]) <= MAX_FAULT
    assert system.name == r"\ud800\x1b"


def test_a_strange_stage_is_shown_as_text(play: Play) -> None:
    """Half a surrogate pair in a stage's name costs nothing."""
    faults, _ = play("stage")
    assert faults == {}


@pytest.mark.parametrize("what", ["flood", "flood_after"])
def test_a_flood_is_cut(what: str, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is started again; neither lines nor time pile up, wherever the flood begins."""
    most = 0
    take = Child._take

    def watched(child: Child, data: bytes) -> None:
        nonlocal most
        take(child, data)
        most = max(most, len(child._lines))

    monkeypatch.setattr(Child, "_take", watched)
    began = time.monotonic()
    faults, system = play(what)
    assert set(faults) <= {3, 4}
    assert "more control lines than 1000" in list(faults.values())[-1]
    assert system.supervisor.restarted == 1
    assert most <= 2000
    assert time.monotonic() - began < PATIENCE_S


def test_names_of_stages_are_bounded_over_the_run(play: Play) -> None:
    """Ever new names fail their frames once there are too many."""
    faults, _ = play("names")
    assert list(faults) == [4, 5, 6, 7]
    assert "more than 256 names of stages over the run" in faults[4]


def test_one_frame_does_not_fill_the_log(tmp_path: Path) -> None:
    """What a frame prints is kept up to a bound; the harness's own lines and its end always are."""
    log = ProgramLog(tmp_path / "log")
    log.write(b"loading\n" * 40_000)
    for i in range(2):
        log.begin_frame()
        for _ in range(10):
            log.write(b"z" * 99_999 + b"\n")
        log.note(f"at frame {i}: \x1b[2J\ud800")
    log.close()
    text = (tmp_path / "log").read_text()
    assert text.startswith("loading\n" * 40_000)
    cut = 1_000_000 - MAX_FRAME_LOG
    assert text.count(f"[robotvision] {cut} bytes more of this frame were cut here") == 2
    assert text.count("z") == pytest.approx(2 * MAX_FRAME_LOG, abs=20)
    assert "at frame 1: \\x1b[2J\\ud800\n" in text


def test_an_answer_before_its_frame_is_a_fault(play: Play) -> None:
    """It is not taken for the frame that is sent next."""
    faults, _ = play("early")
    assert list(faults) == [4]
    assert "it answered frame 4 before it was sent" in faults[4]
