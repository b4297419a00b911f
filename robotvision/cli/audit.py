"""``robotvision audit``: check that the obligatory mode is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from robotvision.experiment.audit import Audit

EPILOG = """\b
Examples:
  robotvision audit configs/quickstart.yaml
  robotvision audit configs/ie_tower.yaml --data-root ~/data --limit 50 --json
"""
SHOWN = 12


@click.command(epilog=EPILOG)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--data-root", type=click.Path(path_type=Path), help="Where relative sequence paths start."
)
@click.option(
    "--limit",
    type=click.IntRange(2),
    default=100,
    show_default=True,
    help="At most so many frames of each test sequence.",
)
@click.option(
    "--single",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Frames shown to a system started anew.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of the random order.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    config: Path, data_root: Path | None, limit: int, single: int, seed: int, as_json: bool
) -> int:
    """Show the test frames permuted, repeated, renumbered and singly; no answer may change.

    Exit code 1 where one does: the system is out of the obligatory mode.
    """
    import json
    import tempfile

    from rich.console import Console

    from robotvision.config.checks import load_config
    from robotvision.experiment.audit import Audit, audit
    from robotvision.experiment.prepare import Preparation
    from robotvision.features.extraction import cache_folder
    from robotvision.report.console import out as console
    from robotvision.report.live import Live
    from robotvision.systems.base import Session

    setup = load_config(config, data_root)
    found = Audit()
    with Live(Console(stderr=True, emoji=False)) as live, tempfile.TemporaryDirectory() as scratch:
        prepared = Preparation(setup, cache_folder(), live, Path(scratch) / "system.log")
        session = Session(prepared.task, setup.config.mode, None, setup.config.seed)
        for part in setup.parts:
            tested = [prepared.opened[s] for s in part.test]
            more = audit(
                prepared.system(part),
                session,
                tested,
                limit=limit,
                n_single=single,
                seed=seed,
                step=live.step,
            )
            found.changes += more.changes
            for way, n in more.asked.items():
                found.asked[way] = found.asked.get(way, 0) + n
    if as_json:
        changes = [
            {
                "sequence": c.sequence,
                "index": c.index,
                "way": c.way,
                "before": c.before,
                "after": c.after,
            }
            for c in found.changes
        ]
        click.echo(
            json.dumps(
                {
                    "schema": 1,
                    "is_obligatory": found.is_obligatory,
                    "asked": found.asked,
                    "changes": changes,
                }
            )
        )
    else:
        _print(console(), found)
    return 0 if found.is_obligatory else 1


def _print(console: Console, found: Audit) -> None:
    from rich.table import Table

    changed: dict[str, int] = {}
    for change in found.changes:
        changed[change.way] = changed.get(change.way, 0) + 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("shown", "frames", "answers changed"):
        table.add_column(column, justify="left" if column == "shown" else "right")
    for way, n in found.asked.items():
        table.add_row(way, str(n), "" if way == "straight" else str(changed.get(way, 0)))
    console.print(table)
    for c in found.changes[:SHOWN]:
        console.print(
            f"{c.sequence} frame {c.index}, {c.way}: {c.before} -> {c.after}", highlight=False
        )
    if len(found.changes) > SHOWN:
        console.print(f"... and {len(found.changes) - SHOWN} more (--json lists all)")
    if found.is_obligatory:
        console.print(
            "every frame is answered on its own: the obligatory mode is kept", style="green"
        )
    else:
        console.print(
            "answers depend on other frames, their order or their numbers: out of the "
            "obligatory mode",
            style="red",
        )
