"""What comes before a replay: sequences opened, the task settled, systems trained."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from robotvision.classifiers import CLASSIFIERS
from robotvision.config.checks import (
    Config,
    Experiment,
    PolicyConfig,
    ReplayConfig,
    SequenceSpec,
    SystemConfig,
    TestSetSpec,
    load_config,
)
from robotvision.data import open_sequence
from robotvision.data.sequence import ImageSequence
from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.experiment.program import program
from robotvision.experiment.progress import Observer
from robotvision.features import FEATURES
from robotvision.recogniser.channels import settle_features
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.persistence import SUFFIX, TrainedModel, load_pipeline, save_pipeline
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import Training, fit_pipeline
from robotvision.recogniser.tuning.search import tune
from robotvision.recogniser.worker import Worker
from robotvision.scoring.policy import POLICIES, Policy, named_policy, parse_deadline, parse_policy
from robotvision.systems.base import System
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from robotvision.temporal import TEMPORAL

if TYPE_CHECKING:
    from robotvision.recogniser.tuning.search import Tuned


class Preparation:
    """The sequences, the task and the systems of a configuration.

    Parameters
    ----------
    setup : Experiment
        A checked configuration.
    cache : Path or None
        Folder of extracted features; None: none is kept.
    observer : Observer
        Hears of progress.
    log_path : Path
        Where a program's output is kept.

    Attributes
    ----------
    task : Task
        With its rooms settled.
    opened : dict[SequenceSpec, ImageSequence]
        Every sequence of the configuration.
    training : dict[str, Training]
        By test set, once its system was made.

    Raises
    ------
    InputFaults
        Whatever is wrong with the sequences, all at once.
    """

    def __init__(
        self, setup: Experiment, cache: Path | None, observer: Observer, log_path: Path
    ) -> None:
        self.setup, self.cache, self.observer, self.log_path = setup, cache, observer, log_path
        self.training: dict[str, Training] = {}
        self.pipelines: dict[tuple[SequenceSpec, ...], Pipeline] = {}
        self.opened: dict[SequenceSpec, ImageSequence] = {}
        path = setup.model_path
        self.model = None if path is None else load_pipeline(path, setup.task.id)
        self._open_all()
        self.task = self._settle_task()
        config, notes = settle_features(setup.config, list(self.opened.values()))
        self.setup = replace(setup, config=config)
        for note in notes:
            observer.note(note)

    def _open_all(self) -> None:
        specs = {s: None for p in self.setup.parts for s in (*p.train, *p.test)}
        faults: list[Fault] = []
        for k, spec in enumerate(specs):
            self.observer.step("reading sequences", k, len(specs))
            try:
                self.opened[spec] = open_part(spec)
            except InputFaults as e:
                faults += e.faults
        self.observer.step("reading sequences", len(specs), len(specs))
        if faults:
            raise InputFaults(faults)

    def _settle_task(self) -> Task:
        rooms = {
            room
            for part in self.setup.parts
            for spec in part.train
            for room in self.opened[spec].room_counts()
        }
        task = self.setup.task
        if self.model is not None:
            rooms = set(self.model.task.room_names)
            fault = other_rules(self.setup, self.model)
            if fault is not None:
                raise InputFaults([fault])
        if isinstance(task.rooms, str) and not rooms:
            raise InputFaults(
                [
                    Fault(
                        self.setup.path,
                        f"the rooms of the task {task.id} are those of the training "
                        "sequences, and there are none",
                        remedy="add 'train: [...]', or name a task with rooms of its own",
                    )
                ]
            )
        task = task.with_rooms(rooms)
        faults = [
            fault
            for part in self.setup.parts
            for spec in part.test
            for fault in outside_rooms(self.opened[spec], task)
        ]
        if faults:
            raise InputFaults(faults)
        return task

    def system(self, part: TestSetSpec) -> System:
        """Return the system that answers a test set; pipelines are trained once."""
        config = self.setup.config.system
        if isinstance(config, SystemConfig):
            hide = {Path(s.path).resolve() for p in self.setup.parts for s in (*p.train, *p.test)}
            mode = self.setup.config.mode
            return program(config, self.setup.path.parent, self.log_path, hide, mode)
        pipeline = self.pipelines.get(part.train) if self.model is None else self.model.pipeline
        if pipeline is None:
            sequences = [self.opened[s] for s in part.train]
            pipeline, _, self.training[part.name] = fit_pipeline(
                self.setup.config,
                self.task,
                sequences,
                self.cache,
                self.observer.step,
                self.setup.path,
            )
            self.pipelines[part.train] = pipeline
            self.observer.trained(part.name, self.training[part.name])
        if config == "worker":
            return self._worker(pipeline, part)
        return InProcess(pipeline)

    def _worker(self, pipeline: Pipeline, part: TestSetSpec) -> System:
        """Return the pipeline in a process of its own, which reads it from a model file."""
        path = self.log_path.parent / f"{part.name}{SUFFIX}"
        save_pipeline(path, pipeline, self.task)
        about = {"path": str(path.resolve()), "trusted": own_classes(self.setup.config)}
        return Worker(
            "robotvision.recogniser.persistence:build_system",
            about,
            name="pipeline",
            has_memory=pipeline.has_memory,
            log_path=self.log_path,
        )


def own_classes(config: Config) -> list[str]:
    """Return the dotted names of the plug-in classes that a configuration names."""
    named = [(FEATURES, item) for item in config.features]
    named += [
        (r, i)
        for r, i in ((CLASSIFIERS, config.classifier), (TEMPORAL, config.temporal))
        if i is not None
    ]
    classes = [r.get(item if isinstance(item, str) else item.name) for r, item in named]
    return [f"{cls.__module__}.{cls.__qualname__}" for cls in classes]


def train_part(
    setup: Experiment, name: str | None, cache: Path | None, observer: Observer
) -> tuple[Pipeline, Task, dict[str, Any]]:
    """Train the pipeline of one test set; return it, its task and what a model file keeps.

    Raises
    ------
    RobotVisionError
        There is nothing to train, or several sets and none is named.
    """
    prepared, part, sequences = _prepared(setup, name, cache, observer)
    pipeline, task, training = fit_pipeline(
        prepared.setup.config, prepared.task, sequences, cache, observer.step, setup.path
    )
    observer.trained(part.name, training)
    about = {
        "config": setup.resolved(),
        "training": [{"name": s.name, "digest": table_digest(s)} for s in sequences],
    }
    return pipeline, task, about


def tune_part(setup: Experiment, name: str | None, cache: Path | None, observer: Observer) -> Tuned:
    """Try the candidates of one test set's training; see `robotvision.recogniser.tuning`.

    Raises
    ------
    RobotVisionError
        As `train_part` and the search do.
    """
    prepared, _, sequences = _prepared(setup, name, cache, observer)
    config = prepared.setup.config
    return tune(config, prepared.task, sequences, cache, observer.step, setup.path)


def _prepared(
    setup: Experiment, name: str | None, cache: Path | None, observer: Observer
) -> tuple[Preparation, TestSetSpec, list[ImageSequence]]:
    """Open the training sequences of one test set, the test sequences left alone."""
    parts = {part.name: part for part in setup.parts}
    if setup.is_program or setup.model_path is not None:
        raise RobotVisionError(f"{setup.path}: nothing is trained here, another system answers")
    if name is None and len({p.train for p in setup.parts}) > 1:
        raise RobotVisionError(
            f"{setup.path}: each test set has its own training; name one with --set: "
            f"{', '.join(parts)}"
        )
    if name is not None and name not in parts:
        raise RobotVisionError(f"--set {name}: no such test set; known: {', '.join(parts)}")
    part = parts[name] if name is not None else setup.parts[0]
    alone = replace(setup, parts=(replace(part, test=()),))
    prepared = Preparation(alone, cache, observer, Path("system.log"))
    return prepared, part, [prepared.opened[s] for s in part.train]


def late_frame_rule(policy: str, deadline_ms: str | None) -> dict[str, Any]:
    """Return the keys of `ReplayConfig` that a policy and a deadline given as text stand for.

    Raises
    ------
    RobotVisionError
        There is no such policy, or the deadline is no time.
    """
    deadline = None if deadline_ms is None else parse_deadline(deadline_ms)
    rule = parse_policy(policy, deadline)
    return {
        "policy": rule.name
        if rule.name in POLICIES
        else {"backlog": rule.backlog, "late": rule.late},
        "deadline_ms": deadline / 1e6 if isinstance(deadline, int) else deadline,
    }


def replay_setup(
    source: Path, sequences: tuple[Path, ...], task: str | None, replay: dict[str, Any]
) -> Experiment:
    """Return the setup that replays ``sequences`` through a model file or a configuration.

    Parameters
    ----------
    source : Path
        ``.yaml`` or ``.yml``: a configuration; anything else: a model file.
    task : str, optional
        In place of the source's.
    replay : dict
        What `ReplayConfig` holds.

    Raises
    ------
    RobotVisionError
        The source or a sequence is not there or wrong.
    """
    missing = [Fault(p, "no such folder") for p in sequences if not p.exists()]
    if missing:
        raise InputFaults(missing)
    specs = tuple(SequenceSpec(path=str(p)) for p in sequences)
    if source.suffix in (".yaml", ".yml"):
        setup = load_config(source)
        config = setup.config
        rules = setup.task if task is None else load_task(task)
        train = setup.parts[0].train
        if len({p.train for p in setup.parts}) > 1:
            raise RobotVisionError(
                f"{source}: each test set has its own training; train one with robotvision train "
                "--set, then replay the model"
            )
    else:
        trained = load_pipeline(source)
        mode: Literal["obligatory", "optional"] = (
            "optional" if trained.pipeline.has_memory else "obligatory"
        )
        known = str(trained.about["task"])
        config = Config(task=task or known, mode=mode, model=str(source.resolve()), test=[])
        rules = load_task(task) if task is not None else trained.task
        train = ()
    policy = ReplayConfig.model_validate(replay)
    config = config.model_copy(update={"replay": policy, "test": list(specs), "out": None})
    check_replay(policy)
    return Experiment(config, rules, (TestSetSpec("test", train, specs),), source, Path())


def check_replay(replay: ReplayConfig) -> None:
    """Raise where clock and policy do not go together."""
    if replay.clock == "asap" and replay.policy != "offline":
        raise RobotVisionError(
            f"policy {replay.policy}: with the clock 'asap' a frame comes when the last answer is "
            "in, so none is late; give --clock simulated or wall"
        )


def other_rules(setup: Experiment, model: TrainedModel) -> Fault | None:
    """Return a fault where a model was trained for other labels than the task's."""
    asked = setup.task.with_rooms(model.task.room_names)
    if asked.labels == model.task.labels and asked.objects == model.task.objects:
        return None
    return Fault(
        setup.path,
        f"model: trained for the labels {', '.join(model.task.labels)}, the task "
        f"{asked.id} has {', '.join(asked.labels)}",
        remedy="train again for this task",
    )


def policy_of(setup: Experiment) -> Policy:
    """Return the late-frame policy of a configuration. Raises RobotVisionError."""
    replay = setup.config.replay
    deadline = replay.deadline_ms
    deadline_ns = round(deadline * 1e6) if isinstance(deadline, float) else deadline
    if isinstance(replay.policy, PolicyConfig):
        return Policy(replay.policy.backlog, replay.policy.late, deadline_ns)
    return named_policy(replay.policy, deadline_ns)


def open_part(spec: SequenceSpec) -> ImageSequence:
    """Open a sequence, or the part of it that a configuration names. Raises InputFaults."""
    sequence = open_sequence(Path(spec.path), spec.reader, **spec.params)
    if spec.frames is None:
        return sequence
    start, end = spec.frames
    end = len(sequence) if end is None else end
    if not 0 <= start < end <= len(sequence):
        raise InputFaults(
            [
                Fault(
                    spec.path,
                    f"frames: expected [start, end] within 0 and {len(sequence)}, got "
                    f"[{start}, {end}]",
                )
            ]
        )
    return sequence.part(start, end, f"{sequence.name}[{start}:{end}]")


def outside_rooms(sequence: ImageSequence, task: Task) -> list[Fault]:
    """Return a fault for each true room that the task cannot count, at its first line."""
    if task.unknown is not None:
        return []
    first: dict[str, int] = {}
    for index, truth in (sequence.truth or {}).items():
        if truth.room not in task.room_names:
            first.setdefault(truth.room, index)
    return [
        Fault(
            sequence.truth_table or sequence.root,
            f"the room {room!r} is outside the task {task.id}",
            sequence.truth_lines.get(index),
            remedy=f"rooms: {', '.join(task.room_names)}",
        )
        for room, index in first.items()
    ]


def table_digest(sequence: ImageSequence) -> str:
    """Return a digest of a sequence's entries and truth (its pictures are not read for it)."""
    h = hashlib.sha256()
    for f in sequence.frames:
        sources = sorted((c, Path(s.where).name) for c, s in f.sources.items())
        h.update(json.dumps([f.index, f.timestamp_ns, f.segment, sources]).encode())
    for index, truth in sorted((sequence.truth or {}).items()):
        h.update(json.dumps([index, truth.room, sorted(truth.objects)]).encode())
    return h.hexdigest()
