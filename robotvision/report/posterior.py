"""The probabilities behind an answer, for those who watch a run.

A pipeline in the harness's own process gives them with each reply (`System.answer`). One in another
process, or a program, gives the confidence of its answer alone.
"""

from __future__ import annotations

from robotvision.records import FrameRecord, ScoredAnswer


def likeliest(record: FrameRecord, scored: ScoredAnswer, most: int = 6) -> list[tuple[str, float]]:
    """Return the likeliest rooms behind the answer that counts, with their probabilities.

    Where only the answer's own confidence is known, or the answer that counts was given for an
    earlier frame (held), that confidence; empty where nothing is known.
    """
    answer = scored.timed.answer
    if answer is None or answer.confidence is None:
        return []
    if record.posterior is not None and answer is record.timed.answer:
        return sorted(record.posterior.items(), key=lambda item: -item[1])[:most]
    return [(answer.room or "best room, not answered", answer.confidence)]
