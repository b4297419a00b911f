"""A competition bundle for Codabench, version 2 of its form.

``competition.yaml`` names pages, one task (scoring program and reference data, each an archive of
its own), phases and the leaderboard. The scoring program carries this package as a wheel, so that
the contest is scored by the version that made the bundle even where no registry can be reached.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from robotvision.contest.codabench.archive import WHEEL, archive, wheel
from robotvision.contest.codabench.logo import logo
from robotvision.contest.codabench.program import REFERENCE, TASK, columns
from robotvision.contest.leaderboard.contest import Contest, segment_lengths
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal, public_part
from robotvision.contest.release import FILE as RELEASE
from robotvision.contest.release import settled_task
from robotvision.errors import RobotVisionError
from robotvision.records import Answer
from robotvision.submissions.card import TEMPLATE
from robotvision.submissions.forms import form_of
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks.model import Task
from robotvision.writing import write_bytes

IMAGE = "python:3.12-slim"
"""Default image: it has Python and pip; the platform's own default is too old a Python."""
FINAL_DATA = "reference_data_final.zip"
PUBLIC_DATA = "public_data.zip"
MAX_TITLE = 36
"""Of a column: what the platform's data base takes; a longer one makes the whole upload fail."""
FINAL_PHASE = timedelta(days=30)
"""How long the platform has to score the submissions again."""
TITLES = {
    "points": ("Points", 3), "points_per_frame": ("Points a frame", 4),
    "answered": ("Answered share", 4), "right": ("Right of these", 4),
    "accepted": ("Accepted (1) or refused (0)", 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """What an organiser may choose.

    Parameters
    ----------
    title : str or None
        Of the competition; None: the task's.
    image : str
        Docker image of the scoring program.
    start, end : datetime or None
        Of the phase; without a start it is open at once, without an end for good.
    max_per_day, max_in_all : int
        Submissions a day, and in all, of a participant.
    terms : str or None
        Markdown; None: a few lines to replace.
    reveal : Reveal
        What a participant sees of a submission.
    points_step : float or None
        Points are rounded to it until the end; None: exact.
    public_share : float or None
        The share of the frames that is scored until the end, in (0, 1); None: all of them.
    public_seed : int
        Which visits these are.

    With one of the two before the last, a second phase follows, which scores the same submissions
    on all frames, exactly.
    """

    title: str | None = None
    image: str = IMAGE
    start: datetime | None = None
    end: datetime | None = None
    max_per_day: int = 5
    mode: str = "obligatory"
    terms: str | None = None
    max_in_all: int = 30
    reveal: Reveal = Reveal.TOTALS
    points_step: float | None = None
    public_share: float | None = None
    public_seed: int = 0

    @property
    def has_final_phase(self) -> bool:
        """Whether points are withheld until the end."""
        return self.points_step is not None or self.public_share is not None


def bundle(contest: Contest, options: Options | None = None) -> bytes:
    """Return the bundle as a zip file; the same arguments give the same bytes.

    Raises
    ------
    RobotVisionError
        A frame's truth cannot be written, the phase ends before it starts, or never and points are
        withheld until then.
    """
    options = options or Options()
    if options.start and options.end and options.end <= options.start:
        raise RobotVisionError(
            f"--end {options.end}: expected a moment after the start, {options.start}"
        )
    Disclosure(options.reveal, options.points_step)
    final = {}
    if options.has_final_phase:
        if options.end is None:
            raise RobotVisionError(
                "--round-points and --public-share hold until the end of the contest: give --end"
            )
        final[FINAL_DATA] = archive(reference_data(contest, options, is_final=True))
    if options.public_share is not None:
        public_part(contest, options.public_share, options.public_seed)
    return archive(
        final
        | {
            "competition.yaml": _yaml(competition(contest, options)),
            "logo.png": logo(),
            "pages/overview.md": _overview(contest, options).encode(),
            "pages/evaluation.md": _evaluation(contest, options).encode(),
            "pages/submission.md": _submission(contest).encode(),
            "pages/terms.md": (options.terms or TERMS).encode(),
            PUBLIC_DATA: archive(public_data(contest, options)),
            "scoring_program.zip": archive(scoring_program()),
            "reference_data.zip": archive(reference_data(contest, options)),
        }
    )


def write_bundle(path: Path, contest: Contest, options: Options | None = None) -> Path:
    """Write the bundle and return its path. Raises RobotVisionError."""
    return write_bytes(path, bundle(contest, options))


def competition(contest: Contest, options: Options) -> dict[str, Any]:
    """Return ``competition.yaml`` as plain data."""
    task = contest.task
    phases = _phases(options)
    tasks = [_task(task, 0, "reference_data.zip"), _task(task, 1, FINAL_DATA)][: len(phases)]
    return {
        "version": 2,
        "title": options.title or task.title or task.id,
        "description": task.question or f"Where is the robot? {task.id}",
        "image": "logo.png",
        "terms": "pages/terms.md",
        "docker_image": options.image,
        "registration_auto_approve": False,
        "make_programs_available": True,
        "enable_detailed_results": True,
        "show_detailed_results_in_submission_panel": True,
        "show_detailed_results_in_leaderboard": False,
        "pages": [
            {"title": "Overview", "file": "pages/overview.md"},
            {"title": "Evaluation", "file": "pages/evaluation.md"},
            {"title": "Submission", "file": "pages/submission.md"},
        ],
        "tasks": tasks,
        "phases": phases,
        "leaderboards": [
            {
                "title": "Results",
                "key": "main",
                "submission_rule": "Force_Best",
                "columns": _columns(list(contest.sets), options),
            }
        ],
    }


def _phases(options: Options) -> list[dict[str, Any]]:
    """Return the phase of the contest, and one behind it where points are withheld until then."""
    phase: dict[str, Any] = {
        "index": 0,
        "name": "Contest",
        "description": "Hand in run files; they are scored at once.",
        "start": _moment(options.start or datetime(2000, 1, 1)),
    }
    if options.end is not None:
        phase["end"] = _moment(options.end)
    phase |= {
        "max_submissions_per_day": options.max_per_day,
        "max_submissions": options.max_in_all,
        "execution_time_limit": 600,
        "accepts_only_result_submissions": True,
        "public_data": PUBLIC_DATA,
        "tasks": [0],
    }
    phases = [phase]
    if options.has_final_phase and options.end is not None:
        phases.append(
            phase
            | {
                "index": 1,
                "name": "Final",
                "description": "The submissions of the contest, scored on every frame, exactly.",
                "start": _moment(options.end),
                "end": _moment(options.end + FINAL_PHASE),
                "max_submissions_per_day": 1,
                "max_submissions": 1,
                "auto_migrate_to_this_phase": True,
                "tasks": [1],
            }
        )
    return phases


def _task(task: Task, index: int, data: str) -> dict[str, Any]:
    return {
        "index": index,
        "name": task.id if not index else f"{task.id}, final",
        "description": task.title or task.id,
        "scoring_program": "scoring_program.zip",
        "reference_data": data,
    }


def _columns(sets: Sequence[str], options: Options) -> list[dict[str, Any]]:
    keys = columns(len(sets), is_rounded=options.points_step is not None)
    titles = TITLES | {
        key: (f"Points {name}", 3)
        for key, name in zip(keys[len(keys) - len(sets) :], sets, strict=True)
        if len(sets) > 1
    }
    shown = [(key, *titles[key]) for key in keys]
    for title in (title for _, title, _ in shown if len(title) > MAX_TITLE):
        raise RobotVisionError(
            f"the column {title!r} has {len(title)} characters, and Codabench takes {MAX_TITLE}; "
            "give the test set a shorter name"
        )
    return [
        {"title": title, "key": key, "index": i, "sorting": "desc", "precision": digits}
        for i, (key, title, digits) in enumerate(shown)
    ]


def scoring_program() -> dict[str, bytes]:
    """Return the files of the scoring program."""
    text = (files("robotvision.contest.codabench") / "score.py").read_bytes()
    about = {
        "command": "python3 /app/program/score.py /app/input /app/output",
        "description": "Scores run files with robotvision.",
    }
    return {"metadata.yaml": _yaml(about), "score.py": text, WHEEL: wheel()}


def reference_data(
    contest: Contest, options: Options, *, is_final: bool = False
) -> dict[str, bytes]:
    """Return the task as it was settled, the truth of each test set, and how it is scored.

    ``is_final``: for the phase that scores every frame exactly.
    """
    for name in contest.sets:
        if "/" in name or "\\" in name:
            raise RobotVisionError(f"test set {name!r}: expected a name that can name a file")
    rules = settled_task(contest.task)
    about: dict[str, Any] = {"schema": 1, "sets": list(contest.sets), "mode": options.mode}
    about["reveal"] = options.reveal.name.lower()
    if contest.has_segments:
        about["segments"] = segment_lengths(contest)
    if not is_final and options.points_step is not None:
        about["points_step"] = options.points_step
    if not is_final and options.public_share is not None:
        about |= {"public_share": options.public_share, "public_seed": options.public_seed}
    tables = {f"{name}.csv": _truth(s) for name, s in contest.sets.items()}
    return {TASK: _yaml(rules), REFERENCE: json.dumps(about, indent=1).encode(), **tables}


def public_data(contest: Contest, options: Options) -> dict[str, bytes]:
    """Return the starting kit: what to rehearse by, a card to fill in, and how both are used.

    Frames that are not numbered 0, 1, 2, ... cannot be rehearsed by their count alone: then it has
    no ``release.yaml``.
    """
    times = {"opens": options.start, "closes": options.end}
    phase = {k: None if t is None else t.replace(tzinfo=UTC).isoformat() for k, t in times.items()}
    frames = {name: len(table) for name, table in contest.sets.items()}
    about = {
        "contest": options.title or contest.task.title or contest.task.id,
        "task": settled_task(contest.task),
        "modes": [options.mode],
        "test_sets": [{"name": name, "frames": n} for name, n in frames.items()],
        "phases": {"test": phase},
        "limits": {"runs": options.max_in_all, "per_day": options.max_per_day},
    }
    kit = {"card.yaml": TEMPLATE.encode(), "README.md": KIT.encode()}
    is_counted = all(
        np.array_equal(t.frames.indices, np.arange(len(t))) for t in contest.sets.values()
    )
    return kit | ({RELEASE: _yaml(about)} if is_counted else {})


def _truth(table: TruthTable) -> bytes:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["index", "room", *(["objects"] if table.has_objects else [])])
    for k, (index, code) in enumerate(zip(table.frames.indices, table.codes, strict=True)):
        if code < 0:
            raise RobotVisionError(
                f"{table.path}: frame {index} has no truth; a contest needs the truth of every "
                "frame"
            )
        row: list[Any] = [int(index), table.rooms[code]]
        if table.has_objects:
            row.append(";".join(o for o, s in zip(table.objects, table.seen[k], strict=True) if s))
        rows.writerow(row)
    return out.getvalue().encode()


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S")


def _yaml(data: Any) -> bytes:
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
    return str(text).encode()


KIT = """\
# Starting kit

    pip install robotvision
    robotvision pack --rehearse release.yaml run.txt

gives the verdict that your file will get here, word for word, and no points. A run file can be
handed in as it is, in a zip file; or packed with its description (fill in card.yaml):

    robotvision pack run.txt --task TASK --card card.yaml -o run.zip
"""
TERMS = """\
# Terms

*Organisers: replace this page.*

By taking part you agree to hand in only answers that your own system gave to the frames of the test
sequences, in the mode the contest names, and to have no person look at them before.
"""


def _overview(contest: Contest, options: Options) -> str:
    task = contest.task
    frames = ", ".join(f"{n}: {len(s):,} frames" for n, s in contest.sets.items())
    lines = [
        f"# {options.title or task.title or task.id}",
        "",
        task.question,
        "",
        f"* Task `{task.id}`, mode *{options.mode}*.",
        f"* Rooms: {', '.join(task.labels)}.",
        f"* Test sets: {frames}.",
    ]
    if task.objects:
        lines.append(f"* Objects: {', '.join(task.objects)}.")
    return "\n".join(lines) + "\n"


def _evaluation(contest: Contest, options: Options) -> str:
    task, room = contest.task, contest.task.points.room
    lines = [
        "# Evaluation",
        "",
        "| answer | points |",
        "| --- | ---: |",
        f"| right room | {room.correct:+g} |",
        f"| wrong room | {room.wrong:+g} |",
        f"| no answer | {room.unanswered:+g} |",
        "",
        f"An answer pays where it is right with probability above {room.break_even:.2f}. The "
        f"points of the room are {task.fact('points.room').status}.",
    ]
    if task.points.objects is not None:
        lines += ["", "| each object | in view | not in view |", "| --- | ---: | ---: |"]
        for key in ("stated_present", "stated_absent", "not_stated"):
            cell = getattr(task.points.objects, key)
            lines.append(f"| {key.replace('_', ' ')} | {cell.present:+g} | {cell.absent:+g} |")
    lines += [
        "",
        *_disclosed(options),
        "",
        "A run file with a fault is refused: it gets the least the frames could earn, "
        "*accepted* is 0, and its page lists every fault with its line.",
    ]
    return "\n".join(lines) + "\n"


def _disclosed(options: Options) -> list[str]:
    shown = {
        Reveal.TOTALS: "the points with a 95 % interval by room visit, and counts by outcome",
        Reveal.ROOMS: "the points with a 95 % interval, results by room and the confusion matrix",
        Reveal.FRAMES: "the points with a 95 % interval, the confusion matrix and the timeline",
    }[options.reveal]
    if options.points_step is not None:
        shown = "the points with a 95 % interval by room visit"
    lines = [f"The detailed results of a submission show {shown}."]
    if options.points_step is not None:
        lines += ["", f"Until the contest ends points are rounded to {options.points_step:g}."]
    if options.public_share is not None:
        lines += [
            "",
            f"Until the contest ends about {options.public_share:.0%} of the frames are scored, "
            "whole visits to a room; which ones is not said.",
        ]
    if options.has_final_phase:
        lines += ["", "Then the submissions on the leaderboard are scored on all frames, exactly."]
    return lines


def _submission(contest: Contest) -> str:
    task = contest.task
    return (
        "\n".join(
            [
                "# Submission",
                "",
                f"Hand in a zip file with {_what(list(contest.sets))}.",
                "",
                *_example(task),
                "",
                "Frames are named by their number. A missing line counts as no answer; a repeated "
                "or malformed line, or a label outside the task, refuses the file. Check it first:",
                "",
                f"    pip install robotvision\n    robotvision check --task {task.id} run.txt",
            ]
        )
        + "\n"
    )


def _what(sets: Sequence[str]) -> str:
    if len(sets) == 1:
        return "one run file, `run.txt`"
    return "one run file a test set: " + ", ".join(f"`{name}.txt`" for name in sets)


def _example(task: Task) -> list[str]:
    form, first = form_of(task), task.run_file.first_number
    return [
        "A line is one frame:",
        "",
        f"    {form.line(first, form.example)}",
        "",
        "A frame without an answer:",
        "",
        f"    {form.line(first, Answer(None))}",
    ]
