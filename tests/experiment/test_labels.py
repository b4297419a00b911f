"""Labels in training and test truth: misspelt ones are refused, frames without one are counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import robotvision as rv
from robotvision.config.checks import load_config
from robotvision.data.images import encode_jpeg
from robotvision.data.native import SequenceWriter
from robotvision.data.verify import verify
from robotvision.errors import InputFaults
from robotvision.experiment.prepare import prepare
from robotvision.experiment.run import run as execute
from robotvision.report.columns import load_runs
from robotvision.report.html.images import collect
from robotvision.report.summary import report
from robotvision.runs.folder import new_folder

Config = Callable[..., Path]


def respell(table: Path, old: str, new: str, line: int) -> None:
    """Write another room into one line of a truth table."""
    lines = table.read_text().splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    table.write_text("\n".join(lines) + "\n")


def room_at(table: Path, line: int) -> str:
    return table.read_text().splitlines()[line - 1].split(",")[1]


@pytest.mark.parametrize("folder", ["train", "test"])
@pytest.mark.parametrize("misspell", [str.lower, str.upper, "{0[0]} {0}".format])
def test_a_misspelt_room_is_refused_at_its_line(
    config: Config, data_root: Path, folder: str, misspell: Callable[[str], str]
) -> None:
    """In training beside the right spelling, and in the test of a task with training's rooms."""
    table = data_root / folder / "truth.csv"
    room = room_at(table, 5)
    wrong = misspell(room) if misspell in (str.lower, str.upper) else f"{room[0]}-{room[1:]}"
    respell(table, room, wrong, 5)
    with pytest.raises(InputFaults) as caught:
        prepare(load_config(config()))
    (fault,) = caught.value.faults
    assert (fault.path, fault.line) == (table, 5)
    assert f"{wrong!r} is not one of the task rooms; did you mean {room!r}?" in fault.message


def test_two_training_sequences_spell_a_room_alike(
    config: Config, data_root: Path, tour: Callable[..., Path]
) -> None:
    """The spelling of most frames is the room's; the other sequence is refused."""
    table = tour(data_root / "more", rooms=("Kitchen", "Office"), seed=5) / "truth.csv"
    table.write_text(table.read_text().replace("Kitchen", "kitchen"))
    with pytest.raises(InputFaults, match=r"did you mean 'Kitchen'\?") as caught:
        prepare(load_config(config(train="[train, more, {path: train, frames: [0, 9]}]")))
    assert {f.path for f in caught.value.faults} == {table}
    with pytest.raises(InputFaults, match="did you mean"):
        rv.Recogniser(["hsv_histogram"], "knn").fit([data_root / "train", data_root / "more"])


def test_training_frames_without_a_room_are_counted(
    config: Config, data_root: Path, tmp_path: Path
) -> None:
    table = data_root / "train" / "truth.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-3]) + "\n")
    done = execute(load_config(config()), new_folder("x", tmp_path / "out"))
    warnings = [w for w in report(done)["warnings"] if w["code"] == "training-frames-without-room"]
    (warning,) = warnings
    name = rv.open_sequence(data_root / "train").name
    assert warning["message"] == f"3 training frames without a room left out: {name} 3"
    assert warning["frames"] == {name: 3}


def test_a_run_says_what_verify_faults(config: Config, data_root: Path, tmp_path: Path) -> None:
    """Test frames without a room and images of several sizes are in the report's warnings."""
    table = data_root / "test" / "truth.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-3]) + "\n")
    sequence = rv.open_sequence(data_root / "test")
    path = Path(sequence.frames[2].sources["rgb"].where)
    path.write_bytes(encode_jpeg(np.zeros((11, 17, 3), np.uint8)))
    (data_root / "test" / "sequence.yaml").write_text(
        "name: night\nchannels: {rgb: {kind: color}}\n"
    )
    size = next(f for f in verify(data_root / "test") if "17x11" in f.message)
    notices = {n.code: n for n in prepare(load_config(config())).notices}
    text = f"night: 1 image is of another size than the others: {size}"
    assert notices["images-of-several-sizes"].message == text
    gap = notices["test-frames-without-room"].message
    assert f"covers {len(sequence) - 3} of {len(sequence)} frames" in gap


def test_a_page_reads_a_labelled_recording_again(
    config: Config, data_root: Path, tmp_path: Path
) -> None:
    """A run on a table's rooms has its images on its page, and no word of changed tables."""
    table = data_root / "test" / "truth.csv"
    table.rename(data_root / "rooms.csv")
    spec = "[{path: test, params: {label_file: rooms.csv}}]"
    done = execute(load_config(config(test=spec)), new_folder("x", tmp_path / "out"))
    assert done.record.sequences[0].about["params"] == {"label_file": "rooms.csv"}
    album = collect(load_runs([tmp_path / "out"])[0])
    assert (len(album.images), album.notes) == (18, [])


def test_aliases_in_training_and_test_are_one_room(
    config: Config, data_root: Path, tmp_path: Path
) -> None:
    """Points are those of the same truth in the task's spelling, and one notice tells of it."""
    task = "{id: own, rooms: [Hall, Kitchen, Office], aliases: {rooms: {Bureau: Office}}}"
    (data_root / "own.yaml").write_text(task)
    plain = execute(load_config(config(task="own.yaml")), new_folder("x", tmp_path / "plain"))
    for folder in ("train", "test"):
        table = data_root / folder / "truth.csv"
        table.write_text(table.read_text().replace("Office", "Bureau", 4))
    done = execute(load_config(config(task="own.yaml")), new_folder("x", tmp_path / "out"))
    first, second = report(plain), report(done)
    assert (first["points"], first["rooms"]) == (second["points"], second["rooms"])
    codes = [w["code"] for w in second["warnings"]]
    assert codes.count("label-aliases") == 1


@pytest.mark.parametrize(
    ("temporal", "mode", "is_told"),
    [("majority", "optional", True), ("", "optional", True), ("", "obligatory", False)],
)
def test_a_filter_over_frames_in_no_order_is_told(
    config: Config, data_root: Path, temporal: str, mode: str, is_told: bool
) -> None:
    with (data_root / "test" / "frames.csv").open() as f:
        head, *rows = f.read().splitlines()
    apart = [",".join([*r.split(",")[:2], str(k), *r.split(",")[3:]]) for k, r in enumerate(rows)]
    path = config(temporal=temporal, mode=mode)
    in_order = prepare(load_config(path)).notices
    (data_root / "test" / "frames.csv").write_text("\n".join([head, *apart]) + "\n")
    shuffled = prepare(load_config(path)).notices
    assert [n.code for n in in_order] == []
    assert [n.code for n in shuffled] == ["frames-unordered"] * is_told


def test_shuffled_frames_are_told_by_their_rooms(tmp_path: Path) -> None:
    """Where nothing marks the order, rooms that change at every step give it away."""
    from robotvision.data.verify import is_unordered

    for name, rooms in (("walk", "A" * 10 + "B" * 10 + "C" * 10), ("deck", "ABC" * 10)):
        with SequenceWriter(tmp_path / name, name, {"rgb": "color"}) as writer:
            for i, room in enumerate(rooms):
                writer.add(i, {"rgb": b"\x89PNG"}, room=room)
    assert not is_unordered(rv.open_sequence(tmp_path / "walk"))
    assert is_unordered(rv.open_sequence(tmp_path / "deck"))
