"""Every run of a sweep, checked, with the hash that says whether it was done before.

The hash covers the configuration (what is not at its default; sequence paths relative to the data
root; ``out`` and ``note`` aside), the tables of its sequences (entries and truth, not the
images), the rules of the task, the limit of frames and the release of robotvision. Where the
folder lies, how many workers there are and which machine they run on do not enter it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robotvision.config.checks import build, build_function, check_config, named_parts
from robotvision.config.experiment import Experiment
from robotvision.config.schema import Named, SequenceSpec, SystemConfig
from robotvision.data import ImageSequence
from robotvision.data.digest import table_digest
from robotvision.data.summary import digest as image_digest
from robotvision.errors import Fault, InputFaults, RobotVisionError, raise_faults
from robotvision.experiment.prepare import open_part
from robotvision.plugins.files import file_digest
from robotvision.plugins.identity import identity_or_unique
from robotvision.plugins.modules import script_files
from robotvision.plugins.registry import Registry
from robotvision.recogniser.channels import settle_features
from robotvision.sweep.grid import Grid, Shown
from robotvision.systems.image_function import identity_of
from robotvision.version import __version__

SCHEMA = 1
Opened = dict[SequenceSpec, tuple[ImageSequence, Path]]
"""Each sequence, and the data root of the first run that names it."""


@dataclass(frozen=True, slots=True)
class SequenceInfo:
    """What a sequence is, for hashes: a digest of place, tables and images; frames by room."""

    digest: str
    rooms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: its hash, its cells in the table, its checked configuration.

    ``features`` are those of the configuration, settled on the run's sequences; None where that
    cannot be done, which the run says in its own words.
    """

    key: str
    shown: Mapping[str, Shown]
    setup: Experiment = field(repr=False)
    features: tuple[str | Named, ...] | None = field(default=(), repr=False)


class PartIdentities:
    """What the plug-ins that configurations name are, each computed once."""

    def __init__(self) -> None:
        self._known: dict[str, list[Any]] = {}

    def of(self, registry: Registry, item: str | Named) -> list[Any]:
        """Return what a plug-in's results depend on, as plain data."""
        text = json.dumps([registry.kind, plain(item)])
        if text not in self._known:
            self._known[text] = identity_or_unique(build(registry, item))
        return self._known[text]


@dataclass(frozen=True, slots=True)
class Plan:
    """All runs of a sweep, in the order of the file.

    Parameters
    ----------
    path : Path
        The grid file.
    columns : list of str
        What the runs differ in.
    runs : list of RunSpec
        No two alike.
    known : Mapping[SequenceSpec, SequenceInfo]
        Every sequence.
    limit : int or None
        Frames of each test sequence.
    repeated : list of str
        A line for each run left out since it equals an earlier one.
    parts : PartIdentities
        What the plug-ins of the runs are.
    """

    path: Path
    columns: list[str]
    runs: list[RunSpec]
    known: Mapping[SequenceSpec, SequenceInfo]
    limit: int | None = None
    repeated: list[str] = field(default_factory=list)
    parts: PartIdentities = field(default_factory=PartIdentities, repr=False)


def load_plan(path: Path, data_root: Path | None = None, limit: int | None = None) -> Plan:
    """Read a grid file and check every run of it.

    Parameters
    ----------
    path : Path
        A YAML file; see `robotvision.sweep.grid`.
    data_root : Path, optional
        Where relative sequence paths start, else ``ROBOTVISION_DATA``, else each file's folder.
    limit : int, optional
        In place of the file's.

    Raises
    ------
    InputFaults
        Every fault of the grid, its base and its sequences, each once.
    """
    own = os.environ.get("ROBOTVISION_DATA")
    root = data_root or (Path(own) if own else None)
    grid = Grid(path, root)
    limit = grid.file.limit if limit is None else limit
    setups = _setups(grid, root)
    opened = _open_sequences([setup for _, setup in setups])
    known = {
        spec: SequenceInfo(
            digest([_place(spec, base), table_digest(s), image_digest(s)]), s.room_counts()
        )
        for spec, (s, base) in opened.items()
    }
    parts = PartIdentities()
    runs: dict[str, RunSpec] = {}
    repeated = []
    for shown, setup in setups:
        key = run_key(setup, known, limit, parts)
        if key in runs:
            repeated.append(f"{_describe(shown)}: the same run as {_describe(runs[key].shown)}")
        else:
            runs[key] = RunSpec(key, shown, setup, _features(setup, opened))
    return Plan(path, grid.columns, list(runs.values()), known, limit, repeated, parts)


def _describe(shown: Mapping[str, Shown]) -> str:
    return ", ".join(f"{k}={v}" for k, v in shown.items()) or "the base"


def _setups(grid: Grid, root: Path | None) -> list[tuple[Mapping[str, Shown], Experiment]]:
    setups, faults = [], dict[Fault, None]()
    for run in grid.combinations():
        try:
            setups.append((run.shown, check_config(run.document, root)))
        except InputFaults as e:
            faults.update(dict.fromkeys(e.faults))
    if faults:
        raise InputFaults(sorted(faults, key=lambda f: (str(f.path), f.line or 0, f.column or 0)))
    return setups


def _open_sequences(setups: list[Experiment]) -> Opened:
    """Open every sequence once. Raises InputFaults."""
    opened: Opened = {}
    faults: list[Fault] = []
    refused: set[SequenceSpec] = set()
    for setup in setups:
        for spec in setup.specs:
            if spec in opened or spec in refused:
                continue
            try:
                opened[spec] = open_part(spec), setup.data_root
            except InputFaults as e:
                faults += e.faults
                refused.add(spec)
    raise_faults(faults)
    return opened


def _features(setup: Experiment, opened: Opened) -> tuple[str | Named, ...] | None:
    try:
        return tuple(settle_features(setup.config, [opened[s][0] for s in setup.specs])[0].features)
    except RobotVisionError:
        return None


def _place(spec: SequenceSpec, root: Path) -> dict[str, Any]:
    data = spec.model_dump(mode="json", exclude_defaults=True)
    return {**data, "path": os.path.relpath(spec.path, root)}


def run_key(
    setup: Experiment,
    known: Mapping[SequenceSpec, SequenceInfo],
    limit: int | None,
    identities: PartIdentities,
) -> str:
    """Return the hash of a run: 16 hexadecimal digits."""
    config = setup.config.model_dump(
        mode="json",
        exclude={"out", "note", "train", "test", "task", "observers", "trust"},
        exclude_defaults=True,
    )
    config = _without_folder(config, f"{os.path.abspath(setup.path.parent)}{os.sep}")
    if setup.model_path is not None:
        config["model"] = file_digest(setup.model_path)
    parts = [
        [p.name, [known[s].digest for s in p.train], [known[s].digest for s in p.test]]
        for p in setup.parts
    ]
    task = setup.task.model_dump(mode="json", exclude_defaults=True)
    code = [identities.of(registry, item) for registry, item in named_parts(setup.config)]
    if setup.function is not None:
        code.append(identity_of(build_function(setup.function)))
    code += _program_files(setup)
    return digest([SCHEMA, __version__, config, task, parts, limit, code])


def _without_folder(data: Any, folder: str) -> Any:
    """Return plain data in which paths below a folder are relative to it."""
    if isinstance(data, dict):
        return {key: _without_folder(value, folder) for key, value in data.items()}
    if isinstance(data, list):
        return [_without_folder(value, folder) for value in data]
    return data.removeprefix(folder) if isinstance(data, str) else data


def _program_files(setup: Experiment) -> list[Any]:
    """Return digests of the files of a program: its command's, and those it may read."""
    system, base = setup.config.system, setup.path.parent
    if not isinstance(system, SystemConfig):
        return []
    files = [path for word in system.command for path in script_files(base / word)]
    for given in system.read:
        path = base / given
        files += sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return [file_digest(path) for path in files if path.is_file()]


def plain(item: str | Named) -> Any:
    """Return a plug-in as a configuration holds it, as plain data."""
    return item if isinstance(item, str) else item.model_dump(mode="json")


def digest(data: Any) -> str:
    """Return 16 hexadecimal digits that stand for plain data."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
