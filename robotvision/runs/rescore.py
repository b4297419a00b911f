"""One recorded run under any late-frame rule, deadline, frame rate and machine speed.

An ``asap`` log holds the latency of every frame and every answer, so what a camera of any rate and
a machine of any speed would have given follows by arithmetic on whole nanoseconds (see
`robotvision.playback.schedule`): the schedule says which frames are taken and when their answers
are in, the policy says which answer counts for which frame. Each frame keeps the latency measured
on it. The log is turned into columns once; each rescoring is then a pass over them. Outcomes and
points equal those of the frame-by-frame `Judge` and `Tally` on the same times.

A frame that could not be read never occupied the system: it has no latency and FAILED. A frame on
which the system failed keeps the time it took. A log made under a running clock may hold skipped
frames, which have neither answer nor latency: it can only be judged again at its recorded times.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError
from robotvision.playback.schedule import due_times, scaled, schedule
from robotvision.records import TimedAnswer
from robotvision.runs.columns import ANSWERED, LATE, NEVER, SKIPPED, Coder, Columns, Ints, or_never
from robotvision.runs.latency import LatencyModel
from robotvision.runs.log import RunRecord
from robotvision.scoring.policy import Backlog, Policy
from robotvision.scoring.tally import SILENT, Tally
from robotvision.tasks.model import Task


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
class Times:
    """When each frame of a sequence was due, taken, answered; `NEVER` where it was not.

    ``was_taken`` is true, too, of a frame that was come to and could not be read.
    """

    due: Ints
    started: Ints
    finished: Ints
    was_taken: NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Rescored:
    """A run under a policy.

    Parameters
    ----------
    policy : Policy
    tallies : dict[str, Tally]
        By test set.
    is_virtual : bool
        False: judged at the recorded times.
    times : list of Times
        By sequence.
    ages_ns : list of int
        Under ``hold``: at each frame's deadline, the time since the due time of the frame whose
        answer counts; frames without any answer yet are left out.
    """

    policy: Policy
    tallies: dict[str, Tally]
    is_virtual: bool
    times: list[Times] = field(default_factory=list)
    ages_ns: list[int] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """Frames the system took."""
        return sum(int((t.started != NEVER).sum()) for t in self.times)


class Recorded:
    """A run log by column, ready to be rescored many times.

    Parameters
    ----------
    record : RunRecord
        As read by `robotvision.runs.log.read_log`.

    Attributes
    ----------
    n_skipped : int
        Frames without a latency, because the run's own policy skipped them.

    Raises
    ------
    RobotVisionError
        An answer or a truth is outside the task.
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.task = Task.model_validate_json(json.dumps(record.about["task"]))
        self.is_asap = record.about["clock"] == "asap"
        self.backlog: Backlog = record.about["policy"]["backlog"]
        replay = record.about.get("config", {}).get("replay", {})
        self._camera = replay.get("rate_hz"), float(replay.get("speed", 1.0))
        coder = Coder(self.task)
        starts = np.cumsum([0, *(len(s.frames) for s in record.sequences)]).tolist()
        self.sequences = [
            coder.columns(s, first) for s, first in zip(record.sequences, starts, strict=False)
        ]
        self.n_skipped = sum(int((c.own == SKIPPED).sum()) for c in self.sequences)
        self._stages: dict[str, Ints] = {}
        self._due: dict[tuple[float | None, bool], list[list[int]]] = {}

    @property
    def measured_ns(self) -> list[int]:
        """Every latency that was measured, in order."""
        rows = (zip(c.latency, c.was_asked, strict=True) for c in self.sequences)
        return [t for t, was_asked in chain.from_iterable(rows) if was_asked]

    def stages(self) -> dict[str, Ints]:
        """Return the measured time of each stage, of the rest and of decode, a value a frame.

        `NEVER` where a frame has none.
        """
        if not self._stages:
            frames = list(self.record.frames())
            names = dict.fromkeys(s for f in frames for s in f.timed.stages_ns)
            found = {name: [f.timed.stages_ns.get(name) for f in frames] for name in names}
            if names:
                found["rest"] = [_rest(f.timed) for f in frames]
            if any(f.decode_ns is not None for f in frames):
                found["decode"] = [f.decode_ns for f in frames]
            self._stages = {name: or_never(values) for name, values in found.items()}
        return self._stages

    def rescore(self, policy: Policy, conditions: Conditions | None = None) -> Rescored:
        """Return the run under ``policy``.

        Raises
        ------
        RobotVisionError
            The log lacks what the question needs; a rate or speed is not above 0; time stamps go
            back or repeat.
        """
        conditions = conditions or Conditions()
        as_recorded = not self.is_asap and conditions.is_as_recorded
        is_virtual = not (as_recorded and policy.backlog == self.backlog)
        if is_virtual:
            self._require_latencies(policy)
        found = Rescored(policy, {}, is_virtual)
        for number, columns in enumerate(self.sequences):
            if is_virtual:
                times = self._virtual(number, columns, policy, conditions)
            else:
                times = Times(
                    columns.due, columns.started, columns.finished, columns.own != SKIPPED
                )
            found.times.append(times)
            tally = found.tallies.setdefault(columns.set, Tally(self.task))
            found.ages_ns += judge(columns, times, policy, tally)
        return found

    def due(self, rate_hz: float | None = None, may_repeat: bool = False) -> list[list[int]]:
        """Return by sequence when each frame falls due. Raises RobotVisionError."""
        key = rate_hz, may_repeat
        if key not in self._due:
            configured, speed = self._camera
            if rate_hz is not None:
                configured, speed = rate_hz, 1.0
            self._due[key] = [
                due_times(c.timestamps, configured, speed, may_repeat=may_repeat)
                for c in self.sequences
            ]
        return self._due[key]

    def _require_latencies(self, policy: Policy) -> None:
        if self.n_skipped:
            raise RobotVisionError(
                f"{self.record.path}: {self.n_skipped} frames were skipped under the clock "
                f"{self.record.about['clock']!r} and have no latency, so this log can only be "
                f"judged again at its recorded times under a policy of backlog {self.backlog} "
                f"(asked for: {policy.name}, backlog {policy.backlog}; no rate, speed or latency); "
                "record it with 'clock: asap' for everything else"
            )

    def _virtual(
        self, number: int, columns: Columns, policy: Policy, conditions: Conditions
    ) -> Times:
        is_timeless = policy.backlog == "queue" and policy.late == "own"
        due = self.due(conditions.rate_hz, is_timeless)[number]
        latency = columns.latency
        if conditions.latency is not None:
            asked = columns.was_asked.tolist()
            model, first = conditions.latency, columns.first
            latency = [model(first + k) if asked[k] else 0 for k in range(len(columns))]
        latency = scaled(latency, conditions.machine_speed)
        times = [or_never(t) for t in schedule(due, latency, policy.backlog)]
        was_taken = times[0] != NEVER
        for column in times:
            column[~columns.was_asked] = NEVER
        return Times(np.asarray(due, np.int64), times[0], times[1], was_taken)


def _rest(timed: TimedAnswer) -> int | None:
    latency = timed.latency_ns
    return None if latency is None else latency - sum(timed.stages_ns.values())


def judge(columns: Columns, times: Times, policy: Policy, tally: Tally) -> list[int]:
    """Count a sequence at the given times; return the ages of the answers under ``hold``."""
    n = len(columns)
    deadlines = np.asarray(policy.deadlines(times.due.tolist()), np.int64)
    own = np.where(times.was_taken, columns.own, SKIPPED)
    used = np.arange(n)
    ages: list[int] = []
    if policy.late == "deadline":
        own = np.where((own == ANSWERED) & (times.finished > deadlines), LATE, own)
    elif policy.late == "hold":
        answered = np.flatnonzero(own == ANSWERED)
        newest = np.searchsorted(times.finished[answered], deadlines, "right") - 1
        is_held = newest >= 0
        used[is_held] = answered[newest[is_held]]
        own = np.where(is_held, ANSWERED, np.where(own == ANSWERED, LATE, own))
        ages = (deadlines - times.due[used])[is_held].tolist()
    _count(columns, own, used, tally)
    return ages


def _count(columns: Columns, own: Ints, used: Ints, tally: Tally) -> None:
    n_labels = len(tally.labels)
    is_answered = own == ANSWERED
    said = np.where(is_answered, columns.said[used], n_labels + own)
    is_known = columns.truth >= 0
    stated = in_view = None
    if columns.stated is not None and columns.in_view is not None:
        stated = np.where(is_answered[:, None], columns.stated[used], 2)[is_known]
        in_view = columns.in_view[is_known]
    tally.add_codes(columns.truth[is_known], said[is_known], stated, in_view)
    unknown = said[~is_known]
    tally.unscored += int((unknown < n_labels).sum())
    for place, outcome in enumerate(SILENT):
        tally.unscored_outcomes[outcome] += int((unknown == n_labels + place).sum())
