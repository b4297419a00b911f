"""``robotvision rank``: check, score and rank a folder of runs."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  robotvision rank --task imageclef2012 --truth test1 runs/
  robotvision rank --task imageclef2012 --truth test1 runs/ --out ranking/ --site site/
  robotvision rank --task imageclef2010-icpr --truth easy --truth hard runs/ --json
"""


@click.command("rank", epilog=EPILOG)
@click.option("--task", "task_name", required=True, help="A task's name or YAML file.")
@click.option(
    "--truth",
    "truths",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="A sequence or truth.csv; several: the task's test sets, in order.",
)
@click.option(
    "--train",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Training sequences, for a task that takes its rooms from them.",
)
@click.option(
    "--mode",
    type=click.Choice(["obligatory", "optional"]),
    default="obligatory",
    show_default=True,
    help="The mode the runs were made in.",
)
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
    from robotvision.submissions.batch import score_folder
    from robotvision.submissions.ranking import as_dict, rank, write

    scores = score_folder(task_name, truths, folder, train=train, mode=mode)
    rankings = rank(scores)
    data = as_dict(scores, rankings)
    if out is not None or site is not None or as_json:
        from rich.console import Console

        from robotvision.contest.leaderboard import (
            open_contest,
            read_entries,
            standings,
            with_intervals,
            write_site,
        )

        with Console(stderr=True, emoji=False).status("resampling room visits"):
            contest = open_contest(task_name, truths, train)
            entries = read_entries(contest, scores, folder)
            found = standings(contest, entries, rankings)
            data = with_intervals(data, found)
            if out is not None:
                write(out, scores, rankings, data)
            if site is not None:
                write_site(site, contest, scores, rankings, entries, found, folder)
    if as_json:
        import json

        click.echo(json.dumps(data))
    else:
        from robotvision.report.scores import console, print_ranking

        print_ranking(console(), scores, rankings)
    if site is not None:
        click.echo(f"site: {site / 'index.html'}", err=True)
    return 1 if scores.refused else 0
