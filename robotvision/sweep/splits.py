"""Training and test sets by rule: named, one sequence out, one condition out, across groups.

``leave_one_out`` trains on all sequences but one and tests on that one, each in turn;
``leave_one_condition_out`` does so with groups of sequences (light, season, day); ``across`` trains
on one group and tests on one other, every ordered pair (robots, floors, buildings).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import PurePath
from typing import Annotated

from pydantic import Field

from robotvision.config.schema import SequenceList, SequenceSpec
from robotvision.yamlfile import Path_, Strict

Groups = Annotated[dict[str, SequenceList], Field(min_length=2)]


class TrainTest(Strict):
    """A training set and a test set."""

    train: SequenceList = Field(min_length=1)
    test: SequenceList = Field(min_length=1)


class Splits(Strict):
    """Every way to part sequences that the sweep goes through."""

    leave_one_out: SequenceList | None = Field(default=None, min_length=2)
    leave_one_condition_out: Groups | None = None
    across: Groups | None = None
    named: dict[str, TrainTest] | None = Field(default=None, min_length=1)


@dataclass(frozen=True, slots=True)
class Split:
    """One training and test set.

    Parameters
    ----------
    label : str
        What tables call it.
    train, test : list
        As a configuration lists sequences.
    where : Path_
        Where in the grid file it stands.
    """

    label: str
    train: SequenceList
    test: SequenceList
    where: Path_


def expand(splits: Splits) -> Iterator[Split]:
    """Yield every split, named ones first."""
    for name, sets in (splits.named or {}).items():
        yield Split(name, sets.train, sets.test, ("splits", "named", name))
    every = splits.leave_one_out or []
    for i, name in enumerate(sequence_names(every)):
        rest = [s for k, s in enumerate(every) if k != i]
        yield Split(f"without {name}", rest, [every[i]], ("splits", "leave_one_out", i))
    conditions = splits.leave_one_condition_out or {}
    for name, test in conditions.items():
        rest = [s for other, group in conditions.items() if other != name for s in group]
        where = ("splits", "leave_one_condition_out", name)
        yield Split(f"without {name}", rest, list(test), where)
    for a, b in permutations(splits.across or {}, 2):
        groups = splits.across or {}
        yield Split(f"{a} to {b}", list(groups[a]), list(groups[b]), ("splits", "across", a))


def sequence_names(listed: SequenceList) -> list[str]:
    """Return a name for each sequence: its folder's, with the frames, made unique by number."""
    names: list[str] = []
    for item in listed:
        spec = SequenceSpec(path=item) if isinstance(item, str) else item
        name = PurePath(spec.path).name
        if spec.frames is not None:
            first, end = spec.frames
            name += f"[{first}:{'' if end is None else end}]"
        n = sum(known == name or known.startswith(f"{name} (") for known in names)
        names.append(f"{name} ({n + 1})" if n else name)
    return names
