"""Print the outcome of a sweep, and what ``sweep show`` shows of a stored one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from robotvision.cluster.store import Store
from robotvision.sweep.engine import SweepOutcome
from robotvision.sweep.page import write_page
from robotvision.sweep.plan import Plan
from robotvision.sweep.rows import DONE
from robotvision.sweep.show import (
    comparison_data,
    print_comparison,
    print_pivot,
    print_rows,
)
from robotvision.sweep.steps import graph_of
from robotvision.sweep.table import TABLE, best, compare, find_row, pivot, read_table, sorted_rows

SHOWN = 20
"""Rows printed at the end of a sweep."""


@dataclass(frozen=True, slots=True)
class Question:
    """The selection of ``sweep show``; see its options."""

    sort: str | None = None
    ascending: bool = False
    best: int | None = None
    pivot: tuple[str, str] | None = None
    value: str = "points_per_frame"
    compare: tuple[str, str] | None = None
    page: bool = False


def print_plan(console: Console, plan: Plan, *, live: bool, as_json: bool) -> int:
    """Print the steps a sweep would do; return the exit code."""
    graph = graph_of(plan, plan.runs, live=live)
    counts = {
        "runs": len(graph.runs),
        "trainings": len(graph.trains),
        "extractions": len(graph.extracts),
        "learnt_extractors": len(graph.learns),
    }
    if as_json:
        print(json.dumps(counts))
        return 0
    for what, n in counts.items():
        console.print(f"{n:6} {what.replace('_', ' ')}", highlight=False)
    for line in plan.repeated:
        console.print(f"left out: {line}", highlight=False, soft_wrap=True)
    return 0


def finish(
    console: Console, errors: Console, store: Store, swept: SweepOutcome, *, as_json: bool
) -> int:
    """Write the page, print the best rows, return the exit code: 1 where a run failed."""
    table = read_table(store)
    page = write_page(store, table)
    done = sum(r["status"] == DONE for r in swept.rows)
    if as_json:
        print(
            json.dumps(
                {
                    "schema": 1,
                    "runs": len(table.rows),
                    "done": done,
                    "failed": len(swept.failed),
                    "skipped": swept.n_skipped,
                    "stopped": swept.is_stopped,
                    "keys": table.keys,
                    "table": store.shown(TABLE),
                    "page": page,
                    "out": store.url,
                }
            )
        )
    else:
        print_rows(console, table, best(table, SHOWN) or table.rows[:SHOWN])
        for what in (store.shown(TABLE), page):
            console.print(what, style="dim", highlight=False, soft_wrap=True)
    if swept.is_stopped:
        errors.print("stopped; call the same command again to go on", style="yellow")
    return 1 if swept.failed or swept.is_stopped else 0


def answer(console: Console, results: str, question: Question, *, as_json: bool) -> int:
    """Print what ``sweep show`` selects; return the exit code. Raises RobotVisionError."""
    store = Store(results)
    table = read_table(store)
    result: dict[str, Any] = {"keys": table.keys}
    if question.page:
        result["page"] = write_page(store, table)
    if question.compare is not None:
        first, second = (find_row(table, name) for name in question.compare)
        compared = compare(store, first, second)
        result["comparison"] = comparison_data(compared)
        if not as_json:
            print_comparison(console, table, compared)
    elif question.pivot is not None:
        means = pivot(table, *question.pivot, question.value)
        result["pivot"] = [
            {means.down: a, means.across: b, "mean": v, "runs": means.counts[a, b]}
            for (a, b), v in means.cells.items()
        ]
        if not as_json:
            print_pivot(console, means)
    else:
        rows = table.rows
        if question.best is not None:
            rows = list(best(table, question.best, question.sort or question.value))
        elif question.sort is not None:
            rows = sorted_rows(table, question.sort, descending=not question.ascending)
        result["rows"] = rows
        if not as_json:
            print_rows(console, table, rows)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    elif question.page:
        console.print(result["page"], style="dim", highlight=False, soft_wrap=True)
    return 0
