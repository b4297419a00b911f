"""Try a program before a contest does: every check with its result and a remedy.

After the VOT toolkit's ``vot test``: a generated sequence stands for the data, so that an
integration can be tried anywhere. Nothing is scored.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter_ns
from typing import Any

from robotvision.errors import SystemFault
from robotvision.records import Answer, Frame
from robotvision.systems import synthetic_sequence
from robotvision.systems.base import Session, View
from robotvision.systems.launch import look_inside
from robotvision.systems.program import Program
from robotvision.tasks.model import ObjectPoints, Points, Task

FRAMES = 9
TRIAL_TASK = Task(
    id="trial",
    rooms=("Kitchen", "Corridor", "Office"),
    unknown="Unknown",
    objects=("Chair", "Screen"),
    points=Points(objects=ObjectPoints()),
)

_REMEDIES = (
    (r"No module named 'robotvision'", "run it with the Python that has robotvision installed, or "
     "copy the kit's one file beside it (robotvision test-system --kits), 'import client', and let "
     "it read its folder with --read FOLDER"),
    (r"ModuleNotFoundError|ImportError|Cannot find module|No such file|cannot open shared object",
     "in its sandbox the program sees its own file, its interpreter and the files named on the "
     "command line; let it read its folder with --read FOLDER (system.read in a configuration)"),
    (r"in the middle of a line", "begin each control line on a new line; the client kits do"),
    (r"did not become ready", "answer 'hello' with one 'ready' line and flush the output; raise "
     "--start-timeout-s if loading takes longer"),
    (r"no answer within", "answer every frame with one line and flush the output after it; raise "
     "--timeout-s if the program is slow"),
    (r"is not a label", "answer with the labels of hello's task.rooms; if the program was trained "
     "on others, name them with --room or --task"),
    (r"ended with|was ended by|closed its", "look at the program's log for the cause"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProgramCheck:
    """One check. ``ok`` None: nothing is wrong, but the message should be read."""

    name: str
    ok: bool | None
    message: str
    remedy: str = ""


@dataclass(slots=True)
class Trial:
    """The results of trying a program."""

    program: str
    isolation: str
    transport: str | None = None
    channels: tuple[str, ...] = ()
    checks: list[ProgramCheck] = field(default_factory=list)
    latency_ns: list[int] = field(default_factory=list)
    log: str = ""

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(c.ok is not False for c in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return everything as one JSON object."""
        times = self.latency_ns
        return {
            "ok": self.ok,
            "program": self.program,
            "isolation": self.isolation,
            "transport": self.transport,
            "channels": list(self.channels),
            "checks": [
                {"name": c.name, "ok": c.ok, "message": c.message, "remedy": c.remedy}
                for c in self.checks
            ],
            "latency_ns": {"p50": int(median(times)), "max": max(times)} if times else None,
            "log": self.log,
        }


def try_system(
    system: Program,
    task: Task = TRIAL_TASK,
    *,
    pause_s: float = 0.3,
    progress: Callable[[ProgramCheck], None] | None = None,
) -> Trial:
    """Try ``system`` on generated sequences and return every check.

    Parameters
    ----------
    system : Program
        Not started; with a few restarts left, so that one fault does not hide the next.
    task : Task
        Whose labels it receives.
    pause_s : float
        How long it must wait for a frame in the check of slow frames.
    progress : callable, optional
        Called with each check as it is done.
    """
    trier = _Trier(system, task, pause_s, progress or (lambda _: None))
    try:
        trier.run()
    finally:
        system.close()
        trier.trial.log = system.log
    return trier.trial


class _Trier:
    def __init__(
        self, system: Program, task: Task, pause_s: float, progress: Callable[[ProgramCheck], None]
    ) -> None:
        self.system, self.pause_s, self.progress = system, pause_s, progress
        self.task = task if task.room_names else task.with_rooms(TRIAL_TASK.room_names)
        self.trial = Trial(system.name, system.isolation)

    def run(self) -> None:
        self._confinement()
        if not self._handshake():
            return
        walk = synthetic_sequence.frames(FRAMES)
        first = self._ask("all channels", walk)
        self._labels(first)
        self._ask("slow frames", walk[:3], pause_s=self.pause_s, why="frames may be far apart")
        again = self._play("second sequence", walk, "the same frames after a reset")
        self._same(
            "resets",
            first,
            again,
            "after a reset the same frames were answered otherwise",
            "forget everything at 'reset'; seed whatever is drawn at random",
        )
        mixed = synthetic_sequence.permuted(walk)
        order = [next(i for i, w in enumerate(walk) if w.images is m.images) for m in mixed]
        shuffled = self._play("another order", mixed, "the same images in another order")
        back = {walk[k].index: shuffled.get(m.index) for m, k in zip(mixed, order, strict=True)}
        self._same(
            "each frame on its own",
            first,
            back,
            "in another order the same images were answered otherwise",
            "in the obligatory mode an answer may depend on its own "
            "frame only; in the optional mode this is allowed",
        )
        self._odd_sizes()
        self._goodbye()

    def _confinement(self) -> None:
        """Look from inside what the isolation holds; it is the machine's matter, not a failure."""
        options = self.system.supervisor.options
        if options.isolation == "none":
            return
        found = look_inside(replace(options, log_path=None))
        remedy = "install bubblewrap and allow user namespaces; see SECURITY.md"
        if isinstance(found, str):
            self._note("confinement", None, f"could not be looked at: {found}", remedy)
        elif found.problems:
            self._note("confinement", None, "not held: " + ", ".join(found.problems), remedy)
        else:
            self._note("confinement", True, f"seen from inside: {found}, no network")

    def _handshake(self) -> bool:
        try:
            self.system.start(Session(self.task))
            self.system.reset(synthetic_sequence.view(64, 48))
        except SystemFault as e:
            self._note("handshake", False, str(e))
            return False
        if self.system.unready is not None:
            self._note("handshake", False, self.system.unready)
            return False
        ready, trial = self.system.ready, self.trial
        assert ready is not None  # no fault, so the program answered hello
        trial.program, trial.transport, trial.channels = (
            self.system.name,
            ready.transport,
            ready.channels,
        )
        pixels = f"channels {', '.join(ready.channels) or 'none'}; pixels by {ready.transport}"
        self._note("handshake", True, f"{trial.program!r} is ready: {pixels}")
        return True

    def _play(self, name: str, frames: Sequence[Frame], why: str) -> dict[int, Answer]:
        return self._ask(name, frames, view=synthetic_sequence.view(64, 48), why=why)

    def _ask(
        self,
        name: str,
        frames: Sequence[Frame],
        *,
        view: View | None = None,
        pause_s: float = 0.0,
        why: str = "",
    ) -> dict[int, Answer]:
        """Ask for ``frames`` and note a check; return the answers by index."""
        answers: dict[int, Answer] = {}
        faults = []
        try:
            if view is not None:
                self.system.reset(view)
            for frame in frames:
                time.sleep(pause_s)
                started_ns = perf_counter_ns()
                try:
                    answers[frame.index] = self.system.answer(frame).answer
                    self.trial.latency_ns.append(perf_counter_ns() - started_ns)
                except SystemFault as e:
                    faults.append(str(e))
        except SystemFault as e:
            faults.append(str(e))
        if faults:
            more = f"; {len(faults)} of {len(frames)} frames failed" if len(faults) > 1 else ""
            self._note(name, False, faults[0] + more)
        else:
            self._note(name, True, f"{len(frames)} frames answered" + (f" ({why})" if why else ""))
        return answers

    def _labels(self, answers: dict[int, Answer]) -> None:
        rooms = sorted({a.room for a in answers.values() if a.room is not None})
        if rooms:
            self._note("labels", True, f"answered {', '.join(rooms)}")
        elif answers:
            self._note(
                "labels",
                None,
                "no frame was given a room",
                "fine if the program abstains here; else check the labels",
            )

    def _same(
        self, name: str, first: dict[int, Answer], other: Any, message: str, remedy: str
    ) -> None:
        common = [i for i in first if other.get(i) is not None]
        differ = [i for i in common if first[i].room != other[i].room]
        if differ:
            self._note(name, None, f"{message} ({len(differ)} of {len(common)})", remedy)
        elif common:
            self._note(name, True, "the same answers for the same images")

    def _odd_sizes(self) -> None:
        for width, height in ((33, 17), (641, 479)):
            frames = synthetic_sequence.frames(2, width, height, first_index=1000)
            view = synthetic_sequence.view(width, height)
            why = "shapes stand in every frame's line"
            self._ask(f"odd sizes, {width}x{height}", frames, view=view, why=why)

    def _goodbye(self) -> None:
        if self.system.supervisor.gave_up is not None:
            return
        self.system.close()
        if self.system.supervisor.left_by_itself:
            self._note("bye", True, "left by itself")
        else:
            self._note(
                "bye",
                False,
                "did not leave within 2 s of 'bye'",
                "end the program at 'bye' and at the end of standard input",
            )

    def _note(self, name: str, ok: bool | None, message: str, remedy: str = "") -> None:
        if ok is False and not remedy:
            seen = message + (self.system.log if "status" in message else "")
            remedy = next((r for pattern, r in _REMEDIES if re.search(pattern, seen)), "")
        check = ProgramCheck(name, ok, message, remedy)
        self.trial.checks.append(check)
        self.progress(check)
