"""``robotvision gate``: whether a run is good enough, for continuous integration."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, json_option

EPILOG = """\b
Examples:
  robotvision gate runs/new --require 'points >= 0.7'
  robotvision gate runs/new --require 'latency.total.p99_ms <= 33' --require 'outcomes.failed == 0'
  robotvision gate runs/new --against runs/baseline --margin 0.03
  robotvision gate runs/new --junit gate.xml --summary gate.md

\b
Figures: points (a frame), points_total, points_share (of the maximum), accuracy;
sets.NAME.points and so on of one test set; latency.STAGE.pNN_ms; any number of report.json
by its dotted key (outcomes.failed, rooms.Kitchen.recall).
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=PATH)
@click.option(
    "--require",
    multiple=True,
    metavar="'KEY >= X'",
    help="What RUN is to reach, in place of its configuration's; may repeat.",
)
@click.option(
    "--against",
    type=PATH,
    metavar="BASELINE",
    help="A run on the same frames that RUN is not to be worse than.",
)
@click.option(
    "--margin",
    type=float,
    default=0.05,
    help="Points a frame: a loss that may stay open for RUN to pass --against.",
)
@click.option("--junit", type=PATH, help="Write the verdicts as JUnit's XML there.")
@click.option("--summary", type=PATH, help="Write the verdicts as Markdown there.")
@json_option
def command(
    run: Path,
    require: tuple[str, ...],
    against: Path | None,
    margin: float,
    junit: Path | None,
    summary: Path | None,
    as_json: bool,
) -> int:
    """Say whether RUN (a run folder or its run.jsonl) is good enough.

    Each requirement passes, fails, or cannot be told: its interval holds the limit, the frames
    are too few, the machine failed its checks. Exit code 0: all pass; 1: one fails; 3: none
    fails, and one cannot be told.
    """
    import json

    from robotvision.api.gate import gate
    from robotvision.report.console import out
    from robotvision.report.verdicts import print_verdicts
    from robotvision.writing import write_text

    result = gate(run, require, against=against, margin=margin)
    data = result.to_dict()
    if as_json:
        print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    else:
        print_verdicts(out(), data["requirements"])
    if junit is not None:
        write_text(junit, result.junit())
    if summary is not None:
        write_text(summary, result.markdown())
    return result.exit_code
