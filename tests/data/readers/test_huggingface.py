"""Image data sets of Hugging Face: shards and row groups in order, labels by name, times exact."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robotvision.data import detect, open_sequence, parquet, read_sequence
from robotvision.data.convert import convert
from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.verify import verify
from robotvision.errors import InputFaults, MissingExtraError

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP = timedelta(milliseconds=137)
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["Kitchen", "Hall"], "_type": "ClassLabel"},
    "timestamp": {"dtype": "timestamp[us]", "_type": "Value"},
}
"""As `datasets` 4.1.1 writes it beside the schema."""


def grey(i: int) -> np.ndarray:
    return np.full((8, 12, 3), 10 * i, np.uint8)


def write_shards(folder: Path, n: int = 25, n_shards: int = 3, split: str = "train") -> Path:
    """Write what ``Dataset.to_parquet`` does: shards of row groups of four, a schema with names."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    about = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
    for k, rows in enumerate(np.array_split(np.arange(n), n_shards)):
        table = pa.table(
            {
                "image": pa.array(
                    [{"bytes": encode_png(grey(i)), "path": f"{i}.png"} for i in rows], image
                ),
                "label": pa.array([int(i) // 20 for i in rows], pa.int64()),
                "timestamp": pa.array(
                    [(START + int(i) * STEP).replace(tzinfo=None) for i in rows], pa.timestamp("us")
                ),
            }
        ).replace_schema_metadata(about)
        name = f"{split}-{k:05d}-of-{n_shards:05d}.parquet"
        pq.write_table(table, folder / "data" / name, row_group_size=4)
    return folder


def faults_of(path: Path, **params: Any) -> list[str]:
    return [str(f).removeprefix(f"{path}/") for f in read_sequence(path, **params).faults]


def test_shards_in_order(tmp_path: Path) -> None:
    """Every frame is its row's, in order and at random, and few row groups are held."""
    path = write_shards(tmp_path / "set")
    assert detect(path) == "huggingface"
    sequence = open_sequence(path)
    assert sequence.room_counts() == {"Hall": 5, "Kitchen": 20}
    assert sequence.frames[2].timestamp_ns == 1704067200_274000000
    for i in (*range(25), 24, 8, 9, 0, 17, 3):
        assert (sequence.load(i)["rgb"] == grey(i)).all()
    tables = {id(t): t for f in sequence.frames if (t := f.sources["rgb"].table)}
    assert len(tables) == 3
    assert all(len(t._held) <= parquet.HELD_GROUPS for t in tables.values())
    assert verify(read_sequence(path)) == []
    assert convert(sequence, tmp_path / "native") == []
    again = open_sequence(tmp_path / "native")
    assert (again.load(7)["rgb"] == grey(7)).all()
    assert (tmp_path / "native" / "rgb").joinpath(
        f"{sequence.frames[7].name}.png"
    ).read_bytes() == (encode_png(grey(7)))


def test_one_file_and_splits(tmp_path: Path) -> None:
    path = write_shards(tmp_path / "set")
    write_shards(path, 3, 1, "test")
    with pytest.raises(InputFaults, match="several splits: test, train; name one with the param"):
        open_sequence(path)
    assert len(open_sequence(path, split="test")) == 3
    assert faults_of(path, split="tset") == [
        f"{path}: no split 'tset'; did you mean 'test'?; it has: test, train"
    ]
    assert len(open_sequence(path / "data" / "test-00000-of-00001.parquet")) == 3


def test_parquet_faults(tmp_path: Path) -> None:
    """A label beyond the names, an image that is not there, a column that is not, a broken file."""
    path = tmp_path / "one.parquet"
    cells = [{"bytes": None, "path": "x.png"}, {"bytes": b"no image", "path": None}]
    table = pa.table({"image": cells, "label": [2, -1], "kind": ["a", ""]})
    about = {"huggingface": json.dumps({"info": {"features": FEATURES}})}
    pq.write_table(table.replace_schema_metadata(about), path)
    assert faults_of(path) == [f"{path}: row 0: label: expected a number below 2, got 2"]
    reading = read_sequence(path, label="kind")
    assert reading.sequence is not None
    assert reading.sequence.room_counts() == {"a": 1}
    found = [str(f) for f in verify(reading)]
    assert found == [
        f"{path}[image 0:0]: no image in the cell",
        f"{path}[image 0:1]: not an image that can be decoded (8 bytes)",
    ]
    assert faults_of(path, image="label") == [
        f"{path}: the column 'label' holds no images; these do: image"
    ]
    pq.write_table(pa.table({"label": [1]}), path)
    assert faults_of(path) == [f"{path}: no column of images; it has: label"]
    path.write_bytes(b"PAR1")
    assert "not a Parquet file that can be read" in faults_of(path)[0]


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_shards(tmp_path / "set")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'robotvision\[parquet\]'"):
        open_sequence(path)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_folder_with_metadata(tmp_path: Path, form: str) -> None:
    """Rooms, objects, times and poses are the columns'; the order is the table's."""
    names = ("b.jpg", "a.jpg", "more/c.png")
    (tmp_path / "more").mkdir()
    for i, name in enumerate(names):
        raw = encode_png(grey(i)) if name.endswith("png") else encode_jpeg(grey(i))
        (tmp_path / name).write_bytes(raw)
    columns = {
        "file_name": names,
        "room": ("Hall", "", "Hall"),
        "objects": ("", "", "Chair;Trash"),
        "timestamp": (1700000000.25, 1700000001, 1700000001.5),
        "x_m": (0, "", 2),
        "y_m": (1, 1, 1),
        "theta_rad": (0, 0, 0),
    }
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    if form == "csv":
        lines = [",".join(rows[0]), *(",".join(map(str, r.values())) for r in rows)]
    else:
        lines = [json.dumps(r) for r in rows]
    (tmp_path / f"metadata.{form}").write_text("\n".join(lines) + "\n")
    assert detect(tmp_path) == "huggingface"
    sequence = open_sequence(tmp_path)
    assert [f.name for f in sequence.frames] == ["b.jpg", "a.jpg", "c.png"]
    assert [f.timestamp_ns for f in sequence.frames] == [
        1700000000_250000000,
        1700000001_000000000,
        1700000001_500000000,
    ]
    assert [f.pose for f in sequence.frames] == [(0, 1, 0), None, (2, 1, 0)]
    assert sequence.truth is not None
    assert sequence.room_counts() == {"Hall": 2}
    assert sequence.truth[2].objects == {"Chair", "Trash"}
    assert verify(read_sequence(tmp_path)) == []


def test_metadata_faults(tmp_path: Path) -> None:
    """Each line that cannot be used is named, and a time that goes back."""
    (tmp_path / "train").mkdir()
    table = tmp_path / "train" / "metadata.jsonl"
    rows = (
        '{"file_name": "a.jpg", "timestamp_ns": 5}',
        '{"file_name": "../a.jpg", "timestamp_ns": 6}',
        "no json",
        "[1]",
        '{"file_name": "a.jpg", "timestamp_ns": 4}',
        '{"file_name": "a.jpg", "timestamp_ns": "x"}',
    )
    table.write_text("\n".join(rows))
    found = faults_of(tmp_path)
    assert [f.partition(": ")[0] for f in found] == [
        f"train/metadata.jsonl:{n}" for n in (3, 4, 2, 5, 6)
    ]
    assert "expected a path beside the table, got '../a.jpg'" in found[2]
    assert "time goes back: 4 ns after 5 ns" in found[3]
    assert "timestamp_ns: expected whole nanoseconds, got 'x'" in found[4]
    table.write_text("")
    assert faults_of(tmp_path) == ["train/metadata.jsonl: the file is empty"]
