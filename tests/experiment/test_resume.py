"""A run that was cut off anywhere and resumed ends as one that was not."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from robotvision.api.job import run as front_door
from robotvision.config.checks import load_config
from robotvision.errors import RobotVisionError
from robotvision.experiment.prepare import prepare
from robotvision.experiment.progress import Observer
from robotvision.experiment.recognisers import Answerer, Trainer
from robotvision.experiment.run import RunOptions, experiment_folder, resumed, run
from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.report.write import write_run_files
from robotvision.runs.folder import RunResult
from robotvision.scoring.tally import Tally

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

    def run(self, folder: Path, observer: Observer | None = None, **options: Any) -> RunResult:
        """Run it, and write the run files."""
        folder.mkdir(parents=True, exist_ok=True)
        experiment = resumed(folder)[0] if options.get("resume") else self.experiment
        result = run(
            experiment,
            folder,
            prepared=self.prepared,
            recognisers=self.recognisers,
            observer=observer,
            options=RunOptions(null_frames=0, **options),
        )
        write_run_files(result)
        return result

    def resume_from(self, log: bytes, folder: Path, observer: Observer | None = None) -> RunResult:
        """Resume a run whose log holds ``log``."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.folder / "config.yaml", folder)
        (folder / "run.jsonl").write_bytes(log)
        return self.run(folder, observer, resume=True)


def facts(log: bytes) -> list[dict[str, Any]]:
    """Return the lines of a log without what no two runs share: times."""
    lines = [json.loads(line) for line in log.splitlines()]
    lines = [{"type": "end", "frames": x["frames"]} if x["type"] == "end" else x for x in lines]
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


class Watched(Observer):
    """Keeps what an observer of a run receives."""

    def __init__(self) -> None:
        self.sequences: list[tuple[str, int]] = []
        self.frames: list[tuple[int, float]] = []
        self.notes: list[str] = []

    def sequence(self, name: str, n_frames: int) -> None:
        self.sequences.append((name, n_frames))

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        self.frames.append((record.index, tally.points))

    def note(self, line: str) -> None:
        self.notes.append(line)


def test_who_watches_a_resumed_run_sees_it_from_its_first_frame(
    config: Config, tmp_path: Path
) -> None:
    """Counter and points go on where they were, over sets and sequences that were whole too."""
    cut = Cut(config(**TWO_SETS), tmp_path)
    at = [i + 1 for i, byte in enumerate(cut.log) if byte == 10][1 + 18 + 1 + 7]
    whole, resumed_run = Watched(), Watched()
    cut.run(tmp_path / "again", observer=whole)
    cut.resume_from(cut.log[:at], tmp_path / "cut", observer=resumed_run)
    assert resumed_run.frames == whole.frames
    assert resumed_run.sequences == whole.sequences
    assert resumed_run.notes == [
        "test: 18 of 18 frames are in the log already",
        "train: 7 of 18 frames are in the log already",
    ]


def test_a_run_in_the_folder_of_another_overwrites_nothing(config: Config, tmp_path: Path) -> None:
    """Also where the other came to its end while this one trained."""
    cut = Cut(config(**TWO_SETS), tmp_path)
    settings = (cut.folder / "config.yaml").read_bytes()
    other = replace(cut.experiment, config=cut.experiment.config.model_copy(update={"seed": 7}))
    with pytest.raises(RobotVisionError, match="it holds a run already"):
        run(other, cut.folder, prepared=cut.prepared, recognisers=cut.recognisers)
    assert (cut.folder / "run.jsonl").read_bytes() == cut.log
    assert (cut.folder / "config.yaml").read_bytes() == settings


def test_a_run_is_not_resumed_with_another_configuration(config: Config, tmp_path: Path) -> None:
    """The library's call takes a configuration; it must be the one the run began with."""
    path = config()
    front_door(path, folder=tmp_path / "run")
    options = RunOptions(resume=True)
    assert front_door(path, folder=tmp_path / "run", options=options).score.frames == 18
    with pytest.raises(RobotVisionError, match="began with another configuration"):
        front_door(config(classifier="knn"), folder=tmp_path / "run", options=options)


OWN_CLASSIFIER = """
from sklearn.naive_bayes import GaussianNB
class Mine(GaussianNB):
    def predict_proba(self, x):
        return super().predict_proba(x) ** {power}
"""


def _other_model(path: Path, data_root: Path) -> None:
    (path.parent / "m.rvmodel").write_bytes((path.parent / "other.rvmodel").read_bytes())


def _other_task(path: Path, data_root: Path) -> None:
    task = path.parent / "mine.yaml"
    task.write_text(task.read_text().replace("wrong: -0.6", "wrong: -1"))


def _other_program(path: Path, data_root: Path) -> None:
    program = path.parent / "answers.py"
    program.write_text(program.read_text() + "# changed\n")


def _other_training(path: Path, data_root: Path) -> None:
    truth = data_root / "train" / "truth.csv"
    lines = truth.read_text().splitlines()
    truth.write_text(
        "\n".join([*lines[:-1], lines[1].replace("0,", f"{len(lines) - 2},", 1)]) + "\n"
    )


def _other_code_within(path: Path, data_root: Path) -> None:
    (path.parent / "inner_own.py").write_text(OWN_CLASSIFIER.format(power=2))


PROGRAM = """
from robotvision.client import Client
for frame in Client():
    frame.answer("Hall")
"""
SYSTEM = f"{{command: [{sys.executable}, answers.py], isolation: none}}"


@pytest.mark.parametrize(
    ("keys", "change", "named"),
    [
        ({"model": "m.rvmodel"}, _other_model, "m.rvmodel: not as it was"),
        ({"task": "mine.yaml"}, _other_task, "the task rooms-own: not as it was"),
        (
            {"system": SYSTEM, "task": "named.yaml"},
            _other_program,
            "answers.py: not as it",
        ),
        ({}, _other_training, "the training sequence train: not as it was"),
        (
            {"classifier": "{name: one_vs_all, base: inner_own.Mine}"},
            _other_code_within,
            "classifier 'inner_own.Mine': the run began with the code",
        ),
    ],
    ids=["model", "task", "program", "training", "code within"],
)
def test_a_run_is_resumed_with_nothing_that_changed_since(
    config: Config,
    data_root: Path,
    robotvision: Any,
    keys: dict[str, str],
    change: Callable[[Path, Path], None],
    named: str,
) -> None:
    """Whatever answers depend on: the model, the task, a program, what was trained on, code."""
    folder = config().parent
    (folder / "answers.py").write_text(PROGRAM)
    (folder / "inner_own.py").write_text(OWN_CLASSIFIER.format(power=1))
    (folder / "mine.yaml").write_text("extends: rooms\npoints: {room: {wrong: -0.6}}\n")
    rooms = {line.split(",")[1] for line in (data_root / "test/truth.csv").read_text().split()[1:]}
    (folder / "named.yaml").write_text(f"extends: rooms\nrooms: [{', '.join(sorted(rooms))}]\n")
    if "model" in keys:
        for name, classifier in (("m", "knn"), ("other", "lda")):
            out = ("--out", folder / f"{name}.rvmodel")
            assert robotvision("train", config(classifier=classifier), *out).returncode == 0
        keys = {**keys, "features": "", "classifier": "", "train": ""}
    if "system" in keys:
        keys = {**keys, "features": "", "classifier": "", "train": ""}
    path = config(**keys)
    done = robotvision("run", path, "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    log = (folder / "out" / "run.jsonl").read_bytes()
    (folder / "out" / "run.jsonl").write_bytes(log[: int(len(log) * 0.7)])
    again = robotvision("run", "--resume", folder / "out")
    assert again.returncode == 0, again.stderr
    (folder / "out" / "run.jsonl").write_bytes(log[: int(len(log) * 0.7)])
    change(path, data_root)
    refused = robotvision("run", "--resume", folder / "out")
    assert refused.returncode == 2
    assert named in refused.stderr
    assert "begin a new run" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
