"""Numbers that a function uses without being given them: closed over, global, or held by an object.

What it computes from these alone is rounded where no jitter of its inputs can show it.
"""

from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np

#: Objects that hold objects are followed so far, and so many parts of each.
_DEPTH = 4
_PARTS = 64


def uses_numbers_of_its_own(function: Callable[..., Any]) -> bool:
    """Whether arrays of floating-point numbers, or closed-over ones, are within its reach."""
    return _holds(function, _DEPTH, set())


def _holds(value: Any, depth: int, seen: set[int]) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "f"
    if depth == 0 or id(value) in seen or inspect.ismodule(value) or inspect.isbuiltin(value):
        return False
    seen.add(id(value))
    return any(_holds(part, depth - 1, seen) for part in itertools.islice(_parts(value), _PARTS))


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, FunctionType):
        for cell in value.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            yield np.float64(content) if isinstance(content, float) else content
        for name in _names(value.__code__):
            used = value.__globals__.get(name)
            if isinstance(used, np.ndarray | FunctionType | functools.partial):
                yield used
    elif isinstance(value, functools.partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif inspect.ismethod(value):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, tuple | list):
        yield from value
    elif isinstance(value, Mapping):
        yield from value.values()
    elif not inspect.isclass(value) and not isinstance(value, str | bytes | int | float):
        yield from getattr(value, "__dict__", {}).values()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
