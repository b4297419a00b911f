"""Frames by column, a row a frame: what judging, scoring and every measure of a run work on.

A `FrameTable` is made from a run log (`robotvision.runs.table`) or from a truth and a run file
(`robotvision.submissions.table`). `robotvision.scoring.judge` then says which answer counts for
each frame, `robotvision.scoring.score` what it is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Bools, Floats, Ints
from robotvision.errors import RobotVisionError
from robotvision.records import Outcome
from robotvision.scoring.blocks import visits

OUTCOMES = tuple(Outcome)
"""What the codes in a column of outcomes stand for."""
CORRECT, WRONG, UNANSWERED, LATE, SKIPPED, FAILED = range(len(OUTCOMES))
ANSWERED = UNSCORED = -1
"""No outcome: the frame has an answer, and nothing (or, once scored, no truth) to compare it to."""
NEVER = int(np.iinfo(np.int64).max)
"""In a column of times: at no time."""


@dataclass(frozen=True, eq=False)
class FrameTable:
    """The frames of a run, in order, sequence after sequence.

    Parameters
    ----------
    labels : tuple of str
        What the codes of rooms stand for: the task's labels, then whatever else was answered.
    objects : tuple of str
        The task's.
    sequences, sets : tuple of str
        Name and test set of each sequence.
    sequence : (n,) integers
        Place in ``sequences``, never falling.
    index, timestamp_ns, segment : (n,) integers
        As in the sequence.
    truth : (n,) integers
        Row of the true label, -1 where it is not known.
    answer : (n,) integers
        Place of the answered label, -1 for none; once judged, of the answer that counts.
    confidence : (n,) floats
        In [0, 1], NaN where there is none; once judged, of the answer that counts.
    stated, in_view : (n, objects) integers and bool, or None
        ``PRESENT``, ``ABSENT`` or ``NOT_STATED`` (`robotvision.scoring.points`); whether the object
        was there. None where the task has no objects.
    due_ns, started_ns, finished_ns : (n,) integers
        On the clock of the sequence's replay; the last two `NEVER` where the system did not see the
        frame.
    own : (n,) integers
        `ANSWERED`, or the code of SKIPPED or FAILED where the frame has no answer of its own.
    has_clock : bool
        False: no clock ran ("asap"), so a frame's deadline is its due time.
    source : (n,) integers, empty until judged
        Row of the frame whose answer counts.
    age_ns : (n,) integers, empty until judged
        Under ``hold`` from the due time of that frame to the deadline, else from the frame's due
        time to the end of its own answer; `NEVER` without an answer.
    outcome : (n,) integers, empty until judged
        Code in `OUTCOMES`; `ANSWERED` before and `UNSCORED` after scoring.
    points : (n,) floats, empty until scored
        0 without a truth.

    Raises
    ------
    RobotVisionError
        The columns are not of one length.
    """

    labels: tuple[str, ...]
    objects: tuple[str, ...]
    sequences: tuple[str, ...]
    sets: tuple[str, ...]
    sequence: Ints
    index: Ints
    timestamp_ns: Ints
    segment: Ints
    truth: Ints
    answer: Ints
    confidence: Floats
    stated: Ints | None
    in_view: Bools | None
    due_ns: Ints
    started_ns: Ints
    finished_ns: Ints
    own: Ints
    has_clock: bool = True
    source: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    age_ns: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    outcome: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    points: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        filled_later = ("source", "age_ns", "outcome", "points")
        columns = self._columns()
        lengths = {len(c) for name, c in columns.items() if len(c) or name not in filled_later}
        if len(lengths) > 1:
            raise RobotVisionError(
                f"a frame table: expected columns of one length, got {sorted(lengths)}"
            )

    def _columns(self) -> dict[str, NDArray[Any]]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: v for name, v in values.items() if isinstance(v, np.ndarray)}

    def __len__(self) -> int:
        return len(self.sequence)

    def select(self, rows: NDArray[Any]) -> FrameTable:
        """Return the table of some of the frames, by mask or by rising positions."""
        columns = {name: c[rows] for name, c in self._columns().items() if len(c)}
        return replace(self, **columns)

    def of_sets(self, names: Sequence[str]) -> FrameTable:
        """Return the table of the frames of some test sets."""
        if set(self.sets) <= set(names):
            return self
        chosen = [i for i, name in enumerate(self.sets) if name in names]
        return self.select(np.isin(self.sequence, chosen))

    def parts(self) -> list[slice]:
        """Return the rows of each sequence."""
        ends = np.searchsorted(self.sequence, np.arange(len(self.sequences) + 1))
        return [slice(a, b) for a, b in pairwise(ends.tolist())]

    @property
    def is_known(self) -> Bools:
        """(n,) whether the truth of the frame is known."""
        is_known: Bools = self.truth >= 0
        return is_known

    @property
    def is_judged(self) -> bool:
        """Whether it went through `robotvision.scoring.judge`."""
        return len(self.outcome) == len(self)

    @property
    def was_seen(self) -> Bools:
        """(n,) whether the system saw the frame."""
        was_seen: Bools = (self.started_ns != NEVER) & (self.finished_ns != NEVER)
        return was_seen

    @cached_property
    def visit(self) -> NDArray[np.int64]:
        """(n,) number of the room visit of each frame, from 0."""
        return visits(self.sequence, self.segment, self.truth)
