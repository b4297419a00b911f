"""The system that answers each test set: a program, a model's pipeline, or one trained here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from robotvision import recogniser, systems
from robotvision.config.experiment import TestSetSpec
from robotvision.config.schema import Ros2SystemConfig, SequenceSpec, SystemConfig
from robotvision.experiment.prepare import Prepared
from robotvision.experiment.progress import Observer
from robotvision.features import cache_root
from robotvision.plugins.plugin_path import folders
from robotvision.records import Notice
from robotvision.systems.base import Mode, System

if TYPE_CHECKING:
    from robotvision.recogniser.pipeline import Pipeline
    from robotvision.recogniser.training import Training
    from robotvision.systems import Program


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
            asked = recogniser.function.FunctionSystem(
                prepared.function, prepared.task, wanted.abstain, unknown
            )
            return Answerer(asked)
        pipeline, training = self._fit(prepared, part)
        notices = tuple(Notice("feature-not-cached", line) for line in training.not_cached)
        return Answerer(self.serve(prepared, part, pipeline), training, notices)

    def serve(self, prepared: Prepared, part: TestSetSpec, pipeline: Pipeline) -> System:
        """Return a trained pipeline as a system: in this process, or in one of its own."""
        if prepared.experiment.config.system != "worker":
            return recogniser.inprocess.InProcess(pipeline)
        files = recogniser.persistence
        path = self.folder / f"{part.name}{files.SUFFIX}"
        files.save_pipeline(path, pipeline, prepared.task)
        # The file was written just now, by this process: what is in it may be built.
        trusted = list(recogniser.model_file.own_classes(path))
        return recogniser.Worker(
            "robotvision.recogniser.persistence:build_system",
            {"path": str(path.resolve()), "trusted": trusted, "folders": folders()},
            name="pipeline",
            has_memory=pipeline.has_memory,
            log_path=self.folder / "system.log",
        )

    def _fit(self, prepared: Prepared, part: TestSetSpec) -> tuple[Pipeline, Training]:
        if part.train not in self._fitted:
            how = recogniser.training
            pipeline, _, training = how.fit_pipeline(
                prepared.experiment.config,
                prepared.task,
                prepared.training_sequences(part),
                self.cache,
                self.observer.step,
                how.TrainingOptions(prepared.experiment.path),
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


def program(
    config: SystemConfig,
    base: Path,
    log_path: Path,
    hide: Iterable[Path] = (),
    training: Iterable[Path] = (),
    mode: Mode = "obligatory",
) -> Program:
    """Return the program of ``system: {command: [...]}``, not yet started.

    Parameters
    ----------
    config : SystemConfig
        From a checked configuration.
    base : Path
        Where relative paths of the command start: the configuration's folder.
    log_path : Path
        Where its output is kept.
    hide : iterable of Path
        The test sequences' folders and files, which it must never see; nor the cache of extracted
        features.
    training : iterable of Path
        Training sequences, which it may read where the configuration lets it.
    mode : str
        In the ``optional`` mode its answers may depend on earlier frames.
    """
    limits = config.limits
    return systems.Program(
        config.command,
        timeout_s=config.timeout_s,
        start_timeout_s=config.start_timeout_s,
        env=config.env,
        restarts=config.restarts,
        fresh=config.fresh,
        transport=config.transport,
        isolation=config.isolation,
        limits=systems.Limits(limits.memory_mb, limits.processes, limits.file_mb, limits.cpu_s),
        log_path=log_path,
        read=[base / p for p in config.read],
        hide=[*hide, cache_root()],
        training=list(training),
        base=base,
        has_memory=mode == "optional",
    )


def data_of(specs: Iterable[SequenceSpec]) -> set[Path]:
    """Return the folders of sequences, and the files that their readers' parameters name."""
    hidden = set()
    for spec in specs:
        folder = Path(spec.path).resolve()
        hidden.add(folder)
        values = [v if isinstance(v, list) else [v] for v in spec.params.values()]
        words = [w for some in values for w in some if isinstance(w, str)]
        hidden |= {path for w in words if (path := (folder / w).resolve()).is_file()}
    return hidden


def memory_notices(config: SystemConfig, mode: Mode, n_sequences: int) -> tuple[Notice, ...]:
    """Return what readers must know of a program that outlives a sequence in obligatory mode."""
    if mode != "obligatory" or config.fresh == "sequence" or n_sequences < 2:
        return ()
    message = (
        f"the program ran on over {n_sequences} test sequences: what it keeps in memory and in its "
        "scratch files outlives a reset, which the obligatory mode forbids it to use; 'system: "
        "{fresh: sequence}' starts a new program for every sequence"
    )
    return (Notice("program-memory", message),)
