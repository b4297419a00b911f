"""``robotvision codabench``: a contest as a bundle to upload."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from robotvision.cli.options import contest_options

EPILOG = """\b
Examples:
  robotvision codabench --task imageclef2012 --truth test1 -o bundle.zip
  robotvision codabench --task contest.yaml --truth easy --truth hard --start 2027-03-01 \\
      --end 2027-06-01 --terms terms.md -o bundle.zip
"""
DATE = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"])


@click.command("codabench", epilog=EPILOG)
@contest_options
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The bundle.")
@click.option("--title", help="Of the competition (else the task's).")
@click.option(
    "--image",
    default="python:3.12-slim",
    show_default=True,
    help="Docker image of the scoring program: Python 3.11 or later.",
)
@click.option("--start", type=DATE, help="When the phase begins, UTC (else it is open at once).")
@click.option("--end", type=DATE, help="When it ends, UTC (else never).")
@click.option(
    "--per-day",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Submissions a day and participant.",
)
@click.option(
    "--terms",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Terms of participation, Markdown (else a few lines to replace).",
)
def command(
    task_name: str,
    truths: tuple[Path, ...],
    train: tuple[Path, ...],
    mode: str,
    output: Path,
    title: str | None,
    image: str,
    start: datetime | None,
    end: datetime | None,
    per_day: int,
    terms: Path | None,
) -> int:
    """Write a Codabench competition bundle: pages, truth, scoring program, leaderboard.

    The scoring program carries this version of robotvision. The bundle holds the truth: keep it to
    yourself.
    """
    from robotvision.contest.codabench.bundle import Options, write_bundle
    from robotvision.contest.leaderboard.contest import open_contest
    from robotvision.submissions.score import require_truth_fits

    contest = open_contest(task_name, truths, train)
    for truth in contest.sets.values():
        for notice in require_truth_fits(contest.task, truth):
            click.echo(f"note: {notice.message}", err=True)
    text = None if terms is None else terms.read_text(encoding="utf-8")
    options = Options(title, image, start, end, per_day, mode, text)
    path = write_bundle(output, contest, options)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
