"""A model with a loss of its own: ``loss(X, y)`` returns the loss and a dict of gradients.

Its parameters are in ``self.params``; the gradients are of those, by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 47

_LOSS = ("loss", "cost", "loss_and_grad", "compute_loss", "forward_backward")


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with a method ``loss`` of data and targets, and no backward method."""
    if len(what) != 1 or not inspect.isclass(what[0]) or names.backward:
        return None
    (cls,) = what
    for text in (names.forward,) if names.forward else _LOSS:
        method = inspect.getattr_static(cls, text, None)
        if inspect.isfunction(method) and "grads" in method.__code__.co_varnames:
            return _style(cls, text, method)
    return None


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _style(cls: type, text: str, method: Any) -> Style:
    takes = parameters_of(method, skip_first=True)
    # Targets are optional where the method also gives scores.
    empty = inspect.Parameter.empty
    given = [p.replace(default=empty) if p.default is None else p for p in takes]
    return Style(
        convention="model with its loss",
        name=cls.__name__,
        forward=lambda made: getattr(made, text),
        backward=None,
        make=cls,
        source=method,
        takes=tuple(given),
    )
