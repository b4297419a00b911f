"""Rows of three or four numbers as columns, and back.

A number for each row times a row of three is numpy's slowest loop: it turns three times and starts
anew. Long columns, or numbers repeated over rows beforehand, are the same sums several times as
fast, to the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robotvision.synth.aliases import F32

Floats = NDArray[np.floating[Any]]


def columns(rows: F32) -> F32:
    """Return (N, K) rows as (K, N) contiguous columns."""
    return np.ascontiguousarray(rows.T)


def rows(columns: Sequence[Floats] | Floats) -> Any:
    """Return K columns of one type as (N, K) contiguous rows."""
    n = len(columns[0])
    if n == 0:  # what OpenCV refuses
        return np.empty((0, len(columns)), columns[0].dtype)
    return cv2.merge(tuple(columns)).reshape(n, len(columns))


def spread(values: Floats, k: int = 4) -> Any:
    """Return (N, k) rows, each of one value."""
    return rows((values,) * k)


def dot(a: F32, b: F32) -> F32:
    """Return the (N,) products of two sets of vectors, each (3, N)."""
    product = a * b
    total: F32 = product[0] + product[1]
    total += product[2]
    return total
