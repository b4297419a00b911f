"""Observers of a run: progress before the replay, then every frame as it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.scoring.tally import Tally

if TYPE_CHECKING:
    from robotvision.recogniser.training import Training


class Observer:
    """Watch a run. Every method does nothing, so this class is also the silent observer.

    All calls come from the run's own thread, outside the timed interval.
    """

    def step(self, what: str, done: int, total: int) -> None:
        """Receive progress before the replay: ``done`` of ``total`` units of ``what``."""

    def trained(self, part: str, training: Training) -> None:
        """Receive what the pipeline of a test set was trained on."""

    def begin(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Receive the run's folder and what its log begins with, before the first frame.

        ``about["config"]`` is the configuration as resolved, ``about["plugins"]`` where plug-ins of
        one's own came from.
        """

    def sequence(self, name: str, n_frames: int) -> None:
        """Receive the start of a sequence."""

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Receive the probabilities behind the answer to a frame, before its outcome.

        Only of systems that give them (`robotvision.systems.base.Reply`); ``probabilities`` may be
        a view of an array that the next frame overwrites.
        """

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Receive a frame with its outcome, as soon as that is certain."""

    def note(self, line: str) -> None:
        """Receive a line that the user should read."""

    def finish(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Receive the report (``report.json``), once all files of the run are in its folder."""
