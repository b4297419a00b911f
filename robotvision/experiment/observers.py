"""Several observers of one run, called one after the other in the run's own thread.

Those that a configuration names (``observers: [mlflow]``) may be anybody's: one that raises is told
once, receives nothing more of the run, and costs no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robotvision.config import OBSERVERS
from robotvision.config.checks import build
from robotvision.config.experiment import Experiment
from robotvision.errors import RobotVisionError
from robotvision.experiment.progress import Observer
from robotvision.plugins.failure import failure
from robotvision.records import FrameRecord, Notice, ScoredAnswer
from robotvision.scoring.tally import Tally

if TYPE_CHECKING:
    from robotvision.recogniser.training import Training


class Observers(Observer):
    """An observer that passes everything on to others."""

    def __init__(self, others: Sequence[Observer]) -> None:
        self.others = tuple(others)

    def step(self, what: str, done: int, total: int) -> None:
        """Pass progress before the replay on."""
        for other in self.others:
            other.step(what, done, total)

    def trained(self, part: str, training: Training) -> None:
        """Pass on what a pipeline was trained on."""
        for other in self.others:
            other.trained(part, training)

    def begin(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Pass on that the log is open."""
        for other in self.others:
            other.begin(folder, about)

    def sequence(self, name: str, n_frames: int) -> None:
        """Pass on that a sequence begins."""
        for other in self.others:
            other.sequence(name, n_frames)

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Pass the probabilities behind an answer on."""
        for other in self.others:
            other.posterior(index, probabilities)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Pass on a frame with its outcome."""
        for other in self.others:
            other.frame(record, scored, tally)

    def note(self, line: str) -> None:
        """Pass a note on."""
        for other in self.others:
            other.note(line)

    def finish(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Pass the report on."""
        for other in self.others:
            other.finish(folder, report)


class GuardedObserver(Observer):
    """An observer whose exceptions end its watching, not the run.

    Parameters
    ----------
    name : str
        As in the configuration.
    observer : Observer
    tell : callable
        Receives the line on what it raised, once.

    Attributes
    ----------
    notice : Notice or None
        What it raised; None: nothing yet.
    """

    def __init__(self, name: str, observer: Observer, tell: Callable[[str], None]) -> None:
        self.name, self.observer, self.tell = name, observer, tell
        self.notice: Notice | None = None

    def _pass(self, method: Callable[..., None], *given: Any) -> None:
        if self.notice is not None:
            return
        try:
            method(*given)
        except Exception as e:  # anybody's code may raise anything: the run goes on without it
            what = failure(self.observer, "", e, f"observer {self.name!r}")
            text = f"{what}; it receives nothing more of this run"
            self.notice = Notice("observer-failed", text, {"observer": self.name})
            self.tell(text)

    def step(self, what: str, done: int, total: int) -> None:
        """Pass progress on."""
        self._pass(self.observer.step, what, done, total)

    def trained(self, part: str, training: Training) -> None:
        """Pass on what a pipeline was trained on."""
        self._pass(self.observer.trained, part, training)

    def begin(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Pass on that the log is open."""
        self._pass(self.observer.begin, folder, about)

    def sequence(self, name: str, n_frames: int) -> None:
        """Pass on that a sequence begins."""
        self._pass(self.observer.sequence, name, n_frames)

    def posterior(self, index: int, probabilities: Mapping[str, float]) -> None:
        """Pass the probabilities behind an answer on."""
        self._pass(self.observer.posterior, index, probabilities)

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Pass a frame on."""
        self._pass(self.observer.frame, record, scored, tally)

    def note(self, line: str) -> None:
        """Pass a note on."""
        self._pass(self.observer.note, line)

    def finish(self, folder: Path, report: Mapping[str, Any]) -> None:
        """Pass the report on."""
        self._pass(self.observer.finish, folder, report)


class RunObservers(Observers):
    """The observer of a run and those that its configuration names.

    Parameters
    ----------
    first : Observer
        The caller's own; what it raises ends the run.
    experiment : Experiment
        Names the others.

    Raises
    ------
    RobotVisionError
        What is named is no observer.
    """

    def __init__(self, first: Observer, experiment: Experiment) -> None:
        self.named = [
            GuardedObserver(name, observer, first.note)
            for name, observer in configured_observers(experiment)
        ]
        super().__init__((first, *self.named))

    @property
    def notices(self) -> list[Notice]:
        """What the named observers raised so far."""
        return [one.notice for one in self.named if one.notice is not None]

    def close(self, folder: Path, report: Mapping[str, Any]) -> list[Notice]:
        """Pass the report on; return what named observers raised on it."""
        before = self.notices
        self.finish(folder, report)
        return [notice for notice in self.notices if notice not in before]


def configured_observers(experiment: Experiment) -> list[tuple[str, Observer]]:
    """Return the observers that a configuration names, built. Raises RobotVisionError."""
    found = []
    for item in experiment.config.observers:
        name = item if isinstance(item, str) else item.name
        observer = build(OBSERVERS, item)
        if not isinstance(observer, Observer):
            raise RobotVisionError(
                f"{experiment.path}: observers: {name}: expected an Observer, got one of "
                f"{type(observer).__qualname__}; derive it from robotvision.experiment.Observer"
            )
        found.append((name, observer))
    return found
