"""The runs under a folder as rows: what each came to, and whether it still goes on.

A finished run is read from its ``report.json``; one without it, or under way, is counted from its
log. Rows are kept until a run's files change.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robotvision.errors import RobotVisionError
from robotvision.report.columns import load_run
from robotvision.report.summary import period_ms

PORT = 8787
"""Where the list is served unless asked otherwise: pages of sweeps link to it."""
LOG = "run.jsonl"
MOST_RUNS = 5000
QUIET_S = 20.0
"""A log without an end that nobody wrote to for so long is that of a stopped run."""
RUNNING, DONE, STOPPED, BROKEN = "running", "done", "stopped", "cannot be read"


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in a list.

    Parameters
    ----------
    key : str
        Names it in addresses: the same for the same folder.
    name : str
        Its folder, below the folder that is shown.
    folder : Path
    status : str
        `RUNNING`, `DONE`, `STOPPED` or `BROKEN`.
    changed_s : float
        When its log was last written to, in seconds since 1970.
    report : Mapping[str, Any]
        As ``report.json`` has it; empty where the run cannot be read.
    fault : str
        Why it cannot be read.
    """

    key: str
    name: str
    folder: Path
    status: str
    changed_s: float
    report: Mapping[str, Any]
    fault: str = ""

    @property
    def accuracy(self) -> float | None:
        """Share of the scored frames that are right."""
        outcomes = self.report.get("outcomes", {})
        n = sum(outcomes.values())
        return outcomes["correct"] / n if n else None

    @property
    def what(self) -> str:
        """Features and classifier, or the program's name, as far as the log tells."""
        training = self.report.get("training") or {}
        parts = dict.fromkeys(name for t in training.values() for name in t.get("dims", {}))
        system = str((self.report.get("system") or {}).get("name", ""))
        return ", ".join(parts) or system

    @property
    def period_ms(self) -> float | None:
        """Time between two frames of its camera."""
        return period_ms(self.report) if self.report else None


class RunList:
    """Finds and reads the runs under folders.

    Parameters
    ----------
    roots : sequence of Path
        Run folders, or folders that hold some at any depth.

    Raises
    ------
    RobotVisionError
        One is no folder.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        for root in roots:
            if not root.is_dir():
                raise RobotVisionError(f"{root}: no folder; give one that holds runs")
        self.roots = tuple(root.resolve() for root in roots)
        self._kept: dict[Path, tuple[tuple[Any, ...], RunRow]] = {}

    def rows(self) -> list[RunRow]:
        """Return every run as it stands now, the one changed last first."""
        found = [self._row(root, folder) for root in self.roots for folder in run_folders(root)]
        unique = {row.key: row for row in found}
        return sorted(unique.values(), key=lambda row: -row.changed_s)

    def find(self, key: str) -> RunRow | None:
        """Return the run of a key, or None."""
        return next((row for row in self.rows() if row.key == key), None)

    def _row(self, root: Path, folder: Path) -> RunRow:
        log = (folder / LOG).stat()
        report = folder / "report.json"
        version = (
            log.st_size,
            log.st_mtime_ns,
            report.stat().st_mtime_ns if report.is_file() else 0,
        )
        is_quiet = time.time() - log.st_mtime > QUIET_S
        kept = self._kept.get(folder)
        if kept is not None and kept[0] == (version, is_quiet):
            return kept[1]
        name = folder.name if folder == root else str(folder.relative_to(root))
        key = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        try:
            data = _report(folder)
            status = DONE if data["is_whole"] else STOPPED if is_quiet else RUNNING
            row = RunRow(key, name, folder, status, log.st_mtime, data)
        except RobotVisionError as e:
            status = BROKEN if is_quiet else RUNNING  # its first line may not be written yet
            row = RunRow(key, name, folder, status, log.st_mtime, {}, e.lines()[0])
        self._kept[folder] = ((version, is_quiet), row)
        return row


def _report(folder: Path) -> Mapping[str, Any]:
    """Return the report of a run: the one written with its log, else counted anew."""
    path = folder / "report.json"
    if path.is_file() and path.stat().st_mtime_ns >= (folder / LOG).stat().st_mtime_ns:
        try:
            data = json.loads(path.read_bytes())
        except ValueError:
            data = None  # cut short: the log says the same
        if isinstance(data, dict) and data.keys() >= {"points", "outcomes", "is_whole"}:
            return data
    run = load_run(folder)
    interval = run.interval() if run.is_scored.any() else None
    return run.data | ({} if interval is None else interval.as_dict())


def run_folders(root: Path) -> Iterator[Path]:
    """Yield the run folders at and below a folder, links not followed, at most `MOST_RUNS`."""
    n = 0
    for path, folders, files in os.walk(root):
        folders.sort()
        if LOG in files and (Path(path) / LOG).is_file():
            folders.clear()
            n += 1
            yield Path(path)
        if n >= MOST_RUNS:
            return
