"""Values in place of a configuration's: checked like the file, and faults name their option."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.config.checks import load_config
from robotvision.config.experiment import Overrides
from robotvision.errors import RobotVisionError
from tests.fixtures.commands import CommandLine

Config = Callable[..., Path]


def test_a_value_stands_in_the_resolved_configuration(
    config: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """The command line's values are YAML, and the run folder says what was run."""
    values = ["classifier.C=3", "features.0=phog", "decision={abstain: never}"]
    options = [word for value in values for word in ("--set", value)]
    done = robotvision("run", config(), *options, "-q", "--out", tmp_path / "run")
    assert done.returncode == 0
    assert "By room" not in done.stdout
    assert len(done.stdout.splitlines()) <= 4  # the headline: points, interval, outcomes
    assert "points of" in done.stdout
    assert not done.stderr
    about = json.loads((tmp_path / "run" / "run.jsonl").read_text().splitlines()[0])
    assert about["config"]["classifier"]["C"] == 3
    assert about["config"]["features"][0] == "phog"
    assert about["config"]["decision"]["abstain"] == "never"


def test_a_run_ends_with_what_is_read_first(
    config: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    """Points, interval, outcomes, confusions, latency, and where to look; the tables on ``-v``."""
    done = robotvision("run", config(), "--limit", "5", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "latency p50" in done.stdout
    assert "By room" not in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith(f"look at {tmp_path}/run/report.html")


def test_every_frame_has_a_line_when_asked_for(
    config: Config, tmp_path: Path, robotvision: CommandLine
) -> None:
    done = robotvision("run", config(), "-vv", "--limit", "5", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if "  truth " in line]
    assert [line.split()[1] for line in lines] == [f"{k}/5" for k in range(1, 6)]
    assert "By room" in done.stdout
    assert "Latency in ms" in done.stdout


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("classifier.C", "few", r"--set classifier.C: classifier 'svm': C: expected a number"),
        ("classifier.k", 3, r"--set classifier.k: classifier 'svm': no parameter 'k'"),
        ("seed", -1, r"--set seed: expected a whole number of at least 0"),
        ("replay.clock", "wal", r"--set replay.clock: expected one of asap, wall, simulated"),
        ("trian", [], r"--set trian: unknown key; did you mean 'train'\?"),
        ("features", ["phogg"], r"--set features: features\[0\]: feature 'phogg' is not known"),
        ("features.9", "phog", r"--set features.9: expected the place of one of \d items"),
    ],
)
def test_a_fault_names_the_option(config: Config, key: str, value: object, message: str) -> None:
    with pytest.raises(RobotVisionError, match="^" + message):
        load_config(config(), instead=Overrides(values={key: value}, source="--set"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "easy"], "expected KEY=VALUE, as classifier.C=3, got 'easy' (a test set is"),
        (["--set", "classifier=["], "--set classifier=[:"),
        (["-q", "-v"], "choose one"),
        (["-q", "--live"], "choose one"),
    ],
)
def test_wrong_options_are_told_in_a_line(
    config: Config, options: list[str], message: str, robotvision: CommandLine
) -> None:
    done = robotvision("run", config(), *options)
    assert done.returncode == 2
    assert message in done.stderr
