"""Who watches a run: progress before the replay, every frame as it is scored."""

from __future__ import annotations

from typing import Protocol

from robotvision.recogniser.training import Training
from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.scoring.tally import Tally


class Observer(Protocol):
    """Who watches a run. All calls come from the run's own thread."""

    def step(self, what: str, done: int, total: int) -> None:
        """Hear of progress before the replay."""

    def trained(self, part: str, training: Training) -> None:
        """Hear what a pipeline was trained on."""

    def sequence(self, name: str, n_frames: int) -> None:
        """Hear that a sequence begins."""

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Hear what became of a frame, as soon as it is certain."""

    def note(self, line: str) -> None:
        """Hear of something the user should know."""


class Silent:
    """An observer that says nothing."""

    def step(self, what: str, done: int, total: int) -> None:
        """Say nothing."""

    def trained(self, part: str, training: Training) -> None:
        """Say nothing."""

    def sequence(self, name: str, n_frames: int) -> None:
        """Say nothing."""

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Say nothing."""

    def note(self, line: str) -> None:
        """Say nothing."""
