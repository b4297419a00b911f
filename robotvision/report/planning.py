"""A planned test as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from robotvision.report.console import grid
from robotvision.report.table import Cell, Table, columns

NONE = "not promised"


def print_plan(console: Console, data: Mapping[str, Any]) -> None:
    """Print what a test can tell, from the plain data of ``robotvision.api.plan``."""
    design, n, k = data["design"], data["visits"], data["systems"]
    console.print(data["basis"], soft_wrap=True)
    console.print(
        f"{n} visits weigh like {design['evenness'] * n:.1f} of one length; a visit's difference "
        f"deviates by {design['spread']:.3g} points a frame",
        soft_wrap=True,
    )
    console.print(grid(_table(data)))
    for line in _cautions(data):
        console.print(line, style="yellow", soft_wrap=True)
    if k > 2:
        console.print(
            f"of {k}: one is better than the {k - 1} others, which are alike; the share of these "
            "that it is told apart from, after all comparisons",
            style="dim",
            soft_wrap=True,
        )


def _cautions(data: Mapping[str, Any]) -> list[str]:
    """Return in a line each why figures are not promised."""
    word = "likeliest, not promised" if data["likeliest"] else "not promised"
    return [f"{word}: {line}" for line in data["cautions"]]


def _table(data: Mapping[str, Any]) -> Table:
    sides = [data["two"]] + [data["among_all"]] * (data["systems"] > 2)
    heads = ["two systems", f"of {data['systems']}"][: len(sides)]
    share, difference = f"{data['promised_power']:.0%}", data["difference"]
    rows: list[list[Cell]] = [
        [
            f"smallest difference that {data['visits']} visits tell in {share}",
            *(_smallest(s) for s in sides),
        ]
    ]
    if difference is not None:
        rows = [
            [f"power: {difference:g} points a frame are told in", *(_share(s) for s in sides)],
            *rows,
            [f"visits needed to tell {difference:g} in {share}", *(_visits(s) for s in sides)],
        ]
    return Table("Plan", columns("", *heads), rows)


def _share(side: Mapping[str, Any]) -> str:
    power = side["power"]
    if power is None:
        return NONE
    if power < 0.005:
        return "under 1%"
    return f"{power:.0%}" if power < 0.995 else "over 99%"


def _smallest(side: Mapping[str, Any]) -> str:
    smallest = side["smallest_difference"]
    return NONE if smallest is None else f"{smallest:.3f}"


def _visits(side: Mapping[str, Any]) -> str:
    needed = side["visits_needed"]
    return NONE if needed is None else f"{needed:,}"
