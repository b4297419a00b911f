#!/usr/bin/env python3
"""What training the best recogniser of single frames costs, and a frame, beside earlier code.

    git worktree add /tmp/before v0.1
    python scripts/bench_baselines.py DATA/ie_tower_floors03to09 --against /tmp/before

Each round trains on SEQUENCE with its features cached and answers its first frames one at a time,
images decoded before: this code with one and with two threads inside a network, with two features
of a frame computed at a time (``feature_threads: 2``), and the code of ``--against`` with one. All
take turns, a process each, so that the machine's moods fall on all of them. Printed are medians
over rounds: seconds of processor time of a training, milliseconds of processor time a frame, p50
and p99 of a frame by the clock, and their ratios to the first line. On a busy machine the clock
tells nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

REPO = Path(__file__).parents[1]
WARM = 20
"""Frames before the clock counts."""


def measure(
    root: Path, config_path: Path, n_frames: int, threads: int, at_a_time: int
) -> dict[str, float]:
    """Return processor time of a training and of a frame, p50 and p99 of a frame by the clock."""
    from robotvision.config.checks import load_config
    from robotvision.config.experiment import Overrides
    from robotvision.data import open_sequence
    from robotvision.features import cache_folder
    from robotvision.plugins.threads import one_thread
    from robotvision.recogniser.channels import settle_features
    from robotvision.recogniser.training import fit_pipeline
    from robotvision.systems.base import View

    roots = (root,)
    setup = load_config(config_path, instead=Overrides("rooms", roots, roots, {}, (), "bench"))
    sequence = open_sequence(root)
    config = settle_features(setup.config, [sequence])[0]
    fit_pipeline(config, setup.task, [sequence], cache_folder())  # fills cache, loads libraries
    started = time.process_time()
    pipeline = fit_pipeline(config, setup.task, [sequence], cache_folder())[0]
    train_s = time.process_time() - started
    for slot in pipeline.slots:
        if hasattr(slot.extractor, "threads"):
            slot.extractor.threads = threads
    pipeline.feature_threads = at_a_time
    pipeline.reset(View.of(sequence))
    frames = [sequence.load(i, pipeline.channels) for i in range(min(n_frames, len(sequence)))]
    with one_thread():  # as in a run
        for frame in frames[:WARM]:
            pipeline.answer(frame)
        took, worked = [], time.process_time()
        for frame in frames:
            started = time.perf_counter()
            pipeline.answer(frame)
            took.append(1e3 * (time.perf_counter() - started))
        frame_ms = 1e3 * (time.process_time() - worked) / len(frames)
    p50, p99 = (float(q) for q in np.quantile(took, (0.5, 0.99)))
    return {"train_s": train_s, "frame_ms": frame_ms, "p50_ms": p50, "p99_ms": p99}


def child(tree: Path, args: argparse.Namespace, threads: int, at_a_time: int) -> dict[str, float]:
    """Return what `measure` gives with the code in ``tree``, in a process of its own."""
    call = [sys.executable, __file__, str(args.sequence), "--inside", str(threads), str(at_a_time)]
    call += ["--config", str(tree / args.config), "--frames", str(args.frames)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(call, env=environment, stdout=subprocess.PIPE, check=True)
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sequence", type=Path, help="a sequence with rooms")
    add("--against", type=Path, help="a checkout of earlier code")
    add("--config", default="configs/baselines/best_obligatory.yaml", help="in each checkout")
    add("--frames", type=int, default=200, help="answered in a round [200]")
    add("--rounds", type=int, default=5, help="[5]")
    add("--inside", type=int, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        print(json.dumps(measure(args.sequence, Path(args.config), args.frames, *args.inside)))
        return
    ways = {
        "this code, one thread": (REPO, 1, 1),
        "two threads in a network": (REPO, 2, 1),
        "two features at a time": (REPO, 1, 2),
    }
    if args.against:
        ways["earlier code, one thread"] = (args.against.resolve(), 1, 1)
    rounds = [
        {name: child(tree, args, *threads) for name, (tree, *threads) in ways.items()}
        for _ in range(args.rounds)
    ]
    titles = ("training, s of CPU", "frame, ms of CPU", "p50, ms", "p99, ms")
    print(f"{'':26s}" + "".join(f"{t:>20s}" for t in titles) + f"{'p99 / p50':>11s}")
    first: dict[str, float] = {}
    for name in ways:
        middle = {key: median(r[name][key] for r in rounds) for key in rounds[0][name]}
        first = first or middle
        cells = (f"{middle[k]:.2f} ({middle[k] / first[k]:.2f})" for k in middle)
        tail = median(r[name]["p99_ms"] / r[name]["p50_ms"] for r in rounds)
        print(f"{name:26s}" + "".join(f"{c:>20s}" for c in cells) + f"{tail:11.2f}")


if __name__ == "__main__":
    main()
