"""Operators of MXNet: ``forward(is_train, req, in_data, out_data, aux)`` and its ``backward``.

Arrays come in lists, and what is computed is put into others, ``self.assign(dst, req, src)``. What
is asked of MXNet by the names of numpy, numpy does. An operator that does not read ``out_grad`` has
the gradient of a loss that it computes nowhere: ``names(loss=…)`` says which, or a scan tries.
"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters import losses
from gradcheck.adapters.names import Names
from gradcheck.adapters.numpy_names import assumed, by_numpy
from gradcheck.adapters.sources import missing_names, nodes_of, tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import NUMBERS, is_target

PRIORITY = 27
#: What an operator is called that ends a network, with the gradient of its loss.
OUTPUT = "operator with the gradient of a loss"

_FORWARD = ("is_train", "req", "in_data", "out_data", "aux")
_BACKWARD = ("req", "out_grad", "in_data", "out_data", "in_grad", "aux")
#: What an operator is made with that no word tells.
_NUMBER = 2
_KEPT = inspect.Parameter("cache", inspect.Parameter.POSITIONAL_ONLY)


class _Array(np.ndarray[Any, Any]):
    """An array with the methods that those of MXNet have beside numpy's."""

    def asnumpy(self) -> Any:
        """A plain copy."""
        return np.array(self)

    def asscalar(self) -> Any:
        """Its only entry."""
        return self.item()

    def as_in_context(self, _: Any) -> Any:
        """Itself: there is one place alone."""
        return self

    as_nd_ndarray = as_np_ndarray = copyto = as_in_context
    context = ctx = property(lambda self: None)


class _Cell:
    """A place for an array of whatever shape it is given, also as ``cell[:] = …``."""

    def __init__(self) -> None:
        self.value: Any = None

    def put(self, value: Any) -> None:
        """Keep a copy."""
        self.value = np.array(value, dtype=np.float64)

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is not Ellipsis and key != slice(None):
            raise TypeError("it is written into parts")
        self.put(value)


def _assign(_: Any, destination: _Cell, req: str, source: Any) -> None:
    if req != "null":
        destination.put(source)


@dataclass(frozen=True)
class _Operator:
    """A class, and what the arrays are called that it takes."""

    cls: Any
    inputs: Sequence[str]
    outputs: int
    missing: Sequence[str]

    @classmethod
    def of(cls, operator: Any) -> _Operator | None:
        """What its methods say; None where they take other things."""
        methods = [inspect.getattr_static(operator, name, None) for name in ("forward", "backward")]
        if not all(map(inspect.isfunction, methods)):
            return None
        taken = [tuple(p.name for p in parameters_of(one, skip_first=True)) for one in methods]
        if taken != [_FORWARD, _BACKWARD]:
            return None
        trees = [tree_of(one) for one in methods]
        called = _called(trees, "in_data")
        outputs = max([*_called(trees, "out_data"), *_called(trees, "out_grad"), 0]) + 1
        every = [m for _, m in inspect.getmembers(operator, inspect.isfunction)]
        missing = dict.fromkeys(name for one in every for name in missing_names(one))
        inputs = [called.get(k, f"data{k}") for k in range(max([*called, 0]) + 1)]
        made = cls(operator, inputs, outputs, list(missing))
        if made.pulls or not made.label or is_target(made.label):
            return made
        renamed = ["label" if name == made.label else name for name in inputs]
        return cls(operator, renamed, outputs, list(missing))

    @functools.cached_property
    def label(self) -> str:
        """What backward alone reads, and is to be predicted; empty where that is not one."""
        known = _numbers(tree_of(self.cls.forward), "in_data")
        alone = [name for k, name in enumerate(self.inputs) if k not in known]
        return alone[0] if len(alone) == 1 else ""

    @functools.cached_property
    def pulls(self) -> bool:
        """Whether backward reads the gradient of an output."""
        nodes = nodes_of(self.cls.backward)
        return any(isinstance(node, ast.Name) and node.id == "out_grad" for node in nodes)

    def run(self, made: Any, given: Mapping[str, Any]) -> SimpleNamespace:
        """What forward computes."""
        taken = [_array(given[name]) for name in self.inputs]
        cells = [_Cell() for _ in range(self.outputs)]
        with by_numpy(self.missing, self.cls.forward.__globals__):
            made.forward(True, ["write"] * self.outputs, taken, cells, [])
        return SimpleNamespace(given=given, out=[cell.value for cell in cells])

    def gradients(self, made: Any, cotangents: Sequence[Any], run: SimpleNamespace) -> Any:
        """What backward computes, by ``d`` and the name."""
        cells = [_Cell() for _ in self.inputs]
        with by_numpy(self.missing, self.cls.forward.__globals__):
            made.backward(
                ["write"] * len(cells), list(map(_array, cotangents)),
                [_array(run.given[name]) for name in self.inputs], list(map(_array, run.out)),
                cells, [],
            )  # fmt: skip
        named = zip(self.inputs, cells, strict=True)
        return {f"d{name}": cell.value for name, cell in named if cell.value is not None}


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class whose methods take lists of arrays and put what they compute into others."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    operator = _Operator.of(cls)
    if operator is None:
        return None
    kind, only = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY
    given = _numbers_given(cls)
    loss = "" if operator.pulls or not operator.label else names.loss or next(iter(losses.LOSSES))
    cotangents = [f"dout{k}" for k in range(operator.outputs)] if operator.pulls else []
    return Style(
        convention="operator that assigns" if operator.pulls else OUTPUT,
        name=cls.__name__,
        forward=lambda made: _forward(operator, made, loss),
        backward=lambda made: _backward(operator, made),
        make=_maker(cls, given),
        returns_cache=True,
        source=inspect.getattr_static(cls, "backward"),
        takes=tuple(inspect.Parameter(name, kind) for name in operator.inputs),
        gets=(*(inspect.Parameter(name, only) for name in cotangents), _KEPT),
        skips=True,
        whole=True,
        assumes=(
            *assumed(operator.missing),
            *(f"it is made with {name} = {number}" for name, number in given.items()),
        ),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _numbers_given(cls: Any) -> dict[str, float]:
    """The numbers that an operator is made with: its parameters are among its arrays."""
    needed = [p.name for p in parameters_of(cls) if is_required(p)]
    return {name: NUMBERS.get(name.lower(), _NUMBER) for name in needed}


def _maker(cls: Any, given: Mapping[str, float]) -> Callable[[], Any]:
    """What makes an operator, with a method that assigns where its own base is missing."""

    def make() -> Any:
        made = cls(**given)
        if not hasattr(made, "assign"):
            made.assign = functools.partial(_assign, made)
        return made

    return make


def _called(trees: Sequence[ast.AST], holder: str) -> dict[int, str]:
    """What the arrays of a list are called, by number: ``x = in_data[0].asnumpy()`` is x."""
    found: dict[int, str] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Assign(targets=[ast.Name(id=text)], value=value):
                numbers = _numbers(value, holder)
                whole = numbers and ast.unparse(value).startswith(f"{holder}[{numbers[0]}]")
                if whole and len(numbers) == 1 and text not in found.values():
                    found.setdefault(numbers[0], text)
    for number in (number for tree in trees for number in _numbers(tree, holder)):
        found.setdefault(number, f"data{number}")
    return found


def _numbers(tree: ast.AST, holder: str) -> list[int]:
    """The numbers of the arrays of a list in an expression."""
    found: list[int] = []
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ast.Name(id=name), ast.Constant(value=int() as number)):
                found += [number] if name == holder else []
    return found


def _forward(operator: _Operator, made: Any, loss: str) -> Callable[..., Any]:
    @functools.wraps(operator.cls.forward)
    def forward(**given: Any) -> tuple[Any, ...]:
        run = operator.run(made, given)
        if loss:  # of what comes out, which is given no cotangent
            return losses.value(loss, run.out[0], given[operator.label]), run
        return (*(_plain(value) for value in run.out), run)

    return forward


def _backward(operator: _Operator, made: Any) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> Any:
        *above, run = cotangents
        return operator.gradients(made, above, run)

    return backward


def _array(value: Any) -> Any:
    return np.array(value).view(_Array)


def _plain(value: Any) -> Any:
    return value.copy() if np.ndim(value) else value[()]
