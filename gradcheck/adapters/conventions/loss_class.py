"""A loss with two methods of the same inputs: ``loss(y, y_pred)`` and ``grad(y, y_pred)``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 45

_LOSS = ("loss", "cost", "fn", "forward", "__call__", "compute", "calculate")
_GRADIENT = (
    "grad", "gradient", "delta", "loss_grad", "derivative", "backward", "dloss", "grad_loss",
    "prime",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with a loss and its gradient, both of two inputs or more."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    forward = _method(cls, (names.forward,) if names.forward else _LOSS)
    backward = _method(cls, (names.backward,) if names.backward else _GRADIENT)
    if forward is None or backward is None or forward[0] == backward[0]:
        return None
    takes, gets = forward[1], backward[1]
    common = {parameter.name for parameter in takes} & {parameter.name for parameter in gets}
    if len(common) < 2:
        return None
    return Style(
        convention="loss with its gradient",
        name=cls.__name__,
        forward=lambda made: getattr(made, forward[0]),
        backward=lambda made: getattr(made, backward[0]),
        make=cls,
        kind="of inputs",
        source=getattr(cls, backward[0]),
        takes=takes,
        gets=gets[: len(takes)],
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _method(cls: type, names: tuple[str, ...]) -> tuple[str, tuple[inspect.Parameter, ...]] | None:
    for name in names:
        held = inspect.getattr_static(cls, name, None)
        if inspect.isfunction(held) or isinstance(held, staticmethod):
            static = isinstance(held, staticmethod)
            return name, parameters_of(getattr(cls, name), skip_first=not static)
    return None
