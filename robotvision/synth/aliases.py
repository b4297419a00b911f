"""Names of types that the modules of this room share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

Rng = np.random.Generator

Point = tuple[float, float]
Vec = tuple[float, float, float]
