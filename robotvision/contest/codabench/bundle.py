"""A competition bundle for Codabench, version 2 of its form.

``competition.yaml`` names pages, a task a phase (scoring program and reference data, each an
archive of its own), phases, the fact sheet and the leaderboard. The scoring program carries this
package as a wheel, so that the contest is scored by the version that made the bundle even where no
registry can be reached. A bundle that the platform would not take is not written
(`robotvision.contest.codabench.form`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from robotvision.contest.codabench.archive import archive
from robotvision.contest.codabench.fact_sheet import fact_sheet
from robotvision.contest.codabench.form import COMPETITION, MAX_TITLE, is_address, require_taken
from robotvision.contest.codabench.logo import logo
from robotvision.contest.codabench.options import Options
from robotvision.contest.codabench.pages import TERMS, pages, starting_kit
from robotvision.contest.codabench.plan import AT_ONCE, CompetitionPlan, PlannedPhase, plan
from robotvision.contest.codabench.program import columns, set_key
from robotvision.contest.codabench.reference import reference_data, scoring_program
from robotvision.contest.file import ContestSetup
from robotvision.contest.leaderboard.contest import Contest
from robotvision.errors import RobotVisionError
from robotvision.writing import write_bytes
from robotvision.yamlfile import dump_yaml

__all__ = ["Options", "bundle", "competition", "write_bundle"]

PROGRAM, PUBLIC_DATA = "scoring_program.zip", "public_data.zip"
SECONDS = 600
"""A submission is scored in; some ten of them where libraries are fetched first."""
TITLES = {
    "points": ("Points", 3), "points_per_frame": ("Points a frame", 4),
    "answered": ("Answered share", 4), "right": ("Right of these", 4),
    "accepted": ("Accepted (1) or refused (0)", 0),
}  # fmt: skip


def bundle(contest: Contest | ContestSetup, options: Options | None = None) -> bytes:
    """Return the bundle as a zip file; the same arguments give the same bytes.

    Parameters
    ----------
    contest : Contest or ContestSetup
        A task with its truths; or a contest's file, whose title, phases, limits, and what is public
        are then those of the competition.
    options : Options, optional

    Raises
    ------
    RobotVisionError
        A frame's truth cannot be written, phases do not follow one another, points are withheld
        without an end, or the platform would not take it.
    """
    options = options or Options()
    made = plan(contest, options)
    texts = pages(made)
    contents = {
        COMPETITION: dump_yaml(competition(contest, options)).encode(),
        "logo.png": logo(),
        **{_page_file(title): text.encode() for title, text in texts.items()},
        _page_file("Terms"): (options.terms or TERMS).encode(),
        PUBLIC_DATA: archive(starting_kit(made)),
        PROGRAM: archive(scoring_program()),
        **{
            _data_file(i, phase): archive(reference_data(phase, made.options))
            for i, phase in enumerate(made.phases)
        },
    }
    require_taken(contents)
    return archive(contents)


def write_bundle(
    path: Path, contest: Contest | ContestSetup, options: Options | None = None
) -> Path:
    """Write the bundle and return its path; parameters and errors as `bundle`."""
    return write_bytes(path, bundle(contest, options))


def competition(contest: Contest | ContestSetup, options: Options) -> dict[str, Any]:
    """Return ``competition.yaml`` as plain data; parameters and errors as `bundle`."""
    made = plan(contest, options)
    task, options = made.task, made.options
    return {
        "version": 2,
        "title": made.title,
        "description": task.question or f"Where is the robot? {task.id}",
        "image": "logo.png",
        "terms": _page_file("Terms"),
        "docker_image": options.image,
        "registration_auto_approve": False,
        "make_programs_available": True,
        "enable_detailed_results": True,
        "show_detailed_results_in_submission_panel": True,
        "show_detailed_results_in_leaderboard": False,
        **({"contact_email": made.contact} if is_address(made.contact) else {}),
        "pages": [{"title": title, "file": _page_file(title)} for title in pages(made)],
        "fact_sheet": fact_sheet([options.mode]),
        "tasks": [_task(made, i) for i in range(len(made.phases))],
        "phases": [_phase(made, i) for i in range(len(made.phases))],
        "leaderboards": [
            {
                "title": "Results",
                "key": "main",
                "submission_rule": "Force_Best",
                "columns": _columns(made),
            }
        ],
    }


def _page_file(title: str) -> str:
    return f"pages/{title.lower()}.md"


def _data_file(index: int, phase: PlannedPhase) -> str:
    end = "_final" if phase.is_final else f"_{index + 1}" if index else ""
    return f"reference_data{end}.zip"


def _task(made: CompetitionPlan, index: int) -> dict[str, Any]:
    phase = made.phases[index]
    name = made.task.id if not index else f"{made.task.id}, {phase.name}"
    return {
        "index": index,
        "name": name,
        "description": made.task.title or made.task.id,
        "scoring_program": PROGRAM,
        "reference_data": _data_file(index, phase),
    }


def _phase(made: CompetitionPlan, index: int) -> dict[str, Any]:
    phase, options = made.phases[index], made.options
    about: dict[str, Any] = {
        "index": index,
        "name": phase.name,
        "description": "Hand in run files; they are scored at once.",
        "start": _moment(phase.opens or AT_ONCE),
    }
    if phase.closes is not None:
        about["end"] = _moment(phase.closes)
    about |= {
        "max_submissions_per_day": options.max_per_day,
        "max_submissions": options.max_in_all,
        "execution_time_limit": SECONDS,
        "accepts_only_result_submissions": True,
        "public_data": PUBLIC_DATA,
        "tasks": [index],
    }
    if phase.is_final:
        about |= {
            "description": "The submissions of the contest, scored on every frame, exactly.",
            "max_submissions_per_day": 1,
            "max_submissions": 1,
            "auto_migrate_to_this_phase": True,
        }
    return about


def _moment(when: datetime) -> str:
    """Return a moment in UTC as text: the platform drops a time zone."""
    return when.strftime("%Y-%m-%d %H:%M:%S")


def _columns(made: CompetitionPlan) -> list[dict[str, Any]]:
    shown = [(key, *TITLES[key]) for key in columns(made.options.points_step is not None)]
    shown += [
        (set_key(phase.first_set + i), f"Points {name}", 3)
        for phase in made.phases
        if not phase.is_final
        for i, name in enumerate(phase.set_columns)
    ]
    for title in (title for _, title, _ in shown if len(title) > MAX_TITLE):
        raise RobotVisionError(
            f"the column {title!r} has {len(title)} characters, and Codabench takes {MAX_TITLE}; "
            "give the test set a shorter name"
        )
    return [
        {"title": title, "key": key, "index": i, "sorting": "desc", "precision": digits}
        for i, (key, title, digits) in enumerate(shown)
    ]
