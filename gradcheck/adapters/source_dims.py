"""Dims that the source of a layer tells by itself, beside those that its names settle.

Sizes that are written out, single entries, channels that are divided, numbers of rows.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gradcheck.adapters import written_sizes
from gradcheck.adapters.kinds import IMAGES, MODEL, NUMBERS, WRITTEN, Kind
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.written_sizes import WrittenSizes
from gradcheck.arguments import integers

#: At most so many ways at sizes of the source are tried.
_MOST_WRITTEN = 200
#: What is raised where whole numbers were expected, that of rows of so few arrays.
_FOR_INDICES = re.compile("arrays used as indices must be of integer|only integers")
_PAIR = 2


def as_written(
    style: Style, kind: Kind, wanted: Sequence[str]
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """What the inputs may be at the sizes that stand in the source."""
    written = WrittenSizes(style)
    sized = replace(WRITTEN, sizes=written.free)
    # A loss that a model returns with gradients is one of its parameters.
    of_model = kind is MODEL or (style.backward is None and bool(written.arrays))
    found = written_sizes.ways(written, wanted, differentiate=not of_model)
    for way in itertools.islice(found, _MOST_WRITTEN):
        yield sized, way


def as_entries(function: Any, wanted: Sequence[str]) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """A vector of which a function takes single entries alone: ``q[0]`` and ``q[1]``."""
    if len(wanted) != 1 or not inspect.isfunction(function):
        return
    (name,) = wanted
    found: list[Any] = []
    for node in nodes_of(function):
        match node:
            case ast.Subscript(value=ast.Name(id=held), slice=index) if held == name:
                found.append(index.value if isinstance(index, ast.Constant) else None)
    nodes = [n for n in nodes_of(function) if isinstance(n, ast.Name) and n.id == name]
    if len(found) == len(nodes) and len(set(found)) > 1 and all(type(k) is int for k in found):
        yield replace(WRITTEN, name="entries"), {name: str(max(found) + 1)}


def of_images(style: Style, wanted: Sequence[str]) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """Images with as many channels as an object can divide: ``channels // reduction``."""
    if not inspect.isclass(style.make) or len(wanted) != 1:
        return
    made = inspect.getattr_static(style.make, "__init__", None)
    divisors = [
        node.right.id
        for node in nodes_of(made)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.FloorDiv)
        and isinstance(node.right, ast.Name)
    ]
    for parameter in parameters_of(style.make):
        if parameter.name in divisors and type(parameter.default) is int and parameter.default > 1:
            for text in ("n {}*c h w", "n h w {}*c"):
                yield IMAGES, {wanted[0]: text.format(parameter.default)}


def as_numbers(
    style: Style, wanted: Sequence[str], problems: Sequence[str]
) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """What an object with tables of its own takes as numbers of rows, where nothing else runs.

    ``problems`` are what was raised before: what indexes says so.
    """
    if not inspect.isclass(style.make) or not any(map(_FOR_INDICES.search, problems)):
        return
    names = ("v", "w")
    for text in ("n", "n t"):
        for highs in itertools.product(names, repeat=len(wanted)) if len(wanted) <= _PAIR else ():
            if highs[0] == names[0]:
                yield (
                    NUMBERS,
                    {
                        name: integers(text, high=high)
                        for name, high in zip(wanted, highs, strict=True)
                    },
                )
