"""JAX: ``jax.custom_vjp``, and any function that JAX differentiates, in float64 on the CPU."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.boundary import double, framework, jax_dtype
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, as_is, parameters_of

PRIORITY = 12


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A function with a rule of its own, or one that is said to be JAX's."""
    jax = framework("jax", names)
    if jax is None or len(what) != 1:
        return None
    (one,) = what
    own = isinstance(one, jax.custom_vjp | jax.custom_jvp)
    if not own and not (names.framework == "jax" and callable(one)):
        return None
    kind = inspect.Parameter.POSITIONAL_ONLY
    source = one.bwd if isinstance(one, jax.custom_vjp) and one.bwd is not None else one
    return Style(
        convention=f"jax.{type(one).__name__}" if own else "JAX function",
        name=getattr(one, "__name__", type(one).__name__),
        forward=lambda held: _forward(jax, held, one),
        backward=lambda held: _backward(jax, held),
        make=lambda: SimpleNamespace(pull=None, given=[]),
        source=source if inspect.isfunction(source) else getattr(one, "__wrapped__", None),
        inward=as_is,
        around=double,
        own_dtype=jax_dtype(),
        fixed=_fixed(jax, one),
        takes_all=not parameters_of(one),
        takes=tuple(p.replace(kind=kind) for p in parameters_of(one)),
        gets=tuple(inspect.Parameter(f"dy{k}", kind) for k in range(_MOST_OUTPUTS)),
    )


#: A function may have so many outputs.
_MOST_OUTPUTS = 16


def _fixed(jax: Any, one: Any) -> dict[str, Any]:
    """The arguments that a rule is not for: functions, or numbers."""
    names = [parameter.name for parameter in parameters_of(one)]
    numbers = [k for k in getattr(one, "nondiff_argnums", ()) if k < len(names)]
    return {
        names[k]: jax.numpy.sin if names[k].lower() in ("f", "fn", "fun", "func", "g") else 2
        for k in numbers
    }


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Functions with a rule of their own."""
    for value in namespace.values():
        if style_of((value,), Names()) is not None:
            yield (value,)


def _forward(jax: Any, held: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*values: Any) -> Any:
        with double():
            real = [_is_real(value) for value in values]

            def of_reals(*reals: Any) -> Any:
                left = list(reals)
                return function(
                    *(
                        left.pop(0) if is_real else value
                        for value, is_real in zip(values, real, strict=True)
                    )
                )

            primals = [jax.numpy.asarray(v) for v, r in zip(values, real, strict=True) if r]
            held.given = real
            answer, held.pull = jax.vjp(of_reals, *primals)
            parts = answer if isinstance(answer, tuple | list) else [answer]
            held.many, held.kind = isinstance(answer, tuple | list), type(answer)
            found = [_number(part) for part in parts]
            return tuple(found) if len(found) > 1 else found[0]

    return forward


def _backward(jax: Any, held: Any) -> Callable[..., Any]:
    def backward(*cotangents: Any) -> Any:
        with double():
            given = [jax.numpy.asarray(one) for one in cotangents if one is not None]
            found = list(held.pull(held.kind(given) if held.many else given[0]))
            return tuple(_number(found.pop(0)) if real else None for real in held.given)

    return backward


def _is_real(value: Any) -> bool:
    return hasattr(value, "dtype") and np.dtype(value.dtype).kind == "f"


def _number(value: Any) -> Any:
    array = np.asarray(value)
    return array if array.ndim else array[()]
