"""Where a value lies: ``"dW"``, ``"grads[0]"``, ``"params['W']"``, ``"W.grad"``, ``"returned[1]"``.

A place is read from an object and from what its backward method returned, and written to an object.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from gradcheck.errors import DeclarationError

#: The word that stands for what the backward function returned.
RETURNED = "returned"
#: The word for a gradient that is read from how far its parameter moved.
CHANGE = "change"
#: So deep a network holds the layers that hold its parameters.
_DEPTH = 2


@dataclass(frozen=True)
class Place:
    """A path of attributes, keys and calls; ``text`` is how it is written."""

    text: str
    tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read a path; raises ``DeclarationError`` for anything else."""
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            tree = ast.Constant(None)
        if not _is_path(tree):
            raise DeclarationError(
                f'{text!r} is not a place; one is such as "dW", "grads[0]", "params[\'W\']", '
                '"W.grad" or "returned[1]"'
            )
        return cls(text, tree)

    @property
    def positions(self) -> tuple[int, ...]:
        """Where it is among what was returned, outside in; nothing for what lies elsewhere."""
        if not re.fullmatch(rf"{RETURNED}(\[\d+\])+", self.text):
            return ()
        return tuple(map(int, re.findall(r"\d+", self.text)))

    def read(self, owner: Any, returned: Any = None) -> Any:
        """The value that lies there.

        Raises ``AttributeError``, ``KeyError``, ``IndexError`` or ``TypeError`` where none does.
        """
        return _read(self.tree, owner, returned)

    def write(self, owner: Any, value: Any) -> None:
        """Put a value there, and wherever else in ``owner`` the old one lies under other names."""
        try:
            old = self.read(owner)
        except (AttributeError, KeyError, IndexError, TypeError):
            old = None
        if old is not None:
            _replace(owner, old, value)
        match self.tree:
            case ast.Name(id=name):
                setattr(owner, name, value)
            case ast.Attribute(value=holder, attr=name):
                setattr(_read(holder, owner, None), name, value)
            case ast.Subscript(value=holder, slice=index):
                _read(holder, owner, None)[ast.literal_eval(index)] = value


def _is_path(tree: ast.expr) -> bool:
    match tree:
        case ast.Name():
            return True
        case ast.Attribute(value=holder):
            return _is_path(holder)
        case ast.Subscript(value=holder, slice=index):
            return _is_path(holder) and isinstance(index, ast.Constant)
        case ast.Call(func=method, args=[], keywords=[]):
            return _is_path(method)
    return False


def _read(tree: ast.expr, owner: Any, returned: Any) -> Any:
    match tree:
        case ast.Name(id=name):
            return returned if name == RETURNED else getattr(owner, name)
        case ast.Attribute(value=holder, attr=name):
            return getattr(_read(holder, owner, returned), name)
        case ast.Subscript(value=holder, slice=index):
            return _read(holder, owner, returned)[ast.literal_eval(index)]
        case ast.Call(func=method):
            return _read(method, owner, returned)()
    raise TypeError(ast.unparse(tree))


def _replace(owner: Any, old: Any, new: Any, depth: int = _DEPTH) -> None:
    """Let every attribute, and every entry of a list or dict, that is ``old`` be ``new``.

    Of the layers that an object holds too, as a network does.
    """
    held: list[Any] = []
    for name, value in list(getattr(owner, "__dict__", {}).items()):
        if value is old:
            setattr(owner, name, new)
        elif isinstance(value, dict):
            value.update({key: new for key, part in value.items() if part is old})
            held += value.values()
        elif isinstance(value, list):
            value[:] = [new if part is old else part for part in value]
            held += value
        else:
            held.append(value)
    for one in held if depth else ():
        if hasattr(one, "__dict__") and not isinstance(one, type | FunctionType | ModuleType):
            _replace(one, old, new, depth - 1)


def evaluate(text: str, bindings: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> Any:
    """An expression in sizes, such as ``"2/(n*c)"``, ``"[d, h]"`` or ``"shape(x)[1:]"``.

    Raises ``DeclarationError`` with the names that are known.
    """
    try:
        return _value(_parsed(text), bindings, shapes)
    except (SyntaxError, KeyError, IndexError):
        raise DeclarationError(
            f"{text!r} is not an expression in sizes, such as '1/n' or 'shape(x)'; sizes are "
            f"{', '.join(bindings) or 'none'}, inputs {', '.join(shapes)}"
        ) from None


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _value(tree: ast.expr, bindings: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> Any:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return bindings[name]
        case ast.List(elts=parts):
            return [_value(part, bindings, shapes) for part in parts]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, bindings, shapes)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left, bindings, shapes), _value(right, bindings, shapes)
            match op:
                case ast.Add():
                    return a + b
                case ast.Sub():
                    return a - b
                case ast.Mult():
                    return a * b
                case ast.Div():
                    return a / b
                case ast.FloorDiv():
                    return a // b
        case ast.Call(func=ast.Name(id="shape"), args=[ast.Name(id=name)]):
            return shapes[name]
        case ast.Subscript(value=holder, slice=ast.Constant(value=int() as index)):
            return _value(holder, bindings, shapes)[index]
        case ast.Subscript(value=holder, slice=ast.Slice(lower=ast.Constant(value=int() as low))):
            return _value(holder, bindings, shapes)[low:]
    raise SyntaxError(ast.unparse(tree))


def numbers_of(made: Any) -> dict[str, float]:
    """The numbers that an object holds, by name."""
    held = getattr(made, "__dict__", {})
    return {
        name: float(one)
        for name, one in held.items()
        if isinstance(one, int | float) and not isinstance(one, bool)
    }
