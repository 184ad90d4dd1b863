"""Operators on tensors of one's own: ``compute(*arrays)`` and ``gradient(out_grad, node)``.

An operator is called with tensors and gives a node that knows its ``inputs``; ``gradient`` is given
a tensor for the cotangent and the node, and returns tensors.
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

PRIORITY = 32

_TENSORS = ("Tensor", "Variable", "Value", "Node")
#: How a tensor gives its array, the likeliest first.
_ARRAYS = ("realize_cached_data", "numpy", "cached_data", "data", "value")


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with both methods; without a class of tensors beside it, it is given arrays."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    compute = inspect.getattr_static(cls, names.forward or "compute", None)
    gradient = inspect.getattr_static(cls, names.backward or "gradient", None)
    if not inspect.isfunction(compute) or not inspect.isfunction(gradient):
        return None
    gets = parameters_of(gradient, skip_first=True)
    tensor = _tensor_class(cls, gradient)
    if len(gets) != 2 or (tensor is None and gets[1].name != "node"):
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    takes = parameters_of(compute, skip_first=True)
    return Style(
        convention="operator of tensors",
        name=cls.__name__,
        forward=lambda held: _forward(held, tensor),
        backward=lambda held: _backward(held, tensor),
        make=_maker(cls),
        source=gradient,
        takes_all=not takes,
        takes=tuple(parameter.replace(kind=kind) for parameter in takes),
        gets=(gets[0].replace(kind=kind),),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


class _Node(np.ndarray[Any, Any]):
    """An output that knows its inputs, where the file has no tensors of its own."""

    inputs: tuple[Any, ...] = ()

    def realize_cached_data(self) -> Any:
        """Its array."""
        return np.asarray(self)

    numpy = realize_cached_data


def _tensor_class(cls: type, gradient: Any) -> Any:
    spaces = [gradient.__globals__, vars(sys.modules.get(cls.__module__, SimpleNamespace()))]
    found = (space.get(name) for name in _TENSORS for space in spaces)
    return next((one for one in found if inspect.isclass(one) and one is not cls), None)


def _maker(cls: type) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        return SimpleNamespace(operator=cls(*args, **kwargs), node=None)

    make.__signature__ = inspect.signature(cls)  # type: ignore[attr-defined]
    return make


def _forward(held: Any, tensor: Any) -> Callable[..., Any]:
    def forward(*arrays: Any) -> Any:
        if tensor is None:
            answer = held.operator.compute(*arrays)
            held.node = np.asarray(answer).view(_Node)
            held.node.inputs = arrays
            return answer
        held.node = held.operator(*(tensor(np.asanyarray(array)) for array in arrays))
        return _array(held.node)

    return forward


def _backward(held: Any, tensor: Any) -> Callable[..., Any]:
    def backward(cotangent: Any) -> Any:
        given = np.asanyarray(cotangent)
        found = held.operator.gradient(given if tensor is None else tensor(given), held.node)
        parts = found if isinstance(found, tuple | list) else (found,)
        if tensor is None:
            return tuple(np.asarray(part) for part in parts)
        return tuple(_array(part) for part in parts)

    return backward


def _array(node: Any) -> Any:
    """The array of a tensor, or one that is one already."""
    if isinstance(node, np.ndarray | np.generic):
        return node
    for name in _ARRAYS:
        held = getattr(node, name, None)
        if held is not None:
            held = held() if callable(held) else held
            return held if isinstance(held, np.ndarray | np.generic | float) else _array(held)
    return node
