"""Replay sequences through a recogniser, a function or a program, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from pydantic import ValidationError

from robotvision.api.arguments import PathLike, first_fault, path_of, sequences_of, task_of
from robotvision.api.recogniser import Recogniser
from robotvision.api.run import Run
from robotvision.config.experiment import Experiment, TestSetSpec
from robotvision.config.schema import Config, ReplayConfig, SequenceSpec
from robotvision.data.sequence import ImageSequence
from robotvision.data.task_labels import room_totals
from robotvision.errors import RobotVisionError, wrong_type
from robotvision.experiment.prepare import prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Answerer
from robotvision.experiment.replay_config import check_replay, late_frame_rule
from robotvision.experiment.run import RunOptions
from robotvision.experiment.run import run as run_experiment
from robotvision.recogniser.training import Training
from robotvision.report.write import write_reports
from robotvision.runs.folder import new_folder
from robotvision.scoring.policy import Policy
from robotvision.systems.base import System
from robotvision.tasks.model import Task

FROM_PYTHON = Path("python.yaml")
"""Stands for the configuration's file of a run from Python."""


class ReplayOptions(TypedDict, total=False):
    """What else a replay may be given."""

    task: str | PathLike | Task
    """The rules (else the recogniser's, else ``rooms`` with the sequences' own rooms)."""
    mode: Literal["obligatory", "optional"]
    """Whether earlier frames may be used (else as the recogniser does)."""
    clock: Literal["asap", "wall", "simulated"]
    """Else ``asap`` under the policy ``offline``, ``simulated`` under the others."""
    rate_hz: float
    """Impose a frame rate."""
    speed: float
    """Of the recording."""
    limit: int
    """At most so many frames of each sequence."""
    seed: int
    """For whatever the system draws at random."""
    observer: Observer
    """Receives every frame."""


def replay(
    sequences: Any,
    recogniser: Any,
    *,
    policy: str | Policy = "offline",
    deadline_ms: float | str | None = None,
    folder: PathLike | None = None,
    **options: Unpack[ReplayOptions],
) -> Run:
    """Replay sequences frame by frame through a recogniser, and score its answers.

    Parameters
    ----------
    sequences : ImageSequence, path or list of them
        What the cameras saw; scored where they have a truth.
    recogniser : Recogniser, System or callable
        A fitted `Recogniser`, a `Program` or another `System`, or a function from an image to a
        room.
    policy, deadline_ms
        The late-frame rule, as in `robotvision.api.run.Run.rescore`.
    folder : path, optional
        The run folder, written while the run goes on; None: the run is kept in memory.
    **options
        ``task``, ``mode``, ``clock``, ``rate_hz``, ``speed``, ``limit``, ``seed``, ``observer``:
        see `ReplayOptions`.

    Raises
    ------
    RobotVisionError
        An argument is of a wrong type or out of range, or the system cannot be started.
    """
    _check_options(options)
    opened = sequences_of("sequences", sequences)
    if callable(recogniser) and not isinstance(recogniser, System | Recogniser | type):
        recogniser = Recogniser(recogniser)
    task = _task(options.get("task"), recogniser, opened)
    system, trained_on, training = _system(recogniser, task)
    both = [*trained_on, *opened]  # the number tells sequences of one place apart
    named = {SequenceSpec(path=str(s.root), params={"number": k}): s for k, s in enumerate(both)}
    specs = tuple(named)
    part = TestSetSpec("test", specs[: len(trained_on)], specs[len(trained_on) :])
    config = _config(recogniser, task, policy, deadline_ms, options)
    config = config.model_copy(update={"train": list(part.train), "test": list(part.test)})
    experiment = Experiment(config, task, (part,), FROM_PYTHON, Path())
    observer = options.get("observer")
    out = None if folder is None else new_folder("python", path_of("folder", folder))
    result = run_experiment(
        experiment,
        out,
        observer=observer,
        prepared=prepare(experiment, observer, named),
        recognisers=lambda prepared, part: Answerer(system, training),
        options=RunOptions(limit=options.get("limit")),
    )
    if out is not None:
        write_reports(result)
    if result.stopped:
        raise KeyboardInterrupt
    return Run(result.record, out)


def _check_options(options: Mapping[str, Any]) -> None:
    strange = set(options) - set(ReplayOptions.__annotations__)
    if strange:
        known = ", ".join(ReplayOptions.__annotations__)
        raise RobotVisionError(f"replay: no option {min(strange)!r}; known: {known}")


def _task(given: Any, recogniser: Any, sequences: Sequence[ImageSequence]) -> Task:
    fitted: Task | None = getattr(recogniser, "task_", None)
    if given is None and fitted is not None:
        return fitted
    task = task_of("rooms" if given is None else given)
    if task.room_names:
        return task
    rooms = fitted.room_names if fitted else room_totals(sequences)
    if not rooms:
        raise RobotVisionError(
            f"the rooms of the task {task.id} are not known: give a fitted Recogniser, or a task "
            "with rooms of its own"
        )
    return task.with_rooms(rooms)


def _system(recogniser: Any, task: Task) -> tuple[System, list[ImageSequence], Training | None]:
    """Return a recogniser as a system, what it was trained on, and how."""
    if isinstance(recogniser, Recogniser):
        sequences = getattr(recogniser, "sequences_", [])
        return recogniser.system(task), sequences, getattr(recogniser, "training_", None)
    if isinstance(recogniser, System):
        return recogniser, [], None
    raise wrong_type("recogniser", "a Recogniser, a Program, a System or a function", recogniser)


def _config(
    recogniser: Any,
    task: Task,
    policy: str | Policy,
    deadline_ms: float | str | None,
    options: Mapping[str, Any],
) -> Config:
    if isinstance(policy, Policy):
        deadline = policy.deadline_ns
        deadline_ms = deadline / 1e6 if isinstance(deadline, int) else deadline
        policy = policy.name
    if not isinstance(policy, str):
        raise wrong_type("policy", "a policy's name or a Policy", policy)
    rule = late_frame_rule(policy, None if deadline_ms is None else str(deadline_ms))
    default = "asap" if rule["policy"] == "offline" else "simulated"
    keys = {k: float(options[k]) for k in ("rate_hz", "speed") if options.get(k) is not None}
    mode = options.get("mode") or getattr(recogniser, "mode", None)
    if mode is None:
        mode = "optional" if getattr(recogniser, "has_memory", False) else "obligatory"
    try:
        clock = options.get("clock") or default
        replaying = ReplayConfig.model_validate({"clock": clock, **rule, **keys})
        config = Config.model_validate(
            {"task": task.id, "mode": mode, "test": [], "seed": options.get("seed", 0)}
        )
    except ValidationError as e:
        raise first_fault(e) from None
    check_replay(replaying)
    update = {"replay": replaying, "note": f"run from Python: {recogniser!r}"}
    return config.model_copy(update=update)
