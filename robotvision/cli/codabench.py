"""``robotvision codabench``: a contest as a bundle to upload."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from robotvision.cli.options import ABOVE_ZERO, PATH, ScoringOptions, reveal_option, scoring_options

if TYPE_CHECKING:
    from robotvision.contest.codabench.options import Options
    from robotvision.contest.file import ContestSetup
    from robotvision.contest.leaderboard.contest import Contest

EPILOG = """\b
Examples:
  robotvision codabench --task imageclef2012 --truth test1 -o bundle.zip
  robotvision codabench --task contest.yaml --truth easy --truth hard --start 2027-03-01 \\
      --end 2027-06-01 --terms terms.md --public-share 0.3 -o bundle.zip
  robotvision codabench --contest night -o bundle.zip
  robotvision codabench --check bundle.zip
"""
DATE = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"])


@click.command("codabench", epilog=EPILOG)
@click.option(
    "--contest",
    "contest_file",
    type=PATH,
    metavar="FOLDER",
    help="In place of --truth: a contest.yaml, with its title, phases, limits and what is public; "
    "of several tasks --task names one.",
)
@partial(scoring_options, is_required=False)
@click.option("-o", "--output", type=PATH, help="The bundle.")
@click.option(
    "--check",
    "checked",
    type=PATH,
    metavar="BUNDLE",
    help="Check a bundle, as after changes by hand, and exit: would Codabench take it?",
)
@click.option("--title", help="Of the competition (else the contest's, or the task's).")
@click.option(
    "--image",
    default="python:3.12-slim",
    help="Docker image of the scoring program: Python 3.11 or later.",
)
@click.option("--start", type=DATE, help="When the phase begins, UTC (else it is open at once).")
@click.option("--end", type=DATE, help="When it ends, UTC (else never).")
@click.option(
    "--per-day",
    type=click.IntRange(1),
    help="Submissions a day and participant (else 5, or as contest.yaml says).",
)
@click.option(
    "--in-all",
    type=click.IntRange(1),
    help="Submissions in all of a participant in a phase (else 30, or as contest.yaml says).",
)
@reveal_option(
    help="Show participants results by room, or by frame: this gives the truth away.",
)
@click.option(
    "--round-points",
    type=ABOVE_ZERO,
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
    help="Which visits these are.",
)
@click.option(
    "--terms",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Terms of participation, Markdown (else a few lines to replace).",
)
def command(
    contest_file: Path | None,
    scored_by: ScoringOptions,
    output: Path | None,
    checked: Path | None,
    title: str | None,
    image: str,
    start: datetime | None,
    end: datetime | None,
    per_day: int | None,
    in_all: int | None,
    reveal: str | None,
    round_points: float | None,
    public_share: float | None,
    public_seed: int,
    terms: Path | None,
) -> int:
    """Write a Codabench competition bundle: pages, truth, scoring program, leaderboard.

    The scoring program carries this version of robotvision. The bundle holds the truth: keep it to
    yourself. A bundle that the platform would not take is not written.
    """
    from robotvision.contest.codabench.bundle import Options, write_bundle
    from robotvision.contest.leaderboard.disclosure import Reveal

    if checked is not None:
        return _check(checked)
    if output is None:
        raise click.UsageError("-o is missing: the bundle to write")
    by = scored_by
    own = {
        "--truth": by.truths, "--train": by.train, "--key": by.key, "--start": start, "--end": end,
        "--per-day": per_day, "--in-all": in_all, "--reveal": reveal,
    }  # fmt: skip
    _require_one_source(contest_file, by.task_name, [name for name, value in own.items() if value])
    contest = _open(contest_file, by)
    options = Options(
        title,
        image,
        start,
        end,
        per_day or 5,
        by.mode,
        None if terms is None else terms.read_text(encoding="utf-8"),
        max_in_all=in_all or 30,
        reveal=Reveal[reveal.upper()] if reveal else Reveal.TOTALS,
        points_step=round_points,
        public_share=public_share,
        public_seed=public_seed,
        task=None if contest_file is None else by.task_name,
    )
    path = write_bundle(output, contest, options)
    if not options.has_final_phase:
        _tell_effort(contest, options)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def _require_one_source(contest_file: Path | None, task: str | None, given: list[str]) -> None:
    if contest_file is None and not (task and "--truth" in given):
        raise click.UsageError("give --contest, or --task and --truth")
    if contest_file is not None and given:
        names = ", ".join(given)
        raise click.UsageError(f"--contest holds all of it: leave {names} out, or change its file")


def _check(bundle: Path) -> int:
    from robotvision.contest.codabench.form import check_bundle

    check_bundle(bundle)
    click.echo(f"{bundle}: ok: what Codabench takes, as far as its form is known here")
    return 0


def _open(contest_file: Path | None, by: ScoringOptions) -> Contest | ContestSetup:
    """Return what is held; tell what is odd about its truth."""
    from robotvision.contest import open_contest, open_contest_file
    from robotvision.submissions.score import require_truth_fits

    if contest_file is not None:
        setup: ContestSetup = open_contest_file(contest_file)
        return setup
    contest: Contest = open_contest(by.task_name, by.truths, by.train, by.released())
    for truth in contest.sets.values():
        for notice in require_truth_fits(contest.task, truth):
            click.echo(f"note: {notice.message}", err=True)
    return contest


def _tell_effort(contest: Contest | ContestSetup, options: Options) -> None:
    """Say how soon a patient participant knows the truth of the phase that ranks."""
    from robotvision.contest.codabench.plan import plan
    from robotvision.contest.leaderboard.effort import effort

    held = plan(contest, options)
    in_all = held.options.max_in_all
    n = "any number of submissions" if in_all is None else f"{in_all} submissions"
    click.echo(f"note: exact points leak: a participant has {n}", err=True)
    for line in effort(held.phases[-1].contest).lines():
        click.echo(f"note:   {line}", err=True)
