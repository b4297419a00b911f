"""Good files of every kind that robotvision reads, and what reads each: the seeds of `fuzz.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fuzz import Target

TASK = """\
id: laps
title: Laps
extends: rooms
rooms: [Kitchen, Office, Hall]
points: {room: {correct: 1, wrong: -0.5, unanswered: 0}}
run_file: {form: number_room, digits: 5, first_number: 1}
"""
CONFIG = """\
task: rooms
mode: optional
train: [train, {path: train, frames: [0, 9]}]
test: {easy: [test], hard: [test]}
features: [phog, {name: crfh, scales: [1, 2]}]
classifier: {name: svm, kernel: chi2, C: 10}
temporal: {name: exponential, seconds: 2}
decision: {abstain: auto, unknown: never}
replay: {clock: simulated, policy: streaming, rate_hz: 30}
faults: {seed: 1, faults: {drop: {kind: drop, share: 0.2}}}
tune: {classifier: [svm, knn]}
seed: 1
"""
FORMS = ("bag", "bag-lz4", "mcap", "mcap-lz4", "mcap-unchunked", "mcap-unindexed", "sqlite-zstd")


def make_targets(root: Path) -> list[Target]:
    """Write a folder of good files for each target below ``root``."""
    return [*_layouts(root), *_recordings(root), *_yaml(root), *_submissions(root), *_runs(root)]


def _files_of(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()))


def _target(name: str, folder: Path, read: Callable[[Path], object]) -> Target:
    return Target(name, folder, _files_of(folder), read)


def _layouts(root: Path) -> list[Target]:
    from tests.data.conftest import MAKERS

    targets = []
    for name, make in MAKERS.items():
        folder = root / name
        folder.mkdir()
        path = make(folder / name)
        targets.append(_target(name, folder, partial(_read_sequence, path.relative_to(folder))))
    return targets


def _recordings(root: Path) -> list[Target]:
    from tests.data.bags.conftest import Tour

    targets = []
    for form in FORMS:
        folder = root / form
        folder.mkdir()
        path = Tour(folder, form=form, n=4).usual().write()
        targets.append(_target(form, folder, partial(_read_sequence, path.relative_to(folder))))
    return targets


def _read_sequence(relative: Path, folder: Path) -> None:
    from robotvision.data import open_sequence
    from robotvision.data.summary import summary
    from robotvision.data.verify import read_and_verify

    read_and_verify(folder / relative)
    sequence = open_sequence(folder / relative)
    summary(sequence)
    for position in range(min(3, len(sequence))):
        sequence.load(position)


def _yaml(root: Path) -> list[Target]:
    from robotvision.config.checks import load_config
    from robotvision.playback.faults import load_plan
    from robotvision.tasks import load_task
    from tests.conftest import write_tour

    folder = root / "config"
    for name in ("train", "test"):
        write_tour(folder / name, n_each=2)
    (folder / "config.yaml").write_text(CONFIG)
    tasks, plans = root / "task", root / "plan"
    tasks.mkdir()
    (tasks / "task.yaml").write_text(TASK)
    plans.mkdir()
    (plans / "faults.yaml").write_text("seed: 1\nfaults: {dark: {kind: exposure, ev: -2}}\n")
    return [
        Target("config", folder, ("config.yaml",), lambda f: load_config(f / "config.yaml")),
        _target("task", tasks, lambda f: load_task(str(f / "task.yaml"))),
        _target("faults", plans, lambda f: load_plan(f / "faults.yaml")),
    ]


def _submissions(root: Path) -> list[Target]:
    from robotvision.contest import rank
    from robotvision.data.release_key import KIND, SCHEMA, ReleasedSequence, ReleaseKey, write_key
    from robotvision.submissions.pack import pack_files, read_pack
    from robotvision.submissions.released import ReleasedPart

    folder, packs, keys = root / "rank", root / "pack", root / "key"
    (folder / "runs").mkdir(parents=True)
    (folder / "task.yaml").write_text(TASK)
    rooms = ["Kitchen", "Office", "Hall"]
    lines = "".join(f"{i},{rooms[i // 4]}\n" for i in range(12))
    (folder / "truth.csv").write_text("index,room\n" + lines)
    for name in ("a", "b"):
        run = "".join(f"{i + 1:05d} {rooms[i % 3]}\n" for i in range(12))
        (folder / "runs" / f"{name}.txt").write_text(run)
    packs.mkdir()
    card = {
        "group": "us",
        "method": "none",
        "retrieval": "visual",
        "run_type": "automatic",
        "mode": "obligatory",
        "time_per_frame_ms": 3.0,
        "machine": "two cores",
        "additional_resources": "none",
    }
    pack_files(
        packs / "run.zip", str(folder / "task.yaml"), [folder / "runs" / "a.txt"], [], None, card
    )
    keys.mkdir()
    released = ReleasedSequence("test1", "test", "night", (2, 0, 1))
    write_key(keys / "key", ReleaseKey("shuffle", (released,), SCHEMA, KIND))
    return [
        _target(
            "rank",
            folder,
            lambda f: rank(str(f / "task.yaml"), [f / "truth.csv"], f / "runs", out=f / "out"),
        ),
        _target("pack", packs, lambda f: read_pack(f / "run.zip")),
        _target("key", keys, lambda f: ReleasedPart.read(f / "key")),
    ]


def _runs(root: Path) -> list[Target]:
    from robotvision.config.checks import load_config
    from robotvision.experiment.train import train_model
    from robotvision.recogniser.persistence import load_pipeline
    from tests.conftest import write_tour
    from tests.fixtures.runs import write_run

    folder, models = root / "run", root / "model"
    sequence = write_tour(folder / "walk", n_each=3)
    write_run(folder / "first", sequence)
    models.mkdir()
    (root / "train.yaml").write_text(
        f"task: rooms\ntrain: [{folder}/walk]\ntest: [{folder}/walk]\n"
        "features: [hsv_histogram]\nclassifier: {name: svm, kernel: rbf}\n"
    )
    train_model(load_config(root / "train.yaml"), models / "m.rvmodel")
    return [
        Target("run", folder, ("first/run.jsonl",), _read_run),
        _target("model", models, lambda f: load_pipeline(f / "m.rvmodel")),
    ]


def _read_run(folder: Path) -> None:
    import robotvision as rv
    from robotvision.report import write_page

    run = rv.read_run(folder / "first")
    json.dumps(run.score.to_dict())
    run.to_frame()
    for policy in ("deadline", "streaming"):
        run.rescore(policy, deadline_ms=20)
    write_page([folder / "first"], folder / "page.html")
