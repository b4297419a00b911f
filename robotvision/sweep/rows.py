"""A row of the table: the result of one run, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from robotvision.cluster.store import ROWS, Store
from robotvision.errors import RobotVisionError
from robotvision.records import Outcome
from robotvision.runs.log import RunRecord
from robotvision.sweep.grid import Shown
from robotvision.version import __version__

DONE, FAILED, PENDING = "done", "failed", "pending"
QUANTILES = ("p50", "p90", "p99", "max")
Row = dict[str, Any]


def empty_row(key: str, shown: Mapping[str, Shown], status: str, error: str = "") -> Row:
    """Return the row of a run without a result, with every column."""
    row: Row = {"config_hash": key, "status": status, "error": error, "keys": dict(shown)}
    row |= dict.fromkeys(("points", "max_points", "points_per_frame", "frames"))
    row |= dict.fromkeys(("interval_low", "interval_high"))
    row |= {str(o): None for o in Outcome}
    row |= {f"latency_{q}_ns": None for q in QUANTILES}
    row |= {"quotable": False, "latency_note": "", "exclusive": False, "seconds": None}
    row |= {"run_dir": "", "worker": "", "processor": "", "robotvision": __version__}
    row |= dict.fromkeys(("python", "numpy", "opencv", "scikit_learn"))
    row |= dict.fromkeys(("config_digest", "answers_digest", "data_digest"))
    return row


def done_row(
    key: str, shown: Mapping[str, Shown], report: Mapping[str, Any], record: RunRecord
) -> Row:
    """Return the row of a finished run, from its report and its log."""
    row = empty_row(key, shown, DONE)
    frames = report["frames"]
    row |= {k: report[k] for k in ("points", "max_points", "frames")}
    row["points_per_frame"] = report["points"] / frames if frames else None
    row["interval_low"], row["interval_high"] = report.get("interval") or (None, None)
    row |= {str(o): report["outcomes"].get(str(o), 0) for o in Outcome}
    total = report["latency_ns"].get("total", {})
    row |= {f"latency_{q}_ns": total.get(q) for q in QUANTILES}
    row |= _versions(report["environment"])
    row["config_digest"] = report["config_digest"]
    row["answers_digest"] = answers_digest(record)
    digests = [s["digest"] for s in report["sequences"]]
    row["data_digest"] = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    return row


def _versions(environment: Mapping[str, Any]) -> Row:
    packages = environment.get("packages", {})
    return {
        "processor": environment.get("processor", ""),
        "robotvision": environment.get("robotvision"),
        "python": environment.get("python"),
        "numpy": packages.get("numpy"),
        "opencv": packages.get("opencv-python"),
        "scikit_learn": packages.get("scikit-learn"),
    }


def answers_digest(record: RunRecord) -> str:
    """Return a digest of every answer, to the last bit of its confidence; no time enters it."""
    h = hashlib.sha256()
    for sequence in record.sequences:
        h.update(json.dumps([sequence.set, sequence.about["name"]]).encode())
        for frame in sequence.frames:
            answer = frame.timed.answer
            cells: list[Any] = [frame.index, frame.timed.fault]
            if answer is not None:
                confidence = None if answer.confidence is None else answer.confidence.hex()
                cells += [answer.room, confidence, sorted(answer.objects.items())]
            h.update(json.dumps(cells).encode())
    return h.hexdigest()


def write_row(store: Store, row: Row) -> None:
    """Write a row. Raises RobotVisionError."""
    text = json.dumps(row, ensure_ascii=False, indent=1)
    store.write(f"{ROWS}/{row['config_hash']}.json", text.encode())


def read_rows(store: Store) -> dict[str, Row]:
    """Return every row by its hash; one that cannot be parsed is left out. RobotVisionError."""
    rows: dict[str, Row] = {}
    names = [n for n in store.names(ROWS) if n.endswith(".json")]
    for name in names:
        row = _parse(store.read(f"{ROWS}/{name}"))
        if row is not None and row["config_hash"] == name.removesuffix(".json"):
            rows[row["config_hash"]] = row
    return rows


def _parse(content: bytes | None) -> Row | None:
    try:
        row = json.loads(content or b"")
    except ValueError:
        return None  # cut short where the file system cannot replace a file: the run is repeated
    return row if isinstance(row, dict) and "config_hash" in row and "status" in row else None


def error_line(e: BaseException) -> str:
    """Return what went wrong in one line, with the place where it is no fault of the user's."""
    if isinstance(e, RobotVisionError):
        return " | ".join(e.lines())
    text = f"{type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}".rstrip(": ")
    trace = e.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return text
    name = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{text} ({name}:{trace.tb_lineno})"
