"""Objects as their constructor made them, of which each evaluation gets a copy.

To draw a matrix of 784 by 100 takes longer than to run the layer that it is of. An object that
holds large arrays and plain values is made once; the others are made anew.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

#: An object with fewer numbers is made anew: that takes no time.
_MANY = 4096
_PLAIN = (int, float, complex, str, bytes, type(None), np.generic)


@dataclass(frozen=True)
class _Original:
    made: Any
    #: The global random states after it was made.
    states: tuple[Any, Any]


class Originals:
    """By what a constructor is given: what it made. All is drawn from one seed."""

    def __init__(self) -> None:
        self._found: dict[str, _Original | None] = {}

    def fresh(self, key: str, make: Callable[[], Any]) -> Any:
        """A new object, with the global random states as they are when one was made."""
        original = self._found.get(key)
        if original is not None:
            np.random.set_state(original.states[0])  # noqa: NPY002 - what layers draw from
            random.setstate(original.states[1])
            return copy.deepcopy(original.made)
        made = make()
        if key not in self._found:
            kept = _is_large_and_plain(made)
            states = (np.random.get_state(), random.getstate())  # noqa: NPY002 - as above
            self._found[key] = _Original(copy.deepcopy(made), states) if kept else None
        return made


def _is_large_and_plain(made: Any) -> bool:
    """Whether a copy is as good: it holds large arrays, and nothing that refers to it."""
    parts = list(_parts(getattr(made, "__dict__", {})))
    arrays = [part for part in parts if type(part) is np.ndarray and part.dtype.kind != "O"]
    rest = [part for part in parts if not isinstance(part, np.ndarray)]
    return (
        len(arrays) + len(rest) == len(parts)
        and all(isinstance(part, _PLAIN) for part in rest)
        and sum(array.size for array in arrays) > _MANY
    )


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    else:
        yield value
