"""The system that answers each test set: a program, a model's pipeline, or one trained here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from robotvision import recogniser, systems
from robotvision.config.experiment import TestSetSpec
from robotvision.config.schema import Ros2SystemConfig, SequenceSpec, SystemConfig
from robotvision.experiment.prepare import Prepared
from robotvision.experiment.program import data_of, memory_notices, program
from robotvision.experiment.progress import Observer
from robotvision.plugins.plugin_path import folders
from robotvision.recogniser.function import FunctionSystem
from robotvision.recogniser.inprocess import InProcess
from robotvision.recogniser.model_file import own_classes
from robotvision.recogniser.persistence import SUFFIX, save_pipeline
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import Training, TrainingOptions, fit_pipeline
from robotvision.records import Notice
from robotvision.systems.base import System


@dataclass(frozen=True, slots=True)
class Answerer:
    """The system of a test set, and what it was trained on where it was trained here.

    ``notices`` is what readers of its run's report must know.
    """

    system: System
    training: Training | None = None
    notices: tuple[Notice, ...] = ()

    def all_notices(self) -> tuple[Notice, ...]:
        """Return its own notices and those of its training."""
        return (*self.notices, *(() if self.training is None else self.training.notices))


Recognisers = Callable[[Prepared, TestSetSpec], Answerer]
"""Give the system of a test set; called once for each test set before the replay."""


class Trainer:
    """Give the systems that a configuration names. Equal training sequences share one pipeline.

    Parameters
    ----------
    folder : Path
        The run folder: a program's output and a worker's model file are kept there.
    cache : Path, optional
        Folder of extracted features; None: none is kept.
    observer : Observer, optional
        Receives progress.
    """

    def __init__(
        self, folder: Path, cache: Path | None = None, observer: Observer | None = None
    ) -> None:
        self.folder, self.cache, self.observer = folder, cache, observer or Observer()
        self._fitted: dict[tuple[SequenceSpec, ...], tuple[Pipeline, Training]] = {}

    def __call__(self, prepared: Prepared, part: TestSetSpec) -> Answerer:
        """Return the system of a test set, trained. Raises RobotVisionError."""
        experiment = prepared.experiment
        system = experiment.config.system
        if isinstance(system, SystemConfig):
            mode = experiment.config.mode
            answering = program(
                system,
                experiment.path.parent,
                self.folder / "system.log",
                _hidden(prepared, experiment.test_specs),
                _hidden(prepared, experiment.training_specs),
                mode,
            )
            n_sequences = len(part.test) * experiment.config.replay.loop
            return Answerer(answering, notices=memory_notices(system, mode, n_sequences))
        if isinstance(system, Ros2SystemConfig):
            return Answerer(systems.Ros2(**system.ros2.model_dump()))
        if prepared.model is not None:
            return Answerer(self.serve(prepared, part, prepared.model.pipeline))
        if prepared.function is not None:
            wanted = experiment.config.decision
            unknown = wanted.unknown if isinstance(wanted.unknown, float) else None
            asked = FunctionSystem(prepared.function, prepared.task, wanted.abstain, unknown)
            return Answerer(asked)
        pipeline, training = self._fit(prepared, part)
        notices = tuple(Notice("feature-not-cached", line) for line in training.not_cached)
        return Answerer(self.serve(prepared, part, pipeline), training, notices)

    def serve(self, prepared: Prepared, part: TestSetSpec, pipeline: Pipeline) -> System:
        """Return a trained pipeline as a system: in this process, or in one of its own."""
        if prepared.experiment.config.system != "worker":
            return InProcess(pipeline)
        path = self.folder / f"{part.name}{SUFFIX}"
        save_pipeline(path, pipeline, prepared.task)
        trusted = list(own_classes(path))  # it was written just now, by this process
        return recogniser.Worker(
            "robotvision.recogniser.persistence:build_system",
            {"path": str(path.resolve()), "trusted": trusted, "folders": folders()},
            name="pipeline",
            has_memory=pipeline.has_memory,
            log_path=self.folder / "system.log",
        )

    def _fit(self, prepared: Prepared, part: TestSetSpec) -> tuple[Pipeline, Training]:
        if part.train not in self._fitted:
            pipeline, _, training = fit_pipeline(
                prepared.experiment.config,
                prepared.task,
                prepared.training_sequences(part),
                self.cache,
                self.observer.step,
                TrainingOptions(prepared.experiment.path),
            )
            self._fitted[part.train] = pipeline, training
            self.observer.trained(part.name, training)
        return self._fitted[part.train]


def _hidden(prepared: Prepared, specs: Sequence[SequenceSpec]) -> set[Path]:
    """Return where sequences and their truth lie: a reader may find them beside the path given."""
    hidden = data_of(specs)
    for sequence in (prepared.sequences[s] for s in specs):
        hidden |= {p.resolve() for p in (sequence.root, sequence.truth_table) if p is not None}
    return hidden
