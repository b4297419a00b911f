"""Several observers of one run, called one after the other in the run's own thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from robotvision.experiment.progress import Observer
from robotvision.recogniser.training import Training
from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.scoring.tally import Tally


class Observers(Observer):
    """An observer that passes everything on to others."""

    def __init__(self, others: Sequence[Observer]) -> None:
        self.others = tuple(others)

    def step(self, what: str, done: int, total: int) -> None:
        """Pass progress before the replay on."""
        for other in self.others:
            other.step(what, done, total)

    def trained(self, part: str, training: Training) -> None:
        """Pass on what a pipeline was trained on."""
        for other in self.others:
            other.trained(part, training)

    def sequence(self, name: str, n_frames: int) -> None:
        """Pass on that a sequence begins."""
        for other in self.others:
            other.sequence(name, n_frames)

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Pass the probabilities behind an answer on."""
        for other in self.others:
            other.posterior(index, probabilities)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Pass on a frame with its outcome."""
        for other in self.others:
            other.frame(record, scored, tally)

    def note(self, line: str) -> None:
        """Pass a note on."""
        for other in self.others:
            other.note(line)
