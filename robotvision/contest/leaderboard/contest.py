"""A contest: the frames of its test sets with their truth, and every accepted run's scored frames.

A score sums a run up; intervals, ranks and timelines need its frames: a `FrameTable` that comes to
the same points as the score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import InputFaults
from robotvision.scoring.table import FrameTable
from robotvision.submissions.batch import ScoredRun, Scores, fitting_frames, open_sets, score_runs
from robotvision.submissions.released import ReleasedPart
from robotvision.submissions.table import truth_frames
from robotvision.submissions.testsets import RunFiles
from robotvision.submissions.truthfile import TruthTable
from robotvision.tasks.model import Task


@dataclass(frozen=True, eq=False)
class Contest:
    """A task with the truth of its test sets.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    sets : Mapping[str, TruthTable]
        In the task's order.
    frames : FrameTable
        Their frames, not answered; a sequence a test set.
    has_segments : bool
        Whether jumps between frames are known; else visits end where the true room changes.
    """

    task: Task
    sets: Mapping[str, TruthTable]
    frames: FrameTable
    has_segments: bool


def segment_lengths(contest: Contest) -> dict[str, list[int]]:
    """Return the lengths of the segments of each test set, in order: they say where jumps are."""
    lengths = {}
    for name, rows in zip(contest.sets, contest.frames.parts(), strict=True):
        segment = contest.frames.segment[rows]
        ends = np.flatnonzero(np.diff(segment)) + 1
        lengths[name] = np.diff([0, *ends.tolist(), len(segment)]).tolist()
    return lengths


def with_order(contest: Contest, order: Mapping[str, Sequence[int]]) -> Contest:
    """Return a contest whose truth came by rising number with its frames in another order.

    ``order`` holds the numbers of the frames of a test set as they stand; of those that it does not
    name they rise. Segments are then not known.
    """
    sets = {
        name: _in_order(table, np.asarray(order.get(name, table.frames.indices), np.int64))
        for name, table in contest.sets.items()
    }
    return replace(contest, sets=sets, frames=truth_frames(contest.task, sets), has_segments=False)


def _in_order(table: TruthTable, indices: NDArray[np.int64]) -> TruthTable:
    rows = np.searchsorted(table.frames.indices, indices)
    return table.select(rows, replace(table.frames, indices=indices))


def with_segments(contest: Contest, lengths: Mapping[str, Sequence[int]]) -> Contest:
    """Return a contest whose truth came without sequences with the segments of its test sets."""
    parts = [np.repeat(np.arange(len(lengths[name])), lengths[name]) for name in contest.sets]
    frames = replace(contest.frames, segment=np.concatenate(parts))
    return replace(contest, frames=frames, has_segments=True)


ContestEntry = ScoredRun
"""An accepted run: its name, its score, its scored frames."""


def open_contest(
    task: str | Task,
    truths: Sequence[Path],
    train: Sequence[Path] = (),
    released: ReleasedPart | None = None,
) -> Contest:
    """Return the contest of a task over its truths, as `robotvision.submissions.batch` takes them.

    Parameters
    ----------
    task : str or Task
        A task, its name or its YAML file.
    truths : sequence of Path
        A sequence or ``truth.csv`` for each test set, in the task's order.
    train : sequence of Path
        Training sequences, for a task that takes its rooms from them.
    released : ReleasedPart, optional
        The runs answer released frames; ``truths`` are those of the sequences they came from.

    Raises
    ------
    RobotVisionError
        The task or a truth is wrong, or a truth does not fit the release.
    """
    rules, sets, segments = open_sets(task, truths, train, released)
    frames = fitting_frames(rules, sets, segments)
    return Contest(rules, sets, frames, all(s is not None for s in segments))


def score_entries(
    contest: Contest,
    runs: Iterable[RunFiles | InputFaults],
    mode: str = "obligatory",
    *,
    is_contest: bool = False,
) -> Scores:
    """Score runs on the frames of a contest, segments included; see `score_runs`."""
    return score_runs(contest.task, contest.sets, runs, mode, contest.frames, is_contest=is_contest)


def read_entries(contest: Contest, scores: Scores) -> list[ContestEntry]:
    """Return the accepted runs, visits as the contest has them, in the order of ``scores``."""
    segment = contest.frames.segment
    return [replace(run, table=replace(run.table, segment=segment)) for run in scores.scored]
