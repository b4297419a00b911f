"""A run as it happens: bars for the preparation, one line that follows the robot.

On a terminal the line is redrawn; anywhere else a plain line is printed now and then, so that a
log file stays readable.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from robotvision.experiment.progress import Observer
from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.scoring.tally import Tally

if TYPE_CHECKING:  # it brings scikit-learn, which a program's run does without
    from robotvision.recogniser.training import Training

MARKS = {
    Outcome.CORRECT: ("✔", "green"),
    Outcome.WRONG: ("✘", "red"),
    Outcome.UNANSWERED: ("·", "yellow"),
    Outcome.LATE: ("◷", "magenta"),
    Outcome.SKIPPED: ("»", "magenta"),
    Outcome.FAILED: ("!", "bold red"),
    None: ("?", "dim"),
}
PLAIN_EVERY_S = 2.0
REDRAW_EVERY_S = 0.08
SPINNER = 2
"""Cells before the line that follows the robot."""

Screen = Literal["quiet", "line", "verbose", "full"]
"""What the terminal shows of a run; ``full`` is the panel of `robotvision.report.panel`."""


class WithBars:
    """Base of what shows bars while it is open. A context manager."""

    bars: Progress

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.bars.stop()


class Live(WithBars, Observer):
    """An observer that shows a run on stderr. A context manager.

    Parameters
    ----------
    console : Console
        On stderr.
    screen : str
        ``line``, ``verbose`` (a line a frame) or ``quiet`` (notes alone).
    """

    def __init__(self, console: Console, screen: Screen = "line") -> None:
        self.console, self.is_quiet = console, screen == "quiet"
        self.bars = Progress(
            TextColumn("{task.description:24}"),
            BarColumn(28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=self.is_quiet or not console.is_terminal,
            refresh_per_second=12,
        )
        self._tasks: dict[str, TaskID] = {}
        self._is_verbose = screen == "verbose"
        self._plain = screen == "verbose" or not console.is_terminal
        self._plain_every_s = 0.0 if screen == "verbose" else PLAIN_EVERY_S
        self._last = 0.0
        self._started = time.monotonic()
        self._said: set[str] = set()
        self._n = self._done = 0
        self._name = ""
        self._status = None if self._plain or self.is_quiet else console.status("")

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        super().__exit__(kind, e, t)
        if self._status is not None:
            self._status.stop()

    def step(self, what: str, done: int, total: int) -> None:
        """Show progress of a step before the replay."""
        if self.is_quiet:
            return
        if self._plain:
            self._step_plain(what, done, total)
            return
        if what not in self._tasks:
            self._tasks[what] = self.bars.add_task(what, total=total)
        self.bars.update(self._tasks[what], completed=done, total=total)

    def _step_plain(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        is_due = now - self._last > PLAIN_EVERY_S and now - self._started > PLAIN_EVERY_S
        if is_due and done < total:
            self.console.print(f"{what}: {done} of {total}", highlight=False)
            self._last = now

    def trained(self, part: str, training: Training) -> None:
        """Say what was trained on."""
        notices = (notice.message for notice in training.notices)
        for problem in (*training.problems, *training.not_cached, *notices):
            self.note(problem)
        if self.is_quiet:
            return
        cached = (
            f", {training.cached} of {training.cached + training.extracted} feature sets "
            "from the cache"
            if training.cached
            else ""
        )
        took = ", ".join(f"{k} {v:.1f} s" for k, v in training.seconds.items())
        self.console.print(
            f"trained on {training.n_frames} frames of {len(training.rooms)} rooms "
            f"({took}{cached})",
            highlight=False,
            soft_wrap=True,
        )

    def begin(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Name the file of each plug-in of one's own, where every frame gets a line."""
        for plugin in about.get("plugins", ()) if self._is_verbose else ():
            line = f"{plugin['kind']} {plugin['name']}: {plugin['origin']}"
            self.console.print(line, highlight=False, soft_wrap=True)

    def sequence(self, name: str, n_frames: int) -> None:
        """Begin a sequence."""
        if self.is_quiet:
            return
        self.bars.stop()
        self._name, self._n, self._done = name, n_frames, 0
        if self._status is not None:
            self._status.start()
        else:
            self.console.print(f"replaying {name}: {n_frames} frames", highlight=False)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Follow the robot."""
        if self.is_quiet:
            return
        self._done += 1
        now = time.monotonic()
        every = self._plain_every_s if self._plain else REDRAW_EVERY_S
        if now - self._last < every and self._done < self._n:
            return
        self._last = now
        shown = (self._name, self._done, self._n, record, scored, tally)
        line = live_line(*shown)
        if self._status is not None:
            width = self.console.width - SPINNER
            line = line if line.cell_len <= width else live_line(*shown, is_short=True)
            line.truncate(width, overflow="ellipsis")
            self._status.update(line)
        else:
            self.console.print(line, highlight=False, soft_wrap=True)

    def note(self, line: str) -> None:
        """Print a line once."""
        if line not in self._said:
            self._said.add(line)
            self.console.print(f"note: {line}", style="yellow", highlight=False, soft_wrap=True)


def split_text(points: float, object_points: float | None) -> str:
    """Return what a frame earned, and what of it room and objects did; None: there are none."""
    if object_points is None:
        return f"{points:+g}"
    room = round(points - object_points, 9)
    return f"{points:+g}: room {room:+g}, objects {object_points:+g}"


def shown_answer(record: FrameRecord, scored: ScoredAnswer) -> str:
    """Return the answer that counts for a frame: its own, or the one in force (held)."""
    answer = scored.timed.answer
    room = "no answer" if answer is None or answer.room is None else answer.room
    return room if answer is None or answer == record.timed.answer else f"{room} (held)"


def shown_truth(record: FrameRecord) -> str:
    """Return the true room of a frame, or that it is withheld."""
    return record.truth.room if record.truth else "(withheld)"


def live_line(
    name: str,
    done: int,
    n: int,
    record: FrameRecord,
    scored: ScoredAnswer,
    tally: Tally,
    is_short: bool = False,
) -> Text:
    """Return points so far, their share of the maximum, answer against truth, and latency.

    ``is_short``: without the words for points and latency, and without a truth that was answered.
    """
    mark, style = MARKS[scored.outcome]
    is_right = scored.outcome is Outcome.CORRECT
    latency = record.timed.latency_ns
    share = f"{tally.points / tally.max_points:4.0%}" if tally.max_points else "   -"
    return Text.assemble(
        (f"{name} ", "bold"),
        f"{done}/{n}  ",
        ("" if is_short else "points ", "dim"),
        (f"{tally.points:g}", "bold"),
        f" of {tally.max_points:g} ({share})  ",
        (f"{mark} ", style),
        (shown_answer(record, scored), style),
        *(() if is_short and is_right else (("  truth ", "dim"), shown_truth(record))),
        f"  {frame_points(scored, tally)}",
        ("  " if is_short else "  latency ", "dim"),
        f"{latency / 1e6:.1f} ms" if latency is not None else "-",
    )


def frame_points(scored: ScoredAnswer, tally: Tally) -> str:
    """Return what a frame earned in words."""
    return split_text(scored.points, scored.object_points if tally.task.objects else None)
