"""What of a contest is published: one page with every board, the data behind it, the release.

As on the site of a ranking (`robotvision.contest.leaderboard.site`) totals alone are shown unless
``public`` in ``contest.yaml`` says more. The folder is replaced as a whole, so a run that was
withdrawn is gone from it. Before the first run is in it, the page is the call for participation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robotvision.contest.board import Board
from robotvision.contest.board_table import (
    apart_table,
    board_tables,
    condition_data,
    condition_tables,
)
from robotvision.contest.file import ContestSetup
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal
from robotvision.contest.leaderboard.entry import entry_page
from robotvision.contest.leaderboard.names import page_names
from robotvision.contest.leaderboard.site import site_data, write_organiser_site
from robotvision.contest.release import FILE as RELEASE
from robotvision.contest.release import write_release
from robotvision.report.html.shell import render
from robotvision.report.html.tables import STATUS, task_card
from robotvision.writing import make_folder, new_folder, require_replaceable

KIND = "contest site"


def publish(
    setup: ContestSetup,
    boards: Sequence[Board],
    out: Path,
    organiser_site: Path | None = None,
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

    Raises
    ------
    RobotVisionError
        A folder is somebody else's, or cannot be written.
    """
    shown = Disclosure(Reveal[setup.about.public.reveal.upper()])
    require_replaceable(out, KIND)
    has_pages = setup.about.public.pages or shown.has_rooms
    links = [_links(board) if has_pages else {} for board in boards]
    data = contest_data(setup, boards, shown)
    with new_folder(out, KIND) as part:
        page = _index(setup, boards, shown, links)
        (part / "index.html").write_text(page, "utf-8", "backslashreplace")
        (part / "scores.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        write_release(part / RELEASE, setup)
        for board, names in zip(boards, links, strict=True):
            for row in board.rows:
                if row.entry.name in names:
                    file = part / names[row.entry.name]
                    file.parent.mkdir(parents=True, exist_ok=True)
                    text = entry_page(
                        board.contest, row.entry, home="../../index.html", shown=shown
                    )
                    file.write_text(text, "utf-8", "backslashreplace")
    if organiser_site is not None:
        make_folder(organiser_site)
        for board in boards:
            if board.rows:
                write_organiser_site(organiser_site / board_name(board), board.everything)
    return sorted(p for p in out.rglob("*") if p.is_file())


def board_name(board: Board) -> str:
    """Return what a board's folder is called: ``test-obligatory``."""
    return f"{page_names([board.phase])[0]}-{board.mode}"


def _links(board: Board) -> dict[str, str]:
    names = [row.entry.name for row in board.rows]
    folder = f"runs/{board_name(board)}"
    return {n: f"{folder}/{p}.html" for n, p in zip(names, page_names(names), strict=True)}


def contest_data(
    setup: ContestSetup, boards: Sequence[Board], shown: Disclosure | None = None
) -> dict[str, Any]:
    """Return the boards as plain data: totals alone, unless ``shown`` says more."""
    shown = shown or Disclosure()
    return {
        "schema": 1,
        "contest": setup.about.title,
        "task": setup.task.id,
        "boards": [_board_data(board, shown) for board in boards],
    }


def _board_data(board: Board, shown: Disclosure) -> dict[str, Any]:
    ranked = site_data(board.primaries, shown)
    keys = ("reveal", "rankings", "pairs", "uncertainty", "changed")
    task = board.contest.task
    return {
        "phase": board.phase,
        "mode": board.mode,
        "test_sets": [{"name": s.name, "conditions": s.conditions} for s in board.sets],
        **{key: ranked[key] for key in keys},
        "runs": [
            {
                "name": row.entry.name,
                "team": row.team,
                "role": str(row.role),
                "notes": list(row.notes),
                **shown.score(task, row.entry.score),
            }
            for row in board.rows
        ],
        "conditions": condition_data(board),
        "apart": [r.as_dict() for r in board.apart],
    }


def _index(
    setup: ContestSetup,
    boards: Sequence[Board],
    shown: Disclosure,
    links: Sequence[Mapping[str, str]],
) -> str:
    about, task = setup.about, setup.task
    is_blind = shown.is_blind(task)
    parts = []
    for board, names in zip(boards, links, strict=True):
        tables = board_tables(board, is_blind=is_blind)
        apart = apart_table(board)
        parts.append(
            {
                "id": board_name(board),
                "title": _title(setup, board),
                "tables": [t.html(names) for t in tables],
                "notes": [t.note for t in tables if t.note],
                "conditions": [t.html("ranking") for t in condition_tables(board)],
                "apart": apart.html("ranking") if apart.rows else None,
            }
        )
    return render(
        "contest.html.j2",
        title=about.title,
        about=about,
        task=task,
        boards=parts,
        release=RELEASE,
        status_words={str(k): v for k, v in STATUS.items()},
        tasks=[task_card(task) | {"published": []}],
    )


def _title(setup: ContestSetup, board: Board) -> str:
    """Return the heading of a board: its mode, and its phase where there are several."""
    phase = f"{board.phase}, " if len(setup.about.phases) > 1 else ""
    return f"{phase}{board.mode} mode"
