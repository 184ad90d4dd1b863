"""The step in the imaginary direction: right where it answers, silent where it cannot know."""

import math

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.oracle.imaginary import decisions_at, imaginary_slope
from gradcheck.oracle.scatter import Scatter
from gradcheck.oracle.stepped import Stepped, UnknownOperation

RNG = np.random.default_rng(3)
W = RNG.standard_normal((4, 3))
A = RNG.standard_normal((3, 3)) + 3 * np.eye(3)


def along(f, x, v):
    """The slopes of ``f`` along ``v``, by the imaginary step."""
    x, v = np.asarray(x, float), np.asarray(v, float)

    def compute(flat):
        return [f(flat.reshape(x.shape))]

    return imaginary_slope(compute, x.reshape(-1), v.reshape(-1), np.ravel(f(x)).astype(float))


def padded(x):
    y = np.zeros_like(np.concatenate([x, x]))
    y[: len(x)] = x**2
    y[len(x) :] += x
    return y


def counted(x):
    y = np.zeros_like(x)
    np.add.at(y, np.array([0, 0, 1, 2]), x * x)
    return y


SMOOTH = {
    "softmax": lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "layer norm": lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-5),
    "deviation": lambda x: np.std(x, ddof=1),
    "norm": lambda x: np.linalg.norm(x) * x,
    "matmul": lambda x: np.tanh(x @ W),
    "einsum": lambda x: np.einsum("i,j,ij->j", x[:3], x[:3], A),
    "solve": lambda x: np.linalg.solve(A + np.diag(x[:3]), x[:3]),
    "log-determinant": lambda x: np.linalg.slogdet(A + np.diag(x[:3]))[1],
    "magnitude": lambda x: np.abs(x) ** 1.5,
    "choices": lambda x: np.where(x > 0, x**2, -3 * x) + np.clip(x, -0.5, 0.5),
    "sorted": lambda x: np.sort(x)[::-1] * np.arange(4),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "angle": lambda x: np.arctan2(x[:2], x[2:]),
    "remainder": lambda x: np.remainder(x, 0.71) + np.floor(x) * x,
    "cube root": np.cbrt,
    "sinc": np.sinc,
    "polynomial": lambda x: np.polyval([1.0, -2.0, 3.0], x),
    "written into": padded,
    "added at": counted,
    "loop": lambda x: np.stack([math.pi * part * part for part in x]),
    "converted": lambda x: x.astype(np.float64).conj().real.copy().T.ravel() ** 2,
}


@pytest.mark.parametrize("name", SMOOTH)
def test_it_is_the_slope(name):
    f = SMOOTH[name]
    x, v = np.array([0.3, -1.2, 2.1, -0.4]), np.array([0.5, -0.7, 0.9, 0.6])
    found = along(f, x, v)
    assert found is not None
    h = 2.0**-17
    by_differences = np.ravel(f(x + h * v) - f(x - h * v)) / (2 * h)
    assert found.value == pytest.approx(by_differences, rel=1e-8, abs=1e-9)
    assert np.all(found.error <= 1e-12 * (1 + np.abs(found.value)))


def test_no_digit_is_lost_where_a_difference_loses_all():
    x = np.array([20.0, -25.0, 1e-9])
    v = np.ones(3)
    assert along(np.tanh, x, v).value == pytest.approx(1 / np.cosh(x) ** 2, rel=1e-14)
    tiny = np.array([1e-9, 3e-12, -1e-10])
    assert along(lambda x: 1 - np.cos(x), tiny, v).value == pytest.approx(np.sin(tiny), rel=1e-14)


def test_the_error_covers_digits_that_are_lost_inside():
    # x - tanh(x) is x³/3: at 1e-9 nothing is left of its slope, and the error has to say so.
    x = np.array([1e-9, -3e-9])
    found = along(lambda x: x - np.tanh(x), x, np.ones(2))
    assert np.all(np.abs(found.value - np.tanh(x) ** 2) <= found.error)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.asarray(x) ** 2,  # what would lose the imaginary part in silence
        lambda x: np.array([part * 2 for part in x]),
        lambda x: np.zeros(4) + [math.exp(part) for part in x],
        lambda x: np.linalg.svd(np.outer(x, x))[1],
        lambda x: np.interp(x, [0.0, 1.0], [0.0, 2.0]),
        lambda x: np.vdot(x, x),
        lambda x: x.astype(np.float32),
        lambda x: np.float64(x[0]) * x,
        lambda x: np.add(x, 1.0, out=np.empty(4)),
    ],
)
def test_what_it_does_not_know_it_does_not_answer(f):
    assert along(f, [0.3, -1.2, 2.1, -0.4], np.ones(4)) is None


@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        lambda x: np.maximum(x, 0),
        lambda x: np.where(x > 0, x, 0.5 * x),
        lambda x: np.maximum(x * x[::-1], 2 * x),
        np.floor,
        np.sign,
    ],
)
def test_at_a_kink_or_a_jump_it_does_not_answer(f):
    assert along(f, [0.0, 1.5, -0.5], [1.0, -1.0, 0.7]) is None


def test_what_underflows_counts_as_far_as_it_is_made_larger_again():
    lost = along(lambda x: x + np.exp(-(x**2)), [30.0], [1.0])
    assert lost.value == pytest.approx(1.0)
    assert lost.error < 1e-13
    # Of e⁻⁷⁴⁰ seven bits are left, so that the quotient, which is e, seems to change.
    for x in (735.0, 740.0, 742.5):
        kept = along(lambda x: np.exp(-x) / np.exp(-x - 1), [x], [1.0])
        assert kept is None or abs(kept.value) <= kept.error


def test_digits_lost_in_an_underflow_of_the_step_are_in_the_bound():
    # The slopes are near 1e-290, so that of the products with the step some 12 bits are left.
    for size in range(20, 120):
        rng = np.random.default_rng(size)
        a, v = rng.uniform(-448, -444, size), rng.uniform(1, 200, size)
        found = along(lambda x, a=a: np.exp(a - 9.2e-99 * x), np.full(size, 0.3), v)
        assert np.all(np.abs(found.value + 9.2e-99 * np.exp(a) * v) <= 2 * found.error)


def test_a_function_that_asks_for_an_array_gets_none():
    numbers = Stepped(np.ones(3, complex), Scatter(0))
    assert numbers.dtype == np.float64
    for ask in (np.asarray, np.array, lambda x: float(x[0]), lambda x: int(x[0]), bool):
        with pytest.raises(UnknownOperation):
            ask(numbers)


#: What is compared, and whether a comparison may come to something else beside.
DECIDING = {
    "softplus of a sum": (lambda x: np.log1p(np.exp(x.sum())) * x, None),
    "maximum": (lambda x: np.maximum(x, 0), False),
    "sorted": (np.sort, False),
    "magnitude": (np.abs, False),
    "where": (lambda x: np.where(x > 0, x, 2 * x), True),
    "branch": (lambda x: x if x[0] > 0 else 2 * x, True),
    "sign": (lambda x: np.sign(x) * x * x, True),
    "order": (lambda x: x[np.argsort(x)] * np.arange(2), True),
    "floor": (lambda x: x * np.floor(x), True),
}


@pytest.mark.parametrize("name", DECIDING)
def test_comparisons_are_told_from_choices_and_from_what_they_come_to_beside(name):
    f, compares = DECIDING[name]
    x, other = np.array([0.5, 0.7]), np.array([-0.8, -1.2])

    def compute(flat):
        return [f(flat)]

    found = imaginary_slope(compute, x, np.ones(2), f(x))
    assert bool(found.decisions) == (compares is not None)
    assert any(found.decisions) == bool(compares)
    assert decisions_at(compute, x + 1e-9, 2) == found.decisions
    assert (decisions_at(compute, other, 2) == found.decisions) == (not compares)
    assert decisions_at(lambda flat: [math.exp(flat[0])], x, 1) is None


def test_two_underflows_do_not_cancel_in_all_runs():
    """The slope of a softmax's tail, of 6e-302, where the step loses all of it."""
    z = np.zeros(20)
    z[[3, 11, 13, 14]] = 65536.0, 94000.0, -65536.0, -32768.0
    noise, v = np.full(20, 0.5), np.zeros(20)
    v[14] = 65536.0

    def softmax(x):
        e = np.exp(x - x.max())
        return e / e.sum()

    def noisy(z, u):
        x = z - np.log(-np.log(u))
        return softmax((x - x.max()) / 222.0)

    y = noisy(z, noise)
    found = imaginary_slope(lambda flat: [noisy(flat, flat.beside(noise))], z, v, y)
    slope = -y[3] * y[14] * v[14] / 222
    assert found.value[3] == 0 > slope
    assert abs(slope) <= found.error[3]


def test_a_step_that_underflows_shows_nothing():
    def entropy(x):
        return x * np.log(np.abs(x))

    x = np.array([0.4, 1e-305])
    assert along(entropy, x, [0.5, 0.5]) is not None
    assert along(entropy, x, [0.0, 1e-305]) is None
    assert gc.verify_vjp(entropy, lambda dy, x: dy * (np.log(np.abs(x)) + 1), x)
