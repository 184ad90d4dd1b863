"""A loss in two steps: ``forward(x)`` gives probabilities, ``get_loss(label)`` the loss of them.

``backward()`` takes nothing: its gradient is that of the loss that was computed last.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import WORDS, is_loss, is_target

PRIORITY = 42
CONVENTION = "loss in two steps"


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with such methods."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    own = dict(inspect.getmembers(cls, inspect.isfunction))
    forward = next(
        (n for n in ((names.forward,) if names.forward else WORDS.forward) if n in own), ""
    )
    backward = next(
        (n for n in ((names.backward,) if names.backward else WORDS.backward) if n in own), ""
    )
    if not forward or not backward or _needed(own[backward]):
        return None
    takes = _needed(own[forward])
    losses = {n: _needed(one) for n, one in own.items() if is_loss(n) and n != forward}
    told = {n: given for n, given in losses.items() if len(given) == 1 and is_target(given[0].name)}
    if len(takes) != 1 or len(told) != 1 or is_target(takes[0].name):
        return None
    ((loss, (label,)),) = told.items()
    return Style(
        convention=CONVENTION,
        name=cls.__name__,
        forward=lambda made: _in_steps(made, forward, loss, takes[0].name, label.name),
        backward=lambda made: getattr(made, backward),
        make=cls,
        source=own[backward],
        takes=(*takes, label),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _needed(method: Any) -> tuple[inspect.Parameter, ...]:
    return tuple(p for p in parameters_of(method, skip_first=True) if is_required(p))


def _in_steps(made: Any, forward: str, loss: str, x: str, label: str) -> Callable[..., Any]:
    def of_both(**given: Any) -> Any:
        getattr(made, forward)(given[x])
        return getattr(made, loss)(given[label])

    return of_both
