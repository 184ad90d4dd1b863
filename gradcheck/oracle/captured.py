"""Numbers that a function uses without being given them: of its code, closed over, global, held.

What it computes from these alone is rounded where no jitter of its inputs can show it. Those that
are written in its code, closed over or global can be given to it another way, see ``through``.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradcheck.oracle.makers import NAMES as MAKING
from gradcheck.oracle.makers import Makers, is_of_math, vectorizes

#: Objects that hold objects are followed so far, and so many parts of each.
_DEPTH = 4
_PARTS = 64
#: What stores a name that is global or closed over.
_STORES = {"STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF"}

#: What may be global and hold numbers; modules and classes are not looked into.
_USED = (
    np.ndarray, np.generic, FunctionType, functools.partial, np.vectorize, tuple, list, dict,
)  # fmt: skip

#: What holds no numbers, or is not looked into.
_NOT_LOOKED_INTO = (ModuleType, BuiltinFunctionType, np.ufunc, str, bytes, int, float, type(None))

Wrap = Callable[[Any], Any]
#: How a value was looked into: for what, and how deep.
_How = tuple[object, ...]
#: What was found out of values, by which they are and how they were looked into; the values are
#: kept, so that no other gets the identity of one.
_Known = dict[tuple[int, _How], tuple[Any, bool]]
#: What was found out of functions, by how they were looked into. It is once and for all, as what
#: they hold may be a large graph of objects, and they are asked at every run.
_found_out: weakref.WeakKeyDictionary[FunctionType, dict[_How, bool]] = weakref.WeakKeyDictionary()


def uses_numbers_of_its_own(
    function: Callable[..., Any], *, everywhere: bool = False, literals: bool = False
) -> bool:
    """Whether arrays of floating-point numbers are in its reach, or numbers that it closes over.

    ``everywhere``: or single ones that are global, as most constants are whose rounding is none;
    ``literals``: or some that are written in its code.
    """
    return _holds(function, _DEPTH, {}, everywhere, literals=literals)


class OutOfReach(Exception):
    """Numbers are held by what cannot be made anew, or what keeps something between calls."""


def through(
    function: Callable[..., Any],
    wrap: Wrap | None,
    *,
    literals: Wrap | None = None,
    makers: Makers | None = None,
) -> Callable[..., Any]:
    """The same function with its own numbers passed through ``wrap``.

    ``literals`` is what those that are written in its code go through; ``makers`` make its arrays
    then, where they are given. Raises ``OutOfReach`` where an object holds some of the numbers, or
    where it puts something into the names that it closes over.
    """
    found: Callable[..., Any] = _Anew(wrap, literals, makers).of(function, _DEPTH)
    return found


class _Anew:
    """Makes functions anew: their numbers through ``wrap``, and their arrays by ``makers``."""

    def __init__(self, wrap: Wrap | None, literals: Wrap | None, makers: Makers | None) -> None:
        self._wrap, self._literals, self._makers = wrap, literals, makers
        self._made: dict[int, Any] = {}
        self._known: _Known = {}

    def _holds(self, value: Any, depth: int) -> bool:
        literals = self._literals is not None
        return self._wrap is not None and _holds(value, depth, self._known, literals=literals)

    def _makes(self, value: Any, depth: int) -> bool:
        return self._makers is not None and _makes(value, depth, self._known)

    def of(self, value: Any, depth: int) -> Any:
        """``value`` with the numbers in it wrapped; itself where there are none."""
        if id(value) in self._made:
            return self._made[id(value)]
        if self._makers is not None and is_of_math(value):
            return self._makers.instead_of(value)
        holds = self._holds(value, depth)
        if not holds and not self._makes(value, depth):
            return value
        if isinstance(value, np.ndarray | np.generic):
            return value if self._wrap is None else self._wrap(value)
        depth -= 1
        if type(value) in (tuple, list):
            return type(value)(self.of(part, depth) for part in value)
        if type(value) is dict:
            return {n: self.of(part, depth) for n, part in value.items()}
        if type(value) is functools.partial:
            func, *args = (self.of(part, depth) for part in (value.func, *value.args))
            return functools.partial(
                func, *args, **{n: self.of(v, depth) for n, v in value.keywords.items()}
            )
        if self._makers is not None and vectorizes(value):
            return self._makers.each_of(self.of(value.pyfunc, depth), value)
        if inspect.ismethod(value) and not holds:
            return MethodType(self.of(value.__func__, depth), value.__self__)
        if not isinstance(value, FunctionType) or _stores(value.__code__):
            raise OutOfReach
        cells = tuple(self._cell(cell, depth) for cell in value.__closure__ or ())
        names = dict(value.__globals__)
        defaults = tuple(self.of(_number(v), depth) for v in value.__defaults__ or ())
        code = self._code(value.__code__)
        copy = FunctionType(code, names, value.__name__, defaults, cells)
        copy.__kwdefaults__ = {
            n: self.of(_number(v), depth) for n, v in (value.__kwdefaults__ or {}).items()
        }
        copy.__dict__.update(value.__dict__)
        self._made[id(value)] = copy
        for name, used in _used(value):
            names[name] = self.of(used, depth)
        if self._makers is not None:
            for name in names_in(value.__code__):
                if name in names:
                    names[name] = self._makers.instead_of(names[name])
        return copy

    def _cell(self, cell: CellType, depth: int) -> CellType:
        """A cell with the number in it wrapped; the same where there is none: it may be shared."""
        content = _content(cell)
        found = self.of(content, depth)
        return cell if found is content else CellType(found)

    def _code(self, code: CodeType) -> CodeType:
        """The code with its numbers wrapped, and those of the functions inside it."""
        if self._literals is None or not _has_literals(code):
            return code
        return code.replace(co_consts=tuple(map(self._constant, code.co_consts)))

    def _constant(self, constant: Any) -> Any:
        if isinstance(constant, CodeType):
            return self._code(constant)
        if type(constant) is tuple:
            return tuple(map(self._constant, constant))
        if type(constant) is not float or self._literals is None:
            return constant
        return self._literals(np.float64(constant))


@functools.lru_cache(maxsize=256)
def _stores(code: CodeType) -> bool:
    """Whether a function, or one inside it, changes a name of its surroundings."""
    outer = {*code.co_freevars, *code.co_names}
    if any(i.opname in _STORES and i.argval in outer for i in dis.get_instructions(code)):
        return True
    return any(_stores(constant) for constant in code.co_consts if isinstance(constant, CodeType))


def _holds(
    value: Any, depth: int, known: _Known, everywhere: bool = True, *, literals: bool = False
) -> bool:
    """Whether numbers are in reach; single ones that are global only where ``everywhere``."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind == "f"
    if literals and isinstance(value, FunctionType) and _has_literals(value.__code__):
        return True
    if depth == 0 or isinstance(value, _NOT_LOOKED_INTO):
        return False

    def find() -> bool:
        parts = itertools.islice(_parts(value, everywhere), _PARTS)
        return any(_holds(part, depth - 1, known, everywhere, literals=literals) for part in parts)

    return _once(value, ("holds", depth, everywhere, literals), known, find)


def _once(value: Any, how: _How, known: _Known, find: Callable[[], bool]) -> bool:
    """What ``find`` finds out of a value: of a function for good, of another thing for this time.

    As the latter may change.
    """
    if isinstance(value, FunctionType):
        found = _found_out.setdefault(value, {})
        if how not in found:
            found[how] = find()
        return found[how]
    key = (id(value), how)
    if key not in known:
        known[key] = (value, find())
    return known[key][1]


def _makes(value: Any, depth: int, known: _Known) -> bool:
    """Whether a function makes arrays anew, or one that it uses."""
    if is_of_math(value):
        return True
    if depth == 0 or not callable(value):
        return False
    find = functools.partial(_makes_anew, value, depth, known)
    return _once(value, ("makes", depth), known, find)


def _makes_anew(value: Any, depth: int, known: _Known) -> bool:
    if isinstance(value, functools.partial):
        return _makes(value.func, depth, known)
    if vectorizes(value):
        return True
    if inspect.ismethod(value):
        return _makes(value.__func__, depth, known)
    if not isinstance(value, FunctionType):
        return False
    if not MAKING.isdisjoint(names_in(value.__code__)):
        return True
    used = [value.__globals__.get(name) for name in names_in(value.__code__)]
    inside = [_content(cell) for cell in value.__closure__ or ()]
    return any(_makes(part, depth - 1, known) for part in (*used, *inside))


@functools.lru_cache(maxsize=256)
def _has_literals(code: CodeType) -> bool:
    """Whether floating-point numbers are written in some code, or in that inside it."""
    return any(
        _has_literals(constant) if isinstance(constant, CodeType) else _is_literal(constant)
        for constant in code.co_consts
    )


def _is_literal(constant: Any) -> bool:
    if type(constant) is tuple:
        return any(map(_is_literal, constant))
    return type(constant) is float


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


@functools.lru_cache(maxsize=256)
def names_in(code: CodeType) -> tuple[str, ...]:
    """The global names and attributes that a function mentions, also in those inside it."""
    inside = (names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return (*code.co_names, *itertools.chain.from_iterable(inside))
