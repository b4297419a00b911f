"""The site: ``index.html`` with the ranking, one page a run in ``runs/``, ``scores.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.contest.leaderboard.entry import entry_page, refused_page
from robotvision.contest.leaderboard.standings import Standing, Standings, with_intervals
from robotvision.report.html.shell import render, write_page
from robotvision.report.html.svg import Scale, number, round_ticks
from robotvision.report.html.tables import STATUS, task_card
from robotvision.report.table import number as points_text
from robotvision.submissions.batch import RefusedRun, Scores
from robotvision.submissions.ranking import Ranking, as_dict

WHISKER = 180
"""Width of the drawing of an interval in a row, in pixels."""


def write_site(
    out: Path,
    contest: Contest,
    scores: Scores,
    rankings: Sequence[Ranking],
    entries: Sequence[ContestEntry],
    found: Sequence[Standings],
    folder: Path,
) -> list[Path]:
    """Write the site and return its files.

    Parameters
    ----------
    out : Path
        The folder, made where it is missing; files of the same name are replaced.
    scores, rankings, entries, found
        Of the same folder of runs.
    folder : Path
        The folder of the runs; left out of the lines about their faults.

    Raises
    ------
    RobotVisionError
        The folder cannot be written.
    """
    slugs = page_names([e.name for e in entries] + [r.name for r in scores.refused])
    accepted, refused = slugs[: len(entries)], slugs[len(entries) :]
    written = [
        write_page(
            out / "runs" / f"{slug}.html",
            entry_page(contest, e, standing=_standing_of(e, found), home="../index.html"),
        )
        for e, slug in zip(entries, accepted, strict=True)
    ]
    gone = [RefusedRun(r.name, without_folder(r.reasons, folder)) for r in scores.refused]
    written += [
        write_page(
            out / "runs" / f"{slug}.html",
            refused_page(r.name, r.reasons, contest.task, "../index.html"),
        )
        for r, slug in zip(gone, refused, strict=True)
    ]
    links = {id(e): f"runs/{slug}.html" for e, slug in zip(entries, accepted, strict=True)}
    text = _index(
        contest,
        scores,
        entries,
        found,
        links,
        [(r, f"runs/{s}.html") for r, s in zip(gone, refused, strict=True)],
    )
    data = with_intervals(as_dict(scores, list(rankings)), found)
    data["refused"] = [{"name": r.name, "faults": list(r.reasons)} for r in gone]
    for notice in data["warnings"]:
        (notice["message"],) = without_folder([notice["message"]], folder)
    written.append(write_page(out / "index.html", text))
    written.append(write_page(out / "scores.json", json.dumps(data, indent=1) + "\n"))
    return written


def page_names(names: Sequence[str]) -> list[str]:
    """Return a distinct, harmless file name for each run: letters, digits, ``-`` and ``_``."""
    taken: set[str] = set()
    found = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "run"
        slug, k = base, 1
        while slug.lower() in taken:
            k += 1
            slug = f"{base}-{k}"
        taken.add(slug.lower())
        found.append(slug)
    return found


def without_folder(lines: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return lines with the folder of the runs left out: a site does not tell where it was made."""
    return tuple(line.replace(f"{folder}/", "") for line in lines)


def _standing_of(entry: ContestEntry, found: Sequence[Standings]) -> list[dict[str, Any]]:
    return [
        {
            "name": s.name,
            "rank": x.row.rank,
            "ranks": x.ranks_text,
            "n": len(s.rows),
        }
        for s in found
        for x in s.rows
        if x.row.run == entry.name
    ]


def _index(
    contest: Contest,
    scores: Scores,
    entries: Sequence[ContestEntry],
    found: Sequence[Standings],
    links: dict[int, str],
    refused: Sequence[tuple[RefusedRun, str]],
) -> str:
    task = contest.task
    card = task_card(task)
    published = card["published"]
    return render(
        "leaderboard.html.j2",
        title=task.title or task.id,
        task=task,
        n_runs=len(scores.scored) + len(scores.refused),
        frames=len(contest.frames),
        mode=scores.scored[0].score["mode"] if scores.scored else None,
        rankings=[_table(contest, s, entries, links) for s in found],
        refused=[{"name": r.name, "link": link, "reasons": r.reasons} for r, link in refused],
        warnings=[n.message for n in scores.warnings if "runs" in n.details],
        published=published,
        status_words={str(k): v for k, v in STATUS.items()},
        tasks=[card | {"published": []}],
    )


def _table(
    contest: Contest, found: Standings, entries: Sequence[ContestEntry], links: dict[int, str]
) -> dict[str, Any]:
    left = list(entries)
    ends = [
        v for x in found.rows for v in (x.points.low, x.points.high, x.row.points) if v is not None
    ]
    low, high = min([0.0, *ends]), max([found.max_points, *ends])
    scale = Scale(low, high or 1.0, 8, WHISKER - 8)
    rows = []
    for x in found.rows:
        k = next((i for i, e in enumerate(left) if e.name == x.row.run), None)
        link = links[id(left.pop(k))] if k is not None else None
        rows.append(_row(x, link, scale))
    sets = list(found.rows[0].row.sets) if found.rows else []
    return {
        "name": found.name if len(contest.sets) > 1 else "",
        "rows": rows,
        "sets": sets,
        "visits": found.n_visits,
        "note": found.note,
        "max_points": found.max_points,
        "axis": _axis(scale),
        "frames": found.rows[0].row.frames if found.rows else 0,
    }


def _row(x: Standing, link: str | None, scale: Scale) -> dict[str, Any]:
    row = x.row
    answered = row.outcomes["correct"] + row.outcomes["wrong"]
    return {
        "rank": row.rank,
        "run": row.run,
        "link": link,
        "points": points_text(row.points),
        "sets": [points_text(v) for v in row.sets.values()],
        "interval": x.points.text(),
        "whisker": _whisker(x, scale),
        "ranks": x.ranks_text,
        "not_separable": x.not_separable_text(),
        "visits_needed": x.visits_text,
        "first": x.first_text,
        "correct": row.outcomes["correct"] / row.frames if row.frames else None,
        "wrong": row.outcomes["wrong"] / row.frames if row.frames else None,
        "silent": (row.frames - answered) / row.frames if row.frames else None,
    }


def _whisker(x: Standing, scale: Scale) -> Markup:
    """Return the interval of a row as a line with a dot at the points."""
    at = scale(x.row.points)
    zero = f'<line class="zero" x1="{scale(0)}" x2="{scale(0)}" y1="0" y2="22"/>'
    line = ""
    if x.points.low is not None and x.points.high is not None:
        a, b = scale(x.points.low), scale(x.points.high)
        line = f'<path class="span" d="M{a} 11H{b}M{a} 7v8M{b} 7v8"/>'
    words = escape(f"{points_text(x.row.points)} points, 95 % interval {x.points.text()}")
    return Markup(  # numbers and escaped words # nosec B704
        f'<svg class="ci" viewBox="0 0 {WHISKER} 22" role="img" aria-label="{words}">'
        f'<title>{words}</title>{zero}{line}<circle class="dot" cx="{at}" cy="11" r="4.5"/></svg>'
    )


def _axis(scale: Scale) -> Markup:
    ticks = "".join(
        f'<text x="{scale(v)}" y="12" text-anchor="middle">{number(v)}</text>'
        for v in round_ticks(scale.low, scale.high, 3)
    )
    return Markup(
        f'<svg class="ci" viewBox="0 0 {WHISKER} 16" aria-hidden="true">{ticks}</svg>'
    )  # numbers and escaped words # nosec B704
