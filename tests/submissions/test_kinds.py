"""Faults by kind: one systematic mistake is one line, and a file of another sort is one, too."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.cli import main
from robotvision.errors import Fault, InputFaults, by_kind, printable
from robotvision.submissions.checker import check_run_file
from robotvision.submissions.truthfile import FrameSet
from robotvision.tasks import load_task

TASK = load_task("imageclef2012")
OBJECTS = load_task("imageclef2013")
ROOMS = [("Corridor", "Toilet", "ElevatorArea")[i // 20 % 3] for i in range(200)]
SET = FrameSet("test1", np.arange(200))

MISTAKES = {
    "case": (
        "".join(f"{i:05d} {r.lower()}\n" for i, r in enumerate(ROOMS, 1)),
        ["80 lines, the first 1: the label 'corridor' is not", "did you mean 'Corridor'?"],
        3,
    ),
    "labels": (
        "".join(f"{i:05d} room{i % 9}\n" for i in range(1, 201)),
        ["200 lines, the first 1: the label 'room1' is not", "(and 8 others like it)"],
        1,
    ),
    "form": (
        "".join(f'"{i:05d}","{r}"\n' for i, r in enumerate(ROOMS, 1)),
        ["this is form frame_room", "the task wants number_room", "write it like '00001 Corridor'"],
        1,
    ),
    "objects": (
        "".join(f"{i} {r} Chair !Phone\n" for i, r in enumerate(ROOMS, 1)),
        ["this is form number_room_objects", "the task wants number_room"],
        1,
    ),
    "first number": (
        "".join(f"{i:05d} {r}\n" for i, r in enumerate(ROOMS)),
        ["numbers start at 0; first_number of the task imageclef2012 is 1"],
        1,
    ),
    "header": (
        "frame room\n" + "".join(f"{i:05d} {r}\n" for i, r in enumerate(ROOMS, 1)),
        [":1: a header line ('frame room'); leave it out"],
        1,
    ),
    "tabs": (
        "".join(f"{i:05d}\t{r}\n" for i, r in enumerate(ROOMS, 1)),
        ["200 lines, the first 1: expected a frame number, one blank and a label"],
        1,
    ),
    "too long": (
        "".join(f"{i:05d} Toilet\n" for i in range(1, 301)),
        ["100 lines, the first 201: frame 201 is not in test1"],
        1,
    ),
    "twice": (
        "".join(f"{i // 2 + 1:05d} Toilet\n" for i in range(200)),
        ["100 lines, the first 2: frame 1 is there twice"],
        1,
    ),
    "zip": ("PK\x03\x04 and more", ["expected lines of text, got a zip file"], 1),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_systematic_mistake_is_one_line(tmp_path: Path, name: str) -> None:
    """With how many lines have it, the first of them, and what to do."""
    text, words, n_kinds = MISTAKES[name]
    path = tmp_path / "run.txt"
    path.write_text(text)
    result = check_run_file(path, TASK, SET)
    *kinds, verdict = result.lines()
    assert len(kinds) == n_kinds, kinds
    assert all(w in kinds[0] for w in words), kinds[0]
    assert "refused" in verdict
    data = result.as_dict()
    assert sum(k["count"] for k in data["kinds"]) == len(data["faults"]) == len(result.faults)
    assert all(fault["kind"] for fault in data["faults"])


def test_a_run_that_starts_too_high_says_where_counting_starts(tmp_path: Path) -> None:
    task = load_task("imageclef2012").model_copy(
        update={"run_file": TASK.run_file.model_copy(update={"first_number": 0})}
    )
    path = tmp_path / "run.txt"
    path.write_text("".join(f"{i:05d} {r}\n" for i, r in enumerate(ROOMS, 1)))
    (fault,) = check_run_file(path, task, SET).faults
    assert "numbers start at 1; first_number of the task imageclef2012 is 0" in fault.message


def test_a_form_of_rooms_alone_is_no_other_form_where_objects_may_be_left_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.txt"
    path.write_text("".join(f"{i} Corridor\n" for i in range(1, 5)))
    assert check_run_file(path, OBJECTS).is_ok
    path.write_text("".join(f"{i}  Corridor\n" for i in range(1, 5)))
    assert "expected an object, got the room" in check_run_file(path, OBJECTS).lines()[0]


def test_a_binary_file_and_a_wild_name_show_no_raw_sign(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "truth.csv").write_text("index,room\n0,Corridor\n1,Toilet\n")
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "noise.txt").write_bytes(os.urandom(20_000))
    (runs / "wild\x1b[31m\n.txt").write_text("00001 \x1b[2JToilet\n00002 \x07x\n")
    options = ["--task", "imageclef2012", "--truth", str(tmp_path / "truth.csv")]
    for command in (["check", *options, *map(str, runs.iterdir())], ["rank", *options, str(runs)]):
        with pytest.raises(SystemExit) as stop:
            main(command)
        shown = capsys.readouterr()
        text = shown.out + shown.err
        assert stop.value.code == 1
        assert text.replace("\n", "").isprintable()
        assert len(text) < 2500


def test_the_page_of_a_refused_run_has_a_line_a_kind(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("index,room\n" + "".join(f"{i},A\n" for i in range(300)))
    (tmp_path / "runs").mkdir()
    lines = "".join(f"{i} a\n" for i in range(1, 301))
    (tmp_path / "runs" / "bad.txt").write_text(lines)
    options = ["--truth", str(tmp_path / "truth.csv"), "--site", str(tmp_path / "site")]
    with pytest.raises(SystemExit):
        main(["rank", "--task", "rooms", *options, "--json", str(tmp_path / "runs")])
    page = (tmp_path / "site" / "runs" / "bad.html").read_text()
    assert "Refused: 300 faults of 1 kind." in page
    assert page.count("the label") == 1
    (refused,) = json.loads((tmp_path / "site" / "scores.json").read_text())["refused"]
    assert len(refused["faults"]) == 300


FAULTS = st.builds(
    Fault,
    st.sampled_from(["a", "b"]),
    st.sampled_from("uvwxyz"),
    st.integers(1, 9) | st.none(),
    kind=st.sampled_from(["", "k", "l"]),
)


@given(st.lists(FAULTS))
def test_groups_count_every_fault_once(faults: list[Fault]) -> None:
    groups = by_kind(faults)
    assert sum(group.count for group in groups) == len(faults)
    assert all(group.first in faults for group in groups)
    assert len(InputFaults(faults).lines()) == len(groups)


@given(st.text())
def test_every_text_can_be_printed(text: str) -> None:
    assert printable(text).isprintable()
    assert printable(text) == text or not text.isprintable()


def test_a_wild_path_is_shown_escaped_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "no\x07\x1b[2Jwhere.yaml"
    path.write_text("x")
    for command in (["pack", "--init"], ["contest", "check"], ["task", "check"]):
        with pytest.raises(SystemExit, match="2"):
            main([*command, str(path)])
        text = capsys.readouterr().err
        assert text.replace("\n", "").isprintable(), text
