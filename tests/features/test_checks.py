"""The conformance checks refuse extractors that break the contract."""

import numpy as np
import pytest

from robotvision.features.base import Extractor
from robotvision.testing.features import CALIBRATION, CHECKS, NotConforming, check_extractor


class Mean(Extractor):
    """The mean colour: what a broken one below is a broken copy of."""

    def __init__(self, scale=1.0, channel="rgb"):
        self.scale = scale
        self.channel = channel

    @property
    def dim(self):
        return 3

    def extract(self, frame):
        return (frame["rgb"].mean(axis=(0, 1)) * self.scale).astype(np.float32)


class Float64(Mean):
    def extract(self, frame):
        return super().extract(frame).astype(float)


class WrongLength(Mean):
    @property
    def dim(self):
        return 4


class NotFinite(Mean):
    def extract(self, frame):
        vector = super().extract(frame)
        return vector if frame["rgb"].any() else np.full(3, np.nan, np.float32)


class Remembers(Mean):
    def extract(self, frame):
        last, self.last_ = getattr(self, "last_", 0), super().extract(frame)
        return self.last_ + last


class Draws(Mean):
    def fit(self, frames, rooms):
        self.offset_ = np.random.default_rng().random(3, np.float32)
        return self

    def extract(self, frame):
        return super().extract(frame) + self.offset_


class OneBuffer(Mean):
    def extract(self, frame):
        if not hasattr(self, "buffer_"):
            self.buffer_ = np.zeros(3, np.float32)
        self.buffer_[:] = super().extract(frame)
        return self.buffer_


class Writes(Mean):
    def extract(self, frame):
        vector = super().extract(frame)
        frame["rgb"].flags.writeable = True
        frame["rgb"][0, 0] += 1
        return vector


class Peeks(Mean):
    def extract(self, frame):
        return super().extract(frame) + frame.index


class HidesParameter(Mean):
    def __repr__(self):
        return "HidesParameter()"


class ReprIsWords(Mean):
    def __repr__(self):
        return "<mean colour>"


class ChangesParameter(Mean):
    def extract(self, frame):
        self.scale = 2.0
        return super().extract(frame)


class RewritesParameter(Mean):
    def __init__(self, scale=1.0, channel="rgb"):
        self.scale = [scale]
        self.channel = channel


class NeedsTwoPixels(Mean):
    def extract(self, frame):
        vector = super().extract(frame)
        return vector[:2] if min(frame["rgb"].shape[:2]) < 2 else vector


class NoChannels(Mean):
    channels = ()


class SharesState(Mean):
    def extract(self, frame):
        import time

        self.frame_ = frame
        time.sleep(0.002)
        return super().extract(self.frame_)


BROKEN = [
    (Float64, "vector", "expected float32, got float64"),
    (WrongLength, "vector", r"expected a vector \(4,\)"),
    (NotFinite, "black", "finite numbers for rgb .*, got 3 that are not"),
    (Remembers, "repeats", "the same vector for the same frame"),
    (Draws, "training_repeats", "the same vector after the same training"),
    (OneBuffer, "own_memory", "one that the next call overwrote"),
    (Writes, "leaves_frame", "an unchanged frame"),
    (Peeks, "reads_only_channels", "a vector made of rgb alone"),
    (HidesParameter, "repr", "every parameter in the repr"),
    (ReprIsWords, "repr", "a repr that rebuilds it"),
    (ChangesParameter, "parameters_stay", "scale=1.0"),
    (RewritesParameter, "clone", "an extractor that clones"),
    (NeedsTwoPixels, "one_pixel", r"expected a vector \(3,\)"),
    (NeedsTwoPixels, "sizes", r"expected a vector \(3,\)"),
    (NoChannels, "protocol", "a tuple of one or more names"),
    (SharesState, "threads", "four threads at once"),
]


@pytest.mark.parametrize(
    ("cls", "name", "message"), BROKEN, ids=[f"{c.__name__}:{n}" for c, n, _ in BROKEN]
)
def test_broken_extractor_fails_its_check(cls, name, message):
    """Each check refuses an extractor that breaks its rule, and says what it expected."""
    (check,) = (c for c in CHECKS if c.__name__ == f"check_{name}")
    with pytest.raises(NotConforming, match=message):
        check(cls(), None)


def test_every_check_refuses_some_broken_extractor():
    """No check passes whatever it is given."""
    assert {f"check_{name}" for _, name, _ in BROKEN} == {c.__name__ for c in CHECKS}


def test_good_extractor_passes_at_once():
    """The plain example passes all checks in one call, with calibration for every channel."""
    check_extractor(Mean())
    assert set(CALIBRATION) == {"rgb", "depth", "left", "right"}
