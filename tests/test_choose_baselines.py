"""The development sets ask what they say, and the command makes the same table again."""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.data.sequence import FrameEntry, ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.records import Answer, Truth
from robotvision.scoring.intervals import difference

SCRIPTS = Path(__file__).parents[1] / "scripts"
BASELINES = SCRIPTS / "baselines.py"
sys.path.insert(0, str(SCRIPTS))

import choose_baselines as choose  # noqa: E402
import development_sets as sets  # noqa: E402

HSV = (
    "hsv=configs/baselines/best_obligatory.yaml,features=[hsv_histogram],augment=null,"
    "classifier={name: ridge, alpha: 0.3}"
)
TINY = (
    *("--buildings", "2", "--frames", "8", "--size", "48x36", "--lights", "cloudy"),
    *("--rooms", "Corridor,Toilet", "--candidate", HSV),
    *("--candidate", f"{HSV.replace('hsv=', 'far=', 1)},classifier={{name: ridge, alpha: 100}}"),
    *("--only", "hsv", "--only", "far"),
)


def walk(name: str, clips: list[tuple[str, int]], has_pose: bool = False) -> ImageSequence:
    """Return a sequence without images: clips of one room each, in order."""
    rooms = [(k, room) for k, (room, n) in enumerate(clips) for _ in range(n)]
    frames = tuple(
        FrameEntry(i, i * 10**9, {}, segment, (0.0, 0.0, 0.3 * i) if has_pose else None)
        for i, (segment, _) in enumerate(rooms)
    )
    truth = {i: Truth(room) for i, (_, room) in enumerate(rooms)}
    return ImageSequence(name, Path(name), "native", {}, frames, truth=truth)


FLOOR = [("Hall", 3), ("Corridor", 5), ("Stairs", 2), ("Corridor", 4)]


@pytest.fixture(scope="module")
def tower() -> sets.DevelopmentSet:
    """28 clips on seven floors, as the tower's training floors have."""
    return sets.tower(walk("tower", FLOOR * 7), 7)


def asked(split: sets.Split) -> list[tuple[str, int]]:
    """Return the frames a split asks about."""
    return [(p.sequence.name, int(i)) for p in split.test for i in p.positions]


def trained(split: sets.Split) -> set[tuple[str, int]]:
    """Return the frames a split trains on."""
    return {(p.sequence.name, int(i)) for p in split.train for i in p.positions}


def test_no_split_asks_what_it_trained_on(tower: sets.DevelopmentSet) -> None:
    """Of the tower, of blocks and of directions: frames apart, and rooms that training shows."""
    house = walk("house", [("A", 12), ("B", 12), ("C", 12)], has_pose=True)
    found = [*tower.splits, *sets.blocks(house, "blocks"), *sets.directions(house, "directions")]
    assert len(found) == 21 + 3 + 4
    for split in found:
        assert asked(split)
        assert not trained(split) & set(asked(split))
        shown = {r for p in split.train for r in p.rooms}
        assert all(set(p.rooms) <= shown for p in split.test)


def test_every_clip_is_left_out_once_and_whole(tower: sets.DevelopmentSet) -> None:
    """The clips asked by the seven splits are all clips, each once; 28 folds ask one at a time."""
    segment = [f.segment for f in tower.sequences[0].frames]
    left_out = [s for s in tower.splits if s.group == "tower: clips left out"]
    clips = Counter(c for s in left_out for c in {segment[i] for _, i in asked(s)})
    assert clips == Counter(range(28))
    assert all(c not in {segment[i] for _, i in trained(s)} for s in left_out for c in
               {segment[i] for _, i in asked(s)})  # fmt: skip
    single = sets.tower(tower.sequences[0], 28).splits
    assert sum(s.group == "tower: clips left out" for s in single) == 28


def test_two_floors_are_trained_on_and_five_asked(tower: sets.DevelopmentSet) -> None:
    """Clips of a floor go together."""
    segment = np.array([f.segment for f in tower.sequences[0].frames])
    floor = np.searchsorted([b for _, b in sets.TOWER_FLOORS], segment, side="right")
    for split in (s for s in tower.splits if s.group == "tower: two floors"):
        train = {int(floor[i]) for _, i in trained(split)}
        assert len(train) == 2
        assert {int(floor[i]) for _, i in asked(split)} == set(range(7)) - train


def test_directions_part_frames_by_where_they_look() -> None:
    """Training looks within 90 degrees of a direction, the question away from it."""
    house = walk("house", [("A", 30), ("B", 30)], has_pose=True)
    east = next(iter(sets.directions(house, "directions")))
    assert all(np.cos(0.3 * i) > 0 for _, i in trained(east))
    assert all(np.cos(0.3 * i) <= 0 for _, i in asked(east))


def test_tours_differ_in_what_they_say() -> None:
    """Each tour is a drive of its own; hard ones are reversed, moved and peopled."""
    specs = sets.tour_specs(101, sets.TourSizes())
    assert len({s.name for s in specs.values()}) == 9
    assert specs == sets.tour_specs(101, sets.TourSizes())
    for (way, light), spec in specs.items():
        assert spec.light == light
        assert spec.reverse == (way != "forward")
        assert (spec.furniture_seed == 1) == (way == "hard") == spec.hard.has_blockers
    drives = {(s.reverse, s.light, s.drive_seed) for s in specs.values()}
    assert len(drives) == 9


def test_hidden_rooms_are_asked_about_as_unknown() -> None:
    """Training lacks none, a third and two thirds of nine rooms; what is asked stays the same."""
    house = walk("house", [(room, 6) for room in "ABCDEFGHI"])
    split = sets.Split("g", "whole", "house", (sets.whole(house),), (sets.whole(house),))
    found = list(sets._hiding(split, 1))
    assert [len(s.shown) for s in found] == [9, 6, 3]
    assert [s.group for s in found] == [f"g, {what}" for what in sets.HIDDEN]
    assert all(s.has_unknown and asked(s) == asked(split) for s in found)
    four = sets.Split("g", "few", "house", (sets.whole(walk("h", FLOOR)),), ())
    assert len(four.shown) == 3
    assert [len(s.shown) for s in sets._hiding(four, 1)] == [3]


def test_candidates_are_read_with_their_changes() -> None:
    """Commas in brackets part nothing; values are YAML; what is no candidate is refused."""
    text = (
        "a=configs/baselines/best_optional.yaml,classifier.C=3,"
        "features=[{name: gist, channel: auto}, hog],temporal=null"
    )
    read = choose.candidate(text)
    assert read.name == "a"
    assert read.path.name == "best_optional.yaml"
    assert read.values == {
        "classifier.C": 3,
        "features": [{"name": "gist", "channel": "auto"}, "hog"],
        "temporal": None,
    }
    with pytest.raises(RobotVisionError, match=r"expected NAME=path\.yaml"):
        choose.candidate("configs/a.yaml")
    with pytest.raises(RobotVisionError, match="expected key=value, got 'svm'"):
        choose.candidate("a=b.yaml,svm")


def test_the_best_two_come_first_and_all_candidates_can_be_read() -> None:
    """The command compares with best_obligatory unless told otherwise."""
    listed = [choose.candidate(text) for text in choose.CANDIDATES]
    assert [c.name for c in listed[:2]] == ["best_obligatory", "best_optional"]
    for each in (*listed, *(choose.candidate(text) for text in choose.ZONE_CANDIDATES)):
        each.check()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "nobody"), "--only nobody: expected one of best_obligatory"),
        (("--candidate", "a=nothing.yaml"), "nothing.yaml: cannot be read"),
        (("--candidate", "a=configs/baselines/best_optional.yaml,classifer=svm"), "classifer"),
        (("--size", "big"), "expected a size such as 320x240, got 'big'"),
        (("--buildings", "0"), "no set to choose on"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_generated(
    options: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One message, exit status 2, and no tour rendered."""
    monkeypatch.setattr(sets, "render_sequence", None)
    with pytest.raises(SystemExit) as stopped:
        choose.main(["--work", str(tmp_path / "work"), *options])
    assert stopped.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def points(group: str, block: str, values: list[float]) -> Any:
    """Return what a candidate earned on a made-up split."""
    split = sets.Split(group, f"{block} {len(values)}", block, (), ())
    return choose.SplitPoints(split, np.array(values), 0.1, 1.0)


def test_groups_weigh_alike_in_the_mean() -> None:
    """Whatever their frames, and a group that asks for silence is left out of it."""
    first = [points("a", "x", [1, 1, 1, 1]), points("a", "y", [1, 0]), points("b", "x", [-0.5])]
    second = [points("a", "x", [1, 1, 1, 0]), points("a", "y", [1, 1]), points("b", "x", [1])]
    unseen = [points(sets.UNSEEN, "x", [0.0, 1.0])]
    table = choose.rows(["1", "2"], {"1": first + unseen, "2": second + unseen})
    assert [r.name for r in table] == ["a", "b", "**mean of the groups above**", sets.UNSEEN]
    means = [r.cells[0].estimate for r in table]
    assert means == pytest.approx([5 / 6, -0.5, (5 / 6 - 0.5) / 2, 0.5])
    assert [r.leads[0].estimate for r in table] == pytest.approx([0, 1.5, 0.75, 0])
    assert table[0].splits == 2
    assert table[2].frames == 7


def test_a_group_alone_has_the_interval_of_its_frames() -> None:
    """Per frame, the paired difference of `robotvision.scoring.intervals` by split or by block."""
    a, b = [1.0, 0.0, 1.0, -0.5, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0, 0.0, 1.0]
    first = [points("g", "x", a[:2]), points("g", "x", a[2:5]), points("g", "y", a[5:])]
    second = [points("g", "x", b[:2]), points("g", "x", b[2:5]), points("g", "y", b[5:])]
    for by, blocks in (("split", [0, 0, 1, 1, 1, 2]), ("block", [0, 0, 0, 0, 0, 1])):
        row = choose.rows(["1", "2"], {"1": first, "2": second}, by)[0]
        wanted = difference(np.array(b), np.array(a), np.array(blocks), bounds=(-0.5, 1.0))
        lead = row.leads[0]
        assert lead.low is not None
        assert wanted.low is not None
        assert lead.estimate == pytest.approx(wanted.estimate / 6)
        assert (lead.low, lead.high) == pytest.approx((wanted.low / 6, wanted.high / 6))  # type: ignore[operator]


def test_the_command_makes_the_same_table_again_from_what_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short seeded form of the whole; the second call renders and trains nothing."""
    out, points_file = tmp_path / "table.md", tmp_path / "points.json"
    call = ("--work", str(tmp_path / "work"), *TINY, "-o", str(out), "--json", str(points_file))
    choose.main(call)
    table = out.read_text()
    assert "| questions | splits, frames | hsv | far |" in table
    assert "| tours: forward to reverse | 2, 16 |" in table
    assert "| tours: other building | 2, 16 |" in table
    splits = json.loads(points_file.read_text())["hsv"]
    assert {s["block"] for s in splits} == {"building 101", "building 102"}

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(choose, "_trial", never)
    monkeypatch.setattr(sets, "render_sequence", never)
    out.unlink()
    choose.main(call)
    assert out.read_text() == table


def test_frames_of_hidden_rooms_are_right_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who always answers unknown is always wrong where no room is hidden, and not elsewhere."""
    demo = open_sequence(SCRIPTS.parent / "sequences" / "demo_day")
    split = sets.Split("g", "whole", "demo", (sets.whole(demo),), (sets.whole(demo),))
    found = list(sets._hiding(split, 1))
    assert len(found) > 1
    of = sets.DevelopmentSet("demo", (demo,), tuple(found))
    setup = choose.candidate(HSV).setup(of)
    monkeypatch.setattr(choose, "answers", lambda *a: [Answer("Unknown") for _ in a[2]])
    for each in found:
        points = choose._trial(setup, of, each, choose.FeatureMemory())["points"]
        (part,) = each.test
        assert points == [-0.5 if room in each.shown else 1 for room in part.rooms]


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    """Nothing else of the page changes; a page without marks is refused."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{choose.BEGIN}\nold\n{choose.END}\nafter\n")
    choose.write_into(page, "new")
    choose.write_into(page, "newer")
    assert page.read_text() == f"before\n{choose.BEGIN}\n\nnewer\n\n{choose.END}\nafter\n"
    page.write_text("nothing")
    with pytest.raises(RobotVisionError, match="expected the lines"):
        choose.write_into(page, "new")
    for path in choose.PAGES:
        assert choose.BEGIN in path.read_text(encoding="utf-8")


def test_development_sets_are_no_tests_of_the_tables(tmp_path: Path) -> None:
    """Of the real tests of the baselines' table only the corridor's lap 1 is ever opened."""
    for name in re.findall(r'"((?:ie_tower|house|corridor|office)_\w+)"', BASELINES.read_text()):
        (tmp_path / name).mkdir(exist_ok=True)
    problems = runpy.run_path(str(BASELINES))["_real"](tmp_path)
    assert len(problems) == 5
    tests = {path.name for problem in problems for path in problem.test}
    assert {sets.TOWER, sets.HOUSE, sets.CORRIDOR} & tests == {sets.CORRIDOR}


def test_what_the_next_table_ends_with_is_what_the_page_says() -> None:
    """The page is made of runs and of these notes: what only the page had would be lost."""
    notes, page = (path.read_text(encoding="utf-8").strip() for path in choose.PAGES)
    assert page.endswith(notes)
