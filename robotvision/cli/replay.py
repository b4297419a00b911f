"""``robotvision replay``: a trained model, or a configuration, over sequences of one's choice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from robotvision.cli.options import (
    ABOVE_ZERO,
    PATH,
    deadline_option,
    echo_json,
    error_console,
    limit_option,
    report_json_option,
    trust_option,
)

EPILOG = """\b
Examples:
  robotvision replay quickstart.rvmodel sequences/building_night
  robotvision replay configs/quickstart.yaml my_tour --policy streaming --rate-hz 30
  robotvision replay quickstart.rvmodel my_tour --policy newest+deadline --deadline-ms 50
  robotvision replay --ros2 my_tour --image /camera/image_raw     # publishes, scores nothing

\b
Policies: offline, deadline, streaming, queue, or BACKLOG+LATE (newest, queue + own,
deadline, hold).
"""


@click.command(epilog=EPILOG)
@click.argument(
    "paths",
    metavar="[MODEL|CONFIG] SEQUENCES...",
    nargs=-1,
    required=True,
    type=PATH,
)
@click.option(
    "--ros2",
    "plays_only",
    is_flag=True,
    help="Publish SEQUENCES to ROS 2 in real time, as a camera would; no model, no score.",
)
@click.option(
    "--image",
    metavar="TOPIC",
    default="/camera/image_raw",
    help="With --ros2: the topic.",
)
@click.option("--channel", default="rgb", help="With --ros2: what is published.")
@click.option("--task", help="The task that scores, by name or file (else the model's).")
@trust_option
@click.option("--out", type=PATH, help="The run folder.")
@click.option(
    "--clock",
    type=click.Choice(["asap", "wall", "simulated"]),
    help="asap (the default), wall (real time) or simulated (virtual time).",
)
@click.option(
    "--policy", metavar="NAME", help="The late-frame rule; all but offline need a running clock."
)
@deadline_option
@click.option("--rate-hz", type=ABOVE_ZERO, help="Impose a frame rate.")
@click.option("--speed", type=ABOVE_ZERO, default=1.0, help="Of the recording.")
@click.option(
    "--start-s",
    type=click.FloatRange(0),
    default=0.0,
    help="Leave out the recording's first seconds.",
)
@click.option("--loop", type=click.IntRange(1), default=1, help="Replay so many times.")
@limit_option
@click.option("-v", "--verbose", "is_verbose", is_flag=True, help="Print all tables.")
@report_json_option
def command(
    paths: tuple[Path, ...],
    plays_only: bool,
    image: str,
    channel: str,
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
    is_verbose: bool,
    as_json: bool,
) -> int:
    """Replay SEQUENCES through a trained model or what CONFIG trains, and score the answers."""
    if plays_only:
        given = {"--task": task, "--out": out, "--policy": policy, "--deadline-ms": deadline_ms}
        if unused := [o for o, v in {**given, "--clock": clock}.items() if v is not None]:
            raise click.UsageError(f"{unused[0]} has no meaning with --ros2: nothing is scored")
        times = {"rate_hz": rate_hz, "speed": speed, "start_s": start_s, "limit": limit}
        return _publish(paths, image, channel, as_json, loop, times)
    if len(paths) < 2:
        raise click.UsageError("expected MODEL|CONFIG and SEQUENCES")
    model, *sequences = paths

    from robotvision.experiment.replay_config import late_frame_rule, replay_experiment
    from robotvision.experiment.run import RunOptions, experiment_folder
    from robotvision.experiment.run import run as run_experiment
    from robotvision.features import cache_folder
    from robotvision.report.live import Live
    from robotvision.report.write import Detail, finish

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
    experiment = replay_experiment(model, tuple(sequences), task, replay, trust)
    folder = experiment_folder(experiment, out)
    errors = error_console()
    with Live(errors) as live:
        options = RunOptions(limit=limit)
        run = run_experiment(
            experiment, folder, cache=cache_folder(), observer=live, options=options
        )
    detail: Detail = "tables" if is_verbose else "brief"
    return finish(run, as_json=as_json, errors=errors, detail=detail)


def _publish(
    paths: tuple[Path, ...],
    image: str,
    channel: str,
    as_json: bool,
    loop: int,
    times: dict[str, Any],
) -> int:
    """Publish sequences; exit 1 where a frame could not be."""
    from robotvision.data import open_sequence
    from robotvision.playback.player import Replay
    from robotvision.playback.publish import QUEUE, publish_ros2
    from robotvision.systems.ros2 import Ros2Camera
    from robotvision.timing.quantiles import summary

    sequences = [open_sequence(path) for path in paths]
    camera = Ros2Camera(image, channel)
    published = publish_ros2(sequences, camera, Replay(QUEUE, **times), loop=loop)
    late_ns = summary(published.late_ns)
    if published.missing is not None:
        click.echo(f"note: {published.missing}; it was published all the same", err=True)
    if published.problem is not None:
        click.echo(f"{published.n_failed} frames failed, the first: {published.problem}", err=True)
    n_written = published.n_frames - published.n_failed
    if as_json:
        about = {"schema": 1, "frames": published.n_frames, "failed": published.n_failed}
        echo_json({**about, "late_ns": late_ns, "missing": published.missing})
    else:
        late = " ".join(f"{k} {v / 1e6:.3f}" for k, v in late_ns.items() if v is not None)
        click.echo(f"{n_written} images on {image}; after their due time, ms: {late or '-'}")
    return 1 if published.n_failed else 0
