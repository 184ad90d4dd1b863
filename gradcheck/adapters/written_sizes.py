"""Sizes that a layer is written for: 784 inputs, images of 28 by 28.

A network whose first matrix is 784 by 100 runs at no other number of inputs. Its sizes stand in its
source, in a comment or as those of an array that it makes; what it takes is tried at them.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import io
import itertools
import math
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapters.randomness import generators_of, reproducible
from gradcheck.adapters.sources import nodes_of, source_of, tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import is_parameter, is_target
from gradcheck.arguments import Real, as_argument, integers, real
from gradcheck.domains import Simplex, simplex

#: Numbers that no layer is likely to be written for, so that a size of theirs is recognised.
_FREE = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
#: An image has so many channels where nothing says how many.
_CHANNELS = (1, 3)
#: So many numbers, and so many products of them, are tried.
_MOST = 8
#: A size beyond this is a number of samples, a seed or a limit.
_LARGEST = 5000
#: An input of more entries is not tried.
_MOST_ENTRIES = 200_000
_OPERATORS: Mapping[type[ast.operator], Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b if b else 0,
}
#: Sizes in words: ``1x28x28``, ``(batch, 1, 28, 28)``.
_SHAPE = re.compile(r"\d+(?:\s*[x×*,]\s*\d+)+")


class WrittenSizes:
    """The sizes that the source of a layer has, and those of the arrays that it makes."""

    def __init__(self, style: Style) -> None:
        owners = [one for one in (style.make, style.source) if one is not None]
        self.style = style
        self.space: Mapping[str, Any] = getattr(style.source, "__globals__", {})
        #: Several that stand together, and single ones; in the order in which they were found.
        self.together: dict[tuple[int, ...], None] = {}
        self.single: dict[int, None] = {}
        self.made = _made(style)
        self.arrays = [np.shape(value) for value in _arrays(self.made)]
        for shape in self.arrays:
            self._add(shape[:1])
        for owner in owners:
            self._read(owner)

    @property
    def free(self) -> dict[str, int]:
        """Sizes for what may be of any size, none of which is written."""
        written = {*self.single, *itertools.chain(*self.together, *self.arrays)}
        return dict(zip("ncdm", (size for size in _FREE if size not in written), strict=False))

    def may_run(self, way: Mapping[str, Any]) -> bool:
        """Whether the forward function runs; also where there is no object to try it on."""
        if self.made is None:
            return True
        rng = np.random.default_rng(0)
        values: list[Any] = []
        for argument in map(as_argument, way.values()):
            assert argument.dims is not None
            sizes = argument.dims.sizes(dict(self.free))
            if math.prod(sizes) > _MOST_ENTRIES:
                return False
            plain = isinstance(argument, Real) and not isinstance(argument, Simplex)
            # In no regime, which takes longer than to run the layer.
            values.append(
                rng.standard_normal(sizes)
                if plain
                else argument.draw(rng, dict(self.free), "normal", {})
            )
        try:
            with reproducible(generators_of([type(self.made)])), np.errstate(all="ignore"):
                # A copy: it may keep what it is given.
                forward = self.style.forward(copy.deepcopy(self.made))
                forward(*map(self.style.inward, values))
        except Exception:
            return False
        return True

    def _read(self, owner: Any) -> None:
        tree = tree_of(owner)
        for node in ast.walk(tree):
            match node:
                case ast.Tuple(elts=parts) | ast.List(elts=parts):
                    self._add([_folded(part, self.space) for part in parts])
                case ast.BinOp(op=ast.Mult()):
                    self._add([_folded(part, self.space) for part in _factors(node)])
            if isinstance(node, ast.expr):
                self._add([_folded(node, self.space)])
        for text in _SHAPE.findall(_remarks(owner)):
            self._add([int(number) for number in re.findall(r"\d+", text)])

    def _add(self, sizes: Sequence[int | None]) -> None:
        found = [size for size in sizes if size is not None and 0 < size <= _LARGEST]
        if len(found) == len(sizes) > 1:
            self.together[tuple(found)] = None
        elif len(found) == 1 and found[0] > 1:
            self.single[found[0]] = None

    def dims(self) -> Iterator[str]:
        """What an input may be, the likeliest first."""
        together = [" ".join(map(str, sizes)) for sizes in self.together]
        lengths = [shape[0] for shape in self.arrays if len(shape) == 2]
        singles = list(itertools.islice(self.single, _MOST))
        alone = dict.fromkeys([*lengths, *singles])
        yield from (f"n {text}" for text in together)
        yield from (f"n {size}" for size in alone)
        yield from together
        yield from (f"{size} n" for size in alone)
        for size in alone:
            yield from (f"{size}", f"{size} 1", f"1 {size}")
        kernels = [shape for shape in self.arrays if len(shape) == 4]
        windows = {size for shape in kernels for size in shape}
        # Without padding, an image is as much larger than the output as its window is.
        sides = [*singles, *(s + k - 1 for s in singles for k in sorted(windows) if k > 1)]
        channels = [shape[1] for shape in kernels] + [shape[2] for shape in kernels]
        for side, channel in itertools.product(sides, ["c", *dict.fromkeys(channels), *_CHANNELS]):
            image = f"{side} {side}"
            yield from (f"n {channel} {image}", f"n {image} {channel}", f"{channel} {image}")
        for side in sides:
            yield from (f"n {side} {side}", f"{side} {side}")

    def targets(self) -> Iterator[Any]:
        """What labels may be, by the number of classes that the last array is for."""
        for size in dict.fromkeys(shape[-1] for shape in reversed(self.arrays)):
            if size > 1:
                yield integers("n", high=size)
                yield simplex(f"n {size}", differentiate=False)


def ways(
    written: WrittenSizes, wanted: Sequence[str], *, differentiate: bool
) -> Iterator[dict[str, Any]]:
    """What the inputs may be; nothing where they are more than one array and its labels."""
    targets = [name for name in wanted if is_target(name)]
    arrays = [name for name in wanted if name not in targets]
    if len(arrays) != 1 or len(targets) > 1 or is_parameter(arrays[0]):
        return
    labels: Iterable[Any] = list(written.targets()) if targets else [None]
    for dims, label in itertools.product(dict.fromkeys(written.dims()), labels):
        given = dims if differentiate else real(dims, differentiate=False)
        way = {arrays[0]: given, **dict.fromkeys(targets, label)}
        if written.may_run(way):
            yield way


def _made(style: Style) -> Any:
    """An object that is made without arguments; None where it needs some."""
    if not inspect.isclass(style.make) or any(map(is_required, parameters_of(style.make))):
        return None
    try:
        with reproducible(generators_of([style.make])), np.errstate(all="ignore"):
            return style.make()
    except Exception:
        return None


def _arrays(made: Any) -> Iterator[Any]:
    """The arrays that an object holds."""
    for value in list(getattr(made, "__dict__", {}).values()):
        parts = value.values() if isinstance(value, Mapping) else [value]
        parts = value if isinstance(value, list) else parts
        yield from (part for part in parts if hasattr(part, "shape") and np.ndim(part))


def _folded(node: ast.expr, space: Mapping[str, Any]) -> int | None:
    """The whole number that an expression is, without running anything."""
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return value
        case ast.Name(id=name) if type(space.get(name)) is int:
            return int(space[name])
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = _folded(left, space), _folded(right, space)
            if first is not None and second is not None:
                found = _OPERATORS[type(op)](first, second)
                return int(found)
    return None


def _remarks(owner: Any) -> str:
    """What the comments and docstrings of a source say."""
    texts = [node.value for node in nodes_of(owner) if isinstance(node, ast.Constant)]
    found = [text for text in texts if isinstance(text, str)]
    with contextlib.suppress(tokenize.TokenError, IndentationError):
        read = tokenize.generate_tokens(io.StringIO(source_of(owner)).readline)
        found += [token.string for token in read if token.type == tokenize.COMMENT]
    return "\n".join(found)


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]
