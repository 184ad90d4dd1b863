"""What makes an array anew in a function whose numbers carry something, such that they still do.

``np.asarray(x)`` gives a plain array, and ``np.zeros(3)`` makes one to be written into: what
follows the rounding of an array, or its slope, is lost there. A function that is made anew, see
``captured``, gets these makers in the place of numpy's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

#: What gives an array of what it is given.
_CONVERTING = (
    "asarray", "array", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite",
)  # fmt: skip
#: What makes one to be written into.
_BLANK = ("zeros", "empty", "ones")
#: Their names, by which it is known that a function may use them.
NAMES = frozenset((*_CONVERTING, *_BLANK, "full"))


class Makers:
    """The makers for carriers of one ``kind``: ``wrap`` makes one of a plain array.

    Where a function may write what it is given into blank ones, ``blanks`` are carriers as well.
    """

    def __init__(self, kind: type, wrap: Callable[[Any], Any], *, blanks: bool = True) -> None:
        self._kind, self._wrap = kind, wrap
        made: dict[str, Callable[..., Any]] = {
            name: functools.partial(self._converted, name) for name in _CONVERTING
        }
        made["full"] = self._full
        made |= {name: functools.partial(self._blank, name) for name in _BLANK if blanks}
        self._instead: dict[int, Any] = {id(getattr(np, n)): maker for n, maker in made.items()}
        self._instead[id(np)] = _Numpy(made)

    def instead_of(self, value: Any) -> Any:
        """What a function gets for a global of its: for numpy and its makers others."""
        return self._instead.get(id(value), value)

    def _converted(self, name: str, value: Any, dtype: Any = None, **how: Any) -> Any:
        if isinstance(value, list | tuple) and self._carries(value):
            value = np.stack([self._converted("asarray", part) for part in value])
        if not isinstance(value, self._kind):
            return getattr(np, name)(value, dtype, **how)
        carrier: Any = value
        carrier = carrier[(None,) * (how.get("ndmin", 0) - carrier.ndim)]
        if dtype is not None and np.dtype(dtype) != carrier.dtype:
            return carrier.astype(dtype)
        return carrier.copy() if name == "array" and how.get("copy", True) else carrier

    def _carries(self, value: Any) -> bool:
        if isinstance(value, list | tuple):
            return any(map(self._carries, value))
        return isinstance(value, self._kind)

    def _blank(self, name: str, *args: Any, **how: Any) -> Any:
        return self._carrier(getattr(np, name)(*args, **how))

    def _full(self, shape: Any, fill_value: Any, dtype: Any = None, **how: Any) -> Any:
        if dtype is None:
            own = getattr(fill_value, "dtype", None)
            dtype = np.asarray(fill_value).dtype if own is None else own
        carrier = self._carrier(np.empty(shape, dtype, **how))
        carrier[...] = fill_value
        return carrier

    def _carrier(self, made: Any) -> Any:
        return self._wrap(made) if made.dtype.kind == "f" else made


class _Numpy:
    """numpy, but for its makers."""

    def __init__(self, made: Mapping[str, Callable[..., Any]]) -> None:
        self.__dict__.update(made)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)
