#!/usr/bin/env python3
"""Make the pictures of the docs anew from the current code: docs/img/*.png.

Runs the quickstart and two variants of it in a temporary folder, opens their pages in Chromium
(Debian's, by selenium) and photographs them. Needs what the browser tests need.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import robotvision as rv
from robotvision.report.html.page import write_page
from robotvision.report.listing import RunList
from robotvision.report.view import Viewer

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs/img"
CONFIG = ROOT / "configs/quickstart.yaml"
RUNS: dict[str, dict[str, Any]] = {
    "phog_crfh_svm": {},
    "phog_crfh_knn": {"classifier": "knn"},
    "hsv_svm": {"features": ["hsv_histogram"]},
}


def make_runs(folder: Path) -> list[Path]:
    """Carry out the runs and return their folders."""
    for name, overrides in RUNS.items():
        rv.run(CONFIG, folder=folder / name, overrides=overrides)
    return [folder / name for name in RUNS]


def open_browser() -> Any:
    """Return a headless Chromium."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def photograph(browser: Any, address: str, out: Path, size: tuple[int, int], y: int = 0) -> None:
    """Write what a window of ``size`` shows of a page, ``y`` pixels down."""
    from selenium.webdriver.support.ui import WebDriverWait

    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get("about:blank")
    browser.get(address)
    is_ready = (
        "return document.readyState === 'complete' && [...document.images].every(i => i.complete)"
    )
    WebDriverWait(browser, 30).until(lambda b: b.execute_script(is_ready))
    browser.execute_script(f"window.scrollTo(0, {y})")
    browser.execute_async_script("setTimeout(arguments[0], 400)")
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    out.write_bytes(base64.b64decode(shot["data"]))
    print(f"{out.relative_to(ROOT)} ({out.stat().st_size / 1e3:.0f} kB)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="Of pictures to make (else all).")
    wanted = parser.parse_args().names
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ.setdefault("ROBOTVISION_CACHE", str(folder / "cache"))
        runs = make_runs(folder / "runs")
        page = (runs[0] / "report.html").as_uri()
        both = write_page(runs, folder / "compare.html").as_uri()
        browser = open_browser()
        try:
            with Viewer(RunList([folder / "runs"]), 0) as viewer:
                take: dict[str, Callable[[Path], None]] = {
                    "report": lambda out: photograph(browser, f"{page}#frame=41", out, (1440, 900)),
                    "compare": lambda out: photograph(browser, both, out, (1440, 900), 330),
                    "view": lambda out: photograph(browser, viewer.address, out, (1280, 420)),
                }
                for name in wanted or take:
                    take[name](IMAGES / f"{name}.png")
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
