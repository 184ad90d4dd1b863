"""Two functions: ``affine_forward(x, w) -> (out, cache)``, ``affine_backward(dout, cache)``.

Also ``sigmoid(Z) -> (A, cache)`` with ``sigmoid_backward(dA, cache)``, and without a cache
``relu(x)`` with ``relu_backward(dout, x)``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import is_cache, is_cotangent

PRIORITY = 60

#: What of a name says that a function is the backward one; the rest names the pair.
_BACKWARD = re.compile(r"_?(backward|bwd|back_prop|backprop|bprop)(?=_|$)")
_FORWARD = ("_forward", "_fwd", "_forward_prop", "_fprop", "")


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A forward function and a backward function that takes a cotangent."""
    if len(what) != 2 or not all(inspect.isfunction(one) for one in what):
        return None
    forward, backward = what
    gets = parameters_of(backward)
    cache = any(is_cache(parameter.name) for parameter in gets)
    if not cache and not any(is_cotangent(parameter.name) for parameter in gets):
        return None
    if not cache and len(gets) == 1 and not _BACKWARD.search(backward.__name__):
        return None  # an elementwise derivative
    name = forward.__name__
    for ending in _FORWARD:
        name = re.sub(rf"{ending}(?=_|$)", "", name) if ending else name
    return Style(
        convention="functions with a cache" if cache else "pair of functions",
        name=name.strip("_") or forward.__name__,
        forward=lambda _: forward,
        backward=lambda _: backward,
        returns_cache=cache,
        source=backward,
        takes=parameters_of(forward),
        gets=gets,
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every backward function with its forward function, of the same name but for the word."""
    functions = {n: f for n, f in namespace.items() if inspect.isfunction(f)}
    for name, backward in functions.items():
        if not _BACKWARD.search(name):
            continue
        for partner in _partners(name):
            if partner in functions and partner != name:
                yield functions[partner], backward
                break


def _partners(name: str) -> list[str]:
    """What the forward function may be called, without the ending of a variant last."""
    found: list[str] = []
    for text in (name, re.sub(r"_(alt|naive|fast|vectorized|v\d+)$", "", name)):
        for ending in _FORWARD:
            found.append(_BACKWARD.sub(ending, text).lstrip("_"))
    base = found[-1]
    variants = ("_naive", "_fast", "_im2col", "_strides")
    return found + [f"{base}{ending}{v}" for v in variants for ending in _FORWARD]
