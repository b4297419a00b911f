"""Scores one submission where the platform put it: ``program INPUT OUTPUT``.

``INPUT/ref`` holds the task and the truth, ``INPUT/res`` what the participant handed in, and beside
it a file ``metadata`` that the platform's worker adds to every submission. Written
are ``scores.json`` (one number a column of the leaderboard) and ``detailed_results.html``. A
refused run file is a score too: the least the frames could earn, ``accepted`` 0, every fault on
the page. Only what is not the participant's fault (broken reference data) leaves no score.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard.contest import (
    Contest,
    open_contest,
    read_entries,
    score_entries,
    with_order,
    with_segments,
)
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal, public_part
from robotvision.contest.leaderboard.entry import entry_page, refused_page
from robotvision.contest.verdict import EntryRules, verdict_on
from robotvision.errors import by_kind
from robotvision.scoring.points import PointsTable
from robotvision.version import PACKAGE, __version__
from robotvision.writing import make_folder, write_text

REFERENCE = "reference.json"
WORKERS_OWN = "metadata"
"""What the worker writes beside a submission: how it was unpacked, nothing of the participant's."""
TASK = "task.yaml"
COLUMNS = ("points", "points_per_frame", "answered", "right", "accepted")
"""Keys of ``scores.json``; with several test sets, points of each follow."""


def main(arguments: Sequence[str]) -> int:
    """Score a submission; return 0 where there is a score, be it that of a refused run.

    Participants can read what is printed, so nothing of the truth is: of broken reference data or
    a fault of ours only where it is.
    """
    source, output = map(Path, arguments)
    origin = "from the bundle" if PACKAGE.parent.name == "package" else "as installed"
    print(f"scored by {PACKAGE.name} {__version__}, {origin}", flush=True)
    try:
        contest, about = open_reference(source / "ref")
        scores, page = score_submission(contest, about, source / "res")
        make_folder(output)
        write_text(output / "detailed_results.html", page, errors="backslashreplace")
        write_text(output / "scores.json", json.dumps(scores, indent=1) + "\n")
    except Exception as e:  # whatever it is: its message could quote the truth
        place = traceback.extract_tb(e.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        print(
            f"this contest cannot be scored ({type(e).__name__} at {where}); organisers: run "
            "score.py of the bundle on your own machine, as the guide for organisers shows, with "
            "ROBOTVISION_TELL_FAULTS=1 to see what is wrong",
            file=sys.stderr,
        )
        if os.environ.get("ROBOTVISION_TELL_FAULTS") == "1":
            raise
        return 1
    return 0


def open_reference(folder: Path) -> tuple[Contest, dict[str, Any]]:
    """Return the contest as this phase scores it, and what ``reference.json`` holds.

    Raises
    ------
    RobotVisionError
        The task or a truth is wrong.
    """
    about = dict(json.loads((folder / REFERENCE).read_text(encoding="utf-8")))
    truths = [folder / f"{name}.csv" for name in about["sets"]]
    contest = open_contest(str(folder / TASK), truths)
    if "order" in about:
        contest = with_order(contest, about["order"])
    if "segments" in about:
        contest = with_segments(contest, about["segments"])
    share = about.get("public_share")
    return (
        contest if share is None else public_part(contest, share, int(about["public_seed"]))
    ), about


def score_submission(
    contest: Contest, about: Mapping[str, Any], folder: Path
) -> tuple[dict[str, float], str]:
    """Return the leaderboard's numbers and the page of a submission.

    The verdict is that of `robotvision.contest.verdict`, as participants can have it at home.

    Parameters
    ----------
    contest : Contest
    about : Mapping
        What ``reference.json`` holds.
    folder : Path
        What was handed in, unpacked.
    """
    shown = Disclosure(Reveal[about.get("reveal", "totals").upper()], about.get("points_step"))
    rules = EntryRules.of(contest, modes=(str(about["mode"]),))
    result = verdict_on(folder, rules, left_out=[WORKERS_OWN])
    first = int(about.get("first_set", 0))
    if not result.is_accepted:
        lines = list(map(str, by_kind(result.faults)))
        print(*lines, sep="\n", file=sys.stderr)
        page = refused_page("Your submission", lines, len(result.faults), contest.task)
        return refused(contest, shown, first), page
    scores = score_entries(contest, [result.run("Your submission")], str(about["mode"]))
    (run,) = read_entries(contest, scores)
    page = entry_page(contest, run, shown=shown)
    return accepted(shown.score(contest.task, run.score), run.score, first), page


def accepted(
    shown: Mapping[str, Any], score: Mapping[str, Any], first_set: int = 0
) -> dict[str, float]:
    """Return the leaderboard's numbers of a scored run.

    Parameters
    ----------
    shown : Mapping
        The score as it may be shown (`Disclosure.score`).
    score : Mapping
        As it is: how many frames were answered is no secret.
    first_set : int
        How many columns of test sets are those of phases before.
    """
    outcomes = score["outcomes"]
    frames = max(1, score["frames"] - score["unscored"])
    answered = outcomes["correct"] + outcomes["wrong"]
    numbers = {
        "points": shown["points"],
        "points_per_frame": shown["points"] / frames,
        "answered": answered / frames,
    }
    if shown["outcomes"]:
        numbers["right"] = outcomes["correct"] / answered if answered else 0.0
    numbers["accepted"] = 1
    if len(shown["sets"]) > 1:
        parts = enumerate(shown["sets"].values(), first_set)
        numbers |= {set_key(i): part["points"] for i, part in parts}
    return numbers


def refused(
    contest: Contest, shown: Disclosure | None = None, first_set: int = 0
) -> dict[str, float]:
    """Return the numbers of a refused run: no more than the least that any frames could earn."""
    shown = shown or Disclosure()
    lowest = PointsTable(contest.task).bounds[0]
    known = {name: int(contest.frames.of_sets([name]).is_known.sum()) for name in contest.sets}
    numbers: dict[str, float] = {
        "points": shown.points(sum(known.values()) * lowest),
        "points_per_frame": lowest if any(known.values()) else 0.0,
        "answered": 0.0,
    }
    if shown.points_step is None:
        numbers["right"] = 0.0
    numbers["accepted"] = 0
    if len(known) > 1:
        parts = enumerate(known.values(), first_set)
        numbers |= {set_key(i): shown.points(n * lowest) for i, n in parts}
    return numbers


def columns(is_rounded: bool = False) -> list[str]:
    """Return the keys of ``scores.json``, those of test sets left out."""
    return [key for key in COLUMNS if not (is_rounded and key == "right")]


def set_key(place: int) -> str:
    """Return the leaderboard's key of a test set's points."""
    return f"points_set_{place + 1}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:3]))
