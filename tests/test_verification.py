"""One point: plain functions, declared ones, contracts, and what cannot be judged."""

import functools
import itertools

import numpy as np
import pytest

import gradcheck as gc
from gradcheck import Status
from gradcheck.claims import Rule
from tests.benchmarks.layers import REALISTIC

X = np.array([[0.3, -1.2, 0.7], [2.0, 0.1, -0.4]])


def test_plain_functions_of_every_kind():
    assert gc.verify_vjp(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), X)
    assert gc.verify_jvp(np.tanh, lambda dx, x: dx * (1 - np.tanh(x) ** 2), X)
    assert gc.verify_jacobian(np.exp, lambda x: np.diag(np.exp(x)), X[0])
    assert gc.verify_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, X)
    assert gc.verify_identity(lambda x: np.exp(x + 1), lambda x: np.exp(x) * np.e, X)
    assert gc.verify_vjp(
        lambda a, b: (a * b, a + b), lambda p, q, a, b: (p * b + q, p * a + q), X, X + 1
    )


def test_a_wrong_one_names_the_entry_and_raises():
    verdict = gc.verify_vjp(np.sin, lambda dy, x: dy * np.cos(x) * (1 + 1e-6), X)
    assert verdict.status is Status.FAIL
    assert verdict.worst is not None
    assert verdict.worst.wrong
    assert verdict.worst.discrepancy == pytest.approx(1e-6, rel=1e-2)
    with pytest.raises(gc.GradientMismatch, match="wrong value"):
        gc.check_vjp(np.sin, lambda dy, x: -dy * np.cos(x), X)


def test_a_pass_costs_nine_forward_and_five_backward_calls_beyond_the_contracts():
    verdict = gc.verify_vjp(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), X)
    assert verdict.evaluations <= 9 + 2
    assert verdict.calls <= 5 + 6


def test_gradients_come_by_the_names_of_their_inputs_too():
    @gc.derivation(x="n d", w="d")
    def score(x, w):
        return np.tanh(x @ w).sum()

    def by_name(x, w):
        ds = 1 - np.tanh(x @ w) ** 2
        return {"w": x.T @ ds, "x": np.outer(ds, w)}

    def named_otherwise(x, w):
        return {"dw": by_name(x, w)["w"], "dx": by_name(x, w)["x"]}

    def flipped(x, w):
        return {"w": -by_name(x, w)["w"], "x": by_name(x, w)["x"]}

    x, w = np.arange(6.0).reshape(3, 2) / 7, np.array([0.5, -0.25])
    told = {}
    for rule in (by_name, named_otherwise, flipped):
        claim = Rule(rule, score, "gradient", (), register=False)
        told[rule] = gc.verify(claim, x=x, w=w)[0]
    assert told[by_name]
    assert told[named_otherwise].title == "wrong count"
    assert told[flipped].worst.input == "w"


@pytest.mark.parametrize(
    ("rule", "title"),
    [
        (lambda dy, x: None, "no answer"),
        (lambda dy, x: dy.T, "wrong shape"),
        (lambda dy, x: (dy, dy), "wrong count"),
        (lambda dy, x: dy * 1j, "complex"),
        (lambda dy, x: x > 0, "wrong dtype"),
        (lambda dy, x: dy * np.nan, "numerically unstable"),
        (lambda dy, x: dy * np.random.random(), "not repeatable"),  # noqa: NPY002
        (lambda dy, x: np.multiply(dy, 2, out=dy), "cotangent changed"),
        (lambda dy, x: dy + 0 * np.multiply(x, 2, out=x), "input changed"),
        (lambda dy, x: dy * np.multiply(x, 2, out=x), "input changed"),  # the next answer differs
        (lambda dy, x: dy * (dy > 0), "not linear in the cotangent"),
        (lambda dy, x: np.ones_like(x), "not linear in the cotangent"),
    ],
)
def test_contracts_come_before_numbers(rule, title):
    verdict = gc.verify_vjp(lambda x: 1.0 * x, rule, X.copy())
    assert verdict.status is Status.FAIL
    assert verdict.title == title


def test_a_gradient_that_is_left_out_is_named():
    verdict = gc.verify_vjp(lambda x, W: x @ W, lambda dy, x, W: (None, x.T @ dy), X, X.T.copy())
    assert verdict.title == "no gradient found"
    assert "zeros where it has none" in str(verdict)


class Exp:
    """A layer that keeps what it has answered."""

    def forward(self, x):
        self.y = np.exp(x)
        return self.y.copy()

    def backward(self, dy, x):
        return dy * self.y

    def destructive(self, dy, x):
        self.y *= dy
        return self.y


def test_what_a_rule_does_to_what_others_keep_is_told():
    layer = Exp()
    verdict = gc.verify_vjp(layer.forward, layer.backward, X)
    assert verdict
    assert "left when last called" in verdict.notes[0]
    verdict = gc.verify_vjp(layer.forward, layer.destructive, X)
    assert (verdict.status, verdict.title) == (Status.FAIL, "not repeatable")
    assert "it changes what that has kept" in verdict.reason

    @gc.derivation(x="n")
    def f(x):
        return np.exp(x)

    @f.vjp
    def rule(dy, y):
        y *= dy
        return y

    (verdict,) = gc.verify(f, x=X[0])
    assert (verdict.status, verdict.title) == (Status.FAIL, "output changed")
    assert "rule changes the output 'y' in place" in verdict.reason
    assert not verdict.notes


def test_state_of_a_rule_is_not_taken_for_that_of_its_function():
    count = itertools.count()

    def rule(dy, x):
        return 2 * x * dy * (1 if next(count) % 3 else 1.001)

    for _ in range(6):
        verdict = gc.verify_vjp(np.square, rule, np.array([0.5]))
        assert verdict.status is Status.FAIL
        assert not verdict.notes
        assert not any(mistake.edit for mistake in verdict.mistakes)


def test_what_is_put_into_an_array_of_a_rule_is_followed():
    """Small numbers, of constants in the code: beside 1 their rounding would explain anything."""

    def force(r):
        return 8.9875e9 * (1.602e-19) ** 2 / r**2

    class Rules:
        @staticmethod
        def right(d, r):
            return -2 * d * 8.9875e9 * (1.602e-19) ** 2 / r**3

    rules = Rules()

    def wrong(d, r, share=1e-5):
        g = np.array(rules.right(d, r))
        g[0] *= 1 + share
        return g

    r = np.array([2.33085039, -0.19971174, -0.0624865])
    assert gc.verify_vjp(force, rules.right, r)
    assert gc.verify_vjp(force, wrong, r).status is Status.FAIL


def test_an_answer_in_fewer_digits_is_noted_and_does_not_fail():
    narrow = gc.verify_vjp(np.square, lambda dy, x: (2 * dy * x).astype(np.float32), X)
    assert narrow.status is Status.PASS
    (note,) = narrow.notes
    assert note.endswith("answers in float32 where it is given float64")
    assert not gc.verify_vjp(np.square, lambda dy, x: (2 * dy * x).astype(x.dtype), X).notes


def test_several_outputs_may_come_in_a_list():
    for kind in (tuple, list):

        def both(x, kind=kind):
            return kind((2 * x, x * x))

        assert gc.verify_vjp(both, lambda da, db, x: 2 * da + 2 * db * x, X)
        assert gc.verify_vjp(both, lambda da, db, x: 2 * da + db * x, X).title == "wrong value"


def test_a_function_may_answer_in_the_same_array_at_each_call():
    work = np.empty_like(X)
    square = functools.partial(np.square, out=work)
    assert gc.verify_vjp(square, lambda dy, x: 2 * dy * x, X)
    assert gc.verify_vjp(square, lambda dy, x: 3 * dy * x, X).title == "wrong value"


def test_what_the_function_breaks_is_not_blamed_on_the_rule():
    for function, words in (
        (lambda x: np.multiply(x, 2, out=x), "changes its input 'x' in place"),
        (lambda x: x * np.random.random(), "a random function"),  # noqa: NPY002  that is the point
        (lambda x: None, "None"),
        (lambda x: (x,), "a tuple of 1; return the array itself"),
        (lambda x: (), "a tuple of 0"),
    ):
        verdict = gc.verify_vjp(function, lambda dy, x: dy, X.copy())
        assert (verdict.status, verdict.cause) == (Status.FAIL, "function")
        assert words in verdict.reason
        assert not verdict.mistakes


def test_a_lost_leading_axis_is_noted_not_failed():
    verdict = gc.verify_vjp(lambda b: 2.0 * b, lambda dy, b: (2 * dy)[0], np.ones((1, 3)))
    assert verdict
    assert any("(3,)" in note for note in verdict.notes)


def test_what_the_function_does_not_answer_is_set_aside():
    verdict = gc.verify_vjp(np.log, lambda dy, x: dy / x, np.array([-1.0, 2.0]))
    assert (verdict.status, verdict.cause) == (Status.UNDECIDED, "overflow")
    verdict = gc.verify_vjp(np.linalg.inv, lambda dy, x: dy, np.zeros((2, 2)))
    assert (verdict.status, verdict.cause) == (Status.UNDECIDED, "raised")


def test_measurements_keep_their_own_error():
    measured = gc.measure_jacobian(np.exp, X[0])
    assert np.all(np.abs(measured.value - np.diag(np.exp(X[0]))) <= 3 * measured.error)
    assert np.all(measured.error < 1e-7)
    along = gc.measure_jvp(np.sin, (X,), (np.ones_like(X),))
    assert np.all(np.abs(along.value - np.cos(X)) <= 3 * along.error)


@pytest.mark.parametrize("at", [0.0, 1.0])
def test_where_several_kinks_meet_nobody_is_accused(at):
    """A biasless ReLU layer at a zero row, relu(x) - relu(-x), and three ties in a sort."""

    def relu(x):
        return np.maximum(x, 0)

    W, V = np.array([[1.0, -2.0], [0.5, 1.0]]), np.array([[1.0], [-1.0]])
    x = np.full((1, 2), at)
    assert (
        gc.verify_vjp(
            lambda x: relu(x @ W) @ V, lambda dy, x: ((dy @ V.T) * (x @ W > 0)) @ W.T, x
        ).status
        is not Status.FAIL
    )
    assert (
        gc.verify_vjp(
            lambda x: relu(x) - relu(-x), lambda dy, x: dy * ((x > 0) * 1.0 + (x < 0)), x
        ).status
        is not Status.FAIL
    )

    def sort_rule(dy, x):
        dx = np.empty_like(x)
        dx[np.argsort(x, kind="stable")] = dy
        return dx

    assert gc.verify_vjp(np.sort, sort_rule, np.full(3, at)).status is not Status.FAIL


@pytest.mark.parametrize("seed", range(10))
def test_where_only_the_second_derivative_jumps_right_rules_pass(seed):
    x = np.array([0.0, 1.0, -2.0, seed / 3])
    assert gc.verify_vjp(
        lambda x: np.maximum(x, 0) ** 2, lambda dy, x: 2 * dy * np.maximum(x, 0), x
    )


def test_float32_is_checked_in_float64_where_everything_computes_in_it():
    x = X.astype(np.float32)
    verdict = gc.verify_vjp(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), x)
    assert verdict
    assert verdict.resolution < 1e-6

    def cached(dy, x):
        y = np.tanh(x).astype(np.float32)
        return dy * (1 - y.astype(np.float64) ** 2)

    assert gc.verify_vjp(np.tanh, cached, X).status is not Status.FAIL


def test_a_pass_says_what_is_too_small_to_be_seen():
    x = np.array([0.5, 22.0, 24.0])
    verdict = gc.verify_vjp(
        lambda x: np.exp(-(x**2)), lambda dy, x: -2 * x * dy * np.exp(-(x**2)), x
    )
    assert str(verdict).endswith(
        "; too small to be seen here: the smaller half of the gradient for x"
    )


def test_a_function_that_takes_float32_alone_is_checked_in_it():
    def f(x):
        assert x.dtype == np.float32
        return np.tanh(x)

    def rule(dy, x):
        return dy * (1 - f(x) ** 2)

    x = X.astype(np.float32)
    assert gc.verify_vjp(f, rule, x)
    wrong = gc.verify_vjp(f, lambda dy, x: rule(dy, x) * np.float32(1.01), x)
    assert wrong.status is Status.FAIL


def test_hessians():
    def f(x):
        return np.log(np.exp(x).sum())

    @gc.derivation(x="k")
    def logsumexp(x):
        return f(x)

    @logsumexp.gradient
    def gradient(x):
        return np.exp(x - f(x))

    @logsumexp.hessian
    def hessian(x):
        p = np.exp(x - f(x))
        return np.diag(p) - np.outer(p, p)

    @logsumexp.hessian
    def diagonal(x):
        return np.diag(np.exp(x - f(x)))

    x = np.array([0.3, -0.5, 1.0])
    assert gc.verify(hessian, x=x)
    assert "declared gradient" in gc.verify(diagonal, x=x)[0].notes[0]
    assert not gc.verify(diagonal, x=x)


def test_log_determinant_of_a_symmetric_matrix():
    @gc.derivation(A=gc.positive_definite("n n"))
    def log_determinant(A):
        return 2 * np.log(np.diag(np.linalg.cholesky(A))).sum()

    @log_determinant.gradient
    def textbook(A):
        return np.linalg.inv(A)

    @log_determinant.gradient
    def doubled(A):
        return 2 * np.linalg.inv(A)

    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert gc.verify(textbook, A=A)
    assert not gc.verify(doubled, A=A)


def test_a_derivative_beyond_the_largest_number_is_no_fault_of_the_rule():
    def f(z):
        return np.exp(300 * z).sum()

    verdict = gc.verify_gradient(f, lambda z: 300 * np.exp(300 * z), np.array([2.36]))
    assert (verdict.status, verdict.cause) == (Status.UNDECIDED, "overflow")
    verdict = gc.verify_gradient(f, lambda z: 300 * np.exp(300 * z) / 0.0, np.array([0.5]))
    assert (verdict.status, verdict.title) == (Status.FAIL, "numerically unstable")


# ---- the rule's own rounding ---------------------------------------------------------------


def test_rounding_is_that_of_the_rule_in_the_type_of_its_inputs():
    x = np.array([3.0, 1.0, -3.0])
    found = {
        dtype: gc.verify_vjp(np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2), x.astype(dtype))
        for dtype in (np.float64, np.float32, np.float16)
    }
    for dtype, verdict in found.items():
        assert verdict
        assert 0 < verdict.rounding / np.finfo(dtype).eps < 100, dtype


def test_a_rule_has_to_be_finite_in_the_type_of_its_inputs_where_the_function_is():
    def softplus(x):
        return np.logaddexp(0, x)

    def overflows(g, x):
        return g * np.exp(x) / (1 + np.exp(x))

    x = np.array([100.0, 1.0])
    assert gc.verify_vjp(softplus, overflows, x)
    verdict = gc.verify_vjp(softplus, overflows, x.astype(np.float32))
    assert verdict.status is gc.Status.FAIL
    assert "in float32, the type of the inputs" in verdict.reason


def test_rounding_of_what_is_not_computed_by_numpy_is_not_known():
    verdict = gc.verify_gradient(
        lambda x: (x * x).sum(), lambda x: np.array([2 * float(one) for one in x]), np.ones(3)
    )
    assert verdict
    assert verdict.rounding is None


def smaller_root(b, c):
    """Of ``y² + b y - c``, in the form that does not cancel."""
    return 2 * c / (b + np.sqrt(b * b + 4 * c))


def by_difference(dy, b, c):
    root = np.sqrt(b * b + 4 * c)
    return dy * (b - root) / 2 / root, dy / root


def test_a_pass_that_only_the_rules_own_rounding_explains_says_so():
    b, c = np.array([1e7, 2e7, 3e7]), np.array([1.0, 2.0, 0.5])
    verdict = gc.verify_vjp(smaller_root, by_difference, b, c)
    assert verdict
    assert verdict.lost.entries == 3
    assert verdict.lost.of == 6
    assert verdict.lost.share > 1e-4
    assert "note: the rule loses digits here: 3 of 6 entries are off by up to 0." in str(verdict)

    def by_output(dy, b, c, y=None):
        root = np.sqrt(b * b + 4 * c)
        return -dy * smaller_root(b, c) / root, dy / root

    verdict = gc.verify_vjp(smaller_root, by_output, b, c)
    assert verdict
    assert verdict.lost is None
    assert "digits" not in str(verdict)


@pytest.mark.parametrize("size", [0.3, 5.0, 12.0, 16.0, 18.0, 25.0])
def test_digits_that_the_function_loses_as_well_are_not_spoken_of(size):
    x = np.array([size, -size / 1.1])
    verdict = gc.verify_vjp(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), x)
    assert verdict.lost is None


def test_what_is_left_where_a_gradient_cancels_is_no_loss():
    def softmax(z):
        e = np.exp(z - z.max())
        return e / e.sum()

    def backward(dy, z):
        y = softmax(z)
        return y * (dy - dy @ y)

    for z in (np.array([0.3]), np.array([0.1, 40.0]), np.array([1.0, 2.0, 700.0])):
        verdict = gc.verify_vjp(softmax, backward, z)
        assert verdict.lost is None


def test_one_wrong_entry_of_very_many_costs_few_calls():
    x = np.random.default_rng(0).standard_normal(200_000)
    position = 77_777
    verdict = gc.verify_gradient(
        lambda x: np.log(np.cosh(x)).sum(),
        lambda x: np.tanh(x) * (1 + 0.01 * (np.arange(x.size) == position)),
        x,
    )
    assert verdict.worst is not None
    assert verdict.worst.index == (position,)
    assert verdict.evaluations <= 100


@pytest.mark.parametrize("layer", REALISTIC, ids=lambda layer: layer.name)
def test_realistic_layers_do_not_escalate(layer):
    verdict = gc.verify_vjp(layer.f, layer.vjp, *layer.inputs)
    assert verdict
    assert verdict.resolution < 1e-6
    # The steps of the network cross the kinks of some of its 3200 ReLUs.
    assert verdict.evaluations <= (30 if "network" in layer.name else 8)


def test_a_rule_that_overflows_on_the_way_to_a_finite_answer_is_told_of_it():
    x = np.array([1e22, -3e21], dtype=np.float32)
    verdict = gc.verify_vjp(np.arcsinh, lambda g, x: g / np.sqrt(1 + x * x), x)
    assert verdict
    assert any("100% of its norm" in note for note in verdict.notes)


@pytest.mark.parametrize(
    "rule",
    [lambda x, W, dy: (dy @ W.T, x.T @ dy), lambda x, W, dy: (W @ dy.T, dy.T @ x)],
)
def test_a_rule_that_takes_its_cotangent_last_is_told_so(rule):
    x, W = np.arange(6.0).reshape(2, 3), np.ones((3, 4))
    verdict = gc.verify_vjp(np.matmul, rule, x, W)
    assert verdict.status is gc.Status.FAIL
    right = gc.verify_vjp(np.matmul, lambda dy, x, W: rule(x, W, dy), x, W)
    assert [one.id for one in verdict.mistakes] == ["swapped"] * bool(right)
