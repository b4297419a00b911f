"""Labels on disk: whatever cuts the file short, the state is that of its last whole line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from robotvision.data import open_sequence
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.labelling.sidecar import LabelHeader, Sidecar, frames_digest, read_labels
from robotvision.labelling.state import (
    AddRoom,
    AnyEdit,
    LabelRooms,
    LabelStart,
    LabelState,
    MarkCut,
    MarkObject,
    RoomSpan,
    Undo,
)
from robotvision.systems.signs import file_sign
from tests.fixtures.labels import snapshot

HEADER = LabelHeader(sequence="tour", digest="0", by="anna", start=LabelStart(9))
EDITS: tuple[AnyEdit, ...] = (
    AddRoom("Küche"),
    LabelRooms((RoomSpan(0, 4, "Küche"), RoomSpan(6, 7, 'the "other" room, left'))),
    MarkCut(4),
    Undo(),
    MarkObject(1, 3, "Chair"),
    LabelRooms((RoomSpan(2, 3, None),), "accepted"),
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "labels.jsonl"
    with Sidecar(path, HEADER) as sidecar:
        for edit in EDITS:
            sidecar.apply(edit)
    return path


def test_it_goes_on_where_it_stopped(written: Path) -> None:
    kept = read_labels(written)
    assert kept is not None
    assert snapshot(kept.state()) == snapshot(LabelState(HEADER.start, EDITS))
    assert all(edit.at for edit in kept.edits)
    with Sidecar(written, HEADER) as sidecar:
        sidecar.apply(MarkCut(5))
        assert sidecar.state.cuts == {5}
    with Sidecar(written, msgspec.structs.replace(HEADER, by="ben")) as sidecar:
        sidecar.apply(MarkCut(6))
    again = read_labels(written)
    assert again is not None
    assert [edit.by for edit in again.edits] == [""] * (len(EDITS) + 1) + ["ben"]
    assert again.header.by == "anna"


def test_programs_in_a_sandbox_do_not_see_it(written: Path) -> None:
    """Its first line tells what it is, whatever its name."""
    assert file_sign(str(written)) == "a run log or labels"


def test_cut_at_every_byte_it_is_the_last_whole_state(written: Path) -> None:
    """Reading, and going on with another edit, whatever the file was torn to."""
    raw = written.read_bytes()
    ends = [k + 1 for k, byte in enumerate(raw) if byte == ord("\n")]
    for n in range(len(raw) + 1):
        written.write_bytes(raw[:n])
        n_lines = sum(end <= n for end in ends)
        kept = read_labels(written)
        if n_lines == 0:
            assert kept is None
            continue
        assert kept is not None
        expected = LabelState(HEADER.start, EDITS[: n_lines - 1])
        assert snapshot(kept.state()) == snapshot(expected)
        if n % 7 == 0:
            with Sidecar(written, HEADER) as sidecar:
                sidecar.apply(AddRoom("Attic"))
            expected.apply(AddRoom("Attic"))
            after = read_labels(written)
            assert after is not None
            assert snapshot(after.state()) == snapshot(expected)


def test_one_process_writes(written: Path) -> None:
    with Sidecar(written, HEADER), pytest.raises(RobotVisionError, match="by another process"):
        Sidecar(written, HEADER)
    with Sidecar(written, HEADER):
        pass  # its lock went with it


def test_a_full_disk_changes_nothing(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that cannot be kept is not made: neither on the disk nor in the state."""
    raw = written.read_bytes()
    with Sidecar(written, HEADER) as sidecar:
        before = snapshot(sidecar.state)

        def full(fd: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(RobotVisionError, match="No space left on device"):
            sidecar.apply(AddRoom("Attic"))
        assert snapshot(sidecar.state) == before
    assert written.read_bytes() == raw


def test_labels_of_other_frames_are_refused(written: Path) -> None:
    other = msgspec.structs.replace(HEADER, digest="1")
    with pytest.raises(RobotVisionError, match="labels of other frames than those of tour"):
        Sidecar(written, other)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"junk\n", "labels.jsonl:8: not a line of labels"),
        (b'{"do": "dance"}\n', "labels.jsonl:8: not a line of labels"),
        (b'{"do": "cut", "position": 99}\n', "expected a frame from 1 to 8, got 99"),
    ],
)
def test_a_whole_line_of_nonsense_is_named(written: Path, line: bytes, message: str) -> None:
    written.write_bytes(written.read_bytes() + line)
    with pytest.raises(InputFaults, match=message):
        read_labels(written)


def test_frames_are_the_same_with_other_truth_and_segments(
    tour: Callable[..., Path], tmp_path: Path
) -> None:
    """What labelling writes does not make the frames others; another frame does."""
    path = tour(tmp_path / "tour")
    before = frames_digest(open_sequence(path))
    (path / "truth.csv").unlink()
    table = path / "frames.csv"
    rows = table.read_text().splitlines()
    table.write_text("\n".join([*rows[:-1], rows[-1].replace(",0,rgb", ",7,rgb")]) + "\n")
    assert open_sequence(path).frames[-1].segment == 7
    assert frames_digest(open_sequence(path)) == before
    table.write_text("\n".join(rows[:-1]) + "\n")
    assert frames_digest(open_sequence(path)) != before
