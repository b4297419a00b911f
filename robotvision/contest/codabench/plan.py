"""What is held on Codabench, phase by phase: from a task and its truths, or from a contest's file.

The platform has one phase at a time: each begins after the one before it has ended, at least a
second later. Where points are withheld, a phase of its own follows the last one, to which the
platform takes all submissions by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from robotvision.contest.codabench.options import Options
from robotvision.contest.file import ContestSetup
from robotvision.contest.leaderboard.contest import Contest
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal, public_part
from robotvision.contest.release import release_of, settled_task
from robotvision.contest.schema import as_moment
from robotvision.errors import RobotVisionError
from robotvision.tasks.model import Task

FINAL = "Final"
FINAL_PHASE = timedelta(days=30)
"""How long the platform has to score the submissions again."""
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""When a phase begins that is open from the start: the platform wants a moment."""
STEP = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedPhase:
    """A phase: what is scored in it, and when.

    Parameters
    ----------
    name : str
    contest : Contest
        Task and truth of its test sets.
    opens, closes : datetime or None
        With a time zone; None: at once, and never.
    conditions : Mapping[str, str]
        Of each test set in words, where they are known.
    first_set : int
        How many test sets before these have a column of their own.
    is_final : bool
        Whether it scores every frame exactly, what was handed in before.
    is_withheld : bool
        Whether points are rounded, or of a share, until the final one.
    """

    name: str
    contest: Contest
    opens: datetime | None = None
    closes: datetime | None = None
    conditions: Mapping[str, str] | None = None
    first_set: int = 0
    is_final: bool = False
    is_withheld: bool = False

    @property
    def set_columns(self) -> Sequence[str]:
        """The test sets that have a column of their own: those of several."""
        return list(self.contest.sets) if len(self.contest.sets) > 1 else []


@dataclass(frozen=True, slots=True, eq=False)
class CompetitionPlan:
    """A competition.

    Parameters
    ----------
    title : str
    task : Task
    options : Options
        With title, limits and ``reveal`` as they hold.
    phases : sequence of PlannedPhase
        In order, one after the other.
    release : Mapping or None
        The contents of ``release.yaml``; None where frames are not numbered from 0.
    contact : str
    """

    title: str
    task: Task
    options: Options
    phases: Sequence[PlannedPhase]
    release: Mapping[str, Any] | None
    contact: str = ""


def plan(contest: Contest | ContestSetup, options: Options) -> CompetitionPlan:
    """Return what is held.

    Raises
    ------
    RobotVisionError
        Phases do not follow one another, or points are withheld without an end.
    """
    if isinstance(contest, ContestSetup):
        made = _of_file(contest, options)
    else:
        made = _of_task(contest, options)
    Disclosure(made.options.reveal, options.points_step)
    phases = _in_a_row(made.phases)
    if options.has_final_phase:
        last = phases[-1]
        if last.closes is None:
            raise RobotVisionError(
                "--round-points and --public-share hold until the end of the contest: give --end, "
                "or 'closes' of the last phase"
            )
        if options.public_share is not None:
            public_part(last.contest, options.public_share, options.public_seed)
        final = replace(
            last,
            name=FINAL,
            opens=last.closes + STEP,
            closes=last.closes + FINAL_PHASE,
            is_final=True,
        )
        phases = [*phases[:-1], replace(last, is_withheld=True), final]
    return replace(made, phases=phases)


def _of_task(contest: Contest, options: Options) -> CompetitionPlan:
    opens, closes = _in_utc(options.start), _in_utc(options.end)
    title = options.title or contest.task.title or contest.task.id
    release = {
        "contest": title,
        "task": settled_task(contest.task),
        "modes": [options.mode],
        "test_sets": [{"name": name, "frames": len(t)} for name, t in contest.sets.items()],
        "phases": {"test": {"opens": _iso(opens), "closes": _iso(closes)}},
        "limits": {"runs": options.max_in_all, "per_day": options.max_per_day},
    }
    is_counted = all(
        np.array_equal(np.sort(t.frames.indices), np.arange(len(t))) for t in contest.sets.values()
    )
    phase = PlannedPhase("Contest", contest, opens, closes)
    return CompetitionPlan(title, contest.task, options, [phase], release if is_counted else None)


def _of_file(setup: ContestSetup, options: Options) -> CompetitionPlan:
    about = setup.about
    if options.mode not in about.modes:
        raise RobotVisionError(
            f"{setup.path}: the contest has no mode {options.mode}; it has: "
            f"{', '.join(about.modes)}"
        )
    if options.start or options.end:
        raise RobotVisionError(f"{setup.path} holds the dates: leave --start and --end out")
    task = setup.known_task(options.task)
    phases = [
        PlannedPhase(
            name,
            setup.contest(name, task),
            _in_utc(None if phase.opens is None else as_moment(phase.opens)),
            _in_utc(None if phase.closes is None else as_moment(phase.closes)),
            {
                s.name: ", ".join(f"{key}: {value}" for key, value in s.conditions.items())
                for s in setup.sets_of(name, task)
            },
        )
        for name, phase in about.phases.items()
        if setup.sets_of(name, task)
    ]
    options = replace(
        options,
        title=options.title or about.title,
        max_per_day=about.limits.per_day,
        max_in_all=about.limits.runs,
        reveal=Reveal[about.public.reveal.upper()],
    )
    release = {**release_of(setup), "modes": [options.mode], "programs": False}
    if about.tasks:
        release.pop("tasks")
        sets = [{**s, "task": ""} for s in release["test_sets"] if s["task"] == task]
        release |= {"task": settled_task(setup.tasks[task]), "test_sets": sets}
    title = options.title or about.title
    return CompetitionPlan(title, setup.tasks[task], options, phases, release, about.contact)


def _in_a_row(phases: Sequence[PlannedPhase]) -> list[PlannedPhase]:
    """Return phases with the columns they begin at, once they are known to follow one another."""
    result: list[PlannedPhase] = []
    n_columns = 0
    for phase in phases:
        opens = phase.opens
        if opens and phase.closes and phase.closes <= opens:
            raise RobotVisionError(
                f"--end {phase.closes}: expected a moment after the start, {opens}"
            )
        if result:
            before = result[-1]
            if before.closes is None or opens is None or opens < before.closes:
                raise RobotVisionError(
                    f"the phase {phase.name} begins before {before.name} has ended, and Codabench "
                    f"has one phase at a time: let {before.name} close before {phase.name} opens"
                )
            opens = max(opens, before.closes + STEP)
        result.append(replace(phase, opens=opens, first_set=n_columns))
        n_columns += len(phase.set_columns)
    return result


def _in_utc(when: datetime | None) -> datetime | None:
    if when is None:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
