"""The sections of one run as plain data for the templates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from robotvision.report.calibration import calibration_table, unknown_text
from robotvision.report.columns import RunColumns
from robotvision.report.html import charts
from robotvision.report.html.svg import number
from robotvision.report.html.tables import set_tables
from robotvision.report.requirements import GateVerdict
from robotvision.report.summary import period_ms
from robotvision.report.table import Cell, Column, Table, columns, share
from robotvision.report.tables import (
    latency_note,
    latency_table,
    objects_table,
    policy_text,
    processor_text,
    sets_table,
    worst_confusions,
)
from robotvision.scoring.confidence import reliability_from
from robotvision.scoring.intervals import Interval
from robotvision.yamlfile import dump_yaml

WORDS = ("note",)
"""Keys of a configuration whose values are text for people, never a path."""


def run_section(run: RunColumns, place: int) -> dict[str, Any]:
    """Return everything the templates show of one run; ``place`` is its number on the page."""
    data, about = run.data, run.record.about
    n_scored = int(run.is_scored.sum())
    by_visit = run.interval() if n_scored else None
    n_sequences = len(set(run.sequence[run.is_scored].tolist()))
    return {
        "place": place,
        "name": run.name,
        "data": data,
        "system": data["system"],
        "policy": policy_text(data["policy"]),
        "note": str(about.get("config", {}).get("note") or ""),
        "n_scored": n_scored,
        "share": data["points"] / data["max_points"] if data["max_points"] else None,
        "accuracy": data["outcomes"]["correct"] / n_scored if n_scored else None,
        "confused": _confused(data),
        "latency_headline": _latency_headline(data),
        "outcome_bar": charts.outcome_bar(data["outcomes"], data["unscored"])
        if data["frames"]
        else None,
        "interval": _interval(by_visit, "room visits"),
        "interval_sequence": _interval(run.interval("sequence"), "sequences")
        if n_sequences > 1
        else None,
        "banners": banners(run),
        "sets": set_tables(run.tallies),
        "sets_table": sets_table(data),
        "overall": run.task.overall,
        "objects": objects_table(data),
        "calibration": [_calibration(*item) for item in data.get("calibration", {}).items()],
        "unknown": [
            text
            for training in about.get("training", {}).values()
            if (text := unknown_text(training.get("unknown", {})))
        ],
        "transitions": _transitions(run) if n_scored else None,
        "latency": latency_table(data["latency_ns"]) if data["latency_ns"] else None,
        "latency_css": charts.stage_css,
        "latency_figure": charts.latency_stages(data["latency_ns"]),
        "latency_histogram": charts.latency_histogram(run),
        "latency_note": ". ".join(
            filter(
                None,
                (latency_note(data["latency_ns"]), processor_text(data.get("processor"))),
            )
        ),
        "config": dump_yaml(with_short_paths(about.get("config", {}))),
        "paths_from": "the folder that holds all sequences",
        "environment": _flat(about.get("environment", {})),
        "training": about.get("training", {}),
        "sequences": [_sequence(s.about, len(s.frames)) for s in run.record.sequences],
        "facts": _facts(run),
    }


def _calibration(name: str, compared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what training held out beside a test set, as words, numbers and curves."""
    sides = [compared["held_out"], compared["test"]]
    return {
        "set": name,
        "words": compared["words"],
        "assumed": compared["assumed"],
        "table": calibration_table(compared),
        "figure": charts.reliability_curve(
            [(i, reliability_from(side)) for i, side in enumerate(sides)],
            ["held out", "this test"],
            "Calibration",
        ),
    }


def _confused(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the worst confusions with the address that shows their frames."""
    return [
        {
            "truth": truth,
            "answer": answer,
            "frames": n,
            "address": f"truth={quote(truth, safe='')}&answer={quote(answer, safe='')}",
        }
        for truth, answer, n in worst_confusions(data)
    ]


def _latency_headline(data: Mapping[str, Any]) -> dict[str, str] | None:
    """Return p50 and p99 of the total, for want of p99 the longest, and the camera's period."""
    total, period = data["latency_ns"].get("total"), period_ms(data)
    if not total:
        return None
    known = {name: total[name] for name in ("p50", "p99") if total.get(name) is not None}
    if "p99" not in known:
        known["longest"] = total["max"]
    return {
        "name": f"latency, {' / '.join(known)}",
        "text": f"{' / '.join(number(ns / 1e6) for ns in known.values())} ms",
        "against": "" if period is None else f"a frame every {number(period)} ms",
    }


def with_short_paths(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose absolute paths begin at the folder that holds them all."""
    paths = list(_absolute_paths(config))
    root = os.path.commonpath([os.path.dirname(p) for p in paths]) if paths else ""

    def short(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: v if k in WORDS else short(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [short(v) for v in value]
        return os.path.relpath(value, root) if _is_absolute(value) else value

    return dict(short(config))


def _absolute_paths(value: Any) -> Iterator[str]:
    """Yield every absolute path in nested values."""
    if isinstance(value, Mapping):
        value = [v for k, v in value.items() if k not in WORDS]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _absolute_paths(item)
    elif _is_absolute(value):
        yield str(value)


def _is_absolute(value: Any) -> bool:
    return isinstance(value, str) and "\n" not in value and os.path.isabs(value)


def banners(run: RunColumns) -> list[tuple[str, str]]:
    """Return what a reader must know first: (grave or mild, text)."""
    data, lines = run.data, []
    if not data["is_whole"]:
        lines.append(
            (
                "grave",
                f"Partial run: {data['frames']:,} of {data['frames_expected']:,} "
                "frames of the sequences begun are in the log, and the run did not come to "
                f"its end. Go on with: robotvision run --resume {run.folder}",
            )
        )
    if not data["frames"]:
        lines.append(("grave", "The log holds no frame: there is nothing to show."))
    elif not int(run.is_scored.sum()):
        lines.append(("mild", "The truth is withheld: the answers are shown, not scored."))
    elif data["unscored"]:
        lines.append(
            ("mild", f"{data['unscored']:,} answered frames have no truth and are not scored.")
        )
    failed = data["outcomes"]["failed"]
    if failed:
        lines.append(("grave", f"{failed:,} frames failed."))
    for fault in data["faults"][:5]:
        lines.append(
            (
                "grave",
                f"{fault['frames']:,} frames from frame {fault['first_frame']}: {fault['fault']}",
            )
        )
    if len(data["faults"]) > 5:
        lines.append(("mild", f"{len(data['faults']) - 5} more kinds of failure: see report.json"))
    lines += [
        (
            "grave" if r["verdict"] == GateVerdict.FAIL else "mild",
            f"Required: {r['requirement']}. Verdict: {r['verdict']}; {r['reason']}",
        )
        for r in data.get("requirements", ())
        if r["verdict"] != GateVerdict.PASS
    ]
    lines += [("mild", f"Changed rule: {change}") for change in run.task.changed]
    lines += [("mild", notice["message"]) for notice in data["warnings"]]
    return lines


def _interval(interval: Interval | None, what: str) -> dict[str, Any] | None:
    if interval is None:
        return None
    if interval.low is None or interval.high is None:
        return {"text": None, "why": interval.caution}
    return {
        "text": interval.text(),
        "low": interval.low,
        "high": interval.high,
        "blocks": interval.blocks,
        "what": what,
        "warning": interval.caution,
    }


def _transitions(run: RunColumns) -> dict[str, Any]:
    changes = run.transitions()
    ages = sorted(a for a in run.age_ns if a is not None)
    is_held = run.data["policy"]["late"] == "hold"
    per_minute = changes.flicker_per_minute
    recognition: list[list[Cell]] = [
        [
            *(name, r.entered, r.at_once, r.never),
            "-"
            if r.median_frames is None
            else f"{number(r.median_frames)} / {number(r.p90_frames or 0)}",
            "-"
            if r.median_s is None
            else f"{number(round(r.median_s, 3))} / {number(round(r.p90_s or 0, 3))}",
        ]
        for name, r in (
            ("entered through a door", changes.doors),
            ("after a start or a jump", changes.jumps),
        )
    ]
    parts: list[list[Cell]] = [
        [
            *(name, p.frames, p.wrong),
            "-" if p.error_rate is None else f"{p.error_rate:.1%}",
            p.points,
            p.points / p.frames if p.frames else None,
        ]
        for name, p in (
            (f"within {changes.near} frames of a boundary", changes.boundary),
            ("all others: the score without boundary frames", changes.inside),
        )
    ]
    return {
        "recognition": Table(
            "Time to recognise a room from its first frame on: median / 90th percentile",
            columns("room visits", "visits", "at once", "never", "frames", "seconds"),
            recognition,
        ),
        "parts": Table(
            "At the boundaries between rooms",
            [
                *columns("frames", "frames", "wrong", "error rate", "points"),
                Column("a frame", share),
            ],
            parts,
        ),
        "flickers": changes.flickers,
        "per_minute": "-" if per_minute is None else number(round(per_minute, 2)),
        "age": f"{number(ages[len(ages) // 2] / 1e6)} ms" if is_held and ages else None,
    }


def _flat(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return nested facts as lines of name and value."""
    lines = []
    for key, value in data.items():
        if isinstance(value, Mapping):
            text = ", ".join(f"{k} {v}" for k, v in value.items())
        else:
            text = "not known" if value is None else str(value)
        lines.append((key.replace("_", " "), text))
    return lines


def _sequence(about: Mapping[str, Any], n_frames: int) -> dict[str, Any]:
    return {
        "set": about.get("set", "test"),
        "name": about["name"],
        "frames": n_frames,
        "expected": about["frames"],
        "rate": about.get("rate_hz"),
        "channels": ", ".join(about.get("channels", {})),
        "digest": about.get("digest") or "-",
        "path": about.get("path", "-"),
    }


def _facts(run: RunColumns) -> list[tuple[str, str]]:
    about = run.record.about
    return [
        ("system", f"{about['system'].get('name')}"),
        ("isolation", str(about["system"].get("isolation", "-"))),
        ("mode", str(about["mode"])),
        ("policy", policy_text(about["policy"])),
        ("clock", str(about["clock"])),
        ("seed", str(about.get("seed", "-"))),
        ("config digest (sha256)", str(about.get("config_digest", "-"))),
        ("robotvision", str(about.get("robotvision", "-"))),
        *((f"{p['kind']} {p['name']}", p["origin"]) for p in about.get("plugins", ())),
    ]
