"""Named arrays as one flat vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.floating]

#: Of so many numbers at a time all that is computed on the way to a result stays in a cache.
_CHUNK = 1 << 14


def chunks(size: int) -> Iterator[slice]:
    """The parts in which the last axis of large arrays is worked through."""
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))


def unit(size: int, position: int) -> Vector:
    """The unit vector of a position."""
    u = np.zeros(size)
    u[position] = 1.0
    return u


@dataclass(frozen=True)
class Leaf:
    """One array of a layout: which name, which part of its list, and where it lies."""

    name: str
    part: int | None
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def slice(self) -> slice:
        """Where it lies in the flat vector."""
        return slice(self.start, self.stop)

    @property
    def label(self) -> str:
        """``W``, or ``W[3]`` for a part of a list."""
        return self.name if self.part is None else f"{self.name}[{self.part}]"


class Layout:
    """Where the arrays of some named values lie in a flat vector of length ``size``."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.leaves: list[Leaf] = []
        self.names = list(values)
        self.size = 0
        for name, value in values.items():
            parts = enumerate(value) if isinstance(value, list) else [(None, value)]
            for part, array in parts:
                shape = np.shape(array)
                stop = self.size + math.prod(shape)
                self.leaves.append(Leaf(name, part, shape, self.size, stop))
                self.size = stop
        only = self.leaves[0] if len(self.leaves) == 1 else None
        #: The one name of a layout of a single vector, which is the flat vector itself.
        self._whole = (
            only.name if only is not None and only.part is None and len(only.shape) == 1 else None
        )

    def parts(self, values: Mapping[str, Any]) -> Iterator[tuple[Leaf, Any]]:
        """Each leaf with its array among ``values``."""
        for leaf in self.leaves:
            value = values[leaf.name]
            yield leaf, value if leaf.part is None else value[leaf.part]

    def flatten(self, values: Mapping[str, Any], dtype: Any = np.float64) -> Vector:
        """The values in one vector of shape ``(size,)``."""
        flat = np.empty(self.size, dtype)
        for leaf, array in self.parts(values):
            flat[leaf.start : leaf.stop] = np.asarray(array).reshape(-1)
        return flat

    def restore(self, flat: Vector) -> dict[str, Any]:
        """The named values in ``flat``: arrays that share its memory, and numpy scalars."""
        if self._whole is not None:
            return {self._whole: flat}
        values: dict[str, Any] = {name: [] for name in self.names}
        for leaf in self.leaves:
            array: Any = flat[leaf.slice]
            if len(leaf.shape) != 1:
                array = array.reshape(leaf.shape)
            if leaf.shape == () and type(flat) is np.ndarray:
                array = array[()]
            if leaf.part is None:
                values[leaf.name] = array
            else:
                values[leaf.name].append(array)
        return values

    def locate(self, position: int) -> tuple[Leaf, tuple[int, ...]]:
        """The leaf and the index inside it of a position of the flat vector."""
        for leaf in self.leaves:
            if leaf.start <= position < leaf.stop:
                index = np.unravel_index(position - leaf.start, leaf.shape) if leaf.shape else ()
                return leaf, tuple(int(k) for k in index)
        raise IndexError(position)

    def position(self, leaf: Leaf, index: tuple[int, ...]) -> int:
        """The inverse of ``locate``."""
        return leaf.start + (int(np.ravel_multi_index(index, leaf.shape)) if leaf.shape else 0)
