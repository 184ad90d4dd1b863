"""The rounding of what is computed from constants alone, as ``1 - σ(36.0)`` in a function.

No step shows it and no jitter of the inputs. Here the numbers of the code carry jitter, and what
is computed from these alone; where an input comes in, all is as usual.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.oracle.scatter import Scatter, jitter, plain_of


class Constant(np.ndarray):
    """A number of the code: what is made of such alone is off by its last bit in one run."""

    _run: Scatter | None = None

    def __array_finalize__(self, parent: Any) -> None:
        self._run = getattr(parent, "_run", None)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain, options = plain_of(inputs, Constant), plain_of(kwargs, Constant)
        result = getattr(ufunc, method)(*plain, **options)
        return result if _varies((inputs, kwargs)) else self._made(ufunc.__name__, result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        result = func(*plain_of(args, Constant), **plain_of(kwargs, Constant))
        if _varies((args, kwargs)):
            return result
        return self._made(getattr(func, "__name__", ""), result)

    def _made(self, name: str, result: Any) -> Any:
        array = np.asarray(result)
        if self._run is None or array.dtype.kind != "f":
            return result
        self._run.met.add(name)
        return made_of_constants(array, self._run)


def constant(value: Any, run: Scatter) -> Constant:
    """A number, or an array of some, that is no input."""
    made = np.asarray(value).view(Constant)
    made._run = run
    return made


def made_of_constants(value: Any, run: Scatter) -> Constant:
    """What was computed from numbers that are no inputs, off by its last bit."""
    return constant(jitter(np.asarray(value), run), run)


class ConstantsAlone:
    """Leaves inputs as they are: what it jitters are the numbers of functions, see ``number``."""

    def __init__(self, run: Scatter) -> None:
        self.run = run

    def __call__(self, value: Any) -> Any:
        return value

    def number(self, value: Any) -> Constant:
        """A number that a function uses without being given it."""
        return constant(value, self.run)


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for part in value:
            yield from _each(part)
    elif isinstance(value, dict):
        yield from _each(list(value.values()))
    else:
        yield value


def _varies(value: Any) -> bool:
    """Whether something among the arguments of an operation may be made of inputs."""
    return any(
        isinstance(part, np.ndarray | np.generic) and not isinstance(part, Constant)
        for part in _each(value)
    )
