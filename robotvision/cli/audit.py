"""``robotvision audit``: check that the obligatory mode is kept, or that no test frame leaked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robotvision.cli.options import (
    PATH,
    SEED,
    data_root_option,
    echo_json,
    error_console,
    json_option,
    trust_option,
)

if TYPE_CHECKING:
    from rich.console import Console

    from robotvision.experiment.audit import Audit

EPILOG = """\b
Examples:
  robotvision audit configs/quickstart.yaml
  robotvision audit configs/ie_tower.yaml --data-root ~/data --limit 50 --json
  robotvision audit configs/quickstart.yaml --leaks
"""
SHOWN = 12


@click.command(epilog=EPILOG)
@click.argument("config", type=PATH)
@data_root_option
@click.option(
    "--limit",
    type=click.IntRange(2),
    default=100,
    help="At most so many frames of each test sequence.",
)
@click.option(
    "--single",
    type=click.IntRange(1),
    default=10,
    help="Frames shown to a system started anew.",
)
@click.option("--seed", type=SEED, default=0, help="Of the random order.")
@click.option(
    "--leaks",
    is_flag=True,
    help="Instead, list the test frames that training has seen; nothing is trained.",
)
@click.option(
    "--sheet",
    type=PATH,
    help="With --leaks: draw pairs of training and test frames to this PNG file.",
)
@trust_option
@json_option
def command(
    config: Path,
    data_root: Path | None,
    limit: int,
    single: int,
    seed: int,
    leaks: bool,
    sheet: Path | None,
    trust: tuple[str, ...],
    as_json: bool,
) -> int:
    """Show the test frames permuted, repeated, renumbered and singly; no answer may change.

    With --leaks, compare the test frames with those of training instead.

    Exit code 1 where an answer changes (the system is out of the obligatory mode), or where
    training has seen test frames.
    """
    if sheet is not None and not leaks:
        raise click.UsageError("--sheet draws what --leaks finds")
    if leaks:
        return _audit_leaks(config, data_root, sheet, trust, as_json)
    from robotvision.config.checks import load_config
    from robotvision.config.experiment import Overrides
    from robotvision.experiment.audit import AuditOptions, audit_experiment
    from robotvision.features import cache_folder
    from robotvision.report.console import out as console
    from robotvision.report.live import Live

    with Live(error_console()) as live:
        options = AuditOptions(limit, single, seed)
        experiment = load_config(config, data_root, instead=Overrides(trust=trust))
        result = audit_experiment(experiment, cache_folder(), live, options)
    if as_json:
        echo_json(result.to_json())
    else:
        _print(console(), result)
    return 0 if result.is_obligatory else 1


def _audit_leaks(
    config: Path,
    data_root: Path | None,
    sheet: Path | None,
    trust: tuple[str, ...],
    as_json: bool,
) -> int:
    from robotvision.config.checks import load_config
    from robotvision.config.experiment import Overrides
    from robotvision.experiment.overlap import audit_leaks
    from robotvision.features import cache_folder
    from robotvision.report.console import out as console
    from robotvision.report.live import Live
    from robotvision.report.overlap import leaks_as_dict, print_leaks, write_pair_sheet

    with Live(error_console()) as live:
        experiment = load_config(config, data_root, instead=Overrides(trust=trust))
        overlaps = audit_leaks(experiment, cache_folder(), live)
    if as_json:
        echo_json(leaks_as_dict(overlaps))
    else:
        print_leaks(console(), overlaps)
    if sheet is not None:
        write_pair_sheet(sheet, overlaps)
        click.echo(f"sheet: {sheet}", err=True)
    return 1 if any(overlap.counted for overlap in overlaps.values()) else 0


def _print(console: Console, result: Audit) -> None:
    from robotvision.report.audit import changes_table
    from robotvision.report.console import grid

    console.print(grid(changes_table(result)))
    for c in result.changes[:SHOWN]:
        console.print(
            f"{c.sequence} frame {c.index}, {c.way}: {c.before} -> {c.after}", highlight=False
        )
    if len(result.changes) > SHOWN:
        console.print(f"... and {len(result.changes) - SHOWN} more (--json lists all)")
    if result.is_obligatory:
        console.print(
            "every frame is answered on its own: the obligatory mode is kept", style="green"
        )
    else:
        console.print(
            "answers depend on other frames, their order or their numbers: out of the "
            "obligatory mode",
            style="red",
        )
