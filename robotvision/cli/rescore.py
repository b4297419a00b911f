"""``robotvision rescore``: a recorded run under any late-frame rule."""

from __future__ import annotations

from pathlib import Path

import click

EPILOG = """\b
Examples:
  robotvision rescore runs/first
  robotvision rescore runs/first --policy streaming --rate-hz 30
  robotvision rescore runs/first --policy deadline --deadline-ms 33 --speed 2 --json
  robotvision rescore runs/first --policy queue --latency constant:60

\b
Policies: offline, deadline, streaming, queue, or BACKLOG+LATE (newest, queue + own,
deadline, hold). Latency models: constant:MS, empirical[:RUN], list:FILE (ms, one a line).
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="The late-frame rule; may be repeated (else all four).",
)
@click.option(
    "--deadline-ms",
    metavar="MS|next-frame",
    help="After a frame's due time (else the policy's own).",
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the machine: 2 halves every latency.",
)
@click.option("--rate-hz", type=float, help="Frames a second (else as recorded).")
@click.option("--latency", metavar="MODEL", help="A model in place of the measured latencies.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the empirical latency model.",
)
@click.option(
    "--trace",
    type=click.Path(path_type=Path),
    help="Write the schedule as a Chrome/Perfetto trace (one policy).",
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
    speed: float,
    rate_hz: float | None,
    latency: str | None,
    seed: int,
    trace: Path | None,
    as_json: bool,
) -> int:
    """Score the recorded RUN (a run folder or its run.jsonl) as another camera, machine or
    late-frame rule would have had it."""  # noqa: D205, D209 (click prints the whole as help)
    import json

    from robotvision.report.console import out
    from robotvision.report.rescored import print_rescored, rescored_report, virtual_frames
    from robotvision.runs.latency import parse_latency
    from robotvision.runs.log import read_log
    from robotvision.runs.rescore import Conditions, Recorded
    from robotvision.scoring.policy import POLICIES, parse_deadline, parse_policy

    deadline = None if deadline_ms is None else parse_deadline(deadline_ms)
    wanted = [parse_policy(name, deadline) for name in policies or POLICIES]
    if trace is not None and len(wanted) != 1:
        raise click.UsageError("--trace shows one schedule: give one --policy")
    record = read_log(run)
    recorded = Recorded(record)
    for warning in record.warnings:
        click.echo(f"note: {warning}", err=True)
    model = parse_latency(latency, recorded.measured_ns, seed) if latency else None
    conditions = Conditions(rate_hz, speed, model)
    found = [recorded.rescore(policy, conditions) for policy in wanted]
    reports = [rescored_report(recorded, f, conditions, latency or "measured") for f in found]
    if trace is not None:
        from robotvision.runs.trace import write_trace

        write_trace(trace, virtual_frames(recorded, found[0], conditions), wanted[0])
    if as_json:
        data = reports[0] if len(reports) == 1 else {"runs": reports}
        print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    else:
        print_rescored(out(), reports)
    return 0
