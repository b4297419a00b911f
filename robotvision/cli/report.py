"""``robotvision report``: one or several runs as a page that stands alone, or as tables."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, error_console

EPILOG = """\b
Examples:
  robotvision report runs/first
  robotvision report runs/first runs/second -o compare.html
  robotvision report runs/long --images
  robotvision report runs/first --tables md
  robotvision report runs/first --tables latex -o tables.tex
"""


@click.command(epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=PATH)
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="The file (else report.html in the run folder, or in this folder for several runs).",
)
@click.option(
    "--pictures-mb",
    type=click.FloatRange(0, 200),
    default=9.0,
    help="How much of the page images may take; 0: none.",
)
@click.option(
    "--images",
    "has_folder",
    is_flag=True,
    help="Write all images into a folder beside the page, in place of some within it.",
)
@click.option(
    "--tables",
    type=click.Choice(["md", "csv", "latex"]),
    help="Tables in place of a page, printed where no file is named.",
)
def command(
    runs: tuple[Path, ...],
    output: Path | None,
    pictures_mb: float,
    has_folder: bool,
    tables: str | None,
) -> int:
    """Write one page of one or several runs: player, confusion, mistakes, latency, curves.

    RUN is a run folder or its run.jsonl. The page is one file and needs no network; with --images
    its images lie beside it, in PAGE_images.
    """
    if has_folder and tables is not None:
        raise click.UsageError("--images are of a page, and --tables stand in its place")
    if tables is not None:
        from robotvision.report.columns import load_runs
        from robotvision.report.tables import render, write

        write(render(load_runs(runs), tables), output)
        return 0
    from robotvision.report.html.page import write_page

    if output is None:
        folder = runs[0] if runs[0].is_dir() else runs[0].parent
        output = folder / "report.html" if len(runs) == 1 else Path("report.html")
    with error_console().status("reading images and drawing the page"):
        budget = round(pictures_mb * 1e6)
        path = write_page(runs, output, picture_bytes=budget, has_folder=has_folder)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0
