"""How to measure Hessians and gradients in constrained domains: ways compared, as Markdown.

``python -m tests.quality.study [--draws N]`` prints both tables; ``study.md`` holds them. Each way
judges the right claim, that claim with its largest entry off by 1e-3 of itself, and one whose
off-diagonal has the wrong sign (a Hessian) or that is wrong along the symmetric directions alone (a
matrix), at the same drawn points. The last rows are what the engine does.
"""

from __future__ import annotations

import argparse
import functools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import gradcheck as gc
from gradcheck import Case
from gradcheck.oracle.interval import select
from gradcheck.verification import judge_at
from tests.quality.judged import judged
from tests.quality.scalable import logsumexp, logsumexp_hessian, softmax

EPSILON = float(np.finfo(np.float64).eps)
#: Steps of the ladder that the study tries, falling, as shares of the size of an input.
STEPS = 2.0 ** -np.arange(3.0, 27.0, 3.0)
#: What is commonly allowed beside a single step.
RELATIVE, ABSOLUTE = 1e-3, 1e-5
#: An error that is planted, as a share of the largest entry.
OFF = 1e-3


# ---- Hessians ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scalar:
    """A scalar function of a vector with its gradient and Hessian."""

    name: str
    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    hessian: Callable[[Any], Any]
    positive: bool = False


_A = np.random.default_rng(0).standard_normal((6, 6))


def _sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))


def _norm_hessian(x: Any) -> Any:
    r = np.sqrt((x * x).sum())
    return (np.eye(x.size) - np.outer(x, x) / r**2) / r


def _distances(x: Any) -> Any:
    return x[1:] - x[:-1] ** 2


def _valley(x: Any) -> Any:
    return (100 * _distances(x) ** 2 + (1 - x[:-1]) ** 2).sum()


def _valley_gradient(x: Any) -> Any:
    g = np.zeros(x.size)
    g[:-1] += -400 * x[:-1] * _distances(x) - 2 * (1 - x[:-1])
    g[1:] += 200 * _distances(x)
    return g


def _valley_hessian(x: Any) -> Any:
    main = np.zeros(x.size)
    main[:-1] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    main[1:] += 200
    beside = -400 * x[:-1]
    return np.diag(main) + np.diag(beside, 1) + np.diag(beside, -1)


def _bell(x: Any) -> Any:
    return np.exp(-(x * x).sum() / 2)


HESSIANS = [
    Scalar(
        "logsumexp", logsumexp, softmax, logsumexp_hessian,
    ),
    Scalar(
        "quadratic form", lambda x: x @ _A[: x.size, : x.size] @ x,
        lambda x: (_A + _A.T)[: x.size, : x.size] @ x,
        lambda x: (_A + _A.T)[: x.size, : x.size],
    ),
    Scalar("Rosenbrock's valley", _valley, _valley_gradient, _valley_hessian),
    Scalar("sum of sines", lambda x: np.sin(x).sum(), np.cos, lambda x: np.diag(-np.sin(x))),
    Scalar(
        "sum of fourth powers", lambda x: (x**4).sum(), lambda x: 4 * x**3,
        lambda x: np.diag(12 * x**2),
    ),
    Scalar(
        "sum of softplus", lambda x: np.logaddexp(0, x).sum(), _sigmoid,
        lambda x: np.diag(_sigmoid(x) * _sigmoid(-x)),
    ),
    Scalar(
        "norm", lambda x: np.sqrt((x * x).sum()), lambda x: x / np.sqrt((x * x).sum()),
        _norm_hessian,
    ),
    Scalar(
        "bell", _bell, lambda x: -x * _bell(x),
        lambda x: (np.outer(x, x) - np.eye(x.size)) * _bell(x),
    ),
    Scalar(
        "entropy", lambda x: -(x * np.log(x)).sum(), lambda x: -np.log(x) - 1,
        lambda x: np.diag(-1 / x), positive=True,
    ),
    Scalar(
        "log of a sum", lambda x: np.log(x.sum()), lambda x: np.ones(x.size) / x.sum(),
        lambda x: -np.ones((x.size, x.size)) / x.sum() ** 2, positive=True,
    ),
]  # fmt: skip

#: How points are drawn from standard normal numbers.
REGIMES: dict[str, Callable[[Any], Any]] = {
    "normal": lambda x: x,
    "×1e-4": lambda x: 1e-4 * x,
    "×1e3": lambda x: 1e3 * x,
    "+1e3": lambda x: x + 1e3,
    "mixed": lambda x: x * 10.0 ** np.linspace(-4, 2, x.size),
}

#: What a way of measuring finds: values, their error bounds, and how many calls that took.
Found = tuple[np.ndarray, np.ndarray, int]


def _common(value: np.ndarray) -> np.ndarray:
    """The tolerance of a way that has no bound of its own."""
    return RELATIVE * np.abs(value) + ABSOLUTE


def _four(f: Callable, x: Any, i: int, k: int, hi: float, hk: float) -> float:
    a, b = np.zeros(x.size), np.zeros(x.size)
    a[i], b[k] = hi, hk
    return float((f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / (4 * hi * hk))


def four_points(one: Scalar, x: Any) -> Found:
    """Second differences at the step that balances both errors for numbers of size 1."""
    h = EPSILON**0.25
    pairs = [[_four(one.f, x, i, k, h, h) for k in range(x.size)] for i in range(x.size)]
    value = np.array(pairs)
    return value, _common(value), 4 * x.size**2


def of_the_gradient(one: Scalar, x: Any) -> Found:
    """Central differences of the declared gradient at one step."""
    h = EPSILON ** (1 / 3)
    units = h * np.eye(x.size)
    value = np.array([(one.gradient(x + u) - one.gradient(x - u)) / (2 * h) for u in units]).T
    return value, _common(value), 2 * x.size


def four_points_by_ladder(one: Scalar, x: Any) -> Found:
    """Second differences at many steps, the step chosen by Lepski's rule."""
    value, error = np.empty((x.size, x.size)), np.empty((x.size, x.size))
    own = np.abs(x)
    floor = np.array([4 * EPSILON * abs(float(one.f(x)))])
    for i in range(x.size):
        for k in range(x.size):
            quotients = [[_four(one.f, x, i, k, h * own[i], h * own[k])] for h in STEPS]
            size = own[i] * own[k]
            numerators = np.array(quotients) * size
            found, bound = select(4 * STEPS**2, numerators, floor)
            value[i, k], error[i, k] = found[0] / size, 3 * bound[0] / size
    return value, error, 4 * STEPS.size * x.size**2


def gradient_by_ladder(one: Scalar, x: Any) -> Found:
    """Differences of the declared gradient at many steps, chosen likewise."""
    value, error = np.empty((x.size, x.size)), np.empty((x.size, x.size))
    floor = 4 * EPSILON * np.abs(one.gradient(x))
    for k in range(x.size):
        unit = np.zeros(x.size)
        unit[k] = abs(x[k])
        odd = np.array([one.gradient(x + h * unit) - one.gradient(x - h * unit) for h in STEPS])
        found, bound = select(STEPS, odd / (2 * STEPS[:, None]), floor)
        value[:, k], error[:, k] = found / unit[k], 3 * bound / unit[k]
    return value, error, 2 * STEPS.size * x.size


WAYS: dict[str, Callable[[Scalar, Any], Found]] = {
    "4 points, one step": four_points,
    "declared gradient, one step": of_the_gradient,
    "4 points, ladder": four_points_by_ladder,
    "declared gradient, ladder": gradient_by_ladder,
}


def _off(one: Scalar, x: Any) -> Any:
    """The Hessian with its largest entry off."""
    value = one.hessian(x).copy()
    value.flat[np.abs(value).argmax()] *= 1 + OFF
    return value


def _flipped(one: Scalar, x: Any) -> Any:
    """The Hessian with the other sign off the diagonal."""
    value = one.hessian(x)
    return np.where(np.eye(len(value), dtype=bool), value, -value)


def _wrong_rules(one: Scalar, x: Any) -> Iterator[Callable[[Any], Any]]:
    right = one.hessian(x)
    for change in (_off, _flipped):
        if np.abs(change(one, x) - right).max() >= OFF / 2 * np.abs(right).max():
            yield functools.partial(change, one)


def _by_bound(value: np.ndarray, error: np.ndarray, claimed: np.ndarray) -> str:
    """The verdict that a value with its bound allows."""
    if not np.isfinite(error).all():
        return "undecided"
    if np.any(np.abs(claimed - value) > error):
        return "fail"
    return "pass" if error.max() <= OFF * np.abs(claimed).max() else "undecided"


def _by_engine(
    one: Scalar, x: Any, rule: Callable[[Any], Any], seed: int, *, declares: bool
) -> Any:
    if not declares:
        return judged(one.f, rule, "hessian", (x,), seed)

    @gc.derivation(x="k")
    def declared(x: Any) -> Any:
        return one.f(x)

    @declared.gradient
    def first(x: Any) -> Any:
        return one.gradient(x)

    @declared.hessian
    def claim(x: Any) -> Any:
        return rule(x)

    with np.errstate(all="ignore"):
        return judge_at(claim, Case({"x": x}, seed), table=False)


@dataclass
class Tally:
    """Verdicts on right and wrong claims, and the calls of each."""

    right: Counter[str]
    wrong: Counter[str]
    calls: list[int]

    @staticmethod
    def empty() -> Tally:
        """Nothing counted yet."""
        return Tally(Counter(), Counter(), [])

    def row(self, name: str) -> str:
        """One row of a table."""
        n, bad = self.right.total(), self.wrong.total()
        return (
            f"| {name} | {self.right['fail']} of {n} | {self.right['undecided']} | "
            f"{self.wrong['fail']} of {bad} | {self.wrong['pass']} | {np.median(self.calls):.0f} |"
        )


HEADER = (
    "| {} | right ones accused | undecided | wrong ones found | passed | calls, median |\n"
    "| --- | --: | --: | --: | --: | --: |"
)


def points(draws: int) -> Iterator[tuple[Scalar, np.ndarray, int]]:
    """Every function at drawn points of every regime where its Hessian is a number."""
    for number, one in enumerate(HESSIANS):
        for r, change in enumerate(REGIMES.values()):
            for k in range(draws):
                rng = np.random.default_rng([number, r, k])
                x = change(rng.standard_normal(2 + k % 4))
                x = np.abs(x) if one.positive else x
                with np.errstate(all="ignore"):
                    known = np.isfinite(one.hessian(x)).all() and np.any(one.hessian(x))
                if known:
                    yield one, x, k


def hessians(draws: int) -> dict[str, Tally]:
    """The first table: a tally for each way."""
    tallies = {name: Tally.empty() for name in WAYS}
    engine = {"engine, function alone": False, "engine, declared gradient": True}
    tallies.update({name: Tally.empty() for name in engine})
    for one, x, seed in points(draws):
        wrong = list(_wrong_rules(one, x))
        for name, way in WAYS.items():
            with np.errstate(all="ignore"):
                value, error, calls = way(one, x)
            tallies[name].calls.append(calls)
            tallies[name].right[_by_bound(value, error, one.hessian(x))] += 1
            tallies[name].wrong.update(_by_bound(value, error, rule(x)) for rule in wrong)
        for name, declares in engine.items():
            verdict = _by_engine(one, x, one.hessian, seed, declares=declares)
            tallies[name].calls.append(verdict.evaluations)
            tallies[name].right[str(verdict.status)] += 1
            for rule in wrong:
                verdict = _by_engine(one, x, rule, seed, declares=declares)
                tallies[name].wrong[str(verdict.status)] += 1
    return tallies


# ---- constrained domains -------------------------------------------------------------------


@dataclass(frozen=True)
class Confined:
    """A function of a constrained input: right and wrong gradients, and how to draw a point.

    ``wrong`` ones differ from the right one along directions inside the domain.
    """

    name: str
    domain: Any
    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    wrong: Sequence[Callable[[Any], Any]]
    draw: Callable[[np.random.Generator], Any]


def _definite(rng: np.random.Generator) -> Any:
    n = int(rng.integers(2, 5))
    a = rng.standard_normal((n, n))
    return 10.0 ** rng.integers(-2, 3) * (a @ a.T + 0.5 * np.eye(n))


def _share(rng: np.random.Generator) -> Any:
    p = rng.exponential(size=int(rng.integers(2, 6)))
    return p / p.sum()


def _by_cholesky(A: Any) -> Any:
    return 2 * np.log(np.diag(np.linalg.cholesky(A))).sum()


_DEFINITE, _SIMPLEX = gc.positive_definite("n n"), gc.simplex("k")
CONFINED = [
    Confined(
        "log-determinant by Cholesky", _DEFINITE, _by_cholesky, np.linalg.inv,
        (lambda A: 2 * np.linalg.inv(A) - np.diag(np.diag(np.linalg.inv(A))),
         lambda A: np.linalg.inv(A) * (1 + OFF * np.eye(len(A)))),
        _definite,
    ),
    Confined(
        "trace of the inverse", _DEFINITE, lambda A: np.trace(np.linalg.inv(A)),
        lambda A: -np.linalg.inv(A) @ np.linalg.inv(A), (lambda A: -np.linalg.inv(A),), _definite,
    ),
    Confined(
        "largest eigenvalue", _DEFINITE, lambda A: np.linalg.eigvalsh(A)[-1],
        lambda A: np.outer(np.linalg.eigh(A)[1][:, -1], np.linalg.eigh(A)[1][:, -1]),
        (lambda A: np.outer(np.linalg.eigh(A)[1][:, 0], np.linalg.eigh(A)[1][:, 0]),), _definite,
    ),
    Confined(
        "sum of the lower triangle", _DEFINITE, lambda A: np.tril(A).sum(),
        lambda A: np.tril(np.ones(A.shape)), (lambda A: np.ones(A.shape),), _definite,
    ),
    Confined(
        "entropy of shares", _SIMPLEX, lambda p: -(p * np.log(p)).sum(), lambda p: -np.log(p) - 1,
        (np.log, lambda p: -np.log(p) * (1 + OFF)), _share,
    ),
    Confined(
        "log of shares by the last", _SIMPLEX,
        lambda p: np.log(1 - p[:-1].sum()) + np.log(p[0]),
        lambda p: np.concatenate([[1 / p[0]], np.zeros(p.size - 2), [1 / p[-1]]]),
        (lambda p: np.concatenate([[1 / p[0]], np.zeros(p.size - 1)]),), _share,
    ),
]  # fmt: skip


def _entries_alone(one: Confined, x: Any, rule: Callable[[Any], Any], seed: int) -> str:
    """Each entry moved by itself, out of the domain."""
    claimed = rule(x)
    h, flat = EPSILON ** (1 / 3), x.reshape(-1)
    value = np.empty(flat.size)
    for k in range(flat.size):
        step = np.zeros(flat.size)
        step[k] = h * max(abs(flat[k]), h)
        up, down = (one.f((flat + s).reshape(x.shape)) for s in (step, -step))
        value[k] = (up - down) / (2 * step[k])
    off = np.abs(value - claimed.reshape(-1))
    if not np.isfinite(off).all():
        return "undecided"
    return "fail" if np.any(off > _common(value)) else "pass"


def _random_inside(one: Confined, x: Any, rule: Callable[[Any], Any], seed: int) -> str:
    """One random direction inside the domain, one step."""
    claimed = rule(x)
    rng = np.random.default_rng(seed)
    v = rng.standard_normal(x.shape) * np.abs(x).min()
    v = (v + v.T) / 2 if x.ndim == 2 else v - v.mean()
    h = EPSILON ** (1 / 3)
    value = (one.f(x + h * v) - one.f(x - h * v)) / (2 * h)
    off = abs(value - (claimed * v).sum())
    if not np.isfinite(off):
        return "undecided"
    return "fail" if off > RELATIVE * abs(value) + ABSOLUTE else "pass"


def _inside_by_engine(one: Confined, x: Any, rule: Callable[[Any], Any], seed: int) -> str:
    @gc.derivation(x=one.domain)
    def declared(x: Any) -> Any:
        return one.f(x)

    @declared.gradient
    def claim(x: Any) -> Any:
        return rule(x)

    with np.errstate(all="ignore"):
        return str(judge_at(claim, Case({"x": x}, seed), table=False).status)


def confined(draws: int) -> dict[str, Tally]:
    """The second table: a tally for each way."""
    ways: dict[str, Callable[[Confined, Any, Callable, int], str]] = {
        "entries one by one": _entries_alone,
        "one direction inside, one step": _random_inside,
        "engine": _inside_by_engine,
    }
    tallies = {name: Tally.empty() for name in ways}
    for number, one in enumerate(CONFINED):
        for k in range(draws):
            x = one.draw(np.random.default_rng([number, k]))
            for name, way in ways.items():
                tally, calls = tallies[name], [0]

                def counted(x: Any, one: Confined = one, calls: list[int] = calls) -> Any:
                    calls[0] += 1
                    return one.f(x)

                watched = replace(one, f=counted)
                with np.errstate(all="ignore"):
                    tally.right[way(watched, x, one.gradient, k)] += 1
                    tally.calls.append(calls[0])
                    tally.wrong.update(
                        way(one, x, wrong, k)
                        for wrong in one.wrong
                        if not np.array_equal(wrong(x), one.gradient(x))
                    )
    return tallies


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=12)
    draws = parser.parse_args().draws
    print(HEADER.format("Hessians"))
    print(*(tally.row(name) for name, tally in hessians(draws).items()), sep="\n")
    print()
    print(HEADER.format("gradients in constrained domains"))
    print(*(tally.row(name) for name, tally in confined(draws).items()), sep="\n")


if __name__ == "__main__":
    main()
