"""``contest.yaml``: everything that an organiser decides about a contest, in one file.

::

    title: Our building by night
    task: night.yaml
    modes: [obligatory, optional]
    test_sets:
      - {name: night, truth: secret/night, conditions: {light: night, robot: A}}
    phases:
      test: {opens: "2027-03-01T00:00+01:00", closes: "2027-06-01T00:00+02:00"}
    limits: {runs: 3, per_day: 2}
    baselines: [{name: "chance", run: baselines/chance.txt}]
    public: {reveal: totals}

Paths are relative to the file. Moments have a time zone, so that a deadline is one moment for all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from robotvision.config.json_schema import DIALECT
from robotvision.config.schema import PolicyConfig
from robotvision.contest.leaderboard.contest import Contest
from robotvision.contest.verdict import EntryRules
from robotvision.errors import Fault, InputFaults, RobotVisionError, near
from robotvision.submissions.batch import fitting_frames
from robotvision.submissions.released import TEST, ReleasedPart
from robotvision.submissions.table import segments_of
from robotvision.submissions.testsets import settle
from robotvision.submissions.truthfile import TruthTable, read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Label, Task
from robotvision.yamlfile import Document, Strict, load, validate

FILE = "contest.yaml"
C = TypeVar("C", bound=Collection[Any])


def _moment(text: str) -> str:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a moment like 2027-06-01T00:00+02:00, got {text!r}") from None
    if when.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; add +00:00 or your own, like +02:00")
    return text


def _plain(name: str) -> str:
    if not name.isprintable() or not name.strip(". ") or any(c in name for c in "/\\:"):
        raise ValueError(f"expected a name that can name a file, got {name!r}")
    return name


def at_least_one(items: C) -> C:
    """Return items once it is known that there are some: read after each item, unlike a length."""
    if not items:
        raise ValueError("expected at least one, got none")
    return items


Moment = Annotated[str, AfterValidator(_moment)]
FileName = Annotated[Label, AfterValidator(_plain)]
Mode = Literal["obligatory", "optional"]


def as_moment(text: str) -> datetime:
    """Return the moment of a text that `contest.yaml` may hold."""
    return datetime.fromisoformat(text)


class Phase(Strict):
    """When runs are taken; null: no such end. A moment is in it from ``opens`` to ``closes``."""

    opens: Moment | None = None
    closes: Moment | None = None

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.opens and self.closes and as_moment(self.opens) >= as_moment(self.closes):
            raise ValueError(f"expected opens before closes, got {self.opens} and {self.closes}")
        return self

    def is_open(self, when: datetime) -> bool:
        """Return whether a moment lies in it."""
        return not self.is_before(when) and not self.is_over(when)

    def is_before(self, when: datetime) -> bool:
        """Return whether it has not begun at a moment."""
        return self.opens is not None and when < as_moment(self.opens)

    def is_over(self, when: datetime) -> bool:
        """Return whether it is over at a moment."""
        return self.closes is not None and when >= as_moment(self.closes)

    def __str__(self) -> str:
        return f"{self.opens or 'open'} to {self.closes or 'no end'}"


class HiddenSet(Strict):
    """A test set, where its truth is, and under which conditions it was recorded."""

    name: FileName
    truth: str = Field(description="a sequence or its truth.csv")
    key: str | None = Field(default=None, description="the key that data release wrote")
    part: str = TEST
    sequence: str | None = Field(
        default=None, description="what programs are run on; null: the truth's sequence"
    )
    conditions: dict[str, str] = Field(default={}, description="light: night, robot: A")
    phase: str = "test"


class EntryLimits(Strict):
    """How many accepted runs of a team count in a phase; null: as many as it likes."""

    runs: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1, description="a day in UTC")


class Baseline(Strict):
    """A run of the organisers to compare with: a run file or pack, or a configuration."""

    name: Label
    run: str | None = None
    config: str | None = None
    mode: Mode = "obligatory"
    phase: str = "test"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.run is None) == (self.config is None):
            raise ValueError("expected one of run and config")
        return self


class PublicPart(Strict):
    """What the published site shows."""

    reveal: Literal["totals", "rooms", "frames"] = "totals"
    pages: bool = Field(default=False, description="a page for each run")
    images: bool = Field(
        default=False, description="what the cameras saw, on pages that show frames"
    )


class JudgingRules(Strict):
    """How the programs that are handed in are run."""

    policy: Literal["offline", "deadline", "streaming", "queue"] | PolicyConfig = "streaming"
    deadline_ms: float | Literal["next-frame"] | None = None
    rate_hz: float | None = Field(default=None, gt=0, description="null: as recorded")
    clock: Literal["asap", "wall", "simulated"] = "simulated"
    isolation: Literal["auto", "required"] = "required"
    timeout_s: float = Field(default=10.0, gt=0, description="of a frame")
    start_timeout_s: float = Field(default=60.0, gt=0)
    run_s: float | None = Field(default=3600.0, gt=0, description="of the whole run")
    memory_mb: int = Field(default=4096, ge=16)
    disk_mb: int = Field(default=1024, ge=1)


class ContestFile(Strict):
    """The contents of ``contest.yaml``."""

    title: str
    task: str = Field(description="a shipped task or a YAML file")
    train: list[str] = Field(default=[], description="where the task takes its rooms from them")
    modes: tuple[Mode, ...] = ("obligatory", "optional")
    test_sets: Annotated[tuple[HiddenSet, ...], AfterValidator(at_least_one)]
    phases: Annotated[dict[FileName, Phase], AfterValidator(at_least_one)] = {"test": Phase()}
    limits: EntryLimits = EntryLimits()
    baselines: tuple[Baseline, ...] = ()
    programs: bool = Field(default=False, description="packs may hold programs")
    judging: JudgingRules = JudgingRules()
    public: PublicPart = PublicPart()
    contact: str = ""


@dataclass(frozen=True)
class ContestSetup:
    """A contest as described: its file and what it names, opened on first use.

    Parameters
    ----------
    path : Path
        ``contest.yaml``.
    about : ContestFile
    """

    path: Path
    about: ContestFile

    @property
    def folder(self) -> Path:
        """The folder of the contest; paths start there."""
        return self.path.parent

    def place(self, name: str) -> Path:
        """Return a path that the file names."""
        return self.folder / name

    @cached_property
    def _tables(self) -> Mapping[str, TruthTable]:
        return {s.name: self._table(s) for s in self.about.test_sets}

    def _table(self, about: HiddenSet) -> TruthTable:
        table = read_truth(self.place(about.truth))
        if about.key is not None:
            table = ReleasedPart.read(self.place(about.key), about.part).truth_of(table)
        indices = table.frames.indices
        if not np.array_equal(indices, np.arange(len(indices))):
            message = f"the frames of {about.name} are not numbered 0, 1, 2, ..."
            remedy = "robotvision data release numbers them anew"
            raise InputFaults([Fault(self.place(about.truth), message, remedy=remedy)])
        return table

    @cached_property
    def task(self) -> Task:
        """The task, its rooms settled.

        Raises
        ------
        RobotVisionError
            The task or a truth is wrong.
        """
        name = self.about.task
        task = load_task(name, self.folder)
        return settle(task, list(self._tables.values()), [self.place(p) for p in self.about.train])

    def known_phase(self, name: str | None) -> str:
        """Return a phase by name; the last one where None. Raises RobotVisionError."""
        phases = list(self.about.phases)
        if name is None:
            return phases[-1]
        if name not in phases:
            raise RobotVisionError(
                f"no phase is called {name!r}{near(name, phases)}; they are: {', '.join(phases)}"
            )
        return name

    def sets_of(self, phase: str) -> list[HiddenSet]:
        """Return the test sets of a phase, in their order."""
        return [s for s in self.about.test_sets if s.phase == phase]

    def contest(self, phase: str) -> Contest:
        """Return the task with the truth of a phase's test sets."""
        if phase not in self._contests:
            self._contests[phase] = self._open(phase)
        return self._contests[phase]

    @cached_property
    def _contests(self) -> dict[str, Contest]:
        return {}

    def _open(self, phase: str) -> Contest:
        chosen = self.sets_of(phase)
        sets = {s.name: self._tables[s.name] for s in chosen}
        segments = [None if s.key is not None else segments_of(self.place(s.truth)) for s in chosen]
        frames = fitting_frames(self.task, sets, segments)
        return Contest(self.task, sets, frames, all(s is not None for s in segments))

    def rules(self, phase: str) -> EntryRules:
        """Return what submissions of a phase are judged by."""
        return EntryRules.of(
            self.contest(phase), self.about.modes, takes_programs=self.about.programs
        )

    def phase_of(self, when: datetime) -> str:
        """Return the phase that a run counts for by when it came: open, else the last one over.

        Raises
        ------
        InputFaults
            None has begun.
        """
        phases = self.about.phases
        for name, phase in phases.items():
            if phase.is_open(when):
                return name
        over = [
            (as_moment(p.closes), name)
            for name, p in phases.items()
            if p.is_over(when) and p.closes
        ]
        if not over:
            opens = min(as_moment(p.opens) for p in phases.values() if p.opens)
            message = f"no phase is open at {when.isoformat(timespec='minutes')}"
            remedy = f"the first opens {opens.isoformat(timespec='minutes')}"
            raise InputFaults([Fault(self.path, message, remedy=remedy)])
        return max(over)[1]


def open_contest_file(path: Path) -> ContestSetup:
    """Read ``contest.yaml``, or that of a folder.

    Raises
    ------
    InputFaults
        It cannot be read, or something in it does not fit together; every fault with its place.
    """
    file = path / FILE if path.is_dir() else path
    document = load(file)
    about = validate(document, ContestFile)
    faults = list(_misfits(document, about))
    if faults:
        raise InputFaults(faults)
    return ContestSetup(file, about)


def contest_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``contest.yaml`` as plain data."""
    return {"$schema": DIALECT, **ContestFile.model_json_schema(), "title": "robotvision contest"}


def _misfits(document: Document, about: ContestFile) -> list[Fault]:
    """Return what names something that the file does not have, or is there twice."""
    faults = []
    phases = ", ".join(about.phases)
    lists: dict[str, Sequence[HiddenSet | Baseline]] = {
        "test_sets": about.test_sets,
        "baselines": about.baselines,
    }
    for key, items in lists.items():
        names: set[Any] = set()
        for i, item in enumerate(items):
            if item.phase not in about.phases:
                place = (key, i, "phase") if (key, i, "phase") in document.values else (key, i)
                text = f"no phase is called {item.phase!r}; they are: {phases}"
                faults.append(document.fault(place, text))
            if item.name in names:
                faults.append(document.fault((key, i, "name"), f"{item.name!r} is there twice"))
            names.add(item.name)
    for name in about.phases:
        if name not in {s.phase for s in about.test_sets}:
            text = "no test set is of this phase"
            remedy = f"give one 'phase: {name}', or leave the phase out"
            faults.append(document.fault(("phases", name), text, remedy))
    return faults


def now() -> datetime:
    """Return this moment, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
