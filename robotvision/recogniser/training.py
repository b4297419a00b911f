"""Train a pipeline on sequences: features, classifier, objects, temporal filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robotvision import data, recogniser
from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.integration import FittedClassifier, fit_integrated_held_out
from robotvision.classifiers.training_set import TrainingSet
from robotvision.config.checks import build
from robotvision.config.experiment import unknown_rule
from robotvision.config.schema import Config, Named, UnknownConfig
from robotvision.data.task_labels import in_labels_of, label_faults, room_totals
from robotvision.errors import Fault, InputFaults, RobotVisionError, raise_faults
from robotvision.features import FEATURES
from robotvision.features.base import FeatureExtractor
from robotvision.features.described import described
from robotvision.features.extraction import (
    Extraction,
    extract,
    failure,
    needs_training,
    training_frames,
)
from robotvision.plugins.progress import Progress, quiet
from robotvision.plugins.threads import one_thread
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.pipeline import FeatureSlot, Pipeline, TemporalFilter
from robotvision.records import Notice, Truth
from robotvision.scoring.confidence import confidence_summary, silent_up_to
from robotvision.scoring.points import PointsTable
from robotvision.tasks.model import Task

if TYPE_CHECKING:  # only some recognisers have them
    from robotvision.recogniser.augment import AugmentedView
    from robotvision.recogniser.objects import ObjectRecogniser
    from robotvision.recogniser.unknown import UnknownDetector
    from robotvision.recogniser.unknown_zone import UnknownZone

MIN_SEGMENTS = 4
_NOT_TRAINED_ON = 1e-9
"""A held-out frame's probability of its own room where the fold had no other frame of it."""

Extract = Callable[
    [Sequence[FeatureExtractor], data.ImageSequence, Path | None, Progress], Extraction
]
"""As `robotvision.features.extraction.extract`."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What is rarely asked of `fit_pipeline`.

    Parameters
    ----------
    where : Path or str
        What to name in messages about the training set as a whole.
    extractors : sequence of FeatureExtractor, optional
        The configuration's features, built and trained already.
    extraction : callable
        How features are extracted, for one that remembers.
    """

    where: Path | str = "train"
    extractors: Sequence[FeatureExtractor] | None = None
    extraction: Extract = extract


@dataclass(slots=True)
class Training:
    """What a pipeline was trained on, for the report.

    ``seconds`` maps each step to its time; ``problems`` are lines about frames left out,
    ``not_cached`` about extractors whose vectors cannot be kept from run to run;
    ``unknown`` is how unknown rooms are detected: method, threshold, the share of unknown frames
    reckoned with, the points expected, and the ROC on rooms left out; ``held_out`` is what single
    frames that calibration held out were worth (`robotvision.scoring.confidence`);
    ``without_room`` counts, by sequence, the frames left out because their room is not known.
    """

    n_frames: int = 0
    rooms: dict[str, int] = field(default_factory=dict)
    dims: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cached: int = 0
    extracted: int = 0
    problems: list[str] = field(default_factory=list)
    not_cached: list[str] = field(default_factory=list)
    unknown: dict[str, Any] = field(default_factory=dict)
    held_out: dict[str, Any] = field(default_factory=dict)
    without_room: dict[str, int] = field(default_factory=dict)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What readers of a report must know of the training."""
        if not self.without_room:
            return ()
        n = sum(self.without_room.values())
        where = ", ".join(f"{name} {count}" for name, count in self.without_room.items())
        text = f"{n} training frame{'s' * (n != 1)} without a room left out: {where}"
        return (Notice("training-frames-without-room", text, {"frames": dict(self.without_room)}),)


def fit_pipeline(
    config: Config,
    task: Task,
    sequences: Sequence[data.ImageSequence],
    cache: Path | None,
    progress: Progress = quiet,
    options: TrainingOptions | None = None,
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
    progress : callable
        Receives what is being done, how much of it is done, and how much there is.
    options : TrainingOptions, optional

    Returns
    -------
    pipeline, task, training
        The task with its rooms settled, and what was trained on.

    Notes
    -----
    Linear algebra is held to one thread: the same digits on any number of processors.

    Raises
    ------
    RobotVisionError
        The training set has fewer than two rooms, lacks a channel, or holds a room that the task
        does not have.
    """
    options = options or TrainingOptions()
    with one_thread():
        return _Trainer(config, task, sequences, cache, progress, options).run()


class _Trainer:
    def __init__(
        self,
        config: Config,
        task: Task,
        sequences: Sequence[data.ImageSequence],
        cache: Path | None,
        progress: Progress,
        options: TrainingOptions,
    ) -> None:
        self.config, self.cache, self.progress, self.where = config, cache, progress, options.where
        self.given, self.extraction = options.extractors, options.extraction
        self.task = task.with_rooms(room_totals(sequences))
        self.sequences = [in_labels_of(self.task, s) for s in sequences]
        self.training = Training()
        about = config.augment
        self._views: Sequence[AugmentedView | None] = (  # None: as it is
            [None] if about is None else recogniser.augment.views(about.mirror, about.light)
        )
        self._rows: list[tuple[int, int]] = []  # sequence and position of each training frame
        self._done = 0
        self.points_table = PointsTable(self.task)

    def run(self) -> tuple[Pipeline, Task, Training]:
        self._check_rooms()
        extractors = self._extractors()
        started = perf_counter_ns()
        vectors, training = self._extract(extractors)
        self._took("extraction", started)
        slots = self._slots(extractors, vectors)
        x = np.empty((len(training.y), slots[-1].place.stop), np.float32)
        for slot, block in zip(slots, vectors, strict=True):
            np.multiply(block, np.float32(slot.scale), out=x[:, slot.place])
        blocks, features = tuple(s.place for s in slots), tuple(map(described, extractors))
        training = replace(training, x=x, blocks=blocks, features=features)
        started = perf_counter_ns()
        self.progress("training", 0, 1)
        integration, seed = self.config.integration, self.config.seed
        chosen = build(CLASSIFIERS, self.config.classifier or "svm")
        classifier, held_out = fit_integrated_held_out(chosen, integration, training, seed)
        decision = self._decision(classifier)
        self._weigh_confidences(classifier, training.y, held_out, decision)
        pipeline = Pipeline(
            slots,
            classifier,
            decision,
            self._temporal(classifier, training.y, held_out),
            self._objects(chosen, training),
            self._detector(training, decision),
            self._zone(training, slots),
            self.config.feature_threads,
        )
        self._took("training", started)
        self.progress("training", 1, 1)
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
        faults += label_faults(self.task, self.sequences)
        raise_faults(faults)
        rooms = room_totals(self.sequences)
        if len(rooms) < 2:
            raise InputFaults(
                Fault(
                    self.where,
                    "train: expected at least two rooms in the training sequences, "
                    f"got {', '.join(sorted(rooms)) or 'none'}",
                    remedy="add sequences of other rooms",
                )
            )

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
            if not hasattr(extractor, "dim"):
                raise RobotVisionError(
                    f"{self.where}: feature {name!r}: expected the attribute 'dim', the length of "
                    "its vectors, once it is built and fitted"
                )
        return extractors

    def _fit_extractor(self, extractor: Any, name: str) -> None:
        started = perf_counter_ns()
        total = sum(map(len, self.sequences))

        def tell(done: int) -> None:
            self.progress(f"learning {name}", done, total)

        fit_extractor(extractor, self.sequences, tell)
        self._took("learning features", started)

    def _extract(
        self, extractors: list[FeatureExtractor]
    ) -> tuple[list[NDArray[np.float32]], TrainingSet]:
        """Return the vectors of each feature, and the training set without them."""
        blocks: list[list[NDArray[np.float32]]] = [[] for _ in extractors]
        labels: list[str] = []
        in_view: list[list[bool]] = []
        segments: list[tuple[int, int]] = []
        for k, sequence in enumerate(self.sequences):
            extraction = self._extract_views(extractors, sequence)
            has_room = [sequence.room(i) is not None for i in range(len(sequence))]
            if not all(has_room):
                self.training.without_room[sequence.name] = has_room.count(False)
            rows = [i for i in range(len(sequence)) if extraction.readable[i] and has_room[i]]
            for i, block in enumerate(blocks):
                stacked = np.stack([b[rows] for b in extraction.blocks[i :: len(blocks)]], axis=1)
                block.append(stacked.reshape(-1, stacked.shape[2]))  # a frame's views side by side
            self._rows += [(k, i) for i in rows]
            rows = [i for i in rows for _ in self._views]
            labels += [self.points_table.label_of(Truth(str(sequence.room(i)))) for i in rows]
            truths = [(sequence.truth or {})[sequence.frames[i].index] for i in rows]
            in_view += [[o in truth.objects for o in self.task.objects] for truth in truths]
            segments += [(k, sequence.frames[i].segment) for i in rows]
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
        objects = np.asarray(in_view, bool).reshape(len(y), len(self.task.objects))
        groups, nothing = held_out_groups(segments), np.zeros((len(y), 0), np.float32)
        training = TrainingSet(nothing, y, groups, (), self._n_views, objects)
        return [np.concatenate(b) for b in blocks], training

    def _extract_views(
        self, extractors: list[FeatureExtractor], sequence: data.ImageSequence
    ) -> Extraction:
        """Extract every view of a sequence's frames in one pass: all features of a view in turn.

        The plain view comes first.
        """
        total = sum(map(len, self.sequences))
        in_views = [
            e if view is None else recogniser.augment.altered(e, view)
            for view in self._views
            for e in extractors
        ]
        advance = partial(self._extracted, self._done, total)
        extraction = self.extraction(in_views, sequence, self.cache, advance)
        self._done += len(sequence)
        self.progress("extraction", self._done, total)
        self.training.cached += extraction.n_cached
        self.training.extracted += len(in_views) - extraction.n_cached
        self.training.problems += extraction.problems
        known = self.training.not_cached
        known += [line for line in dict.fromkeys(extraction.not_cached) if line not in known]
        return extraction

    def _extracted(self, before: int, total: int, _: str, done: int, __: int) -> None:
        self.progress("extraction", before + done, total)

    def _slots(
        self, extractors: list[FeatureExtractor], blocks: list[NDArray[np.float32]]
    ) -> list[FeatureSlot]:
        slots: list[FeatureSlot] = []
        start = 0
        for extractor, block, item in zip(extractors, blocks, self.config.features, strict=True):
            name = item.name if isinstance(item, Named) else item
            is_scaled = self.config.scaling == "spread"
            spread = float(np.sqrt(block.var(axis=0, dtype=np.float64).sum())) if is_scaled else 1.0
            taken = [s.name for s in slots]
            n = sum(t == name or t.startswith(f"{name}#") for t in taken)
            place = slice(start, start + block.shape[1])
            slots.append(
                FeatureSlot(
                    f"{name}#{n + 1}" if n else name,
                    extractor,
                    place,
                    1.0 / spread if spread > 0 else 1.0,
                )
            )
            self.training.dims[slots[-1].name] = block.shape[1]
            start = place.stop
        return slots

    def _decision(self, classifier: FittedClassifier) -> Decision:
        config = self.config.decision
        unknown = config.unknown if isinstance(config.unknown, float) else None
        return Decision(self.task, [str(c) for c in classifier.classes_], config.abstain, unknown)

    def _weigh_confidences(
        self,
        classifier: FittedClassifier,
        y: NDArray[np.str_],
        held_out: NDArray[np.float64],
        decision: Decision,
    ) -> None:
        """Note how far confidences held on the frames that calibration held out."""
        plain = held_out[:: self._n_views]
        truth = np.searchsorted(classifier.classes_, y[:: self._n_views])
        likely = np.take_along_axis(plain, truth[:, None], axis=1)[:, 0]
        is_asked = likely > _NOT_TRAINED_ON  # not so where NaN, never held out
        if not is_asked.any():
            return
        p = plain[is_asked]
        right = p.argmax(axis=1) == truth[is_asked]
        confidence = p.max(axis=1)
        self.training.held_out = confidence_summary(
            confidence, right, self.task.points.room, silent_up_to(confidence, decision.threshold)
        )

    def _detector(self, training: TrainingSet, decision: Decision) -> UnknownDetector | None:
        about = unknown_rule(self.config, self.task)
        if not isinstance(about, UnknownConfig):
            return None
        fit = recogniser.optional_parts.fit_detector
        points = self.task.points.room
        return fit(self.config, about, training, points, decision.threshold, self.training)

    def _zone(self, training: TrainingSet, slots: Sequence[FeatureSlot]) -> UnknownZone | None:
        if unknown_rule(self.config, self.task) != "zone":
            return None
        return recogniser.optional_parts.fit_zone(self.config, training, slots, self.training)

    def _objects(self, classifier: Any, training: TrainingSet) -> ObjectRecogniser | None:
        if self.task.points.objects is None:
            return None
        fit = recogniser.optional_parts.fit_objects
        return fit(classifier, self.config.integration, self.task, training, self.config.seed)

    def _temporal(
        self, classifier: FittedClassifier, y: NDArray[np.str_], held_out: NDArray[np.float64]
    ) -> TemporalFilter | None:
        if self.config.temporal is None:
            return None
        truth = np.searchsorted(classifier.classes_, y[:: self._n_views])
        plain = held_out[:: self._n_views]
        fit, item = recogniser.optional_parts.fit_filter, self.config.temporal
        points = self.task.points.room
        return fit(item, classifier, self.sequences, self._rows, plain, truth, points)


def fit_extractor(
    extractor: Any, sequences: Sequence[data.ImageSequence], tell: Callable[[int], None]
) -> None:
    """Let an extractor learn from training frames, its cameras set sequence by sequence.

    Parameters
    ----------
    extractor : FittedExtractor
        Where it must know its camera, it receives each sequence's calibration before its frames.
    tell : callable
        Receives how many frames it has seen.

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


def held_out_groups(segments: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return which training frames are held out together when something is chosen or calibrated.

    Neighbouring frames are near-copies, so a group is never split. Several sequences: each is a
    group. One sequence of at least four segments: each segment is. One unbroken sequence: a single
    group, of which only short blocks can be held out (see `robotvision.classifiers.folds`).

    Parameters
    ----------
    segments : sequence of (int, int)
        Sequence and segment of each frame.
    """
    n_sequences = len({s for s, _ in segments})
    if n_sequences > 1:
        keys: list[tuple[int, ...]] = [(s,) for s, _ in segments]
    elif len(set(segments)) >= MIN_SEGMENTS:
        keys = list(segments)
    else:
        keys = [()] * len(segments)
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.asarray([number[key] for key in keys], dtype=np.int64)
