"""A trained pipeline in a file: the same answers, and nothing foreign gets in."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.data import open_sequence
from robotvision.errors import InputFaults
from robotvision.experiment.train import train_pipeline
from robotvision.recogniser.persistence import load_pipeline, save_pipeline
from robotvision.systems.base import View
from tests.fixtures.patience import PATIENCE_S

CLI = [sys.executable, "-c", "from robotvision.cli import main; main()"]
Config = Callable[..., Path]


def save(path: Path, to: Path) -> None:
    pipeline, task, about = train_pipeline(load_config(path))
    save_pipeline(to, pipeline, task, about)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"classifier": "knn", "integration": "average"},
        {"mode": "optional", "temporal": "bayes"},
        {"decision": "{unknown: detect}"},
        {"feature_threads": 2},
    ],
)
def test_a_loaded_pipeline_answers_as_the_trained_one(
    config: Config, data_root: Path, tmp_path: Path, keys: dict[str, str]
) -> None:
    """Bit for bit, confidences included, and with its memory where it has one."""
    pipeline, task, about = train_pipeline(load_config(config(**keys)))
    save_pipeline(tmp_path / "m", pipeline, task, about)
    loaded = load_pipeline(tmp_path / "m", task.id)
    assert loaded.task == task
    assert loaded.pipeline.has_memory == pipeline.has_memory
    assert loaded.pipeline.feature_threads == keys.get("feature_threads", 1)
    sequence = open_sequence(data_root / "test")
    for one in (pipeline, loaded.pipeline):
        one.reset(View.of(sequence))
    for i in range(len(sequence)):
        frame = sequence.load(i)
        assert loaded.pipeline.answer(frame).answer == pipeline.answer(frame).answer


def test_saving_twice_gives_the_same_bytes(config: Config, tmp_path: Path) -> None:
    """A model can be told by its digest."""
    for name in "ab":
        save(config(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_train_and_replay_give_the_points_of_run(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line in two steps is the command line in one."""

    def call(*args: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*args])
        shown = capsys.readouterr()
        assert ended.value.code == 0, shown.err
        return shown.out

    path = config()
    model = tmp_path / "m.rvmodel"
    call("train", str(path), "-o", str(model))
    test = str(path.parent / "test")
    replay = [*CLI, "replay", str(model), test, "--json"]  # where nothing else was ever loaded
    two = json.loads(
        subprocess.run(replay, capture_output=True, check=True, timeout=PATIENCE_S).stdout
    )
    one = json.loads(call("run", str(path), "--json", "--out", str(tmp_path / "r1")))
    assert two["points"] == one["points"] == 18
    in_worker = config("system: worker\n", name="w.yaml")
    three = json.loads(call("run", str(in_worker), "--json", "--out", str(tmp_path / "r3")))
    assert three["points"] == 18
    assert "transfer" in three["latency_ns"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (pickle.dumps({"a": 1}), "a pickle, which can run any program"),
        (b"PK\x03\x04 and no more", "damaged or cut short"),
        (b"hello", "not a model file"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """One line that says what it is and what to do."""
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(InputFaults, match=message):
        load_pipeline(path)


def test_a_model_of_another_task_is_refused(config: Config, tmp_path: Path) -> None:
    """Labels of one task are not answers of another."""
    save(config(), tmp_path / "m")
    with pytest.raises(InputFaults, match="trained for the task 'rooms', expected 'imageclef2012'"):
        load_pipeline(tmp_path / "m", "imageclef2012")
