"""``robotvision view``: all runs of a folder on a page of this machine."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, PORT

EPILOG = """\b
Examples:
  robotvision view runs/
  robotvision view runs/first
  robotvision view results/ --port 0
"""


@click.command(epilog=EPILOG)
@click.argument("folders", nargs=-1, metavar="FOLDER...", type=PATH)
@click.option(
    "--port",
    type=PORT,
    default=8787,
    help="Of the page, on 127.0.0.1 alone; 0: any that is free.",
)
def command(folders: tuple[Path, ...], port: int) -> int:
    """Serve every run at and below FOLDERS (else runs/): a list, each run with all its images.

    Runs that go on are followed; tick two or more to compare them. Ctrl-C ends it.
    """
    import time

    from robotvision.report.view import view_runs

    with view_runs(list(folders) or [Path("runs")], port) as viewer:
        click.echo(f"{viewer.address}  ({len(viewer.runs.rows())} runs; Ctrl-C to end)")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo()
    return 0
