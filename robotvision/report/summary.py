"""``report.json``: a run as one object, made from its log.

Keys shared with ``score`` and ``rescore``: ``schema, task, mode, policy, frames, points,
max_points, outcomes, rooms, latency_ns, run_dir``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.config.requirement import parse_requirement
from robotvision.records import FrameRecord
from robotvision.report.calibration import calibration
from robotvision.report.requirements import RunFigures, check_requirements
from robotvision.runs.log import RunRecord
from robotvision.runs.table import scored_table
from robotvision.scoring.table import FrameTable
from robotvision.scoring.tally import Tally
from robotvision.submissions.score import summarise
from robotvision.tasks.model import Task
from robotvision.timing.quantiles import mean_and_share, summary

if TYPE_CHECKING:
    from robotvision.runs.folder import RunResult

TOTAL = "total"
REST = "rest"
WAIT, HANDOVER = "wait", "hand-over"


def report(run: RunResult) -> dict[str, Any]:
    """Return the report of a run just made."""
    return from_record(run.record, run.task, run.tallies, run.folder)


def from_record(
    record: RunRecord,
    task: Task,
    tallies: Mapping[str, Tally],
    folder: Path,
    table: FrameTable | None = None,
) -> dict[str, Any]:
    """Return the report of a run log and its tallies; ``table`` holds its scored frames."""
    about = record.about
    frames = list(record.frames())
    table = scored_table(record) if table is None else table
    data = summarise(task, tallies, str(about["mode"]), about["policy"], table=table)
    expected = sum(int(s.about["frames"]) for s in record.sequences)
    data |= {
        "latency_ns": latency(frames),
        "processor": record.end.get("processor"),
        "load": record.end.get("load"),
        "run_dir": str(folder),
        "clock": about["clock"],
        "is_whole": record.finished,
        "frames_expected": expected,
        "system": about["system"],
        "training": about.get("training", {}),
        "sequences": [
            {k: s.about.get(k) for k in ("set", "name", "frames", "rate_hz", "digest")}
            for s in record.sequences
        ],
        "faults": faults(frames),
        "warnings": record.notices(),
        "plugins": about.get("plugins", []),
        "environment": about.get("environment", {}),
        "null_ns": about.get("null_ns", {}),
        "config_digest": about.get("config_digest"),
        "seed": about.get("seed"),
    }
    compared = calibration(about, task, table, frames)
    if compared:
        data["calibration"] = compared
    wanted = [parse_requirement(text) for text in about.get("config", {}).get("require", ())]
    if wanted:
        figures = RunFigures(data, task, table, latency_columns(frames))
        data["requirements"] = [r.as_dict() for r in check_requirements(wanted, figures)]
    return data


def period_ms(data: Mapping[str, Any]) -> float | None:
    """Return the time between two frames of a run's first sequence; None: not known."""
    rates = [rate for s in data["sequences"] if (rate := s.get("rate_hz"))]
    return 1000 / float(rates[0]) if rates else None


def latency(frames: list[FrameRecord]) -> dict[str, dict[str, float | None]]:
    """Return p50, p90, p99 and max by stage in nanoseconds; stages, the rest, the total.

    p99.9 too where there are frames enough; of ``wait`` also the mean and the share of the loop.
    """
    columns = latency_columns(frames)
    found: dict[str, dict[str, float | None]] = {
        name: {**summary(values)} for name, values in columns.items()
    }
    if WAIT in columns:
        loop = sum(sum(columns.get(name, ())) for name in (WAIT, HANDOVER, TOTAL))
        found[WAIT] |= mean_and_share(columns[WAIT], loop)
    return found


def latency_columns(frames: list[FrameRecord]) -> dict[str, list[int]]:
    """Return the times of each stage in nanoseconds, of the frames that the system saw.

    ``total`` is the time the system had the frame; ``rest`` is what of it no stage accounts for.
    Outside it lie ``wait`` (for pixels and due time), ``hand-over`` (from then to the system's
    call) and ``decode``, in a thread beside it.
    """
    stages: dict[str, list[int]] = {}
    rest, total = [], []
    outside: dict[str, list[int]] = {WAIT: [], HANDOVER: [], "decode": []}
    for frame in frames:
        latency_ns = frame.timed.latency_ns
        if latency_ns is None:
            continue
        total.append(latency_ns)
        for name, value in frame.timed.stages_ns.items():
            stages.setdefault(name, []).append(value)
        rest.append(latency_ns - sum(frame.timed.stages_ns.values()))
        for name, time in zip(
            outside, (frame.wait_ns, frame.handover_ns, frame.decode_ns), strict=True
        ):
            if time is not None:
                outside[name].append(time)
    columns = {**stages, **({REST: rest} if stages else {}), TOTAL: total, **outside}
    return {name: values for name, values in columns.items() if values}


def faults(frames: list[FrameRecord]) -> list[dict[str, Any]]:
    """Return what failed, each text once, with how often and the first frame."""
    kinds: dict[str, dict[str, Any]] = {}
    for frame in frames:
        text = frame.timed.fault
        if text is not None:
            entry = kinds.setdefault(text, {"fault": text, "frames": 0, "first_frame": frame.index})
            entry["frames"] += 1
    return sorted(kinds.values(), key=lambda e: -int(e["frames"]))
