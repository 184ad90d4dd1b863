"""The operators of a tape: ``Value.__mul__`` keeps a function that adds to ``self.grad``.

Each operator or method that defines such a function is a layer of its own: its operands are made of
arrays, or of numbers, and what comes out is given the cotangent as its gradient. Then ``_backward``
is called, or ``backward(g)``, or ``backward()`` where one number comes out.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of

PRIORITY = 35
CONVENTION = "operator of a tape"

_DATA = ("data", "value", "val", "v", "t", "_data", "array", "x")
_GRADIENT = ("grad", "gradient", "g", "_grad", "d", "adjoint")
_STEP = ("_backward", "_backward_fn", "grad_fn", "backward_fn")
_OPERATORS = {"__add__", "__mul__", "__matmul__", "__sub__", "__truediv__", "__pow__"}
#: What a variable is told of what it was made of, by the name of an operation.
_PARENTS = {"creators", "parents", "children", "_children", "inputs", "depends_on"}
_OPERATION = {"creation_op", "op", "_op", "operation"}
#: By what a variable is told that it has a gradient.
_WITH_GRADIENT = ("requires_grad", "autograd")
#: An exponent that is no operand.
_POWER = 3
_FIRST = "a"


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class of variables, and one of its methods that keeps how to go back."""
    if len(what) != 2 or not inspect.isclass(what[0]) or not inspect.isfunction(what[1]):
        return None
    cls, method = what
    if vars(cls).get(method.__name__) is not method or not _is_tape(cls):
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    others = [p for p in parameters_of(method, skip_first=True) if is_required(p)]
    name = next(text for text in (_FIRST, "first") if text not in {p.name for p in others})
    first = inspect.Parameter(name, kind)
    return Style(
        convention=CONVENTION,
        name=f"{cls.__name__}_{method.__name__.strip('_')}",
        forward=lambda held: _forward(held, cls, method),
        backward=lambda held: _backward(held, cls),
        make=lambda: SimpleNamespace(operands=[], empty=[], result=None, method=method),
        source=method,
        takes=(first, *(p.replace(kind=kind) for p in others)),
        gets=(inspect.Parameter("dy", kind),),
        fixed={p.name: _POWER for p in others} if method.__name__ == "__pow__" else {},
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such method of every such class."""
    for cls in namespace.values():
        if not inspect.isclass(cls) or not _is_tape(cls):
            continue
        for method in vars(cls).values():
            if inspect.isfunction(method) and _keeps_a_function(cls, method):
                yield cls, method


def _is_tape(cls: type) -> bool:
    """Whether instances are made of a value, have operators, and go back without being told."""
    back = inspect.getattr_static(cls, "backward", None)
    if not inspect.isfunction(back) or not _OPERATORS & set(vars(cls)):
        return False
    made = [p for p in parameters_of(cls) if is_required(p)]
    needed = [p for p in parameters_of(back, skip_first=True) if is_required(p)]
    return len(made) == 1 and not needed


def _keeps_a_function(cls: type, method: Any) -> bool:
    code = method.__code__
    needed = [p for p in parameters_of(method, skip_first=True) if is_required(p)]
    inner = any(isinstance(one, CodeType) and one.co_name != "<genexpr>" for one in code.co_consts)
    makes = _makes(cls, code) or any(
        _makes(cls, one.__code__)
        for name, one in vars(cls).items()
        if name in code.co_names and inspect.isfunction(one)
    )
    own = method.__name__ in _OPERATORS or not method.__name__.startswith("_")
    return (
        (inner or _names_its_operation(cls, method))
        and makes
        and own
        and len(needed) <= 1
        and method.__name__ != "backward"
    )


def _names_its_operation(cls: type, method: Any) -> bool:
    """Whether what comes out is told of what it was made, and by what: ``creation_op="mul"``."""
    calls = [node for node in nodes_of(method) if isinstance(node, ast.Call)]
    made = [one for one in calls if ast.unparse(one.func) == cls.__name__]
    told = [{key.arg: key.value for key in one.keywords} for one in made]
    return any(_PARENTS & set(one) and _OPERATION & set(one) for one in told)


def _makes(cls: type, code: CodeType) -> bool:
    return cls.__name__ in code.co_names or "__class__" in code.co_names


def _forward(held: Any, cls: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*values: Any) -> Any:
        fixed = method.__name__ == "__pow__"
        held.operands = [v if fixed and k else _made(cls, v) for k, v in enumerate(values)]
        held.empty = [
            (one, copy.deepcopy(getattr(one, _named(one, _GRADIENT))))
            for one in held.operands
            if isinstance(one, cls)
        ]
        held.method, held.result = method, method(*held.operands)
        return _plain(held.result)

    return forward


def _made(cls: Any, value: Any) -> Any:
    wanted = {p.name: True for p in parameters_of(cls) if p.name in _WITH_GRADIENT}
    return cls(value, **wanted)


def _backward(held: Any, cls: Any) -> Callable[..., Any]:
    def backward(cotangent: Any) -> Any:
        result = held.result
        for operand, gradient in held.empty:
            setattr(operand, _named(operand, _GRADIENT), copy.deepcopy(gradient))
        step = next((one for n in _STEP if callable(one := getattr(result, n, None))), None)
        takes = parameters_of(result.backward)
        if takes and _names_its_operation(cls, held.method):
            # Anew: it counts how often it was gone through.
            _forward(held, cls, held.method)(*map(_plain, held.operands))
            held.result.backward(cls(cotangent))
        elif takes:
            result.backward(cotangent)
        elif step is not None and not any(map(is_required, parameters_of(step))):
            setattr(result, _named(result, _GRADIENT), cotangent)
            step()
            once = copy.deepcopy(_gradients(held, cls))
            # What is used twice gets two gradients: the second is added to the first, exactly.
            step()
            return tuple(two - one for two, one in zip(_gradients(held, cls), once, strict=True))
        elif np.size(cotangent) == 1:
            result.backward()
            found = _gradients(held, cls)
            return tuple(None if one is None else one * cotangent for one in found)
        else:
            raise TypeError(f"{cls.__name__}: nothing is known that starts from a cotangent")
        return tuple(_gradients(held, cls))

    return backward


def _gradients(held: Any, cls: Any) -> list[Any]:
    operands = [one for one in held.operands if isinstance(one, cls)]
    return [_plain(getattr(one, _named(one, _GRADIENT))) for one in operands]


def _named(one: Any, names: tuple[str, ...]) -> str:
    """The attribute of an object that has one of some names; raises ``AttributeError``."""
    found = next((name for name in names if hasattr(one, name)), None)
    if found is None:
        raise AttributeError(f"{type(one).__name__} has none of {', '.join(names)}")
    return found


def _plain(value: Any) -> Any:
    """A number or an array, as it is or as what a variable holds."""
    if value is not None and not isinstance(value, float | int | np.ndarray | np.generic):
        value = getattr(value, _named(value, _DATA))
    return float(value) if isinstance(value, int) else value  # 0 where a branch says so
