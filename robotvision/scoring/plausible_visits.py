"""What visits may be like, as far as an earlier test leaves it open.

A test of some visits shows neither how much visits deviate nor how long they can get. So a promise
is made of many models of visits, each as likely as another:

* **What visits earn**: each model is fitted to visits of the earlier test that are drawn anew, with
  replacement (Efron 1979).
* **How long they are**: beyond a threshold, lengths follow a generalised Pareto law (Pickands
  1975), whose shape and scale are drawn from what the lengths leave of a wide prior. So lengths
  that no visit had yet are drawn, and longer ones the more uneven those seen are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from robotvision.arrays import Floats
from robotvision.scoring.visit_model import VisitModel

PLAUSIBLE = 24
"""Models."""
LENGTHS = 2048
"""Of each model."""
IN_TAIL, MOST_IN_TAIL = 0.75, 100
"""Part of the visits that is set against the law of long ones, and how many at most."""
SHAPES = np.arange(-20, 41) / 40
SHAPE_DEVIATION = 0.35
"""Of the shape before any length is seen; 0 is the exponential law."""
SCALES = np.exp(np.linspace(-1.2, 1.2, 61))
"""Times the mean excess."""
FURTHEST = 10.0
"""Times the longest visit seen, which no visit exceeds."""


def plausible_models(
    sizes: Floats, fit: Callable[[np.ndarray], VisitModel | None], seed: int = 0
) -> tuple[VisitModel, ...]:
    """Return models of visits, each as likely as another.

    Parameters
    ----------
    sizes : (v,) floats
        Frames of each visit of an earlier test.
    fit : callable
        Gives the model of some of its visits, by their numbers; None where these do not differ.
    seed : int
        The same seed gives the same models.
    """
    rng = np.random.default_rng(seed)
    lengths = plausible_lengths(sizes, PLAUSIBLE, rng)
    models: list[VisitModel] = []
    while len(models) < PLAUSIBLE:
        model = fit(rng.integers(0, len(sizes), len(sizes)))
        if model is not None:
            models.append(replace(model, lengths=lengths[len(models)]))
    return tuple(models)


def plausible_lengths(sizes: Floats, many: int, rng: np.random.Generator) -> Floats:
    """Return (many, `LENGTHS`) lengths of visits, a row for each law that they may follow."""
    near, threshold, excess = _tail(sizes)
    lengths = rng.choice(np.append(near, threshold + excess), (many, LENGTHS))
    if not excess.any():
        return lengths
    chance = _chances(excess)
    drawn = np.searchsorted(np.cumsum(chance), (np.arange(many) + rng.random()) / many)
    row, column = np.unravel_index(rng.permutation(drawn), chance.shape)
    shape, scale = SHAPES[row, None], excess.mean() * SCALES[column, None]
    # quantiles of the law, one in each of as many equal parts, for the visits beyond the threshold
    rank = (np.argsort(np.argsort(rng.random((many, LENGTHS)), axis=1), axis=1) + 0.5) / LENGTHS
    beyond = (1 - rank) * len(sizes) / len(excess)
    far = threshold + scale * _bent(np.log(1 / beyond), shape)
    longest = FURTHEST * sizes.max()
    return np.where(beyond < 1, np.minimum(far, longest), rng.choice(near, (many, LENGTHS)))


def chance_of_endless(sizes: Floats) -> float:
    """Return how likely lengths of visits have no variance, by what is seen of them."""
    _, _, excess = _tail(sizes)
    return float(_chances(excess)[SHAPES >= 0.5].sum()) if excess.any() else 0.0


def _tail(sizes: Floats) -> tuple[Floats, float, Floats]:
    """Return lengths up to a threshold, which is one of them, and by how much others exceed it."""
    ordered = np.sort(sizes)
    k = min(int(IN_TAIL * len(ordered)), MOST_IN_TAIL)
    near, far = np.split(ordered, [len(ordered) - k])
    return near, float(near[-1]), far - near[-1]


def _bent(x: Floats, shape: Floats) -> Floats:
    """Return (exp(shape x) - 1) / shape, which is x where the shape is 0."""
    return np.where(shape == 0, x, np.expm1(shape * x) / np.where(shape == 0, 1, shape))


def _chances(excess: Floats) -> Floats:
    """Return how likely each of `SHAPES` and `SCALES` is, by what excesses leave of them."""
    shape = SHAPES[:, None, None]
    scale = excess.mean() * SCALES[:, None]
    at = 1 + shape * excess / scale
    is_even = shape == 0
    bent = (1 + 1 / np.where(is_even, 1, shape)) * np.log(np.maximum(at, 1e-300))
    odds = -(np.log(scale) + np.where(is_even, excess / scale, bent)).sum(2)
    odds -= (shape[..., 0] / SHAPE_DEVIATION) ** 2 / 2
    odds[~(at > 0).all(2)] = -np.inf
    chance = np.exp(odds - odds.max())
    likely: Floats = chance / chance.sum()
    return likely
