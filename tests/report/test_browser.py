"""The page in a real browser: it scrubs, filters, compares, and talks to nobody.

Needs Debian's ``chromium`` and ``chromium-driver``; CI installs them.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robotvision.config.checks import load_config
from robotvision.experiment.run import run as run_experiment
from robotvision.report.columns import load_run, load_runs
from robotvision.report.feed import Feed, FollowedFrame
from robotvision.report.html.listing import list_page
from robotvision.report.html.live import live_page
from robotvision.report.html.page import build_page, build_player, write_html, write_page
from robotvision.report.listing import RunList
from robotvision.sweep.page import build_page as sweep_page
from robotvision.sweep.rows import empty_row
from robotvision.sweep.table import SweepTable
from robotvision.tasks.model import Task
from tests.fixtures.browser import page_text, requests_of, wait_for
from tests.fixtures.runs import ROOMS, task

MakeRun = Callable[..., Path]
MANY_ROOMS = task(
    rooms=[*ROOMS, *(f"A room with quite a long name {i}" for i in range(9))],
    objects=["Chair"],
    points={
        "room": {"correct": 1.0, "wrong": -0.5, "unanswered": 0.0},
        "objects": {"stated_present": {"present": 0.125, "absent": -0.125}},
    },
)


@pytest.fixture
def browser(chrome: Any) -> Any:
    """Return a headless Chromium with a fresh profile."""
    return chrome


def visit(browser: Any, path: Path) -> None:
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
    wait_for(browser, "document.documentElement.dataset.ready === 'yes'")


def value(browser: Any, script: str) -> Any:
    return browser.execute_script(f"return {script}")


def becomes(browser: Any, selector: str, wanted: str) -> bool:
    """Wait until an element says what is wanted, or that and more after a comma."""
    now = f"document.querySelector({json.dumps(selector)}).textContent"
    return bool(wait_for(browser, f"`${{{now}}},`.startsWith({json.dumps(wanted + ',')})"))


def test_the_page_opens_without_an_error_or_a_request(browser: Any, make_run: MakeRun) -> None:
    path = write_html(make_run())
    visit(browser, path)
    assert browser.get_log("browser") == []
    assert requests_of(browser) == [path.as_uri()]
    assert value(browser, "document.querySelectorAll('#tracks path').length") > 5
    width = value(browser, "document.documentElement.scrollWidth")
    assert width <= value(browser, "window.innerWidth")


def test_the_player_alone_plays_in_a_frame_of_another_page(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """It asks for nothing, shows image and posterior of each frame, and fits a narrow frame."""
    page = tmp_path / "player.html"
    page.write_text(build_player(load_run(make_run(posterior={"Hall": 0.7}))), encoding="utf-8")
    visit(browser, page)
    assert browser.get_log("browser") == []
    assert requests_of(browser) == [page.as_uri()]
    browser.execute_script("setCursor(5); togglePlay()")
    assert becomes(browser, "#facts h3", "Frame 8")
    assert value(browser, "document.querySelector('#picture img').src.startsWith('data:')")
    assert value(browser, "document.querySelector('#frames').offsetParent === null")
    assert value(browser, "document.documentElement.scrollWidth <= window.innerWidth")
    outer = tmp_path / "outer.html"
    outer.write_text('<!DOCTYPE html><iframe src="player.html" width="300"></iframe>')
    browser.get(outer.as_uri())
    browser.switch_to.frame(0)
    assert value(browser, "document.documentElement.scrollWidth <= 300")
    browser.switch_to.default_content()


def test_the_scrubber_moves_picture_facts_and_cursor(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, write_html(make_run()))
    scrub = browser.find_element(By.ID, "scrub")
    assert becomes(browser, "#facts h3", "Frame 1")  # the first mistake
    before = value(browser, "document.querySelector('#picture img').src")
    x = float(value(browser, "document.getElementById('cursor-line').getAttribute('x1')"))
    scrub.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert becomes(browser, "#facts h3", "Frame 3")
    assert value(browser, "document.querySelector('#picture img').src") != before
    moved = float(value(browser, "document.getElementById('cursor-line').getAttribute('x1')"))
    assert moved > x
    spoken = scrub.get_attribute("aria-valuetext")
    assert spoken == "frame 3, true room Kitchen, answer Kitchen, correct, +1 points"
    browser.find_element(By.ID, "next-mistake").click()
    assert "no answer" in page_text(browser, "#facts") or "none" in page_text(browser, "#facts")
    browser.find_element(By.TAG_NAME, "body").send_keys("p")
    assert becomes(browser, "#facts h3", "Frame 1")


def test_pointing_at_the_tracks_scrubs_and_the_wheel_zooms(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    visit(browser, write_html(make_run(n_each=20)))
    tracks = browser.find_element(By.ID, "tracks")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", tracks)
    ActionChains(browser).move_to_element_with_offset(
        tracks, tracks.size["width"] // 2 - 5, 0
    ).perform()
    assert becomes(browser, "#facts h3", "Frame 59")
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
    cards = "document.querySelectorAll('#visits .cards li').length"
    assert value(browser, cards) == 3
    assert becomes(browser, "#count", "3 of 18 frames, in 3 visits")
    browser.find_element(By.CSS_SELECTOR, "#filters input[value='2']").click()
    assert value(browser, cards) == 2
    Select(browser.find_element(By.NAME, "truth")).select_by_visible_text("Hall")
    assert value(browser, cards) == 1
    assert "Office" in page_text(browser, "#visits .cards li")
    browser.find_element(By.CSS_SELECTOR, "#filters input[value='0']").click()
    assert value(browser, cards) == 6
    assert not browser.find_element(By.NAME, "segment").is_displayed()  # there is one
    browser.find_element(By.CSS_SELECTOR, "#filters button[type=reset]").click()
    assert wait_for(browser, f"({cards}) === 3")
    browser.find_element(By.CSS_SELECTOR, "#visits li:last-child .cards button").click()
    assert becomes(browser, "#facts h3", "Frame 16")


def test_a_cell_of_the_confusion_chooses_its_frames(browser: Any, make_run: MakeRun) -> None:
    """And the address says so: opened anew, it shows the same frame and the same choice."""
    from selenium.webdriver.common.by import By

    path = write_html(make_run())
    visit(browser, path)
    cell = ".confusion button[data-truth='Hall'][data-answer='Office']"
    browser.find_element(By.CSS_SELECTOR, cell).click()
    assert becomes(browser, "#count", "1 of 18 frames, in 1 visit")
    assert becomes(browser, "#facts h3", "Frame 16")
    assert wait_for(browser, "location.hash.includes('frame=16&truth=Hall&answer=Office')")
    address = browser.current_url
    browser.get("about:blank")
    browser.get(address)
    assert becomes(browser, "#facts h3", "Frame 16")
    assert page_text(browser, "#count") == "1 of 18 frames, in 1 visit"
    assert (
        value(browser, f'document.querySelector("{cell}").getAttribute("aria-pressed")') == "true"
    )
    browser.find_element(By.CSS_SELECTOR, ".as-shares").click()
    assert page_text(browser, cell) == "17"
    browser.find_element(By.CSS_SELECTOR, cell).click()
    assert becomes(browser, "#count", "3 of 18 frames, in 3 visits")


def test_a_confusion_in_the_headline_leads_to_its_frames(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By

    visit(browser, write_html(make_run()))
    link = browser.find_element(By.CSS_SELECTOR, ".worst a")
    assert link.text == "Kitchen → Hall"
    link.click()
    assert becomes(browser, "#facts h3", "Frame 1")
    assert becomes(browser, "#count", "1 of 18 frames, in 1 visit")


def test_keys_play_zoom_and_tell_themselves(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, write_html(make_run()))
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys("]", "]", "]", " ")  # 64 times as fast: 17 frames of 100 ms take 27 ms
    assert becomes(browser, "#facts h3", "Frame 17")
    assert value(browser, "document.getElementById('play').getAttribute('aria-pressed')") == "false"
    body.send_keys(Keys.ARROW_LEFT)
    assert page_text(browser, "#facts h3") == "Frame 16"
    body.send_keys("v")
    assert becomes(browser, "#window", "frames 6 to 17, 12 of 18")
    body.send_keys("?")
    assert value(browser, "document.getElementById('keys').open")


def test_tabs_show_one_panel_and_stand_in_the_address(browser: Any, make_run: MakeRun) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, write_html(make_run()))
    shown = (
        "[...document.querySelectorAll('.tab-panel')].filter(p => p.offsetHeight).map(p => p.id)"
    )
    assert value(browser, shown) == ["latency"]
    browser.find_element(By.ID, "tab-deadlines").click()
    assert value(browser, shown) == ["deadlines"]
    browser.find_element(By.ID, "tab-deadlines").send_keys(Keys.ARROW_RIGHT)
    assert value(browser, shown) == ["confidence"]
    assert wait_for(browser, "location.hash.endsWith('tab=confidence')")


def test_every_figure_gives_its_drawing_and_its_numbers(browser: Any, make_run: MakeRun) -> None:
    """The SVG needs no style sheet; the CSV has a line for each thing drawn."""
    visit(browser, write_html(make_run()))
    browser.execute_script(
        "window.saved = {}; save = (name, type, text) => { window.saved[name] = text; };"
        "for (const button of document.querySelectorAll('[data-get]')) button.click();"
    )
    saved = value(browser, "window.saved")
    names = {
        *("timeline.svg", "timeline.csv", "map.svg", "map.csv", "confusion.svg", "confusion.csv"),
        *("latency_in_ms.svg", "latency_in_ms.csv", "frames_by_latency.svg"),
        *("points_against_deadline.csv", "reliability_of_confidences.svg"),
    }
    assert names <= set(saved)
    rows = saved["timeline.csv"].splitlines()
    assert len(rows) == 19
    assert rows[2].split(",")[:2] == ["walk", "1"]
    assert saved["confusion.csv"].splitlines()[1].startswith("Kitchen,5,0,1")
    for name in names:
        if name.endswith("svg"):
            assert "stroke:" in saved[name] or name == "confusion.svg"
            assert "class=" not in saved[name]
    assert "rotate(-50" in saved["confusion.svg"]
    assert re.findall(r">(Kitchen|Hall|5)</text>", saved["confusion.svg"])[:3] == [
        "Kitchen",
        "Hall",
        "Kitchen",
    ]
    assert browser.get_log("browser") == []


def test_no_two_figures_give_files_of_one_name(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """Those of several runs tell which they are of, even where names differ by a sign alone."""
    pages = {
        write_html(make_run()): "confusion.svg",
        write_page([make_run("a-b"), make_run("a+b")], tmp_path / "both.html"): (
            "confusion_of_a_b_2.svg"
        ),
    }
    for page, expected in pages.items():
        visit(browser, page)
        browser.execute_script(
            "window.saved = []; save = (name) => { window.saved.push(name); };"
            "for (const button of document.querySelectorAll('[data-get]')) button.click();"
        )
        names = value(browser, "window.saved")
        assert len(names) == len(set(names)) > 10
        assert expected in names


def test_mistakes_on_paper_show_images_that_lie_in_the_page(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """Those in files beside it would not be there in time: their visits stay a row each."""
    run = make_run()
    pages = {
        write_html(run): True,
        write_page([run], tmp_path / "own.html", has_folder=True): False,
    }
    cards = "[...document.querySelectorAll('.visits details[open] .cards img')]"
    for page, is_in_page in pages.items():
        visit(browser, page)
        browser.execute_script(
            "for (const row of document.querySelectorAll('.visits details')) row.open = false;"
            "window.dispatchEvent(new Event('beforeprint'))"
        )
        assert bool(value(browser, f"{cards}.length")) == is_in_page
        assert value(browser, f"{cards}.every((i) => i.src.startsWith('data:'))")


def test_tracks_are_drawn_for_the_sheet_they_are_printed_on(
    browser: Any, make_run: MakeRun, config: Callable[..., Path], tmp_path: Path
) -> None:
    """Of a report and of the page that follows a run; back on screen they have its width again."""
    feed = Feed(tmp_path / "run")
    (tmp_path / "run").mkdir()
    run_experiment(load_config(config()), tmp_path / "run", observer=feed)
    live = tmp_path / "live.html"
    live.write_text(live_page(feed.state()), encoding="utf-8")
    width = "document.querySelector('#tracks svg').viewBox.baseVal.width"
    for page in (write_html(make_run()), live):
        visit(browser, page)
        # a bar for scrolling may come after the first drawing
        wait_for(browser, f"{width} === document.querySelector('#tracks').clientWidth")
        on_screen = value(browser, width)
        assert on_screen != 703
        browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
        assert value(browser, width) == 703
        browser.execute_script("window.dispatchEvent(new Event('afterprint'))")
        assert value(browser, width) == on_screen


def test_points_of_rooms_and_objects_follow_a_run_under_way(browser: Any, tmp_path: Path) -> None:
    """Rows that come make both curves longer; frames to come have none."""
    rows = [[k, 0, 0, None, 0, 1.25, 0.5, 900, 0, 100 * k, k, 0, None, 0.25] for k in range(4)]
    state = {
        "task": Task.model_validate_json(json.dumps(MANY_ROOMS)),
        "sequences": [FollowedFrame("walk", 4, 0)],
        "rows": rows[:2],
        "generation": 1,
        "status": {"text": "replaying walk", "points": 2.5, "max": 2.5},
        "n_frames": 4,
        "end": None,
    }
    page = tmp_path / "live.html"
    page.write_text(live_page(state), encoding="utf-8")
    visit(browser, page)
    assert value(browser, "[parts.rooms, parts.objects]") == [
        [1, 2, None, None],
        [0.25, 0.5, None, None],
    ]
    browser.execute_script("addRows(arguments[0]); showNow()", rows[2:])
    assert value(browser, "[parts.rooms, parts.objects]") == [[1, 2, 3, 4], [0.25, 0.5, 0.75, 1]]


def test_the_posterior_of_all_rooms_follows_the_cursor(browser: Any, make_run: MakeRun) -> None:
    posterior = {"Kitchen": 0.7, "Hall": 0.25}
    visit(browser, write_html(make_run(posterior=posterior)))
    rows = "[...document.querySelectorAll('#posteriors tr')].map(r => r.textContent)"
    assert value(browser, rows) == ["Kitchen0.70✓ the true room", "Hall0.25◂ the answer"]


def test_the_whole_player_fits_a_small_desktop(browser: Any, make_run: MakeRun) -> None:
    """At 1440 x 900 images, posterior, timeline and map are on screen at one time."""
    size = {"width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visit(browser, write_html(make_run(posterior={"Hall": 0.7})))
        browser.execute_script("document.querySelector('#timeline').scrollIntoView()")
        for part in ("#picture img", "#posterior-box", "#tracks", "#map svg"):
            box = value(
                browser, f"document.querySelector({part!r}).getBoundingClientRect().toJSON()"
            )
            assert box["height"] > 20, part
            assert box["top"] >= 0, part
            assert box["bottom"] <= 900, part
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_images_in_a_folder_are_shown_from_there(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    out = write_page([make_run()], tmp_path / "page of all.html", has_folder=True)
    assert len(list((tmp_path / "page of all_images" / "0").iterdir())) == 36
    assert out.stat().st_size < 200_000
    visit(browser, out)
    image = "document.querySelector('#picture img')"
    browser.execute_async_script(f"{image}.decode().then(arguments[0])")
    assert value(browser, f"{image}.naturalWidth") == 64
    assert browser.get_log("browser") == []


def test_nothing_is_cut_off_on_paper(
    browser: Any, make_run: MakeRun, tmp_path: Path, wide_on_paper: Callable[..., list[str]]
) -> None:
    """At the width of an A4 sheet no table is wider than what it stands in."""
    about = {"task": MANY_ROOMS}
    runs = [make_run(name, objects=("Chair",), about=about) for name in ("first", "second")]
    for page in (write_html(runs[0]), write_page(runs, tmp_path / "both.html")):
        assert wide_on_paper(browser, page) == []


def test_lists_lie_on_their_side_on_paper(
    browser: Any, make_run: MakeRun, tmp_path: Path, wide_on_paper: Callable[..., list[str]]
) -> None:
    """A list of runs, and a sweep of five keys with a long fault, fit the width of an A4 sheet."""
    for name in ("runs/first", "runs/a_name_that_somebody_has_made_long"):
        make_run(name, about={"task": MANY_ROOMS})
    values = {
        "features": "phog, crfh, depth_hog",
        "classifier.gamma": 0.125,
        "decision.abstain": "never",
        "split": "without building_night",
        "seed": 1,
    }
    figures = {"points": 114.5, "max_points": 125.0, "points_per_frame": 0.916, "frames": 125}
    figures |= {"latency_p50_ns": 15_200_000, "latency_p90_ns": 2e7, "latency_p99_ns": 4e7}
    done = empty_row("5f2c3d4f8d0f0690", values, "done") | values | figures
    failed = empty_row("e474170f5d1b6353", values, "failed") | values | {"error": "x" * 80}
    pages = {
        "list.html": list_page(RunList([tmp_path / "runs"]).rows(), [tmp_path]),
        "sweep.html": sweep_page(SweepTable("grid.yaml", list(values), [done, failed])),
    }
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert wide_on_paper(browser, tmp_path / name, is_landscape=True) == []
        printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        width, height = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)", b64decode(printed))[0]
        assert float(width) > float(height)


def test_the_points_of_a_sweep_are_in_view_on_a_phone(browser: Any, tmp_path: Path) -> None:
    """Of every run, with their interval and keys, and nothing scrolls sideways."""
    values = {"features": "phog, crfh, hsv_histogram", "classifier": "svm", "decision.abstain": 0.4}
    rows = []
    for k in range(3):
        done = {"points": 100.5 + k, "max_points": 125.0, "points_per_frame": 0.8, "correct": 110}
        ends = {"interval_low": 60.25, "interval_high": 119.5, "config_hash": f"{k}474170f5d1b6353"}
        rows.append(empty_row(ends["config_hash"], values, "done") | values | done | ends)
    (tmp_path / "sweep.html").write_text(
        sweep_page(SweepTable("grid.yaml", list(values), rows)), encoding="utf-8"
    )
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        browser.get((tmp_path / "sweep.html").as_uri())
        outside = value(
            browser,
            "[...document.querySelectorAll('#runs tbody td')].filter(cell => {"
            "const box = cell.getBoundingClientRect(); return box.left < 0 || box.right > 390})"
            ".map(cell => cell.textContent)",
        )
        assert outside == []
        assert value(browser, "document.documentElement.scrollWidth") <= 390
        top = "document.querySelector('{}').getBoundingClientRect().top"
        assert value(browser, f"{top.format('.c-interval')} < {top.format('.c-key')}")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


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
    assert hostile in page_text(browser, "#facts")
    assert hostile in page_text(browser, "#visits")
    assert browser.get_log("browser") == []
    assert requests_of(browser) == [path.as_uri()]


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
    assert "first" in page_text(browser, "#facts")
    assert "second" in page_text(browser, "#facts")
    Select(browser.find_element(By.ID, "active-run")).select_by_visible_text("second")
    assert becomes(browser, "#count", "0 of 18 frames")


def test_the_run_of_an_address_is_shown_everywhere(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """Opened with it, and where the address changes while the page is open."""
    runs = load_runs([make_run("first"), make_run("second", said=["Hall"] * 18)])
    path = tmp_path / "both.html"
    path.write_text(build_page(runs), encoding="utf-8")
    wrong = "document.querySelectorAll('#overview [data-outcome=wrong]').length"
    visit(browser, path)
    browser.get("about:blank")
    browser.get(f"{path.as_uri()}#frame=7&run=second")
    wait_for(browser, "document.documentElement.dataset.ready === 'yes'")
    area = "document.querySelector('#overview [data-outcome=correct]').getBBox()"
    for name, left in (("second", 12), ("first", 0), ("second", 12)):
        fragment = "#frame=7" + ("&run=second" if name == "second" else "")
        browser.execute_script("location.hash = arguments[0]", fragment)
        wait_for(browser, f"data.runs[state.run].name === '{name}'")
        run = "document.getElementById('active-run')"
        assert value(browser, f"{run}.selectedOptions[0].textContent") == name
        share = value(browser, f"{area}.x / document.querySelector('#overview svg').clientWidth")
        assert share == pytest.approx(left / 18, abs=0.02)
    assert value(browser, wrong)


def test_a_confusion_in_a_headline_is_that_of_its_run(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """Not of the run that the page shows, or of the first."""
    from selenium.webdriver.common.by import By

    runs = load_runs([make_run("first"), make_run("second & last", said=["Hall"] * 18)])
    path = tmp_path / "both.html"
    path.write_text(build_page(runs), encoding="utf-8")
    visit(browser, path)
    links = browser.find_elements(By.CSS_SELECTOR, ".worst a")
    for link, name in ((links[-1], "second & last"), (links[0], "first")):
        frames = link.find_element(By.XPATH, "following-sibling::span").text.split()[0]
        browser.execute_script("arguments[0].click()", link)
        wait_for(browser, f"data.runs[state.run].name === {json.dumps(name)}")
        assert becomes(browser, "#count", f"{frames} of 18 frames")


def test_where_play_is_stopped_stands_in_the_address(browser: Any, make_run: MakeRun) -> None:
    visit(browser, write_html(make_run()))
    browser.execute_script("setCursor(2); togglePlay()")
    wait_for(browser, "state.cursor >= 4")
    browser.execute_script(
        "clearTimeout(timer); clearTimeout(writing); document.getElementById('play').click()"
    )
    assert wait_for(browser, "location.hash.includes(`frame=${data.index[state.cursor]}`)", 5)


def test_a_cell_is_chosen_beside_a_filter_of_its_answer(browser: Any, make_run: MakeRun) -> None:
    """Of the first room, too, whose number any other would be taken for."""
    visit(browser, write_html(make_run()))
    answer = value(browser, "data.labels.indexOf('Hall')")
    first = value(browser, "data.labels[0]")
    browser.execute_script(
        "const form = document.getElementById('filters');"
        "form.elements.answer.value = arguments[0]; form.dispatchEvent(new Event('change'));"
        "document.querySelector(`.confusion button[data-truth='${arguments[1]}']"
        "[data-answer='Hall']`).click()",
        answer,
        first,
    )
    chosen = "['truth', 'answer'].map(n => document.getElementById('filters').elements[n].value)"
    assert value(browser, chosen) == ["0", str(answer)]


def test_a_list_of_runs_outlives_an_answer_that_is_none(
    browser: Any, make_run: MakeRun, tmp_path: Path
) -> None:
    """A server in trouble: the rows stay, and the page says that they stand still."""
    make_run("runs/one")
    page = tmp_path / "list.html"
    page.write_text(list_page(RunList([tmp_path / "runs"]).rows(), [tmp_path]), encoding="utf-8")
    browser.get(page.as_uri())
    browser.execute_script(
        "window.fetch = async () => new Response('no', { status: 500 }); return look()"
    )
    assert value(browser, "document.querySelectorAll('#list tbody tr').length") == 1
    assert "stands still" in page_text(browser, "#following")


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
