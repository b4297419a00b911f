"""Every candidate of a configuration's ``tune`` section, scored on held-out training sequences.

scikit-learn's search runs over the candidates and the splits; the score is points per frame under
the task, the decision to stay silent included. A candidate is trained by the same code as a run,
on the training part of a split alone: vocabularies, calibration, detectors and filters as well.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision import data
from robotvision.arrays import Floats
from robotvision.config.schema import Config, Named
from robotvision.errors import RobotVisionError
from robotvision.plugins.parameters import parameter_fields
from robotvision.plugins.progress import Progress, quiet
from robotvision.plugins.threads import one_thread
from robotvision.recogniser.channels import settle_features
from robotvision.recogniser.pipeline import Pipeline
from robotvision.recogniser.training import TrainingOptions, fit_pipeline
from robotvision.recogniser.tuning.holdout import Frames, HeldOutSplits, labelled, splits
from robotvision.recogniser.tuning.trial import FeatureMemory, answers, shown
from robotvision.records import Truth
from robotvision.scoring.blocks import visits
from robotvision.scoring.intervals import Interval, difference, interval
from robotvision.scoring.points import PointsTable
from robotvision.tasks.model import Task

KEYS = ("features", "augment", "classifier", "integration", "temporal", "decision")


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One combination and how it did.

    Parameters
    ----------
    chosen : Mapping[str, Any]
        Key of the configuration -> value, of the keys that were tried.
    points : (n,) float
        Points of each held-out frame, in the order of `Tuned.asked`; NaN: not asked.
    answered, correct : float
        Shares of the frames.
    problem : str
        Why it could not be tried; empty where it could.
    """

    chosen: Mapping[str, Any]
    points: Floats
    answered: float = 0.0
    correct: float = 0.0
    problem: str = ""

    @property
    def per_frame(self) -> float:
        """Points per frame; minus infinity where it could not be tried."""
        return float(self.points.mean()) if not self.problem else -np.inf


@dataclass(slots=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    candidates : list of Candidate
        The best first.
    tried, of : int
        Candidates that were scored on all splits, and all there were.
    unit : str
        What was held out.
    n_splits, frames : int
        HeldOutSplits, and frames asked about in all.
    visits : (frames,) int
        The room visit each asked frame belongs to.
    bounds : (float, float)
        The least and the most a frame can earn.
    not_asked : int
        Labelled frames that were never asked about.
    rooms_asked : Mapping[str, int]
        Room -> frames of it that were asked about.
    rooms_not_asked : tuple of str
        Rooms that no split asked about.
    """

    candidates: list[Candidate]
    tried: int
    of: int
    unit: str
    n_splits: int
    frames: int
    visits: NDArray[np.int64]
    bounds: tuple[float, float]
    not_asked: int
    rooms_asked: Mapping[str, int] = field(default_factory=dict)
    rooms_not_asked: tuple[str, ...] = ()

    @property
    def best(self) -> Candidate:
        """The candidate with most points."""
        return self.candidates[0]

    def interval(self, candidate: Candidate) -> Interval:
        """Return points per frame with a 95 % interval, by room visit."""
        return _per_frame(interval(candidate.points, self.visits, bounds=self.bounds), self.frames)

    def behind(self, candidate: Candidate) -> Interval:
        """Return the best candidate's lead per frame over this one, by room visit."""
        lead = difference(self.best.points, candidate.points, self.visits, bounds=self.bounds)
        return _per_frame(lead, self.frames)


def _per_frame(whole: Interval, n: int) -> Interval:
    """Return an interval of points as one of points per frame."""
    low = None if whole.low is None else whole.low / n
    high = None if whole.high is None else whole.high / n
    return replace(whole, estimate=whole.estimate / n, low=low, high=high)


NOTHING_TO_TRY = (
    "expected a section 'tune' that lists what to try, for instance\n"
    "  tune:\n    classifier: [{name: svm, kernel: chi2, C: 1}, "
    "{name: svm, kernel: chi2, C: 10}]\n    integration: [concatenation, average]"
)


def tune(
    config: Config,
    task: Task,
    sequences: Sequence[data.ImageSequence],
    cache: Path | None,
    step: Progress = quiet,
    where: Path | str = "tune",
) -> Tuned:
    """Try every candidate of ``config.tune`` on held-out training sequences.

    Parameters
    ----------
    config : Config
        With a ``tune`` section.
    task : Task
        With its rooms settled.
    sequences : sequence of Sequence
        The training sequences. Test sequences are never looked at.
    cache : Path or None
        Folder of extracted features.

    Returns
    -------
    Tuned
        Ctrl-C ends the search early; what was tried by then is returned.

    Raises
    ------
    RobotVisionError
        There is nothing to try or nothing to hold out, or no candidate could be trained.
    """
    from sklearn.model_selection import GridSearchCV

    if config.tune is None or not any(getattr(config.tune, k) for k in KEYS):
        raise RobotVisionError(f"{where}: {NOTHING_TO_TRY}")
    frames = labelled(sequences)
    parts = splits(frames, config.tune.folds)
    if not parts.splits:
        raise RobotVisionError(
            f"{where}: too few training frames to hold any out; add sequences of the same rooms"
        )
    # a key that is not listed has the configuration's one value
    options = {key: getattr(config.tune, key) or [getattr(config, key)] for key in KEYS}
    bench = _Bench(config, task, sequences, frames, parts, options, cache, step, where)
    grid, n_all = _grid(options, config.tune.candidates, config.seed)
    bench.total = n_all * len(parts.splits)
    folds = [(s.train, s.test) for s in parts.splits]
    search = GridSearchCV(CandidateClassifier(bench), grid, cv=folds, refit=False)
    rows = np.arange(len(frames))[:, None]
    try:
        # Trainings are small: threads of linear algebra would wait for each other. A candidate that
        # failed is reported by us.
        with one_thread(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "One or more of the test scores", UserWarning)
            search.fit(rows, frames.rooms)
    except KeyboardInterrupt:
        bench.is_stopped = True
    return bench.tuned(n_all)


def _grid(options: Mapping[str, Sequence[Any]], n: int | None, seed: int) -> tuple[Any, int]:
    """Return what is tried, for scikit-learn, and how many candidates that is; ``n`` at random."""
    from sklearn.model_selection import ParameterSampler

    grid = {key: list(range(len(values))) for key, values in options.items()}
    n_all = int(np.prod([len(values) for values in options.values()]))
    if n is None or n >= n_all:
        return grid, n_all
    drawn = ParameterSampler(grid, n, random_state=seed)
    return [{k: [v] for k, v in one.items()} for one in drawn], n


@parameter_fields
class CandidateClassifier(BaseEstimator):  # type: ignore[misc]
    """A candidate as scikit-learn's search sees it: numbers of options, rows of frames.

    ``fit`` trains the pipeline on the rows' frames, ``score`` gives points per frame.
    """

    bench: _Bench
    features: int = 0
    augment: int = 0
    classifier: int = 0
    integration: int = 0
    temporal: int = 0
    decision: int = 0

    def fit(self, x: NDArray[np.int64], y: Any) -> Self:
        """Train on the frames of rows ``x``, (n, 1); return self."""
        choice = tuple(getattr(self, key) for key in KEYS)
        self.pipeline_ = self.bench.train(choice, x[:, 0])
        self.choice_ = choice
        return self

    def score(self, x: NDArray[np.int64], y: Any) -> float:
        """Return points per frame on the frames of rows ``x``."""
        return self.bench.score(self.choice_, self.pipeline_, x[:, 0])


@dataclass(slots=True)
class _Record:
    """What became of a candidate so far, by row of the frames."""

    points: Floats
    is_answered: NDArray[np.bool_]
    is_correct: NDArray[np.bool_]
    n_splits: int = 0
    problem: str = ""


@dataclass(slots=True, eq=False)
class _Bench:
    """The frames, the options and the results; shared by all copies of the estimator."""

    config: Config
    task: Task
    sequences: Sequence[data.ImageSequence]
    frames: Frames
    splits: HeldOutSplits
    options: Mapping[str, list[Any]]
    cache: Path | None
    step: Progress
    where: Path | str
    total: int = 0
    done: int = 0
    is_stopped: bool = False
    records: dict[tuple[int, ...], _Record] = field(default_factory=dict)
    memory: FeatureMemory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = FeatureMemory(self.step)

    def __deepcopy__(self, memo: Any) -> _Bench:
        return self  # scikit-learn copies an estimator's parameters; this one is shared

    def record(self, choice: tuple[int, ...]) -> _Record:
        n = len(self.frames)
        if choice not in self.records:
            self.records[choice] = _Record(np.full(n, np.nan), np.zeros(n, bool), np.zeros(n, bool))
        return self.records[choice]

    def chosen(self, choice: tuple[int, ...]) -> dict[str, Any]:
        return {key: self.options[key][i] for key, i in zip(KEYS, choice, strict=True)}

    def train(self, choice: tuple[int, ...], rows: NDArray[np.int64]) -> Pipeline | None:
        record = self.record(choice)
        if record.problem:
            return None
        listed = self.config.model_copy(update=self.chosen(choice))
        training = [
            shown(s, self.frames.position[rows[self.frames.sequence[rows] == k]])
            for k, s in enumerate(self.sequences)
        ]
        training = [s for s in training if s.truth]
        try:
            config = settle_features(listed, self.sequences)[0]
            return fit_pipeline(
                config,
                self.task,
                training,
                self.cache,
                quiet,
                TrainingOptions(self.where, extraction=self.memory),
            )[0]
        except RobotVisionError as e:
            record.problem = str(e)
            return None

    def score(
        self, choice: tuple[int, ...], pipeline: Pipeline | None, rows: NDArray[np.int64]
    ) -> float:
        record = self.record(choice)
        self.done += 1
        if pipeline is not None:
            for k in np.unique(self.frames.sequence[rows]):
                mine = rows[self.frames.sequence[rows] == k]
                self._answer(pipeline, self.sequences[k], mine, record)
            record.n_splits += 1
        self.step("candidates x splits", self.done, self.total)
        return float(record.points[rows].mean())

    def _answer(
        self,
        pipeline: Pipeline,
        sequence: data.ImageSequence,
        rows: NDArray[np.int64],
        record: _Record,
    ) -> None:
        worth = PointsTable(self.task)
        places = self.frames.position[rows]
        given = answers(pipeline, sequence, places, self.memory, self.cache)
        for row, place, answer in zip(rows, places, given, strict=True):
            truth = (sequence.truth or {})[sequence.frames[place].index]
            record.points[row] = worth.of(truth, answer)[1]
            record.is_answered[row] = answer.room is not None
            record.is_correct[row] = answer.room == worth.label_of(Truth(truth.room))

    def tuned(self, n_all: int) -> Tuned:
        """Return the candidates scored on all splits, the best first."""
        n_splits = len(self.splits.splits)
        asked = self.splits.asked
        candidates = []
        for choice, r in self.records.items():
            if r.n_splits < n_splits and not r.problem:
                continue
            tried = {k: v for k, v in self.chosen(choice).items() if len(self.options[k]) > 1}
            candidates.append(
                Candidate(
                    tried,
                    r.points[asked],
                    float(r.is_answered[asked].mean()),
                    float(r.is_correct[asked].mean()),
                    r.problem,
                )
            )
        if not candidates and self.is_stopped:
            raise KeyboardInterrupt
        candidates.sort(key=lambda c: -c.per_frame)
        if not candidates or candidates[0].problem:
            raise RobotVisionError(
                f"{self.where}: no candidate could be trained; the first says: "
                f"{next(r.problem for r in self.records.values())}"
            )
        numbers = np.unique(self.frames.rooms, return_inverse=True)[1]
        visit = visits(self.frames.sequence, self.frames.segment, numbers)[asked]
        rooms, counts = np.unique(self.frames.rooms[asked], return_counts=True)
        return Tuned(
            candidates,
            len(candidates),
            n_all,
            self.splits.unit,
            n_splits,
            len(asked),
            visit,
            PointsTable(self.task).bounds,
            len(self.frames) - len(asked),
            dict(zip(rooms.tolist(), counts.tolist(), strict=True)),
            tuple(np.setdiff1d(self.frames.rooms, rooms).tolist()),
        )


def best_config(config: Config, tuned: Tuned) -> dict[str, Any]:
    """Return the keys of the best candidate as plain data, for a configuration file."""
    return {key: plain(value) for key, value in tuned.best.chosen.items()}


def plain(value: Any) -> Any:
    """Return a configuration's value as YAML would hold it."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, Named):
        flag = {"optional": True} if value.optional else {}
        return {"name": value.name, **flag, **copy.deepcopy(value.params)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_defaults=True)
    return value
