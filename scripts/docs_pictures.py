#!/usr/bin/env python3
"""Make every picture of the docs anew from the current code: docs/img.

    python scripts/docs_pictures.py [NAME...]

Runs the quickstart and two variants of it in a temporary folder, opens their pages in Chromium
(Debian's, by selenium) and photographs them; draws the gallery of figures; records the terminal.
Needs what the browser tests need. Diagrams are drawn by Mermaid, which npm fetches for this alone.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import contest_of_40
import docs_hooks
import docs_terminal

import robotvision as rv
from robotvision.data import open_sequence
from robotvision.labelling import LabelOptions, LabelSession
from robotvision.labelling.serve import LabelServer
from robotvision.labelling.state import LabelRooms, RoomSpan, runs_of
from robotvision.report import compute_curves, draw_figure, load_runs
from robotvision.report.curve import draw as draw_curves
from robotvision.report.html.page import write_page
from robotvision.report.listing import RunList
from robotvision.report.view import Viewer
from robotvision.scoring.policy import named_policy

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/img"
CONFIG = ROOT / "configs/quickstart.yaml"
LABELLED = ROOT / "sequences/building_cloudy"
LABELLED_UNTIL = 100
RUNS: dict[str, dict[str, Any]] = {
    "shapes_svm": {},
    "shapes_knn": {"classifier": "knn"},
    "hsv_svm": {"features": ["hsv_histogram"]},
}
FIGURES = {
    "confusion": ("confusion", "column", 1),
    "confusion_page": ("confusion", "page", 1),
    "map": ("map", "column", 1),
    "map_page": ("map", "page", 1),
    "timeline": ("timeline", "page", 1),
    "latency": ("latency", "column", 3),
    "curve": ("curve", "column", 3),
}
"""Gallery: file -> kind, width, how many of the runs."""
MERMAID = "mermaid@11"
INKS = {
    "#f1f2f3": "--md-code-bg-color", "#919293": "--md-default-fg-color--light",
    "#212223": "--md-default-fg-color", "#818283": "--md-default-fg-color--light",
    "#fafbfb": "--md-default-bg-color", "#d1d2d3": "--md-default-fg-color--lighter",
}  # fmt: skip
"""What diagrams are drawn in -> the colour of the site that takes its place."""
DRAW = """
const [text, done] = arguments;
mermaid.initialize({startOnLoad: false, theme: "base", htmlLabels: false, deterministicIds: true,
  fontFamily: "DejaVu Sans, Verdana, sans-serif",
  flowchart: {htmlLabels: false, wrappingWidth: 360},
  themeVariables: {fontSize: "14px", primaryColor: "#f1f2f3", primaryBorderColor: "#919293",
  primaryTextColor: "#212223", textColor: "#212223", titleColor: "#212223", lineColor: "#818283",
  clusterBkg: "#fafbfb", clusterBorder: "#d1d2d3", edgeLabelBackground: "#fafbfb"}});
mermaid.render("diagram", text).then((made) => done(made.svg), (fault) => done(String(fault)));
"""


@dataclass
class Studio:
    """Runs and a browser, made when the first picture needs them. ``folder`` is temporary."""

    folder: Path

    @cached_property
    def runs(self) -> list[Path]:
        """The folders of the runs."""
        for name, overrides in RUNS.items():
            rv.run(CONFIG, folder=self.folder / "runs" / name, overrides=overrides)
        return [self.folder / "runs" / name for name in RUNS]

    @cached_property
    def browser(self) -> Any:
        """A headless Chromium."""
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
            options.add_argument(flag)
        return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))

    def close(self) -> None:
        """End the browser, where there is one."""
        if "browser" in self.__dict__:
            self.browser.quit()

    def photograph(
        self, address: str, name: str, size: tuple[int, int], y: int = 0, key: str = ""
    ) -> None:
        """Write what a window of ``size`` shows of a page, ``y`` pixels down, a key pressed."""
        from selenium.webdriver.support.ui import WebDriverWait

        browser = self.browser
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get("about:blank")
        browser.get(address)
        is_ready = (
            "return document.readyState === 'complete' "
            "&& [...document.images].every(i => i.complete)"
        )
        WebDriverWait(browser, 30).until(lambda b: b.execute_script(is_ready))
        browser.execute_script(f"window.scrollTo(0, {y})")
        if key:
            browser.find_element("tag name", "body").send_keys(key)
        browser.execute_async_script("setTimeout(arguments[0], 400)")
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        (IMAGES / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def report(studio: Studio) -> None:
    """Photograph the page of a run."""
    page = (studio.runs[0] / "report.html").as_uri()
    studio.photograph(f"{page}#frame=41", "report", (1440, 900))


def compare(studio: Studio) -> None:
    """Photograph the page of several runs."""
    both = write_page(studio.runs, studio.folder / "compare.html").as_uri()
    studio.photograph(both, "compare", (1440, 900), 455)


def view(studio: Studio) -> None:
    """Photograph the list of the runs of a folder."""
    with Viewer(RunList([studio.runs[0].parent]), 0) as viewer:
        studio.photograph(viewer.address, "view", (1280, 420))


def board(studio: Studio) -> None:
    """Photograph the board of a contest of twelve teams whose answers a seed decides."""
    folder = studio.folder / "contest"
    contest_of_40.main(["--out", str(folder), "--teams", "12", "--faulty", "3"])
    studio.photograph((folder / "site" / "index.html").as_uri(), "board", (1280, 1000))


def label(studio: Studio) -> None:
    """Photograph the page of a labeller half way, at the most doubtful frame."""
    sequence = open_sequence(LABELLED)
    options = LabelOptions(labels=studio.folder / "labels.jsonl", is_blank=True)
    with LabelSession(sequence, options) as session, LabelServer(session) as server:
        rooms = [(sequence.truth or {})[entry.index].room for entry in sequence.frames]
        visits = [v for v in runs_of(rooms) if v.start < LABELLED_UNTIL]
        given = (RoomSpan(v.start, min(v.end, v.start + 3), v.room) for v in visits)
        session.apply(LabelRooms(spans=tuple(given)))
        session.learn()
        studio.photograph(server.address, "label", (1440, 860), key="n")


def figures(studio: Studio) -> None:
    """Draw the gallery of figures for papers."""
    runs = load_runs(studio.runs)
    folder = IMAGES / "figures"
    folder.mkdir(exist_ok=True)
    for name, (kind, width, n) in FIGURES.items():
        draw_figure(kind, runs[:n], folder / f"{name}.svg", width)
    policies = [named_policy("deadline"), named_policy("streaming")]
    draw_curves(compute_curves(studio.runs, policies)[0], folder / "curves.svg")


def terminal(studio: Studio) -> None:
    """Record commands as they are typed."""
    docs_terminal.write(IMAGES / "terminal.svg")


def diagrams(studio: Studio) -> None:
    """Draw every Mermaid block of the docs, in the colours of the site."""
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", MERMAID]
    subprocess.run(command, cwd=studio.folder, check=True)
    library = "node_modules/mermaid/dist/mermaid.min.js"
    stage = studio.folder / "stage.html"
    stage.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body><script src="{library}"></script>'
    )
    studio.browser.get(stage.as_uri())
    docs = ROOT / "docs"
    for path in sorted(docs.rglob("*.md")):
        page = path.relative_to(docs).as_posix()
        found = docs_hooks.DIAGRAM.finditer(path.read_text(encoding="utf-8"))
        for number, block in enumerate(found, 1):
            drawn = studio.browser.execute_async_script(DRAW, block[1])
            if not drawn.startswith("<svg"):
                raise SystemExit(f"docs/{page}, diagram {number}: {drawn}")
            out = docs_hooks.diagram_path(page, number)
            out.write_text(_site_colors(drawn, docs_hooks.digest_of(block[1]), out.stem))


def _site_colors(svg: str, digest: str, name: str) -> str:
    """Return a drawing that says what it was drawn from and takes the site's colours."""
    for ink, variable in INKS.items():
        svg = re.sub(rf"{ink}\b", f"var({variable}, {ink})", svg, flags=re.IGNORECASE)
    svg = re.sub(r"\s*\n\s*", " ", svg)
    svg = re.sub(r'(id="|#|url\(#)diagram\b', rf"\1{name}", svg)
    return svg.replace("<svg ", f'<svg data-source="{digest}" ', 1) + "\n"


PICTURES: dict[str, Callable[[Studio], None]] = {
    f.__name__: f for f in (report, compare, view, board, label, figures, terminal, diagrams)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"Which to make: {', '.join(PICTURES)} (all).")
    wanted = parser.parse_args().names or list(PICTURES)
    if unknown := set(wanted) - set(PICTURES):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as temporary:
        os.environ.setdefault("ROBOTVISION_CACHE", f"{temporary}/cache")
        studio = Studio(Path(temporary))
        try:
            for name in wanted:
                PICTURES[name](studio)
                print(f"made {name}")
        finally:
            studio.close()


if __name__ == "__main__":
    main()
