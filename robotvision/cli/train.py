"""``robotvision train``: train once, keep the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from robotvision.cli.options import PATH, error_console, override_options, training_options

if TYPE_CHECKING:
    from robotvision.config.experiment import Overrides

EPILOG = """\b
Examples:
  robotvision train configs/quickstart.yaml -o quickstart.rvmodel
  robotvision replay quickstart.rvmodel sequences/building_night
"""


@click.command(epilog=EPILOG)
@click.argument("config", type=PATH)
@override_options
@click.option(
    "-o",
    "--out",
    type=PATH,
    required=True,
    help="The model file; replaced once the new one is whole.",
)
@training_options
def command(
    config: Path,
    instead: Overrides,
    out: Path,
    data_root: Path | None,
    set_name: str | None,
    seed: int | None,
    cache: Path | None,
) -> int:
    """Train the pipeline of CONFIG and keep it in a model file (no pickle in it)."""
    from robotvision.config.checks import load_config
    from robotvision.experiment.train import train_model
    from robotvision.recogniser.model_file import own_classes
    from robotvision.report.live import Live

    experiment = load_config(config, data_root, seed, instead)
    with Live(error_console()) as live:
        rules = train_model(experiment, out, set_name, cache, live)
    click.echo(f"{out}: {len(rules.room_names)} rooms, {out.stat().st_size / 2**20:.1f} MB")
    own = own_classes(out)
    if own:
        trusted = " ".join(f"--trust {name}" for name in own)
        files = ", ".join(dict.fromkeys(about["origin"] for about in own.values()))
        click.echo(f"it holds classes of {files}, to be trusted by whoever opens it: {trusted}")
    return 0
