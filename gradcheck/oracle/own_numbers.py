"""A function that is jittered, with the numbers of its own and the arrays that it makes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.oracle.captured import OutOfReach, through
from gradcheck.oracle.constants import Constant, ConstantsAlone, made_of_constants
from gradcheck.oracle.makers import Makers
from gradcheck.oracle.rounding import Jittered, jittered, result
from gradcheck.oracle.scatter import Scatter, inexact, jitter

#: For functions that are not made anew, with literals and without, whether they have numbers that
#: are out of reach. It is found out once: what they hold may be a large graph of objects.
_unmade: dict[bool, weakref.WeakKeyDictionary[Callable[..., Any], bool]] = {
    False: weakref.WeakKeyDictionary(), True: weakref.WeakKeyDictionary()
}  # fmt: skip


def with_numbers(function: Callable[..., Any], wrap: Callable[[Any], Any]) -> Callable[..., Any]:
    """A function that is jittered by ``wrap``, with jitter of the numbers of its own as well.

    And of those that it puts into arrays that it makes. Where they are out of reach, or it does
    not work with them, the run says that some are ``unseen``.
    """
    run: Scatter
    literals: Callable[[Any], Any] | None
    if isinstance(wrap, ConstantsAlone):
        number, run, literals = wrap.number, wrap.run, wrap.number
        computed = functools.partial(made_of_constants, run=run)
        makers = Makers(Constant, number, blanks=False, computed=computed)
    elif isinstance(wrap, functools.partial) and wrap.func is jittered:
        run = wrap.keywords["rng"]
        number = functools.partial(_of_its_own, rng=run)
        constant = functools.partial(_constant, rng=run)
        literals = number if run.literals else constant if run.constants else None
        computed = functools.partial(result, rng=run)
        makers = Makers(Jittered, wrap, constant=constant, computed=computed)
    else:
        return function
    copy = _with_all(function, number, literals, makers)
    if copy is None:
        run.unseen = True
        copy = _with_makers(function, makers)
    if copy is function:
        return function

    def either(*args: Any, **kwargs: Any) -> Any:
        try:
            return copy(*args, **kwargs)
        except Exception:
            run.unseen = True
            return function(*args, **kwargs)

    return either


def _constant(value: Any, rng: Scatter) -> Any:
    """A number of Python or numpy that a function has of its own, off where it is rounded."""
    if not rng.constants:
        return value
    array = np.asarray(value)
    rounded = inexact(array)
    if not rounded.any():
        return value
    moved = np.where(rounded, jitter(array, rng), array)
    return moved if moved.ndim else moved[()]


def _of_its_own(value: Any, rng: Scatter) -> Any:
    return jittered(_constant(value, rng), rng)


def _with_all(
    function: Callable[..., Any],
    number: Callable[[Any], Any],
    literals: Callable[[Any], Any] | None,
    makers: Makers,
) -> Callable[..., Any] | None:
    """A function with all that is its own jittered; None where some of it is out of reach."""
    known = _unmade[literals is not None]
    remembered = isinstance(function, FunctionType)
    if remembered and function in known:
        return None if known[function] else function
    copy: Callable[..., Any] | None
    try:
        copy = through(function, number, literals=literals, makers=makers)
    except OutOfReach:
        copy = None
    if remembered and (copy is None or copy is function):
        known[function] = copy is None
    return copy


def _with_makers(function: Callable[..., Any], makers: Makers) -> Callable[..., Any]:
    """A function whose own numbers are out of reach, as far as the arrays go that it makes."""
    try:
        return through(function, None, makers=makers)
    except OutOfReach:
        return function
