"""What was judged wrongly when fresh eyes first met the checker, and is mended.

Each case here once accused a right rule, or passed or left undecided a wrong one.
"""

import contextlib
import math

import numpy as np
import pytest

import gradcheck as gc
from gradcheck import Case, Status, verify_jacobian, verify_jvp, verify_vjp
from gradcheck.claims import Identity
from gradcheck.oracle.elementwise import elementwise_sides
from gradcheck.oracle.entry import measure_along
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.layout import Layout
from gradcheck.oracle.point import Point
from gradcheck.verification import judge_at
from tests.quality.corpus import LAYERS
from tests.quality.judged import judged, label

RNG = np.random.default_rng(0)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def elu(x):
    return np.where(x > 0, x, 2.0 * np.expm1(np.minimum(x, 0)))


def test_a_measured_tangent_beside_inputs_that_are_small_for_its_steps():
    # x + h loses the last bits of 1e-5 for every h that is a step for 1e7.
    for k in range(40):
        rng = np.random.default_rng(k)
        z = rng.normal(size=20) * 10.0 ** rng.integers(-5, 2, 20)
        z[3] = -1e7
        measured = gc.measure_jvp(softmax, [z], [np.ones(20)])
        assert np.all(np.abs(measured.value) <= measured.error), "J·1 = 0"


@pytest.mark.parametrize("large", [-262144.0, -1e4, -1e2])
def test_a_declared_kink_beside_a_large_entry(large):
    declared = gc.options(at_kink="left")(gc.derivation(x="k")(elu))

    @declared.vjp
    def right(dy, x):
        return dy * np.where(x > 0, 1.0, 2.0 * np.exp(np.minimum(x, 0)))

    @declared.vjp
    def other_side(dy, x):
        return dy * np.where(x >= 0, 1.0, 2.0 * np.exp(np.minimum(x, 0)))

    case = Case({"x": np.array([0.0, large])})
    assert gc.replay(right, case)
    with pytest.raises(gc.GradientMismatch):
        gc.replay(other_side, case)


def test_a_function_that_rounds_to_float32_at_zeros_and_ties():
    for _ in range(40):
        x, w = RNG.choice([-1.0, 0.0, 1.0], (2, 2, 2))
        verdict = verify_vjp(
            lambda x, w: (x * w).astype(np.float32), lambda g, x, w: (g * w, x * g), x, w
        )
        assert verdict.status is not Status.FAIL


def test_a_sum_of_squares_in_float32_that_lacks_its_factor():
    def energy(x):
        return (x.astype(np.float32) ** 2).sum(dtype=np.float32)

    x = RNG.standard_normal(6)
    assert verify_vjp(energy, lambda g, x: 2 * g * x, x)
    assert verify_vjp(energy, lambda g, x: g * x, x).status is Status.FAIL


def scalar_in_place(g, x):
    total = (x * g).sum()
    total -= 0.0
    return 2.2 * x * g + 0 * total


def entry_by_entry(g, x):
    d = np.zeros_like(x)
    for i in range(len(x)):
        d[..., i] += 2.2 * x[i] * g[i]
    return d


def plain_arrays_alone(g, x):
    assert type(g) is np.ndarray
    return 2.2 * x * g


@pytest.mark.parametrize("rule", [scalar_in_place, entry_by_entry, plain_arrays_alone])
def test_a_wrong_rule_whose_rounding_is_hard_to_measure(rule):
    assert verify_vjp(lambda x: x * x, rule, RNG.standard_normal(5)).status is Status.FAIL


@pytest.mark.parametrize("factor", [1.1, 1.01, 1.00001])
def test_a_wrong_entry_that_is_chosen_among_ties(factor):
    def distance(q, y):
        return np.abs(q - y).sum()

    def rule(g, q, y):
        d = g * np.sign(q - y)
        spoiled = d.copy()
        spoiled[np.argsort(np.abs(d))[2]] *= factor
        return spoiled, -d

    q, y = RNG.standard_normal((2, 6))
    assert verify_vjp(distance, rule, q, y).status is Status.FAIL


@pytest.mark.parametrize("size", [1e5, 1e8, 1e10])
def test_digits_absorbed_inside_a_function(size):
    def gain(P):
        p = P[0]
        for _ in range(2):
            p = p + 0.1
            p = (1 - p / (p + 0.5)) * p
        return np.array([p])

    def rule(g, P):
        p, d = P[0], 1.0
        for _ in range(2):
            p = p + 0.1
            d = d * (0.5 / (p + 0.5)) ** 2
            p = 0.5 * p / (p + 0.5)
        return g * d

    for _ in range(10):
        verdict = verify_vjp(gain, rule, size * RNG.uniform(0.5, 2, 1))
        assert verdict.status is not Status.FAIL


def test_an_angle_that_is_wrapped():
    for _ in range(40):
        x = 1e-8 * RNG.standard_normal(3)
        verdict = verify_vjp(
            lambda x: np.mod(x + np.pi, 2 * np.pi) - np.pi, lambda g, x: 1.0 * g, x
        )
        assert verdict.status is not Status.FAIL


@pytest.mark.parametrize("offset", [1e5, 1e7])
def test_a_tangent_rule_with_an_offset(offset):
    def rule(dz, z):
        y = softmax(z)
        return y * (dz - y @ dz)

    for _ in range(20):
        z = RNG.standard_normal(4) + offset
        z[0] = 0
        assert verify_jvp(softmax, rule, z).status is not Status.FAIL


def test_the_error_of_a_measured_tangent_is_a_bound():
    for _ in range(100):
        x, v = RNG.standard_normal((2, 3)) * 10.0 ** RNG.uniform(-6, 6, (2, 3))
        measured = gc.measure_jvp(np.sin, [x], [v])
        assert np.all(np.abs(measured.value - np.cos(x) * v) <= 3 * measured.error + 1e-14 * abs(v))


@gc.derivation(p=gc.simplex("k"))
def entropy(p):
    return -(p * np.log(p)).sum()


@entropy.gradient
def entropy_gradient(p):
    return -np.log(p) - 1


@gc.identity(p=gc.simplex("k"))
def probabilities_sum_to_one(p):
    return p.sum(), 1.0


@gc.identity(s="n k")
def counts_cancel(s):
    counts = 1.0 * (s > 0)
    counts[:, 0] = -counts[:, 1:].sum(axis=1)
    return (counts / 3).sum(axis=1), np.zeros(len(s))


@gc.identity(t=gc.integers("n", low=1, high=10))
def exponential_of_the_logarithm(t):
    return np.exp(np.log(t)) / len(t), t / len(t)


@pytest.mark.parametrize(
    "right",
    [
        entropy_gradient, probabilities_sum_to_one, counts_cancel, exponential_of_the_logarithm,
    ],
    ids=lambda claim: claim.id,
)  # fmt: skip
@pytest.mark.parametrize("seed", range(3))
def test_right_claims_are_not_accused(right, seed):
    gc.check(right, seed=seed, inputs=210)


def test_a_right_hessian_beside_a_gradient_that_is_right_at_zero_alone():
    @gc.derivation(x="n", A="n n")
    def quadratic(x, A):
        return x @ A @ x

    @quadratic.gradient("x")
    def of_a_symmetric_matrix(x, A):
        return 2 * A @ x

    @quadratic.hessian("x")
    def right(A):
        return A + A.T

    A = np.array([[1.0, 2.0], [0.0, 1.0]])
    assert gc.verify(of_a_symmetric_matrix, x=np.zeros(2), A=A)
    for x in (np.zeros(2), np.array([1.0, -2.0])):
        assert gc.verify(right, x=x, A=A)


@pytest.mark.parametrize("seed", range(3))
def test_wrong_identities_fail(seed):
    @gc.identity(x="q", dy="")
    def every_tie_gets_the_gradient(x, dy):
        return (dy * (x == x.max())).sum(), dy

    @gc.identity(x="n")
    def a_row_for_a_column(x):
        return x, x[None]

    for wrong in (every_tie_gets_the_gradient, a_row_for_a_column):
        with pytest.raises(gc.GradientMismatch):
            gc.check(wrong, seed=seed)


def test_a_function_that_raises_at_some_sizes_is_not_passed():
    @gc.identity(x="d", W="d m", v="d")
    def only_where_square(x, W, v):
        return x @ W + v, x @ W + v

    with pytest.raises(gc.GradientUndecided, match="raises at every input of some sizes") as told:
        gc.check(only_where_square)
    assert any(f'options(sizes={{"{dim}": ' in str(told.value) for dim in "dm")


def test_a_rule_that_writes_into_its_tangent():
    verdict = verify_jvp(lambda z: 2 * z, lambda dz, z: np.multiply(dz, 2, out=dz), np.ones(3))
    assert verdict.title == "tangent changed"


def test_masks_and_indices_are_constants_of_a_plain_call():
    verdict = verify_vjp(
        lambda x, m: np.where(m, x, 0),
        lambda g, x, m: (g * m, None),
        RNG.standard_normal(3),
        np.array([True, False, True]),
    )
    assert verdict


@pytest.mark.parametrize(
    ("name", "f", "second"),
    [
        ("charbonnier", lambda x: (np.sqrt(1 + x * x) - 1).sum(), lambda x: (1 + x * x) ** -1.5),
        ("cauchy", lambda x: np.log1p(x * x).sum(), lambda x: 2 * (1 - x * x) / (1 + x * x) ** 2),
    ],
)
@pytest.mark.parametrize("x", [[100.0, 0.0], [-32768.0, 0.0], [1e-3, 0.0], [30.0, -7.0, 0.0]])
def test_a_hessian_without_a_declared_gradient(name, f, second, x):
    verdict = gc.verify_hessian(f, lambda x: np.diag(second(x)), np.array(x))
    assert verdict.status is not Status.FAIL


def product_over_entry(x):
    return np.where(x != 0, np.prod(x) / np.where(x == 0, 1, x), 0)


def test_a_rule_that_is_wrong_at_one_point_of_a_smooth_function():
    x = np.array([0.0, 1.0, 2.0, -3.0])
    assert gc.verify_gradient(np.prod, product_over_entry, x).status is Status.FAIL
    kinked = verify_vjp(
        lambda x: np.maximum(x, 0) - np.maximum(-x, 0), lambda g, x: g * (x != 0), np.zeros(3)
    )
    assert kinked.status is not Status.FAIL  # the chain rule's own answer at 0


@pytest.mark.parametrize("small", [1e-10, 1e-30])
def test_an_epsilon_inside_a_logarithm(small):
    x = np.array([small, 1.0])
    verdict = verify_vjp(lambda x: x * np.log(x), lambda g, x: g * (np.log(x + 1e-12) + 1), x)
    assert verdict.status is Status.FAIL


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: 1 - np.cos(x), np.sin),
        (lambda x: np.log(1 + x * x), lambda x: 2 * x / (1 + x * x)),
        (lambda x: (1 + x) - 1, np.ones_like),
    ],
)
def test_a_function_whose_last_operation_cancels(f, slope):
    for x in ([1e-8, 1e-4], [3e-6], [1e-4, 3e-6, 0.1]):
        x = np.array(x)
        measured = gc.measure_jacobian(f, x)
        assert np.all(np.abs(measured.value - np.diag(slope(x))) <= measured.error)
        assert verify_vjp(f, lambda g, x: g * slope(x), x)


def test_a_rule_that_answers_in_float32_for_a_function_in_float64():
    x, w, at = np.array([0.5, -0.25, 1.0]), np.float32([0.7, -0.3, 0.9]), np.array([0, 1, 0])

    def added(x):
        g = np.zeros(x.shape, np.float32)
        np.add.at(g, at, w)  # 0.7 + 0.9, rounded to 24 bits
        return g

    assert gc.verify_gradient(lambda x: (x[at] * w).sum(), added, x)
    one = np.tanh(1.0)
    assert gc.verify_gradient(lambda x: one * x.sum(), lambda x: np.full(3, one, np.float32), x)
    wrong = gc.verify_gradient(lambda x: one * x.sum(), lambda x: np.full(3, 0.761, np.float32), x)
    assert wrong.status is Status.FAIL
    # What is too small for float32 is 0 in it.
    slope = np.array([1e-100, 0.2])
    assert verify_vjp(
        lambda x: slope * x, lambda g, x: (g * slope).astype(np.float32), np.array([3.0, 1.0])
    )


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.round, lambda x: 0 * x),
        (lambda x: 2 * np.floor(x), lambda x: 0 * x),
        (lambda x: np.abs(x - np.round(x)), lambda x: np.sign(x - np.round(x))),
    ],
)
def test_a_staircase_of_float32_whose_treads_are_no_longer_than_a_step(f, slope):
    for k in range(60):
        rng = np.random.default_rng(k)
        x = (rng.standard_normal(4) * 10.0 ** rng.integers(3, 6)).astype(np.float32)
        verdict = verify_vjp(
            lambda x: f(x).astype(np.float32), lambda g, x: g * slope(x).astype(np.float32), x
        )
        assert verdict.status is not Status.FAIL


@pytest.mark.parametrize(
    ("f", "x", "rule"),
    [
        (lambda x: x - np.floor(x), [1.0, -1.0, 0.0, 0.0], lambda g, x: np.ones_like(x)),
        (lambda x: np.maximum(x, 0), [0.0, 0.0, 0.0], lambda g, x: np.full_like(x, 0.5)),
        (lambda x: np.maximum(x, 0), [0.0, 0.0, 0.0], lambda g, x: 0.5 * g * g),
    ],
)
def test_a_rule_that_is_not_linear_where_every_output_is_on_a_kink(f, x, rule):
    assert verify_vjp(f, rule, np.array(x)).status is Status.FAIL


def test_a_gradient_claimed_zero_that_is_small_beside_another():
    def f(x, w):
        return np.sin(x) + 1e-9 * np.tanh(w)

    def of(factor):
        return lambda g, x, w: (g * np.cos(x), g * factor * 1e-9 * (1 - np.tanh(w) ** 2))

    x, w = np.array([0.5, -1.0, 2.0]), np.array([0.25, 1.5, -0.75])
    assert verify_vjp(f, of(1.0), x, w)
    for wrong in (of(0.0), of(2.0), lambda g, x, w: (g * np.cos(x), np.zeros(3))):
        assert verify_vjp(f, wrong, x, w).status is Status.FAIL


@pytest.mark.parametrize("size", [3e-3, 3e-6, 3e-9, 3e-12])
def test_a_slope_that_drowns_in_the_rounding_of_its_function(size):
    x = size * np.array([1.0, 2.0, -1.0])
    assert verify_vjp(lambda x: 1 - np.cos(x), lambda g, x: g * np.sin(x), x)
    for by in (0.0, 2.0, 1.01):
        wrong = verify_vjp(lambda x: 1 - np.cos(x), lambda g, x, by=by: by * g * np.sin(x), x)
        assert wrong.status is Status.FAIL
    # Of a rule whose rounding cannot be seen it is not known whether 0 is more than that.
    unknown = verify_vjp(lambda x: 1 - np.cos(x), lambda g, x: np.zeros(3), x)
    assert unknown.status is not Status.PASS


def test_a_saturated_function_is_decided_and_a_wrong_rule_for_it_found():
    x = np.array([15.0, -17.0, 16.0])
    assert verify_vjp(np.tanh, lambda g, x: g / np.cosh(x) ** 2, x)
    assert verify_vjp(np.tanh, lambda g, x: g / np.cosh(x), x).status is Status.FAIL


def test_the_rounding_of_a_rule_that_computes_with_numbers_of_python():
    def loop(g, x):
        pairs = zip(g, x, strict=True)
        return np.array([float(a) * (1 - 1 / (1 + math.exp(float(b)))) for a, b in pairs])

    x = np.array([-30.0, -35.0, 0.0])
    verdict = verify_vjp(lambda x: np.log1p(np.exp(x)), loop, x)
    assert verdict.status is not Status.FAIL


def test_a_derivative_that_overflows_beside_one_that_does_not():
    verdict = verify_vjp(lambda x: 1 / x, lambda g, x: -g / x**2, np.array([1e-200, 1.0]))
    assert verdict.cause == "overflow"


@pytest.mark.parametrize(
    ("f", "second", "x"),
    [
        (lambda x: (x**4).sum(), lambda x: np.diag(12 * x**2), [1e-3, 1.0, 50.0]),
        (
            lambda z: np.log(np.exp(z - z.max()).sum()) + z.max(),
            lambda z: np.diag(softmax(z)) - np.outer(softmax(z), softmax(z)),
            [3.0, -12.0, 5.0, 0.5],
        ),
    ],
)
def test_a_hessian_from_the_function_alone_is_decided(f, second, x):
    assert gc.verify_hessian(f, second, np.array(x))
    wrong = gc.verify_hessian(f, lambda x: 1.001 * second(x), np.array(x))
    assert wrong.status is Status.FAIL


def test_a_wave_that_is_shorter_than_every_step():
    x = RNG.standard_normal(3)
    verdict = verify_vjp(
        lambda x: x + 1e-9 * np.sin(1e14 * x), lambda g, x: g * (1 + 1e5 * np.cos(1e14 * x)), x
    )
    assert verdict.status is not Status.FAIL


def test_a_choice_that_the_last_bit_of_an_input_decides_is_no_rounding():
    def rule(x):
        return 1 + 0.5 * (x * 3.0 - x.max() * 3.0 >= 0) * (np.arange(3) == 1)

    for seed in range(4):
        verdict = gc.verify_gradient(lambda x: x.sum(), rule, np.ones(3) + seed)
        assert verdict.status is Status.FAIL


@pytest.mark.parametrize("x", [[1.0, 1.0, 0.0], [2.0, 2.0, 2.0, 1.0], [1.0, 1.0]])
def test_a_maximum_whose_rule_gives_every_tie_the_gradient(x):
    @gc.derivation(x="k")
    def largest(x):
        return x.max()

    @largest.vjp
    def everywhere(dy, x):
        return dy * (x == x.max())

    for seed in range(20):
        with pytest.raises(gc.GradientMismatch):
            gc.replay(everywhere, Case({"x": np.array(x)}, seed))


def test_a_gate_whose_complement_is_rounded():
    def sigmoid(t):
        e = np.exp(-np.abs(t))
        return np.where(t >= 0, 1.0, e) / (1 + e)

    @gc.derivation(x="k", h="k", t="k")
    def highway(x, h, t):
        return sigmoid(t) * np.tanh(h) + (1 - sigmoid(t)) * x

    @highway.vjp
    def backward(dy, x, h, t):
        gate, other = sigmoid(t), sigmoid(-t)  # other is exact where 1 - gate is not
        return dy * other, dy * gate / np.cosh(h) ** 2, dy * (np.tanh(h) - x) * gate * other

    @highway.vjp("x")
    def alone(dy, t):
        return dy * sigmoid(-t)

    x = np.array([39.4, -40.6, 24.3])
    h, t = np.array([19.1, -39.7, -11.3]), np.array([32.2, 15.369885771633285, -17.1])
    for seed in range(30):
        for rule in (backward, alone):
            with contextlib.suppress(gc.GradientUndecided):
                gc.replay(rule, Case({"x": x, "h": h, "t": t}, seed))


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: x * x * x, lambda x: 3 * x * x),
        (lambda x: x - np.sin(x), lambda x: 1 - np.cos(x)),
        (lambda x: np.tanh(x) ** 3, lambda x: 3 * np.tanh(x) ** 2 / np.cosh(x) ** 2),
    ],
)
def test_a_slope_of_zero_with_a_third_derivative(f, slope):
    assert verify_vjp(f, lambda g, x: g * slope(x), np.zeros(2))
    assert verify_vjp(f, lambda g, x: g * slope(x), np.array([0.0, 1.0]))


def test_a_saturated_softmax_whose_rule_cancels():
    @gc.derivation(z="k")
    def softmax_of(z):
        return softmax(z)

    @softmax_of.vjp
    def backward(dy, y):
        return y * (dy - dy @ y)

    @softmax_of.partial(where=lambda i, j: i == j)
    def same_index(y, i):
        return y[i] * (1 - y[i])

    for seed in range(60):
        for rule in (backward, same_index):
            with contextlib.suppress(gc.GradientUndecided):
                gc.replay(rule, Case({"z": np.array([29.0, 1.0, 0.0, 0.0])}, seed))


class _Tanh:
    """A layer as most are written: what goes back reads what went forward last."""

    def __init__(self, kept=lambda y: y):
        self.kept = kept

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, g):
        return g * (1 - self.kept(self.y) ** 2)


def test_a_rule_that_reads_what_its_layer_left():
    for k in range(6):
        x = np.random.default_rng(k).standard_normal(5)
        layer, wrong = _Tanh(), _Tanh(lambda y: 1.01 * y)
        verdict = verify_vjp(layer.forward, lambda g, x, layer=layer: layer.backward(g), x)
        assert verdict
        assert "left when last called" in " ".join(verdict.notes)
        verdict = verify_vjp(wrong.forward, lambda g, x, wrong=wrong: wrong.backward(g), x)
        assert verdict.status is Status.FAIL


def _bisected(x):
    """The root y of y³ + y = x: it depends on x through comparisons alone."""
    low, high = -100.0 + np.zeros(x.shape), 100.0 + np.zeros(x.shape)
    for _ in range(100):
        middle = (low + high) / 2
        below = middle**3 + middle < x
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


class _Memo:
    """Looks only at whether the input is the one that it remembers."""

    last = None

    def __call__(self, x):
        if self.last is None or not (x == self.last).all():
            self.last, self.y = x.copy(), np.tanh(x)
        return self.y.copy()


@pytest.mark.parametrize(
    ("f", "right", "wrong"),
    [
        (_bisected, lambda g, x: g / (3 * _bisected(x) ** 2 + 1), lambda g, x: 0 * g),
        (
            lambda x: x * _bisected(x),
            lambda g, x: g * (_bisected(x) + x / (3 * _bisected(x) ** 2 + 1)),
            lambda g, x: g * _bisected(x),
        ),
        (_Memo(), lambda g, x: g * (1 - np.tanh(x) ** 2), lambda g, x: 0 * g),
        (
            lambda x: np.sin(x) if isinstance(x, np.ndarray) else np.sin(x) + 0.1 * x,
            lambda g, x: g * np.cos(x),
            lambda g, x: g * (np.cos(x) + 0.1),
        ),
    ],
)
def test_a_function_to_which_other_numbers_are_a_constant(f, right, wrong):
    for k in range(3):
        x = np.random.default_rng(k).standard_normal(4)
        assert verify_vjp(f, right, x)
        assert verify_vjp(f, wrong, x).status is Status.FAIL


def test_the_hessian_of_a_root_that_is_bisected():
    def right(x):
        y = _bisected(x)
        d = 1 / (3 * y * y + 1)
        return np.diag(2 * d - 6 * x * y * d**3)

    x = np.random.default_rng(0).standard_normal(3)
    verdict = gc.verify_hessian(lambda x: (x * _bisected(x)).sum(), right, x)
    assert verdict.status is not Status.FAIL


def test_a_rule_that_is_even_in_its_cotangent_where_little_can_be_measured():
    x = 10.0 ** np.array([4.1, -6, -6.1, 5, -3, 4.6, -4.4, -4.5, 4, -3.5, -2.7, -6.6])
    x *= np.where(np.arange(12) % 3 == 1, -1, 1)

    def right(g, x):
        return g * (x - x.mean()) / (x.size * x.std())

    assert verify_vjp(np.std, right, x).status is not Status.FAIL
    for wrong in (abs, np.square, lambda g: 1.0):
        verdict = verify_vjp(np.std, lambda g, x, wrong=wrong: right(wrong(g), x), x)
        assert verdict.status is Status.FAIL


def test_a_list_of_arrays_is_refused_with_the_remedy():
    arrays = [np.ones(3), np.ones((2, 2))]
    with pytest.raises(gc.InputError, match="list of arrays"):
        verify_vjp(lambda xs: sum(x.sum() for x in xs), lambda g, xs: xs, arrays)


def test_a_rule_that_uses_what_holds_inside_the_domain_alone():
    @gc.derivation(p=gc.simplex("k"), q=gc.simplex("k"))
    def divergence(p, q):
        return np.sum(p * np.log(p / q))

    @divergence.jvp
    def without_what_sums_to_zero(dp, dq, p, q):
        return np.sum(dp * np.log(p / q)) - np.sum(dq * p / q)

    for seed in range(40):
        rng = np.random.default_rng(seed)
        p, q = (rng.dirichlet(np.full(49, 0.02)) + 1e-9 for _ in range(2))
        case = Case({"p": p / p.sum(), "q": q / q.sum()}, seed)
        with contextlib.suppress(gc.GradientUndecided):
            gc.replay(without_what_sums_to_zero, case)


def test_a_function_that_looks_elementwise_at_ties_alone():
    def winner(x):
        return x * (np.arange(x.shape[-1]) == x.argmax(axis=-1)[..., None])

    def rule(g, x):
        return g * (np.arange(x.shape[-1]) == x.argmax(axis=-1)[..., None])

    @gc.derivation(x="n k")
    def kept(x):
        return winner(x)

    @kept.vjp
    def backward(dy, x):
        return rule(dy, x)

    x = np.array([[-1.0, 1.0, 1.0, -1.0], [0.0, 0.0, 0.0, -1.0], [-1.0, -1.0, -1.0, 0.0]])
    for seed in range(60):
        with contextlib.suppress(gc.GradientUndecided):
            gc.replay(backward, Case({"x": x}, seed))


def test_a_direction_along_which_two_large_inputs_nearly_cancel():
    @gc.derivation(p=gc.simplex("k"), q=gc.simplex("k"))
    def divergence(p, q):
        return np.sum(p * (np.log(p) - np.log(q)))

    @divergence.jvp
    def forward(dp, dq, p, q):
        return (np.log(p) - np.log(q)) @ dp - (p / q) @ dq

    p = [1.8918714518715516e-12, 7.44589642016848e-12, 1.0879220202636064e-06, 0.999998912068642]
    q = [3.552713678800501e-15, 2.187532224580964e-05, 2.6116223151959334e-07, 0.9999778635155184]
    for seed in range(20):
        with contextlib.suppress(gc.GradientUndecided):
            gc.replay(forward, Case({"p": np.array(p), "q": np.array(q)}, seed))


def test_a_choice_among_ties_that_move_by_the_same_bit_for_bit():
    x = np.array([[-1.0, -1.0, 1.0], [0.0, 0.0, -1.0], [-1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    w = np.array([[-1.0, 0.0, -1.0], [0.0, -1.0, 0.0], [1.0, 1.0, -1.0]])
    b = np.array([-1.0, 1.0, 0.0])

    def maxout(x, w, b):
        return (x @ w + b).max(axis=1)

    def backward(dy, x, w, b):
        first = (x @ w + b).argmax(axis=1)
        dz = dy[:, None] * (np.arange(b.size) == first[:, None])
        return dz @ w.T, x.T @ dz, dz.sum(axis=0)

    for seed in range(80, 120):
        assert label(judged(maxout, backward, "vjp", (x, w, b), seed)) != "fail"


def test_a_kink_of_a_rule_that_was_in_float32_on_the_way():
    @gc.derivation(x="k")
    def leaky(x):
        return np.where(x > 0, x, 0.01 * x)

    @leaky.jvp
    def forward(dx, x):
        return np.where(x > 0, 1, 0.01).astype(np.float32) * dx

    gc.replay(forward, Case({"x": np.array([0.0, 1.0, -1.0, 0.0])}, 0))


def test_small_numbers_by_an_operation_that_loses_their_digits_in_complex_form():
    def total(x):
        return np.sum(x * np.tanh(np.log1p(np.exp(x))) * np.linspace(0.5, 1, x.size))

    def slopes(g, x):
        t, s = np.tanh(np.log1p(np.exp(x))), 1 / (1 + np.exp(-x))
        return g * np.linspace(0.5, 1, x.size) * (t + x * (1 - t) * (1 + t) * s)

    x = np.array([-18.1, -18.5, -40.4, -22.0, -37.1])
    for seed in range(40):
        assert label(judged(total, slopes, "vjp", (x,), seed)) != "fail"


def test_a_constant_that_is_rounded_where_no_input_shows_it():
    t, h = np.array([460.6, 110.9, 58.4, 40.2]), np.array([1e3, -5e2, 4e2, 5e2])

    def carried(x):
        gate = 1 / (1 + np.exp(-t))
        return gate * np.tanh(h) + (1 - gate) * x

    for seed in range(20):
        rule = judged(carried, lambda x: np.diag(1 / (1 + np.exp(t))), "jacobian", (100 * h,), seed)
        assert label(rule) != "fail"


def test_a_logarithm_of_what_is_left_of_one_where_rounding_cannot_be_measured():
    x = np.array([[-3, 2, 3], [1, 0, -2], [3, 0, -2], [0, 0, -1.0]])
    y = np.array([0.2658, 0.5033, 0.6683157418177901, 0.6622072111851697])

    def cost(t):
        h = 1 / (1 + np.exp(-x.dot(t)))
        return (-y.dot(np.log(h)) - (1 - y).dot(np.log(1 - h))) / 4

    def gradient(t):
        return x.T.dot(1 / (1 + np.exp(-x.dot(t))) - y) / 4

    assert gc.verify_gradient(cost, gradient, np.array([-3.0, 2.0, 3.0])).status is not Status.FAIL
    wrong = gc.verify_gradient(cost, lambda t: 1.01 * gradient(t), np.array([-0.3, 0.2, 0.3]))
    assert wrong.status is Status.FAIL


def test_a_tail_that_one_has_absorbed_in_a_function_of_single_numbers():
    erf = np.vectorize(math.erf)

    def phi(x):
        return 0.5 * (1 + erf(x / math.sqrt(2)))

    def slope(g, x):
        return g * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    for seed in range(40):
        x = np.random.default_rng(seed).normal(size=12) * (1, 3, 6)[seed % 3]
        assert label(judged(phi, slope, "vjp", (x,), seed)) != "fail"
    x = np.array([-4.83, -7.58, -0.6, -1.54, 7.38, 5.58, -8.32])
    for seed in range(20):
        assert label(judged(phi, slope, "vjp", (x,), seed)) != "fail"


@pytest.mark.parametrize("calls", [1, 2])
def test_a_rule_that_is_wrong_when_it_first_meets_an_input(calls):
    met = []

    @gc.derivation(x="k")
    def square(x):
        return x * x

    @square.vjp
    def backward(dy, x):
        met.append(np.array(x))
        known = sum(one.shape == x.shape and np.allclose(one, x, 1e-12, 0) for one in met)
        return (2 if known > calls else 2.2) * x * dy

    with pytest.raises(gc.GradientMismatch):
        gc.check(backward, seed=3)


@pytest.mark.parametrize("x", [
    [-1508.8580808688737, -219.94726042833338, 1197.5905868185553, -627.5493674574966],
    [-1.922026595263424e-05, 0.0001284018302226264, 9.876245345619061e-05, -8.502126294728611e-05],
])  # fmt: skip
@pytest.mark.parametrize("f", [
    lambda x: x / np.abs(x), lambda x: np.abs(x) / x, lambda x: (x / x) * np.sign(x),
])  # fmt: skip
def test_a_slope_of_zero_by_a_quotient(f, x):
    for seed in range(10):
        verdict = judged(f, lambda g, x: 0 * x, "vjp", (np.array(x),), seed)
        assert verdict.status is Status.PASS


def test_a_root_that_is_bisected_beside_a_large_one():
    def root(x):
        out = np.empty_like(x)
        for i, a in enumerate(x):
            low, high = -abs(a) - 1, abs(a) + 1
            for _ in range(200):
                middle = (low + high) / 2
                low, high = (middle, high) if middle + middle**3 < a else (low, middle)
            out[i] = (low + high) / 2
        return out

    w = np.array([0.1, 0.3, -0.3])
    x = np.array([6.303448226312452e-08, 3.290449442193886e-08, -40.63993259856873])
    for seed in range(5):
        verdict = judged(
            lambda x: np.sum(w * root(x)), lambda x: w / (1 + 3 * root(x) ** 2), "gradient", (x,),
            seed,
        )  # fmt: skip
        assert verdict.status is not Status.FAIL


def test_treads_that_all_steps_of_powers_of_two_are_multiples_of():
    x = np.array([-70643568.85038967, 192277319.07967186, -42214593.17969244, -75526171.88684693])
    for seed in range(10):
        verdict = judged(lambda x: np.round(x * 256) / 256, lambda g, x: 0 * x, "vjp", (x,), seed)
        assert verdict.status is not Status.FAIL


def test_a_chirp_beside_one_that_is_all_rounding():
    x = np.array([-64984.646628315626, -2.42e-06, 1.126e-4, 3148.3577913228823])
    for seed in range(5):
        verdict = judged(
            lambda x: np.sin(x**3), lambda g, x: g * 3 * x * x * np.cos(x**3), "vjp", (x,), seed
        )
        assert verdict.status is not Status.FAIL


@pytest.mark.parametrize("verify", [gc.verify_vjp, gc.verify_jvp])
def test_an_empty_input_says_nothing(verify):
    verdict = verify(lambda x: 2 * x, lambda d, x: 2 * d, np.zeros((0, 3)))
    assert verdict.cause == "silent"


def test_a_tail_beside_what_was_computed_one_number_at_a_time():
    erf, erfc = np.vectorize(math.erf), np.vectorize(math.erfc)

    def gelu(x):
        return 0.5 * x * (1 + erf(x / np.sqrt(2)))

    def slope(g, x):
        return g * (0.5 * erfc(-x / np.sqrt(2)) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi))

    x = np.array([1.7049904549807233, 0.583836909460821, -5.953652994474542, 3.088939683278361])
    for seed in range(10):
        assert judged(gelu, slope, "vjp", (x,), seed).status is not Status.FAIL


@pytest.mark.parametrize("size", [1e-140, 1e-100, 1e100, 1e150])
@pytest.mark.parametrize(
    ("kind", "f", "right", "wrong"),
    [
        (
            "vjp", np.square, lambda g, x: 2 * g * x,
            lambda g, x: g * x * np.where(np.arange(4) == 1, 2.001, 2),
        ),
        (
            "jvp", np.square, lambda v, x: 2 * v * x,
            lambda v, x: v * x * np.where(np.arange(4) == 1, 2.001, 2),
        ),
        (
            "gradient", lambda x: (x * x).sum(), lambda x: 2 * x,
            lambda x: x * np.where(np.arange(4) == 1, 2.001, 2),
        ),
    ],
)  # fmt: skip
def test_numbers_whose_squares_are_none(size, kind, f, right, wrong):
    x = np.array([0.3, -1.7, 0.45, 2.0]) * size
    assert judged(f, right, kind, (x,), 0).status is Status.PASS
    assert judged(f, wrong, kind, (x,), 0).status is Status.FAIL


def test_derivatives_that_are_subnormal():
    rng = np.random.default_rng(0)
    y, x = rng.standard_normal(6) * 1e160, rng.standard_normal(6)

    def rule(g, y, x):
        h = np.hypot(x, y)
        return g * (x / h) / h, -g * (y / h) / h

    for seed in range(5):
        assert judged(np.arctan2, rule, "vjp", (y, x), seed).status is not Status.FAIL


def test_squares_that_lose_their_digits_inside():
    x = np.random.default_rng(0).standard_normal(5) * 1e-156
    for seed in range(5):
        verdict = judged(
            np.linalg.norm, lambda g, x: g * (x / np.linalg.norm(x)), "vjp", (x,), seed
        )
        assert verdict.status is not Status.FAIL


def test_a_wave_that_is_as_short_as_the_last_bits():
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(6) * 1e8
        verdict = judged(
            lambda x: np.sin(x * x), lambda g, x: g * 2 * x * np.cos(x * x), "vjp", (x,), seed
        )
        assert verdict.status is not Status.FAIL


@pytest.mark.parametrize("count", [200, 5000])
def test_many_ties_in_a_sort(count):
    rng = np.random.default_rng(1)
    x = np.where(rng.random(count) < 0.5, 0.0, rng.standard_normal(count))

    def pull(g, x):
        back = np.zeros_like(x)
        back[np.argsort(x, kind="stable")] = g
        return back

    def push(v, x):
        return v[np.argsort(x, kind="stable")]

    for seed in range(2):
        assert judged(np.sort, pull, "vjp", (x,), seed).status is not Status.FAIL
        assert judged(np.sort, push, "jvp", (x,), seed).status is not Status.FAIL


def test_an_entry_that_the_rounding_of_a_long_sum_would_excuse():
    def pull(g, x):
        return np.cumsum(g[::-1])[::-1]

    found = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal(50_000)
        resolution = judged(np.cumsum, pull, "vjp", (x,), seed).resolution
        size = np.abs(pull(rng.standard_normal(x.size), x))
        near = np.flatnonzero(np.abs(np.log(size / np.median(size))) < 0.4)
        wrong = 1 + 3 * resolution * (np.arange(x.size) == rng.choice(near))
        verdict = judged(np.cumsum, lambda g, x: pull(g, x) * wrong, "vjp", (x,), seed)  # noqa: B023
        found += verdict.status is Status.FAIL
    assert found >= 4


@pytest.mark.parametrize("size", [5000, 30_000])
def test_tangents_of_very_many_inputs_of_which_each_output_sees_one_most(size):
    def normalised(x):
        return x / np.sqrt(x @ x)

    def push(v, x):
        y = normalised(x)
        return (v - y * (v @ y)) / np.sqrt(x @ x)

    x = np.random.default_rng(0).standard_normal(size)
    assert judged(normalised, push, "jvp", (x,), 0).status is Status.PASS


def test_a_logistic_cost_of_units_that_are_saturated_along_ties():
    inputs, labels = np.zeros((1, 3)), np.array([0])

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def layers(theta):
        first = np.c_[np.ones(1), inputs]
        hidden = np.c_[np.ones(1), sigmoid(first.dot(theta[:16].reshape(4, 4).T))]
        return first, hidden, sigmoid(hidden.dot(theta[16:].reshape(5, 5).T))

    def cost(theta):
        h, y = layers(theta)[2], np.eye(5)[labels]
        return -np.sum(y * np.log(h) + (1 - y) * np.log(1 - h))

    def gradient(theta):
        first, hidden, h = layers(theta)
        out = h - np.eye(5)[labels]
        back = (out @ theta[16:].reshape(5, 5))[:, 1:] * hidden[:, 1:] * (1 - hidden[:, 1:])
        return np.r_[(back.T @ first).ravel(), (out.T @ hidden).ravel()]

    theta = np.zeros(41)
    theta[[8, 26, 29, 30]] = 1, -1, 20, 1
    for seed in range(10):
        verdict = judged(cost, gradient, "gradient", (theta,), seed)
        assert verdict.status is not Status.FAIL


def test_a_kink_beside_that_is_as_weak_as_noise():
    layer = next(layer for layer in LAYERS if layer.name == "squeeze_excite")
    x = np.array([
        [[-1.0, -1, 0, 1], [0, 1, 1, -1], [0, 1, 1, 0]],
        [[0, 1, -1, 0], [1, 0, 0, 0], [-1, 1, 1, 0]],
    ])  # fmt: skip
    w1 = np.array([[-1.0, 0, 1, 0], [-1, -1, 0, 1], [1, 1, 1, -1]])
    w2 = np.array([[-1.0, 0, -1], [-1, 0, -1], [1, -1, 1], [-1, 0, -1]])
    verdict = judged(layer.f, layer.vjp, "vjp", (x, w1, w2), 35190)
    assert verdict.status is not Status.FAIL


def test_steps_of_large_numbers_are_rounded_alike_at_every_level():
    x, v = np.array([46832793.72718]), np.array([-26050455.666015625])
    point = Point(lambda x: x - np.floor(x), x, x - np.floor(x), Layout({"x": x}))
    levels = list(range(8, 14))
    sides = elementwise_sides(Line(point, v), DOUBLE, levels, DOUBLE.epsilon)
    for side, error in ((sides.left, sides.left_error), (sides.right, sides.right_error)):
        assert np.abs(side - 1) <= error + 1e-12


def test_a_column_that_is_not_claimed_is_not_asked_about():
    declared = gc.derivation(z="k")(softmax)

    def column(y, i):
        slopes = -y * y[i]
        slopes[i] = y[i] - y[i] * y[i]
        return slopes

    claim = declared.column(column)
    z = np.where(np.arange(12) == 6, 256.0, 0.0)
    for seed in range(5):
        assert judge_at(claim, Case({"z": z}, seed)).status is not Status.FAIL


def test_a_shape_that_rounding_hides_at_every_step():
    r = np.array([[33554432.0], [0.0], [0.0]])
    t = np.zeros((3, 4))
    t[0, 0], t[2, 0] = 1, -67108864

    def probabilities(w):
        e = np.exp(r @ w - (r @ w).max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(w):
        return ((probabilities(w) - t) ** 2).sum() / 6

    def gradient(w):
        y = probabilities(w)
        dy = (y - t) / 3
        return r.T @ (y * (dy - (dy * y).sum(axis=1, keepdims=True)))

    w = np.array([[0.0003, 0.0003, 0.0, 0.0]])
    for seed in range(8):
        assert judged(loss, gradient, "gradient", (w,), seed).status is not Status.FAIL


def test_a_declared_convention_is_for_kinks_alone():
    @gc.options(at_kink=lambda x: 1.0 * (x > 0))
    @gc.derivation(x="k")
    def hard_swish(x):
        return x * np.clip(x / 6 + 0.5, 0, 1)

    @hard_swish.vjp
    def backward(dy, x):
        return dy * np.where(np.abs(x) < 3, x / 3 + 0.5, 1.0 * (x > 0))

    claim = hard_swish.rules[0]
    seeds = (1599046440, *range(5))
    for seed in seeds:
        verdict = judge_at(claim, Case({"x": np.array([0.0, 1048576.0])}, seed))
        assert verdict.status is not Status.FAIL
    assert judge_at(claim, Case({"x": np.array([3.0, -3.0, 1.0])})).status is Status.PASS


def test_rounding_of_numbers_made_of_an_integer_is_rounding():
    g = np.array([-0.899, 99999.9052, 99999.6804, 100000.6811, 99999.1579, 100000.8973])

    def sides(g, t):
        s = (1 - 0.999 ** (t - 1)) * g**2
        return ((0.999 * s + (1 - 0.999) * g**2) / (1 - 0.999**t)).sum(), (g**2).sum()

    @gc.identity(g="k", t=gc.integers(low=1, high=1000))
    def corrected(g, t):
        return sides(g, t)

    @gc.identity(g="k", t=gc.integers(low=1, high=1000))
    def off(g, t):
        left, right = sides(g, t)
        return left * (1 + 1e-10), right

    rng = np.random.default_rng(0)
    for seed in range(60):
        given = {"g": g + rng.standard_normal(6), "t": int(rng.integers(1, 5))}
        assert judge_at(corrected, Case(given, seed)).status is not Status.FAIL
    assert judge_at(off, Case({"g": g, "t": 300})).status is Status.FAIL


def test_a_diagonal_that_is_wrong_in_a_symmetric_domain_names_an_entry():
    @gc.derivation(x=gc.positive_definite("n n"))
    def logdet(x):
        return 2 * np.log(np.diag(np.linalg.cholesky(x))).sum()

    @logdet.gradient
    def off(x):
        return np.linalg.inv(x) * (1 + 1e-3 * np.eye(len(x)))

    for seed in range(6):
        a = np.random.default_rng(seed).standard_normal((4, 4))
        verdict = judge_at(off, Case({"x": a @ a.T + np.eye(4)}, seed))
        assert verdict.status is Status.FAIL
        assert len(set(verdict.worst.index)) == 1


def _softsigns(x):
    below = 1 + np.abs(x)
    return 1 / below**2, (1 - np.abs(x) / below) ** 2


def test_roundings_that_cancel_somewhere_in_all_runs_are_rounding():
    @gc.identity(x="k")
    def chain(x):
        return _softsigns(x)

    for seed in range(12):
        x = np.random.default_rng(seed).uniform(1e3, 1e4, 3000)
        assert judge_at(chain, Case({"x": x}, seed)).status is not Status.FAIL


def test_a_captured_matrix_by_its_method_dot_does_not_lose_the_rounding():
    X = np.array([[-3.0, 2.0, 3.0], [1.0, 0.0, -2.0], [3.0, 0.0, -2.0], [0.0, 0.0, -1.0]])
    t = np.array([0.2658, 0.5033, 0.6683157418177901, 0.6622072111851697])

    def loss(w):
        h = 1 / (1 + np.exp(-X.dot(w)))
        return -(t.dot(np.log(h)) + (1 - t).dot(np.log(1 - h))) / 4 + (w[1:] ** 2).sum() / 16

    def gradient(w):
        h = 1 / (1 + np.exp(-X.dot(w)))
        return X.T.dot(h - t) / 4 + np.array([0.0, *w[1:]]) / 8

    for seed in range(12):
        verdict = judged(loss, gradient, "gradient", (np.array([-3.0, 2.0, 3.0]),), seed)
        assert verdict.status is not Status.FAIL


def test_a_tangent_that_picks_one_input_may_break_a_contract():
    def forward_mode(dx, x):
        with np.errstate(all="ignore"):
            return np.where(dx == 0, -np.inf, 2 * x * dx)

    verdict = gc.verify_jvp(np.square, forward_mode, np.array([0.5, 1.5, -2.0]))
    assert verdict.status is Status.FAIL
    assert verdict.title == "numerically unstable"


@pytest.mark.parametrize("shift", [0.0, 5.0, -300.0])
def test_a_gradient_on_a_simplex_is_known_up_to_a_constant(shift):
    @gc.derivation(p=gc.simplex("k"))
    def squares(p):
        return (p * p).sum()

    @squares.gradient
    def shifted(p):
        return 2 * p + shift

    gc.check(squares, seed=1)


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-12])
def test_a_rule_on_a_simplex_near_its_edge(small):
    @gc.derivation(p=gc.simplex("k"))
    def logs(p):
        return np.log(p)

    @logs.vjp
    def right(dy, p):
        return dy / p

    @logs.vjp
    def wrong(dy, p):
        return dy * p

    for seed in range(4):
        case = Case({"p": np.array([1 - small, small])}, seed)
        assert judge_at(right, case).status is Status.PASS
        assert judge_at(wrong, case).status is Status.FAIL


@pytest.mark.parametrize("size", [10, 1000, 10_000, 100_000])
def test_right_identities_of_many_entries(size):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    x = np.random.default_rng(size).standard_normal(size)
    pairs = [
        (np.sinh, lambda x: (np.exp(x) - np.exp(-x)) / 2),
        (lambda x: 1 - sigmoid(x), lambda x: sigmoid(-x)),
        (np.tanh, lambda x: 2 * sigmoid(2 * x) - 1),
        (lambda x: sigmoid(x) * sigmoid(-x), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    ]
    for left, right in pairs:
        assert gc.verify_identity(left, right, x).status is not Status.FAIL
    off = gc.verify_identity(np.sinh, lambda x: (1 + 1e-12 * (x > 0)) * np.sinh(x), x)
    assert off.status is Status.FAIL


def test_an_identity_of_single_numbers_has_an_unknown_rounding():
    erf, erfc = np.vectorize(math.erf), np.vectorize(math.erfc)
    x = np.random.default_rng(0).standard_normal(10_000)
    verdict = gc.verify_identity(lambda x: x * (1 + erf(x)) / 2, lambda x: x * erfc(-x) / 2, x)
    assert verdict.status is not Status.FAIL


def test_a_hessian_of_a_wave_that_no_step_resolves_is_not_known():
    def hessian(p):
        x, y = p
        s, c = math.sin(x * y), math.cos(x * y)
        return np.array([[-y * y * c, -s - x * y * c], [-s - x * y * c, -x * x * c]])

    for cos in (math.cos, np.cos):
        for seed in range(6):
            for size in (1e6, 1e8):
                p = size * np.random.default_rng(seed).standard_normal(2)
                verdict = gc.verify_hessian(lambda p, cos=cos: cos(p[0] * p[1]), hessian, p)
                assert verdict.status is not Status.FAIL


def test_a_hessian_where_the_gradient_has_a_kink_is_not_known():
    def chosen(x):
        H = 2 * np.eye(x.size)
        H[x.argmax(), x.argmax()] += 2
        return H

    for x in (np.zeros(4), np.ones(4), np.array([1.0, 1.0, 0.0, -1.0])):
        assert (
            gc.verify_hessian(lambda x: x.max() ** 2 + x @ x, chosen, x).status is not Status.FAIL
        )


def test_outputs_that_vary_by_less_than_any_number_get_a_cotangent():
    layer = next(layer for layer in LAYERS if layer.name == "lstm_bptt")
    rng = np.random.default_rng([102, 36960])
    inputs = layer.draw(rng, "saturation", int(rng.integers(layer.shape_choices)))
    verdict = judged(layer.f, layer.vjp, "vjp", inputs, 36960)
    assert verdict.status is not Status.FAIL


def _cubes(factor):
    """A rule that closes over its factor, as those that a function makes do."""
    return (
        ("vjp", lambda x: x**3, lambda dy, x: dy * factor * x**2),
        ("gradient", lambda x: (x**3).sum(), lambda x: factor * x**2),
        ("jacobian", lambda x: x**3, lambda x: np.diag(factor * x**2)),
    )


@pytest.mark.parametrize("factor", [3.0, 2.0, 3.003, 3.00003])
def test_a_factor_that_is_closed_over_hides_nothing_that_is_small(factor):
    x = 1e-8 * np.random.default_rng(0).standard_normal(5)
    for kind, f, rule in _cubes(factor):
        assert label(judged(f, rule, kind, (x,), 0)) == ("pass" if factor == 3.0 else "fail")


def test_a_row_that_agrees_by_a_wide_bound_alone_is_no_fine_agreement():
    def hessian(x):
        n = len(x)
        return np.array(
            [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(n)] for i in range(n)]
        )

    for seed in range(10):
        x = 1e-6 * np.random.default_rng(seed).standard_normal(4)
        claimed = hessian(x)
        claimed[0, 3] *= 1.001
        # What is held by a list is rounded nobody knows how.
        verdict = gc.verify_hessian(np.prod, lambda x, held=[claimed]: held[0], x)
        assert not (verdict and verdict.resolution < 1e-3)


def test_an_identity_with_a_constant_whose_rounding_no_input_shows():
    t = np.array([20.0, 25.0, 30.0])

    def left(x):
        return (1 - 1 / (1 + np.exp(-t))) * x

    def right(x):
        return x / (1 + np.exp(t))

    for seed in range(10):
        x = np.random.default_rng(seed).standard_normal(3)
        assert gc.verify_identity(left, right, x).status is Status.PASS
        off = gc.verify_identity(left, lambda x: right(x) * 1.001, x)
        assert off.status is Status.FAIL


def test_what_underflows_beside_an_entry_does_not_excuse_it():
    def shifted(z):
        return softmax(z + 3.0)

    for seed in range(10):
        z = 1e3 * np.random.default_rng(seed).standard_normal(4)
        assert gc.verify_identity(softmax, shifted, z).status is Status.PASS
        off = gc.verify_identity(softmax, lambda z: shifted(z) * (1 + 1e-6), z)
        assert off.status is Status.FAIL
        # Here it matters: digits are lost before the sum divides by them.
        textbook = gc.verify_identity(
            lambda z: np.exp(z - 744.0) / np.exp(z - 744.0).sum(), softmax, z / 1e3
        )
        assert textbook.status is Status.UNDECIDED


def test_sides_that_are_all_rounding_are_no_agreement():
    def root(b):
        return (-b + np.sqrt(b * b - 4)) / 2

    for b in (1e8, 1e9):
        wrong = gc.verify_identity(root, lambda b: 2 / (b + np.sqrt(b * b - 4)), np.float64(b))
        assert wrong.status is Status.UNDECIDED


def _log_sum_exp(z):
    largest = z.max()
    return largest + np.log(np.exp(z - largest).sum())


def _log_sum_exp_by_numbers(z):
    total = 0.0
    for one in z:
        total += math.exp(one)
    return math.log(total)


@pytest.mark.parametrize(("f", "places"), [
    (_log_sum_exp, [(0, 1), (2, 2)]), (_log_sum_exp_by_numbers, [(0, 1)]),
])  # fmt: skip
def test_a_hessian_at_zeros_where_steps_beside_are_too_small_to_tell(f, places):
    # An entry that is wrong at the point, and not seen to be so at one of 1e-6, is no kink.
    for row, column in places:
        claimed = np.diag(np.full(4, 0.25)) - 1 / 16
        right = gc.verify_hessian(f, lambda z, claimed=claimed: claimed.copy(), np.zeros(4))
        assert right.status is Status.PASS
        claimed[row, column] *= 1.001
        wrong = gc.verify_hessian(f, lambda z, claimed=claimed: claimed.copy(), np.zeros(4))
        assert wrong.status is not Status.PASS


def test_what_comes_out_exact_is_not_moved_across_a_threshold():
    def hinges(s, positive):
        t = np.where(positive, 1.0, -1.0)
        m = 1 - t * s
        # t² is exactly 1, and no rounding makes it less.
        return np.stack([m, -t * (m > 0)]), np.stack([m, -t * (t * t < 1)])

    claim = Identity(hinges, {"s": "n", "positive": gc.boolean("n")}, register=False)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        inputs = {"s": 0.5 * rng.random(2), "positive": rng.random(2) < 0.5}
        assert judge_at(claim, Case(inputs, seed)).status is Status.FAIL


def test_a_slope_beside_a_pole_of_an_input_that_the_rule_has_narrowed():
    x = np.array([-361363.2582598257])
    for seed in range(20):
        rule = judged(
            np.tan, lambda x: np.diag(1 + np.tan(x.astype(np.float32)) ** 2), "jacobian", (x,), seed
        )
        assert label(rule) != "fail"


_GATE, _HELD = 36.0, {"gate": np.array([36.0, 30.0, 1.0])}


@pytest.mark.parametrize("gate", [lambda: _GATE, lambda: _HELD["gate"]])
def test_a_constant_whose_rounding_no_input_shows_wherever_it_is_kept(gate):
    def left(x):
        return (1 - 1 / (1 + np.exp(-gate()))) * x * x

    def slope(g, x):
        return 2 * g * x / (1 + np.exp(gate()))

    for seed in range(10):
        x = np.random.default_rng(seed).standard_normal(3)
        assert verify_vjp(left, slope, x).status is not Status.FAIL
        right = gc.verify_identity(left, lambda x: x * x / (1 + np.exp(gate())), x)
        assert right.status is not Status.FAIL


@pytest.mark.parametrize("size", [20, 100, 2000])
def test_the_resolution_of_entries_whose_scales_are_mixed(size):
    # Of entries from 1e-6 to 1e6 the typical one was sought among the larger half alone; and
    # which entry was wrong, in differences that are all noise beside the larger ones.
    rng = np.random.default_rng(size)
    weights = rng.normal(size=size)
    x = rng.normal(size=size) * 10.0 ** rng.integers(-6, 6, size)

    def square(x):
        return (weights * x * x).sum()

    right = gc.verify_gradient(square, lambda x: 2 * weights * x, x)
    assert right
    order = np.argsort(np.abs(weights * x))
    for near in (-1, 0, 1):
        off = np.ones(size)
        off[order[size // 2 + near]] += 3 * right.resolution
        wrong = gc.verify_gradient(square, lambda x, off=off: 2 * weights * x * off, x)
        assert wrong.worst is not None
        assert wrong.worst.index == (int(np.argmax(off)),)


def test_a_gradient_that_is_left_out_beside_one_that_is_larger():
    x, b = RNG.standard_normal(5), RNG.standard_normal(3)
    for scale in (1e-6, 1e-12):
        wrong = gc.verify_gradient(
            lambda x, b, scale=scale: 1e3 * (x * x).sum() + scale * (b * b).sum(),
            lambda x, b: (2e3 * x, np.zeros(3)),
            x,
            b,
        )
        assert wrong.worst is not None
        assert wrong.worst.input == "b"


def test_the_rounding_of_closed_over_weights_where_steps_leave_the_domain():
    # Whatever a slope that is no number explains, it explained everything.
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 1.0, 12)
    x = np.abs(rng.normal(size=12)) * 10.0 ** rng.integers(-4, 6, 12)
    off = np.ones(12)
    off[np.argmin(x)] += 1e-5
    right = gc.verify_gradient(lambda x: weights @ np.log(x), lambda x: weights / x, x)
    assert right
    wrong = gc.verify_gradient(lambda x: weights @ np.log(x), lambda x: weights / x * off, x)
    assert wrong.status is Status.FAIL


@pytest.mark.parametrize("kind", ["vjp", "jvp", "gradient", "jacobian"])
def test_an_empty_input_beside_one_that_is_not(kind):
    def f(x, c):
        return np.sum(x**2) + c**2

    inputs = (np.zeros(0), np.array(1.3))
    for wrong in (0.0, 0.1):
        claim = {
            "vjp": lambda d, x, c, wrong=wrong: (2 * d * x, (2 + wrong) * d * c),
            "jvp": lambda s, t, x, c, wrong=wrong: 2 * np.sum(s * x) + (2 + wrong) * t * c,
            "gradient": lambda x, c, wrong=wrong: (2 * x, (2 + wrong) * c),
            "jacobian": lambda c, wrong=wrong: (2 + wrong) * c,
        }[kind]
        of, given = (f, inputs) if kind != "jacobian" else (lambda c: f(inputs[0], c), inputs[1:])
        assert judged(of, claim, kind, given).status is (Status.FAIL if wrong else Status.PASS)


def test_a_number_that_underflows_harmlessly_hides_nothing():
    # Of a loss one of whose terms is e⁻⁸⁰⁰ a gradient that was off by 1e-4 passed at 1e-6.
    x, b = np.array([2e4, -0.3, 0.7]), np.array(0.2)
    signs = np.array([[1.0, -1.0, 0.5], [-1.0, 0.4, 2.0], [0.02, 1.0, -1.0], [-0.04, 0.3, 0.1]])

    def loss(x, b):
        return np.mean(np.logaddexp(0, signs @ x + b)) + 0.05 * x @ x

    def gradient(x, b):
        p = 1 / (1 + np.exp(-(signs @ x + b)))
        return signs.T @ p / 4 + 0.1 * x, p.mean()

    right = gc.verify_gradient(loss, gradient, x, b)
    assert right
    assert right.resolution < 1e-5

    def wrong(x, b):
        of_x, of_b = gradient(x, b)
        return of_x, of_b * (1 + 1e-4)

    found = gc.verify_gradient(loss, wrong, x, b).worst
    assert found is not None
    assert found.input == "b"


def test_the_median_entry_of_a_gradient_whose_tails_are_tiny():
    # What is small beside the largest was left out of what is typical, and nothing said so.
    x = np.array([0.0, -50.0, -60.0])

    def log_sum_exp(x):
        return x.max() + np.log(np.sum(np.exp(x - x.max())))

    assert gc.verify_gradient(log_sum_exp, softmax, x).resolution < 1e-5
    for factor in (1 + 1e-4, -1.0):
        off = np.array([1.0, factor, 1.0])
        wrong = gc.verify_gradient(log_sum_exp, lambda x, off=off: off * softmax(x), x)
        assert wrong.worst is not None
        assert wrong.worst.index == (1,)


def test_a_jvp_is_resolved_input_by_input():
    """The gradient of one input is 500 times smaller than that of the others."""

    def f(a, b, c):
        return np.sum(a * a) * 1e-3 + np.mean(np.sin(b)) + np.prod(c)

    def pushed(factor):
        off = np.array([factor, 1.0, 1.0, 1.0, 1.0])

        def rule(ta, tb, tc, a, b, c):
            products = np.array([c[1] * c[2], c[0] * c[2], c[0] * c[1]])
            return 2e-3 * np.sum(off * a * ta) + np.mean(np.cos(b) * tb) + products @ tc

        return rule

    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        a = np.sign(rng.standard_normal(5)) * rng.uniform(0.5, 1.5, 5)
        a[0] = np.copysign(1.5, a[0])
        inputs = a, rng.standard_normal(3), rng.standard_normal(3)
        right = verify_jvp(f, pushed(1.0), *inputs)
        assert right
        found += not verify_jvp(f, pushed(1 + 3 * right.resolution), *inputs)
    assert found == 20


def test_a_number_of_the_code_that_is_rounded_away():
    def one_less(t):
        return 1 - 1 / (1 + np.exp(-t))

    def rounded(x):
        return one_less(36.0) * x * x

    def little(x):
        return one_less(20.0) * x * x

    def off(function, t, factor):
        slope = 2 * factor * np.exp(-t) / (1 + np.exp(-t))  # to the last bits
        gradient = gc.verify_gradient(lambda x: function(x).sum(), lambda x: slope * x, X)
        of_vjp = gc.verify_vjp(function, lambda dy, x: dy * slope * x, X)
        same = gc.verify_identity(function, lambda x: slope / 2 * x * x, X)
        return {str(one.status) for one in (gradient, of_vjp, same)}

    X = np.array([0.3, -1.2, 2.0])
    assert abs(one_less(36.0) / np.exp(-36.0) - 1) > 0.03
    assert off(rounded, 36.0, 1.0) == {"undecided"}
    assert off(little, 20.0, 1.0) == {"pass", "undecided"}
    assert off(little, 20.0, 1 + 1e-4) == {"fail"}
    assert off(rounded, 36.0, 100.0) == {"fail"}


def test_what_a_bisection_finds_is_no_constant():
    def entmax(z):
        low, high = z.max() - 1, z.max()
        for _ in range(45):
            middle = (low + high) / 2
            if (np.maximum(z - middle, 0) ** 2).sum() >= 1:
                low = middle
            else:
                high = middle
        q = np.maximum(z - low, 0) ** 2
        return q / q.sum()

    def rule(dy, z):
        s = np.sqrt(entmax(z))
        return 2 * s * (dy - (dy * s).sum() / s.sum())

    def of_a_constant_threshold(dy, z):
        y = entmax(z)
        return 2 * np.sqrt(y) * (dy - (dy * y).sum())

    for scale in (1.0, 1e-4, 1e-6):
        rng = np.random.default_rng(0)
        for _ in range(5):
            z = -scale * rng.uniform(0.01, 0.3, 3)
            assert verify_vjp(entmax, rule, z).status is not Status.FAIL
            if scale == 1:
                assert verify_vjp(entmax, of_a_constant_threshold, z).status is Status.FAIL


@pytest.mark.parametrize(("of_a", "of_x"), [(1e8, 1e8), (1e6, 1e6), (1.0, 1e12)])
def test_waves_that_are_shorter_than_any_step(of_a, of_x):
    def snake(x, a):
        return x + np.sin(a * x) ** 2 / a

    def rule(dy, x, a):
        s = np.sin(2 * a * x)
        return dy * (1 + s), np.sum(dy * (x * s / a - np.sin(a * x) ** 2 / a**2))

    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, a = rng.standard_normal(4) * of_x, of_a * (0.1 + abs(rng.standard_normal()))
        assert verify_vjp(snake, rule, x, a).status is not Status.FAIL


def test_a_function_of_few_digits_at_zero():
    """It does not move at the smallest steps, and its rounding at 0 is 0."""

    def narrowed(x):
        return x.astype(np.float16).astype(np.float64)

    for at in (np.array([0.0, 0.7, -1.2]), np.array([1.0, 0.0, 2.0, 0.0, -1.0])):
        assert verify_jacobian(narrowed, lambda x: np.eye(x.size), at).status is not Status.FAIL
        zero = np.flatnonzero(at == 0)[0]
        wrong = np.eye(at.size)
        wrong[zero, zero] = 5.0
        assert verify_jacobian(narrowed, lambda x, wrong=wrong: wrong, at).status is Status.FAIL


@pytest.mark.parametrize(("product", "back"), [
    (np.matmul, lambda g, w: g @ w.T), (np.dot, lambda g, w: g @ w.T),
    (np.inner, lambda g, w: g @ w), (lambda a, w: a.dot(w), lambda g, w: g @ w.T),
    (lambda a, w: np.einsum("i,ij->j", a, w), lambda g, w: g @ w.T),
    (lambda a, w: a * np.sum(w, axis=0, dtype=np.float64), lambda g, w: g * w.astype(float).sum(0)),
])  # fmt: skip
def test_weights_of_float32_in_a_product_that_is_taken_in_float64(product, back):
    # They are converted without rounding: the product has the digits of float64.
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=4), rng.normal(size=(4, 4)).astype(np.float32)

    def f(x):
        return np.tanh(product(x, w))

    def rule(dy, x):
        return back(dy * (1 - f(x) ** 2), w)

    verdict = verify_vjp(f, rule, x)
    assert verdict
    off = np.array([1, 1 + 3 * verdict.resolution, 1, 1])
    assert verify_vjp(f, lambda dy, x: rule(dy, x) * off, x).status is Status.FAIL


@pytest.mark.parametrize(("f", "claimed"), [
    (lambda x: np.array([1.0, 2.0, 3.0]) @ x, lambda x: 1e-6 * np.eye(3)),
    (lambda x: x[0] ** 2 + x[1], lambda x: np.diag([2.0, 1e-3, 0.0])),
    (lambda x: x[0] * x[1], lambda x: np.array([[1e-3, 1, 0], [1, 0, 0], [0, 0, 0]])),
    (lambda x: np.log1p(x**2).sum(), lambda x: np.diag(2 * (1 - x**2) / (1 + x**2) ** 2) + 1e-4),
    (lambda x: 0.0 * x[0] + 2.0, lambda x: np.eye(3)),
])  # fmt: skip
def test_a_hessian_is_refuted_where_the_gradient_does_not_move(f, claimed):
    verdict = gc.verify_hessian(f, claimed, np.array([0.5, -1.25, 0.75]))
    assert verdict.status is Status.FAIL
    assert verdict.evaluations < 200


def test_sums_whose_order_differs_from_call_to_call():
    # As of threads: the last bits are other ones each time, and nothing else is.
    rng, k = np.random.default_rng(1), np.arange(200.0)

    def f(x):
        return np.sin(np.outer(k, x)).sum(axis=1)[rng.permutation(200)].sum()

    def rule(dy, x):
        order = k[rng.permutation(200)]
        return dy * (order[:, None] * np.cos(np.outer(order, x))).sum(axis=0)

    x = np.array([0.5, -1.25, 2.0])
    assert verify_vjp(f, rule, x)
    wrong = verify_vjp(f, lambda dy, x: rule(dy, x) * [1, 1 + 1e-6, 1], x)
    assert (wrong.status, wrong.title) == (Status.FAIL, "wrong value")
    random = verify_vjp(f, lambda dy, x: rule(dy, x) * (1 + 1e-9 * rng.normal()), x)
    assert (random.status, random.title) == (Status.FAIL, "not repeatable")


class _Plain:
    """What a framework holds: no jitter gets into it."""

    def __init__(self, array):
        self.array = np.asarray(array)


def test_a_difference_that_a_framework_takes_by_itself():
    # What is left of two sums that cancel is 0 beside them, and was 9e-111.
    gains = np.array([3.0, 0.0, 1.0, 7.0, 0.0])

    def ranks(s):
        return 0.5 + (0.5 + np.tanh((s - s[:, None]) / 0.8) / 2).sum(axis=1)

    def f(s):
        return (gains / np.log2(1 + ranks(s))).sum()

    def rule(dy, s):
        r = ranks(s)
        slope = 1 / np.cosh(np.clip((s - s[:, None]) / 0.8, -350, 350)) ** 2 / 1.6
        each = (-dy * gains / np.log2(1 + r) ** 2 / (1 + r) / np.log(2))[:, None] * slope
        held = _Plain(each).array
        return held.sum(axis=0) - held.sum(axis=1)

    s = np.array([1457.9910227971282, -880.6911803769431, -567.547210606792, 977.3528352278722,
                  -668.2887406990529])  # fmt: skip
    assert verify_vjp(f, rule, s).status is not Status.FAIL


def _of_float32(f):
    return lambda x: np.asarray(f(x.astype(np.float32)), dtype=float)


_WEIGHTS = np.outer([1.0, 2, 3], [4, 5, 6, 7]).astype(np.float32)


@pytest.mark.parametrize(("f", "rule"), [
    (_of_float32(np.square), lambda dy, x: 2 * dy * x),
    (_of_float32(lambda x: _WEIGHTS @ x), lambda dy, x: _WEIGHTS.T.astype(float) @ dy),
    (lambda x: float((x.astype(np.float32) ** 2).sum()), lambda dy, x: 2 * dy * x),
])  # fmt: skip
def test_an_entry_of_a_function_that_computes_in_float32_inside(f, rule):
    # The last hides its rounding in a number of Python; its right rule was undecided.
    for seed in range(4):
        x = np.random.default_rng(seed).standard_normal(4)
        entry = np.argsort(np.abs(x))[2]
        factor = 1 + 5e-3 * (np.arange(4) == entry)
        assert verify_vjp(f, rule, x)
        wrong = verify_vjp(f, lambda dy, x, factor=factor: rule(dy, x) * factor, x)
        assert wrong.status is Status.FAIL
        assert wrong.worst.index == (entry,)


def test_an_entry_at_an_offset_by_real_steps_alone():
    # By plain differences an entry is measured to 1e-6 there, by extrapolated ones to 3e-8.
    exp = np.vectorize(math.exp, otypes=[float])

    def f(x):
        return math.log(exp(x - x.max()).sum()) + x.max()

    def rule(dy, x):
        return dy * np.exp(x - f(x))

    for seed in range(4):
        x = 1e3 + np.random.default_rng(seed).standard_normal(6)
        right = verify_vjp(f, rule, x)
        assert right.resolution < 1e-7
        wrong = verify_vjp(f, lambda dy, x: rule(dy, x) * [1, 1, 1 + 5e-7, 1, 1, 1], x)
        assert wrong.status is Status.FAIL


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def test_a_bound_that_is_reached_is_no_rounded_number():
    # 1 - s of an s that is 1 is 0. Its last bit times 1e16 explained an entry that is off by 6 %.
    def gate(h, U):
        return _sigmoid(U @ h) * h

    def rule(dy, h, U, factor=1.0):
        s = _sigmoid(U @ h)
        da = dy * h * s * (1 - s)
        return U.T @ da + factor * dy * s, np.outer(da, h)

    rng = np.random.default_rng(1)
    h, U = (1e8 * rng.standard_normal(shape) for shape in (3, (3, 3)))
    assert _sigmoid(U @ h)[1] == 1
    assert verify_vjp(gate, rule, h, U)
    off = np.array([1, 1 + 1e-6, 1])
    wrong = verify_vjp(gate, lambda dy, h, U: rule(dy, h, U, off), h, U)
    assert wrong.status is Status.FAIL


def test_a_softmax_that_is_saturated_is_no_rounded_one():
    # All that is left of it is 1, and what has underflowed beside.
    def expert(x, G, W):
        return softmax(x @ G).max() * (x @ W)

    def rule(dy, x, G, W, factor=1.0):
        p = softmax(x @ G)
        ds = p.max() * (dy @ (x @ W)) * ((np.arange(4) == p.argmax()) - p)
        dx = factor * p.max() * (W @ dy) + G @ ds
        return dx, np.outer(x, ds), np.outer(x, p.max() * dy)

    for seed in range(3):
        rng = np.random.default_rng(seed)
        inputs = [1e8 * rng.standard_normal(shape) for shape in (2, (2, 4), (2, 3))]
        assert verify_vjp(expert, rule, *inputs)
        off = np.array([1, 1 + 1e-6])
        wrong = verify_vjp(expert, lambda *given, off=off: rule(*given, off), *inputs)
        assert wrong.status is Status.FAIL


def test_of_a_bound_that_is_reached_single_entries_are_found_to_what_is_printed():
    def mish(x):
        return x * np.tanh(np.logaddexp(0, x))

    def rule(dy, x):
        s = np.tanh(np.logaddexp(0, x))
        return dy * (s + x * (1 - s * s) / (1 + np.exp(-x)))

    for seed in range(4):
        x = 1e8 * np.random.default_rng(seed).standard_normal(4)
        right = verify_vjp(mish, rule, x)
        factor = 1 + 3.1 * right.resolution * (np.arange(4) == np.argmax(x))
        wrong = verify_vjp(mish, lambda dy, x, factor=factor: rule(dy, x) * factor, x)
        assert wrong.status is Status.FAIL


def _correlation_rule(dy, x, w):
    dx, (height, width) = np.zeros_like(x), dy.shape
    for i, j in np.ndindex(w.shape):
        dx[i : i + height, j : j + width] += dy * w[i, j]
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return dx, np.einsum("hw,hwij->ij", dy, windows)


def _correlation(x, w):
    return np.einsum("hwij,ij->hw", np.lib.stride_tricks.sliding_window_view(x, w.shape), w)


def test_an_interval_that_holds_both_numbers_acquits_nobody():
    # By steps of the spread an entry is measured to 2e-6 there, by those of its size to 4e-8.
    for seed in range(2):
        rng = np.random.default_rng(seed)
        x, w = (1e6 + rng.standard_normal(shape) for shape in ((4, 5), (3, 2)))
        assert verify_vjp(_correlation, _correlation_rule, x, w).resolution < 1e-7

        def wrong(dy, x, w):
            dx, dw = _correlation_rule(dy, x, w)
            dw[1, 1] *= 1 + 3e-7
            return dx, dw

        found = verify_vjp(_correlation, wrong, x, w)
        assert found.status is Status.FAIL
        assert found.worst.index == (1, 1)


def test_outputs_that_hide_beside_others_are_looked_at_by_larger_steps():
    # The first moves by less than its last bit at any step of the size of the inputs.
    def f(x):
        return np.linalg.cholesky(np.eye(3) + np.diag(x * x)).diagonal(), x * x

    def rule(factor):
        return lambda da, db, x: factor * da * x / np.sqrt(1 + x * x) + 2 * db * x

    x = 1e-7 * np.random.default_rng(0).standard_normal(3)
    assert verify_vjp(f, rule(1), x)
    for factor in (0, 2, -1):
        assert verify_vjp(f, rule(factor), x).status is not Status.PASS
    hidden = verify_vjp(f, rule(1), 0.1 * x)
    assert "too small to be seen here" in hidden.reason


def test_what_stands_still_by_rounding_does_not_agree_with_a_gradient_of_zeros():
    F = np.float32

    def f(a, b):  # float() hides that a number of float32 is in it
        return float((F(1) + np.sin(a.astype(F))).astype(float).sum() + (b * b).sum())

    for seed in (0, 1, 4):  # beside b, at a kink, and at a kink beside
        a, b = np.random.default_rng(seed).standard_normal((2, 4))
        found = verify_vjp(f, lambda dl, a, b: (0 * a, 2 * dl * b), a, b)
        assert found.status is not Status.PASS


def test_a_staircase_that_is_low_beside_its_inputs_is_not_accused():
    def floor(x):
        return np.array([math.floor(t) for t in x.tolist()], float)

    for seed in range(1, 4):
        x = 1e8 * np.random.default_rng(seed).standard_normal(5)
        found = verify_vjp(floor, lambda dy, x: np.zeros_like(x), x)
        assert found.status is Status.UNDECIDED
        assert "stands still" in found.reason


def _softmax_in_float32(x):
    narrow = np.asarray(x, np.float32)
    e = np.exp(narrow - narrow.max())
    return e / e.sum()


@pytest.mark.parametrize("wide", [lambda y: y, lambda y: y.astype(float)], ids=["plain", "hidden"])
def test_a_softmax_that_computes_in_float32_is_decided_in_few_calls(wide):
    def rule(dy, x):
        y = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
        return y * (dy - dy @ y)

    def f(x):
        return wide(_softmax_in_float32(x))

    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal(6)
        right = verify_vjp(f, rule, x)
        assert right.status is Status.PASS
        assert right.evaluations < 100
        off = 1 + 0.1 * (np.arange(6) == 4)
        assert verify_vjp(f, lambda dy, x, off=off: off * rule(dy, x), x).status is Status.FAIL


def test_what_a_function_in_float32_underflows_to_is_no_mistake():
    def jacobian(x):
        y = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
        return np.diag(y) - np.outer(y, y)

    x = np.array([3.0, -550.0, 1.0])
    assert verify_jacobian(_softmax_in_float32, jacobian, x).status is not Status.FAIL


def test_what_a_function_in_float32_has_lost_inside_is_no_mistake():
    """A gate of 1e-204 is 0 there: an imaginary step has no rounding, and sees as much of it."""
    gate, x = np.array([1.0, 1.0, 1.3e-204]), np.array([-6e-4, -5570.0, 1730.0])

    def f(h):
        narrow, of = (part.astype(np.float32) for part in (gate, x))
        inner = np.tanh(h.astype(np.float32) if isinstance(h, np.ndarray) else h)
        return (narrow * inner + (1 - narrow) * of).astype(float)

    h = np.array([-0.8, -40856.0, 0.0014])
    slope = gate * (1 - np.tanh(h) ** 2)
    assert verify_jacobian(f, lambda h: np.diag(slope), h).status is not Status.FAIL
    off = np.diag(slope * np.array([1.01, 1.0, 1.0]))
    assert verify_jacobian(f, lambda h: off, h).status is Status.FAIL


@pytest.mark.parametrize("tread", [1.0, 0.125, 4.0])
def test_whole_numbers_that_are_as_far_apart_as_those_of_float32(tread):
    """They are at one size alone: nearer to 0 and further away these have fewer digits or more."""

    def f(x):
        return tread * np.round(x / tread)

    for seed in range(4):
        x = tread * np.array([-14121336.079588495])
        assert judged(f, lambda dy, x: 0 * x, "vjp", [x], seed).status is Status.PASS
        assert judged(f, lambda dy, x: 1 * dy, "vjp", [x], seed).status is not Status.PASS


def test_a_rule_that_is_not_finite_beside_a_point_is_shown_where_it_is_not():
    def rule(dy, x):
        return dy * np.sqrt(-np.abs(x))

    at_zero = verify_vjp(np.sin, rule, np.zeros(1))
    assert (at_zero.status, at_zero.title) == (Status.FAIL, "wrong value")
    assert verify_vjp(np.sin, rule, np.ones(1)).title == "numerically unstable"


def test_what_stands_still_is_known_to_its_rounding():
    # The slope of √(d² + 0.01) at a large d is ±1 to the last digit, whatever the second is.
    x = np.array([1e8])
    point = Point(np.sign, x, np.sign(x), Layout({"x": x}))
    point.error = np.array([1e-13])
    line = Line(point, 0.5 * x)
    measured = measure_along(line, np.ones(1), DOUBLE, DOUBLE.epsilon, sure=True)
    assert measured.value[0] == 0
    assert measured.error[0] >= 1e-13


def test_what_is_added_up_in_place_is_rounded():
    segments = np.array([0, 1, 0, 1, 1])

    def total(terms):
        found = np.zeros(2)
        np.add.at(found, segments, terms)
        return found[segments]

    def f(x):
        largest = np.array([x[segments == k].max() for k in range(2)])
        e = np.exp(x - largest[segments])
        return e / total(e)

    def rule(dy, x):
        return f(x) * (dy - total(dy * f(x)))

    for seed in (2, 4, 6):
        x = np.random.default_rng(seed).standard_normal(5)
        # Of 1 - 1 nothing is left, where 1e-27 should be.
        assert verify_vjp(f, rule, 100 * x).status is not Status.FAIL
        assert verify_vjp(f, rule, x).status is Status.PASS
        assert verify_vjp(f, lambda dy, x: f(x) * dy, x).status is Status.FAIL


def test_a_gradient_that_is_small_beside_others_which_are_off_by_less_than_is_sought():
    def f(a, b):
        return np.tanh(a) + 1e-9 * np.tanh(b)

    def verdict(of_b, seed):
        def rule(dy, a, b):
            return (1 + 2e-8) * dy / np.cosh(a) ** 2, of_b * 1e-9 * dy / np.cosh(b) ** 2

        rng = np.random.default_rng(seed)
        return verify_vjp(f, rule, rng.standard_normal(2), rng.standard_normal(2))

    for seed in range(2):
        assert verdict(1.0, seed).status is not Status.FAIL
        wrong = verdict(1.5, seed)
        assert wrong.status is Status.FAIL
        assert wrong.worst.input == "b"


def test_a_line_between_two_jumps_by_the_last_digit_of_a_number_inside():
    erf = np.vectorize(math.erf, otypes=[float])

    def gelu(x):
        return x * (1 + erf(x / np.sqrt(2))) / 2

    def right(g, x):
        density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
        return g * ((1 + erf(x / np.sqrt(2))) / 2 + x * density)

    for x in (-8.0, -8.3, -8.357290549700632, -7.9, -7.5):
        for beside in (0, 3):
            point = np.array([x] + [0.0] * beside)
            assert verify_vjp(gelu, right, point).status is not Status.FAIL
            # (Less may be the rounding of a number about 8.)
            wrong = verify_vjp(gelu, lambda g, x: right(g, x) + 1e-10 * g, point)
            assert wrong.status is Status.FAIL


class Held:
    """A variable of a tape, which keeps ``np.asarray`` of what it is given."""

    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)


def log_softmax(a):
    m = a - a.max(axis=-1, keepdims=True)
    return m - np.log(np.exp(m).sum(axis=-1, keepdims=True))


def test_a_sum_that_cancels_where_no_jitter_comes_through_is_not_accused_at_ties():
    x = np.array(
        [
            [-1.0009765625, -3699.228440984004, -16.270416459977323],
            [0.26305967306279765, 0.26305967306279765, 0.0022896873600279904],
        ]
    )

    def held(a):
        return log_softmax(Held(a).data)

    def backward(g, a):
        t = Held(a)
        t.grad += g - np.exp(log_softmax(t.data)) * g.sum(axis=-1, keepdims=True)
        return t.grad

    assert verify_vjp(held, backward, x)
    assert verify_vjp(held, lambda g, a: 1.000001 * backward(g, a), x).status is Status.FAIL


def test_inputs_that_are_a_tie_for_a_rule_in_float32_alone():
    """Right beside ties inputs differ by less than a rule in a narrower type can see."""
    (layer,) = (one for one in LAYERS if one.name == "min_max")

    def narrow(g, x):
        return layer.vjp(g.astype(np.float32), x.astype(np.float32))

    def wrong(g, x):
        return 1.01 * narrow(g, x)

    x = np.array([[0.0, 1.0, 1.0, 0.0, 1.0]])
    for seed in range(13090, 13098):
        assert judged(layer.f, narrow, "vjp", (x,), seed).status is not Status.FAIL
        assert judged(layer.f, wrong, "vjp", (x,), seed).status is Status.FAIL


def test_a_wave_shorter_than_the_steps_of_few_digits():
    """Its quotients fall by the ratio of the steps, less than the noise of a smooth one may."""
    (layer,) = (one for one in LAYERS if one.name == "triangle_wave")
    x = np.array([-1743.73305, 76.75222, -1317.03162, 880.13973, -576.52589, -792.6825])

    def inside(x):
        return layer.f(x.astype(np.float32)).astype(np.float64)

    def wrong(g, x):
        return -layer.vjp(g, x)

    for seed in range(17017, 17025):
        assert judged(inside, layer.vjp, "vjp", (x,), seed).status is not Status.FAIL
        assert judged(inside, wrong, "vjp", (x % 20,), seed).status is Status.FAIL


def test_a_step_that_keeps_more_digits_than_the_function():
    """Only real arrays are made narrow: no imaginary step is, but what it meets is summed so."""
    (layer,) = (one for one in LAYERS if one.name == "dice_loss")

    def narrowed(value):
        return value.astype(np.float32) if isinstance(value, np.ndarray) else value

    for seed in range(23, 26):
        rng = np.random.default_rng(seed)
        p, y = (rng.random((5, 2)).astype(np.float32).astype(float) for _ in range(2))

        def inside(x, y=y):
            loss = layer.f(narrowed(x), narrowed(y))
            return np.float64(loss) if isinstance(loss, np.floating) else loss

        def rule(x, y=y):
            return layer.vjp(1.0, x, y)[0]

        def wrong(x, y=y):
            return 1.01 * layer.vjp(1.0, x, y)[0]

        assert judged(inside, rule, "jacobian", (p,), seed).status is not Status.FAIL
        assert judged(inside, wrong, "jacobian", (p,), seed).status is Status.FAIL
