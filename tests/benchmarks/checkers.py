"""Gradient checkers in use, each given a numpy function and its backward rule as its users would.

A checker is ``accepts(f, vjp, inputs, seed) -> bool | None``: whether it takes the rule at the
inputs, at its own defaults; None where it does not decide. What it raises is an alarm.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import Status
from tests.quality.judged import judged

Inputs = Sequence[Any]
#: What users of a checker that returns an error compare it with.
_USUAL_LIMIT = 1e-6
#: numdifftools estimates its own error; rules are believed up to so many times of it.
_ESTIMATES = 100
#: So that a zero equals a zero.
_ZERO = 1e-300


@dataclass(frozen=True)
class Checker:
    """One checker: its name in the tables, and up to how many inputs it is of use."""

    name: str
    accepts: Callable[[Callable, Callable, Inputs, int], bool | None]
    most_inputs: int = 10**9
    #: Whether what it allocates is seen by tracemalloc.
    traced: bool = True
    #: Milliseconds where others take one, so that it is given every eighth function alone.
    slow: bool = False
    #: What has to be known of how it was used.
    note: str = ""


def _parts(raw: Any) -> tuple[Any, ...]:
    return raw if isinstance(raw, tuple) else (raw,)


def _own(array: Any) -> Any:
    """A copy that the rule may write to; a numpy scalar for an array of no dims."""
    return np.array(array)[()]


def _summed(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> tuple[Callable, Callable]:
    """A sum of the outputs with random weights, and its gradient, of the inputs in one vector."""
    shapes = [np.shape(value) for value in inputs]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    weights = np.random.default_rng(seed).standard_normal(np.shape(f(*inputs)))

    def split(x: Any) -> list[Any]:
        pieces = np.split(np.asarray(x), ends[:-1])
        return [p.reshape(s).copy()[()] for p, s in zip(pieces, shapes, strict=True)]

    def value(x: Any) -> float:
        return float(np.sum(weights * f(*split(x))))

    def gradient(x: Any) -> Any:
        parts = _parts(vjp(weights[()], *split(x)))
        wrong = [p for p, s in zip(parts, shapes, strict=True) if np.shape(p) != s]
        if wrong:
            raise ValueError("a gradient of another shape than its input")
        return np.concatenate([np.ravel(p) for p in parts])

    return value, gradient


def _flat(inputs: Inputs) -> Any:
    return np.concatenate([np.ravel(value) for value in inputs]).astype(np.float64)


# ---- this project ---------------------------------------------------------------------------


def gradcheck_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool | None:
    """``verify_vjp``."""
    status = judged(f, vjp, "vjp", inputs, seed).status
    return None if status is Status.UNDECIDED else status is Status.PASS


# ---- PyTorch --------------------------------------------------------------------------------


def _torch_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int, *, fast: bool) -> bool:
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.save_for_backward(*xs)
            return torch.from_numpy(np.array(f(*(_own(x.detach().numpy()) for x in xs))))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            xs = (_own(x.detach().numpy()) for x in ctx.saved_tensors)
            parts = _parts(vjp(_own(g.numpy()), *xs))
            return tuple(torch.from_numpy(np.array(part)) for part in parts)

    torch.manual_seed(seed)
    tensors = [torch.from_numpy(np.array(value)).requires_grad_() for value in inputs]
    return torch.autograd.gradcheck(Wrapped.apply, tensors, fast_mode=fast)


def torch_slow_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``torch.autograd.gradcheck``."""
    return _torch_accepts(f, vjp, inputs, seed, fast=False)


def torch_fast_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``torch.autograd.gradcheck(fast_mode=True)``."""
    return _torch_accepts(f, vjp, inputs, seed, fast=True)


# ---- JAX ------------------------------------------------------------------------------------


def jax_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``jax.test_util.check_grads(order=1, modes=["rev"])``; its directions are always the same."""
    import jax
    from jax.test_util import check_grads

    y = np.asarray(f(*inputs))
    answer = jax.ShapeDtypeStruct(y.shape, y.dtype)
    gradients = tuple(
        jax.ShapeDtypeStruct(np.shape(value), np.asarray(value).dtype) for value in inputs
    )

    @jax.custom_vjp
    def wrapped(*xs: Any) -> Any:
        return jax.pure_callback(lambda *a: np.asarray(f(*map(_own, a)), y.dtype), answer, *xs)

    def backward(xs: Any, g: Any) -> Any:
        def call(g: Any, *a: Any) -> Any:
            return tuple(map(np.asarray, _parts(vjp(_own(g), *map(_own, a)))))

        return jax.pure_callback(call, gradients, g, *xs)

    wrapped.defvjp(lambda *xs: (wrapped(*xs), xs), backward)
    with jax.enable_x64(True):
        check_grads(wrapped, tuple(map(jax.numpy.asarray, inputs)), order=1, modes=["rev"])
    return True


# ---- autograd -------------------------------------------------------------------------------


def autograd_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``autograd.test_util.check_grads(modes=["rev"], order=1)`` with respect to every input."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    wrapped = primitive(f)

    def rule_of(number: int) -> Callable:
        return lambda answer, *xs: lambda g: _parts(vjp(g, *xs))[number]

    defvjp(wrapped, *(rule_of(number) for number in range(len(inputs))))
    np.random.seed(seed)  # noqa: NPY002  autograd draws its directions from there
    everyone = tuple(range(len(inputs))) if len(inputs) > 1 else 0
    check_grads(wrapped, everyone, modes=["rev"], order=1)(*inputs)
    return True


# ---- those of a scalar function of one vector -----------------------------------------------


def scipy_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``scipy.optimize.check_grad`` below the usual limit."""
    from scipy.optimize import check_grad

    value, gradient = _summed(f, vjp, inputs, seed)
    return check_grad(value, gradient, _flat(inputs)) < _USUAL_LIMIT


def scipy_random_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``scipy.optimize.check_grad(direction="random")`` below the usual limit."""
    from scipy.optimize import check_grad

    value, gradient = _summed(f, vjp, inputs, seed)
    error = check_grad(value, gradient, _flat(inputs), direction="random", rng=seed)
    return error < _USUAL_LIMIT


def numdifftools_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """``numdifftools.Gradient`` up to a multiple of its own error estimate."""
    import numdifftools

    value, gradient = _summed(f, vjp, inputs, seed)
    x = _flat(inputs)
    found = numdifftools.Gradient(value, full_output=True)(x)
    limit = _ESTIMATES * np.abs(found.error_estimate).reshape(-1) + _ZERO
    return bool(np.all(np.abs(found.estimate.reshape(-1) - gradient(x)) <= limit))


def numguard_accepts(f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> bool:
    """The measurement and tolerance of ``numguard.check(grad=…)``, at the inputs that are given.

    It is of the gradient of ``sum(f(x))``, so of a cotangent of ones, and of at most 32 entries of
    each input; what its measurement does not trust is skipped.
    """
    from numguard.gradcheck import finite_difference_grad, grad_tolerance

    parts = _parts(vjp(np.ones(np.shape(f(*inputs)))[()], *inputs))
    for number, (part, value) in enumerate(zip(parts, inputs, strict=True)):
        if np.shape(part) != np.shape(value):
            return False
        given = [np.asarray(one, np.float64) for one in inputs]
        expected, unsure = finite_difference_grad(
            lambda *xs: f(*(x[()] for x in xs)), given, number, None, {}, elementwise=False
        )
        seen = np.isfinite(expected)
        if not seen.any():
            continue
        e, claimed = expected[seen], np.asarray(part, np.float64)[seen]
        tolerance = grad_tolerance(str(np.asarray(value).dtype))
        limit = tolerance * np.abs(e) + unsure[seen]
        limit += tolerance * 1e-3 * max(1.0, float(np.abs(e).max()))
        if np.any(~np.isfinite(claimed) | (np.abs(claimed - e) > limit)):
            return False
    return True


CHECKERS = [
    Checker("**gradcheck**", gradcheck_accepts),
    Checker("torch gradcheck", torch_slow_accepts, 1000, traced=False),
    Checker("torch, fast_mode", torch_fast_accepts, traced=False),
    Checker(
        "jax check_grads",
        jax_accepts,
        traced=False,
        slow=True,
        note="float64 enabled; reverse mode",
    ),
    Checker("autograd check_grads", autograd_accepts, note="reverse mode, order 1"),
    Checker("scipy check_grad", scipy_accepts, 1000, note="error below 1e-6"),
    Checker("scipy, random direction", scipy_random_accepts, note="error below 1e-6"),
    Checker("numdifftools", numdifftools_accepts, 1000, note="100 × its error estimate"),
    Checker("numguard-ci", numguard_accepts, 100_000, note="cotangent of ones, 32 entries"),
]


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without what checkers and right rules print and warn of at hard inputs."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield


def answer(checker: Checker, f: Callable, vjp: Callable, inputs: Inputs, seed: int) -> str:
    """``"accepted"``, ``"alarm"`` or ``"undecided"``."""
    with quietly():
        try:
            accepted = checker.accepts(f, vjp, inputs, seed)
        except Exception:
            return "alarm"
    return "undecided" if accepted is None else "accepted" if accepted else "alarm"


def prepare() -> None:
    """One thread for all: what is compared is work, and small layers gain nothing from more."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", JAX_PLATFORMS="cpu")
    import torch

    torch.set_num_threads(1)
