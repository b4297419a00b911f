"""What a run is required to reach: ``points >= 0.7``, ``latency.total.p99_ms <= 33``.

A requirement names a figure by its dotted key, a comparison and a limit. Whether a run meets it is
said by `robotvision.report.requirements`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from robotvision.errors import RobotVisionError, near

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
OF_POINTS = ("points", "points_per_frame", "points_share", "points_total", "accuracy")
"""Figures with an interval by room visit; alone, or below ``sets.NAME``."""
OF_LATENCY = "latency"
"""``latency.STAGE.p99_ms``."""
OF_REPORT = (
    *("frames", "max_points", "room_points", "object_points", "outcomes", "unscored"),
    *("interval", "visits", "rooms", "objects", "confusion", "sets", "latency_ns", "null_ns"),
    *("frames_expected", "processor", "load", "training", "sequences", "faults", "environment"),
    "seed",
)
"""Keys of ``report.json`` that are numbers or hold some."""
_FORM = re.compile(r"\s*(?P<key>\S(?:.*?\S)?)\s*(?P<sign>>=|<=|==|>|<)\s*(?P<limit>\S+)\s*")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A figure of a run, and the limit that it is to keep.

    Parameters
    ----------
    key : str
        Dotted, as ``points`` or ``latency.total.p99_ms``.
    sign : str
        One of `COMPARISONS`.
    limit : float
    """

    key: str
    sign: str
    limit: float

    @property
    def asks_for_more(self) -> bool:
        """Whether the figure is to lie above the limit."""
        return self.sign.startswith(">")

    def is_met_by(self, value: float) -> bool:
        """Return whether a value, known exactly, keeps the limit."""
        return COMPARISONS[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.key} {self.sign} {self.limit:g}"


def parse_requirement(text: str) -> Requirement:
    """Return the requirement that ``points >= 0.7`` states.

    Raises
    ------
    RobotVisionError
        It is of another form, or no report has such a figure.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise RobotVisionError(
            f"{text!r}: expected a figure, {', '.join(COMPARISONS)}, and a number, as "
            "'points >= 0.7'"
        )
    key = form["key"]
    try:
        limit = float(form["limit"])
    except ValueError:
        limit = float("nan")
    if limit != limit or abs(limit) == float("inf"):
        raise RobotVisionError(
            f"{text!r}: expected a number after {form['sign']}, got {form['limit']!r}"
        )
    root, known = key.partition(".")[0], (*OF_POINTS, OF_LATENCY, *OF_REPORT)
    if root not in known:
        raise RobotVisionError(
            f"{text!r}: no report has a figure {root!r}{near(root, known)}; name {OF_POINTS[0]}, "
            "latency.STAGE.p99_ms or a number of report.json"
        )
    return Requirement(key, form["sign"], limit)
