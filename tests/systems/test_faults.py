"""Whatever a program does is a counted outcome in words, and the run goes on."""

import re
import time
from collections.abc import Callable

import pytest

from robotvision.errors import SystemFault
from robotvision.records import Frame
from robotvision.systems.base import Session, View
from robotvision.systems.limits import Limits
from robotvision.systems.options import Isolation
from robotvision.systems.program import Program

FRAMES = 7
AT = 3

LOST = {
    "exit0": r"ended with exit status 0; its last words: 'here it comes'",
    "crash": r"ended with exit status 1; its last words: 'RuntimeError: the model fell over'",
    "segv": r"was ended by SIGSEGV",
    "kill9": r"was ended by SIGKILL",
    "hang": r"no answer within 1\.5 s \(timeout_s\)",
    "silent": r"no answer within 1\.5 s \(timeout_s\)",
    "no_newline": r"no answer within 1\.5 s .*in the middle of a line: print a line end before it",
    "flood": r"no answer within 1\.5 s",
    "close_stdout": r"closed its stdout",
    "fork_away": r"ended with exit status 0",
}
"""Fault -> words. The program was lost and started again."""

WRONG = {
    "malformed": r"malformed line '@rv1 .*not JSON .*write one JSON object after '@rv1 '",
    "other_version": r"the program speaks '@rv2 \{\"t', expected lines that start with '@rv1 '",
    "other_frame": r"the answer is for frame 1003; repeat the index of the frame that was sent",
    "unknown_label": r"room 'Kitchn' is not a label of the task; did you mean 'Kitchen'\?",
    "nan": r"confidence: expected a number from 0 to 1, got nan",
    "too_sure": r"confidence: expected a number from 0 to 1, got 1\.5",
    "bad_object": r"object 'Fridge' is not one of the task; known: none",
    "no_room": r"'room' is missing; give a room, or null for no answer",
    "word": r"expected an 'answer', got a message 'hooray'",
    "says_fault": r"the program says: no features found",
}
"""Fault -> words. The program said something wrong and goes on."""


Play = Callable[..., dict[int, str | None]]
Command = Callable[[str], list[str]]


@pytest.fixture
def play(view: View, make_frame: Callable[[int], Frame]) -> Play:
    """Ask for frames 0 to n - 1: index -> None where it was answered, else the fault's words."""

    def ask(system: Program, n: int = FRAMES) -> dict[int, str | None]:
        system.reset(view)
        outcome: dict[int, str | None] = {}
        for i in range(n):
            try:
                reply = system.answer(make_frame(i))
                assert reply.answer.room == "Kitchen"
                outcome[i] = None
            except SystemFault as e:
                outcome[i] = str(e)
        return outcome

    return ask


@pytest.mark.parametrize("what", [*LOST, *WRONG])
def test_one_fault_fails_one_frame(
    what: str, transport: str, session: Session, nothing_left: None, play: Play, command: Command
) -> None:
    """The frame of the fault fails with its cause in words; all the others are answered."""
    words = LOST.get(what) or WRONG[what]
    timeout_s = 1.5 if "within" in words else 20.0
    with Program(command(what), timeout_s=timeout_s, transport=transport) as system:
        system.start(session)
        outcome = play(system)
        assert outcome[AT] is not None
        assert re.search(words, outcome[AT]), outcome[AT]
        assert f"at frame {AT}" in outcome[AT]
        assert [i for i, fault in outcome.items() if fault] == [AT]
        assert system.supervisor.restarted == (what in LOST)
        assert sum(system.supervisor.faults.values()) == 1
        assert outcome[AT].splitlines()[0][:60] in system.log


def test_two_answers_fail_the_frame_after(
    transport: str, session: Session, nothing_left: None, play: Play, command: Command
) -> None:
    """The first answer stands; the frame in which the second turns up fails."""
    with Program(command("twice"), timeout_s=5, transport=transport) as system:
        system.start(session)
        outcome = play(system)
    assert [i for i, fault in outcome.items() if fault] == [AT + 1]
    assert "it answered frame 3 a second time; answer each frame once" in str(outcome[AT + 1])


@pytest.mark.parametrize("isolation", ["none", "auto"])
@pytest.mark.parametrize(
    ("what", "at", "words"),
    [("close_stdin", AT + 1, "closed its stdin"), ("close_stdout", AT, "closed its stdout")],
)
def test_a_closed_pipe_is_noticed_at_once(
    what: str,
    at: int,
    words: str,
    isolation: Isolation,
    transport: str,
    session: Session,
    nothing_left: None,
    play: Play,
    command: Command,
) -> None:
    """In a sandbox and without one there is no waiting for the time to be up."""
    began = time.monotonic()
    with Program(command(what), timeout_s=100, isolation=isolation, transport=transport) as system:
        system.start(session)
        outcome = play(system)
    assert [i for i, fault in outcome.items() if fault] == [at]
    assert words in str(outcome[at])
    assert time.monotonic() - began < 80


def test_restarts_are_bounded(
    session: Session, view: View, nothing_left: None, play: Play, command: Command
) -> None:
    """After the last restart every further frame fails with one and the same message."""
    with Program(command("always_crash"), restarts=2) as system:
        system.start(session)
        outcome = play(system, 8)
        words = [outcome[i] for i in (4, 5, 6, 7)]
        words += play(system, 2).values()
    assert len(set(words)) == 1
    assert "RuntimeError: again" in str(words[0])
    assert str(words[0]).endswith("given up after 2 restarts")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (
            "exit_at_start",
            "before it was ready: ended with exit status 3; its last words: 'cannot find my model'",
        ),
        ("slow_start", r"did not become ready within 1\.5 s \(start_timeout_s\)"),
        ("bad_channel", "'rbg' is not there; did you mean 'rgb'"),
        ("wrong_first_word", "expected 'ready' as the program's first message, got 'answer'"),
    ],
)
def test_a_program_that_never_becomes_ready_fails_its_frames(
    what: str,
    words: str,
    transport: str,
    session: Session,
    nothing_left: None,
    play: Play,
    command: Command,
) -> None:
    """It is started again as often as any other; then every frame says why."""
    start_s = 1.5 if "within" in words else 20.0
    with Program(command(what), start_timeout_s=start_s, restarts=1, transport=transport) as system:
        system.start(session)
        outcome = play(system, 4)
        assert all(re.search(words, str(fault)) for fault in outcome.values()), outcome
        assert str(outcome[3]).endswith("given up after 1 restart")
        assert outcome[2] == outcome[3]
        assert system.supervisor.restarted == 1


def test_a_deaf_program_is_ended(
    session: Session, nothing_left: None, play: Play, command: Command
) -> None:
    """A program that does not leave after bye is killed."""
    with Program(command("deaf")) as system:
        system.start(session)
        assert set(play(system).values()) == {None}
    assert "the program was killed" in system.log


def test_the_fault_may_come_from_a_lost_sequence(
    session: Session, play: Play, command: Command
) -> None:
    """A restarted program is told the sequence again, and a new sequence starts clean."""
    with Program(command("crash"), restarts=5) as system:
        system.start(session)
        assert [i for i, f in play(system).items() if f] == [AT]
        assert [i for i, f in play(system).items() if f] == [AT]
        assert system.supervisor.restarted == 2


def test_memory_is_bounded(
    session: Session, nothing_left: None, play: Play, command: Command
) -> None:
    """A memory hog ends, and the frame says of what."""
    limits = Limits(memory_mb=200)
    with Program(command("memory"), timeout_s=20, limits=limits) as system:
        system.start(session)
        outcome = play(system)
    assert [i for i, fault in outcome.items() if fault] == [AT]
    assert re.search("MemoryError|out of the memory it may use", str(outcome[AT]))


def test_a_fork_bomb_is_contained(
    session: Session, nothing_left: None, play: Play, command: Command
) -> None:
    """It cannot make more processes than allowed, and none of them outlives the frame."""
    limits = Limits(processes=20)
    with Program(command("fork_bomb"), timeout_s=0.7, limits=limits) as system:
        system.start(session)
        outcome = play(system)
    assert [i for i, fault in outcome.items() if fault] == [AT]
