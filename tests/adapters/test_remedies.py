"""Which edit of a layer's own code is told as the remedy: the formula is edited where it stands."""

import numpy as np
import pytest

from gradcheck.adapters.layers import declare
from gradcheck.diagnosis import diagnose
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status
from gradcheck.verification import judge_at


class PreActivation:
    """The derivative is of what is kept as x, twice, where y is meant."""

    def forward(self, x):
        self.x, self.y = x, 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, dy):
        return dy * self.x * (1 - self.x)


def hidden_forward(X, W):
    """A cache by name."""
    Z = X @ W
    A = np.tanh(Z)
    return A, {"X": X, "W": W, "Z": Z, "A": A}


def hidden_backward(dA, cache):
    """Of Z where A is meant."""
    dZ = dA * (1 - cache["Z"] ** 2)
    return dZ @ cache["W"].T, cache["X"].T @ dZ


class Swish:
    """A factor is missing inside a bracket."""

    def forward(self, x):
        self.x, self.s = x, 1 / (1 + np.exp(-x))
        return x * self.s

    def backward(self, dout):
        return dout * (self.s + self.s * (1 - self.s))


class Peephole:
    """A factor is missing before the sum."""

    def __init__(self, p):
        self.p = p

    def forward(self, c):
        self.c = c
        return np.tanh(c * self.p)

    def backward(self, dy):
        da = dy * (1 - np.tanh(self.c * self.p) ** 2)
        self.dp = da.sum(0)
        return da * self.p


def mixed_forward(x, W, V):
    """Two paths."""
    h = np.tanh(x @ W)
    return h * (x @ V), (x, W, V, h)


def mixed_backward(dout, cache):
    """The product of two matrices is missing."""
    x, W, V, h = cache
    dh = dout * (x @ V) * (1 - h**2)
    dv = dout * h
    dx = dh @ W.T
    return dx, x.T @ dh, x.T @ dv


def pooled_forward(H, w):
    """A weighted sum."""
    a = np.tanh(H @ w)
    return (a[:, :, None] * H).sum(axis=1), (H, w, a)


def pooled_backward(dc, cache):
    """What goes through the weights is missing, a product over one axis more."""
    H, w, a = cache  # noqa: RUF059 - what is missing is made of w
    ds = (H @ dc[:, :, None])[:, :, 0] * (1 - a**2)
    dH = a[:, :, None] * dc[:, None, :]
    return dH, np.einsum("nt,ntd->d", ds, H)


def windows_forward(x):
    """Sums of two neighbours."""
    return x[:, :-1] + x[:, 1:] ** 2, (x,)


def windows_backward(dy, cache):
    """The second overwrites the first."""
    (x,) = cache
    dx = np.zeros_like(x)
    for i in range(dy.shape[1]):
        dx[:, i + 1] = 2 * x[:, i + 1] * dy[:, i]
    for i in range(dy.shape[1]):
        dx[:, i] = dy[:, i]
    return dx


def half_square(x, t):
    """A loss beside its gradient: not the loss is to be changed."""
    d = x - t
    loss = (d**2).sum()
    return loss, d


def cubed(x):
    """A pullback inside: its formula is edited, that of the output is not."""
    y = x**3

    def pullback(dy):
        return 2 * x**2 * dy

    return y, pullback


REMEDIES = [
    ((PreActivation,), {"x": "n d"}, "x", "return dy * self.y * (1 - self.y)"),
    ((hidden_forward, hidden_backward), {"X": "n d", "W": "d h"}, "W", "(1 - cache['A'] ** 2)"),
    ((Swish,), {"x": "n d"}, "x", "return dout * (self.s + self.s * (1 - self.s) * self.x)"),
    ((Peephole,), {"c": "n d", "p": "d"}, "p", "self.dp = (da * self.c).sum(0)"),
    (
        (mixed_forward, mixed_backward), {"x": "n d", "W": "d h", "V": "d h"}, "x",
        "dx = dh @ W.T + dv @ V.T",
    ),
    ((pooled_forward, pooled_backward), {"H": "n t d", "w": "d"}, "H", "ds[..., None] * w"),
    ((windows_forward, windows_backward), {"x": "n 4"}, "x", "dx[:, i] += dy[:, i]"),
    ((half_square,), {"x": "n d", "t": "n d"}, "x", "return loss, 2 * d"),
    ((cubed,), {"x": "n d"}, "x", "return 3 * x**2 * dy"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "inputs", "name", "after"),
    REMEDIES,
    ids=[remedy[0][0].__name__ for remedy in REMEDIES],
)
def test_the_edit_that_mends_a_layer_is_told(what, inputs, name, after):
    codes = [one.__code__ for one in what if hasattr(one, "__code__")]
    (rule,) = (rule for rule in declare(what, inputs).rules if rule.wrt == (name,))
    cases = Sampler(rule).telling(1)
    verdict = judge_at(rule, next(cases), table=False)
    assert verdict.status is Status.FAIL
    found = diagnose(rule, verdict, cases, most=1).mistakes
    assert after in found[0].edit.after
    assert codes == [one.__code__ for one in what if hasattr(one, "__code__")]
