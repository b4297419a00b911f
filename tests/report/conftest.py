"""Small runs with known answers: a real tour on disk, and a log as the harness writes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robotvision.data import open_sequence
from robotvision.prepare import table_digest
from robotvision.records import Answer, TimedAnswer
from robotvision.runs.log import FrameRecord, RunLog

ROOMS = ("Kitchen", "Office", "Hall")
HOSTILE = "<script>window.broken = 1</script>"
MS = 1_000_000
MakeRun = Callable[..., Path]
Said = str | None


def task(**more: Any) -> dict[str, Any]:
    """Return a task as a log holds it."""
    return {"id": "rooms", "title": "Rooms", "rooms": list(ROOMS), "unknown": "Unknown", **more}


def answers(n: int) -> list[Said]:
    """Return right answers for a tour of three rooms, but two wrong ones and one left out."""
    said: list[Said] = [ROOMS[i * 3 // n] for i in range(n)]
    said[1], said[n // 2], said[n - 2] = "Hall", None, "Office"
    return said


def write_run(
    folder: Path,
    sequence: Path,
    said: list[Said] | None = None,
    *,
    about: dict[str, Any] | None = None,
    faults: dict[int, str] | None = None,
    frames: int | None = None,
    is_whole: bool = True,
    objects: tuple[str, ...] = (),
) -> Path:
    """Write the log of a run over a tour; 12 ms a frame, confidence falling."""
    recording = open_sequence(sequence)
    n = len(recording)
    said = answers(n) if said is None else said
    folder.mkdir(parents=True, exist_ok=True)
    log = RunLog(folder / "run.jsonl")
    log.write("run", {
        "schema": 1, "robotvision": "0", "task": task(), "mode": "obligatory",
        "policy": {"name": "offline", "backlog": "queue", "late": "own"}, "clock": "asap",
        "system": {"name": "made up"}, "seed": 0, "config_digest": "0" * 64,
        "config": {"task": "rooms", "note": ""}, "training": {}, "environment": {"cores": 2},
        **(about or {}),
    })  # fmt: skip
    log.write("sequence", {
        "set": "test", "name": recording.name, "path": str(sequence), "reader": "native",
        "frames": n, "first": 0, "rate_hz": 10.0,
        "channels": {"rgb": "color", "depth": "depth_mm"}, "has_truth": bool(recording.truth),
        "digest": table_digest(recording),
    })  # fmt: skip
    for k, entry in enumerate(recording.frames[:frames]):
        fault = (faults or {}).get(k)
        answer = Answer(said[k], round(0.99 - k / 100, 2), dict.fromkeys(objects, True))
        timed = TimedAnswer(entry.index, None if fault else answer, k * 20 * MS, k * 20 * MS,
                            k * 20 * MS + 12 * MS, {"features": 8 * MS, "classifier": 3 * MS},
                            fault)  # fmt: skip
        truth = (recording.truth or {}).get(entry.index)
        log.frame(FrameRecord(entry.timestamp_ns, entry.segment, timed, truth, 2 * MS))
    if is_whole:
        log.write("end", {"frames": n})
    log.close()
    return folder


@pytest.fixture
def make_run(tmp_path: Path, tour: Callable[..., Path]) -> MakeRun:
    """Return a function that writes a run (and its tour) under a name."""

    def make(name: str = "first", sequence: str = "walk", n_each: int = 6, **options: Any) -> Path:
        path = tmp_path / sequence
        if not path.exists():
            tour(path, n_each=n_each, has_truth=options.pop("has_truth", True))
        return write_run(tmp_path / name, path, **options)

    return make


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """Return a headless Chromium with a fresh profile, which keeps a log of its requests."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.fail("install a browser: apt-get install -y chromium chromium-driver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--no-first-run", "--window-size=1280,1000",
                 "--force-prefers-reduced-motion"):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    yield made
    made.quit()


def _requests(browser: Any) -> list[str]:
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [u for u in found if not u.startswith("data:")]


@pytest.fixture
def requests() -> Callable[[Any], list[str]]:
    """Return the function that tells what a browser asked for since it was last called."""
    return _requests
