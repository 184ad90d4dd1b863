"""Whether an operation came out exact, so that it has no rounding to measure, or has underflowed.

By what a sum or a product leaves beside its rounded result: T. J. Dekker, A floating-point
technique for extending the available precision, Numerische Mathematik 18 (1971).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Splits a float64 into two halves of its digits.
_SPLIT = 2.0**27 + 1.0
#: Of numbers that are neither 0 nor infinite these are never 0: what came out so has underflowed.
_SINKING = {
    np.multiply, np.divide, np.square, np.reciprocal, np.power, np.float_power, np.exp, np.exp2,
}  # fmt: skip

#: Beyond these a function, by name for some are scipy's, is off its bound by no normal number.
_AT_ITS_BOUND = {"tanh": 360.0, "expit": 720.0, "erf": 27.0}
#: What is left of a sum is nothing where it is no normal number: 1 and what has underflowed are 1.
LEAST = float(np.finfo(np.float64).tiny)
#: Whether these are exact is told from what they leave.
_TOLD = {np.add, np.subtract, np.multiply, np.square, np.divide, np.sqrt}
#: Of 0 these are exactly 1.
_ONE_AT_ZERO = {np.exp, np.exp2, np.cos, np.cosh}


def underflown(ufunc: np.ufunc, given: Sequence[Any], result: Any) -> NDArray[np.bool_] | None:
    """Where ``result`` is 0 though no number is that it is made of; None where there is none."""
    if ufunc not in _SINKING:
        return None
    zero = np.asarray(result) == 0
    if not np.count_nonzero(zero):
        return None
    for part in given:
        zero = zero & (np.asarray(part) != 0) & np.isfinite(part)
    return np.asarray(zero)


def exactly(ufunc: np.ufunc, given: Sequence[Any], result: Any) -> NDArray[np.bool_] | None:
    """Where ``ufunc`` of the given numbers is exactly ``result``; None where that is not known."""
    if getattr(result, "dtype", None) != np.float64 or not _is_told(ufunc):
        return None
    numbers = [np.asarray(part) for part in given]
    for part in numbers:
        if part.dtype != np.float64 and part.dtype.kind not in "iub":
            return None
    a, *others = (part.astype(np.float64, copy=False) for part in numbers)
    b = others[0] if others else a
    found: Any
    with np.errstate(all="ignore"):
        if ufunc is np.add:
            found = np.abs(_left_of_sum(a, b, result)) < LEAST
        elif ufunc is np.subtract:
            found = np.abs(_left_of_sum(a, -b, result)) < LEAST
        elif ufunc is np.multiply or ufunc is np.square:
            found = _left_of_product(a, b, result) == 0
        elif ufunc is np.divide:
            found = _is_product(result, b, a)
        elif ufunc is np.sqrt:
            found = (result * result == a) & (
                _left_of_product(result, result, result * result) == 0
            )
        elif ufunc in _ONE_AT_ZERO:
            found = a == 0
        else:
            found = np.abs(a) > _AT_ITS_BOUND[ufunc.__name__]
    return np.asarray(found)


@functools.lru_cache(maxsize=256)
def _is_told(ufunc: np.ufunc) -> bool:
    """Whether anything is known of when an operation is exact."""
    return ufunc in _TOLD or ufunc in _ONE_AT_ZERO or ufunc.__name__ in _AT_ITS_BOUND


def _left_of_sum(a: Any, b: Any, total: Any) -> Any:
    """What ``a + b`` is more than ``total``, its rounded value."""
    part = total - a
    return (a - (total - part)) + (b - part)


def _is_product(a: Any, b: Any, product: Any) -> Any:
    """Where ``a * b`` is exactly ``product``."""
    return (a * b == product) & (_left_of_product(a, b, product) == 0)


def _left_of_product(a: Any, b: Any, product: Any) -> Any:
    """What ``a * b`` is more than ``product``, its rounded value."""
    a_high, b_high = (_SPLIT * x - (_SPLIT * x - x) for x in (a, b))
    a_low, b_low = a - a_high, b - b_high
    return a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
