"""A function that returns its backward function: ``relu(X) -> (Y, backprop)``.

What it needs is kept by the inner function, which is given the cotangent: ``backprop(dY)``. So is
that of ``@tf.custom_gradient``, where numpy has all that is asked of TensorFlow. There may be one
for each argument: ``matmul(a, b) -> (a @ b, (lambda g: g @ b.T, lambda g: a.T @ g))``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.numpy_names import assumed, stood_for
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 75


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """One function that returns a function of its own last."""
    if len(what) != 1 or not inspect.isfunction(what[0]) or not _returns_inner(what[0]):
        return None
    (function,) = what
    return Style(
        convention="function with its pullback",
        name=function.__name__,
        forward=lambda _: function,
        backward=lambda _: _pull,
        returns_cache=True,
        cache="pullback",
        source=function,
        takes=parameters_of(function),
        gets=parameters_of(_pull),
        assumes=assumed(stood_for(function)),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such function."""
    for value in namespace.values():
        if inspect.isfunction(value) and _returns_inner(value):
            yield (value,)


def _pull(dy: Any, pullback: Any) -> Any:
    if isinstance(pullback, tuple | list):
        return tuple(one(dy) for one in pullback)
    return pullback(dy)


def _returns_inner(function: Any) -> bool:
    """Whether a function returns an output, and a function of one argument that it defines."""
    tree = tree_of(function)
    (outer, *_) = getattr(tree, "body", ()) or (None,)
    if not isinstance(outer, ast.FunctionDef):
        return False
    inner = {
        one.name for one in outer.body
        if isinstance(one, ast.FunctionDef) and len(one.args.args) == 1
    }  # fmt: skip
    last = outer.body[-1]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Tuple):
        return False
    (*outputs, pullback) = last.value.elts
    if len(outputs) != 1:
        return False
    several = pullback.elts if isinstance(pullback, ast.Tuple | ast.List) else [pullback]
    if pullback not in several and len(several) != len(outer.args.args):
        return False
    return all(_is_inner(one, inner) for one in several)


def _is_inner(node: ast.expr, inner: set[str]) -> bool:
    """Whether an expression is a function of one argument, one of the ``inner`` ones among them."""
    match node:
        case ast.Name(id=name):
            return name in inner
        case ast.Lambda(args=ast.arguments(args=[_])):
            return True
    return False
