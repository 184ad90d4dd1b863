"""What makes an array anew in a function whose numbers carry something, such that they still do.

``np.asarray(x)`` gives a plain array, and ``np.zeros(3)`` makes one to be written into: what
follows the rounding of an array, or its slope, is lost there, as it is in ``math.erf(x)``, which
takes a number out of it. A function that is made anew, see ``captured``, gets others in their
place.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.oracle.scatter import plain_of

#: What gives an array of what it is given.
_CONVERTING = (
    "asarray", "array", "asanyarray", "ascontiguousarray", "asfortranarray", "asarray_chkfinite",
)  # fmt: skip
#: What makes one to be written into.
_BLANK = ("zeros", "empty", "ones")
#: Constants of modules.
_CONSTANTS = ("pi", "e", "tau", "euler_gamma")
_MODULES = ("numpy", "math")
#: Functions of ``math`` that numpy has as well, and by which name, and those that it has not.
_UFUNCS = {
    **{name: name for name in (
        "cos", "cosh", "degrees", "exp", "exp2", "expm1", "fabs", "fmod", "hypot", "log", "log10",
        "log1p", "log2", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "cbrt", "copysign",
    )},
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "pow": "power",
}  # fmt: skip
_OF_MATH = {id(getattr(math, n)): n for n in (*_UFUNCS, "erf", "erfc", "gamma", "lgamma")}
#: What is replaced, by which object it is.
_KNOWN = {
    **_OF_MATH,
    **{id(getattr(np, name)): name for name in (*_CONVERTING, *_BLANK, "full", "vectorize")},
    id(np): "numpy",
    id(math): "math",
}
#: Their names, by which it is known that a function may use them.
NAMES = frozenset((*_CONVERTING, *_BLANK, "full", "vectorize", *_CONSTANTS))


def is_of_math(value: Any) -> bool:
    """Whether it is ``math``, or a function of it that takes numbers out of what carries them."""
    return value is math or id(value) in _OF_MATH


def vectorizes(value: Any) -> bool:
    """Whether it is a function of single numbers that ``np.vectorize`` asks for each of many."""
    plain = type(value) is np.vectorize and callable(value.pyfunc)
    return plain and not value.signature and not value.excluded


class Makers:
    """The makers for carriers of one ``kind``: ``wrap`` makes one of a plain array.

    Where a function may write what it is given into blank ones, ``blanks`` are carriers as well.
    ``constant`` gives what a function gets for a constant of a module, such as π; ``computed`` what
    carries a number that was computed from a plain one and so is rounded: with it, functions of
    ``math`` are followed as well.
    """

    def __init__(
        self,
        kind: type,
        wrap: Callable[[Any], Any],
        *,
        blanks: bool = True,
        constant: Callable[[Any], Any] = lambda value: value,
        computed: Callable[[Any], Any] | None = None,
    ) -> None:
        self._kind, self.wrap, self._blanks, self.constant = kind, wrap, blanks, constant
        self._computed = computed

    def instead_of(self, value: Any) -> Any:
        """What a function gets for what it uses: for numpy and math, their makers and functions."""
        name = _KNOWN.get(id(value))
        if name is None or (name in _BLANK and not self._blanks):
            return value
        if name in _MODULES:
            return _Module(value, self)
        if name == "full":
            return self._full
        if name == "vectorize":
            return self._vectorize
        if id(value) in _OF_MATH:
            return (
                value if self._computed is None else functools.partial(self._of_math, name, value)
            )
        return functools.partial(self._converted if name in _CONVERTING else self._blank, name)

    def each_of(self, function: Callable[..., Any], plain: np.vectorize) -> Callable[..., Any]:
        """What ``plain`` is of numbers that carry something: ``function`` of each of them."""

        def vectorized(*args: Any) -> Any:
            if not self._carries(args):
                return plain(*args)
            arrays = [self._converted("asarray", value) for value in args]
            shape = np.broadcast_shapes(*(np.shape(array) for array in arrays))
            flat = [np.broadcast_to(array, shape).reshape(-1) for array in arrays]
            made = [function(*(part[k] for part in flat)) for k in range(math.prod(shape))]
            return self._converted("array", made).reshape(shape)

        return vectorized

    def _vectorize(self, *args: Any, **how: Any) -> Any:
        plain = np.vectorize(*args, **how)
        return self.each_of(plain.pyfunc, plain) if vectorizes(plain) else plain

    def _of_math(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        if not any(isinstance(value, self._kind) for value in args):
            return function(*args)
        if name == "log" and len(args) > 1:
            return np.log(args[0]) / np.log(args[1])
        if name in _UFUNCS:
            return getattr(np, _UFUNCS[name])(*args)
        assert self._computed is not None
        return self._computed(np.float64(function(*plain_of(args, self._kind))))

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
        return self.wrap(made) if made.dtype.kind == "f" else made


class _Module:
    """A module, but for its makers and its constants."""

    def __init__(self, module: ModuleType, makers: Makers) -> None:
        self._module, self._makers = module, makers

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if name in _CONSTANTS:
            return self._makers.constant(value)
        return self._makers.instead_of(value)
