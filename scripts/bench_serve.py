"""Measure what viewers of ``--serve`` cost the replay: the lateness of frames with and without.

    python scripts/bench_serve.py [--viewers 50] [--repeat 3] [--rate 30]

Runs with and without viewers alternate, on the sequences of this checkout. A viewer does what the
page does: it loads the page, follows the events and asks for an image twice a second. Lateness is
the time from when a frame was due until the system had it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from robotvision.runs.log import read_log

CONFIG = """\
task: rooms
train: [{root}/building_cloudy]
test: [{root}/building_night, {root}/building_sunny]
features: [hsv_histogram]
classifier: knn
replay: {{clock: wall, policy: streaming, rate_hz: {rate}}}
"""


async def watch(port: int) -> bool:
    """Follow a run as the page does; return whether its end was received."""
    _, page = await get(port, "/")
    start = re.search(r'"from":"(\d+\.\d+)"', page.decode())
    position = start[1] if start else "0.0"
    images = asyncio.create_task(ask_for_images(port))
    try:
        for _ in range(20):
            reader, writer = await request(port, f"/events?from={position}")
            body = await reader.read()
            writer.close()
            if b"event: end" in body:
                return True
            if b"event: again" not in body:
                return False
            _, page = await get(port, "/")
            start = re.search(r'"from":"(\d+\.\d+)"', page.decode())
            position = start[1] if start else "0.0"
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
    """Return how many of ``n`` viewers followed a run to its end."""
    ends = await asyncio.gather(*(watch(port) for _ in range(n)), return_exceptions=True)
    return sum(end is True for end in ends)


def run(config: Path, folder: Path, viewers: int) -> tuple[float, float, int]:
    """Return p50 and p99 of the lateness in ms, and how many followed to the end."""
    command = [sys.executable, "-c", "from robotvision.cli import main; main()", "run"]
    command += [str(config), "--serve", "--json", "--out", str(folder)]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    assert process.stderr is not None  # a pipe, two lines up
    line = process.stderr.readline()
    port = re.search(r"127\.0\.0\.1:(\d+)", line)
    if port is None:
        raise SystemExit(f"no address in {line!r}")
    n_followed = asyncio.run(watch_all(int(port[1]), viewers)) if viewers else 0
    process.communicate()
    late = [
        (f.timed.started_ns - f.timed.due_ns) / 1e6
        for f in read_log(folder).frames()
        if f.timed.started_ns is not None and f.timed.due_ns is not None
    ]
    p50, p99 = np.quantile(late, (0.5, 0.99))
    return float(p50), float(p99), n_followed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rate", type=float, default=30.0)
    chosen = parser.parse_args()
    root = Path(__file__).resolve().parents[1] / "sequences"
    results: dict[int, list[float]] = {0: [], chosen.viewers: []}
    with tempfile.TemporaryDirectory() as work:
        config = Path(work) / "run.yaml"
        config.write_text(CONFIG.format(root=root, rate=chosen.rate))
        for k in range(chosen.repeat):
            for n in results:
                p50, p99, followed = run(config, Path(work) / f"run{k}-{n}", n)
                results[n].append(p99)
                print(f"{n} viewers: p50 {p50:.3f} ms, p99 {p99:.3f} ms late", end="")
                print(f", {followed} followed to the end" if n else "", flush=True)
    quiet, busy = (float(np.median(v)) for v in results.values())
    print(f"p99 with {chosen.viewers} viewers: {busy / quiet:.2f} of without (medians)")


if __name__ == "__main__":
    main()
