"""Show a running sweep on stderr: bars by kind of step, results as they come, the time left."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from robotvision.report.live import PLAIN_EVERY_S, WithBars
from robotvision.sweep.context import StepResult
from robotvision.sweep.plan import Plan
from robotvision.sweep.rows import FAILED, Row
from robotvision.sweep.steps import Graph

WORDS = {"learn": "learning", "extract": "extraction", "train": "training", "run": "runs"}


class ProgressBars(WithBars):
    """An observer that shows a sweep's progress. A context manager.

    Parameters
    ----------
    console : Console
        On stderr.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.is_plain = not console.is_terminal
        self.bars = Progress(
            TextColumn("{task.description:11}"),
            BarColumn(28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=self.is_plain,
            refresh_per_second=8,
        )
        self.tasks: dict[str, TaskID] = {}
        self.total: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.notes: list[str] = []
        self.n_failed = 0
        self.begun_s = self.last_s = time.monotonic()

    def begun(self, plan: Plan, graph: Graph, n_skipped: int) -> None:
        """Show the number of runs and steps."""
        for line in plan.repeated:
            self.note(f"left out: {line}")
        done = f", {n_skipped} of them done before" if n_skipped else ""
        self._say(f"{len(plan.runs)} runs{done}")
        counts = {
            "learn": len(graph.learns),
            "extract": len(graph.extracts),
            "train": len(graph.trains),
            "run": len(graph.runs),
        }
        self.total = {kind: n for kind, n in counts.items() if n}
        self.done = dict.fromkeys(self.total, 0)
        for kind, n in self.total.items():
            self.tasks[kind] = self.bars.add_task(WORDS[kind], total=n, left="")

    def cluster(self, link: str, n_workers: int) -> None:
        """Show the workers and the dashboard."""
        dashboard = f", dashboard {link}" if link else ""
        self._say(f"{n_workers} worker{'s' * (n_workers != 1)}{dashboard}")
        self.begun_s = self.last_s = time.monotonic()

    def step(self, kind: str, result: StepResult | Row) -> None:
        """Count a step; show a failed one."""
        self.done[kind] += 1
        if isinstance(result, dict) and result["status"] == FAILED:
            self.n_failed += 1
            if self.n_failed <= 10:
                cells = ", ".join(f"{k}={v}" for k, v in result["keys"].items())
                self.note(f"failed: {cells}: {result['error']}")
        elif isinstance(result, StepResult) and result.note:
            self.note(f"{WORDS[kind]}: {result.note}")
        left = time_left(self.total, self.done, time.monotonic() - self.begun_s)
        self.bars.update(self.tasks[kind], completed=self.done[kind])
        self.bars.update(self.tasks[list(self.tasks)[-1]], left=left)
        self._plain_line(left)

    def note(self, line: str) -> None:
        """Print a line once."""
        if line not in self.notes:
            self.notes.append(line)
            self._say(f"note: {line}", "yellow")

    def _plain_line(self, left: str) -> None:
        now = time.monotonic()
        is_last = self.done == self.total
        if self.is_plain and (is_last or now - self.last_s > PLAIN_EVERY_S):
            self.last_s = now
            counts = ", ".join(f"{WORDS[k]} {self.done[k]} of {n}" for k, n in self.total.items())
            self._say(f"{counts}; {left}" if left else counts)

    def _say(self, line: str, style: str = "") -> None:
        self.console.print(escape(line), style=style, highlight=False, soft_wrap=True)


def time_left(total: dict[str, int], done: dict[str, int], elapsed_s: float) -> str:
    """Return the estimated time left in words.

    Each kind of step is taken to go on at its own pace so far; nothing is shown before a twentieth
    of the runs is in, and at least three.
    """
    n = total.get("run", 0)
    if done.get("run", 0) < min(n, max(3, n / 20)) or done == total:
        return ""
    shares = [total[k] / done[k] for k in total if done[k]]
    seconds = max(0.0, elapsed_s * (max(shares) - 1))
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
