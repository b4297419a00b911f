"""A checked configuration: the task loaded, the paths settled, every name known."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from robotvision import systems
from robotvision.config.schema import (
    Config,
    Named,
    PolicyConfig,
    Ros2SystemConfig,
    SequenceSpec,
    SystemConfig,
    UnknownConfig,
)
from robotvision.errors import Fault, RobotVisionError, raise_faults
from robotvision.scoring.policy import Policy, named_policy
from robotvision.tasks.model import Task


@dataclass(frozen=True, slots=True)
class TestSetSpec:
    """One test set with what is trained for it. Parts with equal ``train`` share one pipeline."""

    name: str
    train: tuple[SequenceSpec, ...]
    test: tuple[SequenceSpec, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A checked configuration: the task loaded, the paths settled, every name known.

    Parameters
    ----------
    config : Config
        As read.
    task : Task
        Its rooms may still wait for the training sequences.
    parts : tuple[TestSetSpec, ...]
        The test sets, their paths settled.
    path : Path
        The configuration's file.
    data_root : Path
        Where relative paths started.
    """

    config: Config
    task: Task
    parts: tuple[TestSetSpec, ...]
    path: Path
    data_root: Path

    @property
    def model_path(self) -> Path | None:
        """The model file that answers in place of a trained pipeline, its path settled."""
        return None if self.config.model is None else self.path.parent / self.config.model

    @property
    def policy(self) -> Policy:
        """The late-frame policy. Raises RobotVisionError."""
        replay = self.config.replay
        deadline = replay.deadline_ms
        deadline_ns = round(deadline * 1e6) if isinstance(deadline, float) else deadline
        if isinstance(replay.policy, PolicyConfig):
            return Policy(replay.policy.backlog, replay.policy.late, deadline_ns)
        return named_policy(replay.policy, deadline_ns)

    @property
    def training_specs(self) -> list[SequenceSpec]:
        """Every sequence that is trained on, once, in order."""
        return list(dict.fromkeys(s for part in self.parts for s in part.train))

    @property
    def test_specs(self) -> list[SequenceSpec]:
        """Every sequence that is tested on, once, in order."""
        return list(dict.fromkeys(s for part in self.parts for s in part.test))

    @property
    def specs(self) -> list[SequenceSpec]:
        """Every sequence, once, in order: of each test set the training first."""
        return list(dict.fromkeys(s for p in self.parts for s in (*p.train, *p.test)))

    @property
    def has_one_training(self) -> bool:
        """Whether all test sets are trained for alike."""
        return len({part.train for part in self.parts}) <= 1

    def test_set(self, name: str | None) -> TestSetSpec:
        """Return the test set called ``name``; None: the first. Raises RobotVisionError."""
        if name is None:
            return self.parts[0]
        for part in self.parts:
            if part.name == name:
                return part
        known = ", ".join(part.name for part in self.parts)
        raise RobotVisionError(f"--test-set {name}: no such test set; known: {known}")

    @property
    def is_program(self) -> bool:
        """Whether a program or a ROS 2 node answers, in place of features and classifier."""
        return isinstance(self.config.system, SystemConfig | Ros2SystemConfig)

    @property
    def function(self) -> Named | None:
        """What answers from the images themselves: a classifier without features; None: nothing."""
        config = self.config
        if config.classifier is None or config.features or self.is_program:
            return None
        given = config.classifier
        return Named(name=given) if isinstance(given, str) else given

    @property
    def is_trained(self) -> bool:
        """Whether a pipeline is trained: no program, model or function answers in its place."""
        return not self.is_program and self.model_path is None and self.function is None

    def resolved(self) -> dict[str, Any]:
        """Return the configuration with every default and absolute paths, as plain data."""
        data = self.config.model_dump(mode="json")
        sides = {"train": {}, "test": {}}  # type: dict[str, dict[str, Any]]
        for part in self.parts:
            sides["train"][part.name] = [plain_spec(s) for s in part.train]
            sides["test"][part.name] = [plain_spec(s) for s in part.test]
        for side, sets in sides.items():
            is_mapping = isinstance(getattr(self.config, side), dict)
            data[side] = sets if is_mapping else next(iter(sets.values()))
        if self.model_path is not None:
            data["model"] = str(self.model_path.resolve())
        if isinstance(self.config.system, SystemConfig):
            base, system = self.path.parent, self.config.system
            data["system"]["command"] = systems.absolute_command(system.command, base)
            data["system"]["read"] = [os.path.abspath(base / p) for p in system.read]
        if self.config.task.endswith((".yaml", ".yml")):
            data["task"] = str((self.path.parent / self.config.task).resolve())
        return data


def unknown_rule(config: Config, task: Task) -> Literal["never", "zone"] | UnknownConfig:
    """Return what a configuration trains to detect unknown rooms of a task."""
    wanted = config.decision.unknown
    if task.unknown is None or isinstance(wanted, float):
        return "never"
    if wanted == "auto":
        wanted = "detect" if task.unknown_expected else "zone" if config.temporal else "never"
    return UnknownConfig() if wanted == "detect" else wanted


def plain_spec(spec: SequenceSpec) -> dict[str, Any]:
    """Return where a sequence lies as plain data, its path absolute."""
    data = spec.model_dump(mode="json", exclude_defaults=True)
    return {**data, "path": str(Path(data["path"]).resolve())}


@dataclass(frozen=True, slots=True)
class Overrides:
    """What is taken in place of a configuration's own, where it is given.

    Parameters
    ----------
    task : str or None
        A task's name or YAML file.
    train, test : tuple of Path
        Sequences; paths start at the working folder.
    values : Mapping[str, Any]
        Any value by dotted key: ``{"classifier.C": 3}``.
    trust : tuple of str
        Classes that a model file may hold, beside the configuration's.
    source : str
        What messages call ``values``: ``--set`` on the command line.
    """

    task: str | None = None
    train: tuple[Path, ...] = ()
    test: tuple[Path, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    trust: tuple[str, ...] = ()
    source: str = "overrides:"

    def of(self, config: Config) -> Config:
        """Return the configuration with task and sequences. Raises InputFaults."""
        missing = [Fault(p, "no such folder") for p in (*self.train, *self.test) if not p.exists()]
        raise_faults(missing)
        update: dict[str, Any] = {} if self.task is None else {"task": self.task}
        if self.trust:
            update["trust"] = [*config.trust, *(t for t in self.trust if t not in config.trust)]
        for side, paths in (("train", self.train), ("test", self.test)):
            if paths:
                update[side] = [str(p.resolve()) for p in paths]
        return config.model_copy(update=update)
