"""Run the programs that were handed in."""

from __future__ import annotations

from collections.abc import Mapping

from robotvision.contest.board import JudgedAnswers
from robotvision.contest.file import ContestSetup


def judged_answers(setup: ContestSetup) -> Mapping[str, JudgedAnswers]:
    """Return the answers of programs that were judged, by the submission's key."""
    return {}
