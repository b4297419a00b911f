"""The page as text: it stands alone, holds its parts, and says what is missing."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from robotvision.cli.report import command
from robotvision.errors import RobotVisionError
from robotvision.report.columns import OUTCOMES, load_run, load_runs
from robotvision.report.html.charts import LETTER, tour_map
from robotvision.report.html.images import collect
from robotvision.report.html.page import MAX_RUNS, build_page, write_html, write_page
from robotvision.report.html.payload import align
from robotvision.report.html.sections import with_short_paths
from robotvision.report.html.shell import static
from robotvision.report.html.svg import LEFT, Plot, round_ticks
from robotvision.report.table import minus

MakeRun = Callable[..., Path]


def page(folder: Path) -> str:
    return write_html(folder).read_text(encoding="utf-8")


def data_of(text: str, name: str = "data") -> dict:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_its_parts_and_asks_for_nothing(make_run: MakeRun) -> None:
    text = page(make_run())
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text)
    assert "default-src 'none'" in html.unescape(text)
    for words in (
        "Timeline",
        "Confusion",
        "Latency",
        "Points against deadline",
        "Transitions",
        "Provenance",
        "95 % interval by room visit",
        "Risk against coverage",
        "The path on the map",
        "own rule",
    ):
        assert words in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))


def test_the_columns_of_the_page_are_those_of_the_run(make_run: MakeRun) -> None:
    folder = make_run()
    data = data_of(page(folder))
    run = load_run(folder)
    assert data["runs"][0]["outcome"] == run.outcome.tolist()
    assert data["runs"][0]["points"] == run.points.tolist()
    assert data["runs"][0]["latency_us"] == [12_000] * 18
    assert data["x_m"] == [float(i) for i in range(18)]


def test_every_frame_of_a_short_run_has_its_pictures(make_run: MakeRun) -> None:
    pictures = data_of(page(make_run()), "pictures")
    assert sorted(map(int, pictures)) == list(range(18))
    assert set(pictures["0"]) == {"rgb", "depth"}
    assert pictures["0"]["rgb"].startswith("data:image/jpeg;base64,")


def test_a_page_that_holds_every_image_says_so(make_run: MakeRun, tmp_path: Path) -> None:
    """Where they are, in the page's own words; of several runs the folder of all."""
    runs = [make_run("a"), make_run("b")]
    assert "All images are in this page, 640 pixels wide at most" in page(runs[0])
    out = write_page(runs, tmp_path / "both of them.html", has_folder=True)
    text = out.read_text()
    assert "All images lie beside this page, in both of them_images/." in text
    assert "All images are in this page" not in text


def test_a_budget_keeps_the_mistakes_and_says_so(make_run: MakeRun) -> None:
    run = load_run(make_run(n_each=20))
    whole = collect(run)
    album = collect(run, budget=whole.n_bytes // 4)
    assert album.n_bytes <= whole.n_bytes // 4
    assert {1, 30, 58} <= set(album.images)
    assert re.search(r"\d+ of 60 frames have their image .*: 3 of 3 mistakes", album.notes[0])
    assert "robotvision report RUN --images" in album.notes[0]
    assert collect(run, budget=0).notes == ["Pictures were left out, as asked for."]


def test_pictures_gone_since_the_run_are_said(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    for path in (tmp_path / "walk" / "rgb").iterdir():
        path.unlink()
    assert "18 images could not be read any more" in page(folder)
    shutil.rmtree(tmp_path / "walk")
    assert "The images of walk cannot be read any more" in page(folder)


def test_a_sequence_changed_since_the_run_is_said(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    truth = tmp_path / "walk" / "truth.csv"
    truth.write_text(truth.read_text().replace("0,Kitchen", "0,Hall"))
    assert "The tables of walk were changed since the run" in page(folder)


def test_a_partial_a_failed_an_empty_and_a_withheld_run_say_so(make_run: MakeRun) -> None:
    partial = page(make_run("partial", frames=5, is_whole=False))
    assert "Partial run: 5 of 18 frames" in partial
    failed = page(make_run("failed", faults={2: "lens <cap> on"}))
    assert "1 frames failed" in failed
    assert "1 frames from frame 2: lens &lt;cap&gt; on" in failed
    assert "The log holds no frame" in page(make_run("empty", frames=0))
    bare = page(make_run("bare", sequence="blind", has_truth=False))
    assert "The truth is withheld" in bare


def test_no_label_or_note_can_become_markup(make_run: MakeRun) -> None:
    hostile = "</script><script>alert(1)</script>"
    about = {
        "task": {"id": "t", "rooms": ["Kitchen", "Office", "Hall", hostile], "note": hostile},
        "config": {"note": hostile},
        "system": {"name": hostile},
    }
    text = page(make_run(about=about, said=[hostile] * 18))
    assert "<script>alert" not in text
    assert text.count("</script>") == 3
    assert hostile in data_of(text)["labels"]


def test_two_runs_are_compared_frame_by_frame(make_run: MakeRun) -> None:
    first = make_run("first")
    second = make_run("second", said=[*(["Kitchen"] * 6), *(["Office"] * 6), *(["Hall"] * 6)])
    text = build_page(load_runs([first, second]))
    assert "Comparison" in text
    assert "told apart" in text
    assert "first (2)" not in text
    data = data_of(text)
    assert [r["name"] for r in data["runs"]] == ["first", "second"]
    assert sum(data["runs"][1]["points"]) == 18


def test_three_runs_stand_in_panels_and_a_matrix_of_differences(make_run: MakeRun) -> None:
    """Each pair both ways, in the words of the ranking; panels on one scale."""
    right = [*(["Kitchen"] * 6), *(["Office"] * 6), *(["Hall"] * 6)]
    runs = load_runs([make_run("a"), make_run("b", said=right), make_run("c", said=["Hall"] * 18)])
    text = html.unescape(build_page(runs))
    assert text.count('class="plot panel"') == 3
    titles = re.findall(r"<td class=\"\w+ \w*\" title=\"(\w) less (\w): ([^\"]*)\"", text)
    assert sorted(t[:2] for t in titles) == sorted((a, b) for a in "abc" for b in "abc" if a != b)
    words = {t[:2]: t[2] for t in titles}
    assert words["b", "a"].startswith("+4 (")
    assert words["a", "b"].startswith("-4 (")
    assert "before" in words["b", "a"]
    assert "after all comparisons" in words["b", "a"]


def test_runs_over_different_frames_are_laid_side_by_side(make_run: MakeRun) -> None:
    runs = load_runs(
        [make_run("a", frames=10, is_whole=False), make_run("b"), make_run("c", sequence="else")]
    )
    aligned = align(runs)
    assert len(aligned) == 36
    assert aligned.shared.sum() == 0
    assert [int((p >= 0).sum()) for p in aligned.places] == [10, 18, 18]
    text = build_page(runs)
    assert "Compared on the 0 of 36 frames" in text
    assert data_of(text)["runs"][0]["outcome"][10] == -2


def test_too_many_runs_for_a_page_are_refused(make_run: MakeRun) -> None:
    run = load_run(make_run())
    with pytest.raises(RobotVisionError, match="1 to 8 runs, got 9"):
        build_page([run] * 9)


def test_the_command_writes_the_page_beside_the_log(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    done = CliRunner().invoke(command, [str(folder), "--pictures-mb", "0"])
    assert done.exit_code == 0, done.output
    assert (folder / "report.html").exists()
    done = CliRunner().invoke(command, [str(folder), "-o", str(tmp_path / "no" / "x.html")])
    assert isinstance(done.exception, RobotVisionError)


def test_the_configuration_names_no_folder_of_the_machine(make_run: MakeRun) -> None:
    config = {
        "train": [{"path": "/home/ann/data/a/day"}, {"path": "/home/ann/data/b/day"}],
        "test": [{"path": "/home/ann/data/night", "frames": [0, 5]}],
        "system": {"command": ["./robot", "--fast"]},
        "note": "/ is a slash",
    }
    assert with_short_paths(config)["test"] == [{"path": "night", "frames": [0, 5]}]
    assert with_short_paths(config)["train"][1] == {"path": "b/day"}
    assert with_short_paths({"seed": 0}) == {"seed": 0}
    assert "/home/ann" not in page(make_run(about={"config": config}))


def test_no_run_has_the_color_of_an_outcome() -> None:
    """In both themes: farther apart than two tints of one colour (CIE 1976, 15 units)."""
    style = static("css", ("page",))
    themes = style.split("@media", 1)[0], style.split("@media", 1)[1].split("* {", 1)[0]
    for theme in themes:
        colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))
        runs = {k: v for k, v in colors.items() if k.startswith("run-")}
        outcomes = {name: colors[name] for name in (*OUTCOMES, "unscored")}
        assert len(runs) == MAX_RUNS
        for run, one in runs.items():
            for outcome, other in outcomes.items():
                assert np.linalg.norm(lab(one) - lab(other)) > 15, (run, outcome)


def lab(color: str) -> np.ndarray:
    rgb = np.array([[[int(color[i : i + 2], 16) for i in (1, 3, 5)]]], np.float32) / 255
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[0, 0]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.5, 203), (0, 0.013), (5, 5)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    ticks = round_ticks(low, high)
    assert ticks
    assert all(low - 1e-9 <= t <= high + 1e-9 for t in ticks)


def test_rooms_names_stay_on_the_map() -> None:
    """A room at the edge has its name drawn inwards."""
    poses = {k: (float(k), 0.1 * k) for k in range(12)}
    truth = [0] * 6 + [1] * 5 + [2]
    labels = ["LectureHallEast", "MeetingRoomWest", "PrinterRoomNorth"]
    svg = tour_map(poses, [0] * 12, [0] * 12, truth, truth, labels)
    width = float(re.findall(r'viewBox="0 0 (\S+) ', svg)[0])
    names = re.findall(r'class="place-name" x="([\d.-]+)" y="[\d.-]+">(\w+)<', svg)
    assert sorted(name for _, name in names) == sorted(labels)
    for x, name in names:
        half = LETTER * len(name) / 2
        assert half - 0.1 <= float(x) <= width - half + 0.1


def test_the_name_of_an_axis_keeps_clear_of_long_numbers() -> None:
    """Ticks such as 0.025 push the plot to the right; short ones leave it where it is."""
    lefts = {high: Plot((0, 1), (0, high), "x", "risk", "t").left for high in (1.0, 0.1, 9e4)}
    assert lefts[1.0] == LEFT
    assert lefts[0.1] > LEFT
    assert lefts[9e4] > lefts[0.1]
    assert Plot((0, 1), (0, 0.1), "x", "", "t").left == LEFT


def test_numbers_below_0_have_a_minus_sign_and_names_their_hyphens() -> None:
    assert minus("-0.5 (-44.4 to 73.7), run-2, 2014-05, -") == (
        "\u22120.5 (\u221244.4 to 73.7), run-2, 2014-05, -"
    )
