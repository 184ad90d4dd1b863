"""A network with the derivative of its cost as a method: ``backprop(x, y) -> (nabla_b, nabla_w)``.

Its loss is nowhere computed: ``cost_derivative(activations, y)`` is the cotangent of what the
forward method gives, and in its place any cotangent is given.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import WORDS, first

PRIORITY = 44
CONVENTION = "network with the derivative of its cost"

_COST = ("cost_derivative", "loss_derivative", "cost_prime", "loss_prime", "cost_gradient")


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with such a method, a forward method of one array, and a backward one of two."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    cost = first(_COST, cls)
    forward = names.forward or first(WORDS.forward, cls)
    backward = names.backward or first(WORDS.backward, cls)
    if not (cost and forward and backward) or forward == "__call__":
        return None
    takes = parameters_of(getattr(cls, forward), skip_first=True)
    given = parameters_of(getattr(cls, backward), skip_first=True)
    if len(takes) != 1 or len(given) != len(("x", "y")):
        return None
    upstream = inspect.Parameter("d" + takes[0].name, inspect.Parameter.POSITIONAL_ONLY)
    return Style(
        convention=CONVENTION,
        name=cls.__name__,
        forward=lambda made: getattr(made, forward),
        backward=lambda made: _pull(made, backward, cost),
        make=cls,
        source=getattr(cls, backward),
        takes=takes,
        gets=(upstream, *takes),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _pull(made: Any, backward: str, cost: str) -> Any:
    def pull(cotangent: Any, /, **given: Any) -> Any:
        (x,) = given.values()
        setattr(made, cost, lambda *_: cotangent)
        return getattr(made, backward)(x, 0 * cotangent)

    return pull
