"""The page in a real browser: it scrubs, filters, compares, and talks to nobody.

Needs Debian's ``chromium`` and ``chromium-driver``; CI installs them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robotvision.report.columns import load_runs
from robotvision.report.html.page import build_page, write_html

MakeRun = Callable[..., Path]


@pytest.fixture
def browser(chrome: Any) -> Any:
    """Return a headless Chromium with a fresh profile."""
    return chrome


def visit(browser: Any, path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
    WebDriverWait(browser, 20).until(
        lambda b: b.execute_script("return document.documentElement.dataset.ready") == "yes"
    )


def requests(browser: Any) -> list[str]:
    """Return what the page asked for since it was opened."""
    found = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [u for u in found if not u.startswith("data:")]


def value(browser: Any, script: str) -> Any:
    return browser.execute_script(f"return {script}")


def becomes(browser: Any, selector: str, wanted: str) -> bool:
    """Wait until an element says what is wanted, or that and more after a comma."""
    from selenium.webdriver.support.ui import WebDriverWait

    def says(browser: Any) -> bool:
        now = text(browser, selector)
        return now == wanted or now.startswith(f"{wanted},")

    return bool(WebDriverWait(browser, 20, 0.02).until(says))


def text(browser: Any, selector: str) -> str:
    return str(value(browser, f"document.querySelector({selector!r}).textContent"))


def test_the_page_opens_without_an_error_or_a_request(browser: Any, make_run: MakeRun) -> None:
    path = write_html(make_run())
    visit(browser, path)
    assert browser.get_log("browser") == []
    assert requests(browser) == [path.as_uri()]
    assert value(browser, "document.querySelectorAll('#tracks path').length") > 5
    width = value(browser, "document.documentElement.scrollWidth")
    assert width <= value(browser, "window.innerWidth")


def test_the_scrubber_moves_picture_facts_and_cursor(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, write_html(make_run()))
    scrub = browser.find_element(By.ID, "scrub")
    assert becomes(browser, "#facts h4", "Frame 1")  # the first mistake
    before = value(browser, "document.querySelector('#picture img').src")
    x = float(value(browser, "document.getElementById('cursor-line').getAttribute('x1')"))
    scrub.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert becomes(browser, "#facts h4", "Frame 3")
    assert value(browser, "document.querySelector('#picture img').src") != before
    moved = float(value(browser, "document.getElementById('cursor-line').getAttribute('x1')"))
    assert moved > x
    spoken = scrub.get_attribute("aria-valuetext")
    assert spoken == "frame 3, true room Kitchen, answer Kitchen, correct, +1 points"
    browser.find_element(By.ID, "next-mistake").click()
    assert "no answer" in text(browser, "#facts") or "none" in text(browser, "#facts")
    browser.find_element(By.TAG_NAME, "body").send_keys("p")
    assert becomes(browser, "#facts h4", "Frame 1")


def test_pointing_at_the_tracks_scrubs_and_the_wheel_zooms(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    visit(browser, write_html(make_run(n_each=20)))
    tracks = browser.find_element(By.ID, "tracks")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", tracks)
    ActionChains(browser).move_to_element_with_offset(
        tracks, tracks.size["width"] // 2 - 5, 0
    ).perform()
    assert becomes(browser, "#facts h4", "Frame 59")
    browser.find_element(By.ID, "zoom-in").click()
    assert becomes(browser, "#window", "frames 30 to 59, 30 of 60")
    browser.find_element(By.ID, "zoom-visit").click()
    assert becomes(browser, "#window", "frames 34 to 59")
    browser.find_element(By.ID, "zoom-all").click()
    assert becomes(browser, "#window", "all 60 frames")


def test_filters_choose_frames_by_outcome_room_and_segment(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    visit(browser, write_html(make_run()))
    cards = "document.querySelectorAll('#cards li').length"
    assert value(browser, cards) == 3
    assert becomes(browser, "#count", "3 of 18 frames")
    browser.find_element(By.CSS_SELECTOR, "#filters input[value='2']").click()
    assert value(browser, cards) == 2
    Select(browser.find_element(By.NAME, "truth")).select_by_visible_text("Hall")
    assert value(browser, cards) == 1
    assert "Office" in text(browser, "#cards li")
    browser.find_element(By.CSS_SELECTOR, "#filters input[value='0']").click()
    assert value(browser, cards) == 6
    Select(browser.find_element(By.NAME, "segment")).select_by_visible_text("0")
    assert value(browser, cards) == 6
    browser.find_element(By.CSS_SELECTOR, "#filters button[type=reset]").click()
    browser.execute_async_script("setTimeout(arguments[0], 50)")
    assert value(browser, cards) == 3
    browser.find_element(By.CSS_SELECTOR, "#cards li:last-child button").click()
    assert becomes(browser, "#facts h4", "Frame 16")


def test_a_script_in_labels_and_notes_stays_text(browser: Any, make_run: MakeRun) -> None:
    hostile = "<script>window.broken = 1</script><img src=x onerror='window.broken = 2'>"
    about = {
        "task": {"id": "t", "title": hostile, "rooms": ["Kitchen", "Office", "Hall", hostile]},
        "config": {"note": hostile},
        "system": {"name": hostile},
    }
    path = write_html(make_run(about=about, said=[hostile] * 18, faults={3: hostile}))
    visit(browser, path)
    assert value(browser, "window.broken === undefined")
    assert hostile in text(browser, "#facts")
    assert hostile in text(browser, "#cards")
    assert browser.get_log("browser") == []
    assert requests(browser) == [path.as_uri()]


def test_several_runs_share_one_timeline(browser: Any, make_run: MakeRun, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    right = [*(["Kitchen"] * 6), *(["Office"] * 6), *(["Hall"] * 6)]
    runs = load_runs([make_run("first"), make_run("second", said=right)])
    path = tmp_path / "both.html"
    path.write_text(build_page(runs), encoding="utf-8")
    visit(browser, path)
    assert browser.get_log("browser") == []
    browser.find_element(By.NAME, "differ").click()
    assert becomes(browser, "#count", "3 of 18 frames")
    assert "first" in text(browser, "#facts")
    assert "second" in text(browser, "#facts")
    Select(browser.find_element(By.ID, "active-run")).select_by_visible_text("second")
    assert becomes(browser, "#count", "0 of 18 frames")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_width_and_no_theme_overflows(browser: Any, make_run: MakeRun, width: int) -> None:
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        visit(browser, write_html(make_run()))
        assert value(browser, "document.documentElement.scrollWidth") <= width
        ground = value(browser, "getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, ground.removeprefix("rgb(").rstrip(")").split(","))) < 120
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.mark.parametrize("options", [{"frames": 0}, {"frames": 1, "is_whole": False}])
def test_empty_and_tiny_runs_open_without_an_error(
    browser: Any, make_run: MakeRun, options: dict[str, Any]
) -> None:
    visit(browser, write_html(make_run(**options)))
    assert browser.get_log("browser") == []
