"""The grid file: a base, axes of values, splits, single runs; every fault with its place.

::

    base: ../quickstart.yaml        # a configuration by path, or its keys
    grid:
      features: {phog: [phog], both: [phog, crfh]}
      classifier: [{name: svm, kernel: chi2}, knn]
      decision.abstain: [auto, never]
    splits:
      leave_one_out: [../sequences/a, ../sequences/b]
    runs:                           # in place of a grid, or each with every combination of it
      - {label: first, seed: 1}

The runs are every combination of ``runs``, ``grid`` and ``splits``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import Field

from robotvision.config.schema import Config
from robotvision.errors import Fault, InputFaults, by_place, near
from robotvision.playback.faults import load_plan
from robotvision.plugins.registry import named
from robotvision.sweep.merge import Merged, Merger, Origin
from robotvision.sweep.splits import Split, Splits, expand
from robotvision.yamlfile import Path_, Strict, load, validate

MAX_RUNS = 100_000
OWN_KEYS = ("label", "split")

Shown = str | int | float | bool | None
"""A value as a cell of the table shows it."""


class GridFile(Strict):
    """A sweep as written."""

    base: str | dict[str, Any] = Field(description="a configuration by path, or its keys")
    grid: dict[str, list[Any] | dict[str, Any]] = {}
    runs: list[dict[str, Any]] = []
    splits: Splits | None = None
    limit: int | None = Field(default=None, ge=1, description="frames of each test sequence")
    note: str = ""


@dataclass(frozen=True, slots=True)
class GridChoice:
    """One value of one axis: the keys it sets, where each stands, what the table shows."""

    values: Mapping[str, Any]
    places: Mapping[str, Path_]
    shown: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Combination:
    """One run before it is checked: its configuration and its cells."""

    document: Merged
    shown: Mapping[str, Shown]


class Grid:
    """A grid file that was read.

    Parameters
    ----------
    path : Path
    data_root : Path, optional
        Where all relative sequence paths start; else those of a file start at its folder.

    Raises
    ------
    InputFaults
        Every fault of the file itself; those of single runs come with `combinations`.
    """

    def __init__(self, path: Path, data_root: Path | None = None) -> None:
        self.path, self.data_root = path, data_root
        self.document = load(path)
        self.file = validate(self.document, GridFile)
        self.faults: list[Fault] = []
        self.merger = self._base()
        self.axes = [*self._runs(), *self._grid(), *self._splits()]
        self.columns = list(dict.fromkeys(k for axis in self.axes for c in axis for k in c.shown))
        n = prod(len(axis) for axis in self.axes)
        if n > MAX_RUNS:
            self._fault((), f"{n:,} runs; expected at most {MAX_RUNS:,}", "part the sweep")
        if self.faults:
            raise InputFaults(by_place(self.faults))

    def combinations(self) -> Iterator[Combination]:
        """Yield every run, the last axis fastest."""
        for choices in product(*self.axes):
            values = {k: v for c in choices for k, v in c.values.items()}
            origins: dict[str, Origin] = {
                k: (self.document, place) for c in choices for k, place in c.places.items()
            }
            shown = {k: v for c in choices for k, v in c.shown.items()}
            yield Combination(self.merger.merged(values, origins), shown)

    def _fault(self, where: Path_, message: str, remedy: str = "") -> None:
        self.faults.append(self.document.fault(where, message, remedy, key=True))

    def _base(self) -> Merger:
        base = self.file.base
        if isinstance(base, dict):
            return Merger(base, (self.document, ("base",)), self.path)
        path = self.path.parent / base
        document = load(path)
        if not isinstance(document.data, dict):
            raise InputFaults(document.fault((), "expected keys and values of a configuration"))
        return Merger(document.data, (document, ()), path)

    def _grid(self) -> Iterator[list[GridChoice]]:
        for key, values in self.file.grid.items():
            where: Path_ = ("grid", key)
            if not self._is_known(key, where):
                continue
            if not values:
                self._fault(where, "expected at least one value")
                continue
            pairs = (
                list(values.items()) if isinstance(values, dict) else [(None, v) for v in values]
            )
            yield [
                GridChoice(
                    {key: self._value(key, value)},
                    {key: (*where, i if label is None else label)},
                    {key: label_of(value) if label is None else label},
                )
                for i, (label, value) in enumerate(pairs)
            ]

    def _runs(self) -> Iterator[list[GridChoice]]:
        choices = []
        for i, entry in enumerate(self.file.runs):
            keys = [k for k in entry if k != "label"]
            for key in keys:
                where: Path_ = ("runs", i, key)
                if self._is_known(key, where) and key in self.file.grid:
                    self._fault(where, "the key is in 'grid' too", "keep it in one place")
            shown: dict[str, Shown] = {k: label_of(entry[k]) for k in keys}
            if "label" in entry:
                shown = {"label": label_of(entry["label"]), **shown}
            choices.append(
                GridChoice(
                    {k: self._value(k, entry[k]) for k in keys},
                    {k: ("runs", i, k) for k in keys},
                    shown,
                )
            )
        if choices:
            yield choices

    def _splits(self) -> Iterator[list[GridChoice]]:
        if self.file.splits is None:
            return
        for key in ("train", "test"):
            if key in self.file.grid or any(key in entry for entry in self.file.runs):
                self._fault(("splits",), f"{key!r} is set elsewhere too", "keep it in one place")
        choices = [self._split(split) for split in expand(self.file.splits)]
        if not choices:
            self._fault(
                ("splits",),
                "expected at least one of named, leave_one_out, leave_one_condition_out, across",
            )
            return
        yield choices

    def _split(self, split: Split) -> GridChoice:
        sides = {
            side: [
                s if isinstance(s, str) else s.model_dump(mode="json", exclude_defaults=True)
                for s in getattr(split, side)
            ]
            for side in ("train", "test")
        }
        return GridChoice(
            {k: self._value(k, v) for k, v in sides.items()},
            dict.fromkeys(sides, split.where),
            {"split": split.label},
        )

    def _is_known(self, key: str, where: Path_) -> bool:
        first = key.split(".")[0]
        known = [k for k in Config.model_fields if k not in ("out", "note")]
        if first in known:
            return True
        hint = near(first, [*known, *OWN_KEYS])
        self._fault(where, f"no such key of a configuration{hint}", f"known: {', '.join(known)}")
        return False

    def _value(self, key: str, value: Any) -> Any:
        """Return a value as the configuration wants it: one feature is a list, paths are whole."""
        folder = self.path.parent.absolute()
        if key == "features" and isinstance(value, (str, dict)):
            return [value]
        if key == "faults" and isinstance(value, str):
            return load_plan(folder / value).model_dump(mode="json")
        if isinstance(self.file.base, dict):
            return value
        if key in ("train", "test") and self.data_root is None:
            return _anchor(value, folder)
        if isinstance(value, str) and (
            key == "model" or (key == "task" and value.endswith((".yaml", ".yml")))
        ):
            return str(folder / value)
        return value


def _anchor(value: Any, folder: Path) -> Any:
    """Return listed sequences with their relative paths begun at ``folder``."""
    if isinstance(value, str):
        return str(folder / value)
    if isinstance(value, list):
        return [_anchor(v, folder) for v in value]
    if isinstance(value, dict) and isinstance(value.get("path"), str):
        return {**value, "path": str(folder / value["path"])}
    if isinstance(value, dict):
        return {k: _anchor(v, folder) for k, v in value.items()}
    return value


def label_of(value: Any) -> Shown:
    """Return a value in few words: ``{name: svm, C: 10}`` as ``svm(C=10)``."""
    if value is None:
        return "none"
    if isinstance(value, (str, int, float, bool)):
        return value
    if (part := named(value)) is not None:
        name, others = part
        rest = ", ".join(f"{k}={label_of(v)}" for k, v in others.items())
        return f"{name}({rest})" if rest else name
    if isinstance(value, list) and value and all(isinstance(v, (str, dict)) for v in value):
        return "+".join(str(label_of(v)) for v in value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
