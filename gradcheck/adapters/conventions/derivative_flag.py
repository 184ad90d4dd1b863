"""One function for both: ``sigmoid(x, deriv=False)`` is the derivative where the flag is set."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of

PRIORITY = 72

_FLAGS = (
    "deriv", "derivative", "derive", "derv", "der", "prime", "grad", "gradient", "diff", "backward",
    "derivate", "is_derivative", "return_derivative",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A function of one array with such a flag, which is off where it is not given."""
    if len(what) != 1 or not inspect.isfunction(what[0]):
        return None
    (function,) = what
    parameters = parameters_of(function)
    flag = next((p.name for p in parameters if p.name.lower() in _FLAGS and p.default in _OFF), "")
    takes = tuple(parameter for parameter in parameters if is_required(parameter))
    if not flag or len(takes) != 1:
        return None
    return Style(
        convention="function with a flag for its derivative",
        name=function.__name__,
        forward=lambda _: function,
        backward=lambda _: _flagged(function, flag),
        kind="derivative",
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
