"""Methods that are given all arrays in one tuple, as in Chainer: ``forward(self, inputs)``.

``x, W = inputs`` says what they are; ``backward(self, inputs, grad_outputs)`` is given them again,
beside the cotangents, and returns one gradient for each.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of

PRIORITY = 33

_FORWARD, _BACKWARD = ("forward_cpu", "forward"), ("backward_cpu", "backward")
#: Where an object keeps what it was given.
_RUN = "_gradcheck_run"


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class whose methods take and return tuples."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    forward, backward = (
        next((n for n in among if inspect.isfunction(inspect.getattr_static(cls, n, None))), "")
        for among in (_FORWARD, _BACKWARD)
    )
    if not forward or not backward:
        return None
    taken, given = (
        [p.name for p in parameters_of(getattr(cls, n), skip_first=True) if is_required(p)]
        for n in (forward, backward)
    )
    if len(taken) != 1 or len(given) != len(("inputs", "cotangents")) or taken[0] != given[0]:
        return None
    arrays = _arrays(getattr(cls, forward), taken[0])
    if not arrays or not all(_returns_tuples(getattr(cls, n)) for n in (forward, backward)):
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    return Style(
        convention="class, tuples of arrays",
        name=cls.__name__,
        forward=lambda made: _run(made, getattr(made, forward)),
        backward=lambda made: _pull(made, getattr(made, backward)),
        make=cls,
        source=getattr(cls, backward),
        takes=tuple(inspect.Parameter(name, kind) for name in arrays),
        gets=(inspect.Parameter("dy", kind),),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _arrays(function: Any, name: str) -> list[str]:
    """What the arrays of a tuple are called: as it is taken apart, else by their numbers."""
    called: dict[int, str] = {}
    for node in nodes_of(function):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id=held)) if (
                held == name and all(isinstance(one, ast.Name) for one in parts)
            ):
                return [ast.unparse(one) for one in parts]
            case ast.Assign(
                targets=[ast.Name(id=text)],
                value=ast.Subscript(value=ast.Name(id=held), slice=ast.Constant(value=int() as k)),
            ) if held == name:
                called[k] = text
            case ast.Subscript(value=ast.Name(id=held), slice=ast.Constant(value=int() as k)) if (
                held == name
            ):
                called.setdefault(k, f"{name}{k}")
    whole = sorted(called) == list(range(len(called)))
    return [called[k] for k in sorted(called)] if whole else []


def _returns_tuples(function: Any) -> bool:
    returns = [node for node in nodes_of(function) if isinstance(node, ast.Return)]
    return bool(returns) and all(isinstance(one.value, ast.Tuple) for one in returns)


def _run(made: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*arrays: Any) -> Any:
        vars(made)[_RUN] = SimpleNamespace(given=arrays)
        answer = method(arrays)
        return answer if len(answer) > 1 else answer[0]

    return forward


def _pull(made: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> Any:
        return method(vars(made)[_RUN].given, cotangents)

    return backward
