"""Write what follows from the log into the run folder, and print it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from robotvision.records import SILENCE
from robotvision.report.console import out, styles, titled
from robotvision.report.degradation import degradation_table
from robotvision.report.html.page import write_html
from robotvision.report.requirements import refuse_missing
from robotvision.report.summary import report
from robotvision.report.terminal import headline, print_report
from robotvision.report.verdicts import print_verdicts, verdict_of
from robotvision.runs.folder import RunResult, write_text
from robotvision.submissions.runfile import write_run_file

Rows = Sequence[Mapping[str, Any]]


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
    is_quiet: bool = False,
) -> int:
    """Print the report of a run, write its files, return the exit code; ``lost`` as above.

    It is printed first, so that a full disk loses no points; its files are written whatever
    becomes of the print, as where a pipe is closed. ``is_quiet``: of the printed report the
    headline and the verdicts on what the configuration requires. The exit code is 1 where
    something failed, else that of the verdicts.

    Raises
    ------
    RobotVisionError
        A file cannot be written, or a figure is required that the run does not have.
    """
    data = _report(run, lost)
    try:
        _print(run, data, as_json=as_json, is_quiet=is_quiet, lost=lost)
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
    run: RunResult, data: Mapping[str, Any], *, as_json: bool, is_quiet: bool, lost: Rows | None
) -> None:
    if as_json:
        print(json.dumps(data, ensure_ascii=False))
    elif is_quiet:
        out().print(headline(data, run.task))
    else:
        console = out()
        print_report(console, data, run.task, run.tallies)
        if lost is not None:
            table = degradation_table(lost)
            console.print()
            console.print(
                titled(table, styles("bold" if r["fault"] == "all" else "" for r in lost))
            )
        console.print(f"run folder: {run.folder}", style="dim", highlight=False, soft_wrap=True)
    if not as_json:
        print_verdicts(out(), data.get("requirements", []))
    sys.stdout.flush()
