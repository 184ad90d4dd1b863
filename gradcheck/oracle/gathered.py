"""The rounding of what is added up in place at given indices, as ``np.add.at`` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.oracle.exactness import LEAST
from gradcheck.oracle.scatter import Scatter, jitter, off_by

#: They add up; what others leave in place is rounded once more.
_SUMS = (np.add, np.subtract)
#: Those that only choose.
_EXACT = (np.maximum, np.minimum, np.fmax, np.fmin, np.negative, np.absolute)


def gather(ufunc: np.ufunc, given: Sequence[Any], rng: Scatter | None) -> None:
    """``ufunc.at(*given)``, with what it leaves off by its rounding.

    Partial sums are rounded as in ``rounding``: together by about half the root of their number of
    units of the sum of the magnitudes. What one term is added to nothing is exact.
    """
    target, places, *terms = given
    before = np.array(target)
    ufunc.at(*given)
    if rng is None or ufunc in _EXACT or before.dtype.kind not in "fc":
        return
    touched = np.zeros(before.shape)
    np.add.at(touched, places, 1.0)
    if ufunc not in _SUMS:
        target[...] = np.where(touched > 0, jitter(target, rng), target)
        return
    size, added = np.abs(before), np.abs(np.asarray(terms[0]))
    count = (size >= LEAST).astype(float)
    np.add.at(count, places, (added >= LEAST).astype(float))
    np.add.at(size, places, added)
    off = off_by(size.dtype.type(0.5) * np.sqrt(count).astype(size.dtype) * size, rng, before.dtype)
    rounded = count > 1 if rng.heeds else touched > 0
    target[...] = np.where(rounded, target + off, target)
