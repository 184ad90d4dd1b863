"""Dims strings: ``"n d"``, ``"n c h+kh-1"``, ``"*batch k"``.

An axis is a fixed integer, a name, or a sum, difference or product of them; ``*name`` stands for
any number of axes. Equal names are equal sizes. The words are those of jaxtyping and einops.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gradcheck.errors import DeclarationError, InputError

#: A size for each name; for ``*name`` the tuple of its sizes.
Bindings = dict[str, "int | tuple[int, ...]"]

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True)
class Axis:
    """One axis of a shape: an integer expression in names."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def size(self, bindings: Mapping[str, int | tuple[int, ...]]) -> int:
        """The size under ``bindings``, which must hold every name."""
        return _evaluate(self.tree, bindings)

    def solve(self, size: int, bindings: Mapping[str, int | tuple[int, ...]]) -> int | None:
        """The size of the one name that ``bindings`` lacks; None where no integer ≥ 0 fits."""
        (unknown,) = [name for name in self.names if name not in bindings]
        # The expression is linear in a name that occurs once; two values give slope and offset.
        offset, at_one = (_evaluate(self.tree, {**bindings, unknown: value}) for value in (0, 1))
        slope = at_one - offset
        if slope == 0 or (size - offset) % slope:
            return None
        solution = (size - offset) // slope
        fits = solution >= 0 and _evaluate(self.tree, {**bindings, unknown: solution}) == size
        return solution if fits else None


@dataclass(frozen=True)
class Shape:
    """A parsed dims string."""

    text: str
    before: tuple[Axis, ...]
    variadic: str | None
    after: tuple[Axis, ...]

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes other than the variadic one."""
        return self.before + self.after

    @property
    def names(self) -> tuple[str, ...]:
        """Every name in the string, in order; the variadic one without its star."""
        found = [name for axis in self.before for name in axis.names]
        found += [self.variadic] if self.variadic else []
        found += [name for axis in self.after for name in axis.names]
        return tuple(dict.fromkeys(found))

    def sizes(self, bindings: Mapping[str, int | tuple[int, ...]]) -> tuple[int, ...]:
        """The concrete shape under ``bindings``."""
        middle: tuple[int, ...] = ()
        if self.variadic is not None:
            bound = bindings[self.variadic]
            middle = bound if isinstance(bound, tuple) else (bound,)
        return (
            tuple(axis.size(bindings) for axis in self.before)
            + middle
            + tuple(axis.size(bindings) for axis in self.after)
        )


@lru_cache(maxsize=1024)
def parse(text: str) -> Shape:
    """Parse a dims string; ``""`` is the shape of a scalar.

    Raises ``DeclarationError`` with the axis that cannot be read.
    """
    if not isinstance(text, str):
        raise DeclarationError(f"a dims string was expected, such as 'n d', not {text!r}")
    before: list[Axis] = []
    after: list[Axis] = []
    variadic: str | None = None
    for token in text.split():
        if token.startswith("*"):
            if variadic is not None:
                raise DeclarationError(f"dims {text!r}: only one '*name' can be solved for")
            if not token[1:].isidentifier():
                raise DeclarationError(f"dims {text!r}: {token!r} is not '*' and a name")
            variadic = token[1:]
        else:
            (before if variadic is None else after).append(_parse_axis(token, text))
    return Shape(text, tuple(before), variadic, tuple(after))


def _parse_axis(token: str, text: str) -> Axis:
    try:
        tree = ast.parse(token, mode="eval").body
    except SyntaxError:
        tree = None
    names: list[str] = []
    if tree is None or not _is_size_expression(tree, names):
        raise DeclarationError(
            f"dims {text!r}: {token!r} is not an axis; an axis is an integer, a name, or a sum, "
            "difference or product of them without spaces, such as 'h+kh-1'"
        )
    return Axis(token, tuple(dict.fromkeys(names)), tree)


def _is_size_expression(tree: ast.expr, names: list[str]) -> bool:
    match tree:
        case ast.Constant(value=int() as value):
            return not isinstance(value, bool)
        case ast.Name(id=name):
            names.append(name)
            return True
        case ast.BinOp(left=left, op=op, right=right):
            readable = type(op) in _OPERATORS
            return (
                readable and _is_size_expression(left, names) and _is_size_expression(right, names)
            )
    return False


def _evaluate(tree: ast.expr, bindings: Mapping[str, int | tuple[int, ...]]) -> int:
    match tree:
        case ast.Constant(value=int() as value):
            return value
        case ast.Name(id=name):
            size = bindings[name]
            if isinstance(size, tuple):
                raise DeclarationError(f"'*{name}' stands for several axes, {name!r} for one")
            return size
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, bindings), _evaluate(right, bindings))
    raise AssertionError(ast.dump(tree))


def explain(bindings: Mapping[str, int | tuple[int, ...]]) -> str:
    """``"n = 3, d = 4"``, or a word for none."""
    return ", ".join(f"{name} = {size}" for name, size in bindings.items()) or "none"


def bind(shapes: Mapping[str, Shape], actual: Mapping[str, tuple[int, ...]]) -> Bindings:
    """The sizes that make every declared shape equal to the actual one.

    ``shapes`` and ``actual`` are keyed by argument. One unknown an axis is solved for; an axis
    with more waits until the others are bound. Raises ``InputError`` with the bindings found.
    """
    bindings: Bindings = {}
    waiting: list[tuple[str, Axis, int]] = []
    for argument, shape in shapes.items():
        sizes = actual[argument]
        fixed = len(shape.before) + len(shape.after)
        if len(sizes) < fixed or (shape.variadic is None and len(sizes) != fixed):
            raise InputError(
                f"{argument} has shape {sizes}, with {len(sizes)} axes, but its dims are "
                f"{shape.text!r}; bindings found: {explain(bindings)}"
            )
        split = len(sizes) - len(shape.after)
        if shape.variadic is not None:
            batch = tuple(sizes[len(shape.before) : split])
            if bindings.setdefault(shape.variadic, batch) != batch:
                raise _contradiction(
                    argument, f"*{shape.variadic}", shape, sizes, batch, bindings[shape.variadic]
                )
        waiting += [
            (argument, axis, size)
            for axis, size in zip(
                shape.axes, sizes[: len(shape.before)] + sizes[split:], strict=True
            )
        ]
    while waiting:
        left: list[tuple[str, Axis, int]] = []
        for argument, axis, size in waiting:
            unknown = [name for name in axis.names if name not in bindings]
            if len(unknown) > 1:
                left.append((argument, axis, size))
            elif unknown:
                solution = axis.solve(size, bindings)
                if solution is None:
                    raise InputError(
                        f"{argument}: no size of {unknown[0]} makes {axis.text!r} equal to {size}; "
                        f"bindings found: {explain(bindings)}"
                    )
                bindings[unknown[0]] = solution
            elif axis.size(bindings) != size:
                raise _contradiction(
                    argument, axis.text, shapes[argument], actual[argument], size,
                    axis.size(bindings), bindings,
                )  # fmt: skip
        if len(left) == len(waiting):
            argument, axis, size = left[0]
            raise InputError(
                f"{argument}: {axis.text!r} = {size} has more than one unknown; "
                f"bindings found: {explain(bindings)}"
            )
        waiting = left
    return bindings


def _contradiction(
    argument: str,
    axis: str,
    shape: Shape,
    sizes: tuple[int, ...],
    size: object,
    expected: object,
    bindings: Bindings | None = None,
) -> InputError:
    found = f"; bindings found: {explain(bindings)}" if bindings else ""
    return InputError(
        f"{argument} has shape {sizes} where its dims {shape.text!r} need {axis} = {expected}, "
        f"not {size}{found}"
    )
