"""``robotvision tune``: choose by points on held-out training sequences."""

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
What is tried stands in the configuration; every combination of it:
\b
  tune:
    features: [[phog, crfh], [hsv_histogram, phog, crfh]]
    classifier: [{name: svm, kernel: chi2, C: 1}, {name: svm, kernel: chi2, C: 10}]
    integration: [concatenation, accumulation]
\b
Also augment, temporal and decision ([{abstain: auto}, {abstain: 0.5}]); folds: 7 splits
at most, and candidates: 20 for so many combinations at random.
\b
Examples:
  robotvision tune configs/tune.yaml
  robotvision tune my.yaml --data-root ~/data -o best.yaml
  robotvision tune my.yaml --train monday --train friday --json
"""


@click.command(epilog=EPILOG)
@click.argument("config", type=PATH)
@click.option(
    "-o", "--out", type=PATH, help="Write the configuration with the best candidate here."
)
@override_options
@data_root_option
@test_set_option
@seed_option
@no_cache_option
@click.option("--json", "as_json", is_flag=True, help="Print the search as one JSON object.")
def command(
    config: Path,
    out: Path | None,
    task: str | None,
    train: tuple[Path, ...],
    test: tuple[Path, ...],
    values: dict[str, Any],
    data_root: Path | None,
    set_name: str | None,
    seed: int | None,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Try the candidates of CONFIG on held-out training sequences; rank them by points a frame.

    Whole sequences are held out, or groups of segments, never single frames: neighbours are
    near-copies. The test sequences are not looked at. Ctrl-C ranks what was tried by then.
    """
    import json

    from rich.console import Console

    from robotvision.config.checks import load_config
    from robotvision.experiment.train import tune_experiment
    from robotvision.features import cache_folder
    from robotvision.report.console import out as console
    from robotvision.report.live import Live
    from robotvision.report.tuning import as_data, print_tuned, write_best

    experiment = load_config(config, data_root, seed, overrides(task, train, test, values))
    with Live(Console(stderr=True, emoji=False)) as live:
        tuned = tune_experiment(experiment, set_name, None if no_cache else cache_folder(), live)
    if as_json:
        click.echo(json.dumps(as_data(tuned), ensure_ascii=False))
    else:
        print_tuned(console(), tuned)
    if out is not None:
        write_best(out, experiment, tuned)
        if not as_json:
            click.echo(f"{out}: written; robotvision run {out}")
    return 0 if tuned.tried == tuned.of and not any(c.problem for c in tuned.candidates) else 1
