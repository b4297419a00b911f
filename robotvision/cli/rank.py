"""``robotvision rank``: check, score and rank a folder of runs."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import (
    PATH,
    ScoringOptions,
    error_console,
    reveal_option,
    scoring_options,
)

EPILOG = """\b
Examples:
  robotvision rank --task imageclef2012 --truth test1 runs/
  robotvision rank --task imageclef2012 --truth test1 runs/ --site site/ --organiser-site mine/
  robotvision rank --task imageclef2010-icpr --truth easy --truth hard runs/ --json
  robotvision rank --task rooms --truth night --key secret/key.json runs/
"""


@click.command("rank", epilog=EPILOG)
@scoring_options
@click.option("--out", type=PATH, help="Write ranking.md, ranking.csv and scores.json there.")
@click.option(
    "--site",
    type=PATH,
    help="Write a static site there that may be published: ranking with intervals, totals.",
)
@click.option(
    "--organiser-site",
    type=PATH,
    help="Write a site with everything there: rooms, confusion, timelines. It shows the truth.",
)
@click.option("--pages", is_flag=True, help="A page for each run of the site, too.")
@reveal_option(
    help="Publish results by room, or by frame, on the site: this gives the truth away.",
)
@click.option(
    "--images",
    multiple=True,
    type=PATH,
    metavar="SEQUENCE",
    help="Show these images on pages that show frames: the sequence of each test set, in order.",
)
@click.option(
    "--unpack",
    type=PATH,
    help="Write the run files of packs and zip files there, named by team and run.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with intervals.")
@click.argument("folder", type=PATH)
def command(
    scored_by: ScoringOptions,
    out: Path | None,
    site: Path | None,
    organiser_site: Path | None,
    pages: bool,
    reveal: str | None,
    images: tuple[Path, ...],
    unpack: Path | None,
    as_json: bool,
    folder: Path,
) -> int:
    """Rank every run of FOLDER; a refused run is listed with its faults.

    Every .zip file is a run: a pack, or what was uploaded to Codabench. With one truth, so is each
    .txt, .csv or .run file. With several, each folder inside is one, with a file named after each
    test set (easy.txt, hard.txt). Exit code 1: a run was refused.
    """
    import json

    from robotvision.contest import open_contest, rank_folder, unpack_runs, write_ranked
    from robotvision.report.console import out as console
    from robotvision.report.scores import print_ranking

    if (reveal or pages) and site is None:
        raise click.UsageError("--reveal and --pages are about --site: give its folder")
    if images and organiser_site is None and reveal != "frames":
        raise click.UsageError("--images goes with --organiser-site or --reveal frames")
    by, released = scored_by, scored_by.released()
    with error_console().status("comparing runs by room visit"):
        contest = open_contest(by.task_name, by.truths, by.train, released)
        ranked = rank_folder(contest, folder, by.mode)
        standings = ranked.standings
        text = json.dumps(ranked.data) if as_json else ""
    if as_json:  # before anything is written: a full disk loses no points
        click.echo(text)
    else:
        print_ranking(console(), ranked.scores, ranked.rankings, standings)
    with error_console().status("writing"):
        write_ranked(
            ranked,
            out=out,
            site=site,
            organiser_site=organiser_site,
            reveal=reveal,
            pages=pages,
            images=images,
        )
    if unpack is not None:
        files = unpack_runs(by.task_name, by.truths, folder, unpack, by.train, released)
        click.echo(f"unpacked: {len(files)} run files in {unpack}", err=True)
    _echo_sites(site, organiser_site)
    return 1 if ranked.scores.refused else 0


def _echo_sites(site: Path | None, organiser_site: Path | None) -> None:
    """Say where sites were written."""
    if site is not None:
        click.echo(f"site: {site / 'index.html'}", err=True)
    if organiser_site is not None:
        text = f"for the organiser alone, it shows the truth: {organiser_site / 'index.html'}"
        click.echo(text, err=True)
