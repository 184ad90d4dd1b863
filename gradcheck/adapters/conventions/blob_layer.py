"""Layers of Caffe: ``forward(bottom, top)``, ``backward(top, propagate_down, bottom)``.

What goes in and comes out lies in blobs, arrays with ``data`` and ``diff``. A layer is made, set up
and given its shape for each call; the blobs that it has of its own are parameters. A loss that does
not read the ``diff`` of its top is multiplied with the cotangent. What it reads out of its
``param_str`` are arguments with defaults.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style, parameters_of

PRIORITY = 26

_FORWARD, _BACKWARD = ("bottom", "top"), ("top", "propagate_down", "bottom")
_KEPT = inspect.Parameter("cache", inspect.Parameter.POSITIONAL_ONLY)
#: The settings of a layer as text, and what one is where a layer has no default: a factor that is
#: neither 0 nor 1, a size as it usually is, or a number of something.
_SETTINGS, _FACTOR, _COUNT = "param_str", 0.7, 2
_COUNTED = (
    "size", "stride", "pad", "num", "kernel", "group", "dim", "top", "channel", "axis", "batch",
    "class",
)  # fmt: skip


class Blob:
    """An array and its gradient."""

    def __init__(self, *shape: int) -> None:
        self.data = np.zeros(shape)
        self._diff: Any = None

    @property
    def diff(self) -> Any:
        """The gradient, zeros until it is written into."""
        if self._diff is None or self._diff.shape != self.data.shape:
            self._diff = np.zeros(self.data.shape)
        return self._diff

    def empty(self) -> None:
        """Forget the gradient, as a solver does before each step."""
        self._diff = None

    @property
    def written(self) -> Any:
        """The gradient; None where nobody asked for it."""
        return self._diff

    def reshape(self, *shape: Any) -> None:
        """Give it another shape."""
        sizes = shape[0] if len(shape) == 1 and np.ndim(shape[0]) else shape
        if tuple(sizes) != self.data.shape:
            self.data = np.zeros(tuple(int(size) for size in sizes))

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of its axes."""
        return self.data.shape

    @property
    def count(self) -> int:
        """The number of its entries."""
        return self.data.size

    def _axis(self, number: int) -> int:
        return self.data.shape[number] if number < self.data.ndim else 1

    num = property(lambda self: self._axis(0))
    channels = property(lambda self: self._axis(1))
    height = property(lambda self: self._axis(2))
    width = property(lambda self: self._axis(3))


class _Blobs(list[Blob]):
    """The blobs that a layer has of its own."""

    def add_blob(self, *shape: int) -> None:
        """One more."""
        self.append(Blob(*shape))


@dataclass(frozen=True)
class _Layer:
    """A class, what its bottoms and its own blobs are called, and how many tops it has."""

    cls: Any
    bottoms: Sequence[str]
    blobs: Sequence[str]
    tops: int
    #: Whether its backward method reads the gradient of a top.
    pulls: bool
    #: What it reads out of its settings, and the defaults of these.
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, layer: Any) -> _Layer | None:
        """What its methods say; None where they take other things."""
        if not (_takes(layer, "forward", _FORWARD) and _takes(layer, "backward", _BACKWARD)):
            return None
        methods = [m for _, m in inspect.getmembers(layer, inspect.isfunction)]
        trees = {method.__name__: tree_of(method) for method in methods}
        bottoms = _called(trees, "bottom") or {0: "x"}
        counts = [_counted(tree) for tree in trees.values()]
        most = max([*counts, *(k + 1 for k in bottoms)])
        tops = _called(trees, "top") or {0: "y"}
        pulled = [
            node
            for node in ast.walk(trees["backward"])
            if isinstance(node, ast.Attribute) and node.attr == "diff"
            if ast.unparse(node.value).startswith("top")
        ]
        return cls(
            layer,
            [bottoms.get(k, f"bottom{k}") for k in range(most)],
            [name for _, name in sorted(_called(trees, "self.blobs").items())],
            max(tops) + 1,
            bool(pulled),
            _settings(trees.values()),
        )

    def said(self, given: Mapping[str, Any]) -> str:
        """The text of its settings, as JSON, which YAML and Python read as well."""
        told = {name: given.get(name, default) for name, default in self.settings.items()}
        return str(told[_SETTINGS]) if _SETTINGS in told else json.dumps(told)

    def made(self, given: Mapping[str, Any]) -> SimpleNamespace:
        """A fresh layer with its blobs, run forward."""
        layer = self.cls.__new__(self.cls)
        layer.blobs, layer.param_str, layer.phase = _Blobs(), self.said(given), 0
        bottom = [Blob(*np.shape(given[name])) for name in self.bottoms]
        top = [Blob() for _ in range(self.tops)]
        for blob, name in zip(bottom, self.bottoms, strict=True):
            blob.data[...] = given[name]
        for method in ("setup", "reshape"):
            if hasattr(layer, method):
                getattr(layer, method)(bottom, top)
        for blob, name in zip(layer.blobs, self.blobs, strict=True):
            if blob.shape != np.shape(given[name]):
                blob.data = blob.data + np.zeros(np.shape(given[name]))  # raises, with both shapes
            blob.data[...] = given[name]
        layer.forward(bottom, top)
        return SimpleNamespace(layer=layer, bottom=bottom, top=top, given=given)

    def gradients(self, cotangents: Sequence[Any], run: SimpleNamespace) -> dict[str, Any]:
        """What the layer says, by ``d`` and the name."""
        for blob in run.layer.blobs:
            blob.empty()
        for blob, cotangent in zip(run.top, cotangents, strict=True):
            blob.diff[...] = cotangent
        real = [np.asarray(run.given[name]).dtype.kind == "f" for name in self.bottoms]
        run.layer.backward(run.top, real, run.bottom)
        named = zip((*self.bottoms, *self.blobs), (*run.bottom, *run.layer.blobs), strict=True)
        is_loss = not self.pulls and np.size(cotangents[0]) == 1
        factor = np.asarray(cotangents[0]).reshape(())[()] if is_loss else 1.0
        return {f"d{n}": b.written * factor for n, b in named if b.written is not None}


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class whose methods take blobs."""
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    layer = _Layer.of(cls)
    if layer is None:
        return None
    kind = inspect.Parameter.KEYWORD_ONLY
    only = inspect.Parameter.POSITIONAL_ONLY
    return Style(
        convention="layer of blobs",
        name=cls.__name__,
        forward=lambda _: _forward(layer),
        backward=lambda _: _backward(layer),
        returns_cache=True,
        source=inspect.getattr_static(cls, "backward"),
        takes=(
            *(inspect.Parameter(name, kind) for name in (*layer.bottoms, *layer.blobs)),
            *(inspect.Parameter(n, kind, default=one) for n, one in layer.settings.items()),
        ),
        gets=(*(inspect.Parameter(f"dtop{k}", only) for k in range(layer.tops)), _KEPT),
        skips=True,
        whole=True,
        assumes=(f"its {_SETTINGS} is {layer.said(names.call)}",) if layer.settings else (),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _takes(cls: Any, name: str, words: tuple[str, ...]) -> bool:
    method = inspect.getattr_static(cls, name, None)
    taken = parameters_of(method, skip_first=True) if inspect.isfunction(method) else ()
    return tuple(p.name for p in taken) == words


def _called(trees: Mapping[str, ast.AST], holder: str) -> dict[int, str]:
    """What the blobs of a list are called, by number: ``x = bottom[0].data`` is x.

    One that is not kept in a variable is called after its list.
    """
    found: dict[int, str] = {}
    word = holder.rpartition(".")[2].removesuffix("s")
    for name in sorted(trees, key=lambda one: one != "forward"):
        for node in ast.walk(trees[name]):
            match node:
                case ast.Assign(targets=[ast.Name(id=text)], value=value):
                    numbers = _numbers(value, holder)
                    first = f"{holder}[{numbers[0]}].data" if len(numbers) == 1 else "none"
                    whole = ast.unparse(value).startswith(first)
                    if whole and "shape" not in ast.unparse(value) and text not in found.values():
                        found.setdefault(numbers[0], text)
    for tree in trees.values():
        for number in _numbers(tree, holder):
            found.setdefault(number, f"{word}{number}")
    return found


def _numbers(tree: ast.AST, holder: str) -> list[int]:
    """The numbers of the blobs of a list in an expression."""
    found: list[int] = []
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=held, slice=ast.Constant(value=int() as number)):
                found += [number] if ast.unparse(held) == holder else []
    return found


def _settings(trees: Iterable[ast.AST]) -> dict[str, Any]:
    """What a layer reads out of its ``param_str``: ``params["scale"]``, ``get("weight", 1.0)``.

    Its text itself where that is one number.
    """
    found: dict[str, Any] = {}
    nodes = [node for tree in trees for node in sorted(ast.walk(tree), key=_order)]
    if not any(isinstance(node, ast.Attribute) and node.attr == _SETTINGS for node in nodes):
        return {}
    whole = {
        id(argument)
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "int"
        for argument in node.args
    }
    for node in nodes:
        match node:
            case ast.Subscript(slice=ast.Constant(value=str() as name), ctx=ast.Load()):
                found[name] = _COUNT if id(node) in whole else _usual(name)
            case ast.Call(
                func=ast.Attribute(attr="get"),
                args=[ast.Constant(value=str() as name), ast.Constant(value=default)],
            ):
                found.setdefault(name, default)
            case ast.Call(
                func=ast.Name(id="float" | "int" as kind), args=[ast.Attribute(attr=text)]
            ) if text == _SETTINGS:
                return {_SETTINGS: str(_COUNT if kind == "int" else _FACTOR)}
    return {name: value for name, value in found.items() if name.isidentifier()}


def _order(node: ast.AST) -> tuple[int, int]:
    """Where a node stands in its source."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _usual(name: str) -> Any:
    """What a setting of a name usually is."""
    return _COUNT if any(word in name.lower() for word in _COUNTED) else _FACTOR


def _counted(tree: ast.AST) -> int:
    """How many bottoms a method asks for: ``len(bottom) != 2``, ``for i in range(2)``."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len"), args=[ast.Name(id="bottom")]),
                comparators=[ast.Constant(value=int() as number)],
            ):
                return number
            case ast.For(
                iter=ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int() as number)])
            ) if "bottom[" in ast.unparse(node):
                return number
    return 0


def _forward(layer: _Layer) -> Callable[..., Any]:
    @functools.wraps(layer.cls.forward)
    def forward(**given: Any) -> tuple[Any, ...]:
        run = layer.made(given)
        return (*(_number(blob.data) for blob in run.top), run)

    return forward


def _backward(layer: _Layer) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> dict[str, Any]:
        *above, run = cotangents
        return layer.gradients(above, run)

    return backward


def _number(data: Any) -> Any:
    """A copy of what a top holds; of one entry, as a loss, that number."""
    return data.reshape(())[()] if data.shape in ((), (1,)) else data.copy()
