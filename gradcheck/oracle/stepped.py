"""Complex numbers that a function takes for the real array of their real parts.

Every operation on them has to be known, see ``operations``: any other, and whatever turns them into
an array, raises, and then no slope is measured by them. Choices (maximum, comparisons, the
magnitude) are made by the real parts and at ties by the imaginary ones, as a real step would make
them.

Rounding is measured as in ``rounding``: by moving the last bit of every operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from gradcheck.oracle.makers import Makers
from gradcheck.oracle.operations import (
    ANALYTIC,
    CHOOSING,
    COMPUTING,
    METHODS,
    MIXING,
    MOVING,
    SUMS,
    TESTS,
)
from gradcheck.oracle.scatter import Scatter

Floats = NDArray[np.float64]
Numbers = NDArray[np.complex128]

_REAL, _COMPLEX = np.dtype(np.float64), np.dtype(np.complex128)
#: What may hold complex numbers. (A tuple: a union is made anew wherever it is asked for.)
_NUMBERS = (np.ndarray, np.complexfloating)
#: The least size of a number that keeps all its digits.
_TINY = float(np.finfo(np.float64).tiny)
#: So many units of the smallest numbers are put in: half of one is lost at most, which is a whole
#: one of the longer step, and by a move of as much the loss could be undone and not be seen.
_FILLED = 2.0


class UnknownOperation(Exception):
    """Something is done to the numbers of which it is not known what it does to a slope."""


class Stepped(NDArrayOperatorsMixin):
    """Complex numbers that a function takes for the real array of their real parts."""

    def __init__(self, numbers: Any, scatter: Scatter) -> None:
        self._numbers: Numbers = np.asarray(numbers)
        self._scatter = scatter

    #: Those of the real array that it stands for.
    dtype = np.dtype(np.float64)
    shape = property(lambda self: self._numbers.shape)
    ndim = property(lambda self: self._numbers.ndim)
    size = property(lambda self: self._numbers.size)
    T = property(lambda self: self._wrap(self._numbers.T))
    real = property(lambda self: self)

    def beside(self, value: Any) -> Any:
        """An array that does not move, such that what is computed from it is rounded as well."""
        if isinstance(value, np.ndarray) and value.dtype == self.dtype:
            return Stepped(value.astype(complex), self._scatter)
        return value

    def makers(self) -> Makers:
        """What makes arrays of such numbers, in the place of numpy's makers of real ones."""
        return Makers(Stepped, self.beside)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return self._wrap(self._numbers[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        self._numbers[key] = numbers_of(value)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise UnknownOperation("a conversion to an array")

    def __float__(self) -> float:
        raise UnknownOperation("a conversion to a number")

    __int__ = __bool__ = __complex__ = __index__ = __float__

    def __getattr__(self, name: str) -> Any:
        if name not in METHODS:
            raise UnknownOperation(f"the method {name}")

        def method(*args: Any, **kwargs: Any) -> Any:
            def call(numbers: Any, *rest: Any) -> Any:
                return getattr(np.asarray(numbers), name)(*rest, **_real(kwargs))

            return self._apply(name, call, (self, *args))

        return method

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Stepped:
        """A conversion to what it stands for changes nothing."""
        if np.dtype(dtype) != self.dtype:
            raise UnknownOperation(f"a conversion to {dtype}")
        return Stepped(self._numbers.copy(), self._scatter)

    def conj(self) -> Stepped:
        """The conjugate of real numbers."""
        return self

    conjugate = conj

    def flatten(self) -> Stepped:
        """As of an array."""
        return Stepped(self._numbers.flatten(), self._scatter)

    def var(
        self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, *,
        keepdims: bool = False,
    ) -> Any:  # fmt: skip
        """As of an array; numpy's own takes conjugates."""
        if out is not None:
            raise UnknownOperation("var into an array")
        away = self - np.mean(self, axis=axis, keepdims=True)
        total = np.sum(away * away, axis=axis, keepdims=keepdims)
        return total / (self.size / max(np.size(numbers_of(total)), 1) - ddof)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """As of an array."""
        return np.sqrt(self.var(*args, **kwargs))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        (target,) = kwargs.pop("out", (None,))
        kwargs = _real(kwargs)
        if name == "add" and method == "at" and isinstance(inputs[0], Stepped):
            numbers = numbers_of(inputs[0])
            np.add.at(numbers, inputs[1], self._moved(numbers_of(inputs[2])))
            reached = np.zeros(numbers.shape, bool)
            reached[inputs[1]] = True
            np.copyto(numbers, self._moved(numbers), where=reached)
            return None
        if "where" in kwargs or method not in ("__call__", "reduce", "accumulate", "outer"):
            raise UnknownOperation(f"{name}.{method}")
        if name in _REWRITTEN and method == "__call__":
            result = _REWRITTEN[name](*inputs)
        else:
            known = "sum" if name == "add" and method in ("reduce", "accumulate") else name
            plain = name in _FIRST_ORDER and method == "__call__" and not kwargs
            call = _FIRST_ORDER[name] if plain else getattr(ufunc, method)
            result = self._apply(known, lambda *bare: call(*bare, **kwargs), inputs)
        if target is None:
            return result
        if not isinstance(target, Stepped):
            raise UnknownOperation("an answer put into a real array")
        target[...] = result
        return target

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = func.__name__
        if name in ("var", "std"):
            return getattr(args[0], name)(*args[1:], **kwargs)
        if name in _REWRITTEN:
            return _REWRITTEN[name](*args, **kwargs)
        if kwargs.pop("out", None) is not None:
            raise UnknownOperation(f"{name} into an array")
        kwargs = _real({key: numbers_of(value) for key, value in kwargs.items()})
        return self._apply(name, lambda *bare: func(*bare, **kwargs), args)

    def _apply(self, name: str, compute: Callable[..., Any], args: Any) -> Any:
        """The operation ``name`` on the plain numbers, and what its rounding may do to them."""
        bare = numbers_of(args)
        if name in CHOOSING or name in TESTS:
            result = compute(*_without_squares(bare))
            _note(self, result)
            return self._wrap(result)
        if name in MOVING:
            return self._wrap(compute(*bare))
        if name not in ANALYTIC and name not in SUMS and name not in COMPUTING:
            raise UnknownOperation(name)
        if self._scatter.is_still:
            return self._wrap(compute(*bare))
        if name in SUMS or name in COMPUTING or name in MIXING:
            bare = self._moved(bare)
        before = self._scatter.underflows
        result = compute(*bare)
        if self._scatter.underflows > before:
            result = _parts(result, self._refilled)
        if name in SUMS or name == "matmul":
            return self._wrap(result + self._partial_sums(compute, bare, np.asarray(result)))
        return self._wrap(self._moved(result))

    def _partial_sums(self, compute: Callable[..., Any], bare: Any, result: Any) -> Any:
        """What the rounding of partial sums does: see ``rounding``; ``bare`` is not kept."""
        arrays = [part for part in bare if isinstance(part, np.ndarray) and part.ndim]
        count = max((max(a.size / max(result.size, 1), *a.shape) for a in arrays), default=1)
        kept = result.base is not None  # a view of them, as einsum may give
        magnitude = np.asarray(compute(*_magnitudes(bare, kept)))
        return np.sqrt(count) / 2 * _parts(magnitude, lambda m: m * self._scatter.moves(m))

    def _moved(self, value: Any) -> Any:
        """With the last bits of all real and imaginary parts moved."""
        return _parts(value, self._scatter.moved)

    def _refilled(self, parts: Floats) -> Floats:
        """With units of the smallest numbers for what an underflow may have taken."""
        filled: Floats = parts + _FILLED * self._scatter.moves(parts) * _TINY
        return np.where(np.abs(parts) < _TINY, filled, parts)

    def _wrap(self, result: Any) -> Any:
        if isinstance(result, (tuple, list)):
            return type(result)(self._wrap(part) for part in result)
        if isinstance(result, _NUMBERS) and result.dtype.kind == "c":
            if result.dtype != _COMPLEX:
                raise UnknownOperation(f"complex numbers of type {result.dtype}")
            return Stepped(result, self._scatter)
        return result


def _note(x: Any, decided: Any) -> None:
    """Note what a comparison of ``x`` came to; of a choice, whose value is steady, that it was."""
    if isinstance(x, Stepped) and x._scatter.is_still:
        array = np.asarray(decided)
        x._scatter.decisions.append(0 if array.dtype == _COMPLEX else hash(array.tobytes()))


def numbers_of(value: Any) -> Any:
    """The complex numbers of a value, or of those in tuples and lists; other things as is."""
    kind = type(value)
    if kind is Stepped:
        return value._numbers
    if kind is tuple or kind is list:
        return kind([numbers_of(part) for part in value])
    return value


def _parts(value: Any, change: Callable[[Floats], Floats]) -> Any:
    """``change`` applied to the real and imaginary parts of complex numbers, other things as is."""
    kind = type(value)
    if kind is tuple or kind is list:
        return kind([_parts(part, change) for part in value])
    if (kind is np.ndarray or isinstance(value, _NUMBERS)) and value.dtype == _COMPLEX:
        changed = change(value.ravel().view(_REAL)).view(_COMPLEX)
        return changed if value.ndim == 1 else changed.reshape(value.shape)
    return value


def _without_squares(value: Any) -> Any:
    """With 0 for real parts that only the square of the step has made: they decide no choice."""
    if type(value) in (tuple, list):
        return type(value)(_without_squares(part) for part in value)
    if isinstance(value, _NUMBERS) and value.dtype.kind == "c":
        squares = np.abs(value.real) < np.abs(value.imag)
        return np.where(squares, 1j * value.imag, value) if squares.any() else value
    return value


def _magnitudes(value: Any, kept: bool) -> Any:
    """Those of real arrays; of both parts of complex ones, in their place unless they are kept."""
    if type(value) in (tuple, list):
        return type(value)(_magnitudes(part, kept) for part in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.abs(value)
    return _parts(value, np.abs if kept else lambda parts: np.abs(parts, out=parts))


def _real(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Options without a type: to numbers that stand for real ones, a real type means nothing."""
    dtype = kwargs.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != Stepped.dtype:
        raise UnknownOperation(f"a conversion to {dtype}")
    return kwargs


def _absolute(x: Any) -> Any:
    _note(x, numbers_of(x))
    return np.where(_without_squares(numbers_of(x)) >= 0, x, -x)


def _sign(x: Any) -> Any:
    bare = _without_squares(numbers_of(x))
    found = np.where(bare > 0, 1.0, np.where(bare < 0, -1.0, 0.0))
    _note(x, found)
    return found


def _logaddexp(a: Any, b: Any) -> Any:
    return np.maximum(a, b) + np.log1p(np.exp(-_absolute(a - b)))


def _hypot(a: Any, b: Any) -> Any:
    return np.sqrt(a * a + b * b)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    """The Euclidean norm; numpy's own takes magnitudes."""
    euclidean = ord is None or (ord == 2 and (isinstance(axis, int) or x.ndim == 1))
    if not euclidean and ord != "fro":
        raise UnknownOperation(f"a norm of order {ord}")
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def _sinc(x: Any) -> Any:
    y = np.pi * x
    zero = y == 0
    return np.where(zero, 1.0, np.sin(y) / np.where(zero, 1.0, y))


def _polyval(coefficients: Any, x: Any) -> Any:
    value = 0.0 * x
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


def _slogdet(matrix: Any) -> Any:
    determinant = np.linalg.det(matrix)
    sign = np.sign(numbers_of(determinant).real)
    return sign, np.log(determinant * sign)


def _cbrt(x: Any) -> Any:
    return _sign(x) * _absolute(x) ** (1 / 3)


def _arctan2(y: Any, x: Any) -> Any:
    flat = _absolute(y) <= _absolute(x)
    angle = np.where(
        flat, np.arctan(y / np.where(flat, x, 1.0)), -np.arctan(x / np.where(flat, 1.0, y))
    )
    return angle + (np.arctan2(numbers_of(y).real, numbers_of(x).real) - numbers_of(angle).real)


def _stairs(level: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that is constant between its jumps, and has no slope at one."""

    def of(x: Any) -> Any:
        real = numbers_of(x).real
        found = level(real)
        if np.any((level(np.nextafter(real, -np.inf)) != found)
                  | (level(np.nextafter(real, np.inf)) != found)):  # fmt: skip
            raise UnknownOperation("a jump")
        _note(x, found)
        return found

    return of


def _round(x: Any, decimals: int = 0) -> Any:
    return _stairs(lambda real: np.round(real, decimals))(x)


def _floor_divide(x: Any, y: Any) -> Any:
    return _stairs(np.floor)(x / y)


def _remainder(x: Any, y: Any) -> Any:
    return x - y * _floor_divide(x, y)


def _first_order(
    function: Callable[[Any], Any], slope: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    def of(z: Any) -> Any:
        return function(z.real) + 1j * (slope(z.real) * z.imag)

    return of


#: Operations of which numpy loses digits for complex numbers: of small ones, or of large ones.
_FIRST_ORDER: dict[str, Callable[[Any], Any]] = {
    "log1p": _first_order(np.log1p, lambda x: 1 / (1 + x)),
    "sin": _first_order(np.sin, np.cos),
    "cos": _first_order(np.cos, lambda x: -np.sin(x)),
    "tan": _first_order(np.tan, lambda x: 1 + np.tan(x) ** 2),
}
#: Operations that are not analytic as numpy has them for complex numbers.
_REWRITTEN: dict[str, Callable[..., Any]] = {
    "absolute": _absolute, "fabs": _absolute, "sign": _sign, "logaddexp": _logaddexp,
    "hypot": _hypot, "conjugate": lambda x: x, "norm": _norm, "sinc": _sinc, "cbrt": _cbrt,
    "polyval": _polyval, "slogdet": _slogdet,
    "arctan2": _arctan2, "floor": _stairs(np.floor), "ceil": _stairs(np.ceil),
    "rint": _stairs(np.rint), "trunc": _stairs(np.trunc), "round": _round, "around": _round,
    "floor_divide": _floor_divide, "remainder": _remainder,
}  # fmt: skip
