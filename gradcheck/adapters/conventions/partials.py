"""A value, and a function for each of its gradients: ``cost``, ``d_cost_w`` and ``d_cost_b``.

All take the same, and the name of a derivative says of what, and by what: ``dJ_dw`` too.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.errors import DeclarationError

PRIORITY = 44
CONVENTION = "value with a function for each gradient"

#: What the derivative of f by x may be called.
_CALLED = (
    "d_{f}_{x}", "d{f}_d{x}", "d{f}_{x}", "d_{f}_d{x}", "grad_{f}_{x}", "{f}_grad_{x}", "{f}_d{x}",
    "grad_{x}_{f}", "{f}_gradient_{x}", "d{f}d{x}", "partial_{f}_{x}",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A function, and one for each gradient."""
    if len(what) < 2 or not all(map(inspect.isfunction, what)):
        return None
    value, *derivatives = what
    found = _by_input(value, {one.__name__: one for one in derivatives})
    if list(found.values()) != derivatives:
        return None
    takes = tuple(parameters_of(value))
    return Style(
        convention=CONVENTION,
        name=value.__name__,
        forward=lambda _: _number(value),
        backward=lambda _: _gradients(found),
        kind="of inputs",
        source=derivatives[0],
        takes=takes,
        gets=tuple(p for p in takes if is_required(p)),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every function with such derivatives."""
    functions = {n: f for n, f in namespace.items() if inspect.isfunction(f)}
    for value in functions.values():
        if found := _by_input(value, functions):
            yield value, *found.values()


def _by_input(value: Any, functions: Mapping[str, Any]) -> dict[str, Any]:
    """The derivatives of a function by the name of the input that each is by."""
    takes = [p.name for p in parameters_of(value) if is_required(p)]
    called = {text.format(f=value.__name__, x=name): name for name in takes for text in _CALLED}
    found: dict[str, Any] = {}
    for text, name in called.items():
        one = functions.get(text)
        gets = [p.name for p in parameters_of(one) if is_required(p)] if one is not None else []
        if one is not None and len(takes) > 1 and sorted(gets) == sorted(takes):
            found.setdefault(name, one)
    return found


def _number(value: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(value)
    def forward(**given: Any) -> Any:
        answer = value(**given)
        if np.size(answer) != 1:
            raise DeclarationError(
                f"{value.__name__} returns {np.shape(answer)}: what its derivatives are summed "
                "over is not known"
            )
        return np.reshape(answer, ())[()]

    return forward


def _gradients(found: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    def backward(**given: Any) -> Any:
        return {name: one(**given) for name, one in found.items()}

    return backward
