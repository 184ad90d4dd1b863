"""How a mistake is told: in the report, in two languages, at four levels; and never by a crash."""

import itertools
import logging
import pickle
import time

import numpy as np
import pytest

from gradcheck import (
    check,
    derivation,
    real,
    verify,
    verify_vjp,
)
from gradcheck import diagnosis as package
from gradcheck.checking import check_claim
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis import diagnose
from gradcheck.diagnosis.repair import repair_chain
from gradcheck.diagnosis.samples import Clock
from gradcheck.errors import GradientMismatch
from gradcheck.hints import (
    LEVELS,
    Edit,
    Hints,
    Mistake,
    Text,
    columns,
    environment_language,
    tell,
)
from gradcheck.profiles import PROFILES
from gradcheck.records import Record
from gradcheck.sampling import Sampler
from tests.diagnosis import layers

CI = PROFILES["ci"]


def wrong(layer, function, *wrt, kind="vjp"):
    return Rule(function, layer, kind, wrt, register=False)


def thrice(dy, x):
    return dy * 3 * x


@pytest.mark.parametrize(
    ("function", "after"),
    [
        (lambda x: x * x, "return dy * 2 * x"),
        (lambda x: np.where(x > 4, 4 * x, x * x), None),
        (lambda x: np.where(np.abs(x) > np.log(400.0), np.abs(x), x * x), None),
    ],
    ids=["everywhere", "up to 4", "up to what is computed"],
)
def test_an_edit_is_offered_where_it_is_right_in_every_region(function, after):
    """At usual values ``2 * x`` is, whatever the function does beyond them."""
    rule = wrong(derivation(x="k")(function), thrice)
    verdict = check_claim(rule, CI).verdict
    edits = [mistake.edit and mistake.edit.after for mistake in verdict.mistakes]
    assert edits == [after]


def corner(x):
    jacobian = np.diag(np.cos(x))
    jacobian[0, -1] += 1e-5 * (len(x) > 2)
    return jacobian


def test_an_edit_is_offered_where_it_is_right_at_the_smallest_sizes_too():
    """With ``len(x) < 2`` it is right at all others."""
    rule = wrong(derivation(x="n")(lambda x: 1 * np.sin(x)), corner, kind="jacobian")
    (edit,) = (mistake.edit for mistake in check_claim(rule, CI).verdict.mistakes)
    assert edit.after == "pass"


def cubed(x):
    return x * x, x**3


def cubed_up_to_4(x):
    return np.where(x > 4, 4 * x, x * x), x**3


@pytest.mark.parametrize(
    ("function", "after"),
    [(cubed, "return x * x, x**2"), (cubed_up_to_4, None)],
    ids=["everywhere", "up to 4"],
)
def test_an_edit_of_a_chain_is_offered_where_it_holds_in_every_region(function, after):
    chain = Identity(function, {"x": real("k")}, register=False)
    mistakes = check_claim(chain, CI).verdict.mistakes
    assert [mistake.edit.after for mistake in mistakes if mistake.edit] == [after] * bool(after)


def summed(x):
    return x.sum(), np.ones_like(x) @ x


def in_an_array(x):
    return np.array([x.sum()]), np.ones(1) * x.sum()


def turned(A):
    return A + A.T, A.T + A


@pytest.mark.parametrize(
    ("function", "inputs"),
    [(summed, {"x": real("k")}), (in_an_array, {"x": real("k")}), (turned, {"A": real("k k")})],
)
def test_what_moves_no_value_of_a_chain_is_no_remedy(function, inputs):
    """Sums of sums and the like change nothing but how much rounding is allowed for."""
    declared = Identity(function, inputs, register=False)
    cases = list(itertools.islice(Sampler(declared).telling(0), 3))
    assert repair_chain(declared, [1, 0], cases, Clock(10.0)) is None


def averaged_bias(dz, x, W, b):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)


# ---- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "remedy"),
    [(lambda x: x - x.mean(0), "multiply by the Jacobian"), (lambda x: x**3, "multiply by f'(x)")],
    ids=["centering", "elementwise"],
)
def test_what_is_passed_on_is_to_be_multiplied_by_what_there_is(function, remedy):
    rule = wrong(derivation(x="n d")(function), lambda dy: dy)
    assert f"remedy: {remedy}" in check_claim(rule, CI).record.message


def test_the_lost_square_is_found():
    message = check_claim(layers.different_index, CI).record.message
    assert "it looks like: -e[j] * e[i] / total: a power is wrong" in message
    assert "to    -e[j] * e[i] / total ** 2," in message


def test_a_chain_is_mended_where_it_is_wrong():
    record = check_claim(layers.shift_forgotten, CI).record
    assert "to    return np.exp(z + c), np.exp(z) * np.exp(c)" in record.message
    record = check_claim(layers.transposed_sides, CI).record
    assert "it looks like: -2 * a: its sign is flipped" in record.message
    assert "The others agree with each other." in record.message


def test_what_a_chain_lost_is_named_by_its_text():
    message = check_claim(layers.square_of_sum, CI).record.message
    assert "it looks like: x ** 2 + 2 * a * x: the term a ** 2 is missing" in message
    message = check_claim(layers.normaliser_forgotten, CI).record.message
    assert "it looks like: e * z: one factor e.sum() too many" in message
    assert "remedy" not in message  # no edit of one token makes anything but a copy of it


def test_a_chain_is_not_mended_by_making_it_say_nothing():
    assert check_claim(layers.ones_vanish, CI).record.mistakes == []


def test_the_report_names_the_gradient_the_mistake_and_the_line():
    record = check_claim(wrong(layers.affine, averaged_bias), CI).record
    assert "wrong: db; right: dx, dW" in record.message
    assert "db: 1/n of the right gradient" in record.message
    assert "to    return dz @ W.T, x.T @ dz, dz.sum(axis=0)" in record.message
    (mistake,) = record.mistakes
    assert mistake["id"] == "M4"
    assert mistake["inputs"] == ["b"]
    assert mistake["edit"]["line"] == averaged_bias.__code__.co_firstlineno + 1
    assert Record.from_dict(record.as_dict()).mistakes == record.mistakes


@pytest.mark.parametrize(("level", "said"), [("none", 0), ("where", 1), ("what", 2), ("remedy", 3)])
def test_each_level_says_more_than_the_one_before(level, said):
    record = check_claim(wrong(layers.affine, averaged_bias), CI, hints=Hints(level)).record
    told = ["wrong: db", "it looks like", "dz.sum(axis=0)"]
    assert [text in record.message for text in told] == [k < said for k in range(3)]
    assert bool(record.mistakes) == (said >= 2)
    assert all("edit" not in mistake for mistake in record.mistakes) or level == "remedy"


def test_a_report_in_chinese_holds_no_english_hints():
    record = check_claim(wrong(layers.affine, averaged_bias), CI, hints=Hints(language="zh")).record
    assert "看起来是：db：只有正确值的 1/n" in record.message
    assert "it looks like" not in record.message
    assert record.mistakes[0]["title"].startswith("db：")


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_environment_chooses_the_language(monkeypatch, variables, language):
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment_language() == language


def test_a_language_that_the_terminal_lacks_is_not_chosen_for_it(monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    languages = [environment_language(code) for code in (None, "utf-8", "gbk", "ascii", "cp1252")]
    assert languages == ["zh", "zh", "zh", "en", "en"]
    assert Hints.of(None, "zh", "ascii").language == "zh"  # it was asked for by name


def test_a_guess_says_so_and_long_texts_are_broken():
    mistake = Mistake(
        "x", Text("word " * 40, "字" * 90), explained=0.5, edit=Edit(3, "before", "after")
    )
    for language in ("en", "zh"):
        lines = tell([mistake], Hints("remedy", language))
        assert "50%" in lines[0]
        assert all(len(line) <= 92 for line in lines)
        assert all(columns(line) <= 40 for line in tell([mistake], Hints("what", language), 40))
    assert tell([mistake], Hints("none")) == []


def test_one_point_is_named_as_well():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((3, 4)), rng.standard_normal((4, 4))

    def backward(dz, x, W):
        return dz @ W.T, (x.T @ dz).T

    verdict = verify_vjp(lambda x, W: x @ W, backward, x, W)
    assert verdict.mistakes[0].id == "M1"
    assert "dW: the transpose" in str(verdict)
    assert verdict.mistakes[0].edit.after == "return dz @ W.T, x.T @ dz"


def test_a_rule_that_is_wrong_for_large_values_alone_says_so():
    def cut(dy, x, y):
        return np.where(x.max() > 100, 0.5, 1.0) * y * (dy - dy @ y)

    record = check_claim(wrong(layers.softmax, cut), CI).record
    assert [mistake["id"] for mistake in record.mistakes] == ["special"]


@pytest.mark.parametrize(
    ("layer", "rule", "region", "told"),
    [
        (layers.softplus, lambda dy, x: dy * np.where(x > 40, 0, 1 / (1 + np.exp(-x))),
         "x > 40", "the claim is 0"),
        (layers.relu6, lambda dy, x: dy * ((x > 0) & (x < 5)), "5 < x < 6", "the claim is 0"),
        (layers.relu6, lambda dy, x: dy * (x > 0), "x > 6", "a mask is forgotten"),
        (layers.elu, lambda dy, x, alpha: dy * np.where(x > 0, 1, np.exp(x)),
         "x < 0", "10/7 (1/alpha) times"),
        (layers.magnitude, lambda dy, x: dy * np.where(x < -10, 1, np.sign(x)),
         "x < -10", "the sign is flipped"),
        (layers.magnitude, lambda dy, x: dy * np.sign(x) * np.where(np.abs(x) > 2.5, 2, 1),
         "|x| > 2.5", "2 times"),
        (layers.square, lambda dy, x: dy * np.where(np.abs(x) < 0.4, x, 2 * x),
         "|x| < 0.4", "multiply by 2"),
        (layers.clamped_log, lambda dy, x: dy / x, "x < 0.001", "a mask is forgotten"),
        (layers.elu, lambda dy, x, alpha: dy * np.where(x > 0, 1, alpha * np.exp(2 * x)),
         "x < 0", "look at the branch"),
    ],
)  # fmt: skip
def test_where_an_elementwise_rule_is_wrong_is_told_by_numbers(layer, rule, region, told):
    record = check_claim(wrong(layer, rule), CI).record
    assert record.mistakes[0]["id"] == "region"
    assert f"dx: wrong only where {region}\n" in record.message
    assert told in record.message


def test_where_two_formulas_come_near_each_other_is_no_region():
    def another(dy, x):
        return dy * (1 + np.tanh(x)) / 2

    mistakes = check_claim(wrong(layers.softplus, another), CI).record.mistakes
    assert "region" not in [mistake["id"] for mistake in mistakes]


@pytest.mark.parametrize("layer", [layers.square, layers.softplus])
def test_what_is_kept_from_the_first_call_is_named(layer):
    kept = {}

    def cached(dy, x):
        slope = 2 * x if layer is layers.square else 1 / (1 + np.exp(-x))
        return dy * kept.setdefault(x.shape, slope)

    assert check_claim(wrong(layer, cached), CI).record.mistakes[0]["id"] == "M33-kept"


def test_an_overflow_says_so():
    def unstable(dy, x):
        return dy * np.exp(x) / (1 + np.exp(x))

    record = check_claim(wrong(layers.softplus, unstable), CI).record
    assert record.title == "numerically unstable"
    assert record.mistakes[0]["id"] == "unstable"


# ---- bad input -----------------------------------------------------------------------------


def test_an_exception_inside_is_no_name_and_is_logged(monkeypatch, caplog):
    def breaks(*given):
        raise RuntimeError("inside the diagnosis")

    monkeypatch.setattr(package, "gather", breaks)
    with caplog.at_level(logging.DEBUG, "gradcheck.diagnosis"), pytest.raises(GradientMismatch):
        check(wrong(layers.affine, averaged_bias), profile="ci")
    assert "inside the diagnosis" in caplog.text


def test_one_record_that_fails_does_not_silence_the_others(monkeypatch, caplog):
    from gradcheck.diagnosis import factors

    def breaks(*given):
        raise RuntimeError("inside a pattern")

    monkeypatch.setattr(factors, "fitted", breaks)
    with caplog.at_level(logging.DEBUG, "gradcheck.diagnosis"):
        rule = wrong(layers.affine, averaged_bias)
        verdict = verify(rule, x=np.ones((4, 3)), W=np.ones((3, 2)), b=np.ones(2))[0]
        assert verdict.mistakes
    assert "inside a pattern" in caplog.text


def test_names_are_looked_for_when_somebody_asks(monkeypatch):
    asked = []
    monkeypatch.setattr(package, "gather", lambda *given: asked.append(given) or 1 / 0)
    x = np.array([1.0, 2.0])
    verdict = verify_vjp(lambda x: x**2, lambda dy, x: dy * x, x)
    assert not asked
    assert list(pickle.loads(pickle.dumps(verdict.mistakes))) == []
    assert len(asked) == 1


def test_no_time_is_no_name():
    rule = wrong(layers.affine, averaged_bias)
    verdict = verify(rule, x=np.eye(2), W=np.eye(2), b=np.ones(2))[0]
    assert diagnose(rule, verdict, [], seconds=-1.0).mistakes == ()


def test_a_slow_function_is_given_up():
    calls, pause = 0, 0.0

    def slow(x):
        nonlocal calls
        calls += 1
        end = time.thread_time() + pause
        while time.thread_time() < end:
            pass
        return x**2

    verdict = verify_vjp(slow, lambda dy, x: dy * x, np.linspace(1, 2, 40))
    calls, pause = 0, 0.02  # the name is looked for when it is first asked for
    assert str(verdict).startswith("slow[vjp-<lambda>]: FAIL")
    # A fast function is called 2,643 times.
    assert 0 < calls < 1000


def times_three(dy, x):
    return dy * 3 * x


@pytest.mark.parametrize("shape", [(), (1,), (2, 1, 2, 1, 2), (0, 3), (30_000,), (700, 2)], ids=str)
def test_any_shape_is_told_sensibly(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    verdict = verify_vjp(lambda x: x * x, times_three, x[()])
    told = [mistake.title.en for mistake in verdict.mistakes]
    if 0 < x.size < 100:
        assert told == ["dx: a constant factor: 3/2"]
    else:
        assert told == []
    assert str(verdict)


@pytest.mark.parametrize(
    "answer",
    [
        lambda dy, x: np.full_like(x, np.nan),
        lambda dy, x: None,
        lambda dy, x: "gradient",
        lambda dy, x: [1.0, [2.0, 3.0]],
        lambda dy, x: (dy, dy, dy),
        lambda dy, x: dy * 2j,
        lambda dy, x: np.zeros((0,)),
        lambda dy, x: np.zeros((2, 3, 4, 5, 6)),
        lambda dy, x: {"x": dy},
        lambda dy, x: np.array([object()] * len(x)),
        lambda dy, x: 1 / 0,
        lambda dy, x: dy[0:-0],
    ],
)
def test_any_answer_is_told_sensibly(answer, caplog):
    with caplog.at_level(logging.DEBUG, "gradcheck.diagnosis"):
        record = check_claim(wrong(layers.square, answer), CI).record
    assert record.status == "fail"
    assert not [r for r in caplog.records if r.exc_info], caplog.text


def test_lists_of_arrays_are_named():
    rule = wrong(layers.stacked, lambda dy, xs: [dy * x for x in xs])
    assert [m["id"] for m in check_claim(rule, CI).record.mistakes] == ["M6"]


@pytest.mark.parametrize(
    ("layer", "rule", "kind", "names"),
    [
        (layers.entropy, lambda dy, p: -2 * dy * np.log(p), "vjp", ["M6"]),
        (layers.entropy, lambda dy, p: dy * np.log(p), "vjp", ["M19"]),
        (layers.entropy, lambda p: 0 * p, "gradient", ["zero"]),
        (layers.expectation, lambda dy, q: dy[:, None] * q / len(q), "vjp", ["M4"]),
        (layers.log_determinant, lambda dy, a: 2 * dy * np.linalg.inv(a), "vjp", ["M6"]),
        (layers.log_determinant, lambda a: -np.linalg.inv(a), "gradient", ["M19"]),
        (layers.inverse_tanh, lambda dy, x: -dy / (1 - x**2), "vjp", ["M19"]),
    ],
)
def test_constrained_domains_are_named_inside_of_them(layer, rule, kind, names):
    first = () if kind == "gradient" else (layer.differentiable[0],)
    record = check_claim(wrong(layer, rule, *first, kind=kind), CI).record
    assert [mistake["id"] for mistake in record.mistakes] == names


def test_one_point_of_a_function_with_a_domain_is_named_beside_it():
    p, t = np.array([0.3, 0.9, 0.95]), np.array([1.0, 0.0, 1.0])

    def loss(p):
        return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()

    verdict = verify_vjp(loss, lambda dl, p: -dl * (t / p + (1 - t) / (1 - p)) / len(p), p)
    assert [m.title.en for m in verdict.mistakes][:1] != ["right at usual values, wrong at special"]
    verdict = verify_vjp(loss, lambda dl, p: dl * (p - t) / (p * (1 - p)), p)
    assert verdict.mistakes[0].title.en.startswith("dp: a constant factor: 3")


def test_where_nothing_was_seen_to_be_right_nothing_is_said_to_be():
    x = 3e-12 * np.array([1.0, 2.0, -1.0])
    verdict = verify_vjp(lambda x: 1 - np.cos(x), lambda dy, x: np.zeros_like(x), x)
    assert list(verdict.mistakes) == []
    x = np.array([1.0, 2.0, -1.0])

    def defined_here_alone(z):
        if np.any(np.abs(z - x) > 1e-2):
            raise ValueError("outside of the domain")
        return z * z

    verdict = verify_vjp(defined_here_alone, lambda dy, x: dy * np.cos(x**3), x)
    assert [m.id for m in verdict.mistakes if m.id == "special"] == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda dy, x: x * np.nan, "not a finite number at usual values"),
        (lambda dy, x: 2 * dy * np.sqrt(x) ** 2, "not a finite number at usual values"),
        (lambda dy, x: 2 * dy * x * (x / x), "not a finite number at zeros"),
        (lambda dy, x: 2 * dy * x * np.cosh(x) / np.cosh(x), "the rule overflows"),
    ],
)
def test_only_what_overflows_is_said_to(rule, said):
    (mistake,) = check_claim(wrong(layers.square, rule), CI).record.mistakes
    assert mistake["title"].startswith(said)


def all_but_one(dz, x):
    dW = -(x.T @ dz)
    dW[0, 0] *= 3
    return dW


def all_but_a_row(dz, x):
    dW = -(x.T @ dz)
    dW[0] *= 3
    return dW


def test_what_explains_nearly_all_of_it_is_a_guess_and_told_as_one():
    record = check_claim(wrong(layers.affine, all_but_one, "W"), CI).record
    (mistake,) = record.mistakes
    assert mistake["id"] == "M19"
    assert 0.9 <= mistake["explained"] < 1
    assert "a guess, which explains 9" in record.message
    record = check_claim(wrong(layers.affine, all_but_a_row, "W"), CI).record
    assert not [m for m in record.mistakes if m["id"] == "M19"]


def test_levels_are_ordered():
    assert [Hints(level).shows("what") for level in LEVELS] == [False, False, True, True]


def test_a_condition_under_which_nothing_flows_is_no_condition():
    """With all values equal the softmax passes nothing on, whatever a rule says of it."""

    def unscaled(dy, q, k, v):
        s = 1 / np.sqrt(q.shape[1])
        p = np.exp(q @ k.T * s)
        p /= p.sum(axis=1, keepdims=True)
        ds = p * (dy @ v.T - (dy @ v.T * p).sum(axis=1, keepdims=True))
        return ds @ k * np.sqrt(1 + s), ds.T @ q, p.T @ dy

    record = check_claim(wrong(layers.attention, unscaled), CI).record
    assert not [m for m in record.mistakes if "v = 1" in m["title"]]


def reversed_kernel(dy, k):
    dx = np.zeros(len(dy) + len(k) - 1)
    for i, g in enumerate(dy):
        dx[i : i + len(k)] += g * k[::-1]
    return dx


def test_a_reversed_order_is_not_called_a_sign():
    record = check_claim(wrong(layers.correlation, reversed_kernel, "x"), CI).record
    assert "k[::1]" in record.message
    assert "a sign is wrong" not in record.message


def _words(verdict):
    return " ".join(str(verdict).split())


def test_a_fraction_is_put_right_by_what_it_is_one_over():
    x = np.arange(6.0).reshape(2, 3) + 0.3
    half = _words(verify_vjp(lambda x: x**3, lambda dy, x: dy * 1.5 * x**2, x))
    assert "remedy: multiply by 2;" in half
    assert "a 2 from a square" in half
    mean = _words(
        verify_vjp(lambda x, s: x * s, lambda dy, x, s: (dy * s, np.mean(dy * x)), x, 2.0)
    )
    assert "a constant factor: 1/6 (here 1/x.size = 1/(x.shape[0]*x.shape[1]))" in mean
    assert "a mean where it sums" in mean
    assert "remedy: multiply by 6;" in mean
    assert "a 2 from a square" not in mean
    thrice = _words(verify_vjp(lambda x: x**3, lambda dy, x: dy * 9 * x**2, x))
    assert "remedy: divide by 3;" in thrice


def test_no_number_of_the_catalogue_is_shown():
    @derivation(x="n d")
    def mean_square(x):
        return np.mean(x * x)

    mean_square.vjp(lambda dy, x: dy * 2 * x)  # a lambda has no edits
    with pytest.raises(GradientMismatch) as raised:
        check(mean_square, seed=0)
    mistake = raised.value.verdicts[0].mistakes[0]
    assert "M6" in {text.id for text in mistake.others}
    assert "a constant of the loss is dropped" in _words(raised.value)
    assert "(M" not in str(raised.value)


def test_a_factor_close_to_one_is_written_as_what_it_is():
    x = np.random.default_rng(0).standard_normal(4)
    verdict = verify_vjp(np.sin, lambda dy, x: dy * np.cos(x) * (1 + 1e-7), x)
    report = str(verdict)
    assert "dx: a constant factor: 1.0000001\n" in report
    assert "a 2 from a square" not in report


def test_a_gradient_that_is_right_up_to_its_rounding_is_not_called_wrong():
    """Where tanh is saturated, 1 - tanh(z) has few digits, which no output's own rounding tells."""

    @derivation(E="k", mu=real(), beta=real(low=0.1, high=100))
    def fermi_dirac(E, mu, beta):
        return 0.5 * (1 - np.tanh(beta * (E - mu) / 2))

    @fermi_dirac.vjp
    def backward(dy, E, mu, beta):
        z = beta * (E - mu) / 2
        d = -dy * 0.25 / np.cosh(np.clip(z, -350, 350)) ** 2
        return d * beta, (d * beta).sum(), (d * (E - mu)).sum()

    for seed in (11, 22):
        message = check_claim(backward, CI, seed).record.message
        assert "wrong: dmu; right: dE, dbeta" in message


def test_a_size_is_not_to_blame_for_what_a_rule_has_kept_of_its_first_call():
    kept = {}

    @derivation(x="k")
    def cached_norm(x):
        return np.log1p(x @ x)

    @cached_norm.gradient
    def gradient(x):
        return 2 * x / kept.setdefault(len(x), 1 + x @ x)

    message = check_claim(gradient, CI, 11).record.message
    assert "FAIL" in message
    assert "wrong only where" not in message
