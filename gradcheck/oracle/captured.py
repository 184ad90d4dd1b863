"""Numbers that a function uses without being given them: closed over, global, or held by an object.

What it computes from these alone is rounded where no jitter of its inputs can show it. Those that
are closed over or global can be given to it another way, see ``through``.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

#: Objects that hold objects are followed so far, and so many parts of each.
_DEPTH = 4
_PARTS = 64
#: What stores a name that is global or closed over.
_STORES = {"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"}

#: What may be global and hold numbers; modules and classes are not looked into.
_USED = (np.ndarray, np.generic, FunctionType, functools.partial, tuple, list, dict)

Wrap = Callable[[Any], Any]


def uses_numbers_of_its_own(function: Callable[..., Any], *, everywhere: bool = False) -> bool:
    """Whether arrays of floating-point numbers are in its reach, or numbers that it closes over.

    ``everywhere``: or single ones that are global, as most constants are whose rounding is none.
    """
    return _holds(function, _DEPTH, set(), everywhere)


class OutOfReach(Exception):
    """Numbers are held by what cannot be made anew, or what keeps something between calls."""


def through(function: Callable[..., Any], wrap: Wrap) -> Callable[..., Any]:
    """The same function with its own numbers passed through ``wrap``.

    Raises ``OutOfReach`` where an object holds some of them, or where it puts something into the
    names that it closes over.
    """
    made: dict[int, Any] = {}
    found: Callable[..., Any] = _through(function, wrap, _DEPTH, made)
    return found


def _through(value: Any, wrap: Wrap, depth: int, made: dict[int, Any]) -> Any:
    if id(value) in made:
        return made[id(value)]
    if not _holds(value, depth, set()):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return wrap(value)
    if type(value) in (tuple, list):
        return type(value)(_through(part, wrap, depth - 1, made) for part in value)
    if type(value) is dict:
        return {n: _through(part, wrap, depth - 1, made) for n, part in value.items()}
    if type(value) is functools.partial:
        func, *args = (_through(part, wrap, depth - 1, made) for part in (value.func, *value.args))
        named = {n: _through(v, wrap, depth - 1, made) for n, v in value.keywords.items()}
        return functools.partial(func, *args, **named)
    if not isinstance(value, FunctionType) or _stores(value.__code__):
        raise OutOfReach
    cells = tuple(_cell(cell, wrap, depth - 1, made) for cell in value.__closure__ or ())
    names = dict(value.__globals__)
    made_anew = functools.partial(_through, wrap=wrap, depth=depth - 1, made=made)
    defaults = tuple(map(made_anew, map(_number, value.__defaults__ or ())))
    copy = FunctionType(value.__code__, names, value.__name__, defaults, cells)
    copy.__kwdefaults__ = {
        n: made_anew(_number(v)) for n, v in (value.__kwdefaults__ or {}).items()
    }
    copy.__dict__.update(value.__dict__)
    made[id(value)] = copy
    for name, used in _used(value):
        names[name] = made_anew(used)
    return copy


def _cell(cell: CellType, wrap: Wrap, depth: int, made: dict[int, Any]) -> CellType:
    """A cell with the number in it wrapped; the same where there is none, which may be shared."""
    content = _content(cell)
    found = _through(content, wrap, depth, made)
    return cell if found is content else CellType(found)


@functools.lru_cache(maxsize=256)
def _stores(code: CodeType) -> bool:
    """Whether a function, or one inside it, changes a name of its surroundings."""
    outer = {*code.co_freevars, *code.co_names}
    if any(i.opname in _STORES and i.argval in outer for i in dis.get_instructions(code)):
        return True
    return any(_stores(constant) for constant in code.co_consts if isinstance(constant, CodeType))


def _holds(value: Any, depth: int, seen: set[int], everywhere: bool = True) -> bool:
    """Whether numbers are in reach; single ones that are global only where ``everywhere``."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "f"
    if depth == 0 or id(value) in seen or inspect.ismodule(value) or inspect.isbuiltin(value):
        return False
    seen.add(id(value))
    parts = itertools.islice(_parts(value, everywhere), _PARTS)
    return any(_holds(part, depth - 1, seen, everywhere) for part in parts)


def _parts(value: Any, everywhere: bool) -> Iterator[Any]:
    if isinstance(value, FunctionType):
        yield from map(_content, value.__closure__ or ())
        yield from map(_number, value.__defaults__ or ())
        yield from map(_number, (value.__kwdefaults__ or {}).values())
        kinds = _USED if everywhere else (np.ndarray, FunctionType, functools.partial)
        yield from (used for _, used in _used(value) if isinstance(used, kinds))
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


def _content(cell: CellType) -> Any:
    """What a function closes over; nothing where that is not assigned yet."""
    try:
        content = cell.cell_contents
    except ValueError:
        return None
    return _number(content)


def _number(content: Any) -> Any:
    """What a function uses itself, with numbers of Python as those of numpy, which are told apart.

    Those that objects hold, sizes and options among them, are not.
    """
    kind = type(content)
    if kind is float:
        return np.float64(content)
    if kind in (tuple, list) and len(content) <= _PARTS:
        return kind(np.float64(part) if type(part) is float else part for part in content)
    if kind is dict and len(content) <= _PARTS:
        return {n: np.float64(v) if type(v) is float else v for n, v in content.items()}
    return content


def _used(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The global numbers and functions that a function uses, by name."""
    for name in names_in(function.__code__):
        used = _number(function.__globals__.get(name))
        if isinstance(used, _USED):
            yield name, used


def names_in(code: CodeType) -> Iterator[str]:
    """The global names and attributes that a function mentions, also in those inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
