"""What an organiser may choose of a competition on Codabench."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from robotvision.contest.leaderboard.disclosure import Reveal

IMAGE = "python:3.12-slim"
"""Default image: it has Python and pip; the platform's own default is too old a Python."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an organiser may choose.

    Parameters
    ----------
    title : str or None
        Of the competition; None: the contest's, or the task's.
    image : str
        Docker image of the scoring program.
    start, end : datetime or None
        Of the phase; UTC where they have no time zone. Without a start it is open at once, without
        an end for good.
    max_per_day, max_in_all : int or None
        Submissions a day, and in all, of a participant; None: as many as it likes.
    mode : str
        That the runs are made in.
    terms : str or None
        Markdown; None: a few lines to replace.
    reveal : Reveal
        What a participant sees of a submission.
    points_step : float or None
        Points are rounded to it until the end; None: exact.
    public_share : float or None
        The share of the frames that is scored until the end, in (0, 1); None: all of them.
    public_seed : int
        Which visits these are.
    task : str or None
        Of a contest of several tasks: which; a competition is of one.

    With one of the two before the last, a further phase follows, which scores the same submissions
    on all frames, exactly. Title, dates, limits and ``reveal`` of a contest that has a
    ``contest.yaml`` are those of its file.
    """

    title: str | None = None
    image: str = IMAGE
    start: datetime | None = None
    end: datetime | None = None
    max_per_day: int | None = 5
    mode: str = "obligatory"
    terms: str | None = None
    max_in_all: int | None = 30
    reveal: Reveal = Reveal.TOTALS
    points_step: float | None = None
    public_share: float | None = None
    public_seed: int = 0
    task: str | None = None

    @property
    def has_final_phase(self) -> bool:
        """Whether points are withheld until the end."""
        return self.points_step is not None or self.public_share is not None
