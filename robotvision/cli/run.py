"""``robotvision run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import (
    PATH,
    no_cache_option,
    override_options,
    overrides,
    report_json_option,
    seed_option,
    trust_option,
)

if TYPE_CHECKING:
    from robotvision.config.experiment import Experiment
    from robotvision.experiment.run import RunOptions
    from robotvision.playback.faults import FaultPlan
    from robotvision.report.live import Screen
    from robotvision.report.watch import RunWatch
    from robotvision.report.write import Detail, Rows
    from robotvision.runs.folder import RunResult

EPILOG = """\b
Examples:
  robotvision run configs/quickstart.yaml
  robotvision run configs/ie_tower.yaml --data-root ~/data --json > report.json
  robotvision run configs/quickstart.yaml --limit 50 --out runs/first
  robotvision run configs/quickstart.yaml --set classifier.C=3 --set features='[gist]' -q
  robotvision run configs/quickstart.yaml --faults faults.yaml --trace trace.json
  robotvision run configs/baselines/best_obligatory.yaml --train home/monday --test home/friday
  robotvision run configs/quickstart.yaml --live --serve
  robotvision run --resume runs/first
"""


class Command(click.Command):
    """A command whose ``--serve`` may stand without its port, wherever it stands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``--serve CONFIG`` as ``--serve`` and CONFIG."""
        for k, word in enumerate(args):
            if word == "--serve" and not "".join(args[k + 1 : k + 2]).isdecimal():
                args[k] = "--serve=0"
        return super().parse_args(ctx, args)


@click.command(cls=Command, epilog=EPILOG)
@click.argument("config", type=PATH, required=False)
@override_options
@trust_option
@click.option(
    "--data-root",
    type=PATH,
    help="Where relative sequence paths start (else ROBOTVISION_DATA, else the config's folder).",
)
@click.option("--out", type=PATH, help="The run folder (else runs/<config>-<time>).")
@click.option(
    "--limit", type=click.IntRange(1), help="At most so many frames of each test sequence."
)
@seed_option
@no_cache_option
@click.option(
    "--faults",
    type=PATH,
    help="Apply the sensor faults of this YAML file to the test sequences, and report the "
    "points lost by fault.",
)
@click.option("--trace", type=PATH, help="Write a Chrome/Perfetto trace of the run.")
@click.option("--resume", type=PATH, help="Go on with an interrupted run, from its folder.")
@click.option(
    "--live", "is_full", is_flag=True, help="Follow the run in full: posterior, latency, misses."
)
@click.option(
    "--serve",
    type=click.IntRange(0, 65535),
    metavar="[PORT]",
    help="Serve a page that follows the run, on 127.0.0.1 alone.",
)
@click.option("-q", "--quiet", "is_quiet", is_flag=True, help="Print the headline alone.")
@click.option(
    "-v", "--verbose", count=True, help="Print all tables; -vv: and a line for every frame."
)
@report_json_option
def command(
    config: Path | None,
    task: str | None,
    train: tuple[Path, ...],
    test: tuple[Path, ...],
    values: dict[str, Any],
    trust: tuple[str, ...],
    data_root: Path | None,
    out: Path | None,
    limit: int | None,
    seed: int | None,
    no_cache: bool,
    faults: Path | None,
    trace: Path | None,
    resume: Path | None,
    is_full: bool,
    serve: int | None,
    is_quiet: bool,
    verbose: int,
    as_json: bool,
) -> int:
    """Train, replay the test sequences frame by frame, score, report."""
    from rich.console import Console

    from robotvision.config.checks import load_config
    from robotvision.experiment.run import RunOptions, experiment_folder, resumed
    from robotvision.features import cache_folder
    from robotvision.playback.faults import load_plan
    from robotvision.report.watch import RunWatch
    from robotvision.report.write import finish
    from robotvision.runs.trace import trace_run

    _require_fitting(config, resume, serve, faults)
    if (is_quiet and (verbose or is_full)) or (is_full and verbose > 1):
        raise click.UsageError("--quiet, --verbose and --live show different things; choose one")
    if resume is not None and values:
        raise click.UsageError("--resume goes on with the configuration that the run began with")
    plan = None if faults is None else load_plan(faults)
    if resume is not None:
        experiment, limit = resumed(resume)
        folder = resume
    else:
        assert config is not None
        instead = overrides(task, train, test, values, trust)
        experiment = load_config(config, data_root, seed, instead)
        folder = experiment_folder(experiment, out)
    errors = Console(stderr=True, emoji=False)
    cache = None if no_cache else cache_folder()
    options = RunOptions(limit=limit, resume=resume is not None)
    stays = not as_json and errors.is_terminal
    screen, detail = _shown(is_quiet, verbose, is_full)
    with RunWatch(errors, folder, experiment, screen=screen, port=serve, stays=stays) as watch:
        with watch.screen:
            run, lost = _carry_out(experiment, watch, plan, cache, options)
        if trace is not None:
            trace_run(trace, run.record)
        code = finish(run, as_json=as_json, errors=errors, lost=lost, detail=detail)
        watch.over("The run was stopped." if run.stopped else "The run has ended.", run.stopped)
    return code


def _shown(is_quiet: bool, verbose: int, is_full: bool) -> tuple[Screen, Detail]:
    """Return what the terminal shows while the run goes on, and at its end."""
    screens: dict[Screen, bool] = {"quiet": is_quiet, "verbose": verbose > 1, "full": is_full}
    screen: Screen = next((name for name, is_chosen in screens.items() if is_chosen), "line")
    return screen, "headline" if is_quiet else "tables" if verbose else "brief"


def _require_fitting(
    config: Path | None, resume: Path | None, serve: int | None, faults: Path | None
) -> None:
    if (config is None) == (resume is None):
        raise click.UsageError("give a CONFIG, or --resume and a run folder")
    if resume is not None and faults is not None:
        raise click.UsageError("--resume goes on with the faults the run began with")
    if serve is not None and faults is not None:
        raise click.UsageError("--serve follows one run, and --faults makes one a fault")


def _carry_out(
    experiment: Experiment,
    watch: RunWatch,
    plan: FaultPlan | None,
    cache: Path | None,
    options: RunOptions,
) -> tuple[RunResult, Rows | None]:
    """Run it; with sensor faults also clean and with each fault, and return what each costs."""
    from robotvision.experiment.degrade import degrade
    from robotvision.experiment.run import run

    folder, observer = watch.folder, watch.observer
    if plan is not None:
        return degrade(experiment, folder, plan, cache=cache, observer=observer, options=options)
    return run(experiment, folder, cache=cache, observer=observer, options=options), None
