"""One running program and what is exchanged with it: hello, ready, reset, frame, answer, bye.

What the program sends that cannot be right (a malformed line, an unknown label, another frame's
index) raises `SystemFault`, and the conversation goes on. What ends it raises `ProgramLost`: the
program ended, closed a pipe, was not ready, gave no answer in time or flooded us with lines.

A stray line is one that was not asked for. A late answer to a frame that had failed is passed over;
any other, such as a second answer to a frame, fails the frame in which it turns up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic_ns, perf_counter_ns
from typing import Any, NamedTuple

from robotvision.errors import SystemFault
from robotvision.records import Answer, Frame
from robotvision.systems import wire
from robotvision.systems.base import Session, View
from robotvision.systems.bounds import MAX_STRAY, quoted
from robotvision.systems.child import Child, Flooded, ProgramEnded, TimedOut
from robotvision.systems.options import ProgramOptions
from robotvision.systems.ring import Pipe, Ring

_BYE_S = 2.0
_LOST = (ProgramEnded, TimedOut, Flooded)


class ConversationState(Enum):
    """How far a conversation has come."""

    STARTED = "the program runs and was not greeted yet"
    READY = "the program answered hello with ready"
    ENDED = "the program was ended"


class ProgramLost(SystemFault):
    """The program cannot be spoken to any more, or does not answer: it must be started again."""


@dataclass(slots=True)
class CurrentSequence:
    """The sequence under way; a program started again in it receives the same.

    Parameters
    ----------
    number : int
        Counts the resets, from 1.
    view : View
        Its cameras.
    is_answered : dict[int, bool]
        Index of each frame that was sent -> whether its answer was taken.
    """

    number: int = 0
    view: View = field(default_factory=lambda: View({}))
    is_answered: dict[int, bool] = field(default_factory=dict)


class ProgramAnswer(NamedTuple):
    """A program's answer, the stages it measured itself, and when the frame was sent."""

    answer: Answer
    stages_ns: Mapping[str, int]
    sent_ns: int


class Conversation:
    """The harness's side of the wire protocol with one child process.

    Parameters
    ----------
    child : Child
        Just started.
    session : Session
        The rules.
    options : ProgramOptions
        Its timeouts and transports.
    ring : Ring or None
        The shared memory, where it is offered.
    """

    def __init__(
        self, child: Child, session: Session, options: ProgramOptions, ring: Ring | None
    ) -> None:
        self.state = ConversationState.STARTED
        self.session = session
        self._child, self._options, self._ring = child, options, ring
        self._pixels: Ring | Pipe = Pipe()
        self._channels: tuple[str, ...] = ()
        self._ready_by_ns = _after(options.start_timeout_s)
        self._stray: list[str] = []

    @property
    def process_id(self) -> int:
        """The first process of the program."""
        return self._child.launched.process.pid

    def greet(self, sequence: CurrentSequence, extra: Mapping[str, Any]) -> wire.Ready:
        """Send hello (with ``extra``), wait for ready, send the reset. Raises ProgramLost."""
        child, view, transports = self._child, sequence.view, self._options.transports
        ring = None if self._ring is None else self._ring.describe()
        hello = wire.hello(self.session, view, transports, ring) | dict(extra)
        try:
            child.send([wire.line(hello)], self._ready_by_ns)
            ready = wire.ready(wire.parse(child.line(self._ready_by_ns)), view, transports)
            child.send([_reset_line(sequence)], self._ready_by_ns)
        except SystemFault as e:
            raise self._lost(e, "before it was ready") from e
        except Exception as e:  # whatever else a line brings about is its program's fault
            raise self._lost(_unreadable(e), "before it was ready") from e
        self._channels = ready.channels
        if ready.transport == "shm" and self._ring is not None:
            self._pixels = self._ring
        self.state = ConversationState.READY
        return ready

    def reset(self, sequence: CurrentSequence) -> None:
        """Announce another sequence. Raises ProgramLost."""
        self._child.begin_frame()
        try:
            self._stray += self._unasked(sequence)
            self._child.send([_reset_line(sequence)], _after(self._options.timeout_s))
        except _LOST as e:
            raise self._lost(e, "at a reset") from e

    def ask(self, frame: Frame, sequence: CurrentSequence) -> ProgramAnswer:
        """Have one frame answered. Raises ProgramLost, or SystemFault for a wrong answer."""
        stray, self._stray = self._stray, []
        until_ns = _after(self._options.timeout_s)
        self._child.begin_frame()
        try:
            parts = self._frame_parts(frame, sequence.number)
            stray += self._unasked(sequence)  # just before it is sent: what is there now is early
            sequence.is_answered[frame.index] = False
            self._child.send(parts, until_ns)
            sent_ns = perf_counter_ns()
            n_sent = sum(map(len, parts))
            answer, stages_ns = self._take_answer(frame.index, sequence, until_ns, stray, n_sent)
        except _LOST as e:
            raise self._lost(e, f"at frame {frame.index}", stray) from e
        except SystemFault as e:
            raise SystemFault(f"at frame {frame.index}: {e}") from e
        sequence.is_answered[frame.index] = True
        return ProgramAnswer(answer, stages_ns, sent_ns)

    def leave(self) -> str:
        """Say bye to a program that is ready, end it; return how it ended."""
        patience_s = 0.0
        if self.state is ConversationState.READY:
            patience_s = _BYE_S
            try:
                self._child.send([wire.line({"type": "bye"})], _after(_BYE_S))
            except _LOST as e:
                self._child.log.note(f"at the end: {e}")
        return self.end(patience_s)

    def end(self, patience_s: float = 0.0) -> str:
        """Wait as long as ``patience_s`` for the program to end, kill it; return how it ended."""
        self.state = ConversationState.ENDED
        return self._child.end(patience_s)

    def _frame_parts(self, frame: Frame, number: int) -> list[bytes | memoryview]:
        images = {c: frame.images[c] for c in self._channels if c in frame.images}
        described, raw = self._pixels.put(images)
        deadline = self.session.deadline_ns
        text = (
            f'@rv1 {{"type":"frame","index":{frame.index},"timestamp_ns":{frame.timestamp_ns},'
            f'"deadline_ns":{"null" if deadline is None else deadline},'
            f'"sequence":{number},{described}}}\n'
        )
        return [text.encode(), *raw]

    def _take_answer(
        self, index: int, sequence: CurrentSequence, until_ns: int, stray: list[str], n_sent: int
    ) -> tuple[Answer, Mapping[str, int]]:
        """Return the answer to frame ``index``, of ``n_sent`` bytes. Raises SystemFault alone."""
        try:
            message = self._read_answer(index, sequence, until_ns, stray)
            if self._child.unread() >= n_sent:
                stray.append(f"it answered frame {index} before it had read it")
            if stray:
                sequence.is_answered[index] = True
                raise SystemFault(_told(stray))
            return wire.answer(message, self.session.task)
        except SystemFault:
            raise
        except Exception as e:  # whatever else a line brings about is its frame's fault as well
            raise _unreadable(e) from e

    def _read_answer(
        self, index: int, sequence: CurrentSequence, until_ns: int, stray: list[str]
    ) -> dict[str, Any]:
        """Return the answer to frame ``index``; collect ``stray`` answers that come before it."""
        while True:
            message = wire.parse(self._child.line(until_ns))
            if message["type"] != "answer":
                raise SystemFault(f"expected an 'answer', got a message {quoted(message['type'])}")
            is_current = _is_of(message, sequence)
            if is_current and wire.is_integer(message.get("index"), index):
                return message
            if not self._is_stray(message, sequence, stray):
                raise SystemFault(
                    f"the answer is for frame {quoted(message.get('index'))}; repeat the index of "
                    "the frame that was sent"
                )

    def _is_stray(
        self, message: Mapping[str, Any], sequence: CurrentSequence, stray: list[str]
    ) -> bool:
        """Note an answer to a frame that was sent before; False where it never was."""
        index = message.get("index")
        if not _is_of(message, sequence):
            stray.append(f"it answered frame {quoted(index)} of an earlier sequence")
        elif type(index) is not int or index not in sequence.is_answered:
            return False
        elif sequence.is_answered[index]:
            stray.append(f"it answered frame {index} a second time; answer each frame once")
        else:
            self._child.log.note(f"late answer to frame {index}, which had failed: passed over")
        return True

    def _unasked(self, sequence: CurrentSequence) -> list[str]:
        """Return what is wrong with lines that came before they were asked for."""
        stray: list[str] = []
        for raw in self._child.pending():
            try:
                message = wire.parse(raw)
                if message["type"] != "answer":
                    stray.append(f"it sent a message {quoted(message['type'])} unasked")
                elif not self._is_stray(message, sequence, stray):
                    index = quoted(message.get("index"))
                    stray.append(f"it answered frame {index} before it was sent")
            except SystemFault as e:
                stray.append(str(e))
            except Exception as e:  # as in _take_answer
                stray.append(str(_unreadable(e)))
        if stray:
            self._child.log.note(_told(stray))
        return stray

    def _lost(self, error: SystemFault, when: str, stray: list[str] | None = None) -> ProgramLost:
        also = f" ({_told(stray)})" if stray else ""
        if not isinstance(error, TimedOut):
            return ProgramLost(f"{when}: {error}{also}")
        hint = ""
        if "@rv1 {" in self._child.log.tail().rpartition("[robotvision] started")[2]:
            hint = "; it printed '@rv1 {' in the middle of a line: print a line end before it"
        options = self._options
        if self.state is ConversationState.READY:
            what = f"no answer within {options.timeout_s:g} s (timeout_s)"
        else:
            what = f"did not become ready within {options.start_timeout_s:g} s (start_timeout_s)"
        return ProgramLost(f"{when}: {what}{also}{hint}")


def _is_of(message: Mapping[str, Any], sequence: CurrentSequence) -> bool:
    """Return whether an answer names the sequence under way, or none."""
    return "sequence" not in message or wire.is_integer(message["sequence"], sequence.number)


def _told(stray: list[str]) -> str:
    more = len(stray) - MAX_STRAY
    return "; ".join(stray[:MAX_STRAY]) + (f"; and {more} more such lines" if more > 0 else "")


def _unreadable(error: Exception) -> SystemFault:
    return SystemFault(f"its line cannot be read ({type(error).__name__}: {error})")


def _reset_line(sequence: CurrentSequence) -> bytes:
    return wire.line({"type": "reset", "sequence": sequence.number, **wire.cameras(sequence.view)})


def _after(seconds: float) -> int:
    return monotonic_ns() + int(seconds * 1e9)
