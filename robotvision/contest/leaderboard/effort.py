"""What exact points give away: how many submissions solve a truth.

A submission that answers one frame and leaves the others out earns what that one answer is worth:
its points say whether the label is right. So a truth of N frames and K labels is known after at
most N (K - 1) submissions. Who sees in the images where visits end asks a visit at a time:
V (K - 1). Cleverer questions ask of many visits at once (Mastermind; Chvátal 1983); points alone
need as many as the truth's bits over those of an answer, V log2 K / log2 (N + 1), since a total
tells at most how many of N frames are right. The interval tells more: how they are spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from robotvision.contest.leaderboard.contest import Contest


@dataclass(frozen=True, slots=True)
class Effort:
    """Submissions with exact points that solve a truth.

    Parameters
    ----------
    frames, visits, labels : int
        Of the truth.
    by_frame, by_visit : int
        At most, one label for one frame (or one visit) a submission.
    least : int
        No way of asking needs fewer, where only points are published.
    """

    frames: int
    visits: int
    labels: int
    by_frame: int
    by_visit: int
    least: int

    def lines(self) -> list[str]:
        """Return the arithmetic in words."""
        others = self.labels - 1
        return [
            f"One label for one frame a submission: {self.frames:,} frames × {others:,} labels = "
            f"at most {self.by_frame:,} submissions.",
            f"One label for one visit, where the images show its end: {self.visits:,} visits × "
            f"{others:,} labels = at most {self.by_visit:,}.",
            f"However cleverly asked, by points alone: {self.visits:,} visits × "
            f"log2({self.labels:,}) bits, log2({self.frames + 1:,}) bits a submission = no fewer "
            f"than {self.least:,}. The interval tells more: how the points are spread.",
        ]


def effort(contest: Contest) -> Effort:
    """Return how many submissions solve the truth of a contest."""
    is_known = contest.frames.is_known
    n, labels = int(is_known.sum()), len(contest.task.labels)
    visits = len(np.unique(contest.frames.visit[is_known]))
    bits = visits * math.log2(max(1, labels))
    least = math.ceil(bits / math.log2(n + 1)) if n else 0
    return Effort(n, visits, labels, n * (labels - 1), visits * (labels - 1), least)
