#!/usr/bin/env python3
"""How often ``robotvision gate --against`` raises a false alarm on two equal systems.

Pairs of equally good systems answer the simulated sequences of ``coverage_ranks.py``; each pair is
two runs in memory, and goes through `robotvision.api.gate.gate`. A false alarm is a fail: exit code
1. Printed beside it: how often a system that is a step worse fails, passes, or cannot be told.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from coverage_ranks import SKILL, contest

from robotvision.api.gate import gate
from robotvision.api.run import Run
from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.report.requirements import GateVerdict
from robotvision.runs.log import RunRecord, SequenceRecord
from robotvision.tasks import load_task

ROOMS = ("Kitchen", "Hall", "Office")


def recorded(is_right: list[bool], visits: list[int], name: str) -> Run:
    """Return a run that answers each frame rightly or not."""
    task = load_task("rooms", Path()).with_rooms(dict.fromkeys(ROOMS, 1))
    frames = []
    for k, (right, visit) in enumerate(zip(is_right, visits, strict=True)):
        room = ROOMS[visit % len(ROOMS)]
        answered = room if right else ROOMS[(visit + 1) % len(ROOMS)]
        timed = TimedAnswer(k, Answer(answered), k, k, k + 1)
        frames.append(FrameRecord.of(k, 0, timed, Truth(room)))
    about = {
        "task": task.model_dump(mode="json"),
        "mode": "obligatory",
        "clock": "asap",
        "policy": {"name": "offline", "backlog": "queue", "late": "own"},
        "system": {"name": name},
    }
    sequence = SequenceRecord({"name": "simulated", "set": "test", "frames": len(frames)}, frames)
    return Run(RunRecord(Path(name) / "run.jsonl", about, [sequence], True))


def verdicts(n: int, n_visits: int, step: float, seed: int) -> Counter[GateVerdict]:
    """Return the verdicts on ``n`` systems, each against one that is ``step`` better."""
    rng = np.random.default_rng([seed, n_visits, round(10 * step)])
    counts: Counter[GateVerdict] = Counter()
    for _ in range(n):
        points, visits = contest(rng, np.array([SKILL, SKILL + step]), n_visits)
        new, old = (
            recorded((points[:, k] > 0).tolist(), visits.tolist(), name)
            for k, name in enumerate(("new", "old"))
        )
        counts[gate(new, against=old).verdict] += 1
    return counts


def main() -> None:
    """Print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--visits", type=int, nargs="+", default=[12, 20, 40])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| visits | systems | fail | cannot tell | pass |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for n_visits in options.visits:
        for step, name in ((0.0, "equal"), (1.5, "worse by 1.5 in log-odds")):
            counts = verdicts(options.pairs, n_visits, step, options.seed)
            order = (GateVerdict.FAIL, GateVerdict.CANNOT_TELL, GateVerdict.PASS)
            shares = " | ".join(f"{100 * counts[v] / options.pairs:.1f} %" for v in order)
            print(f"| {n_visits} | {name} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
