"""``robotvision plan``: how long a test must be to tell systems apart."""

from __future__ import annotations

from typing import Any

import click

from robotvision.cli.options import PATH, json_option

EPILOG = """\b
Examples:
  robotvision plan --visits 20 --systems 10 --difference 0.05
  robotvision plan --like runs/first --difference 0.1
  robotvision plan --like runs/a --like runs/b --visits 60
  robotvision plan --like sequences/building_night --right 0.9 --task imageclef2012
"""


@click.command(epilog=EPILOG)
@click.option("--visits", type=int, help="Room visits of the test (else those of --like).")
@click.option("--systems", type=int, default=2, help="That are compared.")
@click.option("--difference", type=float, metavar="POINTS", help="To be told, in points a frame.")
@click.option(
    "--like",
    multiple=True,
    type=PATH,
    metavar="RUN|SEQUENCE",
    help="What visits are like: a run, two runs on the same frames, or a sequence.",
)
@click.option(
    "--right",
    type=float,
    default=0.75,
    help="Share of the frames that systems answer rightly, without a run.",
)
@click.option("--task", default="rooms", help="Whose points count, without a run.")
@click.option("--likeliest", is_flag=True, help="Give figures also where none can be promised.")
@json_option
def command(as_json: bool, **asked: Any) -> int:
    """Say how likely a difference between systems is told, and how long a test must be for it.

    A room visit is a stay in one room; a difference is told where its 95 % interval leaves 0 out,
    or, among several systems, after all comparisons as in rank.
    """
    import json

    from rich.console import Console

    from robotvision.api.plan import plan
    from robotvision.report.console import out
    from robotvision.report.planning import print_plan

    with Console(stderr=True).status("drawing contests"):
        planned = plan(**asked)
    if as_json:
        print(json.dumps(planned.to_dict(), allow_nan=False))
    else:
        print_plan(out(), planned.to_dict())
    return 0
