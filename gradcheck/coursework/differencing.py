"""Numerical differentiation, seen in the source: for assignments that do not allow it.

A rule that divides a difference of a function by a step answers rightly, so no array tells. What
is looked for is ``(f(x + h) - f(x - h)) / (2 * h)`` in any spelling with names, also where f is
written out, ``f(x + ih).imag / h``, and the functions of libraries that do it. It is a reading of
the source, not a proof: whoever hides it on purpose can. It is done before a line of the submission
runs.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import enum
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gradcheck.coursework.arithmetic import (
    SMALL,
    STEP,
    Plain,
    factors,
    given_to,
    is_large,
    is_library,
    is_moved,
    is_small,
    is_step_alone,
    is_subtraction,
    moved_from,
    text_of,
    whole_of,
)

Node = TypeVar("Node", bound=ast.AST)

#: Functions of libraries that take differences, and those whose names students give their own.
_LIBRARY = {
    "approx_fprime", "approx_derivative", "numdifftools", "measure_jacobian", "measure_jvp",
}  # fmt: skip
_NUMPY = "np.gradient", "numpy.gradient"
_COMMON = {"check_grad", "derivative", "jacobian", "hessian"}
_THEIRS = ("scipy", "numdifftools", "jax.test_util")
#: Of a name that much is assigned to so much is read as what a function is that is written out.
_FEW = 4


@dataclass(frozen=True)
class Differencing:
    """A function of the submission that takes differences, itself or by what it calls."""

    name: str
    #: Where it does: in which file, and the line.
    file: str
    line: int


class _Kind(enum.Enum):
    """Where a function comes from."""

    DEFINED = enum.auto()
    NAMED = enum.auto()  #: another name of one
    CALLED = enum.auto()  #: made by a call, or a number


@dataclass
class _Function:
    """A function of the source: what it mentions, and where it takes differences itself."""

    name: str
    mentions: set[str]
    file: str
    line: int = 0
    kind: _Kind = _Kind.DEFINED


def differencing(files: Mapping[str, Sequence[ast.Module]]) -> list[Differencing]:
    """The functions that take differences, by the trees of each file, that submitted first.

    Of a name that several files define, that of the first is meant.
    """
    functions: list[_Function] = []
    by_name: dict[str, list[_Function]] = {}
    for file, trees in files.items():
        imported = frozenset[str]().union(*map(_imported, trees))
        own: list[_Function] = []
        for statement in (one for tree in trees for one in tree.body):
            with contextlib.suppress(RecursionError):  # of this one alone
                plain = Plain().visit(copy.deepcopy(statement))
                own += _functions(ast.Module([plain], []), "", file, imported)
        bound = {one.name for one in functions}
        defined = {one.name for one in functions if one.kind is _Kind.DEFINED}
        for one in own:
            if one.kind is not _Kind.CALLED and one.name not in defined:
                by_name.setdefault(one.name.rpartition(".")[2], []).append(one)
        functions += [one for one in own if one.name not in bound]
    return [
        Differencing(function.name, at.file, at.line)
        for function in functions
        if (at := _reached(function, by_name)) is not None
    ]


def _reached(first: _Function, by_name: dict[str, list[_Function]]) -> _Function | None:
    """What takes differences: a function, or one that it reaches by name."""
    seen, left = set(), [first]
    while left:
        function = left.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        if function.line:
            return function
        left += [other for name in function.mentions for other in by_name.get(name, [])]
    return None


def _imported(tree: ast.AST) -> frozenset[str]:
    """How the source calls functions of libraries whose names are common."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_THEIRS):
            for one in node.names:
                name = one.asname or one.name
                found |= {name} if one.name in _COMMON else {f"{name}.{text}" for text in _COMMON}
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name.startswith(_THEIRS):
                    found |= {f"{one.asname or one.name}.{text}" for text in _COMMON}
    return frozenset(found)


def _functions(
    tree: ast.AST, prefix: str, file: str, imported: frozenset[str]
) -> Iterator[_Function]:
    for node in ast.iter_child_nodes(tree):
        name = f"{prefix}{node.name}" if isinstance(node, _NAMED) else ""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _Function(name, set(_mentions(node)), file, _own(node, imported))
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text, value = f"{prefix}{node.targets[0].id}", node.value
            if isinstance(value, ast.Lambda):
                yield _Function(text, set(_mentions(value)), file, _own(value, imported))
            elif isinstance(value, ast.Name | ast.Attribute | ast.Call):
                kind = _Kind.CALLED if isinstance(value, ast.Call) else _Kind.NAMED
                yield _Function(text, set(_mentions(value)), file, kind=kind)
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                if one.asname is not None:
                    yield _Function(f"{prefix}{one.asname}", {one.name}, file, kind=_Kind.NAMED)
        if isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.With):
            yield from _functions(node, f"{name}." if name else prefix, file, imported)


_NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _mentions(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr


def _own(function: ast.AST, imported: frozenset[str]) -> int:
    """The line at which a function takes a difference itself; 0 where it does not."""
    values = _Values(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.Attribute):
            text = node.id if isinstance(node, ast.Name) else node.attr
            if text in _LIBRARY or (text in _COMMON and ast.unparse(node) in imported):
                return node.lineno
            if text_of(node) in _NUMPY:
                return node.lineno
        for numerator, divisor in values.quotients(node):
            step = values.step(divisor)
            if step and values.is_difference(numerator, step):
                return int(getattr(node, "lineno", 0))
            if values.is_secant(numerator, divisor):
                return int(getattr(node, "lineno", 0))
    return 0


class _Values:
    """What the names of a function stand for: all that is ever assigned to them, or added."""

    def __init__(self, function: ast.AST) -> None:
        self._of: dict[str, list[ast.expr]] = {}
        # Of long functions all of this is asked again and again.
        self._within: dict[tuple[str, type[ast.AST]], list[Any]] = {}
        self._beyond: dict[str, set[str]] = {}
        self._called: dict[int, list[tuple[list[ast.Call], list[ast.Call]]]] = {}
        self._moved: dict[frozenset[str], set[str]] = {}
        self._seen: dict[tuple[int, frozenset[str]], bool] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    self._assign(target, node.value)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            fits = len(parts) == len(target.elts)
            for one, part in zip(
                target.elts, parts if fits else itertools.repeat(value), strict=False
            ):
                self._assign(one, part)
            return
        while isinstance(target, ast.Subscript | ast.Starred | ast.Attribute):
            if isinstance(target, ast.Attribute):
                self._of.setdefault(text_of(target), []).append(value)
            target = target.value  # an entry of an array, or of what an object holds, is moved
        if isinstance(target, ast.Name):
            self._of.setdefault(target.id, []).append(value)

    def made_of(self, kind: type[Node], *nodes: ast.AST) -> list[Node]:
        """What of a kind stands in some expressions, and in what their names stand for."""
        direct = [one for node in nodes for one in ast.walk(node)]
        reached = {other for name in set(map(text_of, direct)) for other in self._reached(name)}
        found = [one for one in direct if isinstance(one, kind)]
        return found + [one for name in reached for one in self._nodes(name, kind)]

    def _nodes(self, name: str, kind: type[Node]) -> list[Node]:
        """What of a kind stands in all that is assigned to a name."""
        key = name, kind
        if key not in self._within:
            values = self._of.get(name, [])
            self._within[key] = [
                one for value in values for one in ast.walk(value) if isinstance(one, kind)
            ]
        return self._within[key]

    def _reached(self, first: str) -> set[str]:
        """A name, and those that it is made of."""
        if first not in self._beyond:
            reached, left = set(), [first]
            while left:
                name = left.pop()
                if name not in reached and name in self._of:
                    reached.add(name)
                    left += set(map(text_of, self._nodes(name, ast.expr)))
            self._beyond[first] = reached
        return self._beyond[first]

    def quotients(self, node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
        """What is divided by what: by an operator, or as a product with something over that."""
        if not isinstance(node, ast.BinOp):
            return
        if isinstance(node.op, ast.Div):
            yield node.left, node.right
        for side in (node.left, node.right) if isinstance(node.op, ast.Mult) else ():
            for one in (side, *self._values(side)):
                if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div):
                    yield node, one.right
                elif isinstance(one, ast.BinOp) and isinstance(one.op, ast.Pow):
                    if isinstance(one.right, ast.UnaryOp) and isinstance(one.right.op, ast.USub):
                        yield node, one.left
                elif isinstance(one, ast.Constant) and is_large(one):
                    yield node, ast.copy_location(ast.Constant(STEP), one)

    def step(self, divisor: ast.expr) -> frozenset[str]:
        """How a step may be spelt that is divided by: names, and ``SMALL`` for a small number.

        A step is a number that is chosen, not one that a function has made of the data.
        """
        parts = list(map(whole_of, factors(divisor)))
        if not all(isinstance(one, ast.Constant | ast.Name | ast.Attribute) for one in parts):
            return frozenset()
        # ``two_h = 2 * h``
        parts += [part for one in parts for value in self._values(one) for part in factors(value)]
        names = {text_of(one) for one in parts} - {""}
        if any(map(is_small, parts)):
            small = (name for name, values in self._of.items() if any(map(is_small, values)))
            names |= {SMALL, *small}
        return frozenset(names)

    def _values(self, node: ast.AST) -> list[ast.expr]:
        return self._of.get(text_of(node), [])

    def is_difference(self, numerator: ast.expr, step: frozenset[str]) -> bool:
        """Whether it holds a difference of one function at places that are a step apart."""
        sums = self.made_of(ast.BinOp, numerator)
        if any(one.attr == "imag" for one in self.made_of(ast.Attribute, numerator)):
            return any(is_moved(one, step) for one in sums)
        return any(
            is_subtraction(one) and (self._is_apart(one, step) or self._is_written_out(one, step))
            for one in sums
        )

    def is_secant(self, numerator: ast.expr, divisor: ast.expr) -> bool:
        """Whether it is ``(f(a) - f(b)) / (a - b)``, by whatever names."""
        runs = [one for one in (divisor, *self._values(divisor)) if is_subtraction(one)]
        ends = [(ast.unparse(run.left), ast.unparse(run.right)) for run in runs]
        for one in self.made_of(ast.BinOp, numerator) if runs else ():
            if is_subtraction(one):
                for left, right in self._both(one):
                    a, b = self._texts(left), self._texts(right)
                    if any(end in a and other in b for end, other in ends):
                        return True
        return False

    def _texts(self, calls: Sequence[ast.Call]) -> set[str]:
        """What calls work on, as it is written, and what that stands for."""
        given = [part for call in calls for part in given_to(call)]
        return {ast.unparse(one) for part in given for one in (part, *self._values(part))}

    def _is_apart(self, difference: ast.BinOp, step: frozenset[str]) -> bool:
        key = id(difference), step
        if key not in self._seen:
            self._seen[key] = self._looks_apart(difference, step)
        return self._seen[key]

    def _looks_apart(self, difference: ast.BinOp, step: frozenset[str]) -> bool:
        for left, right in self._both(difference):
            calls = [*left, *right]
            if any(self._moves(call, step) for call in calls):
                return True
            # One and the same call, in a number that both sides are made of, is at one place.
            one_place = set(map(id, left)) == set(map(id, right))
            around = (any(is_step_alone(part, step) for part in call.args) for call in calls)
            if not one_place and all(around):
                return True
        return False

    def _is_written_out(self, difference: ast.BinOp, step: frozenset[str]) -> bool:
        """Whether both sides are the same but for what a step moves: ``up @ W - down @ W``."""
        left, right = (
            [one for one in (side, *self._values(side)[:_FEW])
             if not isinstance(one, ast.Name) and not is_moved(one, step)]
            for side in (difference.left, difference.right)
        )  # fmt: skip
        return any(self._moved_apart(one, other, step) for one in left for other in right)

    def _moved_apart(self, one: ast.AST, other: ast.AST, step: frozenset[str]) -> bool | None:
        """Whether two expressions differ by a step, and not at all; None where by anything else."""
        if isinstance(one, ast.Name) and isinstance(other, ast.Name) and one.id != other.id:
            return bool({one.id, other.id} & self._moving(step)) or None
        if is_moved(one, step) or is_moved(other, step):
            ends = [moved_from(end, step) for end in (one, other)]
            if ends[0] & ends[1] and ast.unparse(one) != ast.unparse(other):
                return True
        if type(one) is not type(other):
            return None
        parts = [list(ast.iter_child_nodes(end)) for end in (one, other)]
        if len(parts[0]) != len(parts[1]) or (not parts[0] and ast.dump(one) != ast.dump(other)):
            return None
        found = [self._moved_apart(a, b, step) for a, b in zip(*parts, strict=True)]
        return None if None in found else any(found)

    def _moves(self, call: ast.Call, step: frozenset[str]) -> bool:
        """Whether what a call works on is moved by a step."""
        key = id(call), step
        if key not in self._seen:
            direct = [one for part in given_to(call) for one in ast.walk(part)]
            reached = {other for name in set(map(text_of, direct)) for other in self._reached(name)}
            moved = any(is_moved(one, step) for one in direct)
            self._seen[key] = moved or bool(reached & self._moving(step))
        return self._seen[key]

    def _moving(self, step: frozenset[str]) -> set[str]:
        """The names that stand for something that is moved by a step."""
        if step not in self._moved:
            self._moved[step] = {
                name for name in self._of
                if any(is_moved(one, step) for one in self._nodes(name, ast.BinOp))
            }  # fmt: skip
        return self._moved[step]

    def _both(self, difference: ast.BinOp) -> list[tuple[list[ast.Call], list[ast.Call]]]:
        """The calls on both sides of a difference, of each function that is called on both."""
        if id(difference) not in self._called:
            left, right = map(self._calls, (difference.left, difference.right))
            self._called[id(difference)] = [
                (left[name], right[name]) for name in left.keys() & right
            ]
        return self._called[id(difference)]

    def _calls(self, side: ast.expr) -> dict[str, list[ast.Call]]:
        """The calls that a side is made of, by the name of what is called."""
        found: dict[str, list[ast.Call]] = {}
        for node in self.made_of(ast.Call, side):
            function = node.func
            if isinstance(function, ast.Name):
                found.setdefault(function.id, []).append(node)
            elif isinstance(function, ast.Attribute) and not is_library(function.value):
                found.setdefault(function.attr, []).append(node)
        return found
