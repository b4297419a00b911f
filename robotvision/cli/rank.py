"""``robotvision rank``: check, score and rank a folder of runs."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import contest_options

EPILOG = """\b
Examples:
  robotvision rank --task imageclef2012 --truth test1 runs/
  robotvision rank --task imageclef2012 --truth test1 runs/ --out ranking/ --site site/
  robotvision rank --task imageclef2010-icpr --truth easy --truth hard runs/ --json
"""


@click.command("rank", epilog=EPILOG)
@contest_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write ranking.md, ranking.csv and scores.json there.",
)
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    help="Write a static site there: ranking with intervals, a page a run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with intervals.")
@click.argument("folder", type=click.Path(path_type=Path))
def command(
    task_name: str,
    truths: tuple[Path, ...],
    train: tuple[Path, ...],
    mode: str,
    out: Path | None,
    site: Path | None,
    as_json: bool,
    folder: Path,
) -> int:
    """Rank every run of FOLDER; a refused run is listed with its faults.

    With one truth, each .txt, .csv or .run file is a run. With several, each folder inside is one,
    with a file named after each test set (easy.txt, hard.txt). Exit code 1: a run was refused.
    """
    import json

    from rich.console import Console

    from robotvision.contest import rank
    from robotvision.report.console import out as console
    from robotvision.report.scores import print_ranking

    with Console(stderr=True, emoji=False).status("comparing runs by room visit"):
        ranked = rank(task_name, truths, folder, train=train, mode=mode, out=out, site=site)
        standings = ranked.standings
        text = json.dumps(ranked.data) if as_json else ""
    if as_json:
        click.echo(text)
    else:
        print_ranking(console(), ranked.scores, ranked.rankings, standings)
    if site is not None:
        click.echo(f"site: {site / 'index.html'}", err=True)
    return 1 if ranked.scores.refused else 0
