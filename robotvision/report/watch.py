"""How a run is watched: a line or a panel on the terminal, and a page on this machine."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from robotvision.config.experiment import Experiment
from robotvision.errors import RobotVisionError
from robotvision.experiment.observers import Observers
from robotvision.experiment.progress import Observer
from robotvision.report.feed import Feed
from robotvision.report.live import Live, Screen
from robotvision.report.panel import Panel
from robotvision.report.serve import Server


class RunWatch:
    """The observers of a run. A context manager.

    Parameters
    ----------
    console : Console
        On stderr.
    folder : Path
        The run folder.
    setup : Experiment
        Of the run.
    screen : str
        ``line`` follows the robot; ``full`` is the panel; ``verbose`` prints a line a frame;
        ``quiet`` prints notes alone.
    port : int or None
        Serve a page there; 0: on any free port; None: serve none.
    stays : bool
        Go on serving after the run until Ctrl-C.

    Raises
    ------
    RobotVisionError
        The port cannot be had.
    """

    def __init__(
        self,
        console: Console,
        folder: Path,
        setup: Experiment,
        *,
        screen: Screen = "line",
        port: int | None = None,
        stays: bool = False,
    ) -> None:
        self.console, self.folder, self.stays = console, folder, stays
        self.screen = Live(console, screen)
        if screen == "full":
            self.screen = Panel(console, setup.config.replay.clock == "wall")
        self.server = None
        observers: list[Observer] = [self.screen]
        if port is not None:
            self.feed = Feed(folder)
            self.server = Server(self.feed, port)
            observers.append(self.feed)
        self.observer = Observers(observers)

    def __enter__(self) -> Self:
        if self.server is not None:
            self.server.__enter__()
            self.console.print(
                f"follow the run at {self.server.address}", highlight=False, soft_wrap=True
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        if self.server is None:
            return
        if self.feed.end is None:
            why = e.lines()[0] if isinstance(e, RobotVisionError) else "it was stopped"
            self.feed.over(f"The run did not come to its end: {why}", is_failed=True)
        self.server.flush()
        self.server.__exit__(kind, e, t)

    def over(self, words: str, is_stopped: bool = False) -> None:
        """Say that run and report are done; where asked for, go on serving until Ctrl-C."""
        if self.server is None:
            return
        has_report = (self.folder / "report.html").is_file()
        self.feed.over(
            f"{words} The run folder is {self.folder}.", is_failed=is_stopped, has_report=has_report
        )
        if not self.stays or is_stopped:
            return
        self.console.print(
            f"the report: {self.server.address}report.html; Ctrl-C to stop serving",
            highlight=False,
            soft_wrap=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self.console.print()
