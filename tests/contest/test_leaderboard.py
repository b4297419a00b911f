"""The site of a contest: intervals, open ranks, refusals, and nothing that strangers can inject."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.contest.leaderboard import open_contest, read_entries, standings
from robotvision.contest.leaderboard.site import page_names
from robotvision.submissions.batch import score_folder
from robotvision.submissions.ranking import rank
from robotvision.tasks import load_task

HOSTILE = "<script>window.broken=1<&script>"
ROOMS = ("Corridor", "Toilet", "PrinterRoom")


def say(path: Path, answers: list[str | None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{i:05d} {a or ''}" for i, a in enumerate(answers, start=1)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """Return a folder with a truth of 36 visits, three runs and a refused one."""
    rooms = [ROOMS[i // 5 % 3] for i in range(180)]
    rows = "".join(f"{i},{room}\n" for i, room in enumerate(rooms))
    (tmp_path / "truth.csv").write_text("index,room\n" + rows)
    runs = tmp_path / "runs"
    say(runs / "right.txt", list(rooms))
    say(runs / f"{HOSTILE}.txt", [r if i % 60 else "Toilet" for i, r in enumerate(rooms)])
    say(runs / "lost.txt", ["Toilet" if i % 4 else None for i in range(180)])
    (runs / "bad.txt").write_text("00001 Tolet\n00002 Toilet\n00002 Toilet\n")
    return tmp_path


def run(contest: Path, *more: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(
            [
                "rank",
                "--task",
                "imageclef2012",
                "--truth",
                str(contest / "truth.csv"),
                str(contest / "runs"),
                *more,
            ]
        )
    return int(done.value.code or 0)


def test_the_frames_of_an_entry_come_to_its_score(contest: Path) -> None:
    """What the intervals are made of sums to the points that the score says, run by run."""
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    made = open_contest("imageclef2012", [contest / "truth.csv"])
    entries = read_entries(made, scores)
    assert len(entries) == 3
    for entry in entries:
        assert entry.table.points.sum() == entry.score["points"]
        counts = np.bincount(entry.table.outcome, minlength=3).tolist()
        assert counts[:3] == list(entry.score["outcomes"].values())[:3]


def test_objects_count_in_the_frames_too(tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("index,room,objects\n0,Corridor,Chair;Screen\n1,Corridor,\n2,Hall,Trash\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.txt").write_text("1 Corridor Chair !Screen\n2 Hall\n3 Hall !Trash\n")
    scores = score_folder("imageclef2013", [truth], tmp_path / "runs")
    assert scores.refused == ()
    made = open_contest("imageclef2013", [truth])
    (entry,) = read_entries(made, scores)
    assert entry.score["object_points"] != 0
    assert entry.table.points.sum() == entry.score["points"]


def test_a_run_names_those_it_cannot_be_told_apart_from(contest: Path) -> None:
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    made = open_contest("imageclef2012", [contest / "truth.csv"])
    entries = read_entries(made, scores)
    (found,) = standings(made, entries, rank(scores))
    assert [x.row.run for x in found.rows] == ["right", HOSTILE, "lost"]
    assert [x.not_separable for x in found.rows] == [(HOSTILE,), ("right",), ()]
    assert [x.visits_needed is None for x in found.rows] == [False, False, True]
    assert max(x.points.high or 0 for x in found.rows) <= found.max_points
    assert str(found.pairs[0]).startswith("+6 (")
    assert "cannot be told apart, p = " in str(found.pairs[0])
    assert [x.ranks for x in found.rows] == [(1, 2), (1, 2), (3, 3)]
    assert found.n_visits == 36
    lost = found.rows[-1].points
    assert lost.low is not None
    assert lost.high is not None
    assert lost.low < lost.estimate < lost.high


def test_a_contest_of_many_runs_has_intervals_too(contest: Path) -> None:
    """There is no number of runs beyond which ranks are not compared."""
    rooms = [ROOMS[i // 5 % 3] for i in range(180)]
    for k in range(65):
        said = [r if i % 65 > k else None for i, r in enumerate(rooms)]
        say(contest / "runs" / f"more{k:02}.txt", said)
    truth = [contest / "truth.csv"]
    scores = score_folder("imageclef2012", truth, contest / "runs")
    made = open_contest("imageclef2012", truth)
    entries = read_entries(made, scores)
    (found,) = standings(made, entries, rank(scores), resamples=200)
    assert len(found.rows) == 68
    assert all(row.points.low is not None and row.ranks for row in found.rows)


def test_json_has_the_intervals(contest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(contest, "--json") == 1
    data = json.loads(capsys.readouterr().out)
    first, second, third = data["rankings"]["overall"]
    assert first["points"] == 180
    assert second["ranks"] == [1, 2]
    assert third["interval"][0] < third["points"] < third["interval"][1]
    assert first["not_separable_from"] == [HOSTILE]
    assert third["visits_needed"] is None
    assert first["interval"][1] == 180
    assert third["caution"] == ""
    pairs = {(p["first"], p["second"]): p for p in data["pairs"]["overall"]}
    assert pairs["right", "lost"]["p_after_all"] <= 0.05
    assert pairs["right", "lost"]["p"] <= pairs["right", "lost"]["p_after_all"]
    assert data["uncertainty"]["resamples"] == 10_000
    assert data["uncertainty"]["visits"] == {"overall": 36}


def test_the_site_holds_every_run_and_every_refusal(contest: Path) -> None:
    site = contest / "site"
    assert run(contest, "--site", str(site), "--pages") == 1
    index = (site / "index.html").read_text()
    links = set(re.findall(r'href="(runs/[^"]+)"', index))
    assert len(links) == 4
    assert all((site / link).is_file() for link in links)
    assert "the label &#39;Tolet&#39; is not one of" in (site / "runs" / "bad.html").read_text()
    assert "recollected, not confirmed" in index
    assert str(contest) not in index + (site / "scores.json").read_text()
    data = json.loads((site / "scores.json").read_text())
    assert data["refused"][0]["name"] == "bad"
    for table in re.findall(r"<table.*?</table>", index, re.S):
        assert "<caption>" in table
        assert 'scope="col"' in table
    for page in site.rglob("*.html"):
        assert not re.findall(r'(?:src|href)="(?:https?:|//|/)', page.read_text())
        assert "default-src" in page.read_text()


def test_sets_that_are_kept_apart_have_intervals_each(tmp_path: Path) -> None:
    truths = []
    for name in ("x", "y"):
        truths += ["--truth", str(tmp_path / f"{name}.csv")]
        (tmp_path / f"{name}.csv").write_text("index,room\n0,Corridor\n1,Toilet\n2,Corridor\n")
    for run_name in ("one", "two"):
        for name in ("task1", "task2"):
            says: list[str | None] = ["Corridor", "Toilet", None if run_name == "two" else "Toilet"]
            say(tmp_path / "runs" / run_name / f"{name}.txt", says)
    with pytest.raises(SystemExit) as done:
        main(
            [
                "rank",
                "--task",
                "imageclef2012",
                *truths,
                str(tmp_path / "runs"),
                "--site",
                str(tmp_path / "site"),
            ]
        )
    assert done.value.code == 0
    index = (tmp_path / "site" / "index.html").read_text()
    assert "<h3>task1</h3>" in index
    assert "<h3>task2</h3>" in index
    assert "the 3 room visits weigh like" in index.lower()


def test_what_a_report_says_of_training_reaches_the_organiser_alone(tmp_path: Path) -> None:
    truths = []
    for name in ("task1", "task2"):
        truths += ["--truth", str(tmp_path / f"{name}.csv")]
        (tmp_path / f"{name}.csv").write_text("index,room\n0,Corridor\n1,Toilet\n2,Corridor\n")
        for run_name in ("one", "two"):
            say(tmp_path / "runs" / run_name / f"{name}.txt", ["Corridor", "Toilet", None])
    warning = {"code": "train-test-overlap", "message": "m", "set": "task2", "share": 0.5}
    (tmp_path / "runs" / "two" / "report.json").write_text(json.dumps({"warnings": [warning]}))
    sites = ["--site", str(tmp_path / "site"), "--organiser-site", str(tmp_path / "mine")]
    with pytest.raises(SystemExit) as done:
        main(
            [
                "rank", "--task", "imageclef2012", *truths, str(tmp_path / "runs"), "--pages",
                *sites,
            ]
        )  # fmt: skip
    assert done.value.code == 0
    words = "two: by its own report training has seen 50.0% of the test frames of task2"
    assert words in (tmp_path / "mine" / "index.html").read_text()
    assert words in (tmp_path / "mine" / "runs" / "two.html").read_text()
    assert words not in (tmp_path / "mine" / "runs" / "one.html").read_text()
    assert not [p for p in (tmp_path / "site").rglob("*.*") if "own report" in p.read_text()]


def test_a_contest_without_an_accepted_run_still_has_a_site(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("index,room\n0,Corridor\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.txt").write_text("rubbish\n")
    assert run(tmp_path, "--site", str(tmp_path / "site")) == 1
    assert "No run was accepted" in (tmp_path / "site" / "index.html").read_text()


def test_a_site_is_replaced_as_a_whole_and_nothing_else_is(contest: Path) -> None:
    """A run that was withdrawn is gone; a site of 0.1, without a marker, counts as one."""
    site = contest / "site"
    run(contest, "--site", str(site), "--pages")
    (contest / "runs" / "lost.txt").unlink()
    (site / ".robotvision.json").unlink()
    run(contest, "--site", str(site), "--pages")
    assert not (site / "runs" / "lost.html").exists()
    assert "lost" not in (site / "scores.json").read_text()
    for other in ("notes.txt", "runs/notes.txt"):
        (site / other).write_text("mine")
        assert run(contest, "--site", str(site)) == 2
        (site / ".robotvision.json").rename(contest / "marker")
        assert run(contest, "--site", str(site)) == 2
        (contest / "marker").rename(site / ".robotvision.json")
        assert (site / other).read_text() == "mine"
        (site / other).unlink()


def test_pages_of_many_runs_are_the_same_by_several_processes(
    contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = []
    for fewest in (1, 1000):
        monkeypatch.setattr("robotvision.contest.leaderboard.parallel.FEWEST", fewest)
        run(contest, "--organiser-site", str(contest / str(fewest)))
        files = (contest / str(fewest)).rglob("*.html")
        sites.append({p.name: p.read_bytes() for p in files})
    assert len(sites[0]) == 5
    assert sites[0] == sites[1]


def test_a_table_beside_the_prompt_names_its_set(
    contest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(contest)
    assert list(open_contest("imageclef2012", [Path("truth.csv")]).sets) == ["truth"]


def test_page_names_are_harmless_and_distinct() -> None:
    names = ["../../etc", "a", "A", "a", "", "<b>", "x" * 200]
    found = page_names(names)
    assert len({n.lower() for n in found}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", n) for n in found)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_site_in_a_browser(
    chrome: Any, contest: Path, width: int, requests: Callable[[Any], list[str]]
) -> None:
    """No error, no request, no overflow; a script in a name stays text; links lead somewhere."""
    from selenium.webdriver.common.by import By

    run(contest, "--site", str(contest / "site"), "--reveal", "frames")
    chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    chrome.get_log("browser")
    requests(chrome)
    index = (contest / "site" / "index.html").as_uri()
    chrome.get(index)
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
    assert HOSTILE in chrome.find_element(By.CSS_SELECTOR, ".board-table").text
    assert chrome.execute_script("return window.broken === undefined")
    chrome.find_element(By.LINK_TEXT, HOSTILE).click()
    assert chrome.find_element(By.TAG_NAME, "h1").text == HOSTILE
    assert chrome.execute_script("return document.documentElement.dataset.ready") in (None, "yes")
    assert chrome.execute_script("return document.querySelectorAll('#tracks path').length") > 3
    assert chrome.execute_script("return document.documentElement.scrollWidth") <= width
    assert chrome.execute_script("return window.broken === undefined")
    chrome.find_element(By.PARTIAL_LINK_TEXT, "Ranking").click()
    assert chrome.current_url == index
    assert chrome.get_log("browser") == []
    assert all(u.startswith("file://") for u in requests(chrome))


def test_the_task_in_the_guide_for_organisers_is_one(tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "organisers.md"
    found = re.search(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.S)
    assert found is not None
    (tmp_path / "contest.yaml").write_text(found[1])
    task = load_task(str(tmp_path / "contest.yaml"))
    assert [s.name for s in task.test_sets] == ["easy", "hard"]
