"""``robotvision rescore``: a recorded run under any late-frame rule."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, deadline_option, rate_option

EPILOG = """\b
Examples:
  robotvision rescore runs/first
  robotvision rescore runs/first --policy streaming --rate-hz 30
  robotvision rescore runs/first --policy deadline --deadline-ms 33 --machine-speed 2 --json
  robotvision rescore runs/first --machine-speed 1.8:2.2
  robotvision rescore runs/first --policy queue --latency constant:60

\b
Policies: offline, deadline, streaming, queue, or BACKLOG+LATE (newest, queue + own,
deadline, hold). Latency models: constant:MS, empirical[:RUN], list:FILE (ms, one a line).
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=PATH)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="The late-frame rule; may be repeated (else all four).",
)
@deadline_option
@click.option(
    "--machine-speed",
    "--speed",
    "speed",
    metavar="X|LOW:HIGH",
    default="1",
    help="2 halves every latency; of a range, the points between its ends are given.",
)
@rate_option
@click.option("--latency", metavar="MODEL", help="A model in place of the measured latencies.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    help="Of the empirical latency model.",
)
@click.option(
    "--trace", type=PATH, help="Write the schedule as a Chrome/Perfetto trace (one policy)."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help='Print one JSON object; of several policies {"runs": [...]}.',
)
def command(
    run: Path,
    policies: tuple[str, ...],
    deadline_ms: str | None,
    speed: str,
    rate_hz: float | None,
    latency: str | None,
    seed: int,
    trace: Path | None,
    as_json: bool,
) -> int:
    """Score the recorded RUN (a run folder or its run.jsonl) as another camera, machine or
    late-frame rule would have had it."""  # noqa: D205, D209 (click prints the whole as help)
    import json

    from robotvision.api.run import read_run
    from robotvision.report.console import out
    from robotvision.report.rescored import print_rescored, virtual_frames
    from robotvision.runs.rescore import parse_speed
    from robotvision.runs.trace import write_trace

    recorded = read_run(run)
    wanted = policies or recorded.policies
    if trace is not None and len(wanted) != 1:
        raise click.UsageError("--trace shows one schedule: give one --policy")
    for warning in recorded.record.warnings:
        click.echo(f"note: {warning}", err=True)
    if not policies and len(wanted) == 1:
        click.echo("note: the log gives no latencies, so only offline applies", err=True)
    rescored = [
        recorded.rescore(
            policy,
            deadline_ms=deadline_ms,
            rate_hz=rate_hz,
            machine_speed=parse_speed(speed),
            latency=latency,
            seed=seed,
        )
        for policy in wanted
    ]
    reports = [r.report for r in rescored]
    if trace is not None:
        first = rescored[0]
        frames = virtual_frames(first.recorded, first.rescored, first.conditions)
        write_trace(trace, frames, first.policy)
    if as_json:
        data = reports[0] if len(reports) == 1 else {"runs": reports}
        print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    else:
        print_rescored(out(), reports)
    return 0
