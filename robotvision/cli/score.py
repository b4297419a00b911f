"""``robotvision score``: points of run files, given the truth."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, ScoringOptions, echo_json, json_option, scoring_options

EPILOG = """\b
Examples:
  robotvision score --task imageclef2012 --truth test1 run1.txt run2.txt
  robotvision score --task imageclef2010-icpr --truth easy --truth hard ours/ --json
  robotvision score --task rooms --truth night --key secret/key.json run1.txt
"""


@click.command("score", epilog=EPILOG)
@scoring_options
@json_option
@click.argument("runs", nargs=-1, required=True, type=PATH)
def command(
    scored_by: ScoringOptions,
    as_json: bool,
    runs: tuple[Path, ...],
) -> int:
    """Score run files: points, breakdown by room and object, published results beside them.

    With one truth, every RUN is a file. With several, a RUN is a folder with one file a test set,
    named after it (easy.txt, hard.txt), or as many files in a row as there are truths. A frame
    without a line is not answered. Exit code 1: a run was refused; the others are scored.
    """
    from robotvision.submissions.batch import score_files

    by = scored_by
    scores = score_files(by.task_name, by.truths, runs, by.train, by.mode, by.released())
    for notice in scores.warnings:
        click.echo(f"note: {notice.message}", err=True)
    for line in scores.refusals():
        click.echo(line, err=True)
    if as_json:
        echo_json(scores.as_dict())
    else:
        from robotvision.report.console import out as console
        from robotvision.report.scores import print_score
        from robotvision.report.terminal import print_published

        out = console()
        for run in scores.scored:
            print_score(out, run.name, run.score, scores.task)
        if scores.scored:
            print_published(out, scores.task, scores.scored[0].score)
    return 1 if scores.refused else 0
