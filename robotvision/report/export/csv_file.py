"""A run as a table of its answers, a row a frame: what ``robotvision import`` reads back."""

from __future__ import annotations

import csv
from pathlib import Path

from robotvision.report.columns import RunColumns

PLACE, ANSWER = ("set", "sequence", "frame", "time_ns"), ("room", "confidence", "objects")
HEADER = (*PLACE, *ANSWER, "latency_ns", "fault")


def write(run: RunColumns, out: Path) -> list[str]:
    """Write each frame's own answer and how long it took; return what is left out.

    Neither the truth nor what a late answer was worth stands there.
    """
    with open(out, "w", encoding="utf-8", errors="backslashreplace", newline="") as f:
        table = csv.writer(f, lineterminator="\n")
        table.writerow(HEADER)
        for sequence, frame in zip(run.sequence.tolist(), run.frames, strict=True):
            about, answer, timed = run.record.sequences[sequence], frame.answer, frame.timed
            stated = {} if answer is None else answer.objects
            table.writerow(
                [
                    about.set,
                    about.about["name"],
                    frame.index,
                    frame.timestamp_ns,
                    "" if answer is None else answer.room or "",
                    "" if answer is None or answer.confidence is None else answer.confidence,
                    ";".join(sorted(k if v else f"!{k}" for k, v in stated.items())),
                    "" if timed.latency_ns is None else timed.latency_ns,
                    timed.fault or "",
                ]
            )
    if run.record.about["clock"] == "asap":
        return []
    return ["when frames were due: imported again, the run is scored offline"]
