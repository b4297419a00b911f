#!/usr/bin/env python3
"""What observers named in a configuration cost a frame, in microseconds, beside a silent one.

Each is called as a run calls it, guarded, with a frame, its probabilities and its outcome; the best
of several rounds counts. Exit code 1 where one takes more than 5 µs a frame. ``taskset -c 0`` for
one core.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from robotvision.config import OBSERVERS
from robotvision.config.checks import build
from robotvision.experiment.observers import GuardedObserver
from robotvision.experiment.progress import Observer
from robotvision.records import Answer, FrameRecord, Outcome, ScoredAnswer, TimedAnswer, Truth
from robotvision.scoring.tally import Tally
from robotvision.tasks import load_task

FRAMES, ROUNDS, LIMIT_US = 20_000, 7, 5.0


def main() -> int:
    """Time every observer that is shipped; print a line each."""
    task = load_task("rooms").with_rooms({"Kitchen": 1, "Office": 1})
    tally = Tally(task)
    timed = TimedAnswer(0, Answer("Kitchen", 0.8), due_ns=0, started_ns=10, finished_ns=20)
    record = FrameRecord.of(0, 0, timed, Truth("Kitchen"))
    scored = ScoredAnswer(0, record.truth, timed, Outcome.CORRECT, 1.0, None)
    worst = 0.0
    for name in ("(silent)", *OBSERVERS.names()):
        observer = Observer() if name == "(silent)" else build(OBSERVERS, name)
        guarded = GuardedObserver(name, observer, lambda line: print(line, file=sys.stderr))
        best = float("inf")
        for _ in range(ROUNDS):
            guarded.begin(Path(), {"task": {"id": "rooms"}})
            begun = time.perf_counter_ns()
            for index in range(FRAMES):
                guarded.posterior(index, {"Kitchen": 0.8, "Office": 0.2})
                guarded.frame(record, scored, tally)
            best = min(best, (time.perf_counter_ns() - begun) / FRAMES / 1e3)
        if guarded.notice is not None:
            return 1
        worst = max(worst, best)
        print(f"{name:12} {best:6.2f} µs a frame (limit {LIMIT_US:g})")
    return 0 if worst <= LIMIT_US else 1


if __name__ == "__main__":
    sys.exit(main())
