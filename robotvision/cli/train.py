"""``robotvision train``: train once, keep the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robotvision.cli.options import (
    PATH,
    data_root_option,
    no_cache_option,
    override_options,
    overrides,
    seed_option,
    test_set_option,
)

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
@data_root_option
@test_set_option
@seed_option
@no_cache_option
def command(
    config: Path,
    task: str | None,
    train: tuple[Path, ...],
    test: tuple[Path, ...],
    values: dict[str, Any],
    out: Path,
    data_root: Path | None,
    set_name: str | None,
    seed: int | None,
    no_cache: bool,
) -> int:
    """Train the pipeline of CONFIG and keep it in a model file (no pickle in it)."""
    from rich.console import Console

    from robotvision.config.checks import load_config
    from robotvision.experiment.train import train_model
    from robotvision.features import cache_folder
    from robotvision.recogniser.model_file import own_classes
    from robotvision.report.live import Live

    experiment = load_config(config, data_root, seed, overrides(task, train, test, values))
    with Live(Console(stderr=True, emoji=False)) as live:
        cache = None if no_cache else cache_folder()
        rules = train_model(experiment, out, set_name, cache, live)
    click.echo(f"{out}: {len(rules.room_names)} rooms, {out.stat().st_size / 2**20:.1f} MB")
    own = own_classes(out)
    if own:
        trusted = " ".join(f"--trust {name}" for name in own)
        files = ", ".join(dict.fromkeys(about["origin"] for about in own.values()))
        click.echo(f"it holds classes of {files}, to be trusted by whoever opens it: {trusted}")
    return 0
