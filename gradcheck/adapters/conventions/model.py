"""A model with a loss of its own: ``loss(X, y)`` returns the loss and a dict of gradients.

Its parameters are in ``self.params``; the gradients are of those, by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import is_weight

PRIORITY = 47

_LOSS = (
    "loss", "cost", "compute_loss", "forward_backward", "loss_and_grad", "loss_and_grads",
    "loss_and_gradient", "loss_and_gradients", "cost_and_grad", "cost_and_grads", "loss_grads",
    "compute_loss_and_grads", "compute_loss_and_gradients", "value_and_grad", "value_and_grads",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with a method ``loss`` of data and targets, and no backward method."""
    if len(what) != 1 or not inspect.isclass(what[0]) or names.backward:
        return None
    (cls,) = what
    for text in (names.forward,) if names.forward else _LOSS:
        method = inspect.getattr_static(cls, text, None)
        if not inspect.isfunction(method):
            continue
        # What is given its weights keeps none.
        given = [p.name for p in parameters_of(method, skip_first=True)]
        said = "grad" in text and not any(map(is_weight, given))
        if said or "grads" in method.__code__.co_varnames:
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
