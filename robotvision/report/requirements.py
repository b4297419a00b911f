"""Whether a run meets what is required of it: pass, fail, or cannot tell.

* **Points** (``points`` is a frame's; ``points_total``, ``points_share`` and ``accuracy`` beside
  it) have a 95 % interval by room visit. All of it on one side of the limit decides.
* **Latencies** (``latency.STAGE.p99_ms``) have an interval between two order statistics, whatever
  their law (`robotvision.timing.quantiles.quantile_interval`); none passes on fewer frames than
  support the quantile, or on a machine that failed its checks.
* Every other number of ``report.json`` is a fact of this run, and is compared as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from robotvision.config.requirement import OF_LATENCY, OF_POINTS, Requirement
from robotvision.errors import RobotVisionError, near
from robotvision.report.table import number
from robotvision.scoring.estimates import points_interval
from robotvision.scoring.intervals import Interval, interval
from robotvision.scoring.table import CORRECT, FrameTable
from robotvision.tasks.model import Task
from robotvision.timing.checks import recorded_checks
from robotvision.timing.quantiles import (
    frames_needed,
    is_supported,
    parse_quantile,
    quantile,
    quantile_interval,
)

_LATENCY = re.compile(
    r"latency(?P<raw>_ns)?\.(?P<stage>.+)\.(?P<of>p\d+(?:\.\d+)?|max)(?P<ms>_ms)?"
)
_SET = "sets."


class GateVerdict(StrEnum):
    """What can be said of a requirement; each has an exit code of its own."""

    PASS = "pass"
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"

    @property
    def exit_code(self) -> int:
        """0, 1 or 3; 2 is bad input."""
        return {GateVerdict.PASS: 0, GateVerdict.FAIL: 1, GateVerdict.CANNOT_TELL: 3}[self]

    @classmethod
    def worst(cls, verdicts: Sequence[GateVerdict]) -> GateVerdict:
        """Return fail where one failed, else cannot tell where one cannot, else pass."""
        order = (cls.FAIL, cls.CANNOT_TELL, cls.PASS)
        return min(verdicts, key=order.index, default=cls.PASS)


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """The verdict on one requirement, and what it rests on.

    Parameters
    ----------
    requirement : str
        As stated.
    verdict : GateVerdict
    value : float or None
        The figure; None where the run has none.
    low, high : float or None
        Its 95 % interval; None: an end that cannot be given, or a figure that is a fact.
    reason : str
        One line: the figure, its interval and what else decided.
    is_missing : bool
        Whether the run has no such figure at all.
    """

    requirement: str
    verdict: GateVerdict
    value: float | None
    low: float | None
    high: float | None
    reason: str
    is_missing: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self) | {"verdict": str(self.verdict)}


@dataclass(frozen=True, slots=True)
class RunFigure:
    """One figure of a run.

    Parameters
    ----------
    value : float or None
    low, high : float or None
        As in `RequirementResult`.
    unit : str
        What follows the number, with its blank: ``" ms"``.
    is_exact : bool
        Whether it is a fact of this run, and not an estimate of more.
    void : str
        Why nothing can be said of it; empty: nothing speaks against it.
    unsupported : str
        Why nothing can pass by it; empty: something can.
    note : str
        What else a reader must know.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    is_exact: bool = False
    void: str = ""
    unsupported: str = ""
    note: str = ""

    def text(self) -> str:
        """Return the number, its unit and its interval."""
        if self.value is None:
            return "no value"
        shown = f"{_short(self.value)}{self.unit}"
        if self.is_exact:
            return shown
        low, high = ("?" if end is None else _short(end) for end in (self.low, self.high))
        return f"{shown} (95 % interval {low} to {high})"


class RunFigures:
    """The figures of a run, by the keys that requirements name them by.

    Parameters
    ----------
    data : Mapping
        What ``report.json`` holds.
    task : Task
    table : FrameTable
        Scored.
    latency_ns : Mapping[str, sequence of int]
        By stage, as `robotvision.report.summary.latency_columns` gives them.
    """

    def __init__(
        self,
        data: Mapping[str, Any],
        task: Task,
        table: FrameTable,
        latency_ns: Mapping[str, Sequence[int]],
    ) -> None:
        self.data, self.task, self.table, self.latency_ns = data, task, table, latency_ns

    @cached_property
    def failed_checks(self) -> str:
        """What speaks against the machine that took the latencies; empty: nothing does."""
        failed = [f"{c.name} ({c.message})" for c in recorded_checks(self.data) if c.ok is False]
        return f"the machine failed its checks: {'; '.join(failed)}" if failed else ""

    def get(self, key: str) -> RunFigure:
        """Return a figure. Raises RobotVisionError where the run has none of that key."""
        name, rest = self._set_of(key)
        if rest in OF_POINTS:
            return self._points(name, rest)
        if key.partition(".")[0] in (OF_LATENCY, "latency_ns"):
            return self._latency(key)
        value = self._at(key)
        return RunFigure(None if value is None else float(value), is_exact=True)

    def _set_of(self, key: str) -> tuple[str | None, str]:
        """Return the test set that a key names and what of it, or None and the whole key."""
        for name in self.data["sets"]:
            if key.startswith(f"{_SET}{name}."):
                return name, key.removeprefix(f"{_SET}{name}.")
        return None, key

    def _points(self, name: str | None, what: str) -> RunFigure:
        sets = list(self.data["sets"])
        if name is None and len(sets) > 1 and self.task.overall == "separate":
            raise RobotVisionError(
                f"{what}: the task {self.task.id} keeps its test sets apart; require "
                f"{' and '.join(f'sets.{s}.{what}' for s in sets)}"
            )
        part = self.table.of_sets(sets if name is None else [name])
        known = part.select(part.is_known)
        if not len(known):
            raise RobotVisionError(f"{what}: no frame is scored, for the truth is withheld")
        if what == "accuracy":
            estimated = interval(
                np.where(known.outcome == CORRECT, 1.0, 0.0), known.visit, bounds=(0, 1)
            )
            return _scaled(estimated, 1 / len(known), "")
        estimated = points_interval(part, self.task)
        if what == "points_total":
            return _scaled(estimated, 1.0, " points")
        if what == "points_share":
            most = (self.data if name is None else self.data["sets"][name])["max_points"]
            return _scaled(estimated, 1 / most, " of the maximum")
        return _scaled(estimated, 1 / len(part), " points a frame")

    def _latency(self, key: str) -> RunFigure:
        form = _LATENCY.fullmatch(key)
        if form is None or bool(form["raw"]) == bool(form["ms"]):
            raise RobotVisionError(
                f"{key}: expected a stage and a quantile, as latency.total.p99_ms"
            )
        stage, of = form["stage"], form["of"]
        if stage not in self.latency_ns:
            raise RobotVisionError(
                f"{key}: the run has no stage {stage!r}{near(stage, self.latency_ns)}; it has: "
                f"{', '.join(self.latency_ns) or 'no latencies'}"
            )
        ordered = np.sort(np.asarray(self.latency_ns[stage], np.int64))
        scale, unit = (1e-6, " ms") if form["ms"] else (1.0, " ns")
        if of == "max":
            value, void = float(ordered[-1]) * scale, self.failed_checks
            return RunFigure(value, unit=unit, is_exact=True, void=void)
        q, n = parse_quantile(of), len(ordered)
        low, high = (None if e is None else e * scale for e in quantile_interval(ordered, q))
        few = ""
        if q > 0.5 and not is_supported(n, q):
            few = f"{n} frames cannot support {of} (needs {frames_needed(q)})"
        value = quantile(ordered, q) * scale
        return RunFigure(value, low, high, unit, void=self.failed_checks, unsupported=few)

    def _at(self, key: str) -> float | None:
        """Return a number of the report by its dotted key; keys may hold dots themselves."""
        node: Any = self.data
        rest = key.split(".")
        while rest:
            names = list(node) if isinstance(node, Mapping) else []
            if isinstance(node, list):
                names = [str(i) for i in range(len(node))]
            n = next((n for n in range(len(rest), 0, -1) if ".".join(rest[:n]) in names), 0)
            if not n:
                known = f"; there: {', '.join(names)}" if names else ""
                raise RobotVisionError(
                    f"{key}: the report has no {'.'.join(rest)!r}"
                    f"{near('.'.join(rest), names)}{known}"
                )
            step = ".".join(rest[:n])
            node = node[int(step)] if isinstance(node, list) else node[step]
            rest = rest[n:]
        if node is not None and (isinstance(node, bool) or not isinstance(node, int | float)):
            raise RobotVisionError(f"{key}: expected a number, got {_kind(node)}; name one in it")
        return node


def _kind(node: Any) -> str:
    return (
        "a list"
        if isinstance(node, list)
        else "a table"
        if isinstance(node, Mapping)
        else repr(node)
    )


def _scaled(estimated: Interval, scale: float, unit: str) -> RunFigure:
    low, high = (None if end is None else end * scale for end in (estimated.low, estimated.high))
    return RunFigure(estimated.estimate * scale, low, high, unit, note=estimated.caution)


def _short(value: float) -> str:
    """Return a number with four digits, whole ones as they are."""
    return number(value) if float(value).is_integer() else f"{value:.4g}"


def check_requirement(requirement: Requirement, figures: RunFigures) -> RequirementResult:
    """Return the verdict on a requirement.

    Raises
    ------
    RobotVisionError
        The run has no such figure, or an estimate is to equal a number.
    """
    figure = figures.get(requirement.key)
    if requirement.sign == "==" and not figure.is_exact:
        raise RobotVisionError(
            f"{requirement}: an estimate never equals a number for certain; require >= or <="
        )
    verdict, why = _decide(requirement, figure)
    if not figures.data.get("is_whole", True):
        verdict, why = GateVerdict.CANNOT_TELL, "the run did not come to its end"
    reason = "; ".join(filter(None, (figure.text(), why, figure.note)))
    return RequirementResult(
        str(requirement), verdict, figure.value, figure.low, figure.high, reason
    )


def _decide(requirement: Requirement, figure: RunFigure) -> tuple[GateVerdict, str]:
    """Return the verdict, and in words what stands in the way of a pass."""
    if figure.value is None:
        return GateVerdict.CANNOT_TELL, "the run has no number there"
    if figure.void:
        return GateVerdict.CANNOT_TELL, figure.void
    low, high = (figure.value,) * 2 if figure.is_exact else (figure.low, figure.high)
    worst, best = (low, high) if requirement.asks_for_more else (high, low)
    if best is not None and not requirement.is_met_by(best):
        return GateVerdict.FAIL, ""
    if figure.unsupported:
        return GateVerdict.CANNOT_TELL, figure.unsupported
    if worst is not None and requirement.is_met_by(worst):
        return GateVerdict.PASS, ""
    is_open = low is None or high is None
    return GateVerdict.CANNOT_TELL, "" if is_open else "the interval holds the limit"


def check_requirements(
    requirements: Sequence[Requirement], figures: RunFigures
) -> list[RequirementResult]:
    """Return the verdict on each requirement; it cannot be told of a figure that is missing."""
    results = []
    for requirement in requirements:
        try:
            results.append(check_requirement(requirement, figures))
        except RobotVisionError as e:
            words, unknown = str(e), GateVerdict.CANNOT_TELL
            results.append(
                RequirementResult(str(requirement), unknown, None, None, None, words, True)
            )
    return results


def refuse_missing(results: Sequence[Mapping[str, Any]]) -> None:
    """Raise a RobotVisionError, a line each, where requirements name figures the run lacks.

    ``results`` as plain data: what `RequirementResult.as_dict` returns.
    """
    missing = [r["reason"] for r in results if r["is_missing"]]
    if missing:
        raise RobotVisionError("\n".join(missing))
