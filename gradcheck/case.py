"""A case: concrete inputs as data, printed so that it can be pasted and run again."""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.errors import InputError, ReplayError

#: Counts the versions of what a case's seed means: which directions are derived from it.
SAMPLER = 2

_CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "array": np.array,
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
    "int64": np.int64,
    "int32": np.int32,
    "bool_": np.bool_,
    "zeros": np.zeros,
}


@dataclass(frozen=True, eq=False)
class Case:
    """Inputs by name, and the seed from which the directions of the measurement are drawn.

    ``repr(case)`` can be evaluated with ``Case`` and ``np`` in scope. ``sampler`` is the version
    that printed it; another version raises ``ReplayError``, since it would measure elsewhere.
    """

    inputs: Mapping[str, Any]
    seed: int = 0
    sampler: int = field(default=SAMPLER, kw_only=True)

    def __post_init__(self) -> None:
        if self.sampler != SAMPLER:
            raise ReplayError(
                f"this case was printed by version {self.sampler} of the sampler; this is version "
                f"{SAMPLER}, which would derive other directions from its seed"
            )
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name!r}: {literal(value)}" for name, value in self.inputs.items())
        return f"Case({{{inputs}}}, seed={self.seed}, sampler={self.sampler})"

    def rng(self, *purpose: str | int) -> np.random.Generator:
        """The random numbers of this case for one purpose."""
        number = self.seed
        for part in purpose:
            word = zlib.crc32(part.encode()) if isinstance(part, str) else part
            number = number << 32 | word
        return np.random.default_rng(number)

    def with_inputs(self, inputs: Mapping[str, Any]) -> Case:
        """The same seed at other inputs."""
        return Case(inputs, self.seed)

    def afresh(self) -> Case:
        """The same inputs with other directions, to see whether a failure was one of chance."""
        return Case(self.inputs, self.seed ^ 0x5EED)

    @classmethod
    def parse(cls, text: str) -> Case:
        """The case that printed ``text``; nothing but its constructors is evaluated.

        Raises ``InputError`` where the text is not a case.
        """
        try:
            tree = ast.parse(text.strip(), mode="eval").body
            case = _build(tree)
        except (SyntaxError, ValueError, TypeError) as error:
            raise InputError(f"not a case: {text!r}: {error}") from None
        if not isinstance(case, cls):
            raise InputError(f"not a case: {text!r}")
        return case


def literal(value: Any) -> str:
    """``value`` as an expression of Python and numpy that evaluates to it."""
    if isinstance(value, np.ndarray):
        if value.size == 0:
            return f"np.zeros({value.shape}, dtype=np.{value.dtype})"
        name = "array" if value.dtype in (np.float64, np.int64, np.bool_) else value.dtype.name
        return f"np.{name}({_finite_or_named(repr(value.tolist()))})"
    if isinstance(value, np.float64 | np.int64 | np.bool_ | float):
        return _finite_or_named(repr(value.item() if isinstance(value, np.generic) else value))
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({_finite_or_named(repr(value.item()))})"
    if isinstance(value, list | tuple):
        parts = ", ".join(literal(part) for part in value)
        return f"[{parts}]"
    return repr(value)


def _finite_or_named(numbers: str) -> str:
    """Text of numbers, with what is not finite as an expression: ``float('nan')``."""
    return re.sub(r"\b(nan|inf)\b", r"float('\1')", numbers)


def _build(tree: ast.expr) -> Any:
    """Evaluate the constructors that ``literal`` and ``repr`` write, and no others."""
    match tree:
        case ast.Call(func=ast.Name(id="Case"), args=args, keywords=keywords):
            return Case(*map(_build, args), **{str(k.arg): _build(k.value) for k in keywords})
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args, keywords=keywords
        ) if name in _CONSTRUCTORS:
            named = {str(k.arg): _build(k.value) for k in keywords}
            return _CONSTRUCTORS[name](*map(_build, args), **named)
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value="nan" | "inf" as name)]):
            return float(name)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Call() as operand):
            return -_build(operand)
        case ast.Attribute(value=ast.Name(id="np"), attr=name):
            return np.dtype(name)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_build(key): _build(value) for key, value in pairs if key is not None}
        case ast.List(elts=parts):
            return [_build(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_build(part) for part in parts)
    return ast.literal_eval(tree)
