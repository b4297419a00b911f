"""Any program as a system: started, spoken to over the wire protocol, kept apart, outlived.

Whatever the program does, each frame it is asked gets an answer or a `SystemFault` in words:

* it ends, crashes, hangs, closes a pipe or does not become ready: the frame fails, the program is
  started again, at most ``restarts`` times; then it is given up and every further frame fails with
  that one message;
* it says something that cannot be right (a malformed line, an unknown label, another frame's
  index): the frame fails, the program goes on;
* it answers a frame twice: the first answer stands and the frame in which the second one turns up
  fails.

The time a frame takes is told by stage: ``restart`` (waiting for a program started again), ``send``
(pixels and line written), ``program.<stage>`` as the program measured it, ``program.other`` (the
rest until its answer was in). They sum to the whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic_ns, perf_counter_ns
from typing import Any, Literal

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.records import Frame
from robotvision.systems import wire
from robotvision.systems.base import Reply, Session, View
from robotvision.systems.child import KILLED, Child, ProgramEnded, TimedOut
from robotvision.systems.launch import IsolationWish, Launcher
from robotvision.systems.limits import Limits
from robotvision.systems.programlog import DEFAULT_LIMIT, ProgramLog
from robotvision.systems.ring import Pipe, Ring

Transport = Literal["auto", "shm", "pipe"]

_BYE_S = 2.0


class External:
    """A program in any language.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; file arguments become readable to it.
    timeout_s : float
        From a frame's being sent to its answer.
    start_timeout_s : float
        From the start to ``ready``.
    env : Mapping[str, str]
        Added to a bare environment.
    restarts : int
        How often it is started again over the whole run.
    transport : str
        ``auto``: the program chooses; ``shm`` or ``pipe``: only that is offered.
    isolation : str
        ``auto``: in a sandbox where one works; ``required``: or not at all; ``none``.
    limits : Limits
        Memory, processes, file size, CPU time.
    log_path : Path or None
        Where what it prints is kept, ``log_limit`` bytes at most.
    read : iterable of Path
        Further files and folders it may read.
    hide : iterable of Path
        Folders it must never see (the data), even inside a folder it may read.
    base : Path or None
        Where relative paths of the command start; None: the working directory.

    Raises
    ------
    RobotVisionError
        The command cannot be run at all, or isolation is required and not to be had.
    """

    has_memory: bool | None = None
    """Whether an answer may depend on earlier frames: not known of a program."""
    stage_prefix = "program."
    rest_stage = "program.other"

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout_s: float = 10.0,
        start_timeout_s: float = 30.0,
        env: Mapping[str, str] | None = None,
        restarts: int = 3,
        transport: Transport = "auto",
        isolation: IsolationWish = "auto",
        limits: Limits | None = None,
        log_path: Path | None = None,
        log_limit: int = DEFAULT_LIMIT,
        read: Iterable[Path | str] = (),
        hide: Iterable[Path] = (),
        devices: Iterable[Path] = (),
        base: Path | None = None,
    ) -> None:
        self.command = list(command)
        self.timeout_s = timeout_s
        self.start_timeout_s = start_timeout_s
        self.restarts = restarts
        self.transports = ("shm", "pipe") if transport == "auto" else (transport,)
        self.log_path, self.log_limit = log_path, log_limit
        self._launcher = Launcher(
            self.command,
            base or Path.cwd(),
            dict(env or {}),
            isolation,
            limits or Limits(),
            [Path(p) for p in read],
            tuple(hide),
            tuple(devices),
        )
        self.faults: Counter[str] = Counter()
        self.restarted = 0
        self.left_by_itself = False
        self._name = _called(self.command)
        self._log = ProgramLog()
        self._session: Session | None = None
        self._view: View | None = None
        self._sequence = 0
        self._ring: Ring | None = None
        self._pixels: Ring | Pipe = Pipe()
        self._wanted: tuple[str, ...] = ()
        self._child: Child | None = None
        self._is_ready = False
        self._ready_by_ns = 0
        self._gave_up: str | None = None
        self._unready: str | None = None
        self._settled: dict[int, bool] = {}
        self._was_greeted = False
        self._owed: list[str] = []

    @property
    def name(self) -> str:
        """The name the program gave itself, else its file's."""
        return self._name

    @property
    def isolation(self) -> str:
        """How far the program is kept apart, and why not further, in words for the report."""
        return self._launcher.isolation

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels the program asked for; empty before it is ready."""
        return self._wanted

    @property
    def transport(self) -> str | None:
        """How it takes pixels, ``shm`` or ``pipe``; None before it is ready."""
        return self._pixels.name if self._was_greeted else None

    @property
    def has_given_up(self) -> bool:
        """Whether the program was given up: every further frame fails."""
        return self._gave_up is not None

    @property
    def unready(self) -> str | None:
        """Why the next frame will fail without being asked; None where nothing does."""
        return self._unready or self._gave_up

    @property
    def log_problem(self) -> str | None:
        """Why the end of the program's log is not in its file; None where it is."""
        return self._log.problem

    @property
    def log(self) -> str:
        """The end of what the program printed."""
        return self._log.tail()

    def start(self, session: Session) -> None:
        """Start the program; it is greeted when the first sequence's cameras are known.

        Raises
        ------
        SystemFault
            The operating system cannot start it.
        """
        self.close()
        self._session = session
        self._log = ProgramLog(self.log_path, self.log_limit)
        self._gave_up = self._unready = None
        self.restarted = 0
        self._view = None
        self._was_greeted = False
        self._owed = []
        if "shm" in self.transports:
            self._ring = Ring()
        self._launch()

    def reset(self, view: View) -> None:
        """Begin a sequence; the first time, wait until the program is ready.

        Nothing is raised for what the program does: it is the next frame's fault.
        """
        self._view = view
        self._sequence += 1
        self._settled = {}
        if self._ring is not None:
            self._ring.clear()
        if self._gave_up is not None:
            return
        try:
            if self._is_ready:
                self._send_reset(self._running())
            elif not self._was_greeted:
                self._greet()
        except SystemFault as e:
            self._unready = str(e)

    def _send_reset(self, child: Child) -> None:
        self._owed += self._unasked(child)
        try:
            child.send([self._reset_line()], self._until(self.timeout_s))
        except (ProgramEnded, TimedOut) as e:
            raise self._lost(self._words(e, "at a reset", self.timeout_s)) from e

    def answer(self, frame: Frame) -> Reply:
        """Ask for one frame. Raises SystemFault in every case but a proper answer."""
        began_ns = started_ns = perf_counter_ns()
        if self._unready is not None:
            words, self._unready = self._unready, None
            raise SystemFault(words)
        if self._gave_up is not None:
            raise SystemFault(self._gave_up)
        if not self._is_ready:
            self._greet()
            started_ns = perf_counter_ns()
        child = self._running()
        self._settled[frame.index] = False
        at = f"at frame {frame.index}"
        owed, self._owed = self._owed, []
        owed += self._unasked(child)
        until_ns = self._until(self.timeout_s)
        try:
            child.send(self._frame_parts(frame), until_ns)
            sent_ns = perf_counter_ns()
            message = self._own_answer(child, frame.index, until_ns, owed)
            if owed:
                self._settled[frame.index] = True
                raise SystemFault("; ".join(owed))
            answer, told = wire.answer(message, self._running_session().task)
        except (ProgramEnded, TimedOut) as e:
            raise self._lost(self._words(e, at, self.timeout_s, owed)) from e
        except SystemFault as e:
            raise self._fault("wrong", f"{self.name}: {at}: {e}") from e
        self._settled[frame.index] = True
        stages = {} if started_ns == began_ns else {"restart": started_ns - began_ns}
        stages["send"] = sent_ns - started_ns
        self._split(stages, told, perf_counter_ns() - sent_ns, frame.index)
        return Reply(answer, stages)

    def close(self) -> None:
        """Say goodbye, end the program and all its children, let go of everything."""
        child, self._child = self._child, None
        if child is not None:
            if self._is_ready:
                try:
                    child.send([wire.line({"type": "bye"})], self._until(_BYE_S))
                except (ProgramEnded, TimedOut) as e:
                    self._log.note(f"at the end: {e}")
            how = child.end(_BYE_S if self._is_ready else 0.0)
            self.left_by_itself = how != KILLED
            self._log.note(f"the program {how}")
        self._is_ready = False
        if self._ring is not None:
            self._ring.close()
            self._ring = None
        self._log.close()

    def __enter__(self) -> External:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- starting

    def _launch(self) -> None:
        self._is_ready = False
        try:
            launched = self._launcher.start(self._ring.read_fd if self._ring else None)
        except OSError as e:
            self._gave_up = f"{self.name}: cannot be started ({e})"
            raise SystemFault(self._gave_up) from e
        self._log.note(f"started: {' '.join(self.command)} (isolation {self.isolation})")
        self._child = Child(launched, self._log)
        self._ready_by_ns = self._until(self.start_timeout_s)

    def _greet(self) -> None:
        """Say hello and wait for ready. Raises SystemFault."""
        child, session, view = self._running(), self._running_session(), self._view or View({})
        try:
            ring = None
            if self._ring is not None:
                fd = self._ring.read_fd
                ring = {"fd": fd, "path": f"/proc/self/fd/{fd}", "bytes": self._ring.bytes}
            hello = wire.hello(session, view, self.transports, ring) | self._more()
            child.send([wire.line(hello)], self._ready_by_ns)
            message = wire.parse(child.line(self._ready_by_ns))
            ready = wire.ready(message, view, self.transports)
            child.send([self._reset_line()], self._ready_by_ns)
        except SystemFault as e:
            raise self._lost(self._words(e, "before it was ready", self.start_timeout_s)) from e
        self._name = ready.name or self._name
        self._wanted = ready.channels
        is_shm = ready.transport == "shm" and self._ring is not None
        self._pixels = self._ring if is_shm and self._ring is not None else Pipe()
        self._is_ready = self._was_greeted = True

    def _more(self) -> dict[str, Any]:
        """Return what else `hello` says."""
        return {}

    def _reset_line(self) -> bytes:
        view = self._view or View({})
        message = {"type": "reset", "sequence": self._sequence, **wire.cameras(view)}
        return wire.line(message)

    # ---- asking

    def _frame_parts(self, frame: Frame) -> list[bytes | memoryview]:
        images = {c: frame.images[c] for c in self._wanted if c in frame.images}
        described, raw = self._pixels.put(images)
        deadline = self._session.deadline_ns if self._session else None
        text = (
            f'@rv1 {{"type":"frame","index":{frame.index},"timestamp_ns":{frame.timestamp_ns},'
            f'"deadline_ns":{"null" if deadline is None else deadline},'
            f'"sequence":{self._sequence},{described}}}\n'
        )
        return [text.encode(), *raw]

    def _own_answer(
        self, child: Child, index: int, until_ns: int, stray: list[str]
    ) -> dict[str, Any]:
        """Return the answer to frame ``index``, passing over answers to frames settled before."""
        while True:
            message = wire.parse(child.line(until_ns))
            if message["type"] != "answer":
                raise SystemFault(f"expected an 'answer', got a message {message['type']!r}")
            if self._is_own(message, index):
                return message
            if not self._is_stray(message, stray):
                raise SystemFault(
                    f"the answer is for frame {message.get('index')!r}; repeat the index of the "
                    "frame that was sent"
                )

    def _is_own(self, message: Mapping[str, Any], index: int) -> bool:
        sequence = message.get("sequence", self._sequence)
        return message.get("index") == index and sequence == self._sequence

    def _is_stray(self, message: Mapping[str, Any], stray: list[str]) -> bool:
        """Note an answer to a frame that had its turn; False where it never had one."""
        index = message.get("index")
        if message.get("sequence", self._sequence) != self._sequence:
            stray.append(f"it answered frame {index!r} of an earlier sequence")
        elif not isinstance(index, int) or index not in self._settled:
            return False
        elif self._settled[index]:
            stray.append(f"it answered frame {index} a second time; answer each frame once")
        else:
            self._log.note(f"late answer to frame {index}, which had failed: passed over")
        return True

    def _unasked(self, child: Child) -> list[str]:
        """Return what is wrong with lines that came before they were asked for."""
        stray: list[str] = []
        for raw in child.pending():
            try:
                message = wire.parse(raw)
                if message["type"] != "answer":
                    stray.append(f"it sent a message {message['type']!r} unasked")
                elif not self._is_stray(message, stray):
                    stray.append(f"it answered frame {message.get('index')!r} before it was sent")
            except SystemFault as e:
                stray.append(str(e))
        for text in stray:
            self._log.note(text)
        return stray

    def _split(
        self, stages: dict[str, int], told: Mapping[str, int], took_ns: int, index: int
    ) -> None:
        """Add the program's own stages and what is left of the ``took_ns`` it had the frame."""
        total = sum(told.values())
        if total > took_ns:
            self._log.note(
                f"frame {index}: the program's stages sum to {total} ns, more than the {took_ns} "
                "ns it took: left out"
            )
            told, total = {}, 0
        for stage, ns in told.items():
            stages[self.stage_prefix + stage] = ns
        stages[self.rest_stage] = stages.get(self.rest_stage, 0) + took_ns - total

    # ---- faults

    def _fault(self, kind: str, words: str) -> SystemFault:
        self.faults[kind] += 1
        self._log.note(words)
        return SystemFault(words)

    def _words(
        self, error: SystemFault, when: str, limit_s: float, stray: Sequence[str] = ()
    ) -> str:
        also = f" ({'; '.join(stray)})" if stray else ""
        if not isinstance(error, TimedOut):
            return f"{self.name}: {when}: {error}{also}"
        hint = ""
        if "@rv1 {" in self.log.rpartition("[robotvision] started")[2]:
            hint = "; it printed '@rv1 {' in the middle of a line: print a line end before it"
        what = "did not become ready" if not self._is_ready else "no answer"
        setting = "timeout_s" if self._is_ready else "start_timeout_s"
        return f"{self.name}: {when}: {what} within {limit_s:g} s ({setting}){also}{hint}"

    def _lost(self, words: str) -> SystemFault:
        """Count a fault that cost the program, end it and start it again while there is leave."""
        child, self._child = self._child, None
        if child is not None:
            child.end()
        self._is_ready = False
        fault = self._fault("lost", words)
        if self.restarted < self.restarts:
            self.restarted += 1
            try:
                self._launch()
            except SystemFault as e:  # given up, and the next frame says so
                self._log.note(str(e))
        else:
            n = self.restarted
            self._gave_up = f"{words}; given up after {n} restart{'' if n == 1 else 's'}"
        return fault

    def _running(self) -> Child:
        if self._child is None:
            raise RobotVisionError("External: start() comes before reset() and answer()")
        return self._child

    def _running_session(self) -> Session:
        if self._session is None:
            raise RobotVisionError("External: start() comes before reset() and answer()")
        return self._session

    @staticmethod
    def _until(seconds: float) -> int:
        return monotonic_ns() + int(seconds * 1e9)


def _called(command: Sequence[str]) -> str:
    """Return a name for a command: its script's where an interpreter runs one."""
    name = Path(command[0]).name if command else ""
    if re.match(r"(python|node|java|ruby|perl|Rscript|julia|bash|sh)[0-9.]*$", name):
        scripts = [a for a in command[1:] if not a.startswith("-")]
        name = Path(scripts[0]).name if scripts else name
    return name
