"""``robotvision check``: check run files against a task."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, echo_json, json_option, key_options, task_option

EPILOG = """\b
Examples:
  robotvision check --task imageclef2012 run1.txt run2.txt
  robotvision check --task imageclef2012 run1.txt --truth test1 --json
  robotvision check --task rooms --truth night --key secret/night.key run1.txt
"""


@click.command("check", epilog=EPILOG)
@task_option(required=True)
@click.option(
    "--truth",
    type=PATH,
    help="A sequence, its truth.csv or the 2014 kit's .mat: are the frames those of the test set?",
)
@key_options
@json_option
@click.argument("runs", nargs=-1, required=True, type=PATH)
def command(
    task_name: str,
    truth: Path | None,
    key: Path | None,
    part: str,
    as_json: bool,
    runs: tuple[Path, ...],
) -> int:
    """Check run files and list every fault with its line.

    A missing frame counts as not answered and is a warning. A repeated or malformed line, or a
    label outside the task, refuses the file. Exit code 1: a file is refused.
    """
    from robotvision.submissions.checker import check_run_file
    from robotvision.submissions.released import ReleasedPart
    from robotvision.submissions.testsets import settle
    from robotvision.submissions.truthfile import read_truth
    from robotvision.tasks import load_task

    if key is not None and truth is None:
        raise click.UsageError("--key goes with --truth: that of the sequence released")
    task = load_task(task_name)
    table = read_truth(truth) if truth else None
    if table and key is not None:
        table = ReleasedPart.read(key, part).truth_of(table)
    if table:
        task = settle(task, [table])
    results = [check_run_file(path, task, table.frames if table else None) for path in runs]
    if as_json:
        echo_json({"files": [r.as_dict() for r in results]})
    else:
        for result in results:
            for line in result.lines():
                click.echo(line)
    return 0 if all(r.is_ok for r in results) else 1
