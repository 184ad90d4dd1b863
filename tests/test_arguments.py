"""Arguments: what is drawn belongs, and what does not belong is named."""

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.arguments import as_argument
from gradcheck.errors import DeclarationError, InputError
from gradcheck.regimes import REGIMES

KINDS = {
    "real": gc.real("n d"),
    "positive": gc.real("n", low=0),
    "below": gc.real("n", high=-2),
    "between": gc.real("n d", low=0, high=1),
    "nonzero": gc.real("n", nonzero=True),
    "scalar": gc.real(),
    "integers": gc.integers("n", low=0, high="d"),
    "boolean": gc.boolean("n"),
    "choice": gc.choice("mean", "sum"),
    "constant": gc.constant(3),
    "arrays": gc.arrays(gc.real("d"), count="n"),
    "positive definite": gc.positive_definite("n n"),
    "simplex": gc.simplex("n d"),
    "permutation": gc.permutation("n"),
}


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bindings", [{"n": 1, "d": 1}, {"n": 3, "d": 2}, {"n": 2, "d": 5}])
def test_what_is_drawn_belongs(kind, regime, bindings):
    argument = KINDS[kind]
    value = argument.draw(np.random.default_rng(1), bindings, regime, {})
    assert argument.contains(value, bindings, {})
    accepted = argument.accept("x", value)
    assert np.array_equal(np.asarray(accepted), np.asarray(value))
    if argument.dims is not None:
        assert argument.sizes(value) == argument.dims.sizes(bindings)
    assert not (isinstance(value, np.ndarray) and value.ndim == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_down_still_belongs(kind):
    argument = KINDS[kind]
    large, small = {"n": 4, "d": 3}, {"n": 2, "d": 1}
    value = argument.draw(np.random.default_rng(2), large, "normal", {})
    cut = argument.resize(value, small)
    assert argument.contains(cut, small, {})


def test_labels_below_a_size_that_no_array_has_stay_as_they_are():
    labels = gc.integers("n", high="k")
    cut = labels.resize(np.array([4, 0, 2]), {"n": 2})
    assert list(cut) == [4, 0]
    assert labels.contains(cut, {"n": 2}, {})


def test_directions_stay_inside_constrained_domains():
    v = np.random.default_rng(3).standard_normal((3, 3))
    symmetric = gc.positive_definite("n n").tangent(v, np.eye(3))
    assert np.array_equal(symmetric, symmetric.T)
    shares = np.array([[0.2, 0.3, 0.5], [1 / 3] * 3, [1 - 1e-9, 1e-9 - 1e-12, 1e-12]])
    inside = gc.simplex("n k").tangent(v * shares, shares)
    assert np.allclose(inside.sum(axis=-1), 0)
    assert np.all(np.abs(inside) <= 3 * np.abs(v).max() * shares)


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        (gc.real("n"), [1j], "complex"),
        (gc.real("n"), [None], "object"),
        (gc.real("n"), [[1.0], [1.0, 2.0]], "cannot be made an array"),
        (gc.real("n"), [np.nan], "not finite at index"),
        (gc.real("n"), [True], "real numbers were declared"),
        (gc.integers("n", high=3), [0.5], "integers were declared"),
        (gc.boolean("n"), [1], "truth values were declared"),
        (gc.arrays(gc.real("n"), count="t"), 3.0, "a list of arrays was declared"),
        (gc.permutation("n"), [0, 0], "not a permutation"),
        (gc.positive_definite("n n"), [[1.0, 2.0], [0.0, 1.0]], "not symmetric"),
    ],
)
def test_what_does_not_belong_is_named(argument, value, words):
    with pytest.raises(InputError, match=words):
        argument.accept("x", value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gc.real("n", low=1, high=1), "no number lies between"),
        (lambda: gc.real("n", low="0"), "neither a number nor a function"),
        (gc.choice, "at least one value"),
        (lambda: gc.arrays("n", count="t"), "real"),
        (lambda: gc.positive_definite("n m"), "two equal axes"),
        (lambda: gc.positive_definite("n"), r"such as positive_definite\('n n'\)"),
        (lambda: as_argument(3), "a dims string"),
    ],
)
def test_a_wrong_declaration_says_what_was_expected(make, words):
    with pytest.raises(DeclarationError, match=words):
        make()


def test_a_domain_may_depend_on_other_inputs():
    argument = gc.real("n", low=lambda a: a)
    drawn = {"a": np.array([5.0, 6.0])}
    value = argument.draw(np.random.default_rng(0), {"n": 2}, "wide", drawn)
    assert np.all(value > drawn["a"])
    assert argument.depends_on() == ("a",)


def test_the_arrays_of_a_list_bind_their_sizes_and_have_to_agree():
    @gc.derivation(x=gc.arrays(gc.real("n d"), count="t"))
    def joined(x):
        return np.concatenate(x, axis=1)

    _, bindings = joined.accept({"x": [np.zeros((2, 3))] * 4})
    assert bindings == {"t": 4, "n": 2, "d": 3}
    with pytest.raises(InputError, match=r"x\[1\] has shape \(2, 1\)"):
        joined.accept({"x": [np.zeros((2, 3)), np.zeros((2, 1))]})


def test_a_mask_is_not_ignored():
    x = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(InputError, match=r"x is a masked array, .* give x\.filled\(0\), and the"):
        gc.verify_vjp(lambda x: x**2, lambda dy, x: 2 * x * dy, x)
