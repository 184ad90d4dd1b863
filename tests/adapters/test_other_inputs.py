"""Operands that are broadcast, and labels as rows, are judged beside what a layer was read at."""

import dataclasses

import pytest

from gradcheck.adapters import judgements
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.checking import check_claim

TAPE = """
import numpy as np

def unbroadcast(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            grad = grad.sum(axis=i, keepdims=True)
    return grad

class Tensor:
    def __init__(self, data, parents=()):
        self.data, self.parents = np.asarray(data), parents
        self.grad = np.zeros_like(self.data)
        self._backward = lambda: None

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad = self.grad + unbroadcast(out.grad * other.data, self.data.shape)
            other.grad = other.grad + unbroadcast(out.grad * self.data, other.data.shape)
        out._backward = _backward
        return out

    def backward(self):
        self.grad = np.ones_like(self.data)
        self._backward()
"""
#: Without the sum to the shape of an operand, which then are numbers or arrays of one shape.
PLAIN = (
    ("unbroadcast(out.grad * other.data, self.data.shape)", "out.grad * other.data"),
    ("unbroadcast(out.grad * self.data, other.data.shape)", "out.grad * self.data"),
    ("def unbroadcast", "def unused"),
)
LOSS = """
import numpy as np

class SoftmaxWithLoss:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), t
        rows = t.argmax(axis=1) if t.ndim == 2 else t
        return -np.mean(np.log(self.y[np.arange(len(rows)), rows] + 1e-12))

    def backward(self, dout=1):
        if self.t.ndim == 2:
            return dout * (self.y - self.t) / len(self.t)
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(self.t)
"""
SLIDE = """
import numpy as np

def slide_forward(u, p):
    k = len(p)
    return np.array([u[i:i + k] @ p for i in range(len(u) - k + 1)]), (u, p)

def slide_backward(dout, cache):
    u, p = cache
    du, dp = np.zeros_like(u), np.zeros_like(p)
    for i in range(len(dout)):
        du[i:i + len(p)] += dout[i] * p
        dp += dout[i] * u[i:i + len(p)]
    return du, dp
"""
#: At other sizes than those that it is read at, it may raise: the channels have to be as many.
STACKED = """
import numpy as np

def conv_forward(x, z):
    n = x.shape[-1] - z.shape[-1] + 1
    windows = np.stack([x[..., i:i + n] for i in range(z.shape[-1])], axis=2)
    return np.einsum("ncil,oci->nol", windows, z), (x, z, windows)

def conv_backward(dout, cache):
    x, z, windows = cache
    dx = np.zeros_like(x)
    for i in range(z.shape[-1]):
        dx[..., i:i + dout.shape[-1]] += np.einsum("nol,oc->ncl", dout, z[..., i])
    return dx, np.einsum("nol,ncil->oci", dout, windows)
"""
#: A number stands for infinity; a gradient is clipped.
MASKED = """
import numpy as np

def masked_forward(x, W):
    s = np.where(np.tri(x.shape[0], dtype=bool), x @ W @ x.T, -1e4)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    a = e / e.sum(axis=1, keepdims=True)
    return a, (x, W, a)

def masked_backward(dout, cache):
    x, W, a = cache
    ds = a * (dout - (dout * a).sum(axis=1, keepdims=True))
    return ds @ x @ W.T + ds.T @ x @ W, x.T @ ds @ x
"""
CLIPPED = """
import numpy as np

W = np.random.randn(4, 3)

def fit_loss(X, y):
    z = X @ W
    dW = X.T @ (z - y)
    np.clip(dW, -5, 5, out=dW)
    return 0.5 * np.sum((z - y) ** 2), dW
"""
QUICK = dataclasses.replace(PROFILE, inputs=12)


def scanned(tmp_path, text, *edits):
    # Numbers as large as what masks are drawn later.
    profile = dataclasses.replace(QUICK, inputs=20) if text is MASKED else QUICK
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "layers.py"
    path.write_text(text)
    *layers, _ = scan(path, {}, profile, told=False)
    return layers[0]


@pytest.mark.parametrize(
    ("text", "edits", "wrong", "said"),
    [
        (TAPE, (), set(), 'assumed: a = "n 1", other = "d" as well'),
        # Averaged where it has to be summed, and not summed at all.
        (TAPE, (("sum(axis=i", "mean(axis=i"),), {"a"}, 'wrong with a = "n 1", other = "d"'),
        (TAPE, PLAIN[1:2], {"other"}, 'wrong with a = "n 1", other = "d"'),
        (TAPE, PLAIN, set(), "which is seen where it is used"),
        (LOSS, (), set(), "t = one_hot('n c') as well"),
        (
            LOSS, (("(self.y - self.t) / len(self.t)", "(self.y - self.t)"),), {"x"},
            "wrong with t = one_hot('n c')",
        ),
        (SLIDE, (("(p)] += dout", "(p)] = dout"),), {"u"}, "wrong with p smaller than u"),
        (MASKED, (), set(), "-10000 masks nothing beside numbers that are as large"),
        (MASKED, (("+ ds.T @", "+ ds @"),), {"x"}, "-10000 masks nothing beside"),
        (STACKED, (), set(), 'x = "n t d", z = "n t d"'),
        (CLIPPED, (), set(), "it clips its gradients, which are larger at others"),
    ],
)  # fmt: skip
def test_other_inputs_are_judged_too(tmp_path, text, edits, wrong, said):
    layer = scanned(tmp_path, text, *edits)
    assert {one.name for one in layer.gradients if one.verdict == "fail"} == wrong
    mistakes = [text for one in layer.gradients for text in one.mistakes]
    assumed = [f"assumed: {text}" for text in layer.assumptions]
    assert any(said in text for text in (*mistakes, *assumed, *layer.notes))


def test_what_masks_is_told_of_where_it_masks_alone(tmp_path, monkeypatch):
    told = []

    def checked(claim, *args, simplify=True, **rest):
        told.append(simplify)
        return check_claim(claim, *args, simplify=simplify, **rest)

    monkeypatch.setattr(judgements, "check_claim", checked)
    assert scanned(tmp_path, MASKED).verdict == "pass"
    assert not any(told)
