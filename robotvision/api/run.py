"""A run as an object: its score, latency and table; scored again, saved, compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robotvision.api.arguments import PathLike, path_of
from robotvision.api.score import Score
from robotvision.errors import MissingExtraError, RobotVisionError, wrong_type
from robotvision.records import Answer, Notice
from robotvision.report.columns import RunColumns, columns_of
from robotvision.report.export.rows import rows
from robotvision.report.html.compare import shared_bounds, shared_frames
from robotvision.report.html.notebook import summary_html
from robotvision.report.html.payload import align
from robotvision.report.rescored import rescored_report
from robotvision.report.write import write_reports
from robotvision.runs.folder import RunResult, new_folder, write_text
from robotvision.runs.latency import parse_latency
from robotvision.runs.log import RunRecord, read_log
from robotvision.runs.memory import IN_MEMORY, write_record
from robotvision.runs.rescore import Conditions, Recorded, Rescored, middle_speed
from robotvision.scoring.intervals import Interval, difference, verdict
from robotvision.scoring.judging import score as score_table
from robotvision.scoring.policy import (
    POLICIES,
    Policy,
    named_policy,
    parse_deadline,
    parse_policy,
)
from robotvision.tasks.model import Task
from robotvision.yamlfile import dump_yaml

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of one stage in milliseconds; a percentile that the frames cannot support is None."""

    stage: str
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the frames that both have scored.

    Parameters
    ----------
    difference : Interval
        Points of the first less those of the second, paired by room visit: ``estimate``, ``low``,
        ``high``, the p-value ``p``, and ``caution`` where the interval may not hold.
    frames, visits : int
        How many frames and room visits were compared.
    notes : tuple of str
        What makes the comparison less than fair: other tasks, policies, sequences.
    """

    difference: Interval
    frames: int
    visits: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        d = self.difference
        ends = "" if d.low is None else f" ({d.text()}), {verdict(d)},"
        caution = f"; {d.caution}" if d.caution else ""
        return (
            f"{d.estimate:+g} points{ends} on {self.frames} frames of {self.visits} visits{caution}"
        )


class Run:
    """A recorded run. Made by `robotvision.run`, `replay` and `read_run`.

    Parameters
    ----------
    record : RunRecord
        The run log.
    folder : Path, optional
        Its run folder; None: it is in memory alone.

    Attributes
    ----------
    record : RunRecord
        Header, sequences and frames, as in the log.
    folder : Path or None
        Its run folder.
    """

    def __init__(self, record: RunRecord, folder: Path | None = None) -> None:
        self.record, self.folder = record, folder

    @cached_property
    def columns(self) -> RunColumns:
        """The run by column, a row a frame: what pages and figures are made from."""
        return columns_of(self.record, self.folder or IN_MEMORY)

    @property
    def task(self) -> Task:
        """The task, its rooms settled."""
        return self.columns.task

    @property
    def report(self) -> dict[str, Any]:
        """The run as plain data: what ``report.json`` holds."""
        return self.columns.data

    @cached_property
    def score(self) -> Score:
        """Points and breakdowns under the run's own late-frame policy."""
        about = self.record.about
        mode, policy = str(about["mode"]), about["policy"]
        notices = tuple(map(Notice.of, self.record.notices()))
        columns = self.columns
        return Score(self.task, columns.tallies, mode, policy, notices, columns.table)

    @property
    def has_failures(self) -> bool:
        """Whether a frame failed or the run did not come to its end."""
        return not self.record.finished or self.score.outcomes["failed"] > 0

    @property
    def answers(self) -> dict[int, Answer | None]:
        """The answer to each frame, by the frame's number. Raises RobotVisionError.

        None: a frame that was skipped or failed. Only of a run of one sequence: others number
        their frames again.
        """
        if len(self.record.sequences) != 1:
            n = len(self.record.sequences)
            raise RobotVisionError(f"expected a run of one sequence, got one of {n}")
        return {f.index: f.timed.answer for f in self.record.frames()}

    def latency(self, stage: str = "total") -> Latency:
        """Return the latency of a stage, or in ``total``.

        Raises
        ------
        RobotVisionError
            The run has no such stage.
        """
        stages = self.report["latency_ns"]
        if stage not in stages:
            known = ", ".join(stages) or "none"
            raise RobotVisionError(f"stage {stage!r}: not in this run; known: {known}")
        ms = {k: None if v is None else v / 1e6 for k, v in stages[stage].items()}
        return Latency(stage, ms["p50"], ms["p90"], ms["p99"], ms["max"])

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """Each frame's values as numpy arrays by column, in the order of the log."""
        listed: dict[str, list[Any]] = {}
        listed_rows = list(rows(self.columns))
        stages = list(dict.fromkeys(s for row in listed_rows for s in row["stages_ns"]))
        for row in listed_rows:
            times = row.pop("stages_ns")
            row |= {f"{name}_stage_ns": times.get(name) for name in stages}
            for name, value in row.items():
                listed.setdefault(name, []).append(value)
        return {name: _array(name, values) for name, values in listed.items()}

    def to_frame(self) -> pandas.DataFrame:
        """Return the table as a pandas DataFrame, a row a frame.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        try:
            import pandas
        except ImportError as e:
            raise MissingExtraError(
                "to_frame() needs pandas: pip install 'robotvision[api]' (run.table is the same "
                "in numpy without it)"
            ) from e
        return pandas.DataFrame({k: list(v) if v.ndim > 1 else v for k, v in self.table.items()})

    def rescore(
        self,
        policy: str | Policy,
        *,
        deadline_ms: float | str | None = None,
        rate_hz: float | None = None,
        machine_speed: float | tuple[float, float] = 1.0,
        latency: str | None = None,
        seed: int = 0,
    ) -> RescoredRun:
        """Score the recorded run as another camera, machine or late-frame rule would have had it.

        Parameters
        ----------
        policy : str or Policy
            ``offline``, ``deadline``, ``streaming``, ``queue``, or ``BACKLOG+LATE``.
        deadline_ms : float or "next-frame", optional
            After a frame's due time (else the policy's own).
        rate_hz : float, optional
            Frames a second (else as recorded).
        machine_speed : float or (float, float)
            2 halves every latency. A pair, lower first, for a speed that is not known exactly: the
            run is scored in their (geometric) middle, and the report gives the points between.
        latency : str, optional
            A model in place of the measured latencies: ``constant:MS``, ``empirical[:RUN]``,
            ``list:FILE``.
        seed : int
            Of the empirical model.

        Raises
        ------
        RobotVisionError
            There is no such policy, or the log lacks what the question needs.
        """
        if not isinstance(policy, Policy):
            if not isinstance(policy, str):
                raise wrong_type("policy", "a policy's name or a Policy", policy)
            deadline = None if deadline_ms is None else parse_deadline(str(deadline_ms))
            policy = parse_policy(policy, deadline)
        model = None
        if latency is not None:
            model = parse_latency(latency, self._recorded.measured_ns, seed)
        speeds = machine_speed if isinstance(machine_speed, tuple) else None
        speed = middle_speed(machine_speed) if isinstance(machine_speed, tuple) else machine_speed
        conditions = Conditions(rate_hz, speed, model)
        rescored = self._recorded.rescore(policy, conditions)
        return RescoredRun(self._recorded, rescored, conditions, latency or "measured", speeds)

    @property
    def policies(self) -> tuple[str, ...]:
        """The named late-frame rules that the run can be told under without its own clock."""
        untimed = self._recorded.n_untimed
        return tuple(n for n in POLICIES if not untimed or named_policy(n).is_timeless)

    @cached_property
    def _recorded(self) -> Recorded:
        return Recorded(self.record)

    def save(self, folder: PathLike) -> Run:
        """Write the run folder of a run in memory: log, run file, reports; return the saved run.

        Raises
        ------
        RobotVisionError
            The folder holds a run already, or cannot be written.
        """
        out = new_folder("run", path_of("folder", folder))
        write_text(out / "config.yaml", dump_yaml(self.record.about.get("config", {})))
        write_record(out / "run.jsonl", self.record)
        saved = read_run(out)
        write_reports(RunResult(out, saved.task, saved.columns.tallies, saved.record))
        return saved

    def compare(self, other: Run) -> Comparison:
        """Compare with another run of the same test, paired by room visit.

        Raises
        ------
        RobotVisionError
            They share no frame whose truth is known.
        """
        if not isinstance(other, Run):
            raise wrong_type("other", "a Run", other)
        aligned = align([self.columns, other.columns])
        at, notes = shared_frames([self.columns, other.columns], aligned)
        if not len(at[0]):
            raise RobotVisionError("the runs share no frame whose truth is known")
        runs = (self.columns, other.columns)
        first, second = (columns.points[i] for columns, i in zip(runs, at, strict=True))
        visits = self.columns.visit[at[0]]
        lead = difference(first, second, visits, bounds=shared_bounds(runs, at))
        return Comparison(lead, len(visits), len(np.unique(visits)), tuple(notes))

    def __repr__(self) -> str:
        score, policy = self.score, self.record.about["policy"]["name"]
        where = "in memory" if self.folder is None else str(self.folder)
        return (
            f"Run({score.points:g} of {score.max_points:g} points, {score.frames} frames, "
            f"{policy}, {where})"
        )

    def _repr_html_(self) -> str:
        """Return its summary, as a notebook shows it."""
        return summary_html(self.report, self.task)


@dataclass(frozen=True, eq=False)
class RescoredRun:
    """A recorded run under another policy, camera or machine; see `Run.rescore`."""

    recorded: Recorded
    rescored: Rescored
    conditions: Conditions
    latency_model: str = "measured"
    speeds: tuple[float, float] | None = None
    """Between which the machine's speed lies, where it is not known exactly."""

    @property
    def policy(self) -> Policy:
        """The late-frame policy."""
        return self.rescored.policy

    @cached_property
    def score(self) -> Score:
        """Points and breakdowns."""
        recorded, rescored = self.recorded, self.rescored
        mode, policy = str(recorded.record.about["mode"]), self.policy.describe()
        table = score_table(rescored.table, recorded.task)
        return Score(recorded.task, rescored.tallies, mode, policy, table=table)

    @cached_property
    def report(self) -> dict[str, Any]:
        """The rescoring as plain data: what ``robotvision rescore --json`` prints."""
        data = rescored_report(self.recorded, self.rescored, self.conditions, self.latency_model)
        if self.speeds is not None:
            recorded, policy = self.recorded, self.policy
            data["over_speeds"] = recorded.points_over_speeds(policy, self.conditions, self.speeds)
        return data

    def __repr__(self) -> str:
        s = self.score
        return f"RescoredRun({s.points:g} of {s.max_points:g} points, {self.policy.name})"


def read_run(path: PathLike) -> Run:
    """Load a recorded run.

    Parameters
    ----------
    path : path
        A run folder or its ``run.jsonl``.

    Raises
    ------
    RobotVisionError
        It is not a run log.
    """
    record = read_log(path_of("path", path, "a run folder or its run.jsonl"))
    return Run(record, record.path.parent)


def rescore(run: Run | PathLike, policy: str | Policy, **conditions: Any) -> RescoredRun:
    """Score a recorded run under another late-frame policy; see `Run.rescore`.

    Parameters
    ----------
    run : Run or path
        A run, its folder or its ``run.jsonl``.
    policy : str or Policy
    **conditions
        As in `Run.rescore`.
    """
    loaded = run if isinstance(run, Run) else read_run(run)
    return loaded.rescore(policy, **conditions)


def _array(name: str, values: Iterable[Any]) -> NDArray[Any]:
    """Return a column: numbers where all are numbers, floats with nan where some are missing."""
    listed = list(values)
    if name.endswith("_objects") or any(isinstance(v, str) for v in listed):
        column = np.empty(len(listed), object)
        column[:] = listed
        return column
    if any(v is None for v in listed):
        return np.array([np.nan if v is None else v for v in listed], np.float64)
    return np.array(listed)
