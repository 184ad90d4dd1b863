"""The source of a function as text and as a tree: where it can be edited, and what becomes of it.

The edits are made in the syntax tree and compiled in memory; a file is never changed.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import dis
import functools
import inspect
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.neighbours import Neighbour, Scope, nests

Function = Callable[..., Any]

#: What stands before an indented function, so that its source can be parsed as it is.
_INDENTED = "if True:\n"
#: Parameters that are objects.
_NO_NUMBERS = ("self", "cls", "ctx")
#: Keywords of a call whose values are no numbers of a formula.
_LEFT_ALONE = {"keepdims", "dtype", "out", "order", "copy", "indexing", "optimize"}
#: What has no formula in it, and that with the functions inside of a function.
_NOT_NESTED: tuple[type[ast.AST], ...] = (ast.JoinedStr, ast.ClassDef, ast.arguments)
_DEFINITIONS: tuple[type[ast.AST], ...] = (*_NOT_NESTED[:2], ast.FunctionDef)
#: The instructions that a function computes with.
_COMPUTING = ("BINARY", "COMPARE", "UNARY", "LOAD_CONST", "LOAD_SMALL", "LOAD_FAST")


@dataclass(frozen=True)
class Edit:
    """One edit of a function's source.

    ``kind`` says what sort of slip it is, ``line`` the number of the line in the file, ``function``
    what it makes of the function, and ``show`` gives the line without and with it.
    """

    kind: str
    line: int
    function: Function
    show: Callable[[], tuple[str, str]]

    @functools.cached_property
    def _shown(self) -> tuple[str, str]:
        return self.show()  # takes longer than all else, and most edits are never shown

    @property
    def before(self) -> str:
        """The line of the source without the edit."""
        return self._shown[0]

    @property
    def after(self) -> str:
        """The line of the source with the edit."""
        return self._shown[1]


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree, and what it is used as."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST
    role: str

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


#: What may stand for a number in a formula, beside a constant.
OPERANDS = (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript, ast.UnaryOp)


def is_whole(place: Place) -> bool:
    """Whether a place is all of what is assigned, added up or returned."""
    match place.parent:
        case ast.Assign() | ast.AugAssign() | ast.Return() if place.field == "value":
            return isinstance(place.node, ast.expr) and not isinstance(place.node, ast.Tuple)
        case ast.Tuple():
            return place.role == "returned" and isinstance(place.node, OPERANDS)
        case ast.List():
            return isinstance(place.node, OPERANDS)
        case ast.Dict():
            return place.field == "values" and isinstance(place.node, OPERANDS)
    return False


class Source:
    """The source of one function as text and as a tree, and how to compile what is made of it."""

    def __init__(self, function: Any) -> None:
        if not isinstance(function, types.FunctionType):
            raise LookupError("not a function of Python code")
        self.function = function
        self.code: types.CodeType = function.__code__
        lines, first = inspect.getsourcelines(function)
        text = "".join(lines)
        if lines[0][:1].isspace():
            text, first = _INDENTED + text, first - 1
        self.offset = max(first, 1) - 1
        # Positions in a tree count bytes.
        self.lines = [line.encode() for line in text.splitlines(keepends=True)]
        self.tree = self._parsed(text)
        self.definition = _definition(self.tree)
        if self.definition.name != self.code.co_name:
            raise LookupError("a lambda, or the source is of something else")
        parameters = inspect.signature(function).parameters
        names = function.__globals__
        modules = {name for name, value in names.items() if inspect.ismodule(value)}
        self.scope = Scope(
            tuple(name for name in parameters if name not in _NO_NUMBERS),
            self._variables(tuple(parameters)),
            frozenset(modules),
            next((n for n in sorted(modules) if names[n].__name__ == "numpy"), ""),
        )
        self.original = [ast.unparse(statement) for statement in self.definition.body]
        body = enumerate(self.definition.body)
        self._statements = {id(node): number for number, one in body for node in ast.walk(one)}
        # pytest compiles other code for a function that asserts something.
        asserts = any(isinstance(node, ast.Assert) for node in ast.walk(self.definition))
        if not asserts and _operations(self.compiled().__code__) != _operations(self.code):
            raise LookupError("the file has changed since it was imported")

    @classmethod
    def of(cls, function: Any, beside: Sequence[str] = ()) -> Source:
        """That of a function, in which expressions ``beside`` stand for numbers as names do.

        Raises ``LookupError`` and the like where the source is not at hand.
        """
        source = cls(inspect.unwrap(function))
        source.scope = replace(source.scope, beside=tuple(beside))
        return source

    @staticmethod
    def _parsed(text: str) -> ast.Module:
        """The tree, without what is evaluated when the function is defined."""
        tree = ast.parse(text)
        definition = _definition(tree)
        definition.decorator_list = []
        definition.returns = None
        if hasattr(definition, "type_params"):
            definition.type_params = []
        signature = definition.args
        for argument in ast.walk(signature):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        return tree

    def _variables(self, parameters: tuple[str, ...]) -> dict[str, int]:
        found: dict[str, int] = {}
        for statement in self.definition.body:
            for node in ast.walk(statement):
                targets: list[ast.expr] = []
                if isinstance(node, ast.Assign):
                    targets = node.targets
                elif isinstance(node, ast.For):
                    targets = [node.target]
                for target in targets:
                    for name in ast.walk(target):
                        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                            found.setdefault(name.id, name.lineno)
        return {name: line for name, line in found.items() if name not in parameters}

    # ---- where something can be edited -----------------------------------------------------

    def places(self, expression: int | None, nested: bool = False) -> Iterator[Place]:
        """Every node that is part of a formula; in functions inside as well if ``nested``."""
        if expression is not None:
            returned = [n for n in ast.walk(self.definition) if isinstance(n, ast.Return)][-1]
            assert returned.value is not None
            parts = getattr(returned.value, "elts", [])
            yield from _below(returned.value, "elts", expression, parts[expression], "returned")
            return
        left_alone = _NOT_NESTED if nested else _DEFINITIONS
        for k, statement in enumerate(self.definition.body):
            if k == 0 and ast.get_docstring(self.definition, clean=False) is not None:
                continue
            yield from _below(self.definition, "body", k, statement, "", left_alone)

    def made(
        self,
        places: Sequence[Place],
        neighbours_of: Callable[[Any, Scope], Iterator[Neighbour]],
    ) -> Iterator[Edit]:
        """The edits of some places, one at a time."""
        for place in places:
            for kind, replacement in neighbours_of(place.node, self.scope):
                with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                    yield self.edit(place, kind, replacement)

    # ---- what becomes of it ----------------------------------------------------------------

    def fresh(self, place: Place, neighbour: Neighbour, seen: set[tuple[int, str]]) -> Edit | None:
        """The edit that puts the neighbour into its place, if it is one, and not ``seen`` yet."""
        kind, replacement = neighbour
        number = self._statement(place)
        place.put(self._placed(place, replacement))
        try:
            text = number, ast.unparse(self.definition.body[number])
        except (ValueError, LookupError, RecursionError):
            return None
        finally:
            place.put(place.node)
        if text[1] == self.original[number] or text in seen:
            return None
        with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
            made = self.edit(place, kind, replacement)  # else Python does not take it
            seen.add(text)
            return made
        return None

    def _statement(self, place: Place) -> int:
        """The number of the statement of the function that a place is in."""
        if place.parent is self.definition and place.index is not None:
            return place.index
        return self._statements[id(place.parent)]

    def edit(self, place: Place, kind: str, replacement: ast.AST) -> Edit:
        """The edit that puts a node into a place."""
        node: Any = place.node
        place.put(self._placed(place, replacement))
        try:
            if any(map(nests, ast.walk(self.definition.body[self._statement(place)]))):
                raise ValueError("a list that holds itself, of which numpy makes an array for ever")
            edited = self.compiled()
        finally:
            place.put(node)
        show = functools.partial(self._shown, place, replacement)
        return Edit(kind, node.lineno + self.offset, edited, show)

    @staticmethod
    def _placed(place: Place, replacement: ast.AST) -> ast.AST:
        """A replacement that is where the node was that it replaces."""
        if not hasattr(replacement, "lineno"):  # else it is a part of the node, with its own place
            ast.fix_missing_locations(ast.copy_location(replacement, place.node))
        return replacement

    def compiled(self) -> Function:
        """The function that the tree now defines, with all that the original is bound to."""
        original, free = self.function, self.code.co_freevars
        around = ast.parse(f"def around({', '.join(free)}): pass")
        wrapper = around.body[0]
        assert isinstance(wrapper, ast.FunctionDef)
        wrapper.body = [self.definition]
        with warnings.catch_warnings():
            # A call of a number, say: a slip of ours, that the user is not to read of.
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(around, self.code.co_filename, "exec", dont_inherit=True)
        outer = next(c for c in code.co_consts if isinstance(c, types.CodeType))
        inner = next(
            c
            for c in outer.co_consts
            if isinstance(c, types.CodeType) and c.co_name == self.code.co_name
        )
        inner = _moved(inner, self.offset)
        cells = dict(zip(free, original.__closure__ or (), strict=True))
        made = types.FunctionType(
            inner,
            original.__globals__,
            original.__name__,
            original.__defaults__,
            tuple(cells[name] for name in inner.co_freevars),
        )
        made.__kwdefaults__ = original.__kwdefaults__
        made.__qualname__ = original.__qualname__
        made.__module__ = original.__module__
        made.__doc__ = original.__doc__
        return made

    def _shown(self, place: Place, replacement: ast.AST) -> tuple[str, str]:
        """The line of the source that holds a place, and that with ``replacement`` in it.

        Where the node there takes more than one line, that and ``replacement`` alone.
        """
        node: Any = place.node
        new = ast.unparse(replacement)
        if node.lineno == node.end_lineno:
            number = node.lineno - 1
            line = self.lines[number]
            place.put(replacement)
            wanted = ast.dump(self.tree)
            place.put(node)
            bare = new[1:-1] if isinstance(replacement, ast.Tuple) else new
            own = self._around_own(node, replacement)
            start, end = node.col_offset, node.end_col_offset
            written = [(start, end, one) for one in (*own, bare, new, f"({new})")]
            if line[start - 1 : start] == b"(" and line[end : end + 1] == b")":
                # With more around what is in brackets these may be the ones that are needed.
                written = [(start - 1, end + 1, one) for one in own] + written
            for start, end, one in written:
                after = line[:start] + one.encode() + line[end:]
                text = b"".join([*self.lines[:number], after, *self.lines[number + 1 :]])
                try:
                    if ast.dump(self._parsed(text.decode())) == wanted:
                        return line.decode().strip(), after.decode().strip()
                except SyntaxError:
                    continue
        return ast.unparse(node), new

    def _around_own(self, node: ast.expr, replacement: ast.AST) -> list[str]:
        """A replacement that holds the node, with what the source has for that as it is written."""
        if replacement is node or all(part is not node for part in ast.walk(replacement)):
            return []
        kept = self.lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        around = ast.unparse(_Hiding(node).visit(copy.copy(replacement)))
        texts = [around.replace(_HIDDEN, text) for text in (kept, f"({kept})")]
        return [*texts, *(f"({text})" for text in texts)]


#: What stands for a node that is not to be written anew.
_HIDDEN = "_gradcheck_kept"


class _Hiding(ast.NodeTransformer):
    """Puts a name in the place of one node, in copies of what is around it."""

    def __init__(self, node: ast.expr) -> None:
        self.node = node

    def visit(self, node: ast.AST) -> Any:
        if node is self.node:
            return ast.Name(_HIDDEN, ast.Load())
        return self.generic_visit(copy.copy(node))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                parts = [self.visit(v) if isinstance(v, ast.AST) else v for v in value]
                setattr(node, name, parts)
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node


def _definition(tree: ast.Module) -> ast.FunctionDef:
    definition = tree.body[0].body[0] if isinstance(tree.body[0], ast.If) else tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise LookupError("no function is defined there")
    return definition


def _below(
    parent: ast.AST,
    field: str,
    index: int | None,
    node: ast.AST,
    role: str,
    left_alone: tuple[type[ast.AST], ...] = _DEFINITIONS,
) -> Iterator[Place]:
    """The places of ``node`` and of all below it, but for those in what is ``left_alone``."""
    if isinstance(node, left_alone):
        return
    if isinstance(node, ast.keyword) and node.arg in _LEFT_ALONE:
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield Place(parent, field, index, node, role)
    if role in ("axis", "power") and not isinstance(node, ast.BinOp | ast.Call):
        return  # the number has been dealt with as a whole
    for name, value in ast.iter_fields(node):
        for k, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(child, ast.AST):
                below = _role(node, name, child, role)
                yield from _below(node, name, k, child, below, left_alone)


def _role(parent: ast.AST, field: str, child: ast.AST, role: str) -> str:
    """What a child is used as."""
    match parent:
        case ast.Return():
            return "returned"
        case ast.Assign(targets=[ast.Name()]) if field == "value":
            return "value"
        case ast.Tuple() if role in ("returned", "value", "index"):
            return role
        case ast.keyword(arg="axis" | "axes"):
            return "axis"
        case ast.Subscript() if field == "slice":
            return "index"
        case ast.Slice():
            return "index"
        case ast.BinOp(op=ast.Pow()) if field == "right":
            is_number = isinstance(child, ast.Constant | ast.UnaryOp)
            return "power" if is_number else ""
        case ast.BinOp():
            return "operand"
        case ast.Call() if field == "func":
            return "called"
        case ast.UnaryOp() if role in ("index", "operand"):
            return role
    return ""


def _operations(code: types.CodeType) -> list[tuple[str, Any]]:
    """What a function computes with, in order.

    Not all of its code: how a function of a module is called depends on what the module imports.
    """
    return [
        (step.opname, step.argval)
        for step in dis.get_instructions(code)
        if step.opname.startswith(_COMPUTING) and not isinstance(step.argval, types.CodeType)
    ]


def _moved(code: types.CodeType, lines: int) -> types.CodeType:
    """The code as if it stood ``lines`` further down in its file."""
    constants = tuple(
        _moved(c, lines) if isinstance(c, types.CodeType) else c for c in code.co_consts
    )
    return code.replace(co_firstlineno=code.co_firstlineno + lines, co_consts=constants)
