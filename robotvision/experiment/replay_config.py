"""The experiment that replays sequences of one's choice through a model or a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from robotvision.config.checks import load_config
from robotvision.config.experiment import Experiment, Overrides, TestSetSpec
from robotvision.config.schema import Config, ReplayConfig, SequenceSpec
from robotvision.errors import Fault, RobotVisionError, raise_faults
from robotvision.recogniser.persistence import load_pipeline
from robotvision.scoring.policy import POLICIES, parse_deadline, parse_policy
from robotvision.tasks import load_task


def replay_experiment(
    source: Path,
    sequences: tuple[Path, ...],
    task: str | None,
    replay: dict[str, Any],
    trust: tuple[str, ...] = (),
) -> Experiment:
    """Return the experiment that replays ``sequences`` through a model file or a configuration.

    Parameters
    ----------
    source : Path
        ``.yaml`` or ``.yml``: a configuration; anything else: a model file.
    task : str, optional
        In place of the source's.
    replay : dict
        What `ReplayConfig` holds.
    trust : tuple of str
        Dotted names of classes of one's own that a model file may hold.

    Raises
    ------
    RobotVisionError
        The source or a sequence is not there or wrong.
    """
    missing = [Fault(p, "no such folder") for p in sequences if not p.exists()]
    raise_faults(missing)
    specs = tuple(SequenceSpec(path=str(p)) for p in sequences)
    if source.suffix in (".yaml", ".yml"):
        experiment = load_config(source, instead=Overrides(trust=trust))
        config = experiment.config
        rules = experiment.task if task is None else load_task(task)
        train = experiment.parts[0].train
        if not experiment.has_one_training:
            raise RobotVisionError(
                f"{source}: each test set has its own training; train one with robotvision train "
                "--set, then replay the model"
            )
    else:
        trained = load_pipeline(source, trusted=trust)
        mode: Literal["obligatory", "optional"] = (
            "optional" if trained.pipeline.has_memory else "obligatory"
        )
        known = str(trained.about["task"])
        model = str(source.resolve())
        config = Config(task=task or known, mode=mode, model=model, trust=list(trust), test=[])
        rules = load_task(task) if task is not None else trained.task
        train = ()
    policy = ReplayConfig.model_validate(replay)
    config = config.model_copy(update={"replay": policy, "test": list(specs), "out": None})
    check_replay(policy)
    return Experiment(config, rules, (TestSetSpec("test", train, specs),), source, Path())


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


def check_replay(replay: ReplayConfig) -> None:
    """Raise where clock and policy do not go together."""
    if replay.clock == "asap" and replay.policy != "offline":
        raise RobotVisionError(
            f"policy {replay.policy}: with the clock 'asap' a frame comes when the last answer is "
            "in, so none is late; give --clock simulated or wall"
        )
