#!/usr/bin/env python3
"""Kill runs at random moments, resume them, and compare with the run that nobody killed.

Each trial starts ``robotvision run`` in a process of its own, kills it (SIGKILL), goes on with
``--resume`` (or begins again, where the run had not written its first line), sometimes kills that
too, and lets the last one come to its end. Then the log must be whole, with the same facts in the
same order; the run files the same bytes; the report the same points and outcomes.

The runs have two test sets, three sequences and two passes over each: a recogniser in process, one
with memory (the optional mode), a program, a program in the optional mode, and virtual time. They
are forked from one server that has imported everything, so that a trial takes a second or two.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

ROOMS = {"Kitchen": (200, 60, 40), "Office": (50, 90, 200), "Hall": (60, 180, 80)}
PROGRAM = """\

COLORS = {"Kitchen": 0, "Hall": 1, "Office": 2}
last = None
for frame in Client():
    mean = frame.images["rgb"].view().reshape(-1, 3).mean(axis=0)
    room = next(name for name, channel in COLORS.items() if channel == mean.argmax())
    last = room if not MEMORY or frame.is_first or frame.index % 3 else last
    frame.answer(last, 0.5)
"""
KINDS: dict[str, tuple[str, ...]] = {
    "in process": ("features: [hsv_histogram]", "classifier: knn"),
    "memory": (
        "features: [hsv_histogram]",
        "classifier: knn",
        "mode: optional",
        "temporal: {name: majority, frames: 3}",
    ),
    "program": ("system: {command: [PYTHON, program.py]}",),
    "program with memory": ("system: {command: [PYTHON, memory.py]}", "mode: optional"),
    "virtual time": ("features: [hsv_histogram]", "classifier: knn"),
}
TIMES = (
    "due_ns",
    "started_ns",
    "finished_ns",
    "stages_ns",
    "decode_ns",
    "decoded_ns",
    "wait_ns",
    "handover_ns",
)
"""What no two runs share."""
PRELOAD = (
    "robotvision.cli.run",
    "robotvision.experiment.run",
    "robotvision.report.watch",
    "robotvision.report.write",
    "robotvision.runs.trace",
    "robotvision.classifiers.knn",
    "robotvision.features.hsv_histogram",
    "robotvision.temporal.majority",
    "sklearn.neighbors",
    "scipy.stats",
)
PATIENCE_S = 120.0
CLIENT = Path(__file__).parents[1] / "robotvision" / "client.py"
"""A program in its sandbox does not see the package: it brings the client along."""


@dataclass(frozen=True)
class Whole:
    """What an uninterrupted run left, and how long it took."""

    config: Path
    facts: list[dict[str, Any]]
    files: dict[str, bytes]
    score: tuple[Any, ...]
    log_bytes: int
    seconds: float


def write_sequence(path: Path, rooms: Sequence[str], seed: int, n_each: int = 5) -> None:
    """Write a small sequence of coloured noise, some frames of each room."""
    from robotvision.data.native import SequenceWriter

    draw = np.random.default_rng(seed)
    with SequenceWriter(path, path.name, {"rgb": "color"}, 10.0, {}) as writer:
        for i in range(n_each * len(rooms)):
            noise = draw.normal(0, 25, (24, 32, 3))
            image = np.clip(np.array(ROOMS[rooms[i // n_each]]) + noise, 0, 255).astype(np.uint8)
            writer.add(i * 100_000_000, {"rgb": image}, segment=0, room=rooms[i // n_each])


def write_config(folder: Path, kind: str) -> Path:
    """Write the configuration of a kind of run beside the sequences."""
    lines = [line.replace("PYTHON", sys.executable) for line in KINDS[kind]]
    clock = ", clock: simulated, policy: deadline, deadline_ms: 60000" if "time" in kind else ""
    path = folder / f"{kind.replace(' ', '_')}.yaml"
    text = [
        "task: rooms",
        "train: [train]",
        "test: {first: [one, two], second: [two]}",
        f"replay: {{loop: 2{clock}}}",
        *lines,
    ]
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def prepare_folder(folder: Path) -> None:
    """Write sequences and programs."""
    write_sequence(folder / "train", list(ROOMS), 1)
    write_sequence(folder / "one", ["Hall", "Office", "Kitchen"], 2)
    write_sequence(folder / "two", ["Office", "Hall"], 3)
    for name, has_memory in (("program.py", False), ("memory.py", True)):
        text = f"{CLIENT.read_text()}\nMEMORY = {has_memory}\n{PROGRAM}"
        (folder / name).write_text(text, encoding="utf-8")


def _child(words: Sequence[str], output: str, errors: str) -> None:
    """Be ``robotvision``: in a forked process, what it prints in two files."""
    from robotvision.cli import main

    os.setsid()
    for path, number in ((output, 1), (errors, 2)):
        with open(path, "wb", buffering=0) as file:
            os.dup2(file.fileno(), number)
    main(list(words))


class Commands:
    """Starts the command line in processes forked from a server that has imported it.

    Parameters
    ----------
    folder : Path
        For what they print.
    """

    def __init__(self, folder: Path) -> None:
        self.output, self.errors = folder / "output.txt", folder / "errors.txt"
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOAD))

    def start(self, *words: object) -> BaseProcess:
        """Start ``robotvision`` with ``words``."""
        args = [*map(str, words)], str(self.output), str(self.errors)
        process = self._context.Process(target=_child, args=args)
        process.start()
        return process

    def run(self, *words: object) -> int:
        """Run it to its end and return its exit code."""
        process = self.start(*words)
        process.join(PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"{words}: not at its end after {PATIENCE_S:g} s")
        return process.exitcode


def facts(log: bytes) -> list[dict[str, Any]]:
    """Return the sequences, frames and end of a log without times."""
    lines = [json.loads(line) for line in log.splitlines()[1:]]
    kept = [{k: v for k, v in line.items() if k not in TIMES} for line in lines]
    return [{"type": "end", "frames": x["frames"]} if x["type"] == "end" else x for x in kept]


def score_of(folder: Path) -> tuple[Any, ...]:
    """Return the points and outcomes of a run's report, by test set."""
    data = json.loads((folder / "report.json").read_bytes())
    sets = {k: (s["points"], s["outcomes"]) for k, s in data["sets"].items()}
    return data["frames"], data["outcomes"], sets


def run_files(folder: Path) -> dict[str, bytes]:
    """Return the run files of a run."""
    return {p.name: p.read_bytes() for p in sorted(folder.glob("run*.txt"))}


def whole_run(commands: Commands, config: Path, folder: Path) -> Whole:
    """Run it without interruption."""
    begun = time.monotonic()
    code = commands.run("run", config, "--out", folder, "--no-cache")
    if code:
        raise SystemExit(f"{config}: exit {code}: {commands.errors.read_text()}")
    seconds = time.monotonic() - begun
    log = (folder / "run.jsonl").read_bytes()
    return Whole(config, facts(log), run_files(folder), score_of(folder), len(log), seconds)


def moment(draw: Random, whole: Whole, folder: Path) -> Callable[[float], bool]:
    """Return a test, given the seconds since the start, whether it is time to kill.

    At any time; once the log holds any number of bytes; or while the reports are written.
    """
    kind, share = draw.choice(("time", "log", "log", "reports")), draw.random()
    log = folder / "run.jsonl"

    def size() -> int:
        return log.stat().st_size if log.exists() else 0

    if kind == "time":
        return lambda seconds: seconds >= share * whole.seconds
    if kind == "log":
        return lambda seconds: size() >= share * whole.log_bytes
    ended: list[float] = []

    def in_reports(seconds: float) -> bool:
        if not ended and size() >= 0.97 * whole.log_bytes:
            ended.append(seconds)
        return bool(ended) and seconds - ended[0] >= share * 0.3 * whole.seconds

    return in_reports


def killed(process: BaseProcess, is_time: Callable[[float], bool]) -> bool:
    """Kill a run when it is time; return False where it came to its end before."""
    begun = time.monotonic()
    while process.exitcode is None and time.monotonic() - begun < PATIENCE_S:
        if is_time(time.monotonic() - begun):
            process.kill()
            process.join()
            return process.exitcode != 0
        time.sleep(0.0003)
    return False


def next_words(whole: Whole, folder: Path) -> tuple[object, ...]:
    """Return the command that goes on with a run, or begins it."""
    log = folder / "run.jsonl"
    if log.exists() and log.read_bytes().count(b"\n"):
        return ("run", "--resume", folder, "--no-cache")
    return ("run", whole.config, "--out", folder, "--no-cache")


def trial(commands: Commands, whole: Whole, folder: Path, draw: Random) -> tuple[int, str | None]:
    """Kill a run once, sometimes again, and resume it; return the kills and what differs."""
    wanted = draw.choice((1, 1, 1, 2, 2, 3))
    n_kills = 0
    for _ in range(wanted):
        process = commands.start(*next_words(whole, folder))
        n_kills += killed(process, moment(draw, whole, folder))
    code = commands.run(*next_words(whole, folder))
    if code:
        return n_kills, f"exit {code}: {commands.errors.read_text().strip()[-300:]}"
    log = (folder / "run.jsonl").read_bytes()
    if facts(log) != whole.facts:
        return n_kills, "the log is not the uninterrupted one's"
    if run_files(folder) != whole.files:
        return n_kills, "a run file differs"
    return n_kills, None if score_of(folder) == whole.score else "points or outcomes differ"


def trials(kills: int, seed: int, kinds: Sequence[str]) -> Iterator[tuple[str, int, str | None]]:
    """Yield kind, kills and what differs (None: nothing) of each trial, until so many kills."""
    with tempfile.TemporaryDirectory(prefix="robotvision-kills-") as name:
        folder = Path(name)
        prepare_folder(folder)
        commands = Commands(folder)
        commands.run("--version")  # the server imports everything now, not within the first run
        wholes = {
            kind: whole_run(commands, write_config(folder, kind), folder / "whole" / kind)
            for kind in kinds
        }
        n = done = 0
        while done < kills:
            kind = kinds[n % len(kinds)]
            killed, difference = trial(commands, wholes[kind], folder / f"run{n}", Random(seed + n))
            n, done = n + 1, done + killed
            yield kind, killed, difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="else all of them")
    args = parser.parse_args()
    kinds = args.kind or list(KINDS)
    begun = time.monotonic()
    n_trials, n_kills = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
    failures = []
    for n, (kind, killed, difference) in enumerate(trials(args.kills, args.seed, kinds)):
        n_trials[kind] += 1
        n_kills[kind] += killed
        if difference is not None:
            failures.append(f"seed {args.seed + n}, {kind}: {difference}")
            print(failures[-1], file=sys.stderr, flush=True)
    for kind in kinds:
        print(f"{kind:20} {n_trials[kind]:4} runs, {n_kills[kind]:4} kills")
    seconds = time.monotonic() - begun
    total = f"{sum(n_trials.values())} runs, {sum(n_kills.values())} kills, {seconds:.0f} s"
    print(f"{total}: {len(failures)} differ from the uninterrupted run")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
