"""The truth of released frames: that of the sequence they were taken from, by the release's key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from robotvision.data.release_key import ReleaseKey, read_key
from robotvision.errors import Fault, InputFaults
from robotvision.submissions.truthfile import FrameSet, TruthTable

TEST = "test"


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
            raise InputFaults([Fault(path, message, remedy="name one of them with --part")])
        return cls(path, key, part)

    def truth_of(self, table: TruthTable) -> TruthTable:
        """Return the truth of the released frames of a source, in their order and numbers.

        Raises
        ------
        InputFaults
            The release holds nothing of that source, or frames that its truth does not have.
        """
        released = self.key.of(table.name, self.part)
        if released is None:
            names = dict.fromkeys(s.source for s in self.key.sequences if s.part == self.part)
            message = f"nothing of {table.name!r} was released as {self.part!r}"
            remedy = f"give the truth of: {', '.join(names)}"
            raise InputFaults([Fault(self.path, message, remedy=remedy)])
        position_of = {int(index): k for k, index in enumerate(table.frames.indices)}
        missing = [index for index in released.indices if index not in position_of]
        if missing:
            message = (
                f"{released.folder} holds {len(missing)} frames of {table.name!r} that "
                f"{table.path} does not have (first: {missing[0]})"
            )
            raise InputFaults([Fault(self.path, message, remedy="give the truth as released from")])
        at = np.array([position_of[index] for index in released.indices], np.int64)
        return replace(
            table,
            frames=FrameSet(released.folder, np.arange(len(at), dtype=np.int64)),
            codes=table.codes[at],
            seen=table.seen[at],
            lines=table.lines[at],
        )
