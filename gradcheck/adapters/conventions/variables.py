"""Functions of variables, as in DeZero: arrays wrapped in an object with ``data`` and ``grad``.

``Function.forward(*xs)`` and ``backward(*gys)`` are reached by calling the function with variables
and asking the output for ``backward()``, with its ``grad`` set to the cotangent.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 30

_VARIABLES = ("Variable", "Tensor", "Value", "Node")


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with ``forward`` and ``backward`` whose call wraps arrays in a variable class."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    forward = inspect.getattr_static(cls, "forward", None)
    backward = inspect.getattr_static(cls, "backward", None)
    call = inspect.getattr_static(cls, "__call__", None)
    if not all(inspect.isfunction(one) for one in (forward, backward, call)):
        return None
    variable = _variable_class(call, cls)
    if variable is None:
        return None
    takes = parameters_of(forward, skip_first=True)
    kind = inspect.Parameter.POSITIONAL_ONLY
    return Style(
        convention="function of variables",
        name=cls.__name__,
        forward=lambda held: _forward(held, variable),
        backward=lambda held: _backward(held, variable),
        make=_maker(cls),
        source=backward,
        takes=tuple(parameter.replace(kind=kind) for parameter in takes),
        gets=tuple(p.replace(kind=kind) for p in parameters_of(backward, skip_first=True)),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class that is not the base of the others."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _variable_class(call: Any, cls: type) -> type | None:
    """The class that wraps arrays, among the global names of the call."""
    spaces = [call.__globals__, vars(sys.modules.get(cls.__module__, SimpleNamespace()))]
    for name in _VARIABLES:
        for space in spaces:
            found = space.get(name)
            if inspect.isclass(found) and found is not cls:
                return found
    return None


def _maker(cls: type) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        return SimpleNamespace(function=cls(*args, **kwargs), inputs=[], outputs=[])

    make.__signature__ = inspect.signature(cls)  # type: ignore[attr-defined]
    return make


def _forward(held: Any, variable: Any) -> Callable[..., Any]:
    def forward(*arrays: Any) -> Any:
        held.inputs = [variable(np.asanyarray(array)) for array in arrays]
        answer = held.function(*held.inputs)
        held.outputs = list(answer) if isinstance(answer, tuple | list) else [answer]
        data = [output.data for output in held.outputs]
        return tuple(data) if len(data) > 1 else data[0]

    return forward


def _backward(held: Any, variable: Any) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> Any:
        for one in held.inputs:
            one.grad = None
        wraps = _grad_is_variable(variable)
        for output, cotangent in zip(held.outputs, cotangents, strict=True):
            array = np.asanyarray(cotangent)
            output.grad = variable(array) if wraps else array
        held.outputs[0].backward()
        return tuple(_plain(one.grad) for one in held.inputs)

    return backward


def _grad_is_variable(variable: Any) -> bool:
    """Whether a gradient is a variable itself, as in versions with higher derivatives."""
    try:
        names = variable.backward.__code__.co_names
    except AttributeError:
        return False
    return variable.__name__ in names


def _plain(gradient: Any) -> Any:
    return getattr(gradient, "data", gradient) if not isinstance(gradient, np.ndarray) else gradient
