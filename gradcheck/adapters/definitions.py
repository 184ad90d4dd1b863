"""The definitions of a Python file or a notebook, and nothing else of it.

Functions, classes, constants and the imports that they need are taken. What would run — training
loops, prints, plots, reading of files — is left out and named, and so is what cannot be taken:
an import that fails, a class whose base is not there, a cell that is no Python.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.adapters.chunks import OF_PYTHON_2, Chunk, chunks, parsed
from gradcheck.adapters.numpy_names import with_pullback
from gradcheck.adapters.siblings import imported_file
from gradcheck.adapters.sources import missing_names
from gradcheck.answers import last_line

#: What a constant may be made with.
_MAKERS = {
    "array", "zeros", "ones", "eye", "finfo", "default_rng", "RandomState", "TypeVar", "NewType",
    "namedtuple", "partial", "float", "int", "tuple", "list", "dict", "set", "frozenset", "sqrt",
    "float32", "float64", "log", "exp", "arange", "asarray", "property", "vectorize",
}  # fmt: skip
#: Calls that give a function its rule: of JAX, of autograd, and of what is written in their way.
_REGISTRATIONS = {"defvjp", "defjvp", "defvjp_argnum", "defjvp_argnum", "defvjps", "defjvps"}
#: Decorators of a function that returns its own backward function.
_RULES = {"custom_gradient"}
_PACKAGE = "__init__.py"
#: What the annotations of a file name may be missing.
_LAZY = __future__.annotations.compiler_flag
#: A line of this much is shown of what is left out.
_MOST_SHOWN = 60


@dataclass(frozen=True)
class LeftOut:
    """A part of a file that was not taken, and why."""

    line: int
    text: str
    reason: str
    #: The name of the file, where it is one that was imported.
    file: str = ""

    def __str__(self) -> str:
        where = f"of {self.file}, " if self.file else ""
        return f"{where}line {self.line}: {self.text}: {self.reason}"


#: What a base that is missing is called where a class is made without it.
_BASE = "__base_that_is_missing"


class StandIn:
    """What a class is made from whose own base is missing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __init_subclass__(cls, **_: Any) -> None:
        # An operator, which its file calls in a function of its own: matmul(a, b).
        is_called = any("__call__" in vars(one) for one in cls.__mro__)
        if hasattr(cls, "compute") and not is_called:
            cls.__call__ = _computed  # type: ignore[method-assign]


def _computed(operator: Any, *arrays: Any) -> Any:
    return operator.compute(*arrays)


@dataclass
class Definitions:
    """What was taken from a file."""

    path: Path
    module: ModuleType
    left_out: list[LeftOut] = field(default_factory=list)
    #: Names that are missing since what they come from could not be imported: the reason.
    missing: dict[str, str] = field(default_factory=dict)
    #: Classes of which a base is missing, by name: the reason.
    incomplete: dict[str, str] = field(default_factory=dict)
    #: All that could be parsed, with the lines of the file: also what is not run.
    trees: list[ast.Module] = field(default_factory=list)

    def lacking(self, value: Any) -> str:
        """Why a class has a base that does nothing, where its own is missing; empty for others."""
        if not inspect.isclass(value) or StandIn not in value.__mro__:
            return ""
        names = [one.__name__ for one in value.__mro__ if one.__name__ in self.incomplete]
        return self.incomplete[names[-1]] if names else "a base of it is missing"

    @property
    def namespace(self) -> dict[str, Any]:
        """The names that the file itself defines."""
        own = self.module.__name__
        return {
            name: value
            for name, value in vars(self.module).items()
            if _home(value) == own and not name.startswith("__")
        }


def _home(value: Any) -> str | None:
    """The module in which a function or class was written, by whatever it is wrapped."""
    inner = inspect.unwrap(getattr(value, "fun", value)) if callable(value) else value
    return getattr(inner, "__module__", None)


def definitions_of(path: Path) -> Definitions:
    """Take the definitions of a file; raises ``InputError`` for a file that cannot be read."""
    return _Taking(path, {}).result


class _Taking:
    """One file that is being taken; siblings that it imports are taken in the same way."""

    def __init__(self, path: Path, known: dict[Path, ModuleType]) -> None:
        name = f"{path.stem} {zlib.crc32(str(path.absolute()).encode()):08x}"
        module = ModuleType(name)
        module.__file__ = str(path)
        vars(module).update(OF_PYTHON_2)
        self.result = Definitions(path, module)
        self.known = known
        known[path.absolute()] = module
        sys.modules[name] = module
        trees = [one for chunk in chunks(path) for one in self._parsed(chunk)]
        for chunk, tree in trees:
            self.result.trees.append(copy.deepcopy(tree))
            ast.increment_lineno(self.result.trees[-1], chunk.line - 1)
        self.used = {
            node.id
            for _, tree in trees
            for statement in tree.body
            if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
            or _is_constant(statement)
            or _registers(statement)
            for node in ast.walk(statement)
            if isinstance(node, ast.Name)
        }
        for chunk, tree in trees:
            for statement in tree.body:
                self._take(chunk, statement)

    # ---- one statement -----------------------------------------------------------------------

    def _parsed(self, chunk: Chunk) -> Iterator[tuple[Chunk, ast.Module]]:
        for part, tree in parsed(chunk):
            if isinstance(tree, ast.Module):
                yield part, tree
            else:
                text = part.text.strip()
                first = text.splitlines()[0] if text else ""
                line = part.line + (getattr(tree, "lineno", None) or 1) - 1
                # Without the place that Python adds: it counts the lines from its own start.
                why = getattr(tree, "msg", None) or last_line(tree)
                self._leave(line, first.removesuffix(":"), f"this is no Python 3: {why}")

    def _take(self, chunk: Chunk, statement: ast.stmt) -> None:
        match statement:
            case ast.Import() | ast.ImportFrom():
                self._import(chunk, statement)
            case ast.Try(body=body) if all(
                isinstance(s, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass) for s in body
            ):
                self._try(chunk, statement)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if isinstance(statement, ast.ClassDef):
                    _unslotted(statement)
                self._execute(chunk, statement, f"{_word(statement)} {statement.name}")
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return
            case _ if _registers(statement):
                self._execute(chunk, statement, _shown(statement))
            case _ if _is_constant(statement):
                self._execute(chunk, statement, _shown(statement))
            case _:
                line = self._line(chunk, statement)
                self._leave(line, _shown(statement), "it is not run")
                self._miss(statement, line, "it is not run")

    def _line(self, chunk: Chunk, statement: ast.stmt) -> int:
        return chunk.line + statement.lineno - 1

    def _leave(self, line: int, text: str, reason: str) -> None:
        self.result.left_out.append(LeftOut(line, text, reason))

    def _miss(self, statement: ast.stmt, line: int, reason: str) -> None:
        """Names that a statement would have given to something are missing."""
        for node in statement.targets if isinstance(statement, ast.Assign) else ():
            for one in ast.walk(node):
                if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                    said = f"line {line}, `{_shown(statement)}`: {reason}"
                    self.result.missing.setdefault(one.id, said)

    def _execute(self, chunk: Chunk, statement: ast.stmt, what: str) -> None:
        tree = ast.Module([statement], [])
        ast.increment_lineno(tree, chunk.line - 1)
        try:
            with warnings.catch_warnings(action="ignore"):
                code = compile(tree, chunk.file, "exec", _LAZY)
                exec(code, vars(self.result.module))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            reason = self._because(error)
            if isinstance(statement, ast.ClassDef) and self._without_base(statement, error):
                self.result.incomplete[statement.name] = reason
                self._execute(chunk, statement, what)
                return
            if isinstance(statement, ast.FunctionDef) and self._without_rule(statement, error):
                self._execute(chunk, statement, what)
                self._by_numpy(statement.name)
                return
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                self.result.missing[statement.name] = reason
            self._leave(statement.lineno, what, reason)
            self._miss(statement, statement.lineno, reason)

    def _without_base(self, statement: ast.ClassDef, error: BaseException) -> bool:
        """Let a base that is missing be one that does nothing; whether there is one."""
        name = getattr(error, "name", None)
        if not isinstance(error, NameError) or name not in self.result.missing:
            return False
        lacking = [base for base in statement.bases if _mentions(base, name)]
        for base in lacking:
            place = statement.bases.index(base)
            statement.bases[place] = ast.copy_location(ast.Name(_BASE, ast.Load()), base)
            setattr(self.result.module, _BASE, StandIn)
        return bool(lacking)

    def _without_rule(self, statement: ast.FunctionDef, error: BaseException) -> bool:
        """Leave out what tells a framework that is missing of a rule; whether there is that."""
        name = getattr(error, "name", None)
        if not isinstance(error, NameError) or name not in self.result.missing:
            return False
        kept = [
            one
            for one in statement.decorator_list
            if not (_called(one) in _RULES and _mentions(one, name))
        ]
        left_out = len(kept) < len(statement.decorator_list)
        statement.decorator_list = kept
        return left_out

    def _by_numpy(self, name: str) -> None:
        """Let numpy stand in a function for what is missing."""
        space = vars(self.result.module)
        if inspect.isfunction(function := space.get(name)):
            missing = [one for one in missing_names(function) if one in self.result.missing]
            space[name] = with_pullback(function, missing)

    def _because(self, error: BaseException) -> str:
        name = getattr(error, "name", None)
        if isinstance(error, NameError) and name in self.result.missing:
            return f"it needs {name}: {self.result.missing[name]}"
        return last_line(error)

    # ---- imports ---------------------------------------------------------------------------

    def _import(self, chunk: Chunk, statement: ast.Import | ast.ImportFrom) -> None:
        for alias in statement.names:
            bound = alias.asname or alias.name.split(".")[0]
            package = self.result.path.name == _PACKAGE  # is there for its imports
            one: ast.Import | ast.ImportFrom
            if isinstance(statement, ast.Import):
                one = ast.Import([alias])
            else:
                one = ast.ImportFrom(statement.module, [alias], statement.level)
            ast.copy_location(one, statement)
            is_used = alias.name == "*" or bound in self.used or package
            # What comes from a file beside it may be what is looked for in this one.
            if not is_used and imported_file(self.result.path, one) is None:
                continue
            try:
                self._import_one(one, chunk)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                if bound in OF_PYTHON_2:
                    continue  # it is there by that name
                text = ast.unparse(one)
                reason = f"`{text}` fails: {last_line(error)}"
                self.result.missing[bound] = reason
                self._leave(self._line(chunk, statement), text, last_line(error))

    def _import_one(self, one: ast.Import | ast.ImportFrom | Any, chunk: Chunk) -> None:
        sibling = imported_file(self.result.path, one)
        if sibling is None:
            if isinstance(one, ast.ImportFrom) and one.level:
                raise ImportError(f"no file of that name lies beside {self.result.path.name}")
            code = compile(ast.fix_missing_locations(ast.Module([one], [])), chunk.file, "exec")
            exec(code, vars(self.result.module))
            return
        module = self._taken(sibling)
        namespace = vars(self.result.module)
        (alias,) = one.names
        if isinstance(one, ast.Import):
            package = self.known.get(sibling.parent / _PACKAGE)
            whole = module if alias.asname or "." not in alias.name else package
            namespace[alias.asname or alias.name.split(".")[0]] = whole or module
        elif alias.name == "*":
            namespace.update({n: v for n, v in vars(module).items() if not n.startswith("_")})
        elif sibling.stem == alias.name and not hasattr(module, alias.name):
            namespace[alias.asname or alias.name] = module  # from package import module
        else:
            namespace[alias.asname or alias.name] = getattr(module, alias.name)

    def _taken(self, path: Path) -> ModuleType:
        """The definitions of another file; a package knows the modules of it that are taken."""
        if path not in self.known:
            taken = _Taking(path, self.known)
            self.result.left_out += [
                one if one.file else replace(one, file=path.name) for one in taken.result.left_out
            ]
        init = path.parent / _PACKAGE
        elsewhere = init != path and path.parent != self.result.path.parent
        if elsewhere and init.is_file() and init not in self.known:
            _Taking(init, self.known)
        for one, module in list(self.known.items()):
            package = self.known.get(one.parent / _PACKAGE)
            if package is not None and package is not module:
                setattr(package, one.stem, module)
        return self.known[path]

    def _try(self, chunk: Chunk, statement: ast.Try) -> None:
        """``try: import … except ImportError: …``: the first branch that can be taken."""
        for body in (statement.body, *(handler.body for handler in statement.handlers)):
            before = len(self.result.left_out)
            for one in body:
                self._take(chunk, one)
            if len(self.result.left_out) == before:
                return
            del self.result.left_out[before:]
        self._leave(self._line(chunk, statement), _shown(statement), "no branch can be taken")


def _is_constant(statement: ast.stmt) -> bool:
    """Whether a statement gives a name to something that running code is not needed for."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if not all(isinstance(target, ast.Name) for target in targets):
        return False
    if isinstance(statement.value, ast.Lambda):
        return True
    for node in ast.walk(statement.value):
        if isinstance(node, ast.Call):
            if _called(node.func) not in _MAKERS:
                return False
        elif isinstance(node, ast.Await | ast.Yield | ast.NamedExpr):
            return False
    return True


def _unslotted(statement: ast.ClassDef) -> None:
    """Leave ``__slots__`` out of a class, which keep its attributes from being seen."""
    kept = [
        one
        for one in statement.body
        if not isinstance(one, ast.Assign) or ast.unparse(one.targets[0]) != "__slots__"
    ]
    statement.body = kept or [ast.copy_location(ast.Pass(), statement)]


def _mentions(expression: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(expression))


def _registers(statement: ast.stmt) -> bool:
    """Whether a statement gives a function its rule: ``f.defvjp(f_fwd, f_bwd)``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and _called(call.func) in _REGISTRATIONS


def _called(function: ast.expr) -> str:
    """The last part of the name by which a function is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _word(statement: ast.stmt) -> str:
    return "class" if isinstance(statement, ast.ClassDef) else "def"


def _shown(statement: ast.stmt) -> str:
    text = ast.unparse(statement).splitlines()[0]
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + " …"
