#!/usr/bin/env python3
"""What a report costs: the page of 1,000 and 10,000 frames, its size, and 10,000 resamples.

Each time stands beside a peer measured in the same run: the page beside decoding the same pictures
alone, the comparison of two runs beside a plain loop over a tenth of the resamples. Opening a page
is measured in Chromium (Debian's, by selenium): first paint, and when its player answers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from robotvision.data import open_sequence
from robotvision.data.digest import table_digest
from robotvision.data.native import SequenceWriter
from robotvision.records import Answer, FrameRecord, TimedAnswer
from robotvision.report.html.page import write_html
from robotvision.runs.log import RunLog
from robotvision.scoring.ranks import ranks

ROOMS = ("Kitchen", "Office", "Hall", "Corridor", "Lab")


def seconds(work: Callable[[], Any], repeat: int = 3) -> float:
    """Return the median of a few times."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]


def make_run(folder: Path, n: int) -> Path:
    """Write a tour of 320 x 240 pictures (200 of them, used in turn) and a run over it."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:240, :320]
    with SequenceWriter(folder / "tour", "tour", {"rgb": "color", "depth": "depth_mm"}, 5.0) as w:
        for i in range(n):
            shade = (x * (1 + i % 7) + y * (1 + i % 5) + i * 3) % 256
            color = np.stack([shade, 255 - shade, (shade * 2) % 256], 2).astype(np.uint8)
            color += rng.integers(0, 12, color.shape, dtype=np.uint8)
            depth = (500 + (x + i) * 9).astype(np.uint16)
            room = ROOMS[i // 30 % len(ROOMS)]
            w.add(
                i * 200_000_000, {"rgb": color, "depth": depth}, pose=(i / 10, 0.0, 0.0), room=room
            )
    return write_log(folder, n, rng)


def write_log(folder: Path, n: int, rng: np.random.Generator) -> Path:
    """Write the log of a run that is wrong on a tenth of the frames."""
    tour = open_sequence(folder / "tour")
    (folder / "run").mkdir()
    log = RunLog(folder / "run" / "run.jsonl")
    log.write(
        "run",
        {
            "schema": 1,
            "robotvision": "0",
            "mode": "obligatory",
            "clock": "asap",
            "config": {},
            "task": {"id": "rooms", "rooms": list(ROOMS)},
            "system": {"name": "bench"},
            "policy": {"name": "offline", "backlog": "queue", "late": "own"},
        },
    )
    log.write(
        "sequence",
        {
            "set": "test",
            "name": "tour",
            "path": str(folder / "tour"),
            "reader": "native",
            "frames": n,
            "first": 0,
            "rate_hz": 5.0,
            "digest": table_digest(tour),
            "channels": {},
        },
    )
    for i, entry in enumerate(tour.frames):
        truth = (tour.truth or {})[entry.index]
        room = str(rng.choice(ROOMS)) if rng.random() < 0.1 else truth.room
        latency = int(rng.gamma(4, 3e6))
        timed = TimedAnswer(
            i,
            Answer(room, float(rng.random())),
            i * 10**8,
            i * 10**8,
            i * 10**8 + latency,
            {"features": latency // 2},
        )
        log.frame(FrameRecord.of(entry.timestamp_ns, 0, timed, truth))
    log.write("end", {"frames": n})
    log.close()
    return folder / "run"


def decode(folder: Path, n: int) -> None:
    """Decode the pictures of ``n`` frames and do nothing with them: the peer."""
    tour = open_sequence(folder / "tour")
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(tour.load, range(n)))


def opening(page: Path, repeat: int = 3) -> tuple[float, float]:
    """Return seconds to the first paint of a page and until its script is done: medians."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    script = (
        "const paint = performance.getEntriesByType('paint').find(e => e.name === "
        "'first-contentful-paint'); return [paint && paint.startTime, window.readyAt]"
    )
    watch = (
        "new MutationObserver(() => { window.readyAt ??= performance.now(); }).observe("
        "document, {subtree: true, attributes: true, attributeFilter: ['data-ready']})"
    )
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": watch})
    times = []
    try:
        for _ in range(repeat):
            browser.get("about:blank")
            browser.get(page.as_uri())
            WebDriverWait(browser, 60, 0.05).until(lambda b: all(b.execute_script(script)))
            times.append(browser.execute_script(script))
    finally:
        browser.quit()
    paint, ready = (sorted(column)[repeat // 2] / 1e3 for column in zip(*times, strict=True))
    return paint, ready


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[1000, 10_000])
    options = parser.parse_args()
    for n in options.frames:
        with tempfile.TemporaryDirectory() as folder:
            run = make_run(Path(folder), n)
            page = run / "report.html"
            took = seconds(partial(write_html, run), 3 if n <= 2000 else 1)
            peer = seconds(partial(decode, Path(folder), n), 1)
            print(
                f"page of {n:6,} frames: {took:5.2f} s, {page.stat().st_size / 1e6:5.1f} MB; "
                f"{took / peer:.2f} times decoding every picture ({peer:.2f} s)"
            )
            if shutil.which("chromium") and shutil.which("chromedriver"):
                paint, ready = opening(page)
                print(f"  opened in Chromium: first paint {paint:.2f} s, player {ready:.2f} s")
    bootstrap()


def bootstrap() -> None:
    rng = np.random.default_rng(0)
    visits = np.repeat(np.arange(170), 30)[:5000]
    values = rng.choice([1.0, -0.5], 5000)
    two = np.stack([values, rng.permutation(values)], 1)
    took = seconds(lambda: ranks(two, visits), 9)
    blocks = [values[visits == b] for b in range(visits.max() + 1)]

    def plain() -> None:
        for _ in range(1000):
            picks = rng.integers(0, len(blocks), len(blocks))
            np.concatenate([blocks[i] for i in picks]).mean()

    peer = seconds(plain, 3) * 10
    print(
        f"two runs compared, 10,000 resamples of 5,000 frames in {len(blocks)} visits: "
        f"{took * 1e3:.0f} ms; a plain "
        f"loop {peer * 1e3:.0f} ms ({peer / took:.0f} times)"
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
