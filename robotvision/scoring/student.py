"""Student's t by itself, for any real number of degrees of freedom.

A run file is scored where SciPy is not installed (the platforms that run a contest), so the two
functions needed are computed here. With ``t = sqrt(f) tan(a)`` the probability of ``|T| < t`` is
the integral of ``cos(a) ** (f - 1)`` over ``[0, a]``, up to a factor (Abramowitz and Stegun 1964,
26.7.3): smooth, so 64 points of Gauss and Legendre give it to 1e-10, and to 4e-6 more than 100 from
0 with fewer than 2 degrees (``tests/scoring/test_student.py``).
"""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike

from robotvision.arrays import Floats

POINTS = 64
HALVINGS = 12
STEPS = 6
"""Of the angle that is sought: halved until Newton's steps, which double the digits, are safe."""
MANY, DEGREE = 1000, 24
"""More quantiles than that come from a polynomial in one over the degrees, to 1e-8."""


def two_sided(t: ArrayLike, freedom: ArrayLike) -> Floats:
    """Return the probability that Student's t is further from 0 than ``t``.

    Parameters
    ----------
    t : floats
        At least 0.
    freedom : floats
        Degrees, at least 1, of one shape with ``t``.
    """
    t, freedom = np.broadcast_arrays(np.asarray(t, np.float64), np.asarray(freedom, np.float64))
    return 1 - _inside(np.arctan(t / np.sqrt(freedom)), freedom, _factor(freedom))


def quantile(freedom: ArrayLike, level: float) -> Floats:
    """Return the t within which Student's t lies with probability ``level``, on either side of 0.

    Parameters
    ----------
    freedom : floats
        Degrees, at least 1.
    level : float
        In (0, 1).
    """
    freedom = np.asarray(freedom, np.float64)
    if freedom.size > MANY:
        many: Floats = np.exp(_polynomial(level)(1 / freedom))
        return many
    return _quantile(freedom.tobytes(), freedom.shape, level).copy()


@lru_cache(maxsize=16)  # all pairs of a contest have the same visits, so the same degrees
def _quantile(raw: bytes, shape: tuple[int, ...], level: float) -> Floats:
    """Return `quantile` of the floats with these bytes."""
    freedom = np.frombuffer(raw, np.float64).reshape(shape)
    low, high = np.zeros_like(freedom), np.full_like(freedom, math.pi / 2)
    factor = _factor(freedom)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_short = _inside(middle, freedom, factor) < level
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    angle = (low + high) / 2
    for _ in range(STEPS):
        slope = factor * np.cos(angle) ** (freedom - 1)
        step = (level - _inside(angle, freedom, factor)) / slope
        angle = np.clip(angle + step, low, high)
    t: Floats = np.sqrt(freedom) * np.tan(angle)
    return t


@cache
def _polynomial(level: float) -> np.polynomial.Chebyshev:
    """Return the logarithm of `quantile` as a function of one over the degrees, from 0 to 1."""

    def log_quantile(inverse: Floats) -> Floats:
        logs: Floats = np.log(quantile(1 / inverse, level))
        return logs

    return np.polynomial.Chebyshev.interpolate(log_quantile, DEGREE, domain=[0, 1])


def _inside(angle: Floats, freedom: Floats, factor: Floats) -> Floats:
    """Return the probability of ``|T| < sqrt(freedom) tan(angle)``."""
    at, weight = _rule()
    # where the integrand is all but 0, the points would be spent on nothing
    end = np.minimum(angle, 12 / np.sqrt(freedom))
    cosines = np.cos(np.multiply.outer(end / 2, at + 1))
    whole = (cosines ** (freedom[..., None] - 1)) @ weight * end / 2
    inside: Floats = np.minimum(1.0, whole * factor)
    return inside


def _factor(freedom: Floats) -> Floats:
    logs = [math.lgamma((f + 1) / 2) - math.lgamma(f / 2) for f in freedom.ravel().tolist()]
    factor: Floats = 2 / math.sqrt(math.pi) * np.exp(np.reshape(logs, freedom.shape))
    return factor


@cache
def _rule() -> tuple[Floats, Floats]:
    at, weight = np.polynomial.legendre.leggauss(POINTS)
    return at, weight
