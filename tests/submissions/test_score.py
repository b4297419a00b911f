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
from robotvision.scoring import Tally, count
from robotvision.scoring import score as scored
from robotvision.scoring.table import ANSWERED, NEVER
from robotvision.submissions.batch import score_files
from robotvision.submissions.checker import check_run_file, require_run
from robotvision.submissions.runfile import write_run_file
from robotvision.submissions.score import require_truth_fits, summarise
from robotvision.submissions.table import judged, segments_of, tally_run, truth_frames
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Aliases, ObjectPoints, Points, Task

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


SILENCES = {"unanswered": 0, "late": 0, "skipped": 0, "failed": 0}


def test_a_score_in_whole(tmp_path: Path) -> None:
    """Two sets of a task of two rooms and an object, worked by hand; each fact in its place.

    a: Hall with the Chair, answered so: 1 + 1. Hall without it, answered Lab Chair: -0.5 - 0.25.
    b: Lab with the Chair, no room, Chair stated absent: 0 - 0.25; Attic, as Unknown, right: 1.
    """
    cells = {
        "stated_present": {"present": 1.0, "absent": -0.25},
        "stated_absent": {"present": -0.25},
        "not_stated": {"present": -0.125, "absent": 0.0625},
    }
    task = Task.model_validate(
        {
            "id": "own",
            "rooms": ("Hall", "Lab"),
            "unknown": "Unknown",
            "objects": ("Chair",),
            "points": {"objects": cells},
            "run_file": {"form": "number_room_objects"},
        }
    )
    texts = {
        "a": ("0,Hall,Chair\n1,Hall,\n", "1 Hall Chair\n2 Lab Chair\n"),
        "b": ("0,Lab,Chair\n1,Attic,\n", "1  !Chair\n2 Unknown\n"),
    }
    tallies = {}
    for name, (truth, run) in texts.items():
        table = read_truth(write(tmp_path / f"{name}.csv", f"index,room,objects\n{truth}"))
        check = require_run(write(tmp_path / f"{name}.txt", run), task, table.frames)
        tallies[name] = tally_run(task, table, check)
    nothing = {"interval": [None, None], "visits": None, "caution": ""}
    none = {"frames": 0, "precision": None, "recall": None, "points": 0.0, "correct": 0, "wrong": 0}
    hall = {"frames": 2, "precision": 1.0, "recall": 0.5, "points": 0.5, "correct": 1, "wrong": 1}
    lab = {"frames": 1, "precision": 0.0, "recall": 0.0, "points": 0.0, "correct": 0, "wrong": 0}
    unknown = {
        "frames": 1,
        "precision": 1.0,
        "recall": 1.0,
        "points": 1.0,
        "correct": 1,
        "wrong": 0,
    }
    found = summarise(task, tallies, "optional", "queue", [Notice("x", "y", {"z": 1})])
    sets = found.pop("sets")
    assert found == {
        "schema": 1,
        "task": "own",
        "mode": "optional",
        "policy": "queue",
        "frames": 4,
        "points": 2.0625,
        "max_points": 4 + 1 + 0.0625 + 1 + 0.0625,
        "room_points": 1.5,
        "object_points": 0.5625,
        "outcomes": {"correct": 2, "wrong": 1, **SILENCES, "unanswered": 1},
        "unscored": 0,
        **nothing,
        "rooms": {
            "Hall": hall | SILENCES,
            "Lab": lab | SILENCES | {"unanswered": 1},
            "Unknown": unknown | SILENCES,
        },
        "objects": {
            "Chair": {
                "frames": 2,
                "points": 0.5625,
                "stated_present": {"present": 1, "absent": 1},
                "stated_absent": {"present": 1, "absent": 0},
                "not_stated": {"present": 0, "absent": 1},
            }
        },
        "labels": ["Hall", "Lab", "Unknown"],
        "confusion": [[1, 1, 0], [0, 0, 0], [0, 0, 1]],
        "overall": "sum",
        "changed": [],
        "warnings": [{"code": "x", "message": "y", "z": 1}],
        "latency_ns": {},
        "run_dir": None,
    }
    assert list(sets) == ["a", "b"]
    assert sets["a"] == {
        "frames": 2,
        "points": 1.25,
        "max_points": 3.0625,
        "room_points": 0.5,
        "object_points": 0.75,
        "outcomes": {"correct": 1, "wrong": 1, **SILENCES},
        "unscored": 0,
        **nothing,
        "rooms": {
            "Hall": hall | SILENCES,
            "Lab": none | {"precision": 0.0} | SILENCES,
            "Unknown": none | SILENCES,
        },
    }
    assert (summarise(task, tallies)["mode"], summarise(task, tallies)["policy"]) == (
        "obligatory",
        "offline",
    )


def test_intervals_stand_beside_the_points_they_are_of(tmp_path: Path) -> None:
    """Sets that an edition adds have one interval together, those that it keeps apart have none."""
    rooms = {"imageclef2010-icpr": ("Kitchen", "Toilet"), "imageclef2012": ("Corridor", "Toilet")}
    for name, (first, second) in rooms.items():
        task = load_task(name)
        comma = '"{}","{}"\n' if "icpr" in name else "{} {}\n"
        truths, checks = {}, {}
        for part in ("a", "b"):
            rows = "".join(f"{i},{(first, second)[i // 2 % 2]}\n" for i in range(12))
            truths[part] = read_truth(write(tmp_path / f"{part}.csv", f"index,room\n{rows}"))
            run = "".join(comma.format(i + 1, first) for i in range(12))
            path = write(tmp_path / f"{part}.txt", run)
            checks[part] = require_run(path, task, truths[part].frames)
        frames = judged(truth_frames(task, truths), checks)
        tallies = {part: count(frames, task)[part] for part in truths}
        found = summarise(task, tallies, table=scored(frames, task))
        assert [found["sets"][part]["visits"] for part in truths] == [6, 6]
        low, high = found["sets"]["a"]["interval"]
        assert low < found["sets"]["a"]["points"] < high
        assert found["visits"] == (12 if task.overall == "sum" else None)
        if task.overall == "sum":
            assert found["interval"][0] < found["points"] < found["interval"][1]
        else:
            assert (found["interval"], found["caution"]) == ([None, None], "")


def test_a_truth_that_does_not_fit_says_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "index,room\n0,Toilet\n1,Cellar\n")
    task = load_task("imageclef2014")
    with pytest.raises(InputFaults) as caught:
        require_truth_fits(task, read_truth(path))
    first, second = map(str, caught.value.faults)
    assert first.startswith(f"{path}:3: the room 'Cellar' is not one of the task imageclef2014")
    assert second == (
        f"{path}: the task imageclef2014 asks for objects, and the truth says nothing of them; "
        "add a column objects to the truth"
    )
    rooms = load_task("imageclef2012")
    assert require_truth_fits(rooms, read_truth(write(path, "index,room\n0,Toilet\n"))) == []
    unknown = load_task("imageclef2009")
    notices = require_truth_fits(
        unknown, read_truth(write(path, "index,room\n0,BO\n1,Attic\n2,Cellar\n"))
    )
    assert notices == [Notice("rooms-outside-task", "t: counted as Unknown: Attic, Cellar")]
    seen = "index,room,objects\n0,Toilet,Chair;Bench;Sofa\n"
    assert require_truth_fits(task, read_truth(write(path, seen))) == [
        Notice("objects-outside-task", "t: objects outside the task left out: Bench, Sofa")
    ]


def test_the_frames_of_truths_and_the_answers_to_them_by_column(tmp_path: Path) -> None:
    """Two sets, one with its segments; a line that is missing is no answer, and states nothing."""
    task = load_task("imageclef2014")
    head = "index,room,objects\n"
    truths = {
        "a": read_truth(write(tmp_path / "a.csv", f"{head}3,Toilet,Chair;Bench\n5,Corridor,\n")),
        "b": read_truth(write(tmp_path / "b.csv", f"{head}0,Corridor,Phone\n")),
    }
    frames = truth_frames(task, truths, [None, np.array([4])])
    toilet, corridor = task.labels.index("Toilet"), task.labels.index("Corridor")
    chair, phone = task.objects.index("Chair"), task.objects.index("Phone")
    assert (frames.sequences, frames.sets) == (("a", "b"), ("a", "b"))
    assert (frames.labels, frames.objects) == (task.labels, task.objects)
    assert frames.sequence.tolist() == [0, 0, 1]
    assert frames.index.tolist() == [3, 5, 0]
    assert frames.segment.tolist() == [0, 0, 4]
    assert frames.timestamp_ns.tolist() == frames.due_ns.tolist() == [0, 0, 0]
    assert frames.truth.tolist() == [toilet, corridor, corridor]
    assert frames.answer.tolist() == [-1, -1, -1]
    assert np.isnan(frames.confidence).all()
    assert frames.started_ns.tolist() == frames.finished_ns.tolist() == [NEVER] * 3
    assert frames.own.tolist() == [ANSWERED] * 3
    assert frames.in_view is not None
    assert [np.flatnonzero(row).tolist() for row in frames.in_view] == [[chair], [], [phone]]
    assert frames.stated is not None
    assert frames.stated.tolist() == [[2] * len(task.objects)] * 3
    checks = {
        "a": require_run(write(tmp_path / "a.txt", "6 Toilet !Phone\n"), task, truths["a"].frames),
        "b": require_run(write(tmp_path / "b.txt", "1  Chair\n"), task, truths["b"].frames),
    }
    table = judged(frames, checks)
    assert table.answer.tolist() == [-1, toilet, -1]
    assert table.source.tolist() == [0, 1, 2]
    assert table.stated is not None
    stated = [{int(o): int(r[o]) for o in np.flatnonzero(r != 2)} for r in table.stated]
    assert stated == [{}, {phone: 1}, {chair: 0}]
    refused = check_run_file(write(tmp_path / "x.txt", "9 Toilet\n"), task, truths["b"].frames)
    with pytest.raises(InputFaults) as caught:
        judged(frames, checks | {"b": refused})
    assert tuple(caught.value.faults) == refused.faults


def test_a_frame_without_truth_and_a_task_without_objects_have_none_in_the_table(
    tmp_path: Path,
) -> None:
    task, path = load_task("imageclef2012"), sequence(tmp_path / "tour", ["Toilet", None])
    truth = read_truth(path)
    frames = truth_frames(task, {"tour": truth}, [segments_of(path)])
    assert frames.truth.tolist() == [task.labels.index("Toilet"), -1]
    assert frames.segment.tolist() == [0, 0]
    run = write(tmp_path / "run.txt", "1 Toilet\n")
    table = judged(frames, {"tour": require_run(run, task, truth.frames)})
    assert (frames.stated, frames.in_view, table.stated) == (None, None, None)
    assert segments_of(run) is None
    unchecked = check_run_file(run, task)  # against no frames
    assert unchecked.positions is None
    with pytest.raises(InputFaults):
        judged(frames, {"tour": unchecked})


def test_an_object_by_its_label_here_and_an_alias_there_is_one_object(tmp_path: Path) -> None:
    """A run in a form without objects states none of it."""
    task = Task(
        id="own",
        rooms=("A",),
        objects=("Chair", "Phone"),
        aliases=Aliases(objects={"Seat": "Chair"}),
        points=Points(objects=ObjectPoints()),
    )
    rows = "0,A,Chair\n1,A,Seat\n2,A,Phone\n"
    truth = read_truth(write(tmp_path / "t.csv", f"index,room,objects\n{rows}"))
    frames = truth_frames(task, {"t": truth})
    assert frames.in_view is not None
    assert frames.in_view.tolist() == [[True, False], [True, False], [False, True]]
    run = require_run(write(tmp_path / "run.txt", "1 A\n"), task, truth.frames)
    table = judged(frames, {"t": run})
    assert table.stated is not None
    assert table.stated.tolist() == [[2, 2]] * 3
    assert table.answer.tolist() == [0, -1, -1]
