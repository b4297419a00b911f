"""The contract of a temporal filter: each frame's probabilities in, the belief so far out.

Filters are for the optional mode, where what was seen before may help to know where one is. All are
causal: the belief at a frame follows from that frame and earlier ones. Times are seconds, and
``reset()`` at the start of a sequence forgets everything.

``fit`` and ``choose`` are optional: `robotvision.temporal.fit.fit_temporal` calls those that exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.plugins.parameters import Parameterised
from robotvision.tasks.model import RoomPoints

Belief = NDArray[np.float64]
LabelledStretch = tuple[Sequence[str], Sequence[float]]
"""Rooms and times in seconds, frame by frame, without a jump between them."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutStretch:
    """A classifier's probabilities for a stretch of a training sequence it was not trained on.

    Parameters
    ----------
    probabilities : (n, k) float64
        Rows sum to 1. Rows of NaN: the frame was never held out.
    truth : (n,) int64
        The true columns.
    times_s : (n,) float64
        Ascending.
    points : RoomPoints, optional
        What a right, a wrong and no answer earn.
    """

    probabilities: Belief
    truth: NDArray[np.int64]
    times_s: Belief
    points: RoomPoints = field(default_factory=RoomPoints)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a training recording was cut: another segment begins.

    Parameters
    ----------
    before, after : str
        Rooms of the last frame before and of the first after it.
    pause_s : float
        From the one frame to the other.
    """

    before: str
    after: str
    pause_s: float


class Filter(Parameterised):
    """Base of the filters: parameters stored as given, a repr that rebuilds them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def fit(
        self,
        stretches: Iterable[LabelledStretch],
        rooms: Sequence[str],
        prior: Belief,
        cuts: Sequence[Cut] = (),
    ) -> Self:
        """Learn from training sequences and return self; this one learns nothing.

        Parameters
        ----------
        stretches : iterable of (rooms, times in seconds)
            One a segment.
        rooms : sequence of str
            The classifier's, in its order.
        prior : (k,) float64
            Each room's share of the training frames.
        cuts : sequence of Cut
            Between the stretches of one sequence.
        """
        return self

    def choose(self, stretches: Sequence[HeldOutStretch]) -> Self:
        """Choose open parameters on held-out stretches and return self; this one has none."""
        return self

    def reset(self) -> None:
        """Forget the last sequence."""
        raise NotImplementedError

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the belief after one more frame.

        Parameters
        ----------
        probabilities : (k,) float
            The classifier's, of this frame alone.
        dt_s : float
            Seconds since the frame before; 0 at a sequence's first.

        Returns
        -------
        (k,) float64
            Non-negative, sums to 1.
        """
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters and what was learnt, without caches and memory of a sequence."""
        return {k: v for k, v in super().__getstate__().items() if not k.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a filter of this state, at the start of a sequence."""
        given = {name: state[name] for name in self._get_param_names()}
        self.__init__(**given)  # type: ignore[misc]
        super().__setstate__(state)
        self.reset()
