"""A rescored run as data and as text.

Keys as in ``report.json``, and ``judged`` (``virtual`` time or ``recorded`` times), ``taken`` (the
frames the system took), ``rate_hz``, ``machine_speed``, ``latency_model`` and, under ``hold``,
``age_ns``: how old the answers were that counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.text import Text

from robotvision.records import FrameRecord, TimedAnswer
from robotvision.report.console import grid
from robotvision.report.summary import TOTAL, faults
from robotvision.report.table import Table, columns
from robotvision.runs.rescore import Conditions, Recorded, Rescored
from robotvision.scoring.judging import score
from robotvision.scoring.table import NEVER, SKIPPED, FrameTable
from robotvision.submissions.score import summarise
from robotvision.timing.quantiles import quantile, summary

AGES = {"p50": 0.5, "p90": 0.9}
DECODE = "decode"


def rescored_report(
    recorded: Recorded, rescored: Rescored, conditions: Conditions, model: str = "measured"
) -> dict[str, Any]:
    """Return one rescoring as plain data, ready for JSON.

    Parameters
    ----------
    recorded : Recorded
    rescored : Rescored
        From it, under ``conditions``.
    model : str
        What to call the latency model.
    """
    record = recorded.record
    frames = list(record.frames())
    mode = str(record.about["mode"])
    policy = cast(str, rescored.policy.describe())
    scored = score(rescored.table, recorded.task)
    return {
        **summarise(recorded.task, rescored.tallies, mode, policy, table=scored),
        "latency_ns": virtual_latency(recorded, rescored, conditions),
        "run_dir": str(record.path.parent),
        "clock": record.about["clock"],
        "judged": "virtual" if rescored.is_virtual else "recorded",
        "rate_hz": conditions.rate_hz,
        "machine_speed": conditions.machine_speed,
        "latency_model": model,
        "taken": rescored.taken,
        "overruns": rescored.overruns,
        "age_ns": ages(rescored.ages_ns) if rescored.policy.late == "hold" else None,
        "is_whole": record.finished,
        "frames_expected": sum(int(s.about["frames"]) for s in record.sequences),
        "system": record.about["system"],
        "faults": faults(frames),
        "warnings": record.notices(),
        "environment": record.about.get("environment", {}),
    }


def ages(values: Sequence[int]) -> dict[str, int | None]:
    """Return p50, p90 and max of the ages, in nanoseconds; None where no answer ever counted.

    They describe the frames of this run and claim nothing about others, so no number is too small.
    """
    ordered = sorted(values)
    if not ordered:
        return {**dict.fromkeys(AGES), "max": None}
    return {**{k: quantile(ordered, q) for k, q in AGES.items()}, "max": ordered[-1]}


def virtual_frames(
    recorded: Recorded, rescored: Rescored, conditions: Conditions
) -> list[tuple[str, list[FrameRecord]]]:
    """Return by sequence its name and its frames, with the times they have under the rescoring.

    Stages shrink with the machine's speed; under a latency model there are none.
    """
    sequences = recorded.record.sequences
    names = [str(s.about.get("name", s.set)) for s in sequences]
    if not rescored.is_virtual:
        return [(n, s.frames) for n, s in zip(names, sequences, strict=True)]
    frames = _timed(list(recorded.record.frames()), rescored.table, conditions)
    return [(n, frames[rows]) for n, rows in zip(names, rescored.table.parts(), strict=True)]


def _timed(
    known: Sequence[FrameRecord], table: FrameTable, conditions: Conditions
) -> list[FrameRecord]:
    frames = []
    rows = zip(
        known,
        table.due_ns.tolist(),
        table.started_ns.tolist(),
        table.finished_ns.tolist(),
        (table.own != SKIPPED).tolist(),
        strict=True,
    )
    for frame, due, started, finished, was_taken in rows:
        own = frame.timed
        timed = TimedAnswer(
            own.index,
            own.answer if was_taken else None,
            due,
            None if started == NEVER else started,
            None if finished == NEVER else finished,
            _stages(own.stages_ns, conditions) if started != NEVER else {},
            own.fault if was_taken else None,
        )
        decode_ns = frame.decode_ns if was_taken else None
        frames.append(
            FrameRecord.of(frame.timestamp_ns, frame.segment, timed, frame.truth, decode_ns)
        )
    return frames


def virtual_latency(
    recorded: Recorded, rescored: Rescored, conditions: Conditions
) -> dict[str, dict[str, int | None]]:
    """Return p50, p90, p99 and max by stage of the frames taken, as `summary.latency` does.

    Under a latency model only the total is known.
    """
    started, finished = rescored.table.started_ns, rescored.table.finished_ns
    was_seen = started != NEVER
    if not was_seen.any():
        return {}
    total = {TOTAL: summary((finished - started)[was_seen])}
    if conditions.latency is not None:
        return total
    table = {}
    for name, column in recorded.stages().items():
        values = column[was_seen & (column != NEVER)]
        if name != DECODE and rescored.is_virtual and conditions.machine_speed != 1.0:
            values = (values / conditions.machine_speed).astype(np.int64)
        table[name] = summary(values)
    decode = {DECODE: table.pop(DECODE)} if DECODE in table else {}
    return {**table, **total, **decode}


def _stages(stages_ns: Mapping[str, int], conditions: Conditions) -> Mapping[str, int]:
    if conditions.latency is not None:
        return {}
    if conditions.machine_speed == 1.0:
        return stages_ns
    return {k: int(v / conditions.machine_speed) for k, v in stages_ns.items()}


def print_rescored(console: Console, reports: Sequence[Mapping[str, Any]]) -> None:
    """Print rescorings of one run, a row each, and what must be known beside them."""
    first = reports[0]
    speed = first["machine_speed"]
    most = "no" if first["max_points"] is None else f"{first['max_points']:g}"
    rate = f", {first['rate_hz']:g} frames a second" if first["rate_hz"] else ""
    model = "" if first["latency_model"] == "measured" else f", latency {first['latency_model']}"
    machine = "" if speed == 1 else f", a machine {speed:.4g} times as fast"
    console.print(
        Text.assemble(
            (f"{first['run_dir']}", "bold"),
            f"  {first['frames']} frames, at most "
            f"{most} points, task {first['task']}, {first['mode']}{rate}{machine}"
            f"{model}",
        ),
        soft_wrap=not console.is_terminal,  # a terminal would break it within a word
    )
    console.print(grid(policies_table(reports)))
    if any(r["age_ns"] for r in reports):
        shown = "; ".join(_age(r) for r in reports if r["age_ns"])
        console.print(
            f"age of the answers in ms (p50, p90, max): {shown}", highlight=False, soft_wrap=True
        )
        console.print(
            "from the due time of the frame whose answer counts to the deadline of the "
            "frame it counts for",
            style="dim",
            soft_wrap=True,
        )
    if len(reports) == 1 and (times := _latency_text(first["latency_ns"].get(TOTAL, {}))):
        console.print(times, highlight=False, soft_wrap=True)
    if len(reports) == 1 and (overrun := overruns_text(first["overruns"])):
        console.print(overrun, highlight=False, soft_wrap=True)
    for text in filter(None, map(_over_speeds, reports)):
        console.print(text, highlight=False, soft_wrap=True)
    for fault in first["faults"][:8]:
        line = f"failed: {fault['frames']} frames from {fault['first_frame']}: {fault['fault']}"
        console.print(line, style="red", highlight=False, soft_wrap=True)
    if not first["is_whole"]:
        console.print(
            f"partial run: {first['frames']} of {first['frames_expected']} frames",
            style="yellow",
            highlight=False,
        )


def policies_table(reports: Sequence[Mapping[str, Any]]) -> Table:
    """Return points, frames taken and outcomes of rescorings, a row a policy."""
    outcomes = first_outcomes(reports)
    return Table(
        "Rescored",
        columns("policy", "deadline", "points", "taken", "overruns", *outcomes, n_text=2),
        [
            [
                r["policy"]["name"] + ("" if r["judged"] == "virtual" else " (recorded times)"),
                deadline_text(r["policy"]),
                "withheld" if r["points"] is None else r["points"],
                r["taken"],
                r["overruns"]["frames"],
                *(r["outcomes"][o] for o in outcomes),
            ]
            for r in reports
        ],
        "rescored",
    )


def deadline_text(policy: Mapping[str, Any]) -> str:
    """Return a policy's deadline in words."""
    deadline = policy.get("deadline_ms")
    if deadline is None:
        return "-"
    return "next frame" if isinstance(deadline, str) else f"{deadline:g} ms"


def first_outcomes(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the outcomes that occur in any of the reports, in their order."""
    return [o for o in reports[0]["outcomes"] if any(r["outcomes"][o] for r in reports)]


def overruns_text(overruns: Mapping[str, Any] | None) -> str:
    """Return in words how many frames took longer than the camera's period; empty: not known."""
    if overruns is None or not overruns["of"]:
        return ""
    longest = f", by {overruns['longest_ns'] / 1e6:.1f} ms at most" if overruns["frames"] else ""
    return (
        f"overruns: {overruns['frames']} of {overruns['of']} frames ({overruns['share']:.2%}) took "
        f"longer than the camera's period of {overruns['period_ns'] / 1e6:.1f} ms{longest}"
    )


def _latency_text(quantiles: Mapping[str, int | None]) -> str:
    """Return the quantiles that the frames taken support, in words; empty: there are none."""
    known = {name: ns for name, ns in quantiles.items() if ns is not None}
    words = ", ".join(f"{name} {ns / 1e6:.3f}" for name, ns in known.items())
    return f"latency in ms: {words}" if known else ""


def _over_speeds(report: Mapping[str, Any]) -> str:
    """Return the points between two machine speeds in words; empty: one speed was asked for."""
    over_speeds = report.get("over_speeds")
    if over_speeds is None or report["points"] is None:
        return ""
    (slow, fast), (least, most) = over_speeds["speeds"], over_speeds["points"]
    return (
        f"{report['policy']['name']}: {least:g} to {most:g} points on machines {slow:g} to "
        f"{fast:g} times as fast ({over_speeds['tried']} speeds tried)"
    )


def _age(report: Mapping[str, Any]) -> str:
    ages_ns = (report["age_ns"][k] for k in (*AGES, "max"))
    values = ("-" if ns is None else f"{ns / 1e6:.0f}" for ns in ages_ns)
    return f"{report['policy']['name']} {', '.join(values)}"
