"""``robotvision time``: latency that can be quoted, or the reasons why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from robotvision.cli.options import (
    ABOVE_ZERO,
    PATH,
    data_root_option,
    json_option,
    no_cache_option,
    overrides,
    set_option,
    trust_option,
)

if TYPE_CHECKING:
    from robotvision.config.experiment import Experiment
    from robotvision.experiment.time_config import Subject

EPILOG = """\b
Examples:
  robotvision time configs/quickstart.yaml
  robotvision time configs/quickstart.yaml --quantile p99.9 --max-s 600 --json
  robotvision time configs/quickstart.yaml --sustainable deadline
  robotvision time configs/a.yaml --vs configs/b.yaml
  robotvision time configs/a.yaml --set features='[gist]' --vs configs/a.yaml
  robotvision time --on ../data/corridor_lap1 -- python3 my_program.py
  robotvision time --room Kitchen --room Hall -- ./my_program model.bin
"""


@click.command(epilog=EPILOG, context_settings={"ignore_unknown_options": False})
@click.argument("what", nargs=-1, required=True, metavar="CONFIG | -- PROGRAM ARGS...")
@set_option
@data_root_option
@trust_option
@click.option("--test-set", "set_name", help="Time the system of this test set (else the first).")
@click.option("--on", type=PATH, help="The sequence a PROGRAM is timed on (else images in memory).")
@click.option("--task", "task_name", help="Tell a PROGRAM the labels of this task.")
@click.option("--room", "rooms", multiple=True, help="A room a PROGRAM knows; repeatable.")
@click.option("--vs", type=PATH, help="Compare with this configuration's system, frame by frame.")
@click.option(
    "--quantile",
    "quantiles",
    multiple=True,
    metavar="p90",
    help="Give it, and measure until it is supported; may be repeated (else p50, p90 and p99).",
)
@click.option(
    "--warm-up", type=click.IntRange(0), default=20, show_default=True, help="Frames left out."
)
@click.option("--passes", type=click.IntRange(1), help="Exactly so many, supported or not.")
@click.option(
    "--max-s", type=ABOVE_ZERO, default=60.0, show_default=True, help="Stop after so many seconds."
)
@click.option(
    "--sustainable",
    metavar="POLICY",
    help="Find the fastest camera it keeps up with under this rule.",
)
@click.option("--deadline-ms", metavar="MS|next-frame", help="Of --sustainable.")
@no_cache_option
@json_option
def command(
    what: tuple[str, ...],
    values: dict[str, Any],
    data_root: Path | None,
    trust: tuple[str, ...],
    set_name: str | None,
    on: Path | None,
    task_name: str | None,
    rooms: tuple[str, ...],
    vs: Path | None,
    quantiles: tuple[str, ...],
    warm_up: int,
    passes: int | None,
    max_s: float,
    sustainable: str | None,
    deadline_ms: str | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Time a system by stage, with warm-up, until the quantiles asked for are supported.

    Exit code 1: the figures are not to be quoted.
    """
    import json

    from robotvision.config.checks import load_config
    from robotvision.config.experiment import Overrides
    from robotvision.experiment.time_config import time_pair, time_subject
    from robotvision.report.console import out
    from robotvision.report.timing import print_pair, print_timing
    from robotvision.scoring.policy import parse_deadline, parse_policy
    from robotvision.systems.leftovers import owned_folder
    from robotvision.timing.measure import TimingOptions
    from robotvision.timing.quantiles import QUANTILES, parse_quantile

    deadline = None if deadline_ms is None else parse_deadline(deadline_ms)
    policy = None if sustainable is None else parse_policy(sustainable, deadline)
    wanted = tuple(parse_quantile(q) for q in quantiles or QUANTILES)
    options = TimingOptions(wanted, warm_up, max_s, passes)
    if values and not _is_config(what):
        raise click.UsageError("--set is for a CONFIG; a PROGRAM has no keys")
    load = partial(load_config, data_root=data_root, instead=Overrides(trust=trust))
    changed = partial(load, instead=overrides(None, (), (), values, trust))
    with owned_folder() as folder:
        subject = _subject(what, changed, set_name, on, no_cache, Path(folder), task_name, rooms)
        if vs is not None:
            other = _subject((str(vs),), load, set_name, None, no_cache, Path(folder))
            data = _with_bar(lambda p: time_pair(subject, other, options, p))
        else:
            data = _with_bar(lambda p: time_subject(subject, options, policy, p))
    if as_json:
        print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    elif vs is not None:
        print_pair(out(), data)
    else:
        print_timing(out(), data)
    return 0 if data["quotable"] else 1


def _is_config(what: tuple[str, ...]) -> bool:
    return len(what) == 1 and what[0].endswith((".yaml", ".yml"))


def _subject(
    what: tuple[str, ...],
    load: Callable[[Path], Experiment],
    set_name: str | None,
    on: Path | None,
    no_cache: bool,
    folder: Path,
    task_name: str | None = None,
    rooms: tuple[str, ...] = (),
) -> Subject:
    from rich.console import Console

    from robotvision.experiment.time_config import from_command, from_experiment
    from robotvision.features import cache_folder
    from robotvision.report.live import Live

    if not _is_config(what):
        return from_command(what, on, folder, task_name, rooms)
    if task_name or rooms:
        raise click.UsageError("--task and --room are for a PROGRAM; a CONFIG names its own task")
    experiment = load(Path(what[0]))
    with Live(Console(stderr=True, emoji=False)) as live:
        return from_experiment(
            experiment, set_name, None if no_cache else cache_folder(), live, folder
        )


def _with_bar(work: Any) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, emoji=False)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal, auto_refresh=False
    ) as bar:
        task = bar.add_task("timing", total=None)
        last = [0]

        def show(what: str, done: int, total: int) -> None:
            # drawn now and then by this very thread: a second one would disturb what is timed
            if done - last[0] >= max(1, total // 20) or done >= total:
                last[0] = done
                bar.update(task, completed=done, total=total)
                bar.refresh()

        result: dict[str, Any] = work(show)
        return result
