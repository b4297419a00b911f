"""Builds the page: what each section shows, filled into the templates.

The words and numbers are made here and in the templates, the still figures in `charts`, the columns
behind the timeline in `payload`, the images in `images`. The page forbids itself every request
(a content security policy, see `shell`); scripts run only if their digest is the one named there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from robotvision.errors import RobotVisionError
from robotvision.report.columns import RunColumns, load_runs
from robotvision.report.html import charts
from robotvision.report.html.compare import comparison
from robotvision.report.html.images import BUDGET, ImageFolder, ImageSet, collect
from robotvision.report.html.payload import Aligned, align, payload
from robotvision.report.html.sections import run_section
from robotvision.report.html.shell import REPORT, TIMELINE, as_script, render
from robotvision.report.html.svg import number
from robotvision.report.html.tables import task_card
from robotvision.report.measures import points_by_deadline, reliability, risk_coverage
from robotvision.report.table import Cell, Table, columns
from robotvision.writing import write_text

ImageAddress = Callable[[int, int, str], str]
"""Number of a run, position of a frame in it, channel -> where the image is served."""
MAX_RUNS = 8
"""More runs than this cannot be told apart on one page."""


def write_html(run_folder: Path, out: Path | None = None, *, picture_bytes: int = BUDGET) -> Path:
    """Write the page of one run and return its path (``report.html`` in the run folder).

    Raises
    ------
    RobotVisionError
        The log cannot be read, or the page cannot be written.
    """
    return write_page([run_folder], out or run_folder / "report.html", picture_bytes=picture_bytes)


def write_page(
    paths: Sequence[Path],
    out: Path,
    *,
    picture_bytes: int = BUDGET,
    has_folder: bool = False,
) -> Path:
    """Write the page of several runs and return its path. Raises RobotVisionError.

    ``has_folder``: all images lie in a folder beside the page, ``report_images`` for
    ``report.html``, in place of some in the page.
    """
    beside = out.with_name(f"{out.stem}_images")
    folder = ImageFolder(beside, quote(beside.name)) if has_folder else None
    text = build_page(load_runs(paths), picture_bytes=picture_bytes, folder=folder)
    return write_text(out, text, errors="backslashreplace")


def build_page(
    runs: Sequence[RunColumns],
    *,
    picture_bytes: int = BUDGET,
    folder: ImageFolder | None = None,
    served: ImageAddress | None = None,
    is_going: bool = False,
) -> str:
    """Return the page of one or several runs.

    ``folder`` takes all images in its place; ``served`` gives the address of each where the page
    and its images come from a server. ``is_going``: a run is under way, and the page follows it.

    Raises
    ------
    RobotVisionError
        No run, or too many.
    """
    if not 1 <= len(runs) <= MAX_RUNS:
        raise RobotVisionError(f"a page shows 1 to {MAX_RUNS} runs, got {len(runs)}")
    aligned = align(runs)
    album = _album(runs, aligned, picture_bytes, folder or served)
    return render(
        "page.html.j2",
        scripts=REPORT,
        has_files=folder is not None and album.has_files,
        is_served=served is not None,
        is_going=is_going,
        runs=[run_section(run, i) for i, run in enumerate(runs)],
        tasks=[
            task_card(t) for t in {run.task.model_dump_json(): run.task for run in runs}.values()
        ],
        comparison=comparison(runs, aligned) if len(runs) > 1 else None,
        figures=_figures(runs),
        **_player(runs, aligned, album),
    )


def build_player(run: RunColumns, *, picture_bytes: int = BUDGET) -> str:
    """Return a page with the player of a run alone, to be embedded in another page.

    Raises
    ------
    RobotVisionError
        The log holds no frame.
    """
    if not len(run):
        raise RobotVisionError(f"{run.folder}: the log holds no frame to play")
    aligned = align([run])
    album = _album([run], aligned, picture_bytes, None)
    return render(
        "player.html.j2",
        scripts=TIMELINE,
        runs=[],
        comparison=None,
        **_player([run], aligned, album),
    )


def _player(runs: Sequence[RunColumns], aligned: Aligned, album: ImageSet) -> dict[str, Any]:
    """Return what the templates of the player and of the frames take."""
    data = payload(runs, aligned, album)
    return {
        "title": f"{runs[0].task.id}: {runs[0].name}" if len(runs) == 1 else f"{len(runs)} runs",
        "data": as_script(data),
        "pictures": as_script(album.images),
        "album": album,
        "channels": album.channels,
        "has_pictures": bool(album.images),
        "tour_map": charts.tour_map(
            album.poses,
            data["sequence"],
            data["runs"][0]["outcome"],
            data["truth"],
            data["visit"],
            data["labels"],
        ),
        "sequences": data["sequences"],
        "labels": data["labels"],
        "outcomes": data["outcomes"],
        "n_frames": len(aligned),
    }


def _album(
    runs: Sequence[RunColumns],
    aligned: Any,
    picture_bytes: int,
    beside: ImageFolder | ImageAddress | None,
) -> ImageSet:
    """Return images by position on the page: of the first run that has each frame."""
    whole = ImageSet()
    used = [r for r in range(len(runs)) if (aligned.source == r).any()]
    for r in used:
        own: ImageFolder | Callable[[int, str], str] | None = None
        if isinstance(beside, ImageFolder):
            own = ImageFolder(beside.path / str(r), f"{beside.address}/{r}")
        elif beside is not None:
            own = partial(beside, r)
        album = collect(runs[r], picture_bytes // max(1, len(used)), own)
        place = {int(i): k for k, i in enumerate(aligned.places[r]) if aligned.source[k] == r}
        whole.images |= {place[i]: p for i, p in album.images.items() if i in place}
        whole.poses |= {place[i]: p for i, p in album.poses.items() if i in place}
        whole.channels += [c for c in album.channels if c not in whole.channels]
        whole.notes += [n for n in album.notes if n not in whole.notes]
        whole.has_files = whole.has_files or album.has_files
        whole.scope = whole.scope or album.scope
        whole.depth_range_m = whole.depth_range_m or album.depth_range_m
    if isinstance(beside, ImageFolder) and whole.scope:
        whole.scope = beside.scope  # a folder in it for each run
    if whole.notes:  # something is missing, and what is there is said beside it
        whole.scope = ""
    whole.poses = dict(sorted(whole.poses.items()))
    return whole


def _figures(runs: Sequence[RunColumns]) -> dict[str, Any]:
    curves, refused = [], []
    for i, run in enumerate(runs):
        try:
            curves.append((i, points_by_deadline(run)))
        except RobotVisionError as e:
            refused.append(f"{run.name}: {e.lines()[0]}")
    names = [run.name for run in runs]
    trusted = [(i, r) for i, run in enumerate(runs) if (r := reliability(run)) is not None]
    risks = [(i, c) for i, run in enumerate(runs) if (c := risk_coverage(run)) is not None]
    return {
        "deadline": charts.deadline_curve(curves, names),
        "deadline_rows": _deadline_table(curves, runs),
        "deadline_refused": refused,
        "risk": charts.risk_curve(risks, names),
        "reliability": charts.reliability_curve(trusted, names),
        "threshold": charts.threshold_curve(risks, names),
        "risk_rows": Table(
            "Answers with a confidence",
            columns(
                "run",
                "room points now",
                "best in hindsight",
                "from confidence",
                "frames answered then",
                "area under risk",
                "calibration error",
            ),
            [
                [
                    runs[i].name,
                    *(float(c.points[k]) for k in (-1, c.best)),
                    f"{c.threshold[c.best]:.2f}",
                    f"{c.coverage[c.best]:.0%}",
                    f"{c.area:.3f}",
                    f"{trust.gap:.3f}",
                ]
                for (i, c), (_, trust) in zip(risks, trusted, strict=True)
            ],
        ),
    }


def _deadline_table(curves: Any, runs: Sequence[RunColumns]) -> Table:
    """Return the shortest deadline at which half, 90 % and all of the most points are earned."""
    rows: list[list[Cell]] = []
    for i, c in curves:
        most = max(c.points, default=0.0)
        pairs = list(zip(c.deadline_ms, c.points, strict=True))
        first = [next((x for x, y in pairs if y >= s * most), None) for s in (0.5, 0.9, 1.0)]
        shown = ("-" if v is None else f"{number(v)} ms" for v in first)
        rows.append([runs[i].name, most, *shown])
    return Table(
        "Shortest deadline shown for a share of the most points",
        columns("run", "most points", "half", "90 %", "all"),
        rows,
    )
