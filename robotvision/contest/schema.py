"""What ``contest.yaml`` may hold; see `robotvision.contest.file`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from robotvision.config.schema import PolicyConfig
from robotvision.data.release_key import TEST
from robotvision.errors import RobotVisionError
from robotvision.systems.base import Mode
from robotvision.tasks.model import Label
from robotvision.yamlfile import Strict

C = TypeVar("C", bound=Collection[Any])


class OneOrManyTasks(Protocol):
    """What has one task, or several by name."""

    task: Any
    tasks: Any


M = TypeVar("M", bound=OneOrManyTasks)


def as_moment(text: str) -> datetime:
    """Return the moment of a text as `contest.yaml` may hold. Raises ValueError."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a moment like 2027-06-01T00:00+02:00, got {text!r}") from None
    if when.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; add +00:00 or your own, like +02:00")
    return when


def _moment(text: str) -> str:
    as_moment(text)
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


def has_task_or_tasks(model: M) -> M:
    """Return a model once it is known that it has one of the keys ``task`` and ``tasks``."""
    if (model.task is None) == (not model.tasks):
        raise ValueError("expected one of the keys task and tasks")
    return model


Moment = Annotated[str, AfterValidator(_moment)]
FileName = Annotated[Label, AfterValidator(_plain)]


def no_test_set(phase: str, task: str) -> RobotVisionError:
    """Return the error for a phase that has no test set of a task."""
    return RobotVisionError(f"the task {task} has no test set in the phase {phase}")


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
    task: str = Field(default="", description="of several: which one")


class EntryLimits(Strict):
    """How many accepted runs of a team count in a phase and task; null: as many as it likes."""

    runs: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1, description="a day in UTC")


class Baseline(Strict):
    """A run of the organisers to compare with: a run file or pack, or a configuration."""

    name: Label
    run: str | None = None
    config: str | None = None
    mode: Mode = "obligatory"
    phase: str = "test"
    task: str = Field(default="", description="of several: which one")

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
    task: str | None = Field(default=None, description="a shipped task or a YAML file")
    tasks: dict[FileName, str] = Field(default={}, description="several in place of task, by name")
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

    _has_tasks = model_validator(mode="after")(has_task_or_tasks)

    @property
    def task_files(self) -> dict[str, str]:
        """Each task by name; where there is one its name is empty."""
        return self.tasks or {"": str(self.task)}
