"""How long a test must be to tell systems apart."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.api.arguments import path_of, sequences_of, task_of
from robotvision.api.run import Run, read_run
from robotvision.arrays import Ints
from robotvision.errors import RobotVisionError
from robotvision.report.html.compare import shared_bounds, shared_frames
from robotvision.report.html.payload import align
from robotvision.scoring.blocks import visits
from robotvision.scoring.power import MOST_VISITS, VisitDesign, assumed_design, measured_design
from robotvision.scoring.ranks import POWER
from robotvision.timing.compare import require_same_points

MOST_SYSTEMS = 100


@dataclass(frozen=True, slots=True)
class TellingApart:
    """What a test tells apart. None: it was not asked for, or it is withheld.

    Parameters
    ----------
    power : float or None
        How likely the difference asked for is told.
    smallest_difference : float or None
        Points a frame that are told four times in five.
    visits_needed : int or None
        To tell the difference asked for four times in five.
    withheld : dict of list of str
        Why, by the name of each figure that cannot be promised, or does not exist.
    """

    power: float | None
    smallest_difference: float | None
    visits_needed: int | None
    withheld: dict[str, list[str]]

    @property
    def reasons(self) -> list[str]:
        """Why figures are withheld, each reason once."""
        return list(dict.fromkeys(line for lines in self.withheld.values() for line in lines))


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """What can be expected of a test.

    Parameters
    ----------
    visits, systems : int
    difference : float or None
        Points a frame.
    design : VisitDesign
    basis : str
        Where the design comes from, in words.
    two, among_all : TellingApart
        Two systems alone; one that is better than all others, which are alike, after all
        comparisons (the same for two).
    likeliest : bool
        Figures that cannot be promised are given, too.
    """

    visits: int
    systems: int
    difference: float | None
    design: VisitDesign
    basis: str
    two: TellingApart
    among_all: TellingApart
    likeliest: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what ``robotvision plan --json`` prints."""
        return {
            "schema": 1,
            "visits": self.visits,
            "systems": self.systems,
            "difference": self.difference,
            "design": self.design.to_dict(),
            "basis": self.basis,
            "two": asdict(self.two),
            "among_all": asdict(self.among_all),
            "promised_power": POWER,
            "likeliest": self.likeliest,
            "kept": self.design.kept,
            "cautions": list(dict.fromkeys([*self.two.reasons, *self.among_all.reasons])),
        }


def plan(
    *,
    visits: int | None = None,
    systems: int = 2,
    difference: float | None = None,
    like: Any = (),
    right: float = 0.75,
    task: Any = "rooms",
    likeliest: bool = False,
) -> PlannedTest:
    """Return what a test of so many room visits can tell.

    Parameters
    ----------
    visits : int, optional
        At least 2; else those of ``like``.
    systems : int
        That are compared, 2 to 100.
    difference : float, optional
        That is to be told, in points a frame.
    like : Run, path or list of them, optional
        An earlier run, two runs on the same frames, or a sequence with its truth: what visits are
        like. A sequence gives their lengths alone.
    right : float
        Share of the frames that systems will answer rightly, where no run says more.
    task : str, path or Task
        Its points for a right and a wrong room, where no run says more.
    likeliest : bool
        Give the likeliest figures where none can be promised.

    Raises
    ------
    RobotVisionError
        A number is out of range, or ``like`` holds too few visits.
    """
    if not 2 <= systems <= MOST_SYSTEMS:
        raise RobotVisionError(f"systems: expected 2 to {MOST_SYSTEMS}, got {systems}")
    if not 0 < right < 1:
        raise RobotVisionError(f"right: expected a share between 0 and 1, got {right:g}")
    if difference is not None and not (difference > 0 and np.isfinite(difference)):
        raise RobotVisionError(f"difference: expected points above 0, got {difference:g}")
    given = [like] if isinstance(like, Run | str | os.PathLike) else list(like)
    design, n, basis = _design(given, right, task)
    n = n if visits is None else visits
    if n is None:
        raise RobotVisionError("plan: give --visits, or --like a run or a sequence that has some")
    if n < 2:
        raise RobotVisionError(f"visits: expected at least 2, got {n}")
    if difference is not None and difference > design.most:
        raise RobotVisionError(
            f"difference: systems right in {design.model.right:.1%} of the frames can be bettered "
            f"by at most {design.most:.3g} points a frame, got {difference:g}"
        )
    two = _telling(design, n, 2, difference)
    among_all = two if systems == 2 else _telling(design, n, systems, difference)
    if not likeliest:
        two, among_all = _promised(two), _promised(among_all)
    return PlannedTest(n, systems, difference, design, basis, two, among_all, likeliest)


def _telling(
    design: VisitDesign, visits: int, systems: int, difference: float | None
) -> TellingApart:
    """Return the likeliest figures, and why they would be withheld."""
    smallest = design.smallest_difference(visits, systems)
    withheld = {"smallest_difference": design.doubts(visits, smallest)}
    if smallest is None:
        withheld["smallest_difference"].append(
            f"a system that wins all is {design.most:.3g} points a frame better, and not even that "
            f"is told in {POWER:.0%} by {visits} visits: more are needed"
        )
    power, needed = None, None
    if difference is not None:
        power = design.power(difference, visits, systems)
        needed = design.visits_needed(difference, systems)
        withheld["power"] = design.doubts(visits, difference)
        withheld["visits_needed"] = design.doubts(needed or MOST_VISITS, difference)
        if needed is None:
            withheld["visits_needed"].append(
                f"{difference:g} points a frame are not told in {POWER:.0%} by a million visits"
            )
    return TellingApart(power, smallest, needed, {k: v for k, v in withheld.items() if v})


def _promised(figures: TellingApart) -> TellingApart:
    """Return figures without those that are withheld."""
    none: dict[str, Any] = dict.fromkeys(figures.withheld)
    return replace(figures, **none)


def _design(given: list[Any], right: float, task: Any) -> tuple[VisitDesign, int | None, str]:
    """Return the design, the visits that it comes from, and in words what it rests on."""
    if given and all(map(_is_run, given)):
        return _of_runs([r if isinstance(r, Run) else read_run(r) for r in given])
    gap = _gap(task)
    words = f"systems right in {right:.0%} of the frames, {gap:g} points between right and wrong"
    if not given:
        return assumed_design(right, gap), None, f"assumed: {words}, visits of geometric lengths"
    if len(given) > 1:
        raise RobotVisionError("like: expected one run, two runs, or one sequence")
    lengths = _lengths(given[0])
    return assumed_design(right, gap, lengths), len(lengths), f"assumed: {words}, visits as there"


def _is_run(given: Any) -> bool:
    if isinstance(given, Run):
        return True
    path = path_of("like", given, "a run or a sequence")
    return path.suffix == ".jsonl" or (path / "run.jsonl").exists()


def _of_runs(runs: list[Run]) -> tuple[VisitDesign, int, str]:
    if len(runs) > 2:
        raise RobotVisionError(f"like: expected one run or two, got {len(runs)}")
    columns = [run.columns for run in runs]
    names = [str(run.report["run_dir"]) for run in runs]
    if len(runs) == 2:
        require_same_points(names[0], runs[0].record, names[1], runs[1].record)
    at, _ = shared_frames(columns, align(columns))
    if not len(at[0]):
        raise RobotVisionError(f"like: {' and '.join(names)} share no frame with a known truth")
    earned = np.stack([c.points[i] for c, i in zip(columns, at, strict=True)], 1)
    blocks = columns[0].visit[at[0]]
    design = measured_design(earned, blocks, shared_bounds(columns, at))
    n = len(np.unique(blocks))
    words = "the differences of" if len(runs) == 2 else "how the points vary in"
    return design, n, f"measured: {words} {' and '.join(names)}, {n} visits"


def _lengths(given: Any) -> Ints:
    """Return the frames of each room visit of a sequence. Raises RobotVisionError."""
    (sequence,) = sequences_of("like", given)
    rooms: dict[str | None, int] = {None: -1}
    room = np.array([rooms.setdefault(sequence.room(k), len(rooms)) for k in range(len(sequence))])
    is_known = room >= 0
    segment = np.array([f.segment for f in sequence.frames])
    blocks = visits(np.zeros(len(room), np.int64), segment, room)[is_known]
    sizes = np.unique(blocks, return_counts=True)[1]
    if len(sizes) < 2:
        raise RobotVisionError(
            f"{Path(sequence.root)}: expected at least 2 room visits with a known truth, got "
            f"{len(sizes)}"
        )
    return sizes


def _gap(task: Any) -> float:
    worth = task_of(task).points.room
    return float(worth.correct - worth.wrong)
