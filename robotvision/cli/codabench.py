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
      --end 2027-06-01 --terms terms.md --public-share 0.3 -o bundle.zip
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
    "--in-all",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Submissions in all of a participant.",
)
@click.option(
    "--reveal",
    type=click.Choice(["rooms", "frames"]),
    help="Show participants results by room, or by frame: this gives the truth away.",
)
@click.option(
    "--round-points",
    type=click.FloatRange(0, min_open=True),
    metavar="P",
    help="Until the end points in multiples of P, and no counts; needs --end.",
)
@click.option(
    "--public-share",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="S",
    help="Until the end score a share of the room visits, such as 0.3; needs --end.",
)
@click.option(
    "--public-seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Which visits these are.",
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
    in_all: int,
    reveal: str | None,
    round_points: float | None,
    public_share: float | None,
    public_seed: int,
    terms: Path | None,
) -> int:
    """Write a Codabench competition bundle: pages, truth, scoring program, leaderboard.

    The scoring program carries this version of robotvision. The bundle holds the truth: keep it to
    yourself.
    """
    from robotvision.contest.codabench.bundle import Options, write_bundle
    from robotvision.contest.leaderboard.contest import open_contest
    from robotvision.contest.leaderboard.disclosure import Reveal
    from robotvision.contest.leaderboard.effort import effort
    from robotvision.submissions.score import require_truth_fits

    contest = open_contest(task_name, truths, train)
    for truth in contest.sets.values():
        for notice in require_truth_fits(contest.task, truth):
            click.echo(f"note: {notice.message}", err=True)
    text = None if terms is None else terms.read_text(encoding="utf-8")
    options = Options(
        title,
        image,
        start,
        end,
        per_day,
        mode,
        text,
        max_in_all=in_all,
        reveal=Reveal[reveal.upper()] if reveal else Reveal.TOTALS,
        points_step=round_points,
        public_share=public_share,
        public_seed=public_seed,
    )
    path = write_bundle(output, contest, options)
    if not options.has_final_phase:
        click.echo(f"note: exact points leak: a participant has {in_all} submissions", err=True)
        for line in effort(contest).lines():
            click.echo(f"note:   {line}", err=True)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
