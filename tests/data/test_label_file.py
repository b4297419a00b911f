"""Rooms from a table beside a recording, for every layout; a fault is one line with its place."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.cli import main
from robotvision.data import open_sequence, read_sequence
from robotvision.data.images import encode_jpeg
from robotvision.data.label_file import LabelSpan, Moment, read_spans, spans_of
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageFile
from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.records import Truth

Make = Callable[..., Path]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return what calls the command line, in this process: exit code, output and errors."""

    def call(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as e:
            main([str(w) for w in words])
        captured = capsys.readouterr()
        return int(e.value.code or 0), captured.out, captured.err

    return call


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def faults_of(path: Path) -> list[str]:
    faults: list[Fault] = []
    read_spans(path, faults)
    return [str(f).removeprefix(f"{path}:") for f in faults]


def test_every_layout_takes_a_table(layouts: Make, each_layout: str, tmp_path: Path) -> None:
    """The first frame is of one room, those from the second on of another; lines are known."""
    path = layouts(each_layout)
    frames = open_sequence(path).frames
    second = frames[1].index
    table(
        tmp_path / "rooms.csv",
        "start_frame,end_frame,room,objects",
        f"{second},{frames[-1].index + 1},Office,Chair; Desk",
        f"{frames[0].index},{second},Kitchen,",
    )
    sequence = open_sequence(path, label_file="rooms.csv")
    rooms = [sequence.room(i) for i in range(len(sequence))]
    assert rooms == ["Kitchen"] + ["Office"] * (len(frames) - 1)
    assert sequence.truth is not None
    assert sequence.truth[second].objects == {"Chair", "Desk"}
    assert sequence.truth_lines[second] == 2
    assert [f.timestamp_ns for f in sequence.frames] == [f.timestamp_ns for f in frames]


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("start_s,end_s,room", ["0,2,Kitchen", "2,6,Office"]),
        ("room,start_s,end_s", ["Kitchen,0,2.0", "Office,2.0,99"]),
        ("start_time,end_time,room", ["0:00,0:02,Kitchen", "0:02.0,1:02:03,Office"]),
        ("start_frame,end_frame,room", ["0,20,Kitchen", "20,60,Office"]),
        ("index,room", [f"{i},{'Kitchen' if i < 20 else 'Office'}" for i in range(60)]),
    ],
)
def test_each_form_says_the_same(
    layouts: Make, tmp_path: Path, header: str, rows: list[str]
) -> None:
    """Spans are half-open: the frame at 2 s, the 20th, belongs to the second room."""
    path = layouts("video")
    table(tmp_path / "rooms.csv", header, *rows)
    sequence = open_sequence(path, label_file="rooms.csv")
    assert sequence.room_counts() == {"Kitchen": 20, "Office": 40}
    assert (sequence.room(19), sequence.room(20)) == ("Kitchen", "Office")


def test_dates_count_on_the_images_clock(layouts: Make, tmp_path: Path) -> None:
    """TUM's frames are of 2011-05-10: UTC unless the table says otherwise."""
    path = layouts("tum")
    first = "2011-05-10T12:38:22.1,2011-05-10T12:38:22.25Z,Desk"
    rest = "2011-05-10 14:38:22.25+02:00,2011-05-10T12:39:00,Floor"
    table(tmp_path / "rooms.csv", "start_time,end_time,room", first, rest)
    sequence = open_sequence(path, label_file="rooms.csv")
    assert sequence.room_counts() == {"Desk": 2, "Floor": 2}


def test_each_fault_is_one_line(tmp_path: Path) -> None:
    seconds = table(
        tmp_path / "s.csv",
        "start_s,end_s,room",
        "0,x,Hall",
        "2,1,Hall",
        "3,4,",
        "5,8,Hall",
        "7,9,Office",
        "9,10,hall",
        "1700000000,1700000009,Hall",
    )
    assert faults_of(seconds) == [
        "2: expected seconds of at least 0, got 'x'",
        "3: the span ends at 1, not after its start at 2; swap them, or mend one",
        "4: the room is empty",
        "8: times since the recording began and times since 1970 in one table; use one of them "
        "throughout",
        "6: the span overlaps the one in line 5 (Hall); end one where the other begins",
        "7: the room 'hall' is spelt 'Hall' elsewhere",
    ]
    clock = table(tmp_path / "c.csv", "start_time,end_time,room", "10:61,10:02,A", "10,20,B")
    assert [f.partition(", got ")[2] for f in faults_of(clock)] == ["'10:61'", "'10'"]
    frames = table(tmp_path / "f.csv", "start_frame,end_frame,room", "0,1.5,A", "-1,2,B")
    assert [f.partition(", got ")[2] for f in faults_of(frames)] == ["'1.5'", "'-1'"]


def test_files_that_say_nothing(tmp_path: Path) -> None:
    empty = table(tmp_path / "e.csv", "")
    assert faults_of(empty) == [" the file is empty"]
    bare = table(tmp_path / "b.csv", "start_s,end_s,room")
    assert faults_of(bare) == [" no spans in it; expected start_s,end_s,room"]
    other = table(tmp_path / "o.csv", "from,to,place", "0,1,Hall")
    (fault,) = faults_of(other)
    assert fault.startswith(
        "1: expected a header with the columns of one form (start_s,end_s,room;"
    )
    assert fault.endswith("got 'from,to,place'")
    assert "cannot be read" in faults_of(tmp_path / "nowhere.csv")[0]


def test_frames_without_a_room_are_counted(layouts: Make, tmp_path: Path) -> None:
    """Refused in one line at the span before the gap, kept and told, or left out."""
    path = layouts("video")
    rooms = table(tmp_path / "r.csv", "start_s,end_s,room", "0,2,Kitchen", "4,6,Office")
    with pytest.raises(InputFaults) as e:
        open_sequence(path, label_file="r.csv")
    assert e.value.lines() == [
        f"{rooms}:2: covers 40 of 60 frames: the first without a room is frame 20, 2.000 s after "
        "the start of 5.900 s; add spans, or set unlabelled to 'keep' (frames without a room) or "
        "'drop'"
    ]
    kept = read_sequence(path, label_file="r.csv", unlabelled="keep")
    assert kept.sequence is not None
    assert kept.sequence.room(30) is None
    assert "covers 40 of 60 frames" in kept.warnings[0]
    dropped = open_sequence(path, label_file="r.csv", unlabelled="drop")
    assert [f.index for f in dropped.frames] == [*range(20), *range(40, 60)]
    assert [f.segment for f in dropped.frames] == [0] * 20 + [1] * 20
    with pytest.raises(RobotVisionError, match="unlabelled: expected one of refuse, keep, drop"):
        open_sequence(path, label_file="r.csv", unlabelled="skip")


def test_a_table_of_another_recording_is_told(layouts: Make, tmp_path: Path) -> None:
    path = layouts("video")
    table(tmp_path / "r.csv", "start_s,end_s,room", "60,70,Kitchen")
    with pytest.raises(InputFaults, match=r"r.csv:2: covers none of 60 frames, which go from 0"):
        open_sequence(path, label_file="r.csv", unlabelled="keep")


def test_own_truth_gives_way(layouts: Make, tmp_path: Path) -> None:
    path = layouts("native")
    table(tmp_path / "r.csv", "start_frame,end_frame,room", "0,9,Attic")
    reading = read_sequence(path, label_file="r.csv")
    assert reading.sequence is not None
    assert reading.sequence.room_counts() == {"Attic": 5}
    assert "its own truth is not used" in reading.warnings[0]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.data())
def test_half_open_spans_by_hand(lengths: list[int], data: st.DataObject) -> None:
    """The span of a frame is the one with start <= frame < end, found by looking at each."""
    spans, at = [], 0
    for n, length in enumerate(lengths):
        start = at + data.draw(st.integers(0, 2))
        at = start + length
        spans.append(LabelSpan(Moment("index", start), Moment("index", at), Truth(str(n)), n + 2))
    frames = tuple(FrameEntry(i, i, {}) for i in range(at + 3))
    expected = {f.index: s for f in frames for s in spans if s.start.at <= f.index < s.end.at}
    assert spans_of(frames, spans) == expected


def test_commands_take_it(layouts: Make, tmp_path: Path, command: Call) -> None:
    """A label file serves info, verify and convert of a video; a strange room is refused."""
    path = layouts("video")
    rooms = table(tmp_path / "r.csv", "start_s,end_s,room", "0,2,Kitchen", "2,5,Corridor")
    code, out, err = command("data", "convert", path, tmp_path / "a", "--label-file", rooms)
    assert code == 2
    assert err.startswith(f"{rooms}:3: covers 50 of 60 frames")
    arguments = ("--label-file", rooms, "--unlabelled", "keep")
    code, out, err = command("data", "convert", path, tmp_path / "a", *arguments)
    assert (code, err.count("covers 50 of 60 frames")) == (0, 1)
    code, out, _ = command("data", "info", tmp_path / "a", "--json")
    assert json.loads(out)["rooms"] == {"Corridor": 30, "Kitchen": 20}
    code, _, err = command("data", "verify", path, *arguments, "--task", "imageclef2012")
    assert code == 2
    assert f"{rooms}:2: the room 'Kitchen' is not one of the task imageclef2012" in err
    code, _, err = command(
        "data", "convert", path, tmp_path / "b", *arguments, "--task", "imageclef2012"
    )
    assert (code, (tmp_path / "b").exists()) == (2, False)
    assert f"{rooms}:2: the room 'Kitchen' is not one of the task imageclef2012" in err


def test_other_sizes_are_said_by_all(tmp_path: Path, command: Call) -> None:
    """What verify faults, convert says in the same words, and writes what was there."""
    for i, size in enumerate(((8, 12), (8, 12), (12, 8))):
        file = tmp_path / "tour" / f"{i}.jpg"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(encode_jpeg(np.full((*size, 3), 90, np.uint8)))
    line = f"{file}: expected 12x8 pixels as in 0.jpg, got 8x12"
    code, _, err = command("data", "verify", tmp_path / "tour")
    assert (code, err.splitlines()[0]) == (2, line)
    code, out, err = command("data", "convert", tmp_path / "tour", tmp_path / "native")
    assert (code, err.splitlines()) == (1, [line])
    assert out.endswith("3 frames from the layout folder, 1 fault\n")
    assert len(open_sequence(tmp_path / "native")) == 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("end", ["<", ">"])
def test_a_turned_photograph_has_the_size_it_is_decoded_to(
    tmp_path: Path, orientation: int, end: str
) -> None:
    """A phone's photographs lie on their side; the size by the header is that of the pixels."""
    plain = encode_jpeg(np.full((8, 12, 3), 90, np.uint8))
    mark = b"II*\0" if end == "<" else b"MM\0*"
    entry = struct.pack(f"{end}IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + mark + entry
    raw = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    (tmp_path / "0.jpg").write_bytes(raw)
    image = ImageFile(tmp_path / "0.jpg", ChannelKind.COLOR)
    height, width = image.read().shape[:2]
    assert image.claimed_size() == (width, height)
    assert (width < height) == (orientation >= 5)
