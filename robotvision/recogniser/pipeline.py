"""The pipeline: features, classifier, temporal filter, decision; frame by frame.

Several features are joined into one vector, each scaled by one number so that the root mean square
distance of its training vectors from their mean is 1: none drowns another, and histograms stay
histograms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robotvision.features.base import FeatureExtractor
from robotvision.features.extraction import checked, ready
from robotvision.features.resized import one_frame
from robotvision.features.side_by_side import side_by_side
from robotvision.recogniser.decision import Decision
from robotvision.records import Frame
from robotvision.systems.base import Posterior, Reply, View

if TYPE_CHECKING:
    from robotvision.classifiers.base import FittedClassifier
    from robotvision.recogniser.objects import ObjectRecogniser
    from robotvision.recogniser.unknown import UnknownDetector
    from robotvision.recogniser.unknown_zone import UnknownZone


class TemporalFilter(Protocol):
    """A causal filter over class probabilities."""

    def reset(self) -> None:
        """Forget the last sequence."""

    def update(self, probabilities: NDArray[Any], dt_s: float) -> NDArray[Any]:
        """Return the belief after one more frame, ``dt_s`` seconds after the last."""


@dataclass(frozen=True, slots=True)
class FeatureSlot:
    """One extractor in its place in the joined vector."""

    name: str
    extractor: FeatureExtractor
    place: slice
    scale: float

    @property
    def dim(self) -> int:
        """Length of its vector."""
        return int(self.place.stop - self.place.start)


@dataclass(eq=False)
class Pipeline:
    """A trained recogniser. `answer` is timed by stage; `reset` begins a sequence.

    Parameters
    ----------
    slots : list of FeatureSlot
        Extractors with their places and scales, in order.
    classifier : FittedClassifier
        ``classes_`` and ``predict_proba``.
    decision : Decision
        The rule that answers or abstains.
    temporal : TemporalFilter, optional
        In the optional mode.
    objects : ObjectRecogniser, optional
        Where the task asks for objects.
    unknown : UnknownDetector, optional
        Detects rooms that training did not see, from this frame alone.
    zone : UnknownZone, optional
        Detects zones that training did not see, from this frame and those before.
    feature_threads : int, default 1
        How many features of a frame are computed at a time. With more than one they are one stage,
        ``features``, since they overlap.
    """

    slots: list[FeatureSlot]
    classifier: FittedClassifier
    decision: Decision
    temporal: TemporalFilter | None = None
    objects: ObjectRecogniser | None = None
    unknown: UnknownDetector | None = None
    zone: UnknownZone | None = None
    feature_threads: int = 1

    def __post_init__(self) -> None:
        self.dim = self.slots[-1].place.stop
        self._calibrated = self.slots
        self._last_ns: int | None = None

    @property
    def has_memory(self) -> bool:
        """Whether an answer may depend on earlier frames."""
        return self.temporal is not None or self.zone is not None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it reads."""
        return tuple(sorted({c for s in self.slots for c in s.extractor.channels}))

    def parts(self) -> list[object]:
        """Return its plug-ins: extractors, the classifier as it was named, the temporal filter."""
        classifier: object = self.classifier
        for name in ("classifier", "estimator_"):  # calibrated; given numbers for labels
            classifier = getattr(classifier, name, classifier)
        return [*(slot.extractor for slot in self.slots), classifier, self.temporal]

    def with_extractors(self, extractors: Iterable[FeatureExtractor]) -> Pipeline:
        """Return a pipeline with ``extractors`` in the same slots, the rest shared."""
        slots = [replace(s, extractor=e) for s, e in zip(self.slots, extractors, strict=True)]
        return replace(self, slots=slots)

    def reset(self, view: View) -> None:
        """Begin a sequence seen by the cameras of ``view``.

        Networks are loaded and run once, on an image without content of the cameras' size: no frame
        should wait for that.
        """
        self._calibrated = [
            replace(s, extractor=ready(s.extractor, view.calibration)) for s in self.slots
        ]
        self._load(view)
        self._last_ns = None
        if self.temporal is not None:
            self.temporal.reset()
        if self.zone is not None:
            self.zone.reset()

    def _load(self, view: View) -> None:
        slow = [s for s in self._calibrated if getattr(s.extractor, "loads_on_first_use", False)]
        shapes = {name: channel.shape for name, channel in view.channels.items()}
        nothing = {
            name: np.zeros(shape, np.uint8)
            for name, shape in shapes.items()
            if shape is not None and len(shape) == 3
        }
        slow = [s for s in slow if set(s.extractor.channels) <= set(nothing)]
        if slow:
            frame = Frame(0, 0, nothing)
            run = [(s.extractor, s.dim) for s in slow]
            if self.feature_threads > 1 and len(run) > 1:
                side_by_side(run, frame, self.feature_threads)
            else:
                for extractor, dim in run:
                    checked(extractor, frame, dim)

    def answer(self, frame: Frame) -> Reply:
        """Return the answer for one frame and the time of each stage."""
        stages: dict[str, int] = {}
        x = np.empty((1, self.dim), np.float32)
        if self.feature_threads > 1 and len(self._calibrated) > 1:
            self._extract_together(frame, x[0], stages)
        else:
            self._extract_in_turn(frame, x[0], stages)
        return self.answer_vector(x, frame.timestamp_ns, stages)

    def _extract_in_turn(
        self, frame: Frame, x: NDArray[np.float32], stages: dict[str, int]
    ) -> None:
        last = perf_counter_ns()
        with one_frame():
            for slot in self._calibrated:
                vector = checked(slot.extractor, frame, slot.dim)
                np.multiply(vector, slot.scale, out=x[slot.place])
                now = perf_counter_ns()
                stages[slot.name] = now - last
                last = now

    def _extract_together(
        self, frame: Frame, x: NDArray[np.float32], stages: dict[str, int]
    ) -> None:
        started = perf_counter_ns()
        extractors = [(slot.extractor, slot.dim) for slot in self._calibrated]
        vectors = side_by_side(extractors, frame, self.feature_threads)
        for slot, vector in zip(self._calibrated, vectors, strict=True):
            np.multiply(vector, slot.scale, out=x[slot.place])
        stages["features"] = perf_counter_ns() - started

    def answer_vector(
        self, x: NDArray[np.float32], timestamp_ns: int, stages: dict[str, int]
    ) -> Reply:
        """Return the answer for a frame whose features are known.

        Parameters
        ----------
        x : (1, dim) float32
            Features, each times its scale, one after the other.
        timestamp_ns : int
            The frame's.
        stages : dict
            The time of each stage is added to it.
        """
        last = perf_counter_ns()
        probabilities = self.classifier.predict_proba(x)[0]
        now = perf_counter_ns()
        stages["classifier"] = now - last
        is_unknown = False
        if self.unknown is not None:
            is_unknown = self.unknown.is_unknown(probabilities, x[0])
            last, now = now, perf_counter_ns()
            stages["unknown"] = now - last
        before, self._last_ns = self._last_ns, timestamp_ns
        dt_s = None if before is None else (timestamp_ns - before) / 1e9
        if self.temporal is not None:
            last = now
            probabilities = self.temporal.update(probabilities, dt_s or 0.0)
            now = perf_counter_ns()
            stages["temporal"] = now - last
        beyond = 0.0
        if self.zone is not None:
            last = now
            beyond = self.zone.update(x[0], dt_s)
            now = perf_counter_ns()
            stages["zone"] = now - last
        answer = self.decision.decide(probabilities, is_unknown, beyond)
        stages["decision"] = perf_counter_ns() - now
        if self.objects is not None:
            last = perf_counter_ns()
            answer = replace(answer, objects=self.objects.state(x))
            stages["objects"] = perf_counter_ns() - last
        return Reply(answer, stages, Posterior(self.decision.classes, probabilities))
