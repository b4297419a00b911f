"""The truth of released frames: that of the sequence they were taken from, by the release's key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Ints
from robotvision.data.release_key import TEST, ReleasedSequence, ReleaseKey, read_key
from robotvision.errors import Fault, InputFaults
from robotvision.submissions.table import segments_of
from robotvision.submissions.truthfile import FrameSet, TruthTable, read_truth


@dataclass(frozen=True, slots=True)
class ReleasedPart:
    """The part of a release that run files answer.

    Parameters
    ----------
    path : Path
        The key's file, for messages.
    key : ReleaseKey
    part : str
        ``test``, or the name that the release was split by.
    """

    path: Path
    key: ReleaseKey
    part: str = TEST

    @classmethod
    def read(cls, path: Path, part: str = TEST) -> ReleasedPart:
        """Read the key of a release.

        Raises
        ------
        InputFaults
            It is not a key, or has no such part.
        """
        key = read_key(path)
        if part not in key.parts:
            message = f"no part is called {part!r}; the release has: {', '.join(key.parts)}"
            raise InputFaults(Fault(path, message, remedy="name one of them with --part"))
        return cls(path, key, part)

    def truth_of(self, table: TruthTable) -> TruthTable:
        """Return the truth of the released frames of a source, by their released numbers.

        The frames stand in the order of the source, so that its visits to rooms stay whole in a
        release that was shuffled.

        Raises
        ------
        InputFaults
            The release holds nothing of that source, or frames that its truth does not have.
        """
        rows, numbers = self.rows_of(table)
        return table.select(rows, FrameSet(self._released(table).folder, numbers))

    def rows_of(self, table: TruthTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of a source's truth that were released, rising, and their numbers.

        Raises
        ------
        InputFaults
            As `truth_of`.
        """
        released = self._released(table)
        position_of = {int(index): k for k, index in enumerate(table.frames.indices)}
        missing = [index for index in released.indices if index not in position_of]
        if missing:
            message = (
                f"{released.folder} holds {len(missing)} frames of {table.name!r} that "
                f"{table.path} does not have (first: {missing[0]})"
            )
            raise InputFaults(Fault(self.path, message, remedy="give the truth as released from"))
        rows = np.array([position_of[index] for index in released.indices], np.int64)
        numbers = np.argsort(rows, kind="stable").astype(np.int64)
        return rows[numbers], numbers

    def _released(self, table: TruthTable) -> ReleasedSequence:
        released = self.key.of(table.name, self.part)
        if released is None:
            names = dict.fromkeys(s.source for s in self.key.sequences if s.part == self.part)
            message = f"nothing of {table.name!r} was released as {self.part!r}"
            remedy = f"give the truth of: {', '.join(names)}"
            raise InputFaults(Fault(self.path, message, remedy=remedy))
        return released


def read_truths(
    paths: Sequence[Path], released: ReleasedPart | None = None
) -> tuple[list[TruthTable], list[Ints | None]]:
    """Return the truth of each test set, and the segments of its frames.

    Parameters
    ----------
    paths : sequence of Path
        As `robotvision.submissions.truthfile.read_truth` takes them.
    released : ReleasedPart, optional
        The runs answer frames released of these; only those are returned, as `truth_of` does.

    Raises
    ------
    InputFaults
        A truth cannot be read, or does not fit the release.
    """
    tables, segments = [read_truth(path) for path in paths], [segments_of(path) for path in paths]
    if released is None:
        return tables, segments
    kept = [
        None if s is None else s[released.rows_of(table)[0]]
        for table, s in zip(tables, segments, strict=True)
    ]
    return [released.truth_of(table) for table in tables], kept
