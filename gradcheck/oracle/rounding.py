"""The rounding of a computation, measured by changing the last bit of every operation in it.

An array of ``Jittered`` behaves like the plain array; the result of every numpy operation on it is
moved by one unit in the last place, up or down at random. What the end result then scatters by is
what rounding can do to it. Changing the inputs alone sees neither saturation nor absorption
(``z + 1e20``), and a higher precision is not there on every platform.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.oracle.exactness import LEAST, exactly, underflown
from gradcheck.oracle.gathered import gather
from gradcheck.oracle.scatter import Scatter, jitter, off_by, plain_of
from gradcheck.oracle.stability import MIXING, STABLE_BY, TRANSFORMS, by_largest, by_norm

#: Operations whose result is exact, so that nothing is to be moved.
_EXACT_UFUNCS = {
    np.maximum, np.minimum, np.fmax, np.fmin, np.absolute, np.fabs, np.negative, np.positive,
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.copysign, np.nextafter, np.spacing,
    np.heaviside, np.conjugate,
}  # fmt: skip
#: Operations that round many times inside: as if each of their inputs were off by its last bit.
_SUMMING_UFUNCS = {np.matmul, np.vecdot}
#: Functions that only move values, or choose among them.
_EXACT_FUNCTIONS = {
    "where", "reshape", "ravel", "transpose", "concatenate", "stack", "hstack", "vstack", "dstack",
    "column_stack", "split", "array_split", "hsplit", "vsplit", "take", "take_along_axis",
    "put_along_axis", "repeat", "tile", "broadcast_to", "broadcast_arrays", "expand_dims",
    "squeeze", "moveaxis", "swapaxes", "rollaxis", "flip", "fliplr", "flipud", "rot90", "roll",
    "sort", "argsort", "partition", "argpartition", "max", "min", "amax", "amin", "argmax",
    "argmin", "diag", "diagonal", "diagflat", "tril", "triu", "zeros_like", "ones_like",
    "empty_like", "full_like", "copy", "copyto", "atleast_1d", "atleast_2d", "atleast_3d", "pad",
    "select", "choose", "compress", "extract", "delete", "insert", "append", "resize", "clip",
    "nonzero", "searchsorted", "fill_diagonal", "round", "around", "unique", "shape", "ndim",
    "size", "result_type", "can_cast", "may_share_memory", "shares_memory", "array_equal",
    "array_repr", "array_str", "array2string", "apply_along_axis", "put", "place", "putmask",
}  # fmt: skip


#: Functions and methods that add up many terms.
_SUMS = {
    "sum", "mean", "dot", "cumsum", "trace", "inner", "vdot", "tensordot", "einsum", "average",
    "convolve", "correlate",
}  # fmt: skip


#: Those of products, which may underflow; a sum does not.
_SUMS_OF_PRODUCTS = {
    "dot", "inner", "vdot", "tensordot", "einsum", "convolve", "correlate", "matmul", "vecdot",
}  # fmt: skip


#: (A union would be made anew wherever it is asked for.)
_SEQUENCES = (tuple, list)

#: Operations that have every derivative wherever they are finite, and ways to put arrays together.
_ANALYTIC = {
    "add", "subtract", "multiply", "divide", "negative", "positive", "square", "reciprocal", "exp",
    "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "arctan", "arcsinh", "matmul", "vecdot", "sum", "mean", "prod", "dot", "cumsum", "cumprod",
    "trace", "inner", "vdot", "outer", "tensordot", "einsum", "reshape", "ravel", "transpose",
    "concatenate", "stack", "hstack", "vstack", "expand_dims", "squeeze", "moveaxis", "swapaxes",
    "broadcast_to", "diag", "zeros_like", "ones_like", "repeat", "tile", "roll", "flip", "convolve",
}  # fmt: skip


def is_analytic(compute: Callable[[Callable[[Any], Any]], Any]) -> bool:
    """Whether ``compute(wrap)`` is seen to be made of smooth operations alone, so has no kinks."""
    run = Scatter(0)
    with np.errstate(all="ignore"):
        result = compute(functools.partial(jittered, rng=run))
    parts = result if isinstance(result, tuple | list) else [result]
    return all(map(is_jittered, parts)) and run.met <= _ANALYTIC


class Jittered(np.ndarray):
    """An array whose operations scatter by their last bit, driven by the generator of its run."""

    _rng: Scatter | None = None
    #: ``X.dot(jittered)``, which nothing else tells of, gives an array of this kind.
    __array_priority__ = 1.0

    def __array_finalize__(self, parent: Any) -> None:
        if parent is not None:
            self._rng = getattr(parent, "_rng", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if self._rng is not None:
            self._rng.met.add(ufunc.__name__)
        if method == "at":
            gather(ufunc, [_plain(value) for value in inputs], self._rng)
            return None
        plain = _widened([_plain(value) for value in inputs], kwargs.get("dtype"))
        targets = kwargs.get("out")
        sums = method in ("reduce", "accumulate", "reduceat") or ufunc in _SUMMING_UFUNCS
        if sums and ufunc not in _EXACT_UFUNCS:
            given, plain = plain, _scattered(plain, self._rng)
            if not targets and (ufunc is np.add or ufunc in _SUMMING_UFUNCS):
                whole = functools.partial(getattr(ufunc, method), **kwargs)
                products = ufunc in _SUMMING_UFUNCS
                found = _summed(whole, plain, self._rng, of_products=products)
                return found if products else _settled(whole, given, found)
        if targets:
            kwargs["out"] = tuple(_bare(target) for target in targets)
            if self._rng is not None and self._rng.sinks:  # what is written to may be among these
                plain = [np.array(part) for part in plain]
        result = getattr(ufunc, method)(*plain, **kwargs)
        if self._rng is not None and getattr(result, "dtype", None) == np.dtype(object):
            self._rng.escaped = True  # made of numbers of Python, one by one
        if targets:
            if ufunc not in _EXACT_UFUNCS:
                for target in targets:
                    if isinstance(target, np.ndarray):
                        given = _bare(target).copy()
                        _bare(target)[...] = jitter(given, self._rng)
                        self._sink(ufunc, plain, given, _bare(target))
            return targets[0] if len(targets) == 1 else targets
        wrapped = _wrap(result, self._rng, exact=ufunc in _EXACT_UFUNCS)
        if self._rng is not None and self._rng.heeds and method == "__call__":
            exact = exactly(ufunc, plain, result)
            if exact is not None and np.count_nonzero(exact):
                np.copyto(_bare(wrapped), result, where=exact)
        if method == "__call__" and isinstance(wrapped, Jittered):
            self._sink(ufunc, plain, result, _bare(wrapped))
        return wrapped

    def _sink(self, ufunc: np.ufunc, given: Any, result: Any, target: np.ndarray) -> None:
        """Move what has underflowed to 0 in ``target``."""
        if self._rng is None or not self._rng.sinks or target.dtype.kind != "f":
            return
        sunk = underflown(ufunc, given, result)
        if sunk is not None and np.count_nonzero(sunk):
            np.copyto(target, self._rng.sunk(target), where=sunk)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        name = getattr(func, "__name__", "")
        if self._rng is not None:
            self._rng.met.add(name)
        exact = name in _EXACT_FUNCTIONS
        plain = _plain(args)
        if not exact:
            plain = _scattered(_widened(plain, kwargs.get("dtype")), self._rng)
        if name in STABLE_BY and self._rng is not None:
            mixes = self._rng.constants and name in MIXING
            plain = [by_largest(part, STABLE_BY[name], self._rng, mixes) for part in plain]
            if mixes:
                # What is orthogonal is so by the last bit of the largest, too.
                moved = functools.partial(by_largest, axis=(-2, -1), rng=self._rng, zeros=True)
                return _wrap(_each_of(moved, func(*plain, **_plain(kwargs))), self._rng)
        if name in TRANSFORMS and self._rng is not None:
            by_name = kwargs.get("axis", kwargs.get("axes", TRANSFORMS[name]))
            axes = plain[2] if len(plain) > 2 else by_name
            plain = [by_norm(plain[0], axes, self._rng), *plain[1:]]
        if name in _SUMS and "out" not in kwargs:
            whole = functools.partial(func, **_plain(kwargs))
            found = _summed(whole, plain, self._rng, of_products=name in _SUMS_OF_PRODUCTS)
            return _settled(whole, _plain(args), found) if name == "sum" else found
        return _wrap(func(*plain, **_plain(kwargs)), self._rng, exact)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """A conversion; one to a narrower type rounds, and so scatters."""
        narrower = np.dtype(dtype).itemsize < self.dtype.itemsize
        given = _plain(self)
        found = _wrap(given.astype(dtype, *args, **kwargs), self._rng, exact=not narrower)
        if narrower and is_jittered(found):  # as if multiplied by 1
            self._sink(np.multiply, (given,), _plain(found), _bare(found))
        return found

    def __getitem__(self, key: Any) -> Any:
        """An entry stays in the computation; numpy itself gives a plain scalar for it."""
        found = super().__getitem__(_plain(key))
        return _wrap(found, self._rng, exact=True) if isinstance(found, np.inexact) else found

    def __setitem__(self, key: Any, value: Any) -> None:
        """What is put in stays in the computation; numpy itself takes a number out of it first."""
        self.view(np.ndarray)[_plain(key)] = _plain(value)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __float__(self) -> float:
        """The number itself; what is computed with it does not scatter."""
        if self._rng is not None:
            self._rng.escaped = True
        return float(self.view(np.ndarray))

    def item(self, *args: Any) -> Any:
        """A number of Python, as ``float`` gives it."""
        if self._rng is not None:
            self._rng.escaped = True
        return self.view(np.ndarray).item(*args)

    def tolist(self) -> Any:
        """Numbers of Python, as ``float`` gives them."""
        if self._rng is not None:
            self._rng.escaped = True
        return self.view(np.ndarray).tolist()

    def _method(self, name: str, *args: Any, **kwargs: Any) -> Any:
        exact = _widened([_plain(self), *map(_plain, args)], kwargs.get("dtype"))
        given = _scattered(exact, self._rng)
        if self._rng is not None:
            self._rng.met.add(name)

        def call(array: Any, *rest: Any) -> Any:
            return getattr(np.asarray(array), name)(*rest, **kwargs)

        if name in _SUMS and "out" not in kwargs:
            found = _summed(call, given, self._rng, of_products=name in _SUMS_OF_PRODUCTS)
            return _settled(call, exact, found) if name == "sum" else found
        return _wrap(call(*given), self._rng)


# The methods that compute; the others move values or are made of operators.
for _name in ("sum", "mean", "prod", "std", "var", "dot", "cumsum", "cumprod", "trace"):
    setattr(Jittered, _name, functools.partialmethod(Jittered._method, _name))


def jittered(value: Any, rng: Scatter) -> Any:
    """``value`` such that operations on it scatter; lists entry by entry, other things as is."""
    if isinstance(value, list):
        return [jittered(part, rng) for part in value]
    if _carries(value, rng):
        array = np.array(value).view(Jittered)
        array._rng = rng
        return array
    return value


def result(value: Any, rng: Scatter) -> Any:
    """What an operation gave, off by its last bit."""
    return _wrap(value, rng)


def _nudged(value: Any, rng: Scatter) -> Any:
    """``value`` off by its last bit, as what it is."""
    if isinstance(value, list):
        return [_nudged(part, rng) for part in value]
    if isinstance(value, np.ndarray | np.floating) and value.dtype.kind == "f":
        moved = jitter(np.asarray(value), rng)
        return moved if moved.ndim else moved[()]
    return value


def _carries(value: Any, rng: Scatter | None) -> bool:
    """Whether what is computed from a value is rounded: of masks and integers too.

    Single integers are left as they are, since they count and index, but where a run is ``wide``.
    """
    if not isinstance(value, np.ndarray):
        if rng is not None and rng.wide and isinstance(value, int | np.integer):
            return not isinstance(value, bool)
        return isinstance(value, np.inexact)
    kind = value.dtype.kind
    return kind in "fc" or (kind in "iub" and value.ndim > 0)


def plain(value: Any) -> Any:
    """A result with the plain arrays back in it."""
    return _plain(value)


def moved(value: Any) -> Any:
    """An array as plain numbers, each off by its last bit where they would scatter."""
    return jitter(_plain(value), value._rng) if isinstance(value, Jittered) else value


def is_jittered(value: Any) -> bool:
    """Whether jitter has come through to ``value``, or to all parts of a sequence."""
    if isinstance(value, _SEQUENCES):
        return all(is_jittered(part) for part in value if part is not None)
    return isinstance(value, Jittered)


def scatter(
    compute: Callable[[Callable[[Any], Any]], np.ndarray],
    reference: np.ndarray,
    seed: int,
    runs: int,
    *,
    units: int = 1,
    inputs_alone: bool = False,
    **how: bool,
) -> np.ndarray:
    """By how much each entry of ``reference`` moves when every operation is jittered.

    ``compute(wrap)`` does the computation with its inputs passed through ``wrap`` and returns a
    plain array of the shape of ``reference``. The largest of ``runs`` differences; infinite where
    a jittered run is not finite. Each jitter is of so many ``units`` in the last place.

    ``inputs_alone``: only the inputs are moved, and the computation sees plain arrays. That shows
    less, but any code can be run so. ``how`` as of ``Scatter``.
    """
    largest = np.zeros(reference.shape)
    for number in range(runs):
        with np.errstate(all="ignore"):
            moved = compute(wrapped(seed + number, units, inputs_alone=inputs_alone, **how))
            difference = np.abs(moved - reference)
        largest = np.maximum(largest, np.where(np.isnan(difference), np.inf, difference))
    return largest


def wrapped(
    seed: int, units: int = 1, *, inputs_alone: bool = False, **how: bool
) -> Callable[[Any], Any]:
    """What ``scatter`` passes the inputs of one run through."""
    return functools.partial(
        _nudged if inputs_alone else jittered, rng=Scatter(seed, units, heeds=True, **how)
    )


def _scattered(values: Any, rng: Scatter | None) -> Any:
    """The floating arrays among ``values``, each entry off by its last bit."""
    if isinstance(values, _SEQUENCES):
        return type(values)([_scattered(part, rng) for part in values])
    if isinstance(values, np.ndarray) and values.dtype.kind in "fc":
        return jitter(values, rng)
    return values


def _widened(values: Sequence[Any], asked: Any = None) -> list[Any]:
    """The arguments of an operation, floating arrays among them in the precision that it computes.

    What is given in fewer digits is converted without rounding, and so does not scatter by them.
    """
    kinds = {part.dtype for part in values if isinstance(part, np.ndarray)}
    if asked is not None:
        kinds.add(np.dtype(asked))
    floating = {kind for kind in kinds if kind.kind in "fc"}
    if len(floating) < 2:
        return list(values)
    widest = np.result_type(*(np.finfo(kind).dtype for kind in floating))
    return [
        part.astype(np.result_type(part.dtype, widest), copy=False)
        if isinstance(part, np.ndarray) and part.dtype in floating
        else part
        for part in values
    ]


def _plain(value: Any) -> Any:
    return plain_of(value, Jittered)


def _summed(
    compute: Callable[..., Any], plain: Any, rng: Scatter | None, *, of_products: bool
) -> Any:
    """A sum of many terms, scattered by the rounding of its partial sums as well.

    Each is rounded at the size that it has reached, which may be far above that of the end result:
    together by about half the root of their number of units of the sum of the magnitudes.
    """
    result = compute(*plain)
    array = np.asarray(result)
    if rng is None or array.dtype.kind not in "fc" or not array.size:
        return _wrap(result, rng)
    arrays = [part for part in plain if isinstance(part, np.ndarray) and part.ndim]
    count = max((max(part.size / array.size, *part.shape) for part in arrays), default=1)
    units = np.sqrt(count) / 2
    magnitude = np.asarray(compute(*_each(np.abs, plain)))
    off = off_by(magnitude.real.dtype.type(units) * magnitude, rng, array.dtype)
    if rng.sinks and array.dtype.kind == "f" and of_products and (array == 0).any():
        underflown = (array == 0) & (np.asarray(compute(*_each(_nonzero, plain))) != 0)
        off = np.where(underflown, rng.sunk(array) * array.dtype.type(max(units, 1.0)), off)
    return _wrap(array + off, rng)


def _settled(compute: Callable[..., Any], given: Any, found: Any) -> Any:
    """A sum, exact where all of its terms but one are 0 or underflow, in a run that heeds it."""
    heeds = isinstance(found, Jittered) and found._rng and found._rng.heeds
    terms = given[0] if heeds and given else None  # or given by its name
    if not (isinstance(terms, np.ndarray) and terms.dtype == np.float64):
        return found
    counted = (np.abs(terms) >= LEAST).astype(np.float64)
    if not counted.all():
        initial = np.asarray(compute(np.zeros_like(counted), *given[1:]))
        count = np.asarray(compute(counted, *given[1:])) - initial + (initial != 0)
        np.copyto(_bare(found), compute(*given), where=count <= 1)
    return found


def _each(of: Callable[[np.ndarray], np.ndarray], values: Any) -> Any:
    """What a function says of the floating arrays among ``values``."""
    if isinstance(values, _SEQUENCES):
        return type(values)([_each(of, part) for part in values])
    if isinstance(values, np.ndarray) and values.dtype.kind in "fc":
        return of(values)
    return values


def _nonzero(array: np.ndarray) -> np.ndarray:
    """1 for each number but 0, in the type of the array."""
    return (array != 0).astype(array.dtype)


def _bare(target: Any) -> Any:
    """The array that is written to, of zero dims too."""
    return target.view(np.ndarray) if isinstance(target, Jittered) else target


def _each_of(change: Callable[[Any], Any], result: Any) -> Any:
    """``change`` of each part of a plain or a named tuple, as of numpy.linalg.eigh, or of all."""
    if not isinstance(result, tuple):
        return change(result)
    parts = map(change, result)
    return tuple(parts) if type(result) is tuple else type(result)(*parts)


def _wrap(result: Any, rng: Scatter | None, exact: bool = False) -> Any:
    if isinstance(result, tuple):
        return _each_of(functools.partial(_wrap, rng=rng, exact=exact), result)
    if isinstance(result, list):
        return [_wrap(part, rng, exact) for part in result]
    if _carries(result, rng):
        array = np.asarray(result)
        exact = exact or array.dtype.kind not in "fc"
        view = (array if exact else jitter(array, rng)).view(Jittered)
        view._rng = rng
        return view
    return result
