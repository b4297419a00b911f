"""A run on the terminal, in full: room and truth, posterior, points, latency, last misses.

It is drawn in the run's own thread between two frames, a few times a second, so that nothing of it
falls into a timed interval. On the wall clock it is drawn only while there is time before the next
frame falls due (or, for a system that never has time, every other second).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from statistics import median
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.panel import Panel as Box
from rich.text import Text

from robotvision.records import FrameRecord, Outcome, ScoredAnswer
from robotvision.report.live import MARKS, Live, frame_points, shown_answer, shown_truth
from robotvision.report.posterior import Posteriors
from robotvision.scoring.tally import Tally

EVERY_S = 0.2
STARVED_S = 2.0
"""Drawn at least so often, even where the system leaves no time for it."""
N_LATENCIES = 40
N_MISSES = 4
BAR = 24
SPARKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉█"


class Panel(Live):
    """An observer that shows a run in full on stderr; plain lines where that is no terminal.

    Parameters
    ----------
    console : Console
        On stderr.
    is_wall : bool
        Frames fall due in real time.
    """

    def __init__(self, console: Console, is_wall: bool = False) -> None:
        super().__init__(console)
        self.is_wall = is_wall
        self.posteriors = Posteriors()
        self._screen: Screen | None = None
        self._latencies: deque[float] = deque(maxlen=N_LATENCIES)
        self._misses: deque[Text] = deque(maxlen=N_MISSES)
        self._drawing_ns = 5_000_000
        self._due_ns = 0

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._close()
        super().__exit__(kind, e, t)

    def sequence(self, name: str, n_frames: int) -> None:
        """Begin a sequence."""
        if self._plain:
            super().sequence(name, n_frames)
            return
        self.bars.stop()
        self._close()
        self._name, self._n, self._done, self._due_ns = name, n_frames, 0, 0
        self._latencies.clear()
        self._misses.clear()
        self._screen = Screen(console=self.console, auto_refresh=False)
        self._screen.start()

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Keep the probabilities behind an answer."""
        self.posteriors.keep(index, probabilities)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Follow the robot."""
        if self._screen is None:
            super().frame(record, scored, tally)
            return
        self._done += 1
        latency = record.timed.latency_ns
        if latency is not None:
            self._latencies.append(latency / 1e6)
        if scored.outcome not in (Outcome.CORRECT, None):
            self._misses.append(miss_line(record, scored))
        if self._done < self._n and not self._may_draw(record):
            return
        began = time.perf_counter_ns()
        self._screen.update(self._picture(record, scored, tally), refresh=True)
        self._last = time.monotonic()
        self._drawing_ns = time.perf_counter_ns() - began

    def _may_draw(self, record: FrameRecord) -> bool:
        timed, before = record.timed, self._due_ns
        self._due_ns = timed.due_ns
        since = time.monotonic() - self._last
        if since < EVERY_S or not self.is_wall:
            return since >= EVERY_S
        free = timed.finished_ns if timed.finished_ns is not None else timed.due_ns
        left = timed.due_ns + (timed.due_ns - before) - free
        return left > 3 * self._drawing_ns or since > STARVED_S

    def _close(self) -> None:
        if self._screen is not None:
            self._screen.stop()
            self._screen = None

    def _picture(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> RenderableType:
        parts: list[RenderableType] = [
            _place(record, scored, tally),
            *_bars(self.posteriors.likeliest(record, scored)),
            Text(""),
            _points(tally),
            _counts(tally),
            _latency(list(self._latencies)),
        ]
        if self._misses:
            parts += [Text(""), Text("last misses", style="dim"), *reversed(self._misses)]
        share = self._done / max(1, self._n)
        title = Text.assemble(
            (self._name, "bold"), f"  {self._done}/{self._n}  ", (bar(share, 16), "cyan")
        )
        return Box(
            Group(*parts), title=title, title_align="left", width=min(76, self.console.width)
        )


def bar(share: float, width: int = BAR) -> str:
    """Return a bar that fills ``share`` of ``width`` cells, to an eighth of a cell."""
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(width)


def sparkline(values: list[float]) -> str:
    """Return values as a line of blocks, from 0 to the largest."""
    top = max(values, default=0.0) or 1.0
    return "".join(SPARKS[min(7, int(v / top * 8))] for v in values)


def _place(record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> Text:
    mark, style = MARKS[scored.outcome]
    truth = shown_truth(record)
    return Text.assemble(
        (f"{mark} ", style),
        (shown_answer(record, scored), f"bold {style}"),
        ("   truth ", "dim"),
        truth,
        ("   frame ", "dim"),
        str(record.index),
        f"   {frame_points(scored, tally)}",
    )


def _bars(rooms: list[tuple[str, float]]) -> list[Text]:
    return [
        Text.assemble(
            f"  {name if len(name) <= 22 else name[:21] + '…':22} ",
            (bar(p), "blue" if i else "bold blue"),
            f" {p:.2f}",
        )
        for i, (name, p) in enumerate(rooms)
    ]


def _points(tally: Tally) -> Text:
    points, most = tally.points, tally.max_points
    share = f"  {points / most:.0%}" if most else ""
    return Text.assemble(("points   ", "dim"), (f"{points:g}", "bold"), f" of {most:g}{share}")


def _counts(tally: Tally) -> Text:
    text = Text("frames   ", style="dim")
    for name, n in tally.outcomes.items():
        if n:
            mark, style = MARKS[Outcome(name)]
            text.append(f"{mark} {n} {name}  ", style=style)
    if tally.unscored:
        text.append(f"? {tally.unscored} unscored")
    return text


def _latency(ms: list[float]) -> Text:
    if not ms:
        return Text("latency  -", style="dim")
    return Text.assemble(
        ("latency  ", "dim"), (sparkline(ms), "cyan"), f" {ms[-1]:.1f} ms, median {median(ms):.1f}"
    )


def miss_line(record: FrameRecord, scored: ScoredAnswer) -> Text:
    """Return a line for a frame that was not right: its truth and the answer that counts."""
    mark, style = MARKS[scored.outcome]
    truth = record.truth.room if record.truth else "?"
    return Text.assemble(
        (f"  {mark} ", style),
        f"{record.index:>6}  {truth} → {shown_answer(record, scored)}  ",
        (f"{scored.outcome}", style),
    )
