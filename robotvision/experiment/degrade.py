"""Compute what sensor faults cost: one system on the same sequences, clean and with each fault.

The pipeline is trained once, on the clean sequences; only the test sequences are altered. One run
has no fault, one has each fault alone, and the main one has them all, in the order of the plan.
Every run is judged under the configuration's own clock and policy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.config.experiment import Experiment
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Trainer
from robotvision.experiment.run import RunOptions, run
from robotvision.playback.faults import FaultPlan
from robotvision.runs.folder import RunResult
from robotvision.scoring.tally import total

CLEAN, ALL = "none", "all"


def degrade(
    experiment: Experiment,
    folder: Path,
    plan: FaultPlan,
    *,
    cache: Path | None = None,
    observer: Observer | None = None,
    options: RunOptions | None = None,
) -> tuple[RunResult, list[dict[str, Any]]]:
    """Run clean, with each fault and with all of them.

    Parameters
    ----------
    experiment : Experiment
        A checked configuration.
    folder : Path
        Of the run with every fault; the others are in ``faults/<name>`` within it.
    plan : FaultPlan
        In place of the configuration's own.
    cache, observer, options
        As in `robotvision.experiment.run.run`.

    Returns
    -------
    run, table
        The run with every fault, and a row a run: ``fault, points, lost, lost_share, outcomes,
        run_dir``. A run stopped by Ctrl-C ends the table.

    Raises
    ------
    RobotVisionError
        As `robotvision.experiment.run.run`; or a fault does not fit a sequence.
    """
    observer = observer or Observer()
    prepared = prepare(experiment, observer)
    if any(s.truth is None for part in experiment.parts for s in prepared.test_sequences(part)):
        raise RobotVisionError(
            f"{experiment.path}: points lost by fault need the truth of every test sequence"
        )
    recognisers = Trainer(folder, cache, observer)
    rows: list[dict[str, Any]] = []
    plans = _plans(plan)
    for name, faults in plans.items():
        config = experiment.config.model_copy(update={"faults": faults})
        where = folder if name == list(plans)[-1] else folder / "faults" / name
        where.mkdir(parents=True, exist_ok=True)
        observer.note(f"sensor faults: {name}")
        result = run(
            replace(experiment, config=config),
            where,
            observer=observer,
            prepared=prepared,
            recognisers=recognisers,
            options=options,
        )
        rows.append(_row(name, result, rows))
        if result.stopped:
            break
    return result, rows


def _plans(plan: FaultPlan) -> dict[str, FaultPlan | None]:
    """Return what is run, by name: no fault, each one alone, all of them."""
    names = list(plan.named())
    if len(names) == 1:
        return {CLEAN: None, names[0]: plan}
    return {CLEAN: None, **{name: plan.only(name) for name in names}, ALL: plan}


def _row(name: str, result: RunResult, rows: list[dict[str, Any]]) -> dict[str, Any]:
    whole = total(result.task, result.tallies)
    clean = rows[0]["points"] if rows else whole.points
    return {
        "fault": name,
        "points": whole.points,
        "lost": clean - whole.points,
        "lost_share": (clean - whole.points) / clean if clean > 0 else None,
        "outcomes": whole.outcomes,
        "run_dir": str(result.folder),
    }
