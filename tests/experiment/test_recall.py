"""The recall command: places from names, one descriptor of several features, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.data import open_sequence
from robotvision.data.images import encode_png
from robotvision.errors import InputFaults, RobotVisionError
from robotvision.experiment.recall import compute_recall

MODEL = '''
import numpy as np
from robotvision.features.base import Extractor


class MeanColor(Extractor):
    """Somebody's own descriptor."""

    def __init__(self):
        self._check()

    def _check(self):
        pass

    @property
    def dim(self):
        return 3

    def extract(self, frame):
        return frame["rgb"].mean(axis=(0, 1)).astype(np.float32)
'''


def write_places(folder: Path, rows: list[tuple[float, float, int]]) -> Path:
    """Write an image of one grey for each (east, north, grey)."""
    folder.mkdir(parents=True)
    for i, (east, north, grey) in enumerate(rows):
        raw = encode_png(np.full((16, 16, 3), grey, np.uint8))
        (folder / f"@{east:010.2f}@{north:.2f}@@@@@@@@@@@{i}@.png").write_bytes(raw)
    return folder


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Six images 20 m apart and three queries: near 1, near 3 but like 4, near none."""
    database = [(100.0 + 20 * i, 50.0, 40 * i) for i in range(6)]
    queries = [(121.0, 50.0, 42), (161.0, 52.0, 155), (9000.0, 50.0, 0)]
    return write_places(tmp_path / "database", database), write_places(
        tmp_path / "queries", queries
    )


def test_counts_and_costs(
    places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """An extractor by dotted name; the query like 4 is right from K = 2 on within 15 m."""
    (tmp_path / "my_models.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    command = ["recall", *map(str, places), "--features", "my_models.MeanColor"]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--within", "15", "--at", "2,1,20", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["correct"] == {"1": 1, "2": 2, "20": 2}
    assert found["recall"]["2"] == pytest.approx(2 / 3)
    assert (found["database"], found["queries"], found["queries_without_positives"]) == (6, 3, 1)
    assert found["dim"] == 3
    assert found["memory_bytes"]["database"] == 6 * (3 * 4 + 8)
    total, parts = found["latency_ns"]["total"], found["latency_ns"]
    assert 0 < parts["search"]["p50"] < total["max"]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--within", "25"])
    out = capsys.readouterr().out
    assert "1 queries have no image within 25 m and count as missed" in out
    assert "66.7%" in out


def test_several_features_and_one_that_learns(places: tuple[Path, Path]) -> None:
    database, queries = map(open_sequence, places)
    result = compute_recall(database, queries, ["hsv_histogram", {"name": "lbp"}], at=[1])
    assert result.dim > 512
    assert len(result.rankings) == 3
    with pytest.raises(RobotVisionError, match=r"SiftBow"):  # grey images: no keypoints
        compute_recall(database, queries, ["sift_bow"])


def test_refused(places: tuple[Path, Path], tmp_path: Path) -> None:
    database, queries = map(open_sequence, places)
    nowhere = replace(queries, frames=(replace(queries.frames[0], pose=None),))
    with pytest.raises(RobotVisionError, match="expected features, whole numbers K from 1"):
        compute_recall(database, queries, [])
    with pytest.raises(InputFaults, match=r"frame 0 .*: no pose, so no place"):
        compute_recall(database, nowhere, ["lbp"])
    next(places[1].iterdir()).write_bytes(b"")
    with pytest.raises(InputFaults, match="the image is empty"):
        compute_recall(database, queries, ["lbp"])
    next(places[0].iterdir()).write_bytes(b"")
    with pytest.raises(InputFaults, match="the image is empty"):
        compute_recall(database, queries, ["lbp"])
