"""What a late frame costs: policies as data, and the judge that applies them.

A policy has two halves. **backlog** says which waiting frame a free system takes: ``newest`` (older
ones are SKIPPED) or ``queue`` (in order, none is skipped). **late** says what a late answer is
worth: ``own`` (it counts for its frame whenever it comes), ``deadline`` (finished after the frame's
deadline: LATE, worth no answer), ``hold`` (each frame is judged at its deadline by the newest
answer finished by then, as in Li, Wang and Ramanan's streaming perception, 2020).

======== ======== ======== ====================================================
name     backlog  late     the question it answers
======== ======== ======== ====================================================
offline  queue    own      how good are the answers, time aside?
deadline newest   deadline how many frames are answered in time?
streaming newest  hold     what does the robot know at each instant?
queue    queue    hold     and if it insists on every frame?
======== ======== ======== ====================================================

A deadline counts from the frame's due time; "next frame" is the due time of the frame after it.
Where none is given it is "next frame" under ``deadline``, and 0 under ``hold``: what is known at
the very moment the frame is there.
All times are whole nanoseconds, so the same log gives the same outcomes everywhere.

Known, and to be kept in mind: under ``newest`` a system that is a little faster on every frame can
win fewer on-time answers, because it may come to take other frames. Under ``queue`` it cannot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from statistics import median_low
from typing import Literal, cast, get_args

from robotvision.errors import RobotVisionError, UnknownNameError
from robotvision.records import Answer, Outcome, TimedAnswer

Backlog = Literal["newest", "queue"]
Late = Literal["own", "deadline", "hold"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A late-frame rule.

    Parameters
    ----------
    backlog, late : str
        See the module.
    deadline_ns : int or "next-frame" or None
        After the frame's due time; None: the default of ``late``.
    name : str
        One of the four, or ``backlog+late``.

    Raises
    ------
    RobotVisionError
        A deadline below 0.
    """

    backlog: Backlog
    late: Late
    deadline_ns: int | Literal["next-frame"] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.deadline_ns is None:
            object.__setattr__(self, "deadline_ns", 0 if self.late == "hold" else "next-frame")
        if isinstance(self.deadline_ns, int) and self.deadline_ns < 0:
            raise RobotVisionError(
                f"deadline: expected a time of at least 0, got {self.deadline_ns / 1e6:g} ms"
            )
        if not self.name:
            object.__setattr__(self, "name", f"{self.backlog}+{self.late}")

    @property
    def is_timeless(self) -> bool:
        """Whether an answer counts whenever it comes, and no frame is skipped: ``offline``."""
        return self.backlog == "queue" and self.late == "own"

    def describe(self) -> dict[str, object]:
        """Return the policy as reports show it; the deadline is left out where none applies."""
        about: dict[str, object] = {
            "name": self.name,
            "backlog": self.backlog,
            "late": self.late,
        }
        if self.late != "own":
            deadline = self.deadline_ns
            about["deadline_ms"] = deadline / 1e6 if isinstance(deadline, int) else deadline
        return about

    def deadlines(self, due: Sequence[int]) -> list[int]:
        """Return each frame's deadline on the clock of ``due``, in nanoseconds.

        Under "next frame" the last frame has as long as the median frame.
        """
        if isinstance(self.deadline_ns, int):
            return [d + self.deadline_ns for d in due]
        if not due:
            return []
        steps = [b - a for a, b in pairwise(due)]
        return [*due[1:], due[-1] + (median_low(steps) if steps else 0)]


POLICIES: dict[str, tuple[Backlog, Late]] = {
    "offline": ("queue", "own"),
    "deadline": ("newest", "deadline"),
    "streaming": ("newest", "hold"),
    "queue": ("queue", "hold"),
}


def named_policy(name: str, deadline_ns: int | Literal["next-frame"] | None = None) -> Policy:
    """Return one of the four named policies.

    Raises
    ------
    RobotVisionError
        There is none of that name.
    """
    if name not in POLICIES:
        raise UnknownNameError("policy", name, list(POLICIES))
    backlog, late = POLICIES[name]
    return Policy(backlog, late, deadline_ns, name)


def parse_policy(text: str, deadline_ns: int | Literal["next-frame"] | None = None) -> Policy:
    """Return one of the four named policies, or the one that ``backlog+late`` spells.

    Raises
    ------
    RobotVisionError
        There is none of that name.
    """
    backlog, plus, late = text.partition("+")
    if not plus:
        return named_policy(text, deadline_ns)
    if backlog not in get_args(Backlog) or late not in get_args(Late):
        raise RobotVisionError(
            f"policy {text!r}: expected {' or '.join(get_args(Backlog))}, then '+', then "
            f"{', '.join(get_args(Late))}"
        )
    return Policy(cast(Backlog, backlog), cast(Late, late), deadline_ns)


def parse_deadline(text: str) -> int | Literal["next-frame"]:
    """Return a deadline given in milliseconds, or ``next-frame``, in nanoseconds. Raises."""
    if text == "next-frame":
        return "next-frame"
    return milliseconds(text, "deadline", " or 'next-frame'")


def milliseconds(text: str, name: str, others: str = "") -> int:
    """Return a time of at least 0, given in milliseconds, as nanoseconds.

    Raises
    ------
    RobotVisionError
        It is none; the message calls it ``name`` and says what ``others`` would do as well.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not (value >= 0 and isfinite(value)):
        raise RobotVisionError(f"{name}: expected milliseconds of at least 0{others}, got {text!r}")
    return round(value * 1e6)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a frame is judged by.

    Parameters
    ----------
    timed : TimedAnswer
        The frame's own times, with the answer that counts for it.
    outcome : Outcome or None
        LATE, SKIPPED or FAILED; None: the answer counts as it is.
    age_ns : int or None
        Under ``hold``: how old the answer was when it was used, from its frame's due time.
    """

    timed: TimedAnswer
    outcome: Outcome | None
    age_ns: int | None = None


class Judge:
    """Applies a policy to the frames of one sequence as their answers come, in order.

    Under ``hold`` a frame can be judged only when no answer can still come in before its deadline;
    `push` therefore yields verdicts some frames later, and `flush` the rest.

    Parameters
    ----------
    policy : Policy
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._waiting: deque[tuple[TimedAnswer, int]] = deque()
        self._finished: deque[tuple[int, int, Answer]] = deque()  # finished, due, answer
        self._held: tuple[int, int, Answer] | None = None

    def push(self, timed: TimedAnswer, deadline_ns: int) -> Iterator[Verdict]:
        """Take a frame's own answer and yield every verdict that is certain now.

        Parameters
        ----------
        timed : TimedAnswer
            Frames in order, skipped ones included.
        deadline_ns : int
            On the same clock.
        """
        if self.policy.late != "hold":
            yield self._alone(timed, deadline_ns)
            return
        self._waiting.append((timed, deadline_ns))
        if timed.finished_ns is not None:
            if timed.answer is not None and timed.fault is None:
                self._finished.append((timed.finished_ns, timed.due_ns, timed.answer))
            # one frame is in the system at a time: nothing finishes before this one did
            yield from self._certain(timed.finished_ns)

    def flush(self) -> Iterator[Verdict]:
        """Yield the verdicts of the frames still waiting; the sequence is over."""
        yield from self._certain(None)

    def _alone(self, timed: TimedAnswer, deadline_ns: int) -> Verdict:
        own = own_outcome(timed)
        is_late = timed.finished_ns is not None and timed.finished_ns > deadline_ns
        if own is None and self.policy.late == "deadline" and is_late:
            own = Outcome.LATE
        return Verdict(timed, own)

    def _certain(self, now: int | None) -> Iterator[Verdict]:
        while self._waiting and (now is None or self._waiting[0][1] < now):
            timed, deadline_ns = self._waiting.popleft()
            while self._finished and self._finished[0][0] <= deadline_ns:
                self._held = self._finished.popleft()
            yield self._holding(timed, deadline_ns)

    def _holding(self, timed: TimedAnswer, deadline_ns: int) -> Verdict:
        if self._held is None:
            return Verdict(timed, own_outcome(timed) or Outcome.LATE)
        _, due, answer = self._held
        counted = TimedAnswer(
            timed.index, answer, timed.due_ns, timed.started_ns, timed.finished_ns, timed.stages_ns
        )
        return Verdict(counted, None, deadline_ns - due)


def own_outcome(timed: TimedAnswer) -> Outcome | None:
    """Return FAILED or SKIPPED where the frame has no answer of its own, else None."""
    if timed.fault is not None:
        return Outcome.FAILED
    if timed.answer is None:
        return Outcome.SKIPPED
    return None
