"""Nodes of a graph that is run from outside, as in MiniFlow: ``Linear(X, W, b)`` of other nodes.

``forward()`` reads the values of ``inbound_nodes`` and sets ``value``; ``backward()`` adds up what
``outbound_nodes`` have as the gradient for this node, and sets ``gradients`` by node.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of

PRIORITY = 29

_BEFORE, _AFTER, _GRADIENTS = "inbound_nodes", "outbound_nodes", "gradients"


class _Node:
    """What a node is made of, or is used by."""

    def __init__(self, value: Any = None) -> None:
        self.value = value
        self.inbound_nodes: list[Any] = []
        self.outbound_nodes: list[Any] = []
        self.gradients: dict[Any, Any] = {}


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class made of nodes whose ``forward`` and ``backward`` take nothing."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    methods = [inspect.getattr_static(cls, name, None) for name in ("forward", "backward")]
    if not all(map(inspect.isfunction, methods)):
        return None
    forward, backward = methods
    nodes = [p for p in parameters_of(cls) if is_required(p)]
    if not nodes or any(len(parameters_of(one)) != 1 for one in methods):
        return None
    if _BEFORE not in forward.__code__.co_names or _GRADIENTS not in backward.__code__.co_names:
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    starts = _AFTER not in backward.__code__.co_names
    return Style(
        convention="node of a graph",
        name=cls.__name__,
        forward=lambda held: _forward(held, cls),
        backward=lambda held: _backward(held, starts=starts),
        make=lambda: SimpleNamespace(nodes=[], node=None),
        source=backward,
        takes=tuple(p.replace(kind=kind) for p in nodes),
        gets=(inspect.Parameter("dy", kind),),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _forward(held: Any, cls: Any) -> Callable[..., Any]:
    def forward(*values: Any) -> Any:
        held.nodes = [_Node(value) for value in values]
        held.node = cls(*held.nodes)
        held.node.forward()
        return held.node.value

    return forward


def _backward(held: Any, *, starts: bool) -> Callable[..., Any]:
    """``starts`` says that it asks for no gradient: that of a loss, of which it is multiplied."""

    def backward(cotangent: Any) -> Any:
        after = _Node()
        after.gradients[held.node] = cotangent
        setattr(held.node, _AFTER, [after])
        held.node.backward()
        found = [held.node.gradients.get(node) for node in held.nodes]
        factor = cotangent if starts and np.ndim(held.node.value) == 0 else 1.0
        return tuple(None if one is None else one * factor for one in found)

    return backward
