"""A configuration to begin with: every baseline, valid as written, nothing replaced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from robotvision.config.checks import load_config
from robotvision.config.json_schema import json_schema
from robotvision.config.starter import baseline_names, find_sequences, write_starter
from robotvision.errors import RobotVisionError
from tests.fixtures.commands import CommandLine


@pytest.mark.parametrize("baseline", baseline_names())
def test_every_baseline_is_written_whole(data_root: Path, baseline: str) -> None:
    """The file is checked as any other; what it names is what the baseline's file names."""
    path = data_root / "my configs" / "first.yaml"
    write_starter(path, [data_root / "train"], [data_root / "test"], "rooms", baseline)
    experiment = load_config(path)
    assert [Path(s.path).name for s in experiment.parts[0].train] == ["train"]
    if baseline != "quick":
        repo = Path(__file__).parents[2] / "configs" / "baselines" / f"{baseline}.yaml"
        ours, theirs = (yaml.safe_load(p.read_text("utf-8")) for p in (path, repo))
        for key in theirs.keys() - {"task", "train", "test"}:
            assert ours[key] == theirs[key]
    first = path.read_text("utf-8").splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((path.parent / name).read_text("utf-8")) == json_schema()


def test_the_schema_offers_names_and_allows_others() -> None:
    """Every shipped configuration keeps to it, as an independent validator sees it."""
    jsonschema = pytest.importorskip("jsonschema")  # comes with the notebook's libraries
    schema = json_schema()
    check = jsonschema.Draft202012Validator(schema)
    for path in (Path(__file__).parents[2] / "configs").glob("*.yaml"):
        assert not list(check.iter_errors(yaml.safe_load(path.read_text("utf-8")))), path
    assert "phog" in json.dumps(schema["properties"]["features"])
    valid: dict[str, Any] = {"task": "my.yaml", "test": ["a"], "features": ["own.Mine"]}
    assert check.is_valid(valid)
    for wrong in ({"seed": -1}, {"trian": []}, {"replay": {"clock": "wal"}}, {"features": "phog"}):
        assert not check.is_valid(valid | wrong)


def test_sequences_are_looked_for_below_a_folder(data_root: Path) -> None:
    """None inside another, none hidden, none of a run folder."""
    for name in (".hidden", "runs"):
        (data_root / name).mkdir()
        (data_root / "train").rename(data_root / name / "train")
        if name == "runs":
            (data_root / name / "run.jsonl").touch()
        assert [p.name for p in find_sequences(data_root)] == ["test"]
        (data_root / name / "train").rename(data_root / "train")
    assert [p.name for p in find_sequences(data_root)] == ["test", "train"]


def test_nothing_is_replaced_and_nothing_half_written(data_root: Path) -> None:
    path, train, test = data_root / "a.yaml", data_root / "train", data_root / "test"
    for arguments, message in (
        ((path, [train], [data_root / "gone"]), "gone: no such sequence"),
        ((path, [train], [test], "rooms", "bestt"), "no baseline is called 'bestt'"),
    ):
        with pytest.raises(RobotVisionError, match=message):
            write_starter(*arguments)
        assert not path.exists()
    write_starter(path, [train], [test])
    with pytest.raises(RobotVisionError, match="exists already"):
        write_starter(path, [train], [test])


def test_the_command_names_what_it_needs(
    data_root: Path, monkeypatch: pytest.MonkeyPatch, robotvision: CommandLine
) -> None:
    """Without a terminal it asks nothing: options, or one line that shows the sequences."""
    monkeypatch.chdir(data_root)
    done = robotvision("init")
    assert done.returncode == 2
    assert "give --train and --test" in done.stderr
    assert "test, train" in done.stderr
    options = ["--train", "train", "--test", "test", "-o", "mine.yaml"]
    done = robotvision("init", *options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "next: robotvision run mine.yaml"
    load_config(data_root / "mine.yaml")
