"""``robotvision figure``: a figure for a paper."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH

EPILOG = """\b
Examples:
  robotvision figure confusion runs/first -o confusion.pdf
  robotvision figure curve runs/first runs/second -o deadline.svg
  robotvision figure timeline runs/first -o timeline.pdf
  robotvision figure map runs/first --width page -o map.png
"""


@click.command(epilog=EPILOG)
@click.argument("kind", type=click.Choice(["confusion", "latency", "curve", "timeline", "map"]))
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=PATH)
@click.option(
    "-o",
    "--output",
    required=True,
    type=PATH,
    help="The file; its ending says the format (.pdf, .svg, .eps, .png).",
)
@click.option(
    "--width",
    type=click.Choice(["column", "page"]),
    help="One column (3.35 inches) or two (6.9); else page for timeline, column for the others.",
)
def command(kind: str, runs: tuple[Path, ...], output: Path, width: str | None) -> int:
    """Draw a figure of one or several runs for a paper, in the colours of the pages.

    latency and curve lay several runs over each other; the others show one.
    """
    from robotvision.report.columns import load_runs
    from robotvision.report.figures import draw

    draw(kind, load_runs(runs), output, width)
    click.echo(str(output))
    return 0
