"""Train a temporal filter on the labelled segments of training sequences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from robotvision import data
from robotvision.temporal.base import Cut, HeldOutStretch, LabelledStretch


def fit_temporal(
    temporal: Any,
    classifier: Any,
    sequences: Sequence[data.ImageSequence],
    held_out: Sequence[HeldOutStretch] = (),
) -> Any:
    """Train a filter on the segments of the training sequences; return it.

    Parameters
    ----------
    temporal : Filter
        Also one without ``fit``, which is returned as it is.
    classifier : FittedClassifier
        For its rooms and their order.
    sequences : sequence of ImageSequence
        With truth. A segment begins a new stretch.
    held_out : sequence of HeldOutStretch
        The classifier's probabilities for stretches that it was not trained on.
    """
    if not hasattr(temporal, "fit"):
        return temporal
    rooms = [str(c) for c in classifier.classes_]
    stretches = [stretch for s in sequences for stretch in _stretches(s)]
    labels = [name for names, _ in stretches for name in names]
    counts = np.array([labels.count(room) for room in rooms], np.float64)
    prior = counts / counts.sum() if counts.any() else np.full(len(rooms), 1 / len(rooms))
    cuts = [cut for s in sequences for cut in _cuts(s)]
    fitted = temporal.fit(stretches, rooms, prior, cuts)
    return fitted.choose(held_out) if hasattr(fitted, "choose") else fitted


def _stretches(sequence: data.ImageSequence) -> list[LabelledStretch]:
    """Return the rooms and times of a sequence, one stretch a segment."""
    by_segment: dict[int, tuple[list[str], list[float]]] = {}
    for i, frame in enumerate(sequence.frames):
        names, times = by_segment.setdefault(frame.segment, ([], []))
        names.append(str(sequence.room(i)))
        times.append(frame.timestamp_ns / 1e9)
    return list(by_segment.values())


def _cuts(sequence: data.ImageSequence) -> list[Cut]:
    """Return where one segment of a sequence ends and the next begins."""
    cuts = []
    for i, (a, b) in enumerate(pairwise(sequence.frames)):
        if a.segment != b.segment:
            pause_s = (b.timestamp_ns - a.timestamp_ns) / 1e9
            cuts.append(Cut(str(sequence.room(i)), str(sequence.room(i + 1)), pause_s))
    return cuts
