"""Train what only some recognisers have: objects, unknown rooms or zones, a filter over time.

Loaded with the first recogniser that has one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from robotvision.classifiers import CLASSIFIERS
from robotvision.classifiers.integration import FittedClassifier, fit_integrated
from robotvision.classifiers.training_set import TrainingSet
from robotvision.config.checks import build
from robotvision.config.schema import Config, Named, UnknownConfig
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.recogniser.objects import fit_objects
from robotvision.recogniser.pipeline import FeatureSlot, TemporalFilter
from robotvision.recogniser.training import Training
from robotvision.recogniser.unknown import AnswerRule, UnknownDetector
from robotvision.recogniser.unknown_zone import UnknownZone
from robotvision.tasks.model import RoomPoints
from robotvision.temporal import TEMPORAL
from robotvision.temporal.base import HeldOutStretch
from robotvision.temporal.fit import fit_temporal

__all__ = ["fit_detector", "fit_filter", "fit_objects", "fit_zone"]


def fit_detector(
    config: Config,
    about: UnknownConfig,
    rows: TrainingSet,
    points: RoomPoints,
    answer_from: float,
    training: Training,
) -> UnknownDetector | None:
    """Train a detector of unknown rooms, and note in ``training`` what it is expected to win.

    Parameters
    ----------
    config : Config
        Its classifier and integration are trained without each room in turn.
    about : UnknownConfig
        How unknown rooms are detected.
    rows : TrainingSet
    points : RoomPoints
        The task's.
    answer_from : float
        Confidence up to which nothing is answered.
    training : Training
        Receives the figures, or why there is none.

    Returns
    -------
    UnknownDetector or None
        None: the rooms do not allow one, and nobody asked for it by name.

    Raises
    ------
    RobotVisionError
        The rooms do not allow the one that was asked for.
    """

    def train(part: TrainingSet) -> FittedClassifier:
        classifier = build(CLASSIFIERS, config.classifier or "svm")
        return fit_integrated(classifier, config.integration, part, config.seed)

    detector = UnknownDetector(about.method, about.share)
    try:
        detector.fit(train, rows, config.seed, AnswerRule(points, answer_from))
    except RobotVisionError as e:
        if config.decision.unknown != "auto":
            raise
        training.problems.append(f"unknown is never answered here: {e}")
        return None
    training.unknown = {
        "method": detector.method_,
        "threshold": detector.threshold_,
        "share": about.share,
        "expected": {name: round(v, 4) for name, v in asdict(detector.stake_).items()},
        "area": detector.roc_.area,
        "false_alarms": [round(float(v), 4) for v in detector.roc_.false_alarms],
        "hits": [round(float(v), 4) for v in detector.roc_.hits],
    }
    return detector


def fit_zone(
    config: Config, rows: TrainingSet, slots: Sequence[FeatureSlot], training: Training
) -> UnknownZone | None:
    """Train a detector of unknown zones, and note its reference in ``training``.

    Parameters
    ----------
    config : Config
    rows : TrainingSet
    slots : sequence of FeatureSlot
        Where each feature lies in the vectors.
    training : Training
        Receives the figures.

    Raises
    ------
    RobotVisionError
        The rooms do not allow the one that was asked for.
    """
    # What stands at one place of an image changes with every step: patches tell nothing here.
    places = [s.place for s in slots if not getattr(s.extractor, "n_patches", 0)]
    try:
        zone = UnknownZone().fit(rows, places or [s.place for s in slots])
    except RobotVisionError:
        if config.decision.unknown == "zone":
            raise
        return None  # nobody asked for it, and of two rooms there is nothing to tell
    training.unknown = {"method": "zone", "reference": zone.reference_}
    return zone


def fit_filter(
    item: str | Named,
    classifier: FittedClassifier,
    sequences: Sequence[ImageSequence],
    rows: Sequence[tuple[int, int]],
    held_out: NDArray[np.float64],
    truth: NDArray[np.int64],
    points: RoomPoints,
) -> TemporalFilter:
    """Train the temporal filter that a configuration names.

    Parameters
    ----------
    item : str or Named
        The filter.
    classifier : FittedClassifier
        For its rooms and their order.
    sequences : sequence of ImageSequence
        What was trained on.
    rows : sequence of (int, int)
        Sequence and position of each training frame.
    held_out : (n, k) float64
        The probabilities of each training frame where it was held out; NaN where it never was.
    truth : (n,) int64
        The true columns.
    points : RoomPoints
        The task's.
    """
    stretches: dict[tuple[int, int], list[int]] = {}
    for row, (k, position) in enumerate(rows):
        segment = sequences[k].frames[position].segment
        stretches.setdefault((k, segment), []).append(row)
    times = np.array([sequences[k].frames[i].timestamp_ns for k, i in rows]) / 1e9
    held = [
        HeldOutStretch(held_out[chosen], truth[chosen], times[chosen], points)
        for chosen in stretches.values()
    ]
    fitted: TemporalFilter = fit_temporal(build(TEMPORAL, item), classifier, sequences, held)
    return fitted
