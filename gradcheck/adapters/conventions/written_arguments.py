"""Functions that write into their arguments, as in C: ``gelu_forward(out, inp)``.

What the forward function writes into is made for it: what has a gradient among the arguments of
the backward function is an output, and the rest is kept. ``gelu_backward(dinp, inp, dout)`` adds to
zeros, or writes into them.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.pairs import name_of, pairs
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import gradient_names

PRIORITY = 58

_KEPT = inspect.Parameter("cache", inspect.Parameter.POSITIONAL_ONLY)


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """Two functions that return nothing, of which the first writes into some of its arguments."""
    if len(what) != 2 or not all(map(inspect.isfunction, what)):
        return None
    forward, backward = what
    written = _written(forward)
    if not written or _returns(forward) or _returns(backward):
        return None
    calls = _Calls.of(forward, backward, written)
    if not calls.outputs or not calls.gradients:
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    return Style(
        convention="functions that write into arguments",
        name=name_of(forward),
        forward=lambda _: _forward(calls),
        backward=lambda _: _backward(calls),
        returns_cache=True,
        source=backward,
        takes=tuple(p for p in parameters_of(forward) if p.name not in written),
        gets=(*(inspect.Parameter(f"d{name}", kind) for name in calls.outputs), _KEPT),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Such pairs by their names."""
    for what in pairs(namespace):
        if style_of(what, Names()) is not None:
            yield what


@dataclass(frozen=True)
class _Calls:
    """Two functions, and what each of their arguments is."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    #: What forward writes into, and which of that is an output.
    written: tuple[str, ...]
    outputs: tuple[str, ...]
    #: By an argument of backward: the output or the input that it is the gradient of.
    cotangents: Mapping[str, str]
    gradients: Mapping[str, str]

    @classmethod
    def of(
        cls, forward: Callable[..., Any], backward: Callable[..., Any], written: Sequence[str]
    ) -> _Calls:
        """By what the arguments of the backward function are called."""
        gets = [p.name for p in parameters_of(backward)]
        found: dict[str, str] = {}
        taken = [p.name for p in parameters_of(forward)]
        for name in taken:
            called = next((one for one in gradient_names(name) if one in gets), "")
            if called and called not in taken:
                found[called] = name
        outputs = tuple(name for name in written if name in found.values())
        return cls(
            forward, backward, tuple(written), outputs,
            {called: name for called, name in found.items() if name in outputs},
            {called: name for called, name in found.items() if name not in written},
        )  # fmt: skip


def _written(function: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments that a function writes into: ``out[...] = …``, ``out += …``, ``out=out``."""
    found: dict[str, None] = {}
    for node in nodes_of(function):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                found[name] = None
            case (
                ast.AugAssign(target=ast.Name(id=name))
                | ast.keyword(arg="out", value=ast.Name(id=name))
            ):
                found[name] = None
    taken = [p.name for p in parameters_of(function)]
    return tuple(name for name in taken if name in found)


def _returns(function: Callable[..., Any]) -> bool:
    nodes = nodes_of(function)
    return any(isinstance(node, ast.Return) and node.value is not None for node in nodes)


def _forward(calls: _Calls) -> Callable[..., Any]:
    taken = [p for p in parameters_of(calls.forward) if p.name not in calls.written]

    @functools.wraps(calls.forward)
    def forward(*values: Any, **named: Any) -> tuple[Any, ...]:
        given = dict(zip((p.name for p in taken), values, strict=False)) | named
        made = _filled(calls, given)
        outputs = tuple(made[name] for name in calls.outputs)
        return (*outputs, SimpleNamespace(given=given, made=made))

    forward.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    return forward


def _backward(calls: _Calls) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> dict[str, Any]:
        *above, kept = cotangents
        arguments: dict[str, Any] = {**kept.given, **kept.made}
        arguments |= {n: np.zeros_like(kept.given[of]) for n, of in calls.gradients.items()}
        for name, of in calls.cotangents.items():
            arguments[name] = above[calls.outputs.index(of)]
        taken = [p.name for p in parameters_of(calls.backward)]
        calls.backward(**{name: arguments[name] for name in taken if name in arguments})
        return {f"d{of}": arguments[name] for name, of in calls.gradients.items()}

    return backward


def _filled(calls: _Calls, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the forward function writes into, of the smallest shapes at which all is written.

    Raises what it raises where there are none.
    """
    whole = {name: _Whole() for name in calls.written}
    try:
        calls.forward(**given, **whole)
        if all(one.value is not None for one in whole.values()):
            return {name: np.array(one.value, dtype=np.float64) for name, one in whole.items()}
    except Exception:
        pass  # it writes into parts, or by what numpy alone knows
    error: Exception | None = None
    shapes = _shapes(given)
    for way in itertools.product(shapes, repeat=len(calls.written)):
        made = {name: np.full(s, np.nan) for name, s in zip(calls.written, way, strict=True)}
        try:
            calls.forward(**given, **made)
        except Exception as raised:
            error = raised
            continue
        if not any(np.isnan(one).any() for one in made.values()):
            return made
    raise error or ValueError(f"it does not write into all of {', '.join(calls.written)}")


def _shapes(given: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Shapes of arrays, of these with another last axis, and without it."""
    own = [np.shape(value) for value in given.values() if np.ndim(value)]
    sizes = dict.fromkeys(size for shape in own for size in shape)
    found = [*own, *((*s[:-1], k) for s in own for k in sizes), *(s[:-1] for s in own)]
    return list(dict.fromkeys(found))


class _Whole:
    """What is written into as a whole, of whatever shape that is."""

    def __init__(self) -> None:
        self.value: Any = None

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is not Ellipsis and key != slice(None):
            raise TypeError("it is written into parts")
        self.value = value

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __iadd__(self, other: Any) -> _Whole:
        self.value = self.value + other
        return self

    def __isub__(self, other: Any) -> _Whole:
        self.value = self.value - other
        return self

    def __imul__(self, other: Any) -> _Whole:
        self.value = self.value * other
        return self

    def __itruediv__(self, other: Any) -> _Whole:
        self.value = self.value / other
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.value, dtype=dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of what was written."""
        return np.shape(self.value)
