"""A commented configuration to begin with: sequences that were chosen, a task, a baseline."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from robotvision.config.json_schema import COMMENT, FILE_NAME, json_schema
from robotvision.data import detect
from robotvision.data.shipped import BASELINES, shipped
from robotvision.errors import Fault, InputFaults, RobotVisionError, near, not_writable
from robotvision.yamlfile import load

QUICK = "quick"
"""Needs nothing but the core, and trains in a second."""
_QUICK = "features: [phog, crfh]\nclassifier: {name: svm, kernel: chi2, C: 10}\n"
MAX_DEPTH = 4


def baseline_names() -> list[str]:
    """Return the recognisers to begin with: ``quick``, and those of ``configs/baselines``."""
    return [QUICK, *sorted(path.stem for path in shipped(BASELINES).glob("*.yaml"))]


def find_sequences(folder: Path, depth: int = MAX_DEPTH) -> Iterator[Path]:
    """Yield the sequences below a folder by name, down to ``depth`` folders; none inside another.

    Hidden folders and run folders are left out.
    """
    try:
        detect(folder)
    except InputFaults:
        pass  # no sequence itself: its folders may be
    else:
        yield folder
        return
    if depth == 0 or (folder / "run.jsonl").exists():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield from find_sequences(path, depth - 1)


def write_starter(
    path: Path,
    train: Sequence[Path],
    test: Sequence[Path],
    task: str = "rooms",
    baseline: str = QUICK,
) -> list[Path]:
    """Write a configuration and, beside it, the schema that editors check it by.

    Parameters
    ----------
    path : Path
        A new YAML file.
    train, test : sequence of Path
        Sequences; written relative to the file.
    task : str, optional
        A task's name or YAML file.
    baseline : str, optional
        One of `baseline_names`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    RobotVisionError
        A sequence does not exist, the file does or cannot be written, or the baseline is not known.
    """
    missing = [p for p in (*train, *test) if not p.exists()]
    if missing:
        raise InputFaults([Fault(p, "no such sequence") for p in missing])
    if task.endswith((".yaml", ".yml")):
        task = _relative(Path(task), path.parent)
    text = starter_text(path.parent, train, test, task, baseline)
    schema = path.parent / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x", encoding="utf-8") as f:
            f.write(text)
        schema.write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    except FileExistsError as e:
        raise RobotVisionError(f"{path}: exists already; name another file with -o") from e
    except OSError as e:
        raise not_writable(path, e) from e
    return [path, schema]


def starter_text(
    folder: Path, train: Sequence[Path], test: Sequence[Path], task: str, baseline: str
) -> str:
    """Return the configuration's text, paths relative to ``folder``; faults as above."""
    recogniser, mode = _recogniser(baseline)
    decision = "decision: {abstain: auto}    # answer where it beats silence by the points"
    lines = [
        COMMENT,
        f"# Run it: robotvision run FILE. The recogniser is {baseline}.",
        f"task: {task}    # robotvision task show {task} prints the rules; list tasks: others",
        f"mode: {mode}    # obligatory: each frame alone; optional: earlier frames may help",
        "train:    # sequences with truth",
        *(f"  - {_relative(p, folder)}" for p in train),
        "test:     # other sequences; nothing is chosen on them",
        *(f"  - {_relative(p, folder)}" for p in test),
        "# What can be named: robotvision list features, classifiers, temporal",
        recogniser.rstrip("\n"),
        *([] if "\ndecision:" in recogniser else [decision]),
        "seed: 0",
    ]
    return "\n".join(lines) + "\n"


def _recogniser(baseline: str) -> tuple[str, str]:
    """Return a baseline's keys from ``features`` on, as they are written, and its mode."""
    if baseline == QUICK:
        return _QUICK, "obligatory"
    if baseline not in baseline_names():
        known = baseline_names()
        raise RobotVisionError(
            f"no baseline is called {baseline!r}{near(baseline, known)}; known: {', '.join(known)}"
        )
    path = shipped(BASELINES) / f"{baseline}.yaml"
    text = path.read_text(encoding="utf-8")
    return text[text.index("\nfeatures:") + 1 :], str(load(path).data.get("mode", "obligatory"))


def _relative(path: Path, folder: Path) -> str:
    """Return a path as a configuration in ``folder`` names it, quoted where YAML needs that."""
    text = os.path.relpath(path, folder)
    return text if all(c.isalnum() or c in "/._-" for c in text) else json.dumps(text)
