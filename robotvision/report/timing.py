"""A timing as text: the stage table with the null system beside it, checks, the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.text import Text

from robotvision.report.console import grid, latency_style
from robotvision.report.rescored import overruns_text
from robotvision.report.table import columns
from robotvision.report.tables import latency_table, processor_text, wait_text

MARKS = {True: ("ok  ", "green"), False: ("no  ", "red"), None: ("?   ", "yellow")}


def print_timing(console: Console, data: Mapping[str, Any]) -> None:
    """Print one timing."""
    failed = f", {data['failed']} failed" if data["failed"] else ""
    console.print(
        Text.assemble(
            (data["system"]["name"], "bold"),
            f"  {data['frames']} frames in {data['passes']} passes over "
            f"{data['sequence']['name']}, {data['warm_up']} before as warm-up{failed}",
        ),
        soft_wrap=True,
    )
    _print_stages(console, data)
    for words in data["unsupported"].values():
        console.print(f"* {words}", style="dim", highlight=False)
    for words in (
        _figures(data),
        processor_text(data["processor"]),
        overruns_text(data["overruns"]),
    ):
        if words:
            console.print(words, highlight=False, soft_wrap=True)
    if data["sustained"] is not None:
        console.print(sustained_text(data["sustained"]), highlight=False, soft_wrap=True)
    console.print()
    _print_checks(console, data)
    style = "bold green" if data["quotable"] else "bold red"
    console.print(Text(f"verdict: {data['verdict']}", style=style), soft_wrap=True)


def _print_checks(console: Console, data: Mapping[str, Any]) -> None:
    for check in data["checks"]:
        mark, style = MARKS[check["ok"]]
        line = Text.assemble((mark, style), f"{check['name']}: {check['message']}")
        console.print(line, soft_wrap=True)


def _print_stages(console: Console, data: Mapping[str, Any]) -> None:
    """Print latency by stage, with the null system's in the last two columns."""
    table = latency_table(data["latency_ns"], "ms")
    null = [data["null_ns"].get(row[0], {}) if row[0] != "rest" else {} for row in table.rows]
    waiting = wait_text(data["latency_ns"])
    beside = [["" if q not in n else f"{n[q] / 1e6:.4f}" for q in ("p50", "max")] for n in null]
    console.print(
        grid(
            replace(
                table,
                columns=[*table.columns, *columns("null p50", "null max", n_text=0)],
                rows=[[*row, *more] for row, more in zip(table.rows, beside, strict=True)],
            ),
            latency_style(table),
        )
    )
    if waiting:
        console.print(waiting, highlight=False)


def _figures(data: Mapping[str, Any]) -> str:
    parts = []
    if data["jitter_ns"] is not None:
        parts.append(f"jitter {data['jitter_ns'] / 1e6:.3f} ms from frame to frame")
    if data["throughput_hz"] is not None:
        parts.append(f"{data['throughput_hz']:.1f} frames a second through the whole loop")
    memory = data["memory"]
    parts.append(
        f"peak memory {memory['own_peak_bytes'] / 2**20:.0f} MB since {memory['own_peak_since']}"
    )
    if memory["child_peak_bytes"]:
        parts.append(f"largest child {memory['child_peak_bytes'] / 2**20:.0f} MB")
    return "; ".join(parts)


def sustained_text(rate: Mapping[str, Any]) -> str:
    """Return the highest sustainable rate in words."""
    rule = f"under {rate['policy']} ({rate['share']:.0%} of the frames by their deadline)"
    if rate["rate_hz"] is None:
        return f"sustainable rate {rule}: none, not even the slowest camera tried"
    wall = ""
    if rate["wall_share"] is not None:
        verdict = "confirmed" if rate["wall_share"] >= rate["share"] else "NOT confirmed"
        wall = (
            f"; {verdict} on the wall clock: {rate['wall_share']:.1%} of "
            f"{rate['wall_frames']} frames"
        )
    return f"highest sustainable rate {rule}: {rate['rate_hz']:.1f} frames a second{wall}"


def print_pair(console: Console, data: Mapping[str, Any]) -> None:
    """Print the comparison of two systems."""
    a, b, pair = data["a"], data["b"], data["paired"]
    console.print(grid(latency_table({a: pair["a_ns"], b: pair["b_ns"]}, "ms")))
    low, high = pair["interval"]
    console.print(
        Text.assemble(
            ("ratio ", ""),
            (f"{pair['ratio']:.3f}", "bold"),
            f" ({pair['level']:.0%} confidence {low:.3f} to {high:.3f}), {pair['frames']} frames: ",
            (data["verdict"], "bold"),
        ),
        soft_wrap=True,
    )
    console.print(pair["method"], style="dim", soft_wrap=True, highlight=False)
    _print_checks(console, data)
    if pair["failed"]:
        console.print(f"{pair['failed']} frames left out: a system failed on them", style="red")
