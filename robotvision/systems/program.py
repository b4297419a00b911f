"""Any program as a system: started, asked over the wire protocol, confined, outlived.

Whatever the program does, each frame it is asked gets an answer or a `SystemFault` with the reason:

* it ends, crashes, hangs, closes a pipe or does not become ready: the frame fails, the program is
  started again, at most ``restarts`` times; then it is given up and every further frame fails with
  that one message;
* it sends something that cannot be right (a malformed line, an unknown label, another frame's
  index): the frame fails, the program goes on;
* it answers a frame twice: the first answer stands and the frame in which the second one turns up
  fails.

The time of a frame is given by stage: ``restart`` (waiting for a program started again), ``send``
(pixels and line written), ``program.<stage>`` as the program measured it, ``program.other`` (the
rest until its answer was in). They sum to the whole.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any, Unpack

from robotvision.errors import SystemFault, wrong_type
from robotvision.records import Frame
from robotvision.systems.base import Reply, Session, System, View
from robotvision.systems.bounds import MAX_RUN_STAGES
from robotvision.systems.conversation import ConversationState, CurrentSequence, ProgramLost
from robotvision.systems.options import ProgramKeywords, ProgramOptions
from robotvision.systems.supervisor import Supervisor
from robotvision.systems.wire import Ready


class Program(System):
    """A program in any language.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments; file arguments become readable to it.
    **options
        The fields of `ProgramOptions`.

    Attributes
    ----------
    supervisor : Supervisor
        Counts faults and restarts.
    ready : Ready or None
        The name, channels and transport the program asked for; None before its first ``ready``.

    Raises
    ------
    RobotVisionError
        The command cannot be run at all, or isolation is required and not available.

    Examples
    --------
    >>> from robotvision.systems.program import Program
    >>> program = Program(["./a.out", "model.bin"], timeout_s=1.0)  # doctest: +SKIP
    """

    stage_prefix = "program."
    rest_stage = "program.other"

    def __init__(self, command: Sequence[str], **options: Unpack[ProgramKeywords]) -> None:
        if isinstance(command, str):  # a sequence of letters otherwise
            raise wrong_type("command", "a list of words such as ['./a.out', 'model']", command)
        self.supervisor = Supervisor(list(command), ProgramOptions(**options))
        self.name = self.supervisor.name
        self.isolation = self.supervisor.launcher.isolation
        self.has_memory = self.supervisor.options.has_memory
        self.ready: Ready | None = None
        self._sequence = CurrentSequence()
        self._stages: set[str] = set()
        self._unready: str | None = None

    @property
    def unready(self) -> str | None:
        """Why the next frame will fail without being asked; None where nothing does."""
        return self._unready or self.supervisor.gave_up

    @property
    def process_id(self) -> int:
        """The first process of the program and its confinement; 0 where it does not run."""
        return self.supervisor.process_id

    @property
    def log(self) -> str:
        """The end of what the program printed."""
        return self.supervisor.log.tail()

    def hide(self, data: Collection[Path], folder: Path | None) -> None:
        """Hide further data and the run's folder from it, where it runs in a sandbox."""
        self.supervisor.launcher.hide(data, folder)

    def start(self, session: Session) -> None:
        """Start the program; it is greeted when the first sequence's cameras are known.

        Raises
        ------
        SystemFault
            The operating system cannot start it.
        """
        self.ready = self._unready = None
        self._sequence = CurrentSequence(self._sequence.number)
        self.supervisor.start(session)

    def reset(self, view: View) -> None:
        """Begin a sequence; the first time, wait until the program is ready.

        Nothing is raised for what the program does: it is the next frame's fault.
        """
        supervisor = self.supervisor
        self._sequence = CurrentSequence(self._sequence.number + 1, view)
        if supervisor.ring is not None:
            supervisor.ring.clear()
        if supervisor.gave_up is not None:
            return
        try:
            state = supervisor.conversation.state
            if self._sequence.number > 1 and supervisor.options.fresh == "sequence":
                if state is ConversationState.READY:
                    supervisor.renew()
                self._greet()
            elif state is ConversationState.READY:
                supervisor.conversation.reset(self._sequence)
            elif self.ready is None:
                self._greet()
        except ProgramLost as e:
            self._unready = str(supervisor.lost(e))
        except SystemFault as e:  # given up: the operating system cannot start it
            self._unready = str(e)

    def _greet(self) -> None:
        """Greet a program just started. Raises ProgramLost."""
        self.ready = self.supervisor.conversation.greet(self._sequence, self._extra_hello())
        self.name = self.supervisor.name = self.ready.name or self.name

    def _extra_hello(self) -> dict[str, Any]:
        """Return further keys of `hello`."""
        return {}

    def answer(self, frame: Frame) -> Reply:
        """Have one frame answered. Raises SystemFault in every case but a proper answer."""
        began_ns = started_ns = perf_counter_ns()
        supervisor = self.supervisor
        if self.unready is not None:
            words, self._unready = self.unready, None
            raise SystemFault(words)
        try:
            conversation = supervisor.conversation
            if conversation.state is not ConversationState.READY:
                self._greet()
                started_ns = perf_counter_ns()
            answer, program_ns, sent_ns = conversation.ask(frame, self._sequence)
            self._count_stages(program_ns, frame.index)
        except ProgramLost as e:
            raise supervisor.lost(e) from e
        except SystemFault as e:
            raise supervisor.wrong(e) from e
        stages = {} if started_ns == began_ns else {"restart": started_ns - began_ns}
        stages["send"] = sent_ns - started_ns
        self._split(stages, program_ns, perf_counter_ns() - sent_ns, frame.index)
        return Reply(answer, stages)

    def _count_stages(self, program_ns: Mapping[str, int], index: int) -> None:
        """Bound the names of stages over the run. Raises SystemFault."""
        if program_ns.keys() <= self._stages:
            return
        new = program_ns.keys() - self._stages
        if len(self._stages) + len(new) > MAX_RUN_STAGES:
            raise SystemFault(
                f"at frame {index}: answer: stages_ns: more than {MAX_RUN_STAGES} names of stages "
                "over the run; use the same names for every frame"
            )
        self._stages |= new

    def _split(
        self, stages: dict[str, int], program_ns: Mapping[str, int], took_ns: int, index: int
    ) -> None:
        """Add the program's own stages and what is left of the ``took_ns`` it had the frame."""
        total = sum(program_ns.values())
        if total > took_ns:
            self.supervisor.log.note(
                f"frame {index}: the program's stages sum to {total} ns, more than the {took_ns} "
                "ns it took: left out"
            )
            program_ns, total = {}, 0
        for stage, ns in program_ns.items():
            stages[self.stage_prefix + stage] = ns
        stages[self.rest_stage] = stages.get(self.rest_stage, 0) + took_ns - total

    def close(self) -> None:
        """End the program and all its children, release everything."""
        self.supervisor.close()
        self.log_problem = self.supervisor.log.problem
