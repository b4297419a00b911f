"""A run that was cut off anywhere and resumed ends as one that was not."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robotvision.config.checks import load_config
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import prepare
from robotvision.experiment.recognisers import Answerer, Trainer
from robotvision.experiment.run import RunOptions, experiment_folder, resumed, run
from robotvision.report.write import write_run_files
from robotvision.runs.folder import RunResult

Config = Callable[..., Path]
TWO_SETS = {"train": "[train]", "test": "{first: [test, train], second: [test]}"}


class Cut:
    """One experiment, trained once, and a whole run of it to cut off."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.experiment = load_config(path)
        self.prepared = prepare(self.experiment)
        trainer = Trainer(folder)
        made: dict[str, Answerer] = {}

        def recognisers(prepared: Any, part: Any) -> Answerer:
            if part.name not in made:
                made[part.name] = trainer(prepared, part)
            return made[part.name]

        self.recognisers = recognisers
        self.folder = experiment_folder(self.experiment, folder / "whole")
        self.whole = self.run(self.folder)
        self.log = (self.folder / "run.jsonl").read_bytes()

    def run(self, folder: Path, **options: Any) -> RunResult:
        """Run it, and write the run files."""
        experiment = resumed(folder)[0] if options.get("resume") else self.experiment
        result = run(
            experiment,
            folder,
            prepared=self.prepared,
            recognisers=self.recognisers,
            options=RunOptions(null_frames=0, **options),
        )
        write_run_files(result)
        return result

    def resume_from(self, log: bytes, folder: Path) -> RunResult:
        """Resume a run whose log holds ``log``."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "config.yaml", folder)
        (folder / "run.jsonl").write_bytes(log)
        return self.run(folder, resume=True)


def facts(log: bytes) -> list[dict[str, Any]]:
    """Return the lines of a log without what no two runs share: times."""
    lines = [json.loads(line) for line in log.splitlines()]
    timeless = ("due_ns", "started_ns", "finished_ns", "stages_ns", "decode_ns", "decoded_ns")
    return [
        {k: v for k, v in line.items() if k not in (*timeless, "wait_ns", "handover_ns")}
        for line in lines
    ]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"replay": "{loop: 2}"},
        {"mode": "optional", "temporal": "{name: majority, frames: 3}"},
        {"replay": "{clock: simulated, policy: queue, deadline_ms: 100000}"},
    ],
    ids=["plain", "loop", "memory", "clock"],
)
def test_a_log_cut_anywhere_is_completed_exactly(
    config: Config, tmp_path: Path, keys: dict[str, str]
) -> None:
    """Cut after every header, inside headers, inside frames, twice in a row: the same facts."""
    cut = Cut(config(**TWO_SETS, **keys), tmp_path)
    first = cut.log.index(b"\n") + 1
    ends = [i + 1 for i, byte in enumerate(cut.log) if byte == 10]
    headers = [e for e, f in zip(ends, facts(cut.log), strict=True) if f["type"] == "sequence"]
    rng = random.Random(7)
    places = [first, *headers, *rng.sample(range(first, len(cut.log)), 8), len(cut.log)]
    for n, place in enumerate(places):
        folder = tmp_path / f"cut{n}"
        result = cut.resume_from(cut.log[:place], folder)
        again = (folder / "run.jsonl").read_bytes()
        assert facts(again) == facts(cut.log), place
        twice = cut.resume_from(again[: max(first, place - 40)], folder)
        for tallies in (result.tallies, twice.tallies):
            for name, tally in cut.whole.tallies.items():
                assert tally.counts == tallies[name].counts, place
        for name in ("run-first.txt", "run-second.txt"):
            assert (folder / name).read_bytes() == (cut.folder / name).read_bytes()


def test_a_run_killed_before_its_header_can_be_run_again(config: Config, tmp_path: Path) -> None:
    """Nothing began there: the folder is free, and resuming it says so."""
    experiment = load_config(config())
    for content in (b"", b'{"type":"run","sch'):
        out = tmp_path / f"out{len(content)}"
        out.mkdir()
        (out / "run.jsonl").write_bytes(content)
        (out / "config.yaml").write_text("task: rooms\n", encoding="utf-8")
        with pytest.raises(RobotVisionError, match=r"no run to go on with.*run it anew"):
            resumed(out)
        assert experiment_folder(experiment, out) == out
        assert run(experiment, out).tallies["test"].points == 18


def test_a_log_of_other_sequences_is_not_continued(config: Config, tmp_path: Path) -> None:
    """Sequences are matched by set, name, content and pass, never by their place alone."""
    cut = Cut(config(**TWO_SETS), tmp_path)
    lines = cut.log.splitlines(keepends=True)
    doubled = b"".join([*lines[:2], *lines[1:10]])
    with pytest.raises(RobotVisionError, match=r"its sequence 1 is 'test'.*begin a new run"):
        cut.resume_from(doubled, tmp_path / "doubled")
    other = cut.log.replace(b'"digest":"', b'"digest":"0', 1)
    with pytest.raises(RobotVisionError, match="begin a new run"):
        cut.resume_from(other[:-100], tmp_path / "other")
