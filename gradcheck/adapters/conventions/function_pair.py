"""Two functions: ``affine_forward(x, w) -> (out, cache)``, ``affine_backward(dout, cache)``.

Also ``sigmoid(Z) -> (A, cache)`` with ``sigmoid_backward(dA, cache)``, and without a cache
``relu(x)`` with ``relu_backward(dout, x)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.pairs import BACKWARD, name_of, pairs
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import is_cache, is_cotangent

PRIORITY = 60


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A forward function and a backward function that takes a cotangent."""
    if len(what) != 2 or not all(inspect.isfunction(one) for one in what):
        return None
    forward, backward = what
    gets = parameters_of(backward)
    cache = any(is_cache(parameter.name) for parameter in gets)
    if not cache and not any(is_cotangent(parameter.name) for parameter in gets):
        return None
    if not cache and len(gets) == 1 and not BACKWARD.search(backward.__name__):
        return None  # an elementwise derivative
    return Style(
        convention="functions with a cache" if cache else "pair of functions",
        name=name_of(forward),
        forward=lambda _: forward,
        backward=lambda _: backward,
        returns_cache=cache,
        source=backward,
        takes=parameters_of(forward),
        gets=gets,
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every backward function with its forward function, of the same name but for the word."""
    yield from pairs(namespace)
