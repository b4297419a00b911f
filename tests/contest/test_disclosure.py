"""What is published of a contest tells no frame apart; what the organiser alone sees does."""

from __future__ import annotations

import json
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.contest import rank, write_ranked
from robotvision.contest.codabench.bundle import Options, bundle, competition, write_bundle
from robotvision.contest.codabench.program import main as score_submission
from robotvision.contest.leaderboard import Contest, open_contest
from robotvision.contest.leaderboard.disclosure import Disclosure, Reveal, public_part
from robotvision.contest.leaderboard.effort import effort
from robotvision.errors import RobotVisionError
from robotvision.scoring.intervals import Interval

ROOMS = ("Hall", "Kitchen", "Office", "Lab")
OBJECTS = """\
  objects:
    stated_present: {present: 1, absent: -0.5}
    stated_absent: {present: -0.25, absent: 0.125}
    not_stated: {present: 0, absent: 0}
"""
VISIT, N = 10, 120
SWAPPED = {"Hall": "Office", "Office": "Hall"}


def write_task(folder: Path, *, objects: bool = False) -> Path:
    text = f"id: laps\nextends: rooms\nrooms: [{', '.join(ROOMS)}]\nunknown: Elsewhere\n"
    if objects:
        text += "objects: [Chair, Plant]\npoints:\n" + OBJECTS
        text += "run_file: {form: number_room_objects}\n"
    (folder / "task.yaml").write_text(text)
    return folder / "task.yaml"


def two_truths() -> tuple[list[str], list[str]]:
    """Return truths that differ in a visit, on all of which every run says Lab."""
    one = [ROOMS[i // VISIT % 4] for i in range(N)]
    one[1] = "Attic"  # outside the task, in another place in each truth
    other = [SWAPPED.get(r, r) if i // VISIT == 4 else r for i, r in enumerate(one)]
    one[1], other[1] = "Attic", "Cellar"
    assert sum(a != b for a, b in zip(one, other, strict=True)) == VISIT + 1
    return one, other


def write_contest(folder: Path, truth: list[str], seen: list[str] | None = None) -> Path:
    """Write a truth, three runs, one that leaves frames out, and three that are refused."""
    folder.mkdir()
    cells = [f"{i},{r}" + ("" if seen is None else f",{seen[i]}") for i, r in enumerate(truth)]
    head = "index,room" if seen is None else "index,room,objects"
    (folder / "set").mkdir()
    (folder / "set" / "truth.csv").write_text("\n".join([head, *cells]) + "\n")
    runs, right, rng = folder / "runs", two_truths()[0], np.random.default_rng(3)
    runs.mkdir()
    stated = "" if seen is None else " Chair"
    for k in range(4):
        answers = [r if rng.random() < 0.9 - 0.2 * k else "Kitchen" for r in right]
        answers = ["Elsewhere" if a == "Attic" else a for a in answers]
        answers = ["Lab" if i // VISIT == 4 else a for i, a in enumerate(answers)]
        lines = [f"{i + 1:05d} {a}{stated}" for i, a in enumerate(answers)]
        (runs / f"team{k}.txt").write_text("\n".join(lines[: N - 7 * (k == 3)]) + "\n")
    (runs / "label.txt").write_text("00001 Halll\n00002 Hall\n00002 Hall\n")
    (runs / "frames.txt").write_text("00001 Hall\n09999 Hall\n")
    (runs / "bytes.txt").write_bytes(b"\xff\xfe\n")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def publish(folder: Path, task: Path, options: Options | None = None) -> dict[str, bytes]:
    """Return every file that a participant may see: the site, and the output of Codabench."""
    truth = folder / "set" / "truth.csv"
    write_ranked(rank(str(task), [truth], folder / "runs"), site=folder / "site", pages=True)
    public = {f"site/{n}": raw for n, raw in files_of(folder / "site").items()}
    write_bundle(folder / "bundle.zip", open_contest(str(task), [truth]), options)
    with zipfile.ZipFile(folder / "bundle.zip") as packed:
        (folder / "ref.zip").write_bytes(packed.read("reference_data.zip"))
    for run in ("team0", "team3", "label", "frames"):
        app = folder / run
        with zipfile.ZipFile(folder / "ref.zip") as packed:
            packed.extractall(app / "input" / "ref")
        (app / "input" / "res").mkdir()
        (app / "input/res/run.txt").write_bytes((folder / "runs" / f"{run}.txt").read_bytes())
        assert score_submission([str(app / "input"), str(app / "output")]) == 0
        public |= {f"{run}/{n}": raw for n, raw in files_of(app / "output").items()}
    return public


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(points_step=5, end=datetime(2027, 1, 1)),
        Options(public_share=0.5, end=datetime(2027, 1, 1)),
    ],
    ids=["exact", "rounded", "shared"],
)
def test_two_truths_with_the_same_points_by_visit_are_published_alike(
    tmp_path: Path, options: Options, capfd: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte: nothing that is published, or printed by the platform, tells them apart."""
    task, printed = write_task(tmp_path), []
    published = []
    for name, truth in zip("ab", two_truths(), strict=True):
        published.append(publish(write_contest(tmp_path / name, truth), task, options))
        printed.append(capfd.readouterr())
    assert published[0].keys() == published[1].keys()
    assert len(published[0]) >= 10 + 8
    assert [n for n, raw in published[0].items() if raw != published[1][n]] == []
    assert printed[0] == printed[1]
    everything = b"".join(published[0].values())
    assert b"Attic" not in everything
    assert b"7 frames" in everything or b"missing" in everything  # warnings of a run's own file
    assert not re.search(rb"\b[0-9a-f]{32,}\b", everything)  # no digest of a truth to be guessed
    assert str(tmp_path).encode() not in everything


def test_objects_in_view_are_not_told_by_the_most_points_either(tmp_path: Path) -> None:
    """Runs that state one object earn the same where other objects come and go."""
    task = write_task(tmp_path, objects=True)
    published = []
    for name, other in (("a", ""), ("b", ";Plant")):
        seen = ["Chair" + other if i % 3 else "Chair" for i in range(N)]
        folder = write_contest(tmp_path / name, two_truths()[0], seen)
        ranked = rank(str(task), [folder / "set" / "truth.csv"], folder / "runs")
        write_ranked(ranked, site=folder / "site", pages=True)
        published.append(files_of(folder / "site"))
    assert json.loads(published[0]["scores.json"])["runs"][0]["max_points"] is None
    assert published[0] == published[1]


def test_what_the_organiser_sees_tells_them_apart(tmp_path: Path) -> None:
    """The test above could not pass by comparing pages that show nothing of either truth."""
    task = write_task(tmp_path)
    sites: list[list[dict[str, bytes]]] = []
    for name, truth in zip("ab", two_truths(), strict=True):
        folder = write_contest(tmp_path / name, truth)
        args = (str(task), [folder / "set" / "truth.csv"], folder / "runs")
        ranked = rank(*args)
        write_ranked(ranked, site=folder / "rooms", reveal="rooms")
        write_ranked(
            ranked, site=folder / "frames", reveal="frames", organiser_site=folder / "mine"
        )
        sites.append([files_of(folder / part) for part in ("rooms", "frames", "mine")])
    for one, other in zip(*sites, strict=True):
        assert one["scores.json"] != other["scores.json"]
        assert one["runs/team1.html"] != other["runs/team1.html"]
    rooms, frames, mine = sites[0]
    assert b"Confusion" in rooms["runs/team1.html"]
    assert b'id="timeline"' not in rooms["runs/team1.html"]
    assert b'id="timeline"' in frames["runs/team1.html"]
    assert b"120 frames \xc3\x97 4 labels = at most 480 submissions" in mine["index.html"]
    assert b"counted as Elsewhere: Attic" in mine["index.html"]
    assert b"effort" not in frames["index.html"]


def test_totals_are_all_that_is_public(tmp_path: Path) -> None:
    folder = write_contest(tmp_path / "a", two_truths()[0])
    rank(
        str(write_task(tmp_path)),
        [folder / "set" / "truth.csv"],
        folder / "runs",
        site=folder / "site",
    )
    assert not list((folder / "site" / "runs").glob("team*"))
    data = json.loads((folder / "site" / "scores.json").read_text())
    assert data["reveal"] == "totals"
    for run in data["runs"]:
        assert not {"rooms", "objects", "confusion", "labels"} & run.keys()
        assert run["outcomes"]["correct"] > 0
        assert run["max_points"] == N
    index = (folder / "site" / "index.html").read_text()
    assert "team1" in index
    assert 'href="runs/team1' not in index


def outputs(contest: Contest, tmp_path: Path, options: Options, run: str) -> dict[str, Any]:
    (tmp_path / "input" / "res").mkdir(parents=True)
    (tmp_path / "input" / "ref").mkdir()
    (tmp_path / "bundle.zip").write_bytes(bundle(contest, options))
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        (tmp_path / "ref.zip").write_bytes(packed.read("reference_data.zip"))
    with zipfile.ZipFile(tmp_path / "ref.zip") as packed:
        packed.extractall(tmp_path / "input" / "ref")
    (tmp_path / "input" / "res" / "run.txt").write_text(run)
    assert score_submission([str(tmp_path / "input"), str(tmp_path / "output")]) == 0
    page = (tmp_path / "output" / "detailed_results.html").read_text()
    return {"page": page, **json.loads((tmp_path / "output" / "scores.json").read_text())}


def test_rounded_points_hide_a_single_frame(tmp_path: Path) -> None:
    """One frame more or less that is right changes nothing a participant sees."""
    folder = write_contest(tmp_path / "a", two_truths()[0])
    contest = open_contest(str(write_task(tmp_path)), [folder / "set" / "truth.csv"])
    options = Options(points_step=20, end=datetime(2027, 1, 1))
    right = [r if r in ROOMS else "Elsewhere" for r in two_truths()[0]]
    wrong = ["Kitchen" if r != "Kitchen" else "Lab" for r in right]
    seen = []
    for k in (0, 1):
        answers = right[: 60 + k] + wrong[60 + k :]
        text = "".join(f"{i + 1:05d} {a}\n" for i, a in enumerate(answers))
        seen.append(outputs(contest, tmp_path / str(k), options, text))
    assert seen[0].keys() == {"page", "points", "points_per_frame", "answered", "accepted"}
    assert seen[0] == seen[1]
    keys = [c["key"] for c in competition(contest, options)["leaderboards"][0]["columns"]]
    assert keys == [k for k in seen[0] if k != "page"]
    assert "rounded to 20" in seen[0]["page"]


def test_a_hidden_share_tells_nothing_of_the_other_visits(tmp_path: Path) -> None:
    folder = write_contest(tmp_path / "a", two_truths()[0])
    contest = open_contest(str(write_task(tmp_path)), [folder / "set" / "truth.csv"])
    public = public_part(contest, 0.3, seed=5)
    known = public.frames.is_known
    assert 0.2 <= known.mean() <= 0.4
    for visit in np.unique(contest.frames.visit):
        assert known[contest.frames.visit == visit].all() in (True, False)
        assert len(np.unique(known[contest.frames.visit == visit])) == 1
    assert (public_part(contest, 0.3, seed=5).frames.truth == public.frames.truth).all()
    assert any((public_part(contest, 0.3, seed=k).frames.truth != public.frames.truth).any()
               for k in range(3))  # fmt: skip
    right = [r if r in ROOMS else "Elsewhere" for r in two_truths()[0]]
    options = Options(public_share=0.3, public_seed=5, end=datetime(2027, 1, 1))
    seen = []
    for k in (0, 1):
        answers = [r if known[i] or not k else "Lab" for i, r in enumerate(right)]
        text = "".join(f"{i + 1:05d} {a}\n" for i, a in enumerate(answers))
        seen.append(outputs(contest, tmp_path / str(k), options, text))
    assert seen[0] == seen[1]
    assert seen[0]["points"] == known.sum()


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, math.nan])
def test_a_share_is_one(tmp_path: Path, share: float) -> None:
    folder = write_contest(tmp_path / "a", two_truths()[0])
    contest = open_contest(str(write_task(tmp_path)), [folder / "set" / "truth.csv"])
    with pytest.raises(RobotVisionError, match="expected a number between 0 and 1"):
        public_part(contest, share)


def test_points_that_are_withheld_need_an_end_and_get_a_final_phase(tmp_path: Path) -> None:
    folder = write_contest(tmp_path / "a", two_truths()[0])
    contest = open_contest(str(write_task(tmp_path)), [folder / "set" / "truth.csv"])
    with pytest.raises(RobotVisionError, match="give --end"):
        bundle(contest, Options(public_share=0.3))
    with pytest.raises(RobotVisionError, match="rounding hides nothing"):
        bundle(contest, Options(points_step=2, reveal=Reveal.ROOMS, end=datetime(2027, 1, 1)))
    options = Options(public_share=0.3, end=datetime(2027, 6, 1), max_per_day=2, max_in_all=9)
    about = competition(contest, options)
    first, final = about["phases"]
    assert (first["max_submissions_per_day"], first["max_submissions"]) == (2, 9)
    assert final["auto_migrate_to_this_phase"]
    assert first["end"] == "2027-06-01 00:00:00"
    assert final["start"] == "2027-06-01 00:00:01"  # the platform refuses the same second
    assert [t["reference_data"] for t in about["tasks"]] == [
        "reference_data.zip",
        "reference_data_final.zip",
    ]
    (tmp_path / "b.zip").write_bytes(bundle(contest, options))
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        names = set(packed.namelist())
        assert {t["reference_data"] for t in about["tasks"]} <= names
        (tmp_path / "final.zip").write_bytes(packed.read("reference_data_final.zip"))
    with zipfile.ZipFile(tmp_path / "final.zip") as packed:
        assert "public_share" not in json.loads(packed.read("reference.json"))


def solve_by_frame(points_of: Any, n: int, labels: tuple[str, ...]) -> tuple[list[str], int]:
    """Ask for a truth with one label for one frame a submission, as `effort` counts it."""
    asked, truth = 0, []
    for frame in range(n):
        for label in labels[:-1]:
            asked += 1
            if points_of({frame: label}) > 0:
                truth.append(label)
                break
        else:
            truth.append(labels[-1])
    return truth, asked


def test_the_arithmetic_of_the_leak_is_that_of_a_real_attack(tmp_path: Path) -> None:
    truth = [ROOMS[i // 3 % 4] for i in range(24)]
    (tmp_path / "truth.csv").write_text(
        "index,room\n" + "".join(f"{i},{r}\n" for i, r in enumerate(truth))
    )
    (tmp_path / "task.yaml").write_text(f"id: t\nrooms: [{', '.join(ROOMS)}]\n")
    contest = open_contest(str(tmp_path / "task.yaml"), [tmp_path / "truth.csv"])

    def points_of(answers: Mapping[int, str]) -> float:
        return sum(1.0 if truth[i] == room else -0.5 for i, room in answers.items())

    found, asked = solve_by_frame(points_of, 24, contest.task.labels)
    cost = effort(contest)
    assert found == truth
    assert cost.least <= asked <= cost.by_frame == 24 * 3
    assert (cost.visits, cost.by_visit) == (8, 8 * 3)
    assert cost.least == math.ceil(8 * 2 / math.log2(25))


def test_an_interval_is_rounded_outwards() -> None:
    shown = Disclosure(points_step=10)
    points = Interval(43.0, 31.0, 57.5, 20)
    assert shown.interval(points) == replace(points, estimate=40.0, low=30.0, high=60.0)
    assert Disclosure().interval(points) == points
    assert Disclosure(points_step=0.1).points(0.32) == 0.3


@pytest.mark.parametrize("step", [0, -1, math.nan, math.inf])
def test_a_step_of_points_is_a_number_above_0(step: float) -> None:
    with pytest.raises(RobotVisionError, match="expected a number above 0"):
        Disclosure(points_step=step)
