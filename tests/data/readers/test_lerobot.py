"""LeRobot data sets: each frame is the one its row means, at shard borders too; and back again."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robotvision.cli import main
from robotvision.data import ImageSequence, detect, lerobot, open_sequence, parquet, read_sequence
from robotvision.data.lerobot_write import write_lerobot
from robotvision.data.verify import verify
from robotvision.errors import MissingExtraError, RobotVisionError
from tests.fixtures.lerobot import FRONT, KITCHEN, LENGTHS, OFFICE, SIDE, front, write_lerobot_set

STARTS = np.cumsum((0, *LENGTHS)).tolist()


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lerobot_set(tmp_path_factory.mktemp("lerobot") / "tour")


def faults_of(path: Path, **params: Any) -> list[str]:
    return [str(f).removeprefix(f"{path}/") for f in read_sequence(path, **params).faults]


def set_info(path: Path, **values: Any) -> None:
    table = path / "meta" / "info.json"
    table.write_text(json.dumps(json.loads(table.read_text()) | values))


@pytest.mark.parametrize("camera", [FRONT, SIDE])
def test_every_frame_is_its_row_s(data_set: Path, camera: str) -> None:
    """In order and at random, before, at and after the borders of every shard."""
    sequence = open_sequence(data_set, rgb=camera)
    assert detect(data_set) == "lerobot"
    assert [f.index for f in sequence.frames] == list(range(sum(LENGTHS)))
    expected = [front(e, k) for e, n in enumerate(LENGTHS) for k in range(n)]
    borders = [i for s in STARTS[1:-1] for i in (s, s - 1, s + 1)]
    for i in (*range(sum(LENGTHS)), *borders, 44, 0, 30, 3):
        want = expected[i] if camera == FRONT else 255 - expected[i]
        off = np.abs(sequence.load(i)["rgb"].astype(int) - want)[12:]
        assert off.mean() <= (1.4 if camera == FRONT else 0), i


def test_episodes_are_segments_on_one_clock(data_set: Path) -> None:
    sequence = open_sequence(data_set)
    assert list(sequence.segments()) == list(pairwise(STARTS))
    assert [f.timestamp_ns for f in sequence.frames] == [i * 10**8 for i in range(45)]
    assert sequence.frames[16].pose == (2, 1, np.float32(0.1))
    assert sequence.truth is None
    assert verify(read_sequence(data_set)) == []
    assert read_sequence(data_set).warnings == [
        f"rgb is read from {FRONT}; also there: {SIDE} (name one with rgb, left or right)"
    ]


def test_some_episodes_with_their_tasks_as_rooms(data_set: Path) -> None:
    sequence = open_sequence(data_set, episodes=[1, 4], label="task", rgb=SIDE, left=FRONT)
    assert sequence.room_counts() == {KITCHEN: 11, OFFICE: 8}
    assert [f.index for f in sequence.frames] == [*range(7, 15), *range(34, 45)]
    assert set(sequence.load(8).images) == {"rgb", "left"}


def test_few_row_groups_are_held(data_set: Path) -> None:
    sequence = open_sequence(data_set, rgb=SIDE)
    for i in range(len(sequence)):
        sequence.load(i)
    for source in (f.sources["rgb"] for f in sequence.frames):
        assert isinstance(source, parquet.ParquetImage)
        assert len(source.table._held) <= parquet.HELD_GROUPS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"codebase_version": "v2.1"}, "expected a data set of version v3.0, got 'v2.1'; convert"),
        ({"fps": 0}, "fps: expected 0.001 to 10000, got 0"),
        ({"fps": "ten"}, "not the info.json of a LeRobot data set: Expected `float`, got `str`"),
        ({"total_frames": 44}, "total_frames: expected 45 as the episodes hold, got 44"),
        (
            {"data_path": "../{chunk_index}.parquet"},
            "expected a path inside the data set, got '../",
        ),
        ({"data_path": "{chunk_index.real}"}, "expected a path inside the data set"),
        ({"features": {}}, "no camera in it"),
    ],
)
def test_refused_info(tmp_path: Path, values: dict[str, Any], expected: str) -> None:
    path = write_lerobot_set(tmp_path / "tour", **values)
    (fault,) = faults_of(path)
    assert expected in fault


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"rgb": "front"}, f"no camera 'front' for rgb; it has: {FRONT}, {SIDE}"),
        ({"episodes": [9]}, "no episode 9; it has 0 to 4"),
        ({"pose": "timestamp"}, "pose: expected a feature of three numbers, got 'timestamp'"),
        ({"label": "room"}, "label: expected a feature of strings, got 'room'; it has: task"),
    ],
)
def test_refused_parameters(data_set: Path, params: dict[str, Any], expected: str) -> None:
    (fault,) = faults_of(data_set, **params)
    assert expected in fault


def test_broken_shards(tmp_path: Path) -> None:
    """A row that is missing or out of place, a file that is none, a video that is cut short."""
    path = write_lerobot_set(tmp_path / "tour")
    rows = path / "data" / "chunk-000" / "file-001.parquet"
    whole = pq.read_table(rows)
    pq.write_table(whole.slice(0, whole.num_rows - 1), rows)
    assert faults_of(path) == [
        "data/chunk-000/file-001.parquet: episode 4: expected 11 rows, got 10"
    ]
    pq.write_table(whole.take(pa.array([1, 0])), rows)
    assert "row group 0, row 0: expected index 15 and frame_index 0, got 16 and 1" in str(
        faults_of(path)
    )
    rows.write_bytes(b"PAR1 no table")
    assert "not a Parquet file that can be read" in str(faults_of(path))
    pq.write_table(whole, rows)
    video = path / "videos" / FRONT / "chunk-001" / "file-000.mp4"
    video.write_bytes(video.read_bytes()[:200])
    faults = verify(read_sequence(path))
    assert len(faults) == 11
    assert "not a video that can be decoded" in str(faults[0])


def test_without_pyav(data_set: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos need it, images in cells do not."""
    monkeypatch.setattr(lerobot, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[lerobot\]'"):
        open_sequence(data_set)
    assert len(open_sequence(data_set, rgb=SIDE)) == 45


def irregular(path: Path) -> ImageSequence:
    """Return a short sequence with gaps in numbers and times, poses missing, three segments."""
    sequence = open_sequence(path).part(0, 12)
    frames = [
        replace(
            f,
            index=3 * f.index + 1,
            timestamp_ns=f.timestamp_ns + 7 * i * i + 123,
            segment=(0, 2, 9)[i // 5],
            pose=None if i == 6 else (i / 3, -1.0, 0.5),
        )
        for i, f in enumerate(sequence.frames)
    ]
    truth = {3 * i + 1: t for i, t in (sequence.truth or {}).items() if i != 4}
    return replace(sequence, frames=tuple(frames), truth=truth)


@pytest.mark.parametrize("images", [False, True])
def test_written_and_read_again(tmp_path: Path, images: bool) -> None:
    """Numbers, times, segments' borders, poses and rooms are the same; image files to the byte."""
    sequence = irregular(Path("sequences/building_night"))
    notes = write_lerobot(sequence, tmp_path / "set", images=images, max_mb=1e-3)
    assert notes == ["the channel depth is left out: LeRobot has no place for it"]
    again = open_sequence(tmp_path / "set")
    for a, b in zip(sequence.frames, again.frames, strict=True):
        assert (a.index, a.timestamp_ns, a.pose) == (b.index, b.timestamp_ns, b.pose)
    assert list(again.segments()) == [(0, 5), (5, 10), (10, 12)]
    assert again.truth == sequence.truth
    assert verify(read_sequence(tmp_path / "set")) == []
    for i in range(12):
        off = np.abs(again.load(i)["rgb"].astype(int) - sequence.load(i)["rgb"])
        assert off.mean() < 3 if not images else off.max() == 0
    n_files = (
        len(list((tmp_path / "set").rglob("*.mp4"))),
        len(list((tmp_path / "set" / "data").rglob("*.parquet"))),
    )
    assert n_files == ((0, 3) if images else (3, 3))


def test_what_cannot_be_written(tmp_path: Path, data_set: Path) -> None:
    """A frame without an image, images of two sizes: nothing is left behind."""
    sequence = open_sequence(data_set).part(0, 3)
    lacking = replace(sequence.frames[1], sources={})
    with pytest.raises(RobotVisionError, match=r"frame 1 \(position 1\) has no rgb"):
        write_lerobot(replace(sequence, frames=(sequence.frames[0], lacking)), tmp_path / "a")
    other = open_sequence(Path("sequences/building_night")).frames[0]
    odd = replace(sequence.frames[1], sources=other.sources)
    with pytest.raises(RobotVisionError, match="expected 64x48 pixels as before, got 320x240"):
        write_lerobot(replace(sequence, frames=(sequence.frames[0], odd)), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_command(tmp_path: Path, data_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "again"
    convert = ["data", "convert", str(data_set), str(target)]
    with pytest.raises(SystemExit, match="0"):
        main([*convert, "--to", "lerobot"])
    assert capsys.readouterr().out == f"{target}: 45 frames from the layout lerobot\n"
    assert len(open_sequence(target)) == 45
    with pytest.raises(SystemExit, match="2"):
        main([*convert, "--keep-images"])
    assert "--keep-images needs --to lerobot" in capsys.readouterr().err
