"""How an object keeps a parameter: as it is declared, transposed, or with axes of length one.

``W (out, in)`` and ``b (out, 1)`` of one course are ``W (in, out)`` and ``b (out,)`` of another.
The sizes of the trial are distinct, so a shape tells; a square one of a later case is read alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Form:
    """``axes`` of what is kept: which declared axis each is, or None for one of length one."""

    axes: tuple[int | None, ...]

    @property
    def transposed(self) -> bool:
        """Whether two axes have changed places."""
        return self.axes == (1, 0)

    def kept(self, value: Any) -> Any:
        """A declared array as the object keeps it."""
        if self.transposed:
            return np.swapaxes(value, 0, 1)
        return value.reshape([1 if a is None else value.shape[a] for a in self.axes])

    def declared(self, gradient: Any, like: Any) -> Any:
        """A gradient of what is kept as one of what is declared; of another shape, as it is."""
        if self.transposed:
            return np.swapaxes(gradient, 0, 1) if np.ndim(gradient) == len(self.axes) else gradient
        fits = np.shape(gradient) == np.shape(self.kept(like))
        return np.reshape(gradient, np.shape(like)) if fits else gradient


def form_of(kept: tuple[int, ...], declared: tuple[int, ...]) -> Form | None:
    """How an array of one shape is kept in another; None where it cannot be."""
    long = [k for k, size in enumerate(declared) if size != 1]
    if [declared[k] for k in long] == [size for size in kept if size != 1]:
        rest = iter(long)
        return Form(tuple(None if size == 1 else next(rest) for size in kept))
    swapped = Form((1, 0))
    return swapped if len(long) == len(swapped.axes) and kept == declared[::-1] else None
