"""Time ``robotvision rank --site`` on a contest of many runs, made up with a seed.

    python scripts/bench_site.py [--runs 200] [--frames 3000] [--repeat 1] [-- --pages]

What follows ``--`` goes to the command. Printed are the seconds that pass and the processor's
seconds of the command and its children: on a machine that others use the latter is what counts.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOMS = [f"Room{letter}" for letter in "ABCDEFGHIJ"]
VISIT = 40
"""Frames a visit, about as many as a robot spends in an office."""


def write_contest(folder: Path, n_runs: int, n_frames: int, seed: int = 0) -> None:
    """Write a task, a truth and runs whose errors come in stretches, as those of systems do."""
    rng = random.Random(seed)
    (folder / "task.yaml").write_text(f"id: bench\nrooms: [{', '.join(ROOMS)}]\n")
    truth = [ROOMS[(k // VISIT * 7 + k // (VISIT * 3)) % 10] for k in range(n_frames)]
    table = "index,room\n" + "".join(f"{i},{room}\n" for i, room in enumerate(truth))
    (folder / "truth.csv").write_text(table)
    (folder / "runs").mkdir()
    for run in range(n_runs):
        skill = 0.4 + 0.55 * rng.random()
        lines = []
        for start in range(0, n_frames, 10):
            is_right = rng.random() < skill
            wrong = rng.choice(["", *ROOMS])
            lines += [
                f"{i + 1:05} {truth[i] if is_right else wrong}\n"
                for i in range(start, min(start + 10, n_frames))
            ]
        (folder / "runs" / f"team{run:03}.txt").write_text("".join(lines))


def measure(folder: Path, more: list[str]) -> tuple[float, float]:
    """Return seconds passed and seconds of processor time of one command."""
    command = [sys.executable, "-c", "from robotvision.cli import main; main()", "rank"]
    command += ["--task", "task.yaml", "--truth", "truth.csv", "runs", "--site", "site", *more]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, worked


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--frames", type=int, default=3000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("more", nargs="*", help="options of the command, after --")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        write_contest(Path(root), chosen.runs, chosen.frames)
        for _ in range(chosen.repeat):
            passed, worked = measure(Path(root), chosen.more)
            pages = len(list(Path(root, "site").rglob("*.html")))
            print(
                f"{chosen.runs} runs of {chosen.frames} frames: {passed:.1f} s, "
                f"{worked:.1f} s of processor time, {pages} pages"
            )


if __name__ == "__main__":
    main()
