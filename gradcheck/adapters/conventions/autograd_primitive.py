"""autograd: its primitives, and functions of ``autograd.numpy``, by the rules that it has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.boundary import framework
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, as_is, parameters_of

PRIORITY = 13


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A primitive, or a function that is said to be autograd's."""
    autograd = framework("autograd", names)
    if autograd is None or len(what) != 1 or not callable(what[0]):
        return None
    (one,) = what
    primitive = getattr(one, "_is_autograd_primitive", False)
    if not primitive and names.framework != "autograd":
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    written = getattr(one, "fun", one)
    takes = parameters_of(written) or parameters_of(one)
    return Style(
        convention="autograd primitive" if primitive else "autograd function",
        name=getattr(one, "__name__", type(one).__name__),
        forward=lambda held: _forward(held, one),
        backward=lambda held: _backward(autograd, held, one),
        make=lambda: SimpleNamespace(given=()),
        source=written if inspect.isfunction(written) else None,
        inward=as_is,
        takes_all=not takes,
        takes=tuple(p.replace(kind=kind) for p in takes),
        gets=(inspect.Parameter("dy", kind),),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Primitives that the file itself defines."""
    for value in namespace.values():
        if getattr(value, "_is_autograd_primitive", False):
            yield (value,)


def _forward(held: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*values: Any) -> Any:
        held.given = values
        return function(*values)

    return forward


def _backward(autograd: Any, held: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def backward(cotangent: Any) -> Any:
        found: list[Any] = []
        for number, value in enumerate(held.given):
            if not (hasattr(value, "dtype") and np.dtype(value.dtype).kind == "f"):
                found.append(None)
                continue
            pull, _ = autograd.make_vjp(function, number)(*held.given)
            found.append(pull(cotangent))
        return tuple(found)

    return backward
