"""Scoring whole runs: files to points, by hand, against the live count, and as a command."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.data.native import SequenceWriter
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Answer, Notice, TimedAnswer, Truth
from robotvision.scoring import Tally
from robotvision.submissions.batch import score_files
from robotvision.submissions.checker import require_run
from robotvision.submissions.runfile import write_run_file
from robotvision.submissions.score import summarise
from robotvision.submissions.table import tally_run
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task

SHARED = ("schema", "task", "mode", "policy", "frames", "points", "max_points", "outcomes",
          "rooms", "latency_ns", "run_dir")  # fmt: skip


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def score(*args: object) -> tuple[int, str, str]:
    """Run the command in a process of its own."""
    code = "import sys; from robotvision.cli import main; main(['score', *sys.argv[1:]])"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_2012_worked_by_hand(tmp_path: Path) -> None:
    """Two right, one wrong, one silent, one line missing: 2 - 1 + 0 + 0 = 1 of 5."""
    truth = write(
        tmp_path / "truth.csv", "index,room\n0,Toilet\n1,Toilet\n2,Corridor\n3,Corridor\n4,Toilet\n"
    )
    run = write(tmp_path / "run.txt", "00001 Toilet\n00002 Corridor\n00003 Corridor\n00004  \n")
    code, out, err = score("--task", "imageclef2012", "--truth", truth, run, "--json")
    found = json.loads(out)
    assert code == 0
    assert "1 frame is missing and will count as not answered: 5" in err
    assert set(SHARED) <= set(found)
    assert (found["schema"], found["task"], found["mode"], found["policy"]) == (
        1,
        "imageclef2012",
        "obligatory",
        "offline",
    )
    assert (found["frames"], found["points"], found["max_points"]) == (5, 1.0, 5.0)
    assert found["outcomes"] == {
        "correct": 2,
        "wrong": 1,
        "unanswered": 2,
        "late": 0,
        "skipped": 0,
        "failed": 0,
    }
    toilet = found["rooms"]["Toilet"]
    assert (toilet["frames"], toilet["precision"], toilet["points"]) == (3, 1.0, 0.0)
    assert toilet["recall"] == pytest.approx(1 / 3)
    assert found["rooms"]["Corridor"]["precision"] == 0.5
    assert (found["latency_ns"], found["run_dir"]) == ({}, None)


def test_2014_worked_by_hand(tmp_path: Path) -> None:
    """Frame 1: +1 room, +1 Chair, -0.25 Phone; frame 2: -0.5 room, -0.25 Trash missed."""
    truth = write(
        tmp_path / "t.csv", "index,room,objects\n0,HallEntrance,Chair\n1,HallEntrance,Trash\n"
    )
    run = write(tmp_path / "run.txt", "1 HallEntrance Chair Phone\n2 Toilet !Trash !Chair\n")
    found = score_files("imageclef2014", [truth], [run]).as_dict()
    assert (found["points"], found["room_points"], found["object_points"]) == (1.0, 0.5, 0.5)
    assert found["max_points"] == 4.0
    assert found["objects"]["Trash"]["stated_absent"] == {"present": 1, "absent": 0}
    assert found["objects"]["Phone"]["stated_present"] == {"present": 0, "absent": 1}


def test_the_icpr_contest_adds_easy_and_hard(tmp_path: Path) -> None:
    """Two truths are the edition's sets; a run is a folder or two files in a row."""
    easy = write(tmp_path / "a" / "truth.csv", "index,room\n0,Kitchen\n1,Attic\n")
    hard = write(tmp_path / "b" / "truth.csv", "index,room\n0,Toilet\n")
    ours = tmp_path / "ours"
    write(ours / "easy.txt", '"1","Kitchen"\n"2","Unknown"\n')
    write(ours / "hard.txt", '"1","Kitchen"\n')
    found = score_files("imageclef2010-icpr", [easy, hard], [ours])
    result = found.as_dict()
    assert result["points"] == 1.5
    assert {s: p["points"] for s, p in result["sets"].items()} == {"easy": 2.0, "hard": -0.5}
    assert found.warnings == (Notice("rooms-outside-task", "a: counted as Unknown: Attic"),)
    assert result["warnings"] == [found.warnings[0].as_dict()]
    files = [ours / "easy.txt", ours / "hard.txt"]
    assert score_files("imageclef2010-icpr", [easy, hard], files).as_dict()["points"] == 1.5
    with pytest.raises(InputFaults, match="expected 2 files a run \\(easy, hard, in this order\\)"):
        score_files("imageclef2010-icpr", [easy, hard], files[:1])
    (ours / "hard.txt").unlink()
    with pytest.raises(InputFaults, match="one run file for the test set 'hard', got 0"):
        score_files("imageclef2010-icpr", [easy, hard], [ours])


def sequence(folder: Path, rooms: list[str | None], task: str | None = None) -> Path:
    """Write a native sequence of tiny images; a room None is a frame without truth."""
    image = np.zeros((4, 4, 3), np.uint8)
    with SequenceWriter(folder, folder.name, {"rgb": "color"}) as writer:
        for i, room in enumerate(rooms):
            writer.add(i * 10**9, {"rgb": image}, room=room)
    return folder


def test_a_sequence_gives_truth_and_file_names(tmp_path: Path) -> None:
    path = sequence(tmp_path / "tour", ["BO", "CR", "Attic"])
    run = write(tmp_path / "run.csv", "000000.jpg,BO\n000001.jpg,KT\n000002.jpg,Unknown\n")
    assert score_files("imageclef2009", [path], [run]).as_dict()["points"] == 1.5


def test_frames_without_truth_are_counted_apart(tmp_path: Path) -> None:
    path = sequence(tmp_path / "tour", ["Toilet", None, None])
    run = write(tmp_path / "run.txt", "00001 Toilet\n00002 Toilet\n00003  \n")
    found = score_files("imageclef2012", [path], [run]).as_dict()
    assert (found["frames"], found["points"], found["max_points"]) == (3, 1.0, 1.0)
    assert (found["unscored"], found["outcomes"]["unanswered"]) == (1, 1)


def test_rooms_of_a_task_without_settled_rooms_come_from_training(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "index,room\n0,A\n1,B\n")
    truth = write(tmp_path / "test.csv", "index,room\n0,A\n1,C\n")
    run = write(tmp_path / "run.txt", "00001 B\n00002 Unknown\n")
    assert score_files("rooms", [truth], [run], train=[train]).as_dict()["points"] == 0.5
    refused = score_files("rooms", [truth], [run]).refused
    assert "the label 'B' is not one" in refused[0].reasons[0]


def test_by_column_equals_live_whatever_the_order_of_the_lines(tmp_path: Path) -> None:
    """500 answers with objects, through the file and one at a time."""
    task, rng = load_task("imageclef2013"), random.Random(5)
    live, rows, said = Tally(task), [], []
    for i in range(500):
        seen = [o for o in task.objects if rng.random() < 0.3]
        stated = {o: rng.random() < 0.5 for o in task.objects if rng.random() < 0.8}
        truth = Truth(rng.choice(task.room_names), frozenset(seen))
        answer = Answer(rng.choice([*task.room_names, None]), objects=stated)
        live.add(truth, TimedAnswer(i, answer, 0))
        rows.append((i, truth.room, ";".join(seen)))
        said.append((i + 1, answer))
    with open(tmp_path / "truth.csv", "w", newline="") as f:
        csv.writer(f).writerows([("index", "room", "objects"), *rows])
    rng.shuffle(said)
    write_run_file(tmp_path / "run.txt", task, said)
    table = read_truth(tmp_path / "truth.csv")
    counted = tally_run(task, table, require_run(tmp_path / "run.txt", task, table.frames))
    assert summarise(task, {"a": counted}) == summarise(task, {"a": live})


@pytest.mark.parametrize(
    ("task", "truth", "expected"),
    [
        (
            "imageclef2012",
            "index,room\n0,Toilet\n1,Cellar\n",
            "truth.csv:3: the room 'Cellar' is not one of the task imageclef2012; rooms: Corridor",
        ),
        ("imageclef2012", "index,room\n0,Tiolet\n", "did you mean 'Toilet'"),
        (
            "imageclef2014",
            "index,room\n0,HallEntrance\n",
            "asks for objects, and the truth says nothing",
        ),
    ],
)
def test_a_truth_that_is_not_the_tasks_is_refused(
    tmp_path: Path, task: str, truth: str, expected: str
) -> None:
    path = write(tmp_path / "truth.csv", truth)
    with pytest.raises(InputFaults) as caught:
        score_files(task, [path], [write(tmp_path / "run.txt", "00001 Toilet\n")])
    assert expected in str(caught.value)


def test_two_truths_of_one_name_are_refused(tmp_path: Path) -> None:
    truth = write(tmp_path / "truth.csv", "index,room\n0,Toilet\n")
    with pytest.raises(RobotVisionError, match="two truths are called"):
        score_files("imageclef2009", [truth, truth], [])


def test_objects_the_task_does_not_have_are_mentioned(tmp_path: Path) -> None:
    truth = write(tmp_path / "t.csv", "index,room,objects\n0,HallEntrance,Chair;Chiar\n")
    run = write(tmp_path / "run.txt", "1 HallEntrance Chair\n")
    found = score_files("imageclef2014", [truth], [run])
    assert [w.message for w in found.warnings] == ["t: objects outside the task left out: Chiar"]


def test_one_refused_run_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = write(tmp_path / "truth.csv", "index,room\n0,Toilet\n")
    good = write(tmp_path / "good.txt", "00001 Toilet\n")
    bad = write(tmp_path / "bad.txt", "00001 Tolet\n")
    args = ["score", "--task", "imageclef2012", "--truth", str(truth), str(good), str(bad)]
    with pytest.raises(SystemExit) as caught:
        main([*args, "--json"])
    out, err = capsys.readouterr()
    assert caught.value.code == 1
    found = json.loads(out)
    assert [(r["name"], r["points"]) for r in found["runs"]] == [("good", 1.0)]
    assert found["refused"][0]["name"] == "bad"
    assert "bad.txt:1: the label 'Tolet' is not one" in err


def test_the_page_shows_changed_rules_and_published_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recollected points are never printed without saying so."""
    changed = "points: {room: {wrong: -0.5}}\nknown_counts: [{sequence: this, frames: 2}]\n"
    task = write(tmp_path / "own.yaml", f"extends: imageclef2012\n{changed}")
    truth = write(tmp_path / "truth.csv", "index,room\n0,Toilet\n1,Corridor\n")
    run = write(tmp_path / "run.txt", "00001 Toilet\n00002 Toilet\n")
    with pytest.raises(SystemExit, match="0"):
        main(["score", "--task", str(task), "--truth", str(truth), str(run)])
    page = capsys.readouterr().out
    assert "run: 0.5 of 2 points (25.0%) on imageclef2012-own" in page
    assert "points.room.wrong: -1.0 -> -0.5 (in imageclef2012 -> here)" in page
    line = next(x for x in page.splitlines() if x.startswith("UAIC2012"))
    assert line.split()[1:4] == ["1348", "recollected,", "not"]
    toilet = next(x for x in page.splitlines() if x.startswith("Toilet "))
    assert toilet.split() == ["Toilet", "1", "1", "0.500", "1.000", "1", "0", "0"]


def test_published_results_are_not_printed_beside_a_stand_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No original sequence of 2012 has two frames: their points compare with nothing published."""
    truth = write(tmp_path / "truth.csv", "index,room\n0,Toilet\n1,Corridor\n")
    run = write(tmp_path / "run.txt", "00001 Toilet\n00002 Toilet\n")
    for words in (["score", str(run)], ["rank", str(tmp_path), "--out", str(tmp_path / "out")]):
        with pytest.raises(SystemExit, match="0"):
            main([words[0], "--task", "imageclef2012", "--truth", str(truth), *words[1:]])
        page = capsys.readouterr().out
        assert "UAIC2012" not in page
        assert "published results of imageclef2012 are on its original sequences" in page
    assert "UAIC2012" not in (tmp_path / "out/ranking.md").read_text()


def test_scoring_needs_neither_pictures_nor_scikit_learn(tmp_path: Path) -> None:
    """A run is scored from text alone: nothing heavy is imported for it."""
    truth = write(tmp_path / "truth.csv", "index,room\n0,Toilet\n")
    run = write(tmp_path / "run.txt", "00001 Toilet\n")
    code = (
        "import sys\nfrom robotvision.submissions.batch import score_files\n"
        "from pathlib import Path\n"
        "score_files('imageclef2012', [Path(sys.argv[1])], [Path(sys.argv[2])])\n"
        "print({'cv2', 'sklearn', 'torch', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, truth, run], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
