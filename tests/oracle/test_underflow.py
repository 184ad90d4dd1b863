"""What underflows to 0 moves by what that takes at most, and nothing else that is 0 does."""

import numpy as np
import pytest

from gradcheck.oracle.rounding import scatter
from tests.quality.judged import judged, label


def in_place(a, b):
    product = a.copy()
    product *= a
    return product * b


#: Where the first product underflows, in float32, and the second brings it back.
LOST = {
    "multiply": lambda a, b: (a * a) * b,
    "square": lambda a, b: np.square(a) * b,
    "divide": lambda a, b: (a / b) * b,
    "exp": lambda a, b: np.exp(-110 + a) * b,
    "in place": in_place,
    "matmul": lambda a, b: (a @ a) * b,
    "dot": lambda a, b: a.dot(a) * b,
    "einsum": lambda a, b: np.einsum("ij,jk->ik", a, a) * b,
    "narrowed": lambda a, b: (a.astype(np.float64) ** 2).astype(np.float32) * b,
}
RNG = np.random.default_rng(0)
SMALL = (RNG.uniform(0.3, 3, (20, 20)) * 1e-24).astype(np.float32)
LARGE = (RNG.uniform(0.3, 3, (20, 20)) * 1e24).astype(np.float32)


def moves(compute, a, b, *, sinks=True):
    plain = compute(a, b).astype(np.float64)
    return plain, scatter(
        lambda wrap: np.asarray(compute(wrap(a), wrap(b)), np.float64), plain, 0, 8, sinks=sinks
    )


@pytest.mark.parametrize("name", LOST)
def test_what_has_underflowed_is_within_what_it_moves_by(name):
    plain, moved = moves(LOST[name], SMALL, LARGE)
    if name == "exp":
        exact = np.exp(-110 + SMALL.astype(np.float64)) * LARGE
    else:
        with np.errstate(under="ignore"):
            exact = LOST[name](SMALL.astype(np.float64), LARGE.astype(np.float64))
    lost = plain == 0
    assert lost.sum() > 20
    assert np.all(moved[lost] > 0)
    # Half of the least number is lost at most, of each of the 20 products of a sum.
    assert np.all(np.abs(exact - plain)[lost] <= 4 * moved[lost])
    unmoved = moves(LOST[name], SMALL, LARGE, sinks=False)[1]
    assert not unmoved[lost].any()


@pytest.mark.parametrize(
    "compute",
    [
        lambda a, b: (a * 0) * b,
        lambda a, b: (a - a) * b,
        lambda a, b: (a / np.inf) * b,
        lambda a, b: np.exp(a - np.inf) * b,
        lambda a, b: (a @ np.zeros((20, 20), np.float32)) * b,
        lambda a, b: np.maximum(-a, 0) * b,
    ],
)
def test_what_is_nought_stays_so(compute):
    plain, moved = moves(compute, SMALL, LARGE)
    assert not plain.any()
    assert not moved.any()


def test_a_right_rule_in_single_precision_that_underflows_is_not_accused():
    x = np.array([1e-16, 1.0, -2e-16]), np.array([1e12, -1.0, 3.0]), np.array([2.0, 3.0, 0.5])

    def product(x, y, z):
        return x * y * z

    def rule(factor):
        def single(u, x, y, z):
            u, x, y, z = (part.astype(np.float32) for part in (u, x, y, z))
            part = u * x * np.float32(1e-30)
            return factor * u * y * z, u * x * z, part * y * np.float32(1e30)

        return single

    verdicts = [judged(product, rule(1), "vjp", x, seed) for seed in range(8)]
    # Of one line in twenty the rounding hides more than a pass may leave open.
    assert not any(label(verdict) == "fail" for verdict in verdicts)
    passed = [verdict for verdict in verdicts if label(verdict) == "pass"]
    assert len(passed) >= 6
    assert {v.reason for v in passed} == {"too small to be seen here: the gradient for z"}
    for seed in range(8):
        assert label(judged(product, rule(np.float32(1.001)), "vjp", x, seed)) == "fail"


@pytest.mark.parametrize("compute", [
    lambda a, b: np.modf(a)[0] * b, lambda a, b: divmod(a, b)[1], lambda a, b: np.frexp(a)[0] * b,
])  # fmt: skip
def test_operations_of_several_results_are_followed(compute):
    plain, moved = moves(compute, np.array([0.3, 1.7]), np.array([0.7, 0.1]))
    assert np.all((moved > 0) & (moved < 1e-14 * np.abs(plain)))
