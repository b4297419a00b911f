#!/usr/bin/env python3
"""What a sweep gains from workers and costs beside the work: ratios in one run.

1. Two local workers against one on a sweep that is all extraction, a thread a worker in both.
2. What a run costs beside its own work on a warm cluster of one worker.
3. How busy 64 workers are kept by runs that sleep for a second: one process of 64 threads beside
   the scheduler's; with ``--simulated objects`` 64 of Dask's workers in the scheduler's process.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from robotvision.cluster.start import ClusterOptions
from robotvision.cluster.store import Store
from robotvision.sweep.context import Context, StepResult
from robotvision.sweep.engine import Steps, SweepOutcome, sweep
from robotvision.sweep.plan import Plan, load_plan
from robotvision.sweep.rows import Row, empty_row, write_row
from robotvision.sweep.steps import Graph

ROOT = Path(__file__).resolve().parent.parent
CELLS = 8  # sizes that pictures are brought to: as many extractions a sequence


class Clock:
    """A watcher that notes when the workers are there and when each step is done."""

    def __init__(self) -> None:
        self.begun_s = self.first_s = self.last_s = 0.0

    def begun(self, plan: Plan, graph: Graph, n_skipped: int) -> None:
        """Hear what there is to do."""

    def cluster(self, link: str, n_workers: int) -> None:
        """Start the clock."""
        self.begun_s = time.perf_counter()

    def step(self, kind: str, made: StepResult | Row) -> None:
        """Note the time."""
        self.last_s = time.perf_counter()
        self.first_s = self.first_s or self.last_s

    def note(self, line: str) -> None:
        """Pass on what went wrong."""
        print(line, file=sys.stderr)


def timed(
    plan: Plan, folder: str, wish: ClusterOptions, steps: Steps | None = None
) -> tuple[Clock, SweepOutcome]:
    clock = Clock()
    swept = sweep(plan, Store(folder), wish, clock, steps=steps)
    if swept.failed:
        sys.exit(f"a run failed: {swept.failed[0]['error']}")
    return clock, swept


def grid(folder: Path, text: str) -> Plan:
    path = folder / "grid.yaml"
    sequences = ", ".join(str(ROOT / "sequences" / f"building_{n}") for n in ("cloudy", "sunny"))
    night = ROOT / "sequences" / "building_night"
    path.write_text(
        f"base: {{task: rooms, train: [{sequences}], test: [{night}], "
        f"features: [phog], classifier: knn}}\n{text}",
        encoding="utf-8",
    )
    return load_plan(path)


def scaling(folder: Path, turns: int) -> dict[str, Any]:
    """Return how many times faster two workers are, the median of several turns."""
    cells = ", ".join(f"{{name: gist, size: {96 + 8 * i}}}" for i in range(CELLS))
    plan = grid(folder, f"grid: {{features: [{cells}]}}\n")
    ratios = []
    for turn in range(turns):
        took = {}
        for n in (1, 2):
            clock, _ = timed(plan, str(folder / f"scale-{turn}-{n}"), ClusterOptions(workers=n))
            took[n] = clock.last_s - clock.begun_s
        ratios.append(took[1] / took[2])
        print(f"turn {turn + 1}: one worker {took[1]:.1f} s, two {took[2]:.1f} s", file=sys.stderr)
    return {
        "name": "two workers against one",
        "ratio": round(sorted(ratios)[turns // 2], 3),
        "turns": [round(r, 3) for r in ratios],
        "wanted": ">= 1.8",
    }


def overhead(folder: Path, n_runs: int) -> dict[str, Any]:
    """Return what a run costs beside its own work, in milliseconds: one worker, all else kept."""
    thresholds = ", ".join(str(0.2 + 0.6 * i / n_runs) for i in range(n_runs))
    plan = grid(folder, f"grid: {{decision.abstain: [{thresholds}]}}\n")
    first = replace(plan, runs=plan.runs[:1])
    out = str(folder / "overhead")
    timed(first, out, ClusterOptions(workers=1))  # vectors and model are kept from here on
    clock, swept = timed(plan, out, ClusterOptions(workers=1))
    work_s = sum(float(r["seconds"]) for r in swept.rows[1:])
    beside_ms = 1000 * (clock.last_s - clock.begun_s - work_s) / (n_runs - 1)
    return {
        "name": "beside a run's own work",
        "ms": round(beside_ms, 2),
        "runs": n_runs - 1,
        "own_ms": round(1000 * work_s / (n_runs - 1), 2),
        "wanted": "<= 50 ms",
    }


def asleep(context: Context, step: Any, trained: Any, blocks: Any) -> Row:
    """Stand for a run: sleep for a second, keep the row."""
    time.sleep(1.0)
    row = empty_row(step.spec.key, step.spec.shown, "done")
    write_row(Store(context.results), row)
    return row


def nothing(*_: Any) -> StepResult:
    """Stand for extraction and training."""
    return StepResult("none")


def efficiency(folder: Path, n_runs: int, n_workers: int, simulated: str) -> dict[str, Any]:
    """Return the share of their time that workers sleep for a run.

    ``threads``: a process of so many threads stands for the workers; ``objects``: as many of Dask's
    workers in the scheduler's own process, which then waits for them as on no real cluster.
    """
    thresholds = ", ".join(str(round(0.1 + 0.8 * i / n_runs, 6)) for i in range(n_runs))
    begun = time.perf_counter()
    plan = grid(folder, f"grid: {{decision.abstain: [{thresholds}]}}\n")
    planned_s = time.perf_counter() - begun
    cluster = folder / "cluster.yaml"
    kinds = {
        "threads": f"n_workers: 1, threads_per_worker: {n_workers}",
        "objects": f"n_workers: {n_workers}, threads_per_worker: 1, processes: false",
    }
    cluster.write_text(
        f"class: distributed.LocalCluster\nparams: {{{kinds[simulated]}, memory_limit: 0, "
        'dashboard_address: ":0"}\n',
        encoding="utf-8",
    )
    steps = Steps(nothing, nothing, nothing, asleep)
    cpu_s = time.process_time()
    clock, _ = timed(plan, str(folder / f"asleep-{simulated}"), ClusterOptions(file=cluster), steps)
    cpu_s = time.process_time() - cpu_s
    wall_s = clock.last_s - clock.begun_s
    best_s = -(-n_runs // n_workers) * 1.0
    return {
        "name": f"{n_workers} workers kept busy",
        "efficiency": round(best_s / wall_s, 3),
        "simulated": simulated,
        "runs": n_runs,
        "wall_s": round(wall_s, 2),
        "cpu_ms_per_run": round(1000 * cpu_s / n_runs, 2),
        "planned_s": round(planned_s, 2),
        "wanted": ">= 0.9",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("scaling", "overhead", "efficiency"))
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--simulated", choices=("threads", "objects"), default="threads")
    args = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs: dict[str, Callable[[], dict[str, Any]]] = {
            "scaling": lambda: scaling(folder, args.turns),
            "overhead": lambda: overhead(folder, 101),
            "efficiency": lambda: efficiency(folder, args.runs, args.workers, args.simulated),
        }
        for key, job in jobs.items():
            if args.only in (None, key):
                print(json.dumps(job()))


if __name__ == "__main__":
    main()
