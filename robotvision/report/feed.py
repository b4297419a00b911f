"""A run as it happens, kept for whoever follows it: an observer that only appends to lists.

The run's thread never waits for a follower: it appends a row and goes on. A follower asks for what
came after the last it has; one that is slow, or comes late, gets more rows at once. Nothing is
queued for anybody.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.experiment.progress import Observer
from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.report.posterior import Posteriors
from robotvision.runs.log import read_log
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Task

if TYPE_CHECKING:  # it brings scikit-learn, which a program's run does without
    from robotvision.recogniser.training import Training

TOTALS_EVERY_S = 0.2
MOST_ROWS = 2000
"""A follower gets so many rows at a time."""
CODES = {o: i for i, o in enumerate(Outcome)}
Row = list[Any]
(
    K,
    OUTCOME,
    ANSWER,
    LATE,
    TRUTH,
    POINTS,
    CONFIDENCE,
    LATENCY,
    SEGMENT,
    TIME,
    INDEX,
    VISIT,
    FAULT,
    OBJECT_POINTS,
) = range(14)
"""Where a row holds what."""


@dataclass(slots=True)
class FollowedFrame:
    """One sequence of the run.

    ``first`` is the position of its first frame in the run; ``about`` is its line in the run log.
    """

    name: str
    n_frames: int
    first: int
    about: dict[str, Any] = field(default_factory=dict)
    indices: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FeedChange:
    """What a copy of a feed lacks; ``task`` and ``sequences`` where the generation is another."""

    generation: int
    rows: list[Row]
    status: dict[str, Any]
    end: dict[str, Any] | None
    task: Task | None = None
    sequences: list[FollowedFrame] | None = None


class Feed(Observer):
    """Collects a run. All but the observer's methods and `change` may be called from any thread.

    Parameters
    ----------
    folder : Path
        The run folder: its log says where the images lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.posteriors = Posteriors()
        self.task: Task | None = None
        self.sequences: list[FollowedFrame] = []
        self.rows: list[Row] = []
        self.generation = 0
        """Counts the times a page must be built anew: another sequence or task."""
        self.end: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._tallies: dict[int, Tally] = {}
        self._counts: Counter[str] = Counter()
        self._status: dict[str, Any] = {"text": "starting", "points": 0.0, "max": 0.0}
        self._last = 0.0
        self._newest: tuple[FrameRecord, ScoredAnswer] | None = None
        self._visit: tuple[Any, ...] = ()
        self._n_visits = -1
        self._coded: tuple[str, ...] = ()
        self._code: dict[str, int] = {}

    def step(self, what: str, done: int, total: int) -> None:
        """Keep the progress of a step before the replay."""
        self._say(f"{what}: {done:,} of {total:,}")

    def trained(self, part: str, training: Training) -> None:
        """Keep what was trained on."""
        self._say(f"trained on {training.n_frames:,} frames of {len(training.rooms)} rooms")

    def note(self, line: str) -> None:
        """Do nothing: notes stand in the terminal and in the report."""

    def sequence(self, name: str, n_frames: int) -> None:
        """Begin a sequence."""
        log = read_log(self.folder).sequences
        first, n_begun = sum(s.n_frames for s in self.sequences), len(self.sequences)
        about = dict(log[n_begun].about) if n_begun < len(log) else {}
        followed = FollowedFrame(name, n_frames, first, about)
        with self._lock:
            self.sequences.append(followed)
            self.generation += 1
        self._say(f"replaying {name}")

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Keep the probabilities behind an answer."""
        self.posteriors.keep(index, probabilities)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Append a frame."""
        here = self.sequences[-1]
        row = self._row(here, record, scored, tally)
        self._newest = record, scored
        now = time.monotonic()
        is_last = len(here.indices) + 1 >= here.n_frames
        with self._lock:
            if self.task is not tally.task:
                self.task = tally.task
                self.generation += 1
            self._tallies.setdefault(id(tally), tally)
            self.rows.append(row)
            here.indices.append(record.index)
            if now - self._last > TOTALS_EVERY_S or is_last:
                self._last = now
                self._take_totals()

    def _row(
        self, here: FollowedFrame, record: FrameRecord, scored: ScoredAnswer, tally: Tally
    ) -> Row:
        code = self._codes(tally)
        given = scored.timed.answer.room if scored.timed.answer else None
        counts = scored.outcome in (Outcome.CORRECT, Outcome.WRONG, None)
        answered = code.get(given or "", -1)
        truth = -1 if record.truth is None else code[tally.points_table.label_of(record.truth)]
        visit = (here.first, record.segment, truth)
        if visit != self._visit:
            self._visit = visit
            self._n_visits += 1
        latency = record.timed.latency_ns
        confidence = scored.timed.answer.confidence if scored.timed.answer else None
        return [
            here.first + len(here.indices),
            -1 if scored.outcome is None else CODES[scored.outcome],
            answered if counts else -1,
            None if counts or answered < 0 else answered,
            truth,
            round(scored.points, 4),
            None if confidence is None else round(confidence, 3),
            None if latency is None else round(latency / 1e3),
            record.segment,
            round(record.timestamp_ns / 1e6),
            record.index,
            self._n_visits,
            record.timed.fault,
            round(scored.object_points, 4),
        ]

    def _codes(self, tally: Tally) -> dict[str, int]:
        """Return the place of each label; a late answer may hold one that is none of the task's."""
        if self._coded is not tally.labels:
            self._coded = tally.labels
            self._code = {label: i for i, label in enumerate(tally.labels)}
        return self._code

    def _take_totals(self) -> None:
        """Bring the totals up to the newest frame; in the run's thread, which counts."""
        if self._newest is None:
            return
        record, scored = self._newest
        self._newest = None
        counts: Counter[str] = Counter()
        for tally in self._tallies.values():
            counts.update(tally.outcomes)
            counts["unscored"] += tally.unscored
        self._status |= {
            "points": sum(t.points for t in self._tallies.values()),
            "max": sum(t.max_points for t in self._tallies.values()),
            "counts": dict(counts),
            "posterior": [
                (name, round(p, 3)) for name, p in self.posteriors.likeliest(record, scored)
            ],
        }

    def _say(self, text: str) -> None:
        with self._lock:
            self._status["text"] = text

    def over(self, text: str, *, is_failed: bool = False, has_report: bool = False) -> None:
        """Say that the run has ended."""
        with self._lock:
            self._status["text"] = text
            self.end = {"text": text, "failed": is_failed, "report": has_report}

    def state(self) -> dict[str, Any]:
        """Return everything a page is built from, as it is now."""
        with self._lock:
            return {
                "task": self.task,
                "sequences": list(self.sequences),
                "rows": list(self.rows),
                "generation": self.generation,
                "status": dict(self._status),
                "n_frames": sum(s.n_frames for s in self.sequences),
                "end": self.end,
            }

    def since(self, generation: int, n_rows: int) -> dict[str, Any]:
        """Return what came after ``n_rows`` rows: ``again`` where the page must be built anew."""
        with self._lock:
            if generation != self.generation:
                return {"again": True}
            rows = self.rows[n_rows : n_rows + MOST_ROWS]
            is_all = n_rows + len(rows) == len(self.rows)
            return {
                "again": False,
                "rows": rows,
                "status": dict(self._status),
                "end": self.end if is_all else None,
            }

    def change(self, generation: int, n_rows: int) -> FeedChange:
        """Return what a copy lacks that has so many rows, of this generation.

        To be called by the run's thread: the totals are those of the rows, so that a page which
        gets nothing more, since the system hangs, does not contradict itself.
        """
        with self._lock:
            self._take_totals()
            rows, status = self.rows[n_rows:], dict(self._status)
            if generation == self.generation:
                return FeedChange(generation, rows, status, self.end)
            new = self.task, list(self.sequences)
            return FeedChange(self.generation, rows, status, self.end, *new)

    def take(self, change: FeedChange) -> None:
        """Become what the feed is that a change comes from."""
        with self._lock:
            self.rows += change.rows
            self._status, self.end = change.status, change.end
            if change.sequences is None:
                if self.sequences:
                    self.sequences[-1].indices += [row[INDEX] for row in change.rows]
            else:
                self.generation, self.task = change.generation, change.task
                self.sequences = change.sequences

    def place(self, position: int) -> tuple[dict[str, Any], int] | None:
        """Return the sequence (its line in the log) and the index of a frame that was replayed."""
        with self._lock:
            for s in self.sequences:
                k = position - s.first
                if 0 <= k < len(s.indices):
                    return s.about, s.indices[k]
        return None
