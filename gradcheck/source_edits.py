"""One-token neighbours of a rule: its source with one slip of the pen in it, or one mended.

The edits are made in the syntax tree and compiled in memory; a file is never changed.
"""

from __future__ import annotations

import ast
import contextlib
import dis
import functools
import inspect
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.neighbours import Neighbour, Scope, added, inserted, neighbours, renamed, sloped

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


def edits(
    function: Function,
    expression: int | None = None,
    *,
    beside: Sequence[str] = (),
    nested: bool = False,
) -> list[Edit]:
    """Every one-token neighbour of ``function``, in the order of its source.

    With ``expression``, those that change the expression of that number in the tuple that is
    returned last, and nothing else. ``beside`` are expressions that are taken for each other as
    variables are; with ``nested``, functions inside of it are edited as well. Empty where the
    source is not at hand, and for a lambda.
    """
    try:
        source = _Source(inspect.unwrap(function))
        source.scope = replace(source.scope, beside=tuple(beside))
        places = list(source.places(expression, nested))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return []
    found: dict[str, Edit] = {}
    for place in places:
        for kind, replacement in neighbours(place.node, place.role, source.scope):
            source.collect(place, (kind, replacement), found)
    return list(found.values())


def insertions(
    function: Function,
    *,
    beside: Sequence[str] = (),
    nested: bool = False,
    terms: Sequence[str] = (),
) -> Iterator[Iterator[Edit]]:
    """What is made of ``function`` by more than one token, the likeliest first, kind by kind.

    One of the ``terms`` more in what is assigned or returned; one name for another wherever that
    stands in it; a factor or a term more in it, then in an operand; and the derivative of an
    activation more.
    """
    try:
        source = _Source(inspect.unwrap(function))
        source.scope = replace(source.scope, beside=tuple(beside))
        places = list(source.places(None, nested))
    except (OSError, TypeError, ValueError, SyntaxError, LookupError):
        return
    whole = [place for place in places if _is_whole(place)]
    inner = [place for place in places if place not in whole and _is_operand(place)]
    if terms:
        yield source.made(whole, lambda node, _: added(node, terms))
    for some, neighbours_of in (
        (whole, renamed), (whole, inserted), (inner, inserted), (whole, sloped),
    ):  # fmt: skip
        yield source.made(some, neighbours_of)


#: What may lack a factor or a term as an operand.
_OPERANDS = (ast.Name, ast.Attribute, ast.Call, ast.BinOp, ast.Subscript)


def _is_whole(place: _Place) -> bool:
    """Whether a place is all of what is assigned, added up or returned."""
    match place.parent:
        case ast.Assign() | ast.AugAssign() | ast.Return() if place.field == "value":
            return isinstance(place.node, ast.expr) and not isinstance(place.node, ast.Tuple)
        case ast.Tuple():
            return place.role == "returned" and isinstance(place.node, _OPERANDS)
        case ast.List():
            return isinstance(place.node, _OPERANDS)
        case ast.Dict():
            return place.field == "values" and isinstance(place.node, _OPERANDS)
    return False


def _is_operand(place: _Place) -> bool:
    """Whether a place is an operand, what a method is called of, or an argument of a function."""
    if not isinstance(place.node, _OPERANDS):
        return False
    match place.parent:
        case ast.Attribute():
            return isinstance(place.node, ast.Name | ast.BinOp)
        case ast.Call():
            return place.field == "args"
    return place.role == "operand"


@dataclass(frozen=True)
class Part:
    """An expression inside a function: its number, its line in the file, its text.

    ``around`` is the text of the expression that it stands in, itself where there is none.
    """

    number: int
    line: int
    text: str
    around: str


#: What is told of a part while a function runs: its number, then the function and the argument of a
#: call with one argument, else None and its value. What comes back stands for the value.
Hook = Callable[[int, Function | None, Any], Any]


def with_parts(function: Function, hook: Hook) -> tuple[Function, list[Part]] | None:
    """The function with every part of its formulas handed to ``hook``, and these parts.

    The larger parts come first. None where the source is not at hand.
    """
    try:
        source = _Source(inspect.unwrap(function))
        marking = _Marking(source)
        source.definition.body = [marking.visit(s) for s in source.definition.body]
        hidden = ast.fix_missing_locations(ast.arg(_HOOK))
        source.definition.args.kwonlyargs.append(hidden)
        source.definition.args.kw_defaults.append(None)
        ast.fix_missing_locations(source.definition)
        made: Any = source._compiled()
    except (OSError, TypeError, ValueError, SyntaxError, LookupError, RecursionError):
        return None
    made.__kwdefaults__ = {**(made.__kwdefaults__ or {}), _HOOK: hook}
    return made, marking.parts


#: The parameter through which a function with parts finds its hook, and that of a part of one.
_HOOK, _GIVEN = "_gradcheck_part", "_gradcheck_given"


class _Marking(ast.NodeTransformer):
    """Puts a call of the hook around every part of a function."""

    def __init__(self, source: _Source) -> None:
        self.source = source
        self.parts: list[Part] = []
        self.around: list[str] = []
        self.wanted = {
            id(place.node)
            for place in source.places(None)
            if isinstance(place.node, ast.Name | ast.Call | ast.BinOp | ast.UnaryOp | ast.Subscript)
            and isinstance(getattr(place.node, "ctx", ast.Load()), ast.Load)
            and place.role not in ("index", "axis", "power", "called")
            and getattr(place.node, "id", "") not in source.scope.modules
        }

    def visit(self, node: ast.AST) -> Any:
        if id(node) not in self.wanted:
            return self.generic_visit(node)
        text = ast.unparse(node)
        around = self.around[-1] if self.around else text
        line = getattr(node, "lineno", 0) + self.source.offset
        number = len(self.parts)
        self.parts.append(Part(number, line, text, around))
        self.around.append(text)
        self.generic_visit(node)
        self.around.pop()
        given: list[Any] = [ast.Constant(None), node]
        match node:
            case ast.Call(func, [argument], []) if not isinstance(
                argument, ast.Starred | ast.GeneratorExp
            ):
                given = [func, argument]
            case ast.Call(_, [_, _, *_] as arguments, []) if (place := _only_one(arguments)) >= 0:
                given = [_of_one(node, arguments, place), arguments[place]]
            case ast.BinOp(_, ast.Pow(), ast.Constant()):
                given = [_power_of(node), node.left]
        call = ast.Call(ast.Name(_HOOK, ast.Load()), [ast.Constant(number), *given], [])
        return ast.copy_location(call, node)


def _only_one(arguments: list[ast.expr]) -> int:
    """Which argument of a call is no number, if it is a single one; else -1."""
    open_ = [k for k, argument in enumerate(arguments) if not _is_number(argument)]
    is_one = len(open_) == 1 and not isinstance(arguments[open_[0]], ast.Starred)
    return open_[0] if is_one else -1


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int | float)


def _of_one(call: ast.Call, arguments: list[ast.expr], place: int) -> ast.expr:
    """A call with numbers as a function of its other argument: ``np.maximum(·, 0)``."""
    given = [*arguments[:place], ast.Name(_GIVEN, ast.Load()), *arguments[place + 1 :]]
    return _lambda(ast.Call(call.func, given, []))


def _power_of(power: ast.BinOp) -> ast.expr:
    """A power as a function of its base."""
    return _lambda(ast.BinOp(ast.Name(_GIVEN, ast.Load()), power.op, power.right))


def _lambda(body: ast.expr) -> ast.expr:
    given = ast.arguments(
        posonlyargs=[], args=[ast.arg(_GIVEN)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    return ast.Lambda(given, body)


@dataclass(frozen=True)
class _Place:
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


class _Source:
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
        self.original = ast.unparse(self.tree)
        # pytest compiles other code for a function that asserts something.
        asserts = any(isinstance(node, ast.Assert) for node in ast.walk(self.definition))
        if not asserts and _operations(self._compiled().__code__) != _operations(self.code):
            raise LookupError("the file has changed since it was imported")

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

    def places(self, expression: int | None, nested: bool = False) -> Iterator[_Place]:
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
        places: Sequence[_Place],
        neighbours_of: Callable[[Any, Scope], Iterator[Neighbour]],
    ) -> Iterator[Edit]:
        """The edits of some places, one at a time."""
        for place in places:
            for kind, replacement in neighbours_of(place.node, self.scope):
                with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                    yield self._edit(place, kind, replacement)

    # ---- what becomes of it ----------------------------------------------------------------

    def collect(self, place: _Place, neighbour: Neighbour, found: dict[str, Edit]) -> None:
        """Add the edit that puts the neighbour into its place, if it is one, and a new one."""
        kind, replacement = neighbour
        place.put(self._placed(place, replacement))
        try:
            text = ast.unparse(self.tree)
        except (ValueError, LookupError, RecursionError):
            return
        finally:
            place.put(place.node)
        if text == self.original or text in found:
            return
        with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
            found[text] = self._edit(place, kind, replacement)  # else Python does not take it

    def _edit(self, place: _Place, kind: str, replacement: ast.AST) -> Edit:
        """The edit that puts a node into a place."""
        node: Any = place.node
        place.put(self._placed(place, replacement))
        try:
            if any(map(_nests, ast.walk(self.definition))):
                raise ValueError("a list that holds itself, of which numpy makes an array for ever")
            edited = self._compiled()
        finally:
            place.put(node)
        show = functools.partial(self._shown, place, replacement)
        return Edit(kind, node.lineno + self.offset, edited, show)

    @staticmethod
    def _placed(place: _Place, replacement: ast.AST) -> ast.AST:
        """A replacement that is where the node was that it replaces."""
        if not hasattr(replacement, "lineno"):  # else it is a part of the node, with its own place
            ast.fix_missing_locations(ast.copy_location(replacement, place.node))
        return replacement

    def _compiled(self) -> Function:
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

    def _shown(self, place: _Place, replacement: ast.AST) -> tuple[str, str]:
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
            for written in (bare, new, f"({new})"):
                after = line[: node.col_offset] + written.encode() + line[node.end_col_offset :]
                text = b"".join([*self.lines[:number], after, *self.lines[number + 1 :]])
                try:
                    if ast.dump(self._parsed(text.decode())) == wanted:
                        return line.decode().strip(), after.decode().strip()
                except SyntaxError:
                    continue
        return ast.unparse(node), new


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
) -> Iterator[_Place]:
    """The places of ``node`` and of all below it, but for those in what is ``left_alone``."""
    if isinstance(node, left_alone):
        return
    if isinstance(node, ast.keyword) and node.arg in _LEFT_ALONE:
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield _Place(parent, field, index, node, role)
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


def _nests(node: ast.AST) -> bool:
    """Whether a list is put into itself: ``out.append(out)``, ``out += [out]``."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(name), attr=method), args=given):
            return method in _GROWING and any(_shows(part, name) for part in given)
        case ast.AugAssign(target=ast.Name(name), value=ast.List() | ast.Tuple() as value):
            return _shows(value, name)
        case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(left, ast.Add(), right)):
            lists = [part for part in (left, right) if isinstance(part, ast.List)]
            return any(_shows(part, name) for part in lists)
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(name))], value=value):
            return _shows(value, name)
    return False


#: What puts something into a list.
_GROWING = ("append", "insert", "extend")


def _shows(node: ast.AST, name: str) -> bool:
    """Whether an expression is a name, or a list or tuple with it."""
    if isinstance(node, ast.List | ast.Tuple):
        return any(_shows(part, name) for part in node.elts)
    inner = node.value if isinstance(node, ast.Starred) else node
    return isinstance(inner, ast.Name) and inner.id == name


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
