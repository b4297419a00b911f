from __future__ import annotations

import json
from pathlib import Path

from robotvision.data import open_sequence
from tests.fixtures.commands import CommandLine


def test_a_tour_from_the_command_line(tmp_path: Path, robotvision: CommandLine) -> None:
    """``synth tour --json`` writes a readable sequence and prints one JSON object."""
    out = tmp_path / "pair"
    options = ("--rooms", "BO,KT", "--frames", "4", "--size", "64x48", "--light", "night")
    done = robotvision(
        "synth", "tour", "--out", str(out), "--channels", "left,right", *options, "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"sequences": [str(out)]}
    sequence = open_sequence(out)
    assert len(sequence) == 4
    assert list(sequence.channels) == ["left", "right"]
    assert sequence.calibration["left"]["baseline_m"] == 0.12


def test_a_bad_size_is_one_line_and_exit_2(tmp_path: Path, robotvision: CommandLine) -> None:
    """The message names the option, what was expected and what was given."""
    done = robotvision("synth", "tour", "--out", str(tmp_path / "x"), "--size", "big")
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "--size: expected a size such as 320x240, got 'big'; give width x height"
    )


def test_an_existing_sequence_is_not_overwritten(tmp_path: Path, robotvision: CommandLine) -> None:
    """A second tour into the same folder is refused."""
    out = str(tmp_path / "s")
    options = ("--rooms", "BO", "--frames", "1", "--size", "32x24")
    assert robotvision("synth", "tour", "--out", out, *options).returncode == 0
    again = robotvision("synth", "tour", "--out", out, *options)
    assert again.returncode == 2
    assert "holds a sequence already" in again.stderr
