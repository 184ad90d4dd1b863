"""Functions that were not declared: what is known of them from their inputs and signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.arguments import constant, real
from gradcheck.claims import Derivation, Options
from gradcheck.errors import InputError
from gradcheck.returned import SetAside, Violation
from gradcheck.signatures import Function
from gradcheck.subject import Subject


def plain_derivation(f: Function, names: list[str], inputs: tuple[Any, ...]) -> Derivation:
    """The derivation of a function at given inputs: floating arrays are differentiated.

    Raises ``InputError`` where there are none.
    """
    if isinstance(f, Derivation):
        f = f.function
    for name, value in zip(names, inputs, strict=True):
        if isinstance(value, list | tuple) and any(np.ndim(part) for part in value):
            raise InputError(
                f"{name_of(f)}: {name} is a list of arrays; declare the function to put one in: "
                f'@derivation({name}=arrays(real("*any"), count="t"))'
            )
    kinds = [np.asarray(value).dtype for value in inputs]
    if not any(kind.kind in "fc" for kind in kinds):
        seen = ", ".join(f"{name} ({kind})" for name, kind in zip(names, kinds, strict=True))
        raise InputError(
            f"{name_of(f)}: derivatives are taken with respect to arrays of floating numbers, and "
            f"there are none among its inputs: {seen or 'none'}; try np.asarray(x, dtype=float)"
        )

    def by_name(**values: Any) -> Any:
        return f(*values.values())

    describe(by_name, name_of(f), names)
    owner = Derivation(by_name, dims_of(names, inputs), register=False)
    try:
        answer = f(*inputs)
    except Exception:
        answer = None  # it will be reported as raising
    if isinstance(answer, tuple) or (isinstance(answer, list) and any(map(np.ndim, answer))):
        outputs = tuple(f"y{k}" for k in range(len(answer)))
        owner.options = Options(output=outputs)
    else:
        output = "y" if "y" not in names else "output"
        owner.options = Options(output=(output,))
    owner.require_sound()
    return owner


def plain_subject(f: Function, inputs: tuple[Any, ...]) -> Subject:
    """The function at its inputs, ready to be measured."""
    names = names_of(f, inputs)
    owner = plain_derivation(f, names, inputs)
    values, bindings = owner.accept(dict(zip(names, inputs, strict=True)))
    with np.errstate(all="ignore"):
        try:
            return Subject(owner, values, bindings, owner.differentiable)
        except (SetAside, Violation) as error:
            raise InputError(str(error)) from None


def dims_of(names: list[str], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Arrays of floating numbers are inputs of any shape; everything else is a constant."""
    return {
        name: real(f"*{name}") if np.asarray(value).dtype.kind in "fc" else constant(value)
        for name, value in zip(names, inputs, strict=True)
    }


def names_of(f: Function, inputs: tuple[Any, ...]) -> list[str]:
    """The names of its parameters, or ``x0``, ``x1``, …, one for each of its inputs."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds]
    return [names[k] if k < len(names) else f"x{k}" for k in range(len(inputs))]


def describe(function: Callable[..., Any], name: str, names: list[str], leading: int = 0) -> None:
    """Give a wrapper the name and the parameters of what it wraps."""
    kind = inspect.Parameter.POSITIONAL_ONLY
    first = [inspect.Parameter(f"cotangent_{k}", kind) for k in range(leading)]
    rest = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    function.__name__ = name
    function.__signature__ = inspect.Signature(first + rest)  # type: ignore[attr-defined]


def name_of(function: Function) -> str:
    """What a function is called."""
    return getattr(function, "__name__", type(function).__name__)


def place_of(function: Function) -> tuple[str, int]:
    """The file and the line where a function is defined."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else ("<unknown>", 0)
