"""Functions that stand for others, and take some of their values by names of their own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any


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
