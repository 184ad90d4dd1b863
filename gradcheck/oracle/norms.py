"""Euclidean norms of numbers of any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A sum of squares below this, or one that is not finite, has lost digits or is lost.
_SAFE = 2.0**-900


def norms(values: Floats) -> Floats:
    """The Euclidean norm over the last axis, also of numbers whose squares over- or underflow."""
    squares: Floats = np.vecdot(values, values)
    lost = ~((squares >= _SAFE) & (squares < np.inf))
    found: Floats = np.sqrt(squares)
    if lost.any():
        largest = np.abs(values).max(axis=-1, initial=0.0, keepdims=True)
        scaled = np.square(values / np.where(largest > 0, largest, 1.0)).sum(axis=-1)
        largest = largest[..., 0]
        found = np.where(lost & np.isfinite(largest), largest * np.sqrt(scaled), found)
    return found
