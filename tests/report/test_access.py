"""Every page by axe-core in Chromium: names, roles, order, contrast; no violation.

``ROBOTVISION_AXE=axe.min.js`` looks with another version than the package ``axe-core-python`` has.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.contest import open_contest_file, publish
from robotvision.experiment.run import run as run_experiment
from robotvision.report.columns import load_run, load_runs
from robotvision.report.feed import Feed
from robotvision.report.html.listing import list_page
from robotvision.report.html.live import live_page
from robotvision.report.html.page import build_page, build_player
from robotvision.report.listing import RunList
from robotvision.sweep.page import build_page as sweep_page
from robotvision.sweep.rows import empty_row
from robotvision.sweep.table import SweepTable
from tests.fixtures.contests import board_of_four
from tests.fixtures.runs import task

MakeRun = Callable[..., Path]
OBJECTS = {"stated_present": {"present": 0.125, "absent": -0.125}}
LOOK = """
const done = arguments[0];
for (const details of document.querySelectorAll("details")) details.open = true;
for (const panel of document.querySelectorAll(".off")) panel.classList.remove("off");
axe.run({resultTypes: ["violations"]}).then((found) => done(found.violations.map((v) =>
  `${v.id} (${v.impact}): ` + v.nodes.map((n) => n.target.join(" ")).slice(0, 5).join("; "))));
"""


def axe() -> str:
    path = os.environ.get("ROBOTVISION_AXE")
    source = Path(path) if path else files("axe_core_python") / "axe.min.js"
    return source.read_text(encoding="utf-8")


def violations(chrome: Any, path: Path, theme: str, width: int) -> list[str]:
    """Return what axe finds with every fold and tab of a page open."""
    scheme = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        chrome.get(path.as_uri())
        chrome.execute_script(axe())
        found: list[str] = chrome.execute_async_script(LOOK)
        return found
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def report(make_run: MakeRun, folder: Path) -> str:
    points = {"room": {"correct": 1.0, "wrong": -0.5, "unanswered": 0.0}, "objects": OBJECTS}
    about = {
        "task": task(objects=["Chair"], points=points),
        "warnings": [{"code": "c", "message": "m"}],
    }
    run = make_run(about=about, objects=("Chair",), posterior={"Hall": 0.7}, faults={2: "lens cap"})
    return build_page(load_runs([run]))


def comparison(make_run: MakeRun, folder: Path) -> str:
    return build_page(load_runs([make_run("a"), make_run("b", said=["Hall"] * 18), make_run("c")]))


def player(make_run: MakeRun, folder: Path) -> str:
    return build_player(load_run(make_run(posterior={"Hall": 0.7})))


def listing(make_run: MakeRun, folder: Path) -> str:
    make_run("runs/first")
    make_run("runs/second", frames=5, is_whole=False)
    return list_page(RunList([folder / "runs"]).rows(), [folder])


def sweep(make_run: MakeRun, folder: Path) -> str:
    rows = [empty_row(f"{k:016x}", {"a": k, "b": k % 2}, "done") for k in range(4)]
    figures = {"points": 3.0, "max_points": 4.0, "points_per_frame": 0.75, "frames": 4}
    rows = [row | figures | {"a": k, "b": k % 2} for k, row in enumerate(rows)]
    return sweep_page(SweepTable("grid.yaml", ["a", "b"], rows))


@pytest.mark.parametrize(
    ("make", "theme", "width"),
    [
        (report, "light", 390),
        (comparison, "dark", 1440),
        (listing, "light", 1440),
        (sweep, "dark", 1440),
        (player, "dark", 860),
    ],
)
def test_pages_of_runs(
    chrome: Any, make_run: MakeRun, tmp_path: Path, make: Any, theme: str, width: int
) -> None:
    path = tmp_path / "page.html"
    path.write_text(make(make_run, tmp_path), encoding="utf-8")
    assert violations(chrome, path, theme, width) == []


def test_the_page_that_follows_a_run(
    chrome: Any, config: Callable[..., Path], tmp_path: Path
) -> None:
    feed = Feed(tmp_path / "run")
    (tmp_path / "run").mkdir()
    run_experiment(load_config(config()), tmp_path / "run", observer=feed)
    feed.over("The run has ended.")
    path = tmp_path / "live.html"
    path.write_text(live_page(feed.state()), encoding="utf-8")
    assert violations(chrome, path, "light", 1440) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1440)])
def test_the_board_of_a_contest_of_teams(
    chrome: Any, tmp_path: Path, theme: str, width: int
) -> None:
    """With tabs, further runs, a baseline, two runs compared and what was refused."""
    board = board_of_four(tmp_path)
    publish(open_contest_file(tmp_path / "contest"), [board], tmp_path / "site")
    assert violations(chrome, tmp_path / "site" / "index.html", theme, width) == []


def test_pages_of_a_contest(chrome: Any, tmp_path: Path) -> None:
    """The board, an entry with everything, and one that was refused."""
    rooms = [("Corridor", "Toilet")[k // 3 % 2] for k in range(24)]
    rows = "".join(f"{k},{room}\n" for k, room in enumerate(rooms))
    (tmp_path / "truth.csv").write_text("index,room\n" + rows)
    (tmp_path / "runs").mkdir()
    said = ["Toilet" if k % 5 == 0 else room for k, room in enumerate(rooms)]
    lines = "".join(f"{k:05d} {room}\n" for k, room in enumerate(said, 1))
    (tmp_path / "runs/good.txt").write_text(lines)
    (tmp_path / "runs/bad.txt").write_text("00001 Tolet\n")
    words = ["rank", "--task", "imageclef2012", "--truth", str(tmp_path / "truth.csv")]
    with pytest.raises(SystemExit):
        main([*words, str(tmp_path / "runs"), "--organiser-site", str(tmp_path / "site")])
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) == 3
    for path in pages:
        assert violations(chrome, path, "light", 1440) == [], path
