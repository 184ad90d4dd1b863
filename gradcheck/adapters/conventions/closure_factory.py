"""A function of parameters that makes a layer: ``dense(W, b)`` returns its forward function.

That returns its output and a pullback, ``y, backward = dense(W, b)(x)``; or both functions come
together, ``forward, backward = dense(W, b)``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 74
CONVENTION = "function that makes a layer"

#: What comes out of such a function: a forward function, and one that goes back.
_HALVES = 2


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A function that defines and returns a forward function, with a backward one in it."""
    if len(what) != 1 or not inspect.isfunction(what[0]):
        return None
    (maker,) = what
    halves = _halves(maker)
    if halves is None:
        return None
    forward, backward, together = halves
    made_of = parameters_of(maker)
    takes = [p for p in parameters_of(forward) if p.name not in {q.name for q in made_of}]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    given = parameters_of(backward)
    every = tuple(p.replace(kind=kind) for p in (*takes, *made_of))
    if not takes or len(given) != 1:
        return None

    def run(**values: Any) -> Any:
        own = {p.name: values[p.name] for p in made_of if p.name in values}
        made = maker(**own)
        inputs = {p.name: values[p.name] for p in takes if p.name in values}
        return (made[0](**inputs), made[1]) if together else made(**inputs)

    return Style(
        convention=CONVENTION,
        name=maker.__name__,
        forward=lambda _: run,
        backward=lambda _: _pull,
        returns_cache=True,
        cache="pullback",
        source=backward,
        takes=every,
        gets=parameters_of(_pull),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such function."""
    for value in namespace.values():
        if inspect.isfunction(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _pull(dy: Any, pullback: Any) -> Any:
    return pullback(dy)


def _halves(maker: Any) -> tuple[FunctionType, FunctionType, bool] | None:
    """The forward and the backward function that one makes, and whether they come together."""
    returned = _returned(_definition(tree_of(maker)))
    inner = _inner(maker.__code__, maker)
    match returned:
        case [str() as name] if name in inner:
            forward = inner[name]
            last = _returned(_definition(tree_of(forward)))
            within = _inner(forward.__code__, maker)
            if len(last) == _HALVES and last[1] in within:
                return forward, within[last[1]], False
        case [str() as first, str() as second] if first in inner and second in inner:
            return inner[first], inner[second], True
    return None


def _definition(tree: ast.AST) -> ast.FunctionDef | None:
    (outer, *_) = getattr(tree, "body", ()) or (None,)
    return outer if isinstance(outer, ast.FunctionDef) else None


def _returned(node: ast.FunctionDef | None) -> list[str]:
    """What the last statement of a function returns, as it is written."""
    if node is None or not isinstance(node.body[-1], ast.Return) or node.body[-1].value is None:
        return []
    value = node.body[-1].value
    return [ast.unparse(one) for one in (value.elts if isinstance(value, ast.Tuple) else [value])]


def _inner(code: CodeType, outer: Callable[..., Any]) -> dict[str, FunctionType]:
    """The functions that one defines, for their names and source alone: they are not to be run."""
    return {
        one.co_name: FunctionType(
            one, outer.__globals__, one.co_name, None, tuple(CellType() for _ in one.co_freevars)
        )
        for one in code.co_consts
        if isinstance(one, CodeType) and not one.co_name.startswith("<")
    }
