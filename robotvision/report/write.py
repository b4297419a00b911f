"""Write what follows from the log into the run folder, and print it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich.console import Console

from robotvision.records import SILENCE
from robotvision.report.console import out, styles, titled
from robotvision.report.degradation import degradation_table
from robotvision.report.html.page import write_html
from robotvision.report.requirements import refuse_missing
from robotvision.report.summary import report
from robotvision.report.terminal import headline, print_brief, print_report
from robotvision.report.verdicts import print_verdicts, verdict_of
from robotvision.runs.folder import RunResult, write_text
from robotvision.submissions.runfile import write_run_file

Rows = Sequence[Mapping[str, Any]]
Detail = Literal["headline", "brief", "tables"]


def write_reports(run: RunResult, lost: Rows | None = None) -> dict[str, Any]:
    """Write the run files, ``report.json`` and ``report.html`` of a run; return the report.

    Parameters
    ----------
    run : RunResult
        With a folder.
    lost : rows, optional
        The degradation table of a run with sensor faults.

    Raises
    ------
    RobotVisionError
        A file cannot be written.
    """
    data = _report(run, lost)
    _write_all(run, data)
    return data


def _report(run: RunResult, lost: Rows | None) -> dict[str, Any]:
    data = report(run)
    return data if lost is None else data | {"degradation": list(lost)}


def _write_all(run: RunResult, data: dict[str, Any]) -> None:
    write_run_files(run)
    write_summary(run, data)
    write_html(run.folder)
    hand_over(run, data)


def hand_over(run: RunResult, data: dict[str, Any]) -> None:
    """Hand the report to those that watched the run; what one raises on it is added to it."""
    failed = run.close(run.folder, data)
    if failed:
        data["warnings"] = [*data["warnings"], *(notice.as_dict() for notice in failed)]
        write_summary(run, data)


def write_run_files(run: RunResult) -> None:
    """Write the answers as the task's run file: ``run.txt``, or ``run-<set>.txt`` for each set."""
    first = run.task.run_file.first_number
    for name in dict.fromkeys(s.set for s in run.record.sequences):
        frames = [f for s in run.record.sequences if s.set == name for f in s.frames]
        file_name = "run.txt" if len(run.tallies) == 1 else f"run-{name}.txt"
        rows = [(f.index + first, f.timed.answer or SILENCE) for f in frames]
        write_run_file(run.folder / file_name, run.task, rows)


def write_summary(run: RunResult, data: Mapping[str, Any]) -> None:
    """Write ``report.json``."""
    text = json.dumps(data, indent=1, ensure_ascii=False)
    write_text(run.folder / "report.json", text + "\n")


def finish(
    run: RunResult,
    *,
    as_json: bool,
    errors: Console,
    lost: Rows | None = None,
    detail: Detail = "brief",
) -> int:
    """Print the report of a run, write its files, return the exit code; ``lost`` as above.

    It is printed first, so that a full disk loses no points; its files are written whatever
    becomes of the print, as where a pipe is closed. ``detail``: the headline alone, with
    confusions, latency and warnings, or with all tables; always the verdicts on what the
    configuration requires. The exit code is 1 where something failed, else that of the verdicts.

    Raises
    ------
    RobotVisionError
        A file cannot be written, or a figure is required that the run does not have.
    """
    data = _report(run, lost)
    try:
        _print(run, data, as_json=as_json, detail=detail, lost=lost)
    finally:
        _write_all(run, data)
    if run.stopped:
        errors.print(
            f"stopped; go on with: robotvision run --resume {run.folder}",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    required = data.get("requirements", [])
    refuse_missing(required)
    return 1 if run.has_failures else verdict_of(required).exit_code


def _print(
    run: RunResult, data: Mapping[str, Any], *, as_json: bool, detail: Detail, lost: Rows | None
) -> None:
    if as_json:
        print(json.dumps(data, ensure_ascii=False))
    elif detail == "headline":
        out().print(headline(data, run.task))
    else:
        console = out()
        if detail == "tables":
            print_report(console, data, run.task, run.tallies)
        else:
            print_brief(console, data, run.task)
        if lost is not None:
            table = degradation_table(lost)
            console.print()
            console.print(
                titled(table, styles("bold" if r["fault"] == "all" else "" for r in lost))
            )
        _print_whereabouts(console, run, detail)
    if not as_json:
        print_verdicts(out(), data.get("requirements", []))
    sys.stdout.flush()


def _print_whereabouts(console: Console, run: RunResult, detail: Detail) -> None:
    """Print where the run is, and where to look on."""
    page = run.folder / "report.html"
    more = "" if detail == "tables" else "   (-v prints the tables)"
    for text in (f"run folder: {run.folder}", f"look at {page}{more}"):
        console.print(text, style="dim", highlight=False, soft_wrap=True)
