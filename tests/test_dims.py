"""Dims strings: parsed, bound, solved, explained."""

import pytest

from gradcheck.dims import bind, parse
from gradcheck.errors import DeclarationError, InputError


def bound(shapes, **actual):
    return bind({name: parse(text) for name, text in shapes.items()}, actual)


def test_names_are_bound_and_equal_names_are_equal_sizes():
    assert bound({"x": "n d", "W": "d m"}, x=(2, 3), W=(3, 4)) == {"n": 2, "d": 3, "m": 4}
    with pytest.raises(InputError, match=r"W has shape \(5, 4\).*d = 3, not 5.*n = 2, d = 3"):
        bound({"x": "n d", "W": "d m"}, x=(2, 3), W=(5, 4))


@pytest.mark.parametrize(
    ("text", "sizes", "expected"),
    [
        ("", (), {}),
        ("3", (3,), {}),
        ("k", (0,), {"k": 0}),
        ("2*n", (6,), {"n": 3}),
        ("n-1", (4,), {"n": 5}),
        ("*batch k", (2, 3, 4), {"batch": (2, 3), "k": 4}),
        ("*batch k", (4,), {"batch": (), "k": 4}),
    ],
)
def test_one_unknown_an_axis_is_solved_for(text, sizes, expected):
    assert bound({"x": text}, x=sizes) == expected


def test_an_axis_waits_for_the_names_of_others():
    shapes = {"x": "h+kh-1", "w": "kh"}
    assert bound(shapes, x=(7,), w=(3,)) == {"kh": 3, "h": 5}
    with pytest.raises(InputError, match=r"more than one unknown; bindings found: none"):
        bound({"x": "h+kh-1"}, x=(7,))


@pytest.mark.parametrize(
    ("text", "sizes", "words"),
    [
        ("n d", (3,), "with 1 axes, but its dims are 'n d'"),
        ("2*n", (5,), "no size of n makes '2\\*n' equal to 5"),
        ("3", (4,), "need 3 = 3, not 4"),
    ],
)
def test_what_does_not_fit_says_why(text, sizes, words):
    with pytest.raises(InputError, match=words):
        bound({"x": text}, x=sizes)


@pytest.mark.parametrize("text", ["n,d", "n/2", "k+", "2.5", "*", "*a *b", "f(n)", 7])
def test_what_cannot_be_read_is_named(text):
    with pytest.raises(DeclarationError, match=r"dims|expected"):
        parse(text)
