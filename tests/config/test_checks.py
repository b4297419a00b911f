"""A wrong configuration: every fault at once, with its place, and exit 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.config.checks import load_config
from robotvision.errors import InputFaults
from tests.fixtures.commands import CommandLine

Config = Callable[..., Path]
REPO = Path(__file__).parents[2]


def faults(path: Path) -> list[str]:
    with pytest.raises(InputFaults) as caught:
        load_config(path)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines()]


def test_unknown_keys_are_named_with_the_near_one(config: Config) -> None:
    """A typing error costs a second, not an hour."""
    path = config("trian: [x]\n")
    assert faults(path)[0].startswith("6:1: trian: unknown key; did you mean 'train'?")


def test_wrong_types_have_line_and_column(config: Config) -> None:
    """A number that is text is refused where it stands."""
    path = config("replay:\n  deadline_ms: 200ms\nseed: -1\n")
    assert faults(path) == [
        "7:16: replay.deadline_ms: expected a number or 'next-frame', got '200ms'",
        "8:7: seed: expected a whole number of at least 0 and below 4294967296, got -1",
    ]


def test_unknown_plug_ins_come_with_the_known_ones(config: Config) -> None:
    """Features, classifiers, their parameters, the task and missing folders, all at once."""
    path = config(
        task="imageclef20120",
        features="[hsv, {name: phog, levls: 2}]",
        classifier="{name: svm, kernel: chi3}",
        test="[test, nowhere]",
    )
    found = faults(path)
    assert len(found) == 5
    assert (
        "1:7: task: task 'imageclef20120' is not known; did you mean 'imageclef2012'?" in found[0]
    )
    assert "nowhere: no such folder" in found[1]
    assert "feature 'hsv' is not known" in found[2]
    assert "hsv_histogram" in found[2]
    assert "feature 'phog': no parameter 'levls'" in found[3]
    assert "kernel: expected one of linear, rbf, chi2, intersection" in found[4]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"train": ""}, "expected training sequences"),
        ({"features": ""}, "expected at least one feature"),
        ({"test": "[]"}, "expected at least one test sequence"),
        ({"temporal": "bayes"}, "a temporal filter uses earlier frames"),
        ({"replay": "{policy: streaming}"}, "with the clock 'asap'"),
        ({"replay": "{clock: wall, policy: deadline, deadline_ms: -1}"}, "of at least 0, got -1"),
        ({"train": "{a: [train]}"}, "expected the same sets as 'test'"),
        ({"integration": "averge"}, "did you mean 'average'?"),
        ({"system": "{command: [x]}"}, "a program answers here"),
        ({"system": "{command: [x]}", "feature_threads": "2"}, "with the features that it has"),
        ({"feature_threads": "0"}, "feature_threads: expected a whole number of at least 1"),
    ],
)
def test_keys_that_do_not_go_together(config: Config, keys: dict[str, str], message: str) -> None:
    """What each key allows alone may be wrong beside another."""
    assert any(message in line for line in faults(config(**keys)))


def test_one_room_cannot_be_learnt(
    config: Config,
    tour: Callable[..., Path],
    data_root: Path,
    tmp_path: Path,
    robotvision: CommandLine,
) -> None:
    """A training set with one room only is refused in one line, exit 2, no traceback."""
    tour(data_root / "one", rooms=("Kitchen",))
    done = robotvision("run", config(train="[one]", test="[one]"), "--out", tmp_path / "o")
    assert done.returncode == 2
    assert "expected at least two rooms in the training sequences, got Kitchen" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"task: [", b"", b"- a\n- b\n", b"task: !!python/object:os.x {}"]
)
def test_files_that_are_no_configuration(
    tmp_path: Path, content: bytes, robotvision: CommandLine
) -> None:
    """Unreadable YAML is one line and exit 2."""
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    done = robotvision("run", path)
    assert done.returncode == 2
    assert done.stderr.startswith(str(path))


SWEEPS = REPO / "configs" / "sweeps"
"""Grids of runs, not runs; their own tests load them."""
SHIPPED = [p for p in sorted((REPO / "configs").rglob("*.yaml")) if SWEEPS not in p.parents]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_every_shipped_configuration_is_whole(path: Path) -> None:
    """Each loads; where its data does not lie here, missing folders are all that is wrong."""
    found = []
    try:
        load_config(path)
    except InputFaults as e:
        found = [line for line in e.lines() if "no such folder" not in line]
    assert found == []


def test_an_extractor_of_ones_own_that_lacks_a_part_gets_one_line(
    config: Config, robotvision: CommandLine, data_root: Path
) -> None:
    """Whatever it lacks, its name and the configuration stand there, and no traceback."""
    lines = ["class Mine:", "    channels = ('rgb',)", "    dim = 1"]
    body = [*lines, "    def extract(self, frame):", "        return [1.0]"]
    for lacking, words in (
        (1, "expected an object with the attribute 'channels'"),
        (2, "expected the attribute 'dim'"),
    ):
        (data_root / f"own{lacking}.py").write_text(
            "\n".join(line for i, line in enumerate(body) if i != lacking) + "\n", "utf-8"
        )
        path = config(features=f"[own{lacking}.Mine]")
        found = robotvision("train", path, "--out", data_root / "m.model")
        assert found.returncode == 2
        assert words in found.stderr
        assert f"own{lacking}.Mine" in found.stderr
        assert len(found.stderr.strip().splitlines()) == 1
