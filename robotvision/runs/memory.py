"""A run log kept in memory: what `robotvision.runs.log.RunLog` writes, without a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robotvision.records import FrameRecord
from robotvision.runs.log import RunLog, RunRecord, SequenceRecord

IN_MEMORY = Path("(in memory)")
"""Stands for the run folder of a run that was not saved."""


class MemoryLog:
    """Keep a run's header, sequences and frames, as a log would give them back.

    Attributes
    ----------
    record : RunRecord
        What was written so far.
    """

    def __init__(self) -> None:
        self.record = RunRecord(IN_MEMORY / "run.jsonl", {})

    def write(self, kind: str, about: Mapping[str, Any]) -> None:
        """Keep a line of the given type: ``run``, ``sequence`` or ``end``."""
        line: dict[str, Any] = json.loads(json.dumps({"type": kind, **about}))
        if kind == "run":
            self.record.about = line
        elif kind == "sequence":
            self.record.sequences.append(SequenceRecord(line))
        else:
            self.record.finished, self.record.end = True, line

    def frame(self, record: FrameRecord) -> None:
        """Keep one frame."""
        self.record.sequences[-1].frames.append(record)

    def sync(self) -> None:
        """Do nothing: there is no disk."""

    def close(self) -> None:
        """Do nothing: there is no file."""


def write_record(path: Path, record: RunRecord) -> None:
    """Write a run as a log file, made anew. Raises RobotVisionError."""
    log = RunLog(path)
    try:
        log.write("run", _without_type(record.about))
        for sequence in record.sequences:
            log.write("sequence", _without_type(sequence.about))
            for frame in sequence.frames:
                log.frame(frame)
        if record.finished:
            log.write("end", _without_type(record.end))
        log.sync()
    finally:
        log.close()


def _without_type(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key != "type"}
