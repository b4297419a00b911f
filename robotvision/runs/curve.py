"""Points as a function of the deadline and of the machine's speed, and where two runs swap ranks.

Every point of a curve is a rescoring in virtual time (see `robotvision.runs.rescore`). Curves are
step functions; between two values the ranks of two runs may swap unseen and back, so a swap is
given as the interval in which it was found, narrowed by bisection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations, pairwise
from math import isfinite
from typing import Any, Literal

from robotvision.errors import RobotVisionError
from robotvision.runs.log import RunRecord
from robotvision.runs.rescore import Conditions, Recorded
from robotvision.scoring.policy import Policy
from robotvision.scoring.tally import total

Axis = Literal["deadline_ms", "machine_speed"]
MAX_VALUES = 10_000
_HALVINGS = 12


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one run under one policy along one axis."""

    run: str
    policy: str
    axis: Axis
    values: tuple[float, ...]
    points: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Swap:
    """Between ``low`` and ``high`` the run ``behind`` overtakes ``ahead``."""

    policy: str
    axis: Axis
    ahead: str
    behind: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curves:
    """What `curves` found.

    Parameters
    ----------
    max_points : float
        The most the frames allow.
    offline : Mapping[str, float]
        By run: its points time aside.
    """

    max_points: float
    offline: Mapping[str, float]
    curves: tuple[Curve, ...]
    swaps: tuple[Swap, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "schema": 1,
            "max_points": self.max_points,
            "offline": dict(self.offline),
            "curves": [asdict(c) for c in self.curves],
            "swaps": [
                {
                    "policy": s.policy,
                    "axis": s.axis,
                    "ahead": s.ahead,
                    "behind": s.behind,
                    "between": [s.low, s.high],
                }
                for s in self.swaps
            ],
        }


def curves(
    runs: Mapping[str, Recorded],
    policies: Sequence[Policy],
    deadlines_ms: Sequence[float],
    speeds: Sequence[float],
    rate_hz: float | None = None,
) -> Curves:
    """Return points along both axes, for every run and policy.

    Parameters
    ----------
    runs : Mapping[str, Recorded]
        By name; of the same task and frames (see `robotvision.timing.compare`).
    policies : sequence of Policy
        Along the machine's speed each keeps its own deadline.
    deadlines_ms, speeds : sequence of float
        In rising order; either may be empty.
    rate_hz : float, optional
        Impose a frame rate.

    Raises
    ------
    RobotVisionError
        A run cannot be rescored.
    """
    lines: list[Curve] = []
    swaps: list[Swap] = []
    axes: list[tuple[Axis, Sequence[float]]] = [
        ("deadline_ms", deadlines_ms),
        ("machine_speed", speeds),
    ]
    for policy in policies:
        for axis, values in axes:
            if not values or (axis == "deadline_ms" and policy.late == "own"):
                continue
            mine = [_along(n, r, policy, axis, values, rate_hz) for n, r in runs.items()]
            lines += mine
            for a, b in combinations(mine, 2):
                swaps += _swaps(a, b, _difference(runs[a.run], runs[b.run], policy, axis, rate_hz))
    offline = {name: _points(r, Policy("queue", "own"), Conditions()) for name, r in runs.items()}
    first = next(iter(runs.values()))
    tallies = first.rescore(Policy("queue", "own"), Conditions()).tallies
    most = total(first.task, tallies).max_points
    return Curves(most, offline, tuple(lines), tuple(swaps))


def _at(
    recorded: Recorded, policy: Policy, axis: Axis, value: float, rate_hz: float | None
) -> float:
    if axis == "deadline_ms":
        name = policy.name
        policy = replace(policy, deadline_ns=round(value * 1e6), name=name)
        return _points(recorded, policy, Conditions(rate_hz))
    return _points(recorded, policy, Conditions(rate_hz, value))


def _points(recorded: Recorded, policy: Policy, conditions: Conditions) -> float:
    return total(recorded.task, recorded.rescore(policy, conditions).tallies).points


def _along(
    name: str,
    recorded: Recorded,
    policy: Policy,
    axis: Axis,
    values: Sequence[float],
    rate_hz: float | None,
) -> Curve:
    points = tuple(_at(recorded, policy, axis, v, rate_hz) for v in values)
    return Curve(name, policy.name, axis, tuple(values), points)


def _difference(
    a: Recorded, b: Recorded, policy: Policy, axis: Axis, rate_hz: float | None
) -> Callable[[float], float]:
    return lambda v: _at(a, policy, axis, v, rate_hz) - _at(b, policy, axis, v, rate_hz)


def _swaps(a: Curve, b: Curve, difference: Callable[[float], float]) -> list[Swap]:
    swaps: list[Swap] = []
    last: tuple[float, float] | None = None
    for value, mine, theirs in zip(a.values, a.points, b.points, strict=True):
        now = mine - theirs
        if now == 0:
            continue
        if last is not None and (last[1] > 0) != (now > 0):
            low, high = _narrowed(last[0], value, last[1] > 0, difference)
            ahead, behind = (a.run, b.run) if last[1] > 0 else (b.run, a.run)
            swaps.append(Swap(a.policy, a.axis, ahead, behind, low, high))
        last = value, now
    return swaps


def _narrowed(
    low: float, high: float, was_ahead: bool, difference: Callable[[float], float]
) -> tuple[float, float]:
    """Return a shorter interval of which one end has the old order and the other the new one."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        lead = difference(middle)
        if lead == 0:
            break  # level here: the interval holds a stretch without a leader
        if (lead > 0) == was_ahead:
            low = middle
        else:
            high = middle
    return low, high


def parse_values(text: str, name: str, least: float) -> list[float]:
    """Return the values that ``a:b:step`` or ``v,v,...`` spells, in rising order.

    Parameters
    ----------
    text : str
        ``b`` is included where the steps meet it.
    name : str
        What messages call them.
    least : float
        No value may be below.

    Raises
    ------
    RobotVisionError
        It is neither, or a value is out of range.
    """
    wrong = RobotVisionError(
        f"{name}: expected first:last:step or a list with commas, of numbers "
        f"{'of at least 0' if least == 0 else 'above 0'}, got {text!r}"
    )
    try:
        parts = [float(p) for p in text.replace(":", ",").split(",")]
    except ValueError as e:
        raise wrong from e
    if not all(map(isfinite, parts)):
        raise wrong
    if ":" in text:
        if len(parts) != 3 or "," in text or parts[2] <= 0 or parts[1] < parts[0]:
            raise wrong
        first, last, step = parts
        n = int((last - first) / step * (1 + 1e-12)) + 1
        if n > MAX_VALUES:
            raise RobotVisionError(f"{name}: {n} values are too many (at most {MAX_VALUES})")
        parts = [round(first + i * step, 9) for i in range(n)]
    if not parts or min(parts) < least:
        raise wrong
    return sorted(set(parts))


def own_deadlines_ms(runs: Sequence[Recorded], rate_hz: float | None) -> list[float]:
    """Return 26 deadlines from 0 to where nearly every answer is in, for want of given ones."""
    measured = sorted(t for r in runs for t in r.measured_ns)
    slow = measured[int(0.99 * (len(measured) - 1))] if measured else 0
    due = [d for r in runs for d in r.due(rate_hz, may_repeat=True)]
    steps = sorted(b - a for times in due for a, b in pairwise(times))
    step = steps[len(steps) // 2] if steps else 0
    most = max(slow + step, 2 * slow, 1_000_000) / 1e6
    round_steps = (m * 10.0**k for k in range(-3, 9) for m in (1, 2, 5))
    width = next(w for w in round_steps if w * 25 >= most)
    return [round(i * width, 9) for i in range(26)]


OWN_SPEEDS = tuple(2.0 ** (k / 4) for k in range(-12, 13))
"""From an eighth to eight times the machine's speed."""


def named(records: Sequence[RunRecord]) -> dict[str, RunRecord]:
    """Return runs by the name of their folder, numbered where two bear the same one."""
    by_name: dict[str, RunRecord] = {}
    for record in records:
        path = record.path.resolve()
        name = base = path.parent.name if path.name == "run.jsonl" else path.stem
        n = 1
        while name in by_name:
            n += 1
            name = f"{base}#{n}"
        by_name[name] = record
    return by_name
