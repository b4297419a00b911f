"""The main job in one call, as ``robotvision run`` does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.api.arguments import PathLike, path_of
from robotvision.api.run import Run
from robotvision.config.checks import check_config, load_config
from robotvision.config.experiment import Experiment, Overrides
from robotvision.errors import RobotVisionError
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Recognisers
from robotvision.experiment.run import RunOptions, experiment_folder, resumed
from robotvision.experiment.run import run as run_experiment
from robotvision.features import cache_folder
from robotvision.report.write import write_reports
from robotvision.yamlfile import Document


def run(
    config: PathLike | Mapping[str, Any] | Experiment,
    *,
    overrides: Mapping[str, Any] | None = None,
    folder: PathLike | None = None,
    data_root: PathLike | None = None,
    observer: Observer | None = None,
    recognisers: Recognisers | None = None,
    options: RunOptions | None = None,
) -> Run:
    """Do the main job: train, replay the test sequences frame by frame, score, report.

    Parameters
    ----------
    config : path, mapping or Experiment
        A configuration: its YAML file, its keys and values, or one that was checked already.
    overrides : Mapping[str, Any], optional
        Values in place of the configuration's, by dotted key: ``{"classifier.C": 3}``.
    folder : path, optional
        The run folder (else the configuration's ``out``, else ``runs/<config>-<time>``).
    data_root : path, optional
        Where relative sequence paths start.
    observer : Observer, optional
        Receives progress and every frame.
    recognisers : callable, optional
        Gives the system of each test set, in place of training.
    options : RunOptions, optional
        Limit, resuming, notices.

    Returns
    -------
    Run
        Its folder holds log, run file and reports.

    Raises
    ------
    RobotVisionError
        The configuration or its input is wrong.
    """
    experiment = experiment_of(config, overrides, data_root)
    options = options or RunOptions()
    out = None if folder is None else path_of("folder", folder)
    if out is None or not options.resume:
        out = experiment_folder(experiment, out)
    else:
        options = replace(options, limit=_logged_limit(out, experiment))
    result = run_experiment(
        experiment,
        out,
        cache=cache_folder(),
        observer=observer,
        recognisers=recognisers,
        options=options,
    )
    write_reports(result)
    if result.stopped:
        raise KeyboardInterrupt
    return Run(result.record, out)


def _logged_limit(folder: Path, experiment: Experiment) -> int | None:
    """Return the limit of an interrupted run. Raises where it is of another experiment."""
    begun, limit = resumed(folder)
    if begun.resolved() != experiment.resolved():
        raise RobotVisionError(
            f"{folder}: its run began with another configuration, so the answers would not fit "
            "together; begin a new run"
        )
    return limit


def experiment_of(
    config: PathLike | Mapping[str, Any] | Experiment,
    overrides: Mapping[str, Any] | None = None,
    data_root: PathLike | None = None,
) -> Experiment:
    """Return a configuration, checked; arguments and faults as in `run`."""
    if isinstance(config, Experiment):
        if overrides:
            raise RobotVisionError("overrides: expected none for an Experiment, which is checked")
        return config
    root = None if data_root is None else path_of("data_root", data_root)
    instead = Overrides(values=dict(overrides or {}))
    if isinstance(config, Mapping):
        document = Document(Path("(from Python)"), dict(config), {}, {})
        return check_config(document, root, instead=instead)
    path = path_of("config", config, "a configuration's path, a mapping or an Experiment")
    return load_config(path, root, instead=instead)
