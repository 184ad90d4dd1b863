"""Answers of functions, compared and copied; an exception in one line. Needs numpy alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Up to so many entries, comparing two arrays as bytes is faster than by numpy.
_SMALL = 4096
#: Two sums of the same thousands of terms differ by less, in units of the largest answer.
_LAST_BITS = 2.0**8
#: Of what yields its answer so many parts are taken: no function has as many, and it may not end.
_MOST_YIELDED = 64


def gathered(answer: Any) -> Any:
    """An answer as it is; of what yields its parts one after the other, a tuple of them."""
    return tuple(islice(answer, _MOST_YIELDED)) if isinstance(answer, Iterator) else answer


def same(a: Any, b: Any) -> bool:
    """Whether two inputs or answers are equal bit for bit (NaN equals NaN)."""
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        if type(a) is type(b) is np.ndarray and a.size <= _SMALL and _equal_bytes(a, b):
            return True
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return False
        equal = a == b
        if np.all(equal):
            return True
        return bool(np.all(equal | ((a != a) & (b != b)) if a.dtype.kind == "f" else equal))
    try:
        return bool(a is b or a == b)
    except (ValueError, TypeError):
        return True  # not comparable: nothing can be said


def repeats(a: Any, b: Any, epsilon: float = 0.0) -> bool:
    """Whether two answers to the same question are the same, up to their last bits.

    These differ where the terms of a sum are added in another order each time, as threads do.
    ``epsilon`` is half the spacing at 1 of the numbers inside, where that is more than of these.
    """
    if same(a, b):
        return True
    if isinstance(a, list | tuple):
        alike = isinstance(b, list | tuple) and len(a) == len(b)
        return alike and all(repeats(*both, epsilon) for both in zip(a, b, strict=True))
    if not all(isinstance(one, np.ndarray | np.floating) for one in (a, b)):
        return False
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype.kind != "f" or not a.size:
        return False
    with np.errstate(all="ignore"):
        bits = _LAST_BITS * max(float(np.finfo(a.dtype).eps), 2 * epsilon)
        return bool(np.abs(a - b).max() <= bits * np.abs(a).max())


def _equal_bytes(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def copy_of(value: Any) -> Any:
    """A copy of an input that its owner cannot change."""
    if isinstance(value, list):
        return [copy_of(part) for part in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def last_line(error: BaseException) -> str:
    """An exception in one line: its type and the last line of what it says."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[-1]}" if text else type(error).__name__


def largest(value: Any) -> float:
    """The largest magnitude among the real numbers of an input; 0 where it has none."""
    if isinstance(value, list):
        return max(map(largest, value), default=0.0)
    array = np.asarray(value)
    return float(np.max(np.abs(array), initial=0.0)) if array.dtype.kind in "iuf" else 0.0
