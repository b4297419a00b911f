"""Train a pipeline on sequences: extraction, cues, classifier, objects, temporal filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision import data
from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.integration import FittedClassifier, fit_cues, fit_cues_held_out
from robotvision.config.checks import build
from robotvision.config.schema import Config, Named, UnknownConfig
from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import (
    Extraction,
    Progress,
    extract,
    failure,
    needs_training,
    training_frames,
)
from robotvision.recogniser.augment import altered, views
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.objects import fit_objects
from robotvision.recogniser.pipeline import FeatureSlot, Pipeline, TemporalFilter
from robotvision.recogniser.unknown import UnknownDetector
from robotvision.records import Truth
from robotvision.scoring.points import PointsTable
from robotvision.tasks.model import Task
from robotvision.temporal import TEMPORAL
from robotvision.temporal.base import HeldOutStretch
from robotvision.temporal.fit import fit_temporal

MIN_SEGMENTS = 4

Step = Callable[[str, int, int], None]
"""Progress: (what is being done, done, in all)."""
Extract = Callable[
    [Sequence[FeatureExtractor], data.ImageSequence, Path | None, Progress], Extraction
]
"""As `robotvision.features.extraction.extract`."""


@dataclass(slots=True)
class Training:
    """What a pipeline was trained on, for the report.

    ``seconds`` maps each step to its time; ``problems`` are lines about frames left out;
    ``unknown`` is how unknown rooms are told: method, threshold and ROC on rooms left out.
    """

    n_frames: int = 0
    rooms: dict[str, int] = field(default_factory=dict)
    dims: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cached: int = 0
    extracted: int = 0
    problems: list[str] = field(default_factory=list)
    unknown: dict[str, Any] = field(default_factory=dict)


def fit_pipeline(
    config: Config,
    task: Task,
    sequences: Sequence[data.ImageSequence],
    cache: Path | None,
    step: Step = lambda what, done, total: None,
    where: Path | str = "train",
    extractors: Sequence[FeatureExtractor] | None = None,
    extraction: Extract = extract,
) -> tuple[Pipeline, Task, Training]:
    """Train the pipeline that ``config`` describes.

    Parameters
    ----------
    config : Config
        With features and a classifier.
    task : Task
        Its rooms are settled here where they wait for training.
    sequences : sequence of Sequence
        With truth.
    cache : Path or None
        Folder of extracted features.
    where : Path or str
        What to name in messages about the training set as a whole.
    extractors : sequence of FeatureExtractor, optional
        The configuration's features, built and trained already.
    extraction : callable
        How features are extracted, for one that remembers.

    Returns
    -------
    pipeline, task, training
        The task with its rooms settled, and what was trained on.

    Raises
    ------
    RobotVisionError
        The training set has fewer than two rooms, lacks a channel, or holds a room that the task
        does not have.
    """
    return _Trainer(config, task, sequences, cache, step, where, extractors, extraction).run()


class _Trainer:
    def __init__(
        self,
        config: Config,
        task: Task,
        sequences: Sequence[data.ImageSequence],
        cache: Path | None,
        step: Step,
        where: Path | str,
        extractors: Sequence[FeatureExtractor] | None = None,
        extraction: Extract = extract,
    ) -> None:
        self.config, self.cache, self.step, self.where = config, cache, step, where
        self.given, self.extraction = extractors, extraction
        self.sequences = sequences
        self.training = Training()
        about = config.augment
        self._views = views(about.mirror, about.light) if about is not None else views(False, 0)
        self._rows: list[tuple[int, int]] = []  # sequence and position of each training frame
        self._done = 0
        self.task = task.with_rooms(r for s in sequences for r in s.room_counts())
        self.worth = PointsTable(self.task)

    def run(self) -> tuple[Pipeline, Task, Training]:
        self._check_rooms()
        extractors = self._extractors()
        started = perf_counter_ns()
        blocks, y, groups, seen = self._extract(extractors)
        self._took("extraction", started)
        cues = self._cues(extractors, blocks)
        x = np.concatenate(
            [b * np.float32(c.scale) for b, c in zip(blocks, cues, strict=True)], axis=1
        )
        started = perf_counter_ns()
        self.step("training", 0, 1)
        places = tuple(c.place for c in cues)
        integration, seed = self.config.integration, self.config.seed
        machine = build(CLASSIFIERS, self.config.classifier or "svm")
        classifier, held_out = fit_cues_held_out(
            machine, integration, x, y, groups, seed, places, self._n_views
        )
        objects = fit_objects(
            machine, integration, self.task, x, seen, groups, seed, places, self._n_views
        )
        pipeline = Pipeline(
            cues,
            classifier,
            self._decision(classifier),
            self._temporal(classifier, y, held_out),
            objects,
            self._unknown(x, y, groups, places),
        )
        self._took("training", started)
        self.step("training", 1, 1)
        return pipeline, self.task, self.training

    @property
    def _n_views(self) -> int:
        return len(self._views)

    def _took(self, what: str, started: int) -> None:
        seconds = (perf_counter_ns() - started) / 1e9
        self.training.seconds[what] = self.training.seconds.get(what, 0.0) + seconds

    def _check_rooms(self) -> None:
        faults = []
        for s in self.sequences:
            if s.truth is None:
                faults.append(
                    Fault(
                        s.root,
                        "no truth in it, so nothing can be trained on it",
                        remedy="add truth.csv or leave the sequence out",
                    )
                )
                continue
            if self.task.unknown is None:
                outside = {r for r in s.room_counts() if r not in self.task.room_names}
                faults += [
                    Fault(
                        s.truth_table or s.root,
                        f"the room {r!r} is outside the task {self.task.id}",
                        self._line_of(s, r),
                        remedy=f"rooms: {', '.join(self.task.room_names)}",
                    )
                    for r in sorted(outside)
                ]
        if faults:
            raise InputFaults(faults)
        rooms = {r for s in self.sequences for r in s.room_counts()}
        if len(rooms) < 2:
            raise InputFaults(
                [
                    Fault(
                        self.where,
                        "train: expected at least two rooms in the training sequences, "
                        f"got {', '.join(sorted(rooms)) or 'none'}",
                        remedy="add sequences of other rooms",
                    )
                ]
            )

    @staticmethod
    def _line_of(sequence: data.ImageSequence, room: str) -> int | None:
        for index, truth in (sequence.truth or {}).items():
            if truth.room == room:
                return sequence.truth_lines.get(index)
        return None

    def _extractors(self) -> list[FeatureExtractor]:
        extractors: list[FeatureExtractor] = (
            [build(FEATURES, f) for f in self.config.features]
            if self.given is None
            else list(self.given)
        )
        for extractor, item in zip(extractors, self.config.features, strict=True):
            name = item.name if isinstance(item, Named) else item
            for sequence in self.sequences:
                data.sequence.require_channels(sequence, tuple(extractor.channels), name)
            if self.given is None and needs_training(extractor):
                self._fit_extractor(extractor, name)
        return extractors

    def _fit_extractor(self, extractor: Any, name: str) -> None:
        started = perf_counter_ns()
        total = sum(map(len, self.sequences))

        def tell(done: int) -> None:
            self.step(f"learning {name}", done, total)

        fit_extractor(extractor, self.sequences, tell)
        self._took("learning features", started)

    def _extract(
        self, extractors: list[FeatureExtractor]
    ) -> tuple[list[NDArray[np.float32]], NDArray[np.str_], NDArray[np.int64], NDArray[np.bool_]]:
        blocks: list[list[NDArray[np.float32]]] = [[] for _ in extractors]
        labels: list[str] = []
        seen: list[list[bool]] = []
        tours: list[tuple[int, int]] = []
        for k, sequence in enumerate(self.sequences):
            found = self._looks(extractors, sequence)
            rows = [i for i in range(len(sequence)) if found[0].readable[i] and sequence.room(i)]
            for i, block in enumerate(blocks):
                looks = np.stack([look.blocks[i][rows] for look in found], axis=1)
                block.append(looks.reshape(-1, looks.shape[2]))  # a frame's views side by side
            self._rows += [(k, i) for i in rows]
            rows = [i for i in rows for _ in found]
            labels += [self.worth.label_of(Truth(str(sequence.room(i)))) for i in rows]
            seen += [[o in _objects(sequence, i) for o in self.task.objects] for i in rows]
            tours += [(k, sequence.frames[i].segment) for i in rows]
        y = np.asarray(labels)
        names, counts = np.unique(y, return_counts=True)
        self.training.n_frames = len(y) // self._n_views
        counts //= self._n_views
        self.training.rooms = dict(zip(map(str, names), map(int, counts), strict=True))
        if len(names) < 2:
            raise RobotVisionError(
                f"{self.where}: only {self.training.n_frames} training frames of {len(names)} "
                "rooms could be read; look at them with robotvision data verify"
            )
        shown = np.asarray(seen, bool).reshape(len(y), len(self.task.objects))
        return [np.concatenate(b) for b in blocks], y, held_out_groups(tours), shown

    def _looks(
        self, extractors: list[FeatureExtractor], sequence: data.ImageSequence
    ) -> list[Extraction]:
        """Extract every view of a sequence's frames, the plain one first."""
        total = self._n_views * sum(map(len, self.sequences))
        found = []
        for way in self._views:
            advance = partial(self._extracted, self._done, total)
            made = [altered(e, way) for e in extractors]
            found.append(self.extraction(made, sequence, self.cache, advance))
            self._done += len(sequence)
            self.step("extraction", self._done, total)
            self.training.cached += found[-1].n_cached
            self.training.extracted += len(extractors) - found[-1].n_cached
        self.training.problems += found[0].problems
        return found

    def _extracted(self, before: int, total: int, done: int, _: int) -> None:
        self.step("extraction", before + done, total)

    def _cues(
        self, extractors: list[FeatureExtractor], blocks: list[NDArray[np.float32]]
    ) -> list[FeatureSlot]:
        cues: list[FeatureSlot] = []
        start = 0
        for extractor, block, item in zip(extractors, blocks, self.config.features, strict=True):
            name = item.name if isinstance(item, Named) else item
            spread = float(np.sqrt(block.var(axis=0, dtype=np.float64).sum()))
            taken = [c.name for c in cues]
            n = sum(c == name or c.startswith(f"{name}#") for c in taken)
            place = slice(start, start + block.shape[1])
            cues.append(
                FeatureSlot(
                    f"{name}#{n + 1}" if n else name,
                    extractor,
                    place,
                    1.0 / spread if spread > 0 else 1.0,
                )
            )
            self.training.dims[cues[-1].name] = block.shape[1]
            start = place.stop
        return cues

    def _decision(self, classifier: FittedClassifier) -> Decision:
        config = self.config.decision
        unknown = config.unknown if isinstance(config.unknown, float) else None
        return Decision(self.task, [str(c) for c in classifier.classes_], config.abstain, unknown)

    def _unknown(
        self,
        x: NDArray[np.float32],
        y: NDArray[np.str_],
        groups: NDArray[np.int64],
        places: tuple[slice, ...],
    ) -> UnknownDetector | None:
        wish, config = self.config.decision.unknown, self.config
        is_auto = wish == "auto"
        if wish == "auto":
            wish = "detect" if self.task.unknown_expected else "never"
        if self.task.unknown is None or not (wish == "detect" or isinstance(wish, UnknownConfig)):
            return None
        about = wish if isinstance(wish, UnknownConfig) else UnknownConfig()

        def train(x: Any, y: Any, groups: Any) -> FittedClassifier:
            machine = build(CLASSIFIERS, config.classifier or "svm")
            return fit_cues(
                machine, config.integration, x, y, groups, config.seed, places, self._n_views
            )

        detector = UnknownDetector(about.method, about.share)
        try:
            detector.fit(train, x, y, groups, config.seed, self._n_views)
        except RobotVisionError as e:
            if not is_auto:
                raise
            self.training.problems.append(f"unknown is never answered here: {e}")
            return None
        self.training.unknown = {
            "method": about.method,
            "threshold": detector.threshold_,
            "area": detector.roc_.area,
            "false_alarms": [round(float(v), 4) for v in detector.roc_.false_alarms],
            "hits": [round(float(v), 4) for v in detector.roc_.hits],
        }
        return detector

    def _temporal(
        self, classifier: FittedClassifier, y: NDArray[np.str_], held_out: NDArray[np.float64]
    ) -> TemporalFilter | None:
        if self.config.temporal is None:
            return None

        truth = np.searchsorted(classifier.classes_, y[:: self._n_views])
        plain = held_out[:: self._n_views]
        stretches: dict[tuple[int, int], list[int]] = {}
        for row, (k, position) in enumerate(self._rows):
            segment = self.sequences[k].frames[position].segment
            stretches.setdefault((k, segment), []).append(row)
        times = np.array([self.sequences[k].frames[i].timestamp_ns for k, i in self._rows]) / 1e9
        looks = [
            HeldOutStretch(plain[rows], truth[rows], times[rows]) for rows in stretches.values()
        ]
        fitted: TemporalFilter = fit_temporal(
            build(TEMPORAL, self.config.temporal), classifier, self.sequences, looks
        )
        return fitted


def fit_extractor(
    extractor: Any, sequences: Sequence[data.ImageSequence], tell: Callable[[int], None]
) -> None:
    """Let an extractor learn from training frames, its cameras set sequence by sequence.

    Parameters
    ----------
    extractor : FittedExtractor
        Where it must know its camera, each sequence's calibration is told before its frames.
    tell : callable
        Hears how many frames it has seen.

    Raises
    ------
    RobotVisionError
        The extractor fails, whatever it raises.
    """
    rooms: list[str] = []
    where = "before its first training frame"

    def frames() -> Any:
        nonlocal where
        for sequence in sequences:
            if hasattr(extractor, "calibrate"):
                extractor.calibrate(sequence.calibration)
            for frame, room in training_frames([sequence], tuple(extractor.channels)):
                rooms.append(room)
                where = f"{sequence.name}: learning, up to frame {frame.index}"
                tell(len(rooms))
                yield frame

    try:
        extractor.fit(frames(), rooms)
    except RobotVisionError:
        raise
    except Exception as e:  # a plug-in may raise anything
        raise failure(extractor, where, e) from e


def _objects(sequence: data.ImageSequence, position: int) -> frozenset[str]:
    """Return what a frame with a truth shows."""
    return (sequence.truth or {})[sequence.frames[position].index].objects


def held_out_groups(tours: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return which training frames are held out together when something is chosen or calibrated.

    Neighbouring frames are near-copies, so a group is never split. Several sequences: each is a
    group. One sequence of at least four segments: each segment is. One unbroken tour: a single
    group, of which only short blocks can be held out (see `robotvision.classifiers.folds`).

    Parameters
    ----------
    tours : sequence of (int, int)
        Sequence and segment of each frame.
    """
    n_sequences = len({s for s, _ in tours})
    if n_sequences > 1:
        keys: list[tuple[int, ...]] = [(s,) for s, _ in tours]
    elif len(set(tours)) >= MIN_SEGMENTS:
        keys = list(tours)
    else:
        keys = [()] * len(tours)
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.asarray([number[key] for key in keys], dtype=np.int64)
