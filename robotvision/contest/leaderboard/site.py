"""The site of a contest: ``index.html`` with the ranking, pages in ``runs/``, ``scores.json``.

Two of them: one that may be published, with totals alone unless more is revealed, and one for the
organiser, with everything. A site is replaced as a whole, so that no page of a run that was
withdrawn stays in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.contest.leaderboard.contest import Contest, ContestEntry
from robotvision.contest.leaderboard.disclosure import ORGANISER, Disclosure
from robotvision.contest.leaderboard.effort import effort
from robotvision.contest.leaderboard.entry import EntryContext, entry_page, refused_page
from robotvision.contest.leaderboard.names import page_names, without_folder, without_paths
from robotvision.contest.leaderboard.panel_page import ApartGroup, board_view, by_team
from robotvision.contest.leaderboard.panels import BoardPanel, BoardRow, Role
from robotvision.contest.leaderboard.parallel import write_pages
from robotvision.contest.leaderboard.ranked import RankedRuns
from robotvision.contest.leaderboard.standings import Standing
from robotvision.errors import RobotVisionError
from robotvision.report.html.shell import render
from robotvision.report.html.tables import STATUS, task_card
from robotvision.report.ranking import scores_text
from robotvision.submissions.standings import with_intervals
from robotvision.writing import new_folder, require_replaceable

if TYPE_CHECKING:
    from robotvision.report.html.images import ImageSet

HOME = "../index.html"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
IMAGES = "images"
BOARD_SCRIPTS = ("sort", "tabs", "board")
BOARD_STYLES = ("page", "parts", "board")


def today() -> date:
    """Return the day in UTC."""
    return datetime.now(UTC).date()


def day_text(day: date) -> str:
    """Return ``29 November 2026``."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands at the top of a site: its title, and the day it was written."""

    title: str
    day: date = field(default_factory=today)


def write_site(
    out: Path,
    ranked: RankedRuns,
    shown: Disclosure | None = None,
    *,
    has_pages: bool = True,
    heading: Heading | None = None,
    images: ImageWriter | None = None,
) -> list[Path]:
    """Write a site and return its files.

    Parameters
    ----------
    out : Path
        The folder. What `write_site` wrote there before is replaced as a whole; any other folder
        that holds files is refused.
    ranked : RankedRuns
    shown : Disclosure, optional
        What the site shows; totals alone by default.
    has_pages : bool
        Whether each run has a page; refused ones have one in any case.
    heading : Heading, optional
        The task's title and this day by default.
    images : callable, optional
        Writes what the cameras saw into a folder, for the runs' pages; used where ``shown`` holds
        frames.

    Raises
    ------
    RobotVisionError
        The folder is somebody else's or cannot be written.
    """
    shown = shown or Disclosure()
    require_replaceable(out, "site", _is_earlier_site)
    pages = _Pages.of(ranked, has_pages)
    index = _index(ranked, shown, pages, heading or Heading(ranked.contest.task.title))
    data = site_data(ranked, shown)
    with new_folder(out, "site", _is_earlier_site) as part:
        (part / "index.html").write_text(index, "utf-8", "backslashreplace")
        (part / "scores.json").write_text(scores_text(data), encoding="utf-8")
        (part / "runs").mkdir()
        for run, name in zip(pages.refusals, pages.refused, strict=True):
            text = refused_page(run.name, run.kinds, run.n_faults, ranked.contest.task, HOME)
            (part / "runs" / name).write_text(text, "utf-8", "backslashreplace")
        if has_pages:
            has_images = images is not None and shown.has_frames
            album = images(part / IMAGES, f"../{IMAGES}") if images and has_images else None
            jobs = entry_jobs(ranked, pages.accepted, shown, HOME, album)
            write_pages(entry_texts, jobs, part / "runs")
    return sorted(p for p in out.rglob("*") if p.is_file())


def write_organiser_site(
    out: Path,
    ranked: RankedRuns,
    heading: Heading | None = None,
    images: ImageWriter | None = None,
) -> list[Path]:
    """Write the site that shows everything, the truth too; as `write_site`."""
    return write_site(out, ranked, ORGANISER, heading=heading, images=images)


def site_data(ranked: RankedRuns, shown: Disclosure) -> dict[str, Any]:
    """Return ``scores.json`` of a site: of ``robotvision rank --json`` what may be shown."""
    task = ranked.contest.task
    is_blind = shown.is_blind(task)
    data = with_intervals(dict(ranked.data), ranked.standings_as(is_blind=is_blind))
    data["reveal"] = shown.reveal.name.lower()
    data["tabs"] = tabs_data(ranked.panels(is_blind=is_blind))
    data["runs"] = [
        {
            "name": row.name,
            **row.as_dict(),
            **shown.score(task, _without_folder(row.entry.score, ranked.folder)),
        }
        for row in ranked.rows
    ]
    data["refused"] = [
        {"name": r.name, "faults": list(without_folder(r.reasons, ranked.folder))}
        for r in ranked.scores.refused
    ]
    notices = [notice.as_dict() for notice in shown.notices(ranked.scores.warnings)]
    data["warnings"] = _without_folder({"warnings": notices}, ranked.folder)["warnings"]
    return data


def tabs_data(panels: Sequence[BoardPanel]) -> list[dict[str, Any]]:
    """Return the tabs of a board as plain data: who stands where on which test sets."""
    return [
        {
            "name": panel.name,
            "test_sets": list(panel.sets),
            "rows": [
                {
                    "run": line.row.name,
                    "rank": line.standing.row.rank if line.standing else None,
                    "ranks": list(line.standing.ranks) if line.standing else None,
                    "points": line.points.estimate,
                    **line.points.as_dict(),
                }
                for line in panel.lines
            ],
        }
        for panel in panels
    ]


def _without_folder(score: dict[str, Any], folder: Path) -> dict[str, Any]:
    warnings = [
        {**notice, "message": without_folder([notice["message"]], folder)[0]}
        for notice in score["warnings"]
    ]
    return {**score, "warnings": warnings}


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What pages say of a refused run: one line a kind of fault, and how many faults there are."""

    name: str
    kinds: tuple[str, ...]
    n_faults: int


@dataclass(frozen=True)
class _Pages:
    """The pages of runs: their names within ``runs/``, and of the refused ones what they say."""

    accepted: list[str]
    refused: list[str]
    refusals: list[_Refusal]
    is_written: bool

    @classmethod
    def of(cls, ranked: RankedRuns, is_written: bool) -> _Pages:
        refused = [
            _Refusal(r.name, without_folder(r.kinds, ranked.folder), len(r.faults))
            for r in ranked.scores.refused
        ]
        runs = [*(r.name for r in ranked.scores.scored), *(r.name for r in refused)]
        names = [f"{slug}.html" for slug in page_names(runs)]
        n = len(ranked.scores.scored)
        return cls(names[:n], names[n:], refused, is_written)

    def links(self, rows: Sequence[BoardRow]) -> dict[BoardRow, str]:
        """Return the address of each run's page."""
        if not self.is_written:
            return {}
        return {row: f"runs/{name}" for row, name in zip(rows, self.accepted, strict=True)}


ImageWriter = Callable[[Path, str], "ImageSet"]
"""Writes images into a folder; the text is what pages call the folder."""
EntryJob = tuple[str, Contest, ContestEntry, Disclosure, EntryContext]
_Place = tuple[str, int, Standing]
"""A ranking's name, its runs, and where the run stands."""


def entry_jobs(
    ranked: RankedRuns,
    names: Sequence[str],
    shown: Disclosure,
    home: str,
    album: ImageSet | None = None,
) -> list[EntryJob]:
    """Return what `entry_texts` makes the page of each scored run of, by the names of the files."""
    places: dict[str, list[_Place]] = {}
    for s in ranked.standings_as(is_blind=shown.is_blind(ranked.contest.task)):
        for x in s.rows:
            places.setdefault(x.row.run, []).append((s.name, len(s.rows), x))
    entries = without_paths([row.entry for row in ranked.rows], ranked.folder)
    jobs = []
    for row, run, name in zip(ranked.rows, entries, names, strict=True):
        context = _context(places.get(run.name, []), home, row.as_dict(), album)
        jobs.append((name, ranked.contest, run, shown, context))
    return jobs


def entry_texts(jobs: Sequence[EntryJob]) -> list[tuple[str, str]]:
    """Return name and text of the pages of some entries."""
    return [(job[0], entry_page(*job[1:])) for job in jobs]


def _context(
    places: Sequence[_Place], home: str, about: dict[str, Any], album: ImageSet | None
) -> EntryContext:
    """Return what the page of a run shows beside it."""
    standing = [
        {"name": name, "rank": x.row.rank, "ranks": x.ranks_text, "n": n} for name, n, x in places
    ]
    points = places[0][2].points if len(places) == 1 else None
    return EntryContext(standing, home, points, about, album)


def _is_earlier_site(folder: Path) -> bool:
    """Return whether a folder is a site of version 0.1, which had no marker, and nothing else."""
    names = {p.name for p in folder.iterdir()}
    if not {"index.html", "scores.json"} <= names <= {"index.html", "scores.json", "runs"}:
        return False
    runs = folder / "runs"
    if runs.exists() and not all(p.suffix == ".html" and p.is_file() for p in runs.iterdir()):
        return False
    try:
        return "Made by robotvision" in (folder / "index.html").read_text(encoding="utf-8")
    except (OSError, ValueError) as e:
        raise RobotVisionError(f"{folder / 'index.html'}: cannot be read ({e})") from e


def _index(ranked: RankedRuns, shown: Disclosure, pages: _Pages, heading: Heading) -> str:
    contest, scores = ranked.contest, ranked.scores
    task = contest.task
    card = task_card(task)
    refused = [
        ("", run.name, f"runs/{name}", run.kinds)
        for run, name in zip(pages.refusals, pages.refused, strict=True)
    ]
    return render(
        "leaderboard.html.j2",
        scripts=BOARD_SCRIPTS,
        styles=BOARD_STYLES,
        title=heading.title or task.id,
        when=day_text(heading.day),
        task=task,
        n_runs=len(scores.scored) + len(scores.refused),
        n_refused=len(scores.refused),
        frames=len(contest.frames),
        mode=scores.scored[0].score["mode"] if scores.scored else None,
        has_others=any(row.role is not Role.PRIMARY for row in ranked.rows),
        ranking=board_view(
            "ranking",
            "Ranking",
            ranked.panels(is_blind=shown.is_blind(task)),
            task,
            shown,
            [ApartGroup("Refused", by_team(refused))],
            pages.links(ranked.rows),
        ),
        effort=effort(contest) if shown.is_private else None,
        notices=[n.message for n in shown.notices(scores.warnings)] if shown.is_private else [],
        published=card["published"],
        status_words={str(k): v for k, v in STATUS.items()},
        tasks=[card | {"published": []}],
    )
