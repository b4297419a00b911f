"""The checker: run files against a task and the frames of a test set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.errors import InputFaults
from robotvision.submissions.checker import check_run_file, ranges, require_run
from robotvision.submissions.lines import MAX_FAULTS
from robotvision.submissions.truthfile import FrameSet, read_truth
from robotvision.tasks import load_task
from robotvision.tasks.model import Aliases, Task

TASK = load_task("imageclef2012")
SET = FrameSet("test1", np.arange(5))
NAMES = FrameSet("tour", np.arange(3), ("a.png", "b.png", "c.png"))


def write(folder: Path, text: str, name: str = "run.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_run_is_ok_without_a_word(tmp_path: Path) -> None:
    path = write(tmp_path, "".join(f"{i:05d} Toilet\n" for i in range(1, 6)))
    result = check_run_file(path, TASK, SET)
    assert (result.is_ok, result.n_answers, result.warnings) == (True, 5, ())


def test_a_missing_line_is_a_warning(tmp_path: Path) -> None:
    """It counts as not answered; with the test set known, also before the first and at the end."""
    path = write(tmp_path, "00002 Toilet\n00004 Toilet\n")
    result = check_run_file(path, TASK, SET)
    assert result.is_ok
    assert result.n_missing == 3
    assert result.warnings == ("3 frames are missing and will count as not answered: 1, 3, 5",)


def test_without_the_test_set_gaps_in_the_numbers_are_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, "00002 Toilet\n00007 Toilet\n")
    assert check_run_file(path, TASK).warnings == (
        "5 frames are missing and will count as not answered: 1, 3-6",
    )


def test_a_frame_the_set_does_not_have_is_a_fault(tmp_path: Path) -> None:
    path = write(tmp_path, "00001 Toilet\n00006 Toilet\n")
    result = check_run_file(path, TASK, SET)
    assert result.lines()[-1] == f"{path}: refused: 1 fault"
    (fault,) = result.faults
    assert str(fault) == (
        f"{path}:2: frame 6 is not in test1, whose frames are 1 to 5; is it the "
        "run of this test set?"
    )


def test_frames_by_file_name(tmp_path: Path) -> None:
    task = load_task("imageclef2009")
    path = write(tmp_path, "a.png,BO\nc.png,CR\n")
    result = check_run_file(path, task, NAMES)
    assert result.warnings == ("1 frame is missing and will count as not answered: b.png",)
    assert result.positions is not None
    assert result.positions.tolist() == [0, 2]
    (fault,) = check_run_file(write(tmp_path, "a.pgn,BO\n"), task, NAMES).faults
    assert fault.message == "frame 'a.pgn' is not in tour; did you mean 'a.png'?"
    (fault,) = check_run_file(path, task, SET).faults
    assert "names frames by file name, and test1 is known by number only" in fault.message


def test_order_does_not_matter_and_is_mentioned(tmp_path: Path) -> None:
    path = write(tmp_path, "00002 Toilet\n00001 Corridor\n")
    result = check_run_file(path, TASK)
    assert result.is_ok
    assert result.warnings == (
        "the frame numbers do not rise (line 2); each line is read by its number",
    )


def test_labels_of_a_task_without_settled_rooms_are_not_checked(tmp_path: Path) -> None:
    result = check_run_file(write(tmp_path, "00001 Attic\n"), load_task("rooms"))
    assert result.is_ok
    assert "labels were not checked" in result.warnings[0]


def test_a_run_that_states_no_object_is_mentioned(tmp_path: Path) -> None:
    result = check_run_file(write(tmp_path, "1 HallEntrance\n"), load_task("imageclef2014"))
    assert result.warnings == ("no line states an object",)


def test_a_result_in_words_and_as_data(tmp_path: Path) -> None:
    path = write(tmp_path, "00001 Toilet\n00009 Toilet\n00008  \n00007 Toilet\n")
    result = check_run_file(path, TASK, SET)
    frames = "is not in test1, whose frames are 1 to 5; is it the run of this test set?"
    order = "the frame numbers do not rise (line 3); each line is read by its number"
    assert result.lines() == [
        f"{path}:2: frame 9 {frames}",
        f"{path}:3: frame 8 {frames}",
        f"{path}:4: frame 7 {frames}",
        f"{path}: note: {order}",
        f"{path}: refused: 3 faults",
    ]
    assert (result.answers, result.positions, result.n_missing) == (None, None, 0)
    data = result.as_dict()
    assert data["faults"][0] == {
        "line": 2,
        "message": "frame 9 is not in test1, whose frames are 1 to 5",
        "remedy": "is it the run of this test set?",
        "kind": "frame",
    }
    assert [(kind["kind"], kind["count"]) for kind in data["kinds"]] == [("frame", 1)] * 3
    assert {k: data[k] for k in data if k not in ("faults", "kinds")} == {
        "file": str(path),
        "ok": False,
        "answers": 4,
        "unanswered": 1,
        "warnings": [order],
    }
    good = write(tmp_path, "00001 Toilet\n00002  \n")
    assert check_run_file(good, TASK).lines() == [f"{good}: ok: 2 lines, 1 without a room"]
    found = check_run_file(good, TASK)
    assert found.answers is not None
    assert (len(found.answers), found.path) == (2, good)
    bad = check_run_file(write(tmp_path, "00001 Toilet\n00002 \nx\n"), TASK)
    assert bad.lines()[-1] == f"{path}: refused: 1 fault"
    assert (bad.n_answers, bad.n_unanswered, bad.warnings) == (2, 1, ())


def test_answers_come_with_their_positions_in_the_set(tmp_path: Path) -> None:
    """Frames numbered with gaps; what is handed in need not be in order."""
    gaps = FrameSet("gaps", np.array([0, 2, 5]))
    result = check_run_file(write(tmp_path, "00006 Toilet\n00001  \n"), TASK, gaps)
    assert result.positions is not None
    assert result.positions.tolist() == [2, 0]
    assert result.path == tmp_path / "run.txt"
    assert (result.n_answers, result.n_unanswered, result.n_missing) == (2, 1, 1)
    assert result.warnings[-1] == "1 frame is missing and will count as not answered: 3"
    (fault,) = check_run_file(write(tmp_path, "00004 Toilet\n"), TASK, gaps).faults
    assert fault.message == "frame 4 is not in gaps, whose frames are 1 to 6"


def test_a_set_without_frames_has_nothing_to_answer(tmp_path: Path) -> None:
    path = write(tmp_path, "00001 Toilet\n")
    result = check_run_file(path, TASK, FrameSet("empty", np.arange(0)))
    assert result.lines() == [
        f"{path}: empty has no frames to answer",
        f"{path}: refused: 1 fault",
    ]


def test_more_faults_than_are_listed_refuse_the_file_all_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, "".join(f"{i:05d} Toilet\n" for i in range(6, 2000)))
    result = check_run_file(path, TASK, SET)
    assert len(result.faults) == MAX_FAULTS + 1
    assert result.faults[-1].message == "more than 1000 faults: the rest was not read"


def test_a_run_that_can_be_scored_is_asked_for(tmp_path: Path) -> None:
    good = write(tmp_path, "00001 Toilet\n")
    assert require_run(good, TASK, SET).n_missing == 4
    bad = write(tmp_path, "00008 Toilet\n00009 Toilet\n")
    with pytest.raises(InputFaults) as caught:
        require_run(bad, TASK, SET)
    assert [f.line for f in caught.value.faults] == [1, 2]


def test_a_file_name_outside_the_set_is_named_with_its_line(tmp_path: Path) -> None:
    task = load_task("imageclef2009")
    path = write(tmp_path, "c.png,BO\nx.png,BO\nb.pgn,CR\n")
    where = "; is it the run of this test set?"
    assert [str(f) for f in check_run_file(path, task, NAMES).faults] == [
        f"{path}:2: frame 'x.png' is not in tour; did you mean 'c.png'?{where}",
        f"{path}:3: frame 'b.pgn' is not in tour; did you mean 'b.png'?{where}",
    ]
    (fault,) = check_run_file(path, task, SET).faults
    assert str(fault) == (
        f"{path}: the run names frames by file name, and test1 is known by number only; give the "
        "sequence, not its truth.csv alone"
    )
    alone = check_run_file(write(tmp_path, "c.png,BO\n"), task)
    assert (alone.is_ok, alone.n_missing, alone.warnings) == (True, 0, ())


def test_of_many_missing_frames_eight_are_named(tmp_path: Path) -> None:
    many = "frames are missing and will count as not answered: "
    names = FrameSet("tour", np.arange(12), tuple(f"{c}.png" for c in "abcdefghijkl"))
    path = write(tmp_path, "a.png,BO\n")
    (note,) = check_run_file(path, load_task("imageclef2009"), names).warnings
    shown = ", ".join(f"{c}.png" for c in "bcdefghi")
    assert note == f"11 {many}{shown} and 3 more"
    odd = write(tmp_path, "".join(f"{i:05d} Toilet\n" for i in range(1, 24, 2)))
    (note,) = check_run_file(odd, TASK).warnings
    assert note == f"11 {many}2, 4, 6, 8, 10, 12, 14, 16 and 3 more"


def test_numbers_below_the_first_of_the_task_refuse_the_file(tmp_path: Path) -> None:
    """At home as by the judge; missing numbers are counted from the first of the task."""
    result = check_run_file(write(tmp_path, "00000 Toilet\n00003 Toilet\n"), TASK)
    (fault,) = result.faults
    assert (fault.kind, fault.line) == ("first-number", 1)
    assert fault.message == "numbers start at 0; first_number of the task imageclef2012 is 1"
    result = check_run_file(write(tmp_path, "1 Toilet\n2 Toilet\n3 Toilet\n6 Toilet\n"), TASK)
    assert result.warnings == ("2 frames are missing and will count as not answered: 4-5",)


def test_labels_that_were_not_checked_are_listed(tmp_path: Path) -> None:
    """Those of the file, not the task's unknown label beside them."""
    unchecked = "the task takes its rooms from training, so labels were not checked; the file holds"
    labels = "ABCDEFGHIJKLMN"
    path = write(tmp_path, "".join(f"{i:05d} {c}\n" for i, c in enumerate(labels, 1)) + "15 \n")
    (note,) = check_run_file(path, load_task("rooms")).warnings
    assert note == f"{unchecked} 14: {', '.join(labels[:12])} and 2 more"
    path = write(tmp_path, "1 Unknown\n2 Attic\n3 Unknown\n")
    (note,) = check_run_file(path, load_task("rooms")).warnings
    assert note == f"{unchecked} 2: Unknown, Attic"
    path = write(tmp_path, "1 Living Room\n2 living-room\n")
    assert check_run_file(path, load_task("rooms")).warnings == (
        f"{unchecked} 2: Living Room, living-room",
        "some of these labels differ by nothing but case, blanks, hyphens or underscores",
    )


def test_other_spellings_that_were_read_are_mentioned(tmp_path: Path) -> None:
    task = Task(id="own", rooms=("Kitchen", "Hall"), aliases=Aliases(rooms={"kit": "Kitchen"}))
    assert check_run_file(write(tmp_path, "1 kit\n"), task).warnings == (
        "other spellings that the task own accepts were read: 'kit' as 'Kitchen'",
    )


def test_one_object_stated_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path, "1 HallEntrance\n2 HallEntrance !Chair\n")
    assert check_run_file(path, load_task("imageclef2014")).warnings == ()


def test_ranges_in_words() -> None:
    assert ranges(list(range(0, 20, 2))) == "0, 2, 4, 6, 8, 10, 12, 14 and 2 more"
    assert ranges(list(range(0, 18, 2))) == "0, 2, 4, 6, 8, 10, 12, 14 and 1 more"
    assert ranges([]) == ""
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    assert ranges(list(range(0, 40, 2)), limit=2) == "0, 2 and 18 more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("index,room\n0,A\n0,B\n", ":3: the index 0 is there twice (first in line 2)"),
        ("index,room\nx,A\n", ":2: index: expected a whole number of at least 0, got 'x'"),
        ("index,room\n0\n", ":2: expected 2 cells with commas between, got 1"),
        ("index,room\n0,\n", ":2: the room is empty"),
        ("index,rom\n0,A\n", ":1: expected a first line with the column 'room'"),
        ("index,room\n", "no truth in it"),
        ("", "no truth in it"),
        ("index,room\n0,Caf\udce9\n", ":2: 'Caf\\udce9' is not UTF-8 text"),
        ('index,room\n0,"A\n1,B\n', ":2: expected 2 cells"),
        ("index,room,objects\n0,A,Chair;\0\n", ":2: 'Chair;\\x00' holds signs that cannot be"),
    ],
)
def test_a_faulty_truth_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputFaults) as caught:
        read_truth(path)
    assert expected in str(caught.value)


def test_the_truth_may_stand_in_any_order_of_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path, 'note,room,index,objects\r\nx,B,4,Chair;Trash\r\n"y, z",A,2,\r\n', "t.csv"
    )
    truth = read_truth(path)
    assert truth.frames.indices.tolist() == [2, 4]
    assert [truth.rooms[c] for c in truth.codes] == ["A", "B"]
    assert truth.objects == ("Chair", "Trash")
    assert truth.seen.tolist() == [[False, False], [True, True]]
    assert truth.lines.tolist() == [3, 2]


def robotvision(*args: object) -> subprocess.CompletedProcess[str]:
    code = "import sys; from robotvision.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_lists_good_and_refused_files(tmp_path: Path) -> None:
    """Exit code 1, one JSON object on stdout, nothing else."""
    good = write(tmp_path, "00001 Toilet\n00002  \n", "good.txt")
    bad = write(tmp_path, "00001 Tolet\nx\n", "bad.txt")
    done = robotvision("check", "--task", "imageclef2012", "--json", good, bad)
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)["files"]
    assert found[0] == {
        "file": str(good),
        "ok": True,
        "answers": 2,
        "unanswered": 1,
        "faults": [],
        "kinds": [],
        "warnings": [],
    }
    assert [f["line"] for f in found[1]["faults"]] == [1, 2]
    assert "did you mean 'Toilet'" in found[1]["faults"][0]["message"]
    assert "no answer: '00001  '" in found[1]["faults"][0]["remedy"]


@pytest.mark.parametrize(
    ("args", "code", "expected"),
    [
        (["--task", "imageclef2012", "run.txt"], 0, "run.txt: ok: 1 lines, 0 without a room"),
        (["--task", "imageclef2012", "none.txt"], 2, "none.txt: cannot be read"),
        (["--task", "imageclef2012", "."], 2, ".: cannot be read (Is a directory)"),
        (["--task", "imageclef2112", "run.txt"], 2, "did you mean 'imageclef2012'"),
        (["--task", "imageclef2012", "run.txt", "--truth", "none"], 2, "none: no such file"),
        (["--task", "imageclef2012", "long.txt"], 1, "long.txt:1: a line of more than 65536"),
        (["--task", "own.yaml", "run.txt"], 2, "own.yaml: cannot be read"),
        (["--task", "imageclef2012"], 2, "Missing argument"),
    ],
)
def test_exit_codes(
    tmp_path: Path,
    args: list[str],
    code: int,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "00001 Toilet\n")
    write(tmp_path, "x" * 70_000, "long.txt")
    with pytest.raises(SystemExit) as caught:
        main(["check", *args])
    out, err = capsys.readouterr()
    assert caught.value.code == code
    assert expected in out + err


@pytest.mark.parametrize("kind", ["run", "truth"])
def test_a_line_of_200_mb_is_refused_in_bounded_memory(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "long.txt"
    with open(path, "wb") as f:
        f.write(b"x" * 2**15)
        f.truncate(200 * 2**20)
    code = (
        "import sys; from pathlib import Path\n"
        "from robotvision.errors import InputFaults\n"
        "from robotvision.submissions.runfile import read_run_file\n"
        "from robotvision.submissions.truthfile import read_truth\n"
        "from robotvision.tasks import load_task\n"
        "p = Path(sys.argv[1])\n"
        "try: read_truth(p) if sys.argv[2] == 'truth' else "
        "read_run_file(p, load_task('imageclef2012'))\n"
        "except InputFaults as e: print(e)\n"
        "peak = next(x for x in open('/proc/self/status') if x.startswith('VmHWM'))\n"
        "print(int(peak.split()[1]) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path, kind],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    message, megabytes = done.stdout.splitlines()
    assert (
        message
        == f"{path}:1: a line of more than 65536 bytes: not a file of lines; is it the right file?"
    )
    assert int(megabytes) < 150
