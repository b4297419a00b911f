"""What the labels given so far suggest for the frames without one, and how doubtful that is.

A chain over the frames, as in a hidden Markov model: its states are the rooms that were named, and
one for a room that nobody has named yet. A frame speaks for a room by its likeness (cosine of
embeddings, less their mean) to the most alike of the room's labelled frames, for the unnamed room
by a fixed likeness; labelled frames are certain. Between two frames the room changes with a small
probability, with a larger one where the images change most (the mean embeddings of the frames
before and after lie far apart, beside the sequence's median), where a labelled range ends, and at
a cut. Forward and backward sums (Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 1989)
give each frame's probabilities. The doubt about a frame is the probability that its most probable
room is wrong.

The constants were chosen on generated buildings, an office and the house by night, by a person
played by ``scripts/check_labelling.py``. The sequences that this script prints were looked at
between rounds too, so its figures are not those of a clean test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats

HALF_WIDTH = 3
"""Frames on each side that the change between two frames is measured over."""
MIN_SWITCH, MAX_SWITCH = 0.005, 0.5
"""How probable a change of room is between two frames, by how much the images change."""
MIDDLE_Z = 4.0
"""Robust deviations above the median change at which the two above are mixed half and half."""
BORDER_Z = 1.0
"""Robust deviations from which a local maximum of the change is shown as a border."""
BORDER_SWITCH = 0.3
"""Where a labelled range ends: whoever labels a range often ends it where the room does."""
TEMPERATURE = 0.1
"""The likeness that makes a room e times as probable."""
UNNAMED_LIKENESS = 0.5
"""A frame less alike to every labelled one rather shows a room that was not named yet."""
MAX_EXAMPLES = 100
"""Labelled frames of each room that others are compared with, evenly spread."""
_CERTAIN = -50.0


@dataclass(frozen=True, eq=False)
class Proposals:
    """What is proposed.

    Parameters
    ----------
    rooms : (frames,) int64
        Index of the proposed room; of a labelled frame its own; -1 while no room is named.
    doubt : (frames,) float64
        The probability that the room is wrong, 0 for labelled frames.
    borders : tuple of int
        Positions at which a visit seems to begin, by the images alone.
    next : int or None
        The frame to look at next; None where all are labelled.
    """

    rooms: NDArray[np.int64]
    doubt: Floats
    borders: tuple[int, ...]
    next: int | None


class Proposer:
    """Propose rooms for a sequence's frames from those that have one.

    Parameters
    ----------
    vectors : (frames, dim) float
        An embedding of each frame, rows of zeros where one cannot be read.
    """

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        centred = np.asarray(vectors, np.float32) - np.mean(vectors, axis=0, dtype=np.float32)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        self.vectors = centred / np.maximum(length, 1e-9)
        self._changes = change_scores(self.vectors)

    def propose(self, labels: Sequence[int], n_rooms: int, cuts: Sequence[int] = ()) -> Proposals:
        """Return proposals.

        Parameters
        ----------
        labels : (frames,) sequence of int
            Index of the room of each labelled frame, -1 of the others.
        n_rooms : int
            Rooms that were named, also those without a frame.
        cuts : sequence of int
            Positions at which a segment begins.
        """
        known = np.asarray(labels, np.int64)
        is_cut = np.zeros(len(known), bool)
        is_cut[list(cuts)] = True
        switch = self._switch(known, is_cut)
        evidence = self._evidence(known, n_rooms)
        posterior = chain_posterior(evidence, switch)
        rooms, doubt = np.full(len(known), -1), np.ones(len(known))
        if (
            n_rooms
        ):  # of the named rooms one must be proposed, as smoothly as if there were no other
            rooms = chain_posterior(evidence[:, :n_rooms], switch).argmax(axis=1)
            doubt = 1 - posterior[np.arange(len(known)), rooms]
        doubt = np.where(known >= 0, 0.0, np.clip(doubt, 0, 1))
        following = _most_doubtful(doubt, posterior.argmax(axis=1), known, is_cut)
        return Proposals(
            np.where(known >= 0, known, rooms),
            doubt,
            proposed_borders(self._changes, is_cut),
            following,
        )

    def _switch(self, known: NDArray[np.int64], is_cut: NDArray[np.bool_]) -> Floats:
        z = robust_z(self._changes) - MIDDLE_Z
        switch = MIN_SWITCH + (MAX_SWITCH - MIN_SWITCH) / (1 + np.exp(-np.clip(z, -20, 20)))
        ends = range_ends(known >= 0)
        switch[ends] = np.maximum(switch[ends], BORDER_SWITCH)
        switch[is_cut] = MAX_SWITCH
        return np.asarray(switch, np.float64)

    def _evidence(self, known: NDArray[np.int64], n_rooms: int) -> Floats:
        """Return the (frames, rooms + 1) log evidence; the last column is the unnamed room's."""
        evidence = np.full((len(known), n_rooms + 1), _CERTAIN)
        evidence[:, n_rooms] = UNNAMED_LIKENESS / TEMPERATURE
        for room in range(n_rooms):
            examples = np.flatnonzero(known == room)
            if len(examples):
                spread = np.linspace(0, len(examples) - 1, min(len(examples), MAX_EXAMPLES))
                chosen = examples[spread.round().astype(int)]
                likeness = (self.vectors @ self.vectors[chosen].T).max(axis=1)
                evidence[:, room] = likeness / TEMPERATURE
        labelled = np.flatnonzero(known >= 0)
        evidence[labelled] = _CERTAIN
        evidence[labelled, known[labelled]] = 0.0
        return evidence


def range_ends(is_labelled: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the positions at which labelled ranges of two and more frames begin, or have ended.

    A frame labelled alone says nothing of where its room ends.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_labelled.astype(np.int8), [0]])))
    firsts, ends = edges[::2], edges[1::2]
    found = np.concatenate([firsts[ends - firsts > 1], ends[ends - firsts > 1]])
    return np.asarray(found[(found > 0) & (found < len(is_labelled))], np.int64)


def change_scores(vectors: NDArray[np.float32]) -> Floats:
    """Return how much the images change at each frame: (frames,), 0 for the first.

    The distance between the mean vectors of the `HALF_WIDTH` frames before it and from it on.
    """
    sums = np.vstack([np.zeros_like(vectors[:1], np.float64), np.cumsum(vectors, axis=0)])
    at = np.arange(1, len(vectors))
    first, end = np.maximum(at - HALF_WIDTH, 0), np.minimum(at + HALF_WIDTH, len(vectors))
    before = (sums[at] - sums[first]) / (at - first)[:, None]
    after = (sums[end] - sums[at]) / (end - at)[:, None]
    return np.concatenate([[0.0], np.linalg.norm(after - before, axis=1)])


def robust_z(values: Floats) -> Floats:
    """Return deviations from the median in units of the scaled median absolute deviation."""
    off = values - np.median(values)
    return np.asarray(off / (1.4826 * np.median(np.abs(off)) + 1e-9), np.float64)


def proposed_borders(changes: Floats, is_cut: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return where visits seem to begin: at cuts, and where the change is outstanding."""
    z = robust_z(changes)
    found = []
    for k in range(1, len(z)):
        around = z[max(1, k - HALF_WIDTH) : k + HALF_WIDTH + 1]
        if is_cut[k] or (z[k] >= BORDER_Z and z[k] == around.max()):
            found.append(k)
    return tuple(found)


def chain_posterior(evidence: Floats, switch: Floats) -> Floats:
    """Return the (frames, states) probabilities of a chain's states.

    Parameters
    ----------
    evidence : (frames, states) float64
        Log evidence of each frame for each state.
    switch : (frames,) float64
        The probability that the state changes from the frame before to this one, to any of the
        others alike.
    """
    n, n_states = evidence.shape
    if n_states == 1:
        return np.ones((n, 1))
    weights = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    stay, move = 1 - switch, switch / (n_states - 1)
    forward, backward = np.empty_like(weights), np.ones_like(weights)
    forward[0] = weights[0] / weights[0].sum()
    for k in range(1, n):
        last = forward[k - 1]
        row = (stay[k] * last + move[k] * (1 - last)) * weights[k]
        forward[k] = row / row.sum()
    for k in range(n - 2, -1, -1):
        ahead = backward[k + 1] * weights[k + 1]
        row = stay[k + 1] * ahead + move[k + 1] * (ahead.sum() - ahead)
        backward[k] = row / row.sum()
    product = forward * backward
    return np.asarray(product / product.sum(axis=1, keepdims=True), np.float64)


def _most_doubtful(
    doubt: Floats, states: NDArray[np.int64], known: NDArray[np.int64], is_cut: NDArray[np.bool_]
) -> int | None:
    """Return the middle, by doubt, of the unlabelled stretch of one state with the most doubt.

    One label there settles more frames than one at the single most doubtful frame.
    """
    if (known >= 0).all():
        return None
    begins = np.zeros(len(doubt), bool)
    begins[1:] = (states[1:] != states[:-1]) | (known[1:] >= 0) | (known[:-1] >= 0)
    numbers = np.cumsum(begins | is_cut)
    open_frames = known < 0
    mass = np.bincount(numbers, doubt + 1e-9 * open_frames)
    stretch = np.flatnonzero((numbers == mass.argmax()) & open_frames)
    summed = np.cumsum(doubt[stretch] + 1e-9)
    return int(stretch[np.searchsorted(summed, summed[-1] / 2)])
