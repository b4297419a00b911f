"""The native layout: every fault of its tables at once, with file and line."""

from __future__ import annotations

import contextlib
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from robotvision.data import open_sequence, read_sequence
from robotvision.data.images import claimed_size, encode_jpeg, encode_png
from robotvision.data.native import SequenceWriter
from robotvision.data.sequence import ChannelKind, require_channels
from robotvision.data.verify import verify
from robotvision.errors import FrameError, InputFaults, RobotVisionError
from tests.fixtures.examples import examples

Make = Callable[..., Path]

TABLES = {
    "native": ("frames.csv", "truth.csv", "sequence.yaml"),
    "imageclef2012": ("locations/rgb.txt",),
    "cold": ("localization/places.lst",),
    "tum": ("rgb.txt", "depth.txt", "groundtruth.txt"),
    "vidrilo": ("ConfigurationVidriloPrecomputedFeatures.mat",),
}
"""The text (and other) tables of each layout that has any."""

EACH = [(layout, table) for layout, tables in TABLES.items() for table in tables]
TEXT = [e for e in EACH if e[0] != "vidrilo"]


def faults_of(path: Path) -> list[str]:
    return [str(f).removeprefix(f"{path}/") for f in read_sequence(path).faults]


def test_reads_what_was_written(layouts: Make) -> None:
    sequence = open_sequence(layouts("native"))
    assert sequence.name == "tiny"
    assert sequence.note == "made"
    assert sequence.channels == {"rgb": ChannelKind.COLOR, "depth": ChannelKind.DEPTH_MM}
    assert [f.index for f in sequence.frames] == [0, 1, 2, 5, 6]
    assert [f.segment for f in sequence.frames] == [0, 0, 0, 1, 1]
    assert sequence.frames[3].pose == (1.5, -1.0, 0.25)
    assert sequence.truth is not None
    assert sequence.truth[6].objects == {"Chair", "Fridge"}
    assert sequence.room_counts() == {"Corridor": 2, "Kitchen": 3}
    assert set(sequence.load(1).images) == {"rgb"}
    assert sequence.load(4)["depth"][0].tolist() == [0] + [5000] * 11


def test_every_fault_of_the_tables(layouts: Make) -> None:
    path = layouts("native")
    (path / "frames.csv").write_text(
        "index,timestamp_ns,segment,rgb,depth,x_m,y_m,theta_rad\n"
        "0,100,0,rgb/000000.jpg,,,,\n"
        "1,50,0,rgb/000001.jpg,,1,2,x\n"
        "1,200,0,rgb/000002.jpg,,,,\n"
        "3,300\n"
        "4,-1,zero,../up.jpg,,,,\n"
        "2,400,0,rgb/000002.jpg,/etc/passwd,1,2,nan\n"
    )
    (path / "truth.csv").write_text("index,room\n0,Kitchen\n0,Kitchen\nx,Kitchen\n1,\n9,Hall\n")
    assert faults_of(path) == [
        "frames.csv:3: expected a pose of three numbers, got '1,2,x'",
        "frames.csv:3: time goes back: 50 ns after 100 ns; order frames by time",
        "frames.csv:4: the index 1 is there twice (first in line 3); number each frame once",
        "frames.csv:5: expected 8 cells, got 2",
        "frames.csv:6: timestamp_ns: expected a whole number of at least 0, got '-1'",
        "frames.csv:6: segment: expected a whole number of at least 0, got 'zero'",
        "frames.csv:6: rgb: expected a path inside the sequence, got '../up.jpg'",
        "frames.csv:7: depth: expected a path inside the sequence, got '/etc/passwd'",
        "frames.csv:7: expected a pose of finite numbers, got '1,2,nan'",
        "truth.csv:3: the index 0 is there twice (first in line 2); keep one",
        "truth.csv:4: index: expected a whole number of at least 0, got 'x'",
        "truth.csv:5: frame 1: the room is empty",
        "truth.csv:6: truth for the frame 9, which is not in frames.csv",
    ]


@pytest.mark.parametrize(
    "cell", ["../up.jpg", "/etc/passwd", "a/../../b.jpg", "..", "rgb/../../tiny/a.jpg", "a\tb.jpg"]
)
def test_path_outside_is_refused(layouts: Make, cell: str) -> None:
    """No image outside the sequence is read."""
    path = layouts("native")
    table = (path / "frames.csv").read_text().replace("rgb/000000.jpg", cell)
    (path / "frames.csv").write_text(table)
    assert faults_of(path) == [
        f"frames.csv:2: rgb: expected a path inside the sequence, got {cell!r}"
    ]


@pytest.mark.parametrize("name", ["../x", "a/b", "index", "x_m", "", "."])
def test_channel_that_leads_elsewhere_is_refused(layouts: Make, name: str) -> None:
    """A channel also names a folder and a column, so it must not be a path or a column's name."""
    path = layouts("native")
    (path / "sequence.yaml").write_text(f'name: x\nchannels:\n  "{name}": {{kind: color}}\n')
    found = faults_of(path)
    assert len(found) == 1
    assert found[0].startswith("sequence.yaml:3:")
    assert "a channel's name is letters, digits, _ and -" in found[0]


@pytest.mark.parametrize(
    ("table", "first", "message"),
    [
        ("frames.csv", "", "frames.csv: the file is empty; expected index,timestamp_ns"),
        ("frames.csv", "index,room", "frames.csv:1: expected the columns index,timestamp_ns,"),
        (
            "frames.csv",
            "index,index,timestamp_ns,segment,rgb,depth",
            "frames.csv:1: the column index is there twice; keep one",
        ),
        (
            "frames.csv",
            'index,timestamp_ns,segment,rgb,depth\n0,0,0,"rgb',
            "frames.csv:2: not a CSV file (unexpected end of data)",
        ),
        ("frames.csv", "index,timestamp_ns,segment,rgb,depth", "frames.csv: no frames in it"),
        ("truth.csv", "index,label", "truth.csv:1: expected the columns index,room, missing room"),
    ],
)
def test_broken_table(layouts: Make, table: str, first: str, message: str) -> None:
    path = layouts("native")
    (path / table).write_text(first)
    assert faults_of(path)[0].startswith(message)


@pytest.mark.parametrize(("layout", "table"), TEXT)
def test_byte_order_mark_and_crlf(layouts: Make, layout: str, table: str) -> None:
    """A table saved by another editor is the same table."""
    path = layouts(layout)
    before = open_sequence(path)
    raw = (path / table).read_bytes()
    (path / table).write_bytes(b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"))
    after = open_sequence(path)
    assert [(f.index, f.timestamp_ns, f.pose) for f in after.frames] == [
        (f.index, f.timestamp_ns, f.pose) for f in before.frames
    ]
    assert after.truth == before.truth


@pytest.mark.parametrize(("layout", "table"), EACH)
def test_empty_table(layouts: Make, layout: str, table: str) -> None:
    path = layouts(layout)
    (path / table).write_bytes(b"")
    found = faults_of(path)
    assert found
    assert found[0].startswith(table)


@pytest.mark.parametrize(("layout", "table"), EACH)
def test_folder_in_place_of_a_table(layouts: Make, layout: str, table: str) -> None:
    """A folder where a file is expected is one clear line."""
    path = layouts(layout)
    (path / table).unlink()
    (path / table).mkdir()
    found = faults_of(path)
    assert len(found) == 1
    assert found[0].startswith(f"{table}: ")
    assert "directory" in found[0]


@pytest.mark.parametrize(("layout", "table"), [e for e in TEXT if e[1] != "sequence.yaml"])
@pytest.mark.parametrize(
    ("put", "message"),
    [
        (b"caf\xe9", "not UTF-8 text (byte 0xe9); save it as UTF-8"),
        (b"a\0b", "not a text file (a NUL byte)"),
    ],
)
def test_not_text(layouts: Make, layout: str, table: str, put: bytes, message: str) -> None:
    """Latin-1 and NUL bytes are one line that names the line."""
    path = layouts(layout)
    lines = (path / table).read_bytes().splitlines(keepends=True)
    (path / table).write_bytes(b"".join([*lines[:1], put + lines[1], *lines[2:]]))
    assert f"{table}:2: {message}" in faults_of(path)


@pytest.mark.parametrize(("layout", "table"), TEXT)
@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_table(layouts: Make, layout: str, table: str, data: st.DataObject) -> None:
    """Whatever becomes of a table, it is read or refused: never another exception."""
    read_mutated(layouts, layout, table, data)


@pytest.mark.parametrize(("layout", "table"), [e for e in EACH if e not in TEXT])
@examples(10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_binary(layouts: Make, layout: str, table: str, data: st.DataObject) -> None:
    """So is a file that a process of its own reads, which takes longer."""
    read_mutated(layouts, layout, table, data)


def read_mutated(layouts: Make, layout: str, table: str, data: st.DataObject) -> None:
    path = layouts.root / layout  # type: ignore[attr-defined]
    if not path.exists():
        layouts(layout)
        (path / "kept").write_bytes((path / table).read_bytes())
    raw = (path / "kept").read_bytes()
    at = data.draw(st.integers(0, len(raw)))
    cut = data.draw(st.integers(0, 20))
    put = data.draw(
        st.binary(max_size=6)
        | st.sampled_from([b"-1", b"1e999", b'"', b"9" * 5000, b"\n", b",", b" ", b"nan", b":"])
    )
    (path / table).write_bytes(raw[:at] + put + raw[at + cut :])
    try:
        reading = read_sequence(path)
    except InputFaults:
        return
    for fault in verify(reading):
        assert "\n" not in str(fault)
    if reading.sequence is not None:
        for position in range(len(reading.sequence)):
            with contextlib.suppress(FrameError):
                reading.sequence.load(position)


def test_a_reader_that_crashes_is_told(layouts: Make, tmp_path: Path, monkeypatch: Any) -> None:
    """A file on which SciPy ends its process is refused, and ours goes on."""
    path = layouts("vidrilo")
    crashing = tmp_path / "python"
    crashing.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crashing.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(crashing))
    (fault,) = [f for f in faults_of(path) if ".mat" in f]
    assert "not a MATLAB file that can be read (SciPy's reader was ended by SIGSEGV)" in fault


@pytest.mark.parametrize("image", [np.zeros((7, 300, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)])
def test_claimed_size(image: np.ndarray) -> None:
    """The size in the header of a PNG or JPEG is the image's."""
    size = (image.shape[1], image.shape[0])
    assert claimed_size(encode_png(image)) == size
    assert claimed_size(encode_jpeg(image)) == size
    assert claimed_size(b"BM") is None


def test_image_that_claims_too_much(layouts: Make) -> None:
    """A header that claims more pixels than any camera has is refused before it is decoded."""
    path = layouts("folder")
    raw = bytearray((path / "img_1.png").read_bytes())
    raw[16:24] = struct.pack(">II", 30_000, 30_000)
    (path / "img_1.png").write_bytes(raw)
    assert [f.message for f in verify(path)] == [
        "expected at most 67108864 pixels, the image claims 30000x30000"
    ]


def test_points_are_written_and_read(tmp_path: Path) -> None:
    """A channel of points is a cloud file, whether given as an array or as a file's bytes."""
    points = np.array([[1, 2, 3], [4, 5, 6.5]], np.float32)
    with SequenceWriter(tmp_path, "p", {"points": "points"}) as w:
        w.add(0, {"points": points})
    sequence = open_sequence(tmp_path)
    assert (sequence.load(0)["points"] == points).all()
    assert (tmp_path / "points" / "000000.pcd").is_file()


def test_refuses_to_write_over_a_sequence(layouts: Make) -> None:
    path = layouts("native")
    with pytest.raises(RobotVisionError, match="holds a sequence already"):
        SequenceWriter(path, "again", {"rgb": "color"})


def test_wanted_channel_is_missing(layouts: Make) -> None:
    sequence = open_sequence(layouts("native"))
    require_channels(sequence, ("rgb", "depth"), "CRFH")
    with pytest.raises(RobotVisionError, match=r"CRFH reads the channel 'left', which the .* not "):
        require_channels(sequence, ("left",), "CRFH")
