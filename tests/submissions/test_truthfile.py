"""Truth by column: from tables of every shape, from sequences and from the kit, fault by fault."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data import open_sequence
from robotvision.data.kit2014 import KitPart
from robotvision.errors import Fault, InputFaults
from robotvision.records import Truth
from robotvision.submissions import lines as line_reader
from robotvision.submissions import truthfile
from robotvision.submissions.truthfile import (
    FrameSet,
    TruthTable,
    _frames_of,
    _of_sequence,
    read_frames,
    read_truth,
)
from tests.fixtures.kit2014 import write_kit

REMEDY = "expected lines of index,room[,objects] under a line that says so"


def write(folder: Path, text: str, name: str = "truth.csv") -> Path:
    """Write a table as it is given, its line ends included."""
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def rows_of(truth: TruthTable) -> list[tuple[int, str, set[str], int]]:
    """Return index, room, objects and line of each frame."""
    objects = np.array(truth.objects, object)
    return [
        (int(index), truth.rooms[code], set(objects[seen]), int(line))
        for index, code, seen, line in zip(
            truth.frames.indices, truth.codes, truth.seen, truth.lines, strict=True
        )
    ]


def faults_of(path: Path, reader: str | None = None) -> tuple[Fault, ...]:
    with pytest.raises(InputFaults) as caught:
        read_truth(path, reader)
    return tuple(caught.value.faults)


CELLS = {
    "index": st.integers(0, 10**17).map(str),
    "room": st.sampled_from(
        ["Hall", " Hall", "Kitchen ", "A;B", "Büro", "X", "Xray X", '"Hall, north"']
    ),
    "objects": st.sampled_from(["", "Chair", "Chair; Trash", " Trash ;Chair", '"Chair;Lamp"']),
    "note": st.sampled_from(["", "x", " y", '"a ""b"""']),
}


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Return the text of a table: columns in any order, either line end, blank lines, quotes."""
    names = draw(st.permutations(["index", "room", *draw(st.sets(st.sampled_from(
        ["objects", "note"]
    )))]))  # fmt: skip
    plain = draw(st.booleans())
    rows = draw(
        st.lists(
            st.tuples(*(CELLS[n] for n in names)),
            min_size=1,
            max_size=12,
            unique_by=lambda row: row[names.index("index")],
        )
    )
    if plain:  # what is read all at once
        rows = [tuple(c.replace('"', "").replace(",", "") for c in row) for row in rows]
    end = "\n" if plain else draw(st.sampled_from(["\n", "\r\n"]))
    lines = [",".join(names), *(",".join(row) for row in rows)]
    for _ in range(0 if plain else draw(st.integers(0, 2))):
        lines.insert(draw(st.integers(1, len(lines))), "")
    return end.join(lines) + (end if draw(st.booleans()) else "")


def by_csv(text: str) -> list[tuple[int, str, set[str], int]]:
    """Return what Python's own csv module reads, line by line, in order of the indices."""
    lines = text.replace("\r\n", "\n").split("\n")
    names = lines[0].split(",")
    found = []
    for number, line in enumerate(lines[1:], 2):
        if line:
            cells = dict(zip(names, next(csv.reader([line])), strict=True))
            objects = {o.strip() for o in cells.get("objects", "").split(";")} - {""}
            found.append((int(cells["index"]), cells["room"].strip(" "), objects, number))
    return sorted(found)


@given(text=tables(), block=st.sampled_from([40, 2**22]))
def test_tables_are_read_as_csv_does(
    tmp_path_factory: pytest.TempPathFactory, text: str, block: int
) -> None:
    """All at once or line by line, in one block or in many, frames come out in order."""
    path = write(tmp_path_factory.mktemp("table"), text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_reader, "BLOCK_BYTES", block)
        truth = read_truth(path)
    assert rows_of(truth) == by_csv(text)
    assert truth.has_objects is ("objects" in text.splitlines()[0].split(","))
    assert truth.frames.names == ()
    assert set(truth.rooms) == {room for _, room, *_ in rows_of(truth)}
    assert truth.objects == tuple(sorted(set[str]().union(*(o for *_, o, _ in rows_of(truth)))))


def test_rooms_are_counted_and_have_their_first_line(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path, "index,room\n7,Hall\n3,Kitchen\n5, Hall\n4,Lab\n"))
    assert truth.room_counts() == {"Hall": 2, "Kitchen": 1, "Lab": 1}
    assert truth.frames.indices.tolist() == [3, 4, 5, 7]
    assert (truth.objects, truth.seen.shape, truth.has_objects) == ((), (4, 0), False)
    assert truth.labels.rooms == {"Hall": 2, "Kitchen": 3, "Lab": 5}
    assert (truth.codes.dtype, truth.seen.dtype, truth.lines.dtype) == (np.int32, bool, np.int64)
    assert len(truth) == len(truth.frames) == 4


@pytest.mark.parametrize(
    ("name", "expected"), [("truth.csv", "by_night"), ("night.csv", "night"), ("a.b.csv", "a.b")]
)
def test_a_set_is_called_by_its_folder_or_its_file(
    tmp_path: Path, name: str, expected: str
) -> None:
    folder = tmp_path / "by_night"
    folder.mkdir()
    truth = read_truth(write(folder, "index,room\n0,Hall\n", name))
    assert truth.name == truth.frames.name == expected
    assert truth.path == folder / name


def test_a_table_in_the_folder_without_a_name_is_called_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "index,room\n0,Hall\n")
    assert read_truth(Path("truth.csv")).name == "truth"


LONG = "9" * 70 + "x"
HEAD = "index,room,objects\n"
FAULTS: dict[str, tuple[str, Sequence[tuple[int | None, str, str]]]] = {
    "nothing": ("", [(None, "no truth in it", REMEDY)]),
    "a header alone": (HEAD, [(None, "no truth in it", REMEDY)]),
    "no columns": (
        "number,raum\n0,Hall\n",
        [
            (1, "expected a first line with the column 'index', got 'number,raum'", REMEDY),
            (1, "expected a first line with the column 'room', got 'number,raum'", REMEDY),
        ],
    ),
    "a misspelt column": (
        f"index,rooms,{LONG}\n0,Hall,\n",
        [
            (
                1,
                "expected a first line with the column 'room'; did you mean 'rooms'?, got "
                f"{f'index,rooms,{LONG}'[:60]!r}",
                REMEDY,
            )
        ],
    ),
    "a column twice": (
        "index,room,room\n0,Hall,Hall\n",
        [(1, "a column is there twice", "keep one")],
    ),
    "a header that is no text": (
        f"index,room,\udcff{LONG}\n0,Hall,\n",
        [
            (
                1,
                f"{f'index,room,{chr(0xDCFF)}{LONG}'[:60]!r} is not UTF-8 text",
                "save the file as UTF-8",
            )
        ],
    ),
    "cells": (
        HEAD + '0,Hall\n1,Hall,,\n\n"2,Hall,\n3,Hall,Chair\n',
        [
            (2, "expected 3 cells with commas between, got 2", ""),
            (3, "expected 3 cells with commas between, got 4", ""),
            (5, "expected 3 cells with commas between, got a broken line", ""),
        ],
    ),
    "numbers": (
        HEAD + f"-1,Hall,\nX7,Hall,\n1.5,Hall,\n{LONG},Hall,\n 4 ,Hall,\n\t5,Hall,\n",
        [
            (2, "index: expected a whole number of at least 0, got '-1'", ""),
            (3, "index: expected a whole number of at least 0, got 'X7'", ""),
            (4, "index: expected a whole number of at least 0, got '1.5'", ""),
            (5, f"index: expected a whole number of at least 0, got {LONG[:60]!r}", ""),
            (7, r"index: expected a whole number of at least 0, got '\t5'", ""),
        ],
    ),
    "an index twice": (
        HEAD + "0,Hall,\n1,Hall,\n0,Lab,\n",
        [(4, "the index 0 is there twice (first in line 2)", "keep one")],
    ),
    "words": (
        HEAD + "0,,\n1,  ,\n2,Ha\tll,\n3,Hall,Ch\tair\n4,\udcffHall,\n5,Hall,\n6,\t,  \n7,\tLab,\n",
        [
            (2, "the room is empty", ""),
            (3, "the room is empty", ""),
            (8, r"'\t' holds signs that cannot be printed", ""),
            (9, r"'\tLab' holds signs that cannot be printed", ""),
            (4, r"'Ha\tll' holds signs that cannot be printed", ""),
            (6, r"'\udcffHall' is not UTF-8 text", ""),
            (5, r"'Ch\tair' holds signs that cannot be printed", ""),
        ],
    ),
    "a lone carriage return": (
        HEAD + '0,Hall,\n1,Ha\rll,\n2,Lab,\n3,"Ha\rll",\n',
        [
            (3, "expected 3 cells with commas between, got a broken line", ""),
            (5, "expected 3 cells with commas between, got a broken line", ""),
        ],
    ),
}


@pytest.mark.parametrize("kind", list(FAULTS))
def test_each_fault_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    text, expected = FAULTS[kind]
    path = write(tmp_path, text)
    faults = faults_of(path)
    assert [(f.line, f.message, f.remedy) for f in faults] == list(expected)
    assert {f.path for f in faults} == {path}


def test_numbers_in_another_first_column_are_no_indices(tmp_path: Path) -> None:
    truth = read_truth(write(tmp_path, "note,index,room\n7,0,Hall\n5,1,Lab\n"))
    assert rows_of(truth) == [(0, "Hall", set(), 2), (1, "Lab", set(), 3)]


def test_a_picture_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes(b"\x89PNG\r\n" + bytes(100))
    (fault,) = faults_of(path)
    assert fault.message == "expected lines of text, got a PNG image"


def test_a_list_of_faults_ends(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "x,Hall,\n" * 3000)
    faults = faults_of(path)
    assert len(faults) == line_reader.MAX_FAULTS + 1
    assert faults[-1].message == "more than 1000 faults: the rest was not read"


def test_what_is_not_there(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "none.csv")
    assert (fault.path, fault.message, fault.remedy) == (
        tmp_path / "none.csv",
        "no such file or folder",
        "give a sequence or its truth.csv",
    )


def sequence(folder: Path, truth: str | None) -> Path:
    """Write four frames in the native layout; their images are not read."""
    root = folder / "tour"
    (root / "rgb").mkdir(parents=True)
    (root / "sequence.yaml").write_text("name: tour\nchannels: {rgb: {kind: color}}\nrate_hz: 2\n")
    rows = [f"{10 + i},{i * 500_000_000},0,rgb/{i}.jpg\n" for i in range(4)]
    for i in range(4):
        (root / f"rgb/{i}.jpg").touch()
    (root / "frames.csv").write_text("index,timestamp_ns,segment,rgb\n" + "".join(rows))
    if truth is not None:
        write(root, truth)
    return root


def test_the_truth_of_a_sequence(tmp_path: Path) -> None:
    """By its own frames, whose names are known, each with its line in the table."""
    text = "index,room,objects\n11,Hall,Lamp\n10,Lab,Chair;Lamp\n13,Lab,\n12,Hall,\n"
    root = sequence(tmp_path, text)
    truth = read_truth(root)
    assert rows_of(truth) == [
        (10, "Lab", {"Chair", "Lamp"}, 3),
        (11, "Hall", {"Lamp"}, 2),
        (12, "Hall", set(), 5),
        (13, "Lab", set(), 4),
    ]
    assert (truth.rooms, truth.objects, truth.has_objects) == (
        ("Lab", "Hall"),
        ("Chair", "Lamp"),
        True,
    )
    assert truth.path == root / "truth.csv"
    assert truth.frames.name == "tour"
    assert truth.frames.names == ("0.jpg", "1.jpg", "2.jpg", "3.jpg")
    assert (truth.codes.dtype, truth.lines.dtype, truth.frames.indices.dtype) == (
        np.int32, np.int64, np.int64,
    )  # fmt: skip
    assert read_frames(root).names == truth.frames.names
    assert read_frames(root / "truth.csv").indices.tolist() == [10, 11, 12, 13]


def test_frames_without_a_room_are_known_as_such(tmp_path: Path) -> None:
    """A label file may leave frames out: they have no room, no objects and no line."""
    root = sequence(tmp_path, None)
    table = write(tmp_path, "index,room\n11,Hall\n13,Lab\n", "rooms.csv")
    truth = _of_sequence(open_sequence(root, label_file=table, unlabelled="keep"))
    assert truth.codes.tolist() == [-1, 0, -1, 1]
    assert truth.room_counts() == {"Hall": 1, "Lab": 1}
    assert (truth.objects, truth.seen.shape, truth.has_objects) == ((), (4, 0), False)
    assert truth.labels.rooms == {"Hall": 2, "Lab": 3}
    assert truth.lines[[0, 2]].tolist() == [0, 0]
    assert truth.seen.dtype == bool


def test_labels_have_their_first_line_where_there_is_one() -> None:
    """Line 1 is one; 0 stands for none."""
    frames = FrameSet("tour", np.arange(4))
    seen = np.array([[True, False], [True, True], [False, True], [False, False]])
    truth = TruthTable(
        frames, Path("t.csv"), ("Hall", "Lab"), np.array([0, 1, 0, 1], np.int32),
        ("Chair", "Lamp"), seen, True, np.array([3, 0, 1, 0]),
    )  # fmt: skip
    assert truth.labels.rooms == {"Hall": 1, "Lab": None}
    assert truth.labels.objects == {"Chair": 3, "Lamp": 1}
    assert (truth.labels.name, truth.labels.path) == ("tour", Path("t.csv"))


def test_some_frames_are_selected_in_the_order_asked_for() -> None:
    """Under other numbers; rooms that no longer occur are still counted, as 0."""
    rng = np.random.default_rng(0)
    seen = rng.random((4, 2)) < 0.5
    truth = TruthTable(
        FrameSet("tour", np.arange(4)), Path("t.csv"), ("Hall", "Lab"),
        np.array([0, 0, -1, 1], np.int32), ("Chair", "Lamp"), seen, True, np.arange(2, 6),
    )  # fmt: skip
    other = FrameSet("part", np.array([10, 11]))
    part = truth.select(np.array([2, 1]), other)
    assert part.frames is other
    assert (part.codes.tolist(), part.lines.tolist()) == ([-1, 0], [4, 3])
    assert (part.seen == seen[[2, 1]]).all()
    assert (part.path, part.rooms, part.objects) == (truth.path, truth.rooms, truth.objects)
    assert part.room_counts() == {"Hall": 1, "Lab": 0}


def test_names_are_known_of_all_frames_or_of_none(tmp_path: Path) -> None:
    whole = open_sequence(sequence(tmp_path, None))
    first = replace(whole.frames[0], name="")
    part = _frames_of(replace(whole, frames=(first, *whole.frames[1:])))
    assert part.names == ()
    assert part.indices.tolist() == [10, 11, 12, 13]


def test_a_sequence_whose_truth_is_withheld(tmp_path: Path) -> None:
    root = sequence(tmp_path, None)
    (fault,) = faults_of(root)
    assert (fault.path, fault.message, fault.remedy) == (
        root, "the sequence holds no truth", "give its truth.csv",
    )  # fmt: skip
    assert read_frames(root).indices.tolist() == [10, 11, 12, 13]


def test_a_named_reader_is_the_one_that_reads(tmp_path: Path) -> None:
    """A folder that two readers take is read by the one that is asked for."""
    root = sequence(tmp_path, "index,room\n" + "".join(f"{10 + i},Hall\n" for i in range(4)))
    assert read_truth(root, "native").room_counts() == {"Hall": 4}
    (fault,) = faults_of(root / "rgb", "folder")
    assert fault.message == "the sequence holds no truth"
    assert read_frames(root / "rgb", "folder").indices.tolist() == [0, 1, 2, 3]
    with pytest.raises(InputFaults):
        read_truth(root, "tum")
    with pytest.raises(InputFaults):
        read_truth(root / "truth.csv", "tum")
    with pytest.raises(InputFaults):
        read_frames(root, "tum")
    with pytest.raises(InputFaults):
        read_frames(root / "truth.csv", "tum")


def test_the_kits_test_frames_or_else_its_training(tmp_path: Path) -> None:
    rows = [("visual_2.png", 3, (0, 1)), ("visual_1.png", 2, (1, 0))]
    path = write_kit(tmp_path / "Configuration.mat", trainingInfo=rows)
    truth = read_truth(path)
    assert truth.frames.indices.tolist() == [0, 1]
    assert truth.frames.names == ("visual_1.png", "visual_2.png")
    assert (truth.path, truth.name) == (path, "Configuration")
    assert truth.room_counts() == {"HallEntrance": 1, "Toilet": 1}
    assert truth.seen.tolist() == [[True, False], [False, True]]
    assert (truth.objects, truth.has_objects) == (("Chair", "Trash"), True)
    assert truth.labels.rooms == {"HallEntrance": None, "Toilet": None}  # no lines in a .mat
    assert truth.labels.objects == {"Chair": None, "Trash": None}
    assert (truth.codes.dtype, truth.seen.dtype, truth.lines.dtype) == (np.int32, bool, np.int64)
    assert truth.lines.tolist() == [0, 0]
    both = write_kit(
        tmp_path / "Both.MAT", trainingInfo=rows, testInfo=[("visual_7.png", 1, (0, 0))]
    )
    assert read_truth(both).frames.names == ("visual_7.png",)
    assert read_truth(both).frames.indices.tolist() == [6]


def test_a_kit_is_refused_for_a_fault_in_any_part(tmp_path: Path) -> None:
    path = write_kit(
        tmp_path / "Configuration.mat",
        trainingInfo=[("visual_1.png", 9, (0, 0))],
        testInfo=[("visual_1.png", 1, (0, 0))],
    )
    (fault,) = faults_of(path)
    assert fault.message.startswith("trainingInfo, image 1")


def test_a_kit_without_frames(tmp_path: Path) -> None:
    path = write_kit(tmp_path / "Configuration.mat")
    faults = faults_of(path)
    assert faults
    assert {f.path for f in faults} == {path}


def test_a_kit_that_holds_neither_part_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_kit(tmp_path / "Configuration.mat")
    monkeypatch.setattr(truthfile, "read_kit", lambda *_: [])
    assert faults_of(path) == (Fault(path, "no frames in it"),)


def test_a_kit_may_know_no_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_kit(tmp_path / "Configuration.mat")
    part = KitPart(path, "testInfo", {f"visual_{i}.png": Truth("Toilet") for i in (1, 2)}, ())
    monkeypatch.setattr(truthfile, "read_kit", lambda *_: [part])
    truth = read_truth(path)
    assert (truth.seen.shape, truth.seen.dtype, truth.has_objects) == ((2, 0), bool, False)
