"""Filters over the answers, for the optional mode: what was seen before helps to know where one is.

All are causal: the belief at a frame follows from that frame and earlier ones. Times are seconds.
``reset()`` at the start of a sequence forgets everything.

``bayes`` is the forward pass of a hidden Markov model (Rabiner 1989) in continuous time, as used
for places by Torralba, Murphy, Freeman and Rubin (ICCV 2003): rooms change at rates learnt from the
training tours, and a frame's evidence for a room is its posterior divided by the prior the
classifier was trained with (Bourlard and Morgan 1990). Where the training recordings were cut, a
pause tells so, and what came after a cut there is expected after such a pause. How much a frame
counts beside the ones before it, and how much sooner rooms change than the training tours say, is
chosen on those tours from answers that did not see them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from robotvision import data
from robotvision.plugins import params

Belief = NDArray[np.float64]
Tour = tuple[Sequence[str], Sequence[float]]
"""Rooms and times in seconds, frame by frame, without a jump between them."""

DECORRELATIONS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
HASTES = (1.0, 3.0, 10.0, 30.0)
"""What ``auto`` chooses from."""
_CLEAR = 2.0
"""A cut shows where the shortest pause at a cut is so many times the longest step elsewhere."""
_LEAST = 1e-6
"""No frame's evidence rules a room out."""
_MAX_DT_S = 600.0
_MAX_KNOWN = 512


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutStretch:
    """What a classifier says of a stretch of a training tour that it did not learn from.

    Parameters
    ----------
    probabilities : (n, k)
        Rows of NaN: the frame was never held out.
    truth : (n,) int
        The true columns.
    times_s : (n,) float
    """

    probabilities: Belief
    truth: NDArray[np.int64]
    times_s: Belief


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


class Filter(BaseEstimator):  # type: ignore[misc]
    """Base of the filters: parameters kept as given, a repr that rebuilds them."""

    def fit(
        self, tours: Iterable[Tour], rooms: Sequence[str], prior: Belief, cuts: Sequence[Cut] = ()
    ) -> Self:
        """Learn from training tours; this one learns nothing.

        Parameters
        ----------
        tours : iterable of (rooms, times in seconds)
        rooms : sequence of str
            The classifier's, in its order.
        prior : (k,)
            Each room's share of the training frames.
        cuts : sequence of Cut
            Between the tours of one sequence.
        """
        return self

    def choose(self, looks: Sequence[HeldOutStretch]) -> Self:
        """Choose what was left open on held-out stretches; this one leaves nothing open."""
        return self

    def reset(self) -> None:
        """Forget the last sequence."""
        raise NotImplementedError

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the belief, (k,), after one more frame, ``dt_s`` seconds after the last."""
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

    def __repr__(self, N_CHAR_MAX: int = 0) -> str:
        given = self.get_params(deep=False)
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"


class Majority(Filter):
    """Votes of the last frames: a room's share of them.

    Parameters
    ----------
    frames : int
        Length of the window, the present frame included.

    Notes
    -----
    The mean probabilities of the window count as one more vote, which breaks ties.
    """

    def __init__(self, frames: int = 5) -> None:
        self.frames = frames
        params.whole("frames", frames)
        self.reset()

    def reset(self) -> None:
        """Forget the last sequence."""
        self._window: list[NDArray[Any]] = []

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the shares, (k,), summing to 1."""
        window = self._window = [*self._window, probabilities][-self.frames :]
        belief = np.asarray(sum(window) / len(window), np.float64)
        for p in window:
            belief[p.argmax()] += 1
        belief /= len(window) + 1
        return belief


class Exponential(Filter):
    """Exponentially weighted mean of the probabilities.

    Parameters
    ----------
    seconds : float
        Time in which a frame's weight falls to 1 / e.
    """

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds = seconds
        params.number("seconds", seconds)
        self.reset()

    def reset(self) -> None:
        """Forget the last sequence."""
        self._belief: Belief | None = None

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the mean, (k,), summing to 1."""
        p = np.asarray(probabilities, np.float64)
        if self._belief is None:
            self._belief = p
        else:
            keep = math.exp(-max(dt_s, 0.0) / self.seconds)
            self._belief = keep * self._belief + (1 - keep) * p
        return self._belief.copy()


class Bayes(Filter):
    """Forward pass of a hidden Markov model, with a test for kidnapping.

    Parameters
    ----------
    decorrelation_s : float or 'auto'
        Frames closer than this are near-copies: a frame ``dt`` seconds after the last counts as
        ``min(1, dt / decorrelation_s)`` of a look. 0: each frame is a look of its own. ``auto``:
        of `DECORRELATIONS_S`, whichever makes held-out training frames likeliest.
    haste : float or 'auto'
        How many times as often rooms change as the training tours say; ``auto``: of `HASTES`,
        chosen in the same way.
    kidnapping : float or None
        Log evidence (nats) by which a fresh start must beat the belief, summed over the frames
        since the belief began to explain them worse (Page's CUSUM test, 1954), for the belief to
        be dropped for the fresh start's. 3 is odds of 20 to 1. None: no test.
    prior : float
        How much of the training prior a frame's posterior is divided by, as its exponent: 1
        wholly, as theory has it, 0 nothing, as where the classifier took all rooms for equally
        frequent. Between the two by default: errors of neighbouring frames are alike, and a whole
        division lets them add up against the frequent rooms.

    Attributes
    ----------
    rates_ : (k, k)
        Changes a second from row to column; rows sum to 0.
    prior_ : (k,)
        The shares of the training frames.
    divisor_ : (k,)
        What posteriors are divided by, and the belief before the first frame.
    pause_s_ : float
        A step at least so long is a cut; infinite where training knows no cuts, or no pause tells
        them.
    cuts_ : (k, k)
        Changes over the cuts of the training recordings, counted from row to column.
    decorrelation_s_, haste_ : float
        As given or chosen. Without held-out frames to choose on, ``auto`` is 1 s and 1.
    kidnapped : int
        Times the test fired since `reset`.
    """

    def __init__(
        self,
        decorrelation_s: float | str = "auto",
        kidnapping: float | None = 3.0,
        prior: float = 0.75,
        haste: float | str = "auto",
    ) -> None:
        self.decorrelation_s = decorrelation_s
        self.kidnapping = kidnapping
        self.prior = prior
        self.haste = haste
        if decorrelation_s not in (0, "auto"):
            params.number("decorrelation_s", decorrelation_s)
        if haste != "auto":
            params.number("haste", haste)
        if kidnapping is not None:
            params.number("kidnapping", kidnapping)
        params.share("prior", prior)
        self.decorrelation_s_ = 1.0 if decorrelation_s == "auto" else float(decorrelation_s)
        self.haste_ = 1.0 if haste == "auto" else float(haste)
        self.pause_s_ = math.inf
        self._transitions: dict[tuple[int, bool], Belief] = {}
        self.reset()

    def fit(
        self, tours: Iterable[Tour], rooms: Sequence[str], prior: Belief, cuts: Sequence[Cut] = ()
    ) -> Self:
        """Learn the rates of change: changes counted over time spent, plus one change a room.

        The added change is spread over the other rooms and takes the mean stay, so that any change
        stays possible, the rarer the less the rooms were left.
        """
        number = {room: i for i, room in enumerate(rooms)}
        k = len(rooms)
        changes, spent = np.zeros((k, k)), np.zeros(k)
        longest = 0.0
        for names, times in tours:
            _count([number.get(n, -1) for n in names], times, changes, spent)
            longest = max([longest, *np.diff(times)])
        self.cuts_ = np.zeros((k, k))
        for cut in cuts:
            if cut.before in number and cut.after in number:
                self.cuts_[number[cut.before], number[cut.after]] += 1
        pause = min((cut.pause_s for cut in cuts), default=0.0)
        is_clear = 0 < longest * _CLEAR <= pause
        self.pause_s_ = math.sqrt(longest * pause) if is_clear else math.inf
        np.fill_diagonal(changes, 0)
        stay = spent.sum() / max(changes.sum() + np.count_nonzero(spent), 1) or 10.0
        rates = (changes + 1 / max(k - 1, 1)) / (spent + stay)[:, None]
        np.fill_diagonal(rates, 0)
        np.fill_diagonal(rates, -rates.sum(axis=1))
        self.rates_ = rates
        smoothed = np.asarray(prior, np.float64) + 1e-3
        self.prior_ = smoothed / smoothed.sum()
        self.divisor_ = _normed(self.prior_**self.prior)[0]
        self._transitions.clear()
        self.reset()
        return self

    def choose(self, looks: Sequence[HeldOutStretch]) -> Self:
        """Choose what is ``auto`` by the mean log belief in the true room; ties to the first."""
        start = (self.haste_, self.decorrelation_s_)
        hastes = HASTES if self.haste == "auto" else start[:1]
        decorrelations = DECORRELATIONS_S if self.decorrelation_s == "auto" else start[1:]
        ways = list(product(hastes, decorrelations))
        if len(ways) == 1 or not any(_n_known(look) for look in looks):
            return self
        best, chosen = -math.inf, start
        for way in ways:
            self._take(*way)
            likely = self._likelihood(looks)
            if likely > best + 1e-9:
                best, chosen = likely, way
        self._take(*chosen)
        return self

    def _take(self, haste: float, decorrelation_s: float) -> None:
        self.haste_, self.decorrelation_s_ = haste, decorrelation_s
        self._transitions.clear()
        self.reset()

    def _likelihood(self, looks: Sequence[HeldOutStretch]) -> float:
        """Return the mean log belief in the true room over the held-out frames of all looks."""
        total, n = 0.0, 0
        for look in looks:
            self.reset()
            last: float | None = None
            for p, truth, t in zip(look.probabilities, look.truth, look.times_s, strict=True):
                if not np.isfinite(p).all():
                    continue
                belief = self.update(p, 0.0 if last is None else t - last)
                total += math.log(max(float(belief[truth]), 1e-4))
                last, n = t, n + 1
        self.reset()
        return total / max(n, 1)

    def reset(self) -> None:
        """Forget the last sequence."""
        self._belief: Belief | None = None
        self._fresh: Belief | None = None
        self._excess = 0.0
        self.kidnapped = 0

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the posterior belief, (k,), summing to 1."""
        evidence = np.maximum(probabilities, _LEAST) / self.divisor_
        if self._belief is None:
            self._belief = self._fresh = _normed(self.divisor_ * evidence)[0]
            return self._belief.copy()
        if self.decorrelation_s_ and dt_s < self.decorrelation_s_:
            evidence = evidence ** (max(dt_s, 0.0) / self.decorrelation_s_)
        move = self._transition(dt_s)
        self._belief, explained = _normed((self._belief @ move) * evidence)
        if self.kidnapping is not None:
            self._test(evidence, move, explained)
        return self._belief.copy()

    def _test(self, evidence: Belief, move: Belief, explained: float) -> None:
        """Compare the belief with one that was dropped somewhere at the best moment so far."""
        fresh = self._fresh if self._excess > 0 else None
        start = self.divisor_ if fresh is None else fresh @ move
        self._fresh, fresh_explained = _normed(start * evidence)
        self._excess = max(0.0, self._excess + math.log(fresh_explained / explained))
        if self.kidnapping is not None and self._excess > self.kidnapping:
            self._belief = self._fresh
            self._excess = 0.0
            self.kidnapped += 1

    def _transition(self, dt_s: float) -> Belief:
        """Return the (k, k) probabilities of being where after ``dt_s``, kept by millisecond."""
        ms = round(min(max(dt_s, 0.0), _MAX_DT_S) * 1000)
        is_cut = dt_s >= self.pause_s_
        known = self._transitions.get((ms, is_cut))
        if known is None:
            from scipy.linalg import expm

            if len(self._transitions) >= _MAX_KNOWN:
                self._transitions.clear()
            seconds = self.haste_ * ms / 1000
            known = np.maximum(expm(self.rates_ * seconds), 0)
            if is_cut:
                # one more cut a room, half of it as if there were none, half of it to any room
                known = self.cuts_ + 0.5 * known + 0.5 * self.prior_
                known /= known.sum(axis=1, keepdims=True)
            self._transitions[ms, is_cut] = known
        return known


def _n_known(look: HeldOutStretch) -> int:
    return int(np.isfinite(look.probabilities).all(axis=1).sum())


def fit_temporal(
    temporal: Any,
    classifier: Any,
    sequences: Sequence[data.ImageSequence],
    looks: Sequence[HeldOutStretch] = (),
) -> Any:
    """Train a filter on the tours of the training sequences; return it.

    Parameters
    ----------
    temporal : Filter
        Also one without ``fit``, which is returned as it is.
    classifier : FittedClassifier
        For its rooms and their order.
    sequences : sequence of Sequence
        With truth. A segment begins a new tour.
    looks : sequence of HeldOutStretch
        What the classifier says of stretches that it did not learn from.
    """
    if not hasattr(temporal, "fit"):
        return temporal
    rooms = [str(c) for c in classifier.classes_]
    tours = [tour for s in sequences for tour in _tours(s)]
    seen = [name for names, _ in tours for name in names]
    counts = np.array([seen.count(room) for room in rooms], np.float64)
    prior = counts / counts.sum() if counts.any() else np.full(len(rooms), 1 / len(rooms))
    cuts = [cut for s in sequences for cut in _cuts(s)]
    fitted = temporal.fit(tours, rooms, prior, cuts)
    return fitted.choose(looks) if hasattr(fitted, "choose") else fitted


def _tours(sequence: data.ImageSequence) -> list[Tour]:
    """Return the labelled stretches of a sequence, one a segment."""
    found: dict[int, tuple[list[str], list[float]]] = {}
    for i, frame in enumerate(sequence.frames):
        names, times = found.setdefault(frame.segment, ([], []))
        names.append(str(sequence.room(i)))
        times.append(frame.timestamp_ns / 1e9)
    return list(found.values())


def _cuts(sequence: data.ImageSequence) -> list[Cut]:
    """Return where one segment of a sequence ends and the next begins."""
    found = []
    for i, (a, b) in enumerate(pairwise(sequence.frames)):
        if a.segment != b.segment:
            pause_s = (b.timestamp_ns - a.timestamp_ns) / 1e9
            found.append(Cut(str(sequence.room(i)), str(sequence.room(i + 1)), pause_s))
    return found


def _count(rooms: Sequence[int], times: Sequence[float], changes: Belief, spent: Belief) -> None:
    """Add the changes and the time spent in each room; -1 is a room that does not count."""
    for i in range(1, len(rooms)):
        here, there = rooms[i - 1], rooms[i]
        if here >= 0:
            spent[here] += max(times[i] - times[i - 1], 0.0)
            if there >= 0:
                changes[here, there] += 1


def _normed(weights: Belief) -> tuple[Belief, float]:
    """Return the weights brought to a sum of 1, and their sum."""
    total = float(weights.sum())
    return weights / total, total
