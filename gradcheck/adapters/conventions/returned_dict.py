"""A forward function that returns one dict, with what comes out and what backward needs in it.

``attention(q, k, v) -> {"out": …, "p": …}`` and ``attention_backward(dout, saved)``: outputs are
the keys of which the backward function takes the gradients.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.pairs import name_of, pairs
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import gradient_names

PRIORITY = 57


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """Two functions, of which the first returns a dict and the second takes it last."""
    if len(what) != 2 or not all(map(inspect.isfunction, what)):
        return None
    forward, backward = what
    keys = _returned_keys(forward)
    needed = [p.name for p in parameters_of(backward) if is_required(p)]
    *above, last = needed or [""]
    outputs = [next((key for key in keys if name in gradient_names(key)), "") for name in above]
    # A dict of the gradients of parameters, or of what is to be predicted, is none of outputs.
    if not outputs or not all(outputs) or len(set(outputs)) < len(outputs):
        return None
    return Style(
        convention="functions with a dict",
        name=name_of(forward),
        forward=lambda _: _forward(forward, outputs),
        backward=lambda _: backward,
        returns_cache=True,
        cache=last,
        source=backward,
        takes=parameters_of(forward),
        gets=parameters_of(backward),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Such pairs by their names."""
    for what in pairs(namespace):
        if style_of(what, Names()) is not None:
            yield what


def _returned_keys(function: Callable[..., Any]) -> list[str]:
    """The keys of the dict that each ``return`` makes, or gives that was made above it."""
    tree = tree_of(function)
    made = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and node.value is not None:
            value = made.get(getattr(node.value, "id", ""), node.value)
            match value:
                case ast.Dict(keys=keys):
                    found = [str(one.value) for one in keys if isinstance(one, ast.Constant)]
                case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                    found = [one.arg for one in keywords if one.arg]
                case _:
                    return []
    return found


def _forward(function: Callable[..., Any], outputs: Sequence[str]) -> Callable[..., Any]:
    @functools.wraps(function)
    def forward(*values: Any, **named: Any) -> tuple[Any, ...]:
        found = function(*values, **named)
        return (*(found[key] for key in outputs), found)

    return forward
