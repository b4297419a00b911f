"""Robot recordings on the command line and in a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.data import open_sequence
from robotvision.experiment.prepare import open_part

Make = Callable[..., Any]


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        main([str(a) for a in args])
    said = capsys.readouterr()
    return int(e.value.code or 0), said.out, said.err


def rooms(path: Path, end_s: float) -> Path:
    path.write_text(f"start_s,end_s,room\n0,{end_s},Hall\n", encoding="utf-8")
    return path


def test_info(tours: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Topics and a label file are options; the path of the file starts where the user is."""
    path, table = tours("mcap").usual().write(), rooms(tmp_path / "r.csv", 60)
    code, out, _ = run(
        capsys,
        "data",
        "info",
        "--json",
        path,
        "--label-file",
        table,
        "--topic",
        "depth=none",
        "--topic",
        "pose=/odom",
    )
    card = json.loads(out)
    assert code == 0
    assert (card["frames"], card["channels"], card["rooms"]) == (10, ["rgb"], {"Hall": 10})
    assert (card["reader"], card["sizes"], card["poses"]) == ("bag", {"rgb": [12, 8]}, 9)


def test_faults_are_one_line(
    tours: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a label file, a recording without images and a wrong option: one line, exit 2."""
    path, table = tours("bag").usual().write(), rooms(tmp_path / "r.csv", 0.9)
    code, out, err = run(capsys, "data", "verify", path, "--label-file", table)
    assert (code, out) == (2, "")
    (line,) = (line for line in err.splitlines() if "r.csv" in line)
    assert line.startswith(f"{table}:2: covers 5 of 10 frames")
    empty = tours("sqlite").write("empty")
    assert run(capsys, "data", "info", empty) == (
        2,
        "",
        f"{empty}: no images in it that can be read; its topics: none\n",
    )
    code, _, err = run(capsys, "data", "info", path, "--topic", "/camera")
    assert code == 2
    assert "expected CHANNEL=TOPIC, got '/camera'" in err
    code, _, err = run(capsys, "data", "info", path, "--topic", "rbg=/camera")
    assert (code, err.count("\n")) == (2, 1)
    assert "no parameter 'rbg'; did you mean 'rgb'?" in err


def test_convert(
    tours: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], each_form: str
) -> None:
    """A recording in the native layout: the same frames, pixel for pixel, poses and rooms."""
    path = tours(each_form).usual().write()
    assert run(capsys, "data", "convert", path, tmp_path / "native")[0] == 0
    before, after = open_sequence(path), open_sequence(tmp_path / "native")
    assert after.room_counts() == before.room_counts()
    assert after.calibration == before.calibration
    for i in range(len(before)):
        assert after.frames[i].timestamp_ns == before.frames[i].timestamp_ns
        assert after.frames[i].pose == pytest.approx(before.frames[i].pose, abs=1e-4)
        a, b = after.load(i), before.load(i)
        assert a.images.keys() == b.images.keys()
        assert all(np.array_equal(a[channel], b[channel]) for channel in a.images)


def test_convert_keeps_jpeg(
    tours: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], jpeg: Make
) -> None:
    """An image that was recorded as JPEG is that file."""
    tour = tours("bag")
    message = tour.messages.compressed(tour.at(0), jpeg(3))
    tour.add("/camera/image/compressed", tour.at(0), message)
    assert run(capsys, "data", "convert", tour.write(), tmp_path / "native")[0] == 0
    (file,) = (tmp_path / "native" / "rgb").iterdir()
    assert file.read_bytes() == jpeg(3)


def test_parameters_in_a_configuration(tours: Make, tmp_path: Path) -> None:
    """``params`` go to the reader; a label file starts beside the recording."""
    tours("bag").usual().write()
    rooms(tmp_path / "r.csv", 60)
    config = tmp_path / "run.yaml"
    config.write_text(
        "task: rooms\ntrain: [{path: tour.bag, params: {label_file: r.csv, depth: none}}]\n"
        "test: [{path: tour.bag, frames: [2, 5]}]\nfeatures: [hsv_histogram]\nclassifier: svm\n",
        encoding="utf-8",
    )
    setup = load_config(config)
    (part,) = setup.parts
    assert open_part(part.train[0]).room_counts() == {"Hall": 10}
    assert list(open_part(part.train[0]).channels) == ["rgb"]
    assert open_part(part.test[0]).room_counts() == {"Kitchen": 3}
    assert setup.resolved()["train"][0]["params"] == {"label_file": "r.csv", "depth": "none"}
