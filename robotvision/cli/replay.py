"""``robotvision replay``: a trained model, or a configuration, over sequences of one's choice."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  robotvision replay quickstart.rvmodel sequences/building_night
  robotvision replay configs/quickstart.yaml my_tour --policy streaming --rate-hz 30
"""


@click.command(epilog=EPILOG)
@click.argument("model", metavar="MODEL|CONFIG", type=click.Path(path_type=Path))
@click.argument("sequences", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--task", help="The task that scores, by name or file (else the model's).")
@click.option("--out", type=click.Path(path_type=Path), help="The run folder.")
@click.option("--clock", type=click.Choice(["asap", "wall", "simulated"]),
              help="asap (the default), wall (real time) or simulated (virtual time).")  # fmt: skip
@click.option("--policy", type=click.Choice(["offline", "deadline", "streaming", "queue"]),
              help="What a late frame costs; all but offline need a running clock.")  # fmt: skip
@click.option("--deadline-ms", type=click.FloatRange(0), help="After a frame's due time.")
@click.option("--rate-hz", type=click.FloatRange(0, min_open=True), help="Impose a frame rate.")
@click.option("--speed", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True,
              help="Of the recording.")  # fmt: skip
@click.option("--start-s", type=click.FloatRange(0), default=0.0,
              help="Leave out the recording's first seconds.")  # fmt: skip
@click.option("--loop", type=click.IntRange(1), default=1, help="Replay so many times.")
@click.option("--limit", type=click.IntRange(1), help="At most so many frames of each sequence.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    model: Path, sequences: tuple[Path, ...], task: str | None, out: Path | None,
    clock: str | None, policy: str | None, deadline_ms: float | None, rate_hz: float | None,
    speed: float, start_s: float, loop: int, limit: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Replay SEQUENCES through a trained model or what CONFIG trains, and score the answers."""
    from rich.console import Console

    from robotvision.features.extraction import cache_folder
    from robotvision.prepare import replay_setup
    from robotvision.report.live import Live
    from robotvision.report.write import finish
    from robotvision.run import execute, new_folder

    running = policy not in (None, "offline")
    replay = {
        "clock": clock or ("simulated" if running else "asap"),
        "policy": policy or "offline",
        "deadline_ms": deadline_ms,
        "rate_hz": rate_hz,
        "speed": speed,
        "start_s": start_s,
        "loop": loop,
    }
    setup = replay_setup(model, sequences, task, replay)
    folder = new_folder(setup, out)
    errors = Console(stderr=True)
    with Live(errors) as live:
        run = execute(setup, folder, limit=limit, cache=cache_folder(), observer=live)
    return finish(run, setup, as_json=as_json, errors=errors)
