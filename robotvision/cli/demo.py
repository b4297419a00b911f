"""``robotvision demo``: the main job on sequences that the package brings."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, error_console

EPILOG = """\b
Examples:
  robotvision demo
  robotvision demo --live
  robotvision demo --files first_steps
"""


@click.command("demo", epilog=EPILOG)
@click.option("--out", type=PATH, help="The run folder (else runs/demo-...).")
@click.option("--live", "is_full", is_flag=True, help="Follow the run in full.")
@click.option(
    "--files",
    metavar="DIR",
    type=PATH,
    help="Do not run: write sequences and configuration to a new folder, to change and run.",
)
def command(out: Path | None, is_full: bool, files: Path | None) -> int:
    """Train by day, drive through the same building by night, in half a minute.

    The sequences are generated and come with the package; nothing is downloaded. The replay goes
    by the recording's clock, twelve times as fast.
    """
    from robotvision.experiment.demo import demo_experiment, write_demo
    from robotvision.experiment.run import experiment_folder, run
    from robotvision.features import cache_folder
    from robotvision.report.watch import RunWatch
    from robotvision.report.write import finish

    if files is not None:
        config = write_demo(files)
        click.echo(f"{config}\nnext: robotvision run {config}")
        return 0
    experiment = demo_experiment()
    folder = experiment_folder(experiment, out)
    errors = error_console()
    with RunWatch(errors, folder, experiment, screen="full" if is_full else "line") as watch:
        with watch.screen:
            result = run(experiment, folder, cache=cache_folder(), observer=watch.observer)
        code = finish(result, as_json=False, errors=errors)
    click.echo(
        f"next: open {folder / 'report.html'}; robotvision demo --files DIR writes files to "
        "change; robotvision init begins with sequences of your own"
    )
    return code
