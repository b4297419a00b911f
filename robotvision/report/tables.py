"""The tables of runs: rooms, confusion, objects, latency, published results, each built once.

The terminal, the page, the notebook, and the files to paste (Markdown, LaTeX, CSV) all render
these. A *score* is what `robotvision.submissions.score.summarise` returns.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.records import Outcome
from robotvision.report.columns import RunColumns
from robotvision.report.summary import period_ms
from robotvision.report.table import (
    Cell,
    Column,
    Table,
    columns,
    csv_text,
    dotted,
    milliseconds,
    share,
)
from robotvision.scoring.tally import Tally
from robotvision.submissions.score import summarise
from robotvision.tasks.model import Fact, PublishedTable, Status, Task
from robotvision.timing.quantiles import QUANTILES, frames_needed
from robotvision.writing import write_text

Score = Mapping[str, Any]
ALWAYS = (Outcome.CORRECT, Outcome.WRONG, Outcome.UNANSWERED)
"""Outcomes that have a column even where they do not occur."""
NO_OBJECTS = "none asked for"
STATUS = {
    Status.VERIFIED: "verified in a source",
    Status.DERIVED: "derived from a source",
    Status.RECOLLECTED: "recollected, not confirmed",
    Status.OWN: "own rule",
}


def policy_text(policy: Any) -> str:
    """Return a policy with its deadline, where it has one."""
    if not isinstance(policy, Mapping):
        return str(policy)
    deadline = policy.get("deadline_ms")
    if deadline is None:
        return str(policy["name"])
    shown = deadline if isinstance(deadline, str) else f"{deadline:g} ms"
    return f"{policy['name']} (deadline {shown})"


def origin_text(fact: Fact) -> str:
    """Return the status of a rule, its source and its note."""
    return "; ".join(filter(None, (STATUS[fact.status], fact.source, fact.note)))


def rules(task: Task) -> list[tuple[str, str, str]]:
    """Return the rules of a task apart from its points: name, rule, key of its `Fact`."""
    sets = ", ".join(s.name + (f" ({s.title})" if s.title else "") for s in task.test_sets)
    overall = "sum of the test sets" if task.overall == "sum" else "each set apart"
    aliases = ", ".join(f"{a} = {label}" for a, label in task.aliases.pairs())
    return [
        ("rooms", ", ".join(task.room_names) or "those of the training sequences", "rooms"),
        ("unknown", task.unknown or "none: every room is one of these", "unknown"),
        ("objects", ", ".join(task.objects) or NO_OBJECTS, "objects"),
        *([("other spellings", aliases, "aliases")] if aliases else []),
        ("sensors", ", ".join(task.sensors) or "any", "sensors"),
        ("modes", ", ".join(task.modes), "modes"),
        ("test sets", sets or "any", "test_sets"),
        ("overall", overall, "overall"),
    ]


def score_of(name: str, tally: Tally) -> dict[str, Any]:
    """Return the score of one test set."""
    return summarise(tally.task, {name: tally})


def used_outcomes(counts: Mapping[str, int]) -> list[str]:
    """Return the outcomes that occur, and those always shown, in their order."""
    return [o for o in counts if o in ALWAYS or counts[o]]


def rooms_table(score: Score, title: str = "By room", *, is_full: bool = False) -> Table:
    """Return frames, points, precision, recall and outcomes of each room that occurs.

    ``is_full``: a column for every outcome, as files have it.
    """
    outcomes = list(score["outcomes"]) if is_full else used_outcomes(score["outcomes"])
    shares = [Column(name, share, digits=4) for name in ("precision", "recall")]
    keys = ("frames", "points", "precision", "recall", *outcomes)
    return Table(
        title,
        [*columns("room", "frames", "points"), *shares, *map(Column, outcomes)],
        [
            [room, *(line[key] for key in keys)]
            for room, line in score["rooms"].items()
            if line["frames"] or line["precision"] is not None
        ],
        "rooms",
    )


def confusion_table(score: Score, title: str = "Confusion") -> Table:
    """Return which room was answered for which; labels that never occur are left out."""
    labels, counts = score["labels"], score["confusion"]
    frames = [score["rooms"][label]["frames"] for label in labels]
    used = [i for i in range(len(labels)) if frames[i] or any(row[i] for row in counts)]
    names = (*(labels[i] for i in used), "none")
    return Table(
        title,
        [Column("true / answered", is_text=True), *(Column(name, dotted) for name in names)],
        [[labels[i], *(counts[i][j] for j in used), frames[i] - sum(counts[i])] for i in used],
        "confusion",
    )


def worst_confusions(score: Score, most: int = 3) -> list[tuple[str, str, int]]:
    """Return which rooms were taken for which most often: true room, answer, frames."""
    labels = score["labels"]
    pairs = [
        (labels[i], labels[j], n)
        for i, row in enumerate(score["confusion"])
        for j, n in enumerate(row)
        if i != j and n
    ]
    return sorted(pairs, key=lambda p: -p[2])[:most]


def objects_table(score: Score, title: str = "By object") -> Table:
    """Return statements about each object, where it was in view and where it was not."""
    names = (
        "object",
        "in view",
        "points",
        "stated, there",
        "stated, not there",
        "denied, there",
        "denied, not there",
        "missed",
    )
    keys = [(s, p) for s in ("stated_present", "stated_absent") for p in ("present", "absent")]
    rows: list[list[Cell]] = [
        [
            name,
            line["frames"],
            line["points"],
            *(line[statement][place] for statement, place in keys),
            line["not_stated"]["present"],
        ]
        for name, line in score["objects"].items()
    ]
    return Table(title, columns(*names), rows, "objects")


def latency_table(
    latency_ns: Mapping[str, Mapping[str, float | None]], first: str = "stage"
) -> Table:
    """Return the quantiles and the maximum of each stage in milliseconds.

    Waiting comes in bursts, which quantiles hide: it is in `latency_note`.
    """
    rows = {k: row for k, row in latency_ns.items() if "mean" not in row}
    names = [k for k in dict.fromkeys(k for row in rows.values() for k in row) if k != "max"]
    names += ["max"] if rows else []
    return Table(
        "Latency in ms",
        [Column(first, is_text=True), *(Column(name, milliseconds) for name in names)],
        [
            [stage, *(None if (ns := row.get(name)) is None else ns / 1e6 for name in names)]
            for stage, row in rows.items()
        ],
        "latency",
    )


def latency_note(latency_ns: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return what to know beside the table: waiting, and quantiles that are not supported."""
    return ". ".join(filter(None, (wait_text(latency_ns), unsupported_text(latency_ns))))


def processor_text(work: Mapping[str, Any] | None) -> str:
    """Return the system's processor time a frame beside what was timed; empty: not known."""
    if not work or not work["frames"]:
        return ""
    spent, timed = (work[k] / work["frames"] / 1e6 for k in ("system_ns", "interval_ns"))
    after = ""
    if (rests := work.get("after_answer")) and rests["frames"]:
        after = f"; {rests['work_ns'] / 1e6:.3f} ms after an answer"
    return f"processor time {spent:.3f} ms a frame, beside {timed:.3f} ms timed{after}"


def wait_text(latency_ns: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return how long frames were waited for, on average, and the share of the loop; or empty."""
    wait = latency_ns.get("wait", {})
    mean, share = wait.get("mean"), wait.get("share")
    if mean is None or share is None:
        return ""
    return f"waiting for frames: {mean / 1e6:.3f} ms on average, {share:.1%} of the loop"


def unsupported_text(latency_ns: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return which quantiles too few frames support, and how many they need; empty: none."""
    total = latency_ns.get("total", {})
    missing = [
        f"{name} ({frames_needed(q)})" for name, q in QUANTILES.items() if total.get(name) is None
    ]
    if not latency_ns or not missing:
        return ""
    return f"* so few frames cannot support it; frames needed: {', '.join(missing)}"


def latency_text(data: Mapping[str, Any]) -> str:
    """Return the latency of a run in a line, against the camera's period; empty: none known."""
    total = data["latency_ns"].get("total")
    if not total:
        return ""
    known = {name: ns / 1e6 for name in ("p50", "p99") if (ns := total.get(name)) is not None}
    shown = [f"{name} {ms:.3g} ms" for name, ms in known.items()]
    longest = "" if "p99" in known else f", longest {total['max'] / 1e6:.3g} ms"
    period = period_ms(data)
    against = "" if period is None else f"; a frame comes every {period:.4g} ms"
    return f"latency {', '.join(shown)}{longest}{against}"


def has_original_frames(task: Task, score: Score) -> bool:
    """Return whether each test set has as many frames as an original sequence of the edition.

    Published results compare with runs on those alone.
    """
    known = {count.frames for count in task.known_counts}
    return all(part["frames"] in known for part in score["sets"].values())


def sets_table(score: Score) -> Table:
    """Return frames, points and the maximum of each test set."""
    how = ", added up" if score["overall"] == "sum" else ": the edition keeps each apart"
    rows = [
        [name, part["frames"], part["points"], part["max_points"]]
        for name, part in score["sets"].items()
    ]
    return Table(f"Test sets{how}", columns("set", "frames", "points", "maximum"), rows, "sets")


def published_table(published: PublishedTable) -> Table:
    """Return the published results of a track, "?" where only the rank is known."""
    return Table(
        f"Published results: {published.track} (participants' best runs)",
        [*columns("group", "points"), *columns("status", "note", n_text=2)],
        [
            [row.group, "?" if row.points is None else row.points, STATUS[row.status], row.note]
            for row in published.rows
        ],
        "published",
    )


def overview_table(runs: Sequence[RunColumns]) -> Table:
    """Return the runs with their points and 95 % intervals by room visit."""
    rows: list[list[Cell]] = []
    for run in runs:
        data, interval = run.data, run.interval()
        points = [data["points"], data["max_points"]] if run.is_scored.any() else [None, None]
        rows.append(
            [
                *(run.name, data["task"], policy_text(data["policy"]), data["frames"], *points),
                data["points"] / data["max_points"] if data["max_points"] else None,
                *(interval.low, interval.high, interval.blocks),
            ]
        )
    shown = [
        *columns("run", "task", "policy", "frames", "points", "maximum"),
        Column("share", share, digits=4),
        *(Column(f"95 % {end}", digits=1) for end in ("low", "high")),
        Column("visits"),
    ]
    return Table("Points of the runs", shown, rows, "runs")


def run_tables(runs: Sequence[RunColumns]) -> list[Table]:
    """Return the tables of runs for files: the overview, then rooms and confusion by test set."""
    tables = [overview_table(runs)]
    for run in runs:
        for name, tally in run.tallies.items():
            if not tally.scored_frames:
                continue
            where = f"{run.name}, test set {name}" if len(run.tallies) > 1 else run.name
            score = score_of(name, tally)
            for table in (
                rooms_table(score, f"By room: {where}", is_full=True),
                confusion_table(score, f"Confusion: {where}"),
            ):
                tables.append(replace(table, run=run.name, test_set=name))
    return tables


def render(runs: Sequence[RunColumns], form: str) -> str:
    """Return the tables of the runs as ``md``, ``csv`` or ``latex``."""
    tables = run_tables(runs)
    if form == "csv":
        return csv_text(tables)
    return "\n".join(t.markdown() if form == "md" else t.latex() for t in tables)


def write(text: str, path: Path | None) -> None:
    """Write to a file, or to stdout where none is named. Raises RobotVisionError."""
    if path is None:
        sys.stdout.write(text)
        return
    write_text(path, text, errors="backslashreplace")
