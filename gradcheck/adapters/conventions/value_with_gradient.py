"""A function that returns a value with its gradient.

A fused loss, ``softmax_loss(x, y) -> (loss, dx)``, or a cost of one flat vector of parameters,
``cost(theta, X, y) -> (J, grad)``.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 80


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """One function."""
    if len(what) != 1 or not inspect.isfunction(what[0]):
        return None
    (function,) = what
    return Style(
        convention="value with its gradient",
        name=function.__name__,
        forward=lambda _: function,
        backward=None,
        source=function,
        takes=parameters_of(function),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Functions whose ``return`` has a second part that is called a gradient."""
    for value in namespace.values():
        if inspect.isfunction(value) and _returns_gradient(value):
            yield (value,)


def _returns_gradient(function: Any) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first, *rest = (ast.unparse(part).lower() for part in node.value.elts)
            named = any(part.startswith(("d", "grad", "nabla")) for part in rest)
            value = first.startswith(("loss", "cost", "j", "l", "e", "value", "error", "total"))
            if rest and (named or value) and not _is_gradient(first) and "cache" not in rest[-1]:
                return True
    return False


def _is_gradient(text: str) -> bool:
    return text.startswith(("grad", "nabla")) or (text.startswith("d") and len(text) <= 3)
