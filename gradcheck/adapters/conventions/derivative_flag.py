"""One function for both: ``sigmoid(x, deriv=False)`` is the derivative where the flag is set.

Of a loss, ``mse(y_true, y_pred, deriv=False)``, it is the gradient for what is predicted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import is_loss, is_target

PRIORITY = 72

_FLAGS = (
    "deriv", "derivative", "derive", "derv", "der", "prime", "grad", "gradient", "diff", "backward",
    "derivate", "is_derivative", "return_derivative",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A function of one array, or a loss, with such a flag, which is off where it is not given."""
    if len(what) != 1 or not inspect.isfunction(what[0]):
        return None
    (function,) = what
    parameters = parameters_of(function)
    flag = next((p.name for p in parameters if p.name.lower() in _FLAGS and p.default in _OFF), "")
    takes = tuple(parameter for parameter in parameters if parameter.name != flag)
    needed = [parameter.name for parameter in takes if is_required(parameter)]
    of_loss = is_loss(function.__name__) or any(map(is_target, needed))
    if not flag or not needed or (len(needed) > 1 and not of_loss):
        return None
    return Style(
        convention="function with a flag for its derivative",
        name=function.__name__,
        forward=lambda _: function,
        backward=lambda _: _flagged(function, flag),
        kind="derivative" if len(needed) == 1 else "of inputs",
        flag=flag,
        source=function,
        takes=takes,
        gets=takes,
    )


#: What a flag is by default; ``0 in _OFF`` too.
_OFF = (False, None)


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such function."""
    for value in namespace.values():
        if style_of((value,), Names()) is not None:
            yield (value,)


def _flagged(function: Callable[..., Any], flag: str) -> Callable[..., Any]:
    def derivative(**arguments: Any) -> Any:
        return function(**arguments, **{flag: True})

    return derivative
