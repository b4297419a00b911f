#!/usr/bin/env python3
"""Measure what the harness adds, how punctually it delivers and how fast it feeds, beside peers.

The peers are MLPerf's LoadGen with a Python callback (pip install mlcommons-loadgen), a plain loop
that sleeps until each due time, json.loads of the log's lines, a plain cv2.imread loop, and torch's
DataLoader with one worker. Ratios are of medians over several turns in which the two take turns; a
peer that is not installed is reported as absent.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from robotvision.data import open_sequence
from robotvision.data.native import SequenceWriter
from robotvision.data.sequence import ImageSequence
from robotvision.playback.player import Replay, play
from robotvision.records import Answer, FrameRecord, TimedAnswer, Truth
from robotvision.runs.log import RunLog, read_log
from robotvision.runs.rescore import Recorded
from robotvision.scoring.policy import POLICIES, named_policy
from robotvision.tasks import load_task
from robotvision.timing.in_memory_sequence import stand_in
from robotvision.timing.measure import TimingOptions, measure
from robotvision.timing.null import Null
from robotvision.timing.quantiles import quantile

Figures = dict[str, Any]


def tick(
    name: str, ours: float, peer: float | None, unit: str, target: str, **more: Any
) -> Figures:
    ratio = None if not peer else round(ours / peer, 4)
    shown = "no peer" if peer is None else f"peer {peer:.4g} {unit}, ratio {ratio:.3g}"
    print(f"{name:52} {ours:10.4g} {unit:6} {shown:36} wanted {target}", file=sys.stderr)
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "unit": unit,
        "ratio": ratio,
        "wanted": target,
        **more,
    }


def loadgen(n: int, folder: Path) -> tuple[float, float] | None:
    """Return LoadGen's mean latency and its time a query, in nanoseconds, or None without it."""
    try:
        lg: Any = importlib.import_module("mlperf_loadgen")
    except ImportError:
        return None

    def issue(samples: Any) -> None:
        lg.QuerySamplesComplete([lg.QuerySampleResponse(s.id, 0, 0) for s in samples])

    settings = lg.TestSettings()
    settings.scenario = lg.TestScenario.SingleStream
    settings.mode = lg.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = n
    settings.min_duration_ms = 0
    logs = lg.LogSettings()
    output = lg.LogOutputSettings()
    output.outdir = str(folder)
    output.copy_summary_to_stdout = False
    logs.log_output = output
    sut = lg.ConstructSUT(issue, lambda: None)
    qsl = lg.ConstructQSL(n, n, lambda ids: None, lambda ids: None)
    begun = time.perf_counter_ns()
    lg.StartTestWithLogSettings(sut, qsl, settings, logs)
    took = time.perf_counter_ns() - begun
    lg.DestroyQSL(qsl)
    lg.DestroySUT(sut)
    text = (folder / "mlperf_log_summary.txt").read_text()
    mean = next(x for x in text.splitlines() if x.startswith("Mean latency"))
    return float(mean.split(":")[1]), took / n


def overhead(n: int, turns: int) -> list[Figures]:
    inside, loop, peer_inside, peer_loop = [], [], [], []
    sequence = stand_in(n, size=(480, 640))
    for _ in range(turns):
        timed = measure(Null(), sequence, TimingOptions(n_passes=1, warm_up=50))
        inside.append(float(timed.total.mean()))
        loop.append(float(np.mean(timed.columns["cycle"])))
        with tempfile.TemporaryDirectory() as folder:
            peer = loadgen(n, Path(folder))
        if peer is not None:
            peer_inside.append(peer[0])
            peer_loop.append(peer[1])
    middle = statistics.median
    peers = (middle(peer_inside), middle(peer_loop)) if peer_inside else (None, None)
    micro = [None if p is None else p / 1e3 for p in peers]
    return [
        tick(
            "inside the timed interval, null system, mean",
            middle(inside) / 1e3,
            micro[0],
            "µs",
            "<= 1.0 µs and <= LoadGen",
        ),
        tick(
            "whole loop a frame, run log flushed, mean",
            middle(loop) / 1e3,
            micro[1],
            "µs",
            "<= 1.0 x LoadGen, which logs asynchronously",
        ),
    ]


def lateness(seconds: float) -> list[Figures]:
    n = round(30 * seconds)
    ours, spent = [], 0.0
    policy = named_policy("streaming")
    begun_cpu, begun = time.process_time(), time.perf_counter()
    for record in play(stand_in(n, size=(8, 8)), Null(), Replay(policy, "wall")):
        timed = record.timed
        if timed.started_ns is not None:
            ours.append(timed.started_ns - timed.due_ns)
    spent = (time.process_time() - begun_cpu) / (time.perf_counter() - begun)
    peer = []
    start = time.perf_counter_ns() + 10_000_000
    for k in range(n):
        due = start + k * 10**9 // 30
        left = due - time.perf_counter_ns()
        if left > 0:
            time.sleep(left / 1e9)
        peer.append(time.perf_counter_ns() - due)
    p99 = [quantile(sorted(v), 0.99) / 1e3 for v in (ours, peer)]
    return [
        tick(
            f"lateness at 30 frames a second, p99 of {n}",
            p99[0],
            p99[1],
            "µs",
            "<= 100 µs on an idle machine",
            p50_us=quantile(sorted(ours), 0.5) / 1e3,
        ),
        tick("share of a core while it waits", 100 * spent, None, "%", "<= 5 %"),
    ]


def jpegs(folder: Path, n: int) -> ImageSequence:
    """Return a sequence of 640x480 JPEG images with the grain of a camera."""
    rng = np.random.default_rng(0)
    with SequenceWriter(folder, "bench", {"rgb": "color"}, 30.0, {}) as writer:
        for i in range(n):
            small = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
            image = cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC).astype(np.int16)
            image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
            writer.add(i * 10**9 // 30, {"rgb": image}, segment=0, room="A")
    return open_sequence(folder)


def per_second(frames: Iterator[Any], n: int) -> float:
    begun = time.perf_counter()
    count = sum(1 for _ in frames)
    if count != n:
        raise SystemExit(f"{count} frames of {n}")
    return n / (time.perf_counter() - begun)


def feeding(n: int, turns: int, folder: Path) -> list[Figures]:
    sequence = jpegs(folder / "sequence", n)
    paths = [s.where for f in sequence.frames for s in f.sources.values()]
    replay = Replay(named_policy("offline"))
    rates: dict[str, list[float]] = {"ours": [], "imread": [], "torch": []}
    torch_feed = torch_feeder(paths)
    for _ in range(turns):
        rates["ours"].append(per_second(play(sequence, Null(), replay), n))
        rates["imread"].append(per_second(map(cv2.imread, paths), n))
        if torch_feed is not None:
            rates["torch"].append(per_second(torch_feed(), n))
    middle = {k: statistics.median(v) if v else None for k, v in rates.items()}
    ours = middle["ours"] or 0.0
    return [
        tick("decoded 640x480 frames, beside cv2.imread", ours, middle["imread"], "/s", ">= 1.0 x"),
        tick(
            "decoded 640x480 frames, beside torch, 1 worker", ours, middle["torch"], "/s", ">= 2 x"
        ),
        overlapped(sequence, paths, turns),
    ]


def overlapped(sequence: ImageSequence, paths: list[str], turns: int) -> Figures:
    """Frames a second where the system works for 2 ms on each: decoding is hidden behind it."""

    class Working(Null):
        def answer(self, frame: Any) -> Any:
            time.sleep(0.002)
            return self._reply

    def plain() -> Iterator[None]:
        for path in paths:
            cv2.imread(path)
            time.sleep(0.002)
            yield None

    replay, n = Replay(named_policy("offline")), len(paths)
    ours, peer = [], []
    for _ in range(turns):
        ours.append(per_second(play(sequence, Working(), replay), n))
        peer.append(per_second(plain(), n))
    return tick(
        "the same, the system working 2 ms a frame",
        statistics.median(ours),
        statistics.median(peer),
        "/s",
        ">= 1.0 x cv2.imread",
    )


class ImageFiles:
    """The data set that torch's DataLoader reads."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, k: int) -> Any:
        return cv2.imread(self.paths[k])


def torch_feeder(paths: list[str]) -> Callable[[], Iterator[Any]] | None:
    try:
        from torch.utils.data import DataLoader
    except ImportError:
        return None
    loader: Any = DataLoader(ImageFiles(paths), batch_size=None, num_workers=1)  # type: ignore[arg-type]
    return lambda: iter(loader)


def write_big_log(path: Path, n: int) -> None:
    rng = np.random.default_rng(0)
    task = load_task("rooms").with_rooms(["A", "B", "C"])
    log = RunLog(path)
    log.write(
        "run",
        {
            "schema": 1,
            "task": task.model_dump(mode="json"),
            "mode": "obligatory",
            "clock": "asap",
            "policy": named_policy("offline").describe(),
            "system": {"name": "bench"},
        },
    )
    log.write("sequence", {"set": "test", "name": "bench", "frames": n})
    now = 0
    for i, took in enumerate(rng.gamma(9.0, 4e6, n).astype(int).tolist()):
        room = "ABC"[i // 300 % 3]
        answer = Answer(room if i % 10 else "A", 0.7)
        stages = {"feature": took // 2, "classifier": took // 4}
        timed = TimedAnswer(i, answer, now, now, now + took, stages)
        log.frame(FrameRecord.of(i * 33_333_333, 0, timed, Truth(room), 3_000_000))
        now += took
    log.write("end", {})
    log.close()


def rescoring(n: int, turns: int, folder: Path) -> list[Figures]:
    path = folder / "big.jsonl"
    write_big_log(path, n)
    lines = path.read_bytes().splitlines()
    reading, scoring, parsing = [], [], []
    for _ in range(turns):
        begun = time.perf_counter()
        record = read_log(path)
        read = time.perf_counter()
        recorded = Recorded(record)
        for name in POLICIES:
            recorded.rescore(named_policy(name))
        scored = time.perf_counter()
        for line in lines:
            json.loads(line)
        parsed = time.perf_counter()
        reading.append(read - begun)
        scoring.append(scored - begun)
        parsing.append(parsed - scored)
    middle = statistics.median
    return [
        tick(f"rescore {n} frames under four policies", middle(scoring), None, "s", "<= 1 s"),
        tick(
            f"read the log of {n} frames, beside json.loads",
            middle(reading),
            middle(parsing),
            "s",
            "<= 0.5 x",
        ),
    ]


def memory(n: int) -> list[Figures]:
    def held_mb() -> float:
        status = Path("/proc/self/status").read_text()
        return int(next(x for x in status.splitlines() if x.startswith("VmRSS")).split()[1]) / 1024

    sequence = stand_in(n, size=(480, 640))
    gc.collect()
    before = 0.0
    with tempfile.TemporaryDirectory() as folder:
        log = RunLog(Path(folder) / "run.jsonl")
        for k, record in enumerate(play(sequence, Null(), Replay(named_policy("offline")))):
            log.frame(record)
            if k == 1000:
                before = held_mb()
        log.close()
    return [
        tick(
            f"memory grown over {n} frames",
            held_mb() - before,
            None,
            "MB",
            "< 50 MB",
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--frames", type=int, default=100_000, help="of the long log and replay")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the lateness run")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = memory(args.frames)
        figures += overhead(10_000, args.turns)
        figures += lateness(args.seconds)
        figures += rescoring(args.frames, args.turns, folder)
        figures += feeding(300, args.turns, folder)
    if args.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
