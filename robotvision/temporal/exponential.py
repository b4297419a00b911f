"""Exponential smoothing of the probabilities, by time and not by frames."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.plugins import params
from robotvision.plugins.parameters import parameter_fields
from robotvision.temporal.base import Belief, Filter


@parameter_fields
class Exponential(Filter):
    """Exponentially weighted mean of the probabilities.

    Parameters
    ----------
    seconds : float, default 1.0
        Time in which a frame's weight falls to 1 / e, above 0.

    Notes
    -----
    Simple exponential smoothing (Brown, "Exponential smoothing for predicting demand", 1956) with a
    time constant, so that the frame rate does not matter.
    """

    seconds: float = 1.0

    def _check(self) -> None:
        params.number("seconds", self.seconds)

    def reset(self) -> None:
        """Forget the last sequence."""
        self._belief: Belief | None = None

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the mean, (k,), summing to 1, ``dt_s`` seconds after the last frame."""
        p = np.asarray(probabilities, np.float64)
        if self._belief is None:
            self._belief = p
        else:
            keep = math.exp(-max(dt_s, 0.0) / self.seconds)
            self._belief = keep * self._belief + (1 - keep) * p
        return self._belief.copy()
