"""``robotvision import``: any log of answers, as a run like any other."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, json_option, mode_option, truth_option

EPILOG = """\b
Examples:
  robotvision import --truth sequences/building_night answers.csv -o runs/ours
  robotvision import --truth drive robot.tsv --column room=where --column time=stamp -o runs/robot
  robotvision import --truth drive log.csv --time-unit ms --latency-unit s -o runs/log

\b
Columns, by the names in the first line (comma, semicolon or tab between):
  frame | time       the frame's number, or its time on the sequence's clock (s; time_ns, time_ms)
  room               the answer; empty: none
  latency            how long the system had the frame (ms; latency_ns, latency_s); optional
  confidence         from 0 to 1; optional
  objects            parted by ';', absent ones as !Name; optional
  sequence, set      where there are several sequences
"""
UNIT = click.Choice(["ns", "us", "ms", "s"])


@click.command("import", epilog=EPILOG)
@click.argument("answers", type=PATH)
@truth_option(
    required=True,
    metavar="SEQUENCE",
    help="The sequence that was answered, with its truth; may repeat.",
)
@click.option("-o", "--out", required=True, type=PATH, help="The run folder.")
@click.option("--task", help="A task's name or YAML file (else the sequence's own, else rooms).")
@click.option(
    "--train",
    multiple=True,
    type=PATH,
    metavar="SEQUENCE",
    help="What was trained on, for a task that takes its rooms from there; may repeat.",
)
@mode_option(help="The mode of the run.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="WHAT=NAME",
    help="A column of another name, as room=where; may repeat.",
)
@click.option("--time-unit", type=UNIT, help="Of times whose column does not name it (else s).")
@click.option(
    "--latency-unit", type=UNIT, help="Of latencies whose column does not name it (else ms)."
)
@click.option("--drop-unmatched", is_flag=True, help="Leave lines out that answer no frame.")
@json_option
def command(
    answers: Path,
    truths: tuple[Path, ...],
    out: Path,
    task: str | None,
    train: tuple[Path, ...],
    mode: str,
    columns: tuple[str, ...],
    time_unit: str | None,
    latency_unit: str | None,
    drop_unmatched: bool,
    as_json: bool,
) -> int:
    """Make a run of ANSWERS, a log in CSV or TSV, that report, rescore, gate and others read.

    A time that is no frame's own goes to the nearest frame within half a period. A frame without a
    line is not answered.
    """
    import json

    from robotvision.api.import_log import import_run
    from robotvision.report.console import out as console
    from robotvision.report.terminal import print_report
    from robotvision.submissions.answer_log import parse_columns

    units = {"time": time_unit, "latency": latency_unit}
    options = {
        "columns": parse_columns(columns),
        "units": {what: unit for what, unit in units.items() if unit},
        "drops_unmatched": drop_unmatched,
    }
    run = import_run(
        truths, answers, folder=out, task=task, train=train, mode=mode, options=options
    )
    if as_json:
        print(json.dumps(run.report, ensure_ascii=False, allow_nan=False))
    else:
        print_report(console(), run.report, run.task, run.columns.tallies)
        click.echo(f"run folder: {out}")
    return 1 if run.has_failures else 0
