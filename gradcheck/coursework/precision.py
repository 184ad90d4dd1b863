"""How precisely a submission computes, as far as its answers tell.

A process of its own is not jittered, so what it loses to rounding is not measured but bounded, by
a share of the numbers at hand. Of single precision, in which many layers compute, the share is a
larger one, and what is left open by it is for the teacher where it is much.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: Honest rules lose digits to numbers as large as what they are given, as in ``y * (1 - y)`` where
#: y is all but 1: this share of those is more than any of them was seen to be off by.
PARTS = 2.0**-36
#: The same for one that answers in single precision, whose last digit is 2⁻²⁴.
SINGLE_PARTS = 2.0**-19
#: Numbers that need no more bits than that tell nothing of the precision they were computed in.
_PLAIN_BITS = 12


class Precision:
    """Whether answers are in single precision, of that type or by their digits, as far as known."""

    def __init__(self) -> None:
        self._single, self._told = True, False
        #: Whether they are as rough as single precision makes them, whatever type they are of.
        self.rough = False

    def hear(self, answer: Any) -> None:
        """One more answer."""
        if isinstance(answer, tuple | list):
            for part in answer:
                self.hear(part)
        elif self._single and getattr(getattr(answer, "dtype", None), "kind", "") == "f":
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
    def parts(self) -> float:
        """The share of the numbers at hand that such answers may be off by."""
        return SINGLE_PARTS if self.is_single else PARTS
