"""Gradients that arrays bear: ``inp.g = (inp > 0) * out.g``, as in fast.ai's course.

What comes out is given the cotangent as its ``g``; then ``backward()`` is called, which gives every
array that went in, and every parameter, a ``g`` of its own. A loss starts from nothing: its
gradients are multiplied with the cotangent.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.adapters.boundary import array_modules
from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import nodes_of, tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of

PRIORITY = 28

_GRADIENT = "g"
#: Where an object keeps what one call was given and gave.
_RUN = "_gradcheck_run"
_MADE_OF = "_gradcheck_made_of"


class Bearing(np.ndarray[Any, Any]):
    """An array that may bear a gradient."""


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class whose ``backward()`` takes nothing and gives arrays their ``g``."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    call = next((n for n in ("__call__", "forward") if _is_method(cls, n)), "")
    forward = next((n for n in ("forward", "__call__") if _is_method(cls, n)), "")
    if not call or not _is_method(cls, "backward"):
        return None
    backward = cls.backward
    of_parts = _has_parts(cls)
    if any(map(is_required, parameters_of(backward, skip_first=True))) or not (
        of_parts or _gives_gradients(cls)
    ):
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    style = Style(
        convention="class, gradients on arrays",
        name=cls.__name__,
        forward=lambda made: _forward(made, call),
        backward=lambda made: _backward(made, starts=not _uses(cls, ast.Load)),
        make=_telling(cls) if of_parts else cls,
        source=backward,
        takes=tuple(
            p.replace(kind=kind) for p in parameters_of(getattr(cls, forward), skip_first=True)
        ),
        gets=(inspect.Parameter("dy", kind),),
    )
    if array_modules(style):
        return style  # a tensor of torch bears what it is given
    wraps = _variable_of(backward)
    inward = _bearing if wraps is None else lambda value: _wrapped(value, wraps)
    return Style(**{**vars(style), "inward": inward, "outward": _plain})


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _is_method(cls: type, name: str) -> bool:
    return inspect.isfunction(inspect.getattr_static(cls, name, None))


def _gives_gradients(cls: type) -> bool:
    """Whether a method, own or inherited, gives something other than the object a ``g``."""
    return _uses(cls, ast.Store)


@functools.lru_cache(maxsize=256)
def _uses(cls: type, how: type[ast.expr_context]) -> bool:
    """Whether a method stores, or loads, the ``g`` of something other than the object."""
    methods = [one for _, one in inspect.getmembers(cls, inspect.isfunction)]
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == _GRADIENT
        and isinstance(node.ctx, how)
        and ast.unparse(node.value) != "self"
        for method in methods
        for node in nodes_of(method)
    )


def _has_parts(cls: type) -> bool:
    """Whether a class is made of others that give gradients, and gives none by itself."""
    made = vars(cls).get("__init__")
    if not isinstance(made, FunctionType) or _gives_gradients(cls):
        return False
    known = [made.__globals__.get(name) for name in made.__code__.co_names]
    return any(inspect.isclass(one) and _gives_gradients(one) for one in known)


def _variable_of(function: Any) -> Any:
    """The class of a file that wraps an array and has a ``g`` beside it; None where there is none.

    A class that is made of arrays as they are needs no other.
    """
    for one in function.__globals__.values():
        if not inspect.isclass(one) or issubclass(one, np.ndarray):
            continue
        made = vars(one).get("__init__")
        needed = [p for p in parameters_of(one) if is_required(p)] if made is not None else []
        stored = [
            node.attr
            for node in ast.walk(tree_of(made) if made is not None else ast.Pass())
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        ]
        if len(needed) == 1 and _GRADIENT in stored and len(stored) > 1:
            return one
    return None


def _wrapped(value: Any, cls: Any) -> Any:
    return cls(value) if isinstance(value, np.ndarray | np.floating) else value


def _telling(cls: Any) -> Any:
    """The class with a constructor that keeps what it was given, for what it passes on."""

    @functools.wraps(cls.__init__)
    def made(self: Any, *values: Any, **named: Any) -> None:
        cls.__init__(self, *values, **named)
        bound = inspect.signature(cls).bind(*values, **named).arguments
        vars(self)[_MADE_OF] = SimpleNamespace(given=bound)

    return type(cls.__name__, (cls,), {"__init__": made, "__module__": cls.__module__})


def _forward(made: Any, call: str) -> Callable[..., Any]:
    function = getattr(made, call)

    @functools.wraps(function)
    def forward(*arrays: Any) -> Any:
        names = [p.name for p in parameters_of(function)]
        if len(names) < len(arrays):  # ``__call__(self, *args)``
            names = [p.name for p in parameters_of(made.forward)]
        out = function(*arrays)
        vars(made)[_RUN] = SimpleNamespace(given=dict(zip(names, arrays, strict=False)), out=out)
        return out

    return forward


def _backward(made: Any, *, starts: bool) -> Callable[..., Any]:
    def backward(cotangent: Any) -> dict[str, Any]:
        run = vars(made)[_RUN]
        is_loss = starts and np.ndim(_plain(run.out)) == 0
        cotangent = _plain(cotangent)
        with contextlib.suppress(AttributeError):  # a number of numpy, which bears nothing
            setattr(run.out, _GRADIENT, cotangent)
        made.backward()
        held = run.given | getattr(vars(made).get(_MADE_OF), "given", {})
        found = {name: getattr(one, _GRADIENT, None) for name, one in held.items()}
        # A parameter that the object itself holds is looked for there.
        factor = np.asarray(cotangent).reshape(())[()] if is_loss else 1.0
        return {f"d{name}": one * factor for name, one in found.items() if one is not None}

    return backward


def _bearing(value: Any) -> Any:
    return value.view(Bearing) if isinstance(value, np.ndarray) else value


def _plain(value: Any) -> Any:
    if hasattr(value, _GRADIENT) and not isinstance(value, np.ndarray):
        held = [one for name, one in vars(value).items() if name != _GRADIENT]
        value = next((one for one in held if isinstance(one, np.ndarray | np.generic)), value)
    if not isinstance(value, np.ndarray):
        return value
    plain: NDArray[Any] = np.asarray(value)
    return plain if plain.ndim else plain[()]
