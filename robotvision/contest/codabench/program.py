"""Scores one submission where the platform put it: ``program INPUT OUTPUT``.

``INPUT/ref`` holds the task and the truth, ``INPUT/res`` what the participant handed in. Written
are ``scores.json`` (one number a column of the leaderboard) and ``detailed_results.html``. A
refused run file is a score too: the least the frames could earn, ``accepted`` 0, every fault on
the page. Only what is not the participant's fault (broken reference data) leaves no score.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robotvision.contest.leaderboard.contest import Contest, entry, open_contest
from robotvision.contest.leaderboard.entry import entry_page, refused_page
from robotvision.contest.leaderboard.site import without_folder
from robotvision.errors import RobotVisionError
from robotvision.records import Notice
from robotvision.scoring.points import NOT_IN_VIEW, PointsTable
from robotvision.submissions.testsets import SUFFIXES, check_runs, runs_of
from robotvision.version import PACKAGE

REFERENCE = "reference.json"
TASK = "task.yaml"
COLUMNS = ("points", "points_per_frame", "answered", "right", "accepted")
"""Keys of ``scores.json``; with several test sets, points of each follow."""


def main(arguments: Sequence[str]) -> int:
    """Score a submission; return 0 where there is a score, be it that of a refused run."""
    source, output = map(Path, arguments)
    reference = source / "ref"
    about = json.loads((reference / REFERENCE).read_text(encoding="utf-8"))
    print(f"scored by {PACKAGE / '__init__.py'}", flush=True)
    try:
        truths = [reference / f"{name}.csv" for name in about["sets"]]
        contest = open_contest(str(reference / TASK), truths)
    except RobotVisionError as e:
        print(
            "the reference data of this contest are broken:", *e.lines(), sep="\n", file=sys.stderr
        )
        return 1
    output.mkdir(parents=True, exist_ok=True)
    files, faults = submission(source / "res", list(contest.sets))
    score = None
    if not faults:
        score, faults = scored(reference / TASK, truths, files, str(about["mode"]))
    faults = list(without_folder(faults, source / "res"))
    for line in faults:
        print(line, file=sys.stderr)
    page, scores = (
        (_page(contest, files, score), accepted(score))
        if score is not None
        else (refused_page("Your submission", faults, contest.task), refused(contest))
    )
    _write(output, scores, page)
    return 0


def submission(folder: Path, sets: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Return the run file of each test set, or what is wrong with the submission.

    One test set: the only file that ends like a run file. Several: one named after each set. They
    may lie in a folder of the archive.
    """
    files = sorted(
        p
        for p in folder.rglob("*")
        if p.is_file()
        and p.suffix in SUFFIXES
        and "__MACOSX" not in p.parts
        and not p.name.startswith(".")
    )
    endings = ", ".join(SUFFIXES)
    if len(sets) == 1:
        if len(files) == 1:
            return files, []
        names = ", ".join(p.relative_to(folder).as_posix() for p in files) or "none"
        return [], [f"expected one run file ({endings}) in the archive, got {len(files)} ({names})"]
    chosen, faults = [], []
    for name in sets:
        mine = [p for p in files if p.stem == name]
        chosen += mine[:1]
        if len(mine) != 1:
            faults.append(
                f"expected one run file for the test set {name!r}, got {len(mine)}; "
                f"call it {name}.txt"
            )
    return chosen, faults


def scored(
    task: Path, truths: Sequence[Path], runs: Sequence[Path], mode: str
) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the score that ``robotvision score`` prints, or the faults that refuse the run.

    Raises
    ------
    RobotVisionError
        The command failed otherwise.
    """
    command = [
        sys.executable,
        "-c",
        "from robotvision.cli import main; main()",
        "score",
        "--json",
        "--task",
        str(task),
        "--mode",
        mode,
    ]
    for truth in truths:
        command += ["--truth", str(truth)]
    process = subprocess.run(
        [*command, "--", *map(str, runs)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if process.returncode not in (0, 1) or not process.stdout.strip():
        raise RobotVisionError(f"robotvision score failed:\n{process.stderr}")
    data = json.loads(process.stdout)
    if "refused" in data:
        return None, [line for run in data["refused"] for line in run["faults"]]
    return data, []


def accepted(score: Mapping[str, Any]) -> dict[str, float]:
    """Return the leaderboard's numbers of a scored run."""
    outcomes = score["outcomes"]
    frames = max(1, score["frames"] - score["unscored"])
    answered = outcomes["correct"] + outcomes["wrong"]
    numbers = {
        "points": score["points"],
        "points_per_frame": score["points"] / frames,
        "answered": answered / frames,
        "right": outcomes["correct"] / answered if answered else 0.0,
        "accepted": 1,
    }
    if len(score["sets"]) > 1:
        numbers |= {set_key(i): part["points"] for i, part in enumerate(score["sets"].values())}
    return numbers


def refused(contest: Contest) -> dict[str, float]:
    """Return the numbers of a refused run: the least that the frames could earn."""
    least = {name: _least(contest, name) for name in contest.sets}
    points = sum(least.values())
    frames = max(1, int(contest.frames.is_known.sum()))
    numbers = {
        "points": points,
        "points_per_frame": points / frames,
        "answered": 0.0,
        "right": 0.0,
        "accepted": 0,
    }
    if len(least) > 1:
        numbers |= {set_key(i): v for i, v in enumerate(least.values())}
    return numbers


def set_key(place: int) -> str:
    """Return the leaderboard's key of a test set's points."""
    return f"points_set_{place + 1}"


def _least(contest: Contest, name: str) -> float:
    frames, worth = contest.frames.of_sets([name]), PointsTable(contest.task)
    n, in_view = int(frames.is_known.sum()), frames.in_view
    points = n * min(worth.wrong, worth.unanswered)
    if in_view is not None:
        present, absent = worth.statements[:NOT_IN_VIEW], worth.statements[NOT_IN_VIEW:]
        for seen in in_view[frames.is_known].sum(0).tolist():
            points += seen * float(present.min()) + (n - seen) * float(absent.min())
    return points


def _page(contest: Contest, runs: Sequence[Path], score: Mapping[str, Any]) -> str:
    (run,) = runs_of(runs, list(contest.sets))
    checks = check_runs(run, contest.task, [(n, s.frames) for n, s in contest.sets.items()])
    notices = tuple(Notice("run-file", w) for check in checks.values() for w in check.warnings)
    return entry_page(contest, entry(contest, "Your submission", checks, score, notices))


def _write(output: Path, scores: Mapping[str, float], page: str) -> None:
    (output / "detailed_results.html").write_text(page, encoding="utf-8", errors="backslashreplace")
    (output / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:3]))
