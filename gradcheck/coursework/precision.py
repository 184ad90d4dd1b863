"""How precisely a submission computes, as far as its answers tell.

A process of its own is not jittered, so what it loses to rounding is not measured but bounded, by
a share of the numbers at hand. Of single precision, in which many layers compute, that share is a
larger one (``growth``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

#: Honest rules lose digits to numbers as large as what they are given, as in ``y * (1 - y)`` where
#: y is all but 1: this share of those is more than any of them was seen to be off by.
PARTS = 2.0**-36
#: The largest share of itself by which a number is rounded to single precision.
UNIT = float(np.finfo(np.float32).eps) / 2
#: More than this share of the numbers at hand is no rounding, and no right answer is off by it: a
#: pass that would not have seen as much is none.
COARSEST = 1e-5
#: Numbers that need no more bits than that tell nothing of the precision they were computed in.
_PLAIN_BITS = 12


@dataclass(frozen=True)
class Lost:
    """What an answer may be off by in rounding: a share of the numbers at hand, or an amount."""

    share: float = PARTS
    amount: float = 0.0

    def of(self, size: float) -> float:
        """That of numbers of a size."""
        return max(self.share * size, min(self.amount, COARSEST * size))


#: Of answers in double precision.
IN_DOUBLE = Lost()


class Precision:
    """Whether answers are in single precision, of that type or by their digits, as far as known."""

    def __init__(self) -> None:
        self._single, self._told, self._wide = True, False, False
        #: Whether they are as rough as single precision makes them, whatever type they are of.
        self.rough = False

    def hear(self, answer: Any) -> None:
        """One more answer."""
        if isinstance(answer, tuple | list):
            for part in answer:
                self.hear(part)
        elif self._single and getattr(getattr(answer, "dtype", None), "kind", "") == "f":
            self._wide |= answer.dtype.itemsize > np.dtype(np.float32).itemsize
            values = np.ravel(answer)[np.isfinite(np.ravel(answer))]
            with np.errstate(over="ignore"):
                self._single = bool(np.all(values.astype(np.float32) == values))
            scaled = np.ldexp(np.frexp(values)[0], _PLAIN_BITS)
            self._told |= bool(np.any(scaled != np.rint(scaled)))

    @property
    def is_single(self) -> bool:
        """Whether all of them are, and some of them tell; or they are as rough."""
        return self.rough or (self._single and self._told)

    @property
    def is_hidden(self) -> bool:
        """Whether they are by their digits, and some are of a type that holds more."""
        return self.is_single and self._wide and not self.rough

    def known(self, answer: Any) -> Any:
        """An answer in the type that it was computed in: rough numbers have no more digits."""
        if isinstance(answer, tuple | list):
            return type(answer)(map(self.known, answer))
        if not self.rough or getattr(getattr(answer, "dtype", None), "kind", "") != "f":
            return answer
        with np.errstate(all="ignore"):
            single = np.asarray(answer).astype(np.float32)
            close = np.abs(single - answer) <= UNIT * np.abs(answer)
        # Out of its reach they were not computed in it.
        is_one = np.all(close | ~np.isfinite(answer))
        return single[()] if is_one else answer
