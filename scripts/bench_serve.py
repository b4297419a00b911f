"""Measure what viewers of ``--serve`` cost the replay: the lateness of frames with and without.

    python scripts/bench_serve.py [--viewers 50] [--blocks 20] [--rate 30] [--ahead-of-others]

One run replays sequences in turn, ten seconds each, without viewers and with them: what else the
machine does meets both alike. A viewer does what the page does: it loads the page, follows the
events and asks for an image twice a second. Lateness is the time from when a frame was due until
the system had it. The first second of each sequence, in which all viewers come at once, is counted
apart.

``--ahead-of-others`` (as root) puts the harness before all other programs and the viewers next, by
the kernel's SCHED_RR: nearly an idle machine's numbers on one that others use.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.runs.log import read_log

ROOT = Path(__file__).resolve().parents[1]
BLOCK_S = 10
CONFIG = """\
task: rooms
train: [{root}/sequences/building_cloudy]
test: [{test}]
features: [hsv_histogram]
classifier: knn
replay: {{clock: wall, policy: streaming, rate_hz: {rate}}}
"""


def write_sequence(folder: Path, n_frames: int) -> None:
    """Write a sequence that goes through the images of a shipped one again and again."""
    source = ROOT / "sequences" / "building_night"
    folder.mkdir()
    text = (source / "sequence.yaml").read_text()
    (folder / "sequence.yaml").write_text(text.replace("building_night", folder.name))
    for channel in ("rgb", "depth"):
        shutil.copytree(source / channel, folder / channel)
    for name in ("frames.csv", "truth.csv"):
        header, *rows = csv.reader((source / name).read_text().splitlines())
        with (folder / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for k in range(n_frames):
                row = [str(k), *rows[k % len(rows)][1:]]
                if name == "frames.csv":
                    row[1] = str(k * 500_000_000)
                writer.writerow(row)


async def watch(port: int) -> bool:
    """Follow one sequence as the page does; return whether that went to the sequence's end."""
    images = asyncio.create_task(ask_for_images(port))
    try:
        for _ in range(20):
            _, page = await get(port, "/")
            start = re.search(r'"from":"(\d+\.\d+)"', page.decode())
            reader, writer = await request(port, f"/events?from={start[1] if start else '0.0'}")
            body = await reader.read()
            writer.close()
            if b"event: news" in body:  # else the page was that of the sequence before
                return b"event: again" in body or b"event: end" in body
        return False
    finally:
        images.cancel()


async def ask_for_images(port: int) -> None:
    """Ask for an image twice a second."""
    k = 0
    while True:
        with contextlib.suppress(OSError):
            await get(port, f"/picture/{k}/rgb")
        k += 15
        await asyncio.sleep(0.5)


async def request(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return reader, writer


async def get(port: int, path: str) -> tuple[bytes, bytes]:
    """Return head and body of an answer."""
    reader, writer = await request(port, path)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head, body


async def watch_all(port: int, n: int) -> int:
    """Return how many of ``n`` viewers followed a sequence to its end."""
    ends = await asyncio.gather(*(watch(port) for _ in range(n)), return_exceptions=True)
    return sum(end is True for end in ends)


def run(config: Path, folder: Path, viewers: int) -> tuple[int, int]:
    """Replay with viewers in every second sequence; return how many followed, and of how many."""
    command = [sys.executable, "-c", "from robotvision.cli import main; main()", "run"]
    command += [str(config), "--serve", "--json", "--out", str(folder)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None  # a pipe, two lines up
    if os.sched_getscheduler(0) == os.SCHED_RR:
        os.sched_setscheduler(process.pid, os.SCHED_RR, os.sched_param(2))
    port, n_followed, n_all, last = 0, 0, 0, ""
    for line in process.stderr:
        last = line
        if found := re.search(r"127\.0\.0\.1:(\d+)", line):
            port = int(found[1])
        elif "replaying watched" in line:
            n_followed += asyncio.run(watch_all(port, viewers))
            n_all += viewers
    if process.wait():
        raise SystemExit(f"the run failed: {last}")
    return n_followed, n_all


def lateness(folder: Path) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield each sequence's name and the lateness of its frames in ms."""
    for sequence in read_log(folder).sequences:
        yield (
            str(sequence.about["name"]),
            np.array(
                [
                    (f.timed.started_ns - f.timed.due_ns) / 1e6
                    for f in sequence.frames
                    if f.timed.started_ns is not None and f.timed.due_ns is not None
                ]
            ),
        )


def p99(blocks: list[NDArray[np.float64]]) -> float:
    """Return the 99th of 100 of all frames of some blocks."""
    return float(np.quantile(np.concatenate(blocks), 0.99))


def compare(blocks: list[tuple[str, NDArray[np.float64]]], part: slice, seed: int = 0) -> str:
    """Return p99 with viewers over p99 without, of a part of each block, in words."""
    quiet, watched = (
        [late[part] for name, late in blocks if name.startswith(kind)]
        for kind in ("quiet", "watched")
    )
    draw, n = np.random.default_rng(seed), len(quiet)
    ratios = []
    for _ in range(2000):
        picks = draw.integers(0, n, n)  # pairs of neighbours, which met the same machine
        ratios.append(p99([watched[k] for k in picks]) / p99([quiet[k] for k in picks]))
    low, high = np.quantile(ratios, (0.025, 0.975))
    pairs = np.median([p99([b]) / p99([a]) for a, b in zip(quiet, watched, strict=True)])
    return (
        f"p99 {p99(watched):.3f} ms with viewers, {p99(quiet):.3f} ms without: "
        f"{p99(watched) / p99(quiet):.2f} (95 %: {low:.2f} to {high:.2f}); "
        f"median of {n} pairs of sequences {pairs:.2f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--blocks", type=int, default=20, help="sequences of each kind")
    parser.add_argument("--rate", type=float, default=30.0)
    parser.add_argument("--ahead-of-others", action="store_true", help="as root: SCHED_RR")
    chosen = parser.parse_args()
    if chosen.ahead_of_others:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # children inherit it
    second = round(chosen.rate)
    with tempfile.TemporaryDirectory() as work:
        folders = [
            Path(work) / f"{kind}{k:02}"
            for k in range(chosen.blocks)
            for kind in ("quiet", "watched")
        ]
        for folder in folders:
            write_sequence(folder, BLOCK_S * second)
        config = Path(work) / "run.yaml"
        test = ", ".join(map(str, folders))
        config.write_text(CONFIG.format(root=ROOT, test=test, rate=chosen.rate))
        followed, n_all = run(config, Path(work) / "run", chosen.viewers)
        blocks = list(lateness(Path(work) / "run"))
    print(f"{chosen.viewers} viewers a sequence, {followed} of {n_all} followed to its end")
    print(
        f"load {os.getloadavg()[0]:.1f}, {'ahead of' if chosen.ahead_of_others else 'among'} others"
    )
    print(f"after the first second: {compare(blocks, slice(second, None))}")
    print(f"all frames:             {compare(blocks, slice(None))}")


if __name__ == "__main__":
    main()
