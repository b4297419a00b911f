"""The probabilities behind an answer, for those who watch a run.

A pipeline in the harness's own process gives them with each reply (`System.answer`). One in another
process, or a program, gives the confidence of its answer alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from robotvision.records import FrameRecord, ScoredAnswer


class Posteriors:
    """Keep the probabilities behind the answer to the last frame."""

    def __init__(self) -> None:
        self._index: int | None = None
        self._probabilities: list[tuple[str, float]] = []

    def keep(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Keep the probabilities of a frame in place of those before."""
        self._index, self._probabilities = index, list(probabilities.items())

    def likeliest(
        self, record: FrameRecord, scored: ScoredAnswer, most: int = 6
    ) -> list[tuple[str, float]]:
        """Return the likeliest rooms behind the answer that counts, with their probabilities.

        Where only the answer's own confidence is known, or the answer that counts was given for an
        earlier frame (held), that confidence; empty where nothing is known.
        """
        answer = scored.timed.answer
        if answer is None or answer.confidence is None:
            return []
        if self._index == record.index and answer == record.timed.answer:
            return sorted(self._probabilities, key=lambda item: -item[1])[:most]
        return [(answer.room or "best room, not answered", answer.confidence)]
