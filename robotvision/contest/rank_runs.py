"""Rank a folder of runs: check, score, order, with intervals; write tables and sites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from robotvision.contest.leaderboard.contest import Contest, open_contest, score_entries
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal
from robotvision.contest.leaderboard.images import image_writer
from robotvision.contest.leaderboard.names import page_names
from robotvision.contest.leaderboard.ranked import RankedRuns
from robotvision.contest.leaderboard.site import write_organiser_site, write_site
from robotvision.errors import InputFaults
from robotvision.regular_file import read_regular
from robotvision.report.ranking import write
from robotvision.submissions.handed_in import runs_in
from robotvision.submissions.ranking import rank as order
from robotvision.submissions.released import ReleasedPart
from robotvision.submissions.testsets import RunFiles
from robotvision.writing import new_folder, write_bytes

__all__ = ["RankedRuns", "rank", "rank_folder", "unpack_runs", "write_ranked"]


def rank(
    task: str,
    truths: Sequence[Path],
    folder: Path,
    *,
    train: Sequence[Path] = (),
    mode: str = "obligatory",
    out: Path | None = None,
    site: Path | None = None,
) -> RankedRuns:
    """Check, score and rank every run of a folder.

    Parameters
    ----------
    task : str
        A task's name or YAML file.
    truths : sequence of Path
        A sequence or ``truth.csv`` for each test set, in the task's order.
    folder : Path
        Every pack and other zip file is a run; with one truth so is each ``.txt``, ``.csv`` or
        ``.run`` file, with several each folder.
    train : sequence of Path
        Training sequences, for a task that takes its rooms from them.
    mode : str
        The mode the runs were made in.
    out, site : Path, optional
        As in `write_ranked`, which writes more.

    Raises
    ------
    RobotVisionError
        The task, a truth or the folder is wrong, or something cannot be written.
    """
    ranked = rank_folder(open_contest(task, truths, train), folder, mode)
    write_ranked(ranked, out=out, site=site)
    return ranked


def rank_folder(contest: Contest, folder: Path, mode: str = "obligatory") -> RankedRuns:
    """Check, score and rank every run of a folder; nothing is written.

    Parameters
    ----------
    contest : Contest
        As `open_contest` returns it: over released frames where it is given a release.
    folder, mode
        As `rank` takes them.

    Raises
    ------
    RobotVisionError
        The folder is not there or holds no run.
    """
    scores = score_entries(
        contest, runs_in(folder, list(contest.sets), contest.task), mode, is_contest=True
    )
    return RankedRuns(scores, order(scores), contest, folder)


def unpack_runs(
    task: str,
    truths: Sequence[Path],
    folder: Path,
    out: Path,
    train: Sequence[Path] = (),
    released: ReleasedPart | None = None,
) -> list[Path]:
    """Write the run files of a folder of submissions, each named by team and run.

    Parameters
    ----------
    task, truths, folder, train
        As `rank` takes them.
    released : ReleasedPart, optional
        As `open_contest` takes it: the runs answer released frames.
    out : Path
        A new or empty folder: receives ``team_run.txt``, or with several test sets
        ``team_run/set.txt``. What is no run is left out; `rank` says why.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    RobotVisionError
        As `rank`, or the folder cannot be written.
    """
    contest = open_contest(task, truths, train, released)
    runs = [
        run
        for run in runs_in(folder, list(contest.sets), contest.task)
        if not isinstance(run, InputFaults)
    ]
    files: list[str] = []
    with new_folder(out) as part:
        for run, name in zip(runs, page_names([run.name for run in runs]), strict=True):
            for set_name, path in run.files.items():
                stem = name if len(run.files) == 1 else f"{name}/{set_name}"
                target = part / f"{stem}{path.suffix}"
                target.parent.mkdir(exist_ok=True)
                write_bytes(target, _content(run, set_name), is_durable=False)
                files.append(target.relative_to(part).as_posix())
    return [out / name for name in files]


def _content(run: RunFiles, set_name: str) -> bytes:
    raw = run.contents.get(set_name)
    return read_regular(run.files[set_name]) if raw is None else raw


def write_ranked(
    ranked: RankedRuns,
    *,
    out: Path | None = None,
    site: Path | None = None,
    organiser_site: Path | None = None,
    reveal: str | None = None,
    pages: bool = False,
    images: Sequence[Path] = (),
) -> None:
    """Write tables and sites of ranked runs.

    Parameters
    ----------
    ranked : RankedRuns
    out : Path, optional
        Write ``ranking.md``, ``ranking.csv`` and ``scores.json`` there; the last has results by
        room.
    site : Path, optional
        Write a static site there that may be published: totals alone, unless ``reveal`` says more.
    organiser_site : Path, optional
        Write one with everything there: rooms, confusion, timelines. It shows the truth.
    reveal : str, optional
        ``rooms`` or ``frames``: what the site shows beyond totals.
    pages : bool
        Write a page for each run of the site; with ``reveal`` always.
    images : sequence of Path
        A sequence for each test set, the frames that were handed out: its images are shown on the
        pages that show frames.

    Raises
    ------
    RobotVisionError
        Something cannot be written.
    """
    if out is not None:
        write(out, ranked.scores, ranked.rankings, ranked.data, ranked.standings)
    writer = image_writer(ranked.contest, images) if images else None
    if site is not None:
        shown = Disclosure(Reveal[reveal.upper()] if reveal else Reveal.TOTALS)
        write_site(site, ranked, shown, has_pages=pages or shown.has_rooms, images=writer)
    if organiser_site is not None:
        write_organiser_site(organiser_site, ranked, images=writer)
