#!/usr/bin/env python3
"""How long scoring takes: a million-line run file, beside pandas + scikit-learn, and live.

Both read the same run file and truth table, refuse a label outside the task, and come to points,
confusion, precision and recall. The peer is the usual few lines, with labels turned to codes first
(scikit-learn on words takes many times as long); it names no faulty line.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TASK = "imageclef2012"

OURS = """
import sys, time, json
from pathlib import Path
from robotvision.tasks import load_task
from robotvision.submissions.truthfile import read_truth
from robotvision.submissions.checker import require_run
from robotvision.submissions.score import summarise
from robotvision.submissions.table import tally_run
start = time.perf_counter()
task = load_task(sys.argv[1])
truth = read_truth(Path(sys.argv[3]))
run = require_run(Path(sys.argv[2]), task, truth.frames)
score = summarise(task, {truth.name: tally_run(task, truth, run)})
took = time.perf_counter() - start
peak = next(x for x in open("/proc/self/status") if x.startswith("VmHWM"))
mb = int(peak.split()[1]) / 1024
assert "torch" not in sys.modules and "sklearn" not in sys.modules
print(json.dumps({"s": took, "mb": mb, "points": score["points"]}))
"""

PEER = """
import sys, time, json
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
start = time.perf_counter()
labels = sys.argv[4].split(",")
run = pd.read_csv(sys.argv[2], sep=" ", names=["number", "said"], dtype={"said": str})
truth = pd.read_csv(sys.argv[3])
truth["number"] = truth["index"] + 1
if run["number"].duplicated().any() or not run["said"].isin(labels).all():
    raise SystemExit("refused")
both = truth.merge(run, on="number", how="left")
said = pd.Categorical(both["said"], categories=labels).codes
room = pd.Categorical(both["room"], categories=labels).codes
points = int((room == said).sum()) - int(((said >= 0) & (room != said)).sum())
codes = list(range(len(labels)))
matrix = confusion_matrix(room, said, labels=codes)
shares = precision_recall_fscore_support(room, said, labels=codes, zero_division=0)
took = time.perf_counter() - start
peak = next(x for x in open("/proc/self/status") if x.startswith("VmHWM"))
mb = int(peak.split()[1]) / 1024
print(json.dumps({"s": took, "mb": mb, "points": points}))
"""


def write_files(folder: Path, n: int) -> tuple[Path, Path, tuple[str, ...]]:
    """Write a run file and a truth of ``n`` frames and return them with the rooms."""
    from robotvision.tasks import load_task

    rooms = load_task(TASK).room_names
    draw = np.random.default_rng(7).integers(0, len(rooms), (2, n))
    run, truth = folder / "run.txt", folder / "truth.csv"
    run.write_text("".join(f"{i + 1:05d} {rooms[r]}\n" for i, r in enumerate(draw[0])))
    rows = "".join(f"{i},{rooms[r]}\n" for i, r in enumerate(draw[1]))
    truth.write_text("index,room\n" + rows)
    return run, truth, rooms


def measure(code: str, *args: str) -> dict[str, float]:
    """Run ``code`` in its own process and return what it prints, with its whole time."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found | {"whole_s": time.perf_counter() - start}


def live_us(n: int = 20_000, rounds: int = 10) -> dict[str, float]:
    """Return microseconds a frame of `Tally.add`, by task: the best of ``rounds``."""
    from robotvision.records import Answer, TimedAnswer, Truth
    from robotvision.scoring import Tally
    from robotvision.tasks import load_task

    found = {}
    for name in (TASK, "imageclef2014"):
        task = load_task(name)
        objects = {o: i % 2 == 0 for i, o in enumerate(task.objects)}
        truth = Truth(task.room_names[0], frozenset(task.objects[:3]))
        timed = [TimedAnswer(i, Answer(task.room_names[i % 3], 0.5, objects), 0) for i in range(n)]
        times = []
        for _ in range(rounds):
            tally = Tally(task)
            start = time.perf_counter()
            for answer in timed:
                tally.add(truth, answer)
            times.append(time.perf_counter() - start)
        found[name] = min(times) / n * 1e6
    return found


def main() -> None:
    """Print both, best of ``--rounds``, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run, truth, rooms = write_files(Path(folder), args.lines)
        files = (TASK, str(run), str(truth), ",".join(rooms))
        ours = min((measure(OURS, *files) for _ in range(args.rounds)), key=lambda m: m["s"])
        print(
            f"robotvision: {ours['s']:.2f} s, {ours['whole_s']:.2f} s with start, "
            f"{ours['mb']:.0f} MB, {args.lines} lines"
        )
        if importlib.util.find_spec("pandas") is None:
            print("pandas + scikit-learn: not installed")
        else:
            peer = min((measure(PEER, *files) for _ in range(args.rounds)), key=lambda m: m["s"])
            if peer["points"] != ours["points"]:
                raise SystemExit(f"points differ: {ours['points']} and {peer['points']}")
            print(
                f"pandas + scikit-learn: {peer['s']:.2f} s, {peer['whole_s']:.2f} s with start, "
                f"{peer['mb']:.0f} MB"
            )
            print(
                f"ratio: {ours['s'] / peer['s']:.2f} (with start "
                f"{ours['whole_s'] / peer['whole_s']:.2f}), the same points"
            )
    for name, us in live_us().items():
        print(f"live, {name}: {us:.2f} us a frame")


if __name__ == "__main__":
    main()
