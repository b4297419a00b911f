"""A program kept running: started, started again when it was lost, given up in the end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from robotvision.errors import RobotVisionError, SystemFault
from robotvision.systems.base import Session
from robotvision.systems.bounds import plain
from robotvision.systems.child import KILLED, Child
from robotvision.systems.conversation import Conversation, ProgramLost
from robotvision.systems.launch import Launcher
from robotvision.systems.options import ProgramOptions
from robotvision.systems.programlog import ProgramLog
from robotvision.systems.ring import Ring


class Supervisor:
    """Starts a program as often as its options allow, and owns what outlives a single start.

    That is its log, and the shared memory with the frames. After the last restart the program is
    given up: every further frame fails with the same message.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    options : ProgramOptions

    Attributes
    ----------
    name : str
        The name the program gave itself, else its file's.
    faults : Counter
        ``lost``: the program had to be started again; ``wrong``: it sent something wrong.
    restarted : int
        How often it was started again since `start`.
    gave_up : str or None
        Why it was given up.
    left_by_itself : bool
        Whether it ended without being killed at the last `close`.

    Raises
    ------
    RobotVisionError
        The command cannot be run at all, or isolation is required and not available.
    """

    def __init__(self, command: Sequence[str], options: ProgramOptions) -> None:
        self.options = options
        self.launcher = Launcher(command, options)
        self.name = _file_name(command)
        self.log = ProgramLog()
        self.ring: Ring | None = None
        self.faults: Counter[str] = Counter()
        self.restarted = 0
        self.gave_up: str | None = None
        self.left_by_itself = False
        self._conversation: Conversation | None = None

    @property
    def conversation(self) -> Conversation:
        """The conversation with the program that runs. Raises RobotVisionError."""
        if self._conversation is None:
            raise RobotVisionError("Program: start() comes before reset() and answer()")
        return self._conversation

    @property
    def process_id(self) -> int:
        """The first process of the program that runs; 0: none does."""
        return 0 if self._conversation is None else self._conversation.process_id

    def start(self, session: Session) -> None:
        """Start the program. Raises SystemFault where the operating system cannot."""
        self.close()
        self.log = ProgramLog(self.options.log_path, self.options.log_limit)
        self.restarted, self.gave_up = 0, None
        if "shm" in self.options.transports:
            self.ring = Ring()
        self._launch(session)

    def _launch(self, session: Session) -> None:
        try:
            launched = self.launcher.start(None if self.ring is None else self.ring.read_fd)
        except OSError as e:
            self.gave_up = f"{self.name}: cannot be started ({e})"
            raise SystemFault(self.gave_up) from e
        command, isolation = " ".join(self.launcher.command), self.launcher.isolation
        self.log.note(f"started: {command} (isolation {isolation})")
        self._conversation = Conversation(
            Child(launched, self.log), session, self.options, self.ring
        )

    def renew(self) -> None:
        """End the program and start it anew, for a sequence of its own. Raises SystemFault."""
        conversation, self._conversation = self.conversation, None
        self.log.note(f"the program {conversation.leave()}")
        self._launch(conversation.session)

    def wrong(self, error: SystemFault) -> SystemFault:
        """Count a wrong answer; return the frame's fault in words."""
        return self._fault("wrong", f"{self.name}: {error}")

    def lost(self, error: ProgramLost) -> SystemFault:
        """End a lost program, start it again while restarts remain; return the frame's fault."""
        conversation, self._conversation = self.conversation, None
        conversation.end()
        fault = self._fault("lost", f"{self.name}: {error}")
        if self.restarted < self.options.restarts:
            self.restarted += 1
            try:
                self._launch(conversation.session)
            except SystemFault as e:  # given up; the next frame fails with this message
                self.log.note(str(e))
        else:
            n = self.restarted
            self.gave_up = f"{fault}; given up after {n} restart{'' if n == 1 else 's'}"
        return fault

    def _fault(self, kind: str, words: str) -> SystemFault:
        self.faults[kind] += 1
        shown = plain(words)
        self.log.note(shown)
        return SystemFault(shown)

    def close(self) -> None:
        """Say bye, end the program and all its children, release log and memory."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            how = conversation.leave()
            self.left_by_itself = how != KILLED
            self.log.note(f"the program {how}")
        if self.ring is not None:
            self.ring.close()
            self.ring = None
        self.log.close()


def _file_name(command: Sequence[str]) -> str:
    """Return a name for a command: its script's where an interpreter runs one."""
    name = Path(command[0]).name if command else ""
    if re.match(r"(python|node|java|ruby|perl|Rscript|julia|bash|sh)[0-9.]*$", name):
        scripts = [a for a in command[1:] if not a.startswith("-")]
        name = Path(scripts[0]).name if scripts else name
    return name
