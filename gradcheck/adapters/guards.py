"""Small numbers that only keep a logarithm finite: ``np.log(y + 1e-7)``.

Most gradients of such losses leave them out, so that they are those of another function: off by a
ten-millionth of themselves at usual values, and wrong where the probability is as small as that.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from gradcheck.adapters.style import Style

#: No number of a formula is so small.
_LARGEST = 1e-6


@contextlib.contextmanager
def without(style: Style) -> Iterator[list[float]]:
    """With these numbers 0 in a layer's forward function, and in those it calls; gives them."""
    made = style.make if inspect.isclass(style.make) else None
    functions = list(_reached(getattr(style.forward(made), "__func__", style.forward(made)), made))
    kept = [(function, function.__code__, function.__defaults__) for function in functions]
    found: list[float] = []
    try:
        for function, code, defaults in kept:
            function.__code__ = _emptied(code, found)
            if defaults is not None:
                function.__defaults__ = tuple(_zero(value, found) for value in defaults)
        yield list(dict.fromkeys(found))
    finally:
        for function, code, defaults in kept:
            function.__code__, function.__defaults__ = code, defaults


def _reached(function: Any, cls: type | None) -> Iterator[FunctionType]:
    """A function, and those of its file that it calls by name, as methods too."""
    waiting, seen = [function], set[int]()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        for name in one.__code__.co_names:
            for called in (one.__globals__.get(name), getattr(cls, name, None)):
                if getattr(getattr(called, "__code__", None), "co_filename", "") == (
                    one.__code__.co_filename
                ):
                    waiting.append(called)


def _emptied(code: CodeType, found: list[float]) -> CodeType:
    constants = tuple(_zero(value, found) for value in code.co_consts)
    return code.replace(co_consts=constants)


def _zero(value: Any, found: list[float]) -> Any:
    if isinstance(value, CodeType):
        return _emptied(value, found)
    if isinstance(value, float) and 0 < value <= _LARGEST:
        found.append(value)
        return 0.0
    return value
