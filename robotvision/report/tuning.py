"""What ``robotvision tune`` found, for the terminal and as a configuration file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from robotvision.config.experiment import Experiment
from robotvision.recogniser.tuning.search import Candidate, Tuned, best_config, plain
from robotvision.report.console import grid
from robotvision.report.table import Table, columns
from robotvision.writing import write_text
from robotvision.yamlfile import dump_yaml, load

SHOWN = 20


def as_data(tuned: Tuned) -> dict[str, Any]:
    """Return the search as plain data, the best candidate first."""
    rows = []
    for candidate in tuned.candidates:
        row: dict[str, Any] = {key: plain(v) for key, v in candidate.chosen.items()}
        if candidate.problem:
            rows.append({**row, "problem": candidate.problem})
            continue
        about, behind = tuned.interval(candidate), tuned.behind(candidate)
        rows.append(
            {
                **row,
                "points_per_frame": round(candidate.per_frame, 6),
                "interval": [about.low, about.high],
                "caution": about.caution,
                "behind": round(behind.estimate, 6),
                "is_separable": behind.excludes_zero,
                "correct": candidate.correct,
                "answered": candidate.answered,
            }
        )
    return {
        "schema": 1,
        "held_out": tuned.unit,
        "splits": tuned.n_splits,
        "frames": tuned.frames,
        "not_asked": tuned.not_asked,
        "rooms_asked": dict(tuned.rooms_asked),
        "rooms_not_asked": list(tuned.rooms_not_asked),
        "tried": tuned.tried,
        "of": tuned.of,
        "candidates": rows,
    }


def print_tuned(console: Console, tuned: Tuned) -> None:
    """Print the best candidates and what the figures stand for."""
    console.print(grid(candidates_table(tuned)))
    hidden = tuned.tried - SHOWN
    if hidden > 0:
        console.print(f"and {hidden} more; --json shows all", style="dim")
    failed = [c for c in tuned.candidates if c.problem]
    if failed:
        console.print(f"{len(failed)} could not be tried; the first: {failed[0].problem}")
    asked = ", ".join(f"{room} {n}" for room, n in tuned.rooms_asked.items())
    console.print(
        f"Held out: {tuned.unit}, {tuned.n_splits} splits, {tuned.frames} frames asked about "
        f"({asked})"
        + (
            f", {tuned.not_asked} never (no other part shows their room, or too few)"
            if tuned.not_asked
            else ""
        )
        + (
            f"; rooms never asked about: {', '.join(tuned.rooms_not_asked)}"
            if tuned.rooms_not_asked
            else ""
        )
        + f". Intervals are by room visit. ≈: cannot be told from the best. The best of "
        f"{tuned.tried} looks a little better than it is."
    )
    if tuned.tried < tuned.of:
        console.print(f"Stopped: {tuned.tried} of {tuned.of} candidates were tried.")


def candidates_table(tuned: Tuned) -> Table:
    """Return the best candidates with what they reach on held-out frames."""
    keys = list(tuned.best.chosen)
    return Table(
        "Candidates",
        [
            *columns("points/frame", "95 %", "behind", "right", "answered", n_text=0),
            *columns(*keys, n_text=len(keys)),
        ],
        [
            [*_figures(tuned, candidate), *(_short(candidate.chosen[k]) for k in keys)]
            for candidate in tuned.candidates[:SHOWN]
        ],
        "candidates",
    )


def _figures(tuned: Tuned, candidate: Candidate) -> list[str]:
    if candidate.problem:
        return ["failed", "", "", "", ""]
    behind = ""
    if candidate is not tuned.best:
        lost = tuned.behind(candidate)
        behind = f"{lost.estimate:.3f}" + (" " if lost.excludes_zero else "≈")
    return [
        f"{candidate.per_frame:.3f}",
        tuned.interval(candidate).text(3),
        behind,
        f"{candidate.correct:.1%}",
        f"{candidate.answered:.1%}",
    ]


def _short(value: Any) -> str:
    """Return a value in few words: ``svm kernel=chi2 C=10``, ``phog + crfh``."""
    value = plain(value)
    if value is None:
        return "none"
    if isinstance(value, list):
        return " + ".join(_short(v) for v in value)
    if isinstance(value, dict):
        name = str(value.pop("name", ""))
        rest = (
            f"{k}={json.dumps(v) if isinstance(v, list | dict) else v}" for k, v in value.items()
        )
        return " ".join([name, *rest]).strip() or "default"
    return str(value)


def write_best(path: Path, setup: Experiment, tuned: Tuned) -> None:
    """Write the configuration with the best candidate in it; replaced once it is whole.

    Sequences keep their paths where the file lies in the same folder, else they become absolute.

    Raises
    ------
    RobotVisionError
        The file cannot be written.
    """
    data = dict(load(setup.path).data)
    data.pop("tune", None)
    if path.parent.resolve() != setup.path.parent.resolve():
        resolved = setup.resolved()
        data |= {k: resolved[k] for k in ("train", "test", "task") if k in data}
    data |= best_config(setup.config, tuned)
    about = tuned.interval(tuned.best)
    head = (
        f"# The best of {tuned.tried} candidates by robotvision tune on {setup.path.name}:\n"
        f"# {about.estimate:.3f} points a frame ({about.text(3)}) on held-out training frames "
        f"({tuned.unit}).\n"
    )
    write_text(path, head + dump_yaml(data))
