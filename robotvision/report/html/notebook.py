"""A run's summary as a fragment of HTML that a notebook shows under its cell."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from robotvision.records import Outcome
from robotvision.report.table import number
from robotvision.report.tables import latency_note, latency_table, policy_text, rooms_table
from robotvision.tasks.model import Status, Task

MAX_NOTES = 8


def summary_html(data: Mapping[str, Any], task: Task | None = None) -> str:
    """Return the summary of a run: points, outcomes, rooms, latency, and what to know beside.

    The fragment stands alone: its style is inside it and reaches nothing else on the page; it has
    no script and asks nothing of the network. It follows a dark notebook. Every text is escaped.

    Parameters
    ----------
    data : Mapping
        As `robotvision.report.summary.from_record` returns it, or ``report.json`` read.
    task : Task, optional
        Of the run: says where its rules come from.
    """
    style = (files("robotvision.report.html") / "static" / "notebook.css").read_text("utf-8")
    parts = [
        _headline(data),
        _outcomes(data),
        *(Markup('<p class="note">{}</p>').format(text) for text in _notes(data, task)),
        Markup('<div class="tables">'),
    ]
    if any(line["frames"] for line in data["rooms"].values()):
        parts.append(rooms_table(data).html())
    if data["latency_ns"]:
        parts.append(
            latency_table(data["latency_ns"]).html(
                row_css=lambda name: name if name == "total" else ""
            )
        )
    parts.append(Markup("</div>"))
    if missing := latency_note(data["latency_ns"]):
        parts.append(Markup('<p class="muted">{}</p>').format(missing))
    # the style is this package's own file, every part escapes what it is given
    body = Markup("\n").join(parts)
    return f'<div class="robotvision-run"><style>{style}</style>\n{body}\n</div>'


def _headline(data: Mapping[str, Any]) -> Markup:
    about = f"task {data['task']} · {data['mode']} · policy {policy_text(data['policy'])}"
    if system := data.get("system", {}).get("name"):
        about += f" · system {system}"
    scored = data["frames"] - data["unscored"]
    if data["points"] is None or not data["max_points"]:
        points = Markup("<b>Not scored</b> <span>no frame has a known truth</span>")
    else:
        points = Markup("<b>{}</b> <span>of {} points, {}, {} a frame</span>").format(
            number(data["points"]),
            number(data["max_points"]),
            f"{data['points'] / data['max_points']:.1%}",
            f"{data['points'] / max(1, scored):.3f}",
        )
    return Markup('<p class="points">{}</p><p class="muted">{}</p>').format(points, about)


def _outcomes(data: Mapping[str, Any]) -> Markup:
    """Return the outcomes as a bar, and beneath it the same in words and numbers."""
    counts = {**data["outcomes"], "unscored": data["unscored"]}
    shown = {name: n for name, n in counts.items() if n}
    total = sum(shown.values())
    if not total:
        return Markup('<p class="note">The log holds no frame.</p>')
    pieces = (
        Markup('<i class="o-{}" style="width:{}%" title="{} {}"></i>').format(
            name, f"{100 * n / total:.3f}", n, name
        )
        for name, n in shown.items()
    )
    words = (
        Markup('<span><i class="dot o-{}"></i>{} <b>{}</b></span>').format(name, name, f"{n:,}")
        for name, n in shown.items()
    )
    text = f"{total:,} frames: " + ", ".join(f"{n} {name}" for name, n in shown.items())
    return Markup(
        '<div class="bar" role="img" aria-label="{}">{}</div><p class="legend">{}</p>'
    ).format(text, Markup("").join(pieces), Markup(" ").join(words))


def _notes(data: Mapping[str, Any], task: Task | None) -> list[str]:
    notes = []
    if not data.get("is_whole", True):
        notes.append(f"Partial run: {data['frames']:,} of {data['frames_expected']:,} frames.")
    if failed := data["outcomes"].get(Outcome.FAILED):
        notes.append(f"{failed:,} frames failed.")
    notes += [
        f"{f['frames']:,} from frame {f['first_frame']}: {f['fault']}" for f in data["faults"]
    ]
    notes += [f"Changed rule: {line}" for line in data.get("changed", [])]
    notes += [str(notice["message"]) for notice in data.get("warnings", [])]
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES:] = [f"{len(notes) - MAX_NOTES} more notes: see report.json."]
    if task is not None and task.fact("points.room").status is Status.RECOLLECTED:
        notes.append(f"The points of {task.id} are recollected, not confirmed in a source.")
    return notes
