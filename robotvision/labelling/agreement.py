"""How far two labellers of one sequence agree: Cohen's kappa, and where they differ.

Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement
1960, over the frames that both gave a room. Labellers who agree where a visit is differ most about
the frame at which it begins: differences at a border are therefore listed apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.data import open_sequence
from robotvision.data.label_file import read_spans
from robotvision.errors import Fault, RobotVisionError, raise_faults
from robotvision.labelling.sidecar import SUFFIX, read_labels

BORDER_FRAMES = 5
"""A difference of at most so many frames beside a border of either labeller is one of borders."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Frames ``first`` to ``last`` (numbers, both included) that two labellers call differently.

    ``is_border``: it is short, and one labeller's visit goes on where the other's has begun.
    """

    first: int
    last: int
    n_frames: int
    room_a: str
    room_b: str
    is_border: bool


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """What two labellers agree on.

    Parameters
    ----------
    n_both, n_only_a, n_only_b : int
        Frames with a room by both, by one alone.
    n_agreed : int
        Frames that both call the same.
    kappa : float or None
        1: all the same; 0: as by chance; None where both gave one and the same room throughout.
    kappa_inside : float or None
        Without the frames at borders.
    differences : tuple of Difference
        In order.
    """

    n_both: int
    n_only_a: int
    n_only_b: int
    n_agreed: int
    kappa: float | None
    kappa_inside: float | None
    differences: tuple[Difference, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "schema": 1,
            "frames": self.n_both,
            "only_a": self.n_only_a,
            "only_b": self.n_only_b,
            "agreed": self.n_agreed,
            "kappa": self.kappa,
            "kappa_inside": self.kappa_inside,
            "differences": [
                {
                    "first": d.first,
                    "last": d.last,
                    "frames": d.n_frames,
                    "a": d.room_a,
                    "b": d.room_b,
                    "border": d.is_border,
                }
                for d in self.differences
            ],
        }


def compare_labels(a: Path | Mapping[int, str], b: Path | Mapping[int, str]) -> LabelAgreement:
    """Return how far two labellers agree.

    Parameters
    ----------
    a, b : Path or Mapping[int, str]
        Rooms by the frame's number; or a sequence, a ``truth.csv``, or the labels that
        ``robotvision label`` keeps.

    Raises
    ------
    RobotVisionError
        One of them cannot be read, or they have no frame in common.
    """
    rooms_a = rooms_of(a) if isinstance(a, Path) else dict(a)
    rooms_b = rooms_of(b) if isinstance(b, Path) else dict(b)
    both = sorted(rooms_a.keys() & rooms_b.keys())
    if not both:
        raise RobotVisionError(
            f"{a} and {b}: no frame has a room in both; are they of one sequence?"
        )
    pairs = [(rooms_a[i], rooms_b[i]) for i in both]
    differences = tuple(_differences(both, pairs))
    at_border = {
        i
        for d in differences
        if d.is_border
        for i in both[both.index(d.first) : both.index(d.last) + 1]
    }
    inside = [pair for i, pair in zip(both, pairs, strict=True) if i not in at_border]
    return LabelAgreement(
        n_both=len(both),
        n_only_a=len(rooms_a.keys() - rooms_b.keys()),
        n_only_b=len(rooms_b.keys() - rooms_a.keys()),
        n_agreed=sum(x == y for x, y in pairs),
        kappa=_kappa(pairs),
        kappa_inside=_kappa(inside),
        differences=differences,
    )


def _kappa(pairs: list[tuple[str, str]]) -> float | None:
    from sklearn.metrics import cohen_kappa_score

    if len({room for pair in pairs for room in pair}) < 2:
        return None  # one room alone: agreement by chance is certain
    first, second = zip(*pairs, strict=True)
    kappa = float(cohen_kappa_score(first, second))
    return kappa if np.isfinite(kappa) else None


def _differences(both: list[int], pairs: list[tuple[str, str]]) -> list[Difference]:
    """Return each stretch of frames that two labellers call differently, always by one pair."""
    ends = [0, *(k for k in range(1, len(pairs)) if pairs[k] != pairs[k - 1]), len(pairs)]
    found = []
    for start, end in pairwise(ends):
        room_a, room_b = pairs[start]
        if room_a == room_b:
            continue
        n = end - start
        is_border = n <= BORDER_FRAMES and _is_at_border(pairs, start, end)
        found.append(Difference(both[start], both[end - 1], n, room_a, room_b, is_border))
    return found


def _is_at_border(pairs: list[tuple[str, str]], start: int, end: int) -> bool:
    """Return whether both agree just before and after, and each calls the stretch one of these."""
    if start == 0 or end == len(pairs):
        return False
    before, after = pairs[start - 1], pairs[end]
    is_agreed = before[0] == before[1] and after[0] == after[1] and before[0] != after[0]
    return is_agreed and set(pairs[start]) == {before[0], after[0]}


def rooms_of(path: Path) -> dict[int, str]:
    """Return rooms by the frame's number, from whatever file or sequence holds them.

    Raises
    ------
    RobotVisionError
        It cannot be read, or has no rooms.
    """
    if path.is_file() and path.name.endswith(".jsonl"):
        return _rooms_of_labels(path)
    if path.is_file() and path.suffix.lower() == ".csv":
        return _rooms_of_table(path)
    sequence = open_sequence(path)
    if not sequence.truth:
        raise RobotVisionError(f"{path}: no truth with it; expected rooms, or a {SUFFIX}")
    return {index: truth.room for index, truth in sequence.truth.items()}


def _rooms_of_labels(path: Path) -> dict[int, str]:
    kept = read_labels(path)
    if kept is None:
        raise RobotVisionError(f"{path}: no labels in it")
    numbers = kept.header.numbers or range(kept.header.start.n_frames)
    rooms = kept.state().rooms
    return {i: room for i, room in zip(numbers, rooms, strict=True) if room is not None}


def _rooms_of_table(path: Path) -> dict[int, str]:
    faults: list[Fault] = []
    spans = read_spans(path, faults)
    if not faults and any(span.start.axis != "index" for span in spans):
        message = "counts seconds; expected numbers of frames"
        faults.append(Fault(path, message, 1, remedy="name the sequence that it is of"))
    raise_faults(faults)
    return {i: s.truth.room for s in spans for i in range(s.start.at, s.end.at)}
