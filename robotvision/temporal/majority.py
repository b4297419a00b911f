"""Votes of the last frames: the simplest filter, and the yardstick of the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.temporal.base import Belief, Filter


@parameter_fields
class Majority(Filter):
    """Share of each room in the votes of the last frames.

    Parameters
    ----------
    frames : int, default 5
        Length of the window, the present frame included, at least 1.

    Notes
    -----
    A majority vote over a sliding window, with one vote more: the mean probabilities of the window,
    which breaks ties.
    """

    frames: int = 5

    def _check(self) -> None:
        params.whole("frames", self.frames)

    def reset(self) -> None:
        """Forget the last sequence."""
        self._window: list[NDArray[Any]] = []

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the shares, (k,), summing to 1; ``dt_s`` does not matter."""
        window = self._window = [*self._window, probabilities][-self.frames :]
        belief = np.asarray(sum(window) / len(window), np.float64)
        for p in window:
            belief[p.argmax()] += 1
        belief /= len(window) + 1
        return belief
