"""The page of a board: tabs, the best in words, any two runs compared, and how it behaves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.contest import (
    Delivery,
    add,
    boards,
    init,
    open_contest,
    open_contest_file,
    publish,
    rank,
    write_ranked,
)
from robotvision.contest.board import Board
from robotvision.contest.leaderboard.disclosure import Disclosure
from robotvision.contest.leaderboard.images import image_writer
from robotvision.contest.leaderboard.panel_page import axis, board_view, by_team
from robotvision.contest.leaderboard.panels import Role, tabs
from robotvision.contest.published import phase_status
from robotvision.contest.schema import Phase
from robotvision.errors import RobotVisionError
from robotvision.scoring.intervals import Interval
from tests.fixtures.browser import wait_for
from tests.fixtures.contests import board_of_four

SEQUENCES = Path(__file__).parents[2] / "sequences"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Return a published board of four teams, one with two runs, and a baseline."""
    found = board_of_four(tmp_path)
    when = datetime.fromisoformat("2027-05-02T00:00+00:00")
    publish(open_contest_file(tmp_path / "contest"), [found], tmp_path / "site", when=when)
    return found


def test_tabs_are_test_sets_and_conditions_that_several_share(board: Board) -> None:
    """A value that one set alone has is named in that set's tab."""
    contest = board.contest
    names = [(t.name, t.sets) for t in tabs(contest, board.conditions)]
    assert names == [
        ("overall", ("easy", "hard")),
        ("easy (light day)", ("easy",)),
        ("hard (light night)", ("hard",)),
    ]
    robots = {"easy": {"robot": "A"}, "hard": {"robot": "A"}}
    assert [t.name for t in tabs(contest, robots)] == ["overall", "easy", "hard"]


def test_every_tab_holds_every_run_in_order_of_its_own_points(board: Board) -> None:
    for panel in board.ranked.panels():
        points = [line.points.estimate for line in panel.lines]
        assert points == sorted(points, reverse=True)
        assert len(points) == len(board.rows) == 6
        assert {x.row.team for x in panel.ranked} == {"A", "B", "C", "D"}
        for line in panel.lines:
            tallies = [line.row.entry.tallies[s] for s in panel.sets]
            assert line.points.estimate == sum(t.points for t in tallies)
            assert (line.standing is None) == (line.row.role is not Role.PRIMARY)


def test_any_two_runs_are_compared_on_the_page_as_the_command_does(board: Board) -> None:
    """Ranked ones after all comparisons; with a further run or a baseline the pair alone."""
    panel = board.ranked.panels()[0]
    n = len(panel.lines)
    found = {(i, j): pair for i, j, pair in panel.compared()}
    assert sorted(found) == [(i, j) for i in range(n) for j in range(i + 1, n)]
    for (i, j), pair in found.items():
        first, second = panel.lines[i], panel.lines[j]
        assert (pair.first, pair.second) == (first.row.name, second.row.name)
        is_ranked = first.standing is not None and second.standing is not None
        assert ("after all comparisons" in str(pair)) == is_ranked
        alone = board.pair(pair.second, pair.first)
        assert alone.difference.p == pytest.approx(pair.difference.p)
        assert (alone.difference.low, alone.difference.high) == pytest.approx(
            (pair.difference.low, pair.difference.high)
        )
        if not is_ranked:
            assert str(alone) == str(pair)


def test_the_best_three_are_told_apart_in_words(board: Board) -> None:
    """What the words say is what the ranks say."""
    view = board_view("b", "Board", board.ranked.panels(), board.contest.task, Disclosure())
    standings = board.standings[0]
    for k, best in enumerate(view["panels"][0]["top"]):
        below = standings.rows[k + 1].row.run
        is_separable = below not in standings.rows[k].not_separable
        assert best["is_separable"] == is_separable
        assert best["against"] == below
        pair = next(p for p in standings.pairs if (p.first, p.second) == (best["run"], below))
        assert str(pair).split(",")[0] in best["gap"]
        assert str(pair).split("p = ")[1] in best["gap"]
    could = sum(row.ranks[0] == 1 for row in standings.rows)
    assert could > 1
    assert view["panels"][0]["lead"].startswith(f"{could} of 4 ranked runs could be first")


def test_an_axis_holds_every_end_and_round_ticks() -> None:
    points = [Interval(10, -3.2, 17, 9), Interval(40, 31, 44.9, 9), Interval(5, None, None, 1)]
    scale, ticks = axis(points)
    assert all(0 < scale(v) < 100 for v in (-3.2, 44.9, *ticks))
    assert ticks == [0, 10, 20, 30, 40]
    assert axis([])[0](0.5) == 50
    assert axis([Interval(3, 3, 3, 2)])[0](3) == 50


def test_refused_runs_take_a_line_a_team() -> None:
    lines = by_team(
        [("T", "T-1", "", ["a", "b"]), ("U", "U-1", "", ["c"]), ("T", "T-2", "x.html", ["a"])]
    )
    assert [(x.team, list(x.runs), x.why) for x in lines] == [
        ("T", [("T-1", ""), ("T-2", "x.html")], "a (and 1 more kind of faults)"),
        ("U", [("U-1", "")], "c"),
    ]
    assert by_team([("", "bare", "", [])])[0].team == "bare"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2027-02-28T22:59+00:00", ("coming", "opens 1 March 2027, 00:00 +01:00")),
        ("2027-02-28T23:00+00:00", ("open", "open until 1 June 2027, 00:00 +02:00")),
        ("2027-05-31T22:00+00:00", ("closed", "closed 1 June 2027, 00:00 +02:00")),
    ],
)
def test_a_phase_says_whether_it_is_open(when: str, expected: tuple[str, str]) -> None:
    phase = Phase(opens="2027-03-01T00:00+01:00", closes="2027-06-01T00:00+02:00")
    assert phase_status(phase, datetime.fromisoformat(when)) == expected
    assert phase_status(Phase(), datetime.fromisoformat(when)) == ("open", "open, without an end")


def test_the_page_says_what_and_when(board: Board, tmp_path: Path) -> None:
    page = (tmp_path / "site" / "index.html").read_text()
    assert "test: open, without an end" in page
    assert "as of 2 May 2027 · 5 teams, 6 runs received" in page
    assert "Refused: 1 run<" in page
    assert "histogram, SVM" in page
    assert "12.5 <small>stated</small>" in page
    assert len(re.findall(r"<h3>", page.split('id="call"')[0])) == 3


DESKTOP, PHONE = (1280, 900), (390, 844)


def look(chrome: Any, page: Path, size: tuple[int, int]) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    chrome.get(page.as_uri())
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width


def test_a_board_in_a_browser(
    chrome: Any, board: Board, tmp_path: Path, requests: Callable[[Any], list[str]]
) -> None:
    """Sorts, changes tabs by keys, shows further runs, compares; asks nothing of the network."""
    page = tmp_path / "site" / "index.html"
    chrome.get_log("browser")
    requests(chrome)
    look(chrome, page, DESKTOP)
    js = chrome.execute_script
    rows = (
        "return [...document.querySelectorAll('.tab-panel:not(.off) .board-table tbody tr')]"
        ".filter(r => !r.hidden).map(r => r.querySelector('small')?.textContent ?? '')"
    )
    assert len(js(rows)) == 5
    js("document.querySelector('.others input').click()")
    assert len(js(rows)) == 6
    first = js(rows)[0]
    js("document.querySelector('.c-points button').click()")
    assert js(rows)[-1] == first
    assert js("return document.querySelector('th.c-points').ariaSort") == "ascending"
    js("document.querySelector('[role=tab]').focus()")
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    ActionChains(chrome).send_keys(Keys.ARROW_RIGHT).perform()
    assert js("return document.activeElement.textContent") == "easy (light day)"
    shown = "return [...document.querySelectorAll('.tab-panel:not(.off)')].map(p => p.id)"
    assert js(shown) == ["test-obligatory-1"]
    panel = board.ranked.panels()[0]
    pairs = {(pair.first, pair.second): str(pair) for _, _, pair in panel.compared()}
    names = [line.row.name for line in panel.lines]
    for a, b in ((names[1], names[3]), (names[-1], names[0])):
        fragment = f"#in=test-obligatory-0&first={a}&second={b}"
        js(f"location.hash = {json.dumps(fragment)}; readBoardAddress()")
        answer = js("return document.querySelector('.comparing .answer p').textContent")
        better, worse = sorted((a, b), key=names.index)
        assert answer == f"{better} less {worse}: {pairs[better, worse]}."
    js(f"location.hash = '#in=test-obligatory-0&first=gone&second={names[2]}'; readBoardAddress()")
    assert js("return document.querySelector('.comparing .answer').textContent") == (
        "Choose two runs."
    )
    assert js(shown) == ["test-obligatory-0"]
    assert chrome.get_log("browser") == []
    assert all(u.startswith("file://") for u in requests(chrome))


def test_a_board_is_printed_whole(
    chrome: Any, board: Board, tmp_path: Path, wide_on_paper: Callable[..., list[str]]
) -> None:
    """Nothing reaches over the sheet; heads hold no buttons, which no second sheet would repeat."""
    assert wide_on_paper(chrome, tmp_path / "site" / "index.html") == []
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = (
        "return [...document.querySelectorAll('th button')].map(b => getComputedStyle(b).display)"
    )
    assert set(chrome.execute_script(shown)) == {"contents"}
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_rank_range_and_whisker_stay_in_view_on_a_phone(
    chrome: Any, board: Board, tmp_path: Path
) -> None:
    look(chrome, tmp_path / "site" / "index.html", PHONE)
    inside = """
      return [...document.querySelectorAll('.tab-panel:not(.off) tbody tr.is-primary')].flatMap(
        (row) => ['.c-range', '.c-team', '.c-points b', '.ci'].map((what) => {
          const box = row.querySelector(what).getBoundingClientRect();
          return box.width > 0 && box.left >= 0 && box.right <= innerWidth;
        }))"""
    found = chrome.execute_script(inside)
    assert len(found) == 4 * 4
    assert all(found)
    whisker = "return document.querySelector('tbody tr.is-primary .ci').offsetWidth"
    assert chrome.execute_script(whisker) > 250


def test_images_stand_on_the_pages_that_show_frames(
    chrome: Any, tmp_path: Path, requests: Callable[[Any], list[str]]
) -> None:
    """Where the organiser publishes them; written once, next to the pages of all runs."""
    sequence = SEQUENCES / "demo_day"
    truth = sequence / "truth.csv"
    rooms = [line.split(",")[1] for line in truth.read_text().splitlines()[1:]]
    (tmp_path / "runs").mkdir()
    for k in range(2):
        lines = (f"{i:05d} {rooms[max(0, i - 1 - 4 * k)]}\n" for i in range(1, len(rooms) + 1))
        (tmp_path / "runs" / f"run{k}.txt").write_text("".join(lines))
    ranked = rank("rooms", [truth], tmp_path / "runs")
    site, mine = tmp_path / "site", tmp_path / "mine"
    write_ranked(ranked, site=site, organiser_site=mine, images=[sequence], pages=True)
    assert not (site / "images").exists()
    assert "<img" not in (site / "runs" / "run0.html").read_text()
    assert len(list((mine / "images").iterdir())) >= len(rooms)
    chrome.get_log("browser")
    requests(chrome)
    look(chrome, mine / "runs" / "run1.html", DESKTOP)
    wait_for(chrome, "document.documentElement.dataset.ready === 'yes'")
    wait_for(chrome, "document.querySelector('.pictures img').naturalWidth > 0")
    assert chrome.get_log("browser") == []
    assert all(u.startswith("file://") for u in requests(chrome))


def test_the_site_of_a_contest_shows_images_where_its_file_says_so(tmp_path: Path) -> None:
    """Of the phase's test sets, once for the pages of all its boards."""
    sequence = SEQUENCES / "demo_day"
    setup = init(tmp_path / "contest", "rooms", [sequence])
    text = setup.path.read_text()
    public = "public: {reveal: totals, pages: false, images: false}"
    assert public in text
    setup.path.write_text(text.replace(public, "public: {reveal: frames, images: true}"))
    setup = open_contest_file(setup.path)
    lines = "".join(f"{i:05d} Kitchen\n" for i in range(1, 126))
    (tmp_path / "run.txt").write_text(lines)
    add(setup, [tmp_path / "run.txt"], Delivery("A"))
    publish(setup, boards(setup), tmp_path / "site")
    (page,) = (tmp_path / "site" / "runs").rglob("*.html")
    name = json.loads(re.findall(r'id="pictures">(.*?)</script>', page.read_text())[0])["0"]["rgb"]
    assert (page.parent / name).resolve().is_file()
    assert (page.parent / name).resolve().is_relative_to(tmp_path / "site" / "images" / "test")


def test_images_must_hold_the_frames_of_the_contest(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("index,room\n0,Corridor\n99999,Toilet\n")
    contest = open_contest("imageclef2012", [tmp_path / "truth.csv"])
    with pytest.raises(RobotVisionError, match=r"1 of the 2 frames of the test set .* first 99999"):
        image_writer(contest, [SEQUENCES / "demo_day"])
    with pytest.raises(RobotVisionError, match=r"a sequence for each test set .*, got 0"):
        image_writer(contest, [])


def test_a_page_of_a_task_with_objects_runs(chrome: Any, tmp_path: Path) -> None:
    """Its script counts what objects earned apart from rooms, and gives all frames as CSV."""
    truth = tmp_path / "truth.csv"
    rows = [f"{i},{'Corridor' if i < 6 else 'Hall'},{'Chair' if i % 2 else ''}" for i in range(12)]
    truth.write_text("\n".join(["index,room,objects", *rows]) + "\n")
    (tmp_path / "runs").mkdir()
    lines = "".join(f"{i} Corridor Chair\n" for i in range(1, 13))
    (tmp_path / "runs" / "a.txt").write_text(lines)
    ranked = rank("imageclef2013", [truth], tmp_path / "runs")
    write_ranked(ranked, organiser_site=tmp_path / "mine")
    chrome.get_log("browser")
    look(chrome, tmp_path / "mine" / "runs" / "a.html", DESKTOP)
    wait_for(chrome, "document.documentElement.dataset.ready === 'yes'")
    shown = chrome.execute_script("return data.runs[0].object_points")
    (entry,) = ranked.entries
    assert np.sum(shown) == pytest.approx(entry.score["object_points"])
    assert chrome.execute_script("return framesCsv().split('\\n').length") == 12 + 2
    assert chrome.get_log("browser") == []
