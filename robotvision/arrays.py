"""Names of the types of arrays that every room passes on, whatever their shape."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.integer[Any]]
"""Whole numbers of any width."""
Numbers = NDArray[np.int64]
"""Whole numbers as NumPy counts and finds places."""
Bools = NDArray[np.bool_]
