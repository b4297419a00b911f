"""Train or tune the recogniser of one test set; the test sequences are left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.config.experiment import Experiment, TestSetSpec
from robotvision.data import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.experiment.overlap import training_records
from robotvision.experiment.prepare import Prepared, prepare
from robotvision.experiment.progress import Observer
from robotvision.recogniser.persistence import save_pipeline
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.recogniser.tuning.search import Tuned, tune
from robotvision.tasks.model import Task


def train_pipeline(
    experiment: Experiment,
    set_name: str | None = None,
    cache: Path | None = None,
    observer: Observer | None = None,
) -> tuple[Pipeline, Task, dict[str, Any]]:
    """Train the pipeline of one test set; return it, its task and what a model file keeps.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    set_name : str, optional
        The test set whose training to use, where there are several.
    cache : Path, optional
        Folder of extracted features.
    observer : Observer, optional
        Receives progress.

    Raises
    ------
    RobotVisionError
        There is nothing to train, or several sets and none is named.
    """
    observer = observer or Observer()
    prepared, part, sequences = _prepare_training(experiment, set_name, observer)
    config = prepared.experiment.config
    pipeline, task, training = fit_pipeline(
        config,
        prepared.task,
        sequences,
        cache,
        observer.step,
        TrainingOptions(experiment.path),
    )
    observer.trained(part.name, training)
    about = {
        "config": experiment.resolved(),
        "training": training_records(sequences, part.train),
    }
    return pipeline, task, about


def train_model(
    experiment: Experiment,
    path: Path,
    set_name: str | None = None,
    cache: Path | None = None,
    observer: Observer | None = None,
) -> Task:
    """Train the pipeline of one test set and write it to a model file; return its task.

    Parameters
    ----------
    path : Path
        The model file; replaced once the new one is whole.
    experiment, set_name, cache, observer
        As in `train_pipeline`.

    Raises
    ------
    RobotVisionError
        As `train_pipeline` does, or the file cannot be written.
    """
    pipeline, task, about = train_pipeline(experiment, set_name, cache, observer)
    save_pipeline(path, pipeline, task, about)
    return task


def tune_experiment(
    experiment: Experiment,
    set_name: str | None = None,
    cache: Path | None = None,
    observer: Observer | None = None,
) -> Tuned:
    """Try the candidates of one test set's training; see `robotvision.recogniser.tuning`.

    Raises
    ------
    RobotVisionError
        As `train_pipeline` and the search do.
    """
    observer = observer or Observer()
    prepared, _, sequences = _prepare_training(experiment, set_name, observer)
    return tune(
        prepared.experiment.config, prepared.task, sequences, cache, observer.step, experiment.path
    )


def _prepare_training(
    experiment: Experiment, name: str | None, observer: Observer
) -> tuple[Prepared, TestSetSpec, list[ImageSequence]]:
    """Open the training sequences of one test set alone; return it and them, too."""
    if not experiment.is_trained:
        raise RobotVisionError(
            f"{experiment.path}: nothing is trained here, another system answers"
        )
    if name is None and not experiment.has_one_training:
        raise RobotVisionError(
            f"{experiment.path}: each test set has its own training; name one with --set: "
            f"{', '.join(p.name for p in experiment.parts)}"
        )
    part = experiment.test_set(name)
    prepared = prepare(replace(experiment, parts=(replace(part, test=()),)), observer)
    (part,) = prepared.experiment.parts
    return prepared, part, prepared.training_sequences(part)
