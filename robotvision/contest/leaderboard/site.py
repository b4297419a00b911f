"""The site: ``index.html`` with the ranking, one page a run in ``runs/``, ``scores.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.contest.leaderboard.entry import entry_page, refused_page
from robotvision.contest.leaderboard.standings import Standings, with_intervals
from robotvision.contest.leaderboard.table import ranks_text, standings_html
from robotvision.report.html.shell import render, write_page
from robotvision.report.html.tables import STATUS, task_card
from robotvision.submissions.batch import RefusedRun, Scores
from robotvision.submissions.ranking import Ranking, as_dict


def write_site(
    out: Path,
    contest: Contest,
    scores: Scores,
    rankings: Sequence[Ranking],
    entries: Sequence[ContestEntry],
    standings: Sequence[Standings],
    folder: Path,
) -> list[Path]:
    """Write the site and return its files.

    Parameters
    ----------
    out : Path
        The folder, made where it is missing; files of the same name are replaced.
    scores, rankings, entries, standings
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
            entry_page(contest, e, standing=_standing_of(e, standings), home="../index.html"),
        )
        for e, slug in zip(entries, accepted, strict=True)
    ]
    refusals = [RefusedRun(r.name, without_folder(r.reasons, folder)) for r in scores.refused]
    written += [
        write_page(
            out / "runs" / f"{slug}.html",
            refused_page(r.name, r.reasons, contest.task, "../index.html"),
        )
        for r, slug in zip(refusals, refused, strict=True)
    ]
    links = {id(e): f"runs/{slug}.html" for e, slug in zip(entries, accepted, strict=True)}
    text = _index(
        contest,
        scores,
        entries,
        standings,
        links,
        [(r, f"runs/{s}.html") for r, s in zip(refusals, refused, strict=True)],
    )
    data = with_intervals(as_dict(scores, list(rankings)), standings)
    data["refused"] = [{"name": r.name, "faults": list(r.reasons)} for r in refusals]
    for notice in data["warnings"]:
        (notice["message"],) = without_folder([notice["message"]], folder)
    written.append(write_page(out / "index.html", text))
    written.append(write_page(out / "scores.json", json.dumps(data, indent=1) + "\n"))
    return written


def page_names(names: Sequence[str]) -> list[str]:
    """Return a distinct, harmless file name for each run: letters, digits, ``-`` and ``_``."""
    taken: set[str] = set()
    slugs = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60] or "run"
        slug, k = base, 1
        while slug.lower() in taken:
            k += 1
            slug = f"{base}-{k}"
        taken.add(slug.lower())
        slugs.append(slug)
    return slugs


def without_folder(lines: Sequence[str], folder: Path) -> tuple[str, ...]:
    """Return lines with the folder of the runs left out: a site does not tell where it lay."""
    return tuple(line.replace(f"{folder}/", "") for line in lines)


def _standing_of(entry: ContestEntry, standings: Sequence[Standings]) -> list[dict[str, Any]]:
    return [
        {
            "name": s.name,
            "rank": x.row.rank,
            "ranks": ranks_text(x.ranks),
            "group": x.group,
            "n": len(s.rows),
        }
        for s in standings
        for x in s.rows
        if x.row.run == entry.name
    ]


def _index(
    contest: Contest,
    scores: Scores,
    entries: Sequence[ContestEntry],
    standings: Sequence[Standings],
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
        rankings=[_ranking(contest, s, entries, links) for s in standings],
        refused=[{"name": r.name, "link": link, "reasons": r.reasons} for r, link in refused],
        published=published,
        status_words={str(k): v for k, v in STATUS.items()},
        tasks=[card | {"published": []}],
    )


def _ranking(
    contest: Contest, ranking: Standings, entries: Sequence[ContestEntry], links: dict[int, str]
) -> dict[str, Any]:
    remaining = list(entries)
    addresses: list[str | None] = []
    for x in ranking.rows:
        k = next((i for i, e in enumerate(remaining) if e.name == x.row.run), None)
        addresses.append(links[id(remaining.pop(k))] if k is not None else None)
    return {
        "name": ranking.name if len(contest.sets) > 1 else "",
        "table": standings_html(ranking, addresses),
        "note": ranking.note,
        "has_groups": any(x.group for x in ranking.rows),
    }
