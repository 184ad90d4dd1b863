"""Functions that stand for others, and take some of their values by names of their own."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

#: The attribute of a function that says which variables it is given.
OUTER = "outer_parameters"
#: That which says in which variables of the module these lie.
VARIABLES = "outer_variables"
#: That which says of which axes they are.
FORMS = "outer_forms"


def extended(function: Any, names: Iterable[str], without: str = "") -> inspect.Signature:
    """The signature of a function with more names, and without one of its parameters."""
    signature = inspect.signature(function)
    taken = [p for p in signature.parameters.values() if p.name != without]
    rest = [p for p in taken if p.kind is p.VAR_KEYWORD]
    more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in names]
    return signature.replace(parameters=[*(p for p in taken if p not in rest), *more, *rest])


def standing_for(
    function: Any, given: Callable[..., Any], signature: inspect.Signature
) -> FunctionType:
    """``given`` in the place of a function, with that signature.

    With the globals of the function, which is what its source is read in.
    """
    made: Any = given
    stands = FunctionType(
        made.__code__, function.__globals__, function.__name__, None, made.__closure__
    )
    functools.update_wrapper(stands, function)
    stands.__signature__ = signature  # type: ignore[attr-defined]
    return stands


def outer_parameters(functions: Iterable[Any]) -> list[str]:
    """The variables of their module that functions are given as arguments."""
    return list(dict.fromkeys(name for one in functions for name in getattr(one, OUTER, ())))


def outer_variables(function: Any) -> frozenset[str]:
    """The variables of its module that a function is given, or that hold what it is given."""
    found: frozenset[str] = getattr(function, VARIABLES, frozenset())
    return found


def outer_forms(function: Any) -> Mapping[str, tuple[bool, ...]]:
    """The axes of the variables that a function is given: whether each has a size, or is one."""
    found: Mapping[str, tuple[bool, ...]] = getattr(function, FORMS, {})
    return found


@contextlib.contextmanager
def computing(function: FunctionType, code: CodeType) -> Iterator[None]:
    """Inside of it a function computes with other code, whoever calls it."""
    own = function.__code__
    try:
        function.__code__ = code
        yield
    finally:
        function.__code__ = own
