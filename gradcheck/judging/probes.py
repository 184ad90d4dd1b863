"""A few columns of a claim that pushes tangents, which stand for all of its Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.evaluation import Claim, announce
from gradcheck.oracle.directions import Direction
from gradcheck.oracle.layout import Leaf, Vector, unit
from gradcheck.oracle.norms import norms

Floats = NDArray[np.float64]

#: So many columns of an input are looked at.
_PROBED = 3
#: Without the largest of three, the mean of squares says less than half of what it is.
_ALLOWANCE = 2.0


class Probes:
    """The columns and their magnitudes, of shape ``(m, c)``.

    Those of each input are looked at: what is small beside other inputs may be all there is of one.
    With ``few``, as many in all as of one otherwise, but one of each at least.
    """

    def __init__(
        self,
        claim: Claim,
        leaves: Sequence[Leaf],
        signs: Vector,
        rng: np.random.Generator,
        *,
        few: bool,
    ) -> None:
        push = claim.push
        assert push is not None
        self._leaves = [leaf for leaf in leaves if leaf.stop > leaf.start]
        each = max(1, _PROBED // max(1, len(self._leaves))) if few else _PROBED
        columns = np.empty(0, np.intp)
        for leaf in self._leaves:
            size = leaf.stop - leaf.start
            chosen = rng.choice(size, min(each, size), replace=False)
            columns = np.append(columns, leaf.start + chosen)
        units = [unit(signs.size, int(k)) for k in columns]
        announce([(claim, units)])
        sizes = np.abs([push(one) for one in units])
        if columns.size and not sizes.any():
            columns[0] = _answered(push, signs)
            sizes[0] = np.abs(push(unit(signs.size, int(columns[0]))))
        self.columns, self.sizes = columns, sizes.T

    def usual(self, direction: Direction) -> Floats:
        """How large the rows of the claim usually are in such a direction, of shape ``(m,)``.

        In the one that was taken a row may have come out small by chance.
        """
        scale = np.where(direction.v != 0, direction.scale, 0.0)[self.columns]
        # Each stands for so many entries of its input.
        lengths = np.array([leaf.stop - leaf.start for leaf in self._leaves])
        owners = owners_of(self._leaves, self.columns)
        stands = lengths[owners] / np.bincount(owners, minlength=lengths.size)[owners]
        stands[scale == 0] = 0.0
        moved = self.sizes * scale
        # Without the largest: it may be the one entry that a row has.
        others = stands * (np.arange(scale.size) != moved.argmax(axis=1)[:, np.newaxis])
        left = np.maximum(others.sum(axis=1, keepdims=True), 1.0)
        typical = norms(moved * np.sqrt(others * (stands.sum() / left)))
        return np.maximum(moved.max(axis=1), _ALLOWANCE * typical)


def owners_of(leaves: Sequence[Leaf], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """The number of the input that each column is of."""
    return np.searchsorted([leaf.start for leaf in leaves], columns, side="right") - 1


def _answered(push: Callable[[Vector], Floats], signs: Vector) -> int:
    """An input for which a claim that pushes tangents says something, found by halves."""
    low, high = 0, signs.size
    while high - low > 1:
        middle = (low + high) // 2
        half = np.zeros(signs.size)
        half[low:middle] = signs[low:middle]
        low, high = (low, middle) if push(half).any() else (middle, high)
    return low
