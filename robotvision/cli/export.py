"""``robotvision export``: a run in open formats."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, error_console

EPILOG = """\b
Examples:
  robotvision export runs/first --to mcap          # open runs/first/run.mcap in Foxglove
  robotvision export runs/first --to parquet -o first.parquet
  robotvision export runs/first --to rerun
  robotvision export runs/first --to csv           # robotvision import reads it back
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=PATH)
@click.option("--to", "form", required=True, type=click.Choice(["csv", "mcap", "parquet", "rerun"]))
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="The file (else run.mcap, run.parquet, run.rrd or run.csv in the run's folder).",
)
def command(run: Path, form: str, output: Path | None) -> int:
    """Write a run for other tools: frames, truth, answers, points and times.

    mcap holds images too, read again from where the run read them; parquet is one table; csv is
    the answers and their latencies alone.
    """
    from robotvision.report.columns import load_run
    from robotvision.report.export import SUFFIXES, export

    columns = load_run(run)
    if output is None:
        output = columns.folder / f"run{SUFFIXES[form]}"
    errors = error_console()
    with errors.status("writing"):
        missing = export(columns, form, output)
    for text in missing:
        errors.print(f"left out: {text}", style="yellow", highlight=False, soft_wrap=True)
    click.echo(f"{output} ({output.stat().st_size / 1e6:.1f} MB)")
    return 0
