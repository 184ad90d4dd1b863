"""Small numbers that only keep a logarithm finite: ``np.log(y + 1e-7)``.

Most gradients of such losses leave them out, so that they are those of another function: off by a
ten-millionth of themselves at usual values, and wrong where the probability is as small as that.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any

from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style
from gradcheck.adapters.words import is_cotangent

#: No number of a formula is so small.
_LARGEST = 1e-6
#: What stands for infinity where something is masked is no less.
_FILL = 1e4


@contextlib.contextmanager
def without(style: Style) -> Iterator[list[float]]:
    """With these numbers 0 wherever a layer's forward function has them; gives them.

    They are looked for in that function, in those it calls, in the constructor, and in the names
    of the file and of the class that these use.
    """
    made = style.make if inspect.isclass(style.make) else None
    functions = list(_reached(getattr(style.forward(made), "__func__", style.forward(made)), made))
    kept = [(function, function.__code__, function.__defaults__) for function in functions]
    held = list(_held(functions, made))
    found: list[float] = []
    try:
        for function, code, defaults in kept:
            function.__code__ = _emptied(code, found)
            if defaults is not None:
                function.__defaults__ = tuple(_zero(value, found) for value in defaults)
        for put, value in held:
            put(_zero(value, found))
        yield list(dict.fromkeys(found))
    finally:
        for function, code, defaults in kept:
            function.__code__, function.__defaults__ = code, defaults
        for put, value in held:
            put(value)


def _held(
    functions: Sequence[FunctionType], cls: type | None
) -> Iterator[tuple[Callable[[Any], None], Any]]:
    """Small numbers of the file and of the class that functions use, and how to put another."""
    for name in {name for function in functions for name in function.__code__.co_names}:
        spaces = {id(function.__globals__): function.__globals__ for function in functions}
        for space in spaces.values():
            if _is_small(space.get(name)):
                yield functools.partial(space.__setitem__, name), space[name]
        if cls is not None and _is_small(vars(cls).get(name)):
            yield functools.partial(setattr, cls, name), vars(cls)[name]


def _reached(function: Any, cls: type | None) -> Iterator[FunctionType]:
    """A function, and those of its file that it calls by name, as methods too.

    Also the methods of the classes that it makes objects of, as a network does of its layers.
    """
    waiting: list[Any] = [function, getattr(cls, "__init__", None)]
    seen = set[int]()
    while waiting:
        one = waiting.pop()
        one = inspect.unwrap(one) if callable(one) else one
        if not isinstance(one, FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        for name in one.__code__.co_names:
            known = one.__globals__.get(name)
            if inspect.isclass(known) and known.__module__ == one.__module__:
                waiting += [m for m in vars(known).values() if isinstance(m, FunctionType)]
            for called in (known, getattr(cls, name, None)):
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
    if _is_small(value):
        found.append(value)
        return 0.0
    return value


def fills(style: Style) -> list[float]:
    """Large numbers in a layer's functions that may stand for infinity: ``scores[mask] = -1e9``."""
    made = style.make if inspect.isclass(style.make) else None
    forward = style.forward(made)
    found = [
        number
        for function in _reached(getattr(forward, "__func__", forward), made)
        for code in (function.__code__, *_inner(function.__code__))
        for number in (*code.co_consts, *(function.__defaults__ or ()))
        if isinstance(number, float | int) and _FILL <= abs(number) < math.inf
    ]
    return list(dict.fromkeys(found))


def clips(style: Style) -> bool:
    """Whether a layer clips what it calls gradients: ``np.clip(dW, -5, 5, out=dW)``."""
    return any(
        isinstance(node.args[0], ast.Name) and is_cotangent(node.args[0].id)
        for node in nodes_of(style.source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        if node.func.attr == "clip"
    )


def _inner(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _inner(one)


def _is_small(value: Any) -> bool:
    return isinstance(value, float) and 0 < value <= _LARGEST
