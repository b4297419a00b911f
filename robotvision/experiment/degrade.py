"""What sensor faults cost: the same system on the same tours, clean and with each fault.

The pipeline is trained once, on the clean tours; only the test tours are spoilt. One run has no
fault, one has each fault alone, and the main one has them all, in the order of the plan. Every run
is judged under the configuration's own clock and policy.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.config.checks import Experiment
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import Preparation
from robotvision.experiment.progress import Observer
from robotvision.experiment.run import RunResult, execute
from robotvision.playback.faults import FaultPlan
from robotvision.scoring.tally import total

CLEAN, ALL = "none", "all"


def degrade(
    setup: Experiment,
    folder: Path,
    plan: FaultPlan,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    observer: Observer,
) -> tuple[RunResult, Experiment, list[dict[str, Any]]]:
    """Run clean, with each fault and with all of them.

    Parameters
    ----------
    setup : Experiment
        A checked configuration.
    folder : Path
        Of the run with every fault; the others lie in ``faults/<name>`` within it.
    plan : FaultPlan
        In place of the configuration's own.

    Returns
    -------
    run, setup, table
        The run with every fault, its setup, and a row a run: ``fault, points, lost, lost_share,
        outcomes, run_dir``. A run stopped by Ctrl-C ends the table.

    Raises
    ------
    RobotVisionError
        As `robotvision.experiment.run.execute`; or a fault does not fit a sequence.
    """
    prepared = Preparation(setup, cache, observer, folder / "system.log")
    if any(
        s.truth is None
        for part in setup.parts
        for s in map(prepared.opened.get, part.test)
        if s is not None
    ):
        raise RobotVisionError(
            f"{setup.path}: points lost by fault need the truth of every test sequence"
        )
    names = list(plan.named())
    plans: dict[str, FaultPlan | None] = {CLEAN: None}
    plans |= {name: plan.only(name) for name in names if len(names) > 1}
    plans[ALL if len(names) > 1 else names[0]] = plan
    main = list(plans)[-1]
    rows: list[dict[str, Any]] = []
    clean = 0.0
    for name, own in plans.items():
        mine = replace(setup, config=setup.config.model_copy(update={"faults": own}))
        where = folder if name == main else folder / "faults" / name
        where.mkdir(parents=True, exist_ok=True)
        observer.note(f"sensor faults: {name}")
        run = execute(mine, where, limit=limit, observer=observer, prepared=prepared)
        whole = total(run.task, run.tallies)
        clean = whole.points if own is None else clean
        rows.append(
            {
                "fault": name,
                "points": whole.points,
                "lost": clean - whole.points,
                "lost_share": (clean - whole.points) / clean if clean > 0 else None,
                "outcomes": whole.outcomes,
                "run_dir": str(where),
            }
        )
        if run.stopped:
            break
    return run, mine, rows
