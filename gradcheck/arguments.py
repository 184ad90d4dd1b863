"""What may be put into a function, and in which directions it may move.

``real("n d", low=0)``, ``integers("n", low=0, high="k")``, ``choice("mean", "sum")``, … Each kind
of argument knows how to draw a value, how to tell a value that does not belong, between which
bounds a step may go, and which directions stay inside its domain.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.dims import Bindings, Shape, parse
from gradcheck.errors import DeclarationError, InputError
from gradcheck.regimes import draw_reals

#: A bound: a number, or a function of other inputs, filled by name.
Bound = float | Callable[..., Any] | None
#: A bound of integers: it may also name a size.
IntegerBound = int | str | Callable[..., Any]
Reals = NDArray[np.floating]


@dataclass(frozen=True)
class Argument:
    """One kind of argument. The base is never instantiated."""

    @property
    def dims(self) -> Shape | None:
        """The dims that the value's shape has to satisfy, if there are any."""
        return None

    @property
    def differentiable(self) -> bool:
        """Whether derivatives with respect to it are taken."""
        return False

    @property
    def drawn_elsewhere(self) -> bool:
        """Whether its values are not the sampler's, so that they are neither edited nor cut."""
        return False

    def depends_on(self) -> tuple[str, ...]:
        """The inputs that have to be drawn before this one."""
        return ()

    def size_names(self) -> tuple[str, ...]:
        """The names of sizes that it needs."""
        return self.dims.names if self.dims else ()

    def draw(
        self,
        rng: np.random.Generator,
        bindings: Bindings,
        regime: str,
        drawn: Mapping[str, Any],
    ) -> Any:
        """A value of the regime, given the sizes and the inputs drawn before."""
        raise NotImplementedError

    def accept(self, name: str, value: Any) -> Any:
        """``value`` as the function will get it, or an ``InputError`` that says what is wrong."""
        raise NotImplementedError

    def sizes(self, value: Any) -> tuple[int, ...]:
        """The sizes that ``dims`` has to fit."""
        return np.shape(value)

    def bounds(
        self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]
    ) -> tuple[Reals | float | None, Reals | float | None]:
        """Between which values a step may go."""
        return None, None

    def tangent(self, direction: Reals, value: Reals) -> Reals:
        """``direction`` projected onto those that stay inside the domain at ``value``."""
        return direction

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        """Whether ``value`` could have been drawn."""
        return True

    def resize(self, value: Any, bindings: Bindings) -> Any:
        """``value`` cut down to the sizes in ``bindings``, none of which is larger than before."""
        return cut(value, self.dims.sizes(bindings)) if self.dims else value


@dataclass(frozen=True)
class Shaped(Argument):
    """An argument of one shape."""

    shape: Shape

    @property
    def dims(self) -> Shape:
        return self.shape


@dataclass(frozen=True)
class Real(Shaped):
    """Real numbers, see ``real``."""

    low: Bound = None
    high: Bound = None
    nonzero: bool = False
    differentiate: bool = True

    @property
    def differentiable(self) -> bool:
        return self.differentiate

    def depends_on(self) -> tuple[str, ...]:
        return _parameters(self.low) + _parameters(self.high)

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        low, high = self._bounds(drawn)
        if low is not None and high is not None and np.any(low >= high):
            raise InputError(f"no number lies between low = {low} and high = {high}")
        sizes = self.shape.sizes(bindings)
        values = draw_reals(rng, sizes, regime, low, high, self.nonzero)
        return values if sizes else np.float64(values)

    def accept(self, name: str, value: Any) -> Any:
        array = numeric(name, value)
        if array.dtype.kind not in "fiu":
            raise InputError(f"{name} is {_describe(array)}; real numbers were declared")
        if array.dtype.kind in "iu":
            array = array.astype(np.float64)
        if not np.all(np.isfinite(array)):
            bad = np.argwhere(~np.isfinite(array))[0].tolist()
            raise InputError(f"{name} is not finite at index {tuple(bad)}")
        return array if array.ndim else array[()]

    def bounds(
        self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]
    ) -> tuple[Reals | float | None, Reals | float | None]:
        return self._bounds(inputs)

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        low, high = self._bounds(inputs)
        array = np.asarray(value)
        inside = (low is None or np.all(array > low)) and (high is None or np.all(array < high))
        return bool(inside and not (self.nonzero and np.any(array == 0)))

    def _bounds(self, inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        return _bound(self.low, inputs), _bound(self.high, inputs)


@dataclass(frozen=True)
class Integers(Shaped):
    """Integers, see ``integers``."""

    low: IntegerBound
    high: IntegerBound

    def depends_on(self) -> tuple[str, ...]:
        return _parameters(self.low) + _parameters(self.high)

    def size_names(self) -> tuple[str, ...]:
        bounds = [parse(bound) for bound in (self.low, self.high) if isinstance(bound, str)]
        names = [name for shape in (self.shape, *bounds) for name in shape.names]
        return tuple(dict.fromkeys(names))

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        low, high = (_integer_bound(bound, bindings, drawn) for bound in (self.low, self.high))
        if np.any(low >= high):
            raise InputError(
                f"no integer lies in low = {low} … high = {high} (half-open: high is left out)"
            )
        values = rng.integers(low, high, self.shape.sizes(bindings))
        return values if np.ndim(values) else np.int64(values)

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        array = np.asarray(value)
        low, high = (
            _integer_bound(bound, bindings, inputs) if _is_bound(bound, bindings) else None
            for bound in (self.low, self.high)
        )
        above = low is None or np.all(array >= low)
        return bool(above and (high is None or np.all(array < high)))

    def resize(self, value: Any, bindings: Bindings) -> Any:
        resized = cut(value, self.shape.sizes(bindings))
        if isinstance(self.high, str) and _is_bound(self.high, bindings):
            # An index below a size that has shrunk.
            resized = np.minimum(resized, _integer_bound(self.high, bindings, {}) - 1)
        return resized if np.ndim(resized) else np.int64(resized)

    def accept(self, name: str, value: Any) -> Any:
        array = numeric(name, value)
        if array.dtype.kind not in "iu":
            raise InputError(f"{name} is {_describe(array)}; integers were declared")
        return array if array.ndim else array[()]


@dataclass(frozen=True)
class Boolean(Shaped):
    """Truth values, see ``boolean``."""

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        values = rng.integers(0, 2, self.shape.sizes(bindings)).astype(bool)
        return values if np.ndim(values) else np.bool_(values)

    def accept(self, name: str, value: Any) -> Any:
        array = numeric(name, value)
        if array.dtype.kind != "b":
            raise InputError(f"{name} is {_describe(array)}; truth values were declared")
        return array if array.ndim else array[()]


@dataclass(frozen=True)
class Choice(Argument):
    """One of several values, see ``choice`` and ``constant``."""

    values: tuple[Any, ...]

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        return self.values[int(rng.integers(len(self.values)))]

    def accept(self, name: str, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Arrays(Argument):
    """A list of arrays, see ``arrays``."""

    element: Real
    count: Shape

    @property
    def dims(self) -> Shape:
        return self.count

    @property
    def differentiable(self) -> bool:
        return self.element.differentiable

    def depends_on(self) -> tuple[str, ...]:
        return self.element.depends_on()

    def size_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.count.names + self.element.size_names()))

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        (count,) = self.count.sizes(bindings)
        return [self.element.draw(rng, bindings, regime, drawn) for _ in range(count)]

    def accept(self, name: str, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise InputError(f"{name} is a {type(value).__name__}; a list of arrays was declared")
        return [self.element.accept(f"{name}[{k}]", part) for k, part in enumerate(value)]

    def sizes(self, value: Any) -> tuple[int, ...]:
        return (len(value),)

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        return all(self.element.contains(part, bindings, inputs) for part in value)

    def resize(self, value: Any, bindings: Bindings) -> Any:
        (count,) = self.count.sizes(bindings)
        return [self.element.resize(part, bindings) for part in value[:count]]

    def bounds(
        self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]
    ) -> tuple[Reals | float | None, Reals | float | None]:
        return self.element.bounds(value, bindings, inputs)


@dataclass(frozen=True)
class Strategy(Real):
    """Real numbers that a Hypothesis strategy draws, see ``strategy``."""

    strategy: Any = None

    @property
    def drawn_elsewhere(self) -> bool:
        return True

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        raise AssertionError("the sampler has it drawn by Hypothesis")

    def resize(self, value: Any, bindings: Bindings) -> Any:
        if self.shape.sizes(bindings) != np.shape(value):
            raise InputError("a value that a strategy has drawn cannot be cut down")
        return value


def strategy(dims: str, strategy: Any, *, low: Bound = None, high: Bound = None) -> Strategy:
    """Real numbers of shape ``dims`` drawn by a Hypothesis strategy of arrays or numbers.

    The sizes are those of what it draws. Neither is such a value made simpler after a failure, nor
    is anything known of its domain: ``low`` and ``high`` say between which bounds a step of the
    measurement may go.

    Raises ``DeclarationError`` for dims that cannot be read or something that cannot be drawn from.
    """
    if not callable(getattr(strategy, "example", None)) or not hasattr(strategy, "map"):
        raise DeclarationError(f"strategy: a Hypothesis strategy was expected, not {strategy!r}")
    return Strategy(parse(dims), low, high, strategy=strategy)


def real(
    dims: str = "",
    *,
    low: Bound = None,
    high: Bound = None,
    nonzero: bool = False,
    differentiate: bool = True,
) -> Real:
    """Real numbers of shape ``dims``; without dims a scalar (a numpy scalar, never a 0-d array).

    ``low`` and ``high`` bound the domain, which is open: neither a drawn value nor a step of the
    measurement reaches a bound. Each is a number or a function of other inputs, filled by name
    (``high=lambda a: a``). ``nonzero=True`` keeps exact zeros out. With ``differentiate=False``
    no derivative is taken with respect to it.

    Raises ``DeclarationError`` for dims that cannot be read or bounds that exclude everything.
    """
    for name, bound in (("low", low), ("high", high)):
        if bound is not None and not callable(bound) and not np.isreal(bound):
            raise DeclarationError(f"real: {name} = {bound!r} is neither a number nor a function")
    if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
        raise DeclarationError(f"real: no number lies between low = {low} and high = {high}")
    return Real(parse(dims), low, high, nonzero, differentiate)


def integers(dims: str = "", *, low: IntegerBound = 0, high: IntegerBound) -> Integers:
    """Integers of shape ``dims`` in the half-open interval from ``low`` to ``high``.

    As in ``numpy.random.Generator.integers``, ``high`` itself is left out. A bound may name a
    size: ``integers("n", low=0, high="k")`` draws labels below k.
    """
    return Integers(parse(dims), low, high)


def boolean(dims: str = "") -> Boolean:
    """Truth values of shape ``dims``."""
    return Boolean(parse(dims))


def constant(value: Any) -> Choice:
    """The same value in every case."""
    return Choice((value,))


def choice(*values: Any) -> Choice:
    """One of ``values`` in each case."""
    if not values:
        raise DeclarationError("choice: at least one value is needed")
    return Choice(values)


def arrays(element: Real, *, count: str) -> Arrays:
    """A list of ``count`` arrays of one kind, such as ``arrays(real("n d"), count="t")``.

    A rule gives the gradient as a list of as many arrays.
    """
    if not isinstance(element, Real):
        raise DeclarationError(f"arrays: real(…) was expected, not {element!r}")
    return Arrays(element, parse(count))


def as_argument(value: Any) -> Argument:
    """A dims string as ``real(dims)``; an argument as itself."""
    if isinstance(value, Argument):
        return value
    if isinstance(value, str):
        return real(value)
    raise DeclarationError(
        f"a dims string such as 'n d' or an argument such as real('n') was expected, not {value!r}"
    )


def cut(value: Any, sizes: tuple[int, ...]) -> Any:
    """The first entries along each axis."""
    return value[tuple(slice(size) for size in sizes)].copy() if sizes else value


def _parameters(bound: object) -> tuple[str, ...]:
    return tuple(inspect.signature(bound).parameters) if callable(bound) else ()


def _bound(bound: Bound, inputs: Mapping[str, Any]) -> Any:
    if callable(bound):
        bound = bound(*(inputs[name] for name in _parameters(bound)))
    return None if bound is None else np.asarray(bound, dtype=np.float64)


def _integer_bound(bound: IntegerBound, bindings: Bindings, inputs: Mapping[str, Any]) -> Any:
    if isinstance(bound, str):
        return parse(bound).sizes(bindings)[0]
    return bound(*(inputs[name] for name in _parameters(bound))) if callable(bound) else bound


def _is_bound(bound: IntegerBound, bindings: Bindings) -> bool:
    """Whether a bound is known: a size that no array has is not, once the numbers are drawn."""
    return not isinstance(bound, str) or all(name in bindings for name in parse(bound).names)


def numeric(name: str, value: Any) -> NDArray[Any]:
    """``value`` as an array of real numbers; raises ``InputError``."""
    if isinstance(value, np.ndarray) and hasattr(value, "mask"):
        raise InputError(
            f"{name} is a masked array, of which the mask would be ignored; give {name}.filled(0), "
            "and the mask as an input of its own that the function multiplies with"
        )
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} cannot be made an array: {error}") from None
    if array.dtype.kind == "c":
        raise InputError(f"{name} is complex; complex inputs are out of scope for now")
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} is {_describe(array)}; numbers were expected")
    return array


def _describe(array: NDArray[Any]) -> str:
    return f"an array of dtype {array.dtype}" if array.ndim else f"{array[()]!r} ({array.dtype})"
