"""All runs of a folder on one page: the list, each run, comparisons; what goes on is followed."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robotvision.errors import RobotVisionError
from robotvision.report.listing import BROKEN, DONE, RUNNING, STOPPED, RunList
from robotvision.report.view import Viewer
from tests.fixtures.browser import page_text, wait_for, wait_for_text
from tests.fixtures.patience import PATIENCE_S

MakeRun = Callable[..., Path]
LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def folder(make_run: MakeRun, tmp_path: Path) -> Path:
    """Return a folder with a whole run, one under way, one that stopped and one that is none."""
    right = [*(["Kitchen"] * 6), *(["Office"] * 6), *(["Hall"] * 6)]
    make_run("runs/first")
    make_run("runs/deep/second", said=right)
    going = make_run("runs/going", frames=5, is_whole=False) / "run.jsonl"
    os.utime(going, (time.time() + 600,) * 2)  # written to just now, however slow the machine
    os.utime(make_run("runs/stopped", frames=7, is_whole=False) / "run.jsonl", LONG_AGO)
    (tmp_path / "runs/none").mkdir()
    (tmp_path / "runs/none/run.jsonl").write_text("no log\n")
    os.utime(tmp_path / "runs/none/run.jsonl", LONG_AGO)
    return tmp_path / "runs"


def get(address: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers["Content-Type"], e.read()


def test_every_run_is_found_with_its_state(folder: Path) -> None:
    rows = {row.name: row for row in RunList([folder]).rows()}
    assert {name: row.status for name, row in rows.items()} == {
        "first": DONE,
        "deep/second": DONE,
        "going": RUNNING,
        "stopped": STOPPED,
        "none": BROKEN,
    }
    assert rows["first"].report["points"] == 14
    assert rows["deep/second"].accuracy == 1
    assert rows["going"].report["frames"] == 5
    assert "expected a run log" in rows["none"].fault or "not a line" in rows["none"].fault
    with pytest.raises(RobotVisionError, match="nowhere: no folder"):
        RunList([folder / "nowhere"])


def test_a_run_itself_is_a_list_of_one(folder: Path) -> None:
    (row,) = RunList([folder / "first"]).rows()
    assert row.name == "first"


def test_pages_and_images_are_served_and_nothing_else(folder: Path) -> None:
    with Viewer(RunList([folder]), 0) as viewer:
        keys = {row.name: row.key for row in viewer.runs.rows()}
        base = viewer.address.rstrip("/")
        status, kind, body = get(f"{base}/")
        assert (status, kind) == (200, "text/html; charset=utf-8")
        assert b"deep/second" in body
        status, _, body = get(f"{base}/run/{keys['first']}/")
        assert status == 200
        assert f"/image/{keys['first']}/17/rgb".encode() in body
        assert b"form-action &#39;self&#39;" in body
        status, kind, body = get(f"{base}/image/{keys['first']}/17/rgb")
        assert (status, kind, body[:2]) == (200, "image/jpeg", b"\xff\xd8")
        status, kind, body = get(f"{base}/spark/{keys['going']}.svg")
        assert (status, kind) == (200, "image/svg+xml")
        both = f"run={keys['first']}&run={keys['deep/second']}"
        status, _, body = get(f"{base}/compare?{both}")
        assert status == 200
        assert b"Points of the row less those of the column" in body
        for path in ("/run/../first/", "/etc/passwd", "/image/%2e%2e/0/rgb", "/run/first/"):
            assert get(base + path)[0] == 404
        assert get(f"{base}/run/{'0' * 12}/")[0] == 409
        assert get(f"{base}/image/{keys['first']}/18/rgb")[0] == 404
        status, _, body = get(f"{base}/run/{keys['none']}/")
        assert status == 409
        assert b"run.jsonl" in body


def test_a_run_under_way_is_followed_and_two_are_compared(
    chrome: Any, folder: Path, make_run: MakeRun
) -> None:
    def click(selector: str) -> None:
        chrome.execute_script("document.querySelector(arguments[0]).click()", selector)

    def find(words: str) -> None:
        script = "find.value = arguments[0]; find.dispatchEvent(new Event('input'))"
        chrome.execute_script(f"const find = document.getElementById('find'); {script}", words)

    whole = (folder / "first" / "run.jsonl").read_text().splitlines(keepends=True)
    with Viewer(RunList([folder]), 0) as viewer:
        keys = {row.name: row.key for row in viewer.runs.rows()}
        chrome.get_log("browser")
        chrome.get(viewer.address)
        assert page_text(chrome, "#count") == "5"
        assert "5 of 18" in page_text(chrome, f"#r{keys['going']}")
        (folder / "going" / "run.jsonl").write_text("".join(whole[:12]))
        wait_for_text(chrome, f"#r{keys['going']}", "10 of 18")
        find("second")
        assert page_text(chrome, "#count") == "1 of 5"
        find("")
        for name in ("first", "deep/second"):
            click(f"input[value='{keys[name]}']")
        assert page_text(chrome, "#compare") == "compare 2 runs"
        click("#compare")
        wait_for_text(chrome, "#compare-h", "Comparison")
        chrome.get(f"{viewer.address}run/{keys['going']}/")
        wait_for_text(chrome, "#facts h3", "Frame 9")
        (folder / "going" / "run.jsonl").write_text("".join(whole))
        wait_for(chrome, "document.getElementById('going') === null")
        assert [e for e in chrome.get_log("browser") if e["level"] == "SEVERE"] == []
