"""What makes an array anew in a function whose numbers carry something, such that they still do.

``np.asarray(x)`` gives a plain array, and ``np.zeros(3)`` makes one to be written into: what
follows the rounding of an array, or its slope, is lost there. A function that is made anew, see
``captured``, gets these makers in the place of numpy's.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

#: What gives an array of what it is given.
_CONVERTING = (
    "asarray", "array", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite",
)  # fmt: skip
#: What makes one to be written into.
_BLANK = ("zeros", "empty", "ones")
#: Constants of modules.
_CONSTANTS = ("pi", "e", "tau", "euler_gamma")
_MODULES = ("numpy", "math")
#: What is replaced, by which object it is.
_KNOWN = {
    **{id(getattr(np, name)): name for name in (*_CONVERTING, *_BLANK, "full")},
    id(np): "numpy",
    id(math): "math",
}
#: Their names, by which it is known that a function may use them.
NAMES = frozenset((*_CONVERTING, *_BLANK, "full", *_CONSTANTS))


class Makers:
    """The makers for carriers of one ``kind``: ``wrap`` makes one of a plain array.

    Where a function may write what it is given into blank ones, ``blanks`` are carriers as well.
    ``constant`` gives what a function gets for a constant of a module, such as π.
    """

    def __init__(
        self,
        kind: type,
        wrap: Callable[[Any], Any],
        *,
        blanks: bool = True,
        constant: Callable[[Any], Any] = lambda value: value,
    ) -> None:
        self._kind, self._wrap, self._blanks, self.constant = kind, wrap, blanks, constant

    def instead_of(self, value: Any) -> Any:
        """What a function gets for a global of its: for numpy, its makers and math others."""
        name = _KNOWN.get(id(value))
        if name is None or (name in _BLANK and not self._blanks):
            return value
        if name in _MODULES:
            return _Module(value, self)
        if name == "full":
            return self._full
        return functools.partial(self._converted if name in _CONVERTING else self._blank, name)

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


class _Module:
    """A module, but for its makers and its constants."""

    def __init__(self, module: ModuleType, makers: Makers) -> None:
        self._module, self._makers = module, makers

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if name in _CONSTANTS:
            return self._makers.constant(value)
        return self._makers.instead_of(value)
