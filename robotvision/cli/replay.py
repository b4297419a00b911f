"""``robotvision replay``: a trained model, or a configuration, over sequences of one's choice."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import trust_option

EPILOG = """\b
Examples:
  robotvision replay quickstart.rvmodel sequences/building_night
  robotvision replay configs/quickstart.yaml my_tour --policy streaming --rate-hz 30
  robotvision replay quickstart.rvmodel my_tour --policy newest+deadline --deadline-ms 50

\b
Policies: offline, deadline, streaming, queue, or BACKLOG+LATE (newest, queue + own,
deadline, hold).
"""


@click.command(epilog=EPILOG)
@click.argument("model", metavar="MODEL|CONFIG", type=click.Path(path_type=Path))
@click.argument("sequences", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--task", help="The task that scores, by name or file (else the model's).")
@trust_option
@click.option("--out", type=click.Path(path_type=Path), help="The run folder.")
@click.option(
    "--clock",
    type=click.Choice(["asap", "wall", "simulated"]),
    help="asap (the default), wall (real time) or simulated (virtual time).",
)
@click.option(
    "--policy", metavar="NAME", help="The late-frame rule; all but offline need a running clock."
)
@click.option(
    "--deadline-ms",
    metavar="MS|next-frame",
    help="After a frame's due time (else the policy's own).",
)
@click.option("--rate-hz", type=click.FloatRange(0, min_open=True), help="Impose a frame rate.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Of the recording.",
)
@click.option(
    "--start-s",
    type=click.FloatRange(0),
    default=0.0,
    help="Leave out the recording's first seconds.",
)
@click.option("--loop", type=click.IntRange(1), default=1, help="Replay so many times.")
@click.option("--limit", type=click.IntRange(1), help="At most so many frames of each sequence.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    model: Path,
    sequences: tuple[Path, ...],
    task: str | None,
    trust: tuple[str, ...],
    out: Path | None,
    clock: str | None,
    policy: str | None,
    deadline_ms: str | None,
    rate_hz: float | None,
    speed: float,
    start_s: float,
    loop: int,
    limit: int | None,
    as_json: bool,
) -> int:
    """Replay SEQUENCES through a trained model or what CONFIG trains, and score the answers."""
    from rich.console import Console

    from robotvision.experiment.replay_config import late_frame_rule, replay_experiment
    from robotvision.experiment.run import RunOptions, experiment_folder
    from robotvision.experiment.run import run as run_experiment
    from robotvision.features.extraction import cache_folder
    from robotvision.report.live import Live
    from robotvision.report.write import finish

    rule = late_frame_rule(policy or "offline", deadline_ms)
    running = rule["policy"] != "offline"
    replay = {
        "clock": clock or ("simulated" if running else "asap"),
        **rule,
        "rate_hz": rate_hz,
        "speed": speed,
        "start_s": start_s,
        "loop": loop,
    }
    experiment = replay_experiment(model, sequences, task, replay, trust)
    folder = experiment_folder(experiment, out)
    errors = Console(stderr=True, emoji=False)
    with Live(errors) as live:
        run = run_experiment(
            experiment,
            folder,
            cache=cache_folder(),
            observer=live,
            options=RunOptions(limit=limit),
        )
    return finish(run, as_json=as_json, errors=errors)
