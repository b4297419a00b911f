"""One recorded run under any late-frame rule, deadline, frame rate and machine speed.

An ``asap`` log holds the latency of every frame and every answer, so what a camera of any rate and
a machine of any speed would have given follows by arithmetic on whole nanoseconds (see
`robotvision.playback.schedule`): the schedule says which frames are taken and when their answers
are in, the policy says which answer counts for which frame. Each frame keeps the latency measured
on it. The log becomes a `FrameTable` once; each rescoring is then a pass over it. Outcomes and
points equal those of the frame-by-frame `Judge` and `Tally` on the same times.

A frame that could not be read never occupied the system: it has no latency and FAILED. A frame on
which the system failed keeps the time it took. A log made under a running clock may hold skipped
frames, which have neither answer nor latency: it can only be judged again at its recorded times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from math import isfinite, sqrt
from typing import Any

import numpy as np

from robotvision.arrays import Ints
from robotvision.errors import RobotVisionError
from robotvision.playback.schedule import due_times, scaled, schedule
from robotvision.records import TimedAnswer
from robotvision.runs.latency import LatencyModel
from robotvision.runs.log import RunRecord
from robotvision.runs.overruns import overruns
from robotvision.runs.table import logged_task, or_never, table_of
from robotvision.scoring.judging import count, judge, refuse_outside
from robotvision.scoring.points import PointsTable
from robotvision.scoring.policy import Backlog, Policy
from robotvision.scoring.table import ANSWERED, NEVER, SKIPPED, FrameTable
from robotvision.scoring.tally import Tally, total

N_SPEEDS = 9
"""Of a range of machine speeds, so many are tried."""


def parse_speed(text: str) -> float | tuple[float, float]:
    """Return the machine speed that ``2`` names, or the range of ``1.8:2.2``. Raises."""
    try:
        values = [float(part) for part in text.split(":")]
    except ValueError:
        values = []
    if len(values) == 1:
        return values[0]
    if len(values) != 2:
        raise RobotVisionError(
            f"machine speed: expected a number such as 2, or a range such as 1.8:2.2, got {text!r}"
        )
    return values[0], values[1]


def middle_speed(speeds: tuple[float, float]) -> float:
    """Return the geometric middle of a range of speeds. Raises RobotVisionError."""
    low, high = speeds
    if not (0 < low < high and isfinite(high)):
        raise RobotVisionError(
            f"machine speed: expected a range above 0, the lower end first, got {low:g}:{high:g}"
        )
    return sqrt(low * high)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what the run is rescored.

    Parameters
    ----------
    rate_hz : float or None
        Impose a frame rate; None: as the run was configured, else its recorded times.
    machine_speed : float
        2.0: every latency halves.
    latency : LatencyModel or None
        In place of the measured latencies, by the frame's position in the run.
    """

    rate_hz: float | None = None
    machine_speed: float = 1.0
    latency: LatencyModel | None = None

    @property
    def is_as_recorded(self) -> bool:
        """Whether nothing is asked for that the run did not have."""
        return self.rate_hz is None and self.machine_speed == 1.0 and self.latency is None


@dataclass(frozen=True, slots=True, eq=False)
class Rescored:
    """A run under a policy.

    Parameters
    ----------
    policy : Policy
    table : FrameTable
        Judged, with the times the frames have under the conditions; ``own`` is SKIPPED of a frame
        that the system never came to.
    tallies : dict[str, Tally]
        By test set.
    is_virtual : bool
        False: judged at the recorded times.
    """

    policy: Policy
    table: FrameTable
    tallies: dict[str, Tally]
    is_virtual: bool

    @property
    def overruns(self) -> dict[str, Any]:
        """How many of the frames taken the system had for longer than to the next due time."""
        table, camera = self.table, Policy("queue", "deadline", "next-frame")
        periods = np.empty(len(table), np.int64)
        for rows in table.parts():
            due = table.due_ns[rows].tolist()
            periods[rows] = np.subtract(camera.deadlines(due), due) if due else 0
        seen = table.started_ns != NEVER
        return overruns((table.finished_ns - table.started_ns)[seen], periods[seen])

    @property
    def taken(self) -> int:
        """Frames the system took."""
        return int((self.table.started_ns != NEVER).sum())

    @property
    def ages_ns(self) -> list[int]:
        """Under ``hold``: at each frame's deadline, the time since the answered frame was due.

        Frames without any answer yet are left out.
        """
        ages = self.table.age_ns
        return ages[ages != NEVER].tolist() if self.policy.late == "hold" else []


class Recorded:
    """A run log by column, ready to be rescored many times.

    Parameters
    ----------
    record : RunRecord
        As read by `robotvision.runs.log.read_log`.

    Attributes
    ----------
    table : FrameTable
        Not judged.
    n_skipped : int
        Frames without a latency, because the run's own policy skipped them.
    n_untimed : int
        Answers without a latency, as a log that was imported may hold.

    Raises
    ------
    RobotVisionError
        An answer or a truth is outside the task.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.task = logged_task(record)
        self.table = table_of(record)
        refuse_outside(self.table, PointsTable(self.task))
        self.backlog: Backlog = record.about["policy"]["backlog"]
        replay = record.about.get("config", {}).get("replay", {})
        self._camera = replay.get("rate_hz"), float(replay.get("speed", 1.0))
        self.n_skipped = int((self.table.own == SKIPPED).sum())
        is_answer = (self.table.own == ANSWERED) & (self.table.answer >= 0)
        self.n_untimed = int((is_answer & ~self.table.was_seen).sum())
        took = self.table.finished_ns - self.table.started_ns
        self._latency: list[int] = np.where(self.table.was_seen, took, 0).tolist()
        self._stages: dict[str, Ints] = {}
        self._due: dict[tuple[float | None, bool], list[list[int]]] = {}

    @property
    def measured_ns(self) -> list[int]:
        """Every latency that was measured, in order."""
        return [t for t, seen in zip(self._latency, self.table.was_seen, strict=True) if seen]

    def stages(self) -> dict[str, Ints]:
        """Return the measured time of each stage, of the rest and of decode, a value a frame.

        `NEVER` where a frame has none.
        """
        if not self._stages:
            frames = list(self.record.frames())
            names = dict.fromkeys(s for f in frames for s in f.stages_ns)
            values = {name: [f.stages_ns.get(name) for f in frames] for name in names}
            if names:
                values["rest"] = [_rest(f.timed) for f in frames]
            if any(f.decode_ns is not None for f in frames):
                values["decode"] = [f.decode_ns for f in frames]
            self._stages = {name: or_never(column) for name, column in values.items()}
        return self._stages

    def points_over_speeds(
        self, policy: Policy, conditions: Conditions, speeds: tuple[float, float]
    ) -> dict[str, Any]:
        """Return the least and the most points of machines between two speeds, as plain data.

        Tried are `N_SPEEDS` speeds at equal ratios, both ends among them: under ``newest`` a faster
        machine may earn less, so the ends alone do not bound what lies between.
        """
        tried = np.geomspace(*speeds, N_SPEEDS).tolist()
        points = [
            total(self.task, self.rescore(policy, replace(conditions, machine_speed=s)).tallies)
            for s in tried
        ]
        values = [tally.points for tally in points]
        return {"speeds": list(speeds), "tried": len(tried), "points": [min(values), max(values)]}

    def rescore(self, policy: Policy, conditions: Conditions | None = None) -> Rescored:
        """Return the run under ``policy``.

        Raises
        ------
        RobotVisionError
            The log lacks what the question needs; a rate or speed is not above 0; time stamps go
            back or repeat.
        """
        conditions = conditions or Conditions()
        as_recorded = self.table.has_clock and conditions.is_as_recorded
        is_virtual = not (as_recorded and policy.backlog == self.backlog)
        table = self.table
        if is_virtual:
            self._require_latencies(policy)
            table = self._virtual(policy, conditions)
        judged = judge(table, policy)
        return Rescored(policy, judged, count(judged, self.task), is_virtual)

    def due(self, rate_hz: float | None = None, may_repeat: bool = False) -> list[list[int]]:
        """Return by sequence when each frame falls due. Raises RobotVisionError."""
        key = rate_hz, may_repeat
        if key not in self._due:
            configured, speed = self._camera
            if rate_hz is not None:
                configured, speed = rate_hz, 1.0
            self._due[key] = [
                due_times(
                    self.table.timestamp_ns[rows].tolist(), configured, speed, may_repeat=may_repeat
                )
                for rows in self.table.parts()
            ]
        return self._due[key]

    def _require_latencies(self, policy: Policy) -> None:
        if self.n_untimed and not policy.is_timeless:
            raise RobotVisionError(
                f"{self.record.path}: {self.n_untimed} answers have no latency, so which are late "
                f"cannot be told and only offline applies (asked for: {policy.name})"
            )
        if self.n_skipped:
            raise RobotVisionError(
                f"{self.record.path}: {self.n_skipped} frames were skipped under the clock "
                f"{self.record.about['clock']!r} and have no latency, so this log can only be "
                f"judged again at its recorded times under a policy of backlog {self.backlog} "
                f"(asked for: {policy.name}, backlog {policy.backlog}; no rate, speed or latency); "
                "record it with 'clock: asap' for everything else"
            )

    def _virtual(self, policy: Policy, conditions: Conditions) -> FrameTable:
        """Return the table with the times the frames have under a policy and conditions."""
        was_seen, latency = self.table.was_seen, self._latency
        if conditions.latency is not None:
            model = conditions.latency
            latency = [model(k) if seen else 0 for k, seen in enumerate(was_seen.tolist())]
        latency = scaled(latency, conditions.machine_speed)
        due = self.due(conditions.rate_hz, policy.is_timeless)
        taken, finished = np.full((2, len(self.table)), NEVER)
        for rows, times in zip(self.table.parts(), due, strict=True):
            began, ended = schedule(times, latency[rows], policy.backlog)
            taken[rows], finished[rows] = or_never(began), or_never(ended)
        return replace(
            self.table,
            due_ns=np.fromiter(chain.from_iterable(due), np.int64, len(self.table)),
            started_ns=np.where(was_seen, taken, NEVER),
            finished_ns=np.where(was_seen, finished, NEVER),
            own=np.where(taken != NEVER, self.table.own, SKIPPED),
            has_clock=True,
        )


def _rest(timed: TimedAnswer) -> int | None:
    latency = timed.latency_ns
    return None if latency is None else latency - sum(timed.stages_ns.values())
