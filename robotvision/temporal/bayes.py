"""The forward pass of a hidden Markov model over rooms, in continuous time.

As used for places by Torralba, Murphy, Freeman and Rubin (ICCV 2003); the forward pass is Rabiner's
(1989). Rooms change at rates learnt from the training sequences, and a frame's evidence for a room
is its posterior divided by the prior the classifier was trained with (Bourlard and Morgan 1990).
Which rooms touch is learnt without a direction: who went from the kitchen to the corridor will come
back. Where the training recordings were cut, a pause shows it, and what came after a cut there is
expected after such a pause. How much a frame counts beside the ones before it, how much sooner
rooms change than in the training sequences, and how much of the prior is divided out, is chosen by
points on those sequences, from answers of classifiers that were not trained on the frame. So is how
sure a frame must be of another room to be believed at once: the first frame of a room is mostly
right where single frames are, and the forward pass would wait for a second one.

Held-out frames may be much harder than those asked about, so the filter also learns from the
sequence itself. A second forward pass takes frames for more reliable than held-out ones were: it
raises their evidence to a power. Each pass foretells the next frame's evidence, and the belief is
the mean of both, weighted by how well they did (Bayesian model averaging, Hoeting, Madigan, Raftery
and Volinsky, Statistical Science 1999), older frames counting less. Frames that keep agreeing speak
for the second pass, which follows a change of room at once; answers that flip there and back speak
against it, for what it foretells then fails twice.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from robotvision.plugins import params
from robotvision.temporal.base import Belief, Cut, Filter, HeldOutStretch, LabelledStretch

DECORRELATIONS_S = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
RATE_SCALES = (1.0, 3.0, 10.0, 30.0)
PRIORS = (0.25, 0.5, 0.75)
"""What ``auto`` chooses from."""
SURE = (0.9, 0.95, 0.98, 0.99)
"""From which probability on a frame is believed at once: the lowest that costs little."""
SURE_COST = 0.01
"""What that may cost a held-out frame, as a share of what lies between a right and a wrong answer:
held-out frames are often weaker than the test's, and weak frames speak for waiting."""
SHARPER_PRIOR = 0.1
"""Weight of the sharper pass before anything is seen."""
RECORD_PACE_S = 1.0
"""Frames that follow closer count for less in the record of the passes, but for what is new."""
RECORD_KEPT = 0.99
"""What is left of that record after one frame that counts in full."""
_DOUBT = 1e-4
"""Share of the sharper pass's evidence that is spread over all rooms."""
_CLEAR = 2.0
"""A cut shows where the shortest pause at a cut is so many times the longest step elsewhere."""
_LIKELIHOOD = 1 / 15
"""What one nat of the mean log belief counts in `Bayes.choose`, beside points as a share of what
lies between a right and a wrong answer: held-out stretches hold few changes of room, so points
alone have ties and jumps."""
_LEAST = 1e-6
"""No frame's evidence rules a room out."""
_MAX_DT_S = 600.0
_MAX_CACHED = 512


class Bayes(Filter):
    """Forward pass of a hidden Markov model, with a test for kidnapping.

    Parameters
    ----------
    decorrelation_s : float or 'auto', default 'auto'
        Frames closer than this are near-copies: a frame ``dt`` seconds after the last counts as
        ``min(1, dt / decorrelation_s)`` of an observation, but for what is new in it: at least as
        much as its probabilities differ from the last frame's (total variation), so that a change
        of room counts at once. 0: each frame is an observation of its own. ``auto``: of
        `DECORRELATIONS_S`, whichever does best on held-out training frames (`choose`).
    kidnapping : float or None, default 3.0
        Log evidence (nats), above 0, by which a fresh start must beat the belief, summed over the
        frames since the belief began to explain them worse (Page's CUSUM test, 1954), for the
        belief to be dropped for the fresh start's. 3 is odds of 20 to 1. None: no test.
    prior : float or 'auto', default 'auto'
        How much of the training prior a frame's posterior is divided by, as its exponent in
        [0, 1]: 1 wholly, as theory has it, 0 nothing, as where the classifier took all rooms for
        equally frequent. ``auto``: of `PRIORS`, chosen as ``decorrelation_s`` is, all between the
        two: errors of neighbouring frames are alike, and a whole division lets them add up against
        the frequent rooms.
    rate_scale : float or 'auto', default 'auto'
        How many times as often rooms change as in the training sequences, above 0; ``auto``: of
        `RATE_SCALES`, chosen as ``decorrelation_s`` is.
    sharper : float or None, default 4.0
        Power above 1 to which a second forward pass raises a frame's evidence; the belief is the
        mean of the two passes, weighted by how well each foretold the frames since `reset`. None:
        no second pass.
    haste : float or 'auto', optional
        The old name of ``rate_scale``, still accepted with a warning.

    Attributes
    ----------
    rates_ : (k, k)
        Changes a second from row to column; rows sum to 0. How soon a room is left is its own;
        where to is by the changes between the two rooms, whichever way they went.
    prior_ : (k,)
        The shares of the training frames.
    divisor_ : (k,)
        What posteriors are divided by, and the belief before the first frame.
    pause_s_ : float
        A step at least so long is a cut; infinite where training has no cuts, or no pause shows
        them.
    cuts_ : (k, k)
        Changes over the cuts of the training recordings, counted from row to column.
    decorrelation_s_, rate_scale_, prior_exponent_ : float
        As given or chosen. Without held-out frames to choose on, ``auto`` is 1 s, 1 and 0.75.
    sure_ : float
        A frame at least so sure of a room that is not the belief's starts the belief afresh. Of
        `SURE`; infinite, never, where each of them costs more than `SURE_COST`.
    kidnapped : int
        Times the test fired since `reset`.
    """

    def __init__(
        self,
        decorrelation_s: float | str = "auto",
        kidnapping: float | None = 3.0,
        prior: float | str = "auto",
        rate_scale: float | str = "auto",
        sharper: float | None = 4.0,
        *,
        haste: float | str | None = None,
    ) -> None:
        if haste is not None:
            warnings.warn(
                "bayes: 'haste' is now called 'rate_scale'; the old name will go in a later "
                "release",
                FutureWarning,  # for users of configurations, who never see a DeprecationWarning
                stacklevel=2,
            )
            rate_scale = haste
        self.decorrelation_s = decorrelation_s
        self.kidnapping = kidnapping
        self.prior = prior
        self.rate_scale = rate_scale
        self.sharper = sharper
        if sharper is not None:
            params.number("sharper", sharper, above=1.0)
        if decorrelation_s not in (0, "auto"):
            params.number("decorrelation_s", decorrelation_s)
        if rate_scale != "auto":
            params.number("rate_scale", rate_scale)
        if kidnapping is not None:
            params.number("kidnapping", kidnapping)
        if prior != "auto":
            params.share("prior", prior)
        self.decorrelation_s_ = 1.0 if decorrelation_s == "auto" else float(decorrelation_s)
        self.rate_scale_ = 1.0 if rate_scale == "auto" else float(rate_scale)
        self.prior_exponent_ = 0.75 if prior == "auto" else float(prior)
        self.pause_s_ = self.sure_ = math.inf
        self._transitions: dict[tuple[int, bool], Belief] = {}
        self.reset()

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Return scikit-learn's parameters: an old name is not one beside the new."""
        return [name for name in super()._get_param_names() if name != "haste"]

    def fit(
        self,
        stretches: Iterable[LabelledStretch],
        rooms: Sequence[str],
        prior: Belief,
        cuts: Sequence[Cut] = (),
    ) -> Self:
        """Learn the rates of change: changes counted over time spent, plus one change a room.

        The added change is spread over the other rooms and takes the mean stay, so that any change
        stays possible, the rarer the less the rooms were left. A change from one room to another
        speaks for the way back as well.
        """
        number = {room: i for i, room in enumerate(rooms)}
        k = len(rooms)
        changes, spent = np.zeros((k, k)), np.zeros(k)
        longest = 0.0
        for names, times in stretches:
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
        leaving = (changes.sum(axis=1) + 1) / (spent + stay)
        where_to = changes + changes.T + 1 / max(k - 1, 1)
        np.fill_diagonal(where_to, 0)
        where_to /= np.maximum(where_to.sum(axis=1, keepdims=True), 1e-12)
        rates = leaving[:, None] * where_to
        np.fill_diagonal(rates, -rates.sum(axis=1))
        self.rates_ = rates
        smoothed = np.asarray(prior, np.float64) + 1e-3
        self.prior_ = smoothed / smoothed.sum()
        self._apply(self.prior_exponent_, self.rate_scale_, self.decorrelation_s_)
        return self

    def choose(self, stretches: Sequence[HeldOutStretch]) -> Self:
        """Choose what is ``auto`` by points on held-out frames; ties to the first.

        What counts is the points of answering the likeliest room above the break-even belief, as a
        share of what lies between a right and a wrong answer, and a little of the mean log belief
        in the true room.
        """
        start = (self.prior_exponent_, self.rate_scale_, self.decorrelation_s_)
        open_ = (
            (self.prior, PRIORS),
            (self.rate_scale, RATE_SCALES),
            (self.decorrelation_s, DECORRELATIONS_S),
        )
        priors, scales, decorrelations = (
            all_ if given == "auto" else (float(given),) for given, all_ in open_
        )
        settings = list(product(priors, scales, decorrelations))
        is_empty = not any(np.isfinite(s.probabilities).all(axis=1).any() for s in stretches)
        if is_empty:
            return self
        self.sure_ = math.inf
        best, chosen = -math.inf, start
        for setting in settings:
            self._apply(*setting)
            worth = self._worth(stretches)
            if worth > best + 1e-9:
                best, chosen = worth, setting
        self._apply(*chosen)
        for self.sure_ in SURE:
            if self._worth(stretches) >= best - SURE_COST:
                return self
        self.sure_ = math.inf
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a filter of this state; one saved before there was a second pass has none."""
        super().__setstate__({"sharper": None, **state})

    def _apply(self, prior: float, rate_scale: float, decorrelation_s: float) -> None:
        self.prior_exponent_, self.rate_scale_ = prior, rate_scale
        self.decorrelation_s_ = decorrelation_s
        self.divisor_ = _normed(self.prior_**prior)[0]
        self._transitions.clear()
        self.reset()

    def _worth(self, stretches: Sequence[HeldOutStretch]) -> float:
        """Return what `choose` compares, over the held-out frames."""
        total, n = 0.0, 0
        for stretch in stretches:
            self.reset()
            last: float | None = None
            points = stretch.points
            rows = zip(stretch.probabilities, stretch.truth, stretch.times_s, strict=True)
            for p, truth, t in rows:
                if not np.isfinite(p).all():
                    continue
                belief = self._pass(p, 0.0 if last is None else t - last)
                answer = int(belief.argmax())
                earned = points.correct if answer == truth else points.wrong
                if belief[answer] <= points.break_even:
                    earned = points.unanswered
                likelihood = math.log(max(float(belief[truth]), 1e-4))
                total += earned / (points.correct - points.wrong) + _LIKELIHOOD * likelihood
                last, n = t, n + 1
        self.reset()
        return total / max(n, 1)

    def reset(self) -> None:
        """Forget the last sequence."""
        self._belief: Belief | None = None
        self._fresh: Belief | None = None
        self._last: NDArray[Any] | None = None
        self._excess = 0.0
        self._sharp: Belief | None = None
        self._sharp_weight = SHARPER_PRIOR
        self.kidnapped = 0

    def update(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the posterior belief, (k,), summing to 1, ``dt_s`` seconds after the last."""
        before, last = self._belief, self._last
        belief = self._pass(probabilities, dt_s)
        if self.sharper is None:
            return belief
        evidence = np.maximum(probabilities, _LEAST) / self.divisor_
        sharp = _normed(_normed(evidence)[0] ** self.sharper)[0]
        sharp = (1 - _DOUBT) * sharp + _DOUBT / len(sharp)
        if self._sharp is None or before is None or last is None:
            self._sharp = _normed(self.divisor_ * sharp)[0]
            return belief
        new = float(np.abs(probabilities - last).sum()) / 2
        move = self._transition(dt_s)
        foretold = self._sharp @ move
        ratio = float(foretold @ sharp) / float(before @ move @ evidence / evidence.sum())
        self._record(ratio, max(min(dt_s / RECORD_PACE_S, 1.0), new))
        self._sharp = _normed(foretold * sharp ** self._share(dt_s, new))[0]
        return (1 - self._sharp_weight) * belief + self._sharp_weight * self._sharp

    def _record(self, ratio: float, share: float) -> None:
        """Weigh the sharper pass by how much better it foretold a frame that counts ``share``."""
        odds = self._sharp_weight / (1 - self._sharp_weight) * ratio**share
        kept = RECORD_KEPT**share
        self._sharp_weight = kept * odds / (1 + odds) + (1 - kept) * SHARPER_PRIOR

    def _share(self, dt_s: float, new: float) -> float:
        """Return what a frame counts as, ``new`` of it being new, ``dt_s`` after the last."""
        if self.decorrelation_s_ and dt_s < self.decorrelation_s_:
            return max(dt_s / self.decorrelation_s_, new)
        return 1.0

    def _pass(self, probabilities: NDArray[Any], dt_s: float) -> Belief:
        """Return the belief of the first pass, which takes frames for as reliable as held out."""
        evidence = np.maximum(probabilities, _LEAST) / self.divisor_
        last, self._last = self._last, np.array(probabilities, np.float64)
        room = int(probabilities.argmax())
        is_news = self._belief is not None and room != int(self._belief.argmax())
        if self._belief is None or last is None or (is_news and probabilities[room] >= self.sure_):
            self._belief = self._fresh = _normed(self.divisor_ * evidence)[0]
            self._excess = 0.0
            return self._belief.copy()
        evidence = evidence ** self._share(dt_s, float(np.abs(self._last - last).sum()) / 2)
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
        """Return the (k, k) probabilities of each change within ``dt_s``, cached by millisecond."""
        ms = round(min(max(dt_s, 0.0), _MAX_DT_S) * 1000)
        is_cut = dt_s >= self.pause_s_
        cached = self._transitions.get((ms, is_cut))
        if cached is not None:
            return cached
        from scipy.linalg import expm

        if len(self._transitions) >= _MAX_CACHED:
            self._transitions.clear()
        move: Belief = np.maximum(expm(self.rates_ * (self.rate_scale_ * ms / 1000)), 0)
        if is_cut:
            # one more cut a room, half of it as if there were none, half of it to any room
            move = self.cuts_ + 0.5 * move + 0.5 * self.prior_
            move /= move.sum(axis=1, keepdims=True)
        self._transitions[ms, is_cut] = move
        return move


def _count(rooms: Sequence[int], times: Sequence[float], changes: Belief, spent: Belief) -> None:
    """Add the changes and the time spent in each room; -1 is a room that does not count."""
    for i in range(1, len(rooms)):
        here, there = rooms[i - 1], rooms[i]
        if here >= 0:
            spent[here] += max(times[i] - times[i - 1], 0.0)
            if there >= 0:
                changes[here, there] += 1


def _normed(weights: Belief) -> tuple[Belief, float]:
    """Return the weights divided by their sum, and the sum."""
    total = float(weights.sum())
    return weights / total, total
