"""One running program and what is exchanged with it: hello, ready, reset, frame, answer, bye.

What the program sends that cannot be right (a malformed line, an unknown label, another frame's
index) raises `SystemFault`, and the conversation goes on. What ends it raises `ProgramLost`: the
program ended, closed a pipe, was not ready or gave no answer in time.

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
from robotvision.systems.child import Child, ProgramEnded, TimedOut
from robotvision.systems.options import ProgramOptions
from robotvision.systems.ring import Pipe, Ring

_BYE_S = 2.0


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
        self._channels = ready.channels
        if ready.transport == "shm" and self._ring is not None:
            self._pixels = self._ring
        self.state = ConversationState.READY
        return ready

    def reset(self, sequence: CurrentSequence) -> None:
        """Announce another sequence. Raises ProgramLost."""
        self._stray += self._unasked(sequence)
        try:
            self._child.send([_reset_line(sequence)], _after(self._options.timeout_s))
        except (ProgramEnded, TimedOut) as e:
            raise self._lost(e, "at a reset") from e

    def ask(self, frame: Frame, sequence: CurrentSequence) -> ProgramAnswer:
        """Have one frame answered. Raises ProgramLost, or SystemFault for a wrong answer."""
        sequence.is_answered[frame.index] = False
        stray, self._stray = self._stray, []
        stray += self._unasked(sequence)
        until_ns = _after(self._options.timeout_s)
        try:
            self._child.send(self._frame_parts(frame, sequence.number), until_ns)
            sent_ns = perf_counter_ns()
            message = self._read_answer(frame.index, sequence, until_ns, stray)
            if stray:
                sequence.is_answered[frame.index] = True
                raise SystemFault("; ".join(stray))
            answer, stages_ns = wire.answer(message, self.session.task)
        except (ProgramEnded, TimedOut) as e:
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
            except (ProgramEnded, TimedOut) as e:
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

    def _read_answer(
        self, index: int, sequence: CurrentSequence, until_ns: int, stray: list[str]
    ) -> dict[str, Any]:
        """Return the answer to frame ``index``; collect ``stray`` answers that come before it."""
        while True:
            message = wire.parse(self._child.line(until_ns))
            if message["type"] != "answer":
                raise SystemFault(f"expected an 'answer', got a message {message['type']!r}")
            is_current = message.get("sequence", sequence.number) == sequence.number
            if message.get("index") == index and is_current:
                return message
            if not self._is_stray(message, sequence, stray):
                raise SystemFault(
                    f"the answer is for frame {message.get('index')!r}; repeat the index of the "
                    "frame that was sent"
                )

    def _is_stray(
        self, message: Mapping[str, Any], sequence: CurrentSequence, stray: list[str]
    ) -> bool:
        """Note an answer to a frame that was sent before; False where it never was."""
        index = message.get("index")
        if message.get("sequence", sequence.number) != sequence.number:
            stray.append(f"it answered frame {index!r} of an earlier sequence")
        elif not isinstance(index, int) or index not in sequence.is_answered:
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
                    stray.append(f"it sent a message {message['type']!r} unasked")
                elif not self._is_stray(message, sequence, stray):
                    stray.append(f"it answered frame {message.get('index')!r} before it was sent")
            except SystemFault as e:
                stray.append(str(e))
        for text in stray:
            self._child.log.note(text)
        return stray

    def _lost(self, error: SystemFault, when: str, stray: list[str] | None = None) -> ProgramLost:
        also = f" ({'; '.join(stray)})" if stray else ""
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


def _reset_line(sequence: CurrentSequence) -> bytes:
    return wire.line({"type": "reset", "sequence": sequence.number, **wire.cameras(sequence.view)})


def _after(seconds: float) -> int:
    return monotonic_ns() + int(seconds * 1e9)
