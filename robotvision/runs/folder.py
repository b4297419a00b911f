"""The folder of a run, and what a run leaves there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision import writing
from robotvision.errors import RobotVisionError
from robotvision.records import Notice, Outcome
from robotvision.runs.log import RunRecord, has_header, holds_a_run
from robotvision.scoring.tally import Tally
from robotvision.tasks.model import Task

if TYPE_CHECKING:
    from robotvision.recogniser.training import Training


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished, partial or stopped run.

    Parameters
    ----------
    folder : Path
        The run folder; `robotvision.runs.memory.IN_MEMORY` where there is none.
    task : Task
        With its rooms settled.
    tallies : Mapping[str, Tally]
        By test set.
    record : RunRecord
        The run log, read back.
    training : Mapping[str, Training]
        By test set.
    stopped : bool
        Ctrl-C ended it early.
    close : callable
        Hands the folder and the report to those that watched the run, once all files are written;
        returns what one of them raised.
    """

    folder: Path
    task: Task
    tallies: Mapping[str, Tally]
    record: RunRecord
    training: Mapping[str, Training] = field(default_factory=dict)
    stopped: bool = False
    close: Callable[[Path, Mapping[str, Any]], list[Notice]] = lambda folder, report: []

    @property
    def has_failures(self) -> bool:
        """Whether a frame failed or the run did not come to its end."""
        failed = any(t.outcomes[Outcome.FAILED] for t in self.tallies.values())
        return failed or self.stopped or not self.record.finished


def new_folder(name: str, out: Path | None = None) -> Path:
    """Make the folder that a run is written to: ``out``, else ``runs/<name>-<time>``.

    Raises
    ------
    RobotVisionError
        It holds a run already, or cannot be made.
    """
    if out is None:
        out = Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    if has_header(out / "run.jsonl"):
        raise holds_a_run(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise RobotVisionError(f"{out}: cannot be made ({e.strerror})") from e
    return out


def write_text(path: Path, text: str) -> None:
    r"""Write a file of the run folder; a name that is not Unicode stands there as ``\udcff``.

    Raises RobotVisionError.
    """
    writing.write_text(path, text, errors="backslashreplace")
