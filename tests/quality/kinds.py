"""A backward rule as a claim of another kind: the Jacobian, a JVP, the gradient of a sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.claims import Kind


def _parts(raw: Any) -> tuple[Any, ...]:
    return raw if isinstance(raw, tuple) else (raw,)


def _units(y: Any) -> list[Any]:
    """The cotangents that pick one output each."""
    shape = np.shape(y)
    return [unit.reshape(shape)[()] for unit in np.eye(int(np.prod(shape)))]


def as_kind(
    kind: Kind, f: Callable, vjp: Callable, inputs: Sequence[Any], rng: np.random.Generator
) -> tuple[Callable, Callable, tuple[Any, ...]]:
    """Function, rule and inputs that claim by ``kind`` what ``vjp`` claims of ``f``.

    A Jacobian is that of one input, which ``rng`` chooses; a gradient that of a sum of the outputs
    with random weights.
    """
    inputs = tuple(inputs)
    if kind == "vjp":
        return f, vjp, inputs
    if kind == "gradient":
        shape = np.shape(f(*inputs))
        weights = (rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape))[()]
        return (lambda *x: (weights * f(*x)).sum()), (lambda *x: vjp(weights, *x)), inputs
    units = _units(f(*inputs))
    shape = np.shape(f(*inputs))
    if kind == "jvp":
        count = len(inputs)

        def jvp(*given: Any) -> Any:
            tangents, x = given[:count], given[count:]
            rows = [
                sum((g * t).sum() for g, t in zip(_parts(vjp(u, *x)), tangents, strict=True))
                for u in units
            ]
            return np.array(rows).reshape(shape)[()]

        return f, jvp, inputs
    if kind != "jacobian":
        raise ValueError(f"no way to claim a {kind} by a backward rule")
    chosen = int(rng.integers(len(inputs)))

    def around(x: Any) -> list[Any]:
        return [*inputs[:chosen], x, *inputs[chosen + 1 :]]

    def jacobian(x: Any) -> Any:
        rows = [_parts(vjp(u, *around(x)))[chosen] for u in units]
        return np.array(rows).reshape(shape + np.shape(x))

    return (lambda x: f(*around(x))), jacobian, (inputs[chosen],)
