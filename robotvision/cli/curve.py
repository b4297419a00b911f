"""``robotvision curve``: points against deadline and machine speed."""

from __future__ import annotations

from pathlib import Path

import click

from robotvision.cli.options import PATH, json_option, rate_option

EPILOG = """\b
Examples:
  robotvision curve runs/first runs/second
  robotvision curve runs/* --rate-hz 30 --deadline-ms 0:200:5 --policy streaming
  robotvision curve runs/first runs/second -o curves.svg
  robotvision curve runs/first --speeds 0.5,1,2,4 --json

\b
Dotted lines of the figure: points offline, time aside. Grey: where two runs swap ranks.
"""


@click.command(epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, type=PATH)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="May be repeated (else deadline and streaming).",
)
@click.option(
    "--deadline-ms",
    "deadlines",
    metavar="FIRST:LAST:STEP",
    help="Deadlines, or a list with commas (else up to the slow answers).",
)
@click.option(
    "--speeds",
    metavar="FIRST:LAST:STEP",
    help="Speeds of the machine, or a list with commas (else 1/8 to 8).",
)
@click.option(
    "--at-deadline-ms",
    metavar="MS|next-frame",
    help="The deadline along the speeds (else the policy's own).",
)
@rate_option
@click.option("-o", "--output", type=PATH, help="A figure: svg, png or pdf.")
@json_option
def command(
    runs: tuple[Path, ...],
    policies: tuple[str, ...],
    deadlines: str | None,
    speeds: str | None,
    at_deadline_ms: str | None,
    rate_hz: float | None,
    output: Path | None,
    as_json: bool,
) -> int:
    """Points of recorded RUNS against the deadline and the machine's speed, and where two of them
    swap ranks."""  # noqa: D205, D209 (click prints the whole as help)
    import json

    from robotvision.report.console import out
    from robotvision.report.curve import compute_curves, draw, print_curves
    from robotvision.runs import curve
    from robotvision.scoring.policy import parse_deadline, parse_policy

    fixed = None if at_deadline_ms is None else parse_deadline(at_deadline_ms)
    policies = policies or ("deadline", "streaming")
    x_ms = None if deadlines is None else curve.parse_values(deadlines, "--deadline-ms", least=0.0)
    x_speed = curve.OWN_SPEEDS
    if speeds is not None:
        x_speed = tuple(curve.parse_values(speeds, "--speeds", least=1e-9))
    wanted = [parse_policy(name, fixed) for name in policies]
    comparison, warnings = compute_curves(runs, wanted, x_ms, x_speed, rate_hz)
    if output is not None:
        draw(comparison, output)
    if as_json:
        print(json.dumps({**comparison.to_json(), "rate_hz": rate_hz, "warnings": warnings}))
    else:
        print_curves(out(), comparison, warnings)
    return 0
