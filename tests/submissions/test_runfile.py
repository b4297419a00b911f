"""Run files: read in each form, written byte for byte, faulty lines named."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotvision.errors import InputFaults, RobotVisionError
from robotvision.records import Answer
from robotvision.submissions import lines
from robotvision.submissions.lines import MAX_FAULTS
from robotvision.submissions.runfile import Key, read_run_file, scan_run_file, write_run_file
from robotvision.tasks import load_task
from robotvision.tasks.model import Aliases, ObjectPoints, Points, Task

TASK = load_task("imageclef2012")
NAMED = load_task("imageclef2009")
OBJECTS = load_task("imageclef2014")
REAL = Path(__file__).parents[3] / "shared" / "data" / "runs2012" / "uaic_run1.txt"


def write(folder: Path, raw: bytes | str) -> Path:
    path = folder / "run.txt"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return path


def answers(path: Path, task: Task = TASK) -> dict[Key, str | None]:
    return {key: answer.room for key, answer in read_run_file(path, task)}


def faults(path: Path, task: Task = TASK) -> list[tuple[int | None, str]]:
    with pytest.raises(InputFaults) as caught:
        read_run_file(path, task)
    return [(f.line, f"{f.message}; {f.remedy}") for f in caught.value.faults]


GOLDEN = b"00001 Corridor\n00002  \n00003 VisioConference\n123456 Toilet\n"


def test_the_2012_form_is_written_to_the_byte(tmp_path: Path) -> None:
    """Five digits, one blank, the label; two blanks for no answer; LF ends."""
    path = tmp_path / "run.txt"
    said = [(1, "Corridor"), (2, None), (3, "VisioConference"), (123456, "Toilet")]
    assert write_run_file(path, TASK, ((n, Answer(room)) for n, room in said)) == 4
    assert path.read_bytes() == GOLDEN


@pytest.mark.skipif(not REAL.exists(), reason="the real run of 2012 does not lie there")
def test_a_real_run_of_2012_is_read_and_written_back(tmp_path: Path) -> None:
    """A participant's file: 2445 lines, 128 of them unanswered.

    Two of its lines end in a blank after the label; all else is written back to the byte.
    """
    run = read_run_file(REAL, TASK)
    assert (len(run), run.unanswered) == (2445, 128)
    path = tmp_path / "run.txt"
    write_run_file(path, TASK, run)
    raw = REAL.read_bytes().replace(b"Corridor \n", b"Corridor\n")
    assert path.read_bytes() == raw.replace(b"PrinterRoom \n", b"PrinterRoom\n")


def test_frames_are_named_by_number_or_by_file_name(tmp_path: Path) -> None:
    assert answers(write(tmp_path, '"00001","BO"\n2,CR\n"3", ""\n'), NAMED) == {
        1: "BO",
        2: "CR",
        3: None,
    }
    names = '"t1.5_rBO_x1_y2_a3.png","BO"\nt2.5_rCR_x1_y2_a3.png,Unknown\n'
    assert answers(write(tmp_path, names), NAMED) == {
        "t1.5_rBO_x1_y2_a3.png": "BO",
        "t2.5_rCR_x1_y2_a3.png": "Unknown",
    }


def test_the_2009_form_is_written_to_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    write_run_file(path, NAMED, [(1, Answer("BO")), (2, Answer(None))])
    assert path.read_bytes() == b'"00001","BO"\n"00002",""\n'
    write_run_file(path, NAMED, [('a"b.png', Answer("BO"))])
    assert path.read_bytes() == b'"a""b.png","BO"\n'
    assert answers(path, NAMED) == {'a"b.png': "BO"}


def test_objects_are_present_absent_or_not_stated(tmp_path: Path) -> None:
    raw = "1 HallEntrance Chair !Phone\n2  Trash\n3 Toilet\n4\n"
    found = dict(read_run_file(write(tmp_path, raw), OBJECTS))
    assert found == {
        1: Answer("HallEntrance", objects={"Chair": True, "Phone": False}),
        2: Answer(None, objects={"Trash": True}),
        3: Answer("Toilet"),
        4: Answer(None),
    }


def test_the_2014_form_is_written_to_the_byte(tmp_path: Path) -> None:
    """Objects stand in the task's order, whatever order they were answered in."""
    path = tmp_path / "run.txt"
    said = {"Chair": True, "Extinguisher": False}
    write_run_file(
        path,
        OBJECTS,
        [
            (1, Answer("HallEntrance", objects=said)),
            (2, Answer(None)),
            (3, Answer(None, objects=said)),
        ],
    )
    assert path.read_bytes() == b"1 HallEntrance !Extinguisher Chair\n2  \n3  !Extinguisher Chair\n"


@pytest.mark.parametrize(
    "raw",
    [
        GOLDEN,
        GOLDEN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOLDEN,
        GOLDEN.replace(b"Corridor", b"Corridor   "),
        GOLDEN.removesuffix(b"\n"),
        GOLDEN + b"\n  \n\r\n",
        GOLDEN.replace(b"00002  ", b"00002"),
        GOLDEN.replace(b"00003", b"3"),
    ],
    ids=[
        "as written",
        "CRLF",
        "BOM",
        "trailing blanks",
        "no last LF",
        "empty lines at the end",
        "no blank",
        "no padding",
    ],
)
def test_what_editors_do_to_a_file_changes_nothing(tmp_path: Path, raw: bytes) -> None:
    expected = {1: "Corridor", 2: None, 3: "VisioConference", 123456: "Toilet"}
    assert answers(write(tmp_path, raw)) == expected


@pytest.mark.parametrize(
    ("raw", "line", "expected"),
    [
        ("00001 Kitchn\n", 1, "the label 'Kitchn' is not one of the task's; labels: Corridor,"),
        ("00001 toilet\n", 1, "did you mean 'Toilet'"),
        ("00001 Corridor\n\n00002 Toilet\n", 2, "an empty line; leave it out"),
        ("00001 Toilet\n00001 Toilet\n", 2, r"frame 1 is there twice \(first in line 1\)"),
        ("Toilet\n", 1, "expected a frame number, one blank and a label, got 'Toilet'"),
        ("-1 Toilet\n", 1, "expected a frame number"),
        ("1.0 Toilet\n", 1, "expected a frame number"),
        ("٣ Toilet\n", 1, "expected a frame number"),
        ("00001\tToilet\n", 1, "expected a frame number"),
        (" 00001 Toilet\n", 1, "expected a frame number"),
        ("0" * 19 + " Toilet\n", 1, "expected a frame number"),
        (b"00001 Caf\xe9\n", 1, "is not UTF-8 text; save the file as UTF-8"),
        (b"00001 To\0ilet\n", 1, "the label 'To.x00ilet' is not one"),
        ("00001 Toilet".encode("utf-16"), 1, "expected UTF-8 text, got UTF-16"),
        (b"00001 Toilet\r00002 Toilet", 1, "is not one of the task's"),
        ("", None, "no answers in it; write one line a frame, like '00001 Corridor'"),
        ("\n\n", None, "no answers in it"),
        (b"\x89PNG\r\n\x1a\n\0\0", None, "expected lines of text, got a PNG image"),
    ],
)
def test_a_faulty_line_is_named_with_what_to_do(
    tmp_path: Path, raw: str | bytes, line: int | None, expected: str
) -> None:
    found = faults(write(tmp_path, raw))
    assert found[0][0] == line
    assert re.search(expected, found[0][1]), found


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            "1 HallEntrance Chiar\n",
            "the object 'Chiar' is not one of the task's; did you mean 'Chair'",
        ),
        ("1 HallEntrance Chair Chair\n", "the object 'Chair' is there twice"),
        ("1 HallEntrance Chair !Chair\n", "the object 'Chair' is there twice"),
        ("1 Chair\n", "expected a room, got the object 'Chair'; leave two blanks"),
        ("1  HallEntrance\n", "expected an object, got the room 'HallEntrance'; leave one blank"),
        ("1 HallEntrance !!Chair\n", "the object '!Chair' is not one"),
    ],
)
def test_a_faulty_object_is_named(tmp_path: Path, raw: str, expected: str) -> None:
    assert expected in faults(write(tmp_path, raw), OBJECTS)[0][1]


@pytest.mark.parametrize(
    ("raw", "line", "expected"),
    [
        ('"1","BO"\n"t1.png","CR"\n', 2, "expected a frame number as in the first line"),
        ('"t1.png","BO"\n"2","CR"\n', 2, "expected a file name as in the first line"),
        ('"t1.png","BO"\n"t1.png","CR"\n', 2, "frame t1.png is there twice (first in line 1)"),
        ('"1","BO","CR"\n', 1, "expected a frame and a label with a comma between"),
        ('"1,"BO"\n', 1, "expected a frame and a label with a comma between"),
        ('"1","BO\n"2","CR"\n', 1, "expected a frame and a label with a comma between"),
        ("1 BO\n", None, "this is form number_room ('1 BO'); the task wants frame_room"),
        ("1,BO,\n", 1, "expected a frame and a label with a comma between"),
    ],
)
def test_a_faulty_frame_name_is_named(tmp_path: Path, raw: str, line: int, expected: str) -> None:
    found = faults(write(tmp_path, raw), NAMED)
    assert (found[0][0], expected in found[0][1]) == (line, True), found


def test_every_fault_is_listed(tmp_path: Path) -> None:
    rows = [f"{i:05d} Toilet" for i in range(1, 31)]
    rows[3], rows[9], rows[19] = "00004 Bath", "x", "00019 Toilet"
    assert [line for line, _ in faults(write(tmp_path, "\n".join(rows)))] == [4, 10, 20]


def test_a_file_of_faults_is_not_read_to_the_end(tmp_path: Path) -> None:
    found = faults(write(tmp_path, "x\n" * 5000))
    assert len(found) == MAX_FAULTS + 1
    assert "more than 1000 faults: the rest was not read" in found[-1][1]


def test_a_block_border_splits_no_line(tmp_path: Path) -> None:
    """A file of several blocks, with one fault far from the start, is read like a short one."""
    n = 400_000
    rows = [f"{i:05d} {TASK.room_names[i % 9]}" for i in range(1, n + 1)]
    run = read_run_file(write(tmp_path, "\n".join(rows) + "\n"), TASK)
    assert run.numbers is not None
    assert (run.numbers == np.arange(1, n + 1)).all()
    assert (run.codes == np.arange(1, n + 1) % 9).all()
    assert (run.lines == np.arange(1, n + 1)).all()
    rows[n - 7] = "399994 Bath"
    assert [line for line, _ in faults(write(tmp_path, "\n".join(rows)))] == [n - 6]


@pytest.mark.parametrize("n", range(1, 40, 3))
def test_empty_lines_at_a_block_border_keep_the_count(
    tmp_path: Path, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty lines are held back over a border and count as lines where something follows."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", 16)
    path = write(tmp_path, "00001 Toilet\n" + "\n" * n + "00002 Tolet\n\n\n")
    empty = [(i, "an empty line; leave it out") for i in range(2, n + 2)]
    *found, last = faults(path)
    assert found == empty
    assert last[0] == n + 2


@pytest.mark.parametrize("task", [TASK, NAMED, OBJECTS], ids=lambda t: t.run_file.form)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 30))
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, task: Task, seed: int, n: int
) -> None:
    rng = random.Random(seed)

    def answer() -> Answer:
        stated = {o: rng.random() < 0.5 for o in task.objects if rng.random() < 0.6}
        return Answer(rng.choice([*task.labels, None]), objects=stated)

    by_name = task is NAMED and rng.random() < 0.5
    numbers = rng.sample(range(10**7), n)
    given_ = {f"t{i}, {i}.png" if by_name else i: answer() for i in numbers}
    path = tmp_path_factory.mktemp("run") / "run.txt"
    assert write_run_file(path, task, given_.items()) == n
    assert dict(read_run_file(path, task)) == given_


def test_an_answer_outside_the_task_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    with pytest.raises(RobotVisionError, match=r"room 'Tolet' .* did you mean 'Toilet'"):
        write_run_file(path, TASK, [(1, Answer("Tolet"))])
    with pytest.raises(RobotVisionError, match="object 'Bench' is not one"):
        write_run_file(path, OBJECTS, [(1, Answer("HallEntrance", objects={"Bench": True}))])
    with pytest.raises(RobotVisionError, match="names frames by number"):
        write_run_file(path, TASK, [("a.png", Answer("Toilet"))])


def test_labels_may_hold_blanks(tmp_path: Path) -> None:
    task = Task(id="own", rooms=("Living Room", "1", "Hall, upstairs"))
    given_ = {1: Answer("Living Room"), 2: Answer("1"), 3: Answer("Hall, upstairs")}
    path = tmp_path / "run.txt"
    write_run_file(path, task, given_.items())
    assert dict(read_run_file(path, task)) == given_


@pytest.mark.parametrize("name", ["no/such.txt", "."])
def test_what_cannot_be_opened_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputFaults, match=r"cannot be read \(.*\); give a file of lines"):
        read_run_file(tmp_path / name, TASK)


ROOMS_2012 = (
    "labels: Corridor, ElevatorArea, LoungeArea, TechnicalRoom, StudentOffice, ProfessorOffice, "
    "VisioConference, PrinterRoom, Toilet"
)
WORDS = {
    "a label that is none": (
        TASK,
        "00001 Bath\n",
        f"1: the label 'Bath' is not one of the task's; {ROOMS_2012}; no answer: '00001  '",
    ),
    "no number": (
        TASK,
        "00001 Toilet\nx\n",
        "2: expected a frame number, one blank and a label, got 'x'; write it like "
        "'00001 Corridor'",
    ),
    "an empty line": (TASK, "1 Toilet\n\n2 Toilet\n", "2: an empty line; leave it out"),
    "a frame twice": (
        TASK,
        "1 Toilet\n2 Toilet\n1 Toilet\n",
        "3: frame 1 is there twice (first in line 1); answer each frame once",
    ),
    "nothing": (TASK, "", "no answers in it; write one line a frame, like '00001 Corridor'"),
    "other signs": (TASK, b"1 Toilet\n\xff \n", "2: '\\udcff ' is not UTF-8 text; save the "
                    "file as UTF-8"),
    "a name after numbers": (
        NAMED,
        "1,BO\na.png,CR\n",
        "2: expected a frame number as in the first line, got 'a.png'; name every frame in the "
        "same way",
    ),
    "a number after names": (
        NAMED,
        "a.png,BO\n2,CR\n",
        "2: expected a file name as in the first line, got the number '2'; name every frame in "
        "the same way",
    ),
    "a name twice": (
        NAMED,
        "b.png,BO\na.png,BO\na.png,CR\n",
        "3: frame a.png is there twice (first in line 2); answer each frame once",
    ),
    "a name that cannot be printed": (
        NAMED,
        "a.png,BO\nb\x07.png,BO\n",
        "2: expected a frame and a label with a comma between, got 'b\\x07.png,BO'; write it "
        "like '\"00001\",\"BO\"'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("task", "raw", "expected"), WORDS.values(), ids=WORDS)
def test_a_fault_names_line_expected_found_and_remedy(
    tmp_path: Path, task: Task, raw: str | bytes, expected: str
) -> None:
    path = write(tmp_path, raw)
    with pytest.raises(InputFaults) as caught:
        read_run_file(path, task)
    separator = ":" if expected[0].isdigit() else ": "
    assert [str(f) for f in caught.value.faults] == [f"{path}{separator}{expected}"]


def test_a_line_without_key_and_label_has_one_fault(tmp_path: Path) -> None:
    """A name in a wrong place has its label read, too."""
    found = faults(write(tmp_path, "a.png,BO\n,Bath\n3,Bath\n"), NAMED)
    assert [line for line, _ in found] == [2, 3, 3]
    assert found[0][1].startswith("expected a frame and a label with a comma between, got ',Bath'")
    assert found[2][1].startswith("the label 'Bath' is not one")


@pytest.mark.parametrize("task", [TASK, NAMED, OBJECTS], ids=lambda t: t.run_file.form)
def test_lines_with_and_without_a_fault_are_counted(tmp_path: Path, task: Task) -> None:
    """Six lines in two blocks' worth: four can be read, two of those give no room."""
    room = task.room_names[0]
    comma = "," if task is NAMED else " "
    rows = [f"1{comma}{room}", f"2{comma}", f"3{comma}Bath", f"4{comma}{room}", f"5{comma}", "x"]
    reading = scan_run_file(write(tmp_path, "\n".join(rows)), task)
    assert (reading.n_answers, reading.n_unanswered, reading.answers) == (4, 2, None)
    assert [f.line for f in reading.faults.faults] == [3, 6]


def test_answers_by_column(tmp_path: Path) -> None:
    raw = "5 HallEntrance Chair !Phone\n2  Trash\n9 Toilet\n"
    run = read_run_file(write(tmp_path, raw), OBJECTS)
    assert (len(run), run.unanswered, run.names) == (3, 1, ())
    assert run.numbers is not None
    assert run.numbers.tolist() == [5, 2, 9]
    assert [run.key(i) for i in range(3)] == [5, 2, 9]
    assert run.lines.tolist() == [1, 2, 3]
    assert [run.labels[c] for c in run.codes if c >= 0] == ["HallEntrance", "Toilet"]
    assert run.objects == OBJECTS.objects
    coded = [dict(zip(run.objects, row, strict=True)) for row in run.stated.tolist()]
    assert [{o: c for o, c in row.items() if c != 2} for row in coded] == [
        {"Chair": 0, "Phone": 1},
        {"Trash": 0},
        {},
    ]
    named = read_run_file(write(tmp_path, "b.png,BO\na.png,\n"), NAMED)
    assert (named.names, named.numbers, named.unanswered) == (("b.png", "a.png"), None, 1)
    assert (named.objects, named.stated.shape, named.lines.tolist()) == ((), (2, 0), [1, 2])
    assert named.path == tmp_path / "run.txt"
    assert (run.codes.dtype, run.stated.dtype) == (np.int32, np.uint8)


def test_a_file_without_a_fault_has_none(tmp_path: Path) -> None:
    reading = scan_run_file(write(tmp_path, "1 Toilet\n2  \n"), TASK)
    assert (reading.n_answers, reading.n_unanswered, len(reading.faults)) == (2, 1, 0)
    assert reading.answers is not None


def test_a_form_without_objects_states_none_though_the_task_has_them(tmp_path: Path) -> None:
    points = Points(objects=ObjectPoints())
    task = Task(id="own", rooms=("A", "B"), objects=("x",), points=points)
    assert task.run_file.form == "number_room"
    run = read_run_file(write(tmp_path, "1 A\n2 B\n"), task)
    assert (run.objects, run.stated.shape) == ((), (2, 0))
    assert dict(run) == {1: Answer("A"), 2: Answer("B")}


def test_the_aliases_that_were_read_are_kept(tmp_path: Path) -> None:
    task = Task(
        id="own", rooms=("Kitchen", "Hall"), aliases=Aliases(rooms={"kit": "Kitchen", "h": "Hall"})
    )
    run = read_run_file(write(tmp_path, "1 kit\n2 Hall\n3 Kitchen\n"), task)
    assert run.aliases == {"kit": "Kitchen"}
    assert [answer.room for _, answer in run] == ["Kitchen", "Hall", "Kitchen"]


def test_what_is_not_written_is_named_with_its_frame(tmp_path: Path) -> None:
    with pytest.raises(RobotVisionError) as caught:
        write_run_file(tmp_path / "x", TASK, [(1, Answer("Toilet")), (7, Answer("Toilett"))])
    assert str(caught.value) == (
        "frame 7: the room 'Toilett' is not one of the task imageclef2012; did you mean 'Toilet'?"
    )
    with pytest.raises(RobotVisionError) as caught:
        write_run_file(tmp_path / "x", OBJECTS, [(3, Answer(None, objects={"Chiar": True}))])
    assert str(caught.value) == (
        "frame 3: the object 'Chiar' is not one of the task imageclef2014; did you mean 'Chair'?"
    )
    assert not (tmp_path / "x").exists()


def test_frames_are_numbered_from_0_where_a_file_does(tmp_path: Path) -> None:
    """In lines that are taken at once, and one at a time."""
    assert answers(write(tmp_path, "0 Toilet\n1 Corridor\n")) == {0: "Toilet", 1: "Corridor"}
    assert answers(write(tmp_path, "0,BO\n1,CR\n"), NAMED) == {0: "BO", 1: "CR"}
    reading = scan_run_file(write(tmp_path, "0 Toilet\n1 Corridor\nx\n"), TASK)
    assert (reading.n_answers, [f.line for f in reading.faults.faults]) == (2, [3])


def test_file_names_go_on_over_a_block_border(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK_BYTES", 16)
    path = write(tmp_path, "a.png,BO\nb.png,CR\nc.png,\nd.png,BO\n")
    assert answers(path, NAMED) == {"a.png": "BO", "b.png": "CR", "c.png": None, "d.png": "BO"}
    assert read_run_file(path, NAMED).lines.tolist() == [1, 2, 3, 4]


def test_of_a_long_line_sixty_signs_are_shown(tmp_path: Path) -> None:
    found = faults(write(tmp_path, b"\xff" + b"x" * 99 + b" \n"))
    assert found[0][1].startswith(f"'\\udcff{'x' * 59}' is not UTF-8 text")
    found = faults(write(tmp_path, f"1,BO\n{'x' * 99},BO\n"), NAMED)
    assert found[0][1].startswith(f"expected a frame number as in the first line, got '{'x' * 60}'")
