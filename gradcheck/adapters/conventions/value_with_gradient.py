"""A function that returns a value with its gradient: ``cost(theta, X, y) -> (J, grad)``.

A fused loss, ``softmax_loss(x, y) -> (loss, dx)``, or a cost of one flat vector of parameters,
``cost(theta, X, y) -> (J, grad)``; also the other way round, ``propagate(w, b, X, Y) -> (grads,
cost)``, and as a method.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import WORDS, is_flat

PRIORITY = 80


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """One function, or a class with one such method and no backward method."""
    if len(what) != 1:
        return None
    (one,) = what
    if inspect.isclass(one):
        return _of_class(one, names)
    if not inspect.isfunction(one):
        return None
    return Style(
        convention="value with its gradient",
        name=one.__name__,
        forward=lambda _: one,
        backward=None,
        source=one,
        value_at=_value_of(one) or 0,
        takes=parameters_of(one),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Functions and methods whose ``return`` has a value and what is called a gradient."""
    for value in namespace.values():
        one = _of_class(value, Names()) if inspect.isclass(value) else None
        if one is not None or (inspect.isfunction(value) and _value_of(value) is not None):
            yield (value,)


def _of_class(cls: type, names: Names) -> Style | None:
    methods = {n: m for n, m in vars(cls).items() if inspect.isfunction(m) and n[:2] != "__"}
    if names.forward:
        methods = {n: m for n, m in methods.items() if n == names.forward}
    elif any(word in methods for word in (*WORDS.backward, "gradient", "grad")):
        return None
    for name, method in methods.items():
        if (position := _value_of(method)) is not None:
            return Style(
                convention="value with its gradient",
                name=cls.__name__,
                forward=lambda made, name=name: getattr(made, name),  # type: ignore[misc]
                backward=None,
                make=cls,
                source=method,
                value_at=position,
                takes=parameters_of(method, skip_first=True),
            )
    return None


def _value_of(function: Any) -> int | None:
    """Where in what is returned the value stands, the rest being gradients; None if they do not."""
    if any(_ITERATIONS.search(parameter.name) for parameter in parameters_of(function)):
        return None  # it trains, and gives what came out last
    tree = tree_of(function)
    flat = any(is_flat(parameter.name) for parameter in parameters_of(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first, *rest = (_text(part).lower() for part in _parts(node.value))
            if not rest or "cache" in rest[-1]:
                continue
            if _is_gradient(first):
                if len(rest) == 1 and _is_value(rest[0]):
                    return 1
            elif any(part.startswith(("d", "grad", "nabla")) for part in rest) or (
                _is_value(first) or (flat and len(rest) == 1)
            ):
                return 0
    return None


def _parts(returned: ast.Tuple) -> Iterator[ast.expr]:
    """What is returned, and what lies in a tuple behind the first: ``loss, (dx, dw)``."""
    first, *rest = returned.elts
    yield first
    for part in rest:
        yield from part.elts if isinstance(part, ast.Tuple) else [part]


def _text(part: ast.expr) -> str:
    """What a returned part is called; a dict that is made on the spot, as its first key."""
    match part:
        case ast.Dict(keys=[ast.Constant(value=str() as key), *_]):
            return key
    return ast.unparse(part)


#: What tells how often something is done.
_ITERATIONS = re.compile(r"(?i)iter(ation)?s?$|epochs?$|^(num|n|max)_(iter|step|epoch)")
#: How the names of values begin, beside J, L and E.
_VALUES = ("loss", "cost", "value", "error", "total")


def _is_value(text: str) -> bool:
    return text.startswith(_VALUES) or re.fullmatch(r"[jle](\W.*|_.*|\d*)", text) is not None


def _is_gradient(text: str) -> bool:
    return text.startswith(("grad", "nabla")) or (text.startswith("d") and len(text) <= 3)
