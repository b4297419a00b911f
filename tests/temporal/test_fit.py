"""Filters learn from the segments of training sequences."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from robotvision.data.sequence import FrameEntry, ImageSequence
from robotvision.records import Truth
from robotvision.temporal.bayes import Bayes
from robotvision.temporal.fit import fit_temporal
from robotvision.temporal.majority import Majority


def test_cuts_of_a_sequence_are_learnt():
    """Segments of a training sequence are the stretches, and what lies between them the cuts."""
    rooms = [room for room in "abcabc" for _ in range(5)]
    times = [i + 9 * (i // 5) for i in range(30)]
    frames = tuple(FrameEntry(i, t * 10**9, {}, segment=i // 5) for i, t in enumerate(times))
    truth = {i: Truth(room) for i, room in enumerate(rooms)}
    sequence = ImageSequence("clips", Path("clips"), "native", {}, frames, truth=truth)
    classifier = SimpleNamespace(classes_=np.array(["a", "b", "c"]))
    model = fit_temporal(Bayes(), classifier, [sequence])
    np.testing.assert_array_equal(model.cuts_, [[0, 2, 0], [0, 0, 2], [1, 0, 0]])
    assert model.pause_s_ == pytest.approx(math.sqrt(10))
    assert isinstance(fit_temporal(Majority(), classifier, [sequence]), Majority)
