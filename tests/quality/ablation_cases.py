"""Cases that go wrong without a guard of the engine: ``CASES``, each with the guard that it needs.

A case is right or wrong, and judged with a few seeds. With all guards it is judged as it should be;
without the one guard, under one of the seeds at least, it is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import gradcheck as gc
from gradcheck import Case, Status, Verdict
from gradcheck.claims import Kind
from gradcheck.verification import judge_at
from tests.quality.corpus import LAYERS
from tests.quality.fuzz import native
from tests.quality.judged import judged

#: Statuses that a right rule may have, that a wrong one may have, and what must never be.
PASSES, FAILS = {Status.PASS}, {Status.FAIL}
NOT_ACCUSED, NOT_PASSED = {Status.PASS, Status.UNDECIDED}, {Status.FAIL, Status.UNDECIDED}


@dataclass(frozen=True)
class Ablation:
    """One case, the guards that it needs, and the statuses that it may have."""

    name: str
    guards: tuple[str, ...]
    allowed: set[Status]
    judge: Callable[[int], Verdict]


CASES: list[Ablation] = []
_RNG = np.random.default_rng(0)


def plain(
    name: str, guards: str, allowed: set[Status], kind: Kind, f: Callable, rule: Callable,
    *inputs: Any,
) -> None:  # fmt: skip
    """Note a case of plain functions; several guards are separated by semicolons."""
    needed = tuple(part.strip() for part in guards.split(";"))
    CASES.append(Ablation(name, needed, allowed, lambda s: judged(f, rule, kind, inputs, s)))


def declared(
    name: str, guards: str, allowed: set[Status], f: Callable, kind: str, rule: Callable,
    domain: Any, x: Any, *, gradient: Callable | None = None, **options: Any,
) -> None:  # fmt: skip
    """Note a case of a derivation of one input ``x``, with a ``gradient`` of its own perhaps."""
    owner = gc.derivation(x=domain)(f)
    if options:
        owner = gc.options(**options)(owner)
    if gradient is not None:
        owner.gradient(gradient)
    claim = getattr(owner, kind)(rule)
    needed = tuple(part.strip() for part in guards.split(";"))

    def judge(seed: int) -> Verdict:
        with np.errstate(all="ignore"):
            return judge_at(claim, Case({"x": x}, seed), table=False)

    CASES.append(Ablation(name, needed, allowed, judge))


def identical(name: str, guard: str, allowed: set[Status], sides: Callable, x: Any) -> None:
    """Note a case of an identity."""

    @gc.identity(x="k")
    def equal(x: Any) -> Any:
        return sides(x)

    CASES.append(Ablation(name, (guard,), allowed, lambda s: judge_at(equal, Case({"x": x}, s))))


def normal(*shape: int) -> Any:
    return _RNG.standard_normal(shape)


def relu(x):
    return np.maximum(x, 0)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def softmax_vjp(g, z):
    y = softmax(z)
    return y * (g - (g * y).sum())


def elu(x):
    return np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0)))


def max_affine_vjp(g, x, W, b):
    best = (x @ W + b).argmax(axis=1)
    chosen = np.eye(W.shape[1])[best]
    return g[:, None] * W.T[best], x.T @ (g[:, None] * chosen), g @ chosen


def sort_vjp(g, x):
    d = np.zeros_like(x)
    d[np.argsort(x, kind="stable")] = g
    return d


def loop(f):
    """A function of single numbers on every entry, through Python's floats: numpy sees no part."""
    return lambda x: np.array([f(float(v)) for v in x])


# ---- directions ----------------------------------------------------------------------------

plain(
    "sines of small differences of large numbers", "exact steps", PASSES, "vjp",
    lambda x: np.sin(x - 1e9), lambda g, x: g * np.cos(x - 1e9),
    1e9 + np.array([0.5, -0.25, 1.25, 2.0]),
)  # fmt: skip
plain(
    "softmax of logits around 1e8", "a line by spread; the step that was taken", PASSES, "vjp",
    softmax, softmax_vjp, 1e8 + np.random.default_rng(2).standard_normal(6),
)  # fmt: skip
plain(
    "a pole beside one of the inputs", "a line by magnitude", PASSES, "vjp",
    loop(lambda v: 1 / (v - 1)), lambda g, x: -g / (x - 1) ** 2,
    np.array([1 + 1e-6, 100.0, -100.0]),
)  # fmt: skip
plain(
    "two errors that cancel under equal weights", "magnitudes that differ", FAILS, "jacobian",
    lambda x: x * 1.0,
    lambda x: np.eye(5) + 1e-3 * np.outer(np.eye(5)[0], np.array([1, -1, 0, 0, 0])), np.ones(5),
)  # fmt: skip
declared(
    "a function that goes on differently outside its domain", "steps inside the domain", PASSES,
    lambda x: np.sqrt(x * x), "vjp", lambda dy, x: dy * 1.0, gc.real("k", low=0),
    np.array([1e-10, 1.0, 2.0]),
)  # fmt: skip
plain(
    "equal numbers up to rounding", "spread that is no rounding", PASSES, "vjp",
    lambda x: np.sort(x)[-2:].sum(), lambda g, x: g * np.isin(np.arange(4), np.argsort(x)[-2:]),
    np.array([1.0, 1 + 1e-15, 1.0, 0.0]),
)  # fmt: skip
_square = normal(4, 4)
declared(
    "a determinant of symmetric matrices by Cholesky", "directions that stay in the domain", PASSES,
    lambda x: 2 * np.log(np.diag(np.linalg.cholesky(x))).sum(), "gradient",
    lambda x: np.linalg.inv(x) * 1.0, gc.positive_definite("n n"), _square @ _square.T + np.eye(4),
)  # fmt: skip

# ---- the choice of a step -------------------------------------------------------------------

plain(
    "a fine staircase",
    "deeper levels", NOT_ACCUSED, "vjp", loop(lambda v: math.floor(v * 2**36) / 2**36 + 0.1 * v),
    lambda g, x: 0.1 * g, np.array([0.3, -1.7, 0.45]),
)  # fmt: skip
plain(
    "steps of a power of two", "sampled noise; steps beside powers of two", NOT_ACCUSED, "vjp",
    lambda x: np.floor(x * 2.0**37) / 2.0**37 + x, lambda g, x: g,
    np.random.default_rng(0).standard_normal(3),
)  # fmt: skip
plain(
    "fine steps", "smallest step first; wide look at what is undecided", PASSES, "vjp",
    lambda x: np.floor(x * 2.0**33) / 2.0**33, lambda g, x: 0 * g,
    np.random.default_rng(0).standard_normal(3),
)  # fmt: skip
plain(
    "a cube by a rule that cancels", "plain differences", PASSES, "vjp",
    lambda x: (x - 1) ** 3 / 3,
    lambda g, x: g * (x * x - 2 * x + 1), np.array([1 + 1e-9, 1 + 3e-9, 1 - 2e-9]),
)  # fmt: skip
plain(
    "a straight line for a step function", "rounding of the function", FAILS, "vjp",
    np.round, lambda g, x: g, np.array([0.3, 1.2, -0.4]),
)  # fmt: skip
plain(
    "log1p at the edge of its domain", "rounding of the steps", PASSES, "vjp",
    np.log1p, lambda g, x: g / (1 + x),
    np.array([
        -0.9999999776382857, 0.9999999383411082, 0.9999999995481408, -0.9999999993855068,
        0.9999999999890448, -0.9999999996618526, 0.9999999956597074, 0.999999999954005,
        0.9999999999886005, -0.9999999995804666, 0.9999999999912752, 0.9999999991740345,
    ]),
)  # fmt: skip
plain(
    "a loss that is flat at the scale of its logits", "an imaginary step", PASSES, "gradient",
    lambda x: np.log(np.cosh(x)).sum(), np.tanh, 1e-8 * np.array([0.3, -1.7, 0.45]),
)  # fmt: skip
plain(
    "products that are rounded to float32, in sums of float64", "wide levels", PASSES, "vjp",
    lambda x, w: (x.astype(np.float32) @ w.astype(np.float32)) + 1e-4 * (x * x).sum(),
    lambda g, x, w: (g @ w.T + 2e-4 * g.sum() * x, x.T @ g), 300 + normal(3, 4), normal(4, 2),
)  # fmt: skip
plain(
    "a wave in float16", "frozen functions; careful look before an accusation", NOT_ACCUSED, "vjp",
    loop(lambda v: float(np.float16(math.sin(5 * v)))), lambda g, x: 5 * g * np.cos(5 * x),
    np.array([0.3, -1.7, 0.45]),
)  # fmt: skip
_W1, _W2 = normal(3, 4), normal(4, 2)
plain(
    "zeros into a layer without a bias", "underflow", PASSES, "vjp",
    lambda x: relu(x @ _W1) @ _W2, lambda g, x: ((g @ _W2.T) * (x @ _W1 > 0)) @ _W1.T, np.zeros(3),
)  # fmt: skip

# ---- kinks ----------------------------------------------------------------------------------

plain(
    "7 at ReLU(0)", "gap of the cheap pass; elementwise kinks are judged", FAILS, "vjp",
    relu, lambda g, x: g * np.where(x == 0, 7.0, x > 0), np.array([0.0, 1.0, -2.0]),
)  # fmt: skip
_draw = np.random.default_rng(0).standard_normal
plain(
    "affine functions of large numbers", "gap by the same at both steps", PASSES, "vjp",
    lambda x, W, b: (x @ W + b).max(axis=1), max_affine_vjp,
    1e6 + _draw((2, 2)), 1e6 + _draw((2, 5)), 1e6 + _draw(5),
)  # fmt: skip
plain(
    "sines of large numbers", "gaps that grow are noise", PASSES, "jacobian",
    np.sin, lambda x: np.diag(np.cos(x)),
    np.array([-53845697.01280087, -88491559.79464608, -29355046.84003899, -11117507.120176006]),
)  # fmt: skip
plain(
    "the identity as two ReLUs", "entry beside the point; a point beside a kink", PASSES, "vjp",
    lambda x: relu(x) - relu(-x), lambda g, x: g * ((x > 0) * 1.0 + (x < 0)),
    np.array([0.0, 1.0, 0.0]),
)  # fmt: skip
plain(
    "a cube's rule that is wrong at one point", "smooth operations have no kink", FAILS, "vjp",
    lambda x: x * x * x, lambda g, x: g * (3 * x * x + (x == 1.5)), np.array([1.5, 0.3]),
)  # fmt: skip
plain(
    "a maximum that gives every tie its gradient", "directions that keep ties", FAILS, "vjp",
    lambda x: x.max(), lambda g, x: g * (x == x.max()), np.array([2.0, 2.0, 2.0, 1.0]),
)  # fmt: skip
plain(
    "a comb of kinks", "two points beside", PASSES, "vjp",
    lambda x: np.abs(np.sin(x * np.pi * 2**17)) / 2**17,
    lambda g, x: g * np.sign(np.sin(x * np.pi * 2**17)) * np.cos(x * np.pi * 2**17) * np.pi,
    np.array([0.0, 1.0, 2.0]),
)  # fmt: skip
declared(
    "a kink a unit in the last place away", "kinks exactly at the input", PASSES,
    lambda x: np.maximum(3 * x - 0.3, 0), "vjp", lambda dy, x: 3 * dy * (3 * x > 0.3), "k",
    np.array([0.1, 1.0]), at_kink="left",
)  # fmt: skip
plain(
    "two kinks close together", "one basic kink", PASSES, "vjp",
    lambda x: relu(x) - 0.5 * relu(-x) + relu(x - 2.0**-24),
    lambda g, x: g * ((x > 0) * 1.0 + 0.5 * (x < 0) + (x > 2.0**-24)), np.array([0.0, 1.0, -2.0]),
)  # fmt: skip
declared(
    "a convention where the function is not elementwise", "elementwise dependence", FAILS,
    lambda x: np.maximum(x - np.roll(x, 1), 0), "vjp",
    lambda dy, x: dy * (x > np.roll(x, 1)) - np.roll(dy * (x > np.roll(x, 1)), -1), "k",
    np.array([1.0, 1.0, 2.0]), at_kink="left",
)  # fmt: skip
plain(
    "7 at ELU(0) beside large entries", "own scale of an input", FAILS, "vjp", elu,
    lambda g, x: g * np.where(x == 0, 7.0, np.where(x > 0, 1.0, 2 * np.exp(np.minimum(x, 0)))),
    np.array([0.0, -1e8, 1e8, -2e8]),
)  # fmt: skip

# ---- the rule -------------------------------------------------------------------------------

_large = 1e8 * np.random.default_rng(1).standard_normal((4, 500))
_small = np.random.default_rng(3).standard_normal((4, 1))
_terms = np.concatenate([_large, _small, -_large[:, ::-1]], axis=1)
_sums = np.array([math.fsum(row) for row in _terms])
plain(
    "a rule that sums large terms", "rounding of the rule", NOT_ACCUSED, "gradient",
    lambda x: (_sums * x).sum(), lambda x: _terms @ (np.ones(1001) + 0 * x.sum()), normal(4),
)  # fmt: skip
plain(
    "differences of powers in Python's floats", "rounding of the inputs alone", PASSES, "vjp",
    lambda x: x * 1.0,
    lambda g, x: np.array([
        float(a) * ((float(b) + 1) ** 3 - float(b) ** 3 - 3 * float(b) ** 2 - 3 * float(b))
        for a, b in zip(g, x, strict=True)
    ]),
    1e4 * np.random.default_rng(0).standard_normal(3),
)  # fmt: skip
_mixed = np.random.default_rng(0).standard_normal(8) * 10.0 ** np.arange(-8, 8, 2)
plain(
    "squares of mixed scales", "closer look at coarse passes", PASSES, "gradient",
    lambda x: (x * x).sum(), lambda x: 2 * x, _mixed,
)  # fmt: skip
plain(
    "a wrong square that is small beside others", "coarse passes are undecided", NOT_PASSED,
    "gradient", lambda x: (x * x).sum(),
    lambda x: 2 * x * np.where(np.arange(8) == 4, 1.001, 1), _mixed,
)  # fmt: skip

_weights = np.random.default_rng(0).standard_normal((6, 2))
plain(
    "sums of weights that a rule narrows to float32", "rounding of sums of products", PASSES,
    "gradient", lambda x: (_weights * np.tile(x, (6, 1))).sum(),
    lambda _: np.array([np.float32(sum(map(np.float32, w))) for w in _weights.T.tolist()]),
    np.array([1.3e-4, -7e-5]),
)  # fmt: skip
plain(
    "a rule that is wrong up to a threshold, at it", "choices are no rounding", FAILS, "vjp",
    np.square, lambda g, x: g * np.where(x * x > 1.7 * 1.7, 2 * x, 2.2 * x), np.array([1.7]),
)  # fmt: skip
identical(
    "a sum from the first term to the last", "rounding of partial sums", NOT_ACCUSED,
    lambda x: (np.cumsum(x)[-1], x.sum()), np.random.default_rng(0).uniform(0.5, 1, 40_000),
)  # fmt: skip

plain(
    "remainders of tiny divisors", "margin; noise that does not grow", NOT_ACCUSED, "vjp",
    np.mod, lambda g, a, b: (g, -g * np.floor(a / b)),
    np.array([-1.24648401, 0.5695399, -0.58793393, -0.36117033]),
    np.array([7.78324125e-09, 2.88780631e-10, 1.23791006e-11, 1.43513062e-12]),
)  # fmt: skip

# ---- cotangents -----------------------------------------------------------------------------

plain(
    "a small error of a small output",
    "two cotangents; whitened cotangents; several outputs together", FAILS,
    "vjp", np.square, lambda g, x: 2 * g * x * np.where(np.arange(8) == 0, 1.001, 1),
    np.array([0.7e-8, -1.3e-6, 0.6e-4, 1.9e-2, -0.8, 1.2e2, 0.4e4, -1.6e6]),
)  # fmt: skip

plain(
    "ReLUs by a rule in float32", "bounded weights of outputs", PASSES, "vjp",
    relu, lambda g, x: (g * (x > 0)).astype(np.float32), 1e-4 * np.array([3.1, 1.4, -0.7, -0.6]),
)  # fmt: skip
_squared = next(layer for layer in LAYERS if layer.name == "squared_hinge")
plain(
    "squared margins of mixed scales by a rule in float32", "balanced inputs", PASSES, "vjp",
    _squared.f, native(_squared.vjp),
    np.array([
        [5.6e3, 2.3e-4, -180.0, 125.0], [4.9, 6.1e-5, -1e5, -910.0], [1.7e-4, -4.4e-3, -7e3, -1e-6],
    ]),
)  # fmt: skip
_hinge = next(layer for layer in LAYERS if layer.name == "multiclass_hinge")
plain(
    "a hinge of many classes at its edges", "cheap agreement that resolves", PASSES, "vjp",
    _hinge.f, _hinge.vjp,
    np.array([
        [
            1.000000723033596, 1.8241235406878278e-08, 1.0000009570537225, 1.0000000001053606,
            0.9999999999967636,
        ],
        [
            1.000000000158429, -1.3672482566683532e-07, 0.9999998748343083, -2.1392371759806676e-11,
            5.598615444626783e-10,
        ],
        [
            1.000000307763557, 1.0000000018355886, 1.0000000031234053, 0.999999995311775,
            4.695213601283436e-08,
        ],
    ]),
)  # fmt: skip

_kernel = next(layer for layer in LAYERS if layer.name == "keys_kernel")
plain(
    "a cubic kernel at its joints", "capped weights", PASSES, "vjp", _kernel.f, _kernel.vjp,
    np.array([1.0, 0.0, 1.0, -1.0, -1.0, -2.0]),
)  # fmt: skip

# ---- the order of judging -------------------------------------------------------------------

plain(
    "softmax of logits around 1e6", "careful look at a line", PASSES, "vjp",
    softmax, softmax_vjp, 1e6 + normal(6),
)  # fmt: skip
plain(
    "ties in sort", "an entry has to be wrong", PASSES, "vjp", np.sort,
    sort_vjp, np.array([1.0, 1.0, 1.0, 0.0]),
)  # fmt: skip
declared(
    "wrong at inputs at the edge", "an entry by both scales", FAILS,
    lambda x: np.sin(x).sum(), "gradient", lambda x: 1.01 * np.cos(x), gc.real("k", low=0),
    np.array([1e-12, 1e-13, 1e-12, 1.0]),
)  # fmt: skip
plain(
    "a gradient beside that of a fast large wave", "gradients looked at alone", PASSES, "vjp",
    lambda x, w: 1e5 * np.sin(30 * x) + np.tanh(w),
    lambda g, x, w: (g * 3e6 * np.cos(30 * x), g * (1 - np.tanh(w) ** 2)), normal(4), normal(4),
)  # fmt: skip
plain(
    "a gradient that is lost beside another", "gradients lost beside others", PASSES, "vjp",
    lambda x, w: 1e8 * np.sin(x) + 1e-10 * np.tanh(w),
    lambda g, x, w: (g * 1e8 * np.cos(x), g * 1e-10 * (1 - np.tanh(w) ** 2)), normal(4), normal(4),
)  # fmt: skip
declared(
    "inputs right at the edge of the domain", "inputs at the edge move inwards", PASSES,
    lambda x: np.sin(x).sum(), "gradient", np.cos, gc.real("k", low=0),
    np.array([1e-12, 1.0, 2.0, 3.0, 2e-12]),
)  # fmt: skip
plain(
    "two wrong entries", "halves after weights", FAILS, "gradient", lambda x: np.sin(x).sum(),
    lambda x: np.cos(x) + 1e-2 * np.isin(np.arange(9), (2, 7)), normal(9),
)  # fmt: skip
plain(
    "a derivative that overflows", "derivatives that overflow", NOT_ACCUSED, "vjp",
    lambda x: np.exp(1e5 * x), lambda g, x: g * 1e5 * np.exp(1e5 * x), np.array([7e-3]),
)  # fmt: skip

# ---- Hessians -------------------------------------------------------------------------------

declared(
    "a Hessian of a gradient that is right at the point alone, as wrong as that",
    "a gradient that passes nearby", FAILS, lambda x: np.cos(x).sum(), "hessian",
    lambda x: np.diag(-2 * np.cos(x)), "k", np.zeros(3), gradient=lambda x: -2 * np.sin(x),
)  # fmt: skip
plain(
    "an entropy off by 1e-3 in one entry, whose domain is not declared",
    "own steps of inner differences; an imaginary step", FAILS, "hessian",
    lambda x: -(x * np.log(x)).sum(),
    lambda x: np.diag(np.where(np.arange(2) == 0, -1.001, -1.0) / x),
    np.array([1.78220300e-04, 5.97654927e01]),
)  # fmt: skip
