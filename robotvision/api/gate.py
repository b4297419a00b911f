"""Whether a run is good enough: requirements and a baseline, each pass, fail or cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from robotvision.api.arguments import PathLike
from robotvision.api.run import Run, read_run
from robotvision.config.requirement import Requirement, parse_requirement
from robotvision.errors import RobotVisionError
from robotvision.report.html.compare import shared_frames
from robotvision.report.html.payload import align
from robotvision.report.requirements import (
    GateVerdict,
    RequirementResult,
    RunFigures,
    check_requirements,
    refuse_missing,
)
from robotvision.report.summary import latency_columns
from robotvision.report.verdicts import junit, markdown
from robotvision.scoring.intervals import p_text
from robotvision.timing.compare import require_same_points

MARGIN = 0.05
"""Points a frame: a loss that the data may leave open for a run that is no worse to pass."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdicts on a run.

    Parameters
    ----------
    run : str
        The run's folder.
    results : tuple of RequirementResult
        On each requirement, then on the comparison with the baseline.
    """

    run: str
    results: tuple[RequirementResult, ...]

    @property
    def verdict(self) -> GateVerdict:
        """Fail where one failed, else cannot tell where one cannot, else pass."""
        return GateVerdict.worst([r.verdict for r in self.results])

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 cannot tell."""
        return self.verdict.exit_code

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what ``robotvision gate --json`` prints."""
        return {
            "schema": 1,
            "run_dir": self.run,
            "verdict": str(self.verdict),
            "exit_code": self.exit_code,
            "requirements": [r.as_dict() for r in self.results],
        }

    def junit(self) -> str:
        """Return the verdicts as JUnit's XML."""
        return junit(self.run, self.to_dict()["requirements"])

    def markdown(self) -> str:
        """Return the verdicts as a table in Markdown."""
        return markdown(self.run, self.to_dict()["requirements"])


def gate(
    run: Run | PathLike,
    require: Iterable[str] = (),
    *,
    against: Run | PathLike | None = None,
    margin: float = MARGIN,
) -> Gate:
    """Say whether a run meets requirements, and whether it is no worse than a baseline.

    Parameters
    ----------
    run : Run or path
    require : iterable of str
        As ``points >= 0.7`` or ``latency.total.p99_ms <= 33``; none: those of the run's own
        configuration. See `robotvision.report.requirements`.
    against : Run or path, optional
        A baseline on the same frames. The run fails where it is worse beyond chance (the 95 %
        interval of the difference, paired by room visit, lies below 0), and passes where it is not
        and the interval leaves out a loss of more than ``margin``.
    margin : float
        Points a frame, at least 0.

    Raises
    ------
    RobotVisionError
        A requirement is of a wrong form, the run has no such figure, nothing is required, or the
        runs do not compare.
    """
    loaded = run if isinstance(run, Run) else read_run(run)
    texts = list(require) or loaded.record.about.get("config", {}).get("require", [])
    wanted = [parse_requirement(text) for text in texts]
    if not (wanted or against is not None):
        raise RobotVisionError(
            f"{loaded.report['run_dir']}: nothing is required of it: give --require or --against, "
            "or run it with 'require:' in its configuration"
        )
    if not (margin >= 0 and np.isfinite(margin)):
        raise RobotVisionError(f"margin: expected points a frame of at least 0, got {margin:g}")
    results = _required(loaded, wanted)
    if against is not None:
        baseline = against if isinstance(against, Run) else read_run(against)
        results.append(_no_worse(loaded, baseline, margin))
    return Gate(loaded.report["run_dir"], tuple(results))


def _required(run: Run, wanted: list[Requirement]) -> list[RequirementResult]:
    columns = run.columns
    latencies = latency_columns(columns.frames)
    figures = RunFigures(columns.data, columns.task, columns.table, latencies)
    results = check_requirements(wanted, figures)
    refuse_missing([r.as_dict() for r in results])
    return results


def _no_worse(run: Run, baseline: Run, margin: float) -> RequirementResult:
    """Return whether a run is no worse than another on the same frames."""
    name = baseline.report["run_dir"]
    require_same_points(run.report["run_dir"], run.record, name, baseline.record)
    compared = run.compare(baseline)
    difference, n = compared.difference, compared.frames
    value = difference.estimate / n
    low, high = (None if e is None else e / n for e in (difference.low, difference.high))
    shown = f"{value:+.3f} points a frame"
    if low is not None and high is not None:
        shown += f" (95 % interval {low:.3f} to {high:.3f})"
    words = [f"{shown} on {n} frames of {compared.visits} visits"]
    if not all(r.record.finished for r in (run, baseline)):
        verdict = GateVerdict.CANNOT_TELL
        words.append("a run did not come to its end")
    elif _earned_alike(run, baseline):
        verdict = GateVerdict.PASS
        words.append("every frame earned the same")
    elif low is None or high is None:
        verdict = GateVerdict.CANNOT_TELL
    elif high < 0:
        verdict = GateVerdict.FAIL
        words.append(f"worse beyond chance, p = {p_text(difference.p or 0.0)}")
    elif low >= -margin:
        verdict = GateVerdict.PASS
    else:
        verdict = GateVerdict.CANNOT_TELL
        words.append(f"a loss of more than the margin of {margin:g} is not ruled out")
    words += [difference.caution, *compared.notes]
    reason = "; ".join(filter(None, words))
    return RequirementResult(f"no worse than {name}", verdict, value, low, high, reason)


def _earned_alike(run: Run, baseline: Run) -> bool:
    """Return whether both earned the same on every frame that both have."""
    runs = [run.columns, baseline.columns]
    first, second = shared_frames(runs, align(runs))[0]
    return bool(np.array_equal(runs[0].points[first], runs[1].points[second]))
