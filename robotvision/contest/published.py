"""What of a contest is published: one page with every board, the data behind it, the release.

As on the site of a ranking (`robotvision.contest.leaderboard.site`) totals alone are shown unless
``public`` in ``contest.yaml`` says more. The folder is replaced as a whole, so a run that was
withdrawn is gone from it. Before the first run is in it, the page is the call for participation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from robotvision.contest.board import Board, EntryStatus
from robotvision.contest.board_table import condition_data, reasons
from robotvision.contest.file import ContestSetup, now
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal
from robotvision.contest.leaderboard.images import image_writer
from robotvision.contest.leaderboard.names import page_names
from robotvision.contest.leaderboard.panel_page import ApartGroup, board_view, by_team
from robotvision.contest.leaderboard.panels import BoardRow, Role
from robotvision.contest.leaderboard.parallel import write_pages
from robotvision.contest.leaderboard.site import (
    BOARD_SCRIPTS,
    BOARD_STYLES,
    IMAGES,
    Heading,
    ImageWriter,
    day_text,
    entry_jobs,
    entry_texts,
    site_data,
    write_organiser_site,
)
from robotvision.contest.release import FILE as RELEASE
from robotvision.contest.release import write_release
from robotvision.contest.schema import Phase, as_moment
from robotvision.report.html.images import ImageSet
from robotvision.report.html.shell import render
from robotvision.report.html.tables import STATUS, task_card
from robotvision.report.ranking import scores_text
from robotvision.writing import make_folder, new_folder, require_replaceable

KIND = "contest site"
FOLDER = "runs"
"""Of the runs' pages."""


def publish(
    setup: ContestSetup,
    boards: Sequence[Board],
    out: Path,
    organiser_site: Path | None = None,
    when: datetime | None = None,
) -> list[Path]:
    """Write the site of a contest and return its files.

    Parameters
    ----------
    setup : ContestSetup
    boards : sequence of Board
        As `robotvision.contest.board.boards` returns them; none yet: the call alone.
    out : Path
        What was published there before is replaced as a whole.
    organiser_site : Path, optional
        Receives a folder a board with everything: rooms, heat map, timelines. It shows the truth.
    when : datetime, optional
        What the status of the phases goes by; now by default.

    Raises
    ------
    RobotVisionError
        A folder is somebody else's, or cannot be written.
    """
    shown = Disclosure(Reveal[setup.about.public.reveal.upper()])
    require_replaceable(out, KIND)
    has_pages = setup.about.public.pages or shown.has_rooms
    links = [_links(board) if has_pages else {} for board in boards]
    data, when = contest_data(setup, boards, shown), when or now()
    with new_folder(out, KIND) as part:
        page = _index(setup, boards, shown, links, when)
        (part / "index.html").write_text(page, "utf-8", "backslashreplace")
        (part / "scores.json").write_text(scores_text(data), encoding="utf-8")
        write_release(part / RELEASE, setup)
        has_images = setup.about.public.images and shown.has_frames and bool(boards)
        albums = _albums(setup, boards, part) if has_images else {}
        for board, names in zip(boards, links, strict=True):
            if names:
                (part / FOLDER / board_name(board)).mkdir(parents=True)
                album = albums.get((board.phase, board.task))
                jobs = entry_jobs(
                    board.ranked, list(names.values()), shown, "../../index.html", album
                )
                write_pages(entry_texts, jobs, part)
    if organiser_site is not None:
        make_folder(organiser_site)
        for board in boards:
            if board.rows:
                heading = Heading(f"{setup.about.title}: {_title(setup, board)}", when.date())
                images = _images_of(setup, board) if setup.about.public.images else None
                place = organiser_site / board_name(board)
                write_organiser_site(place, board.ranked, heading, images)
    return sorted(p for p in out.rglob("*") if p.is_file())


def board_name(board: Board) -> str:
    """Return what a board's folder is called: ``test-obligatory``, or ``rooms-test-obligatory``."""
    parts = [*filter(None, [board.task]), board.phase]
    return "-".join([*(page_names([part])[0] for part in parts), board.mode])


def _images_of(setup: ContestSetup, board: Board) -> ImageWriter:
    """Return what writes the images of a board's frames: of the sequences programs are run on."""
    return image_writer(board.contest, [setup.place(s.sequence or s.truth) for s in board.sets])


def _albums(
    setup: ContestSetup, boards: Sequence[Board], part: Path
) -> dict[tuple[str, str], ImageSet]:
    """Write images once for all boards of a phase and task; return them by these."""
    first = {(board.phase, board.task): board for board in reversed(boards)}
    names = page_names(["-".join(filter(None, (task, phase))) for phase, task in first])
    return {
        place: _images_of(setup, board)(part / IMAGES / name, f"../../{IMAGES}/{name}")
        for (place, board), name in zip(first.items(), names, strict=True)
    }


def _links(board: Board) -> dict[BoardRow, str]:
    names = page_names([row.name for row in board.rows])
    folder = f"{FOLDER}/{board_name(board)}"
    return {row: f"{folder}/{name}.html" for row, name in zip(board.rows, names, strict=True)}


def contest_data(
    setup: ContestSetup, boards: Sequence[Board], shown: Disclosure | None = None
) -> dict[str, Any]:
    """Return the boards as plain data: totals alone, unless ``shown`` says more."""
    shown = shown or Disclosure()
    return {
        "schema": 1,
        "contest": setup.about.title,
        "task": setup.task.id,
        "tasks": [task.id for task in setup.tasks.values()],
        "boards": [_board_data(board, shown) for board in boards],
    }


def _board_data(board: Board, shown: Disclosure) -> dict[str, Any]:
    ranked = site_data(board.ranked, shown)
    keys = ("reveal", "rankings", "tabs", "pairs", "uncertainty", "changed", "runs")
    return {
        "phase": board.phase,
        "mode": board.mode,
        "task": board.contest.task.id,
        "test_sets": [{"name": s.name, "conditions": s.conditions} for s in board.sets],
        **{key: ranked[key] for key in keys},
        "conditions": condition_data(board),
        "apart": [r.as_dict() for r in board.apart],
    }


def _index(
    setup: ContestSetup,
    boards: Sequence[Board],
    shown: Disclosure,
    links: Sequence[Mapping[BoardRow, str]],
    when: datetime,
) -> str:
    about = setup.about
    teams = {row.team for board in boards for row in board.rows} - {""}
    teams |= {r.submission.record.team for board in boards for r in board.apart}
    return render(
        "contest.html.j2",
        scripts=BOARD_SCRIPTS,
        styles=BOARD_STYLES,
        title=about.title,
        about=about,
        when=day_text(when.date()),
        status=[
            {"phase": name, "word": word, "text": text}
            for name, phase in about.phases.items()
            for word, text in [phase_status(phase, when)]
        ],
        n_teams=len(teams),
        n_runs=sum(_n_received(board) for board in boards),
        task=setup.task,
        boards=[
            board_view(
                board_name(board),
                _title(setup, board).capitalize(),
                board.ranked.panels(is_blind=shown.is_blind(board.contest.task)),
                board.contest.task,
                shown,
                _apart(board),
                pages,
            )
            for board, pages in zip(boards, links, strict=True)
        ],
        release=RELEASE,
        status_words={str(k): v for k, v in STATUS.items()},
        tasks=[task_card(task) | {"published": []} for task in setup.tasks.values()],
    )


def _n_received(board: Board) -> int:
    """Return how many runs were handed in for a board: baselines are the organisers'."""
    return len(board.apart) + sum(row.role is not Role.BASELINE for row in board.rows)


def phase_status(phase: Phase, when: datetime) -> tuple[str, str]:
    """Return whether a phase is ``open``, ``closed`` or ``coming`` at a moment, and until when."""
    if phase.opens is not None and phase.is_before(when):
        return "coming", f"opens {_moment_text(phase.opens)}"
    if phase.closes is not None and phase.is_over(when):
        return "closed", f"closed {_moment_text(phase.closes)}"
    until = f" until {_moment_text(phase.closes)}" if phase.closes else ", without an end"
    return "open", f"open{until}"


def _moment_text(text: str) -> str:
    """Return ``1 June 2027, 00:00 +02:00``."""
    when = as_moment(text)
    zone = when.strftime("%z")
    return f"{day_text(when.date())}, {when:%H:%M} {zone[:3]}:{zone[3:5]}"


def _apart(board: Board) -> list[ApartGroup]:
    """Return what is not on a board, by what became of it."""
    groups = []
    for status in (s for s in EntryStatus if s is not EntryStatus.COUNTED):
        mine = [r for r in board.apart if r.status is status]
        runs = [(r.submission.record.team, r.submission.name, "", reasons(r)) for r in mine]
        groups.append(ApartGroup(str(status).capitalize(), by_team(runs)))
    return groups


def _title(setup: ContestSetup, board: Board) -> str:
    """Return the heading of a board: its mode; its task and phase where there are several."""
    task = f"{board.task}, " if board.task else ""
    phase = f"{board.phase}, " if len(setup.about.phases) > 1 else ""
    return f"{task}{phase}{board.mode} mode"
