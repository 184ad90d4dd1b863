"""Frameworks that are not installed: what is asked of them by the names of numpy, numpy does.

``tf.exp`` and ``mx.nd.exp`` are ``np.exp``, ``tf.reduce_sum`` is ``np.sum``. What numpy does not
have is said where it is asked for.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.adapters.by_name import standing_for

#: What is said of what numpy does not have.
LACKING = "is not installed, and numpy has no"
#: The attribute of a function that says for which modules numpy stands.
_MODULES = "by_numpy"
#: The parts of a framework that hold functions.
_PARTS = ("nd", "np", "numpy", "math", "nn", "ndarray", "keras", "backend", "ops", "linalg")


def _cast(value: Any, dtype: Any) -> Any:
    return np.asarray(value).astype(dtype)


def _transposed(value: Any, perm: Sequence[int] | None = None, **named: Any) -> Any:
    return np.transpose(value, named.get("axes", perm))


def _array(value: Any, *_: Any, dtype: Any = None, **__: Any) -> Any:
    """Of a framework's own dtype, which is not that of what is checked, there is none."""
    return np.asarray(value) if dtype is None else np.asarray(value).astype(dtype)


#: What numpy has under another name.
_OTHERWISE: Mapping[str, Any] = {
    "reduce_sum": np.sum, "reduce_mean": np.mean, "reduce_max": np.max, "reduce_min": np.min,
    "reduce_prod": np.prod, "pow": np.power, "concat": np.concatenate, "range": np.arange,
    "clip_by_value": np.clip, "identity": np.asarray, "stop_gradient": np.asarray,
    "constant": _array, "convert_to_tensor": _array, "array": _array, "cast": _cast,
    "transpose": _transposed, "truediv": np.true_divide, "negative": np.negative,
    "logical_not": np.logical_not, "elemwise_mul": np.multiply, "elemwise_add": np.add,
}  # fmt: skip


class NumpyNames:
    """Stands for a module of a framework, or for a part of it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __getattr__(self, name: str) -> Any:
        text = f"{self._text}.{name}"
        if name in _PARTS:
            return NumpyNames(text)
        found = _OTHERWISE.get(name, getattr(np, name, None))
        if found is None or name.startswith("_"):
            root = self._text.partition(".")[0]
            raise AttributeError(f"{text}: {root} {LACKING} {name}")
        return found


@contextlib.contextmanager
def by_numpy(names: Sequence[str], space: dict[str, Any]) -> Iterator[None]:
    """Inside of it, numpy stands for the modules of some names that are missing."""
    put = [name for name in names if name not in space]
    space.update({name: NumpyNames(name) for name in put})
    try:
        yield
    finally:
        for name in put:
            del space[name]


def with_pullback(function: Any, names: Sequence[str]) -> FunctionType:
    """A function that returns its backward function last, with numpy for some modules in both."""
    space = function.__globals__
    inside = by_numpy

    def by_names(*values: Any, **named: Any) -> Any:
        with inside(names, space):
            *outputs, pull = function(*values, **named)

        def pulled(*cotangents: Any) -> Any:
            with inside(names, space):
                return pull(*cotangents)

        return (*outputs, pulled)

    stands = standing_for(function, by_names, inspect.signature(function))
    setattr(stands, _MODULES, tuple(names))
    return stands


def assumed(names: Iterable[str]) -> tuple[str, ...]:
    """What is assumed where numpy stands for some modules."""
    said = ", ".join(names)
    return (f"numpy does what {said} is asked for, which is not installed",) if said else ()


def stood_for(function: Any) -> tuple[str, ...]:
    """The modules for which numpy stands in a function."""
    found: tuple[str, ...] = getattr(function, _MODULES, ())
    return found
